//! Repositories that a user keeps at hand.

use std::time::Duration;

use berth_domain::{PageRequest, RepositoryRole, Visibility};
use berth_services::permissions::RoleChange;
use berth_services::repositories::{Filter, RepositoryKey, Sort, SortBy};
use berth_services::{Actor, Origin};
use berth_testkit::{TestImage, TestRegistry, db_test, path_of};

use super::people::{organization, repository, robot};

async fn starred(t: &TestRegistry, actor: &Actor) -> Vec<String> {
    walk(t, actor, &Filter::default(), Sort::BY_NAME).await
}

/// All pages of two, and whether they are as many as are counted.
async fn walk(t: &TestRegistry, actor: &Actor, filter: &Filter, sort: Sort) -> Vec<String> {
    let repositories = &t.services.repositories;
    let (mut paths, mut after) = (Vec::new(), None);
    loop {
        let request = PageRequest::new(after, 2);
        let page = repositories.starred(actor, filter, sort, &request).await;
        let page = page.unwrap();
        let last = page.items.last();
        after = last.map(|view| RepositoryKey::of(&view.repository, sort.by));
        let found = page.items.into_iter();
        paths.extend(found.map(|view| view.repository.path().to_string()));
        if !page.has_more {
            break;
        }
    }
    let count = repositories.count_starred(actor, filter).await.unwrap();
    assert_eq!(count, u64::try_from(paths.len()).unwrap());
    paths
}

db_test!(
    async fn stars_are_kept_for_each_user_and_listed_by_name(t: TestRegistry) {
        t.user("ann").await;
        let ann = t.session("ann").await.actor;
        t.user("bob").await;
        let bob = t.session("bob").await.actor;
        organization(t, &ann, "acme").await;
        let mut ids = Vec::new();
        for (namespace, name) in [("ann", "b"), ("acme", "z/y"), ("ann", "a"), ("ann", "c")] {
            let made = repository(t, &ann, namespace, name, Visibility::Public).await;
            ids.push(made.repository.id);
        }
        let repositories = &t.services.repositories;
        for id in &ids[..3] {
            // Twice is as good as once.
            repositories.star(&ann, *id).await.unwrap();
            repositories.star(&ann, *id).await.unwrap();
        }
        let (first, second) = tokio::join!(
            repositories.star(&bob, ids[3]),
            repositories.star(&bob, ids[3])
        );
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(starred(t, &ann).await, ["acme/z/y", "ann/a", "ann/b"]);
        assert_eq!(starred(t, &bob).await, ["ann/c"]);
        let among = repositories.starred_among(&ann, &ids).await.unwrap();
        assert_eq!(among.len(), 3);
        assert!(!among.contains(&ids[3]));
        let within = Filter {
            namespace: Some("acme".into()),
            ..Filter::default()
        };
        assert_eq!(walk(t, &ann, &within, Sort::BY_NAME).await, ["acme/z/y"]);
        for _ in 0..2 {
            repositories.unstar(&ann, ids[0]).await.unwrap();
        }
        assert_eq!(starred(t, &ann).await, ["acme/z/y", "ann/a"]);
    }
);

db_test!(
    async fn the_starred_are_searched_and_sorted_as_other_repositories_are(t: TestRegistry) {
        t.user("ann").await;
        let ann = t.session("ann").await.actor;
        organization(t, &ann, "acme").await;
        let repositories = &t.services.repositories;
        for (namespace, name) in [
            ("ann", "web_app"),
            ("ann", "webxapp"),
            ("acme", "web/app"),
            ("acme", "never"),
            ("ann", "other"),
        ] {
            let made = repository(t, &ann, namespace, name, Visibility::Private).await;
            if name != "other" {
                repositories.star(&ann, made.repository.id).await.unwrap();
            }
        }
        for path in ["ann/webxapp", "acme/web/app", "ann/other", "ann/web_app"] {
            t.push(&ann, &format!("{path}:1"), &TestImage::new(1)).await;
            t.clock.advance(Duration::from_mins(1));
        }
        let (all, by) = (Filter::default(), |by, descending| Sort { by, descending });
        let names = ["acme/never", "acme/web/app", "ann/web_app", "ann/webxapp"];
        assert_eq!(walk(t, &ann, &all, Sort::BY_NAME).await, names);
        let mut backwards = walk(t, &ann, &all, by(SortBy::Name, true)).await;
        backwards.reverse();
        assert_eq!(backwards, names);
        // What was never pushed to is the oldest, and what is not starred in no list.
        let latest = ["ann/web_app", "acme/web/app", "ann/webxapp", "acme/never"];
        assert_eq!(
            walk(t, &ann, &all, by(SortBy::LastPushed, true)).await,
            latest
        );
        let mut earliest = walk(t, &ann, &all, by(SortBy::LastPushed, false)).await;
        earliest.reverse();
        assert_eq!(earliest, latest);
        let found = async |text: &str| {
            let filter = Filter {
                search: Some(text.into()),
                ..Filter::default()
            };
            walk(t, &ann, &filter, Sort::BY_NAME).await
        };
        assert_eq!(
            found("WEB_A").await,
            ["ann/web_app"],
            "a wildcard is a letter"
        );
        assert_eq!(found("e/web").await, ["acme/web/app"]);
        assert_eq!(found("other").await, Vec::<String>::new());
    }
);

