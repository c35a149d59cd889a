//! The viewer's own account: names, address, passwords, sessions, its life as an organization, its end.

mod appearance;
mod convert;
mod email;
mod encrypted;
mod names;
mod user_name;

use cynic::MutationBuilder;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{password::ChangePassword, sessions::Sessions, time_machine::TimeMachine};
use crate::{
    api::{ApiError, ErrorClass, use_api},
    components::{Button, ButtonKind, ConfirmDialog, use_toasts},
    i18n::*,
    schema,
    session::use_session,
    work::Work,
};
use appearance::Appearance;
use convert::Conversion;
use email::EmailAddress;
use encrypted::EncryptedPassword;
use names::Names;
use user_name::UserName;

/// What a user sees of the own account.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "User")]
pub(super) struct Profile {
    name: String,
    email: Option<String>,
    email_verified: Option<bool>,
    is_superuser: Option<bool>,
    given_name: Option<String>,
    family_name: Option<String>,
    company: Option<String>,
    location: Option<String>,
    tag_expiration_seconds: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation")]
#[expect(dead_code, reason = "only the success matters")]
struct Delete {
    delete_account: DeletePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteAccountPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct DeletePayload {
    deleted_id: cynic::Id,
}

/// The cards of the own account.
#[component]
pub(super) fn Account(
    /// The account as it is.
    profile: Profile,
    /// The Time Machine's choices.
    offered: Vec<i32>,
) -> impl IntoView {
    let session = use_session();
    // A new password ends the sessions of all other browsers.
    let ended = RwSignal::new(0_u32);
    let registry = session.registry();
    let keeps_accounts = registry.keeps_accounts;
    let user_name = (keeps_accounts && registry.user_rename).then(|| {
        view! { <UserName name=profile.name.clone()/> }
    });
    let names = registry.user_names.then(|| {
        view! { <Names profile=profile.clone()/> }
    });
    let time_machine = profile.tag_expiration_seconds.map(|seconds| {
        view! { <TimeMachine organization=None seconds offered/> }
    });
    let is_superuser = profile.is_superuser == Some(true);
    let passwords = if keeps_accounts {
        view! {
            <ChangePassword on_done=Callback::new(move |()| ended.update(|ended| *ended += 1))/>
            <EncryptedPassword name=profile.name.clone()/>
        }
        .into_any()
    } else {
        view! { <KeptElsewhere/> }.into_any()
    };
    // Who administers the organization proves it with a password. A superuser is told why there is none to be.
    let viewer = session.viewer_untracked();
    let may_convert = is_superuser || viewer.is_some_and(|viewer| viewer.can_create_organization);
    let conversion = (keeps_accounts && registry.direct_login && may_convert).then(|| {
        view! { <Conversion name=profile.name.clone() is_superuser/> }
    });
    let deletion = keeps_accounts.then(|| {
        view! { <Deletion name=profile.name.clone() is_superuser/> }
    });
    view! {
        <div class="berth-stack">
            <div class="berth-columns">
                <div class="berth-stack">
                    {user_name} {names} <EmailAddress email=profile.email verified=profile.email_verified/>
                    {time_machine}
                </div>
                <div class="berth-stack">{passwords} <Appearance/></div>
            </div>
            <Sessions ended/>
            {conversion}
            {deletion}
        </div>
    }
}

/// Where the password is, if it is not here.
#[component]
fn KeptElsewhere() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="berth-card" aria-labelledby="password-title">
            <h2 id="password-title">{words!(i18n, namespace.password)}</h2>
            <p>{words!(i18n, own.elsewhere)}</p>
        </section>
    }
}

/// The end of the account: its name is asked for first.
#[component]
fn Deletion(name: String, is_superuser: bool) -> impl IntoView {
    let i18n = use_i18n();
    let deleting = RwSignal::new(false);
    let name = StoredValue::new(name);
    let button = if is_superuser {
        view! { <p class="berth-muted">{words!(i18n, own.delete_superuser)}</p> }.into_any()
    } else {
        view! {
            <div class="berth-row">
                <p>{words!(i18n, own.delete_what)}</p>
                <Button kind=ButtonKind::Danger on_click=Callback::new(move |_| deleting.set(true))>
                    {words!(i18n, own.delete)}
                </Button>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="berth-card" aria-labelledby="delete-title">
            <h2 id="delete-title">{words!(i18n, own.delete)}</h2>
            {button}
        </section>
        <Show when=move || deleting.get()>
            <DeleteAccount name=name.get_value() on_close=Callback::new(move |()| deleting.set(false))/>
        </Show>
    }
}

#[component]
fn DeleteAccount(name: String, on_close: Callback<()>) -> impl IntoView {
    let (api, session, toasts, i18n) = (use_api(), use_session(), use_toasts(), use_i18n());
    let navigate = use_navigate();
    let work = Work::new();
    let on_confirm = Callback::new(move |()| {
        let navigate = navigate.clone();
        work.start(api.done(Delete::build(())), move |()| {
            toasts.success(tu_string!(i18n, own.deleted));
            session.set_viewer(None);
            navigate("/signin", NavigateOptions::default());
        });
    });
    // The server names the organizations that nobody else administers.
    let words = Callback::new(move |error: ApiError| {
        (error.class == ErrorClass::Conflict)
            .then(|| t_string!(i18n, own.only_administrator, detail = error.message))
    });
    let title_name = name.clone();
    view! {
        <ConfirmDialog
            title=Signal::derive(move || t_string!(i18n, own.delete_title, name = title_name.clone()))
            text=words!(i18n, own.delete_text)
            word=Some(name)
            words=Some(words)
            work
            on_confirm
            on_close
        />
    }
}
