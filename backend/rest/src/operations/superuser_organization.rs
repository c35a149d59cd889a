//! What superusers do with organizations that they do not administer.

use berth_domain::{Error, Namespace, PageRequest, Scope};
use berth_services::organizations::NamespaceView;
use serde::{Deserialize, Serialize};

use super::superuser::{self, problem};
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::paging;
use crate::parameters::{NEXT_PAGE, next_page};
use crate::schema::{Schema, list as list_of, text};
use crate::wire::Avatar;

/// Name of the list in its page tokens.
const LIST: &str = "superuser-organizations";

pub(super) fn group() -> Group {
    let on = |settings: &berth_services::Settings| settings.users.superusers_enabled;
    let change =
        Schema::new("RenameOrg").optional("name", text("The new name for the organization"));
    Group {
        tag: superuser::TAG,
        description: superuser::DESCRIPTION,
        operations: vec![
            Operation::get(
                "/superuser/organizations/",
                "listAllOrganizations",
                "List the organizations for the current system",
                list,
            )
            .superusers()
            .fresh_login()
            .query([superuser::rows(), next_page()])
            .feature(on)
            .answers(List::schema()),
            Operation::put(
                "/superuser/organizations/{name}",
                "changeOrganization",
                "Updates information about the specified organization",
                change_organization,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .body(change)
            .feature(on)
            .answers(Row::schema()),
            Operation::delete(
                "/superuser/organizations/{name}",
                "deleteOrganization",
                "Deletes the specified organization",
                delete,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .feature(on),
            Operation::post(
                "/superuser/takeownership/{namespace}",
                "takeOwnership",
                "Take ownership of the specified organization or user",
                take_ownership,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .feature(on)
            .answers(Taken::schema()),
        ],
    }
}

#[derive(Serialize)]
struct Row {
    name: Namespace,
    email: Option<String>,
    avatar: Avatar,
}

impl Row {
    fn schema() -> Schema {
        Schema::new("InstallOrganization")
            .required("name", text("Its name"))
            .nullable("email", text("Its e-mail address"))
            .required("avatar", Avatar::schema().into())
    }
}

impl From<NamespaceView> for Row {
    fn from(view: NamespaceView) -> Self {
        Self {
            avatar: Avatar::organization(&view.name, &view.avatar_hash),
            name: view.name,
            email: view.email,
        }
    }
}

#[derive(Serialize)]
struct List {
    organizations: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
}

impl List {
    fn schema() -> Schema {
        let organizations = list_of(Row::schema(), "All of them, or those of the page");
        Schema::new("InstallOrganizations")
            .required("organizations", organizations)
            .optional("next_page", text(NEXT_PAGE))
    }
}

async fn list(call: Call) -> Outcome {
    let limit = superuser::limit(&call)?;
    let mut request: PageRequest<Namespace> = paging::request(&call, LIST);
    request.limit = limit.unwrap_or(request.limit);
    let superuser = &call.services.superuser;
    let (mut organizations, mut next_page) = (Vec::new(), None);
    for _ in 0..paging::PAGES_MAX {
        let page = superuser.organizations(&call.actor, None, &request).await?;
        next_page = paging::next(&call, LIST, &page, |view| view.name.clone());
        request.after = page.items.last().map(|view| view.name.clone());
        organizations.extend(page.items.into_iter().map(Row::from));
        if limit.is_some() || !page.has_more {
            break;
        }
    }
    Answer::ok(&List {
        organizations,
        next_page,
    })
}

#[derive(Deserialize)]
struct Change {
    name: Option<String>,
}

async fn change_organization(call: Call) -> Outcome {
    let body: Change = call.body()?;
    let (superuser, old) = (&call.services.superuser, call.parameter("name"));
    let view = match superuser.organization(&call.actor, old).await {
        Ok(view) => view,
        Err(Error::NotFound { .. }) => {
            let message = format!("Organization does not exist: {old}");
            return Err(Failure::message(message));
        }
        Err(other) => return Err(other.into()),
    };
    let Some(name) = body.name else {
        return Answer::ok(&Row::from(view));
    };
    let name: Namespace = name.parse()?;
    let renamed = superuser.rename_organization(&call.actor, view.id, &name);
    renamed.await?;
    Answer::ok(&Row::from(NamespaceView { name, ..view }))
}

async fn delete(call: Call) -> Outcome {
    let (superuser, name) = (&call.services.superuser, call.parameter("name"));
    let view = superuser.organization(&call.actor, name).await?;
    superuser.delete_organization(&call.actor, view.id).await?;
    Ok(Answer::no_content())
}

#[derive(Serialize)]
struct Taken<'a> {
    namespace: &'a str,
}

impl Taken<'_> {
    fn schema() -> Schema {
        Schema::new("TakenNamespace").required("namespace", text("What was taken over"))
    }
}

async fn take_ownership(call: Call) -> Outcome {
    let (superuser, name) = (&call.services.superuser, call.parameter("namespace"));
    let account = superuser.namespace(&call.actor, name).await?;
    let taken = superuser.take_ownership(&call.actor, account.id).await;
    taken.map_err(problem)?;
    Answer::ok(&Taken { namespace: name })
}
