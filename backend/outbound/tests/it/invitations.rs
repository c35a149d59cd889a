//! What goes to those who are asked into teams, and what the link in it does.

use std::time::Duration;

use berth_domain::{Error, Namespace, TeamRole, Timestamp};
use berth_services::Actor;
use berth_services::teams::{InvitationKey, MemberState, TeamKey, TeamView};
use berth_store::mails as queue;
use berth_testkit::TestRegistry;
use berth_testkit::smtp::Mood;

use super::{TICK, last_code, mail_test, waiting};

/// From a mail to the next one about the same invitation, and more.
const PAUSE: Duration = Duration::from_mins(2);

/// An administrator of `acme`, and the team `qa` there.
async fn with_team(t: &TestRegistry) -> (Actor, TeamView) {
    let ann = t.mailed_user("ann").await;
    let acme: Namespace = "acme".parse().unwrap();
    let (organizations, teams) = (&t.services.organizations, &t.services.teams);
    organizations.create(&ann, &acme, None).await.unwrap();
    let (name, role) = ("qa".parse().unwrap(), TeamRole::Member);
    let team = teams.create(&ann, &acme, &name, role, "").await.unwrap();
    (ann, team)
}

async fn members(t: &TestRegistry, actor: &Actor, team: &TeamView) -> Vec<String> {
    let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
    let listed = teams.all_members(actor, key, &[MemberState::Member]).await;
    let members = listed.unwrap().1.into_iter();
    members.map(|member| member.name).collect()
}

