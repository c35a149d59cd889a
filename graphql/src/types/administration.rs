//! What superusers see.

#![expect(clippy::unused_async, reason = "resolvers are asynchronous")]

use async_graphql::{Context, InputObject, Json, Object, Result, SimpleObject};
use berth_domain::{AccountKind, Error};
use berth_services::messages::CONTENT_MAX;
use berth_services::superuser::{self as services, Footing, UserFilter as Filter};
use futures::future::try_join_all;
use serde_json::Value;

use super::account::{self, AppTokenConnection};
use super::job::Job;
use super::namespace::{
    NamespaceConnection, NamespaceFilter, NamespaceKind, Organization, OrganizationConnection,
    OrganizationFilter, User,
};
use super::service_key::{ServiceKey, ServiceKeyConnection};
use crate::connection::{self, connection, count};
use crate::context::Asks;
use crate::error::{found, gql};
use crate::loaders::load;
use crate::markdown;
use crate::scalars::{BigInt, DateTime};

/// What superusers see.
pub(crate) struct Administration;

/// What the registry stands on, and whether that answers now.
#[derive(SimpleObject)]
pub(crate) struct RegistryStatus {
    /// Which database: `postgresql` or `sqlite`.
    database: String,
    /// Whether it answers.
    database_answers: bool,
    /// Where bytes are kept: `filesystem`, `s3` or `memory`.
    storage: String,
    /// Whether bytes can be written there and read.
    storage_answers: bool,
    /// Room left there, in bytes; null where that cannot be known.
    storage_free_bytes: Option<BigInt>,
    /// Size of the disk that holds the bytes; null where that cannot be known.
    storage_total_bytes: Option<BigInt>,
}

impl From<Footing> for RegistryStatus {
    fn from(footing: Footing) -> Self {
        let space = footing.health.space;
        Self {
            database: footing.database.to_owned(),
            database_answers: footing.health.database.is_ok(),
            storage: footing.storage.to_owned(),
            storage_answers: footing.health.storage.is_ok(),
            storage_free_bytes: space.map(|space| BigInt(space.free_bytes)),
            storage_total_bytes: space.map(|space| BigInt(space.total_bytes)),
        }
    }
}

/// Narrows the list of users.
#[derive(Debug, Clone, Default, InputObject)]
pub(crate) struct UserFilter {
    /// Text in the name or the address, in any case.
    search: Option<String>,
    /// True for enabled ones alone, false for disabled ones.
    enabled: Option<bool>,
    /// Those alone that are older and were not used since then; see `User.lastUsedAt`.
    inactive_since: Option<DateTime>,
}

/// How much is stored.
#[derive(SimpleObject)]
pub(crate) struct RegistryUsage {
    /// Bytes of all blobs, each counted once however many repositories share it.
    bytes: BigInt,
    /// How many blobs.
    blob_count: BigInt,
}

connection!(
    UserConnection,
    UserEdge,
    User,
    "users",
    total_count: "How many there are; capped at 10,000."
);

