//! Applications, their tokens, and what users let them do, below `/api/v1`.

use berth_domain::TeamRole;
use berth_services::Settings;
use berth_testkit::db_test;
use serde_json::{Value, json};

use super::application;
use crate::api::{ALL_SCOPES, Api, Who, user, with_settings};
use crate::organizations::join;

db_test!(
    async fn an_administrator_makes_reads_changes_and_deletes(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let made = application(&api, &ann, "acme").await;
        let client_id = made["client_id"].as_str().unwrap();
        let secret = made["client_secret"].as_str().unwrap();
        assert_eq!((client_id.len(), secret.len()), (20, 40));
        assert_eq!(
            made,
            json!({
                "name": "viewer", "description": "", "application_uri": "", "client_id": client_id,
                "client_secret": secret, "redirect_uri": "https://app.test/cb", "avatar_email": null,
            })
        );
        let path = format!("/organization/acme/applications/{client_id}");
        assert_eq!(api.get(&ann, &path).await.told(), (200, made.clone()));
        let list = api.get(&ann, "/organization/acme/applications").await;
        assert_eq!(list.json(), json!({ "applications": [made.clone()] }));
        let change = json!({
            "name": "looker", "redirect_uri": "https://app.test/", "application_uri": "https://app.test",
            "avatar_email": "looker@app.test", "description": "Looks",
        });
        let changed = api.put(&ann, &path, &change).await.json();
        assert_eq!(changed["avatar_email"], "looker@app.test");
        assert_eq!(changed["client_secret"], secret);
        // What is left out becomes empty.
        let change = json!({ "name": "looker", "redirect_uri": "", "application_uri": "" });
        let changed = api.put(&ann, &path, &change).await.json();
        assert_eq!(
            (&changed["description"], &changed["avatar_email"]),
            (&json!(""), &Value::Null)
        );
        let short = api.put(&ann, &path, &json!({ "name": "x" })).await;
        assert_eq!(
            short.problem(),
            (400, "'redirect_uri' is a required property".into())
        );
        let null = json!({ "name": "x", "description": null });
        let null = api
            .post(&ann, "/organization/acme/applications", &null)
            .await;
        assert_eq!(null.problem(), (400, "None is not of type 'string'".into()));
        // One that is installed on a device has a scheme of its own, and no script is one.
        let native = json!({
            "name": "native", "redirect_uri": "myapp://callback", "application_uri": "com.example.app:/home",
        });
        let changed = api.put(&ann, &path, &native).await.json();
        assert_eq!(
            (&changed["redirect_uri"], &changed["application_uri"]),
            (&native["redirect_uri"], &native["application_uri"])
        );
        let applications = "/organization/acme/applications";
        let reserved = "__quay_bootstrap_app";
        for (field, value) in [
            ("name", reserved),
            ("redirect_uri", "javascript://app.test/%0aalert(1)"),
            ("application_uri", "data:text/html,x"),
        ] {
            let mut refused = native.clone();
            refused[field] = json!(value);
            for answer in [
                api.post(&ann, applications, &refused).await,
                api.put(&ann, &path, &refused).await,
            ] {
                assert_eq!(answer.status, 400, "{field}: {}", answer.text);
            }
        }
        let refused = json!({ "name": reserved });
        let refused = api.post(&ann, applications, &refused).await.problem();
        let says = format!("the name `{reserved}` is reserved; choose another one");
        assert_eq!(refused, (400, says));
        let reset = format!("{path}/resetclientsecret");
        let reset = api.call(&ann, "POST", &reset, None).await;
        assert_eq!(reset.status, 200);
        assert_ne!(reset.json()["client_secret"], secret);
        let deleted = api.delete(&ann, &path).await;
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
        assert_eq!(
            api.get(&ann, &path).await.problem(),
            (404, "Not Found".into())
        );
    }
);

