//! A stream of any length takes a bounded amount of memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use berth_storage::{ByteStream, StorageDriver};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use crate::bodies::MIB;

const CHUNK: usize = 64 * 1024;
const CHUNKS: usize = 300 * MIB / CHUNK;

/// A chunk that counts itself while it lives.
struct Counted {
    bytes: Vec<u8>,
    alive: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

/// 300 MiB in chunks made on demand; `most` sees how many lived at once.
fn long_body(most: &Arc<AtomicUsize>) -> ByteStream {
    let alive = Arc::new(AtomicUsize::new(0));
    let most = Arc::clone(most);
    Box::pin(stream::iter(0..CHUNKS).map(move |_| {
        let now = alive.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(now, Ordering::SeqCst);
        let chunk = Counted {
            bytes: vec![7; CHUNK],
            alive: Arc::clone(&alive),
        };
        Ok(Bytes::from_owner(chunk))
    }))
}

/// The most memory this process had, where the system tells.
fn peak_kib() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

async fn a_long_stream_takes_little_memory(driver: &dyn StorageDriver) {
    let before = peak_kib();
    let most = Arc::new(AtomicUsize::new(0));
    let mut write = driver.begin();
    driver
        .append(&mut write, &mut long_body(&most))
        .await
        .unwrap();
    let key = driver.finish(write).await.unwrap();
    let mut read = 0;
    let mut stream = driver.read(&key, None).await.unwrap().expect("exists");
    while let Some(chunk) = stream.try_next().await.unwrap() {
        read += chunk.len();
    }
    driver.delete(&key).await.unwrap();
    assert_eq!(read, CHUNK * CHUNKS);
    assert!(most.load(Ordering::SeqCst) <= 4, "{most:?} chunks at once");
    if let (Some(before), Some(after)) = (before, peak_kib()) {
        assert!(
            after - before < 100 * 1024,
            "peak grew from {before} to {after} KiB"
        );
    }
}

/// Set in a process that runs one test of these and nothing else.
const ALONE: &str = "BERTH_TEST_ALONE";

/// Runs a test again in a process where no other one allocates; true in that process.
fn is_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let program = std::env::current_exe().expect("a test is a program");
    let ran = std::process::Command::new(program)
        .args(["--exact", &format!("memory_use::{test}")])
        .env(ALONE, "1")
        .output()
        .expect("it runs again");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_stream_to_disk_takes_little_memory() {
    if is_alone("a_long_stream_to_disk_takes_little_memory") {
        let replicas = crate::filesystem().expect("always there");
        a_long_stream_takes_little_memory(&*replicas.one).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_stream_to_s3_takes_little_memory() {
    if is_alone("a_long_stream_to_s3_takes_little_memory")
        && let Some(replicas) = crate::s3()
    {
        a_long_stream_takes_little_memory(&*replicas.one).await;
    }
}
