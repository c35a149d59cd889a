//! Organizations, robots, repositories, roles: what may be done, and what may not.

use berth_domain::{Email, Error, Namespace, PageRequest, RepositoryRole, Visibility};
use berth_services::many::Selection;
use berth_services::organizations::OrganizationChange;
use berth_services::permissions::RoleChange;
use berth_services::repositories::DESCRIPTION_BYTES_MAX;
use berth_services::{Origin, Settings};
use berth_store::logs;
use berth_testkit::{TestImage, db_test, path_of};

use super::people::{organization, repository, robot};

fn give(account: &str, role: RepositoryRole) -> RoleChange {
    RoleChange {
        account: account.into(),
        role: Some(role),
    }
}

db_test!(
    async fn a_new_organization_is_administered_by_its_creator_and_hidden_from_others(
        t: TestRegistry,
    ) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let acme = organization(t, &ann, "acme").await;
        assert!(acme.can_administer && acme.can_create_repository && acme.belongs);
        let name = "acme".parse().unwrap();
        let hidden = t.services.organizations.by_name(&bob, &name).await;
        assert!(matches!(hidden, Err(Error::Hidden(_))), "{hidden:?}");
        let taken = t.services.organizations.create(&bob, &name, None).await;
        assert_eq!(
            taken.unwrap_err().to_string(),
            "A user or organization with this name already exists"
        );
        let refused = t
            .services
            .organizations
            .create(&t.anonymous(), &name, None)
            .await;
        assert!(matches!(refused, Err(Error::Unauthenticated { .. })));
        let mine = t
            .services
            .organizations
            .page(&bob, None, &PageRequest::new(None, 10))
            .await;
        assert_eq!(mine.unwrap().items, []);
        let counts = t
            .services
            .organizations
            .counts(&ann, &[acme.id])
            .await
            .unwrap();
        assert_eq!(counts[&acme.id].members, Some(1));
        let counts = t
            .services
            .organizations
            .counts(&bob, &[acme.id])
            .await
            .unwrap();
        assert_eq!(
            (counts[&acme.id].members, counts[&acme.id].robots),
            (None, None)
        );
    }
);

db_test!(
    async fn a_public_repository_makes_its_namespace_known_but_nothing_else_of_it(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let acme = organization(t, &ann, "acme").await;
        robot(t, &ann, "acme", "ci").await;
        repository(t, &ann, "acme", "open", Visibility::Public).await;
        let seen = t
            .services
            .organizations
            .by_name(&bob, &acme.name)
            .await
            .unwrap();
        assert!(!seen.belongs && !seen.can_administer && seen.email.is_none());
        let first = PageRequest::new(None, 10);
        let robots = t
            .services
            .robots
            .page(&bob, acme.id, None, &first)
            .await
            .unwrap();
        assert_eq!(robots.items, []);
        assert_eq!(
            t.services
                .robots
                .page(&ann, acme.id, None, &first)
                .await
                .unwrap()
                .items
                .len(),
            1
        );
    }
);

db_test!(
    async fn a_robot_logs_in_with_its_token_until_it_gets_a_new_one(t: TestRegistry) {
        let ann = t.user("ann").await;
        organization(t, &ann, "acme").await;
        let ci = robot(t, &ann, "acme", "ci").await;
        let first = t.services.robots.credentials(&ann, ci.id).await.unwrap();
        assert_eq!(first.username.to_string(), "acme+ci");
        t.login("acme+ci", first.token.expose()).await;
        t.services
            .robots
            .regenerate_token(&ann, ci.id)
            .await
            .unwrap();
        let old = t
            .services
            .authn
            .basic("acme+ci", &first.token, Origin::default())
            .await;
        assert!(old.is_err());
        let again = t
            .services
            .robots
            .create(&ann, &"acme".parse().unwrap(), "ci", "")
            .await;
        assert_eq!(
            again.unwrap_err().to_string(),
            "Existing robot with name: acme+ci"
        );
        let bob = t.user("bob").await;
        for refused in [
            t.services.robots.credentials(&bob, ci.id).await.err(),
            t.services.robots.regenerate_token(&bob, ci.id).await.err(),
        ] {
            assert!(matches!(refused, Some(Error::Hidden(_))), "{refused:?}");
        }
    }
);

