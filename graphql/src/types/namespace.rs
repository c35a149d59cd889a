//! Namespaces: users and organizations, and what they share.

#![expect(
    clippy::duplicated_attributes,
    reason = "the fields of an interface name their types and arguments, again and again"
)]

use async_graphql::{Context, Enum, ID, InputObject, Interface, Object, Result, SimpleObject};
use berth_domain::AccountKind;
use berth_services::accounts::ProfileView;
use berth_services::organizations::{NamespaceCounts, NamespaceView};

use super::application::{
    self, Application, ApplicationConnection, ApplicationFilter, ApplicationOrder,
};
use super::contents::{self, NamespaceContents};
use super::default_permission::{self, DefaultPermissionConnection};
use super::member::{
    self, CollaboratorConnection, OrganizationMember, OrganizationMemberConnection,
};
use super::repository::{self, RepositoryConnection, RepositoryFilter, RepositoryOrder};
use super::robot::{self, RobotConnection};
use super::team::{self, Team, TeamConnection, TeamRole};
use crate::connection::{connection, count};
use crate::context::Asks;
use crate::ids::GlobalId;
use crate::loaders::{Counts, Profile, Size, load};
use crate::scalars::{BigInt, DateTime};

/// Colours for pictures; the first two digits of the hash choose one.
const PALETTE: [&str; 32] = [
    "#969696", "#aec7e8", "#ff7f0e", "#ffbb78", "#2ca02c", "#98df8a", "#d62728", "#ff9896",
    "#9467bd", "#c5b0d5", "#8c564b", "#c49c94", "#e377c2", "#f7b6d2", "#7f7f7f", "#c7c7c7",
    "#bcbd22", "#1f77b4", "#17becf", "#9edae5", "#393b79", "#5254a3", "#6b6ecf", "#9c9ede",
    "#9ecae1", "#31a354", "#b5cf6b", "#a1d99b", "#8c6d31", "#ad494a", "#e7ba52", "#a55194",
];

/// A picture for an account: a colour and a hash that clients may turn into one.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Avatar {
    /// Name of the account, whose first letter may be the picture.
    name: String,
    /// SHA-256 in hexadecimal digits.
    hash: String,
    /// `#rrggbb`.
    color: String,
    /// `user`, `org`, `robot`, `team` or `app`.
    kind: String,
}

/// A picture for who has a name, from the hash that goes with it.
pub(crate) fn picture(name: &impl ToString, hash: &str, kind: &str) -> Avatar {
    let digits = hash.get(..2);
    let number = digits.and_then(|digits| usize::from_str_radix(digits, 16).ok());
    let color = PALETTE[number.unwrap_or_default() % PALETTE.len()];
    Avatar {
        name: name.to_string(),
        hash: hash.to_owned(),
        color: color.to_owned(),
        kind: kind.to_owned(),
    }
}

fn avatar(view: &NamespaceView) -> Avatar {
    let kind = if view.kind == AccountKind::Organization {
        "org"
    } else {
        "user"
    };
    picture(&view.name, &view.avatar_hash, kind)
}

