//! Teams: what their roles give, who is in them, and that an organization keeps an administrator.

mod administrators;
mod invitations;
mod people;
mod roles;

use berth_domain::{AccountKind, Error, Namespace, PageRequest, TeamName, TeamRole, Visibility};
use berth_services::many::Selection;
use berth_services::teams::{MemberState, MemberView, TeamChange, TeamKey, TeamView};
use berth_services::{Actor, Origin, Settings};
use berth_testkit::{TestImage, TestRegistry, db_test, path_of};

use super::account::logged;
use super::ownership::session;
use super::people::{organization, repository, robot};

/// Those who are in a team.
const IN_IT: &[MemberState] = &[MemberState::Member];

fn acme() -> Namespace {
    "acme".parse().unwrap()
}

async fn make(t: &TestRegistry, actor: &Actor, name: &str, role: TeamRole) -> TeamView {
    let name: TeamName = name.parse().unwrap();
    let teams = &t.services.teams;
    teams.create(actor, &acme(), &name, role, "").await.unwrap()
}

async fn add(
    t: &TestRegistry,
    actor: &Actor,
    team: &TeamView,
    name: &str,
) -> Result<MemberView, Error> {
    let added = t
        .services
        .teams
        .add_member(actor, TeamKey::Id(team.id), name);
    added.await.map(|(_, member)| member)
}

/// The oldest team, which a new organization has.
async fn owners(t: &TestRegistry, actor: &Actor) -> TeamView {
    let key = TeamKey::Name {
        organization: &acme(),
        team: "owners",
    };
    t.services.teams.get(actor, key).await.unwrap()
}

async fn names(t: &TestRegistry, actor: &Actor, team: &TeamView) -> Vec<String> {
    let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
    let (_, members) = teams.all_members(actor, key, IN_IT).await.unwrap();
    members.into_iter().map(|member| member.name).collect()
}

fn role(role: TeamRole) -> TeamChange {
    TeamChange {
        role: Some(role),
        ..TeamChange::default()
    }
}

db_test!(
    async fn the_role_of_a_team_counts_from_the_next_request(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        organization(t, &ann, "acme").await;
        repository(t, &ann, "acme", "app", Visibility::Private).await;
        let ci = robot(t, &ann, "acme", "ci").await;
        let token = t.services.robots.credentials(&ann, ci.id).await.unwrap();
        let login = t
            .services
            .authn
            .basic("acme+ci", &token.token, Origin::default());
        let ci = login.await.unwrap();
        let team = make(t, &ann, "makers", TeamRole::Member).await;
        add(t, &ann, &team, "bob").await.unwrap();
        add(t, &ann, &team, "acme+ci").await.unwrap();
        let (teams, repositories) = (&t.services.teams, &t.services.repositories);
        let (app, key) = (path_of("acme/app"), TeamKey::Id(team.id));
        let become_one_of = async |given| {
            let changed = teams.update(&ann, key, &role(given)).await;
            assert_eq!(changed.unwrap().role, given);
        };
        let create = async |actor: &Actor, name: &str| {
            let (name, visibility) = (name.parse().unwrap(), Visibility::Private);
            let made = repositories
                .create(actor, &acme(), &name, visibility, "")
                .await;
            made.map(|view| view.can_administer)
        };
        for (who, actor) in [("bob", &bob), ("ci", &ci)] {
            become_one_of(TeamRole::Member).await;
            let refused = create(actor, who).await;
            assert!(matches!(refused, Err(Error::Forbidden { .. })), "{who}");
            assert!(repositories.by_path(actor, &app).await.is_err(), "{who}");
            become_one_of(TeamRole::Creator).await;
            // Who made it administers it, and nothing else.
            assert!(create(actor, who).await.unwrap(), "{who}");
            t.push(actor, &format!("acme/{who}:1"), &TestImage::new(1))
                .await;
            assert!(repositories.by_path(actor, &app).await.is_err(), "{who}");
            become_one_of(TeamRole::Admin).await;
            let seen = repositories.by_path(actor, &app).await.unwrap();
            assert!(seen.can_administer, "{who}");
        }
        teams.remove_member(&ann, key, "bob").await.unwrap();
        assert!(repositories.by_path(&bob, &app).await.is_err());
        assert!(repositories.by_path(&ci, &app).await.is_ok());
        teams.delete(&ann, key).await.unwrap();
        assert!(repositories.by_path(&ci, &app).await.is_err());
        // What it made stays its own.
        assert!(repositories.by_path(&ci, &path_of("acme/ci")).await.is_ok());
    }
);

