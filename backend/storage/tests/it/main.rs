//! The contract of `StorageDriver`, run against every driver.
//!
//! S3 takes part when `BERTH_TEST_S3_ENDPOINT`, `BERTH_TEST_S3_BUCKET`, `BERTH_TEST_S3_ACCESS_KEY`
//! and `BERTH_TEST_S3_SECRET_KEY` are set; otherwise its tests pass without a word of it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::unnecessary_wraps, reason = "every driver has the same maker")]

mod bodies;
mod contract;
mod memory_use;
mod s3_only;

use std::sync::Arc;

use berth_storage::{Filesystem, FilesystemConfig, Memory, S3, S3Config, StorageDriver};
use tempfile::TempDir;
use uuid::Uuid;

/// Two instances of one driver over the same, empty store, as two replicas have them.
struct Replicas {
    one: Arc<dyn StorageDriver>,
    other: Arc<dyn StorageDriver>,
    _folder: Option<TempDir>,
}

fn filesystem() -> Option<Replicas> {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let root = folder.path().join("blobs");
        Arc::new(Filesystem::open(FilesystemConfig { root }).unwrap())
    };
    Some(Replicas {
        one: open(),
        other: open(),
        _folder: Some(folder),
    })
}

fn memory() -> Option<Replicas> {
    let one = Arc::new(Memory::new());
    Some(Replicas {
        other: one.clone(),
        one,
        _folder: None,
    })
}

fn s3() -> Option<Replicas> {
    let config = s3_config()?;
    let open = || Arc::new(S3::new(&config).unwrap());
    Some(Replicas {
        one: open(),
        other: open(),
        _folder: None,
    })
}

/// The bucket of the environment, with a folder of its own for each test.
fn s3_config() -> Option<S3Config> {
    let setting = |name: &str| std::env::var(format!("BERTH_TEST_S3_{name}")).ok();
    let mut config = S3Config::new(
        setting("BUCKET")?,
        setting("ACCESS_KEY")?,
        setting("SECRET_KEY")?,
    );
    config.endpoint_url = Some(setting("ENDPOINT")?.parse().unwrap());
    config.storage_path = format!("/test-{}", Uuid::new_v4().simple());
    Some(config)
}

macro_rules! contract {
    ($driver:ident: $($claim:ident)*) => {
        mod $driver {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $claim() {
                    if let Some(replicas) = crate::$driver() {
                        crate::contract::$claim(&replicas).await;
                    }
                }
            )*
        }
    };
    ($($claim:ident)*) => {
        mod on {
            contract!(filesystem: $($claim)*);
            contract!(memory: $($claim)*);
            contract!(s3: $($claim)*);
        }
    };
}

contract! {
    an_empty_blob_is_an_ordinary_blob
    blobs_of_every_size_come_back_as_they_were
    an_upload_continues_on_another_replica_at_any_offset
    a_finish_that_nobody_wrote_down_leaves_the_upload_usable
    bytes_after_a_stale_write_are_overwritten
    an_interrupted_body_keeps_what_arrived
    a_cancelled_append_can_be_resumed
    abort_leaves_nothing_and_can_be_repeated
    a_finish_whose_answer_was_lost_can_be_repeated
    a_range_is_read_alone_and_cut_at_the_end
    absent_objects_are_none
    delete_can_be_repeated
    chunks_that_are_read_are_bounded
    a_list_pages_through_every_object
    keys_that_are_no_keys_are_refused
    an_upload_whose_bytes_are_gone_has_to_start_again
    the_probe_passes_and_leaves_nothing
}
