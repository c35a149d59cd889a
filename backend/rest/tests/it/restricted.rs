//! Users who make nothing of their own (`FEATURE_RESTRICTED_USERS`).

use berth_domain::TeamRole;
use berth_services::Settings;
use serde_json::json;

use crate::api::{ALL_SCOPES, Api, user, with_settings};
use crate::organizations::join;

#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_user_is_refused_what_would_be_its_own() {
    let mut settings = Settings::default();
    settings.users.restricted = true;
    settings.users.unrestricted_names = vec!["free".parse().unwrap()];
    with_settings(settings, async |t| {
        let api = Api::of(t);
        let (ann, free) = (
            user(t, "ann", ALL_SCOPES).await,
            user(t, "free", ALL_SCOPES).await,
        );
        let app = |namespace: &str| {
            json!({
                "repository": "app", "namespace": namespace, "visibility": "private", "description": "",
            })
        };
        let acme = json!({ "name": "acme" });
        let refused = (403, "Unauthorized".to_owned());
        for answer in [
            api.post(&ann, "/organization/", &acme).await,
            api.put(&ann, "/user/robots/ci", &json!({})).await,
            api.post(&ann, "/repository", &app("ann")).await,
        ] {
            assert_eq!(answer.problem(), refused);
        }
        let told = api.get(&ann, "/user/").await.json();
        assert_eq!(told["can_create_repo"], json!(false));
        // The namespace is still the user's: what is not there is no secret.
        assert_eq!(api.get(&ann, "/repository/ann/app").await.status, 404);
        assert_eq!(api.delete(&ann, "/repository/ann/app").await.status, 204);

        for answer in [
            api.post(&free, "/organization/", &acme).await,
            api.put(&free, "/user/robots/ci", &json!({})).await,
            api.post(&free, "/repository", &app("free")).await,
        ] {
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
        join(t, "acme", "ann", TeamRole::Admin).await;
        for answer in [
            api.put(&ann, "/organization/acme/robots/ci", &json!({})).await,
            api.post(&ann, "/repository", &app("acme")).await,
        ] {
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
    })
    .await;
}
