//! Names as somebody writes them who is up to something: other letters that look alike, ways out of a folder, too long.

use std::fmt::Write;

use berth_testkit::db_test;
use serde_json::{Value, json};

use crate::api::{ALL_SCOPES, Api, token, user};

/// What is the name of nothing: of no user, organization, team, robot or repository.
fn odd() -> Vec<String> {
    let mut names: Vec<String> = [
        "ACME",
        "Acme",
        "\u{430}cme",   // Cyrillic
        "\u{ff41}cme",  // full width
        "acme\u{301}",  // with an accent of its own
        "acme\u{200b}", // no width
        "\u{202e}emca", // from right to left
        "\u{1f4a5}",
        " acme",
        "acme ",
        "acme\n",
        "acme\u{0}",
        "..",
        ".",
        "../acme",
        "acme/../app",
        "acme\\app",
        "%61cme",
        "acme%00",
        "acme%2fapp",
        "acme+ci",
        "acme@1",
        "acme:1",
        "_acme",
        "-acme",
        ".acme",
        "",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("a".repeat(256));
    names.push(format!("{}/app", "a".repeat(256)));
    names
}

/// Every byte written with a percent sign, as no library writes it.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        let _ = write!(escaped, "%{byte:02X}");
        escaped
    })
}

db_test!(
    async fn names_that_are_up_to_something_name_nothing(t: TestRegistry) {
        t.superuser("root").await;
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let root = token(t, "root", ALL_SCOPES).await;
        let acme = json!({ "name": "acme" });
        assert_eq!(api.post(&ann, "/organization/", &acme).await.status, 201);
        for name in odd() {
            let path = escaped(&name);
            let role = json!({ "role": "admin" });
            let repository = |namespace: &str, name: &str| {
                json!({
                    "namespace": namespace, "repository": name, "visibility": "public", "description": "",
                })
            };
            let none = json!({});
            for (what, answer) in [
                (
                    "an organization",
                    api.post(&ann, "/organization/", &json!({ "name": name }))
                        .await,
                ),
                (
                    "a user",
                    api.post(&root, "/superuser/users/", &json!({ "username": name }))
                        .await,
                ),
                (
                    "a repository",
                    api.post(&ann, "/repository", &repository("acme", &name))
                        .await,
                ),
                (
                    "a repository there",
                    api.post(&ann, "/repository", &repository(&name, "app"))
                        .await,
                ),
                (
                    "a team",
                    api.put(&ann, &format!("/organization/acme/team/{path}"), &role)
                        .await,
                ),
                (
                    "a robot",
                    api.put(&ann, &format!("/organization/acme/robots/{path}"), &none)
                        .await,
                ),
                (
                    "a robot of its own",
                    api.put(&ann, &format!("/user/robots/{path}"), &none).await,
                ),
            ] {
                let is_refused = (400..500).contains(&answer.status);
                assert!(
                    is_refused,
                    "{name:?} made {what}: {} {}",
                    answer.status, answer.text
                );
            }
        }
        // Nothing is there but what was made before.
        let robots = json!({ "robots": [] });
        for list in ["/organization/acme/robots", "/user/robots"] {
            assert_eq!(api.get(&ann, list).await.told(), (200, robots.clone()));
        }
        let seen = api.get(&ann, "/organization/acme").await.json();
        assert_eq!(seen["ordered_teams"], json!(["owners"]));
        let repositories = api
            .get(&ann, "/repository?public=true&namespace=acme")
            .await;
        assert_eq!(
            repositories.told(),
            (200, json!({ "repositories": [] })),
            "no repository was made"
        );
        let users = api.get(&root, "/superuser/users/").await.json();
        let names: Vec<&Value> = users["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| &user["username"])
            .collect();
        assert_eq!(names, ["ann", "root"]);
        let own = api.get(&ann, "/user/").await.json();
        assert_eq!(own["organizations"].as_array().unwrap().len(), 1);
    }
);