db_test!(
    async fn every_change_of_a_team_is_logged_once(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.user("bob").await;
        let id = organization(t, &ann, "acme").await.id;
        let team = make(t, &ann, "qa", TeamRole::Member).await;
        let (teams, key) = (&t.services.teams, TeamKey::Id(team.id));
        let change = TeamChange {
            role: Some(TeamRole::Creator),
            description: Some("Tests".into()),
        };
        // What is as it is asked for is no change.
        for _ in 0..2 {
            teams.update(&ann, key, &change).await.unwrap();
        }
        add(t, &ann, &team, "bob").await.unwrap();
        add(t, &ann, &team, "bob").await.unwrap_err();
        teams.remove_member(&ann, key, "bob").await.unwrap();
        teams.remove_member(&ann, key, "bob").await.unwrap_err();
        teams.delete(&ann, key).await.unwrap();
        teams.delete(&ann, key).await.unwrap_err();
        let log = logged(t, id).await;
        let mut kinds: Vec<&str> = log.iter().map(|(kind, _)| kind.as_str()).collect();
        kinds.sort_unstable();
        assert_eq!(
            kinds,
            [
                "org_add_team_member",
                "org_create",
                "org_create_team",
                "org_delete_team",
                "org_remove_team_member",
                "org_set_team_description",
                "org_set_team_role",
            ]
        );
        let told = |kind: &str| {
            let entry = log.iter().find(|(known, _)| known == kind);
            entry.unwrap().1.clone()
        };
        assert_eq!(told("org_set_team_role")["role"], "creator");
        assert_eq!(told("org_add_team_member")["member"], "bob");
        for (kind, metadata) in log.iter().filter(|(kind, _)| kind != "org_create") {
            assert_eq!(
                (&metadata["team"], &metadata["username"]),
                (&"qa".into(), &"ann".into()),
                "{kind}"
            );
        }
    }
);

db_test!(
    async fn an_organization_keeps_an_administrator_whatever_its_teams_lose(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        organization(t, &ann, "acme").await;
        robot(t, &ann, "acme", "ci").await;
        let owners = owners(t, &ann).await;
        let (teams, key) = (&t.services.teams, TeamKey::Id(owners.id));
        // Neither a robot nor an empty team is an administrator.
        let more = make(t, &ann, "more", TeamRole::Admin).await;
        add(t, &ann, &more, "acme+ci").await.unwrap();
        for refused in [
            teams
                .update(&ann, key, &role(TeamRole::Creator))
                .await
                .err(),
            teams.delete(&ann, key).await.err(),
            teams.remove_member(&ann, key, "ann").await.err(),
        ] {
            assert!(
                matches!(refused, Some(Error::Conflict { .. })),
                "{refused:?}"
            );
        }
        assert_eq!(names(t, &ann, &owners).await, ["ann"]);
        // What administers nothing is free to go.
        let other = make(t, &ann, "other", TeamRole::Creator).await;
        teams.delete(&ann, TeamKey::Id(other.id)).await.unwrap();
        add(t, &ann, &more, "bob").await.unwrap();
        teams.remove_member(&ann, key, "ann").await.unwrap();
        let gone = teams.get(&ann, key).await;
        assert!(matches!(gone, Err(Error::Hidden(_))), "{gone:?}");
        let more = TeamKey::Id(more.id);
        let refused = teams.remove_member(&bob, more, "bob").await;
        assert!(
            matches!(refused, Err(Error::Conflict { .. })),
            "{refused:?}"
        );
        // An administrator who is being deleted is none.
        teams.add_member(&bob, more, "ann").await.unwrap();
        let (ann, bob) = (
            session(&t.services, "ann").await,
            session(&t.services, "bob").await,
        );
        t.services.accounts.delete(&ann).await.unwrap();
        let refused = teams.remove_member(&bob, more, "bob").await;
        assert!(
            matches!(refused, Err(Error::Conflict { .. })),
            "{refused:?}"
        );
        t.services.accounts.delete(&bob).await.unwrap_err();
    }
);

