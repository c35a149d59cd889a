//! Namespaces that change hands: what comes along, and what ends.

use std::time::Duration;

use berth_domain::{
    AccountId, AccountKind, Clock as _, Error, PageRequest, RepositoryRole, Secret, TeamRole,
    Visibility,
};
use berth_services::permissions::RoleChange;
use berth_services::{Actor, Origin, Services, Settings};
use berth_store::{accounts, teams};
use berth_testkit::{PASSWORD, TestRegistry, db_test, path_of};

use super::account::logged;
use super::people::{join, organization, repository, robot};

pub(crate) async fn session(services: &Services, name: &str) -> Actor {
    let password = Secret::from(PASSWORD);
    let session = services.authn.sign_in(name, &password, Origin::default());
    session.await.unwrap().actor
}

pub(crate) async fn login(t: &TestRegistry, name: &str, password: &str) -> Result<Actor, Error> {
    let authn = &t.services.authn;
    let password = Secret::from(password);
    authn.basic(name, &password, Origin::default()).await
}

db_test!(
    async fn a_superuser_deletes_what_it_does_not_administer(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let acme = organization(t, &ann, "acme").await;
        repository(t, &ann, "acme", "app", Visibility::Public).await;
        let superuser = &t.services.superuser;
        superuser.delete_organization(&root, acme.id).await.unwrap();
        let repositories = &t.services.repositories;
        assert!(
            repositories
                .by_path(&ann, &path_of("acme/app"))
                .await
                .is_err()
        );
        let unknown = superuser.organization(&root, "acme").await.unwrap_err();
        assert_eq!(unknown.code(), "ORGANIZATION_NOT_FOUND");
        let log = logged(t, acme.id).await;
        let entry = log.iter().find(|(kind, _)| kind == "org_delete").unwrap();
        assert_eq!(entry.1["username"], "root");
    }
);

db_test!(
    async fn nobody_but_a_superuser_with_a_fresh_login_takes_or_renames(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        t.user("auditor").await;
        let acme = organization(t, &ann, "acme").await.id;
        let mut settings = Settings::default();
        settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
        let replica = t.replica(settings);
        let auditor = session(&replica, "auditor").await;
        let token = t
            .oauth_token(&t.login("root", PASSWORD).await, "org:admin")
            .await;
        let authn = &t.services.authn;
        let narrow = authn.bearer(&token, Origin::default()).await.unwrap();
        let name = "mine".parse().unwrap();
        let superuser = &replica.superuser;
        for (who, code) in [
            (&t.anonymous(), "UNAUTHENTICATED"),
            (&ann, "FORBIDDEN"),
            (&narrow, "FORBIDDEN"),
            (&auditor, "FORBIDDEN"),
        ] {
            for refused in [
                superuser.rename_organization(who, acme, &name).await,
                superuser.delete_organization(who, acme).await,
                superuser.take_ownership(who, acme).await,
                superuser.take_ownership(who, ann.user_id().unwrap()).await,
            ] {
                assert_eq!(refused.unwrap_err().code(), code);
            }
        }
        let page = PageRequest::new(None, 10);
        let seen = superuser
            .organizations(&auditor, None, &page)
            .await
            .unwrap();
        assert_eq!(seen.items.len(), 1);
        assert_eq!(
            superuser.count_organizations(&auditor, None).await.unwrap(),
            1
        );
        for (who, code) in [(&t.anonymous(), "UNAUTHENTICATED"), (&ann, "FORBIDDEN")] {
            for refused in [
                superuser.organizations(who, None, &page).await.map(drop),
                superuser.count_organizations(who, None).await.map(drop),
                superuser.organization(who, "acme").await.map(drop),
                superuser.namespace(who, "NOT A NAME").await.map(drop),
                superuser.by_name(who, "NOT A NAME").await.map(drop),
            ] {
                assert_eq!(refused.unwrap_err().code(), code);
            }
        }
        t.clock.advance(Duration::from_mins(11));
        let superuser = &t.services.superuser;
        for stale in [
            superuser.take_ownership(&root, acme).await,
            superuser.rename_organization(&root, acme, &name).await,
            superuser.delete_organization(&root, acme).await,
        ] {
            assert!(matches!(stale, Err(Error::FreshLoginRequired)));
        }
    }
);

