//! What users let applications do: the question, the consent, and the end of it (X2).

use std::sync::Arc;
use std::time::Duration;

use berth_crypto::tokens as texts;
use berth_domain::{
    AccountId, Error, Event, Noun, OAuthTokenId, Page, PageRequest, ResponseType, Result, Scopes,
    Secret, Timestamp,
};
use berth_store::accounts::Account;
use berth_store::oauth::applications::{self, Application};
use berth_store::oauth::assignments::{self, Assignment};
use berth_store::oauth::codes::{self, NewCode};
use berth_store::oauth::{self as rows, NewToken, OAuthToken};
use berth_store::{Conn, Tx};
use uuid::Uuid;

use super::assignments::TOLD;
use super::{ApplicationInfo, TOKEN_LIFE, redirects, subject};
use crate::access::namespace::Administer;
use crate::actor::Actor;
use crate::authn::Authn;
use crate::core::Core;
use crate::settings::AvatarKind;

/// How long an application has to change a code for its token.
const CODE_LIFE: Duration = Duration::from_mins(10);

/// What users let applications do.
#[derive(Clone)]
pub struct Authorizations {
    pub(super) core: Arc<Core>,
    pub(super) authn: Authn,
}

/// What an application asks a user for, as it stands in its request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// By which it names itself.
    pub client_id: String,
    /// Where the browser goes with the answer.
    pub redirect_uri: String,
    /// Scopes, separated by spaces or commas.
    pub scope: String,
    /// `code` or `token`.
    pub response_type: String,
    /// Comes back as it is.
    pub state: Option<String>,
    /// Public id of what an administrator has asked this user for; its scopes count, not those above.
    pub assignment: Option<String>,
}

/// The question that a user is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Who asks.
    pub application: ApplicationInfo,
    /// For what.
    pub scopes: Scopes,
    /// What it gets.
    pub response_type: ResponseType,
    /// Whether a live token that this application got by the user's consent allows it already, so that nobody
    /// needs to ask.
    pub is_covered: bool,
}

/// A consent that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// Where the browser goes now, with the code or the token in it.
    pub location: Secret<String>,
}

/// A question that is not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Where the browser may be sent with the reason: to the address in the request where that is the
    /// application's, to the application's own where it is not.
    pub location: Option<String>,
}

/// Why a question is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No application names itself so.
    UnknownClient,
    /// The user neither administers the application's organization nor was assigned this by someone who does.
    AccessDenied,
    /// The address is not one of the application.
    RedirectMismatch,
    /// Neither `code` nor `token`.
    UnsupportedResponseType,
    /// No scope, or one that is none.
    InvalidScope,
    /// What was assigned is something else, or assigning is switched off.
    AssignmentUnusable,
}

impl Reason {
    /// The word for it in OAuth.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::RedirectMismatch => "redirect_uri_mismatch",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::AssignmentUnusable => "invalid_request",
        }
    }

    /// The same in a sentence.
    pub const fn message(self) -> &'static str {
        match self {
            Self::UnknownClient => "there is no such application",
            Self::AccessDenied => {
                "this is for administrators of the application's organization and for whom they have assigned it to"
            }
            Self::RedirectMismatch => {
                "the application does not have this address; it has to begin with its redirect prefix"
            }
            Self::UnsupportedResponseType => "the response type is `code` or `token`",
            Self::InvalidScope => "name one scope or more, and only those that there are",
            Self::AssignmentUnusable => {
                "what was assigned has another response type, or assigning is switched off (`FEATURE_ASSIGN_OAUTH_TOKEN`)"
            }
        }
    }

    const fn refusal(self, location: Option<String>) -> Refusal {
        Refusal {
            reason: self,
            location,
        }
    }
}

impl From<Reason> for Error {
    /// For callers that are not sent anywhere. Who may not be asked learns nothing of the application.
    fn from(reason: Reason) -> Self {
        let field = match reason {
            Reason::UnknownClient | Reason::AccessDenied => {
                return Self::Hidden(Noun::Application);
            }
            Reason::RedirectMismatch => "redirectUri",
            Reason::UnsupportedResponseType => "responseType",
            Reason::InvalidScope => "scope",
            Reason::AssignmentUnusable => "assignment",
        };
        Self::invalid_value(reason.message()).in_field(field)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        refusal.reason.into()
    }
}

