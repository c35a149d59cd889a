//! Who may do what in a repository, and why.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use berth_domain::{EntityKind, PageRequest, RepositoryId};
use berth_services::permissions::{AccessKey, AccessView, Ground, Reason};

use super::entity::Entity;
use super::permission::Role;
use super::team::Team;
use crate::connection::{self, connection};
use crate::context::Asks;
use crate::error::gql;
use crate::ids;
use crate::loaders::load;

/// Why somebody may do something in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum AccessReasonKind {
    /// It lies in the user's own namespace.
    Owner,
    /// It lies in an organization whose administrators the team is.
    OrganizationAdministrator,
    /// Superusers reach everything here (`FEATURE_SUPERUSERS_FULL_ACCESS`).
    Superuser,
    /// The user reads everything (`GLOBAL_READONLY_SUPER_USERS`).
    ReadOnlySuperuser,
    /// The role was given to the user or robot itself.
    Direct,
    /// The role was given to the team.
    Team,
    /// Everybody may pull from a public repository.
    Public,
}

/// A reason why somebody may do something in a repository.
#[derive(Clone)]
pub(crate) struct AccessReason(Reason);

/// A reason why somebody may do something in a repository.
#[Object]
impl AccessReason {
    /// What it is.
    async fn kind(&self) -> AccessReasonKind {
        match self.0.ground {
            Ground::Owner => AccessReasonKind::Owner,
            Ground::OrganizationAdministrator => AccessReasonKind::OrganizationAdministrator,
            // The registry itself is nobody who is told of here.
            Ground::Superuser | Ground::Registry => AccessReasonKind::Superuser,
            Ground::ReadOnlySuperuser => AccessReasonKind::ReadOnlySuperuser,
            Ground::Direct(_) => AccessReasonKind::Direct,
            Ground::Team(_) => AccessReasonKind::Team,
            Ground::Public => AccessReasonKind::Public,
        }
    }

    /// The role that it gives.
    async fn role(&self) -> Role {
        self.0.ground.role().into()
    }

    /// Name of the team by which it is, of `TEAM` and `ORGANIZATION_ADMINISTRATOR`.
    async fn team_name(&self) -> Option<&str> {
        self.0.team.as_ref().map(|(_, name)| name.as_str())
    }

    /// The team; null for who may not know it.
    async fn team(&self, ctx: &Context<'_>) -> Result<Option<Team>> {
        match &self.0.team {
            Some((id, _)) => Ok(load(ctx.loader(), *id).await?.map(Team)),
            None => Ok(None),
        }
    }
}

/// What somebody may do in a repository, and why: decided as when they ask in a session of their own.
#[derive(Clone, SimpleObject)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the answers to as many questions"
)]
pub(crate) struct RepositoryAccess {
    /// The user, robot or team; of a team, what its members may do by it alone.
    entity: Entity,
    /// Whether it may nothing although there are reasons: it is disabled, of a disabled namespace, or a robot where robots
    /// are refused.
    is_shut_out: bool,
    /// The role in force; null where it may nothing.
    permission: Option<Role>,
    /// Whether it may pull now.
    can_pull: bool,
    /// Whether it may push now: false for a repository that takes no pushes, whatever the role.
    can_push: bool,
    /// Whether it may change settings and permissions, and delete the repository.
    can_administer: bool,
    /// Every reason, also those that a higher role makes needless; none where it has no right.
    reasons: Vec<AccessReason>,
}

impl From<AccessView> for RepositoryAccess {
    fn from(view: AccessView) -> Self {
        Self {
            entity: Entity {
                kind: view.kind,
                row: view.id,
                name: view.name,
                avatar_hash: view.avatar_hash,
                is_member: None,
            },
            is_shut_out: view.is_shut_out,
            permission: view.role.map(Into::into),
            can_pull: view.can_pull,
            can_push: view.can_push,
            can_administer: view.can_administer,
            reasons: view.reasons.into_iter().map(AccessReason).collect(),
        }
    }
}

connection!(
    RepositoryAccessConnection,
    RepositoryAccessEdge,
    RepositoryAccess,
    "what whom may do in a repository, and why"
);

/// A page of who may do what; none for who may not ask.
pub(crate) async fn page(
    ctx: &Context<'_>,
    repository: RepositoryId,
    of: Option<ID>,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Option<RepositoryAccessConnection>> {
    let skipped = after.is_some();
    let request: PageRequest<AccessKey> = connection::request(first, after)?;
    let of: Option<(EntityKind, i64)> = match of {
        Some(id) => Some(ids::holder("of", &id).map_err(gql)?),
        None => None,
    };
    let permissions = &ctx.services().permissions;
    let page = permissions
        .explain(&ctx.actor(), repository, of, &request)
        .await;
    let Some(page) = page.map_err(gql)? else {
        return Ok(None);
    };
    let rows = page.items.into_iter();
    let rows = rows.map(|view| (connection::cursor(&view.key()), view.into()));
    Ok(Some(RepositoryAccessConnection::new(
        skipped,
        page.has_more,
        rows.collect(),
    )))
}
