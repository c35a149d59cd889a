//! Buttons and links that look like them.

use icondata_core::Icon as Data;
use leptos::{ev::MouseEvent, prelude::*};

use super::Icon;

/// How much a button stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ButtonKind {
    Primary,
    Secondary,
    Danger,
    Link,
    Plain,
}

impl ButtonKind {
    const fn class(self) -> &'static str {
        match self {
            Self::Primary => "pf-v6-c-button pf-m-primary",
            Self::Secondary => "pf-v6-c-button pf-m-secondary",
            Self::Danger => "pf-v6-c-button pf-m-danger",
            Self::Link => "pf-v6-c-button pf-m-link",
            Self::Plain => "pf-v6-c-button pf-m-plain",
        }
    }
}

/// A button; while busy it keeps its width, shows a spinner and takes no second press.
#[component]
pub(crate) fn Button(
    /// How it looks.
    #[prop(default = ButtonKind::Secondary)]
    kind: ButtonKind,
    /// Before the words.
    #[prop(optional_no_strip)]
    icon: Option<Data>,
    /// What a press does; a submit button needs none.
    #[prop(optional)]
    on_click: Option<Callback<MouseEvent>>,
    /// True where it submits the form around it.
    #[prop(optional)]
    submit: bool,
    /// True while its work is under way.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// True where it cannot be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Says what it does where the words alone do not, or where there is only a picture.
    #[prop(optional, into)]
    label: MaybeProp<String>,
    /// The words.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <button
            type=if submit { "submit" } else { "button" }
            class=kind.class()
            class:pf-m-progress=move || busy.get()
            class:pf-m-in-progress=move || busy.get()
            disabled=move || disabled.get()
            aria-disabled=move || busy.get().then_some("true")
            aria-label=move || label.get()
            title=move || children_title(kind, label.get())
            on:click=move |event| {
                if busy.get_untracked() {
                    event.prevent_default();
                } else if let Some(on_click) = on_click {
                    on_click.run(event);
                }
            }
        >
            {move || {
                busy.get()
                    .then(|| {
                        view! {
                            <span class="pf-v6-c-button__progress">
                                <svg class="pf-v6-c-spinner pf-m-md" viewBox="0 0 100 100" aria-hidden="true">
                                    <circle class="pf-v6-c-spinner__path" cx="50" cy="50" r="45" fill="none"></circle>
                                </svg>
                            </span>
                        }
                    })
            }}
            {icon.map(|icon| view! { <span class="pf-v6-c-button__icon pf-m-start"><Icon icon/></span> })}
            {children.map(|children| view! { <span class="pf-v6-c-button__text">{children()}</span> })}
        </button>
    }
}

/// A picture alone needs a tooltip; words do not.
fn children_title(kind: ButtonKind, label: Option<String>) -> Option<String> {
    label.filter(|_| kind == ButtonKind::Plain)
}

/// A link that looks like a button.
#[component]
pub(crate) fn LinkButton(
    /// How it looks.
    #[prop(default = ButtonKind::Secondary)]
    kind: ButtonKind,
    /// Where it leads.
    #[prop(into)]
    href: Signal<String>,
    /// The words.
    children: Children,
) -> impl IntoView {
    view! {
        <a class=kind.class() href=move || href.get()>
            <span class="pf-v6-c-button__text">{children()}</span>
        </a>
    }
}
