//! Menus behind a button.

use std::sync::atomic::{AtomicU32, Ordering};

use icondata_core::Icon as Data;
use icondata_lu as lu;
use leptos::{ev::KeyboardEvent, html, prelude::*};
use wasm_bindgen::{JsCast, JsValue};

use super::Icon;

static LAST_ID: AtomicU32 = AtomicU32::new(0);

/// An id for something that a button opens.
pub(super) fn new_id() -> String {
    format!("menu-{}", LAST_ID.fetch_add(1, Ordering::Relaxed))
}

/// Whether a `toggle` event says that something opened.
pub(super) fn opens(event: &web_sys::Event) -> bool {
    let state = js_sys::Reflect::get(event, &JsValue::from_str("newState")).ok();
    state.and_then(|state| state.as_string()).as_deref() == Some("open")
}

/// One line of a menu.
#[derive(Clone)]
pub(crate) enum MenuItem {
    /// Does something.
    Action {
        text: String,
        danger: bool,
        run: Callback<()>,
    },
    /// Leads somewhere.
    Link { text: String, href: String },
    /// What cannot be done now, and why.
    Off { text: String, reason: String },
    /// One of several or, with `many`, any of them; the chosen ones marked.
    Choice {
        text: String,
        chosen: bool,
        many: bool,
        run: Callback<()>,
    },
    /// What the next lines are about.
    Heading(String),
    /// A line between groups.
    Divider,
}

impl MenuItem {
    /// Does something.
    pub(crate) fn action(text: impl Into<String>, run: impl Fn() + Send + Sync + 'static) -> Self {
        Self::Action {
            text: text.into(),
            danger: false,
            run: Callback::new(move |()| run()),
        }
    }

    /// Does something that is asked about again.
    pub(crate) fn danger(text: impl Into<String>, run: impl Fn() + Send + Sync + 'static) -> Self {
        Self::Action {
            text: text.into(),
            danger: true,
            run: Callback::new(move |()| run()),
        }
    }

    /// Cannot be done now.
    pub(crate) fn off(text: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Off {
            text: text.into(),
            reason: reason.into(),
        }
    }

    /// Any of several.
    pub(crate) fn check(
        text: impl Into<String>,
        chosen: bool,
        run: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self::Choice {
            text: text.into(),
            chosen,
            many: true,
            run: Callback::new(move |()| run()),
        }
    }

    /// One of several.
    pub(crate) fn choice(
        text: impl Into<String>,
        chosen: bool,
        run: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self::Choice {
            text: text.into(),
            chosen,
            many: false,
            run: Callback::new(move |()| run()),
        }
    }
}

/// A button that opens a menu in the top layer. The arrow keys move, `Esc` closes and returns the focus.
#[component]
pub(crate) fn Menu(
    /// What the button says, or what readers call it where it shows only a picture.
    #[prop(into)]
    label: Signal<String>,
    /// The button's picture; with one the words are only for readers.
    #[prop(optional_no_strip)]
    icon: Option<Data>,
    /// Its lines, made when it opens.
    items: Callback<(), Vec<MenuItem>>,
    /// Instead of words: what stands on the button.
    #[prop(optional)]
    face: Option<AnyView>,
) -> impl IntoView {
    let id = new_id();
    let open = RwSignal::new(false);
    let button = NodeRef::<html::Button>::new();
    let popover = NodeRef::<html::Div>::new();
    let close = move || {
        if let Some(popover) = popover.get_untracked() {
            // Fails only when it is closed already.
            let _ = popover.hide_popover();
        }
    };
    let on_toggle = move |event: web_sys::Event| {
        let opened = opens(&event);
        open.set(opened);
        if opened {
            // The lines are rendered only after this event, and have no place or focus before.
            request_animation_frame(move || {
                place(button, popover);
                step(popover, 0, true);
            });
        }
    };
    let on_key = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => step(popover, 1, false),
            "ArrowUp" => step(popover, -1, false),
            "Home" => step(popover, 0, true),
            "End" => step(popover, -1, true),
            "Tab" => {
                close();
                return;
            }
            _ => return,
        }
        event.prevent_default();
    };
    let plain = icon.is_some() || face.is_some();
    view! {
        <button
            type="button"
            class="pf-v6-c-menu-toggle"
            class:pf-m-plain=plain
            class:pf-m-expanded=move || open.get()
            node_ref=button
            popovertarget=id.clone()
            aria-haspopup="menu"
            aria-expanded=move || open.get().to_string()
            aria-label=move || plain.then(|| label.get())
        >
            {match (icon, face) {
                (Some(icon), _) => {
                    view! { <span class="pf-v6-c-menu-toggle__icon"><Icon icon/></span> }.into_any()
                }
                (None, Some(face)) => view! { <span class="pf-v6-c-menu-toggle__text">{face}</span> }.into_any(),
                (None, None) => {
                    view! {
                        <span class="pf-v6-c-menu-toggle__text">{move || label.get()}</span>
                        <span class="pf-v6-c-menu-toggle__controls">
                            <span class="pf-v6-c-menu-toggle__toggle-icon">
                                <Icon icon=lu::LuChevronDown/>
                            </span>
                        </span>
                    }
                        .into_any()
                }
            }}
        </button>
        <div id=id class="pf-v6-c-menu berth-menu" popover="auto" node_ref=popover on:toggle=on_toggle on:keydown=on_key>
            {move || {
                open.get()
                    .then(|| {
                        view! {
                            <div class="pf-v6-c-menu__content">
                                <ul class="pf-v6-c-menu__list" role="menu" aria-label=move || label.get()>
                                    {items.run(()).into_iter().map(|item| line(item, close)).collect_view()}
                                </ul>
                            </div>
                        }
                    })
            }}
        </div>
    }
}

