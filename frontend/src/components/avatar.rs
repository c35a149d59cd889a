//! The picture of an account.

use leptos::prelude::*;

/// The account's first letter on its colour; the name stands beside it.
#[component]
pub(crate) fn Avatar(
    /// Whose.
    name: String,
    /// `#rrggbb`, as the server gives it.
    color: String,
) -> impl IntoView {
    let letter = name
        .chars()
        .next()
        .unwrap_or('?')
        .to_uppercase()
        .to_string();
    view! {
        <span class="berth-avatar" aria-hidden="true" data-letter=letter style:background-color=color></span>
    }
}
