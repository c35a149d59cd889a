//! Registry tokens (X6): made for clients of `/v2`, and read again at every request. A token only
//! narrows; what its holder may do is decided on the rows of the moment.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use berth_crypto::registry_token::{self, Expected, RegistryClaims};
use berth_crypto::{AccessEntry, TokenContext, tokens};
use berth_domain::{
    AccountId, AppTokenId, Error, OAuthTokenId, RepositoryPath, Result, Scopes, Timestamp,
};
use berth_store::gate as facts;
use berth_store::{Conn, accounts, app_tokens, oauth, robots};
use moka::future::Cache;
use serde::Deserialize;

use super::{Authn, DISABLED, actor, with_application};
use crate::access::policy::{self, Decision, NamespaceAction, RepositoryAction};
use crate::actor::{Actor, Credential, Origin, Principal};
use crate::keys::{SERVICE, TOKEN_LIFE};

/// Subject of an anonymous token.
const ANONYMOUS: &str = "(anonymous)";

/// One scope as a client asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedScope {
    /// `repository` or `registry`.
    pub kind: String,
    /// The name as it was asked for; a host may stand in front.
    pub name: String,
    /// Such as `pull`, `push`, `*`.
    pub actions: Vec<String>,
}

/// A token for a client.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The signed text.
    pub token: String,
    /// Its life.
    pub expires_in_s: u64,
    /// When it was made.
    pub issued_at: Timestamp,
}

/// Memory for tokens that were read.
const KNOWN_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A token whose signature was right.
#[derive(Clone)]
pub(super) struct AuthenticToken {
    kid: String,
    claims: Arc<RegistryClaims>,
    /// Of its text; what it says takes about as much.
    size_bytes: usize,
}

/// Tokens whose signature was right, by their hash. What else counts is looked at each time: key, audience, time, holder.
pub(super) fn authentic_tokens() -> Cache<String, AuthenticToken> {
    Cache::builder()
        .max_capacity(KNOWN_BYTES_MAX)
        .weigher(|hash: &String, known: &AuthenticToken| {
            u32::try_from(hash.len() + 2 * known.size_bytes).unwrap_or(u32::MAX)
        })
        .time_to_live(TOKEN_LIFE)
        .build()
}

fn expected(service: &str) -> Expected {
    Expected {
        issuer: SERVICE.to_owned(),
        audience: service.to_owned(),
    }
}

impl Authn {
    /// Makes a token for an actor. Actions that it may not do are left out, silently.
    ///
    /// # Errors
    /// A name that no repository can have.
    pub async fn issue_registry_token(
        &self,
        actor: &Actor,
        service: &str,
        scopes: &[RequestedScope],
    ) -> Result<IssuedToken> {
        if scopes.is_empty() && !actor.is_anonymous() {
            self.log_success(actor, "v2auth").await?;
        }
        let mut conn = self.core.db.read().await?;
        let mut access = Vec::with_capacity(scopes.len());
        for scope in scopes {
            let actions = match scope.kind.as_str() {
                "repository" => {
                    self.repository_actions(&mut conn, actor, service, scope)
                        .await?
                }
                "registry" if scope.name == "catalog" && !actor.is_anonymous() => {
                    vec!["*".to_owned()]
                }
                _ => Vec::new(),
            };
            access.push(AccessEntry {
                r#type: scope.kind.clone(),
                name: scope.name.clone(),
                actions,
            });
        }
        drop(conn);
        let (kind, reference) = match (&actor.principal, actor.credential) {
            (Principal::User { .. }, Credential::OAuth(id)) => ("oauth", Some(id.to_string())),
            (Principal::User { .. }, Credential::AppToken(id)) => ("app", Some(id.to_string())),
            (Principal::User { id, .. }, _) => ("user", Some(id.to_string())),
            (Principal::Robot { id, .. }, _) => ("robot", Some(id.to_string())),
            (Principal::Anonymous | Principal::Worker(_), _) => ("anonymous", None),
        };
        let subject = actor.name().unwrap_or_else(|| ANONYMOUS.to_owned());
        let now = self.core.now();
        let context = TokenContext::new(kind, reference);
        let claims = RegistryClaims::new(&expected(service), subject, access, context, now);
        let keys = self.keys.current().await?;
        let key = keys
            .signing
            .as_ref()
            .ok_or_else(|| Error::internal("no key signs tokens"))?;
        Ok(IssuedToken {
            token: registry_token::sign(&claims, key)?,
            expires_in_s: TOKEN_LIFE.as_secs(),
            issued_at: now,
        })
    }

