//! The own account: sign-up, details, password, client tokens, its end.

use berth_domain::NotificationKind;
use berth_services::Settings;
use berth_services::notifications::{Audience, Notice};
use berth_testkit::{PASSWORD, db_test};
use serde_json::json;

use crate::api::{ALL_SCOPES, Api, Who, token, user, with_settings};

db_test!(
    async fn a_stranger_signs_up_and_is_signed_in(t: TestRegistry) {
        let api = Api::of(t);
        t.user("first").await;
        let body = json!({ "username": "ann", "password": PASSWORD, "email": "ann@example.com" });
        // A page of another site has no token to show.
        assert_eq!(api.post(&Who::Nobody, "/user/", &body).await.status, 403);
        let made = api.post(&Who::Visitor, "/user/", &body).await;
        assert_eq!(made.status, 200, "{}", made.text);
        assert_eq!(made.json()["username"], json!("ann"));
        assert_eq!(made.json()["email"], json!("ann@example.com"));
        let browser = Who::Browser {
            session: made.cookie("berth_session"),
            csrf: made.header("x-next-csrf-token").to_owned(),
        };
        assert_eq!(
            api.get(&browser, "/user/").await.json()["is_me"],
            json!(true)
        );
        t.clock.advance(std::time::Duration::from_mins(6));
        for (changed, says) in [
            (json!({}), "The username already exists"),
            (
                json!({ "username": "bob" }),
                "Email has already been used: ann@example.com",
            ),
            (
                json!({ "username": "bob", "email": "", "password": "short" }),
                "Invalid password, password must be at least 8 characters and contain no whitespace.",
            ),
        ] {
            let mut body = body.clone();
            for (field, value) in changed.as_object().unwrap() {
                body[field] = value.clone();
            }
            t.clock.advance(std::time::Duration::from_mins(6));
            let refused = api.post(&Who::Visitor, "/user/", &body).await;
            assert_eq!(refused.problem(), (400, says.to_owned()));
        }
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn nobody_signs_up_where_the_switch_is_off() {
    let mut settings = Settings::default();
    settings.users.sign_up = false;
    with_settings(settings, async |t| {
        let body = json!({ "username": "ann", "password": PASSWORD });
        let answer = Api::of(t).post(&Who::Visitor, "/user/", &body).await;
        assert_eq!(answer.problem(), (404, "Not Found".into()));
    })
    .await;
}

db_test!(
    async fn a_new_password_ends_every_session_but_the_one_that_it_gives(t: TestRegistry) {
        let api = Api::of(t);
        t.user("ann").await;
        let (here, there) = (api.sign_in("ann").await, api.sign_in("ann").await);
        let weak = api
            .put(&here, "/user/", &json!({ "password": "short" }))
            .await;
        assert_eq!(weak.problem().0, 400);
        let changed = api
            .put(&here, "/user/", &json!({ "password": "another-password" }))
            .await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        let next = Who::Browser {
            session: changed.cookie("berth_session"),
            csrf: changed.header("x-next-csrf-token").to_owned(),
        };
        for ended in [&here, &there] {
            assert_eq!(api.get(ended, "/user/").await.status, 401);
        }
        assert_eq!(api.get(&next, "/user/").await.status, 200);
        let body = json!({ "username": "ann", "password": "another-password" });
        assert_eq!(api.post(&Who::Visitor, "/signin", &body).await.status, 200);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_tells_of_itself_is_shown_to_it() {
    let mut settings = Settings::default();
    settings.users.names = true;
    with_settings(settings, async |t| {
        let api = Api::of(t);
        let ann = user(t, "ann", ALL_SCOPES).await;
        let told = json!({
            "given_name": "Ann", "company": "Acme", "location": "Oslo", "email": "ann@acme.example",
            "tag_expiration_s": 86400,
        });
        let answer = api.put(&ann, "/user/", &told).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        for (field, value) in told.as_object().unwrap() {
            assert_eq!(&answer.json()[field], value, "{field}");
        }
        let refused = api
            .put(&ann, "/user/", &json!({ "tag_expiration_s": 77 }))
            .await;
        assert_eq!(
            refused.told(),
            (400, json!({ "message": "Invalid tag expiration option" }))
        );
        let narrow = token(t, "ann", "user:read").await;
        assert_eq!(api.put(&narrow, "/user/", &told).await.status, 403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_field_of_the_own_account_changes_nothing() {
    let mut settings = Settings::default();
    settings.users.names = true;
    settings.users.rename = true;
    with_settings(settings, async |t| {
        let api = Api::of(t);
        let bob = user(t, "bob", ALL_SCOPES).await;
        let taken = json!({ "email": "bob@users.test" });
        assert_eq!(api.put(&bob, "/user/", &taken).await.status, 200);
        t.user("ann").await;
        let ann = api.sign_in("ann").await;
        let before = api.get(&ann, "/user/").await.json();
        let good = json!({
            "tag_expiration_s": 86400, "given_name": "Ann", "company": "Acme", "email": "ann@users.test",
            "username": "anna", "password": "another-password",
        });
        let invalid = "Invalid tag expiration option";
        for (field, value, says) in [
            ("tag_expiration_s", json!(77), invalid.to_owned()),
            (
                "company",
                json!("x".repeat(256)),
                "expected at most 255 characters, these are 256".to_owned(),
            ),
            (
                "email",
                json!("bob@users.test"),
                "E-mail address already used".to_owned(),
            ),
            ("email", json!("nowhere"), "Invalid email address: nowhere".to_owned()),
            ("username", json!("bob"), "Username is already in use".to_owned()),
            (
                "username",
                json!("Anna"),
                "Invalid namespace Anna: Namespace must match expression \
                 ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$"
                    .to_owned(),
            ),
            (
                "password",
                json!("short"),
                "Invalid password, password must be at least 8 characters and contain no whitespace."
                    .to_owned(),
            ),
        ] {
            let mut body = good.clone();
            body[field] = value;
            let refused = api.put(&ann, "/user/", &body).await;
            if says == invalid {
                assert_eq!(refused.told(), (400, json!({ "message": says })));
            } else {
                assert_eq!(refused.problem(), (400, says), "{field}");
            }
            // The session goes on, under the old name and with the old password.
            assert_eq!(api.get(&ann, "/user/").await.json(), before, "{field}");
            t.login("ann", PASSWORD).await;
        }
        let changed = api.put(&ann, "/user/", &good).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        for (field, value) in good.as_object().unwrap() {
            if field != "password" {
                assert_eq!(&changed.json()[field], value, "{field}");
            }
        }
        t.login("anna", "another-password").await;
        assert_eq!(api.get(&ann, "/user/").await.status, 401, "another session goes on");
        let next = Who::Browser {
            session: changed.cookie("berth_session"),
            csrf: changed.header("x-next-csrf-token").to_owned(),
        };
        assert_eq!(api.get(&next, "/user/").await.json()["username"], "anna");
    })
    .await;
}

db_test!(
    async fn an_account_ends_by_its_own_user_and_with_a_fresh_login(t: TestRegistry) {
        let api = Api::of(t);
        t.user("ann").await;
        let ann = api.sign_in("ann").await;
        t.clock.advance(std::time::Duration::from_mins(11));
        let stale = api.delete(&ann, "/user/").await;
        assert_eq!(stale.problem(), (401, "Requires fresh login".into()));
        let body = json!({ "password": PASSWORD });
        let shown = api.post(&ann, "/signin/verify", &body).await;
        assert_eq!(shown.told(), (200, json!({ "success": true })));
        assert_eq!(api.delete(&ann, "/user/").await.status, 204);
        assert_eq!(api.get(&ann, "/user/").await.status, 401);
        let body = json!({ "username": "ann", "password": PASSWORD });
        assert_eq!(api.post(&Who::Visitor, "/signin", &body).await.status, 403);
        let bob = user(t, "bob", ALL_SCOPES).await;
        let acme = json!({ "name": "acme" });
        assert_eq!(api.post(&bob, "/organization/", &acme).await.status, 201);
        let refused = api.delete(&bob, "/user/").await;
        assert_eq!(
            refused.told(),
            (
                400,
                json!({ "message":
                    "Cannot delete bob as you are the only admin for organizations: acme" })
            )
        );
    }
);

db_test!(
    async fn tokens_of_clients_are_shown_to_their_user_alone(t: TestRegistry) {
        let api = Api::of(t);
        let ann = user(t, "ann", ALL_SCOPES).await;
        let bob = user(t, "bob", ALL_SCOPES).await;
        let made = api
            .post(&ann, "/user/apptoken", &json!({ "title": "laptop" }))
            .await;
        assert_eq!(made.status, 200, "{}", made.text);
        let made = made.json()["token"].clone();
        let text = made["token_code"].as_str().unwrap();
        assert_eq!(text.len(), 120);
        assert_eq!(made["expiration"], json!(null));
        let path = format!("/user/apptoken/{}", made["uuid"].as_str().unwrap());
        let list = api.get(&ann, "/user/apptoken").await.json();
        assert_eq!(list["only_expiring"], json!(null));
        assert_eq!(list["tokens"].as_array().unwrap().len(), 1);
        assert!(list["tokens"][0].get("token_code").is_none());
        let soon = api.get(&ann, "/user/apptoken?expiring=true").await.json();
        assert_eq!(soon, json!({ "tokens": [], "only_expiring": true }));
        assert_eq!(
            api.get(&ann, &path).await.json()["token"]["token_code"],
            text
        );
        for path in [&path, "/user/apptoken/unknown"] {
            assert_eq!(
                api.get(&bob, path).await.problem(),
                (404, "Not Found".into())
            );
            assert_eq!(api.delete(&bob, path).await.status, 404);
        }
        assert_eq!(api.get(&Who::Nobody, "/user/apptoken").await.status, 401);
        let narrow = token(t, "ann", "repo:admin").await;
        assert_eq!(api.get(&narrow, "/user/apptoken").await.status, 403);
        let empty = api
            .post(&ann, "/user/apptoken", &json!({ "title": " " }))
            .await;
        assert_eq!(empty.problem().0, 400);
        assert_eq!(api.delete(&ann, &path).await.status, 204);
        assert_eq!(api.get(&ann, &path).await.status, 404);
    }
);

db_test!(
    async fn an_encrypted_password_is_made_from_the_right_one(t: TestRegistry) {
        let api = Api::of(t);
        let ann = user(t, "ann", ALL_SCOPES).await;
        let wrong = json!({ "password": "not-the-password" });
        let refused = api.post(&ann, "/user/clientkey", &wrong).await;
        assert_eq!(
            refused.problem(),
            (400, "Invalid Username or Password".into())
        );
        let right = json!({ "password": PASSWORD });
        let made = api.post(&ann, "/user/clientkey", &right).await.json();
        let key = made["key"].as_str().unwrap();
        assert!(key.len() > PASSWORD.len() && !key.contains(PASSWORD));
        t.login("ann", key).await;
    }
);

db_test!(
    async fn a_user_becomes_an_organization_and_the_other_user_is_signed_in(t: TestRegistry) {
        let api = Api::of(t);
        t.user("first").await;
        t.user("ann").await;
        t.user("bob").await;
        let ann = api.sign_in("ann").await;
        let body = |user: &str, password: &str| json!({ "adminUser": user, "adminPassword": password, "plan": "free" });
        for (user, password, says) in [
            (
                "bob",
                "not-the-password",
                "The admin user credentials are not valid",
            ),
            ("ann", PASSWORD, "The admin user is not valid"),
        ] {
            let refused = api.post(&ann, "/user/convert", &body(user, password)).await;
            assert_eq!(refused.problem(), (400, says.into()));
            assert_eq!(refused.json()["reason"], json!("invaliduser"));
        }
        let missing = json!({ "adminUser": "bob" });
        assert_eq!(api.post(&ann, "/user/convert", &missing).await.status, 400);
        let narrow = token(t, "ann", "org:admin").await;
        let good = body("bob", PASSWORD);
        for (who, status) in [(&Who::Nobody, 403), (&Who::Visitor, 401), (&narrow, 403)] {
            assert_eq!(api.post(who, "/user/convert", &good).await.status, status);
        }
        let done = api.post(&ann, "/user/convert", &good).await;
        assert_eq!(done.told(), (200, json!({ "success": true })));
        let bob = Who::Browser {
            session: done.cookie("berth_session"),
            csrf: done.header("x-next-csrf-token").to_owned(),
        };
        let view = api.get(&bob, "/user/").await.json();
        assert_eq!(view["username"], json!("bob"));
        assert_eq!(view["organizations"][0]["name"], json!("ann"));
        assert_eq!(api.get(&ann, "/user/").await.status, 401);
        let body = json!({ "username": "ann", "password": PASSWORD });
        assert_eq!(api.post(&Who::Visitor, "/signin", &body).await.status, 403);
    }
);

db_test!(
    async fn a_user_name_stays_where_users_do_not_choose_it(t: TestRegistry) {
        let api = Api::of(t);
        t.user("ann").await;
        let ann = api.sign_in("ann").await;
        let other = json!({ "username": "anna" });
        let view = api.put(&ann, "/user/", &other).await.json();
        assert_eq!(view["username"], json!("ann"));
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn a_user_chooses_another_name_where_that_is_switched_on() {
    let mut settings = Settings::default();
    settings.users.rename = true;
    with_settings(settings, async |t| {
        let api = Api::of(t);
        t.user("ann").await;
        t.user("bob").await;
        let ann = api.sign_in("ann").await;
        let refused = api.put(&ann, "/user/", &json!({ "username": "bob" })).await;
        assert_eq!(
            refused.problem(),
            (400, "Username is already in use".into())
        );
        let odd = api
            .put(&ann, "/user/", &json!({ "username": "Anna!" }))
            .await;
        assert_eq!(odd.status, 400);
        let view = api
            .put(&ann, "/user/", &json!({ "username": "anna" }))
            .await;
        assert_eq!(view.json()["username"], json!("anna"));
        assert_eq!(
            api.get(&ann, "/user/").await.json()["username"],
            json!("anna")
        );
        assert_eq!(api.get(&ann, "/users/ann").await.status, 404);
        t.login("anna", PASSWORD).await;
    })
    .await;
}

db_test!(
    async fn the_bell_is_read_and_put_away_by_its_user(t: TestRegistry) {
        let api = Api::of(t);
        let ann = user(t, "ann", ALL_SCOPES).await;
        let bob = user(t, "bob", ALL_SCOPES).await;
        let id = t.login("ann", PASSWORD).await.user_id().unwrap();
        for n in 0..7 {
            let (subject, metadata) = (format!("work-{n}"), json!({ "n": n }));
            let notice = Notice {
                kind: NotificationKind::Maintenance,
                subject: &subject,
                organization: None,
                metadata: &metadata,
            };
            let (notifications, local) = (&t.services.notifications, t.services.authn.local());
            let told = notifications
                .tell(&local, Audience::Users(&[id]), notice)
                .await;
            told.unwrap();
        }
        let list = api.get(&ann, "/user/notifications").await.json();
        let rows = list["notifications"].as_array().unwrap();
        assert_eq!((rows.len(), &list["additional"]), (5, &json!(true)));
        let row = &rows[0];
        assert_eq!(row["kind"], json!("maintenance"));
        assert_eq!(row["metadata"], json!({ "n": 6 }));
        assert_eq!(
            (&row["organization"], &row["dismissed"]),
            (&json!(null), &json!(false))
        );
        assert!(row["created"].as_str().unwrap().ends_with(" -0000"));
        let rest = api
            .get(&ann, "/user/notifications?page=1&limit=5")
            .await
            .json();
        assert_eq!(rest["notifications"].as_array().unwrap().len(), 2);
        assert_eq!(rest["additional"], json!(false));
        let empty = api.get(&bob, "/user/notifications").await;
        assert_eq!(
            empty.json(),
            json!({ "notifications": [], "additional": false })
        );
        let path = format!("/user/notifications/{}", row["id"].as_str().unwrap());
        assert_eq!(&api.get(&ann, &path).await.json(), row);
        let away = api
            .put(&ann, &path, &json!({ "dismissed": true }))
            .await
            .json();
        assert_eq!(away["dismissed"], json!(true));
        assert_eq!(api.put(&ann, &path, &json!({})).await.json(), away);
        let list = api.get(&ann, "/user/notifications?limit=100").await.json();
        assert_eq!(list["notifications"].as_array().unwrap().len(), 6);
        let narrow = token(t, "ann", "repo:admin").await;
        for (who, read, write) in [
            (&Who::Visitor, 401, 401),
            (&narrow, 403, 403),
            (&bob, 404, 404),
        ] {
            assert_eq!(api.get(who, &path).await.status, read);
            let put = api.put(who, &path, &json!({ "dismissed": false })).await;
            assert_eq!(put.status, write);
        }
        assert_eq!(api.get(&narrow, "/user/notifications").await.status, 403);
    }
);
