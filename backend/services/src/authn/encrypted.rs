//! Encrypted passwords: what a user keeps in a client's configuration in the place of the password. It
//! opens here alone, and is worth nothing once the password has changed.

use berth_domain::{Error, Event, Result, Secret};

use super::{Authn, WRONG_PASSWORD};
use crate::actor::Actor;
use crate::journal::Subject;

/// What a password is sealed for.
const CONTEXT: &str = "encrypted-password";
/// Refusal of a password as it is typed, where clients may not hold it.
pub(super) const ENCRYPTED_ONLY: &str = "This registry takes encrypted passwords only \
    (FEATURE_REQUIRE_ENCRYPTED_BASIC_AUTH). Please generate one in your account settings.";

impl Authn {
    /// Makes an encrypted password of the actor's own.
    ///
    /// # Errors
    /// A wrong password; [`Error::RateLimited`].
    pub async fn generate_encrypted_password(
        &self,
        actor: &Actor,
        password: &Secret<String>,
    ) -> Result<Secret<String>> {
        let own = self.core.gate.administer_account(actor)?;
        self.core
            .keeps_accounts("passwords are kept elsewhere, so there is none to encrypt")?;
        if !self.is_password(own.id, password, &actor.origin).await? {
            return Err(Error::invalid_value(WRONG_PASSWORD).in_field("password"));
        }
        self.core
            .db
            .write(async |tx| {
                let journal = &self.core.journal;
                let event = Event::ClientKeyGenerated;
                journal.record(tx, actor, Subject::default(), &event).await
            })
            .await?;
        Ok(self.encrypted(password))
    }

    /// The encrypted form of a password that was just made or proven.
    pub(crate) fn encrypted(&self, password: &Secret<String>) -> Secret<String> {
        self.core.sealing.seal(CONTEXT, password.expose()).into()
    }

    /// The password inside an encrypted one; none for anything else.
    pub(super) fn opened(&self, presented: &Secret<String>) -> Option<Secret<String>> {
        let sealing = &self.core.sealing;
        sealing.open_text(CONTEXT, presented.expose()).ok()
    }
}
