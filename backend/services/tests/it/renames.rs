//! Names that change, and what follows.

use std::time::Duration;

use berth_domain::{AccountId, Digest, Error, PageRequest, Visibility};
use berth_services::authn::RequestedScope;
use berth_services::uploads::empty_body;
use berth_services::{Actor, Origin, Services, Settings};
use berth_testkit::{PASSWORD, TestImage, TestRegistry, db_test, path_of};
use bytes::Bytes;
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt};

use super::account::logged;
use super::ownership::{Everything, login, session};
use super::people::{organization, repository, robot};

/// A replica where users may rename themselves, and `ann` in a session of it.
async fn renaming(t: &TestRegistry, settings: Settings) -> (Services, Actor) {
    let mut settings = settings;
    settings.users.rename = true;
    let replica = t.replica(settings);
    let ann = session(&replica, "ann").await;
    (replica, ann)
}

fn pulls(path: &str) -> [RequestedScope; 1] {
    [RequestedScope {
        kind: "repository".into(),
        name: path.into(),
        actions: vec!["pull".into()],
    }]
}

db_test!(
    async fn everything_in_an_organization_follows_its_new_name(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let acme = organization(t, &ann, "acme").await;
        let ci = robot(t, &ann, "acme", "ci").await;
        let secret = t
            .services
            .robots
            .credentials(&ann, ci.id)
            .await
            .unwrap()
            .token;
        let digest = t.push(&ann, "acme/app:1", &TestImage::new(1)).await;
        let robot = t.login("acme+ci", secret.expose()).await;
        let authn = &t.services.authn;
        let scopes = pulls("acme/app");
        let token = authn.issue_registry_token(&ann, "reg.test", &scopes).await;
        let token = token.unwrap().token;

        let superuser = &t.services.superuser;
        let name = "globex".parse().unwrap();
        superuser
            .rename_organization(&root, acme.id, &name)
            .await
            .unwrap();

        // Its old name is nobody's.
        let repositories = &t.services.repositories;
        let gone = repositories.by_path(&ann, &path_of("acme/app")).await;
        assert!(gone.is_err());
        assert!(login(t, "acme+ci", secret.expose()).await.is_err());
        let view = repositories
            .by_path(&ann, &path_of("globex/app"))
            .await
            .unwrap();
        assert!(view.can_administer);
        let tags = &t.services.tags;
        let tag = tags
            .get(&ann, view.repository.id, &"1".parse().unwrap())
            .await;
        let manifests = &t.services.manifests;
        let manifest = tag.unwrap().unwrap().manifest_id;
        let views = manifests.views(&ann, &[manifest]).await.unwrap();
        assert_eq!(views[0].row.digest, digest);
        t.login("globex+ci", secret.expose()).await;
        // What was given out before goes on as the same account, for the paths that it names.
        let holder = authn.registry_token(&token, "reg.test", Origin::default());
        let holder = holder.await.unwrap();
        assert!(
            repositories
                .by_path(&holder, &path_of("globex/app"))
                .await
                .is_err()
        );
        assert_eq!(robot.account_id(), Some(ci.id));
        let page = PageRequest::new(None, 10);
        let listed = t.services.organizations.page(&ann, None, &page).await;
        assert_eq!(listed.unwrap().items[0].name.as_str(), "globex");
        let log = logged(t, acme.id).await;
        let entry = log
            .iter()
            .find(|(kind, _)| kind == "org_change_name")
            .unwrap();
        assert_eq!(entry.1["old_name"], "acme");
        assert_eq!(entry.1["new_name"], "globex");
        assert_eq!(entry.1["superuser"], "root");

        // Whoever takes the old name has nothing of what had it, nor has a token for it.
        let eve = t.user("eve").await;
        organization(t, &eve, "acme").await;
        repository(t, &eve, "acme", "app", Visibility::Private).await;
        assert!(
            repositories
                .by_path(&holder, &path_of("acme/app"))
                .await
                .is_err()
        );
        assert!(login(t, "acme+ci", secret.expose()).await.is_err());
    }
);

