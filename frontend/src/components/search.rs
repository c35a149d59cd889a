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
    let i18n = use_i18n();
    let url = use_list_url();
    let input = NodeRef::<Input>::new();
    let typed = RwSignal::new(url.search_untracked());
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(Some(timer)) = timer.try_update_value(Option::take) {
            timer.clear();
        }
    };
    on_cleanup(cancel);
    // Back and forward change the URL under the box.
    Effect::new(move |_| {
        let search = url.search();
        if typed.get_untracked().trim() != search {
            typed.set(search);
        }
    });
    let on_input = move |event| {
        let text = event_target_value(&event);
        typed.set(text.clone());
        cancel();
        let handle = set_timeout_with_handle(move || url.set_search(text.trim()), PAUSE);
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
                        id="search"
                        name="search"
                        autocomplete="off"
                        spellcheck="false"
                        node_ref=input
                        aria-label=move || label.get()
                        placeholder=move || label.get()
                        prop:value=move || typed.get()
                        on:input=on_input
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
                                        url.set_search("");
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
