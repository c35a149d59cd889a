//! OAuth applications, their access tokens, and what users let them do.

use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};
use berth_domain::{ApplicationId, AssignmentId, OAuthTokenId, Page, PageRequest, Scopes};
use berth_services::oauth::{
    ApplicationAssignment as AssignmentRow, ApplicationInfo, ApplicationKey, ApplicationList,
    ApplicationSort, ApplicationView, Asked, AssignmentView, AuthorizationView, Consent, Reason,
    Refusal, TokenView,
};
use serde::{Deserialize, Serialize};

use super::namespace::{Avatar, picture};
use super::repository::OrderDirection;
use crate::connection::{self, connection};
use crate::context::Asks;
use crate::error::{found, gql};
use crate::scalars::DateTime;

/// What an application gets for a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "berth_domain::ResponseType")]
pub(crate) enum AuthorizationResponseType {
    /// A code, which it changes for a token with its secret.
    Code,
    /// The token itself.
    Token,
}

impl AuthorizationResponseType {
    pub(crate) fn word(self) -> String {
        berth_domain::ResponseType::from(self).to_string()
    }
}

/// A scope in words.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub(crate) struct AccessScope {
    /// Such as `repo:read`.
    name: String,
    /// What it lets an application do, as a heading.
    title: String,
    /// The same in a sentence.
    description: String,
    /// Whether who grants it should have absolute trust in the application.
    is_dangerous: bool,
}

fn in_words(scopes: &Scopes) -> Vec<AccessScope> {
    let scopes = scopes.iter();
    scopes
        .map(|scope| AccessScope {
            name: scope.to_string(),
            title: scope.title().to_owned(),
            description: scope.description().to_owned(),
            is_dangerous: scope.is_dangerous(),
        })
        .collect()
}

/// An application of an organization.
#[derive(Clone)]
pub(crate) struct Application(pub(crate) ApplicationView);

/// An application of an organization, as those see it who look after the organization. Its secret is in the
/// payloads that make one.
#[Object]
impl Application {
    /// By which it names itself, and everything else names it.
    async fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it presents itself; may be empty.
    async fn homepage(&self) -> &str {
        &self.0.homepage
    }

    /// What it is for; may be empty.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// What every address begins with that browsers are sent back to; empty for none but the registry's own
    /// page. Null unless the viewer administers the organization.
    async fn redirect_prefix(&self) -> Option<&str> {
        let private = self.0.private.as_ref();
        private.map(|private| private.redirect_prefix.as_str())
    }

    /// Its picture is made from this address. Null where there is none, and unless the viewer administers the
    /// organization.
    async fn avatar_email(&self) -> Option<&str> {
        self.0.private.as_ref()?.avatar_email.as_deref()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// Its access tokens that have not ended, the newest first; null when hidden.
    async fn tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
    ) -> Result<Option<AccessTokenConnection>> {
        let skipped = after.is_some();
        let request = connection::request::<OAuthTokenId>(first, after)?;
        let (applications, actor) = (&ctx.services().applications, ctx.actor());
        let view = &self.0;
        let page = applications.tokens(&actor, &view.organization, &view.client_id, &request);
        let page = found(page.await)?;
        Ok(page.map(|page| {
            let rows = page.items.into_iter();
            let rows = rows.map(|view| (connection::cursor(&view.id), AccessToken(view)));
            AccessTokenConnection::new(skipped, page.has_more, rows.collect())
        }))
    }

    /// What users are asked to consent to and have not answered yet, the newest first; null when hidden.
    async fn assignments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
    ) -> Result<Option<ApplicationAssignmentConnection>> {
        let skipped = after.is_some();
        let request = connection::request::<AssignmentId>(first, after)?;
        let (applications, actor) = (&ctx.services().applications, ctx.actor());
        let view = &self.0;
        let page = applications.assignments(&actor, &view.organization, &view.client_id, &request);
        let page = found(page.await)?;
        Ok(page.map(|page| {
            let rows = page.items.into_iter();
            let rows = rows.map(|row| (connection::cursor(&row.id), ApplicationAssignment(row)));
            ApplicationAssignmentConnection::new(skipped, page.has_more, rows.collect())
        }))
    }
}

