//! What only a bucket does.

use std::time::Duration;

use berth_domain::{Error, Noun, Secret, Timestamp};
use berth_storage::{S3, S3Config, StorageDriver};

use crate::bodies::{MIB, PART, append, assert_same, body, load, noise, store};
use crate::s3_config;

async fn refusal(config: &S3Config) -> String {
    match S3::new(config).unwrap().check().await {
        Err(Error::Unavailable {
            what: "storage",
            source,
        }) => source.to_string(),
        outcome => panic!("{outcome:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presigned_url_serves_the_object_and_its_ranges() {
    let Some(config) = s3_config() else { return };
    // Tests run side by side, and whoever comes second finds the provider installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let driver = S3::new(&config).unwrap();
    let client = reqwest::Client::new();
    for size in [1000, PART + 1000] {
        let bytes = noise(size, 1);
        let key = store(&driver, &bytes).await;
        let ttl = Duration::from_mins(1);
        let url = driver
            .presigned_get(&key, ttl, "application/x-berth")
            .await
            .unwrap()
            .unwrap();
        let answer = client.get(url.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/x-berth");
        assert_same(&answer.bytes().await.unwrap(), std::slice::from_ref(&bytes));
        let answer = client
            .get(url)
            .header("range", "bytes=10-19")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 206);
        assert_same(&answer.bytes().await.unwrap(), &[bytes.slice(10..20)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_shorter_than_a_part_is_its_tail() {
    let Some(config) = s3_config() else { return };
    let driver = S3::new(&config).unwrap();
    let write = append(&driver, &driver.begin(), &noise(MIB, 1)).await;
    let before = driver.list(None, 10).await.unwrap();
    let key = driver.finish(write).await.unwrap();
    assert_eq!(driver.list(None, 10).await.unwrap(), before);
    assert_eq!(before[0].key, key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_lost_its_lease_cannot_spoil_its_successor() {
    let Some(config) = s3_config() else { return };
    let driver = S3::new(&config).unwrap();
    let start = append(&driver, &driver.begin(), &noise(PART, 1)).await;
    let (ours, theirs) = (noise(PART + 9, 2), noise(PART + 9, 3));
    let write = append(&driver, &start, &ours).await;
    append(&driver, &start, &theirs).await;
    let outcome = driver.finish(write).await;
    assert!(
        matches!(outcome, Err(Error::Hidden(Noun::Upload))),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_put_together_takes_no_more_and_says_so() {
    let Some(config) = s3_config() else { return };
    let driver = S3::new(&config).unwrap();
    let persisted = append(&driver, &driver.begin(), &noise(PART, 1)).await;
    // A request that sent the rest, and whose answer was lost.
    let write = append(&driver, &persisted, &noise(PART, 2)).await;
    driver.finish(write).await.unwrap();
    let mut again = persisted.clone();
    let outcome = driver.append(&mut again, &mut body(&noise(PART, 2))).await;
    assert!(
        matches!(outcome, Err(Error::Hidden(Noun::Upload))),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smaller_part_size_does_not_tear_an_open_upload() {
    let Some(mut config) = s3_config() else {
        return;
    };
    config.max_object_bytes = 100_000 * MIB as u64;
    let large = S3::new(&config).unwrap();
    config.max_object_bytes = 0;
    let small = S3::new(&config).unwrap();
    for first in [9 * MIB, 11 * MIB] {
        let pieces = [noise(first, 1), noise(13 * MIB, 2)];
        let write = append(&large, &large.begin(), &pieces[0]).await;
        let write = append(&small, &write, &pieces[1]).await;
        let key = small.finish(write).await.unwrap();
        assert_same(&load(&large, &key).await, &pieces);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn abandoned_uploads_are_aborted_by_age() {
    let Some(config) = s3_config() else { return };
    let driver = S3::new(&config).unwrap();
    let write = append(&driver, &driver.begin(), &noise(PART, 1)).await;
    assert_eq!(driver.abort_abandoned(Timestamp(0)).await.unwrap(), 0);
    assert_eq!(
        driver.abort_abandoned(Timestamp(i64::MAX)).await.unwrap(),
        1
    );
    assert_eq!(
        driver.abort_abandoned(Timestamp(i64::MAX)).await.unwrap(),
        0
    );
    let outcome = driver.finish(write).await;
    assert!(
        matches!(outcome, Err(Error::Hidden(Noun::Upload))),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_probe_says_what_to_mend() {
    let Some(config) = s3_config() else { return };
    let secret_key = Secret::from("this-is-not-it");
    let text = refusal(&S3Config {
        secret_key,
        ..config.clone()
    })
    .await;
    assert!(text.contains("secret key does not belong"), "{text}");
    assert!(
        !text.contains("this-is-not-it") && !text.contains(config.access_key.expose().as_str())
    );
    let text = refusal(&S3Config {
        access_key: Secret::from("nobody"),
        ..config.clone()
    })
    .await;
    assert!(text.contains("does not know the access key"), "{text}");
    let text = refusal(&S3Config {
        bucket: "no-such-bucket".to_owned(),
        ..config
    })
    .await;
    assert!(text.contains("create the bucket"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_does_not_answer_is_unavailable() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", unused.local_addr().unwrap());
    drop(unused);
    let mut config = S3Config::new("blobs", "access", "secret");
    config.endpoint_url = Some(endpoint.parse().unwrap());
    assert!(refusal(&config).await.contains("does the service run?"));
    let driver = S3::new(&config).unwrap();
    let absent = driver.begin();
    assert!(matches!(
        driver.stat(absent.key()).await,
        Err(Error::Unavailable { .. })
    ));
    let mut write = driver.begin();
    let outcome = driver.append(&mut write, &mut body(&noise(10, 1))).await;
    assert!(
        matches!(outcome, Err(Error::Unavailable { .. })),
        "{outcome:?}"
    );
    assert_eq!(write.offset_bytes(), 0);
}
