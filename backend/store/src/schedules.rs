//! Periodic work: which replica runs it, and when.

use berth_domain::{Result, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::job_schedules;

/// How a kind of work stands.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = job_schedules)]
pub struct Schedule {
    /// Which work.
    pub kind: String,
    /// When it is due next.
    pub next_run_at: Timestamp,
    /// Until when a replica holds it, which runs it meanwhile.
    pub locked_until: Option<Timestamp>,
    /// Why the last run failed, if it did.
    pub last_error: Option<String>,
}

/// How all work stands, by kind; there are a few kinds.
pub async fn all(conn: &mut Conn) -> Result<Vec<Schedule>> {
    on_backend!(conn, |c| {
        job_schedules::table
            .order(job_schedules::kind)
            .select(Schedule::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Makes the row of a kind of work, due at once, unless it is there.
pub async fn ensure(tx: &mut Tx, kind: &str, now: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(job_schedules::table)
            .values((
                job_schedules::kind.eq(kind),
                job_schedules::next_run_at.eq(now),
            ))
            .on_conflict_do_nothing()
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Takes the work for `worker` until `until` when it is due and nobody holds it; tells whether it was had.
///
/// What is due after `far` was put there by a clock that was ahead, and is due at once. A claim stays
/// its holder's even so, since two at once are worse than one that comes late.
pub async fn claim(
    tx: &mut Tx,
    kind: &str,
    worker: &str,
    now: Timestamp,
    until: Timestamp,
    far: Timestamp,
) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(
            job_schedules::table
                .find(kind)
                .filter(
                    job_schedules::next_run_at
                        .le(now)
                        .or(job_schedules::next_run_at.gt(far)),
                )
                .filter(
                    job_schedules::locked_until
                        .is_null()
                        .or(job_schedules::locked_until.assume_not_null().lt(now)),
                ),
        )
        .set((
            job_schedules::locked_by.eq(worker),
            job_schedules::locked_until.eq(until),
        ))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(changed == 1)
}

/// Makes work due at once, unless a replica is at it; tells whether there is such work.
pub async fn hasten(tx: &mut Tx, kind: &str, now: Timestamp) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(job_schedules::table.find(kind))
            .set(job_schedules::next_run_at.eq(now))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(changed == 1)
}

/// Ends every claim, whoever holds it.
pub async fn release_all(tx: &mut Tx) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(job_schedules::table.filter(job_schedules::locked_by.is_not_null()))
            .set((
                job_schedules::locked_by.eq(None::<String>),
                job_schedules::locked_until.eq(None::<Timestamp>),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Gives the work back and says when it is due again; only its holder can.
pub async fn finish(
    tx: &mut Tx,
    kind: &str,
    worker: &str,
    next_run_at: Timestamp,
    error: Option<&str>,
) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(
            job_schedules::table
                .find(kind)
                .filter(job_schedules::locked_by.eq(worker)),
        )
        .set((
            job_schedules::locked_by.eq(None::<String>),
            job_schedules::locked_until.eq(None::<Timestamp>),
            job_schedules::next_run_at.eq(next_run_at),
            job_schedules::last_error.eq(error),
        ))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(changed == 1)
}
