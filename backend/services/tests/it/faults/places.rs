//! The same over storage as servers have it: no file, no part of an upload and no object is left over.

use berth_testkit::faults::Faults;
use berth_testkit::places::Place;
use berth_testkit::{TestRegistry, db_test};

use super::resumed::OF_STORAGE;
use super::upkeep::collected_at_every_call;
use super::work::{nothing, pull, push, push_in_chunks};
use super::{AnyWork, at_every_call_in, at_machine_time};

async fn pushed_into(t: &TestRegistry, place: Option<Place>, push: &AnyWork<'_>) {
    let Some(place) = place else { return };
    at_machine_time(t);
    at_every_call_in(t, &place, &nothing, push, &pull).await;
}

/// What the database fails of the collector has nothing to do with where bytes are.
async fn collected_from(t: &TestRegistry, place: Option<Place>) {
    let Some(place) = place else { return };
    at_machine_time(t);
    let faults = |call, fault| Faults::of_storage(call, fault, &t.clock);
    collected_at_every_call(t, &place, &OF_STORAGE, faults).await;
}

db_test!(on sqlite;
    async fn a_push_into_a_folder_survives_a_fault_at_every_call(t: TestRegistry) {
        pushed_into(t, Some(Place::folder()), &push).await;
    }
);

db_test!(on sqlite;
    async fn a_push_in_chunks_into_a_folder_survives_a_fault_at_every_call(t: TestRegistry) {
        pushed_into(t, Some(Place::folder()), &push_in_chunks).await;
    }
);

db_test!(on sqlite;
    async fn a_collection_in_a_folder_survives_a_fault_of_the_folder(t: TestRegistry) {
        collected_from(t, Some(Place::folder())).await;
    }
);

db_test!(on postgres;
    async fn a_push_into_a_bucket_survives_a_fault_at_every_call(t: TestRegistry) {
        pushed_into(t, Place::bucket(), &push).await;
    }
);

db_test!(on postgres;
    async fn a_push_in_chunks_into_a_bucket_survives_a_fault_at_every_call(t: TestRegistry) {
        pushed_into(t, Place::bucket(), &push_in_chunks).await;
    }
);

db_test!(on postgres;
    async fn a_collection_in_a_bucket_survives_a_fault_of_the_bucket(t: TestRegistry) {
        collected_from(t, Place::bucket()).await;
    }
);
