//! Pieces of statements that Diesel's query language cannot say.

use berth_domain::Result;
use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, QueryableByName};
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, db_error, statement};

/// Ids for an `in (…)`; an id that no row has where there are none. They are numbers of our own, so
/// writing them into the statement is safe.
pub(crate) fn id_list(ids: impl IntoIterator<Item = i64>) -> String {
    let list: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    if list.is_empty() {
        return "0".to_owned();
    }
    list.join(",")
}

/// A pattern for `like … escape '\'` that finds `text` anywhere, its own wildcards taken literally.
pub(crate) fn contains(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// The kind of an account `alias` in a statement that reaches it by its key.
pub(crate) fn kind_of(conn: &Conn, alias: &str) -> String {
    unindexed(conn, &format!("{alias}.kind"))
}

/// A column that a statement filters rows by which it reaches otherwise. SQLite, which knows no figures of its tables,
/// would walk all rows that the column's index has; `+` hides it from that.
pub(crate) fn unindexed(conn: &Conn, column: &str) -> String {
    match conn {
        Conn::Pg(_) => column.to_owned(),
        Conn::Lite(_) => format!("+{column}"),
    }
}

/// What every text that begins with this comes before; no character comes behind its last one.
pub(crate) fn beyond(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

/// The ids that a query finds, as a condition on a column. PostgreSQL takes an array for a few rows, whatever it holds, and
/// looks them up; as a plain join it may read all rows of the table beside some hundred ids.
pub(crate) fn among(conn: &Conn, column: &str, query: &str) -> String {
    match conn {
        Conn::Pg(_) => format!("{column} = any(array({query}))"),
        Conn::Lite(_) => format!("{column} in ({query})"),
    }
}

/// The bound texts in the order in which a statement first names them: SQLite numbers `$n` by occurrence.
fn in_order_of_occurrence<'a>(sql: &str, binds: &'a [String]) -> Vec<&'a str> {
    let mut seen: Vec<usize> = Vec::new();
    for rest in sql.split('$').skip(1) {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(number) = digits.parse()
            && !seen.contains(&number)
        {
            seen.push(number);
        }
    }
    seen.iter()
        .filter_map(|number| binds.get(number - 1).map(String::as_str))
        .collect()
}

/// Runs a statement with texts bound to it.
pub(crate) async fn load<R>(conn: &mut Conn, sql: &str, binds: &[String]) -> Result<Vec<R>>
where
    R: QueryableByName<Pg> + QueryableByName<Sqlite> + Send + 'static,
{
    statement().await.map_err(db_error)?;
    match conn {
        Conn::Pg(c) => {
            let mut query = diesel::sql_query(sql).into_boxed::<Pg>();
            for bind in binds {
                query = query.bind::<Text, _>(bind.as_str());
            }
            query.load(&mut **c).await
        }
        Conn::Lite(c) => {
            let mut query = diesel::sql_query(sql).into_boxed::<Sqlite>();
            for bind in in_order_of_occurrence(sql, binds) {
                query = query.bind::<Text, _>(bind);
            }
            query.load(&mut **c).await
        }
    }
    .map_err(db_error)
}

/// Runs a statement of our own making and returns how many rows it changed.
pub(crate) async fn execute(conn: &mut Conn, statement: &str) -> Result<usize> {
    on_backend!(conn, |c| diesel::sql_query(statement).execute(c).await).map_err(db_error)
}

/// A statement whose text is the same at each call, so that a connection prepares it once. Diesel takes all
/// text of our own for text that changes.
pub(crate) struct Fixed<Q>(pub(crate) Q);

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Fixed<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Fixed<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Fixed<Q> {
    type SqlType = Q::SqlType;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_search_are_letters() {
        assert_eq!(contains("a_b%c\\"), "%a\\_b\\%c\\\\%");
    }

    #[test]
    fn an_empty_list_matches_no_row() {
        assert_eq!(id_list([]), "0");
        assert_eq!(id_list([3, 1]), "3,1");
    }
}
