//! Making a repository: the one way that a push and a form share.

use berth_domain::{
    Event, RepositoryId, RepositoryName, RepositoryPath, RepositoryRole, Result, Visibility,
};
use berth_store::{Tx, repositories};

use crate::access::{Access, namespace};
use crate::actor::Actor;
use crate::core::Core;
use crate::journal::Subject;

/// Adds a repository in the caller's transaction; its creator administers it.
///
/// # Errors
/// A taken name.
pub(crate) async fn create_repository(
    core: &Core,
    tx: &mut Tx,
    actor: &Actor,
    namespace: &Access<namespace::CreateRepository>,
    name: &RepositoryName,
    visibility: Visibility,
    description: &str,
) -> Result<RepositoryId> {
    let now = core.now();
    let id = repositories::insert(tx, namespace.id, name, visibility, description, now).await?;
    // Owners and administrators hold the role already; a row would outlive their membership.
    let creator = actor.account_id().filter(|account| {
        *account != namespace.id && namespace.team_role != Some(berth_domain::TeamRole::Admin)
    });
    if let Some(account) = creator {
        repositories::set_role(tx, id, account, RepositoryRole::Admin, now).await?;
    }
    let repository = RepositoryPath::new(namespace.name.clone(), name.clone());
    let subject = Subject {
        namespace: Some(namespace.id),
        repository: Some(id),
    };
    core.journal
        .record(tx, actor, subject, &Event::RepositoryCreated { repository })
        .await?;
    Ok(id)
}
