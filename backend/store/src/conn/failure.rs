//! What a failure of the database is to the rest of the product.

use berth_domain::Error;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// The database is not to be had.
pub(super) fn unavailable<E>(error: E) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    Error::unavailable("the database", error)
}

/// What databases say without a kind of its own when nothing is wrong with the query.
const UNAVAILABLE: [&str; 7] = [
    "canceling statement due to statement timeout",
    "deadlock detected",
    "database is locked",
    "disk I/O error",
    "readonly database",
    "shutting down",
    "terminating connection",
];

/// What a failed query is to the rest of the product.
pub(crate) fn db_error(error: DieselError) -> Error {
    if let DieselError::DatabaseError(kind, info) = &error {
        let message = info.message();
        match kind {
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::SerializationFailure
            | DatabaseErrorKind::ReadOnlyTransaction
            | DatabaseErrorKind::ForeignKeyViolation => {
                return Error::unavailable("the database", error);
            }
            _ if message.contains("disk is full") || message.contains("No space left") => {
                return Error::StorageFull {
                    source: Box::new(error),
                };
            }
            _ if UNAVAILABLE.iter().any(|text| message.contains(text)) => {
                return Error::unavailable("the database", error);
            }
            // PostgreSQL has no NUL in text and JSON, SQLite does.
            _ if message.contains("invalid byte sequence for encoding")
                || message.contains("unsupported Unicode escape sequence") =>
            {
                return Error::invalid_value(
                    "text holds the character NUL, which is not kept here",
                );
            }
            _ => {}
        }
    }
    Error::internal(error)
}

/// Whether a transaction that failed may come through when it is run again.
pub(super) fn is_retryable(error: &Error) -> bool {
    let Error::Unavailable { source, .. } = error else {
        return false;
    };
    if source.is::<LostRace>() {
        return true;
    }
    match source.downcast_ref::<DieselError>() {
        // A row that the body found was collected before it was named: the next run sees it gone.
        Some(DieselError::DatabaseError(
            DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::ForeignKeyViolation,
            _,
        )) => true,
        Some(DieselError::DatabaseError(_, info)) => info.message().contains("deadlock detected"),
        _ => false,
    }
}

/// A transaction that saw a row which is gone now; [`Db::write`](super::Db::write) runs it again.
pub(crate) fn lost_race(what: &'static str) -> Error {
    Error::unavailable("the database", LostRace(what))
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct LostRace(&'static str);

/// True when a write broke a unique constraint; the caller knows which.
pub(crate) fn is_unique_violation(error: &DieselError) -> bool {
    matches!(
        error,
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)
    )
}

#[cfg(test)]
mod tests {
    use berth_domain::Result;
    use diesel::sqlite::SqliteConnection;
    use diesel::{Connection, RunQueryDsl};
    use diesel_async::SimpleAsyncConnection;

    use super::super::{Conn, Db, DbConfig};
    use super::*;
    use crate::{facts, migrations};

    async fn sqlite(folder: &tempfile::TempDir) -> Db {
        let path = folder.path().join("berth.db");
        let db = Db::connect(&DbConfig::Sqlite { path, readers: 1 }).await;
        let db = db.expect("SQLite opens");
        migrations::run(&db).await.expect("SQLite migrates");
        db
    }

    /// Runs a statement on the one writer.
    async fn on_writer(db: &Db, statement: &str) {
        let Ok(Conn::Lite(mut writer)) = db.read_write().await else {
            panic!("not SQLite")
        };
        writer.batch_execute(statement).await.expect("it runs");
    }

    async fn set(db: &Db, value: &str) -> Result<()> {
        db.write(async |tx| facts::set(tx, "a fact", value).await)
            .await
    }

    async fn fact(db: &Db) -> Option<String> {
        let mut conn = db.read().await.expect("a reader");
        facts::get(&mut conn, "a fact").await.expect("it is read")
    }

    /// What PostgreSQL sends without a kind of its own.
    fn postgres(message: &str) -> Error {
        let message = Box::new(message.to_owned());
        db_error(DieselError::DatabaseError(
            DatabaseErrorKind::Unknown,
            message,
        ))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_that_takes_no_writes_is_unavailable_and_recovers() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = sqlite(&folder).await;
        set(&db, "before").await.expect("it is written");
        on_writer(&db, "pragma query_only=on").await;
        let refused = set(&db, "meanwhile").await;
        assert!(
            matches!(refused, Err(Error::Unavailable { .. })),
            "{refused:?}"
        );
        assert_eq!(fact(&db).await.as_deref(), Some("before"));
        on_writer(&db, "pragma query_only=off").await;
        set(&db, "after").await.expect("it is written");
        assert_eq!(fact(&db).await.as_deref(), Some("after"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_that_is_read_only_is_unavailable() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(sqlite(&folder).await);
        let url = format!("file:{}/berth.db?mode=ro", folder.path().display());
        let mut conn = SqliteConnection::establish(&url).expect("it opens");
        let error = diesel::sql_query(
            "insert into registry_facts (name, value) values ('a fact', 'a value')",
        )
        .execute(&mut conn)
        .expect_err("nothing is written");
        let error = db_error(error);
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_without_room_is_full_and_recovers() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = sqlite(&folder).await;
        set(&db, "before").await.expect("it is written");
        // No smaller than it is: not a page more.
        on_writer(&db, "pragma max_page_count=1").await;
        let refused = set(&db, &"x".repeat(1 << 20)).await;
        assert!(
            matches!(refused, Err(Error::StorageFull { .. })),
            "{refused:?}"
        );
        assert_eq!(fact(&db).await.as_deref(), Some("before"));
        on_writer(&db, "pragma max_page_count=1000000").await;
        set(&db, &"x".repeat(1 << 20)).await.expect("there is room");
    }

    #[test]
    fn a_postgresql_without_room_is_full() {
        for message in [
            "could not extend file \"base/16384/16397\": No space left on device",
            "could not write to file \"pg_wal/xlogtemp.42\": No space left on device",
        ] {
            let error = postgres(message);
            assert!(matches!(error, Error::StorageFull { .. }), "{error:?}");
        }
    }

    #[test]
    fn a_postgresql_that_gives_up_is_unavailable_and_a_wrong_query_is_not() {
        for message in [
            "canceling statement due to statement timeout",
            "terminating connection due to administrator command",
            "the database system is shutting down",
        ] {
            let error = postgres(message);
            assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
        }
        let error = postgres("column \"nobody\" does not exist");
        assert!(matches!(error, Error::Internal { .. }), "{error:?}");
    }
}
