//! Who may do what in a repository, and why: the explanation is what happens when they ask themselves.

use std::collections::BTreeSet;

use berth_domain::{
    AccountId, EntityKind, Error, PageRequest, RepositoryId, RepositoryRole, TeamId, TeamRole,
    Visibility,
};
use berth_services::permissions::{AccessKey, AccessView, Ground, RoleChange, TeamRoleChange};
use berth_services::{Actor, Origin, Services, Settings};
use berth_store::{repositories, teams};
use berth_testkit::{Backend, TestRegistry, db_test};

use super::listings::{Dice, NOW, ROLES, pick, populate};
use super::people::{join, organization, repository, robot};

type Of = (EntityKind, i64);

/// What one of them may do; none for who may not ask.
async fn one(
    services: &Services,
    asker: &Actor,
    id: RepositoryId,
    of: Of,
) -> Option<Option<AccessView>> {
    let page = PageRequest::new(None, 10);
    let found = services
        .permissions
        .explain(asker, id, Some(of), &page)
        .await;
    let mut found = found.unwrap()?;
    assert!(!found.has_more && found.items.len() <= 1);
    Some(found.items.pop())
}

/// Everybody who has a right of their own, by pages of a few; none for who may not ask.
async fn all(
    services: &Services,
    asker: &Actor,
    id: RepositoryId,
    limit: usize,
) -> Option<Vec<AccessView>> {
    let (mut found, mut after): (Vec<AccessView>, Option<AccessKey>) = (Vec::new(), None);
    loop {
        let request = PageRequest::new(after.take(), limit);
        let page = services
            .permissions
            .explain(asker, id, None, &request)
            .await;
        let page = page.unwrap()?;
        found.extend(page.items);
        if !page.has_more {
            return Some(found);
        }
        after = found.last().map(AccessView::key);
    }
}

fn of(actor: &Actor) -> Of {
    let kind = if actor.user_id().is_some() {
        EntityKind::User
    } else {
        EntityKind::Robot
    };
    (kind, actor.account_id().unwrap().0)
}

/// The highest role that is not everybody's.
fn own_role(view: &AccessView) -> Option<RepositoryRole> {
    let reasons = view.reasons.iter();
    let own = reasons.filter(|reason| reason.ground != Ground::Public);
    own.map(|reason| reason.ground.role()).max()
}

async fn check(backend: Backend, seed: u64, settings: Settings) {
    let Some(t) = TestRegistry::with(backend, settings).await else {
        return;
    };
    let mut actors = Vec::new();
    for name in ["ann", "bob", "cleo", "dan"] {
        actors.push(t.user(name).await);
    }
    let ids: Vec<AccountId> = actors.iter().filter_map(Actor::user_id).collect();
    t.db()
        .write(async |tx| populate(tx, seed, &ids).await)
        .await
        .unwrap();
    let registry = t.services.authn.local();
    let mut robots = Vec::new();
    for namespace in ["org0", "org1", "ann"] {
        let made = robot(&t, &registry, namespace, "ci").await;
        let credentials = t.services.robots.credentials(&registry, made.id).await;
        let credentials = credentials.unwrap();
        let name = credentials.username.to_string();
        robots.push(t.login(&name, credentials.token.expose()).await);
    }
    let robot_ids: Vec<AccountId> = robots.iter().filter_map(Actor::account_id).collect();
    let (repositories_there, teams_there) = (1..=24, 1..=9);
    t.db()
        .write(async |tx| {
            let mut dice = Dice(seed + 100);
            for id in &robot_ids {
                for repository in repositories_there.clone() {
                    if dice.below(6) == 0 {
                        let (repository, role) =
                            (RepositoryId(repository), pick(&mut dice, &ROLES));
                        repositories::set_role(tx, repository, *id, role, NOW).await?;
                    }
                }
                for team in teams_there.clone() {
                    if dice.below(4) == 0 {
                        teams::add_member(tx, TeamId(team), *id, NOW).await?;
                    }
                }
            }
            Ok(())
        })
        .await
        .unwrap();
    actors.extend(robots);
    for id in repositories_there.map(RepositoryId) {
        explains(&t, &registry, &actors, id, seed).await;
    }
    t.close().await;
}

