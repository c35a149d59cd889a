//! Lists of tags and of repositories.

use berth_services::Settings;
use berth_testkit::{PASSWORD, TestImage, db_test};
use serde_json::json;

use crate::client::{Answer, Client, publish};

/// Follows `Link` to the last page and returns each page's list.
async fn pages(client: &Client, first: &str, key: &str) -> Vec<Vec<String>> {
    let mut next = Some(first.to_owned());
    let mut pages = Vec::new();
    while let Some(path) = next {
        let answer = client.get(&path).await;
        pages.push(list(&answer, key));
        next = answer.has("link").then(|| {
            let (path, rel) = answer.header("link").split_once(">; ").expect("a link");
            assert_eq!(rel, "rel=\"next\"");
            path.trim_start_matches('<').to_owned()
        });
    }
    pages
}

fn list(answer: &Answer, key: &str) -> Vec<String> {
    let body = answer.is(200).json();
    let list = body[key].as_array().expect("a list");
    list.iter()
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect()
}

db_test!(
    async fn tags_come_in_byte_order_page_by_page(t: TestRegistry) {
        t.user("ann").await;
        let client = Client::of(t, "ann", "ann/app").await;
        let image = TestImage::new(1);
        client.push_image("ann/app", "b", &image).await;
        for tag in ["a", "B", "1", "_x", "gone"] {
            client
                .push_manifest("ann/app", tag, &image.manifest)
                .await
                .is(201);
        }
        client.delete("/v2/ann/app/manifests/gone").await.is(202);
        let path = "/v2/ann/app/tags/list";
        assert_eq!(
            client.get(path).await.json(),
            json!({ "name": "ann/app", "tags": ["1", "B", "_x", "a", "b"] })
        );
        assert_eq!(
            pages(&client, &format!("{path}?n=2"), "tags").await,
            [vec!["1", "B"], vec!["_x", "a"], vec!["b"]]
        );
        assert_eq!(
            list(&client.get(&format!("{path}?last=C")).await, "tags"),
            ["_x", "a", "b"]
        );
        let full = client.get(&format!("{path}?n=5")).await;
        assert!(list(&full, "tags").len() == 5 && !full.has("link"));
        let none = client.get(&format!("{path}?n=0")).await;
        assert!(list(&none, "tags").is_empty() && !none.has("link"));
        for n in ["x", "-1", "1000000"] {
            assert_eq!(
                list(&client.get(&format!("{path}?n={n}")).await, "tags").len(),
                5,
                "{n}"
            );
        }
    }
);

db_test!(
    async fn the_catalog_shows_what_the_caller_may_read(t: TestRegistry) {
        let ann = t.user("ann").await;
        let bob = t.user("bob").await;
        for (owner, target) in [
            (&ann, "ann/b:1"),
            (&ann, "ann/a:1"),
            (&ann, "ann/c/d:1"),
            (&bob, "bob/open:1"),
        ] {
            t.push(owner, target, &TestImage::new(1)).await;
        }
        publish(t, &bob, "bob/open").await;
        let scopes = ["registry:catalog:*"];
        let client = Client::with_scopes(&t.services, Some(("ann", PASSWORD)), &scopes).await;
        let all = list(&client.get("/v2/_catalog").await, "repositories");
        assert_eq!(all, ["ann/a", "ann/b", "ann/c/d"]);
        assert_eq!(
            pages(&client, "/v2/_catalog?n=2", "repositories").await,
            [vec!["ann/a", "ann/b"], vec!["ann/c/d"]]
        );
        assert_eq!(
            list(&client.get("/v2/_catalog?n=0").await, "repositories").len(),
            1
        );

        let nobody = Client::without_token(&t.services).get("/v2/_catalog").await;
        nobody.is_error(401, "UNAUTHORIZED");
        assert!(
            nobody
                .header("www-authenticate")
                .ends_with(",scope=\"registry:catalog:*\"")
        );
        let anonymous = Client::with_scopes(&t.services, None, &scopes).await;
        assert_eq!(
            anonymous.get("/v2/_catalog").await.is(200).json(),
            json!({ "repositories": [] })
        );
    }
);

db_test!(
    async fn a_page_has_as_many_entries_as_the_configuration_says(t: TestRegistry) {
        let ann = t.user("ann").await;
        for target in ["ann/a:1", "ann/b:1", "ann/b:2", "ann/b:3", "ann/c:1"] {
            t.push(&ann, target, &TestImage::new(1)).await;
        }
        let mut settings = Settings::default();
        settings.registry.page_size = 2;
        let services = t.replica(settings);
        let scopes = ["registry:catalog:*", "repository:ann/b:pull"];
        let client = Client::with_scopes(&services, Some(("ann", PASSWORD)), &scopes).await;
        assert_eq!(
            pages(&client, "/v2/_catalog", "repositories").await,
            [vec!["ann/a", "ann/b"], vec!["ann/c"]]
        );
        assert_eq!(
            pages(&client, "/v2/ann/b/tags/list", "tags").await,
            [vec!["1", "2"], vec!["3"]]
        );
        // Who names a number gets it, and what is no number is like none.
        assert_eq!(
            pages(&client, "/v2/ann/b/tags/list?n=3", "tags").await,
            [vec!["1", "2", "3"]]
        );
        let unreadable = client.get("/v2/ann/b/tags/list?n=many").await;
        assert_eq!(list(&unreadable, "tags"), ["1", "2"]);
        let scopes = ["repository:ann/b:pull"];
        let stranger = Client::with_scopes(&services, None, &scopes).await;
        stranger
            .get("/v2/ann/b/tags/list")
            .await
            .is_error(401, "UNAUTHORIZED");
    }
);
