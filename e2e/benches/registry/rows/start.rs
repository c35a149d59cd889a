//! From the start of the process to the first good answer of `/health/ready`.

use berth_e2e::scale;

use super::metric;
use crate::report::{Aim, Bound, Metric, Table};
use crate::servers::{Kind, first_start};
use crate::{Scale, compare};

const FIRST: Metric = metric("the first start, on an empty folder or database, s", 3);
const AGAIN: Metric = metric("a start after that, s", 3);
const LARGE: Metric = metric("with a million tags, s", 3);
const LARGE_KILLED: Metric = metric("with a million tags, after a kill, s", 3);

pub(super) fn run(scale: &Scale) -> (Table, Vec<Aim>) {
    let repositories = scale.pick(50_000, 20);
    let repositories = u32::try_from(repositories).expect("not that many");
    let kinds = [Kind::Embedded, Kind::Postgres];
    let small = compare(
        scale,
        &kinds,
        |_| (),
        |contender, (), _| {
            let again = contender.restart(&scale.runtime, false);
            let first = first_start(contender.kind, &scale.runtime);
            vec![(FIRST, first.as_secs_f64()), (AGAIN, again.as_secs_f64())]
        },
    );
    let mut table = compare(
        scale,
        &kinds,
        |contender| contender.grow(&scale.runtime, scale::Scale::of(repositories)),
        |contender, (), _| {
            let stopped = contender.restart(&scale.runtime, false);
            let killed = contender.restart(&scale.runtime, true);
            vec![
                (LARGE, stopped.as_secs_f64()),
                (LARGE_KILLED, killed.as_secs_f64()),
            ]
        },
    );
    table.extend(small);
    let mut aims = table.ratios(FIRST.name, FIRST, Some(1.0), Bound::AtMost(0.3));
    aims.extend(table.ratios(AGAIN.name, AGAIN, Some(1.0), Bound::AtMost(0.3)));
    aims.extend(table.ratios(LARGE.name, LARGE, Some(1.0), Bound::AtMost(0.5)));
    aims.extend(table.ratios(
        LARGE_KILLED.name,
        LARGE_KILLED,
        Some(1.0),
        Bound::AtMost(0.5),
    ));
    (table, aims)
}
