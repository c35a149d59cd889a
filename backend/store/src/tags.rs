//! Tags: a row is one lifetime of a name.

use std::time::Duration;

use berth_domain::{
    AccountId, Digest, ManifestId, MediaType, RepositoryId, Result, TagId, TagName, Timestamp,
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error, lost_race, statement};
use crate::schema::{accounts, manifests, repositories, tags};
use crate::sql::{contains, execute, id_list};

/// One lifetime of a tag.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = tags)]
pub struct Tag {
    /// Row id.
    pub id: TagId,
    /// Where it is.
    pub repository_id: RepositoryId,
    /// Its name.
    pub name: TagName,
    /// What it points to.
    pub manifest_id: ManifestId,
    /// Since when.
    pub started_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Until when an ended one can be brought back.
    pub(crate) restorable_until: Option<Timestamp>,
}

impl Tag {
    /// Until when it can be brought back, where it has ended, or expired and not been ended yet: then `window` counts.
    pub fn restorable_until(&self, window: Duration) -> Option<Timestamp> {
        self.restorable_until
            .or_else(|| self.expires_at.map(|at| at.after(window)))
    }
}

/// How far the Time Machine reaches back in the namespace of a tag, where that has chosen.
const CHOSEN_WINDOW: &str = "(select n.tag_expiration_ms from repositories r \
    join accounts n on n.id = r.namespace_id where r.id = tags.repository_id)";

/// Longer windows are cut to this, ten thousand years, so that no sum of it and an instant overflows.
const WINDOW_MS_MAX: i64 = 315_576_000_000_000;

fn window_ms(window: Duration) -> i64 {
    i64::try_from(window.as_millis()).map_or(WINDOW_MS_MAX, |ms| ms.min(WINDOW_MS_MAX))
}

/// In SQL: until when a tag that ends at an instant can be brought back; `window` counts where the namespace has not chosen.
pub(crate) fn restorable_until(ended_at: &str, window: Duration) -> String {
    let window_ms = window_ms(window);
    format!("{ended_at} + coalesce({CHOSEN_WINDOW}, {window_ms})")
}

