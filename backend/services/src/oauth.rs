//! OAuth applications of organizations (X1) and, below, what users let them do (X2, X3).

mod assignments;
mod authorizations;
mod description;
mod exchange;
mod listing;
mod redirects;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use berth_crypto::tokens as texts;
use berth_domain::{
    AccountId, AccountKind, ApplicationId, Error, Event, Namespace, Noun, Result, Scope, Scopes,
    Secret, Timestamp, shorten,
};
use berth_store::accounts::Account;
use berth_store::oauth::applications::{self as rows, Application};
use berth_store::{Conn, Tx};

pub use assignments::{ApplicationAssignment, AssignmentView};
pub use authorizations::{
    Asked, AuthorizationView, Authorizations, Consent, Granted, Reason, Refusal,
};
pub use description::{Change, DESCRIPTION_MAX, Description, NAME_MAX};
pub use exchange::{Exchange, ExchangeRefusal, Exchanged};
pub use listing::{ApplicationKey, ApplicationList, ApplicationSort};
pub use tokens::{TOKEN_NAME_MAX, TOKENS_MAX, TokenView};

use crate::access::Access;
use crate::access::namespace::{Administer, View};
use crate::access::policy::{self, Decision, NamespaceAction};
use crate::actor::Actor;
use crate::core::Core;
use crate::directory::{Profile, profile};
use crate::journal::Subject;
use crate::settings::AvatarKind;

/// Life of an access token for which nobody asked for a shorter one, as clients expect it: ten years.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_hours(87_660);
/// What the secret of an application is sealed for.
pub(crate) const SECRET_CONTEXT: &str = "oauth-client-secret";

/// Applications of organizations, and the access tokens that their administrators make.
#[derive(Clone)]
pub struct Applications {
    core: Arc<Core>,
}

/// An application among those of an organization.
#[derive(Debug, Clone, Copy)]
pub struct Which<'a> {
    /// The organization, where the caller names it: then what is not there may be told from what is hidden.
    pub organization: Option<&'a Namespace>,
    /// By which the application names itself.
    pub client_id: &'a str,
}

/// An application as those see it who look after its organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationView {
    /// Place in the list of applications.
    pub id: ApplicationId,
    /// Whose it is.
    pub organization: Namespace,
    /// By which it names itself.
    pub client_id: String,
    /// What people call it.
    pub name: String,
    /// Where it presents itself; may be empty.
    pub homepage: String,
    /// What it is for; may be empty.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What administrators alone see.
    pub private: Option<Private>,
}

/// What administrators alone see of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Private {
    /// By which it proves itself when it changes a code for a token; none where nobody asked for it.
    pub client_secret: Option<Secret<String>>,
    /// What every address begins with that browsers are sent back to.
    pub redirect_prefix: String,
    /// Its picture is made from this address.
    pub avatar_email: Option<String>,
}

/// How much of an application is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Not what is private.
    Public,
    /// All but the secret.
    Settings,
    /// All of it.
    Secret,
}

impl Shown {
    const fn to(administers: bool, with_secret: bool) -> Self {
        match (administers, with_secret) {
            (false, _) => Self::Public,
            (true, false) => Self::Settings,
            (true, true) => Self::Secret,
        }
    }
}

/// What everybody may know of an application who has its client id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationInfo {
    /// By which it names itself.
    pub client_id: String,
    /// What people call it.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Where it presents itself; may be empty.
    pub homepage: String,
    /// A hash in hex of its address, or of what the picture of its namespace is made from.
    pub avatar_hash: String,
    /// Who runs it: an organization, or the first user for what set-up made.
    pub owner: Profile,
}

impl ApplicationInfo {
    fn new(avatars: AvatarKind, application: Application, owner: &Account) -> Result<Self> {
        let email = application.avatar_email.as_deref();
        Ok(Self {
            avatar_hash: email.map_or_else(
                || avatars.of_account(owner),
                |email| avatars.of_email(email),
            ),
            client_id: application.client_id,
            name: application.name,
            description: application.description,
            homepage: application.homepage,
            owner: profile(avatars, owner)?,
        })
    }
}

/// An application that is not there and one that the actor may not know of are the same.
fn hidden(error: Error) -> Error {
    match error {
        Error::Hidden(_) => Error::Hidden(Noun::Application),
        other => other,
    }
}

fn subject(namespace: AccountId) -> Subject {
    Subject {
        namespace: Some(namespace),
        repository: None,
    }
}

