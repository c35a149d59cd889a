//! How often repositories were pulled from, by day.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use berth_domain::{RepositoryId, Result, Timestamp};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::pull_counts;

/// A day of UTC, counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

impl Day {
    const SECONDS: i64 = 24 * 60 * 60;

    /// The day of an instant.
    pub const fn of(instant: Timestamp) -> Self {
        Self(instant.as_seconds().div_euclid(Self::SECONDS))
    }

    /// So many days earlier.
    #[must_use]
    pub const fn before(self, days: u16) -> Self {
        Self(self.0.saturating_sub(days as i64))
    }
}

impl fmt::Display for Day {
    /// As in ISO 8601: `2027-01-31`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start_ms = self.0.saturating_mul(Self::SECONDS * 1000);
        let start = Timestamp(start_ms).to_string();
        f.write_str(start.split_once('T').map_or(&start, |(day, _)| day))
    }
}

/// Counts pulls. In the order of the keys, so that two that count at once wait for each other and not in a circle.
pub async fn add(tx: &mut Tx, pulls: &BTreeMap<(RepositoryId, Day), i64>) -> Result<()> {
    for ((repository, day), count) in pulls {
        on_backend!(&mut **tx, |c| {
            diesel::insert_into(pull_counts::table)
                .values((
                    pull_counts::repository_id.eq(*repository),
                    pull_counts::day.eq(day.0),
                    pull_counts::pulls.eq(count),
                ))
                .on_conflict((pull_counts::repository_id, pull_counts::day))
                .do_update()
                .set(pull_counts::pulls.eq(pull_counts::pulls + excluded(pull_counts::pulls)))
                .execute(c)
                .await
        })
        .map_err(db_error)?;
    }
    Ok(())
}

/// The days since `first` on which each of these repositories was pulled from, the earliest first, and how often.
pub async fn since(
    conn: &mut Conn,
    repositories: &[RepositoryId],
    first: Day,
) -> Result<HashMap<RepositoryId, Vec<(Day, i64)>>> {
    let found: Vec<(RepositoryId, i64, i64)> = on_backend!(conn, |c| {
        pull_counts::table
            .filter(pull_counts::repository_id.eq_any(repositories.iter().map(|id| id.0)))
            .filter(pull_counts::day.ge(first.0))
            .order((pull_counts::repository_id, pull_counts::day))
            .select((
                pull_counts::repository_id,
                pull_counts::day,
                pull_counts::pulls,
            ))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    let mut days: HashMap<RepositoryId, Vec<(Day, i64)>> = HashMap::new();
    for (repository, day, pulls) in found {
        let of_one = days.entry(repository).or_default();
        of_one.push((Day(day), pulls));
    }
    Ok(days)
}

/// Forgets what was counted before a day.
pub async fn delete_before(tx: &mut Tx, day: Day) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(pull_counts::table.filter(pull_counts::day.lt(day.0)))
            .execute(c)
            .await
    })
    .map_err(db_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_goes_from_midnight_to_midnight() {
        let day = |text: &str| Day::of(text.parse().unwrap()).to_string();
        assert_eq!(day("2024-06-18T00:00:00Z"), "2024-06-18");
        assert_eq!(day("2024-06-18T23:59:59.999Z"), "2024-06-18");
        assert_eq!(day("1969-12-31T23:59:59Z"), "1969-12-31");
        let day = Day::of("2024-03-01T12:00:00Z".parse().unwrap());
        assert_eq!(day.before(1).to_string(), "2024-02-29");
    }
}
