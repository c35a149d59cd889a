//! Uploads that are interrupted, moved, repeated (R2, X6).

use std::sync::Arc;
use std::time::Duration;

use berth_e2e::deployment::Shape;
use berth_e2e::distribution::Upload;
use berth_e2e::harness::Scenario;
use berth_e2e::image::digest;
use berth_e2e::world::World;
use berth_e2e::{random, scenarios};
use bytes::Bytes;
use futures::StreamExt;
use reqwest::{Body, Method, Response, StatusCode};
use tokio::sync::Notify;

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    upload_begun_at_one_replica_ends_at_the_other,
    upload_goes_on_after_the_server_was_killed,
    known_blob_is_mounted_from_another_repository,
    parallel_pushes_of_one_image_all_succeed,
    running_transfer_ends_before_the_server_does,
];

const MIB: usize = 1024 * 1024;

async fn upload_begun_at_one_replica_ends_at_the_other(world: World) {
    let repository = format!("{}/moved", world.organization().await);
    let by_hand = world.distribution(&world.admin, &repository).await;
    let content = random::bytes(141, 13 * MIB + 17);
    let replicas = world.replicas();
    let mut upload = by_hand.begin(&replicas[0]).await;
    // Uneven parts, some below and some above the smallest part that S3 takes.
    for (turn, part) in content[..13 * MIB].chunks(3 * MIB + 5).enumerate() {
        upload = by_hand
            .append(&replicas[turn % replicas.len()], &upload, part)
            .await;
        let elsewhere = &replicas[(turn + 1) % replicas.len()];
        assert_eq!(
            by_hand.status(elsewhere, &upload).await.offset,
            upload.offset
        );
    }
    let last = replicas.last().expect("a registry has a server");
    let committed = by_hand
        .commit(last, &upload, &content[13 * MIB..], &digest(&content))
        .await;
    assert_eq!(committed.status(), StatusCode::CREATED);
    for replica in &replicas {
        assert!(
            by_hand.pull_blob(replica, &digest(&content)).await == content,
            "pulled from {replica}"
        );
    }
}

async fn upload_goes_on_after_the_server_was_killed(world: World) {
    let mut world = World::of_its_own(world.shape()).await;
    let repository = format!("{}/resumed", world.organization().await);
    let by_hand = world.distribution(&world.admin, &repository).await;
    let content = random::bytes(151, 12 * MIB);
    let url = world.replicas()[0].clone();
    let upload = by_hand.begin(&url).await;
    let upload = by_hand.append(&url, &upload, &content[..6 * MIB]).await;

    // The second part stops in its middle, and then the server dies.
    let request = by_hand
        .append_request(&url, &upload)
        .header("Content-Range", range(&upload, 4 * MIB))
        .body(stalling_body(&content[6 * MIB..8 * MIB]));
    let interrupted = tokio::spawn(request.send());
    by_hand.wait_until_busy(&url, &upload).await;
    world.deployment_mut().servers[0].kill().await;
    interrupted
        .await
        .expect("the request ran")
        .expect_err("nobody answers it");
    world.deployment_mut().servers[0].start_again().await;

    let upload = by_hand.status(&url, &upload).await;
    assert!(
        upload.offset >= 6 * MIB as u64,
        "what was acknowledged is kept, not {}",
        upload.offset
    );
    let rest = usize::try_from(upload.offset).expect("it fits");
    let whole = digest(&content);
    let commit = || by_hand.commit(&url, &upload, &content[rest..], &whole);
    let mut committed = commit().await;
    // Replicas cannot know that one of them died until its lease has run out.
    while world.shape() == Shape::Scaled && committed.status() == StatusCode::SERVICE_UNAVAILABLE {
        let pause = header_seconds(&committed, "Retry-After");
        tokio::time::sleep(pause).await;
        committed = commit().await;
    }
    assert_eq!(committed.status(), StatusCode::CREATED);
    assert!(by_hand.pull_blob(&url, &digest(&content)).await == content);
}

fn range(upload: &Upload, length: usize) -> String {
    format!("{}-{}", upload.offset, upload.offset + length as u64 - 1)
}

/// A body that sends `bytes` and then never ends.
fn stalling_body(bytes: &[u8]) -> Body {
    let first = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::copy_from_slice(bytes))]);
    Body::wrap_stream(first.chain(futures::stream::pending()))
}

fn header_seconds(answer: &Response, name: &str) -> Duration {
    let value = answer
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok());
    let seconds = value.and_then(|value| value.parse().ok());
    Duration::from_secs(seconds.expect("a header with seconds"))
}

async fn known_blob_is_mounted_from_another_repository(world: World) {
    let organization = world.organization().await;
    let (from, to) = (format!("{organization}/from"), format!("{organization}/to"));
    let content = random::bytes(161, 100_000);
    let source = world.distribution(&world.admin, &from).await;
    source
        .push_blob(&world.url(), &digest(&content), &content)
        .await;

    let target = world.mounting(&world.admin, &to, &[&from]).await;
    let mount = format!("blobs/uploads/?mount={}&from={from}", digest(&content));
    let mounted = target
        .request(Method::POST, &world.url(), &mount)
        .send()
        .await
        .expect("the server answers");
    assert_eq!(mounted.status(), StatusCode::CREATED);
    assert!(target.pull_blob(&world.url(), &digest(&content)).await == content);

    // Who may not read the source gets an upload instead, and learns nothing.
    let stranger = world.user().await;
    let own = format!("{}/own", stranger.name);
    let own = world.mounting(&stranger, &own, &[&from]).await;
    let refused = own
        .request(Method::POST, &world.url(), &mount)
        .send()
        .await
        .expect("the server answers");
    assert_eq!(refused.status(), StatusCode::ACCEPTED);
}

async fn parallel_pushes_of_one_image_all_succeed(world: World) {
    let repository = format!("{}/parallel", world.organization().await);
    let client = world.client(&world.admin);
    let layout = client.index_layout(171, MIB);
    let pushes = (0..6).map(|_| client.push(&layout, &repository, "same"));
    futures::future::join_all(pushes).await;
    assert_eq!(client.digest(&repository, ":same").await, layout.digest);
}

async fn running_transfer_ends_before_the_server_does(world: World) {
    let mut world = World::of_its_own(world.shape()).await;
    let repository = format!("{}/drained", world.organization().await);
    let by_hand = world.distribution(&world.admin, &repository).await;
    let content = random::bytes(181, MIB);
    let url = world.replicas()[0].clone();
    let upload = by_hand.begin(&url).await;

    let go_on = Arc::new(Notify::new());
    let wait = Arc::clone(&go_on);
    let first = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::copy_from_slice(
        &content[..MIB / 2],
    ))]);
    let second = Bytes::copy_from_slice(&content[MIB / 2..]);
    let then = futures::stream::once(async move {
        wait.notified().await;
        Ok::<_, std::io::Error>(second)
    });
    let put = by_hand
        .commit_request(&url, &upload, &digest(&content))
        .body(Body::wrap_stream(first.chain(then)));
    let transfer = tokio::spawn(put.send());
    by_hand.wait_until_busy(&url, &upload).await;
    world.deployment().servers[0].terminate().await;
    go_on.notify_one();
    let answer = transfer
        .await
        .expect("the request ran")
        .expect("the server answers it");
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert!(world.deployment_mut().servers[0].ended_well().await);
}
