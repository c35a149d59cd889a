//! What a repository says of itself, and whether it takes pushes (R1).

use berth_domain::{Error, Event, RepositoryId, RepositoryState, Result};
use berth_store::repositories as rows;

use super::{Repositories, RepositoryView, subject};
use crate::access::repo;
use crate::actor::Actor;

/// Longest description, in bytes.
pub const DESCRIPTION_BYTES_MAX: usize = 25 * 1024;

impl Repositories {
    /// Replaces the description.
    ///
    /// # Errors
    /// The gate's; a description of more than [`DESCRIPTION_BYTES_MAX`].
    pub async fn describe(
        &self,
        actor: &Actor,
        id: RepositoryId,
        description: &str,
    ) -> Result<RepositoryView> {
        self.core
            .db
            .write(async |tx| {
                let access = self
                    .core
                    .gate
                    .repository_by_id::<repo::Describe>(tx, actor, id)
                    .await?;
                check_description(description)?;
                rows::set_description(tx, id, description).await?;
                let event = Event::DescriptionChanged {
                    repository: access.repository.path(),
                    description: description.to_owned(),
                };
                self.core
                    .journal
                    .record(tx, actor, subject(&access), &event)
                    .await?;
                let mut facts = access.target().clone();
                description.clone_into(&mut facts.repository.description);
                Ok(self.view(actor, facts))
            })
            .await
    }

    /// Says whether a repository takes pushes. The state that it has already is fine, and not logged again.
    ///
    /// # Errors
    /// The gate's; [`RepositoryState::Mirror`], which only a repository with a mirror can be in.
    pub async fn change_state(
        &self,
        actor: &Actor,
        id: RepositoryId,
        state: RepositoryState,
    ) -> Result<RepositoryView> {
        self.core
            .db
            .write(async |tx| {
                let access = self
                    .core
                    .gate
                    .repository_by_id::<repo::Administer>(tx, actor, id)
                    .await?;
                let mut facts = access.target().clone();
                if facts.repository.state == state {
                    return Ok(self.view(actor, facts));
                }
                if state == RepositoryState::Mirror {
                    return Err(Error::invalid_value(
                        "this repository mirrors nothing; choose the normal or the read-only state",
                    )
                    .in_field("state"));
                }
                rows::set_state(tx, id, state).await?;
                let event = Event::StateChanged {
                    repository: access.repository.path(),
                    state,
                };
                self.core
                    .journal
                    .record(tx, actor, subject(&access), &event)
                    .await?;
                facts.repository.state = state;
                Ok(self.view(actor, facts))
            })
            .await
    }
}

pub(super) fn check_description(description: &str) -> Result<()> {
    if description.len() > DESCRIPTION_BYTES_MAX {
        return Err(Error::invalid_value(format!(
            "a description has at most {DESCRIPTION_BYTES_MAX} bytes, this one has {}",
            description.len()
        ))
        .in_field("description"));
    }
    Ok(())
}
