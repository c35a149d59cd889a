//! Services over a test database, with words for what tests set up again and again.

use std::sync::Arc;
use std::time::Duration;

use berth_crypto::{Cost, Passwords, SealingKey, tokens};
use berth_domain::{
    ApplicationId, Clock, Digest, ManualClock, Reference, RepositoryPath, Secret, Timestamp,
};
use berth_services::authn::Session;
use berth_services::manifests::{Accept, PullKind};
use berth_services::ports::Mailer;
use berth_services::{Actor, Origin, Parts, Services, Settings};
use berth_storage::{ByteStream, Memory, StorageDriver};
use berth_store::Db;
use berth_store::oauth::applications::{self, Described};
use berth_store::oauth::{self, NewToken};
use bytes::Bytes;
use futures::StreamExt;

use crate::database::TestDatabase;
use crate::faults::{Fault, Faults};
use crate::{Backend, TestImage};

/// The password of every test user.
pub const PASSWORD: &str = "correct-horse-battery";

/// A registry for one test.
pub struct TestRegistry {
    /// The services under test.
    pub services: Services,
    /// Their clock; it stands until it is turned.
    pub clock: Arc<ManualClock>,
    /// Their storage.
    pub storage: Arc<dyn StorageDriver>,
    mailer: Option<Arc<dyn Mailer>>,
    database: TestDatabase,
}

impl TestRegistry {
    /// A registry with default settings; `None` for PostgreSQL where no server is named.
    pub async fn on(backend: Backend) -> Option<Self> {
        Self::with(backend, Settings::default()).await
    }

    /// A registry with these settings.
    pub async fn with(backend: Backend, settings: Settings) -> Option<Self> {
        Self::mailing(backend, settings, None).await
    }

    /// A registry with these settings, which hands its mail to `mailer`.
    pub async fn mailing(
        backend: Backend,
        settings: Settings,
        mailer: Option<Arc<dyn Mailer>>,
    ) -> Option<Self> {
        let database = TestDatabase::new(backend).await?;
        let clock = Arc::new(ManualClock::new(Timestamp(1_790_000_000_000)));
        let storage: Arc<dyn StorageDriver> = Arc::new(Memory::with_clock(clock.clone()));
        let services = services(
            database.db.clone(),
            &clock,
            &storage,
            mailer.clone(),
            settings,
        );
        services
            .registry
            .check_sealing_key()
            .await
            .expect("a fresh key");
        Some(Self {
            services,
            clock,
            storage,
            mailer,
            database,
        })
    }

    /// Another replica: other services over the same database, storage and clock.
    pub fn replica(&self, settings: Settings) -> Services {
        services(
            self.database.db.clone(),
            &self.clock,
            &self.storage,
            self.mailer.clone(),
            settings,
        )
    }

    /// The same replica, handing its mail to `mailer`.
    pub fn mailing_replica(&self, settings: Settings, mailer: Arc<dyn Mailer>) -> Services {
        services(
            self.database.db.clone(),
            &self.clock,
            &self.storage,
            Some(mailer),
            settings,
        )
    }

    /// Faults that let call number `failing` fail, by this registry's clock.
    pub fn faults(&self, failing: u64, fault: Fault) -> Arc<Faults> {
        match fault {
            Fault::Late => Faults::late(failing, &self.clock),
            _ => Faults::at(failing, fault),
        }
    }

    /// A replica whose database and storage fail where `faults` says.
    pub fn faulty(&self, settings: Settings, faults: &Arc<Faults>) -> Services {
        let db = self.database.db.probed(faults.probe());
        let storage = faults.storage(&self.storage);
        services(db, &self.clock, &storage, None, settings)
    }

    /// A replica over another storage, which dies where `faults` says.
    pub fn over(&self, storage: &Arc<dyn StorageDriver>, faults: Option<&Arc<Faults>>) -> Services {
        self.over_with(storage, Settings::default(), faults)
    }

    /// The same with these settings.
    pub fn over_with(
        &self,
        storage: &Arc<dyn StorageDriver>,
        settings: Settings,
        faults: Option<&Arc<Faults>>,
    ) -> Services {
        let db = &self.database.db;
        let Some(faults) = faults else {
            return services(db.clone(), &self.clock, storage, None, settings);
        };
        let db = db.probed(faults.probe());
        services(db, &self.clock, &faults.storage(storage), None, settings)
    }

    /// Direct access to the rows, for what no service shows.
    pub fn db(&self) -> &berth_store::Db {
        &self.database.db
    }

    /// Where the rows are, for a connection of the test's own.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// Removes what the test has left.
    pub async fn close(self) {
        self.services.drain().await.expect("the pull log drains");
        let Self {
            services, database, ..
        } = self;
        drop(services);
        database.close().await;
    }

    /// A new user, logged in by password.
    pub async fn user(&self, name: &str) -> Actor {
        self.user_with(name, None).await
    }

    /// The same with an address, `name@users.test`, that needs no confirmation.
    pub async fn mailed_user(&self, name: &str) -> Actor {
        let email = format!("{name}@users.test");
        self.user_with(name, Some(&email)).await
    }