db_test!(
    async fn robots_are_deleted_all_or_none(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let mine = robot(t, &ann, "ann", "one").await;
        let other = robot(t, &bob, "bob", "two").await;
        let refused = t
            .services
            .robots
            .delete(&ann, Selection::Items(&[mine.id, other.id]))
            .await
            .unwrap_err();
        assert_eq!(refused.causes.len(), 1);
        assert_eq!(refused.causes[0].0, 1);
        assert_eq!(
            t.services
                .robots
                .by_ids(&ann, &[mine.id])
                .await
                .unwrap()
                .len(),
            1
        );
        t.services
            .robots
            .delete(&ann, Selection::Items(&[mine.id]))
            .await
            .unwrap();
        assert_eq!(
            t.services.robots.by_ids(&ann, &[mine.id]).await.unwrap(),
            []
        );
        robot(t, &ann, "ann", "one").await;
    }
);

db_test!(
    async fn robots_that_are_switched_off_are_not_created(t: TestRegistry) {
        let ann = t.user("ann").await;
        let mut settings = Settings::default();
        settings.robots.disallowed = true;
        let off = t.replica(settings);
        let refused = off
            .robots
            .create(&ann, &"ann".parse().unwrap(), "ci", "")
            .await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            "Robot accounts have been disabled. Please contact your administrator."
        );
    }
);

db_test!(
    async fn a_repository_is_created_by_who_may_and_its_name_is_free_after_deletion(
        t: TestRegistry,
    ) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        organization(t, &ann, "acme").await;
        let app = repository(t, &ann, "acme", "app", Visibility::Private).await;
        assert!(app.can_administer && app.can_push);
        let namespace = "acme".parse().unwrap();
        let name = "app".parse().unwrap();
        let nobody = t.anonymous();
        let create = async |actor| {
            let services = &t.services.repositories;
            services
                .create(actor, &namespace, &name, Visibility::Private, "")
                .await
        };
        assert!(matches!(
            create(&ann).await,
            Err(Error::AlreadyExists { .. })
        ));
        assert!(matches!(create(&bob).await, Err(Error::Hidden(_))));
        assert!(matches!(
            create(&nobody).await,
            Err(Error::Unauthenticated { .. })
        ));
        let id = app.repository.id;
        assert!(
            t.services
                .repositories
                .delete(&bob, Selection::Items(&[id]))
                .await
                .is_err()
        );
        t.services
            .repositories
            .delete(&ann, Selection::Items(&[id]))
            .await
            .unwrap();
        let gone = t
            .services
            .repositories
            .by_path(&ann, &path_of("acme/app"))
            .await;
        assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
        assert_ne!(create(&ann).await.unwrap().repository.id, id);
    }
);

db_test!(
    async fn nested_names_are_refused_where_they_are_switched_off(t: TestRegistry) {
        let ann = t.user("ann").await;
        let mut settings = Settings::default();
        settings.push.nested_names = false;
        let flat = t.replica(settings);
        let (namespace, name) = ("ann".parse().unwrap(), "a/b".parse().unwrap());
        let refused = flat
            .repositories
            .create(&ann, &namespace, &name, Visibility::Private, "")
            .await;
        assert_eq!(refused.unwrap_err().field(), Some("name"));
    }
);

db_test!(
    async fn visibility_changes_for_all_or_none_and_is_logged_where_it_changed(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let one = repository(t, &ann, "ann", "one", Visibility::Private)
            .await
            .repository
            .id;
        let two = repository(t, &ann, "ann", "two", Visibility::Public)
            .await
            .repository
            .id;
        let theirs = repository(t, &bob, "bob", "app", Visibility::Public)
            .await
            .repository
            .id;
        let change = async |ids: &[_]| {
            t.services
                .repositories
                .change_visibility(&ann, Selection::Items(ids), Visibility::Public)
                .await
        };
        let refused = change(&[one, theirs]).await.unwrap_err();
        assert!(
            matches!(refused.causes[..], [(1, Error::Forbidden { .. })]),
            "{refused:?}"
        );
        let changed = change(&[one, two]).await.unwrap();
        assert_eq!(changed.repositories.len(), 2);
        assert_eq!(changed.changed, [one]);
        let mut conn = t.db().read().await.unwrap();
        let kinds = |entries: Vec<(String, String)>| -> Vec<String> {
            entries.into_iter().map(|entry| entry.0).collect()
        };
        let entries = kinds(logs::of_repository(&mut conn, one).await.unwrap());
        assert_eq!(entries, ["create_repo", "change_repo_visibility"]);
        let entries = kinds(logs::of_repository(&mut conn, two).await.unwrap());
        assert_eq!(entries, ["create_repo"]);
    }
);

