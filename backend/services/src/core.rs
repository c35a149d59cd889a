//! What all services stand on, and the services themselves.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use berth_crypto::{Passwords, SealingKey};
use berth_domain::{
    CLOCKS_APART, Clock, Error, Invalid, RepositoryId, RepositoryPath, Result, Timestamp,
};
use berth_storage::{Storage, StorageDriver};
use berth_store::{Conn, Db, logins, schedules, tags, uploads};

use crate::access::Gate;
use crate::access::policy::Switches;
use crate::accounts::Accounts;
use crate::actor::{Actor, Credential};
use crate::app_tokens::AppTokens;
use crate::authn::Authn;
use crate::blobs::Blobs;
use crate::bulk_changes::BulkChanges;
use crate::default_permissions::DefaultPermissions;
use crate::directory::Directory;
use crate::events::Events;
use crate::journal::Journal;
use crate::keys::Keys;
use crate::mail::MailQueue;
use crate::manifests::Manifests;
use crate::messages::Messages;
use crate::notifications::Notifications;
use crate::oauth::{Applications, Authorizations};
use crate::organizations::Organizations;
use crate::permissions::Permissions;
use crate::ports::Mailer;
use crate::pulls::PullLog;
use crate::referrers::Referrers;
use crate::registry::Registry;
use crate::repositories::Repositories;
use crate::robots::Robots;
use crate::search::Search;
use crate::service_keys::ServiceKeys;
use crate::settings::Settings;
use crate::superuser::Superuser;
use crate::tags::Tags;
use crate::teams::Teams;
use crate::uploads::Uploads;

/// The mechanisms that the server wires up and hands over.
pub struct Parts {
    /// Rows.
    pub db: Db,
    /// Bytes.
    pub storage: Arc<dyn StorageDriver>,
    /// Password hashing.
    pub passwords: Passwords,
    /// Seals stored secrets.
    pub sealing: SealingKey,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Sends mail; none where that is switched off.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// The configuration.
    pub settings: Settings,
}

/// The parts plus what is derived from them; shared by all services.
pub(crate) struct Core {
    pub(crate) db: Db,
    pub(crate) storage: Storage,
    pub(crate) passwords: Passwords,
    pub(crate) sealing: SealingKey,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) mailer: Option<Arc<dyn Mailer>>,
    pub(crate) settings: Settings,
    pub(crate) gate: Gate,
    pub(crate) journal: Journal,
}

impl Core {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Refuses a session whose password was given too long ago. Tokens pass, and users without a password.
    pub(crate) async fn check_fresh(&self, actor: &Actor) -> Result<()> {
        let (Credential::Session(_), Some(user)) = (actor.credential, actor.user_id()) else {
            return Ok(());
        };
        let now = self.now();
        let is_fresh = actor.authenticated_at.is_some_and(|at| {
            now.since(at) < self.settings.users.fresh_login && at <= now.after(CLOCKS_APART)
        });
        if is_fresh {
            return Ok(());
        }
        let mut conn = self.db.read().await?;
        match logins::password_hash(&mut conn, user).await? {
            Some(_) => Err(Error::FreshLoginRequired),
            None => Ok(()),
        }
    }

    /// How far the Time Machine reaches back in a repository: as its namespace has chosen, else as the
    /// registry has.
    pub(crate) async fn window(
        &self,
        conn: &mut Conn,
        repository: RepositoryId,
    ) -> Result<Duration> {
        let chosen = tags::chosen_window(conn, repository).await?;
        Ok(chosen.unwrap_or(self.settings.push.time_machine))
    }

    /// Refuses nested names where they are switched off.
    pub(crate) fn check_depth(&self, path: &RepositoryPath) -> Result<()> {
        if path.name.is_nested() && !self.settings.push.nested_names {
            return Err(Error::invalid(
                Invalid::RepositoryName,
                "nested repositories are not supported here (`FEATURE_EXTENDED_REPOSITORY_NAMES` is off)",
            ));
        }
        Ok(())
    }
}

/// Every service of the registry. Each request has its clone, which is a reference to the one set of them.
#[derive(Clone)]
pub struct Services(Arc<ServiceSet>);

impl Deref for Services {
    type Target = ServiceSet;

    fn deref(&self) -> &ServiceSet {
        &self.0
    }
}

