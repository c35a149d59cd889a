//! Manifests that name one another: few rows, and more paths than anybody could walk.

use std::time::{Duration, Instant};

use berth_domain::{Digest, MediaType};
use berth_server::drain::Drain;
use berth_testkit::{PASSWORD, TestImage, TestRegistry, db_test, images};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::registry::{Site, remove_all};

const APP: &str = "ann/app";
/// Each names the one below twice, so there are 2^50 paths from the highest to the image.
const LEVELS: usize = 50;
/// Longest time for each of it; a walk along all paths would take years.
const PATIENCE: Duration = Duration::from_secs(30);

/// An index of one child, once for each of two platforms.
fn twice(child: &[u8], kind: &str) -> Bytes {
    let platforms = ["amd64", "arm64"].map(|architecture| {
        let mut child = images::descriptor(kind, child);
        child["platform"] = json!({ "os": "linux", "architecture": architecture });
        child
    });
    let index = json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": platforms,
    });
    Bytes::from(index.to_string())
}

/// Waits for something, and not for long.
async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = tokio::time::timeout(PATIENCE, Box::pin(work)).await;
    let done = done.unwrap_or_else(|_| panic!("{what} goes on and on"));
    // What never waits is not interrupted.
    assert!(began.elapsed() < PATIENCE, "{what} took too long");
    done
}

async fn pushed(site: &Site, image: &TestImage) -> Bytes {
    for blob in image.blobs() {
        site.push_blob(APP, blob.clone()).await;
    }
    site.push_manifest(APP, "image", image.manifest.clone())
        .await;
    let (mut highest, mut kind) = (image.manifest.clone(), MediaType::OCI_MANIFEST);
    for _ in 0..LEVELS {
        highest = twice(&highest, kind);
        kind = MediaType::OCI_INDEX;
        within("a push", site.push_manifest(APP, "nested", highest.clone())).await;
    }
    highest
}

/// What clients and the console ask of it.
async fn read(t: &TestRegistry, site: &Site, highest: &Bytes) {
    let tags = site.get("/v2/ann/app/tags/list");
    let tags: Value = serde_json::from_slice(&within("the tags", tags).await).unwrap();
    assert_eq!(tags["tags"], json!(["image", "nested"]));
    let digest = Digest::of(highest);
    for path in [
        "/v2/ann/app/manifests/nested".to_owned(),
        format!("/v2/ann/app/manifests/{digest}"),
    ] {
        assert_eq!(within("a pull", site.get(&path)).await, highest);
    }
    let referrers = site.get(&format!("/v2/ann/app/referrers/{digest}")).await;
    assert!(!referrers.is_empty());
    let ann = t.login("ann", PASSWORD).await;
    let token = t.oauth_token(&ann, "repo:read").await;
    let page = "{ repository(namespace: \"ann\", name: \"app\") { sizeBytes tagCount tags { nodes { name \
                manifest { digest contentBytes ... on ImageIndex { children { platform { architecture } \
                manifest { digest contentBytes ... on ImageIndex { children { digest } } } } } } } } } }";
    let data = within("the page of tags", site.query(&token, page)).await;
    assert_eq!(data["repository"]["tagCount"], 2);
    let nodes = data["repository"]["tags"]["nodes"].as_array().unwrap();
    let nested = nodes.iter().find(|node| node["name"] == "nested").unwrap();
    assert_eq!(nested["manifest"]["digest"], digest.to_string());
    let children = nested["manifest"]["children"].as_array().unwrap();
    assert_eq!(children.len(), 2);
    assert_eq!(
        children[0]["manifest"]["digest"],
        children[1]["manifest"]["digest"]
    );
}

db_test!(
    async fn an_index_that_names_a_child_twice_is_not_walked_along_every_path(t: TestRegistry) {
        let ann = t.user("ann").await;
        let site = Site::new(t, APP, &Drain::default()).await;
        let image = TestImage::new(1);
        let highest = pushed(&site, &image).await;
        read(t, &site, &highest).await;

        // Without its tag and behind the Time Machine, all levels go and the image stays.
        let path = format!("/v2/{APP}/manifests/nested");
        let deleted = within("a deletion", site.send("DELETE", &path, "")).await;
        assert_eq!(deleted.0.as_u16(), 202);
        let workers = t.services.workers();
        workers.prepare().await.unwrap();
        let collected = async {
            for _ in 0..LEVELS {
                t.clock.advance(Duration::from_hours(400));
                assert!(workers.run_kind_if_due("collection").await.unwrap());
            }
        };
        within("the collection", collected).await;
        let site = Site::new(t, APP, &Drain::default()).await;
        for (manifest, status) in [(&highest, 404), (&image.manifest, 200)] {
            let path = format!("/v2/{APP}/manifests/{}", Digest::of(manifest));
            assert_eq!(site.send("GET", &path, "").await.0.as_u16(), status);
        }
        let again = pushed(&site, &image).await;
        assert_eq!(again, highest);
        within("the removal", remove_all(t, &ann, APP)).await;
    }
);
