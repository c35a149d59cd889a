//! Asking users and addresses into teams, and what those answer who are asked.

mod bounds;

use std::time::Duration;

use berth_domain::{Error, NotificationKind, PageRequest, TeamId, TeamRole};
use berth_services::teams::{
    InvitationKey, InvitationView, MemberState, MemberView, TeamKey, TeamView,
};
use berth_services::{Actor, Origin, Settings};
use berth_testkit::{Mailbox, TestRegistry, db_test, with_mail};
use serde_json::Value;

use super::super::account::logged;
use super::super::ownership::session;
use super::super::people::{organization, robot};
use super::{add, make, names};

const ALL: &[MemberState] = &[MemberState::Member, MemberState::Invited];

/// An administrator of `acme`, the team `qa` there, and the user `bob` in a session.
async fn with_team(t: &TestRegistry) -> (Actor, TeamView, Actor) {
    let ann = t.mailed_user("ann").await;
    organization(t, &ann, "acme").await;
    let team = make(t, &ann, "qa", TeamRole::Creator).await;
    t.mailed_user("bob").await;
    (ann, team, session(&t.services, "bob").await)
}

async fn invite(
    t: &TestRegistry,
    actor: &Actor,
    team: TeamId,
    email: &str,
) -> Result<MemberView, Error> {
    let (teams, key) = (&t.services.teams, TeamKey::Id(team));
    let invited = teams.invite_by_email(actor, key, email).await;
    invited.map(|(_, member)| member)
}

/// What a user is asked.
async fn asked(t: &TestRegistry, actor: &Actor) -> Vec<InvitationView> {
    let page = PageRequest::new(None, 10);
    t.services
        .teams
        .invitations(actor, &page)
        .await
        .unwrap()
        .items
}

/// What the bell tells a user of teams.
async fn told(t: &TestRegistry, actor: &Actor) -> Vec<Value> {
    let page = PageRequest::new(None, 10);
    let page = t.services.notifications.page(actor, true, &page).await;
    let items = page.unwrap().items.into_iter();
    let of_teams = items.filter(|view| view.kind == NotificationKind::TeamInvitation.as_str());
    of_teams.map(|view| Value::Object(view.metadata)).collect()
}

/// Everybody in the list of a team, with what it is there.
async fn everybody(t: &TestRegistry, actor: &Actor, team: TeamId) -> Vec<(String, MemberState)> {
    let (teams, key) = (&t.services.teams, TeamKey::Id(team));
    let (_, members) = teams.all_members(actor, key, ALL).await.unwrap();
    let members = members.into_iter();
    members
        .map(|member| (member.name.clone(), member.state()))
        .collect()
}

