//! Invitations at their bounds: answers at once, who is gone, how many there may be.

use std::time::Duration;

use berth_domain::{Error, PageRequest};
use berth_services::Settings;
use berth_services::teams::{InvitationKey, MemberState, PENDING_MAX, TeamKey};
use berth_store::teams::invitations::{self as rows, NewInvitation};
use berth_testkit::with_mail;

use super::super::super::account::logged;
use super::super::super::ownership::session;
use super::super::{add, names};
use super::{ALL, asked, code, everybody, invite, with_team};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_answer_at_once_the_second_finds_nothing() {
    with_mail(Settings::default(), async |t, mails| {
        let (ann, team, bob) = with_team(t).await;
        t.mailed_user("carol").await;
        let carol = session(&t.services, "carol").await;
        let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
        for round in 0..5 {
            let address = format!("somebody{round}@users.test");
            invite(t, &ann, team.id, &address).await.unwrap();
            let code = code(t, mails, &address).await;
            let (one, two) = tokio::join!(
                teams.accept_invitation(&bob, &code),
                teams.accept_invitation(&carol, &code)
            );
            assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
            let members = names(t, &ann, &team).await;
            assert_eq!(members, [if one.is_ok() { "bob" } else { "carol" }]);
            teams.remove_member(&ann, key, &members[0]).await.unwrap();
            // Of an answer and its taking back either counts, and never both.
            invite(t, &ann, team.id, &address).await.unwrap();
            let code = self::code(t, mails, &address).await;
            let (taken, cancelled) = tokio::join!(
                teams.accept_invitation(&bob, &code),
                teams.cancel_invitation(&ann, key, InvitationKey::Email(&address))
            );
            assert!(
                taken.is_ok() != cancelled.is_ok(),
                "{taken:?} {cancelled:?}"
            );
            let members = names(t, &ann, &team).await;
            assert_eq!(members.len(), usize::from(taken.is_ok()));
            if taken.is_ok() {
                teams.remove_member(&ann, key, "bob").await.unwrap();
            }
            // By the bell the same user answers twice at once.
            add(t, &ann, &team, "bob").await.unwrap();
            let uuid = asked(t, &bob).await.remove(0).uuid;
            let (one, two) = tokio::join!(
                teams.accept_invitation(&bob, &uuid),
                teams.accept_invitation(&bob, &uuid)
            );
            assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
            teams.remove_member(&ann, key, "bob").await.unwrap();
        }
        let log = logged(t, team.organization_id).await;
        let accepted = log.iter().filter(|(kind, _)| kind.ends_with("_accepted"));
        let removed = log
            .iter()
            .filter(|(kind, _)| kind == "org_remove_team_member");
        assert_eq!(accepted.count(), removed.count(), "each came in once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_is_asked_no_more() {
    with_mail(Settings::default(), async |t, mails| {
        let root = t.superuser("root").await.actor;
        let (ann, team, bob) = with_team(t).await;
        t.mailed_user("carol").await;
        let carol = session(&t.services, "carol").await;
        for name in ["bob", "carol"] {
            add(t, &ann, &team, name).await.unwrap();
        }
        let carols = code(t, mails, "carol@users.test").await;
        t.services.accounts.delete(&bob).await.unwrap();
        // A user that became an organization answers nothing.
        let id = carol.user_id().unwrap();
        t.services
            .superuser
            .take_ownership(&root, id)
            .await
            .unwrap();
        assert!(everybody(t, &ann, team.id).await.is_empty());
        let refused = t.services.teams.accept_invitation(&carol, &carols).await;
        assert!(refused.is_err());
        // Nor does a mail go to who was shut out meanwhile.
        t.mailed_user("dan").await;
        let dan = session(&t.services, "dan").await;
        add(t, &ann, &team, "dan").await.unwrap();
        let superuser = &t.services.superuser;
        let id = dan.user_id().unwrap();
        superuser.set_enabled(&root, id, false).await.unwrap();
        let sent = mails.mails().len();
        t.work_after(Duration::from_mins(2), "mail").await;
        assert_eq!(mails.mails().len(), sent);
        // Who asked may go: the question stays.
        superuser.set_enabled(&root, id, true).await.unwrap();
        superuser
            .take_ownership(&root, team.organization_id)
            .await
            .unwrap();
        let ann = session(&t.services, "ann").await;
        t.services.accounts.delete(&ann).await.unwrap();
        let dan = session(&t.services, "dan").await;
        let question = asked(t, &dan).await.remove(0);
        assert_eq!(question.inviter, None);
        let accepted = t
            .services
            .teams
            .accept_invitation(&dan, &question.uuid)
            .await;
        assert_eq!(accepted.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_asks_so_many_at_a_time_and_no_more() {
    with_mail(Settings::default(), async |t, _| {
        let (ann, team, _) = with_team(t).await;
        let now = team.created_at;
        t.db()
            .write(async |tx| {
                for n in 0..PENDING_MAX {
                    let (uuid, email) = (format!("u{n}"), format!("user{n}@users.test"));
                    let new = NewInvitation {
                        uuid: &uuid,
                        team_id: team.id,
                        account_id: None,
                        email: Some(&email),
                        inviter_id: None,
                        created_at: now,
                    };
                    rows::insert(tx, &new).await?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let refused = invite(t, &ann, team.id, "more@users.test")
            .await
            .unwrap_err();
        assert_eq!(refused.code(), "CONFLICT");
        // Again is no one more.
        invite(t, &ann, team.id, "USER1@users.test").await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_or_answered_while_the_registry_is_read_only() {
    with_mail(Settings::default(), async |t, _| {
        let (ann, team, bob) = with_team(t).await;
        add(t, &ann, &team, "bob").await.unwrap();
        let mut settings = Settings::default();
        settings.registry.read_only = true;
        let teams = t.replica(settings).teams.clone();
        let key = TeamKey::Id(team.id);
        let page = teams.invitations(&bob, &PageRequest::new(None, 10)).await;
        let uuid = page.unwrap().items.remove(0).uuid;
        let (_, members) = teams.all_members(&ann, key, ALL).await.unwrap();
        assert_eq!(
            members.len(),
            1,
            "reading needs no registry that takes writes"
        );
        for refused in [
            teams
                .invite_by_email(&ann, key, "x@users.test")
                .await
                .map(drop),
            teams
                .cancel_invitation(&ann, key, InvitationKey::Uuid(&uuid))
                .await
                .map(drop),
            teams.accept_invitation(&bob, &uuid).await.map(drop),
            teams.decline_invitation(&bob, &uuid).await.map(drop),
        ] {
            assert!(matches!(refused, Err(Error::ReadOnly)), "{refused:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_from_outside_that_puts_itself_into_a_team_is_in_it() {
    let mut settings = Settings::default();
    settings.users.superusers_full_access = true;
    with_mail(settings, async |t, _| {
        let root = t.superuser("root").await.actor;
        let (ann, team, _) = with_team(t).await;
        let added = add(t, &root, &team, "root").await.unwrap();
        assert_eq!(added.state(), MemberState::Member);
        let invited = add(t, &root, &team, "bob").await.unwrap();
        assert_eq!(invited.state(), MemberState::Invited);
        let inviter = invited.invitation.unwrap().inviter;
        assert_eq!(inviter.as_deref(), Some("root"));
        assert_eq!(names(t, &ann, &team).await, ["root"]);
    })
    .await;
}
