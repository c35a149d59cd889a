//! What superusers do with any namespace: give an organization another name, become its owner, make an organization of a
//! user.

use berth_domain::Namespace;
use cynic::MutationBuilder;
use leptos::prelude::*;

use crate::{
    api::{ErrorClass, use_api},
    components::{FormDialog, TextField, error_text, use_toasts},
    i18n::*,
    pages::setup::refusal,
    schema,
    session::use_session,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct RenameVariables {
    id: cynic::Id,
    name: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "RenameVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Rename {
    #[arguments(input: { id: $id, name: $name })]
    rename_organization: RenamePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "RenameOrganizationPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct RenamePayload {
    organization: Changed,
}

#[derive(cynic::QueryVariables, Debug)]
struct TakeVariables {
    id: cynic::Id,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "TakeVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Take {
    #[arguments(input: { id: $id })]
    take_ownership: TakePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "TakeOwnershipPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct TakePayload {
    organization: Changed,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Organization")]
#[expect(dead_code, reason = "only the success matters")]
struct Changed {
    id: cynic::Id,
}

/// An organization by id and name.
pub(super) type OrganizationKey = (String, String);

/// *Rename Organization*.
#[component]
pub(super) fn RenameOrganization(
    /// Which.
    organization: OrganizationKey,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when it is done.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, session, toasts, i18n) = (use_api(), use_session(), use_toasts(), use_i18n());
    let (id, old_name) = organization;
    let title_name = old_name.clone();
    let name = RwSignal::new(old_name.clone());
    let work = Work::new();
    let error = Signal::derive(move || {
        refusal::<Namespace>(&name.get(), || t_string!(i18n, rules.account).to_owned()).or_else(
            || {
                let error = work.error.get().filter(|_| work.refused("name"))?;
                Some(match error.class {
                    ErrorClass::AlreadyExists => t_string!(i18n, organizations.taken).to_owned(),
                    _ => error_text(i18n, &error),
                })
            },
        )
    });
    let ready = Signal::derive(move || {
        name.with(|name| name.trim() != old_name && name.trim().parse::<Namespace>().is_ok())
    });
    let on_submit = Callback::new(move |()| {
        let variables = RenameVariables {
            id: cynic::Id::new(&id),
            name: name.get_untracked().trim().to_owned(),
        };
        let new_name = variables.name.clone();
        work.start(
            async move {
                api.done(Rename::build(variables)).await?;
                // Where the viewer may create repositories is called otherwise now. It is renamed, whatever becomes of
                // this question.
                let _ = session.refresh().await;
                Ok(())
            },
            move |()| {
                toasts.success(tu_string!(i18n, ownership.renamed, name = new_name));
                on_done.try_run(());
            },
        );
    });
    view! {
        <FormDialog
            title=Signal::derive(move || t_string!(i18n, ownership.rename_title, name = title_name.clone()))
            work
            error=work.error_beside(&["name"])
            action=words!(i18n, ownership.rename)
            ready
            on_submit
            on_close
        >
                        <p>{words!(i18n, ownership.rename_text)}</p>
                        <TextField
                            id="organization-new-name"
                            label=words!(i18n, organizations.organization_name)
                            value=name
                            error
                            required=true
                            autofocus=true
                        />
        </FormDialog>
    }
}

/// What is taken over.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    /// Global id.
    pub(crate) id: String,
    /// Name.
    pub(crate) name: String,
    /// Whether it is a user, who becomes an organization.
    pub(crate) is_user: bool,
}

/// *Take Ownership*: asked once more, since others are told of it in the log; of a user it wants the name, since that
/// ends who it was.
#[component]
pub(crate) fn TakeOwnership(
    /// Of what.
    taken: Taken,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when it is done.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, session, toasts, i18n) = (use_api(), use_session(), use_toasts(), use_i18n());
    let Taken { id, name, is_user } = taken;
    let name = StoredValue::new(name);
    let typed = RwSignal::new(String::new());
    let work = Work::new();
    let on_submit = Callback::new(move |()| {
        let variables = TakeVariables {
            id: cynic::Id::new(&id),
        };
        work.start(
            async move {
                api.done(Take::build(variables)).await?;
                // The viewer may now create repositories there. It is taken, whatever becomes of this question.
                let _ = session.refresh().await;
                Ok(())
            },
            move |()| {
                let name = name.try_get_value().unwrap_or_default();
                toasts.success(if is_user {
                    tu_string!(i18n, ownership.user_taken, name = name)
                } else {
                    tu_string!(i18n, ownership.taken, name = name)
                });
                on_done.try_run(());
            },
        );
    });
    let ready = Signal::derive(move || {
        !is_user || typed.with(|typed| name.with_value(|name| typed.trim() == name))
    });
    let text = if is_user {
        view! {
            <ul class="pf-v6-c-list">
                <li>{move || t_string!(i18n, ownership.take_user_text, name = name.get_value())}</li>
                <li>{words!(i18n, ownership.take_user_stays)}</li>
                <li>{words!(i18n, ownership.take_user_ever)}</li>
            </ul>
            <TextField
                id="confirm"
                label=Signal::derive(move || t_string!(i18n, common.type_word, word = name.get_value()))
                value=typed
                autofocus=true
            />
        }
        .into_any()
    } else {
        view! { <p>{words!(i18n, ownership.take_text)}</p> }.into_any()
    };
    view! {
        <FormDialog
            title=Signal::derive(move || t_string!(i18n, ownership.take_title, name = name.get_value()))
            work
            error=work.error
            action=words!(i18n, ownership.take)
            danger=is_user
            ready
            on_submit
            on_close
        >
                        {text}
        </FormDialog>
    }
}
