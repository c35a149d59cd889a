//! Pushing images.

use std::time::Instant;

use super::metric;
use crate::content::{Blob, Image, Manner, Pusher};
use crate::load::once;
use crate::report::{Aim, Bound, Figures, Metric, Table};
use crate::servers::{Contender, Kind};
use crate::{Scale, compare};

/// A size, with what is measured of it.
struct Size {
    bytes: usize,
    /// Images that each client pushes in a round.
    images: usize,
    rate: Metric,
    written: Metric,
    read: Metric,
}

const SIZES: [Size; 3] = [
    Size {
        bytes: 1_000_000,
        images: 20,
        rate: metric("1 MB: images/s", 1),
        written: metric("1 MB: bytes written ÷ received", 3),
        read: metric("1 MB: bytes read back", 0),
    },
    Size {
        bytes: 10_000_000,
        images: 4,
        rate: metric("10 MB: images/s", 1),
        written: metric("10 MB: bytes written ÷ received", 3),
        read: metric("10 MB: bytes read back", 0),
    },
    Size {
        bytes: 100_000_000,
        images: 1,
        rate: metric("100 MB: images/s", 2),
        written: metric("100 MB: bytes written ÷ received", 3),
        read: metric("100 MB: bytes read back", 0),
    },
];
const CLIENTS: usize = 10;

pub(super) fn run(scale: &Scale) -> (Table, Vec<Aim>) {
    let kinds = [
        Kind::Embedded,
        Kind::Postgres,
        Kind::DockerRegistry,
        Kind::Distribution,
    ];
    let mut seed = 0;
    let table = compare(
        scale,
        &kinds,
        |_| (),
        |contender, (), _| {
            let mut figures = Vec::new();
            for size in &SIZES {
                figures.extend(push(contender, size, scale, &mut seed));
            }
            figures
        },
    );
    let mut aims = Vec::new();
    for size in &SIZES {
        let best = table.best_registry(size.rate);
        let what = format!("{} ÷ the best registry", size.rate.name);
        aims.extend(table.ratios(&what, size.rate, best, Bound::AtLeast(1.2)));
        aims.extend(table.ratios(
            size.written.name,
            size.written,
            Some(1.0),
            Bound::AtMost(1.02),
        ));
        aims.extend(table.ratios(size.read.name, size.read, Some(1.0), Bound::AtMost(0.0)));
    }
    (table, aims)
}

fn push(contender: &Contender, size: &Size, scale: &Scale, seed: &mut u64) -> Figures {
    let bytes = size.bytes / scale.pick(1, 100);
    let work: Vec<Vec<Image>> = (0..CLIENTS)
        .map(|_| {
            let own = (0..scale.pick(size.images, 1)).map(|_| {
                *seed += 1;
                Image::of(Blob::noise(*seed, bytes), *seed)
            });
            own.collect()
        })
        .collect();
    let witness = work[0][0].clone();
    let before = contender.process.counts();
    let load = once(work, |images| {
        let mut pusher = Pusher::new(contender);
        let (mut turns, mut sent) = (Vec::new(), 0);
        for image in images {
            let begun = Instant::now();
            pusher.image(&image, &tag(&image), Manner::Streamed);
            turns.push(begun.elapsed());
            sent += image.layer.bytes.len() + image.config.bytes.len() + image.manifest.len();
        }
        (turns, sent as u64)
    });
    let used = contender.process.counts().since(before);
    // Behind everything that is counted.
    Pusher::new(contender).check(&witness, &tag(&witness));
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let figures = vec![
        (size.rate, load.per_second()),
        (size.written, used.written_bytes as f64 / load.bytes as f64),
        (size.read, used.read_bytes as f64),
    ];
    figures
}

fn tag(image: &Image) -> String {
    format!("p{}", &image.layer.digest[7..23])
}
