//! The configuration in force, by key.

use leptos::prelude::*;
use serde_json::Value;

use crate::{
    components::{
        Cell, Column, DataTable, ListTools, Listing, Pager, Row, SearchInput, use_list_url,
    },
    fragments::Json,
    i18n::*,
    pages::organizations::NothingFound,
};

/// A key and its value, as it is shown.
type Entry = (String, String);

/// The card *Configuration*: a table to search in. The server masked the secrets.
#[component]
pub(super) fn Configuration(
    /// Values by key; none where the server does not show them.
    values: Option<Json>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="berth-card" aria-labelledby="configuration-title">
            <h2 id="configuration-title">{words!(i18n, registry.configuration)}</h2>
            {match values {
                None => view! { <p class="berth-muted">{words!(i18n, registry.configuration_off)}</p> }.into_any(),
                Some(values) => view! { <Entries entries=entries(values.0)/> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Entries(entries: Vec<Entry>) -> impl IntoView {
    let (i18n, url) = (use_i18n(), use_list_url());
    let entries = StoredValue::new(entries);
    let listing = Listing::new(
        "configuration",
        "key",
        vec![
            Column::new("key", words!(i18n, registry.key)),
            Column::new("value", words!(i18n, registry.value)),
        ],
    );
    view! {
        <p class="berth-muted">{words!(i18n, registry.configuration_text)}</p>
        <div class="berth-toolbar">
            <SearchInput label=words!(i18n, registry.search)/>
            <ListTools listing/>
        </div>
        {move || {
            let rows = usize::try_from(url.rows()).unwrap_or(usize::MAX);
            let (search, after) = (url.search(), url.after());
            let page = entries.with_value(|entries| page(entries, &search, after.as_deref(), rows));
            if page.entries.is_empty() {
                return view! { <NothingFound/> }.into_any();
            }
            let total = i32::try_from(page.total).ok();
            let shown = page.entries.len();
            let rows: Vec<Row> = page.entries.into_iter().map(row).collect();
            view! {
                <DataTable listing label=words!(i18n, registry.configuration) rows total/>
                <Pager shown total next=page.next/>
            }
                .into_any()
        }}
    }
}

fn row((key, value): Entry) -> Row {
    let cells = vec![
        Cell::name(view! { <code>{key.clone()}</code> }, &key),
        Cell::name(view! { <code dir="auto">{value.clone()}</code> }, &value),
    ];
    Row::new(&key, &key, cells)
}

/// Keys in order, with values in a line each: a text as it is, anything else as JSON.
fn entries(values: Value) -> Vec<Entry> {
    let Value::Object(values) = values else {
        return Vec::new();
    };
    let mut entries: Vec<Entry> = values
        .into_iter()
        .map(|(key, value)| match value {
            Value::String(text) => (key, text),
            Value::Null => (key, "–".to_owned()),
            other => (key, other.to_string()),
        })
        .collect();
    entries.sort_unstable();
    entries
}

/// A page of what was searched.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    entries: Vec<Entry>,
    /// How many match in all.
    total: usize,
    /// Where the next page begins.
    next: Option<String>,
}

/// So many of the entries with all words in key or value, behind a key.
fn page(entries: &[Entry], search: &str, after: Option<&str>, rows: usize) -> Page {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let matches = |(key, value): &&Entry| {
        let text = format!("{key} {value}").to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let found: Vec<&Entry> = entries.iter().filter(matches).collect();
    let first = found.partition_point(|(key, _)| after.is_some_and(|after| key.as_str() <= after));
    let (passed, rest) = found.split_at(first);
    let shown: Vec<Entry> = rest.iter().copied().take(rows).cloned().collect();
    let has_more = rest.len() > shown.len();
    Page {
        next: shown
            .last()
            .filter(|_| has_more)
            .map(|(key, _)| key.clone()),
        total: passed.len() + rest.len(),
        entries: shown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn some() -> Vec<Entry> {
        entries(json!({
            "REGISTRY_TITLE": "Berth",
            "FEATURE_MAILING": true,
            "DB_URI": null,
            "SUPER_USERS": ["ann", "bob"],
        }))
    }

    fn keys(page: &Page) -> Vec<&str> {
        page.entries.iter().map(|(key, _)| key.as_str()).collect()
    }

    #[test]
    fn values_stand_in_a_line_each_in_the_order_of_their_keys() {
        let shown = [
            ("DB_URI", "–"),
            ("FEATURE_MAILING", "true"),
            ("REGISTRY_TITLE", "Berth"),
            ("SUPER_USERS", "[\"ann\",\"bob\"]"),
        ];
        let shown = shown.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(some(), shown);
        assert!(entries(json!("odd")).is_empty());
    }

    #[test]
    fn words_are_searched_in_keys_and_values_in_any_case() {
        let found = |search: &str| {
            let found = page(&some(), search, None, 20);
            assert_eq!(found.next, None);
            keys(&found).join(" ")
        };
        assert_eq!(found("mail"), "FEATURE_MAILING");
        assert_eq!(found("BOB ann"), "SUPER_USERS");
        assert_eq!(found("users berth"), "");
        assert_eq!(found("").split(' ').count(), 4);
    }

    #[test]
    fn pages_follow_each_other_by_key() {
        let all = some();
        let first = page(&all, "", None, 3);
        assert_eq!(
            keys(&first),
            ["DB_URI", "FEATURE_MAILING", "REGISTRY_TITLE"]
        );
        assert_eq!(
            (first.total, first.next.as_deref()),
            (4, Some("REGISTRY_TITLE"))
        );
        let last = page(&all, "", first.next.as_deref(), 3);
        assert_eq!(keys(&last), ["SUPER_USERS"]);
        assert_eq!((last.total, last.next), (4, None));
        // A key that is gone still has a place.
        assert_eq!(keys(&page(&all, "", Some("G"), 1)), ["REGISTRY_TITLE"]);
    }
}
