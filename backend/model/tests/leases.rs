//! Leases of periodic work and of uploads: holders that die, and holders that were taken for dead.

use berth_model::jobs::{self, Workers};
use berth_model::uploads::{self, Kind, Requests};
use stateright::{Checker, Model};

fn broken<M>(model: M) -> Vec<&'static str>
where
    M: Model + Send + Sync + 'static,
    M::State: std::fmt::Debug + std::hash::Hash + Send + Sync + Clone + PartialEq,
    M::Action: std::fmt::Debug + Clone + PartialEq,
{
    let checker = model.checker().spawn_bfs().join();
    eprintln!(
        "{} states, {} steps deep",
        checker.unique_state_count(),
        checker.max_depth()
    );
    for (name, path) in checker.discoveries() {
        eprintln!("{name}, but: {:?}", path.into_actions());
    }
    checker.discoveries().into_keys().collect()
}

const WORKERS: Workers = Workers {
    processes: 3,
    until: 6,
    crashes: 1,
    without: None,
};

#[test]
fn periodic_work_runs_once_at_a_time_and_survives_whoever_dies() {
    assert_eq!(broken(WORKERS), [""; 0]);
}

#[test]
fn each_guard_of_a_claim_that_is_taken_away_costs_something() {
    for (guard, what) in [
        (jobs::Guard::Deadline, jobs::ALONE),
        (jobs::Guard::Holder, jobs::OWN),
        (jobs::Guard::Claim, jobs::ALONE),
    ] {
        let workers = Workers {
            without: Some(guard),
            ..WORKERS
        };
        let broken = broken(workers);
        assert!(broken.contains(&what), "{guard:?} guards {broken:?}");
    }
}

fn requests(kinds: &[Kind], without: Option<uploads::Guard>) -> Requests {
    Requests {
        kinds: kinds.to_vec(),
        until: 3,
        without,
    }
}

#[test]
fn an_upload_keeps_what_was_acknowledged_whoever_writes_late() {
    use Kind::{Append, Cancel, Finish};
    for kinds in [
        [Append, Append, Append, Finish],
        [Append, Append, Finish, Finish],
        [Append, Finish, Finish, Cancel],
    ] {
        assert_eq!(broken(requests(&kinds, None)), [""; 0], "{kinds:?}");
    }
}

#[test]
fn each_guard_of_an_upload_that_is_taken_away_costs_bytes() {
    use Kind::{Append, Finish};
    for guard in [
        uploads::Guard::Fence,
        uploads::Guard::Holder,
        uploads::Guard::Lease,
    ] {
        let broken = broken(requests(&[Append, Append, Finish], Some(guard)));
        assert!(broken.contains(&uploads::WHOLE), "{guard:?}: {broken:?}");
    }
}
