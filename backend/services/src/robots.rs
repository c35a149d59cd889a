//! Robot accounts (B1, B2, B3): machine accounts of one namespace.

mod creation;
mod listing;
mod rights;

use std::collections::HashMap;
use std::sync::Arc;

use berth_crypto::tokens;
use berth_domain::{
    AccountId, Error, Event, Namespace, Noun, Page, PageRequest, Result, RobotName, Secret,
    Timestamp,
};
use berth_store::Conn;
use berth_store::robots::{self as rows, Robot};
use serde_json::{Map, Value};

pub use creation::{DESCRIPTION_MAX, METADATA_BYTES_MAX, NewRobot};
pub use listing::{LIST_MAX, ListedRobot};
pub use rights::RobotRights;

use crate::access::namespace::Administer;
use crate::actor::{Actor, Principal};
use crate::core::Core;
use crate::journal::Subject;
use crate::many::{Checking, Items, Many, Selection};

/// What a robot's token is sealed for.
pub(crate) const TOKEN_CONTEXT: &str = "robot-token";

/// Robot accounts.
#[derive(Clone)]
pub struct Robots {
    core: Arc<Core>,
}

/// Which robots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RobotFilter {
    /// Whose.
    pub namespace: Namespace,
    /// Text in the short name.
    pub search: Option<String>,
}

/// A robot without its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RobotView {
    /// Its account.
    pub id: AccountId,
    /// Whose it is.
    pub namespace_id: AccountId,
    /// How it logs in.
    pub name: RobotName,
    /// Free text.
    pub description: String,
    /// What whoever made it says of it.
    pub metadata: Map<String, Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last logged in.
    pub last_used_at: Option<Timestamp>,
}

impl From<Robot> for RobotView {
    fn from(robot: Robot) -> Self {
        Self {
            id: robot.id,
            namespace_id: robot.namespace_id,
            name: robot.name,
            description: robot.description,
            // The services wrote it, and nothing but an object.
            metadata: serde_json::from_str(&robot.metadata).unwrap_or_default(),
            created_at: robot.created_at,
            last_used_at: robot.last_used_at,
        }
    }
}

/// What a robot logs in with.
#[derive(Debug, Clone)]
pub struct RobotCredentials {
    /// `namespace+short`.
    pub username: RobotName,
    /// The token.
    pub token: Secret<String>,
}

impl Robots {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Robots of a namespace by short name; none for who does not administer it.
    pub async fn page(
        &self,
        actor: &Actor,
        namespace: AccountId,
        search: Option<&str>,
        page: &PageRequest<String>,
    ) -> Result<Page<RobotView>> {
        let mut conn = self.core.db.read().await?;
        let found = if self.administers(&mut conn, actor, namespace).await? {
            let after = page.after.as_deref();
            rows::page(&mut conn, namespace, search, after, page.fetch()).await?
        } else {
            Vec::new()
        };
        Ok(page.page(found).map(Into::into))
    }

