//! Tags and their history.

use std::time::Duration;

use berth_domain::Visibility;
use berth_testkit::images::index;
use berth_testkit::{PASSWORD, TestImage, TestRegistry, db_test, path_of};
use serde_json::{Value, json};

use crate::api::{ALL_SCOPES, Api, Who, token, user};

/// What a list of `ann/app` tells.
async fn listed(api: &Api, who: &Who, query: &str) -> Value {
    let answer = api
        .get(who, &format!("/repository/ann/app/tag/{query}"))
        .await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.json()
}

/// Names in a list, in order.
fn names(list: &Value) -> Vec<&str> {
    let tags = list["tags"].as_array().unwrap();
    tags.iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect()
}

/// Pushes `1`, which moves twice, then `2`, a second between each; gives the digests of `1`.
async fn pushed(t: &TestRegistry) -> [String; 2] {
    let ann = t.login("ann", PASSWORD).await;
    let mut digests = Vec::new();
    for seed in [1, 2, 1] {
        let digest = t.push(&ann, "ann/app:1", &TestImage::new(seed)).await;
        digests.push(digest.to_string());
        t.clock.advance(Duration::from_secs(1));
    }
    t.push(&ann, "ann/app:2", &TestImage::new(3)).await;
    [digests.remove(0), digests.remove(0)]
}

db_test!(
    async fn a_list_of_tags_tells_what_they_were_before(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let [one, two] = pushed(t).await;
        let told = listed(&api, &ann, "").await;
        assert_eq!(told["page"], 1);
        assert_eq!(told["has_additional"], false);
        assert_eq!(names(&told), ["2", "1", "1", "1"]);
        let (now, before) = (&told["tags"][1], &told["tags"][2]);
        let layer = TestImage::new(1).blobs()[1].len();
        assert_eq!(
            *now,
            json!({
                "name": "1", "reversion": false, "start_ts": now["start_ts"], "manifest_digest": one,
                "is_manifest_list": false, "size": layer, "last_modified": now["last_modified"],
            })
        );
        assert_eq!(before["manifest_digest"], json!(two));
        assert_eq!(before["end_ts"], now["start_ts"]);
        assert_eq!(before["expiration"], now["last_modified"]);
        let date = now["last_modified"].as_str().unwrap();
        assert!(date.ends_with(" -0000") && date.len() == 31, "{date}");
        // Without the slash as well, and with what is asked for.
        let bare = api.get(&ann, "/repository/ann/app/tag").await;
        assert_eq!(bare.json(), told);
        for (query, expected) in [
            ("?onlyActiveTags=true", vec!["2", "1"]),
            ("?specificTag=1", vec!["1", "1", "1"]),
            ("?specificTag=1&onlyActiveTags=true", vec!["1"]),
            ("?specificTag=", vec!["2", "1", "1", "1"]),
            ("?specificTag=none", vec![]),
            ("?specificTag=no%20tag", vec![]),
            ("?filter_tag_name=eq:2", vec!["2"]),
            ("?filter_tag_name=like:2", vec!["2"]),
            ("?filter_tag_name=like:", vec!["2", "1", "1", "1"]),
            ("?filter_tag_name=like:%25", vec![]),
        ] {
            let told = listed(&api, &ann, query).await;
            assert_eq!(names(&told), expected, "{query}");
        }
        for wrong in ["latest", "is:1"] {
            let path = format!("/repository/ann/app/tag/?filter_tag_name={wrong}");
            let refused = api.get(&ann, &path).await;
            assert_eq!(
                refused.told(),
                (
                    400,
                    json!({ "message": "Unsupported syntax for filter_tag_name. Expected <operation>:<tag_name> where \
                        <operation>can be 'like' or 'eq'." })
                )
            );
        }
    }
);

db_test!(
    async fn a_list_of_tags_is_read_by_pages(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        pushed(t).await;
        let first = listed(&api, &ann, "?limit=3").await;
        assert_eq!(names(&first), ["2", "1", "1"]);
        assert_eq!(first["has_additional"], true);
        let second = listed(&api, &ann, "?limit=3&page=2").await;
        assert_eq!(names(&second), ["1"]);
        assert_eq!(
            (&second["page"], &second["has_additional"]),
            (&json!(2), &json!(false))
        );
        for (query, page, count) in [
            ("?limit=0", 1, 1),
            ("?limit=-5", 1, 1),
            ("?limit=1000", 1, 4),
            ("?page=0", 1, 4),
            ("?page=-1", 1, 4),
            ("?page=9223372036854775807", i64::MAX, 0),
        ] {
            let told = listed(&api, &ann, query).await;
            assert_eq!(names(&told).len(), count, "{query}");
            assert_eq!(told["page"], page, "{query}");
        }
    }
);

db_test!(
    async fn a_tag_of_several_platforms_tells_which_of_them_are_here(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let owner = t.login("ann", PASSWORD).await;
        let (amd, arm) = (
            TestImage::for_platform(1, "linux", "amd64"),
            TestImage::for_platform(2, "linux", "arm64"),
        );
        t.push(&owner, "ann/app:amd", &amd).await;
        t.push(&owner, "ann/app:arm", &arm).await;
        t.clock.advance(Duration::from_secs(1));
        let list = index(&[(&amd, "linux", "amd64"), (&arm, "linux", "arm64")]);
        let manifests = &t.services.manifests;
        let tag = "all".parse().unwrap();
        let path = path_of("ann/app");
        let pushed = manifests.push(&owner, &path, &tag, None, list);
        pushed.await.unwrap();
        let told = listed(&api, &ann, "?specificTag=all").await;
        let all = &told["tags"][0];
        assert_eq!(all["is_manifest_list"], true);
        assert_eq!(all["size"], Value::Null);
        assert_eq!(all["is_sparse"], false);
        assert_eq!(all["child_manifest_count"], 2);
        assert_eq!(all["present_child_count"], 2);
        let mut presence = serde_json::Map::new();
        for image in [&amd, &arm] {
            presence.insert(image.digest().to_string(), json!(true));
        }
        assert_eq!(all["child_manifests_presence"], Value::Object(presence));
        let told = listed(&api, &ann, "?specificTag=amd").await;
        assert!(told["tags"][0].get("is_sparse").is_none());
    }
);

db_test!(
    async fn tags_are_told_to_who_may_pull(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let eve = user(t, "eve", ALL_SCOPES).await;
        pushed(t).await;
        let path = "/repository/ann/app/tag/";
        assert_eq!(api.get(&eve, path).await.status, 403);
        assert_eq!(api.get(&Who::Nobody, path).await.status, 401);
        assert_eq!(api.get(&eve, "/repository/ann/none/tag/").await.status, 403);
        assert_eq!(api.get(&ann, "/repository/ann/none/tag/").await.status, 404);
        let small = token(t, "ann", "org:admin").await;
        assert_eq!(api.get(&small, path).await.status, 403);
        let owner = t.login("ann", PASSWORD).await;
        let repositories = &t.services.repositories;
        let id = repositories.by_path(&owner, &path_of("ann/app")).await;
        let ids = [id.unwrap().repository.id];
        let open = repositories.change_visibility(
            &owner,
            berth_services::many::Selection::Items(&ids),
            Visibility::Public,
        );
        open.await.unwrap();
        for who in [&eve, &Who::Nobody] {
            assert_eq!(names(&listed(&api, who, "").await).len(), 4);
        }
    }
);
