//! The whole server, asked by every form of credentials for what is one's own, what is hidden and what is not
//! there. What is answered is a committed table that is reviewed as a difference. What is hidden differs in
//! nothing from what is absent: status, headers, body, the statements that an answer takes, and its time.
//!
//! A binary of its own, since Diesel's instrumentation is one for the whole process.

// The future that answers a mutation holds those of all of them.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../../../../graphql/tests/access/asked.rs"]
mod asked;
mod caller;
#[path = "../../../../graphql/tests/it/client.rs"]
#[expect(dead_code, reason = "the tests of the schema use all of it")]
mod client;
mod graphql;
mod outside;
mod rest;
mod site;
mod sweep;
mod time;

use std::path::Path;

use berth_testkit::Backend;
use tokio::sync::Mutex;

use crate::caller::Others;
use crate::site::Site;

/// One test at a time: what is sent is recorded for the whole process, and time is measured best alone.
static ALONE: Mutex<()> = Mutex::const_new(());

/// What every route, operation, type and change answers, on a database that is there.
async fn table(backend: Backend) -> Option<String> {
    let mut site = Site::on(backend).await?;
    let mut others = Others::new(&mut site).await;
    let mut questions = outside::questions(&mut site, &others).await;
    questions.extend(rest::questions(&mut site).await);
    questions.extend(graphql::questions(&site, &others).await);
    let table = Box::pin(sweep::sweep(&mut site, &mut others, questions)).await;
    site.t.close().await;
    Some(table)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_operation_and_field_answers_every_form_of_credentials_as_the_table_says() {
    let _alone = ALONE.lock().await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rights/rights.txt");
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(made) = Box::pin(table(backend)).await else {
            continue;
        };
        if std::env::var_os("BERTH_UPDATE_TABLES").is_some() && backend == Backend::Sqlite {
            std::fs::write(&file, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        let differs = kept.lines().zip(made.lines()).find(|(a, b)| a != b);
        assert_eq!(
            differs, None,
            "{backend:?}: review it, then run with BERTH_UPDATE_TABLES=1"
        );
        assert_eq!(kept.lines().count(), made.lines().count(), "{backend:?}");
    }
}
