//! Who tries to get more than was given: robots that raise themselves, and robots and teams of others.

use berth_domain::{Error, Namespace, RepositoryRole, TeamRole, Visibility};
use berth_services::bulk_changes::RoleSelection;
use berth_services::default_permissions::To;
use berth_services::many::{Refused, Selection};
use berth_services::oauth::Description;
use berth_services::organizations::OrganizationChange;
use berth_services::permissions::{RoleChange, RoleIn, RoleSubject, TeamRoleChange};
use berth_services::robots::NewRobot;
use berth_services::teams::{TeamChange, TeamKey};
use berth_services::{Actor, Origin};
use berth_testkit::{TestImage, TestRegistry, db_test, path_of};

use super::people::{organization, repository, robot};

const ADMIN: Option<RepositoryRole> = Some(RepositoryRole::Admin);

fn acme() -> Namespace {
    "acme".parse().unwrap()
}

fn first(refused: Refused) -> Error {
    refused.causes.into_iter().next().unwrap().1
}

/// The robot of this name, signed in with its token.
async fn signed_in(t: &TestRegistry, owner: &Actor, namespace: &str, short: &str) -> Actor {
    let made = robot(t, owner, namespace, short).await;
    let told = t.services.robots.credentials(owner, made.id).await.unwrap();
    let authn = &t.services.authn;
    let name = format!("{namespace}+{short}");
    authn
        .basic(&name, &told.token, Origin::default())
        .await
        .unwrap()
}

fn role(account: &str, role: Option<RepositoryRole>) -> RoleChange {
    RoleChange {
        account: account.to_owned(),
        role,
    }
}

db_test!(
    async fn a_robot_does_not_raise_its_own_rights(t: TestRegistry) {
        let ann = t.user("ann").await;
        let id = organization(t, &ann, "acme").await.id;
        let app = repository(t, &ann, "acme", "app", Visibility::Private).await;
        let other = repository(t, &ann, "acme", "other", Visibility::Private).await;
        let (app, other) = (app.repository.id, other.repository.id);
        let ci = signed_in(t, &ann, "acme", "ci").await;
        let peer = robot(t, &ann, "acme", "peer").await.id;
        let services = &t.services;
        let (teams, permissions) = (&services.teams, &services.permissions);
        let write = [role("acme+ci", Some(RepositoryRole::Write))];
        permissions.set(&ann, app, &write).await.unwrap();
        let qa = "qa".parse().unwrap();
        let qa = teams.create(&ann, &acme(), &qa, TeamRole::Member, "").await;
        let qa = qa.unwrap().id;
        let key = TeamKey::Id(qa);
        teams.add_member(&ann, key, "acme+ci").await.unwrap();
        let owners = TeamKey::Name {
            organization: &acme(),
            team: "owners",
        };
        let (own, both) = ([role("acme+ci", ADMIN)], [app, other]);
        let everything = Selection::Items(&both);
        let of_team = [TeamRoleChange {
            team: "qa".into(),
            role: ADMIN,
        }];
        let roles = [app, other].map(|repository| RoleIn {
            repository,
            role: ADMIN,
        });
        let subject = RoleSubject::Account("acme+ci".into());
        let higher = TeamChange {
            role: Some(TeamRole::Admin),
            description: None,
        };
        let new = NewRobot {
            short: "evil".into(),
            teams: vec!["owners".into()],
            roles: roles.to_vec(),
            ..NewRobot::default()
        };
        let mine = "mine".parse().unwrap();
        let change = OrganizationChange {
            email: Some(None),
            ..OrganizationChange::default()
        };
        let (defaults, robots) = (&services.default_permissions, &services.robots);
        let (bulk, repositories) = (&services.bulk_changes, &services.repositories);
        let selection = RoleSelection::Items(&roles);
        let public = Visibility::Public;
        let peers = Selection::Items(std::slice::from_ref(&peer));
        for (what, refused) in [
            ("its own role", permissions.set(&ci, app, &own).await.err()),
            (
                "the role of its team",
                permissions.set_all(&ci, app, &[], &of_team).await.err(),
            ),
            (
                "its roles everywhere",
                bulk.set_permissions(&ci, &subject, selection)
                    .await
                    .err()
                    .map(first),
            ),
            (
                "the power of its team",
                teams.update(&ci, key, &higher).await.err(),
            ),
            (
                "a team of administrators",
                teams
                    .create(&ci, &acme(), &mine, TeamRole::Admin, "")
                    .await
                    .err(),
            ),
            (
                "a place among the owners",
                teams.add_member(&ci, owners, "acme+ci").await.err(),
            ),
            (
                "what new repositories begin with",
                defaults
                    .create(
                        &ci,
                        &acme(),
                        None,
                        &To::Account("acme+ci"),
                        RepositoryRole::Admin,
                    )
                    .await
                    .err(),
            ),
            (
                "a stronger robot",
                robots.create_whole(&ci, None, &acme(), &new).await.err(),
            ),
            (
                "the token of another robot",
                robots.credentials(&ci, peer).await.err(),
            ),
            (
                "a new token of another robot",
                robots.regenerate_token(&ci, peer).await.err(),
            ),
            (
                "an end of another robot",
                robots.delete(&ci, peers).await.err().map(first),
            ),
            (
                "repositories that everybody reads",
                repositories
                    .change_visibility(&ci, everything, public)
                    .await
                    .err()
                    .map(first),
            ),
            (
                "an end of repositories",
                repositories.delete(&ci, everything).await.err().map(first),
            ),
            (
                "another address of the organization",
                services
                    .organizations
                    .change(&ci, &acme(), &change)
                    .await
                    .err(),
            ),
            (
                "an end of the organization",
                services
                    .organizations
                    .delete(&ci, &[id])
                    .await
                    .err()
                    .map(first),
            ),
            (
                "an application",
                services
                    .applications
                    .create(&ci, &acme(), &Description::default())
                    .await
                    .err(),
            ),
            (
                "an organization of its own",
                services
                    .organizations
                    .create(&ci, &own_organization(), None)
                    .await
                    .err(),
            ),
        ] {
            assert!(
                matches!(
                    refused,
                    Some(
                        Error::Forbidden { .. } | Error::Hidden(_) | Error::Unauthenticated { .. }
                    )
                ),
                "{what}: {refused:?}"
            );
        }
        // It has what it had.
        let seen = repositories
            .by_path(&ci, &path_of("acme/app"))
            .await
            .unwrap();
        assert_eq!((seen.can_push, seen.can_administer), (true, false));
        assert!(
            repositories
                .by_path(&ci, &path_of("acme/other"))
                .await
                .is_err()
        );
        t.push(&ci, "acme/app:1", &TestImage::new(1)).await;
        // As an administrator of one repository it is one of that repository alone.
        permissions.set(&ann, app, &own).await.unwrap();
        assert!(permissions.set_for(&ci, &subject, &roles).await.is_err());
        assert!(teams.update(&ci, key, &higher).await.is_err());
        assert!(
            repositories
                .by_path(&ci, &path_of("acme/other"))
                .await
                .is_err()
        );
    }
);

