//! Pulling blobs.

use berth_e2e::image::digest_of;
use sha2::{Digest, Sha256};

use super::metric;
use crate::content::{Blob, Manner, Pusher};
use crate::load::for_a_while;
use crate::report::{Aim, Bound, Metric, Table};
use crate::servers::{Contender, Kind, REPOSITORY};
use crate::wire::{Connection, ignore};
use crate::{Scale, compare};

const THROUGHPUT: Metric = metric("MB/s", 0);
const CPU: Metric = metric("processor seconds for each GB", 2);
const RATE: Metric = metric("requests/s", 0);
const KINDS: [Kind; 5] = [
    Kind::Embedded,
    Kind::Postgres,
    Kind::DockerRegistry,
    Kind::Distribution,
    Kind::Nginx,
];

fn path(blob: &Blob) -> String {
    format!("/v2/{REPOSITORY}/blobs/{}", blob.digest)
}

fn pull(connection: &mut Connection, contender: &Contender, path: &str) -> u64 {
    let answer = connection.ask("GET", path, &contender.headers, &mut ignore);
    assert_eq!(answer.status, 200, "the blob is there");
    answer.body_bytes
}

/// Pulls a blob and hashes it: what is measured is the right thing.
fn check(contender: &Contender, blob: &Blob) {
    let mut hash = Sha256::new();
    let mut connection = Connection::open(contender.address);
    connection.ask("GET", &path(blob), &contender.headers, &mut |bytes| {
        hash.update(bytes);
    });
    assert_eq!(digest_of(&hash.finalize()), blob.digest);
}

pub(super) fn large(scale: &Scale) -> (Table, Vec<Aim>) {
    let blob = Blob::noise(1, scale.pick(100_000_000, 1_000_000));
    let table = compare(
        scale,
        &KINDS,
        |contender| {
            Pusher::new(contender).blob(&blob, Manner::Streamed);
            check(contender, &blob);
        },
        |contender, (), _| {
            let before = contender.process.counts();
            let load = for_a_while(&[contender.address], 16, scale.round, |connection, _, _| {
                pull(connection, contender, &path(&blob))
            });
            let used = contender.process.counts().since(before);
            #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
            let gigabytes = load.bytes as f64 / 1e9;
            vec![
                (THROUGHPUT, load.megabytes_per_second()),
                (CPU, used.cpu_s / gigabytes),
            ]
        },
    );
    let nginx = table.median(Kind::Nginx, THROUGHPUT);
    let mut aims = table.ratios("MB/s ÷ nginx", THROUGHPUT, nginx, Bound::AtLeast(0.85));
    aims.extend(table.ratios(
        "MB/s ÷ the best registry",
        THROUGHPUT,
        table.best_registry(THROUGHPUT),
        Bound::AtLeast(1.0),
    ));
    let nginx = table.median(Kind::Nginx, CPU);
    aims.extend(table.ratios("processor ÷ nginx", CPU, nginx, Bound::AtMost(1.5)));
    (table, aims)
}

pub(super) fn small(scale: &Scale) -> (Table, Vec<Aim>) {
    let blobs: Vec<Blob> = (0..100).map(|seed| Blob::noise(seed, 4096)).collect();
    let paths: Vec<String> = blobs.iter().map(path).collect();
    let table = compare(
        scale,
        &KINDS,
        |contender| {
            let mut pusher = Pusher::new(contender);
            for blob in &blobs {
                pusher.blob(blob, Manner::Whole);
            }
            check(contender, &blobs[0]);
        },
        |contender, (), _| {
            let load = for_a_while(
                &[contender.address],
                64,
                scale.round,
                |connection, client, number| {
                    let at = (client as u64 * 31 + number) % paths.len() as u64;
                    let at = usize::try_from(at).expect("it is small");
                    pull(connection, contender, &paths[at])
                },
            );
            vec![(RATE, load.per_second())]
        },
    );
    let nginx = table.median(Kind::Nginx, RATE);
    let mut aims = table.ratios("requests/s ÷ nginx", RATE, nginx, Bound::AtLeast(0.5));
    aims.extend(table.ratios(
        "requests/s ÷ the best registry",
        RATE,
        table.best_registry(RATE),
        Bound::AtLeast(2.0),
    ));
    (table, aims)
}
