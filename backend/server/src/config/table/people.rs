//! Who signs in, and with what.

use berth_domain::{Namespace, Secret};

use crate::config::keys::settings;
use crate::config::values::{AuthenticationType, Lifetime, Mapping, Robot};

settings! {
    "Users"
    /// How accounts come to be and how people sign in.
    pub struct Accounts;
    works {
        /// Who knows the passwords. Only `Database` works yet; with another one the server refuses to start.
        "AUTHENTICATION_TYPE" authentication: AuthenticationType = AuthenticationType::Database;
        /// Whether public repositories can be pulled without signing in.
        "FEATURE_ANONYMOUS_ACCESS" anonymous_access: bool = true;
        /// Whether the first user, a superuser, can be created by `POST /api/v1/user/initialize` while there is none.
        "FEATURE_USER_INITIALIZE" user_initialize: bool = false;
        /// How long a sign-in to the console lasts.
        "SESSION_TIMEOUT" session: Lifetime = Lifetime::days(31);
        /// Whether people may sign in with name and password.
        "FEATURE_DIRECT_LOGIN" direct_login: bool = true;
        /// How long after typing the password a session may change the account, its tokens and other users.
        "FRESH_LOGIN_TIMEOUT" fresh_login: Lifetime = Lifetime::seconds(600);
        /// Whether strangers may create an account. The first user is made by set-up all the same.
        "FEATURE_USER_CREATION" user_creation: bool = true;
        /// Whether strangers create an account only with the link of a mail that asks them into a team, under the address that the mail went
        /// to. Superusers create accounts all the same.
        "FEATURE_INVITE_ONLY_USER_CREATION" invite_only: bool = false;
        /// Whether users may tell their name, company and place.
        "FEATURE_USER_METADATA" user_metadata: bool = false;
        /// Whether users may rename themselves. Those whose names `SUPER_USERS`, `GLOBAL_READONLY_SUPER_USERS` or, where it counts,
        /// `RESTRICTED_USERS_WHITELIST` lists may not.
        "FEATURE_USER_RENAME" user_rename: bool = false;
        /// Whether it is noted, to within five minutes, when users last signed in or showed a credential. Superusers see it in the list of users.
        "FEATURE_USER_LAST_ACCESSED" note_last_use: bool = true;
        /// Whether the beginning of a name finds users and robots while somebody types; otherwise the whole name alone does.
        "FEATURE_PARTIAL_USER_AUTOCOMPLETE" partial_autocomplete: bool = true;
        /// Whether several organizations may have one e-mail address.
        "FEATURE_ORG_SHARED_EMAIL" organizations_share_email: bool = false;
        /// Whether mail is sent: confirmations of addresses and links to a new password. Without `MAIL_SERVER` none is.
        "FEATURE_MAILING" mailing: bool = true;
        /// Host of the mail server. It needs `SERVER_HOSTNAME` too, which the links in mails name.
        "MAIL_SERVER" mail_server: Option<String> = None;
        /// Port of the mail server. At 465 TLS begins with the connection, at others by STARTTLS.
        "MAIL_PORT" mail_port: u16 = 587;
        /// Whether mail is sent by TLS. If so, a server that offers none is refused.
        "MAIL_USE_TLS" mail_use_tls: bool = true;
        /// File with the certificate of the authority that vouches for the mail server, in PEM, beside the public ones.
        "MAIL_TLS_AUTHORITY" mail_tls_authority: Option<String> = None;
        /// User at the mail server.
        "MAIL_USERNAME" mail_username: Option<String> = None;
        /// Password at the mail server.
        "MAIL_PASSWORD" mail_password: Option<Secret<String>> = None;
        /// Sender of mail, such as `Berth <registry@example.com>`. Unset, it is `noreply@` and the host of `SERVER_HOSTNAME`.
        "MAIL_DEFAULT_SENDER" mail_sender: Option<String> = None;
    }
    later {
        /// Whether people coming from outside confirm the name made for them.
        "FEATURE_USERNAME_CONFIRMATION": bool = true;
    }
    never {
    }
}

settings! {
    "Superusers"
    /// Who administers the registry as a whole.
    pub struct Superusers;
    works {
        /// Names of superusers. Without this key the first user is one.
        "SUPER_USERS" names: Option<Vec<Namespace>> = None;
        /// Whether there are superusers at all.
        "FEATURE_SUPER_USERS" enabled: bool = true;
        /// Whether superusers may read and change what is not theirs.
        "FEATURE_SUPERUSERS_FULL_ACCESS" full_access: bool = false;
        /// Whether only superusers create organizations.
        "FEATURE_SUPERUSERS_ORG_CREATION_ONLY" organization_creation_only: bool = false;
        /// Names of users who see what superusers see of users, organizations and tokens, read and pull from every repository, and
        /// change nothing that is not theirs.
        "GLOBAL_READONLY_SUPER_USERS" read_only: Vec<Namespace> = Vec::new();
        /// Whether superusers may read the configuration by API. Secrets in it are masked, and variables of the environment that are
        /// no keys are never told.
        "FEATURE_SUPERUSER_CONFIGDUMP" config_dump: bool = false;
        /// Whether users, superusers too, create no organizations, and neither robots nor repositories in their own namespaces. What
        /// is there stays, and in organizations they may what others may.
        "FEATURE_RESTRICTED_USERS" restricted: bool = false;
        /// Names of users whom `FEATURE_RESTRICTED_USERS` leaves free. Strangers cannot take them.
        "RESTRICTED_USERS_WHITELIST" unrestricted_names: Vec<Namespace> = Vec::new();
    }
    later {
    }
    never {
    }
}