db_test!(
    async fn a_superuser_joins_the_owners_of_an_organization(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let acme = organization(t, &ann, "acme").await;
        repository(t, &ann, "acme", "app", Visibility::Private).await;
        let (superuser, repositories) = (&t.services.superuser, &t.services.repositories);
        let path = path_of("acme/app");
        assert!(repositories.by_path(&root, &path).await.is_err());
        for _ in 0..2 {
            superuser.take_ownership(&root, acme.id).await.unwrap();
        }
        for owner in [&root, &ann] {
            assert!(
                repositories
                    .by_path(owner, &path)
                    .await
                    .unwrap()
                    .can_administer
            );
        }
        let counts = t
            .services
            .organizations
            .counts(&root, &[acme.id])
            .await
            .unwrap();
        assert_eq!(counts[&acme.id].members, Some(2));
        let log = logged(t, acme.id).await;
        let entry = log
            .iter()
            .find(|(kind, _)| kind == "take_ownership")
            .unwrap();
        assert_eq!(entry.1["was_user"], false);
        assert_eq!(entry.1["namespace"], "acme");
    }
);

db_test!(
    async fn an_organization_without_owners_gets_new_ones(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let (name, now) = ("acme".parse().unwrap(), t.clock.now());
        // Its owners are a team that administers nothing.
        let acme = t.db().write(async |tx| {
            let kind = AccountKind::Organization;
            let acme = accounts::insert(tx, "uuid-of-acme", kind, &name, None, now).await?;
            teams::insert(tx, acme, "owners", TeamRole::Member, now).await?;
            Ok(acme)
        });
        let acme = acme.await.unwrap();
        for _ in 0..2 {
            t.services
                .superuser
                .take_ownership(&root, acme)
                .await
                .unwrap();
        }
        let mut conn = t.db().read().await.unwrap();
        let team = teams::administrators(&mut conn, acme, "owners")
            .await
            .unwrap();
        assert!(team.is_some());
        assert!(teams::exists(&mut conn, acme, "owners2").await.unwrap());
        assert!(!teams::exists(&mut conn, acme, "owners3").await.unwrap());
        drop(conn);
        let views = t
            .services
            .organizations
            .by_ids(&root, &[acme])
            .await
            .unwrap();
        assert!(views[&acme].can_administer);
    }
);

/// A user with everything that a user can have.
pub(crate) struct Everything {
    pub(crate) id: AccountId,
    pub(crate) session: String,
    pub(crate) app: String,
    pub(crate) oauth: String,
    pub(crate) robot: String,
    pub(crate) registry_token: String,
}

impl Everything {
    pub(crate) async fn of(t: &TestRegistry, name: &str, other: &Actor) -> Self {
        let actor = t.user(name).await;
        let session = t.session(name).await;
        let services = &t.services;
        let app = services
            .app_tokens
            .create(&session.actor, "laptop")
            .await
            .unwrap();
        let ci = robot(t, &actor, name, "ci").await;
        let robot = services.robots.credentials(&actor, ci.id).await.unwrap();
        let own = repository(t, &actor, name, "app", Visibility::Private).await;
        services
            .repositories
            .star(&session.actor, own.repository.id)
            .await
            .unwrap();
        // A role in the repository of another, and a place in a team.
        let foreign = repository(t, other, "acme", name, Visibility::Private).await;
        let role = RoleChange {
            account: name.into(),
            role: Some(RepositoryRole::Admin),
        };
        let permissions = &services.permissions;
        permissions
            .set(other, foreign.repository.id, &[role])
            .await
            .unwrap();
        let token = services
            .authn
            .issue_registry_token(&actor, "reg.test", &[])
            .await;
        Self {
            id: actor.user_id().unwrap(),
            session: session.token.expose().clone(),
            app: app.1.expose().clone(),
            oauth: t.oauth_token(&actor, "repo:admin user:admin").await,
            robot: robot.token.expose().clone(),
            registry_token: token.unwrap().token,
        }
    }

