//! Bodies to upload, and reading them back.

use berth_domain::{Error, Result};
use berth_storage::{ByteStream, StorageDriver, Write};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

pub(crate) const MIB: usize = 1024 * 1024;
/// Size of a part on S3 with the default configuration.
pub(crate) const PART: usize = 8 * MIB;

/// Bytes that look random and depend on the seed.
pub(crate) fn noise(len: usize, seed: u64) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes.into()
}

/// The bytes as a network would bring them: in chunks of an odd size.
pub(crate) fn body(bytes: &Bytes) -> ByteStream {
    let mut rest = bytes.clone();
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        chunks.push(Ok(rest.split_to(rest.len().min(60_001))));
    }
    Box::pin(stream::iter(chunks))
}

/// The bytes, then a broken connection.
pub(crate) fn broken_body(bytes: &Bytes) -> ByteStream {
    let broken = Error::BodyInterrupted {
        source: "connection reset".into(),
    };
    Box::pin(body(bytes).chain(stream::iter([Err(broken)])))
}

/// Appends and gives the write as the database would return it.
pub(crate) async fn append(driver: &dyn StorageDriver, write: &Write, bytes: &Bytes) -> Write {
    let mut next = write.clone();
    driver.append(&mut next, &mut body(bytes)).await.unwrap();
    assert_eq!(
        next.offset_bytes(),
        write.offset_bytes() + bytes.len() as u64
    );
    Write::from_json(&next.to_json().unwrap()).unwrap()
}

/// Stores the bytes in one go.
pub(crate) async fn store(driver: &dyn StorageDriver, bytes: &Bytes) -> String {
    let write = append(driver, &driver.begin(), bytes).await;
    driver.finish(write).await.unwrap()
}

/// All of an object.
pub(crate) async fn load(driver: &dyn StorageDriver, key: &str) -> Bytes {
    collect(
        driver
            .read(key, None)
            .await
            .unwrap()
            .expect("the object exists"),
    )
    .await
    .unwrap()
}

/// All of a stream.
pub(crate) async fn collect(stream: ByteStream) -> Result<Bytes> {
    let chunks: Vec<Bytes> = stream.try_collect().await?;
    Ok(chunks.concat().into())
}

/// Compares without printing megabytes.
pub(crate) fn assert_same(actual: &Bytes, expected: &[Bytes]) {
    let expected = expected.concat();
    assert_eq!(actual.len(), expected.len());
    assert!(**actual == *expected, "same length, other bytes");
}