/// A user's or organization's namespace.
#[derive(Interface, Clone)]
#[graphql(
    field(name = "id", ty = "ID", desc = "Opaque and stable, for `node`."),
    field(
        name = "name",
        ty = "String",
        desc = "First part of the paths of its repositories."
    ),
    field(name = "avatar", ty = "Avatar", desc = "A picture for it."),
    field(name = "created_at", ty = "DateTime", desc = "When it was made."),
    field(
        name = "tag_expiration_seconds",
        ty = "Option<i32>",
        desc = "How many seconds deleted and moved tags can be restored here; null unless the viewer belongs to it."
    ),
    field(
        name = "repositories",
        ty = "RepositoryConnection",
        desc = "Its repositories that the viewer may see.",
        arg(
            name = "first",
            ty = "Option<i32>",
            desc = "Rows of the page, 1 to 100; 20 when left out."
        ),
        arg(
            name = "after",
            ty = "Option<String>",
            desc = "A cursor of this list: rows behind it follow."
        ),
        arg(
            name = "filter",
            ty = "Option<RepositoryFilter>",
            desc = "Narrows the list."
        ),
        arg(
            name = "order_by",
            ty = "Option<RepositoryOrder>",
            desc = "By name when left out."
        )
    ),
    field(
        name = "robots",
        ty = "RobotConnection",
        desc = "Its robots by name; empty unless the viewer administers it.",
        arg(
            name = "first",
            ty = "Option<i32>",
            desc = "Rows of the page, 1 to 100; 20 when left out."
        ),
        arg(
            name = "after",
            ty = "Option<String>",
            desc = "A cursor of this list: rows behind it follow."
        ),
        arg(
            name = "search",
            ty = "Option<String>",
            desc = "Text in the short name."
        )
    ),
    field(
        name = "contents",
        ty = "Option<NamespaceContents>",
        desc = "How much is in it, whatever the viewer sees of it; null unless the viewer administers it or sees everything that superusers see."
    ),
    field(
        name = "viewer_can_create_repository",
        ty = "bool",
        desc = "Whether the viewer may create repositories here."
    ),
    field(
        name = "viewer_can_create_robot",
        ty = "bool",
        desc = "Whether the viewer may create robots here."
    ),
    field(
        name = "viewer_can_administer",
        ty = "bool",
        desc = "Whether the viewer manages its robots, settings and members."
    )
)]
pub(crate) enum Namespace {
    User(User),
    Organization(Organization),
}

impl From<NamespaceView> for Namespace {
    fn from(view: NamespaceView) -> Self {
        match view.kind {
            AccountKind::Organization => Self::Organization(Organization(view)),
            AccountKind::User | AccountKind::Robot => Self::User(User(view)),
        }
    }
}

/// A user.
#[derive(Clone)]
pub(crate) struct User(pub(crate) NamespaceView);

/// An organization.
#[derive(Clone)]
pub(crate) struct Organization(pub(crate) NamespaceView);

