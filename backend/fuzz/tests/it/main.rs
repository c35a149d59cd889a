//! Every input that was worth keeping is read again, without a fault.

use std::path::Path;

use berth_fuzz::TARGETS;

fn replay(name: &str) {
    let (_, target) = TARGETS
        .iter()
        .find(|(other, _)| *other == name)
        .expect("a target of that name");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    let inputs = std::fs::read_dir(&folder).expect("a corpus");
    let mut count = 0;
    for input in inputs {
        let path = input.expect("a file").path();
        target(&std::fs::read(&path).expect("its bytes"));
        count += 1;
    }
    assert!(count > 0, "`{}` holds inputs", folder.display());
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
}

#[test]
fn documents_are_answered_without_a_fault() {
    replay("graphql");
}

#[test]
fn headers_are_read_without_a_fault() {
    replay("headers");
}

#[test]
fn tokens_are_told_apart_without_a_fault() {
    replay("token");
}
