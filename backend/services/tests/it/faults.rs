//! Every call of database and storage fails once: before its deed, after it, after it and too late, as a single
//! statement, as a call that is never answered, and as the first of an outage. Nothing panics, nothing half done
//! shows, no connection, lock, lease or file stays taken, the same work done again succeeds, and sweeps leave
//! nothing behind.

mod looks;
mod places;
mod resumed;
mod sites;
mod upkeep;
mod work;

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use berth_domain::Error;
use berth_services::many::Selection;
use berth_services::{Actor, Services, Settings};
use berth_store::{Call, collection, probe_statements};
use berth_testkit::faults::{Failing, Fault, Faults};
use berth_testkit::places::Place;
use berth_testkit::{TestImage, TestRegistry, db_test};

pub(crate) use self::resumed::at_machine_time;
pub(crate) use self::sites::Reached;
use self::work::{cause, path};
pub(crate) use self::work::{
    create_repository, delete, delete_repository, is_gone, mount_from_another, nothing, pull, push,
    push_in_chunks, retag, sign_in,
};

/// Each way in which a call fails.
pub(crate) const FAULTS: [Fault; 6] = [
    Fault::Before,
    Fault::After,
    Fault::Late,
    Fault::Statement,
    Fault::Silent,
    Fault::Outage,
];
/// More calls than any work makes; reaching it means that one never comes to its end.
const CALLS_MAX: u64 = 400;
/// Whatever takes longer waits for something that will never be free again.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) type Outcome<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Work in the repository `ann/{name}`.
pub(crate) type Work = for<'a> fn(&'a Services, &'a Actor, &'a str, &'a TestImage) -> Outcome<'a>;
/// The same, where it may know more than its arguments tell.
type AnyWork<'w> =
    dyn for<'a> Fn(&'a Services, &'a Actor, &'a str, &'a TestImage) -> Outcome<'a> + 'w;

/// Gives a closure the type of work.
fn knowing<F>(work: F) -> F
where
    F: for<'a> Fn(&'a Services, &'a Actor, &'a str, &'a TestImage) -> Outcome<'a>,
{
    work
}

/// Everything that a call could be made for is switched on.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.registry.storage_redirect = true;
    settings.users.log_logins = true;
    settings.users.log_login_failures = true;
    settings
}

/// Fails each call of `work` in turn, over storage in memory, and sees that those have failed that `name` stands
/// for in [`sites`]. `before` runs first and without faults, `after` in the end.
async fn at_every_call(
    t: &TestRegistry,
    name: &str,
    before: &AnyWork<'_>,
    work: &AnyWork<'_>,
    after: &AnyWork<'_>,
) {
    let place = Place::of(&t.storage);
    let reached = at_every_call_in(t, &place, before, work, after).await;
    reached.has_all_of(name);
}

/// The same over any storage.
async fn at_every_call_in(
    t: &TestRegistry,
    place: &Place,
    before: &AnyWork<'_>,
    work: &AnyWork<'_>,
    after: &AnyWork<'_>,
) -> Reached {
    let ann = t.user("ann").await;
    let sound = t.over_with(&place.storage, settings(), None);
    let workers = sound.workers();
    workers.prepare().await.unwrap();
    // As at the first start of a server: what comes later is this registry's own.
    assert!(workers.run_kind_if_due("orphan_sweep").await.unwrap());
    let (mut made, mut reached) = (Vec::new(), Reached::default());
    for fault in FAULTS {
        for call in 0.. {
            assert!(call < CALLS_MAX, "the work ends");
            let name = format!("{fault:?}{call}").to_lowercase();
            let image = TestImage::new(made.len() as u64);
            before(&sound, &ann, &name, &image).await.unwrap();
            made.push(name.clone());
            let faults = t.faults(call, fault);
            let faulty = t.over_with(&place.storage, settings(), Some(&faults));
            let outcome = tried(&faults, work(&faulty, &ann, &name, &image)).await;
            if !faults.has_failed() {
                outcome.expect("nothing is silent").unwrap();
                after(&sound, &ann, &name, &image).await.unwrap();
                assert!(call > 0, "the work has calls that fail {fault:?}");
                break;
            }
            match outcome {
                None | Some(Ok(()) | Err(Error::Unavailable { .. })) => {}
                Some(Err(other)) => panic!("call {call} failed {fault:?}: {other:?}"),
            }
            reached.note(fault, &faults);
            if fault == Fault::Outage || has_rows(&faults) {
                faults.end();
            }
            nothing_is_taken(t, place).await;
            // What says nothing may do so for long: then another replica is asked.
            let server = if fault == Fault::Silent {
                &sound
            } else {
                &faulty
            };
            let again = tokio::time::timeout(PATIENCE, work(server, &ann, &name, &image)).await;
            let again = again.expect("nothing stays taken");
            again.unwrap_or_else(|e| panic!("again after call {call} failed {fault:?}: {e:?}"));
            faults.end();
            after(&sound, &ann, &name, &image).await.unwrap();
            nothing_is_taken(t, place).await;
        }
    }
    nothing_is_left_in(t, place, &ann, &made).await;
    reached
}

