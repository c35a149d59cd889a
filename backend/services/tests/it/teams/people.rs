//! Who belongs to an organization, who works with it from outside, and how somebody leaves it.

use berth_domain::{Error, PageRequest, RepositoryRole, TeamRole, Visibility};
use berth_services::default_permissions::To;
use berth_services::many::Selection;
use berth_services::permissions::{RoleChange, TeamRoleChange};
use berth_services::teams::{EACH_MAX, PersonView, TeamKey};
use berth_services::{Actor, Origin, Settings};
use berth_testkit::{Backend, TestRegistry, db_test, path_of, with_mail};

use super::super::account::logged;
use super::super::ownership::session;
use super::super::people::{organization, repository, robot};
use super::{acme, add, make, names, owners};

/// Gives an account a role in `acme/{name}`.
async fn give(t: &TestRegistry, actor: &Actor, name: &str, account: &str) {
    let path = path_of(&format!("acme/{name}"));
    let view = t.services.repositories.by_path(actor, &path).await;
    let change = RoleChange {
        account: account.into(),
        role: Some(RepositoryRole::Write),
    };
    let id = view.unwrap().repository.id;
    let permissions = &t.services.permissions;
    permissions.set(actor, id, &[change]).await.unwrap();
}

/// Name, teams and repositories of people.
fn told(people: &[PersonView]) -> Vec<(String, Vec<String>, Vec<String>)> {
    let one = |person: &PersonView| {
        let teams = person.teams.items.iter().map(|team| team.name.to_string());
        let roles = person.roles.items.iter();
        let roles = roles.map(|role| role.repository.to_string());
        (person.name.clone(), teams.collect(), roles.collect())
    };
    people.iter().map(one).collect()
}

fn row(name: &str, teams: &[&str], repositories: &[&str]) -> (String, Vec<String>, Vec<String>) {
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    (name.to_owned(), all(teams), all(repositories))
}

/// `acme` of ann with two repositories; bob in two teams, carol and a robot beside, dan with a role by a team alone.
async fn with_people(t: &TestRegistry) -> Actor {
    let ann = t.user("ann").await;
    organization(t, &ann, "acme").await;
    for name in ["app", "web"] {
        repository(t, &ann, "acme", name, Visibility::Private).await;
    }
    for name in ["bob", "carol", "dan", "eve"] {
        t.user(name).await;
    }
    for name in ["ci", "cd", "idle"] {
        robot(t, &ann, "acme", name).await;
    }
    let qa = make(t, &ann, "qa", TeamRole::Member).await;
    let makers = make(t, &ann, "makers", TeamRole::Creator).await;
    for name in ["bob", "acme+cd"] {
        add(t, &ann, &qa, name).await.unwrap();
    }
    for name in ["bob", "dan"] {
        add(t, &ann, &makers, name).await.unwrap();
    }
    for (name, account) in [
        ("app", "bob"),
        ("app", "carol"),
        ("web", "carol"),
        ("app", "acme+ci"),
        ("app", "acme+cd"),
    ] {
        give(t, &ann, name, account).await;
    }
    let path = path_of("acme/app");
    let app = t.services.repositories.by_path(&ann, &path);
    let role = TeamRoleChange {
        team: "makers".into(),
        role: Some(RepositoryRole::Read),
    };
    let (permissions, id) = (&t.services.permissions, app.await.unwrap().repository.id);
    permissions.set_all(&ann, id, &[], &[role]).await.unwrap();
    ann
}

db_test!(
    async fn members_are_in_teams_and_collaborators_in_none(t: TestRegistry) {
        let ann = with_people(t).await;
        let teams = &t.services.teams;
        let people = teams.all_people(&ann, &acme()).await.unwrap();
        assert_eq!(
            told(&people),
            [
                row("ann", &["owners"], &[]),
                row("bob", &["makers", "qa"], &["app"]),
                row("dan", &["makers"], &[]),
            ]
        );
        let last: Vec<_> = people.iter().map(|p| p.is_last_administrator).collect();
        assert_eq!(last, [true, false, false]);
        let beside = teams.all_collaborators(&ann, &acme()).await.unwrap();
        assert_eq!(
            told(&beside),
            [
                row("carol", &[], &["app", "web"]),
                row("acme+ci", &[], &["app"]),
            ]
        );
        // What is in deleted repositories counts no more, nor who is deleted.
        let path = path_of("acme/app");
        let app = t.services.repositories.by_path(&ann, &path);
        let ids = [app.await.unwrap().repository.id];
        let deleted = t.services.repositories.delete(&ann, Selection::Items(&ids));
        deleted.await.unwrap();
        let beside = teams.all_collaborators(&ann, &acme()).await.unwrap();
        assert_eq!(told(&beside), [row("carol", &[], &["web"])]);
        for name in ["carol", "dan"] {
            let own = session(&t.services, name).await;
            t.services.accounts.delete(&own).await.unwrap();
        }
        assert!(
            teams
                .all_collaborators(&ann, &acme())
                .await
                .unwrap()
                .is_empty()
        );
        let people = teams.all_people(&ann, &acme()).await.unwrap();
        assert_eq!(
            told(&people),
            [
                row("ann", &["owners"], &[]),
                row("bob", &["makers", "qa"], &[])
            ]
        );
    }
);

