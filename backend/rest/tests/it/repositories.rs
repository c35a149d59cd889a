//! Repositories.

use std::time::Duration;

use berth_domain::{Clock as _, TeamRole};
use berth_services::Settings;
use berth_testkit::{PASSWORD, TestImage, db_test};
use serde_json::{Value, json};

use crate::api::{ALL_SCOPES, Api, Who, token, user, with_settings};
use crate::organizations::join;

async fn create(api: &Api, who: &Who, name: &str, visibility: &str) {
    let (namespace, name) = name.split_once('/').unwrap();
    let body = json!({
        "namespace": namespace, "repository": name, "visibility": visibility, "description": "",
    });
    let made = api.post(who, "/repository", &body).await;
    assert_eq!(
        made.told(),
        (
            201,
            json!({ "namespace": namespace, "name": name, "kind": "image" })
        )
    );
}

/// Gives a role in a repository.
async fn give(api: &Api, who: &Who, path: &str, account: &str, role: &str) {
    let path = format!("/repository/{path}/permissions/user/{account}");
    let given = api.put(who, &path, &json!({ "role": role })).await;
    assert_eq!(given.status, 200, "{}", given.text);
}

/// Names that a list shows.
async fn listed(api: &Api, who: &Who, query: &str) -> Vec<String> {
    let answer = api.get(who, &format!("/repository?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let rows = answer.json()["repositories"].as_array().unwrap().clone();
    rows.iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            format!("{}/{}", text("namespace"), text("name"))
        })
        .collect()
}

db_test!(
    async fn what_cannot_be_created_is_told_in_the_words_that_scripts_match(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        create(&api, &ann, "ann/app", "private").await;
        let body = |change: Value| {
            let mut body =
                json!({ "repository": "app", "visibility": "private", "description": "" });
            for (key, value) in change.as_object().unwrap() {
                body[key] = value.clone();
            }
            body
        };
        for (change, status, says) in [
            (json!({}), 400, "Repository already exists"),
            (
                json!({ "repository": "App" }),
                400,
                "Invalid repository name",
            ),
            (
                json!({ "repository": "a//b" }),
                400,
                "Invalid repository name",
            ),
            (
                json!({ "description": null }),
                400,
                "None is not of type 'string'",
            ),
            (
                json!({ "visibility": "secret" }),
                400,
                "'secret' is not one of ['public', 'private']",
            ),
            (
                json!({ "repository": "b", "namespace": "none" }),
                403,
                "Unauthorized",
            ),
            (
                json!({ "repository": "b", "namespace": "No Name" }),
                403,
                "Unauthorized",
            ),
        ] {
            let body = body(change);
            let answer = api.post(&ann, "/repository", &body).await;
            assert_eq!(answer.problem(), (status, says.into()), "{body}");
        }
        for field in ["repository", "visibility", "description"] {
            let mut body = body(json!({ "repository": "b" }));
            body.as_object_mut().unwrap().remove(field);
            let says = format!("'{field}' is a required property");
            assert_eq!(
                api.post(&ann, "/repository", &body).await.problem(),
                (400, says)
            );
        }
        let own = body(json!({ "repository": "b", "repo_kind": null }));
        assert_eq!(api.post(&ann, "/repository", &own).await.status, 201);
        assert_eq!(api.get(&ann, "/repository/ann/b").await.status, 200);
    }
);

db_test!(
    async fn a_repository_is_for_who_may_pull_and_says_what_they_may_do(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        for name in ["rea", "wri", "eve"] {
            user(t, name, ALL_SCOPES).await;
        }
        create(&api, &ann, "ann/app", "private").await;
        give(&api, &ann, "ann/app", "rea", "read").await;
        give(&api, &ann, "ann/app", "wri", "write").await;
        let may = async |who: &Who| {
            let told = api.get(who, "/repository/ann/app").await.json();
            (
                told["can_write"].as_bool().unwrap(),
                told["can_admin"].as_bool().unwrap(),
            )
        };
        assert_eq!(may(&ann).await, (true, true));
        assert_eq!(may(&token(t, "wri", ALL_SCOPES).await).await, (true, false));
        assert_eq!(
            may(&token(t, "rea", ALL_SCOPES).await).await,
            (false, false)
        );
        assert_eq!(
            may(&token(t, "ann", "repo:write").await).await,
            (true, false)
        );
        let eve = token(t, "eve", ALL_SCOPES).await;
        assert_eq!(
            api.get(&eve, "/repository/ann/app").await.problem(),
            (403, "Unauthorized".into())
        );
        let nobody = api.get(&Who::Nobody, "/repository/ann/app").await;
        assert_eq!(nobody.problem(), (401, "Requires authentication".into()));
        // What is not there is told to who could make it, and to nobody else.
        assert_eq!(api.get(&ann, "/repository/ann/none").await.status, 404);
        assert_eq!(api.get(&eve, "/repository/ann/none").await.status, 403);
        assert_eq!(
            api.get(&Who::Nobody, "/repository/ann/none").await.status,
            401
        );
        let path = "/repository/ann/app/changevisibility";
        assert_eq!(
            api.post(&eve, path, &json!({ "visibility": "public" }))
                .await
                .status,
            403
        );
        assert_eq!(
            api.post(&ann, path, &json!({ "visibility": "public" }))
                .await
                .status,
            200
        );
        for who in [&Who::Nobody, &eve] {
            let told = api.get(who, "/repository/ann/app").await;
            assert_eq!(
                (told.status, &told.json()["is_public"]),
                (200, &json!(true))
            );
            assert_eq!(told.json()["can_write"], json!(false));
        }
    }
);

