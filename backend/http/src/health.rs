//! Whether the process lives, is ready and reaches what it needs. Open to everybody, so it shows
//! reasons to superusers alone; the log has them too.

mod report;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use berth_domain::Error;
use berth_services::{Actor, Origin, Services};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use self::report::{Details, Finding, answer};
use crate::cookies;
use crate::credentials::Authorization;
use crate::origin::RequestOrigin;

/// One look serves all probes of this span: a look writes to storage, and anybody may ask.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What does not answer within this is away.
const LOOK_TIME_MAX: Duration = Duration::from_secs(5);

/// Below this share of free space, in percent, writes are about to fail.
const SPACE_PERCENT_MIN: u64 = 1;

/// Below this share of free space, in percent, somebody should be warned.
const SPACE_PERCENT_WARNING: u64 = 10;

/// What the process knows of itself.
pub struct Process {
    /// Where its configuration is from: `file`, or `environment` where there is none.
    pub config_provider: &'static str,
    /// Whether it is to end: it is alive then and no longer ready.
    pub is_draining: Box<dyn Fn() -> bool + Send + Sync>,
}

/// What was seen at one time.
#[derive(Debug, Clone)]
struct Seen {
    database: Finding,
    storage: Finding,
    keys: Finding,
    signing_key: Option<String>,
    space_percent: Option<u64>,
}

#[derive(Clone)]
struct Health {
    services: Services,
    process: Arc<Process>,
    last: Arc<Mutex<Option<(Instant, Seen)>>>,
}

