//! Long lists: a page, and a token for the next one while there is more. The token is sealed; one that is
//! two days old, of another list or made up means the first page.

use std::str::FromStr;

use berth_domain::{Page, PageRequest, Result};

use crate::call::Call;

/// Pages of a list that the API tells at once, which has no place for a token of the next one.
pub(crate) const PAGES_MAX: usize = 100;

/// A list that the API tells at once, by the key of its entries: 10,000 of them at most.
pub(crate) async fn whole<T, K, F>(
    key: impl Fn(&T) -> K,
    page: impl Fn(PageRequest<K>) -> F,
) -> Result<Vec<T>>
where
    F: Future<Output = Result<Page<T>>>,
{
    let (mut entries, mut after) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let found = page(PageRequest::new(after, PageRequest::<()>::LIMIT_MAX)).await?;
        after = found.items.last().map(&key);
        entries.extend(found.items);
        if !found.has_more {
            break;
        }
    }
    Ok(entries)
}

/// Entries of a page.
pub(crate) const LIMIT: usize = 100;

/// The page that a call asks for.
pub(crate) fn request<K: FromStr>(call: &Call, list: &str) -> PageRequest<K> {
    let token = call.query.text("next_page");
    let place = token.and_then(|token| call.services.open_place(list, token));
    let after = place.and_then(|place| place.parse().ok());
    PageRequest::new(after, LIMIT)
}

/// The token of the page behind this one, where there is one.
pub(crate) fn next<T, K: ToString>(
    call: &Call,
    list: &str,
    page: &Page<T>,
    key: impl Fn(&T) -> K,
) -> Option<String> {
    let last = page.items.last().filter(|_| page.has_more)?;
    Some(call.services.seal_place(list, &key(last).to_string()))
}