    async fn user_with(&self, name: &str, email: Option<&str>) -> Actor {
        let authn = &self.services.authn;
        let password = Secret::from(PASSWORD);
        authn
            .create_user(&authn.local(), name, email, &password, false)
            .await
            .expect("a new user");
        self.login(name, PASSWORD).await
    }

    /// Signs a user in as a browser does.
    pub async fn session(&self, name: &str) -> Session {
        self.services
            .authn
            .sign_in(name, &Secret::from(PASSWORD), Origin::default())
            .await
            .expect("a session")
    }

    /// A superuser in a session: the first user, so there may be no other before.
    pub async fn superuser(&self, name: &str) -> Session {
        let authn = &self.services.authn;
        authn
            .create_user(&authn.local(), name, None, &Secret::from(PASSWORD), true)
            .await
            .expect("a superuser");
        self.session(name).await
    }

    /// Lets a time pass, and then the periodic work of a kind run.
    pub async fn work_after(&self, pause: Duration, kind: &str) {
        let workers = self.services.workers();
        workers.prepare().await.expect("the work is scheduled");
        self.clock.advance(pause);
        let ran = workers.run_kind_if_due(kind).await.expect("the work runs");
        assert!(ran, "{kind} is due");
    }

    /// Logs in with name and password, as `/v2/auth` does.
    pub async fn login(&self, name: &str, password: &str) -> Actor {
        let password = Secret::from(password);
        self.services
            .authn
            .basic(name, &password, Origin::default())
            .await
            .expect("a login")
    }

    /// An access token of a user that may use these scopes of its rights; `$oauthtoken` logs in with it.
    pub async fn oauth_token(&self, owner: &Actor, scopes: &str) -> String {
        let account = owner.user_id().expect("users have access tokens");
        let token = tokens::oauth_access_token();
        let uuid = uuid::Uuid::new_v4().to_string();
        let now = self.clock.now();
        let new = NewToken {
            uuid: &uuid,
            application_id: ApplicationId(0),
            account_id: account,
            name: None,
            scopes: &scopes.parse().expect("scopes"),
            token_hash: &tokens::hash_token(token.expose()),
            code_hash: None,
            expires_at: now.after(Duration::from_hours(24)),
        };
        self.database
            .db
            .write(async |tx| {
                let client = tokens::oauth_client_id();
                let described = Described {
                    name: "test",
                    ..Described::default()
                };
                // Nobody proves to be this application.
                let names = (client.as_str(), "unsealed");
                let application = applications::insert(tx, account, names, described, now).await?;
                let new = NewToken {
                    application_id: application.id,
                    ..new.clone()
                };
                oauth::insert_token(tx, &new, now).await
            })
            .await
            .expect("a token");
        token.expose().clone()
    }

    /// Nobody.
    pub fn anonymous(&self) -> Actor {
        self.services.authn.anonymous(Origin::default())
    }

    /// Pushes one blob and returns its digest.
    pub async fn push_blob(&self, actor: &Actor, path: &str, content: &Bytes) -> Digest {
        let digest = Digest::of(content);
        let body = body([content.clone()]);
        self.services
            .uploads
            .push(actor, &path_of(path), &digest, body)
            .await
            .expect("a blob push")
    }

    /// Pulls a manifest by its digest, as a client does that fetches an image.
    pub async fn pull(&self, actor: &Actor, path: &str, digest: &Digest) {
        let reference = digest.to_string().parse().expect("a digest");
        let (path, accept) = (path_of(path), Accept::default());
        let manifests = &self.services.manifests;
        let pulled = manifests.get(actor, &path, &reference, &accept, PullKind::Get);
        pulled.await.expect("a pull");
    }

    /// Pushes an image under `namespace/name:tag`.
    pub async fn push(&self, actor: &Actor, target: &str, image: &TestImage) -> Digest {
        let (path, tag) = target.rsplit_once(':').expect("a tag");
        for blob in image.blobs() {
            self.push_blob(actor, path, blob).await;
        }
        let reference: Reference = tag.parse().expect("a tag name");
        let pushed = self
            .services
            .manifests
            .push(
                actor,
                &path_of(path),
                &reference,
                None,
                image.manifest.clone(),
            )
            .await
            .expect("a manifest push");
        pushed.digest
    }
}

fn services(
    db: Db,
    clock: &Arc<ManualClock>,
    storage: &Arc<dyn StorageDriver>,
    mailer: Option<Arc<dyn Mailer>>,
    settings: Settings,
) -> Services {
    Services::new(Parts {
        db,
        storage: Arc::clone(storage),
        passwords: Passwords::new(Cost::LOWEST).expect("password hashing"),
        sealing: SealingKey::from_secret("a-sealing-key-for-tests-only").expect("a sealing key"),
        clock: clock.clone(),
        mailer,
        settings,
    })
}

/// Parses a path that the test knows to be right.
pub fn path_of(text: &str) -> RepositoryPath {
    text.parse().expect("a repository path")
}

/// A request body that arrives in these chunks.
pub fn body(chunks: impl IntoIterator<Item = Bytes>) -> ByteStream {
    let chunks: Vec<_> = chunks.into_iter().map(Ok).collect();
    futures::stream::iter(chunks).boxed()
}