impl Core {
    /// Reads scopes as they were asked for, separated by spaces or commas.
    ///
    /// # Errors
    /// No scope, and the first that is none.
    fn scopes(&self, text: &str) -> Result<Scopes> {
        let refused = |word: &str| {
            Error::invalid_value(format!("Invalid scope: {}", shorten(word))).in_field("scope")
        };
        let mut scopes = Vec::new();
        for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
            let scope: Scope = word.parse().map_err(|_| refused(word))?;
            if scope == Scope::SuperUser && !self.settings.users.superusers_enabled {
                return Err(refused(word));
            }
            scopes.push(scope);
        }
        if scopes.is_empty() {
            return Err(refused(text.trim()));
        }
        Ok(scopes.into_iter().collect())
    }
}

impl Applications {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Makes an application of an organization, with a secret.
    ///
    /// # Errors
    /// A field that is refused, by name; an actor that does not administer the organization.
    pub async fn create(
        &self,
        actor: &Actor,
        organization: &Namespace,
        description: &Description,
    ) -> Result<ApplicationView> {
        let client_id = texts::oauth_client_id();
        let sealed = self.sealed_secret();
        self.core
            .db
            .write(async |tx| {
                let gate = &self.core.gate;
                let access = gate
                    .organization::<Administer>(tx, actor, organization)
                    .await?;
                let described = description.checked()?;
                let names = (client_id.as_str(), sealed.as_str());
                let row = rows::insert(tx, access.id, names, described, self.core.now()).await?;
                let event = Event::ApplicationCreated {
                    application: row.name.clone(),
                    client_id: row.client_id.clone(),
                    fields: description.fields(),
                };
                self.record(tx, actor, access.id, &event).await?;
                self.view(row, &access.name, Shown::Secret)
            })
            .await
    }

    /// One application of an organization, to whom [`Self::page`] shows it, and as that does.
    ///
    /// # Errors
    /// Not found for a client id that the organization does not have.
    pub async fn get(
        &self,
        actor: &Actor,
        organization: &Namespace,
        client_id: &str,
        with_secret: bool,
    ) -> Result<ApplicationView> {
        let mut conn = self.core.db.read().await?;
        let (row, access, administers) =
            self.read(&mut conn, actor, organization, client_id).await?;
        drop(conn);
        let shown = Shown::to(administers, with_secret);
        self.log_readings(actor, shown, std::slice::from_ref(&row))
            .await?;
        self.view(row, &access.name, shown)
    }

    async fn log_readings(
        &self,
        actor: &Actor,
        shown: Shown,
        applications: &[Application],
    ) -> Result<()> {
        if shown != Shown::Secret || applications.is_empty() {
            return Ok(());
        }
        self.core
            .db
            .write(async |tx| {
                for row in applications {
                    let event = Event::ApplicationSecretRead {
                        application: row.name.clone(),
                        client_id: row.client_id.clone(),
                    };
                    self.record(tx, actor, row.namespace_id, &event).await?;
                }
                Ok(())
            })
            .await
    }

    /// What everybody may know of an application.
    ///
    /// # Errors
    /// Not found for a client id that no application has.
    pub async fn info(&self, _: &Actor, client_id: &str) -> Result<ApplicationInfo> {
        let mut conn = self.core.db.read().await?;
        let found = rows::by_client_id(&mut conn, client_id).await?;
        let (row, owner) = found.ok_or_else(|| Error::not_found(Noun::Application, client_id))?;
        ApplicationInfo::new(self.core.settings.registry.avatars, row, &owner)
    }

    /// Changes what an application says of itself. Tokens and codes stay as they are.
    ///
    /// # Errors
    /// A field that is refused, by name; an application that the actor does not administer.
    pub async fn update(
        &self,
        actor: &Actor,
        which: Which<'_>,
        change: &Change,
    ) -> Result<ApplicationView> {
        self.core
            .db
            .write(async |tx| {
                let (row, access) = self.administered(tx, actor, which).await?;
                let description = change.of(&row);
                let row = rows::describe(tx, row.id, description.checked()?).await?;
                let event = Event::ApplicationUpdated {
                    application: row.name.clone(),
                    client_id: row.client_id.clone(),
                    fields: description.fields(),
                };
                self.record(tx, actor, access.id, &event).await?;
                self.view(row, &access.name, Shown::Secret)
            })
            .await
    }

    /// Gives an application another secret; the old one is refused from now on. Tokens stay.
    ///
    /// # Errors
    /// An application that the actor does not administer.
    pub async fn reset_secret(&self, actor: &Actor, which: Which<'_>) -> Result<ApplicationView> {
        let sealed = self.sealed_secret();
        self.core
            .db
            .write(async |tx| {
                let (row, access) = self.administered(tx, actor, which).await?;
                rows::set_secret(tx, row.id, &sealed).await?;
                let event = Event::ApplicationSecretReset {
                    application: row.name.clone(),
                    client_id: row.client_id.clone(),
                };
                self.record(tx, actor, access.id, &event).await?;
                let row = Application {
                    secret_sealed: sealed.clone(),
                    ..row
                };
                self.view(row, &access.name, Shown::Secret)
            })
            .await
    }

