//! Keys of services: those that the registry signs its tokens with, which every replica uses, and those that were made
//! for services beside it.

use berth_domain::{Result, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::service_keys;

/// A key of a service.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = service_keys)]
pub struct ServiceKey {
    /// Names it in a token's header.
    pub kid: String,
    /// Whose it is.
    pub service: String,
    /// What people call it.
    pub name: String,
    /// JSON Web Key.
    pub public_jwk: String,
    /// PKCS#8, sealed; none where the private half is elsewhere.
    pub private_sealed: Option<String>,
    /// JSON of whoever made it.
    pub metadata: String,
    /// Who let it in, by name; none for what the registry made for itself.
    pub approver: Option<String>,
    /// When it was let in.
    pub approved_at: Timestamp,
    /// Why it was let in.
    pub notes: String,
    /// After that no token of it is accepted.
    pub expires_at: Option<Timestamp>,
    /// Since then it only verifies.
    pub rotated_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key to be.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = service_keys)]
pub struct NewServiceKey<'a> {
    /// As for [`ServiceKey`], like all that follows.
    pub kid: &'a str,
    /// Whose it is.
    pub service: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// JSON Web Key.
    pub public_jwk: &'a str,
    /// PKCS#8, sealed.
    pub private_sealed: Option<&'a str>,
    /// JSON.
    pub metadata: &'a str,
    /// Who lets it in.
    pub approver: Option<&'a str>,
    /// When it is let in.
    pub approved_at: Timestamp,
    /// Why it is let in.
    pub notes: &'a str,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it is made.
    pub created_at: Timestamp,
}

/// What changes of a key; what is `None` stays.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = service_keys)]
pub struct ServiceKeyChange<'a> {
    /// What people call it.
    pub name: Option<&'a str>,
    /// JSON.
    pub metadata: Option<String>,
    /// When it ends; `Some(None)` never.
    pub expires_at: Option<Option<Timestamp>>,
}

/// Keys of a service that still verify, newest first.
pub async fn live(conn: &mut Conn, service: &str, now: Timestamp) -> Result<Vec<ServiceKey>> {
    on_backend!(conn, |c| {
        service_keys::table
            .filter(service_keys::service.eq(service))
            .filter(
                service_keys::expires_at
                    .is_null()
                    .or(service_keys::expires_at.gt(now)),
            )
            .order(service_keys::created_at.desc())
            .select(ServiceKey::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// At most `limit` keys of all services behind the last one seen, newest first.
pub async fn page(
    conn: &mut Conn,
    after: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<ServiceKey>> {
    on_backend!(conn, |c| {
        let mut query = service_keys::table.into_boxed::<Backend>();
        if let Some((created_at, kid)) = after {
            query = query.filter(
                service_keys::created_at
                    .lt(*created_at)
                    .or(service_keys::created_at
                        .eq(*created_at)
                        .and(service_keys::kid.lt(kid.as_str()))),
            );
        }
        query
            .order((service_keys::created_at.desc(), service_keys::kid.desc()))
            .limit(limit)
            .select(ServiceKey::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// A key by its id, one that has run out too.
pub async fn by_kid(conn: &mut Conn, kid: &str) -> Result<Option<ServiceKey>> {
    on_backend!(conn, |c| {
        service_keys::table
            .find(kid)
            .select(ServiceKey::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Keys of other services that end between two instants, at most `limit`.
pub async fn ending(
    conn: &mut Conn,
    but: &str,
    from: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<ServiceKey>> {
    on_backend!(conn, |c| {
        service_keys::table
            .filter(service_keys::service.ne(but))
            .filter(service_keys::expires_at.gt(from))
            .filter(service_keys::expires_at.le(until))
            .order(service_keys::expires_at)
            .limit(limit)
            .select(ServiceKey::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// How many keys there are.
pub async fn count(conn: &mut Conn) -> Result<i64> {
    on_backend!(conn, |c| service_keys::table.count().get_result(c).await).map_err(db_error)
}

/// Adds a key.
pub async fn insert(tx: &mut Tx, key: &NewServiceKey<'_>) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(service_keys::table)
            .values(key)
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Changes a key; false where there is none of this id.
pub async fn update(tx: &mut Tx, kid: &str, change: &ServiceKeyChange<'_>) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(service_keys::table.find(kid))
            .set(change)
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(changed > 0)
}

/// Remembers who let a key in, and why.
pub async fn approve(
    tx: &mut Tx,
    kid: &str,
    approver: &str,
    notes: &str,
    now: Timestamp,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(service_keys::table.find(kid))
            .set((
                service_keys::approver.eq(approver),
                service_keys::notes.eq(notes),
                service_keys::approved_at.eq(now),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Removes a key.
pub async fn delete(tx: &mut Tx, kid: &str) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(service_keys::table.find(kid))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Lets every signing key but `kid` only verify from now on, and forgets them at `expires_at`.
pub async fn retire_others(
    tx: &mut Tx,
    service: &str,
    kid: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::update(
            service_keys::table
                .filter(service_keys::service.eq(service))
                .filter(service_keys::kid.ne(kid))
                .filter(service_keys::rotated_at.is_null()),
        )
        .set((
            service_keys::rotated_at.eq(now),
            service_keys::expires_at.eq(expires_at),
        ))
        .execute(c)
        .await
    })
    .map_err(db_error)
}

/// Removes keys of a service whose tokens have all run out.
pub async fn delete_expired(tx: &mut Tx, service: &str, now: Timestamp) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(
            service_keys::table
                .filter(service_keys::service.eq(service))
                .filter(service_keys::expires_at.le(now)),
        )
        .execute(c)
        .await
    })
    .map_err(db_error)
}