/// What work came to; nothing where a call got no answer, after which whoever asked gave up.
pub(crate) async fn tried<R>(faults: &Arc<Faults>, work: impl Future<Output = R>) -> Option<R> {
    tokio::select! {
        biased;
        done = probe_statements(faults.probe(), work) => Some(done),
        () = faults.silence() => None,
    }
}

/// Whether a call without an answer has rows locked. The store itself gives those up when its patience ends.
fn has_rows(faults: &Faults) -> bool {
    faults
        .failed()
        .iter()
        .any(|(failing, _)| matches!(failing, Failing::Database(Call::Statement | Call::Commit)))
}

/// Nobody has a connection or a file open; what ends by itself is given time.
pub(crate) async fn nothing_is_taken(t: &TestRegistry, place: &Place) {
    let since = Instant::now();
    loop {
        let (connections, files) = (t.db().in_use(), place.open_files());
        if connections == 0 && files == 0 {
            return;
        }
        assert!(
            since.elapsed() < PATIENCE,
            "{connections} connections and {files} files stay taken"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Deletes every repository; then the sweeps leave no object.
pub(crate) async fn nothing_is_left(t: &TestRegistry, ann: &Actor, made: &[String]) {
    nothing_is_left_in(t, &Place::of(&t.storage), ann, made).await;
}

/// Sweeps, after which a row names each object; then deletes every repository and sweeps all away.
pub(crate) async fn nothing_is_left_in(
    t: &TestRegistry,
    place: &Place,
    ann: &Actor,
    made: &[String],
) {
    let services = t.over(&place.storage, None);
    sweep(t, &services).await;
    let keys = place.keys().await;
    let known = {
        let mut conn = t.db().read().await.unwrap();
        collection::known_keys(&mut conn, &keys).await.unwrap()
    };
    let unnamed: Vec<_> = keys.iter().filter(|key| !known.contains(*key)).collect();
    assert!(unnamed.is_empty(), "no row names {unnamed:?}");
    let mounted = made.iter().map(|name| format!("{name}-to"));
    for name in made.iter().cloned().chain(mounted) {
        let repositories = &services.repositories;
        if let Ok(view) = repositories.by_path(ann, &path(&name)).await {
            let ids = [view.repository.id];
            let deleted = repositories.delete(ann, Selection::Items(&ids)).await;
            deleted.map_err(cause).unwrap();
        }
    }
    sweep(t, &services).await;
    let (keys, strays) = (place.keys().await, place.strays().await);
    assert!(keys.is_empty(), "objects are left: {keys:?}");
    assert!(strays.is_empty(), "beside objects there are {strays:?}");
    nothing_is_taken(t, place).await;
}

async fn sweep(t: &TestRegistry, services: &Services) {
    let workers = services.workers();
    workers.prepare().await.unwrap();
    for _ in 0..2 {
        t.clock.advance(Duration::from_hours(100));
        for kind in [
            "upload_sweep",
            "repository_removal",
            "collection",
            "orphan_sweep",
            "object_sweep",
            "part_sweep",
        ] {
            assert!(workers.run_kind_if_due(kind).await.unwrap(), "{kind} ran");
        }
    }
}

db_test!(
    async fn a_push_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "push", &nothing, &push, &pull).await;
    }
);

db_test!(
    async fn a_push_in_chunks_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "push in chunks", &nothing, &push_in_chunks, &pull).await;
    }
);

db_test!(
    async fn a_mount_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "mount", &push, &mount_from_another, &pull).await;
    }
);

db_test!(
    async fn a_retag_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "retag", &push, &retag, &pull).await;
    }
);

db_test!(
    async fn a_pull_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "pull", &push, &pull, &pull).await;
    }
);

db_test!(
    async fn a_deletion_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "deletion", &push, &delete, &is_gone).await;
    }
);

db_test!(
    async fn deleting_a_repository_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(
            t,
            "repository deletion",
            &push,
            &delete_repository,
            &is_gone,
        )
        .await;
    }
);

db_test!(
    async fn creating_a_repository_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "repository", &nothing, &create_repository, &nothing).await;
    }
);

db_test!(
    async fn a_sign_in_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "sign-in", &nothing, &sign_in, &nothing).await;
    }
);
