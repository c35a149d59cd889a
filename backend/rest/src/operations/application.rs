//! OAuth applications of organizations (X1).

use berth_domain::{Error, Namespace, Scope};
use berth_services::oauth::{
    ApplicationKey, ApplicationList, ApplicationSort, ApplicationView, Change, Description, Which,
};
use serde::{Deserialize, Serialize};

use super::organization::{DESCRIPTION, Organization, TAG};
use crate::answer::Answer;
use crate::call::Call;
use crate::operation::{Group, Operation, Outcome};
use crate::paging;
use crate::schema::{Schema, list as list_of, text};
use crate::wire::Avatar;

pub(super) fn group() -> Group {
    let name = || text("The name of the application");
    let redirect = || text("The URI for the application's OAuth redirect");
    let homepage = || text("The URI for the application's homepage");
    let more = |schema: Schema| {
        schema
            .optional(
                "description",
                text("The human-readable description for the application"),
            )
            .optional(
                "avatar_email",
                text("The e-mail address of the avatar to use for the application").or_null(),
            )
    };
    let new = Schema::new("NewApp")
        .required("name", name())
        .optional("redirect_uri", redirect())
        .optional("application_uri", homepage());
    let update = Schema::new("UpdateApp")
        .required("name", name())
        .required("redirect_uri", redirect())
        .required("application_uri", homepage());
    Group {
        tag: TAG,
        description: DESCRIPTION,
        operations: vec![
            Operation::get(
                "/organization/{orgname}/applications",
                "getOrganizationApplications",
                "List the applications for the specified organization",
                list,
            )
            .scope(Scope::OrgAdmin)
            .answers(Applications::schema()),
            Operation::post(
                "/organization/{orgname}/applications",
                "createOrganizationApplication",
                "Creates a new application under this organization",
                create,
            )
            .scope(Scope::OrgAdmin)
            .body(more(new))
            .answers(Application::schema()),
            Operation::get(
                "/organization/{orgname}/applications/{client_id}",
                "getOrganizationApplication",
                "Retrieves the application with the specified client_id under the specified organization",
                get,
            )
            .scope(Scope::OrgAdmin)
            .answers(Application::schema()),
            Operation::put(
                "/organization/{orgname}/applications/{client_id}",
                "updateOrganizationApplication",
                "Updates an application under this organization",
                update_all,
            )
            .scope(Scope::OrgAdmin)
            .body(more(update))
            .answers(Application::schema()),
            Operation::delete(
                "/organization/{orgname}/applications/{client_id}",
                "deleteOrganizationApplication",
                "Deletes the application under this organization",
                delete,
            )
            .scope(Scope::OrgAdmin),
            Operation::post(
                "/organization/{orgname}/applications/{client_id}/resetclientsecret",
                "resetOrganizationApplicationClientSecret",
                "Resets the client secret of the application",
                reset_secret,
            )
            .scope(Scope::OrgAdmin)
            .internal()
            .answers(Application::schema()),
            Operation::get(
                "/app/{client_id}",
                "getApplicationInformation",
                "Get information on the specified application",
                information,
            )
            .answers(Information::schema()),
        ],
    }
}

/// An application. The last three are null for who sees everything and changes nothing.
#[expect(clippy::struct_field_names, reason = "the words of the API")]
#[derive(Serialize)]
struct Application {
    name: String,
    description: String,
    application_uri: String,
    client_id: String,
    client_secret: Option<String>,
    redirect_uri: Option<String>,
    avatar_email: Option<String>,
}

impl Application {
    fn schema() -> Schema {
        Schema::new("Application")
            .required("name", text("Its name"))
            .required("description", text("What it is for"))
            .required("application_uri", text("Its homepage"))
            .required("client_id", text("Its OAuth client ID"))
            .nullable("client_secret", text("Its OAuth client secret"))
            .nullable(
                "redirect_uri",
                text("What the addresses begin with that browsers are sent back to"),
            )
            .nullable(
                "avatar_email",
                text("The e-mail address that its picture is made of"),
            )
    }
}

impl From<ApplicationView> for Application {
    fn from(view: ApplicationView) -> Self {
        let (secret, redirect, email) = match view.private {
            Some(private) => (
                private.client_secret.map(|secret| secret.expose().clone()),
                Some(private.redirect_prefix),
                private.avatar_email,
            ),
            None => (None, None, None),
        };
        Self {
            name: view.name,
            description: view.description,
            application_uri: view.homepage,
            client_id: view.client_id,
            client_secret: secret,
            redirect_uri: redirect,
            avatar_email: email,
        }
    }
}

