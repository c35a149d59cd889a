//! The console's look, and what goes on around the images.

use berth_domain::Secret;

use crate::config::keys::settings;
use crate::config::values::{Anything, Avatars, ByteSize, Lifetime, Mapping};

settings! {
    "Console"
    /// How the console presents itself.
    pub struct Look;
    works {
        /// Name of the registry in the console.
        "REGISTRY_TITLE" title: String = "Berth".to_owned();
        /// What pictures of people are made from: `local`, a hash of the e-mail address that clients draw a picture of, or `gravatar`, the
        /// hash that Gravatar finds pictures by. Either tells who knows an address whose picture it is.
        "AVATAR_KIND" avatars: Avatars = Avatars::Local;
        /// Results of a numbered page of the REST API's search; 1 to 100.
        "SEARCH_RESULTS_PER_PAGE" search_page_size: u32 = 10;
        /// Numbered pages that such a search has at most; any greater number means the last of them.
        "SEARCH_MAX_RESULT_PAGE_COUNT" search_pages_max: u32 = 10;
    }
    later {
        /// The same where room is short.
        "REGISTRY_TITLE_SHORT": String = "Berth".to_owned();
        /// Pictures: `logo`, `footer_img`, `footer_url`.
        "BRANDING": Mapping = Mapping::default();
        /// Links of the foot: `terms_of_service_url`, `privacy_policy_url`, `security_url`, `about_url`.
        "FOOTER_LINKS": Mapping = Mapping::default();
        /// How to reach the people who run the registry, as URLs.
        "CONTACT_INFO": Vec<String> = Vec::new();
    }
    never {
        /// The newer of two consoles: there is one.
        "FEATURE_UI_V2": bool = true;
    }
}

settings! {
    "Quota and pruning"
    /// How much a namespace may store, and what is removed by itself.
    pub struct Quotas;
    works {
    }
    later {
        /// Whether storage is limited.
        "FEATURE_QUOTA_MANAGEMENT": bool = false;
        /// Whether limits can be changed.
        "FEATURE_EDIT_QUOTA": bool = true;
        /// Whether pushes are checked against the limits.
        "FEATURE_VERIFY_QUOTA": bool = true;
        /// Whether a push goes on where its quota cannot be computed.
        "FEATURE_QUOTA_SUPPRESS_FAILURES": bool = false;
        /// Limit of every namespace without one; 0 is none.
        "DEFAULT_SYSTEM_REJECT_QUOTA_BYTES": ByteSize = ByteSize(0);
        /// Whether totals of what was there before are computed.
        "QUOTA_BACKFILL": bool = true;
        /// Seconds after start at which that begins.
        "QUOTA_TOTAL_DELAY_SECONDS": u64 = 1800;
        /// Whether totals are computed again when switched off and on.
        "QUOTA_INVALIDATE_TOTALS": bool = true;
        /// Whether crossing a limit is told by notifications.
        "FEATURE_QUOTA_NOTIFICATIONS": bool = false;
        /// Seconds between two such notifications.
        "QUOTA_NOTIFICATION_COOLDOWN_SECONDS": u64 = 86_400;
        /// Whether tags are pruned by policies.
        "FEATURE_AUTO_PRUNE": bool = false;
        /// Policy of every namespace, `{method, value}`.
        "DEFAULT_NAMESPACE_AUTOPRUNE_POLICY": Option<Mapping> = None;
    }
    never {
    }
}

settings! {
    "Usage logs"
    /// What is recorded about use, for how long and where.
    pub struct UsageLogs;
    works {
        /// Whether sign-ins are recorded.
        "ACTION_LOG_AUDIT_LOGINS" logins: bool = true;
        /// Whether refused sign-ins are recorded.
        "ACTION_LOG_AUDIT_LOGIN_FAILURES" login_failures: bool = false;
        /// Whether a pull is served although it cannot be recorded.
        "ALLOW_PULLS_WITHOUT_STRICT_LOGGING" lax_pulls: bool = false;
    }
    later {
        /// Whether refused pulls are recorded.
        "ACTION_LOG_AUDIT_PULL_FAILURES": bool = false;
        /// Whether refused pushes are recorded.
        "ACTION_LOG_AUDIT_PUSH_FAILURES": bool = false;
        /// Whether refused deletions are recorded.
        "ACTION_LOG_AUDIT_DELETE_FAILURES": bool = false;
        /// Whether request, method, agent and request id are recorded too.
        "FEATURE_EXTENDED_ACTION_LOGGING": bool = false;
        /// Whether pulls from some namespaces are not recorded.
        "FEATURE_DISABLE_PULL_LOGS_FOR_FREE_NAMESPACES": bool = false;
        /// Whether old records are archived and removed.
        "FEATURE_ACTION_LOG_ROTATION": bool = true;
        /// Age at which they are.
        "ACTION_LOG_ROTATION_THRESHOLD": Lifetime = Lifetime::days(30);
        /// Storage place of the archive.
        "ACTION_LOG_ARCHIVE_LOCATION": Option<String> = None;
        /// Folder of the archive there.
        "ACTION_LOG_ARCHIVE_PATH": Option<String> = None;
        /// Age below which nothing is archived.
        "MINIMUM_LOGS_AGE_FOR_ARCHIVE": Lifetime = Lifetime::days(7);
        /// Whether records can be exported.
        "FEATURE_LOG_EXPORT": bool = true;
        /// Whether records can be counted by kind and day.
        "FEATURE_AGGREGATED_LOG_COUNT_RETRIEVAL": bool = true;
        /// Whether those who may read a repository may read its records.
        "FEATURE_USER_LOG_ACCESS": bool = false;
        /// Seconds for which the link to an export works.
        "EXPORT_ACTION_LOGS_SECONDS": u64 = 3600;
        /// Seconds that an export may ask for at most.
        "EXPORT_ACTION_LOGS_MAXIMUM_SECONDS": u64 = 7200;
    }
    never {
        /// Where records are kept: in the database.
        "LOGS_MODEL": Anything = Anything::default();
        /// Options of other places for records.
        "LOGS_MODEL_CONFIG": Anything = Anything::default();
    }
}

