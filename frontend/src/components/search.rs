//! Search in a list.

use std::time::Duration;

use icondata_lu as lu;
use leptos::{html::Input, leptos_dom::helpers::TimeoutHandle, prelude::*};

use super::{Icon, use_list_url};
use crate::i18n::*;

/// Typing waits this long before it searches.
const PAUSE: Duration = Duration::from_millis(300);

/// A search box bound to `?q=`. `/` moves the focus here.
#[component]
pub(crate) fn SearchInput(
    /// What is searched.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    let url = use_list_url();
    let typed = RwSignal::new(url.search_untracked());
    // Back and forward change the URL under the box.
    Effect::new(move |_| {
        let search = url.search();
        if typed.get_untracked().trim() != search {
            typed.set(search);
        }
    });
    let on_search = Callback::new(move |text: String| url.set_search(&text));
    view! { <SearchBox id="search" label typed on_search/> }
}

/// A search box. `Enter` in it sends no form.
#[component]
pub(crate) fn SearchBox(
    /// Unique on the page.
    id: &'static str,
    /// What is searched.
    #[prop(into)]
    label: Signal<String>,
    /// What is typed.
    typed: RwSignal<String>,
    /// Called with it after a pause.
    on_search: Callback<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    let input = NodeRef::<Input>::new();
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(Some(timer)) = timer.try_update_value(Option::take) {
            timer.clear();
        }
    };
    on_cleanup(cancel);
    let on_input = move |event| {
        let text = event_target_value(&event);
        typed.set(text.clone());
        cancel();
        let handle = set_timeout_with_handle(move || on_search.run(text.trim().to_owned()), PAUSE);
        timer.set_value(handle.ok());
    };
    view! {
        <div class="pf-v6-c-text-input-group berth-search" role="search">
            <div class="pf-v6-c-text-input-group__main pf-m-icon">
                <span class="pf-v6-c-text-input-group__text">
                    <span class="pf-v6-c-text-input-group__icon">
                        <Icon icon=lu::LuSearch/>
                    </span>
                    <input
                        class="pf-v6-c-text-input-group__text-input"
                        type="search"
                        id=id
                        name=id
                        autocomplete="off"
                        spellcheck="false"
                        node_ref=input
                        aria-label=move || label.get()
                        placeholder=move || label.get()
                        prop:value=move || typed.get()
                        on:input=on_input
                        on:keydown=move |event| {
                            if event.key() == "Enter" {
                                event.prevent_default();
                            }
                        }
                    />
                </span>
            </div>
            {move || {
                (!typed.get().is_empty())
                    .then(|| {
                        view! {
                            <div class="pf-v6-c-text-input-group__utilities">
                                <button
                                    type="button"
                                    class="pf-v6-c-button pf-m-plain"
                                    aria-label=words!(i18n, common.clear_search)
                                    on:click=move |_| {
                                        cancel();
                                        typed.set(String::new());
                                        on_search.run(String::new());
                                        if let Some(input) = input.get_untracked() {
                                            let _ = input.focus();
                                        }
                                    }
                                >
                                    <span class="pf-v6-c-button__icon">
                                        <Icon icon=lu::LuX/>
                                    </span>
                                </button>
                            </div>
                        }
                    })
            }}
        </div>
    }
}
