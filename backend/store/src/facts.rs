//! Single facts about this registry: name and value.

use berth_domain::Result;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::registry_facts;

/// The value of a fact.
pub async fn get(conn: &mut Conn, name: &str) -> Result<Option<String>> {
    on_backend!(conn, |c| {
        registry_facts::table
            .find(name)
            .select(registry_facts::value)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Writes a fact unless it is there; returns the value that holds now.
pub async fn get_or_insert(tx: &mut Tx, name: &str, value: &str) -> Result<String> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(registry_facts::table)
            .values((
                registry_facts::name.eq(name),
                registry_facts::value.eq(value),
            ))
            .on_conflict_do_nothing()
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(get(tx, name).await?.unwrap_or_else(|| value.to_owned()))
}

/// Writes a fact, whatever it was before.
pub async fn set(tx: &mut Tx, name: &str, value: &str) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(registry_facts::table)
            .values((
                registry_facts::name.eq(name),
                registry_facts::value.eq(value),
            ))
            .on_conflict(registry_facts::name)
            .do_update()
            .set(registry_facts::value.eq(value))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}
