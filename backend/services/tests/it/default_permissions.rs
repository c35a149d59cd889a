//! Roles that new repositories begin with.

use berth_domain::{Error, Namespace, PageRequest, RepositoryRole, TeamRole, Visibility};
use berth_services::default_permissions::{DefaultPermissionView, Delegate, To};
use berth_services::teams::TeamKey;
use berth_services::{Actor, Origin};
use berth_testkit::{TestImage, TestRegistry, db_test, path_of};

use super::account::logged;
use super::ownership::session;
use super::people::{organization, repository, robot};

const READ: RepositoryRole = RepositoryRole::Read;
const WRITE: RepositoryRole = RepositoryRole::Write;
const ADMIN: RepositoryRole = RepositoryRole::Admin;

fn acme() -> Namespace {
    "acme".parse().unwrap()
}

async fn give(
    t: &TestRegistry,
    actor: &Actor,
    creator: Option<&str>,
    to: To<'_>,
    role: RepositoryRole,
) -> Result<DefaultPermissionView, Error> {
    let defaults = &t.services.default_permissions;
    defaults.create(actor, &acme(), creator, &to, role).await
}

/// Who has which role in a repository, teams behind accounts.
async fn held(t: &TestRegistry, actor: &Actor, path: &str) -> Vec<(String, RepositoryRole)> {
    let view = t.services.repositories.by_path(actor, &path_of(path)).await;
    let id = view.unwrap().repository.id;
    let permissions = &t.services.permissions;
    let accounts = permissions.list(actor, id).await.unwrap().unwrap();
    let teams = permissions.list_teams(actor, id).await.unwrap().unwrap();
    let accounts = accounts.into_iter().map(|one| (one.account, one.role));
    let teams = teams
        .into_iter()
        .map(|one| (one.team.to_string(), one.role));
    accounts.chain(teams).collect()
}

async fn with_team(t: &TestRegistry) -> Actor {
    let ann = t.user("ann").await;
    organization(t, &ann, "acme").await;
    let (name, teams) = ("qa".parse().unwrap(), &t.services.teams);
    teams
        .create(&ann, &acme(), &name, TeamRole::Creator, "")
        .await
        .unwrap();
    ann
}

db_test!(
    async fn a_form_and_a_push_begin_with_the_same_roles(t: TestRegistry) {
        let ann = with_team(t).await;
        let bob = t.user("bob").await;
        robot(t, &ann, "acme", "ci").await;
        let qa = TeamKey::Name {
            organization: &acme(),
            team: "qa",
        };
        t.services.teams.add_member(&ann, qa, "bob").await.unwrap();
        repository(t, &ann, "acme", "old", Visibility::Private).await;
        give(t, &ann, None, To::Team("qa"), READ).await.unwrap();
        give(t, &ann, None, To::Account("acme+ci"), WRITE)
            .await
            .unwrap();
        // For what bob makes the team has more, and bob himself is not held down.
        give(t, &ann, Some("bob"), To::Team("qa"), WRITE)
            .await
            .unwrap();
        give(t, &ann, Some("bob"), To::Account("bob"), READ)
            .await
            .unwrap();
        // Of two that say the same the higher counts.
        give(t, &ann, None, To::Account("acme+ci"), READ)
            .await
            .unwrap();
        let of = |name: &str, role| (name.to_owned(), role);
        let by_ann = vec![of("acme+ci", WRITE), of("qa", READ)];
        let by_bob = vec![of("acme+ci", WRITE), of("bob", ADMIN), of("qa", WRITE)];
        for (actor, who, expected) in [(&ann, "ann", by_ann), (&bob, "bob", by_bob)] {
            let form = format!("form-{who}");
            repository(t, actor, "acme", &form, Visibility::Private).await;
            let pushed = format!("acme/push-{who}");
            t.push(actor, &format!("{pushed}:1"), &TestImage::new(1))
                .await;
            assert_eq!(held(t, &ann, &format!("acme/{form}")).await, expected);
            assert_eq!(held(t, &ann, &pushed).await, expected);
        }
        // What was there stays as it was, and other namespaces are none of its business.
        assert_eq!(held(t, &ann, "acme/old").await, []);
        repository(t, &bob, "bob", "own", Visibility::Private).await;
        assert_eq!(held(t, &bob, "bob/own").await, []);
    }
);

