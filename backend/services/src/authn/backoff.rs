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

impl Authn {
    /// Refuses while the account or the address has to wait, even for the right password.
    pub(super) async fn check_backoff(
        &self,
        account: Option<AccountId>,
        origin: &Origin,
    ) -> Result<()> {
        let now = self.core.now();
        let address = address(origin);
        let mut conn = self.core.db.read().await?;
        let mut until = Timestamp(0);
        for subject in [None, account] {
            if let Some(failures) = logs::failures(&mut conn, subject, &address).await? {
                until = until.max(failures.retry_at);
            }
            if account.is_none() {
                break;
            }
        }
        if until <= now || until > now.after(WAIT_MAX).after(CLOCKS_APART) {
            return Ok(());
        }
        let wait = until.since(now);
        Err(Error::RateLimited {
            retry_after_s: wait
                .as_millis()
                .div_ceil(1000)
                .try_into()
                .unwrap_or(u64::MAX),
        })
    }

    /// Counts a failure; machine tokens are long and random, so they count for the address alone.
    pub(super) async fn count_failure(
        &self,
        account: Option<AccountId>,
        origin: &Origin,
    ) -> Result<()> {
        let now = self.core.now();
        let address = address(origin);
        self.core
            .db
            .write(async |tx| {
                let subjects = [
                    Some((None, ADDRESS_FREE_TRIES)),
                    account.map(|id| (Some(id), ACCOUNT_FREE_TRIES)),
                ];
                for (subject, free) in subjects.into_iter().flatten() {
                    let before = logs::failures(tx, subject, &address).await?;
                    let failures = match before {
                        Some(row) if now.since(row.retry_at) < FORGET_AFTER => row.failures + 1,
                        _ => 1,
                    };
                    let retry_at = now.after(wait(failures, free));
                    logs::set_failures(tx, subject, &address, Failures { failures, retry_at })
                        .await?;
                }
                Ok(())
            })
            .await
    }

    /// Forgets the failures of an account from this address, where there are any.
    pub(super) async fn clear_failures(&self, account: AccountId, origin: &Origin) -> Result<()> {
        let address = address(origin);
        if logs::failures(&mut self.core.db.read().await?, Some(account), &address)
            .await?
            .is_none()
        {
            return Ok(());
        }
        self.core
            .db
            .write(async |tx| logs::clear_failures(tx, account, &address).await)
            .await
    }
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
