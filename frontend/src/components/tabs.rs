//! Tabs that the URL remembers.

use leptos::{ev::KeyboardEvent, prelude::*};
use wasm_bindgen::JsCast;

use super::use_list_url;

/// One tab.
#[derive(Clone)]
pub(crate) struct Tab {
    /// What the URL calls it.
    pub(crate) key: &'static str,
    /// Its words.
    pub(crate) text: Signal<String>,
}

/// A row of tabs bound to `?tab=`; the panel below has the id `tabpanel`. Arrow keys move between them.
#[component]
pub(crate) fn Tabs(
    /// What the row is called.
    #[prop(into)]
    label: Signal<String>,
    /// In order; the first is the default.
    tabs: Vec<Tab>,
    /// The open one.
    #[prop(into)]
    current: Signal<String>,
    /// Keys of the URL that outlive a change of tab.
    #[prop(optional)]
    keep: &'static [&'static str],
) -> impl IntoView {
    let url = use_list_url();
    let keys: Vec<_> = tabs.iter().map(|tab| tab.key).collect();
    let keys = StoredValue::new(keys);
    let open = move |key: &'static str| url.open_tab(key, keep);
    let on_key = move |event: KeyboardEvent| {
        let step: isize = match event.key().as_str() {
            "ArrowRight" => 1,
            "ArrowLeft" => -1,
            _ => return,
        };
        event.prevent_default();
        let next = keys.with_value(|keys| {
            let at = keys
                .iter()
                .position(|key| *key == current.get_untracked())
                .unwrap_or(0);
            keys[at.wrapping_add_signed(step + keys.len().cast_signed()) % keys.len()]
        });
        open(next);
        if let Ok(Some(node)) = document().query_selector(&format!("#tab-{next}"))
            && let Some(node) = node.dyn_ref::<web_sys::HtmlElement>()
        {
            let _ = node.focus();
        }
    };
    view! {
        <div class="pf-v6-c-tabs berth-tabs">
            <ul class="pf-v6-c-tabs__list" role="tablist" aria-label=move || label.get() on:keydown=on_key>
                {tabs
                    .into_iter()
                    .map(|tab| {
                        let key = tab.key;
                        let is_current = move || current.get() == key;
                        view! {
                            <li class="pf-v6-c-tabs__item" class:pf-m-current=is_current role="presentation">
                                <button
                                    type="button"
                                    class="pf-v6-c-tabs__link"
                                    role="tab"
                                    id=format!("tab-{key}")
                                    aria-selected=move || is_current().to_string()
                                    aria-controls=move || is_current().then_some("tabpanel")
                                    tabindex=move || if is_current() { "0" } else { "-1" }
                                    on:click=move |_| open(key)
                                >
                                    <span class="pf-v6-c-tabs__item-text">{move || tab.text.get()}</span>
                                </button>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </div>
    }
}
