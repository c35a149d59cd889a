//! Who takes the mail.

use std::sync::Arc;

use berth_outbound::{SmtpConfig, SmtpMailer};
use berth_services::ports::Mailer;

use super::StartUpError;
use super::failure::with_causes;
use crate::config::Config;

/// The mail server of the configuration; none where no mail is sent.
pub(super) fn mailer(config: &Config) -> Result<Option<Arc<dyn Mailer>>, StartUpError> {
    let accounts = &config.accounts;
    let (Some(server), true) = (&accounts.mail_server, config.sends_mail()) else {
        return Ok(None);
    };
    let authorities = accounts
        .mail_tls_authority
        .as_ref()
        .map(std::fs::read)
        .transpose()
        .map_err(|error| {
            StartUpError::new(
                "MAIL_TLS_AUTHORITY",
                error,
                "name a file that this user may read, `-----BEGIN CERTIFICATE-----`",
            )
        })?;
    let host = config.server.hostname.as_ref().map(ToString::to_string);
    let host = host.unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => &host,
    };
    let sender = accounts.mail_sender.clone();
    let smtp = SmtpConfig {
        server: server.clone(),
        port: accounts.mail_port,
        tls: accounts.mail_use_tls,
        authorities,
        credentials: accounts
            .mail_username
            .clone()
            .zip(accounts.mail_password.clone()),
        sender: sender.unwrap_or_else(|| format!("noreply@{host}")),
    };
    let mailer = SmtpMailer::new(&smtp).map_err(|error| {
        StartUpError::new(
            error.field().unwrap_or("MAIL_SERVER"),
            with_causes(&error),
            "set `MAIL_DEFAULT_SENDER` to an address such as `registry@example.com`",
        )
    })?;
    tracing::info!(mail.server = %server, mail.port = accounts.mail_port, "mail is sent");
    Ok(Some(Arc::new(mailer)))
}
