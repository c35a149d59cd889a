//! Pages of lists: cursors, and the two types that each list has.

use async_graphql::{Result, SimpleObject};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use berth_domain::{Error, PageRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::gql;

/// Rows of a page when `first` is left out.
pub(crate) const PAGE_DEFAULT: usize = 20;

/// Where a page begins and ends.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct PageInfo {
    /// Whether rows follow.
    pub(crate) has_next_page: bool,
    /// Whether rows were skipped by `after`.
    pub(crate) has_previous_page: bool,
    /// Cursor of the first row; null for an empty page.
    pub(crate) start_cursor: Option<String>,
    /// Cursor of the last row, for `after`; null for an empty page.
    pub(crate) end_cursor: Option<String>,
}

/// A cursor is the sort key of a row: pages neither skip nor repeat rows that come and go.
pub(crate) fn cursor(key: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

fn key<K: DeserializeOwned>(cursor: &str) -> berth_domain::Result<K> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| Error::invalid_value("this is not a cursor of this list").in_field("after"))
}

/// What `first` and `after` ask for.
pub(crate) fn request<K: DeserializeOwned>(
    first: Option<i32>,
    after: Option<String>,
) -> Result<PageRequest<K>> {
    let limit = match first.map(usize::try_from) {
        None => PAGE_DEFAULT,
        Some(Ok(limit)) if (1..=PageRequest::<K>::LIMIT_MAX).contains(&limit) => limit,
        Some(_) => {
            let max = PageRequest::<K>::LIMIT_MAX;
            let message = format!("`first` is a number from 1 to {max}");
            return Err(gql(Error::invalid_value(message).in_field("first")));
        }
    };
    let after = after.map(|cursor| key(&cursor)).transpose().map_err(gql)?;
    Ok(PageRequest { after, limit })
}

/// The facts of a page from the cursors of its rows.
pub(crate) fn page_info(
    skipped: bool,
    has_more: bool,
    first: Option<&String>,
    last: Option<&String>,
) -> PageInfo {
    PageInfo {
        has_next_page: has_more,
        has_previous_page: skipped,
        start_cursor: first.cloned(),
        end_cursor: last.cloned(),
    }
}

/// A count that fits the wire.
pub(crate) fn count(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Declares the two types of a list, and how a page of services becomes one.
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ty, $what:literal $(, $total_count:ident: $total:literal)?) => {
        #[doc = concat!("A page of ", $what, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $connection {
            /// The rows.
            pub(crate) nodes: Vec<$node>,
            /// The rows with their cursors.
            pub(crate) edges: Vec<$edge>,
            /// Where the page begins and ends.
            pub(crate) page_info: $crate::connection::PageInfo,
            $(
                #[doc = $total]
                pub(crate) $total_count: Option<i32>,
            )?
        }

        #[doc = concat!("One of ", $what, " and where it stands in the list.")]
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $edge {
            /// For `after`: the list goes on behind this row.
            pub(crate) cursor: String,
            /// The row.
            pub(crate) node: $node,
        }

        impl $connection {
            /// Renders rows with their cursors.
            pub(crate) fn new(
                skipped: bool,
                has_more: bool,
                rows: Vec<(String, $node)>,
                $( $total_count: Option<i32>, )?
            ) -> Self {
                let page_info = $crate::connection::page_info(
                    skipped,
                    has_more,
                    rows.first().map(|row| &row.0),
                    rows.last().map(|row| &row.0),
                );
                let nodes = rows.iter().map(|row| row.1.clone()).collect();
                let edges =
                    rows.into_iter().map(|(cursor, node)| $edge { cursor, node }).collect();
                Self {
                    nodes,
                    edges,
                    page_info,
                    $( $total_count, )?
                }
            }
        }
    };
}

pub(crate) use connection;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_gives_its_key_back_and_anything_else_is_refused() {
        let text = cursor(&("acme", 7));
        assert_eq!(key::<(String, i32)>(&text).unwrap(), ("acme".to_owned(), 7));
        assert!(key::<(String, i32)>("x").is_err());
        assert!(key::<i32>(&text).is_err());
    }

    #[test]
    fn a_page_has_1_to_100_rows() {
        for (first, good) in [
            (None, true),
            (Some(1), true),
            (Some(100), true),
            (Some(0), false),
            (Some(101), false),
            (Some(-1), false),
        ] {
            assert_eq!(request::<i32>(first, None).is_ok(), good, "{first:?}");
        }
    }
}
