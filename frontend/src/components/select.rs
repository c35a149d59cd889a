//! A choice from a list.

use icondata_lu as lu;
use leptos::prelude::*;

use super::Icon;

/// A native drop-down.
#[component]
pub(crate) fn Select(
    /// Unique on the page.
    #[prop(optional, into)]
    id: Option<String>,
    /// What readers call it, where no label points to it.
    #[prop(optional, into)]
    label: MaybeProp<String>,
    /// Values and their words.
    #[prop(into)]
    options: Signal<Vec<(String, String)>>,
    /// The chosen value.
    #[prop(into)]
    value: Signal<String>,
    /// Called with another choice.
    on_change: Callback<String>,
) -> impl IntoView {
    view! {
        <span class="pf-v6-c-form-control berth-select">
            <select
                id=id
                aria-label=move || label.get()
                prop:value=move || value.get()
                on:change=move |event| on_change.run(event_target_value(&event))
            >
                {move || {
                    options
                        .get()
                        .into_iter()
                        .map(|(key, text)| {
                            let chosen = key == value.get_untracked();
                            view! { <option value=key selected=chosen>{text}</option> }
                        })
                        .collect_view()
                }}
            </select>
            <span class="pf-v6-c-form-control__utilities">
                <span class="pf-v6-c-form-control__toggle-icon">
                    <Icon icon=lu::LuChevronDown/>
                </span>
            </span>
        </span>
    }
}
