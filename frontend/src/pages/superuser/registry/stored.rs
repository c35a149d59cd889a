//! How much the registry holds. It is counted for who asks, so the page does not wait for it.

use cynic::QueryBuilder;
use leptos::prelude::*;

use crate::{api::use_api, components::ask, fragments::BigInt, i18n::*, schema, text};

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query")]
struct StoredQuery {
    administration: Option<Administration>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Administration {
    usage: RegistryUsage,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct RegistryUsage {
    bytes: BigInt,
    blob_count: BigInt,
}

/// The sum, and where it is told by namespace.
#[component]
pub(super) fn Stored() -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let found = ask(move || api.run(StoredQuery::build(())));
    let sum = move || match found.get() {
        None => "…".to_owned(),
        Some(Ok(data)) => {
            let usage = data
                .administration
                .map(|administration| administration.usage);
            let numbers = usage.and_then(|usage| numbers(&usage));
            numbers.map_or_else(
                || "–".to_owned(),
                |(size, blobs)| t_string!(i18n, registry.stored_text, size = size, count = blobs),
            )
        }
        Some(Err(_)) => "–".to_owned(),
    };
    view! {
        <span aria-live="polite">{sum}</span>
        " "
        <a href="/organization">{words!(i18n, registry.by_namespace)}</a>
    }
}

fn numbers(usage: &RegistryUsage) -> Option<(String, u64)> {
    let size = text::size(usage.bytes.0.parse().ok()?);
    Some((size, usage.blob_count.0.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_too_large_for_javascript_are_read() {
        let usage = |bytes: &str| RegistryUsage {
            bytes: BigInt(bytes.into()),
            blob_count: BigInt("9007199254740993".into()),
        };
        assert_eq!(
            numbers(&usage("9007199254740993")),
            Some(("8.0 PiB".into(), 9_007_199_254_740_993))
        );
        assert_eq!(numbers(&usage("many")), None);
    }
}
