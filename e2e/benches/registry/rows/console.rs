//! The console in a browser on a slow machine.

use berth_e2e::browser::{Browser, Look};

use super::metric;
use crate::report::{Aim, Bound, Figures, Metric, Table};
use crate::servers::{Contender, Kind};
use crate::{Scale, compare};

const BYTES: Metric = metric("over the wire, KiB", 0);
const USABLE: Metric = metric(
    "until the sign-in page can be used, processor 4 times slower, s",
    2,
);
/// Resolves with the milliseconds since the navigation began, when there is a button to press.
const UNTIL_USABLE: &str = "new Promise(done => {
  const look = () => [...document.querySelectorAll('button')].some(b => b.textContent.trim() === 'Sign in' && !b.disabled)
    ? done(performance.now()) : setTimeout(look, 10);
  look();
})";
const LOADED: &str =
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .reduce((sum, entry) => sum + entry.transferSize, 0)";

pub(super) fn run(scale: &Scale) -> (Table, Vec<Aim>) {
    let table = compare(
        scale,
        &[Kind::Embedded],
        |_| (),
        |contender, (), _| scale.runtime.block_on(load(contender)),
    );
    let mut aims = table.ratios(BYTES.name, BYTES, Some(1.0), Bound::AtMost(450.0));
    aims.extend(table.ratios(USABLE.name, USABLE, Some(1.0), Bound::AtMost(2.0)));
    (table, aims)
}

/// A browser that has never seen the page.
async fn load(contender: &Contender) -> Figures {
    let browser = Browser::start().await;
    let page = browser.open("about:blank", Look::DESKTOP).await;
    page.slow_down(4.0).await;
    page.go(&format!("{}/signin", contender.world().url()))
        .await;
    let number = async |script: &str| page.evaluate(script).await.as_f64().expect("a number");
    let figures = vec![
        (USABLE, number(UNTIL_USABLE).await / 1e3),
        (BYTES, number(LOADED).await / 1024.0),
    ];
    page.close().await;
    browser.close().await;
    figures
}
