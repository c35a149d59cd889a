//! Client id and secret of an application.

use cynic::MutationBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use super::Key;
use crate::{
    api::use_api,
    components::{Button, ButtonKind, CopyLine, FormAlert, Icon, ShowDialog, use_toasts},
    i18n::*,
    schema,
    session::use_session,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    client_id: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Reset {
    #[arguments(input: { clientId: $client_id })]
    reset_application_secret: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "ResetApplicationSecretPayload")]
struct Payload {
    client_secret: String,
}

/// The dialog with client id and secret; the secret shows only when it is new.
#[component]
pub(super) fn Credentials(
    /// Of which application.
    application: Key,
    /// The secret, where it has just been made.
    secret: Option<String>,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n, session) = (use_api(), use_toasts(), use_i18n(), use_session());
    let Key { client_id, name } = application;
    let secret = RwSignal::new(secret);
    let asking = RwSignal::new(false);
    let work = Work::new();
    let shown_id = client_id.clone();
    let reset = Callback::new(move |_| {
        let variables = Variables {
            client_id: client_id.clone(),
        };
        work.start(api.run(Reset::build(variables)), move |data| {
            toasts.success(tu_string!(i18n, applications.secret_reset));
            secret.try_set(Some(data.reset_application_secret.client_secret));
            asking.try_set(false);
        });
    });
    let question = move || {
        view! {
            <div class="pf-v6-c-alert pf-m-warning pf-m-inline">
                <div class="pf-v6-c-alert__icon">
                    <Icon icon=lu::LuTriangleAlert/>
                </div>
                <p class="pf-v6-c-alert__title">{words!(i18n, applications.reset_ask)}</p>
                <div class="pf-v6-c-alert__action-group">
                    <Button kind=ButtonKind::Danger busy=work.busy on_click=reset>
                        {words!(i18n, applications.reset_confirm)}
                    </Button>
                    <Button kind=ButtonKind::Link on_click=Callback::new(move |_| asking.set(false))>
                        {words!(i18n, common.cancel)}
                    </Button>
                </div>
            </div>
        }
    };
    view! {
        <ShowDialog
            title=Signal::derive(move || t_string!(i18n, applications.credentials_title, name = name.clone()))
            on_close
        >
            <div class="berth-commands">
                <CopyLine label=words!(i18n, applications.client_id) text=Signal::stored(shown_id)/>
                {move || match secret.get() {
                    Some(secret) => {
                        view! {
                            <p role="status">{words!(i18n, applications.secret_once)}</p>
                            <CopyLine label=words!(i18n, applications.client_secret) text=Signal::stored(secret)/>
                        }
                            .into_any()
                    }
                    None => {
                        view! {
                            <div class="berth-command">
                                <div class="berth-command__label">{words!(i18n, applications.client_secret)}</div>
                                <div class="berth-command__box">
                                    <code class="berth-command__text" aria-hidden="true">{"•".repeat(32)}</code>
                                </div>
                            </div>
                            <p class="berth-muted">{words!(i18n, applications.secret_hidden)}</p>
                        }
                            .into_any()
                    }
                }}
                <FormAlert error=work.error/>
                {move || {
                    if session.registry().read_only {
                        ().into_any()
                    } else if asking.get() {
                        question().into_any()
                    } else {
                        view! {
                            <div>
                                <Button on_click=Callback::new(move |_| asking.set(true))>
                                    {words!(i18n, applications.reset)}
                                </Button>
                            </div>
                        }
                            .into_any()
                    }
                }}
            </div>
        </ShowDialog>
    }
}
