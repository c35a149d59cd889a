//! Every example of `docs/graphql.md` is executed as it stands there, so that the page stays true.

use async_graphql::{Request, Variables};
use berth_domain::{Digest, Reference};
use berth_graphql::{RequestContext, SessionEffect, schema};
use berth_services::{Actor, Origin};
use berth_testkit::{TestImage, TestRegistry, db_test, images, path_of};
use bytes::Bytes;
use futures::StreamExt;
use serde_json::{Map, Value, json};

use crate::client::{ask, execute};

const PAGE: &str = include_str!("../../../docs/graphql.md");

/// The password that the example of set-up gives to the first user.
const PASSWORD: &str = "a-long-password";

/// When an example runs: what makes things first, what removes them last, otherwise as on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    SetUp,
    Make,
    Use,
    Remove,
    End,
}

#[derive(Debug)]
struct Example {
    document: &'static str,
    turn: Turn,
}

fn examples() -> Vec<Example> {
    let blocks = PAGE.split("```graphql\n").skip(1);
    let documents = blocks.filter_map(|block| block.split("\n```").next());
    let mut examples: Vec<_> = documents
        .map(|document| {
            let calls = |words: &[&str]| {
                document.starts_with("mutation") && words.iter().any(|word| document.contains(word))
            };
            let turn = if calls(&["initializeRegistry("]) {
                Turn::SetUp
            } else if calls(&[" create"]) {
                Turn::Make
            } else if calls(&[" deleteRepositories(", " signOut "]) {
                Turn::End
            } else if calls(&[" delete", " changePassword"]) {
                Turn::Remove
            } else {
                Turn::Use
            };
            Example { document, turn }
        })
        .collect();
    examples.sort_by_key(|example| example.turn);
    examples
}

/// What the examples of the page are about.
struct Estate {
    organization: Value,
    repository: Value,
    robot: Value,
    user: Value,
    ended_tag: Value,
    client_id: Value,
    digest: Digest,
}

impl Estate {
    /// The images that a reader of the page is thought to have pushed.
    async fn of(t: &TestRegistry, admin: &Actor) -> Self {
        let shop = "acme/web/shop";
        let mut last = TestImage::new(1);
        for (seed, tag) in [(9, "0.9.0"), (1, "1.0.0"), (2, "1.1.0"), (3, "1.2.0")] {
            last = TestImage::new(seed);
            t.push(admin, &format!("{shop}:{tag}"), &last).await;
        }
        t.push_blob(admin, shop, &Bytes::from_static(b"{}")).await;
        let sbom = images::artifact(&last.manifest, "application/spdx+json");
        let reference = Reference::Digest(Digest::of(&sbom));
        let (manifests, path) = (&t.services.manifests, path_of(shop));
        let pushed = manifests.push(admin, &path, &reference, None, sbom);
        pushed.await.unwrap();
        let ids = "{ repository(namespace: \"acme\", name: \"web/shop\") { id } \
             namespace(name: \"acme\") { id robots(first: 1) { nodes { id } } \
             ... on Organization { applications(first: 1) { nodes { clientId } } } } \
             administration { users(filter: { search: \"ann\" }) { nodes { id } } } }";
        let ids = ask(t, admin, ids, json!({})).await.data();
        let delete = "mutation ($id: ID!) { deleteTags(input: { repository: $id, names: [\"0.9.0\"] }) { deletedIds } }";
        let repository = json!({ "id": ids["repository"]["id"] });
        let ended = ask(t, admin, delete, repository).await.data();
        Self {
            organization: ids["namespace"]["id"].clone(),
            repository: ids["repository"]["id"].clone(),
            robot: ids["namespace"]["robots"]["nodes"][0]["id"].clone(),
            user: ids["administration"]["users"]["nodes"][0]["id"].clone(),
            client_id: ids["namespace"]["applications"]["nodes"][0]["clientId"].clone(),
            ended_tag: ended["deleteTags"]["deletedIds"][0].clone(),
            digest: last.digest(),
        }
    }

