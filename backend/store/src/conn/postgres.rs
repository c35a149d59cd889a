//! Connections to PostgreSQL: its URL and the pool.

use std::str::FromStr;
use std::time::Duration;

use berth_domain::{Error, Result};
use diesel::result::{ConnectionError, Error as DieselError};
use diesel_async::pooled_connection::bb8::Pool;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures::FutureExt;
use percent_encoding::percent_decode_str;
use rustls::ClientConfig;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode as Negotiated};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::patience::Patient;
use super::refusal::Refusal;
use super::tls::{Ssl, SslMode};
use super::{CHECKOUT_TIMEOUT, unavailable};

/// How long a server may take to answer, where the URL says nothing else.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a server may leave what it was sent without an answer, where its URL does not say
/// (`tcp_user_timeout`): one that vanished closes no connection, and the system waits a quarter of an hour; one
/// that hangs is waited for without an end.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// What to do about a failure that says little.
const SEE_LOG: &str = "see what the server's log says";

/// A parsed `postgresql://user:password@host:port/database?sslmode=…`.
///
/// `sslmode` and `sslrootcert` mean what they mean to libpq: `disable`, `prefer` (without the parameter), `require`,
/// `verify-ca`, `verify-full`; a file of authorities, or `system` for the public ones. With a file, `require` asks
/// as much as `verify-ca`.
#[derive(Clone)]
pub struct PostgresUrl {
    config: Config,
    ssl: Ssl,
    silence_max: Duration,
}

impl FromStr for PostgresUrl {
    type Err = String;

    /// The error says what is wrong and never repeats a password.
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut mode, mut root, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = || percent_decode_str(value).decode_utf8_lossy().into_owned();
            match name {
                "sslmode" => mode = Some(value()),
                "sslrootcert" => root = Some(value()),
                _ => rest.push(pair),
            }
        }
        let ssl = Ssl::new(mode.as_deref(), root.as_deref())?;
        let plain = format!("{address}?{}", rest.join("&"));
        let mut config: Config = plain
            .parse()
            .map_err(|error: tokio_postgres::Error| Refusal::of(&error).to_string())?;
        let is_local = config
            .get_hosts()
            .iter()
            .all(|host| !matches!(host, Host::Tcp(_)));
        config.ssl_mode(match ssl.mode {
            // As with libpq, sockets of this machine need no TLS.
            _ if is_local => Negotiated::Disable,
            SslMode::Disable => Negotiated::Disable,
            SslMode::Prefer => Negotiated::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => Negotiated::Require,
        });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        let silence_max = *config.get_tcp_user_timeout().unwrap_or(&SILENCE_MAX);
        config.tcp_user_timeout(silence_max);
        if !rest.iter().any(|pair| pair.starts_with("keepalives")) {
            // What is waited for longer, a statement of the collector, is asked for between.
            config.keepalives_idle(silence_max);
        }
        Ok(Self {
            config,
            ssl,
            silence_max,
        })
    }
}

impl PostgresUrl {
    /// A pool of connections, after one was seen to work.
    pub(super) async fn pool(self, url: &str, size: u32) -> Result<Pool<Patient>> {
        let refused = |refusal| Error::unavailable("the database", refusal);
        let tls = self.ssl.client().map_err(refused)?;
        // The pool itself tells a wrong password only as a timeout.
        drop(self.open(tls.as_ref()).await.map_err(refused)?);
        let mut manager = ManagerConfig::<Patient>::default();
        manager.recycling_method = RecyclingMethod::Fast;
        manager.custom_setup = Box::new(move |_| {
            let (target, tls) = (self.clone(), tls.clone());
            async move {
                let mut c = target
                    .open(tls.as_ref())
                    .await
                    .map_err(|refusal| ConnectionError::BadConnection(refusal.to_string()))?;
                // Error texts are matched for deadlocks, whatever the server's language. Only some
                // users may choose it, and the others have to live with the server's.
                if let Err(error) = c.batch_execute("set lc_messages = 'C'").await {
                    tracing::debug!(%error, "the language of the database's messages stays as it is");
                }
                Ok(c)
            }
            .boxed()
        });
        Pool::builder()
            .max_size(size)
            .test_on_check_out(false)
            .connection_timeout(CHECKOUT_TIMEOUT)
            .build(AsyncDieselConnectionManager::new_with_config(url, manager))
            .await
            .map_err(unavailable)
    }

