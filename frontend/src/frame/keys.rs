//! Keys that work on every page, and the list of them.

use leptos::{ev, prelude::*};
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;

use crate::{components::Modal, i18n::*};

/// Listens for `/`, `g o`, `g r` and `?`; shows the list when `open`.
#[component]
pub(crate) fn Shortcuts(
    /// Whether the list is shown.
    open: RwSignal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let navigate = use_navigate();
    let after_g = StoredValue::new(false);
    let handle = window_event_listener(ev::keydown, move |event| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() || is_typing(&event) {
            return;
        }
        let key = event.key();
        let went = after_g.get_value();
        after_g.set_value(key == "g");
        let target = match (went, key.as_str()) {
            (true, "o") => Some("/organization"),
            (true, "r") => Some("/repository"),
            _ => None,
        };
        if let Some(target) = target {
            navigate(target, leptos_router::NavigateOptions::default());
        } else if key == "?" {
            event.prevent_default();
            open.set(true);
        } else if key == "/"
            && let Some(search) = document().get_element_by_id("search")
            && let Some(search) = search.dyn_ref::<web_sys::HtmlElement>()
        {
            event.prevent_default();
            let _ = search.focus();
        }
    });
    on_cleanup(move || handle.remove());
    let line = move |keys: &'static [&'static str], text: Signal<String>| {
        view! {
            <div class="berth-keys__line">
                <dt>{keys.iter().map(|key| view! { <kbd>{*key}</kbd> " " }).collect_view()}</dt>
                <dd>{move || text.get()}</dd>
            </div>
        }
    };
    view! {
        <Show when=move || open.get()>
            <Modal
                title=words!(i18n, keys.title)
                on_close=Callback::new(move |()| open.set(false))
            >
                <div class="pf-v6-c-modal-box__body">
                    <dl class="berth-keys">
                        {line(&["/"], words!(i18n, keys.search))}
                        {line(&["g", "o"], words!(i18n, nav.organizations))}
                        {line(&["g", "r"], words!(i18n, nav.repositories))}
                        {line(&["?"], words!(i18n, keys.title))}
                        {line(&["Esc"], words!(i18n, keys.close))}
                    </dl>
                </div>
            </Modal>
        </Show>
    }
}

/// True in an input and under an open dialog.
fn is_typing(event: &web_sys::KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| {
        target
            .closest("input, textarea, select, dialog, [popover]")
            .ok()
            .flatten()
            .is_some()
    })
}
