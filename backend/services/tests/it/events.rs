//! Subscriptions.

use berth_services::Settings;
use berth_services::events::Change;
use berth_testkit::{TestImage, TestRegistry, db_test, path_of};
use futures::StreamExt;

async fn repository_id(t: &TestRegistry, path: &str) -> berth_domain::RepositoryId {
    let mut conn = t.db().read().await.unwrap();
    let facts = berth_store::gate::repository(&mut conn, &path_of(path), None)
        .await
        .unwrap();
    facts.unwrap().1.unwrap().repository.id
}

db_test!(
    async fn a_push_at_one_replica_reaches_a_subscriber_at_another(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let id = repository_id(t, "ann/app").await;
        let other = t.replica(Settings::default());
        t.clock.advance(std::time::Duration::from_mins(1));
        let events = other.events.subscribe(ann.clone(), id).await.unwrap();
        let mut events = std::pin::pin!(events);
        let digest = t.push(&ann, "ann/app:2", &TestImage::new(2)).await;
        let event = events.next().await.unwrap();
        assert_eq!(
            event.change,
            Change::TagPushed {
                name: "2".parse().unwrap(),
                digest
            }
        );
        let path = path_of("ann/app");
        t.services
            .manifests
            .delete(&ann, &path, &"1".parse().unwrap())
            .await
            .unwrap();
        let event = events.next().await.unwrap();
        assert_eq!(
            event.change,
            Change::TagDeleted {
                name: "1".parse().unwrap()
            }
        );
    }
);

db_test!(
    async fn nobody_subscribes_to_what_is_hidden(t: TestRegistry) {
        let ann = t.user("ann").await;
        let bob = t.user("bob").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let id = repository_id(t, "ann/app").await;
        assert!(t.services.events.subscribe(bob, id).await.is_err());
        assert!(
            t.services
                .events
                .subscribe(t.anonymous(), id)
                .await
                .is_err()
        );
    }
);
