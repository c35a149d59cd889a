//! Wrong passwords slow the next try down: per account and address, and per address over all
//! accounts, in rows, so that replicas agree. The owner elsewhere is never locked out.

use std::time::Duration;

use berth_domain::{AccountId, CLOCKS_APART, Error, Result, Timestamp};
use berth_store::logs::{self, Failures};

use super::Authn;
use crate::actor::Origin;

/// Longest wait.
const WAIT_MAX: Duration = Duration::from_mins(5);
/// An address may try that many names before it waits: offices share one.
const ADDRESS_FREE_TRIES: i64 = 20;
/// An address may ask that often for what costs us mail or rows.
const REQUEST_FREE_TRIES: i64 = 10;
/// A typing mistake costs nothing.
const ACCOUNT_FREE_TRIES: i64 = 2;
/// Failures older than this are forgotten.
pub(crate) const FORGET_AFTER: Duration = Duration::from_hours(1);

/// 0.5·(2ⁿ−1) seconds after `n` failures beyond the free ones.
fn wait(failures: i64, free: i64) -> Duration {
    let n = u32::try_from((failures - free).clamp(0, 20)).unwrap_or(0);
    (Duration::from_millis(500) * (2_u32.pow(n) - 1)).min(WAIT_MAX)
}

fn address(origin: &Origin) -> String {
    origin
        .ip
        .map_or_else(|| "unknown".to_owned(), |ip| ip.to_string())
}

/// Whose password or token is tried.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tried<'a> {
    /// A machine's. They are long and random, so they count for the address alone.
    Machine,
    /// A user's.
    User(AccountId),
    /// Nobody's: a kind of request that anybody may make, and not too often.
    Request(&'a str),
    /// Of a name that nobody has. It waits as users do, or the wait would tell which names there are.
    Unknown(&'a str),
}

/// A row that counts failures, and how many it forgives.
struct Counter {
    account: Option<AccountId>,
    address: String,
    free_tries: i64,
}

impl Authn {
    /// The rows that a try counts in.
    fn counters(&self, tried: Tried<'_>, origin: &Origin) -> Vec<Counter> {
        let address = address(origin);
        let own = match tried {
            Tried::Machine => None,
            Tried::Request(what) => {
                return vec![Counter {
                    account: None,
                    address: format!("{address} {what}"),
                    free_tries: REQUEST_FREE_TRIES,
                }];
            }
            Tried::User(id) => Some((Some(id), address.clone())),
            Tried::Unknown(name) => {
                // Not the name itself: people type passwords where names belong.
                let name = self
                    .core
                    .sealing
                    .authenticate("unknown-login", name.as_bytes());
                Some((None, format!("{address} {name}")))
            }
        };
        let counter = |account, address, free_tries| Counter {
            account,
            address,
            free_tries,
        };
        let own = own.map(|(account, address)| counter(account, address, ACCOUNT_FREE_TRIES));
        [counter(None, address, ADDRESS_FREE_TRIES)]
            .into_iter()
            .chain(own)
            .collect()
    }

    /// Refuses while the account or the address has to wait, even for the right password.
    pub(super) async fn check_backoff(&self, tried: Tried<'_>, origin: &Origin) -> Result<()> {
        let now = self.core.now();
        let mut conn = self.core.db.read().await?;
        let mut until = Timestamp(0);
        for counter in self.counters(tried, origin) {
            let failures = logs::failures(&mut conn, counter.account, &counter.address).await?;
            until = until.max(failures.map_or(Timestamp(0), |failures| failures.retry_at));
        }
        wait_until(until, now)
    }

    /// Counts a failure. Guesses that were sent at once have all passed the check before; behind the
    /// first ones that count they are refused here.
    pub(super) async fn count_failure(&self, tried: Tried<'_>, origin: &Origin) -> Result<()> {
        let counters = self.counters(tried, origin);
        self.core
            .db
            .write(async |tx| {
                let now = self.core.now();
                for counter in &counters {
                    let (account, address) = (counter.account, counter.address.as_str());
                    let before = logs::failures_for_update(tx, account, address).await?;
                    let failures = match before {
                        Some(row) if now.since(row.retry_at) < FORGET_AFTER => {
                            wait_until(row.retry_at, now)?;
                            row.failures + 1
                        }
                        _ => 1,
                    };
                    let retry_at = now.after(wait(failures, counter.free_tries));
                    logs::set_failures(tx, account, address, Failures { failures, retry_at })
                        .await?;
                }
                Ok(())
            })
            .await
    }

    /// Counts a request of a kind that anybody may make, and refuses an address that makes too many.
    pub(crate) async fn limit_requests(&self, what: &str, origin: &Origin) -> Result<()> {
        self.check_backoff(Tried::Request(what), origin).await?;
        self.count_failure(Tried::Request(what), origin).await
    }

    /// Forgets the failures of an account from this address, where there are any. Refuses the right
    /// password too while they make it wait, which they may since it was checked whether they do.
    pub(super) async fn clear_failures(&self, account: AccountId, origin: &Origin) -> Result<()> {
        let address = address(origin);
        let mut conn = self.core.db.read().await?;
        let Some(failures) = logs::failures(&mut conn, Some(account), &address).await? else {
            return Ok(());
        };
        drop(conn);
        wait_until(failures.retry_at, self.core.now())?;
        let cleared = self
            .core
            .db
            .write(async |tx| logs::clear_failures(tx, account, &address).await);
        // Every login holds the place of this future, and few need it.
        Box::pin(cleared).await
    }
}

/// Refuses before an instant; one beyond the longest wait is of a clock that was ahead.
fn wait_until(until: Timestamp, now: Timestamp) -> Result<()> {
    if until <= now || until > now.after(WAIT_MAX).after(CLOCKS_APART) {
        return Ok(());
    }
    let retry_after_s = until.since(now).as_millis().div_ceil(1000);
    Err(Error::RateLimited {
        retry_after_s: retry_after_s.try_into().unwrap_or(u64::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_after_the_free_tries_and_has_an_end() {
        let waits: Vec<_> = (0..6).map(|n| wait(n, 2).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 500, 1500, 3500]);
        assert_eq!(wait(1000, 2), WAIT_MAX);
    }
}
