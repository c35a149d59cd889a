//! Pieces of statements that Diesel's query language cannot say.

use berth_domain::Result;
use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, db_error};

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
