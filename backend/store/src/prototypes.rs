//! Roles that new repositories of an organization begin with.

use berth_domain::{AccountId, PrototypeId, RepositoryRole, Result, TeamId, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::repositories::listing::COUNT_MAX;
use crate::schema::permission_prototypes as prototypes;

/// A role that new repositories begin with: of an account or of a team.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = prototypes)]
pub struct Prototype {
    /// Row id.
    pub id: PrototypeId,
    /// Public id.
    pub uuid: String,
    /// Whose repositories.
    pub namespace_id: AccountId,
    /// Only of those that this account makes; none for all.
    pub creator_id: Option<AccountId>,
    /// The user or robot who gets the role.
    pub account_id: Option<AccountId>,
    /// The team that gets it.
    pub team_id: Option<TeamId>,
    /// The role.
    pub role: RepositoryRole,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One to be.
#[derive(Debug, Clone)]
pub struct NewPrototype<'a> {
    /// Public id.
    pub uuid: &'a str,
    /// Whose repositories.
    pub namespace_id: AccountId,
    /// As in [`Prototype`].
    pub creator_id: Option<AccountId>,
    /// As in [`Prototype`].
    pub account_id: Option<AccountId>,
    /// As in [`Prototype`].
    pub team_id: Option<TeamId>,
    /// The role.
    pub role: RepositoryRole,
}

/// Adds one. Several may say the same.
pub async fn insert(tx: &mut Tx, new: &NewPrototype<'_>, now: Timestamp) -> Result<Prototype> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(prototypes::table)
            .values((
                prototypes::uuid.eq(new.uuid),
                prototypes::namespace_id.eq(new.namespace_id),
                prototypes::creator_id.eq(new.creator_id),
                prototypes::account_id.eq(new.account_id),
                prototypes::team_id.eq(new.team_id),
                prototypes::role.eq(new.role),
                prototypes::created_at.eq(now),
            ))
            .returning(Prototype::as_returning())
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// One of a namespace.
pub async fn by_uuid(
    conn: &mut Conn,
    namespace: AccountId,
    uuid: &str,
) -> Result<Option<Prototype>> {
    on_backend!(conn, |c| {
        prototypes::table
            .filter(prototypes::uuid.eq(uuid))
            .filter(prototypes::namespace_id.eq(namespace))
            .select(Prototype::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// At most `limit` of a namespace behind one, the oldest first.
pub async fn page(
    conn: &mut Conn,
    namespace: AccountId,
    after: Option<PrototypeId>,
    limit: i64,
) -> Result<Vec<Prototype>> {
    on_backend!(conn, |c| {
        prototypes::table
            .filter(prototypes::namespace_id.eq(namespace))
            .filter(prototypes::id.gt(after.map_or(0, |after| after.0)))
            .order(prototypes::id)
            .limit(limit)
            .select(Prototype::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// How many a namespace has, 10,000 at most.
pub async fn count(conn: &mut Conn, namespace: AccountId) -> Result<i64> {
    let count: i64 = on_backend!(conn, |c| {
        prototypes::table
            .filter(prototypes::namespace_id.eq(namespace))
            .count()
            .get_result(c)
            .await
    })
    .map_err(db_error)?;
    Ok(count.min(COUNT_MAX))
}

/// What counts for a repository that an account makes, at most `limit`.
pub async fn for_creator(
    conn: &mut Conn,
    namespace: AccountId,
    creator: Option<AccountId>,
    limit: i64,
) -> Result<Vec<Prototype>> {
    on_backend!(conn, |c| {
        prototypes::table
            .filter(prototypes::namespace_id.eq(namespace))
            .filter(
                prototypes::creator_id
                    .is_null()
                    .or(prototypes::creator_id.eq(creator)),
            )
            .order(prototypes::id)
            .limit(limit)
            .select(Prototype::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// At most `limit` of a namespace by which an account gets a role, the oldest first.
pub async fn of_account(
    conn: &mut Conn,
    namespace: AccountId,
    account: AccountId,
    limit: i64,
) -> Result<Vec<Prototype>> {
    on_backend!(conn, |c| {
        prototypes::table
            .filter(prototypes::namespace_id.eq(namespace))
            .filter(prototypes::account_id.eq(account))
            .order(prototypes::id)
            .limit(limit)
            .select(Prototype::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Changes the role.
pub async fn set_role(tx: &mut Tx, id: PrototypeId, role: RepositoryRole) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(prototypes::table.find(id))
            .set(prototypes::role.eq(role))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Removes these.
pub async fn delete(tx: &mut Tx, ids: &[PrototypeId]) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(prototypes::table)
            .filter(prototypes::id.eq_any(ids.iter().map(|id| id.0)))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}