    /// Deletes an application; its tokens, codes and assignments end with it.
    ///
    /// # Errors
    /// An application that the actor does not administer.
    pub async fn delete(&self, actor: &Actor, which: Which<'_>) -> Result<()> {
        self.core
            .db
            .write(async |tx| {
                let (row, access) = self.administered(tx, actor, which).await?;
                self.core.withdraw_assignments(tx, row.id).await?;
                rows::delete(tx, row.id).await?;
                let event = Event::ApplicationDeleted {
                    application: row.name,
                    client_id: row.client_id,
                };
                self.record(tx, actor, access.id, &event).await
            })
            .await
    }

    fn sealed_secret(&self) -> String {
        let secret = texts::oauth_access_token();
        self.core.sealing.seal(SECRET_CONTEXT, secret.expose())
    }

    async fn record(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        namespace: AccountId,
        event: &Event,
    ) -> Result<()> {
        let journal = &self.core.journal;
        journal.record(tx, actor, subject(namespace), event).await
    }

    fn view(
        &self,
        row: Application,
        organization: &Namespace,
        shown: Shown,
    ) -> Result<ApplicationView> {
        let client_secret = match shown {
            Shown::Public | Shown::Settings => None,
            Shown::Secret => {
                let sealing = &self.core.sealing;
                Some(sealing.open_text(SECRET_CONTEXT, &row.secret_sealed)?)
            }
        };
        let private = (shown != Shown::Public).then_some(Private {
            client_secret,
            redirect_prefix: row.redirect_prefix,
            avatar_email: row.avatar_email,
        });
        Ok(ApplicationView {
            id: row.id,
            organization: organization.clone(),
            client_id: row.client_id,
            name: row.name,
            homepage: row.homepage,
            description: row.description,
            created_at: row.created_at,
            private,
        })
    }

    /// An application, for who administers its organization.
    async fn administered(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        which: Which<'_>,
    ) -> Result<(Application, Access<Administer>)> {
        if let Some(organization) = which.organization {
            let gate = &self.core.gate;
            let access = gate
                .organization::<Administer>(conn, actor, organization)
                .await?;
            let row = within(conn, access.id, which.client_id).await?;
            return Ok((row, access));
        }
        let found = rows::by_client_id(conn, which.client_id).await?;
        // What is not there is looked for as long as what the actor may not know of.
        let owner = found.as_ref().map_or(AccountId(0), |(_, owner)| owner.id);
        let gate = &self.core.gate;
        let mut each = gate
            .each_namespace::<Administer>(conn, actor, &[owner])
            .await?;
        let access = each.pop().unwrap_or(Err(Error::Hidden(Noun::Application)));
        match (found, access.map_err(hidden)?) {
            (Some((row, _)), access) if access.kind == AccountKind::Organization => {
                Ok((row, access))
            }
            _ => Err(Error::Hidden(Noun::Application)),
        }
    }

    /// An organization, for who reads its applications, and whether with what is private. Reading needs the
    /// right alone, and no registry that takes writes.
    async fn readable(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        name: &Namespace,
    ) -> Result<(Access<View>, bool)> {
        let gate = &self.core.gate;
        let access = gate.organization::<View>(conn, actor, name).await?;
        let action = NamespaceAction::Administer;
        let decision = policy::decide_namespace(actor, &access, action, gate.switches());
        if decision == Decision::Allowed {
            return Ok((access, true));
        }
        if actor.read_only_superuser {
            return Ok((access, false));
        }
        Err(Error::forbidden(format!(
            "this needs an administrator of `{}`",
            access.name
        )))
    }

    async fn read(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        organization: &Namespace,
        client_id: &str,
    ) -> Result<(Application, Access<View>, bool)> {
        let (access, administers) = self.readable(conn, actor, organization).await?;
        let row = within(conn, access.id, client_id).await?;
        Ok((row, access, administers))
    }
}

/// The application of a namespace that names itself so.
async fn within(conn: &mut Conn, namespace: AccountId, client_id: &str) -> Result<Application> {
    let found = rows::by_client_id(conn, client_id).await?;
    found
        .map(|(row, _)| row)
        .filter(|row| row.namespace_id == namespace)
        .ok_or_else(|| Error::not_found(Noun::Application, client_id))
}