db_test!(
    async fn one_member_is_found_by_name_and_robots_too(t: TestRegistry) {
        let ann = with_people(t).await;
        let teams = &t.services.teams;
        let find = async |name: &str| teams.person(&ann, &acme(), name, EACH_MAX).await;
        for (name, in_teams, repositories) in [
            ("bob", &["makers", "qa"][..], &["app"][..]),
            ("acme+cd", &["qa"], &["app"]),
            ("acme+idle", &[], &[]),
        ] {
            let found = find(name).await.unwrap();
            assert_eq!(told(&[found]), [row(name, in_teams, repositories)]);
        }
        for name in [
            "carol",
            "eve",
            "nobody",
            "acme",
            "acme+none",
            "eve+ci",
            "No Name",
        ] {
            let refused = find(name).await.unwrap_err();
            assert_eq!(refused.code(), "USER_NOT_FOUND", "{name}");
        }
    }
);

db_test!(
    async fn people_come_in_pages_with_the_first_of_what_they_have(t: TestRegistry) {
        let ann = with_people(t).await;
        let teams = &t.services.teams;
        for limit in 1..5 {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = PageRequest::new(after.take(), limit);
                let page = teams.people(&ann, &acme(), None, &page).await.unwrap();
                after = page.items.last().map(|person| person.name.clone());
                seen.extend(page.items.into_iter().map(|person| person.name));
                if !page.has_more {
                    break;
                }
            }
            assert_eq!(seen, ["ann", "bob", "dan"], "{limit}");
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = PageRequest::new(after.take(), limit);
                let page = teams
                    .collaborators(&ann, &acme(), None, &page)
                    .await
                    .unwrap();
                after = page.items.last().map(PersonView::key);
                seen.extend(page.items.into_iter().map(|person| person.name));
                if !page.has_more {
                    break;
                }
            }
            assert_eq!(seen, ["carol", "acme+ci"], "{limit}");
        }
        let members = async |search| teams.count_people(&ann, &acme(), search).await.unwrap();
        assert_eq!((members(None).await, members(Some("N")).await), (3, 2));
        let beside = async |search| {
            teams
                .count_collaborators(&ann, &acme(), search)
                .await
                .unwrap()
        };
        assert_eq!(
            (
                beside(None).await,
                beside(Some("c")).await,
                beside(Some("_")).await
            ),
            (2, 2, 0)
        );
        for n in 0..EACH_MAX {
            let team = make(t, &ann, &format!("team-{n:03}"), TeamRole::Member).await;
            add(t, &ann, &team, "bob").await.unwrap();
        }
        let page = PageRequest::new(None, 10);
        let page = teams
            .people(&ann, &acme(), Some("bob"), &page)
            .await
            .unwrap();
        let bob = &page.items[0];
        assert_eq!((bob.teams.items.len(), bob.teams.count), (EACH_MAX, 52));
        let all = teams.all_people(&ann, &acme()).await.unwrap();
        assert_eq!(all[1].teams.items.len(), 52);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_and_auditors_see_who_belongs_to_an_organization() {
    let mut settings = Settings::default();
    settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(registry) = TestRegistry::with(backend, settings.clone()).await else {
            continue;
        };
        let t = &registry;
        let ann = with_people(t).await;
        let auditor = t.user("auditor").await;
        let bob = session(&t.services, "bob").await;
        let eve = session(&t.services, "eve").await;
        let token = t
            .oauth_token(&ann, "repo:admin repo:create user:admin")
            .await;
        let narrow = t
            .services
            .authn
            .bearer(&token, Origin::default())
            .await
            .unwrap();
        let teams = &t.services.teams;
        let none = "nobody-has-it".parse().unwrap();
        for (actor, code) in [
            (&bob, "FORBIDDEN"),
            (&narrow, "FORBIDDEN"),
            (&eve, "NAMESPACE_NOT_FOUND"),
            (&t.anonymous(), "UNAUTHENTICATED"),
        ] {
            let (page, beside) = (PageRequest::new(None, 10), PageRequest::new(None, 10));
            for refused in [
                teams.people(actor, &acme(), None, &page).await.err(),
                teams.all_people(actor, &acme()).await.err(),
                teams.count_people(actor, &acme(), None).await.err(),
                teams.person(actor, &acme(), "bob", 1).await.err(),
                teams.person(actor, &acme(), "nobody", 1).await.err(),
                teams
                    .collaborators(actor, &acme(), None, &beside)
                    .await
                    .err(),
                teams.all_collaborators(actor, &acme()).await.err(),
                teams.count_collaborators(actor, &acme(), None).await.err(),
                teams.remove_person(actor, &acme(), "bob").await.err(),
                teams.remove_person(actor, &acme(), "nobody").await.err(),
            ] {
                assert_eq!(refused.unwrap().code(), code);
            }
            let hidden = teams.all_people(actor, &none).await.unwrap_err();
            let known = ["UNAUTHENTICATED", "NAMESPACE_NOT_FOUND"];
            assert!(known.contains(&hidden.code()), "{hidden:?}");
        }
        assert_eq!(teams.all_people(&auditor, &acme()).await.unwrap().len(), 3);
        assert_eq!(
            teams
                .all_collaborators(&auditor, &acme())
                .await
                .unwrap()
                .len(),
            2
        );
        let refused = teams.remove_person(&auditor, &acme(), "bob").await;
        assert_eq!(refused.unwrap_err().code(), "NAMESPACE_NOT_FOUND");
        // Users have no members.
        let own = "ann".parse().unwrap();
        let refused = teams.all_people(&ann, &own).await.unwrap_err();
        assert_eq!(refused.code(), "NAMESPACE_NOT_FOUND");
        // And reading needs no registry that takes writes.
        let mut settings = settings.clone();
        settings.registry.read_only = true;
        let read_only = t.replica(settings).teams.clone();
        assert_eq!(read_only.all_people(&ann, &acme()).await.unwrap().len(), 3);
        let refused = read_only.remove_person(&ann, &acme(), "bob").await;
        assert!(matches!(refused, Err(Error::ReadOnly)), "{refused:?}");
        drop(read_only);
        registry.close().await;
    }
}

