//! Repositories and the roles given in them.

pub mod listing;
pub mod usage;

use berth_domain::{
    AccountId, AccountKind, Error, Namespace, Noun, RepositoryId, RepositoryName, RepositoryPath,
    RepositoryRole, RepositoryState, Result, Timestamp, Visibility,
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error, is_unique_violation};
use crate::schema::{accounts, repositories, repository_permissions, robot_profiles};

/// A repository with the name of its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Row id.
    pub id: RepositoryId,
    /// Whose it is.
    pub namespace_id: AccountId,
    /// By name.
    pub namespace: Namespace,
    /// Its name there.
    pub name: RepositoryName,
    /// Who may pull without a role.
    pub visibility: Visibility,
    /// Whether it takes pushes.
    pub state: RepositoryState,
    /// `CommonMark`.
    pub description: String,
    /// Latest push by tag.
    pub last_pushed_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Repository {
    /// `namespace/name`.
    pub fn path(&self) -> RepositoryPath {
        RepositoryPath::new(self.namespace.clone(), self.name.clone())
    }
}

/// A role given to one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Who has it.
    pub account_id: AccountId,
    /// User or robot.
    pub kind: AccountKind,
    /// User name, or `namespace+robot`.
    pub account: String,
    /// The role.
    pub role: RepositoryRole,
}

/// Adds a repository.
///
/// # Errors
/// [`Error::AlreadyExists`] for a taken name.
pub async fn insert(
    tx: &mut Tx,
    namespace: AccountId,
    name: &RepositoryName,
    visibility: Visibility,
    description: &str,
    now: Timestamp,
) -> Result<RepositoryId> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(repositories::table)
            .values((
                repositories::namespace_id.eq(namespace),
                repositories::name.eq(name),
                repositories::visibility.eq(visibility),
                repositories::description.eq(description),
                repositories::created_at.eq(now),
            ))
            .returning(repositories::id)
            .get_result(c)
            .await
    })
    .map_err(|e| {
        if is_unique_violation(&e) {
            Error::already_exists(
                Noun::Repository,
                format!("a repository named `{name}` already exists here"),
            )
        } else {
            db_error(e)
        }
    })
}

/// Makes a repository unreachable; its name is free at once.
pub async fn mark_deleting(tx: &mut Tx, id: RepositoryId, now: Timestamp) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(
            repositories::table
                .find(id)
                .filter(repositories::deleting_at.is_null()),
        )
        .set(repositories::deleting_at.eq(now))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(changed == 1)
}

/// Changes who may pull without a role.
pub async fn set_visibility(tx: &mut Tx, id: RepositoryId, visibility: Visibility) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(repositories::table.find(id))
            .set(repositories::visibility.eq(visibility))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Says whether it takes pushes.
pub async fn set_state(tx: &mut Tx, id: RepositoryId, state: RepositoryState) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(repositories::table.find(id))
            .set(repositories::state.eq(state))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Replaces the description.
pub async fn set_description(tx: &mut Tx, id: RepositoryId, description: &str) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(repositories::table.find(id))
            .set(repositories::description.eq(description))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Remembers a push by tag.
pub async fn set_last_pushed(tx: &mut Tx, id: RepositoryId, now: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(repositories::table.find(id))
            .set(repositories::last_pushed_at.eq(now))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Gives an account a role, replacing the one it had.
pub async fn set_role(
    tx: &mut Tx,
    repository: RepositoryId,
    account: AccountId,
    role: RepositoryRole,
    now: Timestamp,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(repository_permissions::table)
            .values((
                repository_permissions::repository_id.eq(repository),
                repository_permissions::account_id.eq(account),
                repository_permissions::role.eq(role),
                repository_permissions::created_at.eq(now),
            ))
            .on_conflict((
                repository_permissions::repository_id,
                repository_permissions::account_id,
            ))
            .do_update()
            .set(repository_permissions::role.eq(role))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Takes an account's direct role away; tells whether it had one.
pub async fn remove_role(
    tx: &mut Tx,
    repository: RepositoryId,
    account: AccountId,
) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::delete(
            repository_permissions::table
                .filter(repository_permissions::repository_id.eq(repository))
                .filter(repository_permissions::account_id.eq(account)),
        )
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(changed > 0)
}

/// The roles given to users and robots, by name.
pub async fn permissions(conn: &mut Conn, repository: RepositoryId) -> Result<Vec<Permission>> {
    type Row = (
        AccountId,
        AccountKind,
        Option<String>,
        Option<String>,
        Option<AccountId>,
        RepositoryRole,
    );
    let rows: Vec<Row> = on_backend!(conn, |c| {
        repository_permissions::table
            .inner_join(
                accounts::table.on(accounts::id
                    .nullable()
                    .eq(repository_permissions::account_id)),
            )
            .left_join(robot_profiles::table.on(robot_profiles::account_id.eq(accounts::id)))
            .filter(repository_permissions::repository_id.eq(repository))
            .filter(accounts::deleting_at.is_null())
            .select((
                accounts::id,
                accounts::kind,
                accounts::name,
                robot_profiles::short_name.nullable(),
                robot_profiles::namespace_id.nullable(),
                repository_permissions::role,
            ))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    let owners: Vec<AccountId> = rows.iter().filter_map(|row| row.4).collect();
    let owners = crate::accounts::by_ids(conn, &owners).await?;
    let owner_name = |id: Option<AccountId>| {
        owners
            .iter()
            .find(|owner| Some(owner.id) == id)
            .and_then(|owner| owner.name.clone())
    };
    let mut list: Vec<Permission> = rows
        .into_iter()
        .filter_map(|(account_id, kind, name, short, owner, role)| {
            let account = match short {
                Some(short) => format!("{}+{short}", owner_name(owner)?),
                None => name?,
            };
            Some(Permission {
                account_id,
                kind,
                account,
                role,
            })
        })
        .collect();
    list.sort_by(|a, b| a.account.cmp(&b.account));
    Ok(list)
}
