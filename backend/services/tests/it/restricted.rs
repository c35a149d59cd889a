//! Users who make nothing of their own (`FEATURE_RESTRICTED_USERS`), and those whom a list leaves free.

use berth_domain::{Error, Namespace, Noun, Secret, TeamRole, Visibility};
use berth_services::authn::{NewAccount, RequestedScope};
use berth_services::{Actor, Origin, Services, Settings};
use berth_testkit::{PASSWORD, TestImage, TestRegistry, db_test, path_of};

use super::ownership::session;
use super::people::{join, robot};

/// A replica that restricts everybody but `free`, and where pushes would make namespaces.
fn restricting(t: &TestRegistry) -> Services {
    let mut settings = Settings::default();
    settings.users.restricted = true;
    settings.users.unrestricted_names = vec!["free".parse().unwrap()];
    settings.users.rename = true;
    settings.push.create_namespaces = true;
    t.replica(settings)
}

/// What becomes of a new organization, robot and repository, and of pushes that would make more.
async fn attempts(up: &Services, who: &Actor, own: &Namespace) -> [Result<(), Error>; 5] {
    let acme = format!("{own}-acme").parse().unwrap();
    let app = "app".parse().unwrap();
    let repositories = &up.repositories;
    [
        up.organizations.create(who, &acme, None).await.map(drop),
        up.robots.create(who, own, "ci", "").await.map(drop),
        repositories
            .create(who, own, &app, Visibility::Private, "")
            .await
            .map(drop),
        up.uploads
            .start(who, &path_of(&format!("{own}/pushed")))
            .await
            .map(drop),
        up.uploads
            .start(who, &path_of(&format!("{own}-fresh/pushed")))
            .await
            .map(drop),
    ]
}

db_test!(
    async fn a_restricted_user_makes_nothing_of_its_own_and_a_superuser_neither(t: TestRegistry) {
        t.superuser("root").await;
        t.user("ann").await;
        let up = restricting(t);
        for name in ["ann", "root"] {
            let who = session(&up, name).await;
            let own = name.parse().unwrap();
            let [organization, robot, repository, push, push_elsewhere] =
                attempts(&up, &who, &own).await;
            for refused in [organization, robot, repository] {
                let refused = refused.unwrap_err();
                assert_eq!(refused.code(), "FORBIDDEN", "{name}");
                assert!(
                    refused.to_string().contains("FEATURE_RESTRICTED_USERS"),
                    "{refused}"
                );
            }
            for refused in [push, push_elsewhere] {
                let refused = refused.unwrap_err();
                assert!(
                    matches!(refused, Error::Hidden(Noun::Repository)),
                    "{refused:?}"
                );
            }
            // And is offered nothing of it.
            assert!(!up.organizations.may_create(&who));
            assert!(up.organizations.creatable(&who).await.unwrap().is_empty());
            let view = up.organizations.by_name(&who, &own).await.unwrap();
            assert_eq!(
                (
                    view.can_create_repository,
                    view.can_create_robot,
                    view.can_administer
                ),
                (false, false, true)
            );
            let account = up.directory.own(&who).await.unwrap();
            assert!(!account.can_create_repository);
        }
    }
);

db_test!(
    async fn whom_the_list_names_is_free(t: TestRegistry) {
        t.user("free").await;
        let up = restricting(t);
        let free = session(&up, "free").await;
        for made in attempts(&up, &free, &"free".parse().unwrap()).await {
            made.unwrap();
        }
        assert!(up.organizations.may_create(&free));
    }
);

db_test!(
    async fn a_restricted_user_keeps_what_is_there_and_works_in_organizations(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.user("free").await;
        let ci = robot(t, &ann, "ann", "ci").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let up = restricting(t);
        let ann = session(&up, "ann").await;
        up.robots.credentials(&ann, ci.id).await.unwrap();
        t.push(&ann, "ann/app:2", &TestImage::new(2)).await;
        // Whose the namespace is knows what is not there.
        let absent = up.repositories.by_path(&ann, &path_of("ann/gone")).await;
        assert!(matches!(absent, Err(Error::NotFound { .. })), "{absent:?}");

        let free = session(&up, "free").await;
        let acme: Namespace = "acme".parse().unwrap();
        up.organizations.create(&free, &acme, None).await.unwrap();
        join(t, "acme", "ann", TeamRole::Admin).await;
        up.robots.create(&ann, &acme, "ci", "").await.unwrap();
        up.uploads.start(&ann, &path_of("acme/app")).await.unwrap();
        assert_eq!(up.organizations.creatable(&ann).await.unwrap(), [acme]);
    }
);

db_test!(
    async fn no_token_frees_a_restricted_user(t: TestRegistry) {
        let ann = t.user("ann").await;
        let access = t
            .oauth_token(&ann, "repo:create repo:write user:admin")
            .await;
        let session_of_ann = t.session("ann").await.actor;
        let app_tokens = &t.services.app_tokens;
        let (_, app) = app_tokens.create(&session_of_ann, "laptop").await.unwrap();
        let scope = RequestedScope {
            kind: "repository".into(),
            name: "ann/app".into(),
            actions: vec!["pull".into(), "push".into()],
        };
        // Made when nobody was restricted.
        let issued = t
            .services
            .authn
            .issue_registry_token(&ann, "reg.test", &[scope])
            .await
            .unwrap();

        let up = restricting(t);
        let origin = Origin::default;
        let authn = &up.authn;
        for who in [
            authn.bearer(&access, origin()).await,
            authn.basic("$app", &app, origin()).await,
            authn.basic("ann", &Secret::from(PASSWORD), origin()).await,
            authn
                .registry_token(&issued.token, "reg.test", origin())
                .await,
        ] {
            let who = who.unwrap();
            for refused in attempts(&up, &who, &"ann".parse().unwrap()).await {
                let refused = refused.unwrap_err();
                assert!(
                    matches!(refused, Error::Forbidden { .. } | Error::Hidden(_)),
                    "{who:?}: {refused:?}"
                );
            }
        }
    }
);

db_test!(
    async fn nobody_gets_free_by_a_name_or_as_an_organization(t: TestRegistry) {
        t.user("ann").await;
        t.user("bob").await;
        let up = restricting(t);
        let ann = session(&up, "ann").await;
        let free: Namespace = "free".parse().unwrap();
        let taken = up.accounts.rename(&ann, &free).await.unwrap_err();
        assert_eq!(taken.to_string(), "Username is not available");
        let new = NewAccount {
            username: "free".into(),
            password: Secret::from(PASSWORD),
            email: None,
            invite_code: None,
        };
        let signed_up = up.authn.sign_up(new.clone(), Origin::default()).await;
        assert_eq!(
            signed_up.unwrap_err().to_string(),
            "Username is not available"
        );
        let password = Secret::from(PASSWORD);
        let converted = up.authn.convert_to_organization(&ann, "bob", &password);
        assert_eq!(converted.await.unwrap_err().code(), "FORBIDDEN");
        // Where nobody is restricted the list gives nothing, and keeps no name.
        let mut settings = Settings::default();
        settings.users.unrestricted_names = vec![free];
        let open = t.replica(settings);
        open.authn.sign_up(new, Origin::default()).await.unwrap();
        // Who has such a name keeps it.
        let free = session(&up, "free").await;
        let kept = up.accounts.rename(&free, &"other".parse().unwrap()).await;
        assert_eq!(kept.unwrap_err().code(), "CONFLICT");
    }
);
