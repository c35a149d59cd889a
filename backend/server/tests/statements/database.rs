//! A connection of the test's own, and what each database says of a statement.

use berth_testkit::TestRegistry;
use tokio_postgres::NoTls;

use crate::literals;
use crate::plan::Plan;
use crate::{postgres, sqlite};
use berth_testkit::recorder::Statement;

/// A connection beside those of the services.
pub(crate) enum Raw {
    Postgres(tokio_postgres::Client),
    Sqlite(rusqlite::Connection),
}

impl Raw {
    pub(crate) async fn open(t: &TestRegistry) -> Self {
        if let Some(path) = t.database().sqlite_path() {
            let connection = rusqlite::Connection::open(path).expect("the file is there");
            return Self::Sqlite(connection);
        }
        let url = t.database().postgres_url().expect("one of both");
        let (client, connection) = tokio_postgres::connect(&url, NoTls)
            .await
            .expect("PostgreSQL answers");
        tokio::spawn(connection);
        // Rows on flash or in memory; the default is of turning disks.
        let setting = "set random_page_cost = 1.1";
        client.batch_execute(setting).await.expect(setting);
        Self::Postgres(client)
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "postgresql",
            Self::Sqlite(_) => "sqlite",
        }
    }

    pub(crate) async fn execute(&self, sql: &str) {
        match self {
            Self::Postgres(client) => client
                .batch_execute(sql)
                .await
                .unwrap_or_else(|e| panic!("{e:?}: {sql}")),
            Self::Sqlite(connection) => connection
                .execute_batch(sql)
                .unwrap_or_else(|e| panic!("{e}: {sql}")),
        }
    }

    /// The text that a query finds.
    pub(crate) async fn text(&self, sql: &str) -> Option<String> {
        match self {
            Self::Postgres(client) => client.query_one(sql, &[]).await.expect(sql).get(0),
            Self::Sqlite(connection) => connection.query_row(sql, [], |row| row.get(0)).expect(sql),
        }
    }

    /// Leaves foreign keys alone from now on: statements run again after those that followed them.
    pub(crate) async fn forget_foreign_keys(&self) {
        let setting = match self {
            Self::Postgres(_) => "set session_replication_role = replica",
            Self::Sqlite(_) => "pragma foreign_keys = off",
        };
        self.execute(setting).await;
    }

    /// Runs a statement, takes back what it did, and tells how it went about it.
    pub(crate) async fn explain(&self, statement: &Statement) -> Plan {
        let sql = literals::filled_in(statement);
        match self {
            Self::Postgres(client) => postgres::explain(client, &sql).await,
            Self::Sqlite(connection) => sqlite::explain(connection, &sql),
        }
    }
}