/// Of one repository everybody's explanation is what they get.
async fn explains(
    t: &TestRegistry,
    registry: &Actor,
    actors: &[Actor],
    id: RepositoryId,
    seed: u64,
) {
    let services = &t.services;
    let everybody = all(services, registry, id, 100).await;
    let Some(everybody) = everybody else {
        // It was deleted: nobody asks about it.
        for actor in actors {
            assert_eq!(one(services, actor, id, of(actor)).await, None);
        }
        return;
    };
    assert_eq!(
        all(services, registry, id, 2).await,
        Some(everybody.clone())
    );
    let mut holders = BTreeSet::new();
    for actor in actors {
        let seen = services.repositories.by_ids(actor, &[id]).await.unwrap();
        let seen = seen.get(&id);
        let view = one(services, registry, id, of(actor)).await;
        let view = view.flatten().expect("everybody is there");
        let context = format!("seed {seed}, {id}, {}: {view:?}", view.name);
        assert_eq!(view.can_pull, seen.is_some(), "{context}");
        let role = seen.and_then(|seen| seen.role);
        assert_eq!(own_role(&view), role, "{context}");
        let does = seen.map_or((false, false), |seen| (seen.can_push, seen.can_administer));
        assert_eq!((view.can_push, view.can_administer), does, "{context}");
        assert_eq!(view.role.is_some(), view.can_pull, "{context}");
        if role.is_some() {
            holders.insert(view.key());
            assert!(everybody.contains(&view), "{context}");
        }
        // They learn the same of themselves where they see the repository, and only administrators of others.
        let itself = one(services, actor, id, of(actor)).await;
        assert_eq!(itself, seen.map(|_| Some(view.clone())), "{context}");
        let sees = seen.is_some_and(|seen| seen.can_see_roles);
        let listed = all(services, actor, id, 100).await;
        assert_eq!(listed.is_some(), sees, "{context}");
        assert!(listed.is_none_or(|listed| listed == everybody), "{context}");
    }
    let accounts = everybody
        .iter()
        .filter(|view| view.kind != EntityKind::Team);
    let listed: BTreeSet<AccessKey> = accounts.map(AccessView::key).collect();
    assert_eq!(listed, holders, "seed {seed}, {id}");
    for team in everybody
        .iter()
        .filter(|view| view.kind == EntityKind::Team)
    {
        assert!(own_role(team).is_some(), "{team:?}");
        let alone = one(services, registry, id, (team.kind, team.id)).await;
        assert_eq!(alone, Some(Some(team.clone())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_is_what_the_gate_decides_in_generated_registries() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        for seed in 1..=3 {
            check(backend, seed, Settings::default()).await;
        }
        for full in [true, false] {
            let mut settings = Settings::default();
            settings.users.superusers_full_access = full;
            settings.users.superusers = Some(vec!["dan".parse().unwrap()]);
            settings.users.read_only_superusers = vec!["cleo".parse().unwrap()];
            check(backend, 7, settings).await;
        }
        let mut first = Settings::default();
        first.users.superusers_full_access = true;
        check(backend, 8, first).await;
    }
}

/// Names with their reasons.
fn told(views: &[AccessView]) -> Vec<String> {
    let told = views.iter().map(|view| {
        let reasons: Vec<String> = view
            .reasons
            .iter()
            .map(|reason| match &reason.team {
                Some((_, team)) => format!("{:?} by {team}", reason.ground),
                None => format!("{:?}", reason.ground),
            })
            .collect();
        format!("{} {:?}: {}", view.name, view.role, reasons.join(", "))
    });
    told.collect()
}

/// `acme/app`, public, with a role for bob, for the robot and for the team that bob is in.
async fn acme(t: &TestRegistry) -> (Actor, RepositoryId) {
    let ann = t.user("ann").await;
    t.user("bob").await;
    organization(t, &ann, "acme").await;
    let app = repository(t, &ann, "acme", "app", Visibility::Public).await;
    robot(t, &ann, "acme", "ci").await;
    robot(t, &ann, "acme", "idle").await;
    join(t, "acme", "bob", TeamRole::Creator).await;
    let role = |account: &str, role| RoleChange {
        account: account.to_owned(),
        role: Some(role),
    };
    let id = app.repository.id;
    let changes = [
        role("bob", RepositoryRole::Read),
        role("acme+ci", RepositoryRole::Write),
        RoleChange {
            account: "ann".to_owned(),
            role: None,
        },
    ];
    let of_teams = [TeamRoleChange {
        team: "of-bob".to_owned(),
        role: Some(RepositoryRole::Write),
    }];
    let permissions = &t.services.permissions;
    permissions
        .set_all(&ann, id, &changes, &of_teams)
        .await
        .unwrap();
    (ann, id)
}

db_test!(
    async fn every_reason_is_told_with_its_team(t: TestRegistry) {
        let (ann, id) = acme(t).await;
        let everybody = all(&t.services, &ann, id, 2).await.unwrap();
        let expected = [
            "ann Some(Admin): OrganizationAdministrator by owners, Public",
            "bob Some(Write): Direct(Read), Team(Write) by of-bob, Public",
            "acme+ci Some(Write): Direct(Write), Public",
            "of-bob Some(Write): Team(Write) by of-bob, Public",
            "owners Some(Admin): OrganizationAdministrator by owners, Public",
        ];
        assert_eq!(told(&everybody), expected);
        let kinds: Vec<EntityKind> = everybody.iter().map(|view| view.kind).collect();
        let (user, robot, team) = (EntityKind::User, EntityKind::Robot, EntityKind::Team);
        assert_eq!(kinds, [user, user, robot, team, team]);
    }
);

db_test!(
    async fn who_has_no_right_is_told_only_to_who_may_know_of_them(t: TestRegistry) {
        let (ann, id) = acme(t).await;
        let eve = t.user("eve").await;
        organization(t, &eve, "other").await;
        let foreign = robot(t, &eve, "other", "ci").await;
        let services = &t.services;
        let idle: berth_domain::RobotName = "acme+idle".parse().unwrap();
        let organization = berth_domain::AccountKind::Organization;
        let idle = services
            .robots
            .find(&ann, organization, &idle)
            .await
            .unwrap();
        let asked = async |kind, id_of: i64| {
            let found = one(services, &ann, id, (kind, id_of)).await.unwrap();
            found.map(|view| told(&[view]).remove(0))
        };
        let public = |name: &str| Some(format!("{name} Some(Read): Public"));
        assert_eq!(
            asked(EntityKind::Robot, idle.id.0).await,
            public("acme+idle")
        );
        assert_eq!(asked(EntityKind::Robot, foreign.id.0).await, None);
        assert_eq!(asked(EntityKind::Robot, 987_654).await, None);
        assert_eq!(
            asked(EntityKind::User, eve.user_id().unwrap().0).await,
            public("eve")
        );
        assert_eq!(asked(EntityKind::User, 987_654).await, None);
        // A robot is no user, and the other organization's owners are nobody here.
        assert_eq!(asked(EntityKind::User, idle.id.0).await, None);
        for team in 1..=10 {
            let known = asked(EntityKind::Team, team).await;
            let is_ours = known
                .as_ref()
                .is_none_or(|told| !told.contains("Some(Read)"));
            assert!(is_ours, "{known:?}");
        }
        // An administrator of the repository alone knows no robot of the organization.
        let change = RoleChange {
            account: "eve".to_owned(),
            role: Some(RepositoryRole::Admin),
        };
        services.permissions.set(&ann, id, &[change]).await.unwrap();
        let idle = (EntityKind::Robot, idle.id.0);
        assert_eq!(one(services, &eve, id, idle).await, Some(None));
    }
);

db_test!(
    async fn administrators_ask_about_others_and_everybody_about_themselves(t: TestRegistry) {
        let (ann, id) = acme(t).await;
        let bob = t.login("bob", berth_testkit::PASSWORD).await;
        let eve = t.user("eve").await;
        let services = &t.services;
        for actor in [&bob, &eve] {
            assert_eq!(all(services, actor, id, 10).await, None);
            assert_eq!(one(services, actor, id, of(&ann)).await, None);
            let itself = one(services, actor, id, of(actor)).await.flatten();
            assert_eq!(itself.unwrap().name, actor.name().unwrap());
        }
        let nobody = t.anonymous();
        assert_eq!(all(services, &nobody, id, 10).await, None);
        assert_eq!(one(services, &nobody, id, of(&ann)).await, None);
        for (scopes, may_ask) in [
            ("repo:read", false),
            ("repo:write", false),
            ("org:admin user:admin", false),
            ("repo:admin", true),
        ] {
            let token = t.oauth_token(&ann, scopes).await;
            let actor = services
                .authn
                .bearer(&token, Origin::default())
                .await
                .unwrap();
            let listed = all(services, &actor, id, 10).await;
            assert_eq!(listed.is_some(), may_ask, "{scopes}");
            let itself = one(services, &actor, id, of(&actor)).await;
            assert_eq!(itself.is_some(), may_ask, "{scopes}");
        }
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn who_is_shut_out_may_nothing_whatever_the_reasons() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let mut settings = Settings::default();
        settings.users.superusers = Some(vec!["root".parse().unwrap()]);
        let Some(t) = TestRegistry::with(backend, settings.clone()).await else {
            continue;
        };
        t.user("root").await;
        let (ann, id) = acme(&t).await;
        let bob = t.login("bob", berth_testkit::PASSWORD).await;
        let root = t.session("root").await.actor;
        let superuser = &t.services.superuser;
        superuser
            .set_enabled(&root, bob.user_id().unwrap(), false)
            .await
            .unwrap();
        settings.robots.disallowed = true;
        let closed = t.replica(settings);
        let everybody = all(&closed, &ann, id, 10).await.unwrap();
        let out: Vec<(&str, bool)> = everybody
            .iter()
            .map(|view| (view.name.as_str(), view.is_shut_out))
            .collect();
        assert_eq!(
            out,
            [
                ("ann", false),
                ("bob", true),
                ("acme+ci", true),
                ("of-bob", false),
                ("owners", false)
            ]
        );
        for view in everybody.iter().filter(|view| view.is_shut_out) {
            assert_eq!(view.role, None);
            assert!(!view.can_pull && !view.can_push && !view.can_administer);
            assert!(view.reasons.len() > 1, "{view:?}");
        }
        let password = berth_domain::Secret::from(berth_testkit::PASSWORD);
        let refused = closed.authn.basic("bob", &password, Origin::default());
        assert!(matches!(refused.await, Err(Error::Unauthenticated { .. })));
        drop(closed);
        t.close().await;
    }
}
