//! What these pages say in JSON.

use berth_services::oauth::{Asked, Consent, Exchanged};
use serde::Serialize;

use crate::failure::Failure;
use crate::wire::{Avatar, ScopeInformation, scope_information};

/// What a user is asked, and what the answer has to repeat.
#[derive(Serialize)]
pub(super) struct Question<'a> {
    scopes: Vec<ScopeInformation>,
    has_dangerous_scopes: bool,
    application: Application<'a>,
    response_type: &'static str,
    client_id: &'a str,
    redirect_uri: &'a str,
    scope: &'a str,
    csrf_token_val: String,
    state: Option<&'a str>,
    assignment_uuid: Option<&'a str>,
}

#[derive(Serialize)]
struct Application<'a> {
    name: &'a str,
    description: &'a str,
    url: &'a str,
    /// JSON in a text, as clients know it here.
    avatar: String,
    organization: Organization,
}

#[derive(Serialize)]
struct Organization {
    name: String,
    /// JSON in a text, as clients know it here.
    avatar: String,
}

fn text_of(avatar: &Avatar) -> Result<String, Failure> {
    let text = serde_json::to_string(avatar);
    Ok(text.map_err(berth_domain::Error::internal)?)
}

impl<'a> Question<'a> {
    pub(super) fn new(
        asked: &'a Asked,
        consent: &'a Consent,
        csrf: String,
    ) -> Result<Self, Failure> {
        let (info, owner) = (&consent.application, &consent.application.owner);
        Ok(Self {
            scopes: scope_information(&consent.scopes),
            has_dangerous_scopes: consent.scopes.iter().any(berth_domain::Scope::is_dangerous),
            application: Application {
                name: &info.name,
                description: &info.description,
                url: &info.homepage,
                avatar: text_of(&Avatar::application(&info.name, &info.avatar_hash))?,
                organization: Organization {
                    name: owner.name.to_string(),
                    avatar: text_of(&Avatar::organization(&owner.name, &owner.avatar_hash))?,
                },
            },
            response_type: consent.response_type.as_str(),
            client_id: &asked.client_id,
            redirect_uri: &asked.redirect_uri,
            scope: consent.scopes.as_str(),
            csrf_token_val: csrf,
            state: asked.state.as_deref(),
            assignment_uuid: asked.assignment.as_deref(),
        })
    }
}

/// A token for a code.
#[expect(clippy::struct_field_names, reason = "the names of OAuth")]
#[derive(Serialize)]
pub(super) struct Token<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    /// There are none.
    refresh_token: Option<()>,
}

impl<'a> From<&'a Exchanged> for Token<'a> {
    fn from(given: &'a Exchanged) -> Self {
        Self {
            access_token: given.token.expose(),
            token_type: "Bearer",
            expires_in: given.expires_in_s,
            refresh_token: None,
        }
    }
}
