//! Organizations (O2, O3, O5, O6).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use berth_domain::{Email, Error, Namespace, Noun, Scope};
use berth_services::directory::OrganizationView;
use berth_services::organizations::{OrganizationChange, TAG_EXPIRATION};
use serde::{Deserialize, Serialize};

use super::team;
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::schema::{Schema, boolean, by_name, integer_from, text, texts};
use crate::wire::Avatar;

/// Clients find applications among the organizations.
pub(super) const TAG: &str = "organization";
pub(super) const DESCRIPTION: &str = "Create, read, change and delete organizations";

pub(super) fn group() -> Group {
    let new = Schema::new("NewOrg")
        .required("name", text("Organization username"))
        .optional("email", text("Organization contact email").or_null())
        .optional(
            "contact_email",
            text("Organization contact email").or_null(),
        );
    let update = Schema::new("UpdateOrg")
        .optional("email", text("Organization contact email").or_null())
        .optional(
            "contact_email",
            text("Organization contact email").or_null(),
        )
        .optional(
            "tag_expiration_s",
            integer_from(0, "Seconds for which deleted tags can be restored"),
        )
        .optional(
            "invoice_email",
            boolean("Accepted without effect: nothing is billed"),
        )
        .optional(
            "invoice_email_address",
            text("Accepted without effect: nothing is billed").or_null(),
        );
    Group {
        tag: TAG,
        description: DESCRIPTION,
        operations: vec![
            Operation::post(
                "/organization/",
                "createOrganization",
                "Create a new organization; the caller becomes its owner",
                create,
            )
            .scope(Scope::UserAdmin)
            .body(new)
            .succeeds(StatusCode::CREATED, "Created")
            .answers(text("Created")),
            Operation::get(
                "/organization/{orgname}",
                "getOrganization",
                "Get the details of an organization",
                get,
            )
            .answers(Organization::schema()),
            Operation::put(
                "/organization/{orgname}",
                "changeOrganizationDetails",
                "Change the settings of an organization",
                change,
            )
            .scope(Scope::OrgAdmin)
            .body(update)
            .answers(Organization::schema()),
            Operation::delete(
                "/organization/{orgname}",
                "deleteAdminedOrganization",
                "Delete an organization and everything in it",
                delete,
            )
            .scope(Scope::OrgAdmin)
            .fresh_login(),
        ],
    }
}

#[derive(Deserialize)]
struct NewOrganization {
    name: String,
    email: Option<String>,
    contact_email: Option<String>,
}

async fn create(call: Call) -> Outcome {
    let body: NewOrganization = call.body()?;
    let name: Namespace = body.name.parse()?;
    let email = body.contact_email.or(body.email);
    let email: Option<Email> = match email.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(text) => Some(text.parse().map_err(|_| bad_email())?),
    };
    let organizations = &call.services.organizations;
    organizations
        .create(&call.actor, &name, email.as_ref())
        .await?;
    Answer::created(&"Created")
}

fn bad_email() -> Failure {
    Failure::invalid("Invalid email address")
}

/// An organization. What only members or only administrators may know is absent for others.
#[derive(Serialize)]
pub(super) struct Organization {
    name: String,
    /// Empty where there is none, and for who may not know it.
    email: String,
    avatar: Avatar,
    is_admin: bool,
    is_member: bool,
    #[serde(flatten)]
    settings: Option<Settings>,
    #[serde(flatten)]
    teams: Option<Teams>,
}

/// What members see as well.
#[derive(Serialize)]
struct Teams {
    teams: BTreeMap<String, team::Listed>,
    /// By age.
    ordered_teams: Vec<String>,
}

/// What administrators see.
#[derive(Serialize)]
struct Settings {
    invoice_email: bool,
    invoice_email_address: Option<String>,
    tag_expiration_s: u64,
    is_free_account: bool,
}

impl Organization {
    pub(super) fn schema() -> Schema {
        Schema::new("Organization")
            .required("name", text("Its name"))
            .required(
                "email",
                text("Its e-mail address; empty for who may not know it"),
            )
            .required("avatar", Avatar::schema().into())
            .required("is_admin", boolean("Whether the caller administers it"))
            .required("is_member", boolean("Whether the caller is a member"))
            .optional("invoice_email", boolean("False: nothing is billed"))
            .optional(
                "invoice_email_address",
                text("Null: nothing is billed").or_null(),
            )
            .optional(
                "tag_expiration_s",
                integer_from(0, "Seconds for which deleted tags can be restored"),
            )
            .optional("is_free_account", boolean("True: nothing is billed"))
            .optional(
                "teams",
                by_name(team::Listed::schema(), "Its teams, for its members"),
            )
            .optional(
                "ordered_teams",
                texts("The names of its teams, the oldest first"),
            )
    }

