//! Address, rows, bytes.

use std::net::{Ipv4Addr, SocketAddr};

use berth_domain::Secret;

use crate::config::database::DatabaseUri;
use crate::config::keys::settings;
use crate::config::storage::Places;
use crate::config::values::{Anything, Lifetime, LogFormat, ServerHostname, UrlScheme};

settings! {
    "Server"
    /// Under which address the registry listens, under which name clients reach it, and how the process behaves.
    pub struct Server;
    works {
        /// Host, and port where it is not the scheme's own, under which clients reach the registry: image names start with it.
        /// Unset, the host of each request is taken.
        "SERVER_HOSTNAME" hostname: Option<ServerHostname> = None;
        /// How clients reach the registry; decides about the links it writes and whether cookies are for TLS alone.
        "PREFERRED_URL_SCHEME" url_scheme: UrlScheme = UrlScheme::Http;
        /// File with the server's certificate and the chain below it, PEM. With it the server ends TLS itself. Without it, `ssl.cert` and `ssl.key`
        /// beside the configuration file are taken where `PREFERRED_URL_SCHEME` is `https`. Read again when it changes. Berth's own key.
        "TLS_CERTIFICATE" tls_certificate: Option<String> = None;
        /// File with the key of that certificate, PEM. Berth's own key.
        "TLS_KEY" tls_key: Option<String> = None;
        /// Whether a proxy ends TLS although there is a certificate here.
        "EXTERNAL_TLS_TERMINATION" external_tls: bool = false;
        /// Where the server listens. Berth's own key; `--listen` goes before it.
        "LISTEN_ADDRESS" listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        /// Addresses or networks (`10.0.0.0/8`) of proxies whose `X-Forwarded-For`, `-Host` and `-Proto` are believed; nobody's are by default. Berth's own key.
        "TRUSTED_PROXIES" trusted_proxies: Vec<String> = Vec::new();
        /// How long running transfers may go on after SIGTERM or SIGINT, while new requests are answered with 503. Berth's own key.
        "DRAIN_TIMEOUT" drain_timeout: Lifetime = Lifetime::seconds(30);
        /// How log lines are written. Berth's own key.
        "LOG_FORMAT" log_format: LogFormat = LogFormat::Text;
        /// Which log lines are written: `error`, `warn`, `info`, `debug`, `trace`, or a list such as `info,berth_services=debug`. Berth's own key.
        "LOG_LEVEL" log_level: String = "info".to_owned();
        /// Origins, such as `https://portal.example.com`, whose pages may call the REST API with the cookies of their users. Pages of others
        /// may call it with a token alone.
        "CORS_ORIGIN" cors_origins: Vec<String> = Vec::new();
    }
    later {
    }
    never {
        /// Key for signed sessions: sessions are rows here, and the one key is `DATABASE_SECRET_KEY`.
        "SECRET_KEY": Option<Secret<String>> = None;
        /// Redis for build logs: logs are kept in database and storage.
        "BUILDLOGS_REDIS": Anything = Anything::default();
        /// Redis for events: replicas tell each other through the database.
        "USER_EVENTS_REDIS": Anything = Anything::default();
        /// Redis for pull statistics: they are counted in the database.
        "PULL_METRICS_REDIS": Anything = Anything::default();
        /// Cache of rows: what may be cached is cached in the process.
        "DATA_MODEL_CACHE_CONFIG": Anything = Anything::default();
        /// Mark of a finished set-up tool: there is no such tool.
        "SETUP_COMPLETE": Anything = Anything::default();
        /// Test mode: there is none.
        "TESTING": Anything = Anything::default();
    }
}

settings! {
    "Database"
    /// Where the rows are. Nothing set: SQLite in the data folder.
    pub struct Database;
    works {
        /// `sqlite:///folder/file` (four slashes for an absolute path), whose folder must exist, or
        /// `postgresql://user:password@host:port/database`. There `sslmode` (`disable`, `prefer`, `require`, `verify-ca`, `verify-full`)
        /// and `sslrootcert` (a file, or `system` for public authorities) are as with libpq. Unset: `berth.db` in the data folder.
        "DB_URI" uri: Option<DatabaseUri> = None;
        /// The key that seals secrets in the database, the same text at every replica, at least 16 characters. Required with PostgreSQL
        /// or a bucket; a wrong one refuses to start. Unset otherwise: made at the first start and kept in the data folder as `secret.key`.
        "DATABASE_SECRET_KEY" secret_key: Option<Secret<String>> = None;
        /// Connections to the database that one process holds at most. Berth's own key.
        "DATABASE_POOL_SIZE" pool_size: u32 = 16;
    }
    later {
    }
    never {
        /// Arguments of a database driver: TLS is asked for in `DB_URI`.
        "DB_CONNECTION_ARGS": Anything = Anything::default();
    }
}

settings! {
    "Storage"
    /// Where the bytes are. Nothing set: the folder `storage` in the data folder.
    ///
    /// A place is written `[<driver>, {<options>}]`:
    ///
    /// - `LocalStorage`: `storage_path`.
    /// - `S3Storage`: `s3_bucket`, `s3_access_key`, `s3_secret_key`; `s3_region` (`us-east-1`); where it is not Amazon `endpoint_url`, or `host`,
    ///   `port` and `is_secure` (true); `storage_path`, a prefix of all keys.
    /// - `RadosGWStorage`: `hostname`, `port`, `is_secure` (true), `access_key`, `secret_key`, `bucket_name`, `storage_path`.
    pub struct Storage;
    works {
        /// Places by name. One of them is used, the first of `DISTRIBUTED_STORAGE_PREFERENCE`.
        "DISTRIBUTED_STORAGE_CONFIG" places: Places = Places::default();
        /// Names of places, the preferred one first. May be left out where there is one place.
        "DISTRIBUTED_STORAGE_PREFERENCE" preference: Vec<String> = Vec::new();
        /// Whether pulls of blobs redirect to presigned URLs of the bucket, so that the bytes do not pass through the registry.
        /// Clients must then reach the bucket's address. Berth's own key.
        "STORAGE_REDIRECT" redirect: bool = false;
        /// Whether bytes always pass through the registry; contradicts `STORAGE_REDIRECT`.
        "FEATURE_PROXY_STORAGE" proxy: bool = false;
        /// How many parts of uploads to a bucket may be in memory at once, of 8 MiB each with layers of up to 78 GiB, and twice while a
        /// part is sent. Uploads beyond that wait for a minute at most. Berth's own key.
        "STORAGE_PART_BUFFERS" part_buffers: u32 = 32;
        /// How long an upload that nobody continues is kept. Berth's own key.
        "UPLOAD_EXPIRATION" upload_expiration: Lifetime = Lifetime::days(2);
    }
    later {
        /// Whether blobs are copied to the other places.
        "FEATURE_STORAGE_REPLICATION": bool = false;
        /// Places to which blobs are copied by default.
        "DISTRIBUTED_STORAGE_DEFAULT_LOCATIONS": Vec<String> = Vec::new();
    }
    never {
    }
}
