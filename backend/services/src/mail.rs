//! The mail queue. What causes a mail writes a row in its own transaction; a worker makes the text, with
//! a code whose hash alone is kept, and hands it to the server outside of any transaction. While the
//! server is away the rows wait; each attempt carries a fresh code and ends that of the one before.

use std::sync::Arc;
use std::time::Duration;

use berth_crypto::tokens;
use berth_domain::{CodePurpose, Email, Error, InvitationId, Result, Secret, Timestamp};
use berth_store::accounts::{self, Account};
use berth_store::email_codes::{self, EmailCode};
use berth_store::mails::{self, Mail};
use berth_store::teams::invitations;
use berth_store::{Tx, organizations, teams, users};

use tokio::time::Instant;

use crate::core::Core;
use crate::ports::{Mailer, NotSent, OutgoingMail};
use crate::teams::{InvitationView, LINK_LIFE, invitation_views};

/// Life of a mailed code.
pub(crate) const CODE_LIFE: Duration = Duration::from_mins(30);
/// From the end of a round to the next.
pub(crate) const INTERVAL: Duration = Duration::from_secs(5);
/// Mails of a batch.
const BATCH: i64 = 20;
/// No mail is begun after that long, so that a slow server does not outlast the worker's claim.
const ROUND: Duration = Duration::from_mins(5);
/// Live codes of an account for a purpose: whoever asks again and again gets no more mails.
const CODES_MAX: i64 = 5;
/// Organizations with one address that a mail names.
const ORGANIZATIONS_MAX: i64 = 10;
/// Administrators of each that it names.
const ADMINISTRATORS_MAX: i64 = 20;
/// First wait after a failure; it doubles with each.
const RETRY_FIRST: Duration = Duration::from_secs(30);
/// Longest wait.
const RETRY_MAX: Duration = Duration::from_hours(1);
/// The end of every mail.
const LEAVE_IT: &str = "If it was not you, leave this mail alone: nothing changes.\n";
/// A mail that no server took for so long is given up; nobody waits for it any more.
const GIVE_UP_AFTER: Duration = Duration::from_hours(72);

/// Who reads a mail.
struct Reader {
    /// The user, or the first of the organizations.
    account: Account,
    /// The organizations with the address, by name, each with who administers it; empty for a user.
    organizations: Vec<(String, Vec<String>)>,
}

/// What goes out with an attempt.
struct Letter {
    to: Email,
    about: About,
}

/// What a mail is about.
enum About {
    /// An address that its reader gave.
    Confirmation,
    /// A lost password.
    Recovery,
    /// A lost password of organizations, as in [`Reader`]. There is no link: nobody signs in as one.
    Organizations(Vec<(String, Vec<String>)>),
    /// A team that its reader is asked into.
    Invitation(Box<InvitationView>),
}

/// The mail queue of the registry.
pub(crate) struct MailQueue {
    core: Arc<Core>,
}

impl MailQueue {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Sends what is due, oldest first, a batch at a time.
    pub(crate) async fn deliver(&self) -> Result<()> {
        let Some(mailer) = &self.core.mailer else {
            return Ok(());
        };
        let mut conn = self.core.db.read().await?;
        let due = mails::due(&mut conn, self.core.now(), BATCH).await?;
        drop(conn);
        let end = Instant::now() + ROUND;
        for mail in due {
            if Instant::now() >= end {
                break;
            }
            self.deliver_one(&**mailer, &mail).await?;
        }
        Ok(())
    }

    async fn deliver_one(&self, mailer: &dyn Mailer, mail: &Mail) -> Result<()> {
        let code = tokens::session_token();
        let core = &self.core;
        let written = core
            .db
            .write(async |tx| self.begin_attempt(tx, mail, &code).await)
            .await?;
        let Some(letter) = written else {
            return self.forget(mail).await;
        };
        match mailer.send(&self.text(letter, &code)).await {
            Ok(()) => {
                metrics::counter!("mails_total", "result" => "sent").increment(1);
                self.forget(mail).await
            }
            Err(NotSent::Never(cause)) => {
                metrics::counter!("mails_total", "result" => "refused").increment(1);
                tracing::warn!(mail.id = %mail.id, error = %cause, "the mail server refused a mail");
                self.forget(mail).await
            }
            Err(NotSent::Later(cause)) => {
                metrics::counter!("mails_total", "result" => "postponed").increment(1);
                let now = core.now();
                if now.since(mail.created_at) > GIVE_UP_AFTER {
                    tracing::error!(mail.id = %mail.id, error = %cause, "a mail could not be sent for days and was given up");
                    return self.forget(mail).await;
                }
                tracing::warn!(mail.id = %mail.id, error = %cause, "a mail could not be sent and is tried again");
                let until = now.after(wait(mail.attempt));
                core.db
                    .write(async |tx| mails::postpone(tx, mail.id, until).await)
                    .await
            }
        }
    }