/// The resolvers of a kind of namespace: what all share, and its own.
macro_rules! namespace {
    ($(#[$doc:meta])* $type:ident, { $($own:tt)* }) => {
        $(#[$doc])*
        #[Object]
        impl $type {
            /// Opaque and stable, for `node`.
            pub(crate) async fn id(&self) -> ID {
                GlobalId::$type(self.0.id).encode()
            }

            /// First part of the paths of its repositories.
            pub(crate) async fn name(&self) -> String {
                self.0.name.to_string()
            }

            /// A picture for it.
            pub(crate) async fn avatar(&self) -> Avatar {
                avatar(&self.0)
            }

            /// When it was made.
            pub(crate) async fn created_at(&self) -> DateTime {
                self.0.created_at.into()
            }

            /// How many seconds deleted and moved tags can be restored here; null unless the viewer belongs
            /// to it.
            pub(crate) async fn tag_expiration_seconds(&self) -> Option<i32> {
                let seconds = self.0.tag_expiration?.as_secs();
                Some(i32::try_from(seconds).unwrap_or(i32::MAX))
            }

            /// Its repositories that the viewer may see.
            pub(crate) async fn repositories(
                &self,
                ctx: &Context<'_>,
                #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
                #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
                #[graphql(desc = "Narrows the list.")] filter: Option<RepositoryFilter>,
                #[graphql(desc = "By name when left out.")] order_by: Option<RepositoryOrder>,
            ) -> Result<RepositoryConnection> {
                let filter = filter.unwrap_or_default().within(&self.0.name);
                repository::page(ctx, first, after, Some(filter), order_by).await
            }

            /// Its robots by name; empty unless the viewer administers it.
            pub(crate) async fn robots(
                &self,
                ctx: &Context<'_>,
                #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
                #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
                #[graphql(desc = "Text in the short name.")] search: Option<String>,
            ) -> Result<RobotConnection> {
                robot::page(ctx, self.0.id, first, after, search).await
            }

            /// How much is in it, whatever the viewer sees of it; null unless the viewer administers it or sees
            /// everything that superusers see.
            pub(crate) async fn contents(&self, ctx: &Context<'_>) -> Result<Option<NamespaceContents>> {
                contents::of(ctx, self.0.id).await
            }

            /// Whether the viewer may create repositories here.
            pub(crate) async fn viewer_can_create_repository(&self) -> bool {
                self.0.can_create_repository
            }

            /// Whether the viewer may create robots here.
            pub(crate) async fn viewer_can_create_robot(&self) -> bool {
                self.0.can_create_robot
            }

            /// Whether the viewer manages its robots, settings and members.
            pub(crate) async fn viewer_can_administer(&self) -> bool {
                self.0.can_administer
            }

            $($own)*
        }
    };
}

namespace! {
    /// A user, with the namespace of the own name.
    User, {
        /// Shown to the user and to superusers.
        async fn email(&self) -> Option<&str> {
            self.0.email.as_deref()
        }

        /// Whether the address was confirmed. Shown to the user and to superusers, as is what follows.
        async fn email_verified(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
            Ok(self.profile(ctx).await?.map(|profile| profile.email_verified))
        }

        /// False for one that is shut out.
        async fn enabled(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
            Ok(self.profile(ctx).await?.map(|profile| profile.enabled))
        }

        /// Whether it is a superuser.
        async fn is_superuser(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
            Ok(self.profile(ctx).await?.map(|profile| profile.superuser))
        }

        /// Whether it sees what superusers see, and changes nothing.
        async fn is_read_only_superuser(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
            Ok(self.profile(ctx).await?.map(|profile| profile.read_only_superuser))
        }

        /// First name.
        async fn given_name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
            Ok(self.profile(ctx).await?.and_then(|profile| profile.given_name))
        }

        /// Last name.
        async fn family_name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
            Ok(self.profile(ctx).await?.and_then(|profile| profile.family_name))
        }

        /// Whom the user works for.
        async fn company(&self, ctx: &Context<'_>) -> Result<Option<String>> {
            Ok(self.profile(ctx).await?.and_then(|profile| profile.company))
        }

        /// Where the user is.
        async fn location(&self, ctx: &Context<'_>) -> Result<Option<String>> {
            Ok(self.profile(ctx).await?.and_then(|profile| profile.location))
        }

        /// When the user last signed in or showed a credential, to within five minutes; null before, and where
        /// `registry.notesLastUse` is false.
        async fn last_used_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
            let profile = self.profile(ctx).await?;
            Ok(profile.and_then(|profile| profile.last_used_at).map(Into::into))
        }

        /// How many organizations have no other administrator: whoever deletes the user becomes theirs. Shown to
        /// superusers.
        async fn sole_organization_count(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
            contents::sole_organizations(ctx, self.0.id).await
        }
    }
}

impl User {
    async fn profile(&self, ctx: &Context<'_>) -> Result<Option<ProfileView>> {
        load(ctx.loader(), Profile(self.0.id)).await
    }
}

impl Organization {
    async fn counts(&self, ctx: &Context<'_>) -> Result<NamespaceCounts> {
        Ok(load(ctx.loader(), Counts(self.0.id))
            .await?
            .unwrap_or_default())
    }
}

