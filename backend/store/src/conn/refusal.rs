//! Why PostgreSQL was not reached, and what to mend.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use rustls::{CertificateError, Error as TlsError};
use tokio_postgres::error::SqlState;

/// A connection that did not come about. Shows what happened; never the URL or a password.
#[derive(Debug)]
pub struct Refusal {
    what: String,
    mend: String,
}

impl Refusal {
    pub(super) fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            mend: mend.into(),
        }
    }

    /// What the operator can do about it.
    pub fn mend(&self) -> &str {
        &self.mend
    }

    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        Self::new(describe(error), mend(error))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl StdError for Refusal {}

/// The chain of causes in one line; the top of tokio-postgres' errors alone says little.
fn describe(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    text
}

fn mend(error: &tokio_postgres::Error) -> String {
    if let Some(refused) = error.as_db_error() {
        return mend_refusal(refused.code(), refused.message()).to_owned();
    }
    if let Some(certificate) = causes(error).find_map(of_certificate) {
        return mend_certificate(certificate);
    }
    let text = describe(error);
    let mend = if text.contains("does not support TLS") {
        "turn `ssl` on at the server, or write `sslmode=disable` where the network is trusted"
    } else if text.contains("TLS") {
        "see that host and port are those of PostgreSQL and that it offers TLS 1.2 or newer"
    } else if text.contains("password missing") {
        "the server wants a password: `postgresql://user:password@host/database`"
    } else if text.contains("lookup") {
        "correct the host, its name is not known here"
    } else {
        "check host and port, and that the server runs and listens there"
    };
    mend.to_owned()
}

fn mend_refusal(code: &SqlState, message: &str) -> &'static str {
    match *code {
        SqlState::INVALID_PASSWORD => "correct user and password",
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION if message.contains("no encryption") => {
            "the server takes this user by TLS only: write `sslmode=require`, or stronger"
        }
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "correct the user, or let the server's `pg_hba.conf` admit it from here"
        }
        SqlState::INVALID_CATALOG_NAME => "correct the database's name, or make it with `createdb`",
        SqlState::TOO_MANY_CONNECTIONS => {
            "lower `DATABASE_POOL_SIZE`, or raise `max_connections` of the server"
        }
        SqlState::CANNOT_CONNECT_NOW => "the server is starting or stopping; try again",
        _ => "check user and database, and what the server's log says",
    }
}

fn mend_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "name the file of the authority that signed the server's certificate with `sslrootcert=FILE`, or encrypt \
             without knowing the server with `sslmode=require`"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "write the host as the certificate has it among its alternative names, or ask for the authority alone with \
             `sslmode=verify-ca`"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "renew the server's certificate, or correct the clock of this machine"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet; correct the clock of this machine"
        }
        _ => "give the server another certificate, or encrypt without looking at it with `sslmode=require`",
    }
    .to_owned()
}

/// The error and everything below it.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// rustls' errors come wrapped into one of input and output, which hides them from `source`.
fn of_certificate<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a CertificateError> {
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
        .and_then(|inner| inner.downcast_ref::<TlsError>());
    match wrapped.or_else(|| error.downcast_ref())? {
        TlsError::InvalidCertificate(reason) => Some(reason),
        _ => None,
    }
}
