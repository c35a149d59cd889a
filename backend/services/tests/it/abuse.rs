//! Names, addresses and passwords as somebody writes them who is up to something.

use std::time::Duration;

use berth_domain::{Error, Namespace, RobotName, Secret};
use berth_services::authn::NewAccount;
use berth_services::{Origin, Settings};
use berth_testkit::{PASSWORD, db_test};

/// Spellings that look like `ann`, become `ann` by some rule, or break what they stand in.
const ODD: [&str; 22] = [
    "\u{430}nn",                // Cyrillic
    "\u{251}nn",                // the IPA's
    "\u{ff41}\u{ff4e}\u{ff4e}", // full width
    "\u{24d0}nn",               // in a circle
    "\u{1d41a}nn",              // bold, outside of the first plane
    "ANN",
    "Ann",
    "a\u{2115}n", // becomes N by compatibility
    "ann\u{301}", // with an accent of its own
    "a\u{f1}n",
    "ann\u{200b}", // no width
    "a\u{ad}nn",   // a soft hyphen
    "\u{feff}ann", // a mark of byte order
    "\u{202e}nna", // from right to left
    "ann\u{0}",
    "ann\u{0}@users.test",
    "ann\n",
    " ann",
    "ann\u{a0}",
    "ann\r\nBcc: mallory@evil.test",
    "\u{1f4a5}\u{1f4a5}",
    "a\u{131}n", // a dotless i
];

fn from(number: usize) -> Origin {
    let number = u8::try_from(number).unwrap();
    Origin {
        ip: Some([10, 0, 0, number].into()),
        ..Origin::default()
    }
}

db_test!(
    async fn a_name_in_odd_unicode_is_nobodys_and_makes_nobody(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let id = ann.user_id().unwrap();
        let mut settings = Settings::default();
        settings.users.log_login_failures = true;
        let services = t.replica(settings);
        let (authn, superuser) = (&services.authn, &services.superuser);
        let email = "ann@users.test".parse().unwrap();
        superuser.change_email(&root, id, &email).await.unwrap();
        let password = Secret::from(PASSWORD);
        for (number, name) in ODD.into_iter().enumerate() {
            for refused in [
                authn.sign_in(name, &password, from(number)).await.map(drop),
                authn.basic(name, &password, from(number)).await.map(drop),
            ] {
                let refused = refused.unwrap_err();
                assert!(
                    matches!(refused, Error::Unauthenticated { .. }),
                    "{name:?}: {refused:?}"
                );
            }
            let new = NewAccount {
                username: name.into(),
                password: password.clone(),
                email: None,
                invite_code: None,
            };
            let refused = authn.sign_up(new, from(number)).await.unwrap_err();
            assert_eq!(refused.field(), Some("username"), "{name:?}");
            let refused = superuser.create_user(&root, name, None).await.unwrap_err();
            assert_eq!(refused.field(), Some("username"), "{name:?}");
            let unknown = superuser.by_name(&root, name).await.unwrap_err();
            assert_eq!(unknown.code(), "USER_NOT_FOUND", "{name:?}");
            assert!(name.parse::<Namespace>().is_err(), "{name:?}");
            assert!(format!("ann+{name}").parse::<RobotName>().is_err());
        }
        // What is left is one ann.
        assert_eq!(superuser.by_name(&root, "ann").await.unwrap().id, id);
    }
);

db_test!(
    async fn a_storm_of_guesses_stops_nobody_but_its_own_address(t: TestRegistry) {
        t.user("ann").await;
        t.user("bob").await;
        let authn = &t.services.authn;
        let (wrong, right) = (Secret::from("not-the-password"), Secret::from(PASSWORD));
        let storm = from(1);
        let mut waits = 0;
        for number in 0..200 {
            // Many names from one place, among them some that are there.
            let name = match number % 4 {
                0 => "ann".to_owned(),
                1 => "bob".to_owned(),
                _ => format!("user{number}"),
            };
            match authn.sign_in(&name, &wrong, storm.clone()).await {
                Err(Error::Unauthenticated { .. }) => {}
                Err(Error::RateLimited { retry_after_s }) => {
                    assert!((1..=300).contains(&retry_after_s), "{retry_after_s}");
                    waits += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(waits > 150, "{waits}");
        for name in ["ann", "bob"] {
            let held_up = authn.sign_in(name, &right, storm.clone()).await;
            assert!(matches!(held_up, Err(Error::RateLimited { .. })), "{name}");
            for elsewhere in 2..5 {
                let origin = from(elsewhere);
                authn.sign_in(name, &right, origin.clone()).await.unwrap();
                authn.basic(name, &right, origin).await.unwrap();
            }
        }
        // The storm is over, and forgotten in time.
        t.clock.advance(Duration::from_hours(2));
        authn.sign_in("ann", &right, storm).await.unwrap();
    }
);
