//! Consents that administrators of an application ask other users for (X3). The user decides, and the token is the
//! user's, so that logs show who acts. Until then administrators see whom they have asked, and may take it back.

use berth_domain::{
    AccountId, AccountKind, AssignmentId, Error, Event, Namespace, NotificationKind, Noun, Page,
    PageRequest, ResponseType, Result, Scopes, Timestamp,
};
use berth_store::accounts::{self, Account};
use berth_store::notifications as told;
use berth_store::oauth::applications::{self, Application};
use berth_store::oauth::assignments::{self as rows, Assignment, NewAssignment};
use serde_json::json;
use uuid::Uuid;

use super::authorizations::{Asked, Authorizations, Reason};
use super::{ApplicationInfo, Applications, Which, hidden, redirects, subject};
use crate::access::namespace::Administer;
use crate::actor::Actor;
use crate::notifications::{Audience, Notice};
use crate::settings::AvatarKind;

/// What the bell says of one.
pub(super) const TOLD: NotificationKind = NotificationKind::AssignedAuthorization;

/// What a user is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentView {
    /// Place in the list.
    pub id: AssignmentId,
    /// Public id; a consent names it.
    pub uuid: String,
    /// What the token may do.
    pub scopes: Scopes,
    /// Where the browser goes with it.
    pub redirect_uri: String,
    /// What the application gets.
    pub response_type: ResponseType,
    /// Which application gets it.
    pub application: ApplicationInfo,
    /// When it was asked for.
    pub created_at: Timestamp,
}

impl AssignmentView {
    fn new(
        avatars: AvatarKind,
        (row, application, owner): (Assignment, Application, Account),
    ) -> Result<Self> {
        Ok(Self {
            id: row.id,
            uuid: row.uuid,
            scopes: row.scopes,
            redirect_uri: row.redirect_uri,
            response_type: row.response_type,
            application: ApplicationInfo::new(avatars, application, &owner)?,
            created_at: row.created_at,
        })
    }
}

/// What a user is asked for, as those see it who look after the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationAssignment {
    /// Place in the list.
    pub id: AssignmentId,
    /// Public id.
    pub uuid: String,
    /// Who is asked, by name.
    pub user: String,
    /// What the token may do.
    pub scopes: Scopes,
    /// When it was asked for.
    pub created_at: Timestamp,
}

impl From<(Assignment, Option<String>)> for ApplicationAssignment {
    fn from((row, user): (Assignment, Option<String>)) -> Self {
        Self {
            id: row.id,
            uuid: row.uuid,
            user: user.unwrap_or_default(),
            scopes: row.scopes,
            created_at: row.created_at,
        }
    }
}

impl Applications {
    /// What users are asked for and have not answered yet, the newest first; also where assigning is switched off by
    /// now.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn assignments(
        &self,
        actor: &Actor,
        organization: &Namespace,
        client_id: &str,
        page: &PageRequest<AssignmentId>,
    ) -> Result<Page<ApplicationAssignment>> {
        let mut conn = self.core.db.read().await?;
        let (row, ..) = self.read(&mut conn, actor, organization, client_id).await?;
        let found = rows::page_of_application(&mut conn, row.id, page.after, page.fetch()).await?;
        Ok(page.page(found).map(Into::into))
    }

    /// The user is not asked this any more, and the bell is quiet about it.
    ///
    /// # Errors
    /// An application that the actor does not administer; not found for what it does not ask anybody.
    pub async fn withdraw_assignment(
        &self,
        actor: &Actor,
        which: Which<'_>,
        uuid: &str,
    ) -> Result<()> {
        self.core
            .db
            .write(async |tx| {
                let (application, access) = self.administered(tx, actor, which).await?;
                let absent = || Error::not_found(Noun::Assignment, uuid);
                let found = rows::of_application(tx, application.id, uuid).await?;
                let (row, user) = found.ok_or_else(absent)?;
                // Who accepted it at the same moment was faster.
                if !rows::delete(tx, row.id).await? {
                    return Err(absent());
                }
                self.core.withdraw(tx, TOLD, uuid).await?;
                let event = Event::AssignmentWithdrawn {
                    user: user.unwrap_or_default(),
                    application: application.name,
                    client_id: application.client_id,
                };
                self.record(tx, actor, access.id, &event).await
            })
            .await
    }
}

impl Authorizations {
    fn assigning(&self) -> Result<()> {
        if self.core.settings.oauth.assignments {
            return Ok(());
        }
        Err(Error::FeatureOff {
            message: "assigning tokens is switched off (`FEATURE_ASSIGN_OAUTH_TOKEN`)".into(),
        })
    }

