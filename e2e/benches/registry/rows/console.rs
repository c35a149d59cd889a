//! The first visit to the console, in a browser on a slow machine.

use berth_e2e::browser::{Browser, Look};

use super::metric;
use crate::report::{Aim, Bound, Metric, Table};
use crate::servers::{Contender, Kind};
use crate::{Scale, compare};

const BYTES: Metric = metric("over the wire, KiB", 1);
const USABLE: Metric = metric("until one can sign in, at a quarter of the processor, s", 2);
/// How much slower than this machine the visitor's is.
const SLOWER: f64 = 4.0;

pub(super) fn run(scale: &Scale) -> (Table, Vec<Aim>) {
    let table = compare(
        scale,
        &[Kind::Embedded],
        |_| (),
        |contender, (), _| {
            let (bytes, seconds) = scale.runtime.block_on(visit(contender));
            vec![(BYTES, bytes / 1024.0), (USABLE, seconds)]
        },
    );
    let mut aims = table.ratios(BYTES.name, BYTES, Some(1.0), Bound::AtMost(450.0));
    aims.extend(table.ratios(USABLE.name, USABLE, Some(1.0), Bound::AtMost(2.0)));
    (table, aims)
}

/// Bytes and seconds of a visit without anything in the cache.
async fn visit(contender: &Contender) -> (f64, f64) {
    let browser = Browser::start().await;
    let page = browser.open("about:blank", Look::DESKTOP).await;
    page.slow_down(SLOWER).await;
    let url = format!("{}/signin", contender.world().url());
    let usable = page.first_seen(&url, "form input#username").await;
    page.slow_down(1.0).await;
    let bytes = page.loaded().await.iter().map(|(_, bytes)| bytes).sum();
    page.close().await;
    browser.close().await;
    (bytes, usable.as_secs_f64())
}
