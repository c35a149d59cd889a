//! What a team is for, in words.

use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{Button, ButtonKind, FormDialog, TextArea, use_toasts},
    i18n::*,
    pages::namespace::{describe, is_team_description},
    work::Work,
};

/// The description, with a button that changes it.
#[component]
pub(super) fn Description(
    /// Id of the team.
    id: String,
    /// The description.
    text: String,
    /// Whether the viewer may change it.
    may_manage: bool,
    /// Reads the team again.
    refetch: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let editing = RwSignal::new(false);
    let is_empty = text.is_empty();
    let (id, shown) = (StoredValue::new(id), text.clone());
    let text = StoredValue::new(text);
    view! {
        <div class="berth-row berth-gap-below">
            {if is_empty {
                view! { <p class="berth-muted">{words!(i18n, teams.no_description)}</p> }.into_any()
            } else {
                view! { <p class="berth-name" dir="auto">{shown}</p> }.into_any()
            }}
            {may_manage
                .then(|| {
                    view! {
                        <Button kind=ButtonKind::Link on_click=Callback::new(move |_| editing.set(true))>
                            {words!(i18n, repository.edit_description)}
                        </Button>
                    }
                })}
        </div>
        <Show when=move || editing.get()>
            <EditDescription
                id=id.get_value()
                text=text.get_value()
                on_close=Callback::new(move |()| editing.set(false))
                on_done=Callback::new(move |()| {
                    editing.set(false);
                    refetch.run(());
                })
            />
        </Show>
    }
}

#[component]
fn EditDescription(
    id: String,
    text: String,
    on_close: Callback<()>,
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let typed = RwSignal::new(text);
    let work = Work::new();
    let on_submit = Callback::new(move |()| {
        let description = typed.get_untracked().trim().to_owned();
        work.start(describe(api, &id, description), move |()| {
            toasts.success(tu_string!(i18n, repository.description_saved));
            on_done.try_run(());
        });
    });
    let error = Signal::derive(move || {
        let long = typed.with(|text| !is_team_description(text));
        long.then(|| t_string!(i18n, teams.description_rule).to_owned())
    });
    view! {
        <FormDialog
            title=words!(i18n, repository.edit_description)
            work
            error=work.error
            action=words!(i18n, common.save)
            ready=Signal::derive(move || typed.with(|text| is_team_description(text)))
            on_submit
            on_close
        >
            <TextArea
                id="team-description"
                label=words!(i18n, teams.description)
                value=typed
                error
                autofocus=true
            />
        </FormDialog>
    }
}