namespace! {
    /// An organization: a namespace that several users share through teams.
    Organization, {
        /// Shown to administrators of the organization.
        async fn email(&self) -> Option<&str> {
            self.0.email.as_deref()
        }

        /// Its OAuth applications; null unless the viewer administers it (`org:admin`) or sees everything that
        /// superusers see.
        async fn applications(
            &self,
            ctx: &Context<'_>,
            #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
            #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
            #[graphql(desc = "Narrows the list.")] filter: Option<ApplicationFilter>,
            #[graphql(desc = "The oldest first when left out.")] order_by: Option<ApplicationOrder>,
        ) -> Result<Option<ApplicationConnection>> {
            application::applications(ctx, &self.0.name, first, after, filter, order_by).await
        }

        /// One of its OAuth applications; null when absent, and as `applications` is.
        async fn application(
            &self,
            ctx: &Context<'_>,
            #[graphql(desc = "By which it names itself.")] client_id: String,
        ) -> Result<Option<Application>> {
            application::application(ctx, &self.0.name, &client_id).await
        }

        /// Its teams by name; null unless the viewer is in one of them (with a scope that counts in teams, `org:admin`
        /// or `repo:create`), administers it, or sees everything and changes nothing.
        async fn teams(
            &self,
            ctx: &Context<'_>,
            #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
            #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
            #[graphql(desc = "Text in the name.")] search: Option<String>,
        ) -> Result<Option<TeamConnection>> {
            team::page(ctx, self.0.id, first, after, search).await
        }

        /// One of its teams; null when absent, and as `teams` is.
        async fn team(
            &self,
            ctx: &Context<'_>,
            #[graphql(desc = "Its name.")] name: String,
        ) -> Result<Option<Team>> {
            team::named(ctx, &self.0.name, &name).await
        }

        /// The users in its teams, by name; null unless the viewer administers it (`org:admin`), or sees everything and
        /// changes nothing.
        async fn members(
            &self,
            ctx: &Context<'_>,
            #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
            #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
            #[graphql(desc = "Text in the name.")] search: Option<String>,
        ) -> Result<Option<OrganizationMemberConnection>> {
            member::members(ctx, &self.0.name, first, after, search).await
        }

        /// A user in one of its teams, or one of its robots; null when absent, and as `members` is.
        async fn member(
            &self,
            ctx: &Context<'_>,
            #[graphql(desc = "User name or `namespace+robot`.")] account: String,
        ) -> Result<Option<OrganizationMember>> {
            member::member(ctx, &self.0.name, &account).await
        }

        /// Users, then its robots, each by name, who have roles of their own in its repositories and are in none of its
        /// teams; null as `members` is.
        async fn collaborators(
            &self,
            ctx: &Context<'_>,
            #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
            #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
            #[graphql(desc = "Text in the name.")] search: Option<String>,
        ) -> Result<Option<CollaboratorConnection>> {
            member::collaborators(ctx, &self.0.name, first, after, search).await
        }

        /// Roles that its new repositories begin with, the oldest first; null unless the viewer administers it
        /// (`org:admin`), or sees everything and changes nothing.
        async fn default_permissions(
            &self,
            ctx: &Context<'_>,
            #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
            #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
        ) -> Result<Option<DefaultPermissionConnection>> {
            default_permission::page(ctx, &self.0.name, first, after).await
        }

        /// What the viewer's teams make of the viewer here, the highest of their roles; null for who is in none.
        async fn viewer_role(&self) -> Option<TeamRole> {
            self.0.role.map(Into::into)
        }

        /// How many repositories the viewer may see here.
        async fn repository_count(&self, ctx: &Context<'_>) -> Result<i32> {
            Ok(count(self.counts(ctx).await?.repositories))
        }

        /// How many robots; null unless the viewer administers the organization.
        async fn robot_count(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
            Ok(self.counts(ctx).await?.robots.map(count))
        }

        /// How many users are in its teams; null unless the viewer belongs to it.
        async fn member_count(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
            Ok(self.counts(ctx).await?.members.map(count))
        }

        /// When something was pushed last to a repository that the viewer sees here; null before.
        async fn last_pushed_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
            Ok(self.counts(ctx).await?.last_pushed_at.map(Into::into))
        }

        /// Bytes of its distinct blobs, a layer that several repositories share counted once; null
        /// while it holds none, and unless the viewer administers the organization.
        async fn size_bytes(&self, ctx: &Context<'_>) -> Result<Option<BigInt>> {
            Ok(load(ctx.loader(), Size(self.0.id)).await?.map(BigInt))
        }
    }
}

/// Narrows a list of organizations.
#[derive(Debug, Clone, Default, InputObject)]
pub(crate) struct OrganizationFilter {
    /// Text in the name.
    pub(crate) search: Option<String>,
}

/// Narrows a list of all namespaces.
#[derive(Debug, Clone, Default, InputObject)]
pub(crate) struct NamespaceFilter {
    /// Text in the name.
    pub(crate) search: Option<String>,
    /// Those of users alone, or those of organizations.
    pub(crate) kind: Option<NamespaceKind>,
}

/// Whose a namespace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum NamespaceKind {
    /// A user's.
    User,
    /// An organization's.
    Organization,
}

connection!(
    NamespaceConnection,
    NamespaceEdge,
    Namespace,
    "all namespaces",
    total_count: "How many there are; capped at 10,000."
);

connection!(
    OrganizationConnection,
    OrganizationEdge,
    Organization,
    "the organizations",
    total_count: "How many there are; capped at 10,000."
);