settings! {
    "Robots and tokens"
    /// What machines sign in with.
    pub struct Tokens;
    works {
        /// Whether robots are refused.
        "ROBOTS_DISALLOW" robots_disallow: bool = false;
        /// Robots, as `namespace+name`, that `ROBOTS_DISALLOW` leaves in.
        "ROBOTS_WHITELIST" robots_whitelist: Vec<Robot> = Vec::new();
        /// Whether browsers must send `X-Requested-With: XMLHttpRequest` when they read by the REST API.
        "BROWSER_API_CALLS_XHR_ONLY" xhr_only: bool = true;
        /// Whether users may make tokens for their clients, which sign in to `/v2` with them as `$app`.
        "FEATURE_APP_SPECIFIC_TOKENS" app_tokens: bool = true;
        /// Life of such a token; unset, it has no end.
        "APP_SPECIFIC_TOKEN_EXPIRATION" app_token_life: Option<Lifetime> = None;
        /// How long an expired one is still shown.
        "EXPIRED_APP_SPECIFIC_TOKEN_GC" app_token_kept: Lifetime = Lifetime::days(1);
        /// Whether users' clients must sign in to `/v2` with an encrypted password or a token instead of the password.
        "FEATURE_REQUIRE_ENCRYPTED_BASIC_AUTH" encrypted_passwords_only: bool = false;
        /// Whether administrators of an application may ask another user for a token of it.
        "FEATURE_ASSIGN_OAUTH_TOKEN" assign_oauth_tokens: bool = true;
        /// Client ids of applications that may ask for a token with a user's password, without a browser.
        "DIRECT_OAUTH_CLIENTID_WHITELIST" direct_oauth_clients: Vec<String> = Vec::new();
    }
    later {
    }
    never {
    }
}

settings! {
    "Teams"
    /// How people get into teams.
    pub struct Teams;
    works {
        /// Whether users who are in no team of an organization are asked before they come into one; without `MAIL_SERVER` nobody is.
        /// Robots come at once.
        "FEATURE_REQUIRE_TEAM_INVITE" require_invitation: bool = true;
    }
    later {
        /// Whether teams can follow groups of a directory.
        "FEATURE_TEAM_SYNCING": bool = false;
        /// After what time a team is compared with its group again.
        "TEAM_RESYNC_STALE_TIME": Lifetime = Lifetime::seconds(1800);
        /// Whether organization administrators may set that up.
        "FEATURE_NONSUPERUSER_TEAM_SYNCING_SETUP": bool = false;
    }
    never {
    }
}

settings! {
    "Sign-in by others"
    /// Directories and providers that know the people.
    pub struct Directories;
    works {
    }
    later {
        /// URL of the directory, `ldap://` or `ldaps://`.
        "LDAP_URI": Option<String> = None;
        /// Name with which the directory is asked.
        "LDAP_ADMIN_DN": Option<String> = None;
        /// Password of that name.
        "LDAP_ADMIN_PASSWD": Option<Secret<String>> = None;
        /// Where entries start, as a list of components.
        "LDAP_BASE_DN": Vec<String> = Vec::new();
        /// Where users are below that, as a list of components.
        "LDAP_USER_RDN": Vec<String> = Vec::new();
        /// Attribute with the name of a user.
        "LDAP_UID_ATTR": String = "uid".to_owned();
        /// Attribute with the e-mail address.
        "LDAP_EMAIL_ATTR": String = "mail".to_owned();
        /// Filter of those who may sign in.
        "LDAP_USER_FILTER": Option<String> = None;
        /// Filter of superusers.
        "LDAP_SUPERUSER_FILTER": Option<String> = None;
        /// Filter of restricted users.
        "LDAP_RESTRICTED_USER_FILTER": Option<String> = None;
        /// Attribute with the groups of a user.
        "LDAP_MEMBEROF_ATTR": String = "memberOf".to_owned();
        /// An OpenID provider, GitHub or Google: `OIDC_SERVER`, `CLIENT_ID`, `CLIENT_SECRET`, `SERVICE_NAME`, `LOGIN_SCOPES`,
        /// `PREFERRED_USERNAME_CLAIM_NAME`, `VERIFIED_EMAIL_CLAIM_NAME`, `PREFERRED_GROUP_CLAIM_NAME`.
        "<NAME>_LOGIN_CONFIG": Mapping = Mapping::default();
    }
    never {
    }
}
