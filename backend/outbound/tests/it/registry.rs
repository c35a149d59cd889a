//! What the registry mails, and what the codes in it do.

use std::time::Duration;

use berth_domain::{Clock as _, Email, Error, Secret, TeamRole};
use berth_services::Origin;
use berth_services::accounts::{EmailChange, Names};
use berth_services::authn::{NewAccount, SignedUp};
use berth_store::{accounts, mails, organizations, teams};
use berth_testkit::PASSWORD;
use berth_testkit::smtp::Mood;

use super::{TICK, last_code, mail_test, waiting};

fn new(name: &str) -> NewAccount {
    NewAccount {
        username: name.into(),
        password: Secret::from(PASSWORD),
        email: Some(format!("{name}@users.test")),
        invite_code: None,
    }
}

mail_test!(
    async fn a_sign_up_waits_for_its_address(t, server) {
        let authn = &t.services.authn;
        let signed_up = authn.sign_up(new("ann"), Origin::default()).await.unwrap();
        assert!(matches!(signed_up, SignedUp::AwaitingVerification));
        let password = Secret::from(PASSWORD);
        let sign_in = async || authn.sign_in("ann", &password, Origin::default()).await;
        assert!(matches!(sign_in().await, Err(Error::EmailUnverified)));
        // Clients of the registry itself do not wait.
        t.login("ann", PASSWORD).await;
        let code = last_code(t, server).await;
        let [mail] = server.mails().try_into().unwrap();
        assert_eq!(mail.to, ["ann@users.test"]);
        let text = mail.text();
        assert!(text.contains(&format!("https://reg.test/confirm?code={code}")), "{text}");
        assert!(!mail.data.to_lowercase().contains("\r\nbcc:"), "{}", mail.data);
        let email = authn.confirm_email(&code, Origin::default()).await.unwrap();
        assert_eq!(email, "ann@users.test");
        sign_in().await.unwrap();
        let again = authn.confirm_email(&code, Origin::default()).await.unwrap_err();
        assert_eq!(again.to_string(), "Invalid confirmation code.");
        let nameless = NewAccount { email: None, ..new("bob") };
        let refused = authn.sign_up(nameless, Origin::default()).await.unwrap_err();
        assert_eq!(refused.to_string(), "Email address is required");
    }
);

mail_test!(
    async fn a_sign_in_before_asks_again_and_an_old_code_is_dead(t, server) {
        let authn = &t.services.authn;
        authn.sign_up(new("ann"), Origin::default()).await.unwrap();
        let old = last_code(t, server).await;
        t.clock.advance(Duration::from_mins(31));
        let late = authn.confirm_email(&old, Origin::default()).await.unwrap_err();
        assert_eq!(late.field(), Some("code"));
        let password = Secret::from(PASSWORD);
        for _ in 0..3 {
            let refused = authn.sign_in("ann", &password, Origin::default()).await;
            assert!(matches!(refused, Err(Error::EmailUnverified)));
        }
        assert_eq!(waiting(t).await, 1, "what waits already is not asked for twice");
        let code = last_code(t, server).await;
        assert_eq!((server.mails().len(), waiting(t).await), (2, 0));
        authn.confirm_email(&code, Origin::default()).await.unwrap();
    }
);

