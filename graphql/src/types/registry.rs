//! What everybody may know of the registry.

use std::time::Duration;

use async_graphql::{Context, Object, Result, SimpleObject};

use super::message::Message;
use crate::context::Asks;
use crate::error::gql;
use crate::limits::{ALIASES_MAX, COMPLEXITY_MAX, DEPTH_MAX, DOCUMENT_BYTES_MAX};
use berth_domain::PageRequest;

/// The registry as everybody may know it.
pub(crate) struct Registry;

/// What one operation may ask for.
#[derive(SimpleObject)]
pub(crate) struct Limits {
    /// Most rows of a page.
    page_size: i32,
    /// Deepest nesting of fields.
    depth: i32,
    /// Highest cost of an operation.
    complexity: i32,
    /// Most aliases in an operation.
    aliases: i32,
    /// Longest document with its variables, in bytes.
    document_bytes: i32,
}

fn limit(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// What everybody may know of this registry.
#[Object]
impl Registry {
    /// Name of this installation.
    async fn title(&self, ctx: &Context<'_>) -> String {
        ctx.services().settings().registry.title.clone()
    }

    /// Version of the server.
    async fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// Host and port that clients push to, such as `registry.example.com`.
    async fn hostname(&self, ctx: &Context<'_>) -> String {
        let configured = ctx.services().settings().registry.hostname.as_deref();
        configured
            .or_else(|| ctx.host())
            .unwrap_or("localhost")
            .to_owned()
    }

    /// `http` or `https`, as clients reach it.
    async fn scheme(&self, ctx: &Context<'_>) -> String {
        ctx.services().settings().registry.scheme.clone()
    }

    /// True while no user exists: the set-up page makes the first one.
    async fn needs_setup(&self, ctx: &Context<'_>) -> Result<bool> {
        ctx.services().authn.needs_setup().await.map_err(gql)
    }

    /// True where set-up asks for the code that the server printed at start.
    async fn setup_needs_code(&self, ctx: &Context<'_>) -> bool {
        ctx.services().settings().users.setup_needs_code
    }

    /// True where the whole registry takes no writes.
    async fn read_only(&self, ctx: &Context<'_>) -> bool {
        ctx.services().settings().registry.read_only
    }

    /// True where signing in with a password is offered.
    async fn direct_login(&self, ctx: &Context<'_>) -> bool {
        ctx.services().settings().users.direct_login
    }

    /// True where strangers create their own account.
    async fn sign_up(&self, ctx: &Context<'_>) -> bool {
        let users = &ctx.services().settings().users;
        let is_open = users.sign_up && !users.sign_up_by_invitation;
        is_open && users.direct_login && users.authentication.is_own()
    }

    /// True where strangers create their own account only with the code of a mail that asks them into a team.
    async fn sign_up_by_invitation(&self, ctx: &Context<'_>) -> bool {
        let (services, users) = (ctx.services(), &ctx.services().settings().users);
        let is_open = users.sign_up && users.sign_up_by_invitation && services.sends_mail();
        is_open && users.direct_login && users.authentication.is_own()
    }

    /// True where accounts are made and deleted here, with a password; false where another system keeps them.
    async fn keeps_accounts(&self, ctx: &Context<'_>) -> bool {
        let users = &ctx.services().settings().users;
        users.authentication.is_own()
    }

    /// True where mail is sent: addresses are confirmed, and a lost password is recovered.
    async fn sends_mail(&self, ctx: &Context<'_>) -> bool {
        ctx.services().sends_mail()
    }

    /// True where users who are in no team of an organization are asked before they come into one.
    async fn requires_team_invitations(&self, ctx: &Context<'_>) -> bool {
        ctx.services().teams.requires_invitations()
    }

    /// True where users make tokens for their clients.
    async fn app_tokens(&self, ctx: &Context<'_>) -> bool {
        ctx.services().settings().app_tokens.enabled
    }

    /// True where users tell their name, company and location.
    async fn user_names(&self, ctx: &Context<'_>) -> bool {
        ctx.services().settings().users.names
    }

    /// True where it is noted when users last signed in or showed a credential.
    async fn notes_last_use(&self, ctx: &Context<'_>) -> bool {
        ctx.services().settings().users.note_last_use
    }

    /// True where users choose another name.
    async fn user_rename(&self, ctx: &Context<'_>) -> bool {
        ctx.services().settings().users.rename
    }

    /// What superusers tell everybody, the oldest first; there are a hundred at most.
    async fn messages(&self, ctx: &Context<'_>) -> Result<Vec<Message>> {
        let messages = ctx.services().messages.all(&ctx.actor()).await;
        Ok(messages.map_err(gql)?.into_iter().map(Message).collect())
    }

    /// What a namespace may choose for `tagExpirationSeconds`; empty where it cannot choose.
    async fn tag_expiration_options(&self, ctx: &Context<'_>) -> Vec<i32> {
        let options = &ctx.services().settings().push.time_machine_options;
        let seconds = options.iter().map(Duration::as_secs);
        seconds
            .map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX))
            .collect()
    }

    /// What one operation may ask for.
    async fn limits(&self) -> Limits {
        Limits {
            page_size: limit(PageRequest::<()>::LIMIT_MAX),
            depth: limit(DEPTH_MAX),
            complexity: limit(COMPLEXITY_MAX),
            aliases: limit(ALIASES_MAX),
            document_bytes: limit(DOCUMENT_BYTES_MAX),
        }
    }
}
