//! Both databases hold the same tables, columns and indexes: the migrations say everything twice.

use std::collections::BTreeSet;

use berth_store::{Conn, migrations};
use berth_testkit::{Backend, TestDatabase};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;

#[derive(QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::struct_field_names, reason = "`column` alone is a word of SQL")]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Bool)]
    required: bool,
}

#[derive(QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Index {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    columns: String,
    #[diesel(sql_type = Bool)]
    is_unique: bool,
    #[diesel(sql_type = Bool)]
    is_partial: bool,
}

const SQLITE_COLUMNS: &str = "select m.name as table_name, c.name as column_name, \
    (c.\"notnull\" or c.pk > 0) as required from sqlite_master m, pragma_table_info(m.name) c \
    where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like '\\_\\_%' escape '\\'";

const POSTGRES_COLUMNS: &str = "select table_name::text, column_name::text, is_nullable = 'NO' as required \
    from information_schema.columns where table_schema = 'public' and table_name not like '\\_\\_%'";

const SQLITE_INDEXES: &str = "select m.name as table_name, \
    (select group_concat(coalesce(i.name, 'expression'), ',') from (select * from pragma_index_info(l.name) order by seqno) i) as columns, \
    l.\"unique\" as is_unique, l.partial as is_partial from sqlite_master m, pragma_index_list(m.name) l \
    where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like '\\_\\_%' escape '\\' \
    and not (l.origin = 'pk' and (select count(*) from pragma_index_info(l.name)) = 1)";

const POSTGRES_INDEXES: &str = "select t.relname::text as table_name, \
    (select string_agg(coalesce(a.attname, 'expression'), ',' order by k.place) \
       from unnest(i.indkey) with ordinality k(number, place) \
       left join pg_attribute a on a.attrelid = t.oid and a.attnum = k.number and k.number > 0)::text as columns, \
    i.indisunique as is_unique, i.indpred is not null as is_partial \
    from pg_index i join pg_class t on t.oid = i.indrelid join pg_namespace n on n.oid = t.relnamespace \
    where n.nspname = 'public' and t.relname not like '\\_\\_%' \
    and not (i.indisprimary and array_length(i.indkey::int[], 1) = 1)";

async fn columns(conn: &mut Conn) -> BTreeSet<Column> {
    let rows: Vec<Column> = match conn {
        Conn::Pg(c) => diesel::sql_query(POSTGRES_COLUMNS)
            .load(&mut **c)
            .await
            .unwrap(),
        Conn::Lite(c) => diesel::sql_query(SQLITE_COLUMNS)
            .load(&mut **c)
            .await
            .unwrap(),
    };
    rows.into_iter().collect()
}

/// Primary keys of one column are left out: on SQLite most of them are the row id, not an index.
async fn indexes(conn: &mut Conn) -> BTreeSet<Index> {
    let rows: Vec<Index> = match conn {
        Conn::Pg(c) => diesel::sql_query(POSTGRES_INDEXES)
            .load(&mut **c)
            .await
            .unwrap(),
        Conn::Lite(c) => diesel::sql_query(SQLITE_INDEXES)
            .load(&mut **c)
            .await
            .unwrap(),
    };
    rows.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_have_the_same_schema() {
    let Some(postgres) = TestDatabase::new(Backend::Postgres).await else {
        return;
    };
    let sqlite = TestDatabase::new(Backend::Sqlite).await.unwrap();
    {
        let mut left = sqlite.db.read().await.unwrap();
        let mut right = postgres.db.read().await.unwrap();
        let (ours, theirs) = (columns(&mut left).await, columns(&mut right).await);
        assert!(ours.len() > 100, "only {} columns were found", ours.len());
        let differ: Vec<_> = ours.symmetric_difference(&theirs).collect();
        assert!(differ.is_empty(), "columns differ: {differ:#?}");
        let (ours, theirs) = (indexes(&mut left).await, indexes(&mut right).await);
        assert!(ours.len() > 30, "only {} indexes were found", ours.len());
        let differ: Vec<_> = ours.symmetric_difference(&theirs).collect();
        assert!(differ.is_empty(), "indexes differ: {differ:#?}");
    }
    sqlite.close().await;
    postgres.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_foreign_key_of_postgresql_has_an_index() {
    #[derive(QueryableByName, Debug)]
    struct Missing {
        #[diesel(sql_type = Text)]
        #[expect(dead_code, reason = "shown when the test fails")]
        name: String,
    }
    let Some(postgres) = TestDatabase::new(Backend::Postgres).await else {
        return;
    };
    let query = "select c.conname::text as name from pg_constraint c where c.contype = 'f' and not exists \
        (select 1 from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1])";
    let missing: Vec<Missing> = {
        let mut conn = postgres.db.read().await.unwrap();
        let Conn::Pg(c) = &mut conn else {
            panic!("not PostgreSQL")
        };
        diesel::sql_query(query).load(&mut **c).await.unwrap()
    };
    assert!(missing.is_empty(), "{missing:?}");
    postgres.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_again_does_nothing() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(database) = TestDatabase::new(backend).await else {
            continue;
        };
        assert_eq!(migrations::run(&database.db).await.unwrap(), 0);
        let state = migrations::state(&database.db).await.unwrap();
        assert_eq!(state, migrations::SchemaState::Current);
        database.close().await;
    }
}
