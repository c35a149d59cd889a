//! What a request brings along: who asks, the services, and what its session becomes.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use async_graphql::Context;
use async_graphql::dataloader::DataLoader;
use berth_domain::{Secret, Timestamp};
use berth_services::authn::Session;
use berth_services::{Actor, Origin, Services};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::batching;
use crate::loaders::Loaders;

/// Subscriptions of one connection.
pub(crate) const SUBSCRIPTIONS_MAX: usize = 30;

/// What an operation did to the browser's session; the endpoint makes cookies of it.
#[derive(Debug, Clone)]
pub enum SessionEffect {
    /// A session began.
    Started {
        /// Value of the session cookie.
        token: Secret<String>,
        /// What each change must carry in its header; readable by the console.
        csrf: String,
        /// When it ends by itself.
        expires_at: Timestamp,
    },
    /// The session ended.
    Ended,
}

/// One request. It goes into the request's data; resolvers reach it through [`Asks`].
pub struct RequestContext {
    shared: Arc<Shared>,
    loader: DataLoader<Loaders>,
}

/// The part that loaders share with resolvers.
pub(crate) struct Shared {
    pub(crate) services: Services,
    /// Signing in changes who asks in the middle of a request.
    actor: RwLock<Actor>,
    host: Option<String>,
    /// By which the client reached that, where the endpoint says so.
    scheme: OnceLock<String>,
    is_socket: bool,
    /// Each subscription polls for its events, so a connection has only a few.
    subscriptions: Arc<Semaphore>,
    effect: Mutex<Option<SessionEffect>>,
}

impl Shared {
    pub(crate) fn actor(&self) -> Actor {
        self.actor
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl RequestContext {
    /// A request of `actor` that came to `host` (the `Host` header).
    pub fn new(services: Services, actor: Actor, host: Option<String>) -> Self {
        Self::make(services, actor, host, false)
    }

    /// A WebSocket of `actor`: it takes subscriptions alone.
    pub fn for_socket(services: Services, actor: Actor, host: Option<String>) -> Self {
        Self::make(services, actor, host, true)
    }

    /// With the scheme by which the client reached the host, where that is not always the configured one.
    #[must_use]
    pub fn reached_by(self, scheme: String) -> Self {
        // There is none yet: the request has just been made.
        let _ = self.shared.scheme.set(scheme);
        self
    }

    fn make(services: Services, actor: Actor, host: Option<String>, is_socket: bool) -> Self {
        let shared = Arc::new(Shared {
            services,
            actor: RwLock::new(actor),
            host,
            scheme: OnceLock::new(),
            is_socket,
            subscriptions: Arc::new(Semaphore::new(SUBSCRIPTIONS_MAX)),
            effect: Mutex::new(None),
        });
        let loader = DataLoader::new(Loaders::new(Arc::clone(&shared)), batching::send)
            .delay(Duration::ZERO);
        Self { shared, loader }
    }

    pub(crate) fn is_socket(&self) -> bool {
        self.shared.is_socket
    }

    /// A place among the connection's subscriptions; none when all are taken.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.shared.subscriptions)
            .try_acquire_owned()
            .ok()
    }

    /// The name of the request in logs and errors.
    pub(crate) fn origin_id(&self) -> String {
        self.shared.actor().origin().request_id.clone()
    }

    /// A handle by which the endpoint learns afterwards what became of the session.
    pub fn effects(&self) -> impl Fn() -> Option<SessionEffect> + Send + Sync + use<> {
        let shared = Arc::clone(&self.shared);
        move || {
            shared
                .effect
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
        }
    }
}

/// What resolvers ask of their request.
pub(crate) trait Asks {
    /// The request.
    fn request(&self) -> &RequestContext;

    /// All services.
    fn services(&self) -> &Services {
        &self.request().shared.services
    }

    /// Who asks.
    fn actor(&self) -> Actor {
        self.request().shared.actor()
    }

    /// Where the request came from.
    fn origin(&self) -> Origin {
        self.actor().origin().clone()
    }

    /// Batches what is below lists.
    fn loader(&self) -> &DataLoader<Loaders> {
        &self.request().loader
    }

    /// Host and port that the client reached.
    fn host(&self) -> Option<&str> {
        self.request().shared.host.as_deref()
    }

    /// The address under which the client reached the registry, such as `https://registry.example.com`; empty where
    /// nobody knows.
    fn own_address(&self) -> String {
        let shared = &self.request().shared;
        let configured = &shared.services.settings().registry.scheme;
        let scheme = shared.scheme.get().unwrap_or(configured);
        let host = shared.host.as_deref();
        host.map_or_else(String::new, |host| format!("{scheme}://{host}"))
    }

    /// From here on the new session's user asks.
    fn begin_session(&self, session: Session) {
        let shared = &self.request().shared;
        *shared.actor.write().unwrap_or_else(PoisonError::into_inner) = session.actor;
        self.effect(SessionEffect::Started {
            token: session.token,
            csrf: session.csrf,
            expires_at: session.expires_at,
        });
    }

    /// From here on the same user asks, with a fresh login.
    fn go_on_as(&self, actor: Actor) {
        let shared = &self.request().shared;
        *shared.actor.write().unwrap_or_else(PoisonError::into_inner) = actor;
    }

    /// From here on nobody asks.
    fn end_session(&self) {
        let shared = &self.request().shared;
        let nobody = shared.services.authn.anonymous(self.origin());
        *shared.actor.write().unwrap_or_else(PoisonError::into_inner) = nobody;
        self.effect(SessionEffect::Ended);
    }

    /// Leaves word for the endpoint.
    fn effect(&self, effect: SessionEffect) {
        let shared = &self.request().shared;
        *shared.effect.lock().unwrap_or_else(PoisonError::into_inner) = Some(effect);
    }
}

impl Asks for Context<'_> {
    fn request(&self) -> &RequestContext {
        self.data_unchecked::<RequestContext>()
    }
}
