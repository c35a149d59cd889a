//! Clients of one tag at all servers: what they saw can be told as one story.

use std::sync::Arc;

use berth_e2e::harness::Scenario;
use berth_e2e::image::{self, Image};
use berth_e2e::scenarios;
use berth_e2e::world::World;
use berth_model::history::{History, Kind};
use reqwest::{Method, StatusCode};

pub(crate) const SCENARIOS: &[Scenario] =
    scenarios![pushes_pulls_and_deletions_of_one_tag_are_one_story];

/// Clients, which take turns with the servers.
const CLIENTS: usize = 6;
/// What each of them does.
const OPERATIONS: usize = 30;

async fn pushes_pulls_and_deletions_of_one_tag_are_one_story(world: World) {
    let repository = format!("{}/app", world.organization().await);
    let client = world.distribution(&world.admin, &repository).await;
    let images: Arc<[Image; 3]> = Arc::new([0, 1, 2].map(|seed| Image::new(seed, 10, "amd64")));
    for image in &*images {
        for blob in [&image.layer, &image.config] {
            client
                .push_blob(&world.url(), &blob.digest, &blob.bytes)
                .await;
        }
    }
    let story: Arc<History<String>> = Arc::default();
    let urls = world.replicas();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (client, images, story) = (client.clone(), Arc::clone(&images), Arc::clone(&story));
            let url = urls[number % urls.len()].clone();
            tokio::spawn(async move {
                for operation in 0..OPERATIONS {
                    let choice = number * 7 + operation * 5;
                    let method = match choice % 8 {
                        0..=2 => Method::PUT,
                        3 => Method::DELETE,
                        _ => Method::GET,
                    };
                    let mut request = client.request(method.clone(), &url, "manifests/contended");
                    let manifest = &images[choice % 3].manifest;
                    if method == Method::PUT {
                        request = request
                            .header("Content-Type", image::MANIFEST)
                            .body(manifest.bytes.clone());
                    }
                    let called = story.call();
                    let answer = request.send().await.expect("the server answers");
                    let status = answer.status();
                    let digest = answer.headers().get("docker-content-digest");
                    let digest = digest
                        .and_then(|text| text.to_str().ok())
                        .map(str::to_owned);
                    let new = manifest.digest.clone();
                    match (method, status) {
                        (Method::PUT, StatusCode::CREATED) => {
                            story.answered(called, Kind::Put(new));
                        }
                        (Method::PUT, StatusCode::SERVICE_UNAVAILABLE) => {
                            story.unknown(called, Kind::Put(new));
                        }
                        (Method::DELETE, StatusCode::ACCEPTED) => {
                            story.answered(called, Kind::Delete(Some(true)));
                        }
                        (Method::DELETE, StatusCode::NOT_FOUND) => {
                            story.answered(called, Kind::Delete(Some(false)));
                        }
                        (Method::DELETE, StatusCode::SERVICE_UNAVAILABLE) => {
                            story.unknown(called, Kind::Delete(None));
                        }
                        (Method::GET, StatusCode::OK) => {
                            let seen = digest.expect("a manifest comes with its digest");
                            story.answered(called, Kind::Get(Some(seen)));
                        }
                        (Method::GET, StatusCode::NOT_FOUND) => {
                            story.answered(called, Kind::Get(None));
                        }
                        // Nothing was seen, or fought over by too many, and nothing happened.
                        (Method::GET, StatusCode::SERVICE_UNAVAILABLE)
                        | (Method::PUT, StatusCode::CONFLICT) => {}
                        (method, status) => panic!("{method} is answered {status}"),
                    }
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("a client saw only what may happen");
    }
    let story = Arc::into_inner(story).expect("the clients are done");
    let checked = story.check().unwrap_or_else(|bad| panic!("{bad:#}"));
    assert!(checked > CLIENTS * OPERATIONS / 2, "{checked} operations");
}