    /// What of the asked actions the actor may do now; always in the order push, pull, `*`.
    async fn repository_actions(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        service: &str,
        scope: &RequestedScope,
    ) -> Result<Vec<String>> {
        let path = scope
            .name
            .strip_prefix(service)
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(&scope.name);
        let path = RepositoryPath::parse(path, self.core.settings.registry.library.as_ref())?;
        self.core.check_depth(&path)?;
        let switches = self.core.gate.switches();
        let found = facts::repository(conn, &path, actor.account_id()).await?;
        let allowed = |action| match &found {
            Some((_, Some(facts))) => policy::grants(actor, facts, action, switches),
            // A first push creates the repository; what it is allowed then is asked for then.
            Some((namespace, None)) => {
                action != RepositoryAction::Administer
                    && policy::decide_namespace(
                        actor,
                        namespace,
                        NamespaceAction::CreateRepository,
                        switches,
                    ) == Decision::Allowed
            }
            None => {
                action != RepositoryAction::Administer
                    && self.core.gate.creatable_namespace(actor).is_some()
            }
        };
        let asked = |names: &[&str]| {
            scope
                .actions
                .iter()
                .any(|action| names.contains(&action.as_str()))
        };
        Ok([
            (asked(&["push", "delete"]), RepositoryAction::Push, "push"),
            (asked(&["pull"]), RepositoryAction::Pull, "pull"),
            (asked(&["*"]), RepositoryAction::Administer, "*"),
        ]
        .into_iter()
        .filter(|(asked, action, _)| *asked && allowed(*action))
        .map(|(_, _, name)| name.to_owned())
        .collect())
    }

    /// The actor of a registry token, as its account is now, capped by the token's access list.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for a token that does not verify or whose account is gone or disabled.
    pub async fn registry_token(
        &self,
        token: &str,
        service: &str,
        origin: Origin,
    ) -> Result<Actor> {
        let claims = self.authentic_claims(token).await?;
        claims.check(&expected(service), self.core.now())?;
        let holder = self.holder(&claims, origin).await?;
        // Names are echoed as they were asked for, with our host in front or not; what counts is the path.
        let host = format!("{service}/");
        let grant = claims.access.iter().map(|entry| AccessEntry {
            r#type: entry.r#type.clone(),
            name: entry
                .name
                .strip_prefix(&host)
                .unwrap_or(&entry.name)
                .to_owned(),
            actions: entry.actions.clone(),
        });
        Ok(Actor {
            grant: Some(grant.collect()),
            ..holder
        })
    }

    /// What the token says, if a key signed it that still verifies. A signature that was right is not computed again.
    async fn authentic_claims(&self, token: &str) -> Result<Arc<RegistryClaims>> {
        let hash = tokens::hash_token(token);
        if let Some(known) = self.authentic.get(&hash).await
            && self
                .keys
                .for_kid(&known.kid)
                .await?
                .verifying
                .contains_key(&known.kid)
        {
            return Ok(known.claims);
        }
        let kid = key_id(token).ok_or_else(|| Error::unauthenticated("the token is malformed"))?;
        let keys = self.keys.for_kid(&kid).await?;
        let claims = Arc::new(registry_token::authenticate(token, &keys.verifying)?);
        let known = AuthenticToken {
            kid,
            claims: Arc::clone(&claims),
            size_bytes: token.len(),
        };
        self.authentic.insert(hash, known).await;
        Ok(claims)
    }

