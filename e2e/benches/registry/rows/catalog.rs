//! Listing repositories for somebody who may see a part of them.

use berth_e2e::scale;

use super::{metric, milliseconds};
use crate::load::for_a_while;
use crate::report::{Aim, Bound, Figures, Metric, Table};
use crate::servers::{Contender, Kind};
use crate::stats::percentile;
use crate::wire::Connection;
use crate::{Scale, compare};

const PAGE: Metric = metric("page of 100, p50, ms", 2);
const PAGE_P99: Metric = metric("page of 100, p99, ms", 2);
const FLAT: Metric = metric("a page near the end ÷ one near the beginning, p50", 2);

pub(super) fn run(scale: &Scale) -> (Table, Vec<Aim>) {
    let repositories = scale.pick(10_000, 600);
    let organizations = repositories / 100;
    let table = compare(
        scale,
        &[Kind::Embedded, Kind::Postgres],
        |contender| {
            let reader = scale.runtime.block_on(contender.world().user());
            let rows = scale::Scale {
                repositories: u32::try_from(repositories).expect("not that many"),
                tags: 1,
            };
            contender.grow(&scale.runtime, rows);
            let scopes = ["registry:catalog:*"];
            contender.authorize(&scale.runtime, Some(&reader), &scopes)
        },
        |contender, headers, _| {
            let pages = Pages {
                contender,
                headers,
                organizations,
                scale,
            };
            pages.measure()
        },
    );
    let mut aims = table.ratios(PAGE_P99.name, PAGE_P99, Some(1.0), Bound::AtMost(20.0));
    aims.extend(table.ratios(FLAT.name, FLAT, Some(1.0), Bound::AtMost(1.5)));
    (table, aims)
}

struct Pages<'a> {
    contender: &'a Contender,
    headers: &'a str,
    organizations: usize,
    scale: &'a Scale,
}

impl Pages<'_> {
    fn measure(&self) -> Figures {
        let mut all = self.times(|number| self.place(number));
        let mut first = self.times(|_| "scale-1/a".to_owned());
        // 99 is the last in the order of names, and 9 where there are fewer.
        let last = if self.organizations >= 99 {
            99
        } else {
            self.organizations.min(9)
        };
        let mut last = self.times(|_| format!("scale-{last}/a"));
        let middle = |times: &mut [_]| milliseconds(percentile(times, 0.5));
        vec![
            (PAGE, middle(&mut all)),
            (PAGE_P99, milliseconds(percentile(&mut all, 0.99))),
            (FLAT, middle(&mut last) / middle(&mut first)),
        ]
    }

    /// A repository somewhere in the list.
    fn place(&self, number: u64) -> String {
        let repository = number * 7919 % (self.organizations as u64 * 100);
        let organization = 1 + repository % self.organizations as u64;
        // From the middle of an organization on, so that none is the end of the list.
        format!("scale-{organization}/app-{:012}", repository / 2)
    }

    fn times(&self, last: impl Fn(u64) -> String + Sync) -> Vec<std::time::Duration> {
        let ask = |connection: &mut Connection, _: usize, number: u64| {
            let path = format!("/v2/_catalog?n=100&last={}", last(number));
            let mut body = Vec::new();
            let answer = connection.ask("GET", &path, self.headers, &mut |bytes| {
                body.extend_from_slice(bytes);
            });
            assert_eq!(answer.status, 200, "the list is there");
            assert!(
                body.windows(5).any(|five| five == b"scale"),
                "the page shows repositories"
            );
            answer.body_bytes
        };
        for_a_while(&[self.contender.address], 1, self.scale.round, ask).turns
    }
}
