//! SQLite's commits: shared by transactions that queue up, and each transaction still its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::{Error, Result};
use berth_store::{Db, DbConfig, facts, migrations};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Bytes of the log's header, and of that of each page in it (SQLite's file format, 4).
const LOG_HEADER_BYTES: usize = 32;
const PAGE_HEADER_BYTES: usize = 24;

struct Fixture {
    folder: TempDir,
    db: Db,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(&config(folder.path())).await.unwrap();
        migrations::run(&db).await.unwrap();
        Self { folder, db }
    }

    fn config(&self) -> DbConfig {
        config(self.folder.path())
    }

    /// Commits that are in the log: pages that carry the size of the database behind them.
    fn commits(&self) -> usize {
        commits(&self.folder.path().join("berth.db-wal"))
    }

    async fn fact(&self, name: &str) -> Option<String> {
        facts::get(&mut self.db.read().await.unwrap(), name)
            .await
            .unwrap()
    }

    /// Sets a fact once it may go on; has the turn until then.
    async fn hold(&self) -> (Arc<Semaphore>, JoinHandle<Result<()>>) {
        let go = Arc::new(Semaphore::new(0));
        let (db, wait) = (self.db.clone(), Arc::clone(&go));
        let task = tokio::spawn(async move {
            db.write(async |tx| {
                facts::set(tx, "held", "set").await?;
                drop(wait.acquire().await.map_err(Error::internal)?);
                Ok(())
            })
            .await
        });
        tokio::task::yield_now().await;
        (go, task)
    }

    /// Queues up to set a fact.
    async fn queue(&self, name: &str) -> JoinHandle<Result<()>> {
        let (db, name) = (self.db.clone(), name.to_owned());
        let task = tokio::spawn(async move {
            db.write(async |tx| facts::set(tx, &name, "set").await)
                .await
        });
        tokio::task::yield_now().await;
        task
    }
}

fn config(folder: &Path) -> DbConfig {
    DbConfig::Sqlite {
        path: folder.join("berth.db"),
        readers: 2,
    }
}

fn commits(log: &Path) -> usize {
    let log = std::fs::read(log).unwrap();
    let word = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let page_bytes = word(8) as usize;
    (LOG_HEADER_BYTES..log.len())
        .step_by(PAGE_HEADER_BYTES + page_bytes)
        .filter(|at| word(at + 4) != 0)
        .count()
}

async fn answer(task: JoinHandle<Result<()>>) -> Result<()> {
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, task).await.unwrap().unwrap()
}

#[tokio::test]
async fn transactions_that_queue_up_share_commits() {
    let t = Fixture::new().await;
    let before = t.commits();
    let (go, held) = t.hold().await;
    let mut queued = Vec::new();
    for n in 0..40 {
        queued.push(t.queue(&format!("n{n}")).await);
    }
    go.add_permits(1);
    answer(held).await.unwrap();
    for task in queued {
        answer(task).await.unwrap();
    }
    assert_eq!(t.fact("n39").await.as_deref(), Some("set"));
    let commits = t.commits() - before;
    assert!(commits <= 20, "{commits} commits for 41 transactions");
}

#[tokio::test]
async fn one_that_fails_undoes_itself_alone() {
    let t = Fixture::new().await;
    let (go, held) = t.hold().await;
    let first = t.queue("first").await;
    let db = t.db.clone();
    let failing = tokio::spawn(async move {
        db.write(async |tx| {
            facts::set(tx, "failing", "set").await?;
            Err::<(), _>(Error::conflict("no"))
        })
        .await
    });
    tokio::task::yield_now().await;
    let last = t.queue("last").await;
    go.add_permits(1);
    answer(held).await.unwrap();
    answer(first).await.unwrap();
    assert!(matches!(answer(failing).await, Err(Error::Conflict { .. })));
    answer(last).await.unwrap();
    assert_eq!(t.fact("first").await.as_deref(), Some("set"));
    assert_eq!(t.fact("last").await.as_deref(), Some("set"));
    assert_eq!(t.fact("failing").await, None);
}

#[tokio::test]
async fn one_that_is_dropped_half_way_takes_nobody_along() {
    let t = Fixture::new().await;
    for dropped in 0..3 {
        // In the queue stand one before, the one that will be dropped, and one behind.
        let (go, held) = t.hold().await;
        let before = t.queue(&format!("before{dropped}")).await;
        let (wait, db) = (Arc::new(Semaphore::new(0)), t.db.clone());
        let half_way = tokio::spawn(async move {
            db.write(async |tx| {
                facts::set(tx, "half", "set").await?;
                drop(wait.acquire().await.map_err(Error::internal)?);
                Ok(())
            })
            .await
        });
        tokio::task::yield_now().await;
        let behind = t.queue(&format!("behind{dropped}")).await;
        go.add_permits(1);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        half_way.abort();
        answer(held).await.unwrap();
        answer(before).await.unwrap();
        answer(behind).await.unwrap();
        assert!(t.fact(&format!("before{dropped}")).await.is_some());
        assert!(t.fact(&format!("behind{dropped}")).await.is_some());
        assert_eq!(t.fact("half").await, None);
    }
}

#[tokio::test]
async fn whoever_is_left_waiting_by_the_last_in_the_queue_is_answered() {
    let t = Fixture::new().await;
    let (go, held) = t.hold().await;
    let gives_up = t.queue("never").await;
    go.add_permits(1);
    // On this one thread `held` runs to its end only after the last in the queue was taken away.
    gives_up.abort();
    answer(held).await.unwrap();
    assert_eq!(t.fact("held").await.as_deref(), Some("set"));
    let (go, held) = t.hold().await;
    let gives_up = t.queue("never").await;
    go.add_permits(1);
    tokio::task::yield_now().await;
    gives_up.abort();
    answer(held).await.unwrap();
}

#[tokio::test]
async fn an_answer_means_that_another_process_sees_it() {
    let t = Fixture::new().await;
    let other = Db::connect(&t.config()).await.unwrap();
    let (go, held) = t.hold().await;
    let first = t.queue("first").await;
    let last = t.queue("last").await;
    go.add_permits(1);
    for (task, name) in [(held, "held"), (first, "first"), (last, "last")] {
        answer(task).await.unwrap();
        let mut conn = other.read().await.unwrap();
        assert!(facts::get(&mut conn, name).await.unwrap().is_some());
    }
    t.db.write_relaxed(async |tx| facts::set(tx, "relaxed", "set").await)
        .await
        .unwrap();
    t.db.write_alone(async |tx| facts::set(tx, "alone", "set").await)
        .await
        .unwrap();
    let mut conn = other.read().await.unwrap();
    assert!(facts::get(&mut conn, "relaxed").await.unwrap().is_some());
    assert!(facts::get(&mut conn, "alone").await.unwrap().is_some());
}

#[tokio::test]
async fn a_writer_waits_for_another_process_without_blocking_the_thread() {
    let t = Fixture::new().await;
    let other = Db::connect(&t.config()).await.unwrap();
    let (go, held) = t.hold().await;
    let waits = tokio::spawn(async move {
        other
            .write(async |tx| facts::set(tx, "other", "set").await)
            .await
    });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    // This thread is the only one: had the writer blocked it, nobody would come here.
    go.add_permits(1);
    answer(held).await.unwrap();
    answer(waits).await.unwrap();
    assert_eq!(t.fact("other").await.as_deref(), Some("set"));
}
