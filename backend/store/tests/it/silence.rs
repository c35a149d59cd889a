//! A PostgreSQL server that keeps its connections and says nothing: who asks is told so in bounded time, and
//! everything goes on when it speaks again.

use std::time::{Duration, Instant};

use berth_domain::{Error, Result, Secret};
use berth_store::{Conn, Db, DbConfig, facts};
use berth_testkit::{Backend, TestDatabase};
use diesel_async::RunQueryDsl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

/// What the URL says the server may be silent for, in seconds.
const SILENCE_S: u64 = 2;
/// An answer that nobody waits for in vain comes within this.
const ANSWER_MAX: Duration = Duration::from_secs(2 * SILENCE_S);

/// A way to the server that can be frozen: connections stay, and nothing passes.
struct Gate {
    port: u16,
    is_frozen: watch::Sender<bool>,
}

impl Gate {
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (is_frozen, seen) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass(from_client, to_server, seen.clone()));
                tokio::spawn(pass(from_server, to_client, seen.clone()));
            }
        });
        Self {
            port: own,
            is_frozen,
        }
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut seen: watch::Receiver<bool>) {
    let mut piece = vec![0; 4096];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        if seen.wait_for(|is_frozen| !is_frozen).await.is_err()
            || to.write_all(&piece[..length]).await.is_err()
        {
            return;
        }
    }
}

/// A database of the test's own behind a gate; `None` where no server is named.
async fn behind_a_gate() -> Option<(TestDatabase, Gate, Db)> {
    let database = TestDatabase::new(Backend::Postgres).await?;
    let mut url: Url = database.postgres_url()?.parse().unwrap();
    let gate = Gate::to(url.port().unwrap_or(5432)).await;
    url.set_port(Some(gate.port)).unwrap();
    url.set_query(Some(&format!(
        "sslmode=disable&tcp_user_timeout={SILENCE_S}"
    )));
    let config = DbConfig::Postgres {
        url: Secret::new(url.to_string()),
        connections: 2,
    };
    let db = Db::connect(&config).await.unwrap();
    Some((database, gate, db))
}

async fn set(db: &Db, value: &str) -> Result<()> {
    db.write(async |tx| facts::set(tx, "a fact", value).await)
        .await
}

async fn get(db: &Db) -> Result<Option<String>> {
    facts::get(&mut db.read().await?, "a fact").await
}

/// Waits in the server, as for a lock that nobody gives back.
async fn sleep(conn: &mut Conn, seconds: u64) -> Result<()> {
    let Conn::Pg(c) = conn else {
        panic!("not PostgreSQL")
    };
    let slept = diesel::sql_query(format!("select pg_sleep({seconds})"))
        .execute(&mut **c)
        .await;
    // As the store itself tells it, which is shown by what comes of the connection.
    slept.map(|_| ()).map_err(Error::internal)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_given_up_and_used_again_when_it_speaks() {
    let Some((database, gate, db)) = behind_a_gate().await else {
        return;
    };
    set(&db, "before").await.unwrap();
    // Both connections are open before.
    drop((db.read().await.unwrap(), db.read().await.unwrap()));
    gate.is_frozen.send_replace(true);
    let begun = Instant::now();
    let (written, read) = tokio::join!(set(&db, "meanwhile"), get(&db));
    assert!(
        matches!(written, Err(Error::Unavailable { .. })),
        "{written:?}"
    );
    assert!(matches!(read, Err(Error::Unavailable { .. })), "{read:?}");
    assert!(begun.elapsed() < ANSWER_MAX, "{:?}", begun.elapsed());
    assert_eq!(db.in_use(), 0, "their connections are given up");
    gate.is_frozen.send_replace(false);
    let begun = Instant::now();
    set(&db, "after").await.unwrap();
    assert_eq!(get(&db).await.unwrap().as_deref(), Some("after"));
    assert!(begun.elapsed() < ANSWER_MAX, "{:?}", begun.elapsed());
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_a_connection_and_says_nothing_is_given_up() {
    let Some((database, gate, db)) = behind_a_gate().await else {
        return;
    };
    gate.is_frozen.send_replace(true);
    let mut url: Url = database.postgres_url().unwrap().parse().unwrap();
    url.set_port(Some(gate.port)).unwrap();
    url.set_query(Some(&format!(
        "sslmode=disable&tcp_user_timeout={SILENCE_S}"
    )));
    let config = DbConfig::Postgres {
        url: Secret::new(url.to_string()),
        connections: 2,
    };
    let begun = Instant::now();
    let refused = Db::connect(&config).await.err().expect("nothing is said");
    assert!(matches!(refused, Error::Unavailable { .. }), "{refused:?}");
    assert!(begun.elapsed() < ANSWER_MAX, "{:?}", begun.elapsed());
    drop(db);
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_ended_by_the_server_and_a_batch_is_not() {
    let Some((database, _gate, db)) = behind_a_gate().await else {
        return;
    };
    set(&db, "before").await.unwrap();
    let begun = Instant::now();
    let cut = db
        .write(async |tx| sleep(tx, 4 * SILENCE_S).await)
        .await
        .unwrap_err();
    assert!(format!("{cut:?}").contains("statement timeout"), "{cut:?}");
    assert!(begun.elapsed() < ANSWER_MAX, "{:?}", begun.elapsed());
    let mut conn = db.read().await.unwrap();
    assert!(sleep(&mut conn, 4 * SILENCE_S).await.is_err());
    // The connection is as good as before.
    assert_eq!(
        facts::get(&mut conn, "a fact").await.unwrap().as_deref(),
        Some("before")
    );
    drop(conn);
    let batch = db.write_alone(async |tx| {
        sleep(tx, 2 * SILENCE_S).await?;
        facts::set(tx, "a fact", "after").await
    });
    batch.await.unwrap();
    assert_eq!(get(&db).await.unwrap().as_deref(), Some("after"));
    // It was let take its time alone: the next transaction on its connection has the usual limit.
    for _ in 0..2 {
        let cut = db.write(async |tx| sleep(tx, 4 * SILENCE_S).await).await;
        assert!(cut.is_err());
    }
    database.close().await;
}
