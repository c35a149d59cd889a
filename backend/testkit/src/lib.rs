//! A whole registry for one test: either database, storage in memory, a clock that is turned by hand.
//!
//! `db_test!` writes a test once and runs it on SQLite and, where `BERTH_TEST_POSTGRES_URL` names a
//! server, on PostgreSQL.

#![expect(
    clippy::missing_panics_doc,
    reason = "what a test sets up panics where it fails"
)]

pub mod contract;
mod database;
pub mod faults;
pub mod images;
mod mailbox;
pub mod places;
pub mod power;
pub mod recorder;
mod registry;
pub mod smtp;

pub use database::TestDatabase;
pub use images::TestImage;
pub use mailbox::{Mailbox, with_mail};
pub use registry::{PASSWORD, TestRegistry, body, path_of};

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file in a temporary folder.
    Sqlite,
    /// A database of its own on the server of `BERTH_TEST_POSTGRES_URL`.
    Postgres,
}

/// Writes a test once and runs it on both databases, or `on sqlite;` or `on postgres;` alone what the other says
/// nothing new of, such as a folder beside PostgreSQL.
///
/// ```ignore
/// db_test!(async fn a_push_creates_the_repository(t: TestRegistry) { … });
/// db_test!(on sqlite; async fn a_push_into_a_folder_is_whole(t: TestRegistry) { … });
/// ```
#[macro_export]
macro_rules! db_test {
    (on sqlite; $(#[$meta:meta])* async fn $name:ident($t:ident: TestRegistry $(,)?) $body:block) => {
        $crate::db_test!(@module $(#[$meta])* $name $t $body;
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let t = $crate::TestRegistry::on($crate::Backend::Sqlite).await.expect("a registry");
                run(&t).await;
                t.close().await;
            }
        );
    };
    (on postgres; $(#[$meta:meta])* async fn $name:ident($t:ident: TestRegistry $(,)?) $body:block) => {
        $crate::db_test!(@module $(#[$meta])* $name $t $body;
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let Some(t) = $crate::TestRegistry::on($crate::Backend::Postgres).await else { return };
                run(&t).await;
                t.close().await;
            }
        );
    };
    ($(#[$meta:meta])* async fn $name:ident($t:ident: TestRegistry $(,)?) $body:block) => {
        $crate::db_test!(@module $(#[$meta])* $name $t $body;
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let t = $crate::TestRegistry::on($crate::Backend::Sqlite).await.expect("a registry");
                run(&t).await;
                t.close().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let Some(t) = $crate::TestRegistry::on($crate::Backend::Postgres).await else { return };
                run(&t).await;
                t.close().await;
            }
        );
    };
    (@module $(#[$meta:meta])* $name:ident $t:ident $body:block; $($test:item)+) => {
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing of its module")]
            use super::*;

            async fn run($t: &$crate::TestRegistry) $body

            $($test)+
        }
    };
}
