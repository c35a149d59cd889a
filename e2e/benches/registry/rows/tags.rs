//! Listing the tags of a large repository.

use std::path::Path;
use std::time::{Duration, Instant};

use berth_e2e::scale::{self, LARGE_REPOSITORY};
use serde_json::Value;

use super::{metric, milliseconds};
use crate::content::{Image, Manner, Pusher};
use crate::load::for_a_while;
use crate::report::{Aim, Bound, Metric, Table};
use crate::servers::{Contender, Kind, REPOSITORY};
use crate::stats::percentile;
use crate::wire::{Connection, ignore};
use crate::{Scale, compare};

const PAGE: Metric = metric("page of 100 in 100,000 tags, p50, ms", 2);
const PAGE_P99: Metric = metric("page of 100 in 100,000 tags, p99, ms", 2);
const SMALL_PAGE: Metric = metric("page of 100 in 100 tags, p50, ms", 2);
const GROWTH: Metric = metric("page in 100,000 tags ÷ page in 100", 2);
const WALK: Metric = metric("walk through 100,000 by the largest pages, s", 2);

pub(super) fn run(scale: &Scale) -> (Table, Vec<Aim>) {
    let tags = scale.pick(100_000, 1_200);
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
            let lists = prepare(contender, scale, tags);
            for (list, all) in [(&lists.small, 100), (&lists.large, tags)] {
                check(contender, list, all);
            }
            lists
        },
        |contender, lists, _| {
            let page = |from: &(dyn Fn(u64) -> usize + Sync), list: &List| {
                let mut load = for_a_while_alone(contender, scale.round, |connection, number| {
                    let last = name(from(number));
                    ask(connection, list, 100, &last, &mut ignore);
                });
                let p99 = percentile(&mut load, 0.99);
                (milliseconds(percentile(&mut load, 0.5)), milliseconds(p99))
            };
            let somewhere = |number: u64| {
                let at = number * 104_729 % (tags as u64 - 100);
                usize::try_from(at).expect("a place in the list")
            };
            let (large, p99) = page(&somewhere, &lists.large);
            let (small, _) = page(&|_| 0, &lists.small);
            vec![
                (PAGE, large),
                (PAGE_P99, p99),
                (SMALL_PAGE, small),
                (GROWTH, large / small),
                (WALK, walk(contender, &lists.large, tags)),
            ]
        },
    );
    let mut aims = table.ratios(PAGE_P99.name, PAGE_P99, Some(1.0), Bound::AtMost(5.0));
    aims.extend(table.ratios(GROWTH.name, GROWTH, Some(1.0), Bound::AtMost(1.5)));
    let other = table.median(Kind::Distribution, WALK);
    let what = "walk ÷ distribution";
    aims.extend(table.ratios(what, WALK, other, Bound::AtMost(1.0 / 20.0)));
    (table, aims)
}

/// A list of tags, and who may read it.
struct List {
    path: String,
    headers: String,
}

struct Lists {
    large: List,
    small: List,
}

/// A repository with so many tags, and one with a hundred.
fn prepare(contender: &mut Contender, scale: &Scale, tags: usize) -> Lists {
    let image = Image::new(1 << 41, 1000);
    let mut pusher = Pusher::new(contender);
    pusher.image(&image, &name(1), Manner::Whole);
    for number in 2..=100 {
        pusher.manifest(&image.manifest, &name(number));
    }
    let list = |repository: &str, headers: &str| List {
        path: format!("/v2/{repository}/tags/list"),
        headers: headers.to_owned(),
    };
    if contender.kind.is_berth() {
        let tags = u32::try_from(tags).expect("not that many");
        let rows = scale::Scale {
            repositories: 1,
            tags,
            robots: 0,
            teams: 0,
        };
        contender.grow(&scale.runtime, rows);
        let scope = |repository: &str| {
            let scope = format!("repository:{repository}:pull");
            contender.authorize(&scale.runtime, None, &[&scope])
        };
        return Lists {
            large: list(LARGE_REPOSITORY, &scope(LARGE_REPOSITORY)),
            small: list(REPOSITORY, &scope(REPOSITORY)),
        };
    }
    // The others keep a folder for each tag; written here, since pushing them takes minutes.
    let registry = contender.folder().join("docker/registry/v2/repositories");
    let link = Path::new("current/link");
    let first = registry
        .join(REPOSITORY)
        .join("_manifests/tags")
        .join(name(1));
    let target = std::fs::read(first.join(link)).expect("the tag was pushed");
    let folder = registry.join(LARGE_REPOSITORY).join("_manifests/tags");
    for number in 1..=tags {
        let tag = folder.join(name(number)).join(link);
        let current = tag.parent().expect("it lies in a folder");
        std::fs::create_dir_all(current).expect("the folder is ours");
        std::fs::write(tag, &target).expect("the folder is ours");
    }
    Lists {
        large: list(LARGE_REPOSITORY, ""),
        small: list(REPOSITORY, ""),
    }
}

fn name(number: usize) -> String {
    format!("v{number:012}")
}

fn ask(
    connection: &mut Connection,
    list: &List,
    count: usize,
    last: &str,
    sink: &mut dyn FnMut(&[u8]),
) {
    let path = format!("{}?n={count}&last={last}", list.path);
    let answer = connection.ask("GET", &path, &list.headers, sink);
    assert_eq!(answer.status, 200, "the list is there");
}

/// The page in the middle of a list holds the hundred tags that follow, under the right name.
fn check(contender: &Contender, list: &List, tags: usize) {
    let (mut body, from) = (Vec::new(), tags / 2 - 1);
    let mut connection = Connection::open(contender.address);
    ask(&mut connection, list, 100, &name(from), &mut |bytes| {
        body.extend_from_slice(bytes);
    });
    let answer: Value = serde_json::from_slice(&body).expect("a list is JSON");
    let path = format!("/v2/{}/tags/list", answer["name"].as_str().unwrap_or("?"));
    assert_eq!(path, list.path);
    let mut found: Vec<&str> = answer["tags"]
        .as_array()
        .expect("a list has tags")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    found.sort_unstable();
    let wanted = match contender.kind {
        // It knows no pages and tells all of them.
        Kind::DockerRegistry => 1..=tags,
        _ => from + 1..=(from + 100).min(tags),
    };
    let wanted: Vec<String> = wanted.map(name).collect();
    assert!(
        found == wanted,
        "{} lists {} tags behind `{}`, the first is {:?}",
        contender.kind.name(),
        found.len(),
        name(from),
        found.first()
    );
}

/// How long one client takes for all pages, one after the other; each tag is counted.
fn walk(contender: &Contender, list: &List, tags: usize) -> f64 {
    let mut connection = Connection::open(contender.address);
    let mut seen = 0;
    let begun = Instant::now();
    while seen < tags {
        let mut body = Vec::new();
        // Servers may send less than they are asked for.
        let last = name(seen);
        ask(&mut connection, list, 1000, &last, &mut |bytes| {
            body.extend_from_slice(bytes);
        });
        let page = body.windows(2).filter(|two| two == b"\"v").count();
        if page == 0 {
            break;
        }
        seen += page;
    }
    let took = begun.elapsed();
    assert_eq!(seen, tags, "each tag was listed once");
    took.as_secs_f64()
}

/// How long each turn of a single client takes.
fn for_a_while_alone(
    contender: &Contender,
    duration: Duration,
    turn: impl Fn(&mut Connection, u64) + Sync,
) -> Vec<Duration> {
    let load = for_a_while(
        &[contender.address],
        1,
        duration,
        |connection, _, number| {
            turn(connection, number);
            0
        },
    );
    load.turns
}
