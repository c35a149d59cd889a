//! Roles of users, robots and teams in a repository (A7).

mod team;

use std::collections::{BTreeMap, HashMap, HashSet};

use berth_domain::{AccountId, AccountKind, RepositoryId, RepositoryRole, Scope};
use berth_services::permissions::{Permission, RoleChange};
use serde::{Deserialize, Serialize};

use super::repository;
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::schema::{Schema, boolean, by_name, choice, list as list_of, text};
use crate::wire::Avatar;

/// What scripts compare with.
const NO_ROLE: &str = "User does not have permission for repo.";

pub(super) fn group() -> Group {
    let role = choice(&["read", "write", "admin"], "Held to use for the user");
    Group {
        tag: "permission",
        description: "Manage repository permissions",
        operations: vec![
            Operation::get(
                "/repository/{repository}/permissions/user/",
                "listRepoUserPermissions",
                "List all user permissions",
                list,
            )
            .scope(Scope::RepoAdmin)
            .answers(List::schema()),
            Operation::get(
                "/repository/{repository}/permissions/user/{username}",
                "getUserPermissions",
                "Get the permission for the specified user",
                get,
            )
            .scope(Scope::RepoAdmin)
            .answers(Held::schema()),
            Operation::put(
                "/repository/{repository}/permissions/user/{username}",
                "changeUserPermissions",
                "Update the permissions for an existing user or robot",
                change,
            )
            .scope(Scope::RepoAdmin)
            .body(Schema::new("UserPermission").required("role", role))
            .answers(Held::schema()),
            Operation::delete(
                "/repository/{repository}/permissions/user/{username}",
                "deleteUserPermissions",
                "Delete the permission for the user",
                delete,
            )
            .scope(Scope::RepoAdmin),
            Operation::get(
                "/repository/{repository}/permissions/user/{username}/transitive",
                "getUserTransitivePermission",
                "Get the permissions of the specified user or robot, its own and those of its teams",
                transitive,
            )
            .scope(Scope::RepoAdmin)
            .answers(Transitive::schema()),
        ]
        .into_iter()
        .chain(team::operations())
        .collect(),
    }
}

/// A role of one account.
#[derive(Serialize)]
struct Held {
    role: &'static str,
    name: String,
    is_robot: bool,
    /// Absent where a user has the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_org_member: Option<bool>,
    avatar: Avatar,
}

/// What is known of those who hold roles in a repository.
struct Holders {
    hashes: HashMap<AccountId, String>,
    /// Of an organization's repository: who belongs to it.
    members: Option<HashSet<AccountId>>,
}

impl Holders {
    async fn of(call: &Call, id: RepositoryId, roles: &[Permission]) -> Result<Self, Failure> {
        let ids: Vec<AccountId> = roles.iter().map(|role| role.account_id).collect();
        let (services, actor) = (&call.services, &call.actor);
        Ok(Self {
            hashes: services.directory.avatar_hashes(actor, &ids).await?,
            members: services.permissions.members(actor, id, roles).await?,
        })
    }
}

impl Held {
    fn schema() -> Schema {
        Schema::new("Permission")
            .required("role", text("read, write or admin"))
            .required("name", text("Who holds it"))
            .required("is_robot", boolean("Whether that is a robot"))
            .optional(
                "is_org_member",
                boolean("Whether it belongs to the organization, as its robots do; absent where a user has the repository"),
            )
            .required("avatar", Avatar::schema().into())
    }

    fn new(permission: Permission, holders: &Holders) -> Self {
        let is_robot = permission.kind == AccountKind::Robot;
        let hash = holders.hashes.get(&permission.account_id);
        let members = holders.members.as_ref();
        let is_org_member = members.map(|members| members.contains(&permission.account_id));
        let hash = hash.map_or("", String::as_str);
        let avatar = if is_robot {
            Avatar::robot(&permission.account, hash)
        } else {
            Avatar::user(&permission.account, hash)
        };
        Self {
            role: permission.role.as_str(),
            name: permission.account,
            is_robot,
            is_org_member,
            avatar,
        }
    }
}