    /// With its teams, for who may know them.
    async fn with_teams(call: &Call, view: OrganizationView) -> Result<Self, Failure> {
        let teams = &call.services.teams;
        let teams = teams.all(&call.actor, view.profile.id).await?;
        let teams = teams.map(|teams| {
            let teams: Vec<team::Listed> = teams.into_iter().map(Into::into).collect();
            Teams {
                ordered_teams: teams.iter().map(|team| team.name.clone()).collect(),
                teams: teams
                    .into_iter()
                    .map(|team| (team.name.clone(), team))
                    .collect(),
            }
        });
        Ok(Self {
            teams,
            ..view.into()
        })
    }
}

impl From<OrganizationView> for Organization {
    fn from(view: OrganizationView) -> Self {
        let profile = view.profile;
        Self {
            // Clients know the picture of an organization as a user's here.
            avatar: Avatar::user(&profile.name, &profile.avatar_hash),
            name: profile.name.to_string(),
            email: view.email.unwrap_or_default(),
            is_admin: view.is_administrator,
            is_member: view.is_member,
            settings: view.tag_expiration.map(|expiration| Settings {
                // Nothing is billed here.
                invoice_email: false,
                invoice_email_address: None,
                tag_expiration_s: expiration.as_secs(),
                is_free_account: true,
            }),
            teams: None,
        }
    }
}

/// That an organization exists is no secret here, so a name that cannot be one is not found either.
async fn get(call: Call) -> Outcome {
    let name = call.parameter("orgname");
    let name = name
        .parse()
        .map_err(|_| Error::not_found(Noun::Organization, name))?;
    let directory = &call.services.directory;
    let view = directory.organization(&call.actor, &name).await?;
    Answer::ok(&Organization::with_teams(&call, view).await?)
}

/// Only fields that are there change.
#[derive(Deserialize)]
struct Change {
    #[serde(default, deserialize_with = "null_is_empty")]
    email: Option<String>,
    #[serde(default, deserialize_with = "null_is_empty")]
    contact_email: Option<String>,
    tag_expiration_s: Option<u64>,
}

/// Null clears a field, unlike one that is not there.
fn null_is_empty<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    Ok(Some(text.unwrap_or_default()))
}

/// A time that is not offered, in the words that scripts know.
pub(super) fn tag_expiration_refused(error: Error) -> Failure {
    match error {
        Error::Invalid { ref field, .. } if field.as_deref() == Some(TAG_EXPIRATION) => {
            Failure::message("Invalid tag expiration option")
        }
        other => other.into(),
    }
}

async fn change(call: Call) -> Outcome {
    let body: Change = call.body()?;
    let name = call.namespace("orgname")?;
    let services = &call.services;
    match services.directory.organization(&call.actor, &name).await {
        Ok(view) if view.is_administrator => {}
        Ok(_) => return Err(Failure::forbidden()),
        Err(error) => return Err(absent(&call, error).into()),
    }
    let email = body.contact_email.or(body.email).map(|text| {
        let text = text.trim();
        (!text.is_empty()).then(|| text.parse()).transpose()
    });
    let email = email
        .transpose()
        .map_err(|_: Error| Failure::invalid("Invalid email address"))?;
    let seconds = body.tag_expiration_s;
    let change = OrganizationChange {
        email,
        tag_expiration: seconds.map(|seconds| Some(Duration::from_secs(seconds))),
    };
    if change != OrganizationChange::default() {
        let changed = services.organizations.change(&call.actor, &name, &change);
        changed.await.map_err(tag_expiration_refused)?;
    }
    let view = services.directory.organization(&call.actor, &name).await?;
    Answer::ok(&Organization::with_teams(&call, view).await?)
}

async fn delete(call: Call) -> Outcome {
    let name = call.namespace("orgname")?;
    let services = &call.services;
    let id = match services.directory.organization(&call.actor, &name).await {
        Ok(view) => view.profile.id,
        Err(error) => return Err(absent(&call, error).into()),
    };
    services.organizations.delete(&call.actor, &[id]).await?;
    Ok(Answer::no_content())
}

/// Everybody may look whether an organization is there; who would change one has to have the right first.
fn absent(call: &Call, error: Error) -> Error {
    match error {
        Error::NotFound { noun, name } => call.absent(noun, &name),
        other => other,
    }
}
