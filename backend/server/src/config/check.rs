//! What single values cannot know: whether they fit together.

use super::database::DatabaseUri;
use super::storage::Place as StoragePlace;
use super::values::{AuthenticationType, UrlScheme};
use super::{Config, Loaded, Problem};

/// Shortest sealing key that is accepted, in characters.
const MINIMUM_KEY_LENGTH: usize = 16;

/// Adds what does not fit to the problems, and what deserves a look to the advice.
pub(super) fn cross_check(loaded: &mut Loaded) {
    let mut findings = Vec::new();
    let config = &loaded.config;
    storage(config, &mut findings);
    scaled_out(config, &mut findings);
    values(config, &mut findings);
    mail(config, &mut findings);
    for (key, message, severity) in findings {
        let problem = Problem {
            place: loaded.set.get(key).cloned(),
            key: Some(key.to_owned()),
            message,
        };
        match severity {
            Severity::Problem => loaded.problems.push(problem),
            Severity::Advice => loaded.advice.push(problem),
        }
    }
}

#[derive(Clone, Copy)]
enum Severity {
    Problem,
    Advice,
}

type Findings = Vec<(&'static str, String, Severity)>;

fn problem(findings: &mut Findings, key: &'static str, message: impl Into<String>) {
    findings.push((key, message.into(), Severity::Problem));
}

fn advice(findings: &mut Findings, key: &'static str, message: impl Into<String>) {
    findings.push((key, message.into(), Severity::Advice));
}

fn storage(config: &Config, findings: &mut Findings) {
    let places = &config.storage.places.0;
    for name in &config.storage.preference {
        if !places.contains_key(name) {
            problem(
                findings,
                "DISTRIBUTED_STORAGE_PREFERENCE",
                format!("`{name}` is no place of `DISTRIBUTED_STORAGE_CONFIG`"),
            );
        }
    }
    if places.len() > 1 {
        if config.storage.preference.is_empty() {
            problem(
                findings,
                "DISTRIBUTED_STORAGE_PREFERENCE",
                "required, since `DISTRIBUTED_STORAGE_CONFIG` has several places",
            );
        } else {
            advice(
                findings,
                "DISTRIBUTED_STORAGE_CONFIG",
                "only the first place of `DISTRIBUTED_STORAGE_PREFERENCE` is used",
            );
        }
    }
    if config.storage.redirect && config.storage.proxy {
        problem(
            findings,
            "STORAGE_REDIRECT",
            "contradicts `FEATURE_PROXY_STORAGE`, set only one of them to true",
        );
    }
    if config.storage.redirect
        && config
            .storage_place()
            .is_none_or(|place| !place.is_bucket())
    {
        advice(
            findings,
            "STORAGE_REDIRECT",
            "has no effect without a bucket in `DISTRIBUTED_STORAGE_CONFIG`",
        );
    }
}

fn scaled_out(config: &Config, findings: &mut Findings) {
    match &config.database.secret_key {
        Some(key) if key.expose().chars().count() < MINIMUM_KEY_LENGTH => problem(
            findings,
            "DATABASE_SECRET_KEY",
            format!("too short, at least {MINIMUM_KEY_LENGTH} characters are expected"),
        ),
        None if config.is_scaled_out() => problem(
            findings,
            "DATABASE_SECRET_KEY",
            "required with PostgreSQL or a bucket: a long random text, the same at every replica",
        ),
        _ => {}
    }
    if !config.is_scaled_out() {
        return;
    }
    if config.server.hostname.is_none() {
        advice(
            findings,
            "SERVER_HOSTNAME",
            "better set with PostgreSQL or a bucket, so that every replica gives itself the same name",
        );
    }
    let is_postgres = matches!(config.database.uri, Some(DatabaseUri::Postgres(_)));
    let is_folder = config
        .storage_place()
        .is_none_or(|place| !place.is_bucket());
    if is_postgres && is_folder {
        advice(
            findings,
            "DISTRIBUTED_STORAGE_CONFIG",
            "a folder serves several replicas only if all of them mount the same one",
        );
    }
    if !is_postgres {
        advice(
            findings,
            "DB_URI",
            "SQLite serves one process; replicas need PostgreSQL",
        );
    }
}

fn values(config: &Config, findings: &mut Findings) {
    if config.accounts.authentication != AuthenticationType::Database {
        problem(
            findings,
            "AUTHENTICATION_TYPE",
            format!(
                "`{}` is not available yet, only `Database` is: accounts and passwords that this registry keeps itself",
                config.accounts.authentication
            ),
        );
    }
    let server = &config.server;
    let pair = [
        ("TLS_CERTIFICATE", &server.tls_certificate, "TLS_KEY"),
        ("TLS_KEY", &server.tls_key, "TLS_CERTIFICATE"),
    ];
    if server.tls_certificate.is_some() != server.tls_key.is_some() {
        for (key, _, other) in pair.into_iter().filter(|(_, value, _)| value.is_none()) {
            problem(findings, key, format!("missing, since `{other}` is set"));
        }
    }
    if server.tls_certificate.is_some() && server.url_scheme == UrlScheme::Http {
        problem(
            findings,
            "PREFERRED_URL_SCHEME",
            "expected `https`, since `TLS_CERTIFICATE` is set",
        );
    }
    if config.database.pool_size == 0 {
        problem(findings, "DATABASE_POOL_SIZE", "expected at least 1");
    }
    if config.storage.part_buffers == 0 {
        problem(findings, "STORAGE_PART_BUFFERS", "expected at least 1");
    }
    if let Err(error) = tracing_subscriber::EnvFilter::try_new(&config.server.log_level) {
        problem(
            findings,
            "LOG_LEVEL",
            format!("{error}, expected such as `info` or `info,berth_services=debug`"),
        );
    }
    for proxy in &config.server.trusted_proxies {
        let is_network = proxy.parse::<ipnet::IpNet>().is_ok();
        if !is_network && proxy.parse::<std::net::IpAddr>().is_err() {
            problem(
                findings,
                "TRUSTED_PROXIES",
                format!("`{proxy}` is no address and no network, expected such as `10.0.0.0/8`"),
            );
        }
    }
}

fn mail(config: &Config, findings: &mut Findings) {
    let accounts = &config.accounts;
    if accounts.mail_username.is_some() != accounts.mail_password.is_some() {
        let (key, other) = if accounts.mail_username.is_some() {
            ("MAIL_PASSWORD", "MAIL_USERNAME")
        } else {
            ("MAIL_USERNAME", "MAIL_PASSWORD")
        };
        problem(findings, key, format!("missing, since `{other}` is set"));
    }
    if let Some(sender) = &accounts.mail_sender
        && let Err(error) = berth_outbound::smtp::check_sender(sender)
    {
        problem(findings, "MAIL_DEFAULT_SENDER", error.to_string());
    }
    if !config.sends_mail() {
        return;
    }
    // What a client puts into its `Host` header must not get into a link for a new password.
    if config.server.hostname.is_none() {
        problem(
            findings,
            "SERVER_HOSTNAME",
            "required with `MAIL_SERVER`, since links in mails name it",
        );
    }
    if !accounts.mail_use_tls && accounts.mail_password.is_some() {
        advice(
            findings,
            "MAIL_USE_TLS",
            "without TLS the password of `MAIL_USERNAME` is sent as it is",
        );
    }
}

impl Config {
    /// Whether mail is sent.
    pub fn sends_mail(&self) -> bool {
        self.accounts.mailing && self.accounts.mail_server.is_some()
    }

    /// The storage place that is used; none where only the data folder is.
    pub fn storage_place(&self) -> Option<&StoragePlace> {
        let places = &self.storage.places.0;
        match self.storage.preference.first() {
            Some(name) => places.get(name),
            None => places.values().next(),
        }
    }

    /// Whether rows or bytes lie outside this machine, so that replicas can share them.
    pub fn is_scaled_out(&self) -> bool {
        matches!(self.database.uri, Some(DatabaseUri::Postgres(_)))
            || self.storage_place().is_some_and(StoragePlace::is_bucket)
    }
}
