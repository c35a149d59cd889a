//! A way back for users who lost their password.

use berth_domain::{AccountId, CodePurpose, Error, Namespace, Result};
use berth_store::mails;

use super::Superuser;
use crate::accounts::user_with_profile;
use crate::actor::Actor;

impl Superuser {
    /// Mails a link for a new password to a user, and tells the address.
    ///
    /// # Errors
    /// A superuser; a user without an address, or who is shut out; no mail is sent here.
    pub async fn send_recovery(&self, actor: &Actor, id: AccountId) -> Result<String> {
        self.changes(actor).await?;
        let core = &self.core;
        core.sends_mail("set a new password instead")?;
        core.keeps_accounts("passwords are kept elsewhere; they are recovered there")?;
        let now = core.now();
        core.db
            .write(async |tx| {
                let (account, profile) = user_with_profile(tx, id).await?;
                let name: Namespace = account.name.as_deref().unwrap_or_default().parse()?;
                if core.is_superuser(&name, &profile) {
                    return Err(Error::conflict(
                        "Cannot send a recovery email for a superuser",
                    ));
                }
                // It would not go out.
                if !account.enabled {
                    return Err(Error::conflict(
                        "Cannot send a recovery email for a disabled user",
                    ));
                }
                let email = account.email.ok_or_else(|| {
                    Error::conflict("Cannot send a recovery email for a user without an address")
                })?;
                let recipient = email.to_lowercase();
                mails::insert(tx, CodePurpose::Recover, &recipient, Some(id), now).await?;
                Ok(email)
            })
            .await
    }
}