type Parts = Vec<(&'static str, Finding)>;

/// `/health` and its parts.
pub fn router(services: Services, process: Process) -> Router {
    let health = Health {
        services,
        process: Arc::new(process),
        last: Arc::default(),
    };
    let part = |choose: fn(&Seen) -> Parts| {
        let show = async move |State(health): State<Health>,
                               RequestOrigin(origin): RequestOrigin,
                               headers: HeaderMap| {
            health.show(&headers, origin, choose).await
        };
        get(show)
    };
    Router::new()
        .route("/health/live", get(async || answer(&[], None)))
        .route("/health/ready", get(ready))
        .route("/health", part(Seen::instance))
        .route("/health/instance", part(Seen::instance))
        .route("/health/endtoend", part(Seen::end_to_end))
        .route("/status", part(Seen::end_to_end))
        .route("/health/warning", part(Seen::warning))
        .with_state(health)
}

async fn ready(State(health): State<Health>) -> Response {
    let seen = health.look().await;
    let accepting = if (health.process.is_draining)() {
        Finding::Ill("the process is stopping".to_owned())
    } else {
        Finding::WELL
    };
    let parts = [
        ("accepting", accepting),
        ("database", seen.database),
        ("storage", seen.storage),
    ];
    answer(&parts, None)
}

impl Seen {
    fn instance(&self) -> Parts {
        vec![
            ("auth", self.database.clone()),
            ("database", self.database.clone()),
            ("disk_space", self.space(SPACE_PERCENT_MIN)),
            // Both parts of the source product are this one process, which is answering.
            ("registry_gunicorn", Finding::WELL),
            ("service_key", self.keys.clone()),
            ("web_gunicorn", Finding::WELL),
        ]
    }

    fn end_to_end(&self) -> Parts {
        vec![
            ("auth", self.database.clone()),
            ("database", self.database.clone()),
            ("storage", self.storage.clone()),
        ]
    }

    fn warning(&self) -> Parts {
        vec![("disk_space_warning", self.space(SPACE_PERCENT_WARNING))]
    }

    /// Unknown space, as of a bucket, is no cause for alarm.
    fn space(&self, percent_min: u64) -> Finding {
        match self.space_percent {
            None => Finding::WELL,
            Some(free) if free >= percent_min => Finding::Well(Some(format!("{free} % free"))),
            Some(free) => Finding::Ill(format!("{free} % free, below {percent_min} %")),
        }
    }

    /// Nothing answered in time.
    fn nothing() -> Self {
        let late = || Finding::Ill(format!("no answer within {} s", LOOK_TIME_MAX.as_secs()));
        Self {
            database: late(),
            storage: late(),
            keys: late(),
            signing_key: None,
            space_percent: None,
        }
    }
}

impl Health {
    async fn show(
        &self,
        headers: &HeaderMap,
        origin: Origin,
        choose: fn(&Seen) -> Parts,
    ) -> Response {
        let seen = self.look().await;
        // A probe with wrong credentials is a probe: it gets what everybody gets.
        let asked = timeout(LOOK_TIME_MAX, self.actor(headers, origin)).await;
        let details = match asked {
            Ok(Some(actor)) if actor.is_superuser() => Some(Details {
                config_provider: self.process.config_provider,
                signing_key: seen.signing_key.clone(),
            }),
            _ => None,
        };
        answer(&choose(&seen), details)
    }

    /// Who asks, by the session's cookie or by name and password. Reading by cookie needs no CSRF token: nothing
    /// changes, and pages of others cannot read the answer.
    async fn actor(&self, headers: &HeaderMap, origin: Origin) -> Option<Actor> {
        let authn = &self.services.authn;
        match Authorization::of(headers) {
            Authorization::Basic { username, password } => {
                authn.basic(&username, &password, origin).await.ok()
            }
            Authorization::Absent => {
                let token = cookies::read(headers, cookies::SESSION)?;
                authn.session(token, origin).await.ok().flatten()
            }
            Authorization::Bearer(_) | Authorization::Unusable => None,
        }
    }

    /// What the last look saw, or a new one; probes that come together wait for the same look.
    async fn look(&self) -> Seen {
        let mut last = self.last.lock().await;
        if let Some((at, seen)) = &*last
            && at.elapsed() < LOOK_EVERY
        {
            return seen.clone();
        }
        let seen = timeout(LOOK_TIME_MAX, self.look_now()).await;
        let seen = seen.unwrap_or_else(|_| Seen::nothing());
        for (what, finding) in [
            ("database", &seen.database),
            ("storage", &seen.storage),
            ("signing keys", &seen.keys),
        ] {
            if let Finding::Ill(reason) = finding {
                tracing::warn!(reason, "{what} failed a health check");
            }
        }
        *last = Some((Instant::now(), seen.clone()));
        seen
    }

    async fn look_now(&self) -> Seen {
        let found = self.services.registry.health().await;
        let keys = self.services.keys.public_jwks().await;
        let signing_key = keys.as_ref().ok().and_then(|keys| keys.first());
        Seen {
            signing_key: signing_key
                .and_then(|jwk| jwk.get("kid"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            keys: match &keys {
                Ok(keys) if keys.is_empty() => Finding::Ill("there is no key".to_owned()),
                Ok(_) => Finding::WELL,
                Err(error) => Finding::Ill(reason(error)),
            },
            database: finding(&found.database),
            storage: finding(&found.storage),
            space_percent: found.space.and_then(|space| {
                space
                    .free_bytes
                    .saturating_mul(100)
                    .checked_div(space.total_bytes)
            }),
        }
    }
}

fn finding(result: &Result<(), Error>) -> Finding {
    match result {
        Ok(()) => Finding::WELL,
        Err(error) => Finding::Ill(reason(error)),
    }
}

/// What clients are told says little; the causes say what to mend.
fn reason(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_judged_only_where_it_is_known() {
        let seen = |space_percent| Seen {
            space_percent,
            ..Seen::nothing()
        };
        let warns = |percent| !seen(percent).space(SPACE_PERCENT_WARNING).is_well();
        assert!(!warns(None) && !warns(Some(10)) && warns(Some(9)));
        assert_eq!(
            seen(Some(0)).space(SPACE_PERCENT_MIN),
            Finding::Ill("0 % free, below 1 %".to_owned())
        );
    }
}