db_test!(
    async fn who_is_removed_leaves_all_teams_and_loses_every_role_of_its_own(t: TestRegistry) {
        let ann = with_people(t).await;
        let teams = &t.services.teams;
        let (bob, id) = (
            session(&t.services, "bob").await,
            owners(t, &ann).await.organization_id,
        );
        give(t, &ann, "web", "bob").await;
        let defaults = &t.services.default_permissions;
        for to in ["bob", "dan"] {
            let (to, role) = (To::Account(to), RepositoryRole::Read);
            defaults
                .create(&ann, &acme(), None, &to, role)
                .await
                .unwrap();
        }
        // What it has elsewhere is its own.
        repository(t, &bob, "bob", "own", Visibility::Private).await;
        teams.remove_person(&ann, &acme(), "bob").await.unwrap();
        // Again is no change.
        teams.remove_person(&ann, &acme(), "bob").await.unwrap();
        let people = teams.all_people(&ann, &acme()).await.unwrap();
        assert_eq!(
            told(&people),
            [row("ann", &["owners"], &[]), row("dan", &["makers"], &[])]
        );
        let repositories = &t.services.repositories;
        for name in ["app", "web"] {
            let path = path_of(&format!("acme/{name}"));
            assert!(repositories.by_path(&bob, &path).await.is_err(), "{name}");
        }
        assert!(
            repositories
                .by_path(&bob, &path_of("bob/own"))
                .await
                .is_ok()
        );
        repository(t, &ann, "acme", "new", Visibility::Private).await;
        assert!(
            repositories
                .by_path(&bob, &path_of("acme/new"))
                .await
                .is_err()
        );
        let dan = session(&t.services, "dan").await;
        assert!(
            repositories
                .by_path(&dan, &path_of("acme/new"))
                .await
                .is_ok()
        );
        // Who works from outside goes in the same way.
        teams.remove_person(&ann, &acme(), "carol").await.unwrap();
        let beside = teams.all_collaborators(&ann, &acme()).await.unwrap();
        assert_eq!(told(&beside), [row("acme+ci", &[], &["app"])]);
        let log = logged(t, id).await;
        let of = |kind: &str| {
            let found = log.iter().filter(|(known, _)| known == kind);
            let text = |told: &serde_json::Value, key: &str| told[key].as_str().map(str::to_owned);
            let mut told: Vec<_> = found
                .map(|(_, told)| {
                    let who = text(told, "member").or_else(|| text(told, "username"));
                    (
                        who.unwrap(),
                        text(told, "team").or_else(|| text(told, "repo")),
                    )
                })
                .collect();
            told.sort();
            told
        };
        let pair = |who: &str, what: &str| (who.to_owned(), Some(what.to_owned()));
        assert_eq!(
            of("org_remove_team_member"),
            [pair("bob", "makers"), pair("bob", "qa")]
        );
        assert_eq!(
            of("delete_repo_permission"),
            [
                pair("bob", "app"),
                pair("bob", "web"),
                pair("carol", "app"),
                pair("carol", "web"),
            ]
        );
        assert_eq!(of("delete_prototype_permission").len(), 1);
    }
);