fn line(item: MenuItem, close: impl Fn() + Copy + Send + Sync + 'static) -> AnyView {
    match item {
        MenuItem::Divider => view! { <li class="pf-v6-c-divider" role="separator"></li> }.into_any(),
        MenuItem::Heading(text) => {
            view! { <li class="berth-menu__heading" role="presentation">{text}</li> }.into_any()
        }
        MenuItem::Link { text, href } => view! {
            <li class="pf-v6-c-menu__list-item" role="none">
                <a class="pf-v6-c-menu__item" role="menuitem" tabindex="-1" href=href on:click=move |_| close()>
                    <span class="pf-v6-c-menu__item-main">
                        <span class="pf-v6-c-menu__item-text">{text}</span>
                    </span>
                </a>
            </li>
        }
        .into_any(),
        MenuItem::Off { text, reason } => {
            let id = new_id();
            let described_by = id.clone();
            view! {
                <li class="pf-v6-c-menu__list-item pf-m-aria-disabled" role="none">
                    <button
                        type="button"
                        class="pf-v6-c-menu__item"
                        role="menuitem"
                        aria-disabled="true"
                        aria-describedby=described_by
                        tabindex="-1"
                    >
                        <span class="pf-v6-c-menu__item-main">
                            <span class="pf-v6-c-menu__item-text">{text}</span>
                        </span>
                    </button>
                    <span class="berth-menu__reason" id=id>
                        {reason}
                    </span>
                </li>
            }
            .into_any()
        }
        MenuItem::Action { text, danger, run } => view! {
            <li class="pf-v6-c-menu__list-item" class:pf-m-danger=danger role="none">
                <button
                    type="button"
                    class="pf-v6-c-menu__item"
                    role="menuitem"
                    tabindex="-1"
                    on:click=move |_| {
                        close();
                        run.run(());
                    }
                >
                    <span class="pf-v6-c-menu__item-main">
                        <span class="pf-v6-c-menu__item-text">{text}</span>
                    </span>
                </button>
            </li>
        }
        .into_any(),
        MenuItem::Choice { text, chosen, many, run } => view! {
            <li class="pf-v6-c-menu__list-item" role="none">
                <button
                    type="button"
                    class="pf-v6-c-menu__item"
                    class:pf-m-selected=chosen
                    role=if many { "menuitemcheckbox" } else { "menuitemradio" }
                    aria-checked=chosen.to_string()
                    tabindex="-1"
                    on:click=move |_| {
                        close();
                        run.run(());
                    }
                >
                    <span class="pf-v6-c-menu__item-main">
                        <span class="pf-v6-c-menu__item-text">{text}</span>
                        {chosen
                            .then(|| {
                                view! {
                                    <span class="pf-v6-c-menu__item-select-icon">
                                        <Icon icon=lu::LuCheck/>
                                    </span>
                                }
                            })}
                    </span>
                </button>
            </li>
        }
        .into_any(),
    }
}

/// Which edges of a panel and of what opened it stand in one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// Both of them: the panel is as wide as what opened it, or wider.
    Start,
    /// Where lines end.
    End,
}

/// Puts the menu below its button, or above where there is no room, inside the window.
pub(super) fn place(button: NodeRef<html::Button>, popover: NodeRef<html::Div>) {
    if let (Some(button), Some(popover)) = (button.get_untracked(), popover.get_untracked()) {
        place_at(&button, &popover, Edge::End);
    }
}

/// The same for any panel.
pub(super) fn place_at(anchor: &web_sys::Element, panel: &web_sys::HtmlElement, edge: Edge) {
    const GAP_PX: f64 = 4.0;
    let style = panel.style();
    // Setting a well-formed length cannot fail.
    let set = |property: &str, pixels: f64| {
        let _ = style.set_property(property, &format!("{pixels}px"));
    };
    let anchor = anchor.get_bounding_client_rect();
    if edge == Edge::Start {
        set("min-width", anchor.width());
    }
    let own = panel.get_bounding_client_rect();
    let size = |value: Result<JsValue, JsValue>| value.ok().and_then(|v| v.as_f64()).unwrap_or(0.0);
    let (width, height) = (size(window().inner_width()), size(window().inner_height()));
    let left = match edge {
        Edge::Start => anchor.left(),
        Edge::End => anchor.right() - own.width(),
    };
    set("left", left.max(GAP_PX).min(width - own.width() - GAP_PX));
    let below = anchor.bottom() + GAP_PX;
    let top = if below + own.height() > height - GAP_PX {
        (anchor.top() - own.height() - GAP_PX).max(GAP_PX)
    } else {
        below
    };
    set("top", top);
}

/// Moves the focus by so many lines, or from the edge: 0 the first, -1 the last.
fn step(popover: NodeRef<html::Div>, by: i32, from_edge: bool) {
    let Some(popover) = popover.get_untracked() else {
        return;
    };
    let Ok(lines) = popover.query_selector_all("[role^=menuitem]") else {
        return;
    };
    let lines: Vec<web_sys::HtmlElement> = (0..lines.length())
        .filter_map(|i| lines.get(i)?.dyn_into().ok())
        .collect();
    let count = i32::try_from(lines.len()).unwrap_or(0);
    if count == 0 {
        return;
    }
    let active = document().active_element();
    let at = lines
        .iter()
        .position(|line| {
            active
                .as_ref()
                .is_some_and(|active| line.is_same_node(Some(active)))
        })
        .and_then(|at| i32::try_from(at).ok());
    let next = match at {
        Some(at) if !from_edge => at + by,
        _ => by,
    };
    if let Some(line) = usize::try_from(next.rem_euclid(count))
        .ok()
        .and_then(|i| lines.get(i))
    {
        let _ = line.focus();
    }
}