db_test!(
    async fn an_application_shows_itself_to_everybody_and_its_secret_to_nobody_else(
        t: TestRegistry,
    ) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let (mia, eve) = (
            user(t, "mia", ALL_SCOPES).await,
            user(t, "eve", ALL_SCOPES).await,
        );
        let made = application(&api, &ann, "acme").await;
        join(t, "acme", "mia", TeamRole::Member).await;
        let client_id = made["client_id"].as_str().unwrap();
        let shown = api
            .get(&Who::Nobody, &format!("/app/{client_id}"))
            .await
            .json();
        assert_eq!(shown["name"], "viewer");
        assert_eq!(shown["avatar"]["kind"], "app");
        assert_eq!(shown["organization"]["name"], "acme");
        assert_eq!(shown["organization"]["is_admin"], false);
        assert!(shown.get("client_secret").is_none() && shown["uri"] == "");
        let absent = api.get(&Who::Nobody, "/app/NOBODY").await;
        assert_eq!(absent.problem(), (404, "Not Found".into()));
        let path = format!("/organization/acme/applications/{client_id}");
        for who in [&mia, &eve] {
            for path in [path.as_str(), "/organization/acme/applications"] {
                let answer = api.get(who, path).await;
                assert_eq!(answer.problem(), (403, "Unauthorized".into()));
            }
        }
        // Where the organization is not the application's, it is not there.
        let other = application(&api, &eve, "evil").await;
        assert_ne!(other["client_id"], made["client_id"]);
        let across = format!("/organization/evil/applications/{client_id}");
        for answer in [
            api.get(&eve, &across).await,
            api.delete(&eve, &across).await,
            api.call(&eve, "POST", &format!("{across}/resetclientsecret"), None)
                .await,
        ] {
            assert_eq!(answer.problem(), (404, "Not Found".into()));
        }
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn who_only_reads_gets_null_for_what_is_secret() {
    let mut settings = Settings::default();
    settings.users.read_only_superusers = vec!["rita".parse().unwrap()];
    with_settings(settings, async |t| {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let rita = user(t, "rita", ALL_SCOPES).await;
        application(&api, &ann, "acme").await;
        let list = api
            .get(&rita, "/organization/acme/applications")
            .await
            .json();
        let seen = &list["applications"][0];
        assert_eq!(seen["name"], "viewer");
        for field in ["client_secret", "redirect_uri", "avatar_email"] {
            assert_eq!(seen[field], Value::Null, "{field}");
        }
    })
    .await;
}

db_test!(
    async fn tokens_of_an_application_are_made_listed_in_pages_and_ended(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let made = application(&api, &ann, "acme").await;
        let client_id = made["client_id"].as_str().unwrap();
        let path = format!("/organization/acme/applications/{client_id}/tokens");
        let new =
            json!({ "name": " nightly ", "scope": "repo:read,repo:write", "expiration": 3600 });
        let token = api.post(&ann, &path, &new).await;
        assert_eq!(token.status, 200, "{}", token.text);
        let token = token.json();
        let text = token["token"].as_str().unwrap().to_owned();
        assert_eq!(text.len(), 40);
        assert_eq!(token["name"], "nightly");
        assert_eq!(token["scope"], "repo:read repo:write");
        assert_eq!(token["created_by"], "ann");
        assert_eq!(token["last_accessed"], Value::Null);
        for date in ["created", "expires_at"] {
            let date = token[date].as_str().unwrap();
            assert!(date.len() == 20 && date.ends_with('Z'), "{date}");
        }
        let listed = api.get(&ann, &path).await.json();
        assert_eq!(listed["tokens"][0]["uuid"], token["uuid"]);
        assert!(listed["tokens"][0].get("token").is_none());
        assert!(listed.get("next_page").is_none());
        let reader = Who::Token(text);
        assert_eq!(
            api.get(&reader, "/repository?namespace=acme").await.status,
            200
        );
        assert_eq!(api.get(&reader, "/user/").await.status, 401);
        for (body, says) in [
            (
                json!({ "name": "", "scope": "repo:read" }),
                "'name' must not be empty",
            ),
            (
                json!({ "name": "x", "scope": "repo:fly" }),
                "Invalid scope: repo:fly",
            ),
        ] {
            let refused = api.post(&ann, &path, &body).await;
            assert_eq!(refused.told(), (400, json!({ "message": says })));
        }
        let zero = json!({ "name": "x", "scope": "repo:read", "expiration": 0 });
        let zero = api.post(&ann, &path, &zero).await;
        assert_eq!(
            zero.problem(),
            (400, "0 is less than the minimum of 1".into())
        );
        let wider = json!({ "name": "x", "scope": "super:user" });
        let wider = api.post(&ann, &path, &wider).await;
        assert_eq!(wider.problem(), (403, "Unauthorized".into()));
        for number in 0..50 {
            let new = json!({ "name": format!("t{number}"), "scope": "repo:read" });
            assert_eq!(api.post(&ann, &path, &new).await.status, 200);
        }
        let first = api.get(&ann, &path).await.json();
        assert_eq!(first["tokens"].as_array().unwrap().len(), 50);
        assert_eq!(first["tokens"][0]["name"], "t49");
        let next = first["next_page"].as_str().unwrap();
        let next = api
            .get(&ann, &format!("{path}?next_page={next}"))
            .await
            .json();
        assert_eq!(next["tokens"][0]["uuid"], token["uuid"]);
        let one = format!("{path}/{}", token["uuid"].as_str().unwrap());
        assert_eq!(api.delete(&ann, &one).await.status, 204);
        assert_eq!(
            api.delete(&ann, &one).await.problem(),
            (404, "Not Found".into())
        );
        assert_eq!(
            api.get(&reader, "/repository?namespace=acme").await.status,
            401
        );
    }
);

db_test!(
    async fn a_user_sees_and_ends_what_applications_may_do(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let eve = user(t, "eve", ALL_SCOPES).await;
        let made = application(&api, &ann, "acme").await;
        let client_id = made["client_id"].as_str().unwrap();
        let path = format!("/organization/acme/applications/{client_id}/tokens");
        let new = json!({ "name": "script", "scope": "repo:read org:admin" });
        let token = api.post(&ann, &path, &new).await.json();
        let list = api.get(&ann, "/user/authorizations").await.json();
        let found = list["authorizations"].as_array().unwrap().iter();
        let mut found = found.filter(|row| row["uuid"] == token["uuid"]);
        let row = found.next().unwrap();
        assert_eq!(row["application"]["name"], "viewer");
        assert_eq!(row["application"]["organization"]["name"], "acme");
        assert_eq!(row["application"]["avatar"]["kind"], "app");
        let scopes = row["scopes"].as_array().unwrap();
        assert_eq!(scopes[0]["scope"], "repo:read");
        assert_eq!(scopes[0]["dangerous"], false);
        assert_eq!(scopes[1]["dangerous"], true);
        for word in ["title", "description", "icon"] {
            assert!(
                scopes[0][word]
                    .as_str()
                    .is_some_and(|text| !text.is_empty())
            );
        }
        let one = format!("/user/authorizations/{}", token["uuid"].as_str().unwrap());
        assert_eq!(&api.get(&ann, &one).await.json(), row);
        for answer in [api.get(&eve, &one).await, api.delete(&eve, &one).await] {
            assert_eq!(answer.problem(), (404, "Not Found".into()));
        }
        assert_eq!(api.delete(&ann, &one).await.status, 204);
        let dead = Who::Token(token["token"].as_str().unwrap().to_owned());
        assert_eq!(api.get(&dead, "/user/").await.status, 401);
        assert_eq!(api.get(&ann, &one).await.status, 404);
    }
);