/// What superusers see, and those of `GLOBAL_READONLY_SUPER_USERS`.
#[Object]
impl Administration {
    /// Users by name, disabled ones included.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
        #[graphql(desc = "Narrows the list.")] filter: Option<UserFilter>,
    ) -> Result<UserConnection> {
        let skipped = after.is_some();
        let request = connection::request(first, after)?;
        let filter = filter.unwrap_or_default();
        let filter = Filter {
            search: filter.search.filter(|text| !text.is_empty()),
            enabled: filter.enabled,
            inactive_since: filter.inactive_since.map(|since| since.0),
        };
        let (superuser, actor) = (&ctx.services().superuser, ctx.actor());
        let page = superuser.users(&actor, &filter, &request).await;
        let page = page.map_err(gql)?;
        let total = if ctx.look_ahead().field("totalCount").exists() {
            let total = superuser.count(&actor, &filter).await;
            Some(count(total.map_err(gql)?))
        } else {
            None
        };
        let rows = page.items.into_iter().map(async |profile| {
            let view = load(ctx.loader(), profile.id).await?;
            Ok::<_, async_graphql::Error>(
                view.map(|view| (connection::cursor(&profile.name), User(view))),
            )
        });
        let rows = try_join_all(rows).await?.into_iter().flatten().collect();
        Ok(UserConnection::new(skipped, page.has_more, rows, total))
    }

    /// All organizations by name.
    async fn organizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
        #[graphql(desc = "Narrows the list.")] filter: Option<OrganizationFilter>,
    ) -> Result<OrganizationConnection> {
        let skipped = after.is_some();
        let request = connection::request(first, after)?;
        let search = filter.unwrap_or_default().search;
        let search = search.as_deref().filter(|text| !text.is_empty());
        let (superuser, actor) = (&ctx.services().superuser, ctx.actor());
        let page = superuser.organizations(&actor, search, &request).await;
        let page = page.map_err(gql)?;
        let total = if ctx.look_ahead().field("totalCount").exists() {
            let total = superuser.count_organizations(&actor, search).await;
            Some(count(total.map_err(gql)?))
        } else {
            None
        };
        let rows = page.items.into_iter();
        let rows = rows.map(|view| (connection::cursor(&view.name), Organization(view)));
        Ok(OrganizationConnection::new(
            skipped,
            page.has_more,
            rows.collect(),
            total,
        ))
    }

    /// All namespaces by name: those of users and those of organizations.
    async fn namespaces(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
        #[graphql(desc = "Narrows the list.")] filter: Option<NamespaceFilter>,
    ) -> Result<NamespaceConnection> {
        let skipped = after.is_some();
        let request = connection::request(first, after)?;
        let filter = filter.unwrap_or_default();
        let filter = services::NamespaceFilter {
            search: filter.search.filter(|text| !text.is_empty()),
            kind: filter.kind.map(|kind| match kind {
                NamespaceKind::User => AccountKind::User,
                NamespaceKind::Organization => AccountKind::Organization,
            }),
        };
        let (superuser, actor) = (&ctx.services().superuser, ctx.actor());
        let page = superuser.namespaces(&actor, &filter, &request).await;
        let page = page.map_err(gql)?;
        let total = if ctx.look_ahead().field("totalCount").exists() {
            let total = superuser.count_namespaces(&actor, &filter).await;
            Some(count(total.map_err(gql)?))
        } else {
            None
        };
        let rows = page.items.into_iter();
        let rows = rows.map(|view| (connection::cursor(&view.name), view.into()));
        Ok(NamespaceConnection::new(
            skipped,
            page.has_more,
            rows.collect(),
            total,
        ))
    }

    /// Everybody's tokens for clients, the newest first; null unless `viewer.canListAppTokens`.
    async fn app_tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
        #[graphql(desc = "Those alone that end soon.", default)] expiring: bool,
    ) -> Result<Option<AppTokenConnection>> {
        let skipped = after.is_some();
        let request = connection::request(first, after)?;
        let app_tokens = &ctx.services().app_tokens;
        let page = app_tokens
            .page_of_all(&ctx.actor(), expiring, &request)
            .await;
        Ok(found(page)?.map(|page| account::app_tokens(skipped, page)))
    }

    /// Keys of services, the newest first: those that the registry signs its own tokens with, and those that were made
    /// for services beside it.
    async fn service_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
    ) -> Result<ServiceKeyConnection> {
        let skipped = after.is_some();
        let request = connection::request(first, after)?;
        let keys = &ctx.services().service_keys;
        let page = keys.page(&ctx.actor(), &request).await.map_err(gql)?;
        let rows = page.items.into_iter();
        let rows = rows.map(|view| (connection::cursor(&view.place()), ServiceKey(view)));
        Ok(ServiceKeyConnection::new(
            skipped,
            page.has_more,
            rows.collect(),
        ))
    }

    /// What the registry stands on, and whether that answers now.
    async fn status(&self, ctx: &Context<'_>) -> Result<RegistryStatus> {
        let footing = ctx.services().superuser.footing(&ctx.actor()).await;
        Ok(footing.map_err(gql)?.into())
    }

    /// How much is stored; it is counted for who asks, which takes a while where there is much.
    async fn usage(&self, ctx: &Context<'_>) -> Result<RegistryUsage> {
        let stored = ctx.services().superuser.stored(&ctx.actor()).await;
        let stored = stored.map_err(gql)?;
        Ok(RegistryUsage {
            bytes: BigInt(stored.bytes),
            blob_count: BigInt(stored.blobs),
        })
    }

    /// The periodic work of the registry; there are a few kinds.
    async fn jobs(&self, ctx: &Context<'_>) -> Result<Vec<Job>> {
        let jobs = ctx.services().jobs(&ctx.actor()).await;
        Ok(jobs.map_err(gql)?.into_iter().map(Into::into).collect())
    }

    /// What changed in this version and those before, in Markdown.
    async fn change_log(&self, ctx: &Context<'_>) -> Result<&'static str> {
        let log = ctx.services().superuser.changelog(&ctx.actor());
        log.map_err(gql)
    }

    /// The same in HTML that is safe to show, without its title.
    async fn change_log_html(&self, ctx: &Context<'_>) -> Result<String> {
        let log = ctx.services().superuser.changelog(&ctx.actor());
        Ok(markdown::render_untitled(log.map_err(gql)?))
    }

    /// How a message in Markdown will look: its `contentHtml` before it is posted.
    async fn message_html(
        &self,
        #[graphql(desc = "The text, at most 4,096 characters.")] content: String,
    ) -> Result<String> {
        if content.chars().count() > CONTENT_MAX {
            let message = format!("a message has at most {CONTENT_MAX} characters");
            return Err(gql(Error::invalid_value(message).in_field("content")));
        }
        Ok(markdown::render_message(&content))
    }

    /// The configuration in force, by key: from the file, the environment or by default, with secrets masked. Null unless
    /// `FEATURE_SUPERUSER_CONFIGDUMP` is on.
    async fn configuration(&self, ctx: &Context<'_>) -> Result<Option<Json<Value>>> {
        let configuration = ctx.services().superuser.configuration(&ctx.actor());
        let configuration = found(configuration)?;
        Ok(configuration.map(|found| Json(Value::Object(found.values.clone()))))
    }
}