    /// Makes the code of an attempt; none where nobody is there to mail to. That of a mail to an organization is told to
    /// nobody, and counts for how many mails an account gets.
    async fn begin_attempt(
        &self,
        tx: &mut Tx,
        mail: &Mail,
        code: &Secret<String>,
    ) -> Result<Option<Letter>> {
        let now = self.core.now();
        if let Some(invitation) = mail.invitation_id {
            return self.begin_invitation(tx, mail, invitation, code).await;
        }
        if let Some(before) = &mail.code_hash {
            email_codes::spend(tx, before).await?;
        }
        let Some(reader) = addressee(tx, mail).await? else {
            return Ok(None);
        };
        let account = reader.account;
        if email_codes::count_live(tx, account.id, mail.purpose, now).await? >= CODES_MAX {
            return Ok(None);
        }
        let hash = tokens::hash_token(code.expose());
        let row = EmailCode {
            account_id: account.id,
            purpose: mail.purpose,
            email: mail.recipient.clone(),
            expires_at: now.after(CODE_LIFE),
        };
        email_codes::insert(tx, &row, &hash, now).await?;
        mails::set_code(tx, mail.id, &hash).await?;
        // The address as its owner wrote it, where it is the account's already.
        let address = account
            .email
            .filter(|own| own.eq_ignore_ascii_case(&mail.recipient));
        let address = address.as_ref().unwrap_or(&mail.recipient);
        let about = match mail.purpose {
            CodePurpose::Confirm => About::Confirmation,
            CodePurpose::Recover if reader.organizations.is_empty() => About::Recovery,
            CodePurpose::Recover => About::Organizations(reader.organizations),
            CodePurpose::Invite => return Ok(None),
        };
        Ok(Some(Letter {
            to: address.parse()?,
            about,
        }))
    }

    /// The same for a mail that invites. Its code is the invitation's, whose one before ends with it.
    async fn begin_invitation(
        &self,
        tx: &mut Tx,
        mail: &Mail,
        id: InvitationId,
        code: &Secret<String>,
    ) -> Result<Option<Letter>> {
        let Some(found) = invitations::by_id(tx, id).await? else {
            return Ok(None);
        };
        if let Some(user) = found.row.account_id {
            let user = accounts::by_ids(tx, &[user]).await?;
            let is_let_in = |user: &Account| user.enabled && user.deleting_at.is_none();
            if !user.iter().any(is_let_in) {
                return Ok(None);
            }
        }
        let ends = self.core.now().after(LINK_LIFE);
        let hash = tokens::hash_token(code.expose());
        invitations::set_code(tx, id, &hash, ends).await?;
        let avatars = self.core.settings.registry.avatars;
        let mut views = invitation_views(tx, avatars, vec![found]).await?;
        let Some(view) = views.pop() else {
            return Ok(None);
        };
        Ok(Some(Letter {
            to: mail.recipient.parse()?,
            about: About::Invitation(Box::new(view)),
        }))
    }

    async fn forget(&self, mail: &Mail) -> Result<()> {
        self.core
            .db
            .write(async |tx| mails::delete(tx, mail.id).await)
            .await
    }

    fn text(&self, letter: Letter, code: &Secret<String>) -> OutgoingMail {
        let Letter { to, about } = letter;
        let registry = &self.core.settings.registry;
        let title: String = registry
            .title
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let host = registry.hostname.as_deref().unwrap_or("localhost");
        let link = |path: &str| {
            let (scheme, code) = (&registry.scheme, code.expose());
            format!("{scheme}://{host}/{path}?code={code}")
        };
        let minutes = CODE_LIFE.as_secs() / 60;
        let asked =
            format!("Somebody, probably you, asked for a new password at {title} ({host}).");
        let (subject, text) = match about {
            About::Confirmation => (
                format!("Confirm your e-mail address at {title}"),
                format!(
                    "Somebody, probably you, gave this address to {title} ({host}).\n\n{}{LEAVE_IT}",
                    follow(minutes, &link("confirm"))
                ),
            ),
            About::Recovery => (
                format!("A new password for {title}"),
                format!(
                    "{asked}\n\n{}{LEAVE_IT}",
                    follow(minutes, &link("recovery"))
                ),
            ),
            About::Organizations(organizations) => (
                format!("Who administers your organization at {title}"),
                format!("{asked}\n\n{}\n{LEAVE_IT}", administrators(&organizations)),
            ),
            About::Invitation(invitation) => {
                let (team, organization) = (&invitation.team, &invitation.organization);
                let users = &self.core.settings.users;
                let makes_accounts =
                    users.sign_up && users.direct_login && users.authentication.is_own();
                let says = invited(&invitation, &link("confirminvite"), makes_accounts);
                (
                    format!("Invitation to team {team} of {organization} at {title}"),
                    format!(
                        "{}\n\n{says}",
                        asks(&invitation, &format!("{title} ({host})"))
                    ),
                )
            }
        };
        OutgoingMail { to, subject, text }
    }
}

