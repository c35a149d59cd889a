//! Access tokens of an organization's applications, as its administrators make and end them.

use std::time::Duration;

use berth_domain::{Error, OAuthTokenId, PageRequest, Scope, Secret};
use berth_services::oauth::{TokenView, Which};
use serde::{Deserialize, Serialize};

use super::application::named;
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::paging;
use crate::parameters::{NEXT_PAGE, next_page};
use crate::schema::{Schema, integer_from, list as list_of, text};
use crate::wire::iso_8601;

/// Tokens of a page.
const LIMIT: usize = 50;

pub(super) fn group() -> Group {
    let new = Schema::new("CreateApplicationToken")
        .required("name", text("The name of the token"))
        .required(
            "scope",
            text("The scopes of the token, separated by spaces or commas"),
        )
        .optional(
            "expiration",
            integer_from(1, "Seconds until the token ends; ten years at most"),
        );
    Group {
        tag: "organization_application_tokens",
        description: "Manage the access tokens of an organization's OAuth applications",
        operations: vec![
            Operation::get(
                "/organization/{orgname}/applications/{client_id}/tokens",
                "listOrganizationApplicationTokens",
                "List the access tokens of the application that have not ended",
                list,
            )
            .scope(Scope::OrgAdmin)
            .query([next_page()])
            .answers(Tokens::schema()),
            Operation::post(
                "/organization/{orgname}/applications/{client_id}/tokens",
                "createOrganizationApplicationToken",
                "Create an access token of the application for the current user",
                create,
            )
            .scope(Scope::OrgAdmin)
            .body(new)
            .answers(Token::schema()),
            Operation::delete(
                "/organization/{orgname}/applications/{client_id}/tokens/{token_uuid}",
                "deleteOrganizationApplicationToken",
                "Revoke an access token of the application",
                delete,
            )
            .scope(Scope::OrgAdmin),
        ],
    }
}

/// A token; its text where it was just made.
#[expect(clippy::struct_field_names, reason = "the words of the API")]
#[derive(Serialize)]
struct Token {
    uuid: String,
    name: Option<String>,
    scope: String,
    expires_at: String,
    created: String,
    created_by: String,
    last_accessed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl Token {
    fn schema() -> Schema {
        Schema::new("ApplicationToken")
            .required("uuid", text("The unique ID of the token"))
            .nullable(
                "name",
                text("Its name; null where a user consented on the web"),
            )
            .required("scope", text("Its scopes, separated by spaces"))
            .required("expires_at", text("When it ends, as in ISO 8601"))
            .required("created", text("When it was made, as in ISO 8601"))
            .required("created_by", text("The user whose rights it uses"))
            .nullable(
                "last_accessed",
                text("When it was last used, as in ISO 8601"),
            )
            .optional("token", text("Its text, where it was just made"))
    }

    fn new(view: TokenView, text: Option<&Secret<String>>) -> Self {
        Self {
            uuid: view.uuid,
            name: view.name,
            scope: view.scopes.to_string(),
            expires_at: iso_8601(view.expires_at),
            created: iso_8601(view.created_at),
            created_by: view.user,
            last_accessed: view.last_used_at.map(iso_8601),
            token: text.map(|text| text.expose().clone()),
        }
    }
}

#[derive(Serialize)]
struct Tokens {
    tokens: Vec<Token>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
}

impl Tokens {
    fn schema() -> Schema {
        Schema::new("ApplicationTokens")
            .required("tokens", list_of(Token::schema(), "Those of the page"))
            .optional("next_page", text(NEXT_PAGE))
    }
}

async fn list(call: Call) -> Outcome {
    let (organization, client_id) = named(&call)?;
    let list = format!("tokens of {client_id}");
    let asked: PageRequest<i64> = paging::request(&call, &list);
    let request = PageRequest::new(asked.after.map(OAuthTokenId), LIMIT);
    let applications = &call.services.applications;
    let page = applications.tokens(&call.actor, &organization, client_id, &request);
    let page = page.await?;
    let next_page = paging::next(&call, &list, &page, |view| view.id);
    let tokens = page.items.into_iter();
    Answer::ok(&Tokens {
        tokens: tokens.map(|view| Token::new(view, None)).collect(),
        next_page,
    })
}

#[derive(Deserialize)]
struct New {
    name: String,
    scope: String,
    expiration: Option<u64>,
}

/// A refused field is told in one sentence here.
fn refused(error: Error) -> Failure {
    match error {
        Error::Invalid { message, .. } => Failure::message(message),
        other => other.into(),
    }
}

async fn create(call: Call) -> Outcome {
    let body: New = call.body()?;
    let (organization, client_id) = named(&call)?;
    let which = Which {
        organization: Some(&organization),
        client_id,
    };
    let life = body.expiration.map(Duration::from_secs);
    let (name, scope) = (&body.name, &body.scope);
    let applications = &call.services.applications;
    let made = applications.create_token(&call.actor, which, name, scope, life);
    let (view, text) = made.await.map_err(refused)?;
    Answer::ok(&Token::new(view, Some(&text)))
}

async fn delete(call: Call) -> Outcome {
    let (organization, client_id) = named(&call)?;
    let which = Which {
        organization: Some(&organization),
        client_id,
    };
    let uuid = call.parameter("token_uuid");
    let applications = &call.services.applications;
    applications.revoke_token(&call.actor, which, uuid).await?;
    Ok(Answer::no_content())
}
