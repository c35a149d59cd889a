//! What is changed in repositories, one at a time and many at once, and how often they are pulled from.

use std::time::Duration;

use berth_domain::{Error, RepositoryId, RepositoryRole, RepositoryState, TeamRole, Visibility};
use berth_services::Actor;
use berth_services::many::Selection;
use berth_services::permissions::{RoleChange, RoleIn, RoleSubject};
use berth_services::repositories::PULL_DAYS;
use berth_services::robots::NewRobot;
use berth_store::logs;
use berth_testkit::{TestImage, TestRegistry, db_test, path_of};

use super::people::{organization, repository, robot};

/// Gives a role in a repository.
async fn give(t: &TestRegistry, owner: &Actor, id: RepositoryId, who: &str, role: RepositoryRole) {
    let change = RoleChange {
        account: who.into(),
        role: Some(role),
    };
    t.services
        .permissions
        .set(owner, id, &[change])
        .await
        .unwrap();
}

/// Kinds and metadata of what was logged of a repository, but its creation.
async fn logged(t: &TestRegistry, id: RepositoryId) -> Vec<(String, serde_json::Value)> {
    let mut conn = t.db().read().await.unwrap();
    let entries = logs::of_repository(&mut conn, id).await.unwrap();
    entries
        .into_iter()
        .filter(|(kind, _)| kind != "create_repo")
        .map(|(kind, metadata)| (kind, serde_json::from_str(&metadata).unwrap()))
        .collect()
}

db_test!(
    async fn nobody_changes_what_is_in_a_read_only_repository(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let digest = t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let repositories = &t.services.repositories;
        let view = repositories
            .by_path(&ann, &path_of("ann/app"))
            .await
            .unwrap();
        let id = view.repository.id;
        give(t, &ann, id, "bob", RepositoryRole::Write).await;
        let change = async |who: &Actor, state| repositories.change_state(who, id, state).await;
        let frozen = change(&ann, RepositoryState::ReadOnly).await.unwrap();
        assert_eq!(frozen.repository.state, RepositoryState::ReadOnly);
        assert!(!frozen.can_push && frozen.can_administer);
        // Again is fine, and no news.
        change(&ann, RepositoryState::ReadOnly).await.unwrap();
        let (path, tag) = (path_of("ann/app"), "2".parse().unwrap());
        for who in [&ann, &bob] {
            let manifest = TestImage::new(1).manifest;
            let manifests = &t.services.manifests;
            let push = manifests.push(who, &path, &tag, None, manifest);
            assert!(matches!(push.await, Err(Error::Forbidden { .. })));
            let name = ["1".parse().unwrap()];
            let gone = t
                .services
                .tags
                .delete_many(who, id, Selection::Items(&name))
                .await;
            assert!(gone.is_err());
            t.pull(who, "ann/app", &digest).await;
        }
        // What it says of itself is no push.
        repositories.describe(&bob, id, "frozen").await.unwrap();
        assert!(change(&bob, RepositoryState::Normal).await.is_err());
        let mirror = change(&ann, RepositoryState::Mirror).await.unwrap_err();
        assert_eq!(mirror.field(), Some("state"));
        change(&ann, RepositoryState::Normal).await.unwrap();
        t.push(&bob, "ann/app:2", &TestImage::new(2)).await;
        let states: Vec<_> = logged(t, id)
            .await
            .into_iter()
            .filter(|(kind, _)| kind == "change_repo_state")
            .map(|(_, metadata)| metadata["state_changed"].clone())
            .collect();
        assert_eq!(states, ["READ_ONLY", "NORMAL"]);
    }
);

db_test!(
    async fn who_may_push_says_what_is_in_a_repository_and_others_do_not(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let (eve, nobody) = (t.user("eve").await, t.anonymous());
        let id = repository(t, &ann, "ann", "app", Visibility::Private)
            .await
            .repository
            .id;
        let repositories = &t.services.repositories;
        let describe = async |who: &Actor| repositories.describe(who, id, "new").await;
        let freeze = async |who: &Actor| {
            let state = RepositoryState::ReadOnly;
            repositories.change_state(who, id, state).await
        };
        assert!(matches!(describe(&eve).await, Err(Error::Hidden(_))));
        assert!(matches!(freeze(&eve).await, Err(Error::Hidden(_))));
        let unknown =
            |result: &Result<_, Error>| matches!(result, Err(Error::Unauthenticated { .. }));
        assert!(unknown(&describe(&nobody).await.map(drop)));
        assert!(unknown(&freeze(&nobody).await.map(drop)));
        give(t, &ann, id, "bob", RepositoryRole::Read).await;
        assert!(matches!(describe(&bob).await, Err(Error::Forbidden { .. })));
        give(t, &ann, id, "bob", RepositoryRole::Write).await;
        assert_eq!(describe(&bob).await.unwrap().repository.description, "new");
        assert!(matches!(freeze(&bob).await, Err(Error::Forbidden { .. })));
    }
);

