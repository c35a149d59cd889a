//! What the user lets applications do, and what administrators of some ask the user for (X2, X3).

use berth_domain::Scope;
use berth_services::oauth::{ApplicationInfo, AssignmentView, AuthorizationView};
use serde::Serialize;

use super::user::{DESCRIPTION, TAG};
use crate::answer::Answer;
use crate::call::Call;
use crate::operation::{Group, Operation, Outcome};
use crate::paging;
use crate::wire::{Avatar, ScopeInformation, scope_information};

pub(super) fn group() -> Group {
    let assigns = |settings: &berth_services::Settings| settings.oauth.assignments;
    Group {
        tag: TAG,
        description: DESCRIPTION,
        operations: vec![
            Operation::get(
                "/user/authorizations",
                "listUserAuthorizations",
                "List the applications that the user has authorized, by their access tokens",
                list,
            )
            .scope(Scope::UserAdmin)
            .internal(),
            Operation::get(
                "/user/authorizations/{access_token_uuid}",
                "getUserAuthorization",
                "Get one authorization of the user",
                get,
            )
            .scope(Scope::UserAdmin)
            .internal(),
            Operation::delete(
                "/user/authorizations/{access_token_uuid}",
                "deleteUserAuthorization",
                "Revoke an authorization of the user; its access token ends",
                revoke,
            )
            .scope(Scope::UserAdmin)
            .internal(),
            Operation::get(
                "/user/assignedauthorization",
                "listAssignedAuthorizations",
                "List the authorizations that the user is asked for",
                assigned,
            )
            .scope(Scope::UserAdmin)
            .feature(assigns)
            .internal(),
            Operation::delete(
                "/user/assignedauthorization/{assigned_authorization_uuid}",
                "deleteAssignedAuthorization",
                "Decline an authorization that the user is asked for",
                decline,
            )
            .scope(Scope::UserAdmin)
            .feature(assigns)
            .internal(),
        ],
    }
}

/// Who runs an application.
#[derive(Serialize)]
struct Owner {
    name: String,
    avatar: Avatar,
}

/// An application that the user has to do with.
#[derive(Serialize)]
struct Application {
    name: String,
    #[serde(rename = "clientId", skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    description: String,
    url: String,
    avatar: Avatar,
    organization: Owner,
}

impl Application {
    fn new(info: ApplicationInfo, with_client_id: bool) -> Self {
        let owner = &info.owner;
        Self {
            organization: Owner {
                name: owner.name.to_string(),
                avatar: Avatar::organization(&owner.name, &owner.avatar_hash),
            },
            avatar: Avatar::application(&info.name, &info.avatar_hash),
            client_id: with_client_id.then_some(info.client_id),
            name: info.name,
            description: info.description,
            url: info.homepage,
        }
    }
}

/// An access token that uses the user's rights.
#[derive(Serialize)]
struct Authorization {
    uuid: String,
    scopes: Vec<ScopeInformation>,
    application: Application,
}

impl From<AuthorizationView> for Authorization {
    fn from(view: AuthorizationView) -> Self {
        Self {
            uuid: view.uuid,
            scopes: scope_information(&view.scopes),
            application: Application::new(view.application, false),
        }
    }
}

#[derive(Serialize)]
struct Authorizations<T> {
    authorizations: Vec<T>,
}

async fn list(call: Call) -> Outcome {
    let (authorizations, actor) = (&call.services.authorizations, &call.actor);
    let found = paging::whole(
        |view: &AuthorizationView| view.id,
        async |page| authorizations.page(actor, &page).await,
    );
    let found = found.await?.into_iter().map(Authorization::from);
    Answer::ok(&Authorizations {
        authorizations: found.collect(),
    })
}

async fn get(call: Call) -> Outcome {
    let uuid = call.parameter("access_token_uuid");
    let view = call.services.authorizations.get(&call.actor, uuid).await?;
    Answer::ok(&Authorization::from(view))
}

async fn revoke(call: Call) -> Outcome {
    let uuid = call.parameter("access_token_uuid");
    let authorizations = &call.services.authorizations;
    authorizations.revoke(&call.actor, uuid).await?;
    Ok(Answer::no_content())
}

/// A consent that the user is asked for, with what the link to the question is made of.
#[derive(Serialize)]
struct Assigned {
    uuid: String,
    application: Application,
    scopes: Vec<ScopeInformation>,
    #[serde(rename = "redirectUri")]
    redirect_uri: String,
    #[serde(rename = "responseType")]
    response_type: &'static str,
}

impl From<AssignmentView> for Assigned {
    fn from(view: AssignmentView) -> Self {
        Self {
            uuid: view.uuid,
            application: Application::new(view.application, true),
            scopes: scope_information(&view.scopes),
            redirect_uri: view.redirect_uri,
            response_type: view.response_type.as_str(),
        }
    }
}

/// Who has read the list needs no bell for it any more.
async fn assigned(call: Call) -> Outcome {
    let (authorizations, actor) = (&call.services.authorizations, &call.actor);
    let found = paging::whole(
        |view: &AssignmentView| view.id,
        async |page| authorizations.assigned(actor, &page).await,
    );
    let found = found.await?.into_iter().map(Assigned::from);
    authorizations.note_read(actor).await;
    Answer::ok(&Authorizations {
        authorizations: found.collect(),
    })
}

async fn decline(call: Call) -> Outcome {
    let uuid = call.parameter("assigned_authorization_uuid");
    let authorizations = &call.services.authorizations;
    authorizations.decline(&call.actor, uuid).await?;
    Ok(Answer::no_content())
}
