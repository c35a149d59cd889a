//! Every input that was worth keeping is read again, and for some seconds what becomes of them by chance,
//! without a fault. `cargo xtask fuzz` looks further, led by what it reaches.

mod chance;

use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use berth_fuzz::{TARGETS, World};
use berth_testkit::Backend;

/// How long inputs are made up for each target.
const MADE_UP_FOR: Duration = Duration::from_secs(5);

/// The inputs of a corpus.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    let inputs: Vec<Vec<u8>> = std::fs::read_dir(&folder)
        .expect("a corpus")
        .map(|input| std::fs::read(input.expect("a file").path()).expect("its bytes"))
        .collect();
    assert!(!inputs.is_empty(), "`{}` holds inputs", folder.display());
    inputs
}

/// Gives an input to a target and shows it where that panics.
fn give(act: impl Fn(&[u8]), input: &[u8]) {
    struct Shown<'a>(&'a [u8]);
    impl Drop for Shown<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                let text = BASE64_STANDARD.encode(self.0);
                eprintln!("the input in base64, a file of the corpus once it is mended: {text}");
            }
        }
    }
    let _shown = Shown(input);
    act(input);
}

/// Replays a corpus and goes on with what chance makes of it.
fn replay(name: &str) {
    let (_, target) = TARGETS
        .iter()
        .find(|(other, _)| *other == name)
        .expect("a target of that name");
    let corpus = corpus(name);
    for input in &corpus {
        give(target, input);
    }
    let (start, mut made) = (Instant::now(), 0);
    let mut chance = chance::Chance::new(&corpus);
    while start.elapsed() < MADE_UP_FOR {
        give(target, &chance.next_input());
        made += 1;
    }
    eprintln!("{name}: {} inputs kept, {made} made up", corpus.len());
}

/// Replays a corpus on PostgreSQL too, where there is one.
fn replay_on_postgres(name: &str, target: fn(&World, &[u8])) {
    let Some(world) = World::open(Backend::Postgres) else {
        return;
    };
    for input in corpus(name) {
        give(|bytes| target(&world, bytes), &input);
    }
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