db_test!(
    async fn what_a_user_sees_no_more_leaves_the_list_and_comes_back_with_the_role(
        t: TestRegistry,
    ) {
        t.user("ann").await;
        let ann = t.session("ann").await.actor;
        t.user("bob").await;
        let bob = t.session("bob").await.actor;
        let app = repository(t, &ann, "ann", "app", Visibility::Private).await;
        let id = app.repository.id;
        let (repositories, permissions) = (&t.services.repositories, &t.services.permissions);
        let hidden = repositories.star(&bob, id).await.unwrap_err();
        assert_eq!(hidden.code(), "REPOSITORY_NOT_FOUND");
        let role = |role| RoleChange {
            account: "bob".into(),
            role,
        };
        let reader = [role(Some(RepositoryRole::Read))];
        permissions.set(&ann, id, &reader).await.unwrap();
        repositories.star(&bob, id).await.unwrap();
        assert_eq!(starred(t, &bob).await, ["ann/app"]);
        permissions.set(&ann, id, &[role(None)]).await.unwrap();
        assert!(starred(t, &bob).await.is_empty());
        permissions.set(&ann, id, &reader).await.unwrap();
        assert_eq!(starred(t, &bob).await, ["ann/app"]);
        // A star goes also where the repository is out of sight.
        permissions.set(&ann, id, &[role(None)]).await.unwrap();
        repositories.unstar(&bob, id).await.unwrap();
        permissions.set(&ann, id, &reader).await.unwrap();
        assert!(starred(t, &bob).await.is_empty());
        // Nor does a new repository of the name inherit one.
        repositories.star(&ann, id).await.unwrap();
        let items = berth_services::many::Selection::Items(&[id]);
        repositories.delete(&ann, items).await.unwrap();
        repository(t, &ann, "ann", "app", Visibility::Private).await;
        assert!(starred(t, &ann).await.is_empty());
    }
);

db_test!(
    async fn only_users_star_and_tokens_need_the_scope(t: TestRegistry) {
        t.user("ann").await;
        let ann = t.session("ann").await.actor;
        let app = repository(t, &ann, "ann", "app", Visibility::Public).await;
        let id = app.repository.id;
        let made = robot(t, &ann, "ann", "ci").await;
        let repositories = &t.services.repositories;
        let credentials = t.services.robots.credentials(&ann, made.id).await.unwrap();
        let ci = t.login("ann+ci", credentials.token.expose()).await;
        let authn = &t.services.authn;
        let token = t.oauth_token(&ann, "repo:read").await;
        let narrow = authn.bearer(&token, Origin::default()).await.unwrap();
        let (request, all) = (PageRequest::new(None, 10), Filter::default());
        for (who, code) in [(&t.anonymous(), "UNAUTHENTICATED"), (&ci, "FORBIDDEN")] {
            for refused in [
                repositories.star(who, id).await,
                repositories.unstar(who, id).await,
                repositories
                    .starred(who, &all, Sort::BY_NAME, &request)
                    .await
                    .map(drop),
                repositories.count_starred(who, &all).await.map(drop),
            ] {
                assert_eq!(refused.unwrap_err().code(), code);
            }
            assert!(
                repositories
                    .starred_among(who, &[id])
                    .await
                    .unwrap()
                    .is_empty()
            );
        }
        // A narrow token reads and changes nothing.
        repositories.star(&ann, id).await.unwrap();
        assert_eq!(starred(t, &narrow).await, ["ann/app"]);
        let refused = repositories.unstar(&narrow, id).await.unwrap_err();
        assert_eq!(refused.code(), "FORBIDDEN");
        let token = t.oauth_token(&ann, "user:admin").await;
        let wide = authn.bearer(&token, Origin::default()).await.unwrap();
        repositories.unstar(&wide, id).await.unwrap();
        assert!(starred(t, &ann).await.is_empty());
        let path = path_of("ann/app");
        assert!(repositories.by_path(&t.anonymous(), &path).await.is_ok());
    }
);
