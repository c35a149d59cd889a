//! Asking for manifests by tag.

use super::{metric, milliseconds};
use crate::content::{Image, Manner, Pusher};
use crate::load::{for_a_while, once};
use crate::report::{Aim, Bound, Metric, Table};
use crate::servers::{Kind, REPOSITORY};
use crate::stats::percentile;
use crate::wire::ignore;
use crate::{Scale, compare};

const GET: Metric = metric("GET requests/s", 0);
const GET_P99: Metric = metric("GET p99, ms", 1);
const HEAD: Metric = metric("HEAD requests/s", 0);
const HEAD_P99: Metric = metric("HEAD p99, ms", 1);
/// Manifests behind the tags.
const MANIFESTS: usize = 100;
const ACCEPT: &str = "Accept: application/vnd.oci.image.manifest.v1+json\r\n";

pub(super) fn run(scale: &Scale) -> (Table, Vec<Aim>) {
    let tags = scale.pick(10_000, 50);
    let layer = Image::new(7, 1000).layer;
    let images: Vec<Image> = (0..MANIFESTS as u64)
        .map(|seed| Image::of(layer.clone(), seed))
        .collect();
    let kinds = [
        Kind::Embedded,
        Kind::Postgres,
        Kind::DockerRegistry,
        Kind::Distribution,
    ];
    let table = compare(
        scale,
        &kinds,
        |contender| {
            let mut pusher = Pusher::new(contender);
            pusher.blob(&layer, Manner::Whole);
            for image in &images {
                pusher.blob(&image.config, Manner::Whole);
            }
            let shares: Vec<usize> = (0..16).collect();
            once(shares, |share| {
                let mut pusher = Pusher::new(contender);
                for tag in (share..tags).step_by(16) {
                    let image = &images[tag % MANIFESTS];
                    pusher.manifest(&image.manifest, &format!("t{tag}"));
                }
                (Vec::new(), 0)
            });
            let (mut pusher, last) = (Pusher::new(contender), tags - 1);
            pusher.check(&images[0], "t0");
            pusher.check(&images[last % MANIFESTS], &format!("t{last}"));
        },
        |contender, (), _| {
            let headers = format!("{}{ACCEPT}", contender.headers);
            let ask = |method: &'static str| {
                for_a_while(
                    &[contender.address],
                    32,
                    scale.round,
                    |connection, client, number| {
                        // A walk that meets the tags in no order.
                        let tag = (client as u64 * 7919 + number * 104_729) % tags as u64;
                        let path = format!("/v2/{REPOSITORY}/manifests/t{tag}");
                        let answer = connection.ask(method, &path, &headers, &mut ignore);
                        assert_eq!(answer.status, 200, "the tag is there");
                        answer.body_bytes
                    },
                )
            };
            let (mut get, mut head) = (ask("GET"), ask("HEAD"));
            vec![
                (GET, get.per_second()),
                (GET_P99, milliseconds(percentile(&mut get.turns, 0.99))),
                (HEAD, head.per_second()),
                (HEAD_P99, milliseconds(percentile(&mut head.turns, 0.99))),
            ]
        },
    );
    let mut aims = Vec::new();
    for (what, metric) in [
        ("GET ÷ docker-registry", GET),
        ("HEAD ÷ docker-registry", HEAD),
    ] {
        let other = table.median(Kind::DockerRegistry, metric);
        aims.extend(table.ratios(what, metric, other, Bound::AtLeast(3.0)));
    }
    (table, aims)
}