    /// Nothing of the user lets anybody in any more.
    async fn is_over(&self, t: &TestRegistry, name: &str) {
        let authn = &t.services.authn;
        let session = authn.session(&self.session, Origin::default()).await;
        assert!(session.unwrap().is_none());
        for (login_name, password) in [
            (name, PASSWORD),
            ("$app", &self.app),
            ("$oauthtoken", &self.oauth),
        ] {
            let refused = login(t, login_name, password).await.unwrap_err();
            assert_eq!(refused.code(), "UNAUTHENTICATED", "{login_name}");
        }
        let token = authn.registry_token(&self.registry_token, "reg.test", Origin::default());
        assert_eq!(token.await.unwrap_err().code(), "UNAUTHENTICATED");
        t.login(&format!("{name}+ci"), &self.robot).await;
    }
}

db_test!(
    async fn a_user_that_is_taken_over_becomes_an_organization(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let bob = t.user("bob").await;
        organization(t, &bob, "acme").await;
        let ann = Everything::of(t, "ann", &bob).await;
        let superuser = &t.services.superuser;
        superuser.set_enabled(&root, ann.id, false).await.unwrap();
        superuser.take_ownership(&root, ann.id).await.unwrap();
        ann.is_over(t, "ann").await;
        let views = t
            .services
            .organizations
            .by_ids(&root, &[ann.id])
            .await
            .unwrap();
        let view = &views[&ann.id];
        assert_eq!(view.kind, AccountKind::Organization);
        assert!(view.can_administer);
        let repositories = &t.services.repositories;
        let app = repositories
            .by_path(&root, &path_of("ann/app"))
            .await
            .unwrap();
        assert!(app.can_administer);
        let foreign = repositories
            .by_path(&bob, &path_of("acme/ann"))
            .await
            .unwrap();
        let permissions = t
            .services
            .permissions
            .list(&bob, foreign.repository.id)
            .await;
        assert!(permissions.unwrap().unwrap().is_empty());
        assert!(superuser.by_name(&root, "ann").await.is_err());
        assert_eq!(
            superuser.organization(&root, "ann").await.unwrap().id,
            ann.id
        );
        let log = logged(t, ann.id).await;
        let entry = log
            .iter()
            .find(|(kind, _)| kind == "take_ownership")
            .unwrap();
        assert_eq!(entry.1["was_user"], true);
        let own = superuser
            .take_ownership(&root, root.user_id().unwrap())
            .await;
        let refused = own.unwrap_err().to_string();
        assert_eq!(refused, "Cannot take ownership of a superuser");
        let nobody = AccountId(987_654);
        let refused = superuser.take_ownership(&root, nobody).await;
        assert!(matches!(refused, Err(Error::Hidden(_))));
    }
);

db_test!(
    async fn a_user_makes_an_organization_of_itself_in_the_hands_of_another(t: TestRegistry) {
        t.user("first").await;
        let bob = t.user("bob").await;
        organization(t, &bob, "acme").await;
        let ann = Everything::of(t, "ann", &bob).await;
        let authn = &t.services.authn;
        let actor = t.session("ann").await.actor;
        let password = Secret::from(PASSWORD);
        for (name, password, message) in [
            (
                "bob",
                "wrong-password",
                "The admin user credentials are not valid",
            ),
            (
                "nobody",
                PASSWORD,
                "The admin user credentials are not valid",
            ),
            ("acme", PASSWORD, "The admin user credentials are not valid"),
            ("ann", PASSWORD, "The admin user is not valid"),
        ] {
            let password = Secret::from(password);
            let refused = authn.convert_to_organization(&actor, name, &password).await;
            assert_eq!(refused.unwrap_err().to_string(), message, "{name}");
            t.clock.advance(Duration::from_mins(2));
        }
        let session = authn
            .convert_to_organization(&actor, "bob", &password)
            .await
            .unwrap();
        assert_eq!(session.actor.user_id(), bob.user_id());
        let signed_in = authn.session(session.token.expose(), Origin::default());
        assert_eq!(signed_in.await.unwrap().unwrap().user_id(), bob.user_id());
        ann.is_over(t, "ann").await;
        let repositories = &t.services.repositories;
        let app = repositories
            .by_path(&bob, &path_of("ann/app"))
            .await
            .unwrap();
        assert!(app.can_administer);
        let log = logged(t, ann.id).await;
        let entry = log
            .iter()
            .find(|(kind, _)| kind == "account_convert")
            .unwrap();
        assert_eq!(entry.1["username"], "ann");
        // The name stays taken, and nobody converts twice.
        let again = authn
            .convert_to_organization(&actor, "bob", &password)
            .await;
        assert!(again.is_err());
    }
);

