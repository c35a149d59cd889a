//! A blob that is larger than any memory it may take.

use berth_e2e::harness::Scenario;
use berth_e2e::server::Server;
use berth_e2e::world::World;
use berth_e2e::{image, random, scenarios};
use bytes::Bytes;
use futures::StreamExt;
use reqwest::{Body, Method, StatusCode};
use sha2::{Digest, Sha256};

pub(crate) const SCENARIOS: &[Scenario] =
    scenarios![blob_of_a_gibibyte_comes_and_goes_in_little_memory];

const MIB: u64 = 1024 * 1024;
const BLOCKS: u64 = 1024;
/// What one transfer each way may add to the memory of a server.
const GROWTH_BYTES_MAX: u64 = 128 * MIB;

async fn blob_of_a_gibibyte_comes_and_goes_in_little_memory(world: World) {
    let world = World::of_its_own(world.shape()).await;
    let repository = format!("{}/large", world.organization().await);
    let by_hand = world.distribution(&world.admin, &repository).await;
    let block = Bytes::from(random::bytes(191, 1024 * 1024));
    let mut hash = Sha256::new();
    for _ in 0..BLOCKS {
        hash.update(&block);
    }
    let digest = image::digest_of(&hash.finalize());
    let servers = &world.deployment().servers;
    let before: Vec<u64> = servers.iter().map(Server::memory_peak_bytes).collect();

    let url = world.url();
    let upload = by_hand.begin(&url).await;
    let blocks = futures::stream::iter(0..BLOCKS).map({
        let block = block.clone();
        move |_| Ok::<_, std::io::Error>(block.clone())
    });
    let sent = by_hand
        .append_request(&url, &upload)
        .body(Body::wrap_stream(blocks))
        .send()
        .await
        .expect("the server answers");
    assert_eq!(sent.status(), StatusCode::ACCEPTED);
    let upload = by_hand.status(&url, &upload).await;
    assert_eq!(upload.offset, BLOCKS * MIB);
    let committed = by_hand.commit(&url, &upload, &[], &digest).await;
    assert_eq!(committed.status(), StatusCode::CREATED);

    for replica in world.replicas() {
        let pulled = by_hand
            .request(Method::GET, &replica, &format!("blobs/{digest}"))
            .send()
            .await
            .expect("the server answers");
        assert_eq!(pulled.content_length(), Some(BLOCKS * MIB));
        let mut chunks = pulled.bytes_stream();
        let mut offset = 0;
        while let Some(chunk) = chunks.next().await {
            let mut chunk = chunk.expect("the blob arrives whole");
            while !chunk.is_empty() {
                let rest = &block[offset..];
                let here = chunk.split_to(chunk.len().min(rest.len()));
                assert!(here == rest[..here.len()], "bytes differ");
                offset = (offset + here.len()) % block.len();
            }
        }
        assert_eq!(offset, 0);
    }
    for (server, before) in servers.iter().zip(before) {
        // The system adds up what each processor counted, and may tell a little less of the same peak later.
        let growth = server.memory_peak_bytes().saturating_sub(before);
        assert!(
            growth < GROWTH_BYTES_MAX,
            "{} MiB more than before",
            growth / MIB
        );
    }
}
