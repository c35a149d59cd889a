//! Users, robots, teams and organizations by name, as pickers offer them.

use async_graphql::{Context, Enum, ID, Object, Result};
use berth_domain::{AccountId, TeamId};
use berth_services::search::{EntityView, Wanted, Within};

use super::namespace::{Avatar, picture};
use crate::connection;
use crate::context::Asks;
use crate::error::gql;
use crate::ids::{self, GlobalId};

/// What somebody picks out of a list while typing: who may have a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "berth_domain::EntityKind")]
pub(crate) enum EntityKind {
    /// A person.
    User,
    /// A machine account.
    Robot,
    /// A team of an organization.
    Team,
    /// An organization.
    Organization,
}

/// What pickers offer where nothing else is asked for.
const KINDS: [berth_domain::EntityKind; 3] = [
    berth_domain::EntityKind::User,
    berth_domain::EntityKind::Robot,
    berth_domain::EntityKind::Team,
];

/// Somebody by name.
#[derive(Debug, Clone)]
pub(crate) struct Entity {
    pub(crate) kind: berth_domain::EntityKind,
    /// Row of the account or the team.
    pub(crate) row: i64,
    pub(crate) name: String,
    pub(crate) avatar_hash: String,
    pub(crate) is_member: Option<bool>,
}

impl From<EntityView> for Entity {
    fn from(view: EntityView) -> Self {
        Self {
            kind: view.kind,
            row: view.id,
            name: view.name,
            avatar_hash: view.avatar_hash,
            is_member: view.is_member,
        }
    }
}

/// A user, robot, team or organization by name, with no more than that.
#[Object]
impl Entity {
    /// Of the user, robot, team or organization: for `node`, which may hide it, and for `Repository.access`.
    async fn id(&self) -> ID {
        use berth_domain::EntityKind as Kind;
        let id = match self.kind {
            Kind::User => GlobalId::User(AccountId(self.row)),
            Kind::Robot => GlobalId::Robot(AccountId(self.row)),
            Kind::Team => GlobalId::Team(TeamId(self.row)),
            Kind::Organization => GlobalId::Organization(AccountId(self.row)),
        };
        id.encode()
    }

    /// What it is.
    async fn kind(&self) -> EntityKind {
        self.kind.into()
    }

    /// Name of a user, a team or an organization; `namespace+shortName` of a robot.
    async fn name(&self) -> &str {
        &self.name
    }

    /// A picture for it.
    async fn avatar(&self) -> Avatar {
        use berth_domain::EntityKind as Kind;
        let kind = match self.kind {
            Kind::User => "user",
            Kind::Robot => "robot",
            Kind::Team => "team",
            Kind::Organization => "org",
        };
        picture(&self.name, &self.avatar_hash, kind)
    }

    /// Whether it is in a team of the organization that was asked for, or its robot; null where none was, and unless the
    /// viewer may know its teams.
    async fn is_member(&self) -> Option<bool> {
        self.is_member
    }
}

/// Who may be meant by the beginning of a name.
pub(crate) async fn beginning(
    ctx: &Context<'_>,
    prefix: &str,
    within: Option<ID>,
    kinds: Option<Vec<EntityKind>>,
    first: Option<i32>,
) -> Result<Vec<Entity>> {
    let limit = connection::request::<()>(first, None)?.limit;
    let within = within.map(|id| ids::namespace("within", &id)).transpose();
    let kinds = kinds.map(|kinds| kinds.into_iter().map(Into::into).collect());
    let kinds: Vec<berth_domain::EntityKind> = kinds.unwrap_or_else(|| KINDS.to_vec());
    let wanted = Wanted {
        prefix,
        within: within.map_err(gql)?.map(Within::Id),
        kinds: &kinds,
        limit,
    };
    let search = &ctx.services().search;
    let found = search.entities(&ctx.actor(), &wanted).await.map_err(gql)?;
    Ok(found.into_iter().take(limit).map(Entity::from).collect())
}