/// By account.
#[derive(Serialize)]
struct List {
    permissions: BTreeMap<String, Held>,
}

impl List {
    fn schema() -> Schema {
        let all = by_name(Held::schema(), "All of them by who holds them");
        Schema::new("Permissions").required("permissions", all)
    }
}

/// The roles in a repository, for who administers it, and for who sees everything and changes nothing.
async fn roles(call: &Call, id: RepositoryId) -> Result<Vec<Permission>, Failure> {
    let roles = call.services.permissions.list(&call.actor, id).await?;
    roles.ok_or_else(Failure::forbidden)
}

async fn list(call: Call) -> Outcome {
    let id = repository::find(&call).await?.repository.id;
    let roles = roles(&call, id).await?;
    let holders = Holders::of(&call, id, &roles).await?;
    let by_name = |role: Permission| (role.account.clone(), Held::new(role, &holders));
    Answer::ok(&List {
        permissions: roles.into_iter().map(by_name).collect(),
    })
}

async fn render(call: &Call, id: RepositoryId, roles: Vec<Permission>) -> Outcome {
    let account = call.parameter("username");
    let found = roles.into_iter().find(|role| role.account == account);
    let role = found.ok_or_else(|| Failure::message(NO_ROLE))?;
    let holders = Holders::of(call, id, std::slice::from_ref(&role)).await?;
    Answer::ok(&Held::new(role, &holders))
}

async fn get(call: Call) -> Outcome {
    let id = repository::find(&call).await?.repository.id;
    let roles = roles(&call, id).await?;
    render(&call, id, roles).await
}

#[derive(Deserialize)]
struct NewRole {
    role: String,
}

async fn set(call: &Call, id: RepositoryId, role: Option<RepositoryRole>) -> Result<(), Failure> {
    let change = RoleChange {
        account: call.parameter("username").to_owned(),
        role,
    };
    let permissions = &call.services.permissions;
    Ok(permissions.set(&call.actor, id, &[change]).await?)
}

async fn change(call: Call) -> Outcome {
    let body: NewRole = call.body()?;
    let id = repository::find_to_change(&call).await?.repository.id;
    set(&call, id, Some(body.role.parse()?)).await?;
    let roles = roles(&call, id).await?;
    render(&call, id, roles).await
}

async fn delete(call: Call) -> Outcome {
    let id = repository::find_to_change(&call).await?.repository.id;
    let roles = roles(&call, id).await?;
    let account = call.parameter("username");
    if !roles.iter().any(|role| role.account == account) {
        return Err(Failure::invalid(NO_ROLE));
    }
    set(&call, id, None).await?;
    Ok(Answer::no_content())
}

/// A role, wherever it comes from.
#[derive(Serialize)]
struct Role {
    role: &'static str,
}

impl Role {
    fn schema() -> Schema {
        Schema::new("Role").required("role", text("read, write or admin"))
    }
}

#[derive(Serialize)]
struct Transitive {
    permissions: Vec<Role>,
}

impl Transitive {
    fn schema() -> Schema {
        let all = list_of(Role::schema(), "One for each way in which it is held");
        Schema::new("TransitivePermissions").required("permissions", all)
    }
}

async fn transitive(call: Call) -> Outcome {
    let id = repository::find(&call).await?.repository.id;
    let (permissions, name) = (&call.services.permissions, call.parameter("username"));
    let roles = permissions.transitive(&call.actor, id, name).await?;
    let roles = roles.ok_or_else(Failure::forbidden)?;
    if roles.is_empty() {
        return Err(Failure::not_found());
    }
    let roles = roles.into_iter().map(|role| Role {
        role: role.as_str(),
    });
    Answer::ok(&Transitive {
        permissions: roles.collect(),
    })
}