/// What a list of applications is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "ApplicationSort")]
pub(crate) enum ApplicationOrderField {
    /// When it was made.
    Created,
    /// The name, whatever its case.
    Name,
}

/// The order of a list of applications.
#[derive(Debug, Clone, Copy, InputObject)]
pub(crate) struct ApplicationOrder {
    /// By what.
    field: ApplicationOrderField,
    /// Which end comes first.
    direction: OrderDirection,
}

/// Narrows a list of applications.
#[derive(Debug, Clone, Default, InputObject)]
pub(crate) struct ApplicationFilter {
    /// Text in the name or in the client id, in any case.
    search: Option<String>,
}

/// What a cursor of this list holds.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    Created(ApplicationId),
    Name(String, ApplicationId),
}

impl From<Key> for ApplicationKey {
    fn from(key: Key) -> Self {
        match key {
            Key::Created(id) => Self::Created(id),
            Key::Name(name, id) => Self::Name(name, id),
        }
    }
}

fn cursor(view: &ApplicationView, by: ApplicationSort) -> String {
    connection::cursor(&match ApplicationKey::of(view, by) {
        ApplicationKey::Created(id) => Key::Created(id),
        ApplicationKey::Name(name, id) => Key::Name(name, id),
    })
}

connection!(
    ApplicationConnection,
    ApplicationEdge,
    Application,
    "the applications of an organization"
);

/// A page of an organization's applications; none when hidden. A cursor of another order starts from the beginning.
pub(crate) async fn applications(
    ctx: &Context<'_>,
    organization: &berth_domain::Namespace,
    first: Option<i32>,
    after: Option<String>,
    filter: Option<ApplicationFilter>,
    order_by: Option<ApplicationOrder>,
) -> Result<Option<ApplicationConnection>> {
    let skipped = after.is_some();
    let request = connection::request::<Key>(first, after)?;
    let request = PageRequest::new(request.after.map(Into::into), request.limit);
    let list = ApplicationList {
        search: filter.unwrap_or_default().search,
        by: order_by.map_or_else(ApplicationSort::default, |order| order.field.into()),
        descending: order_by.is_some_and(|order| order.direction == OrderDirection::Desc),
    };
    let (applications, actor) = (&ctx.services().applications, ctx.actor());
    let page = applications.page(&actor, organization, false, &list, &request);
    let page = found(page.await)?;
    Ok(page.map(|page| {
        let rows = page.items.into_iter();
        let rows = rows.map(|view| (cursor(&view, list.by), Application(view)));
        ApplicationConnection::new(skipped, page.has_more, rows.collect())
    }))
}

/// One application of an organization; none when absent or hidden.
pub(crate) async fn application(
    ctx: &Context<'_>,
    organization: &berth_domain::Namespace,
    client_id: &str,
) -> Result<Option<Application>> {
    let (applications, actor) = (&ctx.services().applications, ctx.actor());
    let view = applications.get(&actor, organization, client_id, false);
    Ok(found(view.await)?.map(Application))
}

/// An access token without its text.
#[derive(Clone)]
pub(crate) struct AccessToken(pub(crate) TokenView);

/// An access token of an application. Its text is in the payload that makes it.
#[Object]
impl AccessToken {
    /// Names it, for `revokeToken`.
    async fn uuid(&self) -> &str {
        &self.0.uuid
    }

    /// What it is called; null for one that a user has consented to.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// What it may do of what its user may.
    async fn scopes(&self) -> Vec<AccessScope> {
        in_words(&self.0.scopes)
    }

    /// Whose rights it uses, by name.
    async fn username(&self) -> &str {
        &self.0.user
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was last used, to within five minutes; null before.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(Into::into)
    }

    /// When it ends.
    async fn expires_at(&self) -> DateTime {
        self.0.expires_at.into()
    }
}

