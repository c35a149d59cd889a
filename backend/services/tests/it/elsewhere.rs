//! Accounts that another system keeps: they are neither made nor ended here, and have no password here.

use std::sync::Arc;

use async_trait::async_trait;
use berth_domain::{Error, Secret};
use berth_services::accounts::Change;
use berth_services::authn::{InitialUser, NewAccount};
use berth_services::ports::{Mailer, NotSent, OutgoingMail};
use berth_services::settings::Authentication;
use berth_services::superuser::UserChange;
use berth_services::{Origin, Services, Settings};
use berth_store::mails;
use berth_testkit::{PASSWORD, TestRegistry, db_test};

use super::ownership::session;

/// A server that takes every mail.
struct Silent;

#[async_trait]
impl Mailer for Silent {
    async fn send(&self, _: &OutgoingMail) -> Result<(), NotSent> {
        Ok(())
    }
}

/// A replica whose accounts are kept elsewhere, with everything else switched on.
fn elsewhere(t: &TestRegistry) -> Services {
    let mut settings = Settings::default();
    settings.users.authentication = Authentication::Elsewhere;
    settings.users.rename = true;
    settings.users.initialize_by_api = true;
    t.mailing_replica(settings, Arc::new(Silent))
}

fn is_off(outcome: Result<(), Error>, says: &str) {
    let refused = outcome.unwrap_err();
    assert_eq!(
        (refused.code(), refused.to_string().as_str()),
        ("FEATURE_OFF", says)
    );
}

fn stranger() -> NewAccount {
    NewAccount {
        username: "carol".into(),
        password: Secret::from(PASSWORD),
        email: Some("carol@users.test".into()),
        invite_code: None,
    }
}

db_test!(
    async fn a_user_whose_account_is_kept_elsewhere_changes_and_ends_it_there(t: TestRegistry) {
        t.user("ann").await;
        t.user("bob").await;
        let up = elsewhere(t);
        let (accounts, authn) = (&up.accounts, &up.authn);
        let ann = session(&up, "ann").await;
        let (old, new) = (Secret::from(PASSWORD), Secret::from("another-password"));
        let origin = Origin::default;

        let signed_up = authn.sign_up(stranger(), origin()).await.map(drop);
        is_off(
            signed_up,
            "accounts are created where they are kept, not here",
        );
        is_off(
            accounts.delete(&ann).await,
            "accounts are deleted where they are kept",
        );
        let converted = authn.convert_to_organization(&ann, "bob", &old).await;
        is_off(
            converted.map(drop),
            "accounts are kept elsewhere, and stay users there",
        );
        let named = accounts.rename(&ann, &"anna".parse().unwrap()).await;
        is_off(named.map(drop), "names are given where accounts are kept");

        let changed = authn.change_password(&ann, &old, &new).await;
        let there = "passwords are kept elsewhere; they are changed there";
        is_off(changed.map(drop), there);
        let change = Change {
            password: Some(new.clone()),
            ..Change::default()
        };
        is_off(accounts.change(&ann, &change).await.map(drop), there);
        let encrypted = authn.generate_encrypted_password(&ann, &old).await;
        is_off(
            encrypted.map(drop),
            "passwords are kept elsewhere, so there is none to encrypt",
        );
        let email = "ann@users.test".parse().unwrap();
        let there = "passwords are kept elsewhere; they are recovered there";
        is_off(authn.request_recovery(&email, &origin()).await, there);
        let recovered = authn.recover_account("x", &new, origin()).await;
        is_off(recovered.map(drop), there);

        // Nothing of it happened.
        t.login("ann", PASSWORD).await;
        let mut conn = t.db().read().await.unwrap();
        assert_eq!(mails::count(&mut conn).await.unwrap(), 0);
    }
);

db_test!(
    async fn superusers_make_no_accounts_and_no_passwords_that_are_kept_elsewhere(t: TestRegistry) {
        t.superuser("root").await;
        let ann = t.user("ann").await.user_id().unwrap();
        let up = elsewhere(t);
        let root = session(&up, "root").await;
        let superuser = &up.superuser;
        let made = superuser.create_user(&root, "carol", Some("carol@users.test"));
        is_off(
            made.await.map(drop),
            "Cannot create a user in a non-database auth system",
        );
        for (change, says) in [
            (
                UserChange {
                    password: Some(Secret::from("another-password")),
                    ..UserChange::default()
                },
                "Cannot change password in non-database auth",
            ),
            (
                UserChange {
                    email: Some("ann@other.test".parse().unwrap()),
                    ..UserChange::default()
                },
                "Cannot change e-mail in non-database auth",
            ),
        ] {
            let changed = superuser.change_user(&root, ann, &change).await;
            is_off(changed.map(drop), says);
        }
        // Who may come in is decided here all the same.
        let view = superuser.set_enabled(&root, ann, false).await.unwrap();
        assert!(!view.enabled && view.email.is_none());
    }
);

db_test!(
    async fn the_first_user_is_not_made_here_where_accounts_are_kept_elsewhere(t: TestRegistry) {
        let authn = elsewhere(t).authn.clone();
        let first = || InitialUser {
            username: "admin".into(),
            password: Secret::from(PASSWORD),
            email: None,
            setup_code: None,
        };
        let says = "Cannot initialize user in a non-database auth system";
        let by_page = authn.initialize(first(), Origin::default()).await;
        is_off(by_page.map(drop), says);
        let by_api = authn.initialize_by_api(first(), true, Origin::default());
        is_off(by_api.await.map(drop), says);
        assert!(authn.needs_setup().await.unwrap());
    }
);
