//! Accounts that another system keeps: their operations are not there, or say why not.

use berth_services::Settings;
use berth_services::settings::Authentication;
use berth_testkit::PASSWORD;
use serde_json::json;

use crate::api::{ALL_SCOPES, Api, Who, token, user, with_settings};

fn elsewhere() -> Settings {
    let mut settings = Settings::default();
    settings.users.authentication = Authentication::Elsewhere;
    settings.users.initialize_by_api = true;
    settings.users.superusers = Some(vec!["root".parse().unwrap()]);
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_where_accounts_are_kept_is_not_there() {
    with_settings(elsewhere(), async |t| {
        let api = Api::of(t);
        let ann = user(t, "ann", ALL_SCOPES).await;
        let new = json!({ "username": "carol", "password": PASSWORD });
        let key = json!({ "password": PASSWORD });
        let conversion = json!({ "adminUser": "root", "adminPassword": PASSWORD });
        for (who, method, path, body) in [
            (&Who::Visitor, "POST", "/user/", Some(&new)),
            (&ann, "DELETE", "/user/", None),
            (&ann, "POST", "/user/clientkey", Some(&key)),
            (&ann, "POST", "/user/convert", Some(&conversion)),
        ] {
            let answer = api.call(who, method, path, body).await;
            let refused = (404, "Not Found".to_owned());
            assert_eq!(answer.problem(), refused, "{method} {path}");
        }
        let described = api.get(&Who::Nobody, "/discovery?internal=true").await;
        for id in [
            "createNewUser",
            "deleteCurrentUser",
            "generateUserClientKey",
        ] {
            assert!(!described.text.contains(id), "{id}");
        }
        let password = json!({ "password": "another-password" });
        assert_eq!(api.put(&ann, "/user/", &password).await.status, 404);
        t.login("ann", PASSWORD).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn superusers_and_set_up_are_told_that_accounts_are_kept_elsewhere() {
    with_settings(elsewhere(), async |t| {
        let api = Api::of(t);
        let first = json!({ "username": "admin", "password": PASSWORD });
        let refused = api.post(&Who::Nobody, "/user/initialize", &first).await;
        assert_eq!(
            refused.told(),
            (
                400,
                json!({ "message": "Cannot initialize user in a non-database auth system" })
            )
        );
    })
    .await;
    with_settings(elsewhere(), async |t| {
        let api = Api::of(t);
        t.user("ann").await;
        t.user("root").await;
        let root = token(t, "root", ALL_SCOPES).await;
        let made = api
            .post(&root, "/superuser/users/", &json!({ "username": "carol" }))
            .await;
        assert_eq!(
            made.problem(),
            (
                400,
                "Cannot create a user in a non-database auth system".into()
            )
        );
        for (change, says) in [
            (
                json!({ "password": "another-password" }),
                "Cannot change password in non-database auth",
            ),
            (
                json!({ "email": "ann@other.test" }),
                "Cannot change e-mail in non-database auth",
            ),
        ] {
            let changed = api.put(&root, "/superuser/users/ann", &change).await;
            assert_eq!(changed.problem(), (400, says.into()));
        }
        let disabled = api
            .put(&root, "/superuser/users/ann", &json!({ "enabled": false }))
            .await;
        assert_eq!(disabled.json()["enabled"], json!(false));
    })
    .await;
}
