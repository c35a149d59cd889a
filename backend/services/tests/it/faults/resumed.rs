//! An upload goes on: the request that a fault met is sent again by itself, where the upload stands. What the
//! storage failed is free at once; what the database failed, once the lease has run out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use berth_domain::{Clock as _, Digest, Error, RepositoryPath, SystemClock};
use berth_services::{Actor, Services};
use berth_testkit::faults::{Failing, Fault, Faults};
use berth_testkit::places::Place;
use berth_testkit::{TestRegistry, body, db_test};
use bytes::Bytes;
use futures::TryStreamExt;
use uuid::Uuid;

use super::work::path;
use super::{CALLS_MAX, FAULTS, PATIENCE, nothing_is_left_in, nothing_is_taken, settings, tried};

/// More than a lease.
const LEASE_PASSED: Duration = Duration::from_secs(16);
/// What a bucket takes as a part.
const PART: usize = 8 * 1024 * 1024;
/// Nobody asks what the database does while the storage alone fails.
pub(super) const OF_STORAGE: [Fault; 4] = [Fault::Before, Fault::After, Fault::Late, Fault::Silent];

/// A blob that is pushed in two parts.
struct Blob {
    first: Bytes,
    second: Bytes,
}

impl Blob {
    /// One of this size that differs from those of other seeds.
    fn new(seed: u64, first_bytes: usize, second_bytes: usize) -> Self {
        let text = format!("blob {seed}; ");
        let noise: Vec<u8> = text
            .bytes()
            .cycle()
            .take(first_bytes + second_bytes)
            .collect();
        let mut first = Bytes::from(noise);
        let second = first.split_off(first_bytes);
        Self { first, second }
    }

    fn digest(&self) -> Digest {
        Digest::of(&[&self.first[..], &self.second[..]].concat())
    }

    fn offset(&self) -> u64 {
        self.first.len() as u64
    }
}

/// A client whose server fails once.
struct Client<'a> {
    t: &'a TestRegistry,
    faults: &'a Arc<Faults>,
    server: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    /// Where bytes are put together from parts, an upload takes no more once they are, whether a row says so or not.
    may_begin_anew: bool,
}