/// The services, a field for each.
pub struct ServiceSet {
    pub(crate) core: Arc<Core>,
    /// A user's own account.
    pub accounts: Accounts,
    /// Tokens of users' clients.
    pub app_tokens: AppTokens,
    /// OAuth applications of organizations.
    pub applications: Applications,
    /// Who is asking.
    pub authn: Authn,
    /// What users let applications do.
    pub authorizations: Authorizations,
    /// Blobs: read, delete.
    pub blobs: Blobs,
    /// Changes of any number of repositories.
    pub bulk_changes: BulkChanges,
    /// Roles that new repositories begin with.
    pub default_permissions: DefaultPermissions,
    /// Accounts by name.
    pub directory: Directory,
    /// What happens in repositories, as it happens.
    pub events: Events,
    /// Keys that sign registry tokens.
    pub keys: Keys,
    /// Manifests: push, pull, delete.
    pub manifests: Manifests,
    /// Messages to everybody.
    pub messages: Messages,
    /// The bell.
    pub notifications: Notifications,
    /// Organizations.
    pub organizations: Organizations,
    /// Roles in repositories.
    pub permissions: Permissions,
    /// What refers to a manifest.
    pub referrers: Referrers,
    /// The registry as a whole.
    pub registry: Registry,
    /// Repositories.
    pub repositories: Repositories,
    /// Robot accounts.
    pub robots: Robots,
    /// Search over everything that somebody may see.
    pub search: Search,
    /// Keys of services, for superusers.
    pub service_keys: ServiceKeys,
    /// What superusers do with users.
    pub superuser: Superuser,
    /// Tags.
    pub tags: Tags,
    /// Teams of organizations.
    pub teams: Teams,
    /// Uploads of blobs.
    pub uploads: Uploads,
    pulls: PullLog,
}

impl Services {
    /// Wires the services up. The database must have the current schema.
    pub fn new(parts: Parts) -> Self {
        let users = &parts.settings.users;
        let gate = Gate::new(
            Switches {
                superusers_full_access: users.superusers_full_access,
                anonymous_access: users.anonymous_access,
            },
            parts.settings.registry.read_only,
            users.superusers_create_organizations,
            parts.settings.push.create_namespaces,
        );
        let journal = Journal::new(Arc::clone(&parts.clock));
        let core = Arc::new(Core {
            db: parts.db,
            storage: Storage::new(parts.storage),
            passwords: parts.passwords,
            sealing: parts.sealing,
            clock: parts.clock,
            mailer: parts.mailer,
            settings: parts.settings,
            gate,
            journal,
        });
        let keys = Keys::new(Arc::clone(&core));
        let pulls = PullLog::start(Arc::clone(&core));
        let authn = Authn::new(Arc::clone(&core), keys.clone());
        Self(Arc::new(ServiceSet {
            accounts: Accounts::new(Arc::clone(&core), authn.clone()),
            app_tokens: AppTokens::new(Arc::clone(&core)),
            applications: Applications::new(Arc::clone(&core)),
            authorizations: Authorizations::new(Arc::clone(&core), authn.clone()),
            bulk_changes: BulkChanges::new(Arc::clone(&core), authn.clone()),
            superuser: Superuser::new(Arc::clone(&core), authn.clone()),
            authn,
            blobs: Blobs::new(Arc::clone(&core)),
            default_permissions: DefaultPermissions::new(Arc::clone(&core)),
            directory: Directory::new(Arc::clone(&core)),
            events: Events::new(Arc::clone(&core)),
            keys,
            manifests: Manifests::new(Arc::clone(&core), pulls.clone()),
            messages: Messages::new(Arc::clone(&core)),
            notifications: Notifications::new(Arc::clone(&core)),
            organizations: Organizations::new(Arc::clone(&core)),
            permissions: Permissions::new(Arc::clone(&core)),
            referrers: Referrers::new(Arc::clone(&core)),
            registry: Registry::new(Arc::clone(&core)),
            repositories: Repositories::new(Arc::clone(&core)),
            robots: Robots::new(Arc::clone(&core)),
            search: Search::new(Arc::clone(&core)),
            service_keys: ServiceKeys::new(Arc::clone(&core)),
            tags: Tags::new(Arc::clone(&core)),
            teams: Teams::new(Arc::clone(&core)),
            uploads: Uploads::new(Arc::clone(&core)),
            pulls,
            core,
        }))
    }

    /// Reads a repository's path as clients write it: one without a namespace lies in the library's.
    ///
    /// # Errors
    /// A path outside the grammar, and a nested name where those are switched off.
    pub fn repository_path(&self, text: &str) -> Result<RepositoryPath> {
        let library = self.core.settings.registry.library.as_ref();
        let path = RepositoryPath::parse(text, library)?;
        self.core.check_depth(&path)?;
        Ok(path)
    }

    /// The settings, for adapters that render addresses.
    pub fn settings(&self) -> &Settings {
        &self.core.settings
    }

    /// Whether mail is sent.
    pub fn sends_mail(&self) -> bool {
        self.core.mailer.is_some()
    }

    pub(crate) fn mail_queue(&self) -> MailQueue {
        MailQueue::new(Arc::clone(&self.core))
    }

    /// Frees what a predecessor that was killed still holds: uploads and periodic work. Only for the
    /// one server of a database that no other process serves; replicas wait until leases run out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_over(&self) -> Result<()> {
        self.core
            .db
            .write(async |tx| {
                uploads::release_all(tx).await?;
                schedules::release_all(tx).await
            })
            .await
    }

    /// Writes out what is still queued, at shutdown.
    pub async fn drain(&self) -> Result<()> {
        self.pulls.drain().await
    }
}
