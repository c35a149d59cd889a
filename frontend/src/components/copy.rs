//! Things to copy: commands, digests, files.

use std::time::Duration;

use icondata_lu as lu;
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::Icon;
use crate::{i18n::*, text};

/// Puts text on the clipboard. Browsers give the clipboard only to secure pages; on plain HTTP a selection is copied.
pub(crate) async fn copy_text(text: String) {
    if window().is_secure_context() {
        // Refused by a policy of the browser: the text can still be selected by hand.
        let _ = JsFuture::from(window().navigator().clipboard().write_text(&text)).await;
        return;
    }
    let document = document();
    let host = document.query_selector("dialog[open]").ok().flatten();
    let Some(host) = host.or_else(|| document.body().map(Into::into)) else {
        return;
    };
    let Ok(area) = document.create_element("textarea") else {
        return;
    };
    let area: web_sys::HtmlTextAreaElement = area.unchecked_into();
    area.set_value(&text);
    area.set_class_name("pf-v6-screen-reader");
    if host.append_child(&area).is_ok() {
        area.select();
        if let Some(document) = document.dyn_ref::<web_sys::HtmlDocument>() {
            let _ = document.exec_command("copy");
        }
        area.remove();
    }
}

/// Copies and says so.
#[component]
pub(crate) fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// What the button says to readers; *Copy* by default.
    #[prop(optional, into)]
    label: MaybeProp<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    let copied = RwSignal::new(false);
    let words = move || {
        if copied.get() {
            t_string!(i18n, common.copied).to_owned()
        } else {
            label
                .get()
                .unwrap_or_else(|| t_string!(i18n, common.copy).to_owned())
        }
    };
    let on_click = move |_| {
        let text = text.get_untracked();
        spawn_local(async move {
            copy_text(text).await;
            copied.try_set(true);
            set_timeout(
                move || {
                    copied.try_set(false);
                },
                Duration::from_secs(2),
            );
        });
    };
    view! {
        <button
            type="button"
            class="pf-v6-c-button pf-m-plain pf-m-small berth-copy"
            class:berth-copied=move || copied.get()
            aria-label=words
            title=words
            on:click=on_click
        >
            <span class="pf-v6-c-button__icon">
                {move || {
                    if copied.get() {
                        view! { <Icon icon=lu::LuCheck/> }
                    } else {
                        view! { <Icon icon=lu::LuCopy/> }
                    }
                }}
            </span>
        </button>
        <span class="pf-v6-screen-reader" role="status">
            {move || copied.get().then(|| t_string!(i18n, common.copied))}
        </span>
    }
}

/// One command, with a button that copies it.
#[component]
pub(crate) fn CopyLine(
    /// What it does, above the command.
    #[prop(optional, into)]
    label: MaybeProp<String>,
    /// The command.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="berth-command">
            {move || label.get().map(|label| view! { <div class="berth-command__label">{label}</div> })}
            <div class="berth-command__box">
                <code class="berth-command__text" tabindex="0">{move || text.get()}</code>
                <CopyButton
                    text
                    label=Signal::derive(move || {
                        match label.get() {
                            Some(label) => format!("{}: {label}", t_string!(i18n, common.copy_command)),
                            None => t_string!(i18n, common.copy_command).to_owned(),
                        }
                    })
                />
            </div>
        </div>
    }
}

/// Several lines, to copy or to keep as a file.
#[component]
pub(crate) fn CodeBlock(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
    /// What readers call it.
    #[prop(into)]
    label: Signal<String>,
    /// The name of the file that *Download* makes.
    #[prop(optional, into)]
    file: Option<String>,
    /// What the file holds where the text shown was laid out for reading.
    #[prop(optional, into)]
    original: Option<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    let original = StoredValue::new(original);
    view! {
        <div class="pf-v6-c-code-block">
            <div class="pf-v6-c-code-block__header">
                <div class="pf-v6-c-code-block__actions">
                    <div class="pf-v6-c-code-block__actions-item">
                        <CopyButton text/>
                    </div>
                    {file
                        .map(|file| {
                            view! {
                                <div class="pf-v6-c-code-block__actions-item">
                                    <button
                                        type="button"
                                        class="pf-v6-c-button pf-m-plain pf-m-small"
                                        aria-label=words!(i18n, common.download)
                                        title=words!(i18n, common.download)
                                        on:click=move |_| {
                                            let text = original.get_value().unwrap_or_else(|| text.get_untracked());
                                            download(&file, &text);
                                        }
                                    >
                                        <span class="pf-v6-c-button__icon">
                                            <Icon icon=lu::LuDownload/>
                                        </span>
                                    </button>
                                </div>
                            }
                        })}
                </div>
            </div>
            <div class="pf-v6-c-code-block__content">
                <pre class="pf-v6-c-code-block__pre" tabindex="0" role="region" aria-label=move || label.get()>
                    <code class="pf-v6-c-code-block__code">{move || text.get()}</code>
                </pre>
            </div>
        </div>
    }
}

/// Hands a text to the browser as a file.
fn download(name: &str, text: &str) {
    let parts = js_sys::Array::of1(&text.into());
    let Ok(blob) = web_sys::Blob::new_with_str_sequence(&parts) else {
        return;
    };
    let Ok(address) = web_sys::Url::create_object_url_with_blob(&blob) else {
        return;
    };
    if let Ok(link) = document().create_element("a") {
        let link: web_sys::HtmlAnchorElement = link.unchecked_into();
        link.set_href(&address);
        link.set_download(name);
        // The router must not take this click for a page.
        link.set_rel("external");
        link.click();
    }
    let _ = web_sys::Url::revoke_object_url(&address);
}

/// A digest, short, with the whole in its title and on the clipboard.
#[component]
pub(crate) fn DigestText(
    /// `sha256:…`.
    digest: String,
    /// True where there is room for all of it.
    #[prop(optional)]
    full: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let shown = if full {
        digest.clone()
    } else {
        text::short_digest(&digest)
    };
    view! {
        <span class="berth-digest">
            <code class="berth-tip" title=digest.clone() data-tip=digest.clone() tabindex=(!full).then_some("0")>{shown}</code>
            <CopyButton text=digest label=words!(i18n, common.copy_digest)/>
        </span>
    }
}
