//! Mail by SMTP.

use std::time::Duration;

use async_trait::async_trait;
use berth_domain::{Error, Result, Secret};
use berth_services::ports::{Mailer, NotSent, OutgoingMail};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

/// Longest wait for each answer of the server.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// Longest conversation over one mail; the worker's turn is longer.
const SENT_WITHIN: Duration = Duration::from_mins(1);
/// Where TLS begins with the connection (RFC 8314).
const IMPLICIT_TLS_PORT: u16 = 465;

/// A mail server and who sends.
#[derive(Debug, Clone)]
pub struct SmtpConfig {
    /// Host.
    pub server: String,
    /// Port; at 465 TLS begins with the connection, at others by STARTTLS.
    pub port: u16,
    /// Whether TLS is demanded; without it mail, password included, goes as it is.
    pub tls: bool,
    /// Authorities that may vouch for the server beside the public ones, in PEM.
    pub authorities: Option<Vec<u8>>,
    /// User and password at the server.
    pub credentials: Option<(String, Secret<String>)>,
    /// Who sends, such as `Berth <registry@example.com>`.
    pub sender: String,
}

/// Hands mail to an SMTP server, a connection for each.
#[derive(Debug)]
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
}

impl SmtpMailer {
    /// Prepares a mailer; it connects when there is mail.
    ///
    /// # Errors
    /// A sender that is no address, and authorities that are no certificates, each with the key of the
    /// configuration as its field.
    pub fn new(config: &SmtpConfig) -> Result<Self> {
        let sender = parse_sender(&config.sender)?;
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(config.server.as_str())
                .port(config.port)
                .timeout(Some(ANSWER_WITHIN));
        if config.tls {
            let parameters = parameters(config)?;
            builder = builder.tls(if config.port == IMPLICIT_TLS_PORT {
                Tls::Wrapper(parameters)
            } else {
                Tls::Required(parameters)
            });
        }
        if let Some((user, password)) = &config.credentials {
            let credentials = Credentials::new(user.clone(), password.expose().clone());
            builder = builder.credentials(credentials);
        }
        Ok(Self {
            transport: builder.build(),
            sender,
        })
    }

    fn message(&self, mail: &OutgoingMail) -> std::result::Result<Message, NotSent> {
        let never = |error: lettre::address::AddressError| NotSent::Never(error.into());
        let to: Address = mail.to.as_str().parse().map_err(never)?;
        Message::builder()
            .from(self.sender.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject.as_str())
            .header(ContentType::TEXT_PLAIN)
            .message_id(None)
            .body(mail.text.clone())
            .map_err(|error| NotSent::Never(error.into()))
    }
}

/// Checks a sender as it is configured.
///
/// # Errors
/// What is no address, in the field `MAIL_DEFAULT_SENDER`.
pub fn check_sender(text: &str) -> Result<()> {
    parse_sender(text).map(drop)
}

fn parse_sender(text: &str) -> Result<Mailbox> {
    text.parse().map_err(|error| {
        Error::invalid_value(format!(
            "`{text}` is no sender ({error}), expected such as `Berth <registry@example.com>`"
        ))
        .in_field("MAIL_DEFAULT_SENDER")
    })
}

fn parameters(config: &SmtpConfig) -> Result<TlsParameters> {
    let unusable = |error: lettre::transport::smtp::Error| {
        Error::invalid_value(format!("holds no usable certificate: {error}"))
            .in_field("MAIL_TLS_AUTHORITY")
    };
    let mut builder = TlsParameters::builder(config.server.clone());
    if let Some(pem) = &config.authorities {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(unusable)?);
    }
    builder.build_rustls().map_err(unusable)
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &OutgoingMail) -> std::result::Result<(), NotSent> {
        let message = self.message(mail)?;
        let sending = self.transport.send(message);
        match tokio::time::timeout(SENT_WITHIN, sending).await {
            Ok(Ok(_)) => Ok(()),
            // What the server says for good about one mail; a wrong password is said to all of them, and
            // mended by the operator.
            Ok(Err(error)) if error.is_permanent() && !is_about_us(&error) => {
                Err(NotSent::Never(error.into()))
            }
            Ok(Err(error)) => Err(NotSent::Later(error.into())),
            Err(elapsed) => Err(NotSent::Later(elapsed.into())),
        }
    }
}

/// Whether a refusal is about how we come to the server: authentication, TLS (RFC 4954, RFC 3207).
fn is_about_us(error: &lettre::transport::smtp::Error) -> bool {
    error
        .status()
        .is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538 | 554))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for good in ["registry@example.com", "Berth <registry@example.com>"] {
            assert!(check_sender(good).is_ok(), "{good}");
        }
        for bad in ["", "Berth", "Berth <registry>", "a@b\r\nBcc: c@d"] {
            let refused = check_sender(bad).unwrap_err();
            assert_eq!(refused.field(), Some("MAIL_DEFAULT_SENDER"), "{bad}");
        }
    }
}
