//! When users were last there.

use std::time::Duration;

use berth_domain::{Clock as _, PageRequest, Secret, Timestamp};
use berth_services::superuser::UserFilter;
use berth_services::{Actor, Origin, Services, Settings};
use berth_store::users;
use berth_testkit::{PASSWORD, db_test};

/// What superusers see of a user.
async fn last_use(services: &Services, root: &Actor, name: &str) -> Option<Timestamp> {
    let view = services.superuser.by_name(root, name).await;
    view.unwrap().last_used_at
}

/// More than after which a use is written down again.
const LATER: Duration = Duration::from_mins(6);

db_test!(
    async fn a_user_is_seen_at_sign_in_and_now_and_then_after_that(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let superuser = &t.services.superuser;
        let (view, password) = superuser.create_user(&root, "ann", None).await.unwrap();
        assert_eq!(view.last_used_at, None);
        let authn = &t.services.authn;
        let seen = async || last_use(&t.services, &root, "ann").await;
        let signed_in = authn.sign_in("ann", &password, Origin::default());
        let session = signed_in.await.unwrap();
        let first = t.clock.now();
        assert_eq!(seen().await, Some(first));
        let come_back = async || {
            let cookie = session.token.expose();
            authn.session(cookie, Origin::default()).await.unwrap()
        };
        t.clock.advance(Duration::from_mins(4));
        assert!(come_back().await.is_some());
        assert_eq!(seen().await, Some(first), "not at each request");
        t.clock.advance(Duration::from_mins(2));
        assert!(come_back().await.is_some());
        assert_eq!(seen().await, Some(t.clock.now()));
        // A sign-in is one whenever it comes.
        t.clock.advance(Duration::from_mins(1));
        authn
            .sign_in("ann", &password, Origin::default())
            .await
            .unwrap();
        assert_eq!(seen().await, Some(t.clock.now()));
    }
);

db_test!(
    async fn a_client_counts_by_whatever_it_shows(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let oauth = t.oauth_token(&ann, "repo:read").await;
        let session = t.session("ann").await.actor;
        let app_tokens = &t.services.app_tokens;
        let (_, app) = app_tokens.create(&session, "laptop").await.unwrap();
        let authn = &t.services.authn;
        for (name, password) in [
            ("ann", PASSWORD),
            ("$app", app.expose()),
            ("$oauthtoken", oauth.as_str()),
        ] {
            t.clock.advance(LATER);
            t.login(name, password).await;
            let now = t.clock.now();
            assert_eq!(
                last_use(&t.services, &root, "ann").await,
                Some(now),
                "{name}"
            );
        }
        t.clock.advance(LATER);
        let bearer = authn.bearer(&oauth, Origin::default()).await;
        assert!(bearer.is_ok());
        let last = t.clock.now();
        assert_eq!(last_use(&t.services, &root, "ann").await, Some(last));
        // Who is refused was not there.
        t.clock.advance(LATER);
        let wrong = Secret::from("not-the-password");
        assert!(authn.basic("ann", &wrong, Origin::default()).await.is_err());
        let id = ann.user_id().unwrap();
        t.db()
            .write(async |tx| users::set_enabled(tx, id, false).await)
            .await
            .unwrap();
        for (name, password) in [
            ("ann", PASSWORD),
            ("$app", app.expose()),
            ("$oauthtoken", &oauth),
        ] {
            let password = Secret::from(password);
            let refused = authn.basic(name, &password, Origin::default()).await;
            assert!(refused.is_err(), "{name}");
        }
        assert_eq!(last_use(&t.services, &root, "ann").await, Some(last));
    }
);

db_test!(
    async fn nothing_is_noted_and_shown_where_that_is_switched_off(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let mut settings = Settings::default();
        settings.users.note_last_use = false;
        let off = t.replica(settings);
        let password = Secret::from(PASSWORD);
        let local = off.authn.local();
        let made = off.authn.create_user(&local, "ann", None, &password, false);
        made.await.unwrap();
        let signed_in = off.authn.sign_in("ann", &password, Origin::default());
        let cookie = signed_in.await.unwrap().token;
        t.clock.advance(LATER);
        let come_back = off.authn.session(cookie.expose(), Origin::default());
        assert!(come_back.await.unwrap().is_some());
        let client = off.authn.basic("ann", &password, Origin::default());
        assert!(client.await.is_ok());
        assert_eq!(last_use(&t.services, &root, "ann").await, None);
        // What was noted before stands there, and is not told.
        assert!(last_use(&t.services, &root, "root").await.is_some());
        assert_eq!(last_use(&off, &root, "root").await, None);
    }
);

db_test!(
    async fn users_who_were_away_are_found_and_new_ones_are_not_among_them(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let superuser = &t.services.superuser;
        superuser.create_user(&root, "never", None).await.unwrap();
        t.user("ann").await;
        t.user("bob").await;
        t.clock.advance(Duration::from_hours(100 * 24));
        t.login("bob", PASSWORD).await;
        t.user("new").await;
        let authn = &t.services.authn;
        let password = Secret::from(PASSWORD);
        let local = authn.local();
        let made = authn.create_user(&local, "newer", None, &password, false);
        made.await.unwrap();
        let filter = UserFilter {
            inactive_since: Some(t.clock.now().before(Duration::from_hours(90 * 24))),
            ..UserFilter::default()
        };
        let page = PageRequest::new(None, 10);
        let away = superuser.users(&root, &filter, &page).await.unwrap();
        let names: Vec<&str> = away.items.iter().map(|user| user.name.as_str()).collect();
        assert_eq!(names, ["ann", "never", "root"]);
        assert_eq!(superuser.count(&root, &filter).await.unwrap(), 3);
    }
);