db_test!(
    async fn pulls_are_counted_by_day_for_a_while(t: TestRegistry) {
        let (ann, eve) = (t.user("ann").await, t.user("eve").await);
        let digest = t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let repositories = &t.services.repositories;
        let view = repositories
            .by_path(&ann, &path_of("ann/app"))
            .await
            .unwrap();
        let id = view.repository.id;
        let day = Duration::from_hours(24);
        assert!(repositories.pulls(&ann, &[id]).await.unwrap().is_empty());
        t.pull(&ann, "ann/app", &digest).await;
        t.pull(&ann, "ann/app", &digest).await;
        t.clock.advance(29 * day);
        t.pull(&ann, "ann/app", &digest).await;
        let counted = async || {
            let mut found = repositories.pulls(&ann, &[id]).await.unwrap();
            let pulls = found.remove(&id).unwrap_or_default();
            let days: Vec<u64> = pulls.by_day.iter().map(|(_, count)| *count).collect();
            (days, pulls.recent)
        };
        assert_eq!(counted().await, (vec![2, 1], 3));
        t.clock.advance(day);
        assert_eq!(counted().await, (vec![2, 1], 1));
        // Who does not see the repository does not see how often it is pulled from.
        assert!(repositories.pulls(&eve, &[id]).await.unwrap().is_empty());
        assert!(
            repositories
                .pulls(&t.anonymous(), &[id])
                .await
                .unwrap()
                .is_empty()
        );
        t.work_after((u32::from(PULL_DAYS) - 29) * day, "expiry_sweep")
            .await;
        assert_eq!(counted().await, (vec![1], 0));
        let mut conn = t.db().read().await.unwrap();
        let first = berth_services::repositories::Day::of(berth_domain::Timestamp(0));
        let kept = berth_store::pull_counts::since(&mut conn, &[id], first).await;
        assert_eq!(kept.unwrap()[&id].len(), 1, "the sweep forgets old days");
    }
);

/// Roles in several repositories.
fn roles(ids: &[RepositoryId], role: Option<RepositoryRole>) -> Vec<RoleIn> {
    let role_in = |&repository| RoleIn { repository, role };
    ids.iter().map(role_in).collect()
}

db_test!(
    async fn one_gets_roles_in_many_repositories_or_in_none(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        organization(t, &ann, "acme").await;
        robot(t, &ann, "acme", "ci").await;
        let mut ids = Vec::new();
        for name in ["one", "two", "three"] {
            let made = repository(t, &ann, "acme", name, Visibility::Private).await;
            ids.push(made.repository.id);
        }
        let mine = repository(t, &bob, "bob", "mine", Visibility::Private).await;
        let own = repository(t, &ann, "ann", "own", Visibility::Private).await;
        let permissions = &t.services.permissions;
        let robot = RoleSubject::Account("acme+ci".into());
        let set = async |who: &Actor, subject: &RoleSubject, ids: &[RepositoryId], role| {
            permissions.set_for(who, subject, &roles(ids, role)).await
        };
        let write = Some(RepositoryRole::Write);
        set(&ann, &robot, &ids, write).await.unwrap();
        let held = async |id| {
            let found = permissions.list(&ann, id).await.unwrap().unwrap();
            found
                .into_iter()
                .filter(|held| held.account != "ann")
                .map(|held| (held.account, held.role))
                .collect::<Vec<_>>()
        };
        for id in &ids {
            assert_eq!(held(*id).await, [("acme+ci".into(), RepositoryRole::Write)]);
        }
        // A repository that is hidden is named as a cause, and nothing was changed elsewhere.
        let with_hidden = [ids[0], mine.repository.id];
        let refused = set(&ann, &robot, &with_hidden, None).await.unwrap_err();
        assert!(
            matches!(refused.causes[..], [(1, Error::Hidden(_))]),
            "{refused:?}"
        );
        let refused = set(&bob, &robot, &ids, None).await.unwrap_err();
        assert_eq!(refused.causes.len(), 3);
        let refused = set(&t.anonymous(), &robot, &ids, None).await.unwrap_err();
        assert!(matches!(refused.causes[0].1, Error::Unauthenticated { .. }));
        assert_eq!(held(ids[0]).await.len(), 1);
        // Repositories of two namespaces, one twice, none.
        let mixed = [ids[0], own.repository.id];
        for wrong in [&mixed[..], &[ids[0], ids[0]], &[]] {
            let refused = set(&ann, &robot, wrong, write).await.unwrap_err();
            assert_eq!(refused.causes[0].1.field(), Some("roles"), "{wrong:?}");
        }
        for unknown in ["acme+none", "bob+ci", "nobody"] {
            let subject = RoleSubject::Account(unknown.into());
            let refused = set(&ann, &subject, &ids, write).await.unwrap_err();
            assert_eq!(refused.causes[0].1.field(), Some("account"), "{unknown}");
        }
        set(&ann, &robot, &ids[..1], None).await.unwrap();
        assert_eq!(held(ids[0]).await, []);
        let kinds: Vec<String> = logged(t, ids[0])
            .await
            .into_iter()
            .map(|entry| entry.0)
            .collect();
        assert_eq!(kinds, ["change_repo_permission", "delete_repo_permission"]);
    }
);

