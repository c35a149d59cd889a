//! The claims. Each gets two instances over one empty store.

use std::time::Duration;

use berth_domain::{Error, Noun};
use berth_storage::Object;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::oneshot;

use crate::Replicas;
use crate::bodies::{
    MIB, PART, append, assert_same, body, broken_body, collect, load, noise, store,
};

pub(crate) async fn an_empty_blob_is_an_ordinary_blob(Replicas { one, other, .. }: &Replicas) {
    let untouched = one.finish(one.begin()).await.unwrap();
    let touched = store(&**one, &Bytes::new()).await;
    for key in [untouched, touched] {
        assert_eq!(other.stat(&key).await.unwrap(), Some(0));
        assert!(load(&**other, &key).await.is_empty());
    }
}

pub(crate) async fn blobs_of_every_size_come_back_as_they_were(
    Replicas { one, other, .. }: &Replicas,
) {
    let sizes = [
        1,
        2,
        1000,
        128 * 1024,
        128 * 1024 + 1,
        PART - 1,
        PART,
        PART + 1,
        2 * PART + MIB,
    ];
    for (seed, size) in (1..).zip(sizes) {
        let bytes = noise(size, seed);
        let key = store(&**one, &bytes).await;
        assert_eq!(other.stat(&key).await.unwrap(), Some(size as u64));
        assert_same(&load(&**other, &key).await, &[bytes]);
    }
}

pub(crate) async fn an_upload_continues_on_another_replica_at_any_offset(
    Replicas { one, other, .. }: &Replicas,
) {
    let sizes = [1, 3 * MIB + 7, 0, 6 * MIB + 1, 2, PART + 13, 5 * MIB];
    let pieces: Vec<Bytes> = (1..)
        .zip(sizes)
        .map(|(seed, size)| noise(size, seed))
        .collect();
    let mut write = one.begin();
    for (piece, driver) in pieces.iter().zip([one, other].into_iter().cycle()) {
        write = append(&**driver, &write, piece).await;
    }
    let key = other.finish(write.clone()).await.unwrap();
    assert_same(&load(&**one, &key).await, &pieces);
    for leftover in write.leftovers(&key) {
        one.delete(leftover).await.unwrap();
    }
    let left: Vec<String> = keys(&one.list(None, 100).await.unwrap());
    assert_eq!(left, [key], "no tail stays behind");
}

pub(crate) async fn a_finish_that_nobody_wrote_down_leaves_the_upload_usable(
    Replicas { one, other, .. }: &Replicas,
) {
    let (first, second) = (noise(1000, 1), noise(2000, 2));
    let persisted = append(&**one, &one.begin(), &first).await;
    let torn = append(&**one, &persisted, &second).await;
    one.finish(torn).await.unwrap();
    // The server died before it wrote the key down; the client goes on from what was acknowledged.
    let write = append(&**other, &persisted, &second).await;
    let key = other.finish(write).await.unwrap();
    assert_same(&load(&**one, &key).await, &[first, second]);
}

pub(crate) async fn bytes_after_a_stale_write_are_overwritten(
    Replicas { one, other, .. }: &Replicas,
) {
    for (kept, lost, again) in [
        (0, 1000, 10),
        (3 * MIB, 1000, 10),
        (3 * MIB, 7 * MIB, 6 * MIB + 1),
        (PART + 5, PART, 2),
        (2, 2 * PART, PART + 1),
    ] {
        let (kept, lost, again) = (noise(kept, 1), noise(lost, 2), noise(again, 3));
        let persisted = append(&**one, &one.begin(), &kept).await;
        append(&**one, &persisted, &lost).await;
        let write = append(&**other, &persisted, &again).await;
        let key = other.finish(write).await.unwrap();
        assert_same(&load(&**one, &key).await, &[kept, again]);
    }
    // Cut off, too, where nothing follows.
    let (kept, lost) = (noise(MIB, 4), noise(MIB, 5));
    let persisted = append(&**one, &one.begin(), &kept).await;
    append(&**one, &persisted, &lost).await;
    let key = other.finish(persisted).await.unwrap();
    assert_same(&load(&**one, &key).await, &[kept]);
}