db_test!(
    async fn a_taken_name_is_refused_whoever_has_it(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let acme = organization(t, &ann, "acme").await;
        let gone = organization(t, &ann, "gone").await;
        t.services
            .organizations
            .delete(&ann, &[gone.id])
            .await
            .unwrap();
        let superuser = &t.services.superuser;
        for taken in ["ann", "root", "gone"] {
            let name = taken.parse().unwrap();
            let refused = superuser.rename_organization(&root, acme.id, &name).await;
            assert_eq!(refused.unwrap_err().code(), "ALREADY_EXISTS", "{taken}");
        }
        let same = "acme".parse().unwrap();
        superuser
            .rename_organization(&root, acme.id, &same)
            .await
            .unwrap();
        let ann_id = ann.user_id().unwrap();
        for id in [ann_id, gone.id, AccountId(987_654)] {
            let name = "free".parse().unwrap();
            let refused = superuser.rename_organization(&root, id, &name).await;
            assert!(matches!(refused, Err(Error::Hidden(_))));
            let refused = superuser.delete_organization(&root, id).await;
            assert!(matches!(refused, Err(Error::Hidden(_))));
        }
    }
);

db_test!(
    async fn of_two_who_want_one_name_one_has_it(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let first = organization(t, &ann, "first").await.id;
        let second = organization(t, &ann, "second").await.id;
        let name = "wanted".parse().unwrap();
        let superuser = &t.services.superuser;
        let (a, b) = tokio::join!(
            superuser.rename_organization(&root, first, &name),
            superuser.rename_organization(&root, second, &name),
        );
        assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1);
        let refused = a.err().or(b.err()).unwrap();
        assert_eq!(refused.code(), "ALREADY_EXISTS");
    }
);

db_test!(
    async fn everything_of_a_user_follows_its_new_name(t: TestRegistry) {
        t.user("first").await;
        let bob = t.user("bob").await;
        organization(t, &bob, "acme").await;
        let everything = Everything::of(t, "ann", &bob).await;
        let (replica, ann) = renaming(t, Settings::default()).await;
        let name = "anna".parse().unwrap();
        let renamed = replica.accounts.rename(&ann, &name).await.unwrap();
        assert_eq!(renamed.name().as_deref(), Some("anna"));
        let authn = &t.services.authn;
        let session = authn.session(&everything.session, Origin::default()).await;
        assert_eq!(session.unwrap().unwrap().name().as_deref(), Some("anna"));
        assert!(login(t, "ann", PASSWORD).await.is_err());
        assert!(login(t, "ann+ci", &everything.robot).await.is_err());
        for (name, password) in [
            ("anna", PASSWORD),
            ("$app", &everything.app),
            ("$oauthtoken", &everything.oauth),
            ("anna+ci", &everything.robot),
        ] {
            t.login(name, password).await;
        }
        let token = authn.registry_token(&everything.registry_token, "reg.test", Origin::default());
        assert_eq!(token.await.unwrap().name().as_deref(), Some("anna"));
        let repositories = &t.services.repositories;
        assert!(
            repositories
                .by_path(&ann, &path_of("anna/app"))
                .await
                .is_ok()
        );
        let foreign = repositories
            .by_path(&ann, &path_of("acme/ann"))
            .await
            .unwrap();
        let roles = t
            .services
            .permissions
            .list(&bob, foreign.repository.id)
            .await;
        assert_eq!(roles.unwrap().unwrap()[0].account, "anna");
        let log = logged(t, everything.id).await;
        let entry = log
            .iter()
            .find(|(kind, _)| kind == "user_change_name")
            .unwrap();
        assert_eq!(entry.1["old_username"], "ann");
        // Its old name is free, and gives nothing.
        t.user("ann").await;
        assert!(login(t, "ann+ci", &everything.robot).await.is_err());
    }
);