db_test!(
    async fn of_two_administrators_who_demote_each_other_one_stays(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        organization(t, &ann, "acme").await;
        let owners = owners(t, &ann).await;
        let others = make(t, &ann, "others", TeamRole::Admin).await;
        let (one, two) = (TeamKey::Id(owners.id), TeamKey::Id(others.id));
        let teams = &t.services.teams;
        teams.add_member(&ann, two, "bob").await.unwrap();
        for _ in 0..5 {
            let (lower, higher) = (role(TeamRole::Member), role(TeamRole::Admin));
            let (by_ann, by_bob) = tokio::join!(
                teams.update(&ann, two, &lower),
                teams.update(&bob, one, &lower)
            );
            assert!(by_ann.is_ok() != by_bob.is_ok(), "{by_ann:?} {by_bob:?}");
            // Who has lost the right while it waited is told so.
            let refused = by_ann.as_ref().err().or(by_bob.as_ref().err());
            assert!(
                matches!(refused, Some(Error::Forbidden { .. })),
                "{refused:?}"
            );
            let (winner, lost) = if by_ann.is_ok() {
                (&ann, two)
            } else {
                (&bob, one)
            };
            teams.update(winner, lost, &higher).await.unwrap();
        }
    }
);

db_test!(
    async fn who_takes_a_user_over_administers_what_it_administered_alone(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let id = organization(t, &ann, "acme").await.id;
        let superuser = &t.services.superuser;
        let user = ann.user_id().unwrap();
        superuser.take_ownership(&root, user).await.unwrap();
        let owners = owners(t, &root).await;
        assert_eq!(names(t, &root, &owners).await, ["root"]);
        let log = logged(t, id).await;
        let entry = log.iter().find(|(kind, _)| kind == "take_ownership");
        assert_eq!(entry.unwrap().1["was_user"], false);
    }
);

db_test!(
    async fn who_is_deleted_leaves_its_teams(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.user("bob").await;
        let id = organization(t, &ann, "acme").await.id;
        let ci = robot(t, &ann, "acme", "ci").await;
        let team = make(t, &ann, "qa", TeamRole::Member).await;
        for name in ["acme+ci", "ann", "bob"] {
            add(t, &ann, &team, name).await.unwrap();
        }
        assert_eq!(names(t, &ann, &team).await, ["ann", "bob", "acme+ci"]);
        let robots = &t.services.robots;
        let deleted = robots.delete(&ann, Selection::Items(&[ci.id])).await;
        deleted.unwrap();
        let bob = session(&t.services, "bob").await;
        t.services.accounts.delete(&bob).await.unwrap();
        assert_eq!(names(t, &ann, &team).await, ["ann"]);
        let teams = &t.services.teams;
        let counts = teams.counts(&ann, &[team.id]).await.unwrap();
        assert_eq!(counts[&team.id].members, 1);
        // A new robot of the name has nothing of the old one.
        robot(t, &ann, "acme", "ci").await;
        assert_eq!(names(t, &ann, &team).await, ["ann"]);
        let organizations = &t.services.organizations;
        organizations.delete(&ann, &[id]).await.unwrap();
        let gone = teams.get(&ann, TeamKey::Id(team.id)).await;
        assert!(matches!(gone, Err(Error::Hidden(_))), "{gone:?}");
        let refused = add(t, &ann, &team, "acme+ci").await;
        assert!(matches!(refused, Err(Error::Hidden(_))), "{refused:?}");
    }
);

