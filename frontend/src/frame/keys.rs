//! Keys that work on every page, and the list of them.

use leptos::{ev, prelude::*};
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;

use crate::{components::Modal, i18n::*};

/// Listens for `/`, `g o`, `g r`, `j`, `k`, `x` and `?`; shows the list when `open`.
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
        let step = match key.as_str() {
            "j" => Some(1),
            "k" => Some(-1),
            _ => None,
        };
        if let Some(step) = step {
            move_in_table(step);
        } else if key == "x" {
            choose_row();
        } else if let Some(target) = target {
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
                        {line(&["Ctrl K", "⌘ K"], words!(i18n, palette.title))}
                        {line(&["/"], words!(i18n, keys.search))}
                        {line(&["g", "o"], words!(i18n, nav.organizations))}
                        {line(&["g", "r"], words!(i18n, nav.repositories))}
                        {line(&["j", "k"], words!(i18n, keys.rows))}
                        {line(&["x"], words!(i18n, keys.choose))}
                        {line(&["Enter"], words!(i18n, keys.open))}
                        {line(&["?"], words!(i18n, keys.title))}
                        {line(&["Esc"], words!(i18n, keys.close))}
                    </dl>
                </div>
            </Modal>
        </Show>
    }
}

/// The rows of the page's list, and the one that has the focus.
fn rows() -> (Vec<web_sys::Element>, Option<usize>) {
    let Ok(list) = document().query_selector_all("main tbody tr") else {
        return (Vec::new(), None);
    };
    let rows: Vec<web_sys::Element> = (0..list.length())
        .filter_map(|i| list.get(i)?.dyn_into().ok())
        .collect();
    let active = document().active_element();
    let at = rows
        .iter()
        .position(|row| row.contains(active.as_ref().map(AsRef::as_ref)));
    (rows, at)
}

/// Moves the focus to what the next or the previous row leads to, which `Enter` then opens.
fn move_in_table(step: isize) {
    let (rows, at) = rows();
    let next = match at {
        Some(at) => at.saturating_add_signed(step).min(rows.len() - 1),
        None => 0,
    };
    let opener = rows
        .get(next)
        .and_then(|row| row.query_selector("td a, td button").ok().flatten());
    if let Some(opener) = opener.and_then(|opener| opener.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = opener.focus();
    }
}

/// Chooses the row that has the focus, or takes the choice back.
fn choose_row() {
    let (rows, at) = rows();
    let check = at
        .and_then(|at| rows.get(at))
        .and_then(|row| row.query_selector("input[type=checkbox]").ok().flatten());
    if let Some(check) = check.and_then(|check| check.dyn_into::<web_sys::HtmlElement>().ok()) {
        check.click();
    }
}

/// True in an input and under an open dialog.
fn is_typing(event: &web_sys::KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| {
        target
            .closest("input:not([type=checkbox]), textarea, select, dialog, [popover]")
            .ok()
            .flatten()
            .is_some()
    })
}
