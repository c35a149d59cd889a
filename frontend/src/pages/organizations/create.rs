//! The dialog that makes an organization.

use berth_domain::{Email, Namespace};
use cynic::MutationBuilder;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    api::{ErrorClass, use_api},
    components::{FormDialog, TextField, error_text},
    i18n::*,
    pages::setup::refusal,
    paths, schema,
    session::use_session,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: String,
    email: Option<String>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Create {
    #[arguments(input: { name: $name, email: $email })]
    create_organization: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "CreateOrganizationPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    organization: Made,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Organization")]
#[expect(dead_code, reason = "only the success matters")]
struct Made {
    name: String,
}

/// *Create Organization*: name and e-mail, then its page.
#[component]
pub(crate) fn CreateOrganization(
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let (api, session, i18n) = (use_api(), use_session(), use_i18n());
    let navigate = use_navigate();
    let name = RwSignal::new(String::new());
    let email = RwSignal::new(String::new());
    let work = Work::new();
    let name_error = Signal::derive(move || {
        refusal::<Namespace>(&name.get(), || t_string!(i18n, rules.account).to_owned()).or_else(
            || {
                work.error
                    .get()
                    .filter(|_| work.refused("name"))
                    .map(|error| match error.class {
                        ErrorClass::AlreadyExists => {
                            t_string!(i18n, organizations.taken).to_owned()
                        }
                        _ => error_text(i18n, &error),
                    })
            },
        )
    });
    let email_error = Signal::derive(move || {
        refusal::<Email>(&email.get(), || t_string!(i18n, rules.email).to_owned()).or_else(|| {
            work.refused("email")
                .then(|| t_string!(i18n, rules.email).to_owned())
        })
    });
    let ready = Signal::derive(move || {
        name.with(|name| name.trim().parse::<Namespace>().is_ok())
            && email.with(|email| email.trim().is_empty() || email.trim().parse::<Email>().is_ok())
    });
    let on_submit = Callback::new(move |()| {
        let variables = Variables {
            name: name.get_untracked().trim().to_owned(),
            email: Some(email.get_untracked().trim().to_owned()).filter(|email| !email.is_empty()),
        };
        let navigate = navigate.clone();
        work.start(
            async move {
                let name = variables.name.clone();
                api.done(Create::build(variables)).await?;
                // The viewer may now create repositories there.
                session.refresh().await?;
                Ok(name)
            },
            move |name: String| {
                navigate(&paths::namespace(&name, false), NavigateOptions::default());
            },
        );
    });
    view! {
        <FormDialog
            title=words!(i18n, organizations.create)
            work
            error=work.error_beside(&["name", "email"])
            action=words!(i18n, common.create)
            ready
            on_submit
            on_close
        >
                        <TextField
                            id="organization-name"
                            label=words!(i18n, organizations.organization_name)
                            hint=words!(i18n, organizations.name_hint)
                            value=name
                            error=name_error
                            required=true
                            autofocus=true
                        />
                        <TextField
                            id="organization-email"
                            label=words!(i18n, organizations.organization_email)
                            hint=words!(i18n, organizations.email_hint)
                            value=email
                            error=email_error
                            kind="email"
                        />
        </FormDialog>
    }
}
