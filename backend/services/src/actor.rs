//! Who is asking.

use std::net::IpAddr;

use berth_crypto::AccessEntry;
use berth_domain::{
    AccountId, AppTokenId, Namespace, OAuthTokenId, RobotName, Scope, Scopes, SessionId, Timestamp,
};

/// Where a request came from; adapters fill it in.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Address of the client.
    pub ip: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Names the request in logs and errors.
    pub request_id: String,
}

/// The account behind an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// Nobody known.
    Anonymous,
    /// A person.
    User {
        /// The account.
        id: AccountId,
        /// By name.
        name: Namespace,
    },
    /// A machine account.
    Robot {
        /// The account.
        id: AccountId,
        /// Whose it is.
        namespace_id: AccountId,
        /// By name.
        name: RobotName,
    },
    /// Work of the registry itself, by its name.
    Worker(&'static str),
}

/// How the actor proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// Not at all.
    None,
    /// A signed-in browser.
    Session(SessionId),
    /// An OAuth access token.
    OAuth(OAuthTokenId),
    /// A token that a user's client uses instead of the password.
    AppToken(AppTokenId),
    /// Name and password, or a robot's name and token.
    Basic,
    /// The command line of the server, or a worker.
    Local,
}

/// Who is asking, with everything that narrows what they may do. Only [`crate::authn`] makes one.
#[derive(Debug, Clone)]
pub struct Actor {
    pub(crate) principal: Principal,
    pub(crate) credential: Credential,
    pub(crate) scopes: Scopes,
    /// What a registry token allows at most; `None` where no such token is involved.
    pub(crate) grant: Option<Vec<AccessEntry>>,
    pub(crate) superuser: bool,
    /// Sees what superusers see and changes nothing.
    pub(crate) read_only_superuser: bool,
    /// Makes nothing of its own: no organization, and nothing in its own namespace.
    pub(crate) restricted: bool,
    /// When the password of a session was last given.
    pub(crate) authenticated_at: Option<Timestamp>,
    /// The token of [`Credential::AppToken`], for logs.
    pub(crate) app_token: Option<AppTokenName>,
    /// The application that has the token of [`Credential::OAuth`], for logs.
    pub(crate) application: Option<ApplicationName>,
    pub(crate) origin: Origin,
}

/// An application token as logs name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppTokenName {
    pub(crate) uuid: String,
    pub(crate) title: String,
}

/// An OAuth application as logs name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApplicationName {
    pub(crate) client_id: String,
    pub(crate) name: String,
}

impl Actor {
    /// The account behind it.
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// How it proved who it is.
    pub const fn credential(&self) -> Credential {
        self.credential
    }

    /// Scopes of its token; all of them for a session.
    pub const fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Where the request came from.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The account's id; none for anonymous callers and workers.
    pub const fn account_id(&self) -> Option<AccountId> {
        match &self.principal {
            Principal::User { id, .. } | Principal::Robot { id, .. } => Some(*id),
            Principal::Anonymous | Principal::Worker(_) => None,
        }
    }

    /// The user's id; none for robots.
    pub const fn user_id(&self) -> Option<AccountId> {
        match &self.principal {
            Principal::User { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// The name shown in logs.
    pub fn name(&self) -> Option<String> {
        match &self.principal {
            Principal::User { name, .. } => Some(name.to_string()),
            Principal::Robot { name, .. } => Some(name.to_string()),
            Principal::Worker(name) => Some((*name).to_owned()),
            Principal::Anonymous => None,
        }
    }

    /// True when nobody is known behind the request.
    pub const fn is_anonymous(&self) -> bool {
        matches!(self.principal, Principal::Anonymous)
    }

    /// True for a superuser whose token, if any, carries that scope.
    pub fn is_superuser(&self) -> bool {
        self.superuser && self.scopes.allows(Scope::SuperUser)
    }

    /// True for who sees what superusers see and changes nothing; no token needs a scope for it.
    pub const fn is_read_only_superuser(&self) -> bool {
        self.read_only_superuser
    }

    /// True for who sees what superusers see, superusers included.
    pub fn reads_everything(&self) -> bool {
        self.read_only_superuser || self.is_superuser()
    }

    /// When the password of its session was last given; none for other credentials.
    pub const fn authenticated_at(&self) -> Option<Timestamp> {
        self.authenticated_at
    }

    /// What kind of actor it is, for logs.
    pub const fn kind(&self) -> &'static str {
        match self.principal {
            Principal::Anonymous => "anonymous",
            Principal::User { .. } => "user",
            Principal::Robot { .. } => "robot",
            Principal::Worker(_) => "worker",
        }
    }
}
