//! Roles of teams in repositories.

use berth_domain::{Error, RepositoryId, RepositoryRole, TeamRole, Visibility};
use berth_services::Actor;
use berth_services::permissions::{RoleChange, TeamRoleChange};
use berth_services::teams::TeamKey;
use berth_store::logs;
use berth_testkit::{TestRegistry, db_test, path_of};

use super::super::people::{organization, repository};
use super::{acme, add, make};

/// Gives the team `qa` a role in a repository, or takes it.
async fn give(
    t: &TestRegistry,
    actor: &Actor,
    id: RepositoryId,
    role: Option<RepositoryRole>,
) -> Result<(), Error> {
    let team = "qa".to_owned();
    let changes = [TeamRoleChange { team, role }];
    let permissions = &t.services.permissions;
    permissions.set_all(actor, id, &[], &changes).await
}

db_test!(
    async fn the_role_of_a_team_in_a_repository_is_that_of_everybody_in_it(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        organization(t, &ann, "acme").await;
        let app = repository(t, &ann, "acme", "app", Visibility::Private).await;
        let (id, path) = (app.repository.id, path_of("acme/app"));
        let team = make(t, &ann, "qa", TeamRole::Member).await;
        add(t, &ann, &team, "bob").await.unwrap();
        let repositories = &t.services.repositories;
        assert!(repositories.by_path(&bob, &path).await.is_err());
        for (role, pushes, administers) in [
            (RepositoryRole::Read, false, false),
            (RepositoryRole::Write, true, false),
            (RepositoryRole::Admin, true, true),
        ] {
            give(t, &ann, id, Some(role)).await.unwrap();
            let seen = repositories.by_path(&bob, &path).await.unwrap();
            assert_eq!(
                (seen.role, seen.can_push, seen.can_administer),
                (Some(role), pushes, administers)
            );
        }
        let key = TeamKey::Id(team.id);
        let held = t.services.teams.all_roles(&ann, key).await.unwrap();
        let held: Vec<_> = held
            .iter()
            .map(|role| (role.repository.as_str(), role.role))
            .collect();
        assert_eq!(held, [("app", RepositoryRole::Admin)]);
        let hidden = t.services.teams.all_roles(&bob, key).await;
        assert!(matches!(hidden, Err(Error::Forbidden { .. })), "{hidden:?}");
        let counts = t.services.teams.counts(&bob, &[team.id]).await.unwrap();
        assert_eq!(counts[&team.id].repositories, 1);
        give(t, &ann, id, None).await.unwrap();
        // Taken again, it is no change.
        give(t, &ann, id, None).await.unwrap();
        assert!(repositories.by_path(&bob, &path).await.is_err());
        let mut conn = t.db().read().await.unwrap();
        let entries = logs::of_repository(&mut conn, id).await;
        drop(conn);
        let entries: Vec<(String, serde_json::Value)> = entries
            .unwrap()
            .into_iter()
            .map(|(kind, metadata)| (kind, serde_json::from_str(&metadata).unwrap()))
            .collect();
        let kinds: Vec<&str> = entries.iter().map(|(kind, _)| kind.as_str()).collect();
        let given = "change_repo_permission";
        assert_eq!(
            kinds,
            ["create_repo", given, given, given, "delete_repo_permission"]
        );
        assert_eq!(
            (&entries[1].1["team"], &entries[1].1["role"]),
            (&"qa".into(), &"read".into())
        );
        give(t, &ann, id, Some(RepositoryRole::Read)).await.unwrap();
        t.services.teams.delete(&ann, key).await.unwrap();
        assert!(repositories.by_path(&bob, &path).await.is_err());
        let left = t.services.permissions.list_teams(&ann, id).await.unwrap();
        assert_eq!(left, Some(Vec::new()));
    }
);

db_test!(
    async fn roles_of_accounts_and_teams_change_together_or_not_at_all(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        organization(t, &ann, "acme").await;
        organization(t, &bob, "other").await;
        let app = repository(t, &ann, "acme", "app", Visibility::Private).await;
        let own = repository(t, &ann, "ann", "app", Visibility::Private).await;
        let (id, own) = (app.repository.id, own.repository.id);
        make(t, &ann, "qa", TeamRole::Member).await;
        let permissions = &t.services.permissions;
        let account = [RoleChange {
            account: "bob".into(),
            role: Some(RepositoryRole::Read),
        }];
        let of = |names: &[&str]| -> Vec<TeamRoleChange> {
            let changes = names.iter().map(|team| TeamRoleChange {
                team: (*team).to_owned(),
                role: Some(RepositoryRole::Write),
            });
            changes.collect()
        };
        for (repository, teams, field) in [
            (id, of(&["qa", "none"]), "teamPermissions.1.team"),
            (id, of(&["No Name"]), "teamPermissions.0.team"),
            (own, of(&["qa"]), "teamPermissions.0.team"),
            (id, of(&["qa"; 100]), "permissions"),
        ] {
            let refused = permissions
                .set_all(&ann, repository, &account, &teams)
                .await;
            assert_eq!(refused.unwrap_err().field(), Some(field));
        }
        assert_eq!(permissions.list(&ann, id).await.unwrap(), Some(Vec::new()));
        assert_eq!(
            permissions.list_teams(&ann, id).await.unwrap(),
            Some(Vec::new())
        );
        let refused = permissions.set_all(&bob, id, &[], &of(&["qa"])).await;
        assert!(matches!(refused, Err(Error::Hidden(_))), "{refused:?}");
        permissions
            .set_all(&ann, id, &account, &of(&["qa"]))
            .await
            .unwrap();
        assert_eq!(permissions.list_teams(&bob, id).await.unwrap(), None);
        let refused = permissions.set_all(&bob, id, &[], &of(&["qa"])).await;
        assert!(
            matches!(refused, Err(Error::Forbidden { .. })),
            "{refused:?}"
        );
        let transitive = async |name: &str| permissions.transitive(&ann, id, name).await;
        let own = vec![RepositoryRole::Read];
        assert_eq!(transitive("bob").await.unwrap(), Some(own));
        let qa = TeamKey::Name {
            organization: &acme(),
            team: "qa",
        };
        t.services.teams.add_member(&ann, qa, "bob").await.unwrap();
        let both = vec![RepositoryRole::Read, RepositoryRole::Write];
        assert_eq!(transitive("bob").await.unwrap(), Some(both));
        assert_eq!(transitive("ann").await.unwrap(), Some(Vec::new()));
        let unknown = transitive("nobody").await.unwrap_err();
        assert_eq!(unknown.code(), "USER_NOT_FOUND");
        assert_eq!(permissions.transitive(&bob, id, "ann").await.unwrap(), None);
    }
);
