//! A user becomes an organization, in the hands of another user.

use berth_domain::{Error, Event, Namespace, Result, Scopes, Secret};
use berth_store::{accounts, users};

use super::{Authn, Session};
use crate::accounts::{NAMED_MAX, names, user_with_profile};
use crate::actor::{Actor, Credential};
use crate::creation::make_organization;
use crate::journal::Subject;

/// Refusal of a name and password that are nobody's.
pub const WRONG_ADMINISTRATOR: &str = "The admin user credentials are not valid";
/// Refusal of the user itself.
pub const SAME_ADMINISTRATOR: &str = "The admin user is not valid";

impl Authn {
    /// Makes an organization of the actor's account, with a fresh login, which another user administers, whose name and
    /// password the actor gives. Nobody signs in as the account any more and its tokens end; its repositories and
    /// robots stay. The session that begins is the other user's.
    ///
    /// # Errors
    /// A name and password that are wrong, or the actor's own; a superuser; the only administrator of another
    /// organization; who may not create organizations; where nobody signs in with a password.
    pub async fn convert_to_organization(
        &self,
        actor: &Actor,
        administrator: &str,
        password: &Secret<String>,
    ) -> Result<Session> {
        let core = &self.core;
        let own = core.gate.administer_account(actor)?;
        core.keeps_accounts("accounts are kept elsewhere, and stay users there")?;
        core.gate.create_organization(actor)?;
        if !core.settings.users.direct_login {
            return Err(Error::FeatureOff {
                message: "nobody signs in with a password here (`FEATURE_DIRECT_LOGIN` is off)"
                    .into(),
            });
        }
        core.check_fresh(actor).await?;
        let origin = actor.origin().clone();
        let proven = self.password_login(administrator, password, origin.clone(), Credential::None);
        let proven = match proven.await {
            Ok(proven) => proven,
            Err(error @ Error::Unauthenticated { .. }) => {
                let shown = self.shown(administrator, origin);
                self.log_failed("user", "quayauth", &error, shown).await?;
                return Err(Error::invalid_value(WRONG_ADMINISTRATOR).in_field("adminPassword"));
            }
            Err(other) => return Err(other),
        };
        self.check_confirmed(&proven, None).await?;
        let owner = proven.actor.user_id().filter(|owner| *owner != own.id);
        let owner =
            owner.ok_or_else(|| Error::invalid_value(SAME_ADMINISTRATOR).in_field("adminUser"))?;
        let session = core
            .db
            .write(async |tx| {
                let (first, second) = (own.id.min(owner), own.id.max(owner));
                accounts::lock(tx, first).await?;
                accounts::lock(tx, second).await?;
                let (account, profile) = user_with_profile(tx, own.id).await?;
                let name: Namespace = account.name.as_deref().unwrap_or_default().parse()?;
                if core.is_superuser(&name, &profile) {
                    return Err(Error::conflict(
                        "a superuser stays a user; take the name out of the configuration first",
                    ));
                }
                let alone = users::sole_administrator_of(tx, own.id, NAMED_MAX).await?;
                if !alone.is_empty() {
                    return Err(Error::conflict(format!(
                        "you are the only administrator of {}; an organization administers no other",
                        names(&alone)
                    )));
                }
                let administrator = self
                    .user(tx, owner, Credential::None, Scopes::all(), origin.clone())
                    .await?;
                make_organization(core, tx, own.id, owner).await?;
                let subject = Subject {
                    namespace: Some(own.id),
                    repository: None,
                };
                let journal = &core.journal;
                journal
                    .record(tx, actor, subject, &Event::UserConverted)
                    .await?;
                self.open_session(tx, &administrator).await
            })
            .await?;
        self.log_success(&session.actor, "quayauth").await?;
        Ok(session)
    }
}
