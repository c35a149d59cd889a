//! Questions to users and e-mail addresses, whether to come into a team, that nobody has answered yet. An address is in
//! small letters, and of the code in a mail the hash alone is known.

use berth_domain::{AccountId, InvitationId, Result, TeamId, TeamName, Timestamp};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::RunQueryDsl;

use crate::accounts::Account;
use crate::conn::{Conn, Tx, db_error};
use crate::repositories::listing::COUNT_MAX;
use crate::schema::{accounts, team_invitations as invitations, teams};
use crate::sql::{contains, unindexed};

/// A question, without the code that answers it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = invitations)]
pub struct Invitation {
    /// Row id; later ones are larger.
    pub id: InvitationId,
    /// Public id.
    pub uuid: String,
    /// Into which team.
    pub team_id: TeamId,
    /// The user who is asked.
    pub account_id: Option<AccountId>,
    /// Or the address whose reader is asked.
    pub email: Option<String>,
    /// Who asked last, while that account is there.
    pub inviter_id: Option<AccountId>,
    /// When the code of the last mail ends; none before the first one went out.
    pub code_expires_at: Option<Timestamp>,
    /// When it was asked first.
    pub created_at: Timestamp,
}

/// A question to be.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = invitations)]
pub struct NewInvitation<'a> {
    /// Public id.
    pub uuid: &'a str,
    /// Into which team.
    pub team_id: TeamId,
    /// As in [`Invitation`].
    pub account_id: Option<AccountId>,
    /// As in [`Invitation`].
    pub email: Option<&'a str>,
    /// Who asks.
    pub inviter_id: Option<AccountId>,
    /// When.
    pub created_at: Timestamp,
}

/// A question with the team that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The row.
    pub row: Invitation,
    /// The team by name.
    pub team: TeamName,
    /// Whose team it is.
    pub organization: AccountId,
}

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'a> {
    /// A user.
    User(AccountId),
    /// An address, in small letters.
    Address(&'a str),
}

/// Who is asked into a team, as a list of them shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The question.
    pub row: Invitation,
    /// The user; none where an address is asked.
    pub account: Option<Account>,
}

/// Where somebody stands in the list of those who are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingKey {
    /// Addresses come behind users.
    pub is_address: bool,
    /// The name of a user, or the address.
    pub name: String,
}

type Row = (Invitation, TeamName, AccountId);

fn found((row, team, organization): Row) -> Found {
    Found {
        row,
        team,
        organization,
    }
}

/// Questions with their teams, those of organizations that are being deleted left out; before any other condition.
macro_rules! live {
    () => {
        invitations::table
            .inner_join(teams::table.inner_join(accounts::table))
            .filter(accounts::deleting_at.is_null())
            .select((Invitation::as_select(), teams::name, teams::namespace_id))
    };
}