db_test!(
    async fn a_team_gets_roles_in_many_repositories_at_once(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        organization(t, &ann, "acme").await;
        let (acme, qa) = ("acme".parse().unwrap(), "qa".parse().unwrap());
        let teams = &t.services.teams;
        let made = teams.create(&ann, &acme, &qa, TeamRole::Member, "").await;
        made.unwrap();
        let mut ids = Vec::new();
        for name in ["one", "two"] {
            let made = repository(t, &ann, "acme", name, Visibility::Private).await;
            ids.push(made.repository.id);
        }
        let permissions = &t.services.permissions;
        let qa = RoleSubject::Team("qa".into());
        let write = roles(&ids, Some(RepositoryRole::Write));
        permissions.set_for(&ann, &qa, &write).await.unwrap();
        for id in &ids {
            let held = permissions.list_teams(&ann, *id).await.unwrap().unwrap();
            assert_eq!(held[0].role, RepositoryRole::Write);
        }
        let none = RoleSubject::Team("none".into());
        let refused = permissions.set_for(&ann, &none, &write).await.unwrap_err();
        assert_eq!(refused.causes[0].1.field(), Some("team"));
        assert!(permissions.set_for(&bob, &qa, &write).await.is_err());
    }
);

db_test!(
    async fn a_robot_comes_with_its_teams_and_roles_or_not_at_all(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        organization(t, &ann, "acme").await;
        let acme = "acme".parse().unwrap();
        let one = repository(t, &ann, "acme", "one", Visibility::Private).await;
        let theirs = repository(t, &bob, "bob", "app", Visibility::Private).await;
        let own = repository(t, &ann, "ann", "own", Visibility::Private).await;
        let robots = &t.services.robots;
        let write = Some(RepositoryRole::Write);
        let new = |teams: &[&str], ids: &[RepositoryId]| NewRobot {
            short: "ci".into(),
            description: "Builds".into(),
            teams: teams.iter().map(|team| (*team).to_owned()).collect(),
            roles: roles(ids, write),
            ..NewRobot::default()
        };
        let make =
            async |who: &Actor, new: &NewRobot| robots.create_whole(who, None, &acme, new).await;
        let one = one.repository.id;
        for (wrong, field) in [
            (new(&["none"], &[]), "teams"),
            (new(&[], &[one, one]), "roles"),
            (new(&[], &[one, own.repository.id]), "roles"),
        ] {
            let refused = make(&ann, &wrong).await.unwrap_err();
            assert_eq!(refused.field(), Some(field), "{wrong:?}");
        }
        let hidden = make(&ann, &new(&[], &[one, theirs.repository.id])).await;
        assert!(matches!(hidden, Err(Error::Hidden(_))), "{hidden:?}");
        assert!(make(&bob, &new(&[], &[])).await.is_err());
        assert!(make(&t.anonymous(), &new(&[], &[])).await.is_err());
        // Nothing of what was refused is there, the name included.
        let made = make(&ann, &new(&["owners"], &[one])).await.unwrap();
        let rights = &robots.rights(&ann, &[made.id]).await.unwrap()[&made.id];
        assert_eq!(rights.teams.len(), 1);
        assert_eq!(rights.repositories.len(), 1);
        assert!(robots.rights(&bob, &[made.id]).await.unwrap().is_empty());
        let metadata = serde_json::Map::from_iter([("a".to_owned(), 1.into())]);
        let described = robots
            .describe(&ann, made.id, None, Some(&metadata))
            .await
            .unwrap();
        assert_eq!(
            (&*described.description, &described.metadata),
            ("Builds", &metadata)
        );
        let described = robots
            .describe(&ann, made.id, Some("Tests"), None)
            .await
            .unwrap();
        assert_eq!(
            (&*described.description, &described.metadata),
            ("Tests", &metadata)
        );
        assert!(
            robots
                .describe(&bob, made.id, Some("x"), None)
                .await
                .is_err()
        );
    }
);
