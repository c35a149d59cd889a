//! Changes of any number of repositories: at once where one transaction takes them, else by a worker, some at a time.
//!
//! Whoever asks for a large change has to administer all of it then. A worker asks the gate again at each step, for the
//! user as it is by then: what it may not change any more is left as it is and told. A step is one transaction, so a
//! process that dies in between costs nothing, and any other one goes on.

mod beginning;
mod steps;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::{
    BulkChangeId, BulkChangeKind, BulkChangeState, Error, Noun, Page, PageRequest, RepositoryId,
    RepositoryRole, Result, Timestamp, Visibility,
};
use berth_store::bulk_changes as rows;
use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::authn::Authn;
use crate::core::Core;
use crate::permissions::{Permissions, RoleIn, RoleSubject};
use crate::repositories::{Filter, Repositories};

/// Most repositories of one change.
pub const ITEMS_MAX: usize = 100_000;
/// So many changes of one user go on at a time.
pub const OPEN_MAX: i64 = 10;
/// How long an ended change can be looked at.
pub const ENDED_KEPT: Duration = Duration::from_hours(7 * 24);
/// How long a worker rests between two turns.
pub const INTERVAL: Duration = Duration::from_secs(5);
/// Reasons why repositories were left as they are, so many are kept.
pub const CAUSES_MAX: usize = 100;

/// Changes of any number of repositories.
#[derive(Clone)]
pub struct BulkChanges {
    core: Arc<Core>,
    authn: Authn,
    repositories: Repositories,
    permissions: Permissions,
}

/// What asking for a change came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It is made.
    Made(T),
    /// It goes on behind the request.
    Begun(BulkChange),
}

/// In which repositories one subject gets or loses a role.
#[derive(Debug, Clone, Copy)]
pub enum RoleSelection<'a> {
    /// In these, each with its role.
    Items(&'a [RoleIn]),
    /// In all that a listing with this filter holds and that the actor administers, the same role; none takes it.
    Matching(&'a Filter, Option<RepositoryRole>),
}

/// A change that goes on behind its request, or has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkChange {
    /// Which one; later ones are larger.
    pub id: BulkChangeId,
    /// What is done.
    pub kind: BulkChangeKind,
    /// How it stands.
    pub state: BulkChangeState,
    /// How many repositories it is about.
    pub total: u64,
    /// How many of them were looked at.
    pub done: u64,
    /// How many of those were left as they are.
    pub refused: u64,
    /// Why, of the first [`CAUSES_MAX`].
    pub causes: Vec<Cause>,
    /// Why all of it ended early.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Why a repository was left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Which one.
    pub repository: RepositoryId,
    /// The code of the error.
    pub code: String,
    /// Its text.
    pub message: String,
}

/// What is to be done to each repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Change {
    Visibility(Visibility),
    Deletion,
    Permissions(RoleSubject),
}

impl Change {
    const fn kind(&self) -> BulkChangeKind {
        match self {
            Self::Visibility(_) => BulkChangeKind::Visibility,
            Self::Deletion => BulkChangeKind::Deletion,
            Self::Permissions(_) => BulkChangeKind::Permissions,
        }
    }
}

/// What a worker is told beside the repositories: the log says from where it was asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Order {
    change: Change,
    ip: Option<IpAddr>,
    user_agent: Option<String>,
    request_id: String,
}

/// A repository, and the role in it where the change is about roles.
type Item = (RepositoryId, Option<RepositoryRole>);

fn view(row: rows::BulkChange) -> Result<BulkChange> {
    let number = |count: i64| u64::try_from(count).unwrap_or(0);
    Ok(BulkChange {
        id: row.id,
        kind: row.kind,
        state: row.state,
        total: number(row.total),
        done: number(row.done),
        refused: number(row.refused),
        causes: serde_json::from_str(&row.causes_json).map_err(Error::internal)?,
        error: row.error,
        created_at: row.created_at,
        ended_at: row.ended_at,
    })
}

impl BulkChanges {
    pub(crate) fn new(core: Arc<Core>, authn: Authn) -> Self {
        Self {
            repositories: Repositories::new(Arc::clone(&core)),
            permissions: Permissions::new(Arc::clone(&core)),
            core,
            authn,
        }
    }

    /// The actor's large changes, the newest first: those that go on, and those that ended within [`ENDED_KEPT`].
    ///
    /// # Errors
    /// An actor that is no user, or whose token lacks `repo:admin`.
    pub async fn page(
        &self,
        actor: &Actor,
        page: &PageRequest<BulkChangeId>,
    ) -> Result<Page<BulkChange>> {
        let own = self.core.gate.view_changes(actor)?;
        let mut conn = self.core.db.read().await?;
        let found = rows::page(&mut conn, own.id, page.after, page.fetch()).await?;
        let found: Result<Vec<BulkChange>> = found.into_iter().map(view).collect();
        Ok(page.page(found?))
    }

    /// One of the actor's large changes.
    ///
    /// # Errors
    /// As [`Self::page`]; hidden for one that is not there or is somebody else's.
    pub async fn by_id(&self, actor: &Actor, id: BulkChangeId) -> Result<BulkChange> {
        let own = self.core.gate.view_changes(actor)?;
        let mut conn = self.core.db.read().await?;
        let found = rows::by_id(&mut conn, own.id, id).await?;
        view(found.ok_or(Error::Hidden(Noun::BulkChange))?)
    }

    /// Ends one of the actor's large changes. What is done stays; the rest stays as it was. One that has ended already
    /// is fine.
    ///
    /// # Errors
    /// As [`Self::by_id`].
    pub async fn cancel(&self, actor: &Actor, id: BulkChangeId) -> Result<BulkChange> {
        let own = self.core.gate.order_changes(actor)?;
        let core = &self.core;
        core.db
            .write(async |tx| {
                let hidden = || Error::Hidden(Noun::BulkChange);
                rows::by_id(tx, own.id, id).await?.ok_or_else(hidden)?;
                rows::end(tx, id, BulkChangeState::Cancelled, None, core.now()).await?;
                view(rows::by_id(tx, own.id, id).await?.ok_or_else(hidden)?)
            })
            .await
    }
}