mail_test!(
    async fn a_lost_password_is_replaced_once_and_ends_the_sessions(t, server) {
        t.mailed_user("ann").await;
        let session = t.session("ann").await;
        let authn = &t.services.authn;
        let email: Email = "ANN@users.test".parse().unwrap();
        authn.request_recovery(&email, &Origin::default()).await.unwrap();
        let code = last_code(t, server).await;
        let mail = server.mails().pop().unwrap();
        assert!(mail.text().contains(&format!("https://reg.test/recovery?code={code}")));
        let weak = authn
            .recover_account(&code, &Secret::from("weak"), Origin::default())
            .await
            .unwrap_err();
        assert_eq!(weak.field(), Some("password"), "a refused password costs no code");
        let password = Secret::from("another-password");
        // A code for one thing is none for another.
        assert!(authn.confirm_email(&code, Origin::default()).await.is_err());
        let recovered = authn
            .recover_account(&code, &password, Origin::default())
            .await
            .unwrap();
        assert_eq!(recovered.actor.name().as_deref(), Some("ann"));
        t.login("ann", "another-password").await;
        let old = authn.session(session.token.expose(), Origin::default()).await;
        assert!(old.unwrap().is_none());
        let again = authn
            .recover_account(&code, &password, Origin::default())
            .await
            .unwrap_err();
        assert_eq!(again.to_string(), "Invalid confirmation code.");
    }
);

mail_test!(
    async fn two_uses_of_a_code_at_once_are_one(t, server) {
        t.mailed_user("ann").await;
        let authn = &t.services.authn;
        let email: Email = "ann@users.test".parse().unwrap();
        authn.request_recovery(&email, &Origin::default()).await.unwrap();
        let code = last_code(t, server).await;
        let (one, two) = (Secret::from("password-one"), Secret::from("password-two"));
        let uses = [&one, &two].map(|new| authn.recover_account(&code, new, Origin::default()));
        let [one, two]: [_; 2] = futures::future::join_all(uses).await.try_into().unwrap();
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    }
);

mail_test!(
    async fn an_address_that_nobody_has_is_answered_alike_and_gets_no_mail(t, server) {
        t.mailed_user("ann").await;
        t.mailed_user("bob").await;
        let root = t.login("root", PASSWORD).await;
        let bob = t.login("bob", PASSWORD).await.user_id().unwrap();
        assert!(root.user_id().is_some());
        t.db()
            .write(async |tx| berth_store::users::set_enabled(tx, bob, false).await)
            .await
            .unwrap();
        let authn = &t.services.authn;
        // Of who is shut out as of nobody.
        for address in ["nobody@users.test", "bob@users.test", "ann@users.test"] {
            let email: Email = address.parse().unwrap();
            authn.request_recovery(&email, &Origin::default()).await.unwrap();
        }
        assert_eq!(waiting(t).await, 3);
        t.work_after(TICK, "mail").await;
        assert_eq!(waiting(t).await, 0);
        let to: Vec<_> = server.mails().into_iter().flat_map(|mail| mail.to).collect();
        assert_eq!(to, ["ann@users.test"]);
    }
);