    /// Values for the variables that an example declares.
    fn variables(&self, document: &str) -> Value {
        let declared = document.split('{').next().unwrap_or_default();
        let names = declared
            .split('$')
            .skip(1)
            .filter_map(|rest| rest.split(':').next());
        let is_of_robots = document.contains("Robot");
        let id = if document.contains("takeOwnership(") {
            &self.organization
        } else if document.contains("User(") {
            &self.user
        } else if is_of_robots {
            &self.robot
        } else {
            &self.repository
        };
        let values: Map<_, _> = names
            .map(|name| {
                let value = match name {
                    "id" => id.clone(),
                    "ids" if document.contains("restoreTags") => json!([self.ended_tag]),
                    "ids" => json!([id]),
                    "repository" => self.repository.clone(),
                    "digest" => json!(self.digest),
                    "application" => self.client_id.clone(),
                    "username" => json!("admin"),
                    "password" | "current" => json!(PASSWORD),
                    "new" => json!("another-long-password"),
                    "search" => json!("shop"),
                    "after" => Value::Null,
                    other => panic!("`${other}` has no value here yet:\n{document}"),
                };
                (name.to_owned(), value)
            })
            .collect();
        Value::Object(values)
    }
}

/// An answer that shows nothing proves nothing: follows the only field of each object.
fn shows_something(document: &str, answer: &Value) {
    assert!(answer.get("errors").is_none(), "{document}\n{answer:#}");
    let mut data = &answer["data"];
    while let Some(fields) = data.as_object().filter(|fields| fields.len() == 1) {
        data = fields.values().next().unwrap();
    }
    assert!(!data.is_null(), "{document}\n{answer:#}");
}

async fn session(t: &TestRegistry, document: &str, variables: Value) -> Actor {
    let (answer, effect) = execute(t, &t.anonymous(), document, variables).await;
    shows_something(document, &answer.0);
    let Some(SessionEffect::Started { token, .. }) = effect else {
        panic!("no session from:\n{document}")
    };
    let session = t.services.authn.session(token.expose(), Origin::default());
    session.await.unwrap().unwrap()
}

db_test!(
    async fn every_example_of_the_page_does_what_it_shows(t: TestRegistry) {
        let examples = examples();
        assert!(examples.len() > 20, "the page has lost its examples");
        let mut admin = session(t, examples[0].document, json!({})).await;
        t.user("ann").await;
        let mut estate = None;
        for example in &examples[1..] {
            let document = example.document;
            if example.turn == Turn::Make {
                let answer = ask(t, &admin, document, json!({})).await;
                shows_something(document, &answer.0);
                continue;
            }
            if estate.is_none() {
                estate = Some(Estate::of(t, &admin).await);
            }
            let variables = estate.as_ref().unwrap().variables(document);
            if document.starts_with("subscription") {
                let told = subscribe(t, &admin, document, variables).await;
                shows_something(document, &told);
            } else if document.contains("signIn(") {
                session(t, document, variables).await;
            } else {
                let (answer, effect) = execute(t, &admin, document, variables).await;
                shows_something(document, &answer.0);
                // A changed password ends the session that changed it.
                if let Some(SessionEffect::Started { token, .. }) = effect {
                    let session = t.services.authn.session(token.expose(), Origin::default());
                    admin = session.await.unwrap().unwrap();
                }
            }
        }
    }
);

/// What a subscription tells of a push.
async fn subscribe(t: &TestRegistry, admin: &Actor, document: &str, variables: Value) -> Value {
    let context = RequestContext::for_socket(t.services.clone(), admin.clone(), None);
    let request = Request::new(document)
        .variables(Variables::from_json(variables))
        .data(context);
    t.clock.advance(std::time::Duration::from_mins(1));
    let mut events = schema().execute_stream(request);
    let image = TestImage::new(4);
    let (event, _) = tokio::join!(events.next(), t.push(admin, "acme/web/shop:1.3.0", &image));
    serde_json::to_value(event.unwrap()).unwrap()
}