/// A live access token, as the user sees it whose rights it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationView {
    /// Place in the list.
    pub id: OAuthTokenId,
    /// Public id.
    pub uuid: String,
    /// What it is called, where the user made it by name.
    pub name: Option<String>,
    /// What it may do.
    pub scopes: Scopes,
    /// Which application has it.
    pub application: ApplicationInfo,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to within five minutes.
    pub last_used_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl AuthorizationView {
    fn new(
        avatars: AvatarKind,
        (row, application, owner): (OAuthToken, Application, Account),
    ) -> Result<Self> {
        Ok(Self {
            id: row.id,
            uuid: row.uuid,
            name: row.name,
            scopes: row.scopes,
            application: ApplicationInfo::new(avatars, application, &owner)?,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        })
    }
}

/// A question that may be asked.
struct Checked {
    application: Application,
    owner: Account,
    scopes: Scopes,
    response_type: ResponseType,
    assignment: Option<Assignment>,
}

impl Authorizations {
    pub(crate) const fn new(core: Arc<Core>, authn: Authn) -> Self {
        Self { core, authn }
    }

    /// What a user is to be asked. `own` is the address under which the browser reached the registry, such as
    /// `https://registry.example.com`.
    ///
    /// # Errors
    /// An actor who cannot consent; the refusal is no error.
    pub async fn consent(
        &self,
        actor: &Actor,
        asked: &Asked,
        own: &str,
    ) -> Result<Result<Consent, Refusal>> {
        let user = self.core.gate.consent(actor)?.id;
        let mut conn = self.core.db.read().await?;
        let checked = match self.checked(&mut conn, actor, user, asked, own).await? {
            Ok(checked) => checked,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // What somebody else has thought of is always asked.
        let is_covered = if checked.assignment.is_none() {
            let now = self.core.now();
            let held = rows::consented(&mut conn, checked.application.id, user, now).await?;
            held.iter().any(|held| held.covers(&checked.scopes))
        } else {
            false
        };
        Ok(Ok(Consent {
            application: ApplicationInfo::new(
                self.core.settings.registry.avatars,
                checked.application,
                &checked.owner,
            )?,
            scopes: checked.scopes,
            response_type: checked.response_type,
            is_covered,
        }))
    }

    /// The user consents: the application gets a code or a token, by the browser. What was assigned is used up.
    ///
    /// # Errors
    /// An actor who cannot consent; the refusal is no error.
    pub async fn authorize(
        &self,
        actor: &Actor,
        asked: &Asked,
        own: &str,
    ) -> Result<Result<Granted, Refusal>> {
        let user = self.core.gate.consent(actor)?.id;
        let (code, token) = (texts::session_token(), texts::oauth_access_token());
        self.core
            .db
            .write(async |tx| {
                let checked = match self.checked(tx, actor, user, asked, own).await? {
                    Ok(checked) => checked,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                if let Some(assignment) = &checked.assignment {
                    if !assignments::delete(tx, assignment.id).await? {
                        let location = asked.error(Reason::AccessDenied.code());
                        return Ok(Err(Reason::AccessDenied.refusal(Some(location))));
                    }
                    self.core.withdraw(tx, TOLD, &assignment.uuid).await?;
                }
                let location = match checked.response_type {
                    ResponseType::Code => {
                        self.give_code(tx, user, &checked, asked, &code).await?;
                        asked.redirect(&[("code", Some(code.expose()))])
                    }
                    ResponseType::Token => {
                        self.give_token(tx, actor, user, &checked, &token).await?;
                        let scope = checked.scopes.as_str();
                        let location = asked.redirect(&[("scope", Some(scope))]);
                        // Clients cut the token at the first `&`.
                        format!(
                            "{location}#access_token={}&token_type=Bearer&expires_in={}",
                            token.expose(),
                            TOKEN_LIFE.as_secs()
                        )
                    }
                };
                Ok(Ok(Granted {
                    location: location.into(),
                }))
            })
            .await
    }

    /// The user refuses; gives where the browser goes with that.
    ///
    /// # Errors
    /// An actor who cannot consent; the refusal is no error.
    pub async fn deny(
        &self,
        actor: &Actor,
        asked: &Asked,
        own: &str,
    ) -> Result<Result<String, Refusal>> {
        let user = self.core.gate.consent(actor)?.id;
        let mut conn = self.core.db.read().await?;
        let checked = self.checked(&mut conn, actor, user, asked, own).await?;
        Ok(checked.map(|_| asked.error("authorization_denied")))
    }

    /// Whether the user may be asked this. Nothing of the application is told to who may not be asked, and a
    /// browser is sent to no address that is not the application's.
    async fn checked(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        user: AccountId,
        asked: &Asked,
        own: &str,
    ) -> Result<Result<Checked, Refusal>> {
        let found = applications::by_client_id(conn, &asked.client_id).await?;
        // What is not there is looked for as long as what the user may not be asked about.
        let owner = found.as_ref().map_or(AccountId(0), |(_, owner)| owner.id);
        let assignment = match &asked.assignment {
            Some(uuid) => assignments::of_account(conn, user, uuid).await?,
            None => None,
        };
        let assignment = assignment.map(|(row, _)| row);
        let administers = self.administers(conn, actor, owner).await?;
        let Some((application, owner)) = found else {
            return Ok(Err(Reason::UnknownClient.refusal(None)));
        };
        let is_theirs =
            redirects::is_allowed(&application.redirect_prefix, own, &asked.redirect_uri);
        let refused = |reason: Reason| {
            let location = is_theirs.then(|| asked.error(reason.code()));
            Ok(Err(reason.refusal(location)))
        };
        let assignment = assignment.filter(|row| row.application_id == application.id);
        let may_be_asked = match &asked.assignment {
            Some(_) => assignment.is_some(),
            None => administers,
        };
        if !may_be_asked {
            return refused(Reason::AccessDenied);
        }
        if !is_theirs {
            let prefix = &application.redirect_prefix;
            let location = redirects::is_allowed(prefix, own, prefix)
                .then(|| asked.error_at(prefix, Reason::RedirectMismatch.code()));
            return Ok(Err(Reason::RedirectMismatch.refusal(location)));
        }
        let Ok(response_type) = asked.response_type.parse::<ResponseType>() else {
            return refused(Reason::UnsupportedResponseType);
        };
        let Ok(mut scopes) = self.core.scopes(&asked.scope) else {
            return refused(Reason::InvalidScope);
        };
        if let Some(assignment) = &assignment {
            let is_on = self.core.settings.oauth.assignments;
            if !is_on || assignment.response_type != response_type {
                return Ok(Err(Reason::AssignmentUnusable.refusal(None)));
            }
            scopes.clone_from(&assignment.scopes);
        }
        Ok(Ok(Checked {
            application,
            owner,
            scopes,
            response_type,
            assignment,
        }))
    }

    async fn administers(&self, conn: &mut Conn, actor: &Actor, owner: AccountId) -> Result<bool> {
        let gate = &self.core.gate;
        let held = gate.namespaces::<Administer>(conn, actor, &[owner]).await?;
        Ok(!held.is_empty())
    }

    async fn give_code(
        &self,
        tx: &mut Tx,
        user: AccountId,
        checked: &Checked,
        asked: &Asked,
        code: &Secret<String>,
    ) -> Result<()> {
        let now = self.core.now();
        let new = NewCode {
            application_id: checked.application.id,
            account_id: user,
            code_hash: &texts::hash_token(code.expose()),
            scopes: &checked.scopes,
            redirect_uri: &asked.redirect_uri,
            expires_at: now.after(CODE_LIFE),
        };
        codes::insert(tx, &new, now).await
    }

    async fn give_token(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        user: AccountId,
        checked: &Checked,
        token: &Secret<String>,
    ) -> Result<()> {
        let new = NewToken {
            uuid: &Uuid::new_v4().to_string(),
            application_id: checked.application.id,
            account_id: user,
            name: None,
            scopes: &checked.scopes,
            token_hash: &texts::hash_token(token.expose()),
            code_hash: None,
            expires_at: self.core.now().after(TOKEN_LIFE),
        };
        self.insert_token(tx, actor, &checked.application, &new)
            .await
    }

    /// Adds a token that a user has consented to.
    pub(super) async fn insert_token(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        application: &Application,
        new: &NewToken<'_>,
    ) -> Result<()> {
        rows::insert_token(tx, new, self.core.now()).await?;
        let event = Event::AccessTokenCreated {
            uuid: new.uuid.to_owned(),
            scopes: new.scopes.clone(),
            name: None,
            application: application.name.clone(),
            client_id: application.client_id.clone(),
        };
        let subject = subject(application.namespace_id);
        self.core.journal.record(tx, actor, subject, &event).await
    }

    /// Ends a token, and says so in the log of its application.
    pub(super) async fn end_token(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        row: OAuthToken,
        application: Application,
    ) -> Result<()> {
        rows::delete_token(tx, row.id).await?;
        let event = Event::AuthorizationRevoked {
            uuid: row.uuid,
            scopes: row.scopes,
            application: application.name,
            client_id: application.client_id,
        };
        let subject = subject(application.namespace_id);
        self.core.journal.record(tx, actor, subject, &event).await
    }

    /// The live tokens that use the actor's own rights, the newest first.
    pub async fn page(
        &self,
        actor: &Actor,
        page: &PageRequest<OAuthTokenId>,
    ) -> Result<Page<AuthorizationView>> {
        let user = self.core.gate.view_account(actor)?.id;
        let mut conn = self.core.db.read().await?;
        let (now, limit) = (self.core.now(), page.fetch());
        let found = rows::page_of_account(&mut conn, user, now, page.after, limit).await?;
        let found = page.page(found);
        let avatars = self.core.settings.registry.avatars;
        let views = found.items.into_iter();
        let views = views.map(|found| AuthorizationView::new(avatars, found));
        Ok(Page {
            items: views.collect::<Result<_>>()?,
            has_more: found.has_more,
        })
    }

    /// One of them by its public id.
    ///
    /// # Errors
    /// Not found for a token that the actor does not have.
    pub async fn get(&self, actor: &Actor, uuid: &str) -> Result<AuthorizationView> {
        let user = self.core.gate.view_account(actor)?.id;
        let mut conn = self.core.db.read().await?;
        let found = rows::of_account(&mut conn, user, uuid, self.core.now()).await?;
        let found = found.ok_or_else(|| Error::not_found(Noun::AccessToken, uuid))?;
        AuthorizationView::new(self.core.settings.registry.avatars, found)
    }

    /// Ends one of them; it is refused from the next request on.
    ///
    /// # Errors
    /// Not found for a token that the actor does not have.
    pub async fn revoke(&self, actor: &Actor, uuid: &str) -> Result<()> {
        let user = self.core.gate.administer_account(actor)?.id;
        let now = self.core.now();
        self.core
            .db
            .write(async |tx| {
                let (row, application, _) = rows::of_account(tx, user, uuid, now)
                    .await?
                    .ok_or_else(|| Error::not_found(Noun::AccessToken, uuid))?;
                self.end_token(tx, actor, row, application).await
            })
            .await
    }
}

impl Asked {
    /// The address in the request with something more, and what the application wants back.
    fn redirect(&self, more: &[(&str, Option<&str>)]) -> String {
        self.redirect_to(&self.redirect_uri, more)
    }

    fn redirect_to(&self, address: &str, more: &[(&str, Option<&str>)]) -> String {
        let state = self.state.as_deref().filter(|state| !state.is_empty());
        let all: Vec<_> = more.iter().copied().chain([("state", state)]).collect();
        redirects::with(address, &all)
    }

    fn error(&self, code: &str) -> String {
        self.redirect(&[("error", Some(code))])
    }

    fn error_at(&self, address: &str, code: &str) -> String {
        self.redirect_to(address, &[("error", Some(code))])
    }
}
