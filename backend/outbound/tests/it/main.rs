//! Mail from a whole registry to a server that takes the dialogue of SMTP.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod invitations;
mod registry;
mod transport;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use berth_outbound::{SmtpConfig, SmtpMailer};
use berth_services::Settings;
use berth_store::mails;
use berth_testkit::smtp::SmtpReceiver;
use berth_testkit::{Backend, TestRegistry};

/// From a round of the mail queue to the next, and more.
const TICK: Duration = Duration::from_secs(10);

/// A server on loopback, without TLS.
fn plain(address: SocketAddr) -> SmtpConfig {
    SmtpConfig {
        server: address.ip().to_string(),
        port: address.port(),
        tls: false,
        authorities: None,
        credentials: None,
        sender: "Berth <registry@reg.test>".into(),
    }
}

/// A registry with a first user and a server that takes its mail.
async fn mailing(backend: Backend) -> Option<(TestRegistry, SmtpReceiver)> {
    let server = SmtpReceiver::start(None).await;
    let mut settings = Settings::default();
    settings.registry.hostname = Some("reg.test".into());
    settings.registry.scheme = "https".into();
    settings.registry.title = "Berth\r\nBcc: mallory@evil.test".into();
    let mailer = SmtpMailer::new(&plain(server.address())).unwrap();
    let t = TestRegistry::mailing(backend, settings, Some(Arc::new(mailer))).await?;
    t.user("root").await;
    Some((t, server))
}

/// Writes a test once for both databases.
macro_rules! mail_test {
    (async fn $name:ident($t:ident, $server:ident) $body:block) => {
        mod $name {
            use super::*;

            async fn run(
                $t: &berth_testkit::TestRegistry,
                $server: &berth_testkit::smtp::SmtpReceiver,
            ) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let (t, server) = crate::mailing(berth_testkit::Backend::Sqlite).await.unwrap();
                run(&t, &server).await;
                t.close().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let found = crate::mailing(berth_testkit::Backend::Postgres).await;
                let Some((t, server)) = found else { return };
                run(&t, &server).await;
                t.close().await;
            }
        }
    };
}

pub(crate) use mail_test;

/// The code of the mail that came last.
async fn last_code(t: &TestRegistry, server: &SmtpReceiver) -> String {
    t.work_after(TICK, "mail").await;
    server.mails().last().unwrap().code().unwrap()
}

async fn waiting(t: &TestRegistry) -> i64 {
    mails::count(&mut t.db().read().await.unwrap())
        .await
        .unwrap()
}