connection!(
    AccessTokenConnection,
    AccessTokenEdge,
    AccessToken,
    "the access tokens of an application"
);

/// What a user is asked for.
#[derive(Clone)]
pub(crate) struct ApplicationAssignment(AssignmentRow);

/// A consent that a user is asked for and has not answered yet, as those see it who look after the application.
#[Object]
impl ApplicationAssignment {
    /// Names it, for `withdrawAssignment`.
    async fn uuid(&self) -> &str {
        &self.0.uuid
    }

    /// Who is asked, by name.
    async fn username(&self) -> &str {
        &self.0.user
    }

    /// What the application will be able to do.
    async fn scopes(&self) -> Vec<AccessScope> {
        in_words(&self.0.scopes)
    }

    /// When it was asked for.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

connection!(
    ApplicationAssignmentConnection,
    ApplicationAssignmentEdge,
    ApplicationAssignment,
    "consents that users are asked for to an application"
);

/// An application as everybody sees it whom it asks.
#[derive(Clone)]
pub(crate) struct ApplicationProfile(ApplicationInfo);

/// What everybody may know of an application who has its client id.
#[Object]
impl ApplicationProfile {
    /// By which it names itself.
    async fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// What people call it. Anybody can choose any name: show whose it is.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it is for; may be empty.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// Where it presents itself; may be empty.
    async fn homepage(&self) -> &str {
        &self.0.homepage
    }

    /// A picture for it.
    async fn avatar(&self) -> Avatar {
        picture(&self.0.name, &self.0.avatar_hash, "app")
    }

    /// Name of the organization that runs it; of the first user for what set-up made.
    async fn owner(&self) -> String {
        self.0.owner.name.to_string()
    }

    /// A picture for that.
    async fn owner_avatar(&self) -> Avatar {
        picture(&self.0.owner.name, &self.0.owner.avatar_hash, "org")
    }
}

/// A live access token of the viewer.
#[derive(Clone)]
pub(crate) struct Authorization(AuthorizationView);

/// What the viewer lets an application do: a live access token that uses the viewer's rights.
#[Object]
impl Authorization {
    /// Names it, for `revokeAuthorization`.
    async fn uuid(&self) -> &str {
        &self.0.uuid
    }

    /// What the token is called, where the viewer made it by name.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// What the application may do.
    async fn scopes(&self) -> Vec<AccessScope> {
        in_words(&self.0.scopes)
    }

    /// The application.
    async fn application(&self) -> ApplicationProfile {
        ApplicationProfile(self.0.application.clone())
    }

    /// When it was granted.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When the token was last used, to within five minutes; null before.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(Into::into)
    }

    /// When it ends.
    async fn expires_at(&self) -> DateTime {
        self.0.expires_at.into()
    }
}

connection!(
    AuthorizationConnection,
    AuthorizationEdge,
    Authorization,
    "what the viewer lets applications do"
);

/// A page of authorizations.
pub(crate) fn authorizations(
    skipped: bool,
    page: Page<AuthorizationView>,
) -> AuthorizationConnection {
    let rows = page.items.into_iter();
    let rows = rows.map(|view| (connection::cursor(&view.id), Authorization(view)));
    AuthorizationConnection::new(skipped, page.has_more, rows.collect())
}

/// A consent that the viewer is asked for.
#[derive(Clone)]
pub(crate) struct AssignedAuthorization(pub(crate) AssignmentView);

/// A consent that an administrator of an application asks a user for.
#[Object]
impl AssignedAuthorization {
    /// Names it, for `authorizationRequest`, `authorizeApplication` and `declineAssignment`.
    async fn uuid(&self) -> &str {
        &self.0.uuid
    }

    /// What the application will be able to do.
    async fn scopes(&self) -> Vec<AccessScope> {
        in_words(&self.0.scopes)
    }

    /// The same as a consent names it.
    async fn scope(&self) -> &str {
        self.0.scopes.as_str()
    }

    /// Where the browser goes with the answer.
    async fn redirect_uri(&self) -> &str {
        &self.0.redirect_uri
    }

