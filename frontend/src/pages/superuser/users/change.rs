//! The dialogs that change a user or end it.

use berth_domain::Email;
use cynic::MutationBuilder;
use leptos::prelude::*;

use super::User;
use crate::{
    api::use_api,
    components::{ConfirmDialog, FormDialog, PasswordField, TextField, use_toasts},
    i18n::*,
    pages::setup::{is_email, is_password, refusal, refused},
    schema,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct EmailVariables {
    id: cynic::Id,
    email: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "EmailVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Update {
    #[arguments(input: { id: $id, email: $email })]
    update_user: UpdatePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "UpdateUserPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct UpdatePayload {
    user: Changed,
}

#[derive(cynic::QueryVariables, Debug)]
struct PasswordVariables {
    id: cynic::Id,
    password: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "PasswordVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Set {
    #[arguments(input: { id: $id, password: $password })]
    set_user_password: SetPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "SetUserPasswordPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct SetPayload {
    user: Changed,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "User")]
#[expect(dead_code, reason = "only the success matters")]
struct Changed {
    id: cynic::Id,
}

#[derive(cynic::QueryVariables, Debug)]
struct DeleteVariables {
    id: cynic::Id,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "DeleteVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Delete {
    #[arguments(input: { id: $id })]
    delete_user: DeletePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteUserPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct DeletePayload {
    deleted_id: cynic::Id,
}

/// *Change E-mail*: the new address counts as confirmed.
#[component]
pub(super) fn ChangeEmail(
    /// Whose.
    user: User,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when it is changed.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let User {
        id, name, email, ..
    } = user;
    let email = RwSignal::new(email.unwrap_or_default());
    let work = Work::new();
    let error = Signal::derive(move || {
        refusal::<Email>(&email.get(), || t_string!(i18n, rules.email).to_owned())
            .or_else(|| refused(i18n, work, "email"))
    });
    let title_name = name.clone();
    let on_submit = Callback::new(move |()| {
        let variables = EmailVariables {
            id: id.clone(),
            email: email.get_untracked().trim().to_owned(),
        };
        let name = name.clone();
        work.start(api.done(Update::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, users.email_changed, name = name));
            on_done.try_run(());
        });
    });
    view! {
        <FormDialog
            title=Signal::derive(move || t_string!(i18n, users.change_email_title, name = title_name.clone()))
            work
            error=work.error_beside(&["email"])
            action=words!(i18n, users.change_email)
            ready=Signal::derive(move || email.with(|email| is_email(email, true)))
            on_submit
            on_close
        >
                        <TextField
                            id="user-email"
                            label=words!(i18n, mailed.email)
                            hint=words!(i18n, users.email_hint)
                            value=email
                            error
                            required=true
                            kind="email"
                            autofocus=true
                        />
        </FormDialog>
    }
}

/// *Change Password*: the user is signed out everywhere.
#[component]
pub(super) fn SetPassword(
    /// Whose.
    user: User,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when it is changed.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let User { id, name, .. } = user;
    let password = RwSignal::new(String::new());
    let work = Work::new();
    let error = Signal::derive(move || {
        password
            .with(|password| !password.is_empty() && !is_password(password))
            .then(|| t_string!(i18n, rules.password).to_owned())
            .or_else(|| refused(i18n, work, "password"))
    });
    let (title_name, text_name, known_name) = (name.clone(), name.clone(), name.clone());
    let on_submit = Callback::new(move |()| {
        let variables = PasswordVariables {
            id: id.clone(),
            password: password.get_untracked(),
        };
        let name = name.clone();
        work.start(api.done(Set::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, users.password_changed, name = name));
            on_done.try_run(());
        });
    });
    view! {
        <FormDialog
            title=Signal::derive(move || t_string!(i18n, users.change_password_title, name = title_name.clone()))
            work
            error=work.error_beside(&["password"])
            action=words!(i18n, users.change_user_password)
            ready=Signal::derive(move || password.with(|password| is_password(password)))
            on_submit
            on_close
        >
                        <p>{move || t_string!(i18n, users.change_password_text, name = text_name.clone())}</p>
                        // Tells password managers whose password this is.
                        <input type="text" name="username" autocomplete="username" value=known_name hidden readonly/>
                        <PasswordField
                            id="user-password"
                            label=words!(i18n, mailed.new_password)
                            hint=words!(i18n, rules.password)
                            value=password
                            error
                            autocomplete="new-password"
                            autofocus=true
                        />
        </FormDialog>
    }
}

/// *Delete User*: the name is asked for first.
#[component]
pub(super) fn DeleteUser(
    /// Whom.
    user: User,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when it is gone.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let User {
        id,
        name,
        contents,
        sole_organization_count,
        ..
    } = user;
    let work = Work::new();
    let (title_name, word) = (name.clone(), name.clone());
    let text = Signal::derive(move || {
        let mut sentences = Vec::new();
        if let Some(contents) = contents {
            let (repositories, robots) = (contents.repository_count, contents.robot_count);
            sentences.push(t_string!(
                i18n,
                users.delete_contents,
                repositories = t_string!(i18n, repositories.count, count = repositories),
                robots = t_string!(i18n, robots.count, count = robots),
            ));
        }
        if let Some(count) = sole_organization_count.filter(|count| *count > 0) {
            sentences.push(t_string!(i18n, users.delete_alone, count = count));
        }
        sentences.push(t_string!(i18n, users.delete_text).to_owned());
        sentences.join(" ")
    });
    let on_confirm = Callback::new(move |()| {
        let variables = DeleteVariables { id: id.clone() };
        let name = name.clone();
        work.start(api.done(Delete::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, users.deleted, name = name));
            on_done.try_run(());
        });
    });
    view! {
        <ConfirmDialog
            title=Signal::derive(move || t_string!(i18n, users.delete_title, name = title_name.clone()))
            text
            word=Some(word)
            work
            on_confirm
            on_close
        />
    }
}