db_test!(
    async fn the_last_administrator_is_not_removed_nor_who_is_no_user(t: TestRegistry) {
        let ann = with_people(t).await;
        let teams = &t.services.teams;
        let remove = async |name: &str| teams.remove_person(&ann, &acme(), name).await;
        let last = remove("ann").await.unwrap_err();
        assert_eq!(last.code(), "CONFLICT");
        assert_eq!(
            last.to_string(),
            "Cannot remove user as they are the only organization admin"
        );
        for name in [
            "acme+ci",
            "acme+none",
            "eve+ci",
            "nobody",
            "acme",
            "No Name",
        ] {
            assert_eq!(
                remove(name).await.unwrap_err().code(),
                "USER_NOT_FOUND",
                "{name}"
            );
        }
        // In two teams of administrators it is still one; a robot there is none.
        let more = make(t, &ann, "more", TeamRole::Admin).await;
        for name in ["ann", "acme+ci"] {
            add(t, &ann, &more, name).await.unwrap();
        }
        assert_eq!(remove("ann").await.unwrap_err().code(), "CONFLICT");
        add(t, &ann, &more, "bob").await.unwrap();
        remove("ann").await.unwrap();
        let bob = session(&t.services, "bob").await;
        assert_eq!(names(t, &bob, &more).await, ["bob", "acme+ci"]);
        let refused = remove("bob").await.unwrap_err();
        assert_eq!(refused.code(), "NAMESPACE_NOT_FOUND", "ann is out");
    }
);

db_test!(
    async fn of_two_administrators_who_remove_each_other_one_stays(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        organization(t, &ann, "acme").await;
        let owners = owners(t, &ann).await;
        let (teams, key) = (&t.services.teams, TeamKey::Id(owners.id));
        let acme = acme();
        teams.add_member(&ann, key, "bob").await.unwrap();
        for _ in 0..5 {
            let (by_ann, by_bob) = tokio::join!(
                teams.remove_person(&ann, &acme, "bob"),
                teams.remove_person(&bob, &acme, "ann")
            );
            assert!(by_ann.is_ok() != by_bob.is_ok(), "{by_ann:?} {by_bob:?}");
            let (winner, loser, refused) = match (by_ann, by_bob) {
                (Ok(_), Err(refused)) => (&ann, "bob", refused),
                (Err(refused), _) => (&bob, "ann", refused),
                (Ok(_), Ok(_)) => unreachable!("one of them is refused"),
            };
            assert!(matches!(refused, Error::Hidden(_)), "{refused:?}");
            teams.add_member(winner, key, loser).await.unwrap();
        }
        // Each leaves by itself at once: one has to stay.
        let (by_ann, by_bob) = tokio::join!(
            teams.remove_person(&ann, &acme, "ann"),
            teams.remove_person(&bob, &acme, "bob")
        );
        assert!(by_ann.is_ok() != by_bob.is_ok(), "{by_ann:?} {by_bob:?}");
        let refused = by_ann.err().or(by_bob.err()).unwrap();
        assert_eq!(refused.code(), "CONFLICT");
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn who_is_removed_is_asked_no_more() {
    with_mail(Settings::default(), async |t, _| {
        let ann = t.user("ann").await;
        organization(t, &ann, "acme").await;
        t.user("bob").await;
        let bob = session(&t.services, "bob").await;
        let (one, two) = (
            make(t, &ann, "one", TeamRole::Member).await,
            make(t, &ann, "two", TeamRole::Member).await,
        );
        let teams = &t.services.teams;
        for team in [&one, &two] {
            add(t, &ann, team, "bob").await.unwrap();
        }
        let page = PageRequest::new(None, 10);
        let asked = teams.invitations(&bob, &page).await.unwrap().items;
        assert_eq!(asked.len(), 2);
        teams.remove_person(&ann, &acme(), "bob").await.unwrap();
        assert!(
            teams
                .invitations(&bob, &page)
                .await
                .unwrap()
                .items
                .is_empty()
        );
        let refused = teams.accept_invitation(&bob, &asked[0].uuid).await;
        assert!(refused.is_err());
        let unread = t.services.notifications.unread(&bob).await.unwrap();
        assert_eq!(unread, 0);
        let log = logged(t, one.organization_id).await;
        let cancelled = log
            .iter()
            .filter(|(kind, _)| kind == "org_delete_team_member_invite");
        assert_eq!(cancelled.count(), 2);
    })
    .await;
}