mail_test!(
    async fn an_address_of_organizations_gets_names_and_no_code(t, server) {
        t.mailed_user("ann").await;
        t.mailed_user("bob").await;
        let (authn, organizations) = (&t.services.authn, &t.services.organizations);
        let ann = t.login("ann", PASSWORD).await;
        let shared: Email = "Office@acme.test".parse().unwrap();
        for name in ["acme", "acme-labs"] {
            let name = name.parse().unwrap();
            let id = organizations.create(&ann, &name, None).await.unwrap().id;
            // As where organizations may share an address.
            t.db()
                .write(async |tx| organizations::set_email(tx, id, Some(&shared)).await)
                .await
                .unwrap();
        }
        // A user's address is the user's, whatever organization has it too.
        let zoo = "zoo".parse().unwrap();
        let own: Email = "ann@users.test".parse().unwrap();
        organizations.create(&ann, &zoo, Some(&own)).await.unwrap();
        let bob = t.login("bob", PASSWORD).await.user_id().unwrap();
        let now = t.clock.now();
        t.db()
            .write(async |tx| {
                let acme = accounts::by_name(tx, &"acme".parse()?).await?.unwrap();
                let team = teams::insert(tx, acme.id, "more", TeamRole::Admin, now).await?;
                teams::add_member(tx, team, bob, now).await
            })
            .await
            .unwrap();
        let typed: Email = "OFFICE@acme.test".parse().unwrap();
        authn.request_recovery(&typed, &Origin::default()).await.unwrap();
        t.work_after(TICK, "mail").await;
        let [mail] = server.mails().try_into().unwrap();
        assert_eq!(mail.to, ["Office@acme.test"], "as it was written");
        let text = mail.text();
        assert!(text.contains("  acme: ann, bob\r\n"), "{text}");
        assert!(text.contains("  acme-labs: ann\r\n"), "{text}");
        assert!(mail.code().is_none() && !text.contains("/recovery"), "{text}");

        authn.request_recovery(&own, &Origin::default()).await.unwrap();
        last_code(t, server).await;
        // It is no way to flood anybody either.
        for n in 0..20 {
            let from = Origin {
                ip: Some([10, 0, 0, n].into()),
                ..Origin::default()
            };
            authn.request_recovery(&typed, &from).await.unwrap();
            t.work_after(TICK, "mail").await;
        }
        assert_eq!((server.mails().len(), waiting(t).await), (6, 0));
        // Of a deleted organization as of nobody.
        t.clock.advance(Duration::from_hours(1));
        let mut ids = Vec::new();
        for name in ["acme", "acme-labs"] {
            let found = organizations.by_name(&ann, &name.parse().unwrap()).await;
            ids.push(found.unwrap().id);
        }
        organizations.delete(&ann, &ids).await.unwrap();
        authn.request_recovery(&typed, &Origin::default()).await.unwrap();
        t.work_after(TICK, "mail").await;
        assert_eq!((server.mails().len(), waiting(t).await), (6, 0));
    }
);

mail_test!(
    async fn nobody_is_flooded_with_mail(t, server) {
        t.mailed_user("ann").await;
        let authn = &t.services.authn;
        let email: Email = "ann@users.test".parse().unwrap();
        let mut limited = 0;
        for n in 0..20 {
            let from = Origin {
                ip: Some([10, 0, 0, n].into()),
                ..Origin::default()
            };
            authn.request_recovery(&email, &from).await.unwrap();
            t.work_after(TICK, "mail").await;
        }
        assert_eq!(server.mails().len(), 5, "no more while five codes live");
        for _ in 0..30 {
            let result = authn.request_recovery(&email, &Origin::default()).await;
            limited += i32::from(matches!(result, Err(Error::RateLimited { .. })));
        }
        assert!(limited > 0, "one place does not ask for ever");
    }
);

mail_test!(
    async fn a_server_that_is_away_loses_nothing(t, server) {
        t.mailed_user("ann").await;
        let authn = &t.services.authn;
        let email: Email = "ann@users.test".parse().unwrap();
        server.set_mood(Mood::Busy);
        authn.request_recovery(&email, &Origin::default()).await.unwrap();
        for _ in 0..3 {
            t.work_after(Duration::from_mins(5), "mail").await;
        }
        assert_eq!((server.mails().len(), waiting(t).await), (0, 1));
        server.set_mood(Mood::Takes);
        t.work_after(Duration::from_hours(1), "mail").await;
        assert_eq!((server.mails().len(), waiting(t).await), (1, 0));
        // It carries a code that is as young as the mail.
        let code = server.mails()[0].code().unwrap();
        t.clock.advance(Duration::from_mins(29));
        let password = Secret::from("another-password");
        authn.recover_account(&code, &password, Origin::default()).await.unwrap();
        // What no server takes for days is given up, and one that is refused at once.
        server.set_mood(Mood::Busy);
        authn.request_recovery(&email, &Origin::default()).await.unwrap();
        t.work_after(Duration::from_hours(73), "mail").await;
        assert_eq!(waiting(t).await, 0);
        server.set_mood(Mood::Refuses);
        authn.request_recovery(&email, &Origin::default()).await.unwrap();
        t.work_after(TICK, "mail").await;
        assert_eq!((server.mails().len(), waiting(t).await), (1, 0));
    }
);

