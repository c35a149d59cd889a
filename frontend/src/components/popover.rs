//! A panel behind a button.

use leptos::{html, prelude::*};

use super::menu::{new_id, opens, place};

/// A button that opens a panel in the top layer. `Esc` and a press elsewhere close it, and the browser gives the focus
/// back.
#[component]
pub(crate) fn Popover(
    /// What readers call the button.
    #[prop(into)]
    label: Signal<String>,
    /// What readers call the panel.
    #[prop(into)]
    title: Signal<String>,
    /// What stands on the button.
    face: AnyView,
    /// Whether it is open; false closes it.
    open: RwSignal<bool>,
    /// What is in the panel, made when it opens.
    children: ChildrenFn,
) -> impl IntoView {
    let id = new_id();
    let button = NodeRef::<html::Button>::new();
    let panel = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if !open.get()
            && let Some(panel) = panel.get_untracked()
        {
            // Fails only when it is closed already.
            let _ = panel.hide_popover();
        }
    });
    let on_toggle = move |event: web_sys::Event| {
        let opened = opens(&event);
        open.set(opened);
        if opened {
            // What is in it is rendered only after this event, and has no place before.
            request_animation_frame(move || {
                place(button, panel);
                if let Some(panel) = panel.get_untracked() {
                    let _ = panel.focus();
                }
            });
        }
    };
    let children = StoredValue::new(children);
    view! {
        <button
            type="button"
            class="pf-v6-c-menu-toggle pf-m-plain"
            class:pf-m-expanded=move || open.get()
            node_ref=button
            popovertarget=id.clone()
            aria-haspopup="dialog"
            aria-expanded=move || open.get().to_string()
            aria-label=move || label.get()
        >
            {face}
        </button>
        <div
            id=id
            class="pf-v6-c-menu berth-menu berth-popover"
            popover="auto"
            role="dialog"
            tabindex="-1"
            aria-label=move || title.get()
            node_ref=panel
            on:toggle=on_toggle
        >
            <Show when=move || open.get()>{children.with_value(|children| children())}</Show>
        </div>
    }
}
