//! Inputs with label, hint and error.

use icondata_lu as lu;
use leptos::prelude::*;

use super::{Icon, error_text};
use crate::{api::ApiError, i18n::*};

pub(super) fn described_by(id: &str, hint: bool, error: bool) -> Option<String> {
    (hint || error).then(|| format!("{id}-help"))
}

/// Label, control, hint and error of one input.
#[component]
pub(crate) fn FormGroup(
    /// The control's id.
    id: &'static str,
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// True where it may not be empty.
    #[prop(optional)]
    required: bool,
    /// Said below it.
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    /// Why it is refused.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// The control.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="pf-v6-c-form__group">
            <div class="pf-v6-c-form__group-label">
                <label class="pf-v6-c-form__label" for=id>
                    <span class="pf-v6-c-form__label-text">{move || label.get()}</span>
                    {required
                        .then(|| {
                            view! { <span class="pf-v6-c-form__label-required" aria-hidden="true">" *"</span> }
                        })}
                </label>
            </div>
            <div class="pf-v6-c-form__group-control">
                {children()}
                {move || {
                    let error = error.get();
                    let is_error = error.is_some();
                    error
                        .or_else(|| hint.get())
                        .map(|text| {
                            view! {
                                <div class="pf-v6-c-form__helper-text" aria-live="polite">
                                    <div class="pf-v6-c-helper-text" id=format!("{id}-help")>
                                        <div class="pf-v6-c-helper-text__item" class:pf-m-error=is_error>
                                            {is_error
                                                .then(|| {
                                                    view! {
                                                        <span class="pf-v6-c-helper-text__item-icon">
                                                            <Icon icon=lu::LuCircleAlert/>
                                                        </span>
                                                    }
                                                })}
                                            <span class="pf-v6-c-helper-text__item-text">{text}</span>
                                        </div>
                                    </div>
                                </div>
                            }
                        })
                }}
            </div>
        </div>
    }
}

/// One line of text.
#[component]
pub(crate) fn TextField(
    /// Unique on the page.
    id: &'static str,
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// What it holds.
    value: RwSignal<String>,
    /// Said below it.
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    /// Why it is refused.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// True where it may not be empty.
    #[prop(optional)]
    required: bool,
    /// `text`, `email`, …
    #[prop(default = "text")]
    kind: &'static str,
    /// What the browser may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// True where typing starts.
    #[prop(optional)]
    autofocus: bool,
) -> impl IntoView {
    view! {
        <FormGroup id label required hint error>
            <span class="pf-v6-c-form-control" class:pf-m-error=move || error.get().is_some()>
                <input
                    id=id
                    name=id
                    type=kind
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    autofocus=autofocus
                    required=required
                    aria-invalid=move || error.get().is_some().to_string()
                    aria-describedby=move || described_by(id, hint.get().is_some(), error.get().is_some())
                    prop:value=move || value.get()
                    on:input=move |event| value.set(event_target_value(&event))
                />
            </span>
        </FormGroup>
    }
}

/// Several lines of text.
#[component]
pub(crate) fn TextArea(
    /// Unique on the page.
    id: &'static str,
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// What it holds.
    value: RwSignal<String>,
    /// Said below it.
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    /// Why it is refused.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// True where it may not be empty.
    #[prop(optional)]
    required: bool,
    /// True where typing starts.
    #[prop(optional)]
    autofocus: bool,
    /// Lines shown.
    #[prop(default = 3)]
    rows: u32,
) -> impl IntoView {
    view! {
        <FormGroup id label required hint error>
            <span
                class="pf-v6-c-form-control pf-m-textarea pf-m-resize-vertical"
                class:pf-m-error=move || error.get().is_some()
            >
                <textarea
                    id=id
                    name=id
                    rows=rows
                    autofocus=autofocus
                    required=required
                    aria-invalid=move || error.get().is_some().to_string()
                    aria-describedby=move || described_by(id, hint.get().is_some(), error.get().is_some())
                    prop:value=move || value.get()
                    on:input=move |event| value.set(event_target_value(&event))
                ></textarea>
            </span>
        </FormGroup>
    }
}

/// A password, shown on demand.
#[component]
pub(crate) fn PasswordField(
    /// Unique on the page.
    id: &'static str,
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// What it holds.
    value: RwSignal<String>,
    /// Said below it.
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    /// Why it is refused.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// `current-password` or `new-password`.
    #[prop(default = "current-password")]
    autocomplete: &'static str,
    /// True where typing starts.
    #[prop(optional)]
    autofocus: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let shown = RwSignal::new(false);
    let toggle_label = Signal::derive(move || {
        if shown.get() {
            t_string!(i18n, common.hide_password).to_owned()
        } else {
            t_string!(i18n, common.show_password).to_owned()
        }
    });
    view! {
        <FormGroup id label required=true hint error>
            <div class="pf-v6-c-input-group">
                <div class="pf-v6-c-input-group__item pf-m-fill">
                    <span class="pf-v6-c-form-control" class:pf-m-error=move || error.get().is_some()>
                        <input
                            id=id
                            name=id
                            type=move || if shown.get() { "text" } else { "password" }
                            autocomplete=autocomplete
                            autofocus=autofocus
                            required
                            aria-invalid=move || error.get().is_some().to_string()
                            aria-describedby=move || described_by(id, hint.get().is_some(), error.get().is_some())
                            prop:value=move || value.get()
                            on:input=move |event| value.set(event_target_value(&event))
                        />
                    </span>
                </div>
                <div class="pf-v6-c-input-group__item">
                    <button
                        type="button"
                        class="pf-v6-c-button pf-m-control"
                        aria-label=move || toggle_label.get()
                        aria-pressed=move || shown.get().to_string()
                        on:click=move |_| shown.update(|shown| *shown = !*shown)
                    >
                        <span class="pf-v6-c-button__icon">
                            {move || {
                                if shown.get() {
                                    view! { <Icon icon=lu::LuEyeOff/> }
                                } else {
                                    view! { <Icon icon=lu::LuEye/> }
                                }
                            }}
                        </span>
                    </button>
                </div>
            </div>
        </FormGroup>
    }
}

/// Why the whole form was refused.
#[component]
pub(crate) fn FormAlert(
    /// The failure, without one that a field says.
    #[prop(into)]
    error: Signal<Option<ApiError>>,
    /// Words for some failures instead of those for their class.
    #[prop(optional_no_strip)]
    words: Option<Callback<ApiError, Option<String>>>,
    /// What did not work, above the reason.
    #[prop(optional, into)]
    title: MaybeProp<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    move || {
        error.get().map(|error| {
            let text = words
                .and_then(|words| words.run(error.clone()))
                .unwrap_or_else(|| error_text(i18n, &error));
            let (title, body) = match title.get() {
                Some(title) => (title, Some(text)),
                None => (text, None),
            };
            view! {
                <div class="pf-v6-c-alert pf-m-danger pf-m-inline" role="alert">
                    <div class="pf-v6-c-alert__icon">
                        <Icon icon=lu::LuCircleAlert/>
                    </div>
                    <p class="pf-v6-c-alert__title">{title}</p>
                    {body.map(|body| view! { <div class="pf-v6-c-alert__description"><p>{body}</p></div> })}
                </div>
            }
        })
    }
}
