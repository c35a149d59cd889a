//! What is below a list is fetched in batches: their number does not follow the number of rows. In a
//! file of its own, since it listens to everything that its process notes.

// The future that answers a mutation holds those of all of them.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::{Request, Variables};
use berth_domain::TeamRole;
use berth_graphql::{RequestContext, schema};
use berth_services::Actor;
use berth_services::teams::TeamKey;
use berth_testkit::{Backend, TestImage, TestRegistry, images, path_of};
use serde_json::{Value, json};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Batches fetched so far.
static BATCHES: AtomicUsize = AtomicUsize::new(0);

/// Counts what the loaders note.
struct Counter;

impl Subscriber for Counter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target() == "berth_graphql::loaders"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        BATCHES.fetch_add(1, Ordering::SeqCst);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// How many batches the first `rows` rows take.
async fn batches(t: &TestRegistry, actor: &Actor, query: &str, rows: usize) -> usize {
    let before = BATCHES.load(Ordering::SeqCst);
    let context = RequestContext::new(t.services.clone(), actor.clone(), None);
    let variables = Variables::from_json(json!({ "first": rows }));
    let request = Request::new(query).variables(variables).data(context);
    let answer = serde_json::to_value(schema().execute(request).await).unwrap();
    assert!(answer.get("errors").is_none(), "{answer:#}");
    let list = answer
        .pointer("/data/list/nodes")
        .or(answer.pointer("/data/in/list/nodes"));
    assert_eq!(list.and_then(Value::as_array).map(Vec::len), Some(rows));
    BATCHES.load(Ordering::SeqCst) - before
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_rows_do_not_take_ten_times_the_batches_of_one() {
    tracing::subscriber::set_global_default(Counter).unwrap();
    let t = TestRegistry::on(Backend::Sqlite).await.unwrap();
    let ann = t.user("ann").await;
    for n in 0..10 {
        let organization = format!("org{n}").parse().unwrap();
        t.services
            .organizations
            .create(&ann, &organization, None)
            .await
            .unwrap();
        t.services
            .robots
            .create(&ann, &"ann".parse().unwrap(), &format!("r{n}"), "")
            .await
            .unwrap();
        let image = TestImage::new(n);
        t.push(&ann, &format!("org{n}/app:1"), &image).await;
        t.push(&ann, &format!("ann/app:image{n}"), &image).await;
        let index = images::index(&[(&image, "linux", "amd64")]);
        let tag = format!("index{n}").parse().unwrap();
        t.services
            .manifests
            .push(&ann, &path_of("ann/app"), &tag, None, index)
            .await
            .unwrap();
    }
    for n in 0..10 {
        let (acme, name) = ("org0".parse().unwrap(), format!("team{n}").parse().unwrap());
        let made = t
            .services
            .teams
            .create(&ann, &acme, &name, TeamRole::Member, "");
        made.await.unwrap();
    }
    for n in 0..10 {
        let name = format!("person{n}");
        t.user(&name).await;
        let acme = "org0".parse().unwrap();
        for team in ["team0", "team1"] {
            let key = TeamKey::Name {
                organization: &acme,
                team,
            };
            t.services.teams.add_member(&ann, key, &name).await.unwrap();
        }
    }
    let lists = [
        "query ($first: Int) { list: organizations(first: $first) { nodes { repositoryCount robotCount memberCount } } }",
        "query ($first: Int) { list: repositories(first: $first) { nodes { namespace { name } sizeBytes tagCount } } }",
        "query ($first: Int) { in: namespace(name: \"ann\") { list: robots(first: $first) { nodes { repositoryCount } } } }",
        "query ($first: Int) { in: namespace(name: \"org0\") { ... on Organization { list: teams(first: $first) { \
         nodes { memberCount repositoryCount organization { name } } } } } }",
        "query ($first: Int) { in: namespace(name: \"org0\") { ... on Organization { list: members(first: $first) { \
         nodes { memberOf { name memberCount } ownRoles { repository { path } } } } } } }",
        "query ($first: Int) { in: repository(namespace: \"ann\", name: \"app\") { list: tags(first: $first, \
         filter: { search: \"index\" }) { nodes { repository { path } manifest { tags ... on ImageIndex { children { \
         platform { label } manifest { digest tags } } } } } } } }",
    ];
    for query in lists {
        let one = batches(&t, &ann, query, 1).await;
        assert!((1..=8).contains(&one), "{one} batches for {query}");
        let ten = batches(&t, &ann, query, 10).await;
        // A busy machine may split a batch; a fetch for each row would add nine.
        assert!(ten < one + 9, "{ten} batches instead of {one} for {query}");
    }
    t.close().await;
}