pub(crate) async fn an_interrupted_body_keeps_what_arrived(Replicas { one, other, .. }: &Replicas) {
    for (before, arrived) in [
        (0, 0),
        (0, 70_000),
        (5, MIB),
        (MIB, PART),
        (0, 2 * PART + 3),
    ] {
        let (before, arrived, rest) = (noise(before, 1), noise(arrived, 2), noise(MIB + 1, 3));
        let mut write = append(&**one, &one.begin(), &before).await;
        let outcome = one.append(&mut write, &mut broken_body(&arrived)).await;
        assert!(
            matches!(outcome, Err(Error::BodyInterrupted { .. })),
            "{outcome:?}"
        );
        assert_eq!(write.offset_bytes(), (before.len() + arrived.len()) as u64);
        let write = append(&**other, &write, &rest).await;
        let key = one.finish(write).await.unwrap();
        assert_same(&load(&**one, &key).await, &[before, arrived, rest]);
    }
}

pub(crate) async fn a_cancelled_append_can_be_resumed(Replicas { one, other, .. }: &Replicas) {
    let (before, lost, rest) = (noise(MIB, 1), noise(PART + MIB, 2), noise(3 * MIB, 3));
    let persisted = append(&**one, &one.begin(), &before).await;
    let (reached, stalled) = oneshot::channel();
    let stall = stream::once(async move {
        reached.send(()).expect("the test waits for it");
        std::future::pending().await
    });
    let mut write = persisted.clone();
    let mut endless = Box::pin(body(&lost).chain(stall)) as _;
    tokio::select! {
        outcome = one.append(&mut write, &mut endless) => panic!("{outcome:?}"),
        _ = stalled => {}
    }
    let resumed = append(&**other, &persisted, &rest).await;
    let key = other.finish(resumed).await.unwrap();
    assert_same(&load(&**one, &key).await, &[before, rest]);
}

pub(crate) async fn abort_leaves_nothing_and_can_be_repeated(
    Replicas { one, other, .. }: &Replicas,
) {
    one.abort(one.begin()).await.unwrap();
    for sizes in [[0, 0], [10, 0], [MIB, MIB], [PART + 1, PART], [PART, 0]] {
        let mut write = one.begin();
        for size in sizes {
            write = append(&**one, &write, &noise(size, 1)).await;
        }
        other.abort(write.clone()).await.unwrap();
        other.abort(write).await.unwrap();
        assert_eq!(one.list(None, 10).await.unwrap(), []);
    }
    // A finished write whose row could not be written.
    for size in [10, PART + 1] {
        let write = append(&**one, &one.begin(), &noise(size, 1)).await;
        let key = one.finish(write.clone()).await.unwrap();
        one.abort(write).await.unwrap();
        assert_eq!(one.stat(&key).await.unwrap(), None);
    }
}

pub(crate) async fn a_finish_whose_answer_was_lost_can_be_repeated(
    Replicas { one, other, .. }: &Replicas,
) {
    for size in [0, 10, PART, PART + 10] {
        let bytes = noise(size, 1);
        let write = append(&**one, &one.begin(), &bytes).await;
        let key = one.finish(write.clone()).await.unwrap();
        assert_eq!(other.finish(write).await.unwrap(), key);
        assert_same(&load(&**one, &key).await, &[bytes]);
    }
}

pub(crate) async fn a_range_is_read_alone_and_cut_at_the_end(Replicas { one, .. }: &Replicas) {
    let bytes = noise(MIB, 1);
    let key = store(&**one, &bytes).await;
    let end = MIB as u64;
    for (range, expected) in [
        (0..end, bytes.clone()),
        (0..1, bytes.slice(..1)),
        (7..300_007, bytes.slice(7..300_007)),
        (end - 1..end, bytes.slice(MIB - 1..)),
        (end - 5..end + 5, bytes.slice(MIB - 5..)),
        (0..u64::MAX, bytes.clone()),
        (3..3, Bytes::new()),
        (end..end + 1, Bytes::new()),
        (end + 10..end + 20, Bytes::new()),
    ] {
        let stream = one
            .read(&key, Some(range.clone()))
            .await
            .unwrap()
            .expect("exists");
        assert_same(&collect(stream).await.unwrap(), &[expected]);
    }
}

