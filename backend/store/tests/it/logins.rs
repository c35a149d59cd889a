//! A way in is a row of its own: an account is there without one, too.

use std::time::Duration;

use berth_domain::Secret;
use berth_services::Origin;
use berth_store::{Conn, logins};
use berth_testkit::{Backend, PASSWORD, TestRegistry};
use diesel_async::RunQueryDsl;

/// Takes all ways in away, as for users who sign in elsewhere.
async fn without_passwords(t: &TestRegistry) {
    const DELETE: &str = "delete from logins";
    let deleted = t.db().write(async |tx| {
        let deleted = match &mut **tx {
            Conn::Pg(c) => diesel::sql_query(DELETE).execute(&mut **c).await,
            Conn::Lite(c) => diesel::sql_query(DELETE).execute(&mut **c).await,
        };
        Ok(deleted.unwrap())
    });
    assert_eq!(deleted.await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_a_password_keeps_the_account_and_is_asked_for_none() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(t) = TestRegistry::on(backend).await else {
            continue;
        };
        t.user("ann").await;
        let session = t.session("ann").await.actor;
        let (accounts, authn) = (&t.services.accounts, &t.services.authn);
        let kinds = async || {
            let found = accounts.logins(&session).await.unwrap().into_iter();
            found.map(|login| login.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds().await, [logins::PASSWORD]);
        t.clock.advance(Duration::from_mins(11));
        let stale = authn.check_fresh(&session).await.unwrap_err();
        assert_eq!(stale.code(), "FRESH_LOGIN_REQUIRED");

        without_passwords(&t).await;
        assert!(kinds().await.is_empty());
        authn.check_fresh(&session).await.unwrap();
        let password = Secret::from(PASSWORD);
        let login = authn.basic("ann", &password, Origin::default()).await;
        assert_eq!(
            login.unwrap_err().to_string(),
            "Invalid Username or Password"
        );
        let again = authn.sign_in("ann", &password, Origin::default()).await;
        assert!(again.is_err());
        t.close().await;
    }
}