fn own_organization() -> Namespace {
    "mine-too".parse().unwrap()
}

db_test!(
    async fn robots_and_teams_of_others_get_nothing_by_any_way(t: TestRegistry) {
        let (ann, eve) = (t.user("ann").await, t.user("eve").await);
        organization(t, &ann, "acme").await;
        organization(t, &eve, "evil").await;
        robot(t, &eve, "evil", "ci").await;
        robot(t, &eve, "eve", "ci").await;
        robot(t, &ann, "acme", "ci").await;
        let services = &t.services;
        let (teams, permissions) = (&services.teams, &services.permissions);
        let crew = "crew".parse().unwrap();
        teams
            .create(&eve, &evil(), &crew, TeamRole::Member, "")
            .await
            .unwrap();
        let app = repository(t, &ann, "acme", "app", Visibility::Private).await;
        let app = app.repository.id;
        let owners = TeamKey::Name {
            organization: &acme(),
            team: "owners",
        };
        let (defaults, robots) = (&services.default_permissions, &services.robots);
        let admin = RepositoryRole::Admin;
        let roles = [RoleIn {
            repository: app,
            role: ADMIN,
        }];
        for foreign in ["evil+ci", "eve+ci"] {
            let subject = RoleSubject::Account(foreign.into());
            for (what, refused) in [
                (
                    "a role",
                    permissions
                        .set(&ann, app, &[role(foreign, ADMIN)])
                        .await
                        .err(),
                ),
                (
                    "roles",
                    permissions
                        .set_for(&ann, &subject, &roles)
                        .await
                        .err()
                        .map(first),
                ),
                (
                    "a team",
                    teams.add_member(&ann, owners, foreign).await.err(),
                ),
                (
                    "a default",
                    defaults
                        .create(&ann, &acme(), None, &To::Account(foreign), admin)
                        .await
                        .err(),
                ),
                (
                    "a default for what it makes",
                    defaults
                        .create(&ann, &acme(), Some(foreign), &To::Account("acme+ci"), admin)
                        .await
                        .err(),
                ),
            ] {
                let refused = refused.unwrap_or_else(|| panic!("{foreign} got {what}"));
                assert!(
                    matches!(refused, Error::Invalid { .. } | Error::Conflict { .. }),
                    "{what}: {refused:?}"
                );
            }
        }
        // A team of another organization is none here, whatever it is called.
        let of_team = [TeamRoleChange {
            team: "crew".into(),
            role: ADMIN,
        }];
        let subject = RoleSubject::Team("crew".into());
        let new = NewRobot {
            short: "new".into(),
            teams: vec!["crew".into()],
            ..NewRobot::default()
        };
        for (what, refused) in [
            (
                "a role",
                permissions.set_all(&ann, app, &[], &of_team).await.err(),
            ),
            (
                "roles",
                permissions
                    .set_for(&ann, &subject, &roles)
                    .await
                    .err()
                    .map(first),
            ),
            (
                "a default",
                defaults
                    .create(&ann, &acme(), None, &To::Team("crew"), admin)
                    .await
                    .err(),
            ),
            (
                "a robot",
                robots.create_whole(&ann, None, &acme(), &new).await.err(),
            ),
        ] {
            let refused = refused.unwrap_or_else(|| panic!("crew got {what}"));
            assert!(
                matches!(refused, Error::Invalid { .. }),
                "{what}: {refused:?}"
            );
        }
        // And nobody reaches into the organization from outside.
        let theirs = [role("evil+ci", ADMIN)];
        let refused = permissions.set(&eve, app, &theirs).await.unwrap_err();
        assert!(matches!(refused, Error::Hidden(_)), "{refused:?}");
        let held = permissions.list(&ann, app).await.unwrap().unwrap();
        assert_eq!(held, []);
        let held = permissions.list_teams(&ann, app).await.unwrap().unwrap();
        assert_eq!(held, []);
    }
);

fn evil() -> Namespace {
    "evil".parse().unwrap()
}