settings! {
    "Notifications"
    /// How others are told what happens.
    pub struct Notifications;
    works {
    }
    later {
        /// Seconds that a receiver has for its answer.
        "NOTIFICATION_SEND_TIMEOUT": u64 = 10;
        /// Hosts that webhooks may not call.
        "WEBHOOK_HOSTNAME_BLACKLIST": Vec<String> = Vec::new();
        /// Hosts inside the network that webhooks and upstream registries may be on all the same.
        "SSRF_ALLOWED_HOSTS": Vec<String> = Vec::new();
        /// Whether the end of an image can be announced.
        "FEATURE_IMAGE_EXPIRY_TRIGGER": bool = true;
        /// Minutes between two looks at one such notification.
        "NOTIFICATION_TASK_RUN_MINIMUM_INTERVAL_MINUTES": u64 = 300;
    }
    never {
    }
}

settings! {
    "Proxies and mirrors"
    /// Images of other registries.
    pub struct Mirroring;
    works {
    }
    later {
        /// Whether organizations can stand for another registry.
        "FEATURE_PROXY_CACHE": bool = false;
        /// Whether repositories can follow one of another registry.
        "FEATURE_REPO_MIRROR": bool = false;
        /// Whether organizations can follow one of another registry.
        "FEATURE_ORG_MIRROR": bool = false;
        /// Seconds between two looks for what is due.
        "REPO_MIRROR_INTERVAL": u64 = 30;
        /// Whether certificates of other registries are checked.
        "REPO_MIRROR_TLS_VERIFY": bool = true;
        /// Name of this registry for its own mirrors, where it is not `SERVER_HOSTNAME`.
        "REPO_MIRROR_SERVER_HOSTNAME": Option<String> = None;
        /// Whether a mirror that failed goes back to what it was.
        "REPO_MIRROR_ROLLBACK": bool = false;
    }
    never {
    }
}

settings! {
    "Security scanner"
    /// Vulnerabilities, as Clair reports them.
    pub struct Scanner;
    works {
    }
    later {
        /// Whether images are scanned.
        "FEATURE_SECURITY_SCANNER": bool = false;
        /// URL of Clair.
        "SECURITY_SCANNER_V4_ENDPOINT": Option<String> = None;
        /// Key shared with Clair, in base64.
        "SECURITY_SCANNER_V4_PSK": Option<Secret<String>> = None;
        /// Seconds between two rounds.
        "SECURITY_SCANNER_INDEXING_INTERVAL": u64 = 30;
        /// Seconds after which an image is scanned again when Clair changed.
        "SECURITY_SCANNER_V4_REINDEX_THRESHOLD": u64 = 300;
        /// Attempts before a scan is given up.
        "SECURITY_SCANNER_MAX_SCAN_RETRIES": u32 = 5;
        /// Largest layer that is scanned.
        "SECURITY_SCANNER_V4_INDEX_MAX_LAYER_SIZE": Option<ByteSize> = None;
        /// Whether new vulnerabilities of scanned images are told.
        "FEATURE_SECURITY_NOTIFICATIONS": bool = false;
        /// Whether vulnerabilities of newly scanned images are told.
        "FEATURE_SECURITY_SCANNER_NOTIFY_ON_NEW_INDEX": bool = true;
        /// Lowest severity that is told then.
        "NOTIFICATION_MIN_SEVERITY_ON_NEW_INDEX": String = "High".to_owned();
    }
    never {
    }
}

settings! {
    "Builds"
    /// Images built from source.
    pub struct Builds;
    works {
    }
    later {
        /// Whether images can be built.
        "FEATURE_BUILD_SUPPORT": bool = true;
        /// Whether GitHub can trigger builds.
        "FEATURE_GITHUB_BUILD": bool = false;
        /// Whether GitLab can trigger builds.
        "FEATURE_GITLAB_BUILD": bool = false;
        /// Whether Bitbucket can trigger builds.
        "FEATURE_BITBUCKET_BUILD": bool = false;
        /// How a service that triggers builds is reached: `GITHUB_…`, `GITLAB_…`, `BITBUCKET_…`.
        "<NAME>_TRIGGER_CONFIG": Mapping = Mapping::default();
        /// Failures in a row after which a trigger is switched off.
        "SUCCESSIVE_TRIGGER_FAILURE_DISABLE_THRESHOLD": u32 = 100;
        /// Internal errors in a row after which a trigger is switched off.
        "SUCCESSIVE_TRIGGER_INTERNAL_ERROR_DISABLE_THRESHOLD": u32 = 5;
        /// Whether those who may read a repository may read its build logs.
        "FEATURE_READER_BUILD_LOGS": bool = false;
    }
    never {
    }
}