/// Adds one.
pub async fn insert(tx: &mut Tx, new: &NewInvitation<'_>) -> Result<Invitation> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(invitations::table)
            .values(new)
            .returning(Invitation::as_returning())
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// Remembers who asked last.
pub async fn set_inviter(tx: &mut Tx, id: InvitationId, inviter: Option<AccountId>) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(invitations::table.find(id))
            .set(invitations::inviter_id.eq(inviter))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Gives one another code, which ends the one before.
pub async fn set_code(
    tx: &mut Tx,
    id: InvitationId,
    code_hash: &str,
    expires_at: Timestamp,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(invitations::table.find(id))
            .set((
                invitations::code_hash.eq(code_hash),
                invitations::code_expires_at.eq(expires_at),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Ends questions; gives how many were still there.
pub async fn delete(tx: &mut Tx, ids: &[InvitationId]) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(invitations::table)
            .filter(invitations::id.eq_any(ids.iter().map(|id| id.0)))
            .execute(c)
            .await
    })
    .map_err(db_error)
}

/// One by its row.
pub async fn by_id(conn: &mut Conn, id: InvitationId) -> Result<Option<Found>> {
    let row: Option<Row> = on_backend!(conn, |c| {
        live!()
            .filter(invitations::id.eq(id))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    Ok(row.map(found))
}

/// The one whose last mail has the code with this hash, also where that has ended.
pub async fn by_code(conn: &mut Conn, code_hash: &str) -> Result<Option<Found>> {
    let row: Option<Row> = on_backend!(conn, |c| {
        live!()
            .filter(invitations::code_hash.eq(code_hash))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    Ok(row.map(found))
}

/// One to a user, by its public id.
pub async fn of_user(conn: &mut Conn, account: AccountId, uuid: &str) -> Result<Option<Found>> {
    let row: Option<Row> = on_backend!(conn, |c| {
        live!()
            .filter(invitations::uuid.eq(uuid))
            .filter(invitations::account_id.eq(account))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    Ok(row.map(found))
}

/// At most `limit` of those to a user below an id, the newest first.
pub async fn page_of_user(
    conn: &mut Conn,
    account: AccountId,
    after: Option<InvitationId>,
    limit: i64,
) -> Result<Vec<Found>> {
    let rows: Vec<Row> = on_backend!(conn, |c| {
        let mut query = live!()
            .filter(invitations::account_id.eq(account))
            .into_boxed::<Backend>();
        if let Some(after) = after {
            query = query.filter(invitations::id.lt(after));
        }
        query
            .order(invitations::id.desc())
            .limit(limit)
            .load(c)
            .await
    })
    .map_err(db_error)?;
    Ok(rows.into_iter().map(found).collect())
}

/// All into teams of an organization that are to a user, and with an address those to that, the oldest first.
pub async fn in_organization(
    conn: &mut Conn,
    organization: AccountId,
    account: AccountId,
    email: Option<&str>,
) -> Result<Vec<Found>> {
    // From the user to its invitations, which are few; from the organization to those of an address.
    let of = format!("{} = ", unindexed(conn, "teams.namespace_id"));
    let mut rows: Vec<Row> = on_backend!(conn, |c| {
        live!()
            .filter(invitations::account_id.eq(account))
            .filter(sql::<Bool>(&of).bind::<BigInt, _>(organization))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    if let Some(email) = email {
        let more: Vec<Row> = on_backend!(conn, |c| {
            live!()
                .filter(teams::namespace_id.eq(organization))
                .filter(invitations::email.eq(email))
                .load(c)
                .await
        })
        .map_err(db_error)?;
        rows.extend(more);
    }
    rows.sort_by_key(|row| row.0.id);
    Ok(rows.into_iter().map(found).collect())
}

/// One into a team, by its public id.
pub async fn by_uuid(conn: &mut Conn, team: TeamId, uuid: &str) -> Result<Option<Invitation>> {
    on_backend!(conn, |c| {
        invitations::table
            .filter(invitations::uuid.eq(uuid))
            .filter(invitations::team_id.eq(team))
            .select(Invitation::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// The one into a team, by who is asked.
pub async fn to(conn: &mut Conn, team: TeamId, asked: Asked<'_>) -> Result<Option<Invitation>> {
    on_backend!(conn, |c| {
        let query = invitations::table
            .filter(invitations::team_id.eq(team))
            .select(Invitation::as_select())
            .into_boxed::<Backend>();
        let query = match asked {
            Asked::User(account) => query.filter(invitations::account_id.eq(account)),
            Asked::Address(email) => query.filter(invitations::email.eq(email)),
        };
        query.first(c).await.optional()
    })
    .map_err(db_error)
}

/// The users who are asked into a team, before order and limit.
macro_rules! users_asked {
    ($team:expr, $search:expr) => {{
        let mut query = invitations::table
            .inner_join(accounts::table.on(accounts::id.nullable().eq(invitations::account_id)))
            .filter(invitations::team_id.eq($team))
            .filter(accounts::deleting_at.is_null())
            .into_boxed::<Backend>();
        if let Some(search) = $search {
            let pattern = contains(&search.to_lowercase());
            query = query.filter(accounts::name.like(pattern).escape('\\'));
        }
        query
    }};
}

/// The addresses that are asked into a team, before order and limit.
macro_rules! addresses_asked {
    ($team:expr, $search:expr) => {{
        let mut query = invitations::table
            .filter(invitations::team_id.eq($team))
            .filter(invitations::email.is_not_null())
            .into_boxed::<Backend>();
        if let Some(search) = $search {
            let pattern = contains(&search.to_lowercase());
            query = query.filter(invitations::email.like(pattern).escape('\\'));
        }
        query
    }};
}

/// At most `limit` of those who are asked into a team after one: users by name, then addresses.
pub async fn pending(
    conn: &mut Conn,
    team: TeamId,
    search: Option<&str>,
    after: Option<&PendingKey>,
    limit: i64,
) -> Result<Vec<Pending>> {
    let mut all = Vec::new();
    if !after.is_some_and(|after| after.is_address) {
        let users: Vec<(Invitation, Account)> = on_backend!(conn, |c| {
            let mut query = users_asked!(team, search);
            if let Some(after) = after {
                query = query.filter(accounts::name.gt(after.name.as_str()));
            }
            query
                .order(accounts::name)
                .limit(limit)
                .select((Invitation::as_select(), Account::as_select()))
                .load(c)
                .await
        })
        .map_err(db_error)?;
        all.extend(users.into_iter().map(|(row, account)| Pending {
            row,
            account: Some(account),
        }));
    }
    let rest = limit.saturating_sub(i64::try_from(all.len()).unwrap_or(i64::MAX));
    if rest <= 0 {
        return Ok(all);
    }
    let addresses: Vec<Invitation> = on_backend!(conn, |c| {
        let mut query = addresses_asked!(team, search);
        if let Some(after) = after.filter(|after| after.is_address) {
            query = query.filter(invitations::email.gt(after.name.as_str()));
        }
        query
            .order(invitations::email)
            .limit(rest)
            .select(Invitation::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)?;
    all.extend(
        addresses
            .into_iter()
            .map(|row| Pending { row, account: None }),
    );
    Ok(all)
}

/// How many are asked into a team, by name or address with the text in it, 10,000 at most.
pub async fn count(conn: &mut Conn, team: TeamId, search: Option<&str>) -> Result<i64> {
    let users: i64 = on_backend!(conn, |c| users_asked!(team, search)
        .count()
        .get_result(c)
        .await)
    .map_err(db_error)?;
    let addresses: i64 = on_backend!(conn, |c| addresses_asked!(team, search)
        .count()
        .get_result(c)
        .await)
    .map_err(db_error)?;
    Ok(users.saturating_add(addresses).min(COUNT_MAX))
}
