//! Signing in by others, such as a provider of `OpenID`: there are none, so every service is unknown.

use berth_domain::Scope;
use serde::Serialize;

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::schema::{Schema, choice};

pub(super) fn group() -> Group {
    Group {
        tag: super::user::TAG,
        description: super::user::DESCRIPTION,
        operations: vec![
            Operation::post(
                "/externallogin/{service_id}",
                "retrieveExternalLoginAuthorizationUrl",
                "Get the URL at which the service lets a user sign in",
                begin,
            )
            .body(Schema::new("GetLogin").required(
                "kind",
                choice(&["login", "attach", "cli"], "The kind of URL"),
            ))
            .always_open()
            .while_read_only()
            .internal(),
            Operation::post(
                "/detachexternal/{service_id}",
                "detachExternalLogin",
                "Forget the sign-in by the service of the current user",
                detach,
            )
            .scope(Scope::UserAdmin)
            .feature(|settings| settings.users.direct_login)
            .internal(),
        ],
    }
}

async fn begin(_: Call) -> Outcome {
    Err(Failure::invalid("Request error."))
}

#[derive(Serialize)]
struct Success {
    success: bool,
}

/// What is not attached is as good as detached. A user's password, the only way in, stays.
async fn detach(call: Call) -> Outcome {
    call.own_namespace()?;
    Answer::ok(&Success { success: true })
}
