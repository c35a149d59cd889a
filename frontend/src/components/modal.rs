//! Dialogs over the page.

use icondata_lu as lu;
use leptos::{html::Dialog, prelude::*};
use wasm_bindgen::JsCast;

use super::{Button, ButtonKind};
use crate::i18n::*;

/// Where a dialog stands, and how much room it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// In the middle.
    Medium,
    /// In the middle, for what has columns.
    Large,
    /// At the edge, over the whole height.
    Drawer,
    /// The same, for what has columns.
    WideDrawer,
}

impl Shape {
    const fn class(self) -> &'static str {
        match self {
            Self::Medium => "pf-v6-c-modal-box pf-m-md",
            Self::Large => "pf-v6-c-modal-box pf-m-lg",
            Self::Drawer => "pf-v6-c-modal-box berth-drawer",
            Self::WideDrawer => "pf-v6-c-modal-box berth-drawer berth-drawer-wide",
        }
    }
}

/// A native modal dialog that is open while it is mounted. `Esc` and the cross call `on_close`, which unmounts it;
/// the browser keeps the focus inside and gives it back.
#[component]
pub(crate) fn Modal(
    /// Its heading and name.
    #[prop(into)]
    title: Signal<String>,
    /// Where it stands.
    #[prop(default = Shape::Medium)]
    shape: Shape,
    /// What takes it away.
    #[prop(into)]
    on_close: Callback<()>,
    /// Body and footer: `div.pf-v6-c-modal-box__body` and `footer.pf-v6-c-modal-box__footer`.
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    let dialog = NodeRef::<Dialog>::new();
    let opener = document().active_element();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get()
            && !dialog.open()
        {
            // Fails only for a dialog outside the document, which a mounted one is not.
            let _ = dialog.show_modal();
        }
    });
    let opener = StoredValue::new_local(opener);
    on_cleanup(move || {
        // Closed before it goes, since everything behind an open modal dialog refuses the focus.
        if let Some(dialog) = dialog.try_get_untracked().flatten() {
            dialog.close();
        }
        if let Some(Some(opener)) = opener.try_get_value()
            && let Some(opener) = opener.dyn_ref::<web_sys::HtmlElement>()
        {
            let _ = opener.focus();
        }
    });
    view! {
        <dialog
            class=shape.class()
            node_ref=dialog
            aria-label=move || title.get()
            // A browser may close a dialog without asking, when `Esc` is pressed again.
            on:close=move |_| {
                on_close.try_run(());
            }
            on:cancel=move |event: web_sys::Event| {
                event.prevent_default();
                on_close.run(());
            }
        >
            <div class="pf-v6-c-modal-box__close">
                <Button
                    kind=ButtonKind::Plain
                    icon=Some(lu::LuX)
                    label=words!(i18n, common.close)
                    on_click=Callback::new(move |_| on_close.run(()))
                />
            </div>
            <header class="pf-v6-c-modal-box__header">
                <div class="pf-v6-c-modal-box__header-main">
                    <h2 class="pf-v6-c-modal-box__title">{move || title.get()}</h2>
                </div>
            </header>
            {children()}
        </dialog>
    }
}

/// A dialog that shows something, such as what nobody can read again. Its one button takes it away.
#[component]
pub(crate) fn ShowDialog(
    /// Its heading and name.
    #[prop(into)]
    title: Signal<String>,
    /// What takes it away.
    on_close: Callback<()>,
    /// What it shows.
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    let dialog = view! {
        <Modal title on_close>
            <div class="pf-v6-c-modal-box__body">{children()}</div>
            <footer class="pf-v6-c-modal-box__footer">
                <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| on_close.run(()))>
                    {words!(i18n, common.close)}
                </Button>
            </footer>
        </Modal>
    };
    // Another type than that of a form's dialog, which it often follows. With the same one it would take over the
    // element, and be closed along with the form.
    (dialog, ())
}
