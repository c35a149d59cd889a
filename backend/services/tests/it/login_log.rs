//! What the log tells of who signs in, and of who fails to.

use berth_domain::Secret;
use berth_services::{Origin, Settings};
use berth_store::logs;
use berth_testkit::{PASSWORD, TestRegistry, db_test};
use serde_json::Value;

use super::people::robot;

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
