//! Keys of services beside the registry, and those that it signs its own tokens with, for superusers.

use axum::http::StatusCode;
use berth_domain::{PageRequest, Scope, Timestamp};
use berth_services::service_keys::{KeyChange, KeyToBe, ServiceKeyView};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::superuser::{self, problem};
use crate::answer::Answer;
use crate::call::Call;
use crate::operation::{Group, Operation, Outcome};
use crate::schema::{Schema, integer_from, list as list_of, object, text};
use crate::wire::gmt;

/// Pages of a list that is told at once; there are no more keys.
const PAGES_MAX: usize = 20;

pub(super) fn group() -> Group {
    let on = |settings: &berth_services::Settings| settings.users.superusers_enabled;
    let expiration = || integer_from(0, "The expiration date as a unix timestamp").or_null();
    let name = || text("The friendly name of a service key");
    let metadata = || object("The key/value pairs of this key's metadata");
    let new = Schema::new("CreateServiceKey")
        .required("service", text("The service authenticating with this key"))
        .required("expiration", expiration())
        .optional("name", name())
        .optional("metadata", metadata())
        .optional("notes", text("If specified, the extra notes for the key"));
    let change = Schema::new("PutServiceKey")
        .optional("name", name())
        .optional("metadata", metadata())
        .optional("expiration", expiration());
    let approval =
        Schema::new("ApproveServiceKey").optional("notes", text("Optional approval notes"));
    Group {
        tag: superuser::TAG,
        description: superuser::DESCRIPTION,
        operations: vec![
            Operation::get(
                "/superuser/keys",
                "listServiceKeys",
                "Returns a list of service keys",
                list,
            )
            .superusers()
            .feature(on)
            .answers(List::schema()),
            Operation::post(
                "/superuser/keys",
                "createServiceKey",
                "Creates a new service key",
                create,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .body(new)
            .feature(on)
            .answers(Created::schema()),
            Operation::get(
                "/superuser/keys/{kid}",
                "getServiceKey",
                "Returns a specific service key",
                get,
            )
            .superusers()
            .fresh_login()
            .feature(on)
            .answers(Row::schema()),
            Operation::put(
                "/superuser/keys/{kid}",
                "updateServiceKey",
                "Updates a service key",
                change_key,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .body(change)
            .feature(on)
            .answers(Row::schema()),
            Operation::delete(
                "/superuser/keys/{kid}",
                "deleteServiceKey",
                "Deletes a service key",
                delete,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .feature(on),
            Operation::post(
                "/superuser/approvedkeys/{kid}",
                "approveServiceKey",
                "Approves a service key",
                approve,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .optional_body(approval)
            .succeeds(StatusCode::CREATED, "Created")
            .feature(on),
        ],
    }
}

#[derive(Serialize)]
struct Row {
    kid: String,
    name: String,
    service: String,
    jwk: Value,
    metadata: Map<String, Value>,
    created_date: String,
    expiration_date: Option<String>,
    /// Seconds after which a service replaces its key: nobody says it.
    rotation_duration: Option<u64>,
    approval: Approval,
}

#[expect(clippy::struct_field_names, reason = "the words of the API")]
#[derive(Serialize)]
struct Approval {
    approver: Option<String>,
    approval_type: &'static str,
    approved_date: String,
    notes: String,
}

impl Row {
    fn schema() -> Schema {
        Schema::new("ServiceKey")
            .required("kid", text("The unique identifier of the key"))
            .required("name", text("What people call it"))
            .required("service", text("The service that signs with it"))
            .required("jwk", object("The public key, as a JSON Web Key"))
            .required("metadata", object("What its service tells of it"))
            .required("created_date", text("When it was made"))
            .nullable("expiration_date", text("When it ends"))
            .nullable(
                "rotation_duration",
                integer_from(0, "Seconds after which its service replaces it"),
            )
            .required("approval", Approval::schema().into())
    }
}

impl Approval {
    fn schema() -> Schema {
        Schema::new("ServiceKeyApproval")
            .nullable(
                "approver",
                text("The superuser; null where nobody was asked"),
            )
            .required("approval_type", text("By whom it was approved"))
            .required("approved_date", text("When"))
            .required("notes", text("Why"))
    }
}

impl From<ServiceKeyView> for Row {
    fn from(view: ServiceKeyView) -> Self {
        Self {
            approval: Approval {
                approval_type: if view.approver.is_some() {
                    "ServiceKeyApprovalType.SUPERUSER"
                } else {
                    "ServiceKeyApprovalType.AUTOMATIC"
                },
                approver: view.approver,
                approved_date: gmt(view.approved_at),
                notes: view.notes,
            },
            kid: view.kid,
            name: view.name,
            service: view.service,
            jwk: view.jwk,
            metadata: view.metadata,
            created_date: gmt(view.created_at),
            expiration_date: view.expires_at.map(gmt),
            rotation_duration: None,
        }
    }
}

#[derive(Serialize)]
struct List {
    keys: Vec<Row>,
}

impl List {
    fn schema() -> Schema {
        let all = list_of(Row::schema(), "All of them");
        Schema::new("ServiceKeys").required("keys", all)
    }
}

async fn list(call: Call) -> Outcome {
    let (keys, actor) = (&call.services.service_keys, &call.actor);
    let (mut rows, mut after) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let request = PageRequest::new(after, PageRequest::<()>::LIMIT_MAX);
        let page = keys.page(actor, &request).await?;
        after = page.items.last().map(ServiceKeyView::place);
        rows.extend(page.items.into_iter().map(Row::from));
        if !page.has_more {
            break;
        }
    }
    Answer::ok(&List { keys: rows })
}

async fn get(call: Call) -> Outcome {
    let keys = &call.services.service_keys;
    let view = keys.get(&call.actor, call.parameter("kid")).await?;
    Answer::ok(&Row::from(view))
}

/// Seconds since 1970.
fn instant(seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    Timestamp(seconds.saturating_mul(1000))
}

#[derive(Deserialize)]
struct New {
    service: String,
    expiration: Option<u64>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    notes: String,
}

#[derive(Serialize)]
struct Created {
    kid: String,
    name: String,
    service: String,
    public_key: String,
    private_key: String,
}

impl Created {
    fn schema() -> Schema {
        Schema::new("CreatedServiceKey")
            .required("kid", text("The unique identifier of the key"))
            .required("name", text("What people call it"))
            .required("service", text("The service that signs with it"))
            .required("public_key", text("The public key, as PEM"))
            .required(
                "private_key",
                text("The private key, as PEM; told this once"),
            )
    }
}

async fn create(call: Call) -> Outcome {
    let body: New = call.body()?;
    let new = KeyToBe {
        service: &body.service,
        name: &body.name,
        notes: &body.notes,
        metadata: body.metadata,
        expires_at: body.expiration.map(instant),
    };
    let made = call.services.service_keys.create(&call.actor, &new).await;
    let made = made.map_err(problem)?;
    Answer::ok(&Created {
        kid: made.view.kid,
        name: made.view.name,
        service: made.view.service,
        public_key: made.public_pem,
        private_key: made.private_pem.expose().clone(),
    })
}

#[derive(Deserialize)]
struct Change {
    name: Option<String>,
    metadata: Option<Map<String, Value>>,
    expiration: Option<u64>,
}

/// An expiration that is null ends nothing, unlike one that is absent.
async fn change_key(call: Call) -> Outcome {
    let body: Change = call.body()?;
    let says_end = call.body.get("expiration").is_some();
    let change = KeyChange {
        name: body.name.as_deref(),
        metadata: body.metadata,
        expires_at: says_end.then_some(body.expiration.map(instant)),
    };
    let (keys, kid) = (&call.services.service_keys, call.parameter("kid"));
    let view = keys.change(&call.actor, kid, &change).await;
    Answer::ok(&Row::from(view.map_err(problem)?))
}

async fn delete(call: Call) -> Outcome {
    let (keys, kid) = (&call.services.service_keys, call.parameter("kid"));
    keys.delete(&call.actor, kid).await.map_err(problem)?;
    Ok(Answer::no_content())
}

#[derive(Deserialize)]
struct Notes {
    #[serde(default)]
    notes: String,
}

async fn approve(call: Call) -> Outcome {
    let body: Notes = call.body()?;
    let (keys, kid) = (&call.services.service_keys, call.parameter("kid"));
    let approved = keys.approve(&call.actor, kid, &body.notes).await;
    approved.map_err(problem)?;
    Ok(Answer::empty(StatusCode::CREATED))
}
