//! What the configuration decides, in the words of the services.

use std::sync::Arc;
use std::time::Duration;

use berth_domain::{Namespace, PageRequest};
use serde_json::{Map, Value};

/// All settings of the services.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Names and addresses.
    pub registry: RegistrySettings,
    /// Accounts and sessions.
    pub users: UserSettings,
    /// The REST API.
    pub api: ApiSettings,
    /// Teams of organizations.
    pub teams: TeamSettings,
    /// Search by pages.
    pub search: SearchSettings,
    /// Robots.
    pub robots: RobotSettings,
    /// Tokens of users' clients.
    pub app_tokens: AppTokenSettings,
    /// OAuth applications.
    pub oauth: OAuthSettings,
    /// Repositories and pushes.
    pub push: PushSettings,
    /// What nothing needs any more.
    pub collection: CollectionSettings,
    /// The configuration itself, where superusers may read it (`FEATURE_SUPERUSER_CONFIGDUMP`).
    pub configuration: Option<Arc<Configuration>>,
}

/// The configuration as it may be shown: secrets are masked by whoever makes this.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Values by key.
    pub values: Map<String, Value>,
    /// What each key means, by key: its type, its default and a description.
    pub schema: Map<String, Value>,
}

/// Names and addresses of the registry.
#[derive(Debug, Clone)]
pub struct RegistrySettings {
    /// `REGISTRY_TITLE`.
    pub title: String,
    /// `SERVER_HOSTNAME`; none where the `Host` header of a request decides.
    pub hostname: Option<String>,
    /// `PREFERRED_URL_SCHEME`: `http` or `https`.
    pub scheme: String,
    /// `REGISTRY_STATE: readonly`.
    pub read_only: bool,
    /// `FEATURE_PUBLIC_CATALOG`: the catalog lists public repositories of others.
    pub public_catalog: bool,
    /// Namespace of repositories that are named without one; none when `FEATURE_LIBRARY_SUPPORT` is off.
    pub library: Option<Namespace>,
    /// Whether storage may answer pulls by a redirect.
    pub storage_redirect: bool,
    /// `V2_PAGINATION_SIZE`: entries of a page of tags or repositories where the client names no number.
    pub page_size: usize,
    /// `AVATAR_KIND`.
    pub avatars: AvatarKind,
}

/// Where pictures of accounts come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AvatarKind {
    /// Clients draw them.
    #[default]
    Local,
    /// Clients may ask Gravatar, which finds them by the MD5 of an e-mail address.
    Gravatar,
}

impl AvatarKind {
    /// As the configuration has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Gravatar => "gravatar",
        }
    }
}

impl Default for RegistrySettings {
    fn default() -> Self {
        Self {
            title: "Berth".into(),
            hostname: None,
            scheme: "http".into(),
            read_only: false,
            public_catalog: false,
            library: "library".parse().ok(),
            storage_redirect: false,
            page_size: PageRequest::<()>::LIMIT_MAX,
            avatars: AvatarKind::default(),
        }
    }
}

