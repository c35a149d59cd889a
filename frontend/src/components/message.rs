//! What superusers tell everybody.

use icondata_lu as lu;
use leptos::prelude::*;

use super::Icon;
use crate::{fragments::Severity, i18n::*};

/// The words for how loud a message is.
pub(crate) fn severity_words(i18n: I18n, severity: Severity) -> &'static str {
    match severity {
        Severity::Info => t_string!(i18n, messages.info),
        Severity::Warning => t_string!(i18n, messages.warning),
        Severity::Error => t_string!(i18n, messages.error),
    }
}

/// A message above a page: its text as it was written, or what Markdown makes of it.
#[component]
pub(crate) fn MessageBanner(
    /// How loud it is.
    #[prop(into)]
    severity: Signal<Severity>,
    /// Its text.
    #[prop(into)]
    content: Signal<String>,
    /// What the server made of Markdown: without scripts, styles and pictures. None for a text.
    #[prop(into)]
    html: Signal<Option<String>>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div
            class="berth-banner"
            class:berth-banner-info=move || severity.get() == Severity::Info
            class:berth-banner-danger=move || severity.get() == Severity::Error
        >
            {move || {
                let icon = match severity.get() {
                    Severity::Info => lu::LuInfo,
                    Severity::Warning => lu::LuTriangleAlert,
                    Severity::Error => lu::LuCircleAlert,
                };
                view! { <Icon icon/> }
            }}
            " "
            <span class="pf-v6-screen-reader">{move || format!("{}: ", severity_words(i18n, severity.get()))}</span>
            {move || match html.get() {
                Some(html) => view! { <div class="berth-banner__rich" dir="auto" inner_html=html></div> }.into_any(),
                None => view! { <span class="berth-banner__text" dir="auto">{content.get()}</span> }.into_any(),
            }}
        </div>
    }
}
