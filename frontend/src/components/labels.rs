//! Small values in cells: chips, sizes, instants.

use icondata_core::Icon as Data;
use icondata_lu as lu;
use leptos::prelude::*;

use super::Icon;
use crate::{
    fragments::{BigInt, DateTime},
    i18n::*,
    text,
};

/// A chip.
#[component]
pub(crate) fn Label(
    /// PatternFly's colour modifier, such as `pf-m-blue`.
    #[prop(optional)]
    color: &'static str,
    /// Before the words.
    #[prop(optional_no_strip)]
    icon: Option<Data>,
    /// The words.
    children: Children,
) -> impl IntoView {
    view! {
        <span class=format!("pf-v6-c-label pf-m-compact {color}")>
            <span class="pf-v6-c-label__content">
                {icon.map(|icon| view! { <span class="pf-v6-c-label__icon"><Icon icon/></span> })}
                <span class="pf-v6-c-label__text">{children()}</span>
            </span>
        </span>
    }
}

/// A filter that is on, with a button that takes it away.
#[component]
pub(crate) fn FilterChip(
    /// What is filtered.
    name: Signal<String>,
    /// By which value.
    value: Signal<String>,
    /// Takes it away.
    on_remove: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let words = move || format!("{}: {}", name.get(), value.get());
    view! {
        <span class="pf-v6-c-label pf-m-outline">
            <span class="pf-v6-c-label__content">
                <span class="pf-v6-c-label__text">{words}</span>
            </span>
            <span class="pf-v6-c-label__actions">
                <button
                    type="button"
                    class="pf-v6-c-button pf-m-no-padding pf-m-plain"
                    aria-label=move || t_string!(i18n, list.remove_filter, name = words())
                    on:click=move |_| on_remove.run(())
                >
                    <span class="pf-v6-c-button__icon">
                        <Icon icon=lu::LuX/>
                    </span>
                </button>
            </span>
        </span>
    }
}

/// Who may see a repository.
#[component]
pub(crate) fn VisibilityLabel(
    /// True where everybody may.
    public: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    if public {
        view! {
            <Label color="pf-m-blue" icon=Some(lu::LuGlobe)>
                {words!(i18n, repository.public)}
            </Label>
        }
        .into_any()
    } else {
        view! { <Label icon=Some(lu::LuLock)>{words!(i18n, repository.private)}</Label> }.into_any()
    }
}

/// A size, or a dash while it is not known.
#[component]
pub(crate) fn Size(
    /// Bytes as the schema writes them.
    bytes: Option<BigInt>,
) -> impl IntoView {
    match bytes.and_then(|bytes| bytes.0.parse().ok()) {
        Some(bytes) => view! { <span class="berth-number">{text::size(bytes)}</span> }.into_any(),
        None => "–".into_any(),
    }
}

/// An instant relative to now; in full where the pointer or the focus is.
#[component]
pub(crate) fn Time(
    /// When; a dash for never.
    at: Option<DateTime>,
) -> impl IntoView {
    let i18n = use_i18n();
    match at {
        None => "–".into_any(),
        Some(DateTime(at)) => {
            let (tip, words) = (at.clone(), at.clone());
            let exact = Signal::derive(move || text::exact(language(i18n), &tip));
            view! {
                <time
                    datetime=at
                    class="berth-tip"
                    title=move || exact.get()
                    data-tip=move || exact.get()
                    tabindex="0"
                >
                    {move || text::relative(language(i18n), &words)}
                </time>
            }
            .into_any()
        }
    }
}
