//! The own account becomes an organization of another user.

use cynic::MutationBuilder;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    api::{ApiError, ErrorClass, use_api},
    components::{Button, ButtonKind, FormDialog, PasswordField, TextField, use_toasts},
    i18n::*,
    paths, schema,
    session::{Viewer, use_session},
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    admin_user: String,
    admin_password: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Convert {
    #[arguments(input: { adminUser: $admin_user, adminPassword: $admin_password })]
    convert_to_organization: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "ConvertToOrganizationPayload")]
struct Payload {
    organization: Converted,
    viewer: Viewer,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Organization")]
struct Converted {
    name: String,
}

/// The card *Convert to an organization*.
#[component]
pub(super) fn Conversion(
    /// Name of the account.
    name: String,
    /// Superusers stay users.
    is_superuser: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let converting = RwSignal::new(false);
    let name = StoredValue::new(name);
    let button = if is_superuser {
        view! { <p class="berth-muted">{words!(i18n, convert.superuser)}</p> }.into_any()
    } else {
        view! {
            <div class="berth-row">
                <p>{words!(i18n, convert.what)}</p>
                <Button kind=ButtonKind::Danger on_click=Callback::new(move |_| converting.set(true))>
                    {words!(i18n, convert.title)}
                </Button>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="berth-card" aria-labelledby="convert-title">
            <h2 id="convert-title">{words!(i18n, convert.title)}</h2>
            {button}
        </section>
        <Show when=move || converting.get()>
            <ConvertAccount
                name=name.get_value()
                on_close=Callback::new(move |()| converting.set(false))
            />
        </Show>
    }
}

/// Says what happens, and asks who administers the organization, and for the name of the account.
#[component]
fn ConvertAccount(name: String, on_close: Callback<()>) -> impl IntoView {
    let (api, session, toasts, i18n) = (use_api(), use_session(), use_toasts(), use_i18n());
    let navigate = use_navigate();
    let administrator = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let typed = RwSignal::new(String::new());
    let work = Work::new();
    let name = StoredValue::new(name);
    let on_submit = Callback::new(move |()| {
        let navigate = navigate.clone();
        let variables = Variables {
            admin_user: administrator.get_untracked().trim().to_owned(),
            admin_password: password.get_untracked(),
        };
        work.start(api.run(Convert::build(variables)), move |data| {
            let Payload {
                organization,
                viewer,
            } = data.convert_to_organization;
            let name = organization.name;
            toasts.success(tu_string!(i18n, convert.done, name = name));
            session.set_viewer(Some(viewer));
            navigate(&paths::namespace(&name, false), NavigateOptions::default());
        });
    });
    let words = Callback::new(move |error: ApiError| match error.class {
        // The server names the organizations that nobody else administers.
        ErrorClass::Conflict => Some(t_string!(
            i18n,
            own.only_administrator,
            detail = error.message
        )),
        ErrorClass::EmailUnverified => Some(t_string!(i18n, convert.unconfirmed).to_owned()),
        _ => None,
    });
    let refused = move |field: &'static str, text: Text| {
        Signal::derive(move || work.refused(field).then(|| i18n.text(text).to_owned()))
    };
    let ready = Signal::derive(move || {
        administrator.with(|user| !user.trim().is_empty())
            && password.with(|password| !password.is_empty())
            && typed.with(|typed| name.with_value(|name| typed.trim() == name))
    });
    view! {
        <FormDialog
            title=Signal::derive(move || t_string!(i18n, convert.question, name = name.get_value()))
            work
            error=work.error_beside(&["adminUser", "adminPassword"])
            words=Some(words)
            action=words!(i18n, convert.action)
            danger=true
            ready
            on_submit
            on_close
        >
                        <ul class="pf-v6-c-list">
                            <li>{words!(i18n, convert.nobody_signs_in)}</li>
                            <li>{words!(i18n, convert.stays)}</li>
                            <li>{words!(i18n, convert.ends)}</li>
                            <li>{words!(i18n, convert.signed_in_as)}</li>
                            <li>{words!(i18n, convert.for_ever)}</li>
                        </ul>
                        <TextField
                            id="convert-administrator"
                            label=words!(i18n, convert.administrator)
                            hint=words!(i18n, convert.administrator_hint)
                            value=administrator
                            error=refused("adminUser", texts::convert::same)
                            required=true
                            autofocus=true
                        />
                        <PasswordField
                            id="convert-password"
                            label=words!(i18n, convert.password)
                            value=password
                            error=refused("adminPassword", texts::convert::wrong)
                            autocomplete="off"
                        />
                        <TextField
                            id="confirm"
                            label=Signal::derive(move || t_string!(i18n, common.type_word, word = name.get_value()))
                            value=typed
                            required=true
                        />
        </FormDialog>
    }
}
