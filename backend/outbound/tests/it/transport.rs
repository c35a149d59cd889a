//! One mail and a server.

use std::sync::Arc;

use berth_outbound::{SmtpConfig, SmtpMailer};
use berth_services::ports::{Mailer, NotSent, OutgoingMail};
use berth_testkit::smtp::{Mood, SmtpReceiver};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{self, ServerConfig};

use super::plain;

fn mail() -> OutgoingMail {
    OutgoingMail {
        to: "ann@users.test".parse().unwrap(),
        subject: "Grüße".into(),
        text: "A line.\n.\nAfter a dot alone.\n".into(),
    }
}

/// A certificate for `localhost` and a server that shows it.
fn tls() -> (Vec<u8>, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (
        made.cert.pem().into_bytes(),
        TlsAcceptor::from(Arc::new(config)),
    )
}

fn over_tls(server: &SmtpReceiver, authorities: Option<Vec<u8>>) -> SmtpMailer {
    let config = SmtpConfig {
        server: "localhost".into(),
        tls: true,
        authorities,
        credentials: Some(("berth".into(), "a-secret".to_owned().into())),
        ..plain(server.address())
    };
    SmtpMailer::new(&config).unwrap()
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let server = SmtpReceiver::start(None).await;
    let mailer = SmtpMailer::new(&plain(server.address())).unwrap();
    mailer.send(&mail()).await.unwrap();
    let [arrived] = server.mails().try_into().unwrap();
    assert_eq!(arrived.from, "registry@reg.test");
    assert_eq!(arrived.to, ["ann@users.test"]);
    assert!(
        arrived
            .text()
            .contains("A line.\r\n.\r\nAfter a dot alone.")
    );
    let headers = arrived.data.split_once("\r\n\r\n").unwrap().0;
    assert!(headers.contains("To: ann@users.test"), "{headers}");
    assert!(headers.contains("Subject: =?utf-8?b?"), "{headers}");
    assert!(
        headers.contains("Date: ") && headers.contains("Message-ID: <"),
        "{headers}"
    );
}

#[tokio::test]
async fn a_subject_adds_no_header_and_an_address_holds_no_line_break() {
    let server = SmtpReceiver::start(None).await;
    let mailer = SmtpMailer::new(&plain(server.address())).unwrap();
    let evil = OutgoingMail {
        subject: "Hello\r\nBcc: mallory@evil.test\r\n\r\nand a body".into(),
        ..mail()
    };
    // Refused or written in one line: either way there is no header of the subject's own.
    let _ = mailer.send(&evil).await;
    for arrived in server.mails() {
        assert!(
            !arrived.data.to_lowercase().contains("\r\nbcc:"),
            "{}",
            arrived.data
        );
        assert_eq!(arrived.to, ["ann@users.test"]);
    }
    for address in ["a@b\r\nRCPT TO:<c@d>", "a@b>\r\n", "a b@c"] {
        assert!(
            address.parse::<berth_domain::Email>().is_err(),
            "{address:?}"
        );
    }
    // What the domain lets through and SMTP does not is refused before it is sent.
    let odd = OutgoingMail {
        to: "a>b@users.test".parse().unwrap(),
        ..mail()
    };
    let before = server.mails().len();
    assert!(matches!(mailer.send(&odd).await, Err(NotSent::Never(_))));
    assert_eq!(server.mails().len(), before);
}

#[tokio::test]
async fn mail_goes_over_tls_with_user_and_password_to_a_server_that_is_vouched_for() {
    let (authority, acceptor) = tls();
    let server = SmtpReceiver::start(Some(acceptor)).await;
    over_tls(&server, Some(authority))
        .send(&mail())
        .await
        .unwrap();
    let [arrived] = server.mails().try_into().unwrap();
    assert!(arrived.over_tls && arrived.authentication.is_some());
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_nobody_vouches_for_or_that_offers_no_tls() {
    let (_, acceptor) = tls();
    let strange = SmtpReceiver::start(Some(acceptor)).await;
    let refused = over_tls(&strange, None).send(&mail()).await;
    assert!(matches!(refused, Err(NotSent::Later(_))), "{refused:?}");
    let open = SmtpReceiver::start(None).await;
    let refused = over_tls(&open, None).send(&mail()).await.unwrap_err();
    assert!(!format!("{refused:?}").contains("a-secret"), "{refused:?}");
    assert!(strange.mails().is_empty() && open.mails().is_empty());
}

#[tokio::test]
async fn what_may_work_later_is_told_from_what_never_will() {
    let server = SmtpReceiver::start(None).await;
    let mailer = SmtpMailer::new(&plain(server.address())).unwrap();
    server.set_mood(Mood::Busy);
    assert!(matches!(mailer.send(&mail()).await, Err(NotSent::Later(_))));
    server.set_mood(Mood::Refuses);
    assert!(matches!(mailer.send(&mail()).await, Err(NotSent::Never(_))));
    let gone = server.address();
    drop(server);
    let mailer = SmtpMailer::new(&plain(gone)).unwrap();
    assert!(matches!(mailer.send(&mail()).await, Err(NotSent::Later(_))));
}

#[test]
fn the_password_is_in_no_debug_text() {
    let config = SmtpConfig {
        credentials: Some(("berth".into(), "hunter2hunter2".to_owned().into())),
        ..plain("127.0.0.1:25".parse().unwrap())
    };
    assert!(!format!("{config:?}").contains("hunter2"));
}