mail_test!(
    async fn a_user_gets_a_link_that_only_it_can_follow(t, server) {
        let (ann, team) = with_team(t).await;
        t.mailed_user("bob").await;
        t.mailed_user("eve").await;
        let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
        teams.add_member(&ann, key, "bob").await.unwrap();
        let code = last_code(t, server).await;
        let [mail] = server.mails().try_into().unwrap();
        assert_eq!(mail.to, ["bob@users.test"]);
        let text = mail.text();
        for part in [
            "ann invites you to the team qa of the organization acme",
            &format!("https://reg.test/confirminvite?code={code}\r\n"),
            "signed in as bob",
            "within 14 days",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let headers = mail.data.split_once("\r\n\r\n").unwrap().0;
        assert!(headers.contains("Invitation to team qa of acme"), "{headers}");
        assert!(!headers.to_lowercase().contains("\r\nbcc:"), "{headers}");
        let eve = t.session("eve").await.actor;
        let refused = teams.accept_invitation(&eve, &code).await.unwrap_err();
        assert!(refused.to_string().contains("intended for user \"bob\""), "{refused}");
        let bob = t.session("bob").await.actor;
        teams.accept_invitation(&bob, &code).await.unwrap();
        assert_eq!(members(t, &ann, &team).await, ["bob"]);
        let again = teams.accept_invitation(&bob, &code).await.unwrap_err();
        assert_eq!(again.to_string(), "Invalid confirmation code.");
    }
);

mail_test!(
    async fn an_address_gets_a_link_that_whoever_is_signed_in_follows(t, server) {
        let (ann, team) = with_team(t).await;
        t.user("carol").await;
        let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
        teams.invite_by_email(&ann, key, "New.Person@else.test").await.unwrap();
        let code = last_code(t, server).await;
        let [mail] = server.mails().try_into().unwrap();
        assert_eq!(mail.to, ["New.Person@else.test"], "as it was typed");
        assert!(mail.text().contains("or with a new account"), "{}", mail.text());
        let carol = t.session("carol").await.actor;
        let accepted = teams.accept_invitation(&carol, &code).await.unwrap();
        assert_eq!(accepted[0].email.as_deref(), Some("new.person@else.test"));
        assert_eq!(members(t, &ann, &team).await, ["carol"]);
        for address in ["nowhere", "a@b@c", "", "x@y\r\nBcc: mallory@evil.test"] {
            let refused = teams.invite_by_email(&ann, key, address).await.unwrap_err();
            assert_eq!((refused.code(), refused.field()), ("INVALID_INPUT", Some("email")));
        }
        assert_eq!(waiting(t).await, 0);
    }
);

mail_test!(
    async fn each_call_mails_again_and_ends_the_link_before(t, server) {
        let (ann, team) = with_team(t).await;
        t.mailed_user("bob").await;
        let bob = t.session("bob").await.actor;
        let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
        let mut codes = Vec::new();
        for _ in 0..3 {
            // Of several calls at once one mail waits.
            for _ in 0..2 {
                teams.invite_by_email(&ann, key, "new@else.test").await.unwrap();
                teams.add_member(&ann, key, "bob").await.unwrap();
            }
            assert_eq!(waiting(t).await, 2);
            t.work_after(PAUSE, "mail").await;
            let to_bob = server.mails().into_iter().rfind(|mail| mail.to == ["bob@users.test"]);
            codes.push(to_bob.unwrap().code().unwrap());
        }
        assert_eq!((server.mails().len(), waiting(t).await), (6, 0));
        // Whoever asks again at once asks for a mail in a minute.
        teams.invite_by_email(&ann, key, "NEW@else.test").await.unwrap();
        t.work_after(TICK, "mail").await;
        assert_eq!((server.mails().len(), waiting(t).await), (6, 1));
        t.work_after(PAUSE, "mail").await;
        assert_eq!((server.mails().len(), waiting(t).await), (7, 0));
        let last = codes.pop().unwrap();
        for code in codes {
            let dead = teams.accept_invitation(&bob, &code).await.unwrap_err();
            assert_eq!(dead.to_string(), "Invalid confirmation code.");
        }
        teams.accept_invitation(&bob, &last).await.unwrap();
    }
);

mail_test!(
    async fn a_server_that_is_away_loses_no_invitation_and_a_cancelled_one_goes_nowhere(t, server) {
        let (ann, team) = with_team(t).await;
        t.user("carol").await;
        let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
        server.set_mood(Mood::Busy);
        teams.invite_by_email(&ann, key, "new@else.test").await.unwrap();
        for _ in 0..3 {
            t.work_after(Duration::from_mins(5), "mail").await;
        }
        assert_eq!((server.mails().len(), waiting(t).await), (0, 1));
        server.set_mood(Mood::Takes);
        t.work_after(Duration::from_hours(1), "mail").await;
        let code = server.mails()[0].code().unwrap();
        let carol = t.session("carol").await.actor;
        // It carries the code of the attempt that came through.
        teams.accept_invitation(&carol, &code).await.unwrap();
        server.set_mood(Mood::Busy);
        teams.invite_by_email(&ann, key, "more@else.test").await.unwrap();
        t.work_after(TICK, "mail").await;
        let email = InvitationKey::Email("more@else.test");
        teams.cancel_invitation(&ann, key, email).await.unwrap();
        assert_eq!(waiting(t).await, 0);
        teams.invite_by_email(&ann, key, "last@else.test").await.unwrap();
        teams.delete(&ann, key).await.unwrap();
        assert_eq!(waiting(t).await, 0);
        server.set_mood(Mood::Takes);
        t.work_after(Duration::from_hours(1), "mail").await;
        assert_eq!(server.mails().len(), 1);
    }
);

mail_test!(
    async fn who_has_no_address_is_asked_in_the_bell_alone(t, server) {
        let (ann, team) = with_team(t).await;
        t.user("bob").await;
        let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
        let (_, invited) = teams.add_member(&ann, key, "bob").await.unwrap();
        assert_eq!(invited.state(), MemberState::Invited);
        t.work_after(TICK, "mail").await;
        assert!(server.mails().is_empty());
        let bob = t.session("bob").await.actor;
        assert_eq!(t.services.notifications.unread(&bob).await.unwrap(), 1);
    }
);

mail_test!(
    async fn no_row_and_no_view_holds_the_code_of_an_invitation(t, server) {
        let (ann, team) = with_team(t).await;
        t.mailed_user("bob").await;
        let bob = t.session("bob").await.actor;
        let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
        teams.add_member(&ann, key, "bob").await.unwrap();
        teams.invite_by_email(&ann, key, "new@else.test").await.unwrap();
        server.set_mood(Mood::Busy);
        t.work_after(TICK, "mail").await;
        let mut conn = t.db().read().await.unwrap();
        let due = queue::due(&mut conn, Timestamp(i64::MAX), 10).await.unwrap();
        assert_eq!(due.len(), 2);
        let mut shown = vec![format!("{due:?}")];
        for mail in &due {
            let id = mail.invitation_id.unwrap();
            let row = berth_store::teams::invitations::by_id(&mut conn, id).await.unwrap();
            shown.push(format!("{row:?}"));
        }
        drop(conn);
        server.set_mood(Mood::Takes);
        t.work_after(Duration::from_hours(1), "mail").await;
        let states = [MemberState::Member, MemberState::Invited];
        let (_, listed) = teams.all_members(&ann, key, &states).await.unwrap();
        shown.push(format!("{listed:?}"));
        let page = berth_domain::PageRequest::new(None, 10);
        let asked = teams.invitations(&bob, &page).await.unwrap();
        let page = berth_domain::PageRequest::new(None, 10);
        let told = t.services.notifications.page(&bob, true, &page);
        shown.push(format!("{asked:?} {:?}", told.await.unwrap()));
        let shown = shown.concat();
        for mail in server.mails() {
            let code = mail.code().unwrap();
            assert!(code.len() > 30 && !shown.contains(&code));
        }
        // Nor does what an administrator sees bring anybody in.
        let uuid = listed[1].invitation.as_ref().unwrap().uuid.clone();
        let refused = teams.accept_invitation(&bob, &uuid).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
);
