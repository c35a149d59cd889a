//! The command palette: opened from every page, with what it finds fetched when it is first opened.

mod hits;

use leptos::{ev, prelude::*};

use crate::{components::Modal, i18n::*, lazy::lazy_page};

/// What the dialog and what is in it share.
#[derive(Clone, Copy)]
struct State {
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Whether the list of shortcuts is open.
    shortcuts: RwSignal<bool>,
}

lazy_page!(Hits, palette, hits::PaletteHits);

/// Opens at `Ctrl K` and `⌘ K`, and when `open` says so.
#[component]
pub(crate) fn Palette(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Opens the list of shortcuts.
    shortcuts: RwSignal<bool>,
    /// True where there is nothing to go to.
    bare: Memo<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    provide_context(State { open, shortcuts });
    let handle = window_event_listener(ev::keydown, move |event| {
        let pressed = (event.ctrl_key() || event.meta_key())
            && !event.shift_key()
            && !event.alt_key()
            && event.key().eq_ignore_ascii_case("k");
        if !pressed || bare.get_untracked() {
            return;
        }
        event.prevent_default();
        // A form that is open keeps what was typed into it.
        let busy = document().query_selector("dialog[open]").ok().flatten();
        if busy.is_none() {
            open.set(true);
        }
    });
    on_cleanup(move || handle.remove());
    view! {
        <Show when=move || open.get()>
            <Modal title=words!(i18n, palette.title) on_close=Callback::new(move |()| open.set(false))>
                <div class="pf-v6-c-modal-box__body berth-palette">
                    <Hits/>
                </div>
            </Modal>
        </Show>
    }
}