    /// Asks a user to consent to an application. `own` is as for [`Authorizations::consent`].
    ///
    /// # Errors
    /// An application that the actor does not administer; a user who is not there or disabled; a refused field.
    pub async fn assign(
        &self,
        actor: &Actor,
        asked: &Asked,
        own: &str,
        username: &str,
    ) -> Result<AssignmentView> {
        self.core.gate.consent(actor)?;
        self.assigning()?;
        let uuid = Uuid::new_v4().to_string();
        let core = &self.core;
        core.db
            .write(async |tx| {
                let found = applications::by_client_id(tx, &asked.client_id).await?;
                // What is not there is looked for as long as what the actor may not know of.
                let owner = found.as_ref().map_or(AccountId(0), |(_, owner)| owner.id);
                let mut each = core
                    .gate
                    .each_namespace::<Administer>(tx, actor, &[owner])
                    .await?;
                let access = each.pop().unwrap_or(Err(Error::Hidden(Noun::Application)));
                let access = access.map_err(hidden)?;
                let (application, owner) = found.ok_or(Error::Hidden(Noun::Application))?;
                let prefix = &application.redirect_prefix;
                if !redirects::is_allowed(prefix, own, &asked.redirect_uri) {
                    return Err(Reason::RedirectMismatch.into());
                }
                let response_type: ResponseType = asked
                    .response_type
                    .parse()
                    .map_err(|_| Error::from(Reason::UnsupportedResponseType))?;
                let scopes = core.scopes(&asked.scope)?;
                let unknown = || Error::not_found(Noun::User, username);
                let name: Namespace = username.parse().map_err(|_| unknown())?;
                let user = accounts::by_name(tx, &name).await?;
                let user = user
                    .filter(|user| user.kind == AccountKind::User && user.enabled)
                    .ok_or_else(unknown)?;
                let new = NewAssignment {
                    uuid: &uuid,
                    application_id: application.id,
                    account_id: user.id,
                    scopes: &scopes,
                    redirect_uri: &asked.redirect_uri,
                    response_type,
                };
                let row = rows::insert(tx, &new, core.now()).await?;
                let event = Event::AuthorizationAssigned {
                    by: actor.name().unwrap_or_default(),
                    user: name,
                    application: application.name.clone(),
                    client_id: application.client_id.clone(),
                };
                let subject = subject(access.id);
                core.journal.record(tx, actor, subject, &event).await?;
                let notice = Notice {
                    kind: TOLD,
                    subject: &uuid,
                    organization: Some(access.id),
                    metadata: &json!({ "application": application.name }),
                };
                core.notify(tx, Audience::Users(&[user.id]), notice).await?;
                let avatars = core.settings.registry.avatars;
                AssignmentView::new(avatars, (row, application, owner))
            })
            .await
    }

    /// What the actor is asked for, the newest first.
    pub async fn assigned(
        &self,
        actor: &Actor,
        page: &PageRequest<AssignmentId>,
    ) -> Result<Page<AssignmentView>> {
        let user = self.core.gate.view_account(actor)?.id;
        self.assigning()?;
        let mut conn = self.core.db.read().await?;
        let found = rows::page(&mut conn, user, page.after, page.fetch()).await?;
        let found = page.page(found);
        let avatars = self.core.settings.registry.avatars;
        let views = found.items.into_iter();
        let views = views.map(|found| AssignmentView::new(avatars, found));
        Ok(Page {
            items: views.collect::<Result<_>>()?,
            has_more: found.has_more,
        })
    }

    /// Puts away what the bell says of all of them, which the actor has just read in the list. Reading does not
    /// fail over it, nor where the registry takes no writes.
    pub async fn note_read(&self, actor: &Actor) {
        let Ok(own) = self.core.gate.administer_account(actor) else {
            return;
        };
        let put_away = self
            .core
            .db
            .write_relaxed(async |tx| told::dismiss_kind(tx, own.id, TOLD.as_str()).await);
        if let Err(error) = put_away.await {
            tracing::warn!(error = ?error, "what was read could not be put away in the bell");
        }
    }

    /// The actor does not want to be asked this.
    ///
    /// # Errors
    /// Not found for what the actor is not asked for.
    pub async fn decline(&self, actor: &Actor, uuid: &str) -> Result<()> {
        let user = self.core.gate.administer_account(actor)?.id;
        self.assigning()?;
        self.core
            .db
            .write(async |tx| {
                let absent = || Error::not_found(Noun::Assignment, uuid);
                let found = rows::of_account(tx, user, uuid).await?;
                let (row, application) = found.ok_or_else(absent)?;
                // Who withdrew it at the same moment was faster.
                if !rows::delete(tx, row.id).await? {
                    return Err(absent());
                }
                self.core.withdraw(tx, TOLD, uuid).await?;
                let event = Event::AssignmentDeclined {
                    user: actor.name().unwrap_or_default(),
                    application: application.name,
                    client_id: application.client_id,
                };
                let subject = subject(application.namespace_id);
                self.core.journal.record(tx, actor, subject, &event).await
            })
            .await
    }
}
