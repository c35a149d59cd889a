//! What the log tells of who signs in, and of who fails to.

use std::time::Duration;

use berth_domain::{AccountId, Secret};
use berth_services::oauth::{Description, Which};
use berth_services::{Origin, Settings};
use berth_store::logs;
use berth_testkit::{PASSWORD, TestRegistry, db_test};
use serde_json::{Value, json};

use super::account::logged;
use super::people::{organization, robot};

async fn told(t: &TestRegistry, kind: &str) -> Vec<Value> {
    let mut conn = t.db().read().await.unwrap();
    let rows = logs::of_kind(&mut conn, kind).await.unwrap().into_iter();
    rows.map(|metadata| serde_json::from_str(&metadata).unwrap())
        .collect()
}

db_test!(
    async fn a_failed_login_names_a_robot_as_one_and_both_name_the_client(t: TestRegistry) {
        t.user("ann").await;
        let ann = t.session("ann").await.actor;
        let made = robot(t, &ann, "ann", "ci").await;
        let token = t.services.robots.credentials(&ann, made.id).await.unwrap();
        let mut settings = Settings::default();
        settings.users.log_login_failures = true;
        let services = t.replica(settings);
        let wrong = Secret::from("wrong");
        let right = Secret::from(PASSWORD);
        let before = told(t, "login_success").await.len();
        for (number, (name, password, is_right)) in [
            ("ann", &wrong, false),
            ("ann+ci", &wrong, false),
            ("ann+nobody", &wrong, false),
            ("$app", &wrong, false),
            ("ann", &right, true),
            ("ann+ci", &token.token, true),
        ]
        .into_iter()
        .enumerate()
        {
            let number = u8::try_from(number).unwrap();
            let origin = Origin {
                ip: Some([10, 0, 1, number].into()),
                user_agent: Some("podman/5".into()),
                ..Origin::default()
            };
            let login = services.authn.basic(name, password, origin).await;
            assert_eq!(login.is_ok(), is_right, "{name}");
            if let Ok(actor) = login {
                let issued = services
                    .authn
                    .issue_registry_token(&actor, "registry.test", &[]);
                issued.await.unwrap();
            }
        }
        let failed = told(t, "login_failure").await;
        let named: Vec<_> = failed
            .iter()
            .map(|row| (row["robot"].as_str(), row["username"].as_str()))
            .collect();
        assert_eq!(
            named,
            [
                (None, Some("ann")),
                (Some("ann+ci"), None),
                (Some("ann+nobody"), None),
                (None, Some("$app")),
            ]
        );
        let succeeded = told(t, "login_success").await;
        let succeeded = &succeeded[before..];
        assert_eq!(succeeded.len(), 2, "{succeeded:?}");
        assert_eq!(succeeded[1]["robot"], "ann+ci");
        for row in failed.iter().chain(succeeded) {
            assert_eq!(row["type"], "v2auth");
            assert_eq!(row["useragent"], "podman/5", "{row}");
            assert!(row.get("user-agent").is_none(), "{row}");
        }
        let written = format!("{failed:?}{succeeded:?}");
        assert!(!written.contains(PASSWORD) && !written.contains(token.token.expose()));
    }
);

/// Rows of the log of a namespace about logins that failed.
async fn failed(t: &TestRegistry, namespace: AccountId) -> Vec<Value> {
    let rows = logged(t, namespace).await.into_iter();
    let rows = rows.filter(|(kind, _)| kind == "login_failure");
    rows.map(|(_, row)| row).collect()
}

db_test!(
    async fn a_token_that_lets_nobody_in_is_named_to_who_looks_after_it(t: TestRegistry) {
        t.user("ann").await;
        let ann = t.session("ann").await.actor;
        let acme = organization(t, &ann, "acme").await;
        let described = Description {
            name: "viewer".into(),
            ..Description::default()
        };
        let applications = &t.services.applications;
        let made = applications.create(&ann, &acme.name, &described).await;
        let client_id = made.unwrap().client_id;
        let which = Which {
            organization: None,
            client_id: &client_id,
        };
        let hour = Some(Duration::from_hours(1));
        let made = applications.create_token(&ann, which, "script", "repo:read", hour);
        let (_, token) = made.await.unwrap();
        let (app, app_token) = t.services.app_tokens.create(&ann, "laptop").await.unwrap();
        let mut settings = Settings::default();
        settings.users.log_login_failures = true;
        let services = t.replica(settings);
        let authn = &services.authn;
        let origin = |number: u8| Origin {
            ip: Some([10, 0, 2, number].into()),
            user_agent: Some("podman/5".into()),
            ..Origin::default()
        };
        let unknown = Secret::from("x".repeat(40));
        t.clock.advance(Duration::from_hours(2));
        assert!(authn.basic("$oauthtoken", &token, origin(1)).await.is_err());
        assert!(authn.bearer(token.expose(), origin(2)).await.is_err());
        assert!(authn.bearer(unknown.expose(), origin(3)).await.is_err());
        let login = authn.basic("$oauthtoken", &unknown, origin(4)).await;
        assert!(login.is_err());
        let (root, id) = (t.superuser("root").await.actor, ann.user_id().unwrap());
        let disabled = t.services.superuser.set_enabled(&root, id, false).await;
        disabled.unwrap();
        assert!(authn.basic("$app", &app_token, origin(5)).await.is_err());

        let expired = |how: &str, row: &Value| {
            json!({
                "type": how, "kind": "oauth", "username": "ann", "useragent": "podman/5",
                "message": "the access token has expired",
                "oauth_token_id": row["oauth_token_id"],
                "oauth_token_application": "viewer", "oauth_token_application_id": client_id,
            })
        };
        let rows = failed(t, acme.id).await;
        assert_eq!(rows.len(), 2, "{rows:?}");
        for (how, row) in ["v2auth", "quayauth"].into_iter().zip(&rows) {
            assert!(row["oauth_token_id"].is_number(), "{row}");
            assert_eq!(*row, expired(how, row));
        }
        let rows = failed(t, id).await;
        assert_eq!(
            rows,
            [json!({
                "type": "v2auth", "kind": "app_specific_token", "username": "ann",
                "useragent": "podman/5", "message": rows[0]["message"],
                "app_specific_token": app.uuid, "app_specific_token_title": "laptop",
            })]
        );
        // Of a token that nobody has there is only a login, and a request tells nothing.
        let all = told(t, "login_failure").await;
        assert_eq!(all.len(), 4, "{all:?}");
        let nobodys: Vec<_> = all
            .iter()
            .filter(|row| row["username"] == "$oauthtoken")
            .collect();
        assert_eq!(nobodys.len(), 1);
        assert!(nobodys[0].get("oauth_token_id").is_none());
        let written = format!("{all:?}");
        for secret in [&token, &app_token, &unknown] {
            assert!(!written.contains(secret.expose()));
        }
    }
);
