//! Search, and names that are offered while somebody types.

use berth_services::Settings;
use berth_testkit::{TestImage, TestRegistry, db_test};
use serde_json::{Value, json};

use crate::api::{ALL_SCOPES, Api, Who, token, user, with_settings};

/// The organization `acme` of ann, with the robot `app-ci`, the team `app-crew` and the repositories `app` and `app-two`.
async fn acme(t: &TestRegistry) -> (Api, Who) {
    let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
    let organization = json!({ "name": "acme" });
    let made = api.post(&ann, "/organization/", &organization).await;
    assert_eq!(made.status, 201);
    for (path, body) in [
        ("/organization/acme/robots/app-ci", json!({})),
        (
            "/organization/acme/team/app-crew",
            json!({ "role": "member" }),
        ),
    ] {
        let made = api.put(&ann, path, &body).await;
        assert!(made.status < 300, "{path}: {}", made.text);
    }
    for (name, visibility) in [("app", "private"), ("app-two", "public")] {
        let body = json!({
            "namespace": "acme", "repository": name, "visibility": visibility, "description": "",
        });
        assert_eq!(api.post(&ann, "/repository", &body).await.status, 201);
    }
    (api, ann)
}

fn names(list: &Value) -> Vec<String> {
    let name = |row: &Value| row["name"].as_str().unwrap().to_owned();
    list["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(name)
        .collect()
}

db_test!(
    async fn everything_is_found_at_once_the_best_first(t: TestRegistry) {
        let (api, ann) = acme(t).await;
        let found = api.get(&ann, "/find/all?query=app").await.json();
        assert_eq!(names(&found), ["app", "app-two", "app-crew", "acme+app-ci"]);
        let results = found["results"].as_array().unwrap();
        let scores: Vec<f64> = results
            .iter()
            .map(|row| row["score"].as_f64().unwrap())
            .collect();
        assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
        let entity = |row: &Value, title: &str, kind: &str, name: &str, href: &str| {
            json!({
                "title": title, "kind": kind, "avatar": row["avatar"], "name": name, "score": row["score"], "href": href,
            })
        };
        let (app, crew, ci) = (&results[0], &results[2], &results[3]);
        let acme = |row: &Value| entity(row, "org", "organization", "acme", "/organization/acme");
        assert_eq!(
            *app,
            json!({
                "kind": "repository", "title": "repo", "namespace": acme(&app["namespace"]), "name": "app",
                "description": null, "is_public": false, "score": app["score"], "href": "/repository/acme/app",
            })
        );
        assert_eq!(app["namespace"]["avatar"]["kind"], "org");
        assert_eq!(
            *crew,
            json!({
                "kind": "team", "name": "app-crew", "organization": acme(&crew["organization"]),
                "avatar": crew["avatar"], "score": crew["score"], "href": "/organization/acme/teams/app-crew",
            })
        );
        let mut robot = entity(
            ci,
            "robot",
            "robot",
            "acme+app-ci",
            "/organization/acme?tab=Robotaccounts",
        );
        robot["short_name"] = json!("app-ci");
        assert_eq!(*ci, robot);
        let found = api.get(&ann, "/find/all?query=ann").await.json();
        assert_eq!(
            found["results"],
            json!([entity(
                &found["results"][0],
                "user",
                "user",
                "ann",
                "/user/ann"
            )])
        );
        for query in ["", "?query=", "?query=%20", "?query=%25", "?query=zz"] {
            let found = api.get(&ann, &format!("/find/all{query}")).await;
            assert_eq!(found.told(), (200, json!({ "results": [] })), "{query}");
        }
    }
);

db_test!(
    async fn others_find_what_they_may_see(t: TestRegistry) {
        let (api, _) = acme(t).await;
        let eve = user(t, "eve", ALL_SCOPES).await;
        for who in [&Who::Nobody, &eve, &token(t, "ann", "user:read").await] {
            let found = api.get(who, "/find/all?query=app").await.json();
            assert_eq!(names(&found), ["app-two"], "{who:?}");
            let found = api.get(who, "/find/repositories?query=acme/a").await.json();
            assert_eq!(names(&found), ["app-two"], "{who:?}");
        }
    }
);

db_test!(
    async fn repositories_are_found_by_numbered_pages(t: TestRegistry) {
        let (api, ann) = acme(t).await;
        for n in 0..10 {
            let body = json!({
                "repository": format!("app{n}"), "visibility": "private", "description": "Of ann",
            });
            assert_eq!(api.post(&ann, "/repository", &body).await.status, 201);
        }
        let page = |query: &str| {
            let path = format!("/find/repositories?query=app{query}");
            let (api, ann) = (&api, &ann);
            async move { api.get(ann, &path).await.json() }
        };
        let first = page("").await;
        assert_eq!(names(&first).len(), 10);
        let about = |page: &Value| {
            let mut about = page.clone();
            about.as_object_mut().unwrap().remove("results");
            about
        };
        let numbers = |additional: bool, number: u64| {
            json!({
                "has_additional": additional, "page": number, "page_size": 10, "start_index": (number - 1) * 10,
            })
        };
        assert_eq!(about(&first), numbers(true, 1));
        let second = page("&page=2").await;
        assert_eq!(about(&second), numbers(false, 2));
        assert_eq!(names(&second), ["app8", "app9"]);
        let described = &second["results"][1];
        assert_eq!(described["description"], "Of ann");
        assert!(described.get("stars").is_none() && described.get("last_modified").is_none());
        // Beyond either end lies the end.
        assert_eq!(about(&page("&page=0").await), numbers(true, 1));
        assert_eq!(about(&page("&page=-5").await), numbers(true, 1));
        assert_eq!(about(&page("&page=99").await), numbers(false, 10));
        let refused = api.get(&ann, "/find/repositories?page=x").await;
        assert_eq!(
            refused.told(),
            (400, json!({ "message": { "page": "The page." } }))
        );
        let empty = api.get(&ann, "/find/repositories").await.json();
        assert_eq!(empty["results"], json!([]));
    }
);

db_test!(
    async fn usage_is_told_on_request(t: TestRegistry) {
        let (api, ann) = acme(t).await;
        let owner = t.login("ann", berth_testkit::PASSWORD).await;
        let digest = t.push(&owner, "acme/app:1", &TestImage::new(1)).await;
        let star = json!({ "namespace": "acme", "repository": "app" });
        assert_eq!(api.post(&ann, "/user/starred", &star).await.status, 201);
        let first = async || {
            let path = "/find/repositories?query=acme/app&includeUsage=true";
            // Tokens end after a day.
            let ann = token(t, "ann", ALL_SCOPES).await;
            api.get(&ann, path).await.json()["results"][0].clone()
        };
        let today = first().await;
        assert_eq!(
            (&today["stars"], &today["popularity"]),
            (&json!(1), &json!(0.0))
        );
        assert!(today["last_modified"].is_u64(), "{today}");
        t.pull(&owner, "acme/app", &digest).await;
        t.pull(&owner, "acme/app", &digest).await;
        assert_eq!(first().await["popularity"], 2.0);
        let ann = token(t, "ann", ALL_SCOPES).await;
        let listed = api
            .get(&ann, "/repository?namespace=acme&popularity=true")
            .await;
        assert_eq!(listed.json()["repositories"][0]["popularity"], 2.0);
        let listed = api.get(&ann, "/repository?namespace=acme").await.json();
        assert!(listed["repositories"][0].get("popularity").is_none());
        t.clock.advance(std::time::Duration::from_hours(24 * 30));
        assert_eq!(first().await["popularity"], 0.0);
    }
);

db_test!(
    async fn names_are_offered_while_somebody_types(t: TestRegistry) {
        let (api, ann) = acme(t).await;
        let everything = "?namespace=acme&includeTeams=true&includeOrgs=true";
        let found = api
            .get(&ann, &format!("/entities/a{everything}"))
            .await
            .json();
        let rows = found["results"].as_array().unwrap();
        let picture = |n: usize| rows[n]["avatar"].clone();
        assert_eq!(
            found["results"],
            json!([
                { "name": "app-crew", "kind": "team", "is_org_member": true, "avatar": picture(0) },
                { "name": "ann", "kind": "user", "is_robot": false, "is_org_member": true, "avatar": picture(1) },
                { "name": "acme+app-ci", "kind": "user", "is_robot": true, "is_org_member": true, "avatar": picture(2) },
                { "name": "acme", "kind": "org", "is_org_member": true, "avatar": picture(3) },
            ])
        );
        let found = api
            .get(&ann, "/entities/%C3%80PP?namespace=acme")
            .await
            .json();
        assert_eq!(names(&found), ["acme+app-ci"]);
        let eve = user(t, "eve", ALL_SCOPES).await;
        for who in [&eve, &Who::Nobody] {
            let found = api
                .get(who, &format!("/entities/a{everything}"))
                .await
                .json();
            let ann = json!({
                "name": "ann", "kind": "user", "is_robot": false, "avatar": found["results"][0]["avatar"],
            });
            assert_eq!(found, json!({ "results": [ann] }));
        }
        for prefix in ["%25", "zz", "acme%2Fapp"] {
            let found = api.get(&ann, &format!("/entities/{prefix}")).await;
            assert_eq!(found.told(), (200, json!({ "results": [] })), "{prefix}");
        }
        for n in 0..12 {
            user(t, &format!("many{n:02}"), ALL_SCOPES).await;
        }
        let found = api.get(&ann, "/entities/many").await.json();
        assert_eq!(names(&found).len(), 10);
        assert_eq!(names(&found)[0], "many00");
        let linked = api.post(&ann, "/entities/link/ann", &json!({})).await;
        assert_eq!(linked.problem(), (404, "Not Found".into()));
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn configuration_narrows_what_is_found() {
    let mut settings = Settings::default();
    settings.users.partial_autocomplete = false;
    settings.search.page_size = 1;
    settings.search.pages_max = 2;
    with_settings(settings, async |t| {
        let (api, ann) = acme(t).await;
        let found = api.get(&ann, "/entities/an").await.json();
        assert_eq!(names(&found), [""; 0]);
        let found = api.get(&ann, "/entities/ann").await.json();
        assert_eq!(names(&found), ["ann"]);
        let found = api
            .get(&ann, "/find/repositories?query=app&page=9")
            .await
            .json();
        assert_eq!(
            (&found["page"], &found["page_size"], names(&found)),
            (&json!(2), &json!(1), vec!["app-two".to_owned()])
        );
    })
    .await;
}