db_test!(
    async fn who_is_needed_as_a_user_stays_one(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        t.user("ann").await;
        t.user("bob").await;
        let ann = t.session("ann").await.actor;
        organization(t, &ann, "acme").await;
        let authn = &t.services.authn;
        let password = Secret::from(PASSWORD);
        let refused = authn.convert_to_organization(&root, "bob", &password).await;
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("a superuser stays a user")
        );
        let refused = authn.convert_to_organization(&ann, "bob", &password).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("only administrator of acme"), "{refused}");
        let basic = t.login("ann", PASSWORD).await;
        let token = t.oauth_token(&basic, "org:admin").await;
        let narrow = authn.bearer(&token, Origin::default()).await.unwrap();
        for (who, code) in [
            (&t.anonymous(), "UNAUTHENTICATED"),
            (&basic, "FORBIDDEN"),
            (&narrow, "FORBIDDEN"),
        ] {
            let refused = authn.convert_to_organization(who, "bob", &password).await;
            assert_eq!(refused.unwrap_err().code(), code);
        }
        t.clock.advance(Duration::from_mins(11));
        let stale = authn.convert_to_organization(&ann, "bob", &password).await;
        assert!(matches!(stale, Err(Error::FreshLoginRequired)));
        // With another administrator beside, it goes.
        let mut conn = t.db().read().await.unwrap();
        let acme = t
            .services
            .organizations
            .by_name(&ann, &"acme".parse().unwrap())
            .await
            .unwrap();
        let owners = teams::administrators(&mut conn, acme.id, "owners")
            .await
            .unwrap()
            .unwrap();
        drop(conn);
        let bob = t.login("bob", PASSWORD).await.user_id().unwrap();
        let now = t.clock.now();
        t.db()
            .write(async |tx| teams::add_member(tx, owners, bob, now).await)
            .await
            .unwrap();
        let ann = t.session("ann").await.actor;
        authn
            .convert_to_organization(&ann, "bob", &password)
            .await
            .unwrap();
    }
);

db_test!(
    async fn what_a_user_makes_while_it_is_taken_over_opens_nothing(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let password = Secret::from(PASSWORD);
        for round in 0..8 {
            let name = format!("user-{round}");
            let id = t.user(&name).await.user_id().unwrap();
            let session = t.session(&name).await.actor;
            let services = &t.services;
            let (taken, token, signed_in) = tokio::join!(
                services.superuser.take_ownership(&root, id),
                services.app_tokens.create(&session, "laptop"),
                services.authn.sign_in(&name, &password, Origin::default()),
            );
            taken.unwrap();
            if let Ok((_, text)) = token {
                assert!(login(t, "$app", text.expose()).await.is_err());
            }
            if let Ok(session) = signed_in {
                let authn = &services.authn;
                let found = authn.session(session.token.expose(), Origin::default());
                assert!(found.await.unwrap().is_none());
            }
            assert!(login(t, &name, PASSWORD).await.is_err());
            // Failed logins slow the next ones down.
            t.clock.advance(Duration::from_mins(1));
        }
    }
);

db_test!(
    async fn of_two_administrators_who_leave_at_once_one_stays(t: TestRegistry) {
        for round in 0..5 {
            let [ann, bob, acme] = ["ann", "bob", "acme"].map(|name| format!("{name}{round}"));
            let owner = t.user(&ann).await;
            t.user(&bob).await;
            organization(t, &owner, &acme).await;
            join(t, &acme, &bob, TeamRole::Admin).await;
            let (ann, bob) = (t.session(&ann).await.actor, t.session(&bob).await.actor);
            let accounts = &t.services.accounts;
            let (one, two) = tokio::join!(accounts.delete(&ann), accounts.delete(&bob));
            assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
            let refused = one.and(two).unwrap_err();
            assert!(refused.to_string().ends_with(&acme), "{refused}");
        }
    }
);