impl Client<'_> {
    async fn push(&self, blob: &Blob) {
        let uuid = self.start().await;
        self.append(uuid, blob).await;
        if !self.finish(uuid, blob).await {
            assert!(self.may_begin_anew, "the upload goes on");
            let uuid = self.start().await;
            self.append(uuid, blob).await;
            assert!(self.finish(uuid, blob).await);
        }
    }

    /// What a request came to; nothing where it failed, once the server is well again and may be asked again.
    async fn once<R>(&self, request: impl Future<Output = Result<R, Error>>) -> Option<R> {
        match tried(self.faults, request).await {
            Some(Ok(done)) => return Some(done),
            None | Some(Err(Error::Unavailable { .. })) => {}
            Some(Err(other)) => panic!("{other:?}"),
        }
        self.faults.end();
        let failed = self.faults.failed();
        let is_of_storage = |(failing, _): &(Failing, _)| *failing == Failing::Storage;
        if !failed.iter().all(is_of_storage) {
            self.t.clock.advance(LEASE_PASSED);
        }
        None
    }

    async fn start(&self) -> Uuid {
        let path = self.path();
        let start = || self.server.uploads.start(self.ann, &path);
        if let Some(started) = self.once(start()).await {
            return started.uuid;
        }
        start().await.expect("the server is well").uuid
    }

    async fn append(&self, uuid: Uuid, blob: &Blob) {
        let (path, uploads) = (self.path(), &self.server.uploads);
        let append = || {
            let part = body([blob.first.clone()]);
            uploads.append(self.ann, &path, uuid, Some(0), part)
        };
        if self.once(append()).await.is_some() {
            return;
        }
        let again = free(|| async {
            let stands = uploads.status(self.ann, &path, uuid).await?;
            // Only the answer was lost.
            if stands.offset_bytes == blob.offset() {
                return Ok(());
            }
            append().await.map(|_| ())
        });
        again.await.expect("the part is taken");
    }

    /// Finishes an upload; false where it is not known any more, and neither is the blob.
    async fn finish(&self, uuid: Uuid, blob: &Blob) -> bool {
        let (path, uploads, digest) = (self.path(), &self.server.uploads, blob.digest());
        let finish = || {
            let (from, part) = (Some(blob.offset()), body([blob.second.clone()]));
            uploads.finish(self.ann, &path, uuid, &digest, from, part)
        };
        if self.once(finish()).await.is_some() {
            return true;
        }
        match free(finish).await {
            Ok(_) => true,
            // Perhaps it is over, and only the answer was lost.
            Err(Error::NotFound { .. } | Error::Hidden(_)) => {
                let blobs = &self.server.blobs;
                blobs.stat(self.ann, &path, &digest).await.is_ok()
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn path(&self) -> RepositoryPath {
        path(self.name)
    }
}

/// Asks again while a request that was given up by its client has the upload, which it gives back by itself.
async fn free<R, Fut>(request: impl Fn() -> Fut) -> Result<R, Error>
where
    Fut: Future<Output = Result<R, Error>>,
{
    let since = Instant::now();
    loop {
        match request().await {
            Err(Error::UploadBusy) if since.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            other => return other,
        }
    }
}

/// Fails each call of a push in two parts; of the storage alone where these faults are not all.
async fn goes_on(t: &TestRegistry, place: &Place, faults: &[Fault], sizes: (usize, usize)) {
    at_machine_time(t);
    let ann = t.user("ann").await;
    let sound = t.over(&place.storage, None);
    let workers = sound.workers();
    workers.prepare().await.unwrap();
    assert!(workers.run_kind_if_due("orphan_sweep").await.unwrap());
    let mut made = Vec::new();
    for fault in faults.iter().copied() {
        for call in 0.. {
            assert!(call < CALLS_MAX, "the work ends");
            let name = format!("{fault:?}{call}").to_lowercase();
            let blob = Blob::new(made.len() as u64, sizes.0, sizes.1);
            made.push(name.clone());
            let faults = if faults.len() == FAULTS.len() {
                t.faults(call, fault)
            } else {
                Faults::of_storage(call, fault, &t.clock)
            };
            let server = t.over_with(&place.storage, settings(), Some(&faults));
            let client = Client {
                t,
                faults: &faults,
                server: &server,
                ann: &ann,
                name: &name,
                may_begin_anew: sizes.1 > PART,
            };
            client.push(&blob).await;
            let opened = sound.blobs.open(&ann, &path(&name), &blob.digest()).await;
            let opened = opened.unwrap_or_else(|e| panic!("{fault:?} at {call}: {e:?}"));
            let read: Vec<Bytes> = opened
                .read(None)
                .await
                .unwrap()
                .try_collect()
                .await
                .unwrap();
            let is_whole = read.concat() == [&blob.first[..], &blob.second[..]].concat();
            assert!(is_whole, "{fault:?} at {call}");
            nothing_is_taken(t, place).await;
            if !faults.has_failed() {
                assert!(call > 0, "a push has calls that fail {fault:?}");
                break;
            }
        }
    }
    nothing_is_left_in(t, place, &ann, &made).await;
}

/// Folders and buckets date objects by the machine's clock: the registry goes by it, a little behind.
pub(crate) fn at_machine_time(t: &TestRegistry) {
    let (real, ours) = (SystemClock.now(), t.clock.now());
    let real = real.before(Duration::from_secs(10));
    t.clock.advance(real.since(ours));
    t.clock.turn_back(ours.since(real));
}

db_test!(
    async fn an_upload_goes_on_after_a_fault_at_every_call(t: TestRegistry) {
        goes_on(t, &Place::of(&t.storage), &FAULTS, (20, 30)).await;
    }
);

db_test!(on sqlite;
    async fn an_upload_into_a_folder_goes_on_after_a_fault_at_every_call(t: TestRegistry) {
        goes_on(t, &Place::folder(), &FAULTS, (20, 30)).await;
    }
);

db_test!(on postgres;
    /// Each part is more than a bucket's own part, so that it is put together there.
    async fn an_upload_into_a_bucket_goes_on_after_a_fault_of_the_bucket(t: TestRegistry) {
        let Some(place) = Place::bucket() else { return };
        goes_on(t, &place, &OF_STORAGE, (PART + 5, PART + 7)).await;
    }
);
