//! What is secret is in no row: who steals a dump of the database gets in by nothing of it.

use std::process::Command;

use berth_domain::Secret;
use berth_services::Origin;
use berth_services::oauth::{Asked, Description, Exchange, Which};
use berth_services::service_keys::KeyToBe;
use berth_testkit::{PASSWORD, TestRegistry, db_test};

use super::people::{organization, robot};

const OWN: &str = "https://registry.test";
const CALLBACK: &str = "https://app.test/cb";

/// Everything that the database keeps.
fn dump(t: &TestRegistry) -> Vec<u8> {
    if let Some(url) = t.database().postgres_url() {
        let dumped = Command::new("pg_dump").arg(url).output();
        let dumped = dumped.expect("`pg_dump` is where PostgreSQL is");
        let said = String::from_utf8_lossy(&dumped.stderr);
        assert!(dumped.status.success(), "{said}");
        return dumped.stdout;
    }
    let path = t.database().sqlite_path().expect("a file");
    let mut bytes = std::fs::read(&path).unwrap();
    let mut log = path.into_os_string();
    log.push("-wal");
    bytes.extend(std::fs::read(log).unwrap_or_default());
    bytes
}

fn holds(dump: &[u8], text: &str) -> bool {
    dump.windows(text.len()).any(|part| part == text.as_bytes())
}

db_test!(
    async fn no_row_holds_what_anybody_signs_in_with(t: TestRegistry) {
        let root = t.superuser("root").await;
        let ann = t.user("ann").await;
        let session = t.session("ann").await;
        organization(t, &ann, "acme").await;
        let services = &t.services;
        let authn = &services.authn;
        let mut canaries = vec![
            ("a password", PASSWORD.to_owned()),
            ("a session", session.token.expose().clone()),
            ("a CSRF token", session.csrf.clone()),
        ];
        let mut add = |what, text: &str| canaries.push((what, text.to_owned()));

        let (_, generated) = services
            .superuser
            .create_user(&root.actor, "newcomer", None)
            .await
            .unwrap();
        add("a generated password", generated.expose());
        let password = Secret::from(PASSWORD);
        let encrypted = authn.generate_encrypted_password(&session.actor, &password);
        add("an encrypted password", encrypted.await.unwrap().expose());
        let made = services.app_tokens.create(&session.actor, "laptop").await;
        add("an application token", made.unwrap().1.expose());
        let ci = robot(t, &ann, "acme", "ci").await;
        let credentials = services.robots.credentials(&ann, ci.id).await.unwrap();
        add("a robot's token", credentials.token.expose());
        let issued = authn.issue_registry_token(&ann, "registry.test", &[]).await;
        add("a registry token", &issued.unwrap().token);
        let key = KeyToBe {
            service: "scanner",
            ..KeyToBe::default()
        };
        let key = services
            .service_keys
            .create(&root.actor, &key)
            .await
            .unwrap();
        let line = key
            .private_pem
            .expose()
            .lines()
            .nth(3)
            .expect("a line of it");
        add("a service's private key", line);

        let described = Description {
            name: "viewer".into(),
            redirect_prefix: CALLBACK.into(),
            ..Description::default()
        };
        let acme = "acme".parse().unwrap();
        let view = services
            .applications
            .create(&ann, &acme, &described)
            .await
            .unwrap();
        let private = view.private.expect("its maker sees it");
        let secret = private.client_secret.expect("its maker sees it");
        add("a client's secret", secret.expose());
        let which = Which {
            organization: None,
            client_id: &view.client_id,
        };
        let made = services
            .applications
            .create_token(&ann, which, "script", "repo:read", None)
            .await;
        add("a token by name", made.unwrap().1.expose());
        let location = async |kind: &str| {
            let asked = Asked {
                client_id: view.client_id.clone(),
                redirect_uri: CALLBACK.into(),
                scope: "repo:read".into(),
                response_type: kind.into(),
                ..Asked::default()
            };
            let granted = services.authorizations.authorize(&ann, &asked, OWN).await;
            granted.unwrap().unwrap().location.expose().clone()
        };
        let parameter = |location: &str, name: &str| {
            let (_, rest) = location.split_once(name).expect("it is there");
            rest.split('&').next().unwrap_or_default().to_owned()
        };
        let token = parameter(&location("token").await, "access_token=");
        add("a token of a consent", &token);
        for is_used in [false, true] {
            let code = parameter(&location("code").await, "code=");
            add("a code", &code);
            if !is_used {
                continue;
            }
            let shown = Exchange {
                grant_type: "authorization_code".into(),
                client_id: view.client_id.clone(),
                client_secret: Some(secret.clone()),
                code: Secret::from(code),
                redirect_uri: CALLBACK.into(),
                scope: "repo:read".into(),
            };
            let nobody = authn.anonymous(Origin::default());
            let given = services.authorizations.exchange(&nobody, &shown).await;
            add("a token for a code", given.unwrap().unwrap().token.expose());
        }

        let dump = dump(t);
        // The look itself works: what is no secret is there.
        for known in ["acme", "viewer", view.client_id.as_str()] {
            assert!(holds(&dump, known), "{known}");
        }
        let found: Vec<_> = canaries
            .iter()
            .filter(|(_, text)| {
                assert!(text.len() > 10, "long enough to be told from others");
                holds(&dump, text)
            })
            .map(|(what, _)| *what)
            .collect();
        assert_eq!(found, Vec::<&str>::new());
    }
);
