//! Descriptions.

use leptos::prelude::*;

/// A description as its author meant it.
#[component]
pub(crate) fn Markdown(
    /// What the server made of the CommonMark: without scripts, styles and pictures.
    html: String,
) -> impl IntoView {
    view! { <div class="pf-v6-c-content berth-markdown" dir="auto" inner_html=html></div> }
}
