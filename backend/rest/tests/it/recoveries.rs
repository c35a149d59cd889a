//! What superusers do for users who lost their password.

use berth_services::Settings;
use berth_store::mails;
use berth_testkit::{PASSWORD, with_mail};
use serde_json::{Value, json};

use crate::api::{ALL_SCOPES, Api, Who, token, user};

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.users.superusers = Some(vec!["root".parse().unwrap()]);
    settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
    settings
}

fn path(name: &str) -> String {
    format!("/superusers/users/{name}/sendrecovery")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_has_a_recovery_mail_sent_and_is_told_where_to() {
    with_mail(settings(), async |t, _| {
        let api = Api::of(t);
        let root = user(t, "root", ALL_SCOPES).await;
        let auditor = user(t, "auditor", ALL_SCOPES).await;
        let bob = user(t, "bob", ALL_SCOPES).await;
        let narrow = token(t, "root", "user:admin org:admin repo:admin").await;
        let new = json!({ "username": "ann", "email": "Ann@users.test" });
        let made = api.post(&root, "/superuser/users/", &new).await;
        assert_eq!(made.status, 200, "{}", made.text);
        let post = async |who: &Who, name: &str| api.call(who, "POST", &path(name), None).await;
        for (who, status) in [
            (&Who::Visitor, 401),
            (&bob, 403),
            (&narrow, 403),
            (&auditor, 403),
        ] {
            for name in ["ann", "nobody"] {
                assert_eq!(post(who, name).await.status, status, "{name}");
            }
        }
        let waiting = async || {
            let mut conn = t.db().read().await.unwrap();
            mails::count(&mut conn).await.unwrap()
        };
        assert_eq!(waiting().await, 0);
        // Once more does no harm: the same mail waits already.
        for _ in 0..2 {
            let sent = post(&root, "ann").await;
            assert_eq!(sent.told(), (200, json!({ "email": "Ann@users.test" })));
            assert_eq!(waiting().await, 1);
        }
        let off = json!({ "enabled": false });
        let shut_out = api.put(&root, "/superuser/users/ann", &off).await;
        assert_eq!(shut_out.status, 200, "{}", shut_out.text);
        for (name, says) in [
            ("root", "Cannot send a recovery email for a superuser"),
            (
                "bob",
                "Cannot send a recovery email for a user without an address",
            ),
            ("ann", "Cannot send a recovery email for a disabled user"),
        ] {
            let refused = post(&root, name).await;
            assert_eq!(refused.problem(), (400, says.to_owned()));
        }
        assert_eq!(post(&root, "nobody").await.status, 404);
        assert_eq!(waiting().await, 1);
        // A session shows the password again first.
        let session = api.sign_in("root").await;
        t.clock.advance(std::time::Duration::from_mins(11));
        let stale = post(&session, "ann").await;
        assert_eq!(
            (stale.status, &stale.json()["title"]),
            (401, &Value::from("fresh_login_required"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_mail_is_sent_no_recovery_is() {
    crate::api::with_settings(settings(), async |t| {
        let api = Api::of(t);
        let root = user(t, "root", ALL_SCOPES).await;
        user(t, "ann", ALL_SCOPES).await;
        let refused = api.call(&root, "POST", &path("ann"), None).await;
        assert_eq!(refused.problem(), (404, "Not Found".into()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_up_confirms_the_address_before_the_first_sign_in() {
    with_mail(settings(), async |t, _| {
        let api = Api::of(t);
        t.user("ann").await;
        let new = json!({ "username": "bob", "password": PASSWORD, "email": "bob@users.test" });
        let made = api.post(&Who::Visitor, "/user/", &new).await;
        assert_eq!(made.told(), (200, json!({ "awaiting_verification": true })));
        let login = json!({ "username": "bob", "password": PASSWORD });
        let refused = api.post(&Who::Visitor, "/signin", &login).await;
        assert_eq!(
            refused.told(),
            (
                403,
                json!({ "needsEmailVerification": true, "invalidCredentials": false, "message": null })
            )
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_mail_is_sent_a_superuser_gives_every_new_user_an_address() {
    with_mail(settings(), async |t, _| {
        let api = Api::of(t);
        let root = user(t, "root", ALL_SCOPES).await;
        for body in [
            json!({ "username": "ann" }),
            json!({ "username": "ann", "email": null }),
            json!({ "username": "ann", "email": "" }),
        ] {
            let refused = api.post(&root, "/superuser/users/", &body).await;
            assert_eq!(
                refused.told(),
                (400, json!({ "message": "Invalid email address: None" }))
            );
        }
        assert_eq!(api.get(&root, "/superuser/users/ann").await.status, 404);
    })
    .await;
}
