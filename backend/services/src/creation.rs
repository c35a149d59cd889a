//! Making repositories and organizations: the one way that a push and a form share.

use berth_domain::{
    AccountId, AccountKind, Email, Error, Event, Namespace, Noun, RepositoryId, RepositoryName,
    RepositoryPath, RepositoryRole, Result, TeamRole, Visibility,
};
use berth_store::{Conn, Tx, accounts, organizations, repositories, teams, users};
use uuid::Uuid;

use crate::access::{Access, namespace, registry};
use crate::actor::Actor;
use crate::core::Core;
use crate::default_permissions::apply;
use crate::journal::Subject;

/// Team that a new organization starts with.
const OWNERS: &str = "owners";

/// Refuses an address that an organization has already, where they do not share them.
pub(crate) async fn check_email(core: &Core, conn: &mut Conn, email: Option<&Email>) -> Result<()> {
    let Some(email) = email.filter(|_| !core.settings.users.organizations_share_email) else {
        return Ok(());
    };
    if organizations::by_email(conn, email.as_str(), 1)
        .await?
        .is_empty()
    {
        return Ok(());
    }
    let used = format!("Email has already been used: {email}");
    Err(Error::invalid_value(used).in_field("email"))
}

/// Adds an organization in the caller's transaction, with a team of owners that holds its creator.
///
/// # Errors
/// A taken name; an address that another one has.
pub(crate) async fn create_organization(
    core: &Core,
    tx: &mut Tx,
    actor: &Actor,
    creator: &Access<registry::CreateOrganization>,
    name: &Namespace,
    email: Option<&Email>,
) -> Result<AccountId> {
    if accounts::is_reserved(tx, name).await? {
        return Err(Error::already_exists(
            Noun::Namespace,
            "Username is not available",
        ));
    }
    check_email(core, tx, email).await?;
    let now = core.now();
    let uuid = Uuid::new_v4().to_string();
    let id = accounts::insert(tx, &uuid, AccountKind::Organization, name, email, now)
        .await
        .map_err(name_taken)?;
    let owners = teams::insert(tx, id, OWNERS, TeamRole::Admin, now).await?;
    teams::add_member(tx, owners, *creator.target(), now).await?;
    let subject = Subject {
        namespace: Some(id),
        repository: None,
    };
    let event = Event::OrganizationCreated {
        namespace: name.clone(),
        email: email.map(ToString::to_string),
    };
    core.journal.record(tx, actor, subject, &event).await?;
    Ok(id)
}

/// Makes an organization of a user in the caller's transaction, with a team of owners that holds `owner`.
pub(crate) async fn make_organization(
    core: &Core,
    tx: &mut Tx,
    user: AccountId,
    owner: AccountId,
) -> Result<()> {
    users::make_organization(tx, user).await?;
    add_owner(core, tx, user, owner).await
}

/// Makes an account an administrator of an organization: in its team of owners, or else in another one of
/// administrators; where there is none left, in a new one.
pub(crate) async fn add_owner(
    core: &Core,
    tx: &mut Tx,
    organization: AccountId,
    owner: AccountId,
) -> Result<()> {
    let now = core.now();
    if let Some(team) = teams::administrators(tx, organization, OWNERS).await? {
        return teams::add_member(tx, team, owner, now).await;
    }
    let (mut name, mut number) = (OWNERS.to_owned(), 1);
    while teams::exists(tx, organization, &name).await? {
        number += 1;
        name = format!("{OWNERS}{number}");
    }
    let team = teams::insert(tx, organization, &name, TeamRole::Admin, now).await?;
    teams::add_member(tx, team, owner, now).await
}

fn name_taken(error: Error) -> Error {
    match error {
        Error::AlreadyExists { noun, .. } => {
            Error::already_exists(noun, "A user or organization with this name already exists")
        }
        other => other,
    }
}

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
    // The role of its creator goes before what it would begin with.
    apply(core, tx, namespace.id, actor.account_id(), id).await?;
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