db_test!(
    async fn tags_come_with_a_repository_unless_they_are_not_wanted(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let owner = t.login("ann", PASSWORD).await;
        let digest = t.push(&owner, "ann/app:1.0", &TestImage::new(1)).await;
        t.push(&owner, "ann/app:old", &TestImage::new(2)).await;
        t.clock.advance(Duration::from_mins(1));
        t.push(&owner, "ann/app:1.1", &TestImage::new(1)).await;
        let told = api.get(&ann, "/repository/ann/app").await.json();
        let tags = told["tags"].as_object().unwrap();
        let names: Vec<_> = tags.keys().map(String::as_str).collect();
        assert_eq!(names, ["1.0", "1.1", "old"]);
        assert_eq!(tags["1.0"]["manifest_digest"], json!(digest.to_string()));
        assert_eq!(tags["1.0"]["size"], tags["1.1"]["size"]);
        assert_ne!(tags["1.0"]["last_modified"], tags["1.1"]["last_modified"]);
        assert!(tags["1.0"].get("expiration").is_none());
        let without = api
            .get(&ann, "/repository/ann/app?includeTags=false")
            .await
            .json();
        assert!(without.get("tags").is_none());
    }
);

db_test!(
    async fn a_list_shows_what_a_role_opens_and_what_is_public_on_request(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let eve = user(t, "eve", ALL_SCOPES).await;
        create(&api, &ann, "ann/open", "public").await;
        create(&api, &ann, "ann/secret", "private").await;
        create(&api, &eve, "eve/mine", "private").await;
        give(&api, &ann, "ann/secret", "eve", "read").await;
        let namespace = "namespace=ann";
        assert_eq!(
            listed(&api, &ann, namespace).await,
            ["ann/open", "ann/secret"]
        );
        assert_eq!(listed(&api, &eve, namespace).await, ["ann/secret"]);
        assert_eq!(
            listed(&api, &eve, "namespace=ann&public=true").await,
            ["ann/open", "ann/secret"]
        );
        assert_eq!(
            listed(&api, &eve, "public=true").await,
            ["ann/open", "ann/secret", "eve/mine"]
        );
        let small = token(t, "eve", "user:read").await;
        for who in [&Who::Nobody, &small] {
            assert_eq!(listed(&api, who, "public=true").await, ["ann/open"]);
            assert_eq!(listed(&api, who, namespace).await, Vec::<String>::new());
        }
        for query in [
            "namespace=none",
            "starred=true",
            "starred=true&namespace=NONE",
            "namespace=ann&repo_kind=application",
        ] {
            assert_eq!(
                listed(&api, &ann, query).await,
                Vec::<String>::new(),
                "{query}"
            );
        }
        let unnarrowed = api.get(&ann, "/repository").await;
        let says = "namespace, starred or public are required for this API call";
        assert_eq!(unnarrowed.problem(), (400, says.into()));
        assert_eq!(
            api.get(&Who::Nobody, "/repository?starred=true")
                .await
                .status,
            400
        );
        let row = api
            .get(&Who::Nobody, "/repository?public=true")
            .await
            .json();
        assert_eq!(
            row,
            json!({ "repositories": [{
            "namespace": "ann", "name": "open", "description": null, "is_public": true,
            "kind": "image", "state": "NORMAL",
        }] })
        );
        let row = api
            .get(&ann, "/repository?namespace=ann&last_modified=true")
            .await
            .json();
        assert_eq!(row["repositories"][0]["last_modified"], Value::Null);
    }
);

