//! Inline pictures.

use icondata_core::Icon as Data;
use leptos::prelude::*;

/// A Lucide icon in the size and colour of the text; words stand beside it, so it is hidden from readers.
#[component]
pub(crate) fn Icon(
    /// Which one, from `icondata_lu`.
    icon: Data,
) -> impl IntoView {
    view! {
        <svg
            class="pf-v6-svg"
            aria-hidden="true"
            width="1em"
            height="1em"
            viewBox=icon.view_box
            fill=icon.fill.unwrap_or("none")
            stroke=icon.stroke
            stroke-width=icon.stroke_width
            stroke-linecap=icon.stroke_linecap
            stroke-linejoin=icon.stroke_linejoin
            inner_html=icon.data
        ></svg>
    }
}