/// Accounts and sessions.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the configuration"
)]
pub struct UserSettings {
    /// `SUPER_USERS`; none when the key is absent, which makes the first user one.
    pub superusers: Option<Vec<Namespace>>,
    /// `FEATURE_SUPER_USERS`.
    pub superusers_enabled: bool,
    /// `FEATURE_SUPERUSERS_FULL_ACCESS`.
    pub superusers_full_access: bool,
    /// `FEATURE_SUPERUSERS_ORG_CREATION_ONLY`.
    pub superusers_create_organizations: bool,
    /// `FEATURE_ANONYMOUS_ACCESS`.
    pub anonymous_access: bool,
    /// `FEATURE_DIRECT_LOGIN`.
    pub direct_login: bool,
    /// `FEATURE_USER_INITIALIZE`.
    pub initialize_by_api: bool,
    /// Set-up asks for the code printed at start; off where the server listens on loopback alone.
    pub setup_needs_code: bool,
    /// `SESSION_TIMEOUT`.
    pub session_life: Duration,
    /// `FRESH_LOGIN_TIMEOUT`: how long after the password was given a session may do what is dangerous.
    pub fresh_login: Duration,
    /// `AUTHENTICATION_TYPE`.
    pub authentication: Authentication,
    /// `FEATURE_USER_CREATION`: strangers may create an account.
    pub sign_up: bool,
    /// `FEATURE_INVITE_ONLY_USER_CREATION`: only those whom a mail asks into a team.
    pub sign_up_by_invitation: bool,
    /// `FEATURE_USER_RENAME`: users choose another name.
    pub rename: bool,
    /// `FEATURE_USER_METADATA`: users tell names, company and place.
    pub names: bool,
    /// `GLOBAL_READONLY_SUPER_USERS`.
    pub read_only_superusers: Vec<Namespace>,
    /// `FEATURE_RESTRICTED_USERS`: users, superusers too, make nothing of their own.
    pub restricted: bool,
    /// `RESTRICTED_USERS_WHITELIST`: these do all the same.
    pub unrestricted_names: Vec<Namespace>,
    /// `FEATURE_PARTIAL_USER_AUTOCOMPLETE`: the beginning of a name finds users and robots, not the whole name alone.
    pub partial_autocomplete: bool,
    /// `FEATURE_USER_LAST_ACCESSED`: when users last signed in or showed a credential is noted.
    pub note_last_use: bool,
    /// `FEATURE_ORG_SHARED_EMAIL`: several organizations may have one address.
    pub organizations_share_email: bool,
    /// `FEATURE_REQUIRE_ENCRYPTED_BASIC_AUTH`: clients do not sign in with the password as it is typed.
    pub encrypted_passwords_only: bool,
    /// `ACTION_LOG_AUDIT_LOGINS`.
    pub log_logins: bool,
    /// `ACTION_LOG_AUDIT_LOGIN_FAILURES`.
    pub log_login_failures: bool,
}

impl Default for UserSettings {
    fn default() -> Self {
        Self {
            superusers: None,
            superusers_enabled: true,
            superusers_full_access: false,
            superusers_create_organizations: false,
            anonymous_access: true,
            direct_login: true,
            initialize_by_api: false,
            setup_needs_code: false,
            session_life: Duration::from_hours(31 * 24),
            fresh_login: Duration::from_mins(10),
            authentication: Authentication::Database,
            sign_up: true,
            sign_up_by_invitation: false,
            rename: false,
            names: false,
            read_only_superusers: Vec::new(),
            restricted: false,
            unrestricted_names: Vec::new(),
            partial_autocomplete: true,
            note_last_use: true,
            organizations_share_email: false,
            encrypted_passwords_only: false,
            log_logins: true,
            log_login_failures: false,
        }
    }
}

/// The REST API.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// `CORS_ORIGIN`: pages of these origins may call with the cookies of their users.
    pub cors_origins: Vec<String>,
    /// `BROWSER_API_CALLS_XHR_ONLY`: a browser names itself by a header when it reads.
    pub xhr_only: bool,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            cors_origins: Vec::new(),
            xhr_only: true,
        }
    }
}

/// Search where it comes by numbered pages.
#[derive(Debug, Clone)]
pub struct SearchSettings {
    /// `SEARCH_RESULTS_PER_PAGE`.
    pub page_size: usize,
    /// `SEARCH_MAX_RESULT_PAGE_COUNT`.
    pub pages_max: usize,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            page_size: 10,
            pages_max: 10,
        }
    }
}

/// Who knows the people (`AUTHENTICATION_TYPE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// This registry: accounts are made, and passwords kept, here.
    Database,
    /// A directory or a provider: accounts are neither made nor deleted here, and have no password here.
    Elsewhere,
}

impl Authentication {
    /// Whether accounts are created, given a password and deleted here.
    pub const fn is_own(self) -> bool {
        match self {
            Self::Database => true,
            Self::Elsewhere => false,
        }
    }
}

/// Tokens that clients use instead of the password.
#[derive(Debug, Clone)]
pub struct AppTokenSettings {
    /// `FEATURE_APP_SPECIFIC_TOKENS`.
    pub enabled: bool,
    /// `APP_SPECIFIC_TOKEN_EXPIRATION`; none for tokens without an end.
    pub life: Option<Duration>,
    /// `EXPIRED_APP_SPECIFIC_TOKEN_GC`: how long an expired one is still shown.
    pub kept: Duration,
}

impl Default for AppTokenSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            life: None,
            kept: Duration::from_hours(24),
        }
    }
}

