//! Every input that was worth keeping is read again, without a fault.

use std::path::Path;

use berth_fuzz::{TARGETS, World};
use berth_testkit::Backend;

/// Gives every input of a corpus to `act`.
fn each_input(name: &str, act: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    let inputs = std::fs::read_dir(&folder).expect("a corpus");
    let mut count = 0;
    for input in inputs {
        let path = input.expect("a file").path();
        let bytes = std::fs::read(&path).expect("its bytes");
        // Shown where the test fails.
        eprintln!("{}", path.display());
        act(&bytes);
        count += 1;
    }
    assert!(count > 0, "`{}` holds inputs", folder.display());
}

fn replay(name: &str) {
    let (_, target) = TARGETS
        .iter()
        .find(|(other, _)| *other == name)
        .expect("a target of that name");
    each_input(name, target);
}

/// Replays a corpus on PostgreSQL too, where there is one.
fn replay_on_postgres(name: &str, target: fn(&World, &[u8])) {
    let Some(world) = World::open(Backend::Postgres) else {
        return;
    };
    each_input(name, |bytes| target(&world, bytes));
    world.close();
}

#[test]
fn names_are_read_without_a_fault() {
    replay("names");
}

#[test]
fn manifests_are_read_without_a_fault() {
    replay("manifest");
}

#[test]
fn configurations_are_read_without_a_fault() {
    replay("config");
}

#[test]
fn requests_are_answered_without_a_fault() {
    replay("http");
    replay_on_postgres("http", World::http);
}

#[test]
fn documents_are_answered_without_a_fault() {
    replay("graphql");
    replay_on_postgres("graphql", World::graphql);
}

#[test]
fn headers_are_read_without_a_fault() {
    replay("headers");
}

#[test]
fn tokens_are_told_apart_without_a_fault() {
    replay("token");
}

#[test]
fn pages_follow_one_another_without_a_fault() {
    replay("paging");
    replay_on_postgres("paging", World::paging);
}
