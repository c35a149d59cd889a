//! A choice between a few ways of looking at something.

use leptos::prelude::*;

/// A group of buttons of which one is pressed.
#[component]
pub(crate) fn ToggleGroup(
    /// What is chosen.
    #[prop(into)]
    label: Signal<String>,
    /// Keys and words, in order.
    options: Vec<(&'static str, Signal<String>)>,
    /// The key of the pressed one.
    #[prop(into)]
    current: Signal<String>,
    /// Called with the key of another one.
    on_change: Callback<&'static str>,
) -> impl IntoView {
    view! {
        <div class="pf-v6-c-toggle-group" role="group" aria-label=move || label.get()>
            {options
                .into_iter()
                .map(|(key, text)| {
                    let is_current = move || current.get() == key;
                    view! {
                        <div class="pf-v6-c-toggle-group__item">
                            <button
                                type="button"
                                class="pf-v6-c-toggle-group__button"
                                class:pf-m-selected=is_current
                                aria-pressed=move || is_current().to_string()
                                on:click=move |_| on_change.run(key)
                            >
                                <span class="pf-v6-c-toggle-group__text">{move || text.get()}</span>
                            </button>
                        </div>
                    }
                })
                .collect_view()}
        </div>
    }
}
