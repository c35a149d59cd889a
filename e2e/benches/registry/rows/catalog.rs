//! Listing a registry of many repositories, of which each caller sees its own part.

use berth_e2e::scale;

use super::{metric, milliseconds};
use crate::load::for_a_while;
use crate::report::{Aim, Bound, Metric, Table};
use crate::servers::{Contender, Kind};
use crate::stats::percentile;
use crate::wire::Connection;
use crate::{Scale, compare};

const READER: Metric = metric("page of 100, of who may read a third, p50, ms", 2);
const READER_P99: Metric = metric("page of 100, of who may read a third, p99, ms", 2);
const OWNER: Metric = metric("page of 100, of who sees all, p50, ms", 2);
const OWNER_P99: Metric = metric("page of 100, of who sees all, p99, ms", 2);
const DEPTH: Metric = metric("last page ÷ first page, of who may read a third", 2);

/// Who asks, and between which names.
struct Lists {
    reader: String,
    owner: String,
    organizations: usize,
}

pub(super) fn run(scale: &Scale) -> (Table, Vec<Aim>) {
    let repositories = scale.pick(10_000, 400);
    let table = compare(
        scale,
        &[Kind::Embedded, Kind::Postgres],
        |contender| prepare(contender, scale, repositories),
        |contender, lists, _| {
            let somewhere = |number: u64| {
                let number = usize::try_from(number).expect("not that many turns");
                1 + number * 7919 % lists.organizations
            };
            let mut reader = pages(contender, scale, &lists.reader, somewhere);
            let mut owner = pages(contender, scale, &lists.owner, somewhere);
            // In the order of bytes; a page of 100 takes in some organizations after it.
            let mut first = pages(contender, scale, &lists.reader, |_| 1);
            let mut last = pages(contender, scale, &lists.reader, |_| lists.organizations - 1);
            let p50 = |turns: &mut [_]| milliseconds(percentile(turns, 0.5));
            vec![
                (READER, p50(&mut reader)),
                (READER_P99, milliseconds(percentile(&mut reader, 0.99))),
                (OWNER, p50(&mut owner)),
                (OWNER_P99, milliseconds(percentile(&mut owner, 0.99))),
                (DEPTH, p50(&mut last) / p50(&mut first)),
            ]
        },
    );
    let mut aims = Vec::new();
    for page in [READER_P99, OWNER_P99] {
        aims.extend(table.ratios(page.name, page, Some(1.0), Bound::AtMost(20.0)));
    }
    aims.extend(table.ratios(DEPTH.name, DEPTH, Some(1.0), Bound::AtMost(1.5)));
    (table, aims)
}

/// Who reads has to be there before the rows that say so.
fn prepare(contender: &mut Contender, scale: &Scale, repositories: usize) -> Lists {
    let account = scale.runtime.block_on(contender.world().user());
    let rows = scale::Scale::of(u32::try_from(repositories).expect("not that many"));
    contender.grow(&scale.runtime, rows);
    let catalog = ["registry:catalog:*"];
    let headers = |account| contender.authorize(&scale.runtime, account, &catalog);
    Lists {
        reader: headers(Some(&account)),
        owner: headers(None),
        organizations: repositories / 100,
    }
}

/// Pages after the name of an organization, asked for by one client.
fn pages(
    contender: &Contender,
    scale: &Scale,
    headers: &str,
    organization: impl Fn(u64) -> usize + Sync,
) -> Vec<std::time::Duration> {
    let page = |connection: &mut Connection, _, number| {
        let last = format!("scale-{}/a", organization(number));
        let path = format!("/v2/_catalog?n=100&last={last}");
        let mut is_empty = true;
        let answer = connection.ask("GET", &path, headers, &mut |bytes| {
            is_empty &= !bytes.windows(4).any(|four| four == b"app-");
        });
        assert_eq!(answer.status, 200, "the catalog is there");
        assert!(!is_empty, "the page after `{last}` shows repositories");
        0
    };
    for_a_while(&[contender.address], 1, scale.round, page).turns
}
