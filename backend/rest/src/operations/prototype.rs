//! Roles that new repositories of an organization begin with (A6).

use berth_domain::{AccountKind, Error, RepositoryRole, Scope};
use berth_services::default_permissions::{DefaultPermissionView, Delegate, Person, To};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::schema::{Schema, Shape, boolean, choice, list as list_of, text};
use crate::wire::Avatar;

pub(super) fn group() -> Group {
    let role = || {
        choice(
            &["read", "write", "admin"],
            "Role that should be applied to the delegate",
        )
    };
    let activating = Schema::new("ActivatingUser").required("name", text("The user's name"));
    let delegate = Schema::new("PrototypeDelegate")
        .required("name", text("The name of the delegate"))
        .required(
            "kind",
            choice(&["user", "team"], "Whether it is a user or a team"),
        );
    let new = Schema::new("NewPrototype")
        .required("role", role())
        .required("delegate", delegate.into())
        .optional("activating_user", activating.into());
    Group {
        tag: "prototype",
        description: "Manage default permissions added to repositories",
        operations: vec![
            Operation::get(
                "/organization/{orgname}/prototypes",
                "getOrganizationPrototypePermissions",
                "List the existing prototypes for this organization",
                list,
            )
            .scope(Scope::OrgAdmin)
            .answers(List::schema()),
            Operation::post(
                "/organization/{orgname}/prototypes",
                "createOrganizationPrototypePermission",
                "Create a new permission prototype",
                create,
            )
            .scope(Scope::OrgAdmin)
            .body(new)
            .answers(Prototype::schema()),
            Operation::put(
                "/organization/{orgname}/prototypes/{prototypeid}",
                "updateOrganizationPrototypePermission",
                "Update the role of an existing permission prototype",
                update,
            )
            .scope(Scope::OrgAdmin)
            .body(Schema::new("PrototypeUpdate").required("role", role()))
            .answers(Prototype::schema()),
            Operation::delete(
                "/organization/{orgname}/prototypes/{prototypeid}",
                "deleteOrganizationPrototypePermission",
                "Delete an existing permission prototype",
                delete,
            )
            .scope(Scope::OrgAdmin),
        ],
    }
}

/// Somebody beside a prototype; of a team less is told.
#[derive(Serialize)]
struct Entity {
    name: String,
    kind: &'static str,
    avatar: Avatar,
    #[serde(flatten)]
    account: Option<Account>,
}

/// What is told of a user or robot more.
#[derive(Serialize)]
struct Account {
    is_robot: bool,
    is_org_member: bool,
}

impl Entity {
    fn schema() -> Schema {
        Schema::new("PrototypeEntity")
            .required("name", text("A user, a robot by its whole name, or a team"))
            .required("kind", text("user, for robots too, or team"))
            .required("avatar", Avatar::schema().into())
            .optional("is_robot", boolean("Whether it is a robot"))
            .optional(
                "is_org_member",
                boolean("Whether it is in a team of the organization, or its robot"),
            )
    }
}

impl From<Person> for Entity {
    fn from(person: Person) -> Self {
        let is_robot = person.kind == AccountKind::Robot;
        Self {
            avatar: if is_robot {
                Avatar::robot(&person.name, &person.avatar_hash)
            } else {
                Avatar::user(&person.name, &person.avatar_hash)
            },
            name: person.name,
            kind: "user",
            account: Some(Account {
                is_robot,
                is_org_member: person.is_member,
            }),
        }
    }
}

#[derive(Serialize)]
struct Prototype {
    id: String,
    role: &'static str,
    activating_user: Option<Entity>,
    delegate: Entity,
}

impl Prototype {
    fn schema() -> Schema {
        Schema::new("Prototype")
            .required("id", text("Its unique ID"))
            .required("role", text("read, write or admin"))
            .nullable("activating_user", Shape::from(Entity::schema()))
            .required("delegate", Entity::schema().into())
    }
}

impl From<DefaultPermissionView> for Prototype {
    fn from(view: DefaultPermissionView) -> Self {
        Self {
            id: view.uuid,
            role: view.role.as_str(),
            activating_user: view.creator.map(Into::into),
            delegate: match view.delegate {
                Delegate::Account(person) => person.into(),
                Delegate::Team {
                    name, avatar_hash, ..
                } => Entity {
                    avatar: Avatar::team(&name, &avatar_hash),
                    name: name.to_string(),
                    kind: "team",
                    account: None,
                },
            },
        }
    }
}

#[derive(Serialize)]
struct List {
    prototypes: Vec<Prototype>,
}

impl List {
    fn schema() -> Schema {
        let all = list_of(Prototype::schema(), "All of them, the oldest first");
        Schema::new("Prototypes").required("prototypes", all)
    }
}

async fn list(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let defaults = &call.services.default_permissions;
    let all = defaults.all(&call.actor, &organization).await?;
    Answer::ok(&List {
        prototypes: all.into_iter().map(Into::into).collect(),
    })
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct DelegateName {
    name: String,
    kind: String,
}

#[derive(Deserialize)]
struct New {
    role: String,
    delegate: DelegateName,
    activating_user: Option<Named>,
}

async fn create(call: Call) -> Outcome {
    let body: New = call.body()?;
    let role: RepositoryRole = body.role.parse()?;
    let organization = call.namespace("orgname")?;
    let is_team = body.delegate.kind == "team";
    let to = if is_team {
        To::Team(&body.delegate.name)
    } else {
        To::Account(&body.delegate.name)
    };
    let creator = body.activating_user.as_ref().map(|user| user.name.as_str());
    let defaults = &call.services.default_permissions;
    let made = defaults.create(&call.actor, &organization, creator, &to, role);
    let made = made.await.map_err(|error| match error {
        // In the older body, which scripts look into for teams.
        Error::Invalid { field, message, .. } if field.as_deref() == Some("team") => {
            Failure::message(message)
        }
        other => other.into(),
    })?;
    Answer::ok(&Prototype::from(made))
}

#[derive(Deserialize)]
struct Update {
    role: String,
}

async fn update(call: Call) -> Outcome {
    let body: Update = call.body()?;
    let role: RepositoryRole = body.role.parse()?;
    let organization = call.namespace("orgname")?;
    let (defaults, id) = (
        &call.services.default_permissions,
        call.parameter("prototypeid"),
    );
    let changed = defaults.update(&call.actor, &organization, id, role);
    Answer::ok(&Prototype::from(changed.await?))
}

async fn delete(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let (defaults, id) = (
        &call.services.default_permissions,
        call.parameter("prototypeid"),
    );
    defaults.delete(&call.actor, &organization, id).await?;
    Ok(Answer::no_content())
}