db_test!(
    async fn strangers_know_no_team_and_members_only_their_own(t: TestRegistry) {
        let (ann, bob, eve) = (
            t.user("ann").await,
            t.user("bob").await,
            t.user("eve").await,
        );
        let id = organization(t, &ann, "acme").await.id;
        let qa = make(t, &ann, "qa", TeamRole::Member).await;
        add(t, &ann, &qa, "bob").await.unwrap();
        let owners = owners(t, &ann).await;
        let teams = &t.services.teams;
        let page = PageRequest::new(None, 10);
        for (actor, code) in [
            (&eve, "TEAM_NOT_FOUND"),
            (&t.anonymous(), "UNAUTHENTICATED"),
        ] {
            let key = TeamKey::Id(qa.id);
            for refused in [
                teams.get(actor, key).await.err(),
                teams
                    .members(actor, key, IN_IT, None, &PageRequest::new(None, 10))
                    .await
                    .err(),
                teams.update(actor, key, &role(TeamRole::Admin)).await.err(),
                teams.delete(actor, key).await.err(),
                teams.add_member(actor, key, "eve").await.err(),
                teams.remove_member(actor, key, "bob").await.err(),
            ] {
                assert_eq!(refused.unwrap().code(), code);
            }
            assert_eq!(teams.page(actor, id, None, &page).await.unwrap(), None);
            assert_eq!(teams.count(actor, id, None).await.unwrap(), 0);
            assert!(teams.all(actor, id).await.unwrap().is_none());
            assert!(teams.by_ids(actor, &[qa.id]).await.unwrap().is_empty());
            assert!(teams.counts(actor, &[qa.id]).await.unwrap().is_empty());
        }
        let seen = teams.all(&bob, id).await.unwrap().unwrap();
        let seen: Vec<_> = seen
            .into_iter()
            .map(|(team, counts)| {
                (
                    team.name.to_string(),
                    team.can_view_members,
                    team.can_manage,
                    counts.members,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("owners".to_owned(), false, false, 1),
                ("qa".to_owned(), true, false, 1),
            ]
        );
        assert_eq!(names(t, &bob, &qa).await, ["bob"]);
        let hidden = teams.all_members(&bob, TeamKey::Id(owners.id), IN_IT).await;
        assert!(matches!(hidden, Err(Error::Forbidden { .. })), "{hidden:?}");
        // A token without a scope for teams makes nobody a member.
        for (scopes, sees) in [
            ("repo:admin user:admin", false),
            ("repo:create", true),
            ("org:admin", true),
        ] {
            let token = t.oauth_token(&bob, scopes).await;
            let bearer = t.services.authn.bearer(&token, Origin::default());
            let narrow = bearer.await.unwrap();
            let found = teams.get(&narrow, TeamKey::Id(qa.id)).await;
            assert_eq!(found.is_ok(), sees, "{scopes}");
            let views = t.services.organizations.by_ids(&narrow, &[id]).await;
            assert_eq!(views.unwrap()[&id].role.is_some(), sees, "{scopes}");
        }
    }
);

db_test!(
    async fn only_who_is_there_comes_into_a_team_and_no_robot_of_others(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        organization(t, &ann, "acme").await;
        organization(t, &bob, "other").await;
        robot(t, &bob, "other", "ci").await;
        let team = make(t, &ann, "qa", TeamRole::Member).await;
        for (name, code) in [
            ("nobody", "INVALID_INPUT"),
            ("other", "INVALID_INPUT"),
            ("No Name", "INVALID_INPUT"),
            ("acme+ci", "INVALID_INPUT"),
            ("other+ci", "CONFLICT"),
            ("other+none", "CONFLICT"),
        ] {
            let refused = add(t, &ann, &team, name).await.unwrap_err();
            assert_eq!(refused.code(), code, "{name}");
        }
        let key = TeamKey::Id(team.id);
        for name in ["nobody", "other+ci", "No Name"] {
            let refused = t.services.teams.remove_member(&ann, key, name).await;
            assert_eq!(refused.unwrap_err().code(), "USER_NOT_FOUND", "{name}");
        }
        let added = add(t, &ann, &team, "bob").await.unwrap();
        assert_eq!(
            (added.kind, added.name.as_str()),
            (Some(AccountKind::User), "bob")
        );
        // The name is taken; and users have no teams.
        let teams = &t.services.teams;
        for (namespace, code) in [("acme", "ALREADY_EXISTS"), ("ann", "NAMESPACE_NOT_FOUND")] {
            let (namespace, admin) = (namespace.parse().unwrap(), TeamRole::Admin);
            let refused = teams.create(&ann, &namespace, &team.name, admin, "");
            assert_eq!(refused.await.unwrap_err().code(), code);
        }
    }
);

db_test!(
    async fn teams_and_members_come_in_pages(t: TestRegistry) {
        let ann = t.user("ann").await;
        let id = organization(t, &ann, "acme").await.id;
        let team = make(t, &ann, "qa", TeamRole::Member).await;
        for name in ["team-1", "team-2", "team_3"] {
            make(t, &ann, name, TeamRole::Member).await;
        }
        let teams = &t.services.teams;
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let request = PageRequest::new(after.take(), 2);
            let page = teams.page(&ann, id, None, &request).await.unwrap().unwrap();
            seen.extend(page.items.iter().map(|team| team.name.to_string()));
            after = page.items.last().map(|team| team.name.clone());
            if !page.has_more {
                break;
            }
        }
        assert_eq!(seen, ["owners", "qa", "team-1", "team-2", "team_3"]);
        // Wildcards are letters.
        assert_eq!(teams.count(&ann, id, Some("m_")).await.unwrap(), 1);
        assert_eq!(teams.count(&ann, id, Some("TEAM")).await.unwrap(), 3);
        for name in ["user-1", "user-2", "user-3"] {
            t.user(name).await;
            add(t, &ann, &team, name).await.unwrap();
        }
        for short in ["bot-1", "bot-2"] {
            robot(t, &ann, "acme", short).await;
            add(t, &ann, &team, &format!("acme+{short}")).await.unwrap();
        }
        let expected = ["user-1", "user-2", "user-3", "acme+bot-1", "acme+bot-2"];
        let key = TeamKey::Id(team.id);
        for limit in 1..6 {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let request = PageRequest::new(after.take(), limit);
                let (_, page) = teams
                    .members(&ann, key, IN_IT, None, &request)
                    .await
                    .unwrap();
                after = page.items.last().map(MemberView::key);
                seen.extend(page.items.into_iter().map(|member| member.name));
                if !page.has_more {
                    break;
                }
            }
            assert_eq!(seen, expected, "{limit}");
        }
        assert_eq!(
            teams.count_members(&ann, key, IN_IT, None).await.unwrap(),
            5
        );
        let found = teams.count_members(&ann, key, IN_IT, Some("-1")).await;
        assert_eq!(found.unwrap(), 2);
    }
);

db_test!(
    async fn teams_are_read_and_not_changed_while_the_registry_is_read_only(t: TestRegistry) {
        let ann = t.user("ann").await;
        organization(t, &ann, "acme").await;
        let team = make(t, &ann, "qa", TeamRole::Member).await;
        let mut settings = Settings::default();
        settings.registry.read_only = true;
        let teams = t.replica(settings).teams.clone();
        let key = TeamKey::Id(team.id);
        let (view, members) = teams.all_members(&ann, key, IN_IT).await.unwrap();
        assert_eq!((view.can_manage, members.len()), (false, 0));
        for refused in [
            teams.delete(&ann, key).await.err(),
            teams.add_member(&ann, key, "ann").await.err(),
            teams.update(&ann, key, &role(TeamRole::Admin)).await.err(),
        ] {
            assert!(matches!(refused, Some(Error::ReadOnly)), "{refused:?}");
        }
    }
);
