//! The periodic work of the registry: what it is and how often; the engine is `berth-jobs`.

use std::sync::Arc;
use std::time::Duration;

use berth_domain::Result;
use berth_jobs::{Periodic, Workers};
use berth_store::pull_counts::{self, Day};
use berth_store::{
    app_tokens, bulk_changes, email_codes, logs, notifications, oauth, outbox, sessions,
};

use crate::authn::BACKOFF_MEMORY;
use crate::bulk_changes::{ENDED_KEPT as ENDED_CHANGES_KEPT, INTERVAL as CHANGES_INTERVAL};
use crate::collection::Collection;
use crate::core::{Core, Services};
use crate::mail;
use crate::notifications::LIFE as NOTIFICATION_LIFE;
use crate::repositories::PULL_DAYS;

/// How long published events are kept for subscribers that catch up.
const OUTBOX_LIFE: Duration = Duration::from_hours(1);
/// Until then the holder of an access token that has expired is told so.
const ENDED_TOKENS_KEPT: Duration = Duration::from_hours(24);
/// S3 uploads that no row refers to any more.
const ABANDONED_AFTER: Duration = Duration::from_hours(7 * 24);

impl Services {
    /// The workers of this process; any number of processes may run them.
    pub fn workers(&self) -> Workers {
        let core = &self.core;
        Workers::new(core.db.clone(), Arc::clone(&core.clock), self.work())
    }

    /// What there is to do in a registry of this configuration.
    pub(crate) fn work(&self) -> Vec<Periodic> {
        let settings = &self.core.settings.collection;
        let mut work = vec![
            self.periodic("upload_sweep", Duration::from_hours(1), async |s| {
                while s.uploads.sweep().await? > 0 {}
                Ok(())
            }),
            self.periodic("object_sweep", settings.interval, async |s| {
                s.collection().sweep_objects().await
            }),
            self.periodic("part_sweep", Duration::from_hours(1), async |s| {
                let before = s.core.now().before(ABANDONED_AFTER);
                s.core.storage.abort_abandoned(before).await.map(drop)
            }),
            self.periodic("key_rotation", Duration::from_hours(1), async |s| {
                s.keys.rotate_if_old().await?;
                s.service_keys.warn_of_ends().await
            }),
            self.periodic("expiry_sweep", Duration::from_mins(10), async |s| {
                sweep_rows(&s.core).await
            }),
            self.periodic("bulk_changes", CHANGES_INTERVAL, async |s| {
                s.bulk_changes.go_on().await
            }),
            self.periodic("orphan_sweep", Duration::from_hours(1), async |s| {
                s.collection().sweep_orphans().await
            }),
        ];
        if settings.enabled {
            work.push(self.periodic("collection", settings.interval, async |s| {
                s.collection().collect().await
            }));
        }
        if settings.repositories {
            work.push(
                self.periodic("repository_removal", settings.interval, async |s| {
                    s.collection().dismantle_repositories().await
                }),
            );
        }
        if settings.namespaces {
            work.push(
                self.periodic("organization_removal", settings.interval, async |s| {
                    s.collection().dismantle_organizations().await
                }),
            );
        }
        if self.sends_mail() {
            work.push(self.periodic("mail", mail::INTERVAL, async |s| {
                s.mail_queue().deliver().await
            }));
        }
        if !settings.scrub_interval.is_zero() {
            work.push(self.periodic("scrub", Duration::from_mins(10), async |s| {
                s.collection().scrub().await
            }));
        }
        work
    }

    fn collection(&self) -> Collection {
        Collection::new(Arc::clone(&self.core), self.uploads.clone())
    }

    fn periodic<F, Fut>(&self, kind: &'static str, interval: Duration, run: F) -> Periodic
    where
        F: Fn(Services) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        let services = self.clone();
        Periodic::new(kind, interval, move || run(services.clone()))
    }
}

/// Removes rows that have run out.
async fn sweep_rows(core: &Core) -> Result<()> {
    let now = core.now();
    core.db
        .write_alone(async |tx| {
            sessions::delete_expired(tx, now).await?;
            email_codes::delete_expired(tx, now).await?;
            let kept = core.settings.app_tokens.kept;
            app_tokens::delete_expired(tx, now.before(kept)).await?;
            oauth::delete_expired(tx, now.before(ENDED_TOKENS_KEPT)).await?;
            outbox::delete_before(tx, now.before(OUTBOX_LIFE)).await?;
            notifications::delete_before(tx, now.before(NOTIFICATION_LIFE)).await?;
            bulk_changes::delete_ended(tx, now.before(ENDED_CHANGES_KEPT)).await?;
            logs::delete_old_failures(tx, now.before(BACKOFF_MEMORY)).await?;
            pull_counts::delete_before(tx, Day::of(now).before(PULL_DAYS)).await?;
            Ok(())
        })
        .await
}