db_test!(
    async fn a_default_permission_is_changed_deleted_and_logged(t: TestRegistry) {
        let ann = with_team(t).await;
        t.user("bob").await;
        let made = give(t, &ann, Some("bob"), To::Team("qa"), READ).await;
        let made = made.unwrap();
        let defaults = &t.services.default_permissions;
        for role in [ADMIN, ADMIN] {
            let changed = defaults.update(&ann, &acme(), &made.uuid, role).await;
            assert_eq!(
                changed.unwrap(),
                DefaultPermissionView {
                    role,
                    ..made.clone()
                }
            );
        }
        repository(t, &ann, "acme", "app", Visibility::Private).await;
        defaults.delete(&ann, &acme(), &made.uuid).await.unwrap();
        let gone = defaults.delete(&ann, &acme(), &made.uuid).await;
        assert_eq!(gone.unwrap_err().code(), "DEFAULT_PERMISSION_NOT_FOUND");
        assert!(defaults.all(&ann, &acme()).await.unwrap().is_empty());
        let organizations = &t.services.organizations;
        let id = organizations.by_name(&ann, &acme()).await.unwrap().id;
        let log = logged(t, id).await;
        for (kind, role) in [
            ("create_prototype_permission", "read"),
            ("modify_prototype_permission", "admin"),
            ("delete_prototype_permission", "admin"),
        ] {
            let entries: Vec<_> = log.iter().filter(|(known, _)| known == kind).collect();
            assert_eq!(entries.len(), 1, "{kind}");
            let told = &entries[0].1;
            for (key, value) in [
                ("prototypeid", made.uuid.as_str()),
                ("username", "ann"),
                ("activating_username", "bob"),
                ("delegate_team", "qa"),
                ("role", role),
            ] {
                assert_eq!(told[key], value, "{kind} {key}");
            }
        }
    }
);

db_test!(
    async fn who_goes_takes_the_default_permissions_along(t: TestRegistry) {
        let ann = with_team(t).await;
        t.user("bob").await;
        robot(t, &ann, "acme", "ci").await;
        give(t, &ann, Some("bob"), To::Team("qa"), READ)
            .await
            .unwrap();
        give(t, &ann, None, To::Account("bob"), READ).await.unwrap();
        let kept = give(t, &ann, Some("acme+ci"), To::Account("ann"), READ).await;
        let kept = kept.unwrap();
        assert!(matches!(&kept.delegate, Delegate::Account(ann) if ann.is_member));
        let bob = session(&t.services, "bob").await;
        t.services.accounts.delete(&bob).await.unwrap();
        let defaults = &t.services.default_permissions;
        assert_eq!(defaults.all(&ann, &acme()).await.unwrap(), [kept]);
        give(t, &ann, None, To::Team("qa"), READ).await.unwrap();
        let page = PageRequest::new(None, 1);
        let first = defaults.page(&ann, &acme(), &page).await.unwrap();
        assert!(first.has_more);
        let page = PageRequest::new(first.items.last().map(|one| one.id), 1);
        let second = defaults.page(&ann, &acme(), &page).await.unwrap();
        assert!(
            matches!(&second.items[0].delegate, Delegate::Team { name, .. } if name.as_str() == "qa")
        );
        let qa = TeamKey::Name {
            organization: &acme(),
            team: "qa",
        };
        t.services.teams.delete(&ann, qa).await.unwrap();
        assert_eq!(defaults.count(&ann, &acme()).await.unwrap(), 1);
    }
);

db_test!(
    async fn only_who_is_there_gets_a_role_by_default_from_administrators_alone(t: TestRegistry) {
        let ann = with_team(t).await;
        let (bob, eve) = (t.user("bob").await, t.user("eve").await);
        robot(t, &eve, "eve", "spy").await;
        let qa = TeamKey::Name {
            organization: &acme(),
            team: "qa",
        };
        t.services.teams.add_member(&ann, qa, "bob").await.unwrap();
        for (creator, to, field) in [
            (Some("nobody"), To::Team("qa"), "creator"),
            (Some("eve+spy"), To::Team("qa"), "creator"),
            (None, To::Team("none"), "team"),
            (None, To::Team("No Name"), "team"),
            (None, To::Account("nobody"), "account"),
            (None, To::Account("acme"), "account"),
            (None, To::Account("eve+spy"), "account"),
        ] {
            let refused = give(t, &ann, creator, to, READ).await.unwrap_err();
            assert_eq!(refused.field(), Some(field), "{refused}");
        }
        let defaults = &t.services.default_permissions;
        let token = t.oauth_token(&ann, "repo:admin repo:create").await;
        let narrow = t.services.authn.bearer(&token, Origin::default());
        let narrow = narrow.await.unwrap();
        for (actor, code) in [
            (&bob, "FORBIDDEN"),
            (&narrow, "FORBIDDEN"),
            (&eve, "NAMESPACE_NOT_FOUND"),
            (&t.anonymous(), "UNAUTHENTICATED"),
        ] {
            let refused = give(t, actor, None, To::Team("qa"), ADMIN).await;
            assert_eq!(refused.unwrap_err().code(), code);
            let refused = defaults.all(actor, &acme()).await;
            assert_eq!(refused.unwrap_err().code(), code);
            let refused = defaults.update(actor, &acme(), "none", ADMIN).await;
            assert_eq!(refused.unwrap_err().code(), code);
        }
    }
);