    async fn holder(&self, claims: &RegistryClaims, origin: Origin) -> Result<Actor> {
        let gone = || Error::unauthenticated("the account of this token is gone");
        let context = &claims.context;
        if context.kind == "anonymous" {
            return Ok(self.anonymous(origin));
        }
        let id: i64 = context
            .reference
            .as_deref()
            .and_then(|text| text.parse().ok())
            .ok_or_else(gone)?;
        let mut conn = self.core.db.read().await?;
        match context.kind.as_str() {
            "user" => {
                self.user(
                    &mut conn,
                    AccountId(id),
                    Credential::Basic,
                    Scopes::all(),
                    origin,
                )
                .await
            }
            "oauth" => self.oauth_user(&mut conn, OAuthTokenId(id), origin).await,
            "app" => {
                let (token, account, profile) = app_tokens::by_id(&mut conn, AppTokenId(id))
                    .await?
                    .ok_or_else(gone)?;
                if token.expires_at.is_some_and(|end| end <= self.core.now()) {
                    return Err(Error::unauthenticated("the application token has expired"));
                }
                self.app_actor(&token, &account, &profile, origin)
            }
            "robot" => {
                let robot = robots::by_ids(&mut conn, &[AccountId(id)])
                    .await?
                    .pop()
                    .ok_or_else(gone)?;
                let settings = &self.core.settings.robots;
                let listed = settings
                    .allowed_names
                    .iter()
                    .any(|name| *name == robot.name.to_string());
                if !robot.enabled || (settings.disallowed && !listed) {
                    return Err(Error::unauthenticated(DISABLED));
                }
                let principal = Principal::Robot {
                    id: robot.id,
                    namespace_id: robot.namespace_id,
                    name: robot.name,
                };
                Ok(actor(principal, Credential::Basic, origin))
            }
            _ => Err(gone()),
        }
    }

    /// The user of a change that goes on behind its request, as the account is now; of one that was asked for by an
    /// access token only while that is good.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for an account or a token that is gone, has expired or is disabled.
    pub(crate) async fn resumed(
        &self,
        conn: &mut Conn,
        account: AccountId,
        token: Option<OAuthTokenId>,
        origin: Origin,
    ) -> Result<Actor> {
        if let Some(token) = token {
            return self.oauth_user(conn, token, origin).await;
        }
        let (credential, scopes) = (Credential::Basic, Scopes::all());
        self.user(conn, account, credential, scopes, origin).await
    }

    /// The owner of an access token that is good still, narrowed to its scopes.
    async fn oauth_user(&self, conn: &mut Conn, id: OAuthTokenId, origin: Origin) -> Result<Actor> {
        let found = oauth::by_id(conn, id).await?;
        let (token, application) =
            found.ok_or_else(|| Error::unauthenticated("the account of this token is gone"))?;
        if token.expires_at <= self.core.now() {
            return Err(Error::unauthenticated("the access token has expired"));
        }
        let (credential, user) = (Credential::OAuth(token.id), token.account_id);
        let owner = self.user(conn, user, credential, token.scopes, origin);
        Ok(with_application(owner.await?, &application))
    }

    pub(super) async fn user(
        &self,
        conn: &mut Conn,
        id: AccountId,
        credential: Credential,
        scopes: Scopes,
        origin: Origin,
    ) -> Result<Actor> {
        let (account, profile) = accounts::user(conn, id)
            .await?
            .filter(|(account, _)| account.deleting_at.is_none())
            .ok_or_else(|| Error::unauthenticated("the account of this token is gone"))?;
        self.user_actor(&account, &profile, credential, scopes, origin)
    }
}

/// The key id in a token's header, unverified: it only chooses among keys that we know.
fn key_id(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Header {
        kid: String,
    }
    let header = BASE64_URL_SAFE_NO_PAD
        .decode(token.split('.').next()?)
        .ok()?;
    serde_json::from_slice::<Header>(&header)
        .ok()
        .map(|header| header.kid)
}