    /// Opens a connection, unless the server takes it and says nothing.
    async fn open(&self, tls: Option<&ClientConfig>) -> Result<Patient, Refusal> {
        let opened = timeout(self.silence_max, async {
            let conn = self.reach(tls).await?;
            let patient = Patient::new(conn, self.silence_max).await;
            patient.map_err(|error| Failed::Statement(error).refusal())
        });
        opened.await.unwrap_or_else(|_| {
            Err(Refusal::new(
                "the server took the connection and said nothing",
                "see whether the server hangs, or what stands before it",
            ))
        })
    }

    async fn reach(&self, tls: Option<&ClientConfig>) -> Result<AsyncPgConnection, Refusal> {
        let Some(tls) = tls else {
            return connect(&self.config, NoTls).await.map_err(Failed::refusal);
        };
        let opened = connect(&self.config, MakeRustlsConnect::new(tls.clone())).await;
        match opened {
            // libpq does the same: what prefers TLS does without it rather than fail.
            Err(failed) if self.ssl.mode == SslMode::Prefer && failed.may_do_without_tls() => {
                let mut plain = self.config.clone();
                plain.ssl_mode(Negotiated::Disable);
                connect(&plain, NoTls).await.map_err(|_| failed.refusal())
            }
            other => other.map_err(Failed::refusal),
        }
    }
}

/// The server did not connect, Diesel did not take the connection, or the first statement failed.
enum Failed {
    Server(tokio_postgres::Error),
    Diesel(ConnectionError),
    Statement(DieselError),
}

impl Failed {
    fn refusal(self) -> Refusal {
        match self {
            Self::Server(error) => Refusal::of(&error),
            Self::Diesel(error) => Refusal::new(error.to_string(), SEE_LOG),
            Self::Statement(error) => Refusal::new(error.to_string(), SEE_LOG),
        }
    }

    /// Not where the server answered and has judged the password already.
    fn may_do_without_tls(&self) -> bool {
        match self {
            Self::Server(error) => error
                .code()
                .is_none_or(|code| *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION),
            Self::Diesel(_) | Self::Statement(_) => false,
        }
    }
}

async fn connect<T>(config: &Config, tls: T) -> Result<AsyncPgConnection, Failed>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await.map_err(Failed::Server)?;
    AsyncPgConnection::try_from_client_and_connection(client, connection)
        .await
        .map_err(Failed::Diesel)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(query: &str) -> String {
        let url = format!("postgresql://berth:hunter2@db.example.com/berth?{query}");
        let refusal = url.parse::<PostgresUrl>().err().expect(query);
        assert!(!refusal.contains("hunter2"), "{refusal}");
        refusal
    }

    #[test]
    fn parameters_that_cannot_be_are_named() {
        for (query, part) in [
            ("sslmode=on", "`sslmode` is `on`, expected disable, prefer"),
            ("sslmode=verify-ca", "needs `sslrootcert=FILE`"),
            (
                "sslmode=require&sslrootcert=system",
                "needs `sslmode=verify-full`",
            ),
            ("sslrootcert=", "`sslrootcert` is empty"),
            ("sslcert=client.pem", "unknown option `sslcert`"),
        ] {
            let refusal = refusal(query);
            assert!(refusal.contains(part), "{query}: {refusal}");
        }
    }

    #[test]
    fn tls_is_asked_for_as_libpq_would() {
        let negotiated = |query: &str| {
            let url = format!("postgresql://berth@db.example.com/berth?{query}");
            let url: PostgresUrl = url.parse().expect(query);
            (url.config.get_ssl_mode(), url.ssl.mode)
        };
        for (query, expected) in [
            ("", (Negotiated::Prefer, SslMode::Prefer)),
            ("sslmode=disable", (Negotiated::Disable, SslMode::Disable)),
            (
                "application_name=x&sslmode=require",
                (Negotiated::Require, SslMode::Require),
            ),
            (
                "sslmode=verify%2Dfull&sslrootcert=/etc/ca%20file.pem",
                (Negotiated::Require, SslMode::VerifyFull),
            ),
            (
                "sslrootcert=system",
                (Negotiated::Require, SslMode::VerifyFull),
            ),
            (
                "sslmode=require&host=/run/postgresql",
                (Negotiated::Require, SslMode::Require),
            ),
        ] {
            assert_eq!(negotiated(query), expected, "{query}");
        }
        let local: PostgresUrl = "postgresql:///berth?host=/run/postgresql&sslmode=require"
            .parse()
            .expect("a socket");
        assert_eq!(local.config.get_ssl_mode(), Negotiated::Disable);
    }
}
