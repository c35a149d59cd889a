//! Roles that new repositories of an organization begin with.

use async_graphql::{Context, Object, Result, SimpleObject};
use berth_domain::{Namespace, PrototypeId};
use berth_services::default_permissions::{DefaultPermissionView, Delegate, Person};

use super::namespace::{Avatar, picture};
use super::permission::{AccountKind, Role};
use super::team::Team;
use crate::connection::{self, connection, count};
use crate::context::Asks;
use crate::error::{found, gql};
use crate::loaders::load;
use crate::scalars::DateTime;

/// A role that new repositories of an organization begin with.
#[derive(Clone)]
pub(crate) struct DefaultPermission(pub(crate) DefaultPermissionView);

/// A user or robot beside an organization.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Affiliate {
    /// User name or `namespace+robot`.
    account: String,
    /// User or robot.
    kind: AccountKind,
    /// A picture for it.
    avatar: Avatar,
    /// Whether it is in a team of the organization, or its robot.
    is_member: bool,
}

impl From<&Person> for Affiliate {
    fn from(person: &Person) -> Self {
        let kind = AccountKind::from(person.kind);
        let word = if kind == AccountKind::Robot {
            "robot"
        } else {
            "user"
        };
        Self {
            account: person.name.clone(),
            kind,
            avatar: picture(&person.name, &person.avatar_hash, word),
            is_member: person.is_member,
        }
    }
}

/// A role that new repositories of an organization begin with, however they are made.
#[Object]
impl DefaultPermission {
    /// By which it is changed and deleted.
    async fn uuid(&self) -> &str {
        &self.0.uuid
    }

    /// Whose new repositories; null for everybody's.
    async fn creator(&self) -> Option<Affiliate> {
        self.0.creator.as_ref().map(Into::into)
    }

    /// The user or robot who gets the role; null where a team does.
    async fn account(&self) -> Option<Affiliate> {
        match &self.0.delegate {
            Delegate::Account(person) => Some(person.into()),
            Delegate::Team { .. } => None,
        }
    }

    /// The team that gets the role; null where an account does.
    async fn team(&self, ctx: &Context<'_>) -> Result<Option<Team>> {
        match &self.0.delegate {
            Delegate::Team { id, .. } => Ok(load(ctx.loader(), *id).await?.map(Team)),
            Delegate::Account(_) => Ok(None),
        }
    }

    /// The role.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

connection!(
    DefaultPermissionConnection,
    DefaultPermissionEdge,
    DefaultPermission,
    "the default permissions of an organization",
    total_count: "How many there are."
);

/// A page of an organization's default permissions; none for who does not administer it.
pub(crate) async fn page(
    ctx: &Context<'_>,
    organization: &Namespace,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Option<DefaultPermissionConnection>> {
    let skipped = after.is_some();
    let request = connection::request::<PrototypeId>(first, after)?;
    let (defaults, actor) = (&ctx.services().default_permissions, ctx.actor());
    let Some(page) = found(defaults.page(&actor, organization, &request).await)? else {
        return Ok(None);
    };
    let total = if ctx.look_ahead().field("totalCount").exists() {
        let total = defaults.count(&actor, organization).await;
        Some(count(total.map_err(gql)?))
    } else {
        None
    };
    let rows = page.items.into_iter();
    let rows = rows.map(|view| (connection::cursor(&view.id), DefaultPermission(view)));
    Ok(Some(DefaultPermissionConnection::new(
        skipped,
        page.has_more,
        rows.collect(),
        total,
    )))
}
