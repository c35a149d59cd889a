//! What mailed codes do: confirm an address, choose a new password.

use berth_crypto::{passwords, tokens};
use berth_domain::{CodePurpose, Email, Error, Event, Result, Scopes, Secret};
use berth_store::email_codes::{self, EmailCode};
use berth_store::{Tx, logins, mails, sessions, users};

use super::{Authn, Session};
use crate::accounts::user_with_profile;
use crate::actor::{Credential, Origin};
use crate::journal::Subject;

/// What to do where no mail is sent.
const ASK_AN_ADMINISTRATOR: &str = "ask an administrator, who sets a new password in the console or by \
    `berth user set-password`";
/// What to do about a lost password where accounts are kept elsewhere.
const RECOVERED_ELSEWHERE: &str = "passwords are kept elsewhere; they are recovered there";
/// What to do about an address where no mail is sent.
const NOTHING_TO_CONFIRM: &str = "addresses need no confirmation here";

/// What is told of a mailed code that is not good, in the words that scripts know.
pub(crate) fn unknown_code() -> Error {
    Error::invalid_value("Invalid confirmation code.").in_field("code")
}

impl Authn {
    /// Mails a link for a new password to a user's address; to that of an organization, who administers it. Whose the
    /// address is shows in nothing else: it is looked up when the mail goes out.
    ///
    /// # Errors
    /// No mail is sent here; too many requests from one place.
    pub async fn request_recovery(&self, email: &Email, origin: &Origin) -> Result<()> {
        self.core.sends_mail(ASK_AN_ADMINISTRATOR)?;
        self.core.keeps_accounts(RECOVERED_ELSEWHERE)?;
        self.core.gate.writable()?;
        self.limit_requests("recovery", origin).await?;
        let (email, now) = (email.as_str().to_lowercase(), self.core.now());
        self.core
            .db
            .write(async |tx| mails::insert(tx, CodePurpose::Recover, &email, None, now).await)
            .await
    }

    /// Chooses a new password with a mailed code, which works once: all sessions end and a new one begins.
    ///
    /// # Errors
    /// A code that is unknown, used or out of time; a password that is too weak.
    pub async fn recover_account(
        &self,
        code: &str,
        password: &Secret<String>,
        origin: Origin,
    ) -> Result<Session> {
        self.core.sends_mail(ASK_AN_ADMINISTRATOR)?;
        self.core.keeps_accounts(RECOVERED_ELSEWHERE)?;
        self.core.gate.writable()?;
        let hash_of_code = tokens::hash_token(code.trim());
        let now = self.core.now();
        let mut conn = self.core.db.read().await?;
        email_codes::live(&mut conn, &hash_of_code, CodePurpose::Recover, now)
            .await?
            .ok_or_else(unknown_code)?;
        drop(conn);
        passwords::check_rules(password.expose())?;
        let hash = self.core.passwords.hash(password).await?;
        self.core
            .db
            .write(async |tx| {
                let code = self.spend(tx, &hash_of_code, CodePurpose::Recover).await?;
                let (account, _) = user_with_profile(tx, code.account_id).await?;
                let id = account.id;
                let is_own = |email: &str| email.eq_ignore_ascii_case(&code.email);
                if !account.email.as_deref().is_some_and(is_own) {
                    return Err(unknown_code());
                }
                logins::set_password(tx, id, &hash, now).await?;
                users::set_verified(tx, id).await?;
                sessions::delete_all(tx, id).await?;
                email_codes::delete_all(tx, id, CodePurpose::Recover).await?;
                let user = self
                    .user(tx, id, Credential::None, Scopes::all(), origin.clone())
                    .await?;
                self.core
                    .journal
                    .record(tx, &user, Subject::default(), &Event::PasswordChanged)
                    .await?;
                self.open_session(tx, &user).await
            })
            .await
    }

    /// Confirms an address with a mailed code, which works once: that of a sign-up, or the new one of an
    /// account. Gives the address.
    ///
    /// # Errors
    /// A code that is unknown, used or out of time; an address that another user has meanwhile.
    pub async fn confirm_email(&self, code: &str, origin: Origin) -> Result<String> {
        self.core.sends_mail(NOTHING_TO_CONFIRM)?;
        self.core.gate.writable()?;
        let hash_of_code = tokens::hash_token(code.trim());
        self.core
            .db
            .write(async |tx| {
                let code = self.spend(tx, &hash_of_code, CodePurpose::Confirm).await?;
                let (account, _) = user_with_profile(tx, code.account_id).await?;
                let is_own = |email: &str| email.eq_ignore_ascii_case(&code.email);
                if account.email.as_deref().is_some_and(is_own) {
                    users::set_verified(tx, account.id).await?;
                    return Ok(code.email);
                }
                let email: Email = code.email.parse()?;
                let user = self
                    .user(
                        tx,
                        account.id,
                        Credential::None,
                        Scopes::all(),
                        origin.clone(),
                    )
                    .await?;
                self.core.replace_email(tx, &user, &account, &email).await?;
                Ok(code.email)
            })
            .await
    }

    async fn spend(&self, tx: &mut Tx, hash: &str, purpose: CodePurpose) -> Result<EmailCode> {
        let code = email_codes::live(tx, hash, purpose, self.core.now())
            .await?
            .ok_or_else(unknown_code)?;
        if email_codes::spend(tx, hash).await? {
            Ok(code)
        } else {
            Err(unknown_code())
        }
    }
}
