//! Mail on its way out. A row is written with what causes the mail, and goes when the server has taken it.

use berth_domain::{AccountId, CodePurpose, InvitationId, MailId, Result, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::mails;

/// A mail that waits.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = mails)]
pub struct Mail {
    /// Row id.
    pub id: MailId,
    /// What it is about.
    pub purpose: CodePurpose,
    /// Where it goes.
    pub recipient: String,
    /// Whose account it is about; none where that is looked up when the mail goes out.
    pub account_id: Option<AccountId>,
    /// Hash of the code of the last attempt.
    pub code_hash: Option<String>,
    /// How often it was tried.
    pub attempt: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The invitation that it brings, which has the code then.
    pub invitation_id: Option<InvitationId>,
}

/// Puts a mail into the queue, unless the same one waits already.
pub async fn insert(
    tx: &mut Tx,
    purpose: CodePurpose,
    recipient: &str,
    account: Option<AccountId>,
    now: Timestamp,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(mails::table)
            .values((
                mails::purpose.eq(purpose),
                mails::recipient.eq(recipient),
                mails::account_id.eq(account),
                mails::send_at.eq(now),
                mails::created_at.eq(now),
            ))
            .on_conflict_do_nothing()
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Puts the mail of an invitation into the queue, to go out at `send_at`, unless it waits already.
pub async fn insert_invitation(
    tx: &mut Tx,
    invitation: InvitationId,
    recipient: &str,
    send_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(mails::table)
            .values((
                mails::purpose.eq(CodePurpose::Invite),
                mails::recipient.eq(recipient),
                mails::invitation_id.eq(invitation),
                mails::send_at.eq(send_at),
                mails::created_at.eq(now),
            ))
            .on_conflict_do_nothing()
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// The mails that are due, the most overdue first.
pub async fn due(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Mail>> {
    on_backend!(conn, |c| {
        mails::table
            .filter(mails::send_at.le(now))
            .order((mails::send_at, mails::id))
            .limit(limit)
            .select(Mail::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Remembers the code of an attempt, so that the next one can end it.
pub async fn set_code(tx: &mut Tx, id: MailId, code_hash: &str) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(mails::table.find(id))
            .set(mails::code_hash.eq(code_hash))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Counts an attempt and says when the next one may be.
pub async fn postpone(tx: &mut Tx, id: MailId, until: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(mails::table.find(id))
            .set((
                mails::attempt.eq(mails::attempt + 1),
                mails::send_at.eq(until),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Takes a mail out of the queue.
pub async fn delete(tx: &mut Tx, id: MailId) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(mails::table.find(id)).execute(c).await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Takes the mails to an account for a purpose out of the queue.
pub async fn delete_of(tx: &mut Tx, account: AccountId, purpose: CodePurpose) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(
            mails::table
                .filter(mails::account_id.eq(account))
                .filter(mails::purpose.eq(purpose)),
        )
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// How many mails wait; for tests and figures.
pub async fn count(conn: &mut Conn) -> Result<i64> {
    on_backend!(conn, |c| mails::table.count().get_result(c).await).map_err(db_error)
}
