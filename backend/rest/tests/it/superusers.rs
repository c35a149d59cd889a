//! What superusers do with users and messages, and what others may not.

use berth_services::Settings;
use berth_testkit::{PASSWORD, TestRegistry};
use serde_json::json;

use crate::api::{ALL_SCOPES, Api, Who, token, user, with_settings};

async fn with_superusers(run: impl AsyncFn(&TestRegistry)) {
    let mut settings = Settings::default();
    settings.users.superusers = Some(vec!["root".parse().unwrap()]);
    settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
    with_settings(settings, run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_creates_a_user_who_signs_in_with_the_password_that_was_told() {
    with_superusers(async |t| {
        let api = Api::of(t);
        let root = user(t, "root", ALL_SCOPES).await;
        let new = json!({ "username": "newuser", "email": "newuser@example.com" });
        let made = api.post(&root, "/superuser/users/", &new).await;
        assert_eq!(made.status, 200, "{}", made.text);
        let made = made.json();
        let password = made["password"].as_str().unwrap();
        assert_eq!(password.len(), 32);
        assert_eq!(made["email"], json!("newuser@example.com"));
        for password in [password, made["encrypted_password"].as_str().unwrap()] {
            t.login("newuser", password).await;
        }
        let body = json!({ "username": "newuser", "password": password });
        assert_eq!(api.post(&Who::Visitor, "/signin", &body).await.status, 200);
        let again = api.post(&root, "/superuser/users/", &new).await;
        assert_eq!(
            again.told(),
            (
                400,
                json!({ "message":
                    "Username has already been taken by user cannot be reused: newuser" })
            )
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_listed_changed_and_deleted_by_superusers_alone() {
    with_superusers(async |t| {
        let api = Api::of(t);
        let root = user(t, "root", ALL_SCOPES).await;
        let auditor = user(t, "auditor", ALL_SCOPES).await;
        let ann = user(t, "ann", ALL_SCOPES).await;
        let narrow = token(t, "root", "user:admin org:admin repo:admin").await;
        for (who, status) in [(&Who::Nobody, 401), (&ann, 403), (&narrow, 403)] {
            for path in [
                "/superuser/users/",
                "/superuser/users/ann",
                "/superuser/users/nobody",
            ] {
                assert_eq!(api.get(who, path).await.status, status, "{path}");
            }
        }
        let names = |list: serde_json::Value| {
            let users = list["users"].as_array().unwrap().clone();
            users
                .iter()
                .map(|row| row["name"].clone())
                .collect::<Vec<_>>()
        };
        for who in [&root, &auditor] {
            let list = api.get(who, "/superuser/users/").await.json();
            assert_eq!(names(list), ["ann", "auditor", "root"]);
        }
        // Page by page, by a token.
        let first = api.get(&root, "/superuser/users/?limit=2").await.json();
        assert_eq!(names(first.clone()), ["ann", "auditor"]);
        let next = first["next_page"].as_str().unwrap();
        let path = format!("/superuser/users/?limit=2&next_page={next}");
        let second = api.get(&root, &path).await.json();
        assert_eq!(names(second.clone()), ["root"]);
        assert!(second.get("next_page").is_none());
        let refused = api.get(&root, "/superuser/users/?limit=101").await;
        assert_eq!(
            refused.problem(),
            (400, "Page limit cannot be above 100".into())
        );

        let path = "/superuser/users/ann";
        let off = json!({ "enabled": false });
        // No right, no token's scope, no writing for who only reads: and nothing has changed.
        for (who, status) in [
            (&Who::Nobody, 403),
            (&ann, 403),
            (&narrow, 403),
            (&auditor, 403),
        ] {
            assert_eq!(api.put(who, path, &off).await.status, status);
            assert_eq!(api.delete(who, path).await.status, status);
        }
        let row = api.get(&root, path).await.json();
        assert_eq!(
            (&row["enabled"], &row["kind"]),
            (&json!(true), &json!("user"))
        );

        let changed = api
            .put(&root, path, &json!({ "email": "ann@example.com" }))
            .await;
        assert_eq!(changed.json()["email"], json!("ann@example.com"));
        let changed = api.put(&root, path, &off).await;
        assert_eq!(changed.json()["enabled"], json!(false));
        // At once, for tokens too.
        assert_eq!(api.get(&ann, "/user/").await.status, 401);
        let enabled = api
            .get(&root, "/superuser/users/?disabled=false")
            .await
            .json();
        assert_eq!(names(enabled), ["auditor", "root"]);
        let on = json!({ "enabled": true, "password": "another-password" });
        let changed = api.put(&root, path, &on).await.json();
        assert!(changed["encrypted_password"].is_string());
        t.login("ann", "another-password").await;
        let weak = api.put(&root, path, &json!({ "password": "short" })).await;
        assert_eq!(weak.status, 400);
        // Who is a superuser is said by the configuration; what is so already is no change.
        let same = json!({ "enabled": true, "superuser": false });
        assert_eq!(api.put(&root, path, &same).await.status, 200);
        let raised = api.put(&root, path, &json!({ "superuser": true })).await;
        let says = "Superusers are named by SUPER_USERS in the configuration; change it there";
        assert_eq!(raised.problem(), (400, says.into()));

        assert_eq!(api.delete(&root, path).await.status, 204);
        assert_eq!(
            api.get(&root, path).await.problem(),
            (404, "Not Found".into())
        );
        let refused = api.delete(&root, "/superuser/users/root").await;
        assert_eq!(refused.problem(), (400, "Cannot delete a superuser".into()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_field_of_a_user_changes_nothing() {
    with_superusers(async |t| {
        let api = Api::of(t);
        let root = user(t, "root", ALL_SCOPES).await;
        user(t, "ann", ALL_SCOPES).await;
        user(t, "bob", ALL_SCOPES).await;
        let ann = api.sign_in("ann").await;
        let path = "/superuser/users/ann";
        let taken = json!({ "email": "bob@users.test" });
        let made = api.put(&root, "/superuser/users/bob", &taken).await;
        assert_eq!(made.status, 200, "{}", made.text);
        let before = api.get(&root, path).await.json();
        let good = json!({
            "password": "another-password", "email": "ann@users.test", "enabled": false,
        });
        for (field, value, says) in [
            (
                "email",
                "bob@users.test",
                "Email has already been used: bob@users.test",
            ),
            ("email", "nowhere", "Invalid email address: nowhere"),
            (
                "password",
                "short",
                "Invalid password, password must be at least 8 characters and contain no whitespace.",
            ),
        ] {
            let mut body = good.clone();
            body[field] = json!(value);
            let refused = api.put(&root, path, &body).await;
            assert_eq!(refused.told(), (400, json!({ "message": says })));
            assert_eq!(api.get(&root, path).await.json(), before);
            // The password is the old one, and the session goes on.
            t.login("ann", PASSWORD).await;
            assert_eq!(api.get(&ann, "/user/").await.status, 200);
        }
        let refused = api.put(&root, "/superuser/users/root", &good).await;
        assert_eq!(refused.problem(), (400, "Cannot update a superuser".into()));
        t.login("root", PASSWORD).await;
        let changed = api.put(&root, path, &good).await.json();
        assert_eq!(
            (&changed["email"], &changed["enabled"]),
            (&json!("ann@users.test"), &json!(false))
        );
        let on = json!({ "enabled": true });
        assert_eq!(api.put(&root, path, &on).await.status, 200);
        t.login("ann", "another-password").await;
        assert_eq!(api.get(&ann, "/user/").await.status, 401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_outside_of_its_range_is_told_with_the_range() {
    with_superusers(async |t| {
        let api = Api::of(t);
        let root = user(t, "root", ALL_SCOPES).await;
        for path in ["/superuser/users/", "/superuser/organizations/"] {
            for (limit, says) in [
                ("0", "'limit' is a number from 1 to 100, not 0"),
                ("-1", "'limit' is a number from 1 to 100, not -1"),
                (
                    "-9223372036854775808",
                    "'limit' is a number from 1 to 100, not -9223372036854775808",
                ),
                // In the words that scripts know.
                ("101", "Page limit cannot be above 100"),
                ("9223372036854775807", "Page limit cannot be above 100"),
            ] {
                let refused = api.get(&root, &format!("{path}?limit={limit}")).await;
                assert_eq!(refused.problem(), (400, says.to_owned()), "{path}");
            }
            for limit in ["1", "100"] {
                let answer = api.get(&root, &format!("{path}?limit={limit}")).await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_for_everybody_and_by_superusers() {
    with_superusers(async |t| {
        let api = Api::of(t);
        let root = user(t, "root", ALL_SCOPES).await;
        let ann = user(t, "ann", ALL_SCOPES).await;
        let new = json!({ "message": {
            "content": "Back at noon", "media_type": "text/markdown", "severity": "warning",
        } });
        assert_eq!(api.post(&ann, "/messages", &new).await.status, 403);
        let made = api.post(&root, "/messages", &new).await;
        assert_eq!((made.status, made.text.as_str()), (201, ""));
        let list = api.get(&Who::Nobody, "/messages").await.json();
        let message = &list["messages"][0];
        for (field, value) in new["message"].as_object().unwrap() {
            assert_eq!(&message[field], value, "{field}");
        }
        let loud = json!({ "message": { "content": "x", "media_type": "text/plain", "severity": "loud" } });
        assert_eq!(
            api.post(&root, "/messages", &loud).await.problem(),
            (400, "'loud' is not one of ['info', 'warning', 'error']".into())
        );
        let path = format!("/message/{}", message["uuid"].as_str().unwrap());
        assert_eq!(api.delete(&ann, &path).await.status, 403);
        for _ in 0..2 {
            assert_eq!(api.delete(&root, &path).await.status, 204);
        }
        assert_eq!(
            api.get(&Who::Nobody, "/messages").await.json(),
            json!({ "messages": [] })
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_client_token_is_seen_without_its_text_by_who_sees_everything() {
    with_superusers(async |t| {
        let api = Api::of(t);
        let root = user(t, "root", ALL_SCOPES).await;
        let ann = user(t, "ann", ALL_SCOPES).await;
        let title = json!({ "title": "laptop" });
        assert_eq!(api.post(&ann, "/user/apptoken", &title).await.status, 200);
        let auditor = user(t, "auditor", ALL_SCOPES).await;
        let mut settings = t.services.settings().clone();
        settings.users.superusers_full_access = true;
        let full = Api::over(&t.replica(settings));
        for (api, who) in [(&api, &auditor), (&full, &root)] {
            let list = api.get(who, "/superuser/apptokens").await.json();
            assert_eq!(list["tokens"][0]["title"], json!("laptop"));
            assert!(list["tokens"][0].get("token_code").is_none());
        }
        // Who does not reach what others have, a superuser too.
        for who in [&ann, &root] {
            assert_eq!(api.get(who, "/superuser/apptokens").await.status, 403);
        }
        assert_eq!(
            api.get(&Who::Nobody, "/superuser/apptokens").await.status,
            401
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_services_are_made_by_superusers_and_public_by_half() {
    with_superusers(async |t| {
        let api = Api::of(t);
        let root = user(t, "root", ALL_SCOPES).await;
        let auditor = user(t, "auditor", ALL_SCOPES).await;
        let ann = user(t, "ann", ALL_SCOPES).await;
        let new = json!({
            "service": "scanner", "expiration": null, "name": "East", "notes": "ops",
            "metadata": { "rack": 7 },
        });
        for (who, status) in [(&Who::Visitor, 401), (&ann, 403), (&auditor, 403)] {
            let refused = api.post(who, "/superuser/keys", &new).await;
            assert_eq!(refused.status, status);
        }
        let made = api.post(&root, "/superuser/keys", &new).await;
        assert_eq!(made.status, 200, "{}", made.text);
        let made = made.json();
        let text = |key: &str| made[key].as_str().unwrap().to_owned();
        assert!(text("private_key").starts_with("-----BEGIN PRIVATE KEY-----"));
        assert!(text("public_key").starts_with("-----BEGIN PUBLIC KEY-----"));
        let path = format!("/superuser/keys/{}", text("kid"));
        let row = api.get(&auditor, &path).await.json();
        for (field, value) in [
            ("service", json!("scanner")),
            ("name", json!("East")),
            ("metadata", json!({ "rack": 7 })),
            ("expiration_date", json!(null)),
            ("rotation_duration", json!(null)),
        ] {
            assert_eq!(row[field], value, "{field}");
        }
        assert!(row["created_date"].as_str().unwrap().ends_with(" GMT"));
        assert_eq!(row["jwk"]["kid"], made["kid"]);
        assert_eq!(row["approval"]["approver"], json!("root"));
        assert_eq!(
            row["approval"]["approval_type"],
            json!("ServiceKeyApprovalType.SUPERUSER")
        );
        let list = api.get(&root, "/superuser/keys").await.json();
        assert_eq!(list, json!({ "keys": [row] }));
        assert_eq!(api.get(&ann, "/superuser/keys").await.status, 403);
        assert_eq!(api.get(&ann, &path).await.status, 403);

        let past = json!({ "expiration": 1_000_000_000 });
        let refused = api.put(&root, &path, &past).await;
        assert_eq!(
            refused.problem(),
            (400, "Expiration date cannot be in the past".into())
        );
        let odd = api.put(&root, &path, &json!({ "name": "<b>" })).await;
        let says = "Invalid service key friendly name: <b>";
        assert_eq!(odd.problem(), (400, says.into()));
        let end = json!({ "expiration": 4_000_000_000_i64, "name": "West" });
        let changed = api.put(&root, &path, &end).await.json();
        assert_eq!(
            changed["expiration_date"],
            json!("Tue, 02 Oct 2096 07:06:40 GMT")
        );
        // What is not said stays, and null is said.
        let renamed = api.put(&root, &path, &json!({ "name": "South" })).await;
        assert_eq!(
            renamed.json()["expiration_date"],
            changed["expiration_date"]
        );
        let forever = api.put(&root, &path, &json!({ "expiration": null })).await;
        assert_eq!(forever.json()["expiration_date"], json!(null));

        let approve = format!("/superuser/approvedkeys/{}", text("kid"));
        for _ in 0..2 {
            let notes = json!({ "notes": "looked at it" });
            let approved = api.post(&root, &approve, &notes).await;
            assert_eq!((approved.status, approved.text.as_str()), (201, ""));
        }
        let unsaid = api.call(&root, "POST", &approve, None).await;
        assert_eq!(unsaid.status, 201);
        let unknown = api
            .post(&root, "/superuser/approvedkeys/none", &json!({}))
            .await;
        assert_eq!(unknown.problem(), (404, "Not Found".into()));

        t.services.keys.rotate_if_old().await.unwrap();
        let list = api.get(&root, "/superuser/keys").await.json();
        let rows = list["keys"].as_array().unwrap();
        let own = rows.iter().find(|row| row["service"] == "berth").unwrap();
        assert_eq!(
            own["approval"]["approval_type"],
            json!("ServiceKeyApprovalType.AUTOMATIC")
        );
        let own = format!("/superuser/keys/{}", own["kid"].as_str().unwrap());
        let (status, says) = api.delete(&root, &own).await.problem();
        assert!(
            status == 400 && says.contains("signs its own tokens"),
            "{says}"
        );
        assert_eq!(api.get(&root, &own).await.status, 200);

        assert_eq!(api.delete(&ann, &path).await.status, 403);
        assert_eq!(api.delete(&root, &path).await.status, 204);
        assert_eq!(
            api.delete(&root, &path).await.problem(),
            (404, "Not Found".into())
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_are_listed_renamed_and_deleted_by_superusers_who_need_no_role_in_them() {
    with_superusers(async |t| {
        let api = Api::of(t);
        let root = user(t, "root", ALL_SCOPES).await;
        let auditor = user(t, "auditor", ALL_SCOPES).await;
        let ann = user(t, "ann", ALL_SCOPES).await;
        for name in ["acme", "globex", "initech"] {
            let new = json!({ "name": name, "email": format!("{name}@example.com") });
            assert_eq!(api.post(&ann, "/organization/", &new).await.status, 201);
        }
        let robot = api
            .call(&ann, "PUT", "/organization/acme/robots/ci", None)
            .await;
        let secret = robot.json()["token"].as_str().unwrap().to_owned();
        let names = |list: &serde_json::Value| {
            let rows = list["organizations"].as_array().unwrap().clone();
            let rows = rows.into_iter();
            rows.map(|row| row["name"].clone()).collect::<Vec<_>>()
        };
        let path = "/superuser/organizations/";
        for who in [&root, &auditor] {
            let list = api.get(who, path).await.json();
            assert_eq!(names(&list), ["acme", "globex", "initech"]);
            let row = &list["organizations"][0];
            assert_eq!(row["email"], json!("acme@example.com"));
            assert_eq!(row["avatar"]["kind"], json!("org"));
            assert!(list.get("next_page").is_none());
        }
        let first = api
            .get(&root, "/superuser/organizations/?limit=2")
            .await
            .json();
        let next = first["next_page"].as_str().unwrap();
        let second = format!("/superuser/organizations/?limit=2&next_page={next}");
        assert_eq!(names(&api.get(&root, &second).await.json()), ["initech"]);
        assert_eq!(api.get(&ann, path).await.status, 403);
        assert_eq!(api.get(&Who::Nobody, path).await.status, 401);

        let acme = "/superuser/organizations/acme";
        let rename = |name: &str| json!({ "name": name });
        for (who, status) in [(&Who::Visitor, 401), (&ann, 403), (&auditor, 403)] {
            assert_eq!(api.put(who, acme, &rename("mine")).await.status, status);
            assert_eq!(api.delete(who, acme).await.status, status);
        }
        for taken in ["globex", "ann"] {
            let refused = api.put(&root, acme, &rename(taken)).await;
            let says = "A user or organization with this name already exists";
            assert_eq!(refused.problem(), (400, says.into()));
        }
        assert_eq!(api.put(&root, acme, &rename("No Name")).await.status, 400);
        assert_eq!(
            api.put(&root, acme, &json!({})).await.json()["name"],
            json!("acme")
        );
        let renamed = api.put(&root, acme, &rename("umbrella")).await.json();
        assert_eq!(renamed["name"], json!("umbrella"));
        for unknown in ["acme", "ann", "NOT A NAME"] {
            let path = format!("/superuser/organizations/{}", unknown.replace(' ', "%20"));
            let refused = api.put(&root, &path, &rename("other")).await;
            let says = format!("Organization does not exist: {unknown}");
            assert_eq!(refused.told(), (400, json!({ "message": says })));
            assert_eq!(
                api.delete(&root, &path).await.problem(),
                (404, "Not Found".into())
            );
        }
        t.login("umbrella+ci", &secret).await;
        let robots = api.get(&ann, "/organization/umbrella/robots").await.json();
        assert_eq!(robots["robots"][0]["name"], json!("umbrella+ci"));
        let path = "/superuser/organizations/umbrella";
        assert_eq!(api.delete(&root, path).await.status, 204);
        assert_eq!(api.delete(&root, path).await.status, 404);
        assert_eq!(api.get(&ann, "/organization/umbrella").await.status, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ownership_of_organizations_and_users_is_taken_by_superusers() {
    with_superusers(async |t| {
        let api = Api::of(t);
        let root = user(t, "root", ALL_SCOPES).await;
        let auditor = user(t, "auditor", ALL_SCOPES).await;
        let ann = user(t, "ann", ALL_SCOPES).await;
        let bob = user(t, "bob", ALL_SCOPES).await;
        let new = json!({ "name": "acme" });
        assert_eq!(api.post(&ann, "/organization/", &new).await.status, 201);
        let take = |name: &str| format!("/superuser/takeownership/{name}");
        let nothing = json!({});
        let refused = api.post(&auditor, &take("acme"), &nothing).await;
        assert_eq!(refused.status, 403);
        for (who, status) in [(&Who::Visitor, 401), (&bob, 403)] {
            for name in ["acme", "nobody", "NO NAME"] {
                let path = take(&name.replace(' ', "%20"));
                assert_eq!(api.post(who, &path, &nothing).await.status, status);
            }
        }
        let taken = api.post(&root, &take("acme"), &nothing).await;
        assert_eq!(taken.told(), (200, json!({ "namespace": "acme" })));
        let view = api.get(&root, "/organization/acme").await.json();
        assert_eq!(
            (&view["is_admin"], &view["is_member"]),
            (&json!(true), &json!(true))
        );
        let taken = api.post(&root, &take("ann"), &nothing).await;
        assert_eq!(taken.told(), (200, json!({ "namespace": "ann" })));
        assert_eq!(api.get(&ann, "/user/").await.status, 401);
        assert_eq!(api.get(&Who::Nobody, "/users/ann").await.status, 404);
        let view = api.get(&root, "/organization/ann").await.json();
        assert_eq!(view["is_admin"], json!(true));
        let refused = api.post(&root, &take("root"), &nothing).await;
        let says = "Cannot take ownership of a superuser";
        assert_eq!(refused.problem(), (400, says.into()));
        let unknown = api.post(&root, &take("nobody"), &nothing).await;
        assert_eq!(unknown.problem(), (404, "Not Found".into()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_shown_to_superusers_where_that_is_switched_on() {
    with_superusers(async |t| {
        let root = user(t, "root", ALL_SCOPES).await;
        let ann = user(t, "ann", ALL_SCOPES).await;
        let off = Api::of(t).get(&root, "/superuser/config").await;
        assert_eq!(off.status, 403);
        let mut settings = t.services.settings().clone();
        let mut configuration = berth_services::settings::Configuration::default();
        let title = json!("Harbour");
        configuration.values.insert("REGISTRY_TITLE".into(), title);
        settings.configuration = Some(std::sync::Arc::new(configuration));
        let api = Api::over(&t.replica(settings));
        let told = json!({
            "config": { "REGISTRY_TITLE": "Harbour" }, "warning": {}, "env": {}, "schema": {},
        });
        assert_eq!(
            api.get(&root, "/superuser/config").await.told(),
            (200, told)
        );
        let log = api.get(&root, "/superuser/changelog/").await.json();
        assert!(log["log"].as_str().unwrap().starts_with("# Changelog"));
        for path in ["/superuser/config", "/superuser/changelog/"] {
            assert_eq!(api.get(&ann, path).await.status, 403);
            assert_eq!(api.get(&Who::Nobody, path).await.status, 401);
        }
        let status = api.get(&Who::Nobody, "/superuser/registrystatus").await;
        assert_eq!(status.json()["status"], json!("ready"));
    })
    .await;
}