db_test!(
    async fn a_description_has_a_limit_and_needs_an_administrator(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let id = repository(t, &ann, "ann", "app", Visibility::Public)
            .await
            .repository
            .id;
        let repositories = &t.services.repositories;
        let long = "x".repeat(DESCRIPTION_BYTES_MAX + 1);
        assert_eq!(
            repositories
                .describe(&ann, id, &long)
                .await
                .unwrap_err()
                .field(),
            Some("description")
        );
        assert!(matches!(
            repositories.describe(&bob, id, "hi").await,
            Err(Error::Forbidden { .. })
        ));
        let view = repositories.describe(&ann, id, &long[1..]).await.unwrap();
        assert_eq!(view.repository.description.len(), DESCRIPTION_BYTES_MAX);
    }
);

db_test!(
    async fn roles_are_given_to_users_and_own_robots_and_to_nobody_else(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        organization(t, &ann, "acme").await;
        robot(t, &ann, "acme", "ci").await;
        robot(t, &bob, "bob", "spy").await;
        let app = repository(t, &ann, "ann", "app", Visibility::Private)
            .await
            .repository
            .id;
        let team = repository(t, &ann, "acme", "app", Visibility::Private)
            .await
            .repository
            .id;
        let permissions = &t.services.permissions;
        let refusal = async |id, account: &str| {
            let change = [give(account, RepositoryRole::Read)];
            permissions.set(&ann, id, &change).await.unwrap_err()
        };
        let foreign = refusal(team, "bob+spy").await;
        assert_eq!(
            foreign.to_string(),
            "Cannot add robot bob+spy under namespace acme"
        );
        assert_eq!(foreign.field(), Some("permissions.0.account"));
        assert_eq!(
            refusal(app, "nobody").await.to_string(),
            "Invalid username: nobody"
        );
        assert_eq!(
            refusal(app, "acme").await.to_string(),
            "Invalid username: acme"
        );
        assert_eq!(
            refusal(app, "ann").await.to_string(),
            "Namespace owner must always be admin."
        );
        let both = [
            give("bob", RepositoryRole::Write),
            give("acme+ci", RepositoryRole::Read),
        ];
        permissions.set(&ann, team, &both).await.unwrap();
        let names = async |actor| {
            let list = permissions.list(actor, team).await.unwrap();
            list.map(|list| {
                list.into_iter()
                    .map(|p| (p.account, p.role))
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(
            names(&ann).await.unwrap(),
            [
                ("acme+ci".into(), RepositoryRole::Read),
                ("bob".into(), RepositoryRole::Write)
            ]
        );
        assert_eq!(
            names(&bob).await,
            None,
            "who may write does not see who else may"
        );
        t.push(&bob, "acme/app:1", &TestImage::new(1)).await;
        let take = RoleChange {
            account: "bob".into(),
            role: None,
        };
        permissions.set(&ann, team, &[take]).await.unwrap();
        let hidden = t
            .services
            .repositories
            .by_path(&bob, &path_of("acme/app"))
            .await;
        assert!(matches!(hidden, Err(Error::Hidden(_))));
    }
);

db_test!(
    async fn one_refused_role_leaves_all_as_they_were(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let app = repository(t, &ann, "ann", "app", Visibility::Private)
            .await
            .repository
            .id;
        let changes = [
            give("bob", RepositoryRole::Read),
            give("nobody", RepositoryRole::Read),
        ];
        assert!(
            t.services
                .permissions
                .set(&ann, app, &changes)
                .await
                .is_err()
        );
        assert!(
            t.services
                .repositories
                .by_path(&bob, &path_of("ann/app"))
                .await
                .is_err()
        );
    }
);

db_test!(
    async fn repositories_are_offered_where_they_may_be_created(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        organization(t, &ann, "acme").await;
        let offered = async |actor| {
            let names = t.services.organizations.creatable(actor).await.unwrap();
            names.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(offered(&ann).await, ["acme", "ann"]);
        assert_eq!(offered(&bob).await, ["bob"]);
        assert_eq!(offered(&t.anonymous()).await, Vec::<String>::new());
    }
);

db_test!(
    async fn figures_count_distinct_blobs_and_live_tags_of_what_is_seen(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let image = TestImage::new(1);
        t.push(&ann, "ann/app:1", &image).await;
        t.push(&ann, "ann/app:2", &image).await;
        let view = t
            .services
            .repositories
            .by_path(&ann, &path_of("ann/app"))
            .await
            .unwrap();
        let id = view.repository.id;
        let figures = t.services.repositories.figures(&ann, &[id]).await.unwrap()[&id];
        assert_eq!(figures.tags, 2);
        let bytes = image.config.len() + image.layer.len();
        assert_eq!(figures.size_bytes, Some(bytes as u64));
        assert!(
            t.services
                .repositories
                .figures(&bob, &[id])
                .await
                .unwrap()
                .is_empty()
        );
    }
);

db_test!(
    async fn a_registry_that_takes_no_writes_refuses_them_and_still_lists(t: TestRegistry) {
        let ann = t.user("ann").await;
        repository(t, &ann, "ann", "app", Visibility::Private).await;
        robot(t, &ann, "ann", "ci").await;
        let mut settings = Settings::default();
        settings.registry.read_only = true;
        let shut = t.replica(settings);
        let namespace = "ann".parse().unwrap();
        assert!(matches!(
            shut.robots.create(&ann, &namespace, "cd", "").await,
            Err(Error::ReadOnly)
        ));
        let id = ann.user_id().unwrap();
        let first = PageRequest::new(None, 10);
        assert_eq!(
            shut.robots
                .page(&ann, id, None, &first)
                .await
                .unwrap()
                .items
                .len(),
            1
        );
        let view = shut
            .repositories
            .by_path(&ann, &path_of("ann/app"))
            .await
            .unwrap();
        assert!(view.can_administer && !view.can_push);
        assert_eq!(shut.organizations.creatable(&ann).await.unwrap(), []);
    }
);

db_test!(
    async fn an_organization_tells_its_size_to_administrators_and_its_last_push_to_who_sees_it(
        t: TestRegistry,
    ) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let acme = organization(t, &ann, "acme").await;
        let figures = async |actor| {
            let organizations = &t.services.organizations;
            let sizes = organizations.sizes(actor, &[acme.id]).await.unwrap();
            let counts = organizations.counts(actor, &[acme.id]).await.unwrap();
            (
                sizes.get(&acme.id).copied(),
                counts[&acme.id].last_pushed_at,
            )
        };
        assert_eq!(figures(&ann).await, (None, None));
        let image = TestImage::new(1);
        let bytes: usize = image.blobs().iter().map(|blob| blob.len()).sum();
        t.push(&ann, "acme/one:1", &image).await;
        t.clock.advance(std::time::Duration::from_secs(5));
        t.push(&ann, "acme/two:1", &image).await;
        let now = berth_domain::Clock::now(&*t.clock);
        assert_eq!(
            figures(&ann).await,
            (Some(bytes as u64), Some(now)),
            "shared bytes count once"
        );
        assert_eq!(figures(&bob).await, (None, None));
    }
);

db_test!(
    async fn organizations_share_an_address_only_where_that_is_switched_on(t: TestRegistry) {
        let (ann, bob) = (t.mailed_user("ann").await, t.user("bob").await);
        let office: Email = "office@acme.test".parse().unwrap();
        let again: Email = "Office@Acme.Test".parse().unwrap();
        let name = |name: &str| -> Namespace { name.parse().unwrap() };
        let organizations = &t.services.organizations;
        organizations
            .create(&ann, &name("acme"), Some(&office))
            .await
            .unwrap();
        let with = |email: &Email| OrganizationChange {
            email: Some(Some(email.clone())),
            ..OrganizationChange::default()
        };
        organizations
            .create(&bob, &name("zoo"), None)
            .await
            .unwrap();
        for refused in [
            organizations
                .create(&bob, &name("labs"), Some(&again))
                .await,
            organizations
                .change(&bob, &name("zoo"), &with(&again))
                .await,
        ] {
            let refused = refused.unwrap_err();
            assert_eq!(refused.field(), Some("email"));
            assert_eq!(
                refused.to_string().to_lowercase(),
                "email has already been used: office@acme.test"
            );
        }
        // Its own in other letters, and that of a user, who may look after an organization.
        for email in [&again, &"ann@users.test".parse().unwrap()] {
            organizations
                .change(&ann, &name("acme"), &with(email))
                .await
                .unwrap();
        }
        organizations
            .change(&bob, &name("zoo"), &with(&office))
            .await
            .unwrap();
        let mut settings = Settings::default();
        settings.users.organizations_share_email = true;
        let sharing = t.replica(settings);
        sharing
            .organizations
            .create(&ann, &name("labs"), Some(&office))
            .await
            .unwrap();
    }
);