    /// How many robots [`Self::page`] walks through.
    pub async fn count(
        &self,
        actor: &Actor,
        namespace: AccountId,
        search: Option<&str>,
    ) -> Result<u64> {
        let mut conn = self.core.db.read().await?;
        if !self.administers(&mut conn, actor, namespace).await? {
            return Ok(0);
        }
        let count = rows::count(&mut conn, namespace, search).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Reading needs the right alone, and no registry that takes writes.
    async fn administers(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        namespace: AccountId,
    ) -> Result<bool> {
        let held = self
            .core
            .gate
            .namespaces::<Administer>(conn, actor, &[namespace])
            .await?;
        Ok(!held.is_empty())
    }

    /// Those of many robots that the actor may know: of its namespaces, and itself.
    pub async fn by_ids(&self, actor: &Actor, ids: &[AccountId]) -> Result<Vec<RobotView>> {
        let mut conn = self.core.db.read().await?;
        let found = rows::by_ids(&mut conn, ids).await?;
        let mut owners: Vec<AccountId> = found.iter().map(|robot| robot.namespace_id).collect();
        owners.sort_unstable();
        owners.dedup();
        let known = self
            .core
            .gate
            .namespaces::<Administer>(&mut conn, actor, &owners)
            .await?;
        let itself = match actor.principal() {
            Principal::Robot { id, .. } => Some(*id),
            _ => None,
        };
        Ok(found
            .into_iter()
            .filter(|robot| {
                Some(robot.id) == itself || known.iter().any(|ns| ns.id == robot.namespace_id)
            })
            .map(Into::into)
            .collect())
    }

    /// In how many repositories these robots have a direct role; only of robots that the actor may know.
    pub async fn repository_counts(
        &self,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, u64>> {
        let known: Vec<AccountId> = self
            .by_ids(actor, ids)
            .await?
            .into_iter()
            .map(|robot| robot.id)
            .collect();
        let mut conn = self.core.db.read().await?;
        let counts = rows::repository_counts(&mut conn, &known).await?;
        Ok(counts
            .into_iter()
            .map(|(id, count)| (id, u64::try_from(count).unwrap_or(0)))
            .collect())
    }

    /// The token of a robot, for administrators of its namespace. Each reading is logged.
    pub async fn credentials(&self, actor: &Actor, id: AccountId) -> Result<RobotCredentials> {
        let robot = self
            .core
            .db
            .write(async |tx| {
                let robot = self.administered(tx, actor, id).await?;
                let event = Event::RobotTokenRead {
                    robot: robot.name.clone(),
                };
                self.core
                    .journal
                    .record(tx, actor, subject(robot.namespace_id), &event)
                    .await?;
                Ok(robot)
            })
            .await?;
        let token = self
            .core
            .sealing
            .open_text(TOKEN_CONTEXT, &robot.token_sealed)?;
        Ok(RobotCredentials {
            username: robot.name,
            token,
        })
    }

    /// Gives a robot a new token; the old one is dead at once.
    pub async fn regenerate_token(&self, actor: &Actor, id: AccountId) -> Result<RobotView> {
        let token = tokens::robot_token();
        let hash = tokens::hash_token(token.expose());
        let sealed = self.core.sealing.seal(TOKEN_CONTEXT, token.expose());
        self.core
            .db
            .write(async |tx| {
                let robot = self.administered(tx, actor, id).await?;
                rows::set_token(tx, id, &sealed, &hash).await?;
                let event = Event::RobotTokenRegenerated {
                    robot: robot.name.clone(),
                };
                self.core
                    .journal
                    .record(tx, actor, subject(robot.namespace_id), &event)
                    .await?;
                Ok(robot.into())
            })
            .await
    }

    /// Deletes all of these robots or none; returns which.
    ///
    /// # Errors
    /// A cause for each robot that stands in the way.
    pub async fn delete(
        &self,
        actor: &Actor,
        selection: Selection<'_, AccountId, RobotFilter>,
    ) -> Many<Vec<AccountId>> {
        self.core
            .db
            .write(async |tx| {
                let mut robots = Vec::new();
                match selection {
                    Selection::Items(ids) => {
                        let mut items = Checking::default();
                        let ids = Items::checked(ids)?;
                        for robot in self.each_administered(tx, actor, ids.as_slice()).await? {
                            items.take(robot, &mut robots)?;
                        }
                        if let Some(refused) = items.refused() {
                            return Ok(Err(refused));
                        }
                    }
                    Selection::Matching(filter) => {
                        let access = self
                            .core
                            .gate
                            .namespace::<Administer>(tx, actor, &filter.namespace)
                            .await?;
                        let limit =
                            i64::try_from(Items::<Robot>::FETCH).map_err(Error::internal)?;
                        let search = filter.search.as_deref();
                        let found = rows::page(tx, access.id, search, None, limit).await?;
                        robots = Items::matching(found)?.into_inner();
                    }
                }
                let ids: Vec<AccountId> = robots.iter().map(|robot| robot.id).collect();
                rows::delete(tx, &ids).await?;
                for robot in robots {
                    let event = Event::RobotDeleted { robot: robot.name };
                    let subject = subject(robot.namespace_id);
                    self.core.journal.record(tx, actor, subject, &event).await?;
                }
                Ok(Ok(ids))
            })
            .await?
    }

    /// A robot of a namespace that the actor administers; any other is hidden.
    async fn administered(&self, conn: &mut Conn, actor: &Actor, id: AccountId) -> Result<Robot> {
        let mut each = self.each_administered(conn, actor, &[id]).await?;
        each.pop().unwrap_or(Err(Error::Hidden(Noun::Robot)))
    }

    /// The same for each of many, in their order.
    async fn each_administered(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<Vec<Result<Robot>>> {
        let mut found: HashMap<AccountId, Robot> = rows::by_ids(conn, ids)
            .await?
            .into_iter()
            .map(|robot| (robot.id, robot))
            .collect();
        let found: Vec<Option<Robot>> = ids.iter().map(|id| found.remove(id)).collect();
        let owners: Vec<AccountId> = found
            .iter()
            .flatten()
            .map(|robot| robot.namespace_id)
            .collect();
        let gate = &self.core.gate;
        let held = gate
            .each_namespace::<Administer>(conn, actor, &owners)
            .await?;
        let mut held = held.into_iter();
        Ok(found
            .into_iter()
            .map(|robot| {
                let held = robot.and_then(|robot| held.next().map(|held| (robot, held)));
                match held {
                    Some((robot, Ok(_))) => Ok(robot),
                    Some((_, Err(Error::Hidden(_)))) => Err(Error::Hidden(Noun::Robot)),
                    Some((_, Err(other))) => Err(other),
                    None if actor.is_anonymous() => Err(Error::unauthenticated(
                        "access to the requested resource is not authorized",
                    )),
                    None => Err(Error::Hidden(Noun::Robot)),
                }
            })
            .collect())
    }
}

const fn subject(namespace: AccountId) -> Subject {
    Subject {
        namespace: Some(namespace),
        repository: None,
    }
}

async fn one(conn: &mut Conn, id: AccountId) -> Result<Robot> {
    rows::by_ids(conn, &[id])
        .await?
        .pop()
        .ok_or(Error::Hidden(Noun::Robot))
}
