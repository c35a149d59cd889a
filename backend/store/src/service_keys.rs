//! Keys that sign registry tokens; every replica uses the same ones.

use berth_domain::{Result, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::service_keys;

/// A signing key.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = service_keys)]
pub struct ServiceKey {
    /// Names it in a token's header.
    pub kid: String,
    /// JSON Web Key.
    pub public_jwk: String,
    /// PKCS#8, sealed.
    pub private_sealed: Option<String>,
    /// After that no token of it is accepted.
    pub expires_at: Option<Timestamp>,
    /// Since then it only verifies.
    pub rotated_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
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

/// Adds a key.
pub async fn insert(
    tx: &mut Tx,
    kid: &str,
    service: &str,
    public_jwk: &str,
    private_sealed: &str,
    now: Timestamp,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(service_keys::table)
            .values((
                service_keys::kid.eq(kid),
                service_keys::service.eq(service),
                service_keys::name.eq("token signer"),
                service_keys::public_jwk.eq(public_jwk),
                service_keys::private_sealed.eq(private_sealed),
                service_keys::created_at.eq(now),
            ))
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

/// Removes keys whose tokens have all run out.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(service_keys::table.filter(service_keys::expires_at.le(now)))
            .execute(c)
            .await
    })
    .map_err(db_error)
}
