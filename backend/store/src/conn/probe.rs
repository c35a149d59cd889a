//! Where a test may have the database fail, and by whose call. Without the feature `faults` nothing of it
//! is left but a value without a size.

#[cfg(feature = "faults")]
use std::panic::Location;
#[cfg(feature = "faults")]
use std::sync::Arc;

#[cfg(feature = "faults")]
use berth_domain::Result;
#[cfg(feature = "faults")]
use diesel::result::{DatabaseErrorKind, Error as DieselError};
#[cfg(feature = "faults")]
use futures::future::BoxFuture;

/// Where a test may have the database fail.
#[cfg(feature = "faults")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A connection for reads is asked for.
    Read,
    /// A transaction is to begin.
    Begin,
    /// Its statements are done and it is to be committed.
    Commit,
    /// It was committed, and the answer is on its way.
    Committed,
    /// A statement is to run, within a transaction or for a read.
    Statement,
}

/// Asked at each call, with the line of source that made it, which is not known of a read's statements.
/// The database is silent for as long as the answer takes; an error becomes the database's.
#[cfg(feature = "faults")]
pub type Probe = Arc<
    dyn Fn(Call, Option<&'static Location<'static>>) -> BoxFuture<'static, Result<()>>
        + Send
        + Sync,
>;

#[cfg(feature = "faults")]
tokio::task_local! {
    static STATEMENTS: (Probe, Site);
}

/// The line of source that made a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    #[cfg(feature = "faults")]
    location: Option<&'static Location<'static>>,
}

impl Site {
    /// The line that called the function which asks, if that function is `#[track_caller]`.
    #[cfg_attr(feature = "faults", track_caller)]
    pub(super) const fn here() -> Self {
        Self {
            #[cfg(feature = "faults")]
            location: Some(Location::caller()),
        }
    }
}

/// Asks `probe` at each statement of this work. What it spawns is asked within transactions alone, by
/// the probe of the database that they run on.
#[cfg(feature = "faults")]
pub async fn probe_statements<R>(probe: Probe, work: impl Future<Output = R>) -> R {
    let nowhere = Site { location: None };
    STATEMENTS.scope((probe, nowhere), work).await
}

/// The body of a transaction, whose statements are asked for wherever it runs.
#[cfg(feature = "faults")]
pub(super) async fn within<R>(
    probe: Option<&Probe>,
    site: Site,
    body: impl Future<Output = R>,
) -> R {
    match probe {
        Some(probe) => STATEMENTS.scope((Arc::clone(probe), site), body).await,
        None => body.await,
    }
}

/// Lets a test fail a call.
#[cfg(feature = "faults")]
pub(super) async fn ask(probe: Option<&Probe>, call: Call, site: Site) -> Result<()> {
    match probe {
        Some(probe) => probe(call, site.location).await,
        None => Ok(()),
    }
}

/// Lets a test fail the statement that comes next; nothing in a build without the feature.
#[cfg_attr(
    not(feature = "faults"),
    allow(clippy::unused_async, reason = "it waits in tests alone")
)]
pub(crate) async fn statement() -> diesel::QueryResult<()> {
    #[cfg(feature = "faults")]
    if let Ok((probe, site)) = STATEMENTS.try_with(Clone::clone)
        && let Err(error) = ask(Some(&probe), Call::Statement, site).await
    {
        let kind = DatabaseErrorKind::UnableToSendCommand;
        return Err(DieselError::DatabaseError(
            kind,
            Box::new(error.to_string()),
        ));
    }
    Ok(())
}
