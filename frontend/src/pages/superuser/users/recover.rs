//! A mail for a user who lost the password.

use cynic::MutationBuilder;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{ErrorClass, use_api},
    components::{error_text, use_toasts},
    i18n::*,
    schema,
};

/// A user by global id.
#[derive(Debug, Clone)]
pub(super) struct Lost(pub(super) String);

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    id: cynic::Id,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Send {
    #[arguments(input: { id: $id })]
    send_user_recovery: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "SendUserRecoveryPayload")]
struct Payload {
    email: String,
}

/// Has a link for a new password mailed to a user, and says where to.
pub(super) fn use_recovery() -> Callback<Lost> {
    let (api, i18n, toasts) = (use_api(), use_i18n(), use_toasts());
    Callback::new(move |Lost(id): Lost| {
        let variables = Variables {
            id: cynic::Id::new(id),
        };
        let answer = api.run(Send::build(variables));
        spawn_local(async move {
            match answer.await {
                Ok(data) => {
                    let email = data.send_user_recovery.email;
                    toasts.success(tu_string!(i18n, users.recovery_sent, email = email));
                }
                // What the list showed was true no more.
                Err(error) if error.class == ErrorClass::Conflict => {
                    toasts.failure(tu_string!(i18n, users.recovery_refused).to_owned());
                }
                Err(error) => toasts.failure(error_text(i18n, &error)),
            }
        });
    })
}
