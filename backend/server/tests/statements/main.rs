//! What is sent to the database: how many statements each request takes, and by which index each
//! statement finds its rows. Both are committed tables, so that a change of them is read in review.
//!
//! A binary of its own, since Diesel's instrumentation is one for the whole process.

// The future that answers a mutation holds those of all of them.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
#![expect(
    clippy::large_futures,
    reason = "a test awaits what it asks for where it is"
)]

mod applications;
mod database;
mod literals;
mod mail;
mod people;
mod plan;
mod postgres;
mod queries;
mod registry;
mod requests;
mod seed;
mod sqlite;
mod tables;
mod work;

use std::collections::BTreeMap;

use berth_testkit::Backend;

use crate::plan::Plan;
use crate::registry::{Asked, Registry};
use crate::tables::Table;

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_as_many_and_go_by_the_indexes_that_the_tables_say() {
    let (mut requests, mut plans) = (Table::default(), Table::default());
    let mut faults = Vec::new();
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(mut registry) = Registry::new(backend).await else {
            continue;
        };
        let r = &mut registry;
        let (mut asked, mut found) = (Vec::new(), BTreeMap::new());
        queries::reads(r).await;
        keep(r, &mut asked, &mut found).await;
        requests::of_v2(r).await;
        requests::pushes(r).await;
        Box::pin(requests::credentials(r)).await;
        Box::pin(requests::of_rest(r)).await;
        keep(r, &mut asked, &mut found).await;
        Box::pin(applications::applications(r)).await;
        keep(r, &mut asked, &mut found).await;
        Box::pin(people::people(r)).await;
        keep(r, &mut asked, &mut found).await;
        Box::pin(mail::mail(r)).await;
        keep(r, &mut asked, &mut found).await;
        queries::changes(r).await;
        keep(r, &mut asked, &mut found).await;
        work::periodic(r).await;
        keep(r, &mut asked, &mut found).await;
        let database = r.raw.name();
        faults.extend(growing(&asked));
        for of in &asked {
            let read = of.statements.iter().filter(|s| s.reads()).count();
            let written = of.statements.len() - read;
            requests.set(
                &of.what,
                database,
                format!("{read} read, {written} written"),
            );
        }
        for (statement, plan) in &found {
            plans.set(statement, database, plan.line());
            faults.extend(plan::fault(statement, database, plan, 1));
        }
        faults.extend(at_scale(r).await);
        registry.close().await;
    }
    requests.check("requests.txt");
    plans.check("plans.txt");
    assert!(faults.is_empty(), "{}", faults.concat());
}

/// Requests that differ only in how many rows they are about, and take more statements for more: to
/// read, or to do what reads only.
fn growing(asked: &[Asked]) -> Vec<String> {
    let reads = |what: &str| {
        let found = asked.iter().find(|asked| asked.what == what)?;
        Some(found.statements.iter().filter(|s| s.reads()).count())
    };
    let mut faults = Vec::new();
    for of in asked {
        for (few, many) in [("10 rows", "100 rows"), ("of 1", "of 50"), (" 1 ", " 50 ")] {
            let more = of.what.replacen(few, many, 1);
            if more != of.what && reads(&more) > reads(&of.what) {
                faults.push(format!(
                    "{more}: {:?} statements instead of {:?}\n",
                    reads(&more),
                    reads(&of.what)
                ));
            }
        }
    }
    faults
}

/// How many times as much as of some ten thousand repositories a statement may read of a hundred thousand: lists of one
/// namespace go through what is public in it, or what the caller has a role in (`docs/performance.md`).
const AT_SCALE: u64 = 8;

/// What lists take when there are a hundred thousand repositories: as many statements for a long page as for a short one,
/// and each of them by an index still, but for those that are owed a better plan. That a list takes no more statements
/// than of some ten thousand is not asked: that of members does (`docs/performance.md`).
async fn at_scale(r: &mut Registry) -> Vec<String> {
    seed::grow(&r.raw).await;
    queries::reads(r).await;
    let (mut asked, mut found) = (Vec::new(), BTreeMap::new());
    keep(r, &mut asked, &mut found).await;
    let mut faults = growing(&asked);
    let database = r.raw.name();
    for (statement, plan) in &found {
        faults.extend(plan::fault(statement, database, plan, AT_SCALE));
    }
    let at_scale = |fault: String| format!("of 100,000 repositories, {fault}");
    faults.into_iter().map(at_scale).collect()
}

/// Asks the database how it went about what was just sent.
async fn keep(r: &mut Registry, asked: &mut Vec<Asked>, found: &mut BTreeMap<String, Plan>) {
    for of in r.take() {
        for statement in &of.statements {
            let general = literals::generalized(statement);
            if !general.contains(" where ") {
                continue;
            }
            let plan = r.raw.explain(statement).await;
            let known = found.entry(general).or_default();
            known.ways.extend(plan.ways);
            known.scans.extend(plan.scans);
            known.work = known.work.max(plan.work);
        }
        if of.what != "-" {
            asked.push(of);
        }
    }
}