/// How far the Time Machine reaches back in the namespace of a repository, where that has chosen.
pub async fn chosen_window(conn: &mut Conn, repository: RepositoryId) -> Result<Option<Duration>> {
    let chosen: Option<Option<i64>> = on_backend!(conn, |c| {
        repositories::table
            .inner_join(accounts::table)
            .filter(repositories::id.eq(repository))
            .select(accounts::tag_expiration_ms)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    Ok(chosen.flatten().map(milliseconds))
}

/// Chooses how far the Time Machine reaches back in a namespace, `None` as everywhere; what has ended
/// already can be brought back for so long after its end, or no longer. `window` counts where nothing is chosen.
///
/// One statement over all ended tags of the namespace: a second for some hundred thousand.
pub async fn choose_window(
    tx: &mut Tx,
    namespace: AccountId,
    chosen: Option<Duration>,
    window: Duration,
) -> Result<()> {
    let chosen_ms = chosen.map(window_ms);
    on_backend!(&mut **tx, |c| {
        diesel::update(accounts::table.find(namespace))
            .set(accounts::tag_expiration_ms.eq(chosen_ms))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    let statement = format!(
        "update tags set restorable_until = {until} where restorable_until is not null \
         and repository_id in (select id from repositories where namespace_id = {namespace})",
        until = restorable_until("ended_at", window),
        namespace = namespace.0,
    );
    execute(tx, &statement).await?;
    Ok(())
}

fn milliseconds(number: i64) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or_default())
}

/// The rows that readers see: neither ended nor expired.
macro_rules! live {
    ($now:expr) => {
        tags::ended_at.is_null().and(
            tags::expires_at
                .is_null()
                .or(tags::expires_at.assume_not_null().gt($now)),
        )
    };
}

/// The lifetime of that name which is still open, expired or not, with what it points to. It is not
/// locked: a lock would take in the manifest, and two pushes that move a tag between two manifests would
/// lock each other out. Whoever ends it learns from [`end`] whether somebody else was faster.
pub async fn open_by_name(
    conn: &mut Conn,
    repository: RepositoryId,
    name: &TagName,
) -> Result<Option<(Tag, Digest)>> {
    on_backend!(conn, |c| {
        tags::table
            .inner_join(manifests::table)
            .filter(tags::repository_id.eq(repository))
            .filter(tags::name.eq(name))
            .filter(tags::ended_at.is_null())
            .select((Tag::as_select(), manifests::digest))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Starts a lifetime, by a push or as a `reversion` to an earlier one; `None` when another one of that
/// name is live, and then nothing is written.
pub async fn start(
    tx: &mut Tx,
    repository: RepositoryId,
    name: &TagName,
    manifest: ManifestId,
    reversion: bool,
    now: Timestamp,
) -> Result<Option<TagId>> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(tags::table)
            .values((
                tags::repository_id.eq(repository),
                tags::name.eq(name),
                tags::manifest_id.eq(manifest),
                tags::started_at.eq(now),
                tags::reversion.eq(reversion),
            ))
            .on_conflict_do_nothing()
            .returning(tags::id)
            .get_result(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Lifetimes by id whatever their state, with what they point to, locked against the collector
/// (PostgreSQL; SQLite has one writer).
pub async fn lifetimes_for_update(tx: &mut Tx, ids: &[TagId]) -> Result<Vec<(Tag, Digest)>> {
    /// The columns, the same for both databases.
    macro_rules! query {
        () => {
            tags::table
                .inner_join(manifests::table)
                .filter(tags::id.eq_any(ids.iter().map(|id| id.0)))
                .order(tags::id)
                .select((Tag::as_select(), manifests::digest))
        };
    }
    statement().await.map_err(db_error)?;
    match &mut **tx {
        Conn::Pg(c) => query!().for_update().load(&mut **c).await,
        Conn::Lite(c) => query!().load(&mut **c).await,
    }
    .map_err(db_error)
}

/// Ends lifetimes that are still open. They can be brought back as long as their namespace has chosen, else
/// for `window`.
pub async fn end(tx: &mut Tx, ids: &[TagId], now: Timestamp, window: Duration) -> Result<usize> {
    if ids.is_empty() {
        return Ok(0);
    }
    let statement = format!(
        "update tags set ended_at = {now}, restorable_until = {until} where id in ({ids}) and ended_at is null",
        until = restorable_until(&now.0.to_string(), window),
        now = now.0,
        ids = id_list(ids.iter().map(|id| id.0)),
    );
    execute(tx, &statement).await
}

/// Ends lifetimes that were live a moment ago, each of them.
///
/// # Errors
/// [`Error::Unavailable`](berth_domain::Error::Unavailable) when one was ended by somebody else since.
pub async fn end_each(tx: &mut Tx, ids: &[TagId], now: Timestamp, window: Duration) -> Result<()> {
    if end(tx, ids, now, window).await? == ids.len() {
        Ok(())
    } else {
        Err(lost_race("a tag was moved or deleted while it was deleted"))
    }
}

/// Starts a lifetime that points to what an ended one did, also when a digest was deleted since.
///
/// # Errors
/// [`Error::Unavailable`](berth_domain::Error::Unavailable) when the name got another lifetime at that moment.
pub async fn restore(tx: &mut Tx, ended: Tag, now: Timestamp, window: Duration) -> Result<Tag> {
    // One that has expired stays open until the collector comes.
    end(tx, &[ended.id], now, window).await?;
    crate::manifests::undelete(tx, ended.manifest_id).await?;
    let started = start(
        tx,
        ended.repository_id,
        &ended.name,
        ended.manifest_id,
        true,
        now,
    );
    let id = started
        .await?
        .ok_or_else(|| lost_race("a tag was pushed while it was restored"))?;
    Ok(Tag {
        id,
        started_at: now,
        expires_at: None,
        ended_at: None,
        restorable_until: None,
        ..ended
    })
}

/// A live tag by name.
pub async fn by_name(
    conn: &mut Conn,
    repository: RepositoryId,
    name: &TagName,
    now: Timestamp,
) -> Result<Option<Tag>> {
    on_backend!(conn, |c| {
        tags::table
            .filter(tags::repository_id.eq(repository))
            .filter(tags::name.eq(name))
            .filter(live!(now))
            .select(Tag::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// The latest lifetime of a name, whatever its state.
pub async fn latest(
    conn: &mut Conn,
    repository: RepositoryId,
    name: &TagName,
) -> Result<Option<Tag>> {
    on_backend!(conn, |c| {
        tags::table
            .filter(tags::repository_id.eq(repository))
            .filter(tags::name.eq(name))
            .order(tags::id.desc())
            .select(Tag::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Tags by id, in no order; ended ones are left out.
pub async fn by_ids(conn: &mut Conn, ids: &[TagId], now: Timestamp) -> Result<Vec<Tag>> {
    on_backend!(conn, |c| {
        tags::table
            .filter(tags::id.eq_any(ids.iter().map(|id| id.0)))
            .filter(live!(now))
            .select(Tag::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Those of many names that are live.
pub async fn by_names(
    conn: &mut Conn,
    repository: RepositoryId,
    names: &[TagName],
    now: Timestamp,
) -> Result<Vec<Tag>> {
    on_backend!(conn, |c| {
        tags::table
            .filter(tags::repository_id.eq(repository))
            .filter(tags::name.eq_any(names.iter().map(TagName::as_str)))
            .filter(live!(now))
            .order(tags::id)
            .select(Tag::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Live tags that point to any of these manifests, by name.
pub async fn of_manifests(
    conn: &mut Conn,
    manifests: &[ManifestId],
    now: Timestamp,
) -> Result<Vec<Tag>> {
    on_backend!(conn, |c| {
        tags::table
            .filter(tags::manifest_id.eq_any(manifests.iter().map(|id| id.0)))
            .filter(live!(now))
            .order(tags::name)
            .select(Tag::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Live names in byte order, those after `after`; what clients list.
pub async fn names(
    conn: &mut Conn,
    repository: RepositoryId,
    after: Option<&str>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<TagName>> {
    on_backend!(conn, |c| {
        tags::table
            .filter(tags::repository_id.eq(repository))
            .filter(tags::name.gt(after.unwrap_or("")))
            .filter(live!(now))
            .order(tags::name)
            .limit(limit)
            .select(tags::name)
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// By what a page of tags is sorted; the key of the last row seen, where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// By name.
    Name(Option<TagName>),
    /// By the start of the lifetime.
    Started(Option<(Timestamp, TagId)>),
}

/// A page of live tags whose name holds `search`.
pub async fn page(
    conn: &mut Conn,
    repository: RepositoryId,
    search: Option<&str>,
    order: &Order,
    descending: bool,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Tag>> {
    let pattern = search.map(contains);
    on_backend!(conn, |c| {
        let mut query = tags::table
            .filter(tags::repository_id.eq(repository))
            .filter(live!(now))
            .limit(limit)
            .select(Tag::as_select())
            .into_boxed::<Backend>();
        if let Some(pattern) = &pattern {
            query = query.filter(tags::name.like(pattern).escape('\\'));
        }
        query = match (order, descending) {
            (Order::Name(after), false) => {
                if let Some(after) = after {
                    query = query.filter(tags::name.gt(after));
                }
                query.order(tags::name.asc())
            }
            (Order::Name(after), true) => {
                if let Some(after) = after {
                    query = query.filter(tags::name.lt(after));
                }
                query.order(tags::name.desc())
            }
            (Order::Started(after), false) => {
                if let Some((at, id)) = after {
                    query = query.filter(
                        tags::started_at
                            .gt(*at)
                            .or(tags::started_at.eq(*at).and(tags::id.gt(*id))),
                    );
                }
                query.order((tags::started_at.asc(), tags::id.asc()))
            }
            (Order::Started(after), true) => {
                if let Some((at, id)) = after {
                    query = query.filter(
                        tags::started_at
                            .lt(*at)
                            .or(tags::started_at.eq(*at).and(tags::id.lt(*id))),
                    );
                }
                query.order((tags::started_at.desc(), tags::id.desc()))
            }
        };
        query.load(c).await
    })
    .map_err(db_error)
}

/// How many live tags there are whose name holds `search`.
pub async fn count(
    conn: &mut Conn,
    repository: RepositoryId,
    search: Option<&str>,
    now: Timestamp,
) -> Result<i64> {
    let pattern = search.map(contains);
    on_backend!(conn, |c| {
        let mut query = tags::table
            .filter(tags::repository_id.eq(repository))
            .filter(live!(now))
            .count()
            .into_boxed::<Backend>();
        if let Some(pattern) = &pattern {
            query = query.filter(tags::name.like(pattern).escape('\\'));
        }
        query.get_result(c).await
    })
    .map_err(db_error)
}

/// One lifetime in the history of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifetime {
    /// The lifetime, ended or not.
    pub tag: Tag,
    /// Whether it brought back what an earlier one pointed to.
    pub reversion: bool,
    /// What it points to.
    pub digest: Digest,
    /// The type of that.
    pub media_type: MediaType,
}

/// Which lifetimes a history shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct HistoryFilter<'a> {
    /// Those of one name.
    pub name: Option<&'a TagName>,
    /// Those whose name holds this text.
    pub search: Option<&'a str>,
    /// Only the live ones.
    pub live: bool,
}

/// Lifetimes of the tags of a repository, the latest first, from the `offset`th on.
pub async fn history(
    conn: &mut Conn,
    repository: RepositoryId,
    filter: HistoryFilter<'_>,
    now: Timestamp,
    offset: i64,
    limit: i64,
) -> Result<Vec<Lifetime>> {
    let pattern = filter.search.map(contains);
    let found: Vec<(Tag, bool, Digest, MediaType)> = on_backend!(conn, |c| {
        let mut query = tags::table
            .inner_join(manifests::table)
            .filter(tags::repository_id.eq(repository))
            .order((tags::started_at.desc(), tags::id.desc()))
            .offset(offset)
            .limit(limit)
            .select((
                Tag::as_select(),
                tags::reversion,
                manifests::digest,
                manifests::media_type,
            ))
            .into_boxed::<Backend>();
        if let Some(name) = filter.name {
            query = query.filter(tags::name.eq(name));
        }
        if let Some(pattern) = &pattern {
            query = query.filter(tags::name.like(pattern).escape('\\'));
        }
        if filter.live {
            query = query.filter(live!(now));
        }
        query.load(c).await
    })
    .map_err(db_error)?;
    let lifetime = |(tag, reversion, digest, media_type)| Lifetime {
        tag,
        reversion,
        digest,
        media_type,
    };
    Ok(found.into_iter().map(lifetime).collect())
}