mail_test!(
    async fn a_new_address_counts_when_its_mail_is_followed(t, server) {
        t.mailed_user("ann").await;
        t.mailed_user("bob").await;
        let (accounts, authn) = (&t.services.accounts, &t.services.authn);
        let ann = t.session("ann").await.actor;
        let change = async |text: &str| accounts.change_email(&ann, &text.parse().unwrap()).await;
        assert_eq!(change("ann@one.test").await.unwrap(), EmailChange::AwaitingConfirmation);
        let first = last_code(t, server).await;
        assert_eq!(server.mails().last().unwrap().to, ["ann@one.test"]);
        t.login("ann@users.test", PASSWORD).await;
        // The next one puts an end to the one before.
        change("ann@two.test").await.unwrap();
        let second = last_code(t, server).await;
        assert!(authn.confirm_email(&first, Origin::default()).await.is_err());
        let email = authn.confirm_email(&second, Origin::default()).await.unwrap();
        assert_eq!(email, "ann@two.test");
        t.login("ann@two.test", PASSWORD).await;
        let taken = change("bob@users.test").await.unwrap_err();
        assert_eq!(taken.to_string(), "E-mail address already used");
        // Somebody else gets it before the mail is followed.
        change("free@users.test").await.unwrap();
        let late = last_code(t, server).await;
        t.mailed_user("free").await;
        let refused = authn.confirm_email(&late, Origin::default()).await.unwrap_err();
        assert_eq!(refused.code(), "ALREADY_EXISTS");
    }
);

mail_test!(
    async fn a_superuser_sends_a_link_that_gives_a_user_a_new_password(t, server) {
        t.mailed_user("ann").await;
        let (superuser, authn) = (&t.services.superuser, &t.services.authn);
        let root = t.superuser("boss").await.actor;
        let ann = superuser.by_name(&root, "ann").await.unwrap();
        let email = superuser.send_recovery(&root, ann.id).await.unwrap();
        assert_eq!(email, "ann@users.test");
        let code = last_code(t, server).await;
        assert_eq!(server.mails().last().unwrap().to, ["ann@users.test"]);
        let password = Secret::from("another-password");
        let recovered = authn.recover_account(&code, &password, Origin::default()).await;
        assert_eq!(recovered.unwrap().actor.name().as_deref(), Some("ann"));
        t.login("ann", "another-password").await;
        // What waits goes nowhere once the address is another one.
        superuser.send_recovery(&root, ann.id).await.unwrap();
        let next: Email = "ann@new.test".parse().unwrap();
        superuser.change_email(&root, ann.id, &next).await.unwrap();
        assert_eq!(waiting(t).await, 0);
    }
);

mail_test!(
    async fn codes_that_went_to_an_old_address_are_dead(t, server) {
        t.mailed_user("ann").await;
        let (accounts, authn) = (&t.services.accounts, &t.services.authn);
        let email: Email = "ann@users.test".parse().unwrap();
        authn.request_recovery(&email, &Origin::default()).await.unwrap();
        let recovery = last_code(t, server).await;
        let ann = t.session("ann").await.actor;
        let next = "ann@new.test".parse().unwrap();
        accounts.change_email(&ann, &next).await.unwrap();
        let code = last_code(t, server).await;
        authn.confirm_email(&code, Origin::default()).await.unwrap();
        let password = Secret::from("another-password");
        let refused = authn.recover_account(&recovery, &password, Origin::default()).await;
        assert_eq!(refused.unwrap_err().to_string(), "Invalid confirmation code.");
    }
);

