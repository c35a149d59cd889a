//! Changes of everything that a filter finds.

use berth_domain::{Error, RepositoryRole, Visibility};
use berth_services::many::Selection;
use berth_services::permissions::RoleChange;
use berth_services::repositories::Filter;
use berth_services::robots::RobotFilter;
use berth_testkit::db_test;

use super::people::{repository, robot};

db_test!(
    async fn a_filter_selects_what_the_caller_administers_and_nothing_else(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let (eve, nobody) = (t.user("eve").await, t.anonymous());
        let made = async |actor, owner: &str, name: &str| {
            let view = repository(t, actor, owner, name, Visibility::Public).await;
            view.repository.id
        };
        let (one, two) = (
            made(&ann, "ann", "web-1").await,
            made(&ann, "ann", "web-2").await,
        );
        let other = made(&ann, "ann", "api").await;
        let (readable, managed) = (
            made(&bob, "bob", "web-3").await,
            made(&bob, "bob", "web-4").await,
        );
        for (id, role) in [
            (readable, RepositoryRole::Write),
            (managed, RepositoryRole::Admin),
        ] {
            let changes = [RoleChange {
                account: "ann".into(),
                role: Some(role),
            }];
            t.services
                .permissions
                .set(&bob, id, &changes)
                .await
                .unwrap();
        }
        let filter = Filter {
            search: Some("web-".into()),
            ..Filter::default()
        };
        let repositories = &t.services.repositories;
        let hide = async |actor| {
            repositories
                .change_visibility(actor, Selection::Matching(&filter), Visibility::Private)
                .await
        };
        let nobody = hide(&nobody).await.unwrap_err();
        assert!(
            matches!(nobody.causes[0].1, Error::Unauthenticated { .. }),
            "{nobody:?}"
        );
        assert_eq!(hide(&eve).await.unwrap().changed, []);
        let mut changed = hide(&ann).await.unwrap().changed;
        changed.sort_unstable();
        assert_eq!(changed, [one, two, managed]);
        let deleted = repositories
            .delete(&ann, Selection::Matching(&filter))
            .await;
        assert_eq!(deleted.unwrap().len(), 3);
        let left = repositories
            .by_ids(&bob, &[one, two, other, readable, managed])
            .await;
        let mut left: Vec<_> = left.unwrap().into_keys().collect();
        left.sort_unstable();
        assert_eq!(left, [other, readable]);
    }
);

db_test!(
    async fn robots_are_deleted_by_filter_by_who_administers_them(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        for short in ["ci_one", "ci_two", "deploy"] {
            robot(t, &ann, "ann", short).await;
        }
        let filter = RobotFilter {
            namespace: "ann".parse().unwrap(),
            search: Some("ci_".into()),
        };
        let robots = &t.services.robots;
        let refused = robots.delete(&bob, Selection::Matching(&filter)).await;
        let causes = refused.unwrap_err().causes;
        assert!(
            matches!(causes[0].1, Error::Hidden(_) | Error::Forbidden { .. }),
            "{causes:?}"
        );
        let deleted = robots.delete(&ann, Selection::Matching(&filter)).await;
        assert_eq!(deleted.unwrap().len(), 2);
        assert_eq!(
            robots
                .count(&ann, ann.user_id().unwrap(), None)
                .await
                .unwrap(),
            1
        );
    }
);