/// The link in the last mail to an address.
async fn code(t: &TestRegistry, mails: &Mailbox, address: &str) -> String {
    t.work_after(Duration::from_mins(2), "mail").await;
    mails.code_to(address).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_waits_outside_until_it_agrees_and_robots_and_members_do_not() {
    with_mail(Settings::default(), async |t, _| {
        let (ann, team, bob) = with_team(t).await;
        robot(t, &ann, "acme", "ci").await;
        let invited = add(t, &ann, &team, "bob").await.unwrap();
        assert_eq!(invited.state(), MemberState::Invited);
        add(t, &ann, &team, "acme+ci").await.unwrap();
        // Who puts itself into a team, or is in another one, has agreed.
        add(t, &ann, &team, "ann").await.unwrap();
        assert_eq!(names(t, &ann, &team).await, ["ann", "acme+ci"]);
        let (is_in, is_asked) = (MemberState::Member, MemberState::Invited);
        assert_eq!(
            everybody(t, &ann, team.id).await,
            [
                ("ann".to_owned(), is_in),
                ("acme+ci".to_owned(), is_in),
                ("bob".to_owned(), is_asked),
            ]
        );
        let teams = &t.services.teams;
        let hidden = teams.get(&bob, TeamKey::Id(team.id)).await;
        assert!(matches!(hidden, Err(Error::Hidden(_))), "{hidden:?}");
        let [question] = asked(t, &bob).await.try_into().unwrap();
        assert_eq!(
            (question.organization.as_str(), question.team.as_str()),
            ("acme", "qa")
        );
        assert_eq!(
            (question.account.as_deref(), question.inviter.as_deref()),
            (Some("bob"), Some("ann"))
        );
        let [bell] = told(t, &bob).await.try_into().unwrap();
        assert_eq!(
            (&bell["org"], &bell["team"], &bell["inviter"]),
            (&"acme".into(), &"qa".into(), &"ann".into())
        );
        // What scripts take out of the bell answers the question.
        let code = bell["code"].as_str().unwrap();
        assert_eq!(teams.invitation(&bob, code).await.unwrap(), question);
        let accepted = teams.accept_invitation(&bob, code).await.unwrap();
        assert_eq!(accepted, [question]);
        assert_eq!(names(t, &ann, &team).await, ["ann", "bob", "acme+ci"]);
        assert!(teams.get(&bob, TeamKey::Id(team.id)).await.is_ok());
        assert!(asked(t, &bob).await.is_empty() && told(t, &bob).await.is_empty());
        // It is in the organization now.
        let other = make(t, &ann, "other", TeamRole::Member).await;
        let added = add(t, &ann, &other, "bob").await.unwrap();
        assert_eq!(added.state(), MemberState::Member);
        let again = add(t, &ann, &team, "bob").await.unwrap_err();
        assert_eq!(again.to_string(), "User bob is already a member of team qa");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_question_and_answer_is_logged_once() {
    with_mail(Settings::default(), async |t, mails| {
        let (ann, team, bob) = with_team(t).await;
        let id = team.organization_id;
        let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
        add(t, &ann, &team, "bob").await.unwrap();
        let question = asked(t, &bob).await.remove(0).uuid;
        teams.decline_invitation(&bob, &question).await.unwrap();
        teams.decline_invitation(&bob, &question).await.unwrap_err();
        add(t, &ann, &team, "bob").await.unwrap();
        teams.remove_member(&ann, key, "bob").await.unwrap();
        teams.remove_member(&ann, key, "bob").await.unwrap_err();
        invite(t, &ann, team.id, "Carol@users.test").await.unwrap();
        let email = InvitationKey::Email("carol@USERS.test");
        teams.cancel_invitation(&ann, key, email).await.unwrap();
        teams.cancel_invitation(&ann, key, email).await.unwrap_err();
        invite(t, &ann, team.id, "bob@elsewhere.test")
            .await
            .unwrap();
        let code = code(t, mails, "bob@elsewhere.test").await;
        teams.accept_invitation(&bob, &code).await.unwrap();
        let log: Vec<(String, Value)> = logged(t, id).await;
        let log: Vec<_> = log
            .iter()
            .filter(|(kind, _)| kind.contains("invite"))
            .map(|(kind, told)| (kind.as_str(), told["member"].as_str().unwrap(), told))
            .collect();
        let kinds: Vec<_> = log
            .iter()
            .map(|(kind, member, _)| (*kind, *member))
            .collect();
        assert_eq!(
            kinds,
            [
                ("org_invite_team_member", "bob"),
                ("org_team_member_invite_declined", "bob"),
                ("org_invite_team_member", "bob"),
                ("org_delete_team_member_invite", "bob"),
                ("org_invite_team_member", "carol@users.test"),
                ("org_delete_team_member_invite", "carol@users.test"),
                ("org_invite_team_member", "bob@elsewhere.test"),
                ("org_team_member_invite_accepted", "bob"),
            ]
        );
        for (kind, _, told) in &log {
            assert_eq!(told["team"], "qa", "{kind}");
            let answers = kind.ends_with("ed");
            assert_eq!(
                told["inviter"],
                if answers { "ann".into() } else { Value::Null }
            );
            assert_eq!(told["username"], if answers { "bob" } else { "ann" });
        }
        assert_eq!(
            (&log[0].2["user"], &log[4].2["email"]),
            (&"bob".into(), &"carol@users.test".into())
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_code_of_a_mail_accepts_it_once() {
    with_mail(Settings::default(), async |t, mails| {
        let (ann, team, bob) = with_team(t).await;
        t.mailed_user("carol").await;
        let carol = session(&t.services, "carol").await;
        let teams = &t.services.teams;
        let invited = invite(t, &ann, team.id, "Somebody@Users.test")
            .await
            .unwrap();
        assert_eq!(
            (invited.name.as_str(), invited.id, invited.state()),
            ("somebody@users.test", None, MemberState::Invited)
        );
        let code = code(t, mails, "Somebody@Users.test").await;
        // Its public id is for administrators, and answers nothing.
        let uuid = &invited.invitation.as_ref().unwrap().uuid;
        for (actor, code) in [(&ann, uuid.as_str()), (&bob, uuid), (&bob, "x"), (&bob, "")] {
            let refused = teams.accept_invitation(actor, code).await;
            if actor.name() == bob.name() {
                let refused = refused.unwrap_err();
                assert_eq!(
                    (refused.code(), refused.field()),
                    ("INVALID_INPUT", Some("code"))
                );
                assert_eq!(refused.to_string(), "Invalid confirmation code.");
            }
        }
        let other = make(t, &ann, "other", TeamRole::Member).await;
        invite(t, &ann, other.id, "somebody@users.test")
            .await
            .unwrap();
        let shown = teams.invitation(&bob, &code).await.unwrap();
        assert_eq!(
            (shown.team.as_str(), shown.email.as_deref()),
            ("qa", Some("somebody@users.test"))
        );
        // The administrator who follows the link by chance takes it from nobody.
        let ann_in_session = session(&t.services, "ann").await;
        add(t, &ann, &team, "ann").await.unwrap();
        let refused = teams
            .accept_invitation(&ann_in_session, &code)
            .await
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "User ann is already a member of team qa"
        );
        let accepted = teams
            .accept_invitation(&carol, &format!(" {code}\n"))
            .await
            .unwrap();
        let into: Vec<_> = accepted.iter().map(|view| view.team.as_str()).collect();
        assert_eq!(
            into,
            ["qa", "other"],
            "all of the organization to the same address"
        );
        assert_eq!(names(t, &ann, &team).await, ["ann", "carol"]);
        assert_eq!(names(t, &ann, &other).await, ["carol"]);
        for actor in [&bob, &carol] {
            let used = teams.accept_invitation(actor, &code).await.unwrap_err();
            assert_eq!(used.to_string(), "Invalid confirmation code.");
            assert!(teams.decline_invitation(actor, &code).await.is_err());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_a_user_is_for_nobody_else_and_every_other_one_is_dead() {
    with_mail(Settings::default(), async |t, mails| {
        let (ann, team, bob) = with_team(t).await;
        t.mailed_user("eve").await;
        let eve = session(&t.services, "eve").await;
        let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
        add(t, &ann, &team, "bob").await.unwrap();
        let first = code(t, mails, "bob@users.test").await;
        for refused in [
            teams.accept_invitation(&eve, &first).await.map(drop),
            teams.decline_invitation(&eve, &first).await.map(drop),
            teams.invitation(&eve, &first).await.map(drop),
        ] {
            let refused = refused.unwrap_err();
            assert_eq!(refused.code(), "CONFLICT");
            assert!(
                refused
                    .to_string()
                    .starts_with("This invite is intended for user \"bob\""),
                "{refused}"
            );
        }
        let uuid = asked(t, &bob).await.remove(0).uuid;
        let unknown = teams.accept_invitation(&eve, &uuid).await.unwrap_err();
        assert_eq!(unknown.to_string(), "Invalid confirmation code.");
        // Asked again it is the same question, with another link.
        add(t, &ann, &team, "bob").await.unwrap();
        let second = code(t, mails, "bob@users.test").await;
        assert_eq!(asked(t, &bob).await.len(), 1);
        assert_eq!(told(t, &bob).await.len(), 1);
        assert!(teams.invitation(&bob, &first).await.is_err());
        assert!(teams.invitation(&bob, &second).await.is_ok());
        t.clock.advance(Duration::from_hours(14 * 24));
        let late = teams.accept_invitation(&bob, &second).await.unwrap_err();
        assert_eq!((late.code(), late.field()), ("INVALID_INPUT", Some("code")));
        assert!(late.to_string().contains("has expired"), "{late}");
        // The question waits all the same, also for a mail more.
        assert_eq!(asked(t, &bob).await.len(), 1);
        add(t, &ann, &team, "bob").await.unwrap();
        let third = code(t, mails, "bob@users.test").await;
        teams
            .cancel_invitation(&ann, key, InvitationKey::Uuid(&uuid))
            .await
            .unwrap();
        for code in [&third, &uuid] {
            let cancelled = teams.accept_invitation(&bob, code).await.unwrap_err();
            assert_eq!(cancelled.to_string(), "Invalid confirmation code.");
        }
        assert!(asked(t, &bob).await.is_empty() && told(t, &bob).await.is_empty());
        // What goes with its team, and with its organization.
        add(t, &ann, &team, "bob").await.unwrap();
        let fourth = code(t, mails, "bob@users.test").await;
        teams.delete(&ann, key).await.unwrap();
        assert!(teams.accept_invitation(&bob, &fourth).await.is_err());
        assert!(asked(t, &bob).await.is_empty() && told(t, &bob).await.is_empty());
        let team = make(t, &ann, "qa", TeamRole::Member).await;
        add(t, &ann, &team, "bob").await.unwrap();
        let fifth = code(t, mails, "bob@users.test").await;
        let organizations = &t.services.organizations;
        organizations
            .delete(&ann, &[team.organization_id])
            .await
            .unwrap();
        assert!(teams.accept_invitation(&bob, &fifth).await.is_err());
        assert!(asked(t, &bob).await.is_empty() && told(t, &bob).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_ask_and_see_who_is_asked() {
    with_mail(Settings::default(), async |t, _| {
        let (ann, team, bob) = with_team(t).await;
        t.mailed_user("eve").await;
        let eve = session(&t.services, "eve").await;
        let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
        add(t, &ann, &team, "bob").await.unwrap();
        let uuid = asked(t, &bob).await.remove(0).uuid;
        teams.accept_invitation(&bob, &uuid).await.unwrap();
        add(t, &ann, &team, "eve").await.unwrap();
        let uuid = asked(t, &eve).await.remove(0).uuid;
        // A member sees members, and is refused what it may know of; others do not even know the team.
        assert_eq!(
            everybody(t, &bob, team.id).await,
            [("bob".to_owned(), MemberState::Member)]
        );
        let count = teams.count_members(&bob, key, ALL, None).await.unwrap();
        assert_eq!(count, 1);
        assert_eq!(teams.count_members(&ann, key, ALL, None).await.unwrap(), 2);
        for (actor, code) in [
            (&bob, "FORBIDDEN"),
            (&eve, "TEAM_NOT_FOUND"),
            (&t.anonymous(), "UNAUTHENTICATED"),
        ] {
            for refused in [
                invite(t, actor, team.id, "x@users.test").await.err(),
                invite(t, actor, team.id, "no address").await.err(),
                teams
                    .cancel_invitation(actor, key, InvitationKey::Uuid(&uuid))
                    .await
                    .err(),
                teams
                    .cancel_invitation(actor, key, InvitationKey::Uuid("none"))
                    .await
                    .err(),
            ] {
                assert_eq!(refused.unwrap().code(), code);
            }
        }
        // Nor is anything answered for somebody else, or with too small a token.
        let anonymous = t.anonymous();
        let token = t.oauth_token(&eve, "org:admin repo:admin user:read").await;
        let narrow = t
            .services
            .authn
            .bearer(&token, Origin::default())
            .await
            .unwrap();
        for (actor, code) in [(&anonymous, "UNAUTHENTICATED"), (&narrow, "FORBIDDEN")] {
            for refused in [
                teams
                    .invitations(actor, &PageRequest::new(None, 10))
                    .await
                    .err(),
                teams.invitation(actor, &uuid).await.err(),
                teams.accept_invitation(actor, &uuid).await.err(),
                teams.decline_invitation(actor, &uuid).await.err(),
            ] {
                assert_eq!(refused.unwrap().code(), code);
            }
        }
        assert_eq!(asked(t, &eve).await.len(), 1);
        let token = t.oauth_token(&eve, "user:admin").await;
        let wide = t
            .services
            .authn
            .bearer(&token, Origin::default())
            .await
            .unwrap();
        teams.accept_invitation(&wide, &uuid).await.unwrap();
        assert_eq!(names(t, &ann, &team).await, ["bob", "eve"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_has_to_agree_users_come_at_once() {
    let mut settings = Settings::default();
    settings.teams.invitations = false;
    with_mail(settings, async |t, mails| {
        let (ann, team, bob) = with_team(t).await;
        let teams = &t.services.teams;
        assert!(!teams.requires_invitations());
        // What was asked before is settled by it.
        let asking = t.replica(Settings::default()).teams.clone();
        let key = TeamKey::Id(team.id);
        asking.add_member(&ann, key, "bob").await.unwrap();
        assert_eq!(asked(t, &bob).await.len(), 1);
        let added = add(t, &ann, &team, "bob").await.unwrap();
        assert_eq!(added.state(), MemberState::Member);
        assert!(asked(t, &bob).await.is_empty() && told(t, &bob).await.is_empty());
        // An address is asked all the same: nobody knows yet whose it is.
        invite(t, &ann, team.id, "new@users.test").await.unwrap();
        let code = code(t, mails, "new@users.test").await;
        t.user("carol").await;
        let carol = session(&t.services, "carol").await;
        teams.accept_invitation(&carol, &code).await.unwrap();
        assert_eq!(names(t, &ann, &team).await, ["bob", "carol"]);
    })
    .await;
}

db_test!(
    async fn where_no_mail_is_sent_users_come_at_once_and_addresses_not_at_all(t: TestRegistry) {
        let (ann, team, _) = with_team(t).await;
        let added = add(t, &ann, &team, "bob").await.unwrap();
        assert_eq!(added.state(), MemberState::Member);
        let refused = invite(t, &ann, team.id, "new@users.test")
            .await
            .unwrap_err();
        assert_eq!(refused.code(), "FEATURE_OFF");
        assert!(refused.to_string().contains("by their names"), "{refused}");
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn who_is_asked_comes_in_pages_behind_who_is_in_the_team() {
    with_mail(Settings::default(), async |t, _| {
        let (ann, team, bob) = with_team(t).await;
        robot(t, &ann, "acme", "bot").await;
        for name in ["acme+bot", "ann", "bob"] {
            add(t, &ann, &team, name).await.unwrap();
        }
        t.user("abe").await;
        add(t, &ann, &team, "abe").await.unwrap();
        for address in ["z@users.test", "a@users.test"] {
            invite(t, &ann, team.id, address).await.unwrap();
        }
        let expected = [
            "ann",
            "acme+bot",
            "abe",
            "bob",
            "a@users.test",
            "z@users.test",
        ];
        let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
        for limit in 1..7 {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let request = PageRequest::new(after.take(), limit);
                let (_, page) = teams.members(&ann, key, ALL, None, &request).await.unwrap();
                after = page.items.last().map(MemberView::key);
                seen.extend(page.items.into_iter().map(|member| member.name));
                if !page.has_more {
                    break;
                }
            }
            assert_eq!(seen, expected, "{limit}");
        }
        let count = async |states: &[MemberState], search| {
            teams
                .count_members(&ann, key, states, search)
                .await
                .unwrap()
        };
        assert_eq!(count(ALL, None).await, 6);
        assert_eq!(count(&[MemberState::Invited], None).await, 4);
        assert_eq!(count(&[MemberState::Invited], Some("USERS")).await, 2);
        assert_eq!(count(&[], None).await, 0);
        // Questions of many organizations, the newest first.
        for n in 0..3 {
            let name = format!("org-{n}");
            organization(t, &ann, &name).await;
            let (name, owners) = (name.parse().unwrap(), "owners");
            let key = TeamKey::Name {
                organization: &name,
                team: owners,
            };
            teams.add_member(&ann, key, "bob").await.unwrap();
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = teams
                .invitations(&bob, &PageRequest::new(after, 2))
                .await
                .unwrap();
            after = page.items.last().map(|view| view.id);
            seen.extend(
                page.items
                    .into_iter()
                    .map(|view| view.organization.to_string()),
            );
            if !page.has_more {
                break;
            }
        }
        assert_eq!(seen, ["org-2", "org-1", "org-0", "acme"]);
    })
    .await;
}