#[derive(Serialize)]
struct Applications {
    applications: Vec<Application>,
}

impl Applications {
    fn schema() -> Schema {
        let all = list_of(Application::schema(), "All of them");
        Schema::new("Applications").required("applications", all)
    }
}

/// The application in the path, and the organization that goes with it.
pub(super) fn named(call: &Call) -> Result<(Namespace, &str), Error> {
    Ok((call.namespace("orgname")?, call.parameter("client_id")))
}

async fn list(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let (applications, actor) = (&call.services.applications, &call.actor);
    let organization = &organization;
    let (all, by) = (&ApplicationList::default(), ApplicationSort::default());
    let found = paging::whole(
        |view: &ApplicationView| ApplicationKey::of(view, by),
        async |page| {
            let listed = applications.page(actor, organization, true, all, &page);
            listed.await
        },
    );
    let views = found.await?.into_iter();
    Answer::ok(&Applications {
        applications: views.map(Into::into).collect(),
    })
}

#[derive(Deserialize)]
struct New {
    name: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    application_uri: String,
    #[serde(default)]
    description: String,
    avatar_email: Option<String>,
}

async fn create(call: Call) -> Outcome {
    let body: New = call.body()?;
    let organization = call.namespace("orgname")?;
    let description = Description {
        name: body.name,
        homepage: body.application_uri,
        description: body.description,
        avatar_email: body.avatar_email,
        redirect_prefix: body.redirect_uri,
    };
    let applications = &call.services.applications;
    let view = applications.create(&call.actor, &organization, &description);
    Answer::ok(&Application::from(view.await?))
}

async fn get(call: Call) -> Outcome {
    let (organization, client_id) = named(&call)?;
    let applications = &call.services.applications;
    let view = applications.get(&call.actor, &organization, client_id, true);
    Answer::ok(&Application::from(view.await?))
}

/// What is left out becomes empty: the body is the whole of it.
async fn update_all(call: Call) -> Outcome {
    let body: New = call.body()?;
    let (organization, client_id) = named(&call)?;
    let which = Which {
        organization: Some(&organization),
        client_id,
    };
    let change = Change {
        name: Some(body.name),
        homepage: Some(body.application_uri),
        description: Some(body.description),
        avatar_email: Some(body.avatar_email),
        redirect_prefix: Some(body.redirect_uri),
    };
    let applications = &call.services.applications;
    let view = applications.update(&call.actor, which, &change);
    Answer::ok(&Application::from(view.await?))
}

async fn delete(call: Call) -> Outcome {
    let (organization, client_id) = named(&call)?;
    let which = Which {
        organization: Some(&organization),
        client_id,
    };
    let applications = &call.services.applications;
    applications.delete(&call.actor, which).await?;
    Ok(Answer::no_content())
}

async fn reset_secret(call: Call) -> Outcome {
    let (organization, client_id) = named(&call)?;
    let which = Which {
        organization: Some(&organization),
        client_id,
    };
    let applications = &call.services.applications;
    let view = applications.reset_secret(&call.actor, which);
    Answer::ok(&Application::from(view.await?))
}

/// An application as everybody sees it whom it asks.
#[derive(Serialize)]
struct Information {
    name: String,
    description: String,
    uri: String,
    avatar: Avatar,
    organization: Organization,
}

impl Information {
    fn schema() -> Schema {
        Schema::new("ApplicationInformation")
            .required("name", text("Its name"))
            .required("description", text("What it is for"))
            .required("uri", text("Its homepage"))
            .required("avatar", Avatar::schema().into())
            .required("organization", Organization::schema().into())
    }
}

async fn information(call: Call) -> Outcome {
    let (services, actor) = (&call.services, &call.actor);
    let client_id = call.parameter("client_id");
    let found = services.applications.info(actor, client_id).await?;
    let organization = services.directory.organization(actor, &found.owner.name);
    Answer::ok(&Information {
        organization: organization.await?.into(),
        avatar: Avatar::application(&found.name, &found.avatar_hash),
        name: found.name,
        description: found.description,
        uri: found.homepage,
    })
}
