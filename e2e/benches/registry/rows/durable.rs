//! Pushing what is so small that only syncs of the disk count.

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use super::metric;
use crate::content::{Image, Manner, Pusher};
use crate::load::once;
use crate::report::{Aim, Bound, Figures, Metric, Table};
use crate::servers::{Contender, Kind};
use crate::stats::percentile;
use crate::{Scale, compare};

const SYNC: Metric = metric("fdatasync of this disk, p50, ms", 2);
const MANIFEST: Metric = metric("1 client: manifest PUT p50, ms", 2);
const WHOLE: Metric = metric("1 client: whole push p50, ms", 2);
const MANIFEST_SYNCS: Metric = metric("1 client: manifest PUT p50 ÷ fdatasync", 1);
const WHOLE_SYNCS: Metric = metric("1 client: whole push p50 ÷ fdatasync", 1);
const RATE: Metric = metric("64 clients: images/s", 0);
const RATE_SYNCS: Metric = metric("64 clients: images in the time of one fdatasync", 2);

pub(super) fn run(scale: &Scale) -> (Table, Vec<Aim>) {
    let kinds = [
        Kind::Embedded,
        Kind::Postgres,
        Kind::DockerRegistry,
        Kind::Distribution,
    ];
    let mut seed = 1 << 32;
    let table = compare(
        scale,
        &kinds,
        |_| (),
        |contender, (), _| measure(contender, scale, &mut seed),
    );
    let mut aims = table.ratios(
        MANIFEST_SYNCS.name,
        MANIFEST_SYNCS,
        Some(1.0),
        Bound::AtMost(3.0),
    );
    aims.extend(table.ratios(WHOLE_SYNCS.name, WHOLE_SYNCS, Some(1.0), Bound::AtMost(8.0)));
    aims.extend(table.ratios(RATE_SYNCS.name, RATE_SYNCS, Some(1.0), Bound::AtLeast(1.5)));
    (table, aims)
}

fn measure(contender: &Contender, scale: &Scale, seed: &mut u64) -> Figures {
    let mut image = || {
        *seed += 1;
        Image::new(*seed, 1000)
    };
    let sync = fdatasync(scale);
    let (mut manifests, mut wholes) = (Vec::new(), Vec::new());
    let (mut pusher, mut witnesses) = (Pusher::new(contender), Vec::new());
    for _ in 0..scale.pick(200, 5) {
        let image = image();
        let begun = Instant::now();
        pusher.blob(&image.layer, Manner::Whole);
        pusher.blob(&image.config, Manner::Whole);
        let last = Instant::now();
        pusher.manifest(&image.manifest, tag(&image));
        manifests.push(last.elapsed());
        wholes.push(begun.elapsed());
        witnesses.push(image);
    }
    let work: Vec<Vec<Image>> = (0..64)
        .map(|_| (0..scale.pick(30, 1)).map(|_| image()).collect())
        .collect();
    witnesses.push(work[0][0].clone());
    let load = once(work, |images| {
        let mut pusher = Pusher::new(contender);
        let mut turns = Vec::new();
        for image in images {
            let begun = Instant::now();
            pusher.image(&image, tag(&image), Manner::Whole);
            turns.push(begun.elapsed());
        }
        (turns, 0)
    });
    for image in &witnesses {
        pusher.check(image, tag(image));
    }
    let [sync, manifest, whole] = [
        sync,
        percentile(&mut manifests, 0.5),
        percentile(&mut wholes, 0.5),
    ]
    .map(|duration| duration.as_secs_f64());
    vec![
        (SYNC, sync * 1e3),
        (MANIFEST, manifest * 1e3),
        (WHOLE, whole * 1e3),
        (MANIFEST_SYNCS, manifest / sync),
        (WHOLE_SYNCS, whole / sync),
        (RATE, load.per_second()),
        (RATE_SYNCS, load.per_second() * sync),
    ]
}

fn tag(image: &Image) -> &str {
    &image.layer.digest[7..23]
}

/// What the disk takes to keep a page that was appended to a file.
fn fdatasync(scale: &Scale) -> Duration {
    let mut file: File = tempfile::tempfile().expect("a temporary file");
    let mut syncs: Vec<Duration> = (0..scale.pick(200, 5))
        .map(|_| {
            file.write_all(&[1; 4096]).expect("a file takes bytes");
            let begun = Instant::now();
            file.sync_data().expect("a disk syncs");
            begun.elapsed()
        })
        .collect();
    percentile(&mut syncs, 0.5)
}