db_test!(
    async fn names_with_rights_and_names_of_others_are_not_taken(t: TestRegistry) {
        t.user("ann").await;
        t.user("root").await;
        let ann = t.session("ann").await.actor;
        let name = "free".parse().unwrap();
        let refused = t.services.accounts.rename(&ann, &name).await.unwrap_err();
        assert_eq!(refused.code(), "FEATURE_OFF");
        organization(t, &ann, "acme").await;
        let mut settings = Settings::default();
        settings.users.superusers = Some(vec!["root".parse().unwrap(), "boss".parse().unwrap()]);
        settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
        let (replica, ann) = renaming(t, settings).await;
        for (taken, message) in [
            ("root", "Username is not available"),
            ("boss", "Username is not available"),
            ("auditor", "Username is not available"),
            ("acme", "Username is already in use"),
        ] {
            let name = taken.parse().unwrap();
            let refused = replica.accounts.rename(&ann, &name).await.unwrap_err();
            assert_eq!(refused.to_string(), message, "{taken}");
        }
        // Whoever took the name of a superuser would be one.
        let root = session(&replica, "root").await;
        assert!(root.is_superuser());
        let refused = replica.accounts.rename(&root, &name).await.unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("the configuration gives rights"),
            "{refused}"
        );
        let basic = t.login("ann", PASSWORD).await;
        for (who, code) in [(&t.anonymous(), "UNAUTHENTICATED"), (&basic, "FORBIDDEN")] {
            let refused = replica.accounts.rename(who, &name).await.unwrap_err();
            assert_eq!(refused.code(), code);
        }
        t.clock.advance(Duration::from_mins(11));
        let stale = replica.accounts.rename(&ann, &name).await;
        assert!(matches!(stale, Err(Error::FreshLoginRequired)));
    }
);

db_test!(
    async fn a_push_that_runs_while_its_organization_is_renamed_goes_on_under_the_new_name(
        t: TestRegistry,
    ) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let acme = organization(t, &ann, "acme").await;
        let image = TestImage::new(1);
        t.push(&ann, "acme/app:1", &image).await;
        let (old, new) = (path_of("acme/app"), path_of("globex/app"));
        let uploads = &t.services.uploads;
        let uuid = uploads.start(&ann, &old).await.unwrap().uuid;
        let (mut sender, chunks) = mpsc::channel(0);
        let append = uploads.append(&ann, &old, uuid, Some(0), chunks.boxed());
        let rename = async {
            // The second one waits until the first was taken.
            for chunk in ["hel", "lo "] {
                sender.send(Ok(Bytes::from(chunk))).await.unwrap();
            }
            let name = "globex".parse().unwrap();
            let superuser = &t.services.superuser;
            let renamed = superuser.rename_organization(&root, acme.id, &name);
            renamed.await.unwrap();
            sender.send(Ok(Bytes::from("world"))).await.unwrap();
            drop(sender);
        };
        let (appended, ()) = futures::join!(append, rename);
        assert_eq!(appended.unwrap().offset_bytes, 11);
        // Its old name is nobody's, and leads to nothing.
        let digest = Digest::of(b"hello world");
        let gone = uploads.finish(&ann, &old, uuid, &digest, None, empty_body());
        assert!(gone.await.is_err());
        let done = uploads.finish(&ann, &new, uuid, &digest, None, empty_body());
        done.await.unwrap();
        assert!(t.services.blobs.open(&ann, &new, &digest).await.is_ok());
        let manifests = &t.services.manifests;
        let tag = "2".parse().unwrap();
        let late = manifests.push(&ann, &old, &tag, None, image.manifest.clone());
        assert!(
            late.await.is_err(),
            "nothing comes into being under the old name"
        );
        let push = manifests.push(&ann, &new, &tag, None, image.manifest.clone());
        push.await.unwrap();
    }
);
