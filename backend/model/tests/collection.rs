//! What two replicas do to each other at whatever step they meet, and what each guard is for.
//!
//! `BERTH_MODEL=deep` adds the scenarios that take minutes and gigabytes; a release build suits them.

use berth_model::collection::{
    Before, CLEAN, GRACEFUL, Guard, LEASED, Program, Scenario, Settings, WHOLE,
};
use stateright::{Checker, Model};

/// Two replicas, each with a collector; what the clients do is played by the second.
fn meet(before: Before, clients: &[Program]) -> Scenario {
    let mut programs = vec![(0, ONE_TURN), (1, ONE_TURN)];
    programs.extend(clients.iter().map(|client| (1, *client)));
    Scenario {
        settings: Settings::SHIELDS_NOTHING,
        until: 0,
        crashes: 1,
        before,
        programs,
    }
}

/// One collector with several turns, and time that passes between them.
fn wait(before: Before, clients: &[Program]) -> Scenario {
    let mut programs = vec![(0, Program::Collect { turns: 3 })];
    programs.extend(clients.iter().map(|client| (1, *client)));
    Scenario {
        settings: Settings::SHIELDS,
        until: 3,
        crashes: 1,
        before,
        programs,
    }
}

const ONE_TURN: Program = Program::Collect { turns: 1 };

/// Explores everything and names the properties that do not hold.
fn broken(scenario: &Scenario) -> Vec<&'static str> {
    let checker = scenario.clone().checker().threads(2).spawn_bfs().join();
    eprintln!(
        "{} states, {} steps deep: {:?} and {:?} with {:?}",
        checker.unique_state_count(),
        checker.max_depth(),
        scenario.before,
        scenario.programs,
        scenario.settings,
    );
    let mut broken: Vec<&'static str> = Vec::new();
    for (name, path) in checker.discoveries() {
        eprintln!("{name}, but:");
        for action in path.into_actions() {
            eprintln!("  {action:?}");
        }
        broken.push(name);
    }
    broken.sort_unstable();
    broken
}

fn holds(scenarios: &[Scenario]) {
    for scenario in scenarios {
        assert_eq!(broken(scenario), [""; 0], "{scenario:?}");
    }
}

fn is_deep() -> bool {
    std::env::var("BERTH_MODEL").is_ok_and(|how| how == "deep")
}

#[test]
fn without_any_shield_two_collectors_take_nothing_that_is_needed_and_leave_nothing() {
    use Program::{Delete, Mount, Pull, Push, PushSeen, Restore};
    holds(&[
        meet(Before::Tagged, &[Delete(0)]),
        meet(Before::Tagged, &[Delete(0), Restore(0)]),
        meet(Before::Tagged, &[Delete(0), Push(0)]),
        meet(Before::Ended, &[Push(0)]),
        meet(Before::Ended, &[PushSeen(0)]),
        meet(Before::Ended, &[Mount(1)]),
        meet(Before::Ended, &[Restore(0)]),
        meet(Before::Ended, &[Pull(0)]),
        meet(Before::EndedHereTaggedThere, &[Mount(0)]),
        meet(Before::EndedHereTaggedThere, &[Delete(1)]),
        meet(Before::Uploaded, &[PushSeen(0)]),
        meet(Before::Nothing, &[Push(0)]),
    ]);
    if is_deep() {
        holds(&[
            meet(Before::Nothing, &[Push(0), Push(0)]),
            meet(Before::Ended, &[Push(0), Push(0)]),
            meet(Before::Ended, &[Push(0), Push(1)]),
            meet(Before::Ended, &[Push(0), Mount(1)]),
            meet(Before::Ended, &[Restore(0), Push(0), Delete(0)]),
            meet(Before::Uploaded, &[Push(0), PushSeen(0)]),
            meet(Before::EndedHereTaggedThere, &[Mount(0), Delete(1)]),
            Scenario {
                crashes: 2,
                ..meet(Before::Tagged, &[Delete(0), Push(0)])
            },
        ]);
    }
}

#[test]
fn one_collector_meets_two_clients_at_every_step() {
    use Program::{Mount, Push};
    let meet_one = |before, clients: &[Program]| {
        let mut scenario = meet(before, clients);
        scenario.programs.remove(1);
        scenario
    };
    holds(&[
        meet_one(Before::Nothing, &[Push(0), Push(0)]),
        meet_one(Before::Nothing, &[Push(0), Push(1)]),
        meet_one(Before::Ended, &[Push(0), Push(0)]),
        meet_one(Before::Ended, &[Push(0), Mount(1)]),
        meet_one(Before::Uploaded, &[Push(0), Push(1)]),
    ]);
}

#[test]
fn leases_window_and_grace_keep_what_clients_count_on_and_pass() {
    use Program::{Delete, Mount, Pull, Push, PushSeen, Restore};
    holds(&[
        wait(Before::Nothing, &[Push(0)]),
        wait(Before::Ended, &[Push(0)]),
        wait(Before::Ended, &[PushSeen(0)]),
        wait(Before::Ended, &[Mount(1)]),
        wait(Before::Ended, &[Pull(0)]),
        wait(Before::Ended, &[Restore(0)]),
        wait(Before::Tagged, &[Delete(0)]),
        wait(Before::Tagged, &[Delete(0), Restore(0)]),
        Scenario {
            settings: Settings {
                lease: 2,
                ..Settings::SHIELDS
            },
            ..wait(Before::Ended, &[PushSeen(0)])
        },
    ]);
    if is_deep() {
        holds(&[
            wait(Before::Tagged, &[Delete(0), Push(0)]),
            wait(Before::Tagged, &[Delete(0), Mount(1)]),
            wait(Before::Ended, &[Pull(0), Push(0)]),
        ]);
    }
}

/// Takes a guard away and looks at what breaks first.
fn breaks(guard: Guard, what: &'static str, mut scenario: Scenario) {
    scenario.settings = scenario.settings.without(guard);
    scenario.crashes = 0;
    let broken = broken(&scenario);
    assert!(broken.contains(&what), "{guard:?} guards {broken:?}");
}

#[test]
fn each_guard_that_is_taken_away_costs_something() {
    use Program::{Delete, Mount, Pull, Push, PushSeen};
    let ended = Before::Ended;
    breaks(Guard::LinkedMany, WHOLE, meet(ended, &[Mount(1)]));
    breaks(Guard::CollectLinks, WHOLE, meet(ended, &[Mount(1)]));
    breaks(Guard::ForeignKeys, WHOLE, meet(ended, &[Mount(1)]));
    breaks(Guard::CollectManifests, WHOLE, meet(ended, &[PushSeen(0)]));
    breaks(Guard::ReleaseBlobs, CLEAN, meet(ended, &[Mount(1)]));
    breaks(Guard::LookAt, CLEAN, meet(Before::Tagged, &[Delete(0)]));
    breaks(Guard::Lease, LEASED, wait(Before::Nothing, &[Push(0)]));
    breaks(Guard::LeaseOfNamed, LEASED, wait(ended, &[PushSeen(0)]));
    breaks(Guard::Grace, GRACEFUL, wait(ended, &[Pull(0)]));
}

#[test]
fn one_lock_saves_a_second_run_and_nothing_else() {
    use Program::{Delete, Push, Restore};
    // A foreign key stands behind it.
    for clients in [&[Delete(0), Restore(0)][..], &[Restore(0), Push(0)]] {
        let mut scenario = meet(Before::Tagged, clients);
        scenario.settings = scenario.settings.without(Guard::Lifetimes);
        holds(&[scenario]);
    }
}
