//! How a worker goes on with a change: a step is some of its repositories in one transaction.

use berth_domain::{BulkChangeState, Error, RepositoryId, RepositoryRole, Result};
use berth_store::Tx;
use berth_store::bulk_changes::{self as rows, OpenChange};

use super::{BulkChanges, CAUSES_MAX, Cause, Change, Item, Order};
use crate::access::{Access, repo};
use crate::actor::{Actor, Origin};
use crate::permissions::Holder;

/// Repositories of one step: others wait for its transaction.
const STEP: usize = 250;
/// Steps of one turn: other work of this process waits for it.
const STEPS_MAX: usize = 40;

/// A step that is to be made: everything that may be refused was asked for.
struct Step {
    actor: Actor,
    change: Change,
    /// Who gets the roles of [`Change::Permissions`]; none where no repository is left to give them in.
    holder: Option<Holder>,
    granted: Vec<(Access<repo::Administer>, Option<RepositoryRole>)>,
    causes: Vec<Cause>,
    /// Where the change stands behind it.
    to: i64,
}

impl BulkChanges {
    /// Goes on with what was asked for, the change that waited longest first, for one turn.
    pub(crate) async fn go_on(&self) -> Result<()> {
        for _ in 0..STEPS_MAX {
            if !self.step().await? {
                break;
            }
        }
        Ok(())
    }

    /// Makes one step; tells whether there was one to make.
    async fn step(&self) -> Result<bool> {
        let core = &self.core;
        // What is read-only for a while goes on afterwards.
        if core.gate.writable().is_err() {
            return Ok(false);
        }
        core.db
            .write(async |tx| {
                let Some(open) = rows::next(tx).await? else {
                    return Ok(false);
                };
                match self.prepared(tx, &open).await {
                    Ok(step) => self.make(tx, &open, step).await?,
                    Err(fault) if fault.is_fault() => return Err(fault),
                    Err(cause) => {
                        let (state, cause) = (BulkChangeState::Failed, cause.to_string());
                        rows::end(tx, open.id, state, Some(&cause), core.now()).await?;
                    }
                }
                Ok(true)
            })
            .await
    }

    /// Finds out what of the next step may be made, by who asked for it as that user is now.
    async fn prepared(&self, tx: &mut Tx, open: &OpenChange) -> Result<Step> {
        let Order {
            change,
            ip,
            user_agent,
            request_id,
        } = read(&open.order_json)?;
        let items: Vec<Item> = read(&open.items_json)?;
        let origin = Origin {
            ip,
            user_agent,
            request_id,
        };
        let (account, token) = (open.account_id, open.oauth_token_id);
        let actor = self.authn.resumed(tx, account, token, origin).await?;
        let from = usize::try_from(open.done).map_err(Error::internal)?;
        let items: Vec<Item> = items.into_iter().skip(from).take(STEP).collect();
        let ids: Vec<RepositoryId> = items.iter().map(|(id, _)| *id).collect();
        let gate = &self.core.gate;
        let found = gate
            .each_repository::<repo::Administer>(tx, &actor, &ids)
            .await?;
        let (mut granted, mut causes) = (Vec::with_capacity(ids.len()), Vec::new());
        for ((repository, role), access) in items.into_iter().zip(found) {
            match access {
                Ok(access) => granted.push((access, role)),
                Err(fault) if fault.is_fault() => return Err(fault),
                Err(cause) => causes.push(Cause {
                    repository,
                    code: cause.code().to_owned(),
                    message: cause.to_string(),
                }),
            }
        }
        let holder = match (&change, granted.first()) {
            (Change::Permissions(subject), Some((access, _))) => {
                let holder = self.permissions.holder(tx, subject, access.target());
                Some(holder.await?)
            }
            _ => None,
        };
        let count = i64::try_from(ids.len()).map_err(Error::internal)?;
        Ok(Step {
            actor,
            change,
            holder,
            granted,
            causes,
            to: open.done + count,
        })
    }

    async fn make(&self, tx: &mut Tx, open: &OpenChange, step: Step) -> Result<()> {
        let now = self.core.now();
        // Another process has made it, or it was cancelled meanwhile.
        if !rows::advance(tx, open.id, open.done, step.to, now).await? {
            return Ok(());
        }
        for (access, role) in &step.granted {
            match (&step.change, &step.holder) {
                (Change::Visibility(visibility), _) => {
                    self.repositories
                        .put_visibility(tx, &step.actor, access, *visibility)
                        .await?;
                }
                (Change::Deletion, _) => {
                    self.repositories.put_away(tx, &step.actor, access).await?;
                }
                (Change::Permissions(_), Some(holder)) => {
                    self.permissions
                        .put_role(tx, &step.actor, holder, access, *role)
                        .await?;
                }
                (Change::Permissions(_), None) => {}
            }
        }
        if !step.causes.is_empty() {
            let refused = i64::try_from(step.causes.len()).map_err(Error::internal)?;
            let mut causes: Vec<Cause> = read(&open.causes_json)?;
            let room = CAUSES_MAX.saturating_sub(causes.len());
            causes.extend(step.causes.into_iter().take(room));
            let causes = serde_json::to_string(&causes).map_err(Error::internal)?;
            rows::set_refused(tx, open.id, open.refused + refused, &causes).await?;
        }
        if step.to >= open.total {
            rows::end(tx, open.id, BulkChangeState::Done, None, now).await?;
        }
        Ok(())
    }
}

/// Reads what was written down. What another version wrote and this one does not know ends the change.
fn read<T: serde::de::DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|_| {
        Error::conflict("this change was written down by another version of the registry")
    })
}