db_test!(
    async fn a_long_list_goes_on_by_a_token_that_nobody_can_make(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let owner = t.login("ann", PASSWORD).await;
        for number in 0..103 {
            let path = berth_testkit::path_of(&format!("ann/app-{number:03}"));
            t.services
                .repositories
                .create(
                    &owner,
                    &path.namespace,
                    &path.name,
                    berth_domain::Visibility::Private,
                    "",
                )
                .await
                .unwrap();
        }
        let ask = async |token: &str| {
            let path = format!("/repository?namespace=ann&next_page={token}");
            let told = api.get(&ann, &path).await.json();
            let names = told["repositories"].as_array().unwrap();
            let first = names[0]["name"].as_str().unwrap().to_owned();
            (
                first,
                names.len(),
                told["next_page"].as_str().map(str::to_owned),
            )
        };
        let (first, count, next) = ask("").await;
        assert_eq!((first.as_str(), count), ("app-000", 100));
        let next = next.unwrap();
        assert_eq!(ask(&next).await, ("app-100".into(), 3, None));
        let mut forged = next.clone();
        forged.replace_range(10..11, if &next[10..11] == "A" { "B" } else { "A" });
        for other in [forged.as_str(), "nonsense", "ann%2Fapp-050"] {
            assert_eq!(ask(other).await.0, "app-000", "{other}");
        }
        t.clock.advance(Duration::from_hours(23));
        assert_eq!(ask(&next).await.0, "app-100");
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_everything_and_changes_nothing_reads_the_repositories_of_others() {
    let mut settings = Settings::default();
    settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
    with_settings(settings, async |t| {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let auditor = user(t, "auditor", ALL_SCOPES).await;
        create(&api, &ann, "ann/app", "private").await;
        give(&api, &ann, "ann/app", "auditor", "read").await;
        let role = "/repository/ann/app/permissions/user/auditor";
        assert_eq!(api.delete(&ann, role).await.status, 204);
        let told = api.get(&auditor, "/repository/ann/app").await;
        assert_eq!(told.status, 200, "{}", told.text);
        let (may_write, may_change) = (&told.json()["can_write"], &told.json()["can_admin"]);
        assert_eq!((may_write, may_change), (&json!(false), &json!(false)));
        assert_eq!(listed(&api, &auditor, "namespace=ann").await, ["ann/app"]);
        let roles = "/repository/ann/app/permissions/user/";
        let roles = api.get(&auditor, roles).await;
        assert_eq!(roles.told(), (200, json!({ "permissions": {} })));
        // What is not there is no secret, and what it may not do is refused whatever is there.
        for path in ["/repository/ann/none", "/repository/none/none"] {
            let absent = api.get(&auditor, path).await;
            assert_eq!(absent.problem(), (404, "Not Found".into()), "{path}");
        }
        let refused = (403, "Unauthorized".to_owned());
        let described = json!({ "description": "mine" });
        let reader = json!({ "role": "read" });
        for path in ["/repository/ann/app", "/repository/ann/none"] {
            let answer = api.put(&auditor, path, &described).await;
            assert_eq!(answer.problem(), refused, "{path}");
            assert_eq!(api.delete(&auditor, path).await.problem(), refused);
        }
        assert_eq!(api.put(&auditor, role, &reader).await.problem(), refused);
        assert_eq!(api.delete(&auditor, role).await.problem(), refused);
        // A token is for what its scopes say, whoever's it is.
        for (scope, status) in [("repo:read", 200), ("super:user user:admin", 403)] {
            let narrow = token(t, "auditor", scope).await;
            let answer = api.get(&narrow, "/repository/ann/app").await;
            assert_eq!(answer.status, status, "{scope}");
        }
    })
    .await;
}

db_test!(
    async fn a_place_in_a_list_is_good_for_two_days_and_for_that_list(t: TestRegistry) {
        let services = &t.services;
        let place = services.seal_place("repositories", "ann/app with a space");
        let open = |list| services.open_place(list, &place);
        assert_eq!(
            open("repositories").as_deref(),
            Some("ann/app with a space")
        );
        assert_eq!(open("users"), None);
        t.clock.advance(Duration::from_hours(47));
        assert!(open("repositories").is_some());
        t.clock.advance(Duration::from_hours(1));
        assert_eq!(open("repositories"), None);
    }
);

db_test!(
    async fn a_description_is_replaced_by_who_administers(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let rea = user(t, "rea", ALL_SCOPES).await;
        create(&api, &ann, "ann/app", "private").await;
        give(&api, &ann, "ann/app", "rea", "read").await;
        let body = json!({ "description": "# App" });
        assert_eq!(
            api.put(&rea, "/repository/ann/app", &body).await.status,
            403
        );
        let small = token(t, "ann", "repo:read").await;
        assert_eq!(
            api.put(&small, "/repository/ann/app", &body).await.status,
            403
        );
        let changed = api.put(&ann, "/repository/ann/app", &body).await;
        assert_eq!(changed.told(), (200, json!({ "success": true })));
        let told = api.get(&ann, "/repository/ann/app").await.json();
        assert_eq!(told["description"], json!("# App"));
        assert_eq!(
            api.put(&ann, "/repository/ann/none", &body).await.status,
            404
        );
    }
);

db_test!(
    async fn a_deleted_repository_is_gone_and_deleting_again_is_no_error(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let (rea, eve) = (
            user(t, "rea", ALL_SCOPES).await,
            user(t, "eve", ALL_SCOPES).await,
        );
        create(&api, &ann, "ann/app", "private").await;
        give(&api, &ann, "ann/app", "rea", "write").await;
        for who in [&rea, &eve] {
            assert_eq!(api.delete(who, "/repository/ann/app").await.status, 403);
            assert_eq!(api.delete(who, "/repository/ann/none").await.status, 403);
        }
        assert_eq!(
            api.delete(&Who::Visitor, "/repository/ann/app")
                .await
                .status,
            401
        );
        for _ in 0..2 {
            let deleted = api.delete(&ann, "/repository/ann%2Fapp").await;
            assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
        }
        create(&api, &ann, "ann/app", "public").await;
    }
);

db_test!(
    async fn creators_of_an_organization_make_repositories_in_it(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        api.post(&ann, "/organization/", &json!({ "name": "acme" }))
            .await;
        let (cat, mia) = (
            user(t, "cat", ALL_SCOPES).await,
            user(t, "mia", ALL_SCOPES).await,
        );
        join(t, "acme", "cat", TeamRole::Creator).await;
        join(t, "acme", "mia", TeamRole::Member).await;
        create(&api, &cat, "acme/app", "private").await;
        let told = api.get(&cat, "/repository/acme/app").await.json();
        assert_eq!(
            (&told["is_organization"], &told["can_admin"]),
            (&json!(true), &json!(true))
        );
        let body = json!({
            "namespace": "acme", "repository": "b", "visibility": "private", "description": "",
        });
        assert_eq!(api.post(&mia, "/repository", &body).await.status, 403);
        let small = token(t, "cat", "repo:admin").await;
        assert_eq!(api.post(&small, "/repository", &body).await.status, 403);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn superusers_reach_repositories_of_others_only_with_full_access() {
    for full in [false, true] {
        let mut settings = Settings::default();
        settings.users.superusers = Some(vec!["root".parse().unwrap()]);
        settings.users.superusers_full_access = full;
        with_settings(settings, async |t| {
            let api = Api::of(t);
            let (root, ann) = (
                user(t, "root", ALL_SCOPES).await,
                user(t, "ann", ALL_SCOPES).await,
            );
            create(&api, &ann, "ann/app", "private").await;
            let allowed = if full { 200 } else { 403 };
            assert_eq!(api.get(&root, "/repository/ann/app").await.status, allowed);
            let deleted = if full { 204 } else { 403 };
            assert_eq!(
                api.delete(&root, "/repository/ann/app").await.status,
                deleted
            );
        })
        .await;
    }
}

db_test!(
    async fn a_star_is_the_users_own_and_shows_in_every_list(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let eve = user(t, "eve", ALL_SCOPES).await;
        create(&api, &ann, "ann/open", "public").await;
        create(&api, &ann, "ann/deep/app", "public").await;
        create(&api, &ann, "ann/secret", "private").await;
        let star = |name: &str| json!({ "namespace": "ann", "repository": name });
        for _ in 0..2 {
            let made = api.post(&eve, "/user/starred", &star("deep/app")).await;
            assert_eq!(made.told(), (201, star("deep/app")));
        }
        for unknown in ["secret", "nothing", "A B"] {
            let refused = api.post(&eve, "/user/starred", &star(unknown)).await;
            assert_eq!(refused.problem(), (404, "Not Found".into()), "{unknown}");
        }
        let list = api.get(&eve, "/user/starred").await.json();
        let row = json!({
            "namespace": "ann", "name": "deep/app", "description": null, "is_public": true,
        });
        assert_eq!(list, json!({ "repositories": [row] }));
        assert_eq!(listed(&api, &eve, "starred=true").await, ["ann/deep/app"]);
        let elsewhere = "starred=true&namespace=eve";
        assert!(listed(&api, &eve, elsewhere).await.is_empty());
        let rows = api.get(&eve, "/repository?public=true").await.json();
        let marked = |n: usize| rows["repositories"][n]["is_starred"].clone();
        assert_eq!((marked(0), marked(1)), (json!(true), json!(false)));
        let starred = async |who, path: &str| {
            let path = format!("/repository/{path}");
            api.get(who, &path).await.json()["is_starred"].clone()
        };
        assert_eq!(starred(&eve, "ann/deep/app").await, json!(true));
        assert_eq!(starred(&ann, "ann/deep/app").await, json!(false));
        assert_eq!(starred(&Who::Nobody, "ann/deep/app").await, json!(false));
        let narrow = token(t, "eve", "repo:read").await;
        let path = "/user/starred/ann%2Fdeep%2Fapp";
        for (who, status) in [(&Who::Visitor, 401), (&narrow, 403)] {
            let body = star("open");
            assert_eq!(api.post(who, "/user/starred", &body).await.status, status);
            assert_eq!(api.delete(who, path).await.status, status);
        }
        assert_eq!(api.get(&Who::Nobody, "/user/starred").await.status, 401);
        for path in [path, "/user/starred/ann/deep/app"] {
            assert_eq!(api.delete(&eve, path).await.status, 204);
        }
        assert_eq!(
            api.delete(&eve, "/user/starred/ann/secret").await.status,
            404
        );
        assert!(listed(&api, &eve, "starred=true").await.is_empty());
    }
);

db_test!(
    async fn a_repository_is_frozen_and_thawed(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let wri = user(t, "wri", ALL_SCOPES).await;
        create(&api, &ann, "ann/app", "private").await;
        give(&api, &ann, "ann/app", "wri", "write").await;
        let change = async |who: &Who, state: &str| {
            let path = "/repository/ann/app/changestate";
            api.put(who, path, &json!({ "state": state })).await
        };
        let done = (200, json!({ "success": true }));
        assert_eq!(change(&ann, "READ_ONLY").await.told(), done);
        let told = api.get(&wri, "/repository/ann/app").await.json();
        assert_eq!(
            (&told["state"], &told["can_write"]),
            (&json!("READ_ONLY"), &json!(false))
        );
        // Who may push says what is in it, whatever its state.
        let words = json!({ "description": "frozen" });
        assert_eq!(
            api.put(&wri, "/repository/ann/app", &words).await.told(),
            done
        );
        assert_eq!(change(&wri, "NORMAL").await.status, 403);
        for wrong in ["MIRROR", "read_only", "ORG_MIRROR"] {
            assert_eq!(change(&ann, wrong).await.status, 400, "{wrong}");
        }
        assert_eq!(change(&ann, "NORMAL").await.told(), done);
        let told = api.get(&wri, "/repository/ann/app").await.json();
        assert_eq!(
            (&told["state"], &told["can_write"]),
            (&json!("NORMAL"), &json!(true))
        );
    }
);

db_test!(
    async fn how_often_a_repository_is_pulled_from_is_told_on_request(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let owner = t.login("ann", PASSWORD).await;
        let digest = t.push(&owner, "ann/app:1", &TestImage::new(1)).await;
        create(&api, &ann, "ann/quiet", "private").await;
        for _ in 0..2 {
            t.pull(&owner, "ann/app", &digest).await;
        }
        let list = api
            .get(&ann, "/repository?namespace=ann&popularity=true")
            .await;
        let rows = list.json()["repositories"].clone();
        assert_eq!(
            (&rows[0]["name"], &rows[0]["popularity"]),
            (&json!("app"), &json!(2.0))
        );
        assert_eq!(
            (&rows[1]["name"], &rows[1]["popularity"]),
            (&json!("quiet"), &json!(0.0))
        );
        let plain = api.get(&ann, "/repository?namespace=ann").await.json();
        assert!(plain["repositories"][0].get("popularity").is_none());
        let told = api
            .get(&ann, "/repository/ann/app?includeStats=true")
            .await
            .json();
        let today = t.clock.now().to_string();
        assert_eq!(told["stats"], json!([{ "date": today[..10], "count": 2 }]));
        let told = api
            .get(&ann, "/repository/ann/quiet?includeStats=true")
            .await
            .json();
        assert_eq!(told["stats"], json!([]));
    }
);