mail_test!(
    async fn no_row_and_no_log_holds_a_code(t, server) {
        t.mailed_user("ann").await;
        let email: Email = "ann@users.test".parse().unwrap();
        let authn = &t.services.authn;
        authn.request_recovery(&email, &Origin::default()).await.unwrap();
        server.set_mood(Mood::Busy);
        t.work_after(TICK, "mail").await;
        server.set_mood(Mood::Takes);
        let mut conn = t.db().read().await.unwrap();
        let due = mails::due(&mut conn, berth_domain::Timestamp(i64::MAX), 10).await.unwrap();
        drop(conn);
        t.work_after(Duration::from_hours(1), "mail").await;
        let code = server.mails()[0].code().unwrap();
        assert!(due[0].code_hash.is_some());
        assert!(!format!("{due:?}").contains(&code));
    }
);

mail_test!(
    async fn an_address_in_odd_unicode_brings_a_mail_to_nobody_else(t, server) {
        t.mailed_user("mike").await;
        let authn = &t.services.authn;
        for address in [
            "mi\u{212a}e@users.test", // the sign for Kelvin, which becomes a k
            "m\u{131}ke@users.test",  // a dotless i, which becomes an I
            "mike@user\u{17f}.test",  // a long s
            "mi\u{43a}e@users.test",  // Cyrillic
            "mike@users.t\u{435}st",
            "\u{ff4d}ike@users.test",
            "mike\u{200b}@users.test",
            "mike@users.test\u{200b}",
        ] {
            let email: Email = address.parse().unwrap();
            authn.request_recovery(&email, &Origin::default()).await.unwrap();
        }
        t.work_after(TICK, "mail").await;
        assert_eq!(waiting(t).await, 0);
        // Where one of them means a user, the mail goes to the address that this user gave.
        for mail in server.mails() {
            assert_eq!(mail.to, ["mike@users.test"]);
        }
        // And a sign-up with one of them is somebody else.
        let new = NewAccount { email: Some("m\u{131}ke@users.test".into()), ..new("other") };
        authn.sign_up(new, Origin::default()).await.unwrap();
        let mike = t.login("mike@users.test", PASSWORD).await;
        assert_eq!(mike.name().as_deref(), Some("mike"));
    }
);

mail_test!(
    async fn no_line_break_of_a_name_or_an_address_reaches_a_mail(t, server) {
        let authn = &t.services.authn;
        let evil = "\r\nBcc: mallory@evil.test\r\n\r\n";
        for (name, email, field) in [
            (format!("ann{evil}"), "ann@users.test".to_owned(), "username"),
            ("ann".to_owned(), format!("ann@users.test{evil}"), "email"),
            ("ann".to_owned(), format!("ann{evil}@users.test"), "email"),
            ("ann".to_owned(), "ann@users.test,mallory@evil.test".to_owned(), "email"),
            ("ann".to_owned(), "ann@users.test>\nRCPT TO:<mallory@evil.test".to_owned(), "email"),
        ] {
            let account = NewAccount { username: name, email: Some(email), ..new("ann") };
            let refused = authn.sign_up(account, Origin::default()).await.unwrap_err();
            assert_eq!(refused.field(), Some(field), "{refused}");
            t.clock.advance(Duration::from_mins(6));
        }
        // What a user tells of itself is in no mail, and the title of the registry is one line.
        t.mailed_user("bob").await;
        let bob = t.session("bob").await.actor;
        let mut settings = t.services.settings().clone();
        settings.users.names = true;
        let names = Names {
            given_name: Some(evil.into()),
            company: Some(evil.into()),
            ..Names::default()
        };
        t.replica(settings).accounts.tell_names(&bob, &names).await.unwrap();
        let email: Email = "bob@users.test".parse().unwrap();
        authn.request_recovery(&email, &Origin::default()).await.unwrap();
        t.work_after(TICK, "mail").await;
        let [mail] = server.mails().try_into().unwrap();
        assert_eq!(mail.to, ["bob@users.test"]);
        let headers = mail.data.split_once("\r\n\r\n").unwrap().0.to_lowercase();
        assert!(!headers.contains("\r\nbcc:"), "{headers}");
        assert!(!mail.data.contains("RCPT"), "{}", mail.data);
    }
);