/// OAuth applications.
#[derive(Debug, Clone)]
pub struct OAuthSettings {
    /// `FEATURE_ASSIGN_OAUTH_TOKEN`: administrators may ask other users to consent.
    pub assignments: bool,
    /// `DIRECT_OAUTH_CLIENTID_WHITELIST`: client ids of applications that may ask for a consent with a user's
    /// password, without a browser.
    pub direct_clients: Vec<String>,
}

impl Default for OAuthSettings {
    fn default() -> Self {
        Self {
            assignments: true,
            direct_clients: Vec::new(),
        }
    }
}

/// Teams of organizations.
#[derive(Debug, Clone)]
pub struct TeamSettings {
    /// `FEATURE_REQUIRE_TEAM_INVITE`: where mail is sent, users who are in no team of an organization are asked before they
    /// come into one.
    pub invitations: bool,
}

impl Default for TeamSettings {
    fn default() -> Self {
        Self { invitations: true }
    }
}

/// Robots.
#[derive(Debug, Clone, Default)]
pub struct RobotSettings {
    /// `ROBOTS_DISALLOW`.
    pub disallowed: bool,
    /// `ROBOTS_WHITELIST`: these log in all the same.
    pub allowed_names: Vec<String>,
}

/// Repositories and pushes.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the configuration"
)]
pub struct PushSettings {
    /// `CREATE_PRIVATE_REPO_ON_PUSH`.
    pub private_on_push: bool,
    /// `CREATE_NAMESPACE_ON_PUSH`: a push to an absent namespace creates it, an organization.
    pub create_namespaces: bool,
    /// `FEATURE_EXTENDED_REPOSITORY_NAMES`.
    pub nested_names: bool,
    /// `FEATURE_SPARSE_INDEX`.
    pub sparse_index: bool,
    /// `FEATURE_REFERRERS_API`.
    pub referrers: bool,
    /// `DISABLE_PUSHES`.
    pub disabled: bool,
    /// `MAXIMUM_LAYER_SIZE`, in bytes.
    pub layer_bytes_max: u64,
    /// `PUSH_TEMP_TAG_EXPIRATION_SEC`: how long a push is shielded from collection.
    pub lease: Duration,
    /// How long an open upload may stay idle.
    pub upload_life: Duration,
    /// `DEFAULT_TAG_EXPIRATION`: how long the Time Machine can bring a tag back.
    pub time_machine: Duration,
    /// `TAG_EXPIRATION_OPTIONS`: what namespaces may choose instead; nothing without
    /// `FEATURE_CHANGE_TAG_EXPIRATION`.
    pub time_machine_options: Vec<Duration>,
    /// `ALLOW_PULLS_WITHOUT_STRICT_LOGGING`: a pull does not wait for its log row.
    pub lax_pull_logging: bool,
}

impl Default for PushSettings {
    fn default() -> Self {
        Self {
            private_on_push: true,
            create_namespaces: false,
            nested_names: true,
            sparse_index: false,
            referrers: true,
            disabled: false,
            layer_bytes_max: 20 << 30,
            lease: Duration::from_hours(1),
            upload_life: Duration::from_hours(48),
            time_machine: Duration::from_hours(14 * 24),
            time_machine_options: [0, 1, 7, 14, 28]
                .map(|days| Duration::from_hours(days * 24))
                .into(),
            lax_pull_logging: false,
        }
    }
}

/// What happens to what nothing needs any more.
#[derive(Debug, Clone)]
pub struct CollectionSettings {
    /// `FEATURE_GARBAGE_COLLECTION`: manifests and blobs that nothing keeps are removed.
    pub enabled: bool,
    /// `FEATURE_REPOSITORY_GARBAGE_COLLECTION`: deleted repositories are removed.
    pub repositories: bool,
    /// `FEATURE_NAMESPACE_GARBAGE_COLLECTION`: deleted organizations are removed.
    pub namespaces: bool,
    /// `GARBAGE_COLLECTION_FREQUENCY`: from the end of a round to the next.
    pub interval: Duration,
    /// `GARBAGE_COLLECTION_GRACE`: how long bytes outlive their rows, for readers that are still at them.
    pub grace: Duration,
    /// `STORAGE_SCRUB_INTERVAL`: how often each object is read and hashed again; zero is never.
    pub scrub_interval: Duration,
}

impl Default for CollectionSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            repositories: true,
            namespaces: true,
            interval: Duration::from_secs(30),
            grace: Duration::from_hours(1),
            scrub_interval: Duration::from_hours(30 * 24),
        }
    }
}
