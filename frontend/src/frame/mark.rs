//! Berth's mark: a bollard with a rope's loop, which reads as a *b*.

use leptos::prelude::*;

/// The mark; the name stands beside it.
#[component]
pub(crate) fn Mark() -> impl IntoView {
    view! {
        <svg class="berth-mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
            <rect class="berth-mark__ground" width="32" height="32" rx="7"></rect>
            <path class="berth-mark__bollard" d="M8.500 6h7.500v3.200h-1.300V24H18v2.600H6.500V24h3.300V9.200H8.500z"></path>
            <path
                class="berth-mark__rope"
                d="M14.700 14.700c5.800-2.600 10.600.1 10.600 4.600 0 4.300-4.800 6.300-8.300 4.700"
                fill="none"
                stroke-width="2.800"
                stroke-linecap="round"
            ></path>
        </svg>
    }
}
