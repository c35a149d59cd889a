//! Mail that goes nowhere: a mailer that keeps what it is given.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use berth_services::Settings;
use berth_services::ports::{Mailer, NotSent, OutgoingMail};

use crate::{Backend, TestRegistry};

/// Takes every mail and keeps it.
#[derive(Debug, Default)]
pub struct Mailbox {
    mails: Mutex<Vec<OutgoingMail>>,
}

impl Mailbox {
    /// What it took, the oldest first.
    pub fn mails(&self) -> Vec<OutgoingMail> {
        let mails = self.mails.lock();
        mails.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The code in the last mail to an address.
    pub fn code_to(&self, address: &str) -> Option<String> {
        let mails = self.mails();
        let mut to_it = mails.iter().rev();
        let mail = to_it.find(|mail| mail.to.as_str() == address)?;
        let code = mail.text.split_once("code=")?.1;
        code.split_whitespace().next().map(str::to_owned)
    }
}

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), NotSent> {
        let mails = self.mails.lock();
        mails
            .unwrap_or_else(PoisonError::into_inner)
            .push(mail.clone());
        Ok(())
    }
}

/// Runs a test on both databases, PostgreSQL where a server is named, in a registry that sends mail.
pub async fn with_mail(settings: Settings, run: impl AsyncFn(&TestRegistry, &Mailbox)) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let mailbox = Arc::new(Mailbox::default());
        let mailer: Arc<dyn Mailer> = mailbox.clone();
        let registry = TestRegistry::mailing(backend, settings.clone(), Some(mailer));
        if let Some(t) = registry.await {
            run(&t, &mailbox).await;
            t.close().await;
        }
    }
}