/// The link of a mail, and what it is good for.
fn follow(minutes: u64, link: &str) -> String {
    format!("Follow this link within {minutes} minutes; it works once:\n\n{link}\n\n")
}

/// What a mail that invites begins with.
fn asks(invitation: &InvitationView, place: &str) -> String {
    let inviter = invitation.inviter.as_deref().unwrap_or("An administrator");
    let (team, organization) = (&invitation.team, &invitation.organization);
    format!(
        "{inviter} invites you to the team {team} of the organization {organization} at {place}."
    )
}

/// What follows: the link, and who may use it.
fn invited(invitation: &InvitationView, link: &str, makes_accounts: bool) -> String {
    let days = LINK_LIFE.as_secs() / (24 * 60 * 60);
    let who = match &invitation.account {
        Some(name) => format!("signed in as {name}"),
        None if makes_accounts => {
            "signed in as the user whom you want to be there, or with a new account".to_owned()
        }
        None => "signed in as the user whom you want to be there".to_owned(),
    };
    format!(
        "Follow this link within {days} days, {who}; it works once, and a later mail about the same ends it:\n\n\
         {link}\n\nIf you do not want to come, say so there or leave this mail alone: nothing changes.\n"
    )
}

/// Whose mail it is; none where the account is gone or shut out, and where nobody has the address.
async fn addressee(tx: &mut Tx, mail: &Mail) -> Result<Option<Reader>> {
    let found = match mail.account_id {
        Some(id) => accounts::user(tx, id).await?,
        None => match users::by_email(tx, &mail.recipient).await? {
            None => return organizations_of(tx, &mail.recipient).await,
            found => found,
        },
    };
    Ok(found
        .map(|(account, _)| account)
        .filter(|account| account.enabled && account.deleting_at.is_none())
        .map(|account| Reader {
            account,
            organizations: Vec::new(),
        }))
}

/// The organizations that have an address which no user has, with those who can sign in for them.
async fn organizations_of(tx: &mut Tx, email: &str) -> Result<Option<Reader>> {
    let found = organizations::by_email(tx, email, ORGANIZATIONS_MAX).await?;
    let mut organizations = Vec::with_capacity(found.len());
    for organization in &found {
        let ids = teams::administering_users(tx, organization.id, ADMINISTRATORS_MAX).await?;
        let users = accounts::by_ids(tx, &ids).await?;
        let mut names: Vec<String> = users.into_iter().filter_map(|user| user.name).collect();
        names.sort_unstable();
        organizations.push((organization.name.clone().unwrap_or_default(), names));
    }
    Ok(found.into_iter().next().map(|account| Reader {
        account,
        organizations,
    }))
}

/// The part of a mail that tells whose passwords count.
fn administrators(organizations: &[(String, Vec<String>)]) -> String {
    let lines = organizations.iter().map(|(name, administrators)| {
        if administrators.is_empty() {
            return format!("  {name}: nobody; ask who runs the registry");
        }
        format!("  {name}: {}", administrators.join(", "))
    });
    let lines: Vec<String> = lines.collect();
    format!(
        "No user has this address. It is that of an organization, as which nobody signs in: its administrators \
         sign in as themselves, and each recovers the own password.\n\n{}\n",
        lines.join("\n")
    )
}

fn wait(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.clamp(0, 20)).unwrap_or(0);
    (RETRY_FIRST * 2_u32.pow(doublings)).min(RETRY_MAX)
}

impl Core {
    /// Refuses where no mail is sent, and says what to do instead.
    pub(crate) fn sends_mail(&self, instead: &str) -> Result<()> {
        if self.mailer.is_some() {
            return Ok(());
        }
        Err(Error::FeatureOff {
            message: format!(
                "this registry sends no mail (`FEATURE_MAILING`, `MAIL_SERVER`); {instead}"
            ),
        })
    }

    /// Asks for a confirmation of an address that a user gave.
    pub(crate) async fn ask_confirmation(
        &self,
        tx: &mut Tx,
        account: berth_domain::AccountId,
        email: &str,
    ) -> Result<()> {
        let now: Timestamp = self.now();
        mails::insert(tx, CodePurpose::Confirm, email, Some(account), now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_to_an_organization_names_who_signs_in_for_it() {
        let text = administrators(&[
            ("acme".into(), vec!["ann".into(), "bob".into()]),
            ("zoo".into(), Vec::new()),
        ]);
        let lines: Vec<_> = text.lines().rev().take(2).collect();
        assert_eq!(
            lines,
            [
                "  zoo: nobody; ask who runs the registry",
                "  acme: ann, bob"
            ]
        );
    }

    #[test]
    fn attempts_come_further_apart_up_to_an_hour() {
        let waits: Vec<_> = (0..4).map(|n| wait(n).as_secs()).collect();
        assert_eq!(waits, [30, 60, 120, 240]);
        assert_eq!(wait(1000), RETRY_MAX);
    }
}
