//! *Generate Token*: which scopes, and for whom.

use berth_domain::Scope;
use cynic::MutationBuilder;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::Key;
use crate::{
    api::{ApiError, ErrorClass, use_api},
    components::{
        EntityKind, EntityPicker, FormDialog, Lookup, Picked, ScopeChoices, joined_scopes,
        use_toasts,
    },
    i18n::*,
    paths::{self, Question},
    schema,
    work::Work,
};

/// Who may be asked to authorize an application.
const USERS: &[EntityKind] = &[EntityKind::User];

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    client_id: String,
    username: String,
    scope: String,
    redirect_uri: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Assign {
    #[arguments(input: {
        clientId: $client_id,
        username: $username,
        scope: $scope,
        redirectUri: $redirect_uri,
        responseType: TOKEN
    })]
    assign_token: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "AssignTokenPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    assignment: Assigned,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "AssignedAuthorization")]
#[expect(dead_code, reason = "only the success matters")]
struct Assigned {
    uuid: String,
}

/// Which scopes, and for whom. A token of the viewer's own is consented to on the page for it, which shows it after.
#[component]
pub(super) fn GenerateToken(
    /// Of which application.
    application: Key,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let navigate = use_navigate();
    let Key { client_id, name } = application;
    let chosen = RwSignal::new(Vec::<Scope>::new());
    let for_other = RwSignal::new(false);
    let user = Picked::new();
    // The question that is asked before another user is bothered.
    let asking = RwSignal::new(false);
    let work = Work::new();
    let own = window().location().origin().unwrap_or_default();
    let redirect_uri = format!("{own}{}", paths::LOCAL_APP);
    let other = move || user.text();
    let ready = Signal::derive(move || {
        !chosen.with(Vec::is_empty) && (!for_other.get() || !other().is_empty())
    });
    let words = Callback::new(move |error: ApiError| match error.class {
        ErrorClass::NotFound => Some(t_string!(i18n, applications.unknown_user).to_owned()),
        ErrorClass::FeatureOff => Some(t_string!(i18n, applications.assign_off).to_owned()),
        _ => None,
    });
    let on_submit = Callback::new(move |()| {
        let scope = chosen.with_untracked(|chosen| joined_scopes(chosen));
        if !for_other.get_untracked() {
            let question = Question {
                client_id: &client_id,
                redirect_uri: &redirect_uri,
                scope: &scope,
                response_type: "token",
                assignment: "",
            };
            navigate(&paths::authorize(question), NavigateOptions::default());
            return;
        }
        if !asking.get_untracked() {
            asking.set(true);
            return;
        }
        let variables = Variables {
            client_id: client_id.clone(),
            username: untrack(other),
            scope,
            redirect_uri: redirect_uri.clone(),
        };
        work.start(api.done(Assign::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, applications.assigned));
            on_close.try_run(());
        });
    });
    let action = Signal::derive(move || {
        if for_other.get() {
            t_string!(i18n, applications.assign)
        } else {
            t_string!(i18n, applications.generate_access)
        }
        .to_owned()
    });
    // What is asked is what is sent: another choice is asked about anew.
    Effect::new(move |_| {
        chosen.track();
        for_other.track();
        other();
        asking.set(false);
    });
    view! {
        <FormDialog
            title=Signal::derive(move || t_string!(i18n, applications.generate_title, name = name.clone()))
            work
            error=work.error
            words=Some(words)
            action
            ready
            on_submit
            on_close
        >
                        <ScopeChoices chosen/>
                        <fieldset class="berth-fieldset">
                            <legend class="pf-v6-c-form__label-text">{words!(i18n, applications.for_whom)}</legend>
                            <WhoChoice for_other value=false/>
                            <WhoChoice for_other value=true/>
                        </fieldset>
                        <Show when=move || for_other.get()>
                            <EntityPicker
                                id="token-user"
                                label=words!(i18n, signin.username)
                                hint=words!(i18n, applications.assign_hint)
                                required=true
                                lookup=Lookup { namespace: String::new(), kinds: USERS }
                                picked=user
                            />
                        </Show>
                        <div role="status">
                            <Show when=move || asking.get()>
                                <p>
                                    {move || {
                                        let scope = chosen.with(|chosen| joined_scopes(chosen));
                                        t_string!(i18n, applications.assign_ask, name = other(), scope = scope)
                                    }}
                                </p>
                            </Show>
                        </div>
        </FormDialog>
    }
}

#[component]
fn WhoChoice(for_other: RwSignal<bool>, value: bool) -> impl IntoView {
    let i18n = use_i18n();
    let id = if value { "token-other" } else { "token-own" };
    view! {
        <div class="pf-v6-c-radio">
            <input
                class="pf-v6-c-radio__input"
                type="radio"
                name="token-for"
                id=id
                prop:checked=move || for_other.get() == value
                on:change=move |_| for_other.set(value)
            />
            <label class="pf-v6-c-radio__label" for=id>
                {move || {
                    if value {
                        t_string!(i18n, applications.for_another)
                    } else {
                        t_string!(i18n, applications.for_me)
                    }
                }}
            </label>
        </div>
    }
}