    /// What the application gets.
    async fn response_type(&self) -> AuthorizationResponseType {
        self.0.response_type.into()
    }

    /// The application.
    async fn application(&self) -> ApplicationProfile {
        ApplicationProfile(self.0.application.clone())
    }

    /// When it was asked for.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

connection!(
    AssignedAuthorizationConnection,
    AssignedAuthorizationEdge,
    AssignedAuthorization,
    "consents that a user is asked for"
);

/// A page of what is asked for.
pub(crate) fn assigned_authorizations(
    skipped: bool,
    page: Page<AssignmentView>,
) -> AssignedAuthorizationConnection {
    let rows = page.items.into_iter();
    let rows = rows.map(|view| (connection::cursor(&view.id), AssignedAuthorization(view)));
    AssignedAuthorizationConnection::new(skipped, page.has_more, rows.collect())
}

/// Why an application may not ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum AuthorizationRefusal {
    /// There is no such application, or the viewer neither administers its organization nor was assigned this.
    ApplicationUnknown,
    /// The address is not one of the application.
    RedirectMismatch,
    /// No scope, or one that is none.
    InvalidScope,
    /// What was assigned has another response type, or assigning is switched off.
    AssignmentUnusable,
}

/// What a consent page shows.
pub(crate) struct AuthorizationRequest {
    consent: std::result::Result<Consent, Refusal>,
}

/// What an application asks the viewer for, or why it may not.
#[Object]
impl AuthorizationRequest {
    /// Why it may not; null where it may. Then everything else is null or empty.
    async fn refusal(&self) -> Option<AuthorizationRefusal> {
        let refusal = self.consent.as_ref().err()?;
        Some(match refusal.reason {
            Reason::UnknownClient | Reason::AccessDenied => {
                AuthorizationRefusal::ApplicationUnknown
            }
            Reason::RedirectMismatch => AuthorizationRefusal::RedirectMismatch,
            // The type of the argument lets no other through.
            Reason::UnsupportedResponseType | Reason::InvalidScope => {
                AuthorizationRefusal::InvalidScope
            }
            Reason::AssignmentUnusable => AuthorizationRefusal::AssignmentUnusable,
        })
    }

    /// Who asks.
    async fn application(&self) -> Option<ApplicationProfile> {
        let consent = self.consent.as_ref().ok()?;
        Some(ApplicationProfile(consent.application.clone()))
    }

    /// For what: of an assignment its own scopes, whatever the address says.
    async fn scopes(&self) -> Vec<AccessScope> {
        let consent = self.consent.as_ref();
        consent.map_or_else(|_| Vec::new(), |consent| in_words(&consent.scopes))
    }

    /// Whether a scope among them asks for absolute trust.
    async fn has_dangerous_scopes(&self) -> bool {
        let consent = self.consent.as_ref();
        consent.is_ok_and(|consent| consent.scopes.iter().any(berth_domain::Scope::is_dangerous))
    }

    /// What the application gets.
    async fn response_type(&self) -> Option<AuthorizationResponseType> {
        let consent = self.consent.as_ref().ok()?;
        Some(consent.response_type.into())
    }

    /// Whether a live token that the application got by the viewer's consent allows it already, so that
    /// `authorizeApplication` may be called without a question.
    async fn is_covered(&self) -> bool {
        self.consent
            .as_ref()
            .is_ok_and(|consent| consent.is_covered)
    }
}

/// What an application asks; none for who cannot consent.
pub(crate) async fn authorization_request(
    ctx: &Context<'_>,
    asked: &Asked,
) -> Result<Option<AuthorizationRequest>> {
    let (authorizations, actor) = (&ctx.services().authorizations, ctx.actor());
    let own = ctx.own_address();
    match authorizations.consent(&actor, asked, &own).await {
        Ok(consent) => Ok(Some(AuthorizationRequest { consent })),
        Err(
            berth_domain::Error::Unauthenticated { .. } | berth_domain::Error::Forbidden { .. },
        ) => Ok(None),
        Err(other) => Err(gql(other)),
    }
}