pub(crate) async fn absent_objects_are_none(Replicas { one, .. }: &Replicas) {
    let write = one.begin();
    assert!(one.read(write.key(), None).await.unwrap().is_none());
    for range in [0..1, 5..5, 5..10] {
        assert!(one.read(write.key(), Some(range)).await.unwrap().is_none());
    }
    assert_eq!(one.stat(write.key()).await.unwrap(), None);
}

pub(crate) async fn delete_can_be_repeated(Replicas { one, other, .. }: &Replicas) {
    let key = store(&**one, &noise(10, 1)).await;
    other.delete(&key).await.unwrap();
    other.delete(&key).await.unwrap();
    assert_eq!(one.stat(&key).await.unwrap(), None);
}

pub(crate) async fn chunks_that_are_read_are_bounded(Replicas { one, .. }: &Replicas) {
    let key = store(&**one, &noise(3 * MIB, 1)).await;
    let mut stream = one.read(&key, None).await.unwrap().expect("exists");
    while let Some(chunk) = stream.try_next().await.unwrap() {
        assert!(
            !chunk.is_empty() && chunk.len() <= 128 * 1024,
            "{}",
            chunk.len()
        );
    }
}

pub(crate) async fn a_list_pages_through_every_object(Replicas { one, other, .. }: &Replicas) {
    let mut stored = Vec::new();
    for size in 1..=7 {
        stored.push((store(&**one, &noise(size, 1)).await, size as u64));
    }
    let open = append(&**one, &one.begin(), &noise(8, 1)).await;
    stored.sort();
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = other.list(after.as_deref(), 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        listed.extend(page);
    }
    assert!(listed.is_sorted_by_key(|object| object.key.clone()));
    assert!(
        listed
            .iter()
            .all(|object| object.modified_at.0 > 1_500_000_000_000)
    );
    let (of_open, finished): (Vec<_>, Vec<_>) = listed
        .into_iter()
        .partition(|object| open.keys().any(|key| key == object.key));
    assert_eq!(of_open.len(), 1);
    let finished: Vec<_> = finished
        .into_iter()
        .map(|object| (object.key, object.size_bytes))
        .collect();
    assert_eq!(finished, stored);
}

pub(crate) async fn keys_that_are_no_keys_are_refused(Replicas { one, .. }: &Replicas) {
    for key in ["", "..", "../secret", "/etc/passwd", "ab/../../secret"] {
        assert!(one.read(key, None).await.is_err());
        assert!(one.stat(key).await.is_err());
        assert!(one.delete(key).await.is_err());
    }
}

pub(crate) async fn an_upload_whose_bytes_are_gone_has_to_start_again(
    Replicas { one, other, .. }: &Replicas,
) {
    let mut write = append(&**one, &one.begin(), &noise(1000, 1)).await;
    for key in write.keys() {
        other.delete(key).await.unwrap();
    }
    let outcome = one.append(&mut write, &mut body(&noise(1000, 2))).await;
    assert!(
        matches!(outcome, Err(Error::Hidden(Noun::Upload))),
        "{outcome:?}"
    );
}

pub(crate) async fn the_probe_passes_and_leaves_nothing(Replicas { one, .. }: &Replicas) {
    one.check().await.unwrap();
    one.check().await.unwrap();
    assert_eq!(one.list(None, 10).await.unwrap(), []);
    assert!(["filesystem", "memory", "s3"].contains(&one.kind()));
    if let Some(space) = one.free_space().await {
        assert!(0 < space.free_bytes && space.free_bytes <= space.total_bytes);
    }
    let key = store(&**one, &noise(1, 1)).await;
    let url = one
        .presigned_get(&key, Duration::from_mins(1), "text/plain")
        .await
        .unwrap();
    assert_eq!(url.is_some(), one.kind() == "s3");
}

fn keys(objects: &[Object]) -> Vec<String> {
    objects.iter().map(|object| object.key.clone()).collect()
}
