//! Teams of organizations, and who is in them.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use berth_domain::{AccountId, Error, Namespace, Noun};
use berth_services::teams::{MemberPlace, MemberState, MemberView, TeamCounts, TeamKey, TeamView};

use super::invitation::Invitation;
use super::namespace::{Avatar, Organization, picture};
use super::permission::{AccountKind, RoleInRepository, RoleInRepositoryConnection};
use crate::connection::{self, connection, count};
use crate::context::Asks;
use crate::error::{found, gql};
use crate::ids::GlobalId;
use crate::loaders::{OfTeam, load};
use crate::scalars::DateTime;

/// What a team's members may do in their organization; each role holds the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "berth_domain::TeamRole")]
pub(crate) enum TeamRole {
    /// Only what the team's roles in repositories give.
    Member,
    /// Create repositories, and administer those.
    Creator,
    /// Everything in the organization.
    Admin,
}

/// A team.
#[derive(Clone)]
pub(crate) struct Team(pub(crate) TeamView);

/// Whether somebody is in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "MemberState")]
pub(crate) enum TeamMemberState {
    /// It is.
    Member,
    /// It was asked, and has not answered.
    Invited,
}

/// Somebody in a team, or asked into it.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct TeamMember {
    /// User name or `namespace+robot`; null where an e-mail address is asked.
    account: Option<String>,
    /// User or robot; null where an e-mail address is asked.
    kind: Option<AccountKind>,
    /// A picture for it.
    avatar: Avatar,
    /// When it came into the team, or was asked first.
    added_at: DateTime,
    /// Whether it is in the team.
    state: TeamMemberState,
    /// The question that it has not answered yet; null for who is in the team.
    invitation: Option<Invitation>,
}

impl From<MemberView> for TeamMember {
    fn from(member: MemberView) -> Self {
        let state = member.state().into();
        let kind = member.kind.map(AccountKind::from);
        let word = match kind {
            Some(AccountKind::Robot) => "robot",
            Some(AccountKind::User | AccountKind::Organization) | None => "user",
        };
        Self {
            avatar: picture(&member.name, &member.avatar_hash, word),
            account: kind.map(|_| member.name),
            kind,
            added_at: member.added_at.into(),
            state,
            invitation: member.invitation.map(Into::into),
        }
    }
}

impl Team {
    async fn counts(&self, ctx: &Context<'_>) -> Result<TeamCounts> {
        let counts = load(ctx.loader(), OfTeam(self.0.id)).await?;
        Ok(counts.unwrap_or_default())
    }
}

/// Users and robots of an organization who may do the same.
#[Object]
impl Team {
    /// Opaque and stable, for `node`.
    pub(crate) async fn id(&self) -> ID {
        GlobalId::Team(self.0.id).encode()
    }

    /// Its name in the organization.
    async fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// Whose it is.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Organization> {
        let view = load(ctx.loader(), self.0.organization_id).await?;
        view.map(Organization)
            .ok_or_else(|| gql(Error::Hidden(Noun::Organization)))
    }

    /// What its members may do in the organization.
    async fn role(&self) -> TeamRole {
        self.0.role.into()
    }

    /// Free text.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// A picture for it.
    async fn avatar(&self) -> Avatar {
        picture(&self.0.name, &self.0.avatar_hash, "team")
    }

    /// How many users and robots are in it.
    async fn member_count(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(count(self.counts(ctx).await?.members))
    }

    /// How many repositories it has a role in.
    async fn repository_count(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(count(self.counts(ctx).await?.repositories))
    }

    /// Who is in it, users by name and then robots; with `INVITED` who is asked into it, users by name and then e-mail
    /// addresses, which administrators alone see. Null unless the viewer is in it, administers the organization
    /// (`org:admin`), or sees everything and changes nothing.
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
        #[graphql(desc = "Text in the name or the address.")] search: Option<String>,
        #[graphql(
            desc = "Which of them; those who are in it when left out.",
            default_with = "vec![TeamMemberState::Member]"
        )]
        states: Vec<TeamMemberState>,
    ) -> Result<Option<TeamMemberConnection>> {
        if !self.0.can_view_members {
            return Ok(None);
        }
        let skipped = after.is_some();
        let request = connection::request::<MemberPlace>(first, after)?;
        let states: Vec<MemberState> = states.into_iter().map(Into::into).collect();
        let (teams, actor, key) = (&ctx.services().teams, ctx.actor(), TeamKey::Id(self.0.id));
        let search = search.as_deref().filter(|text| !text.is_empty());
        let listed = teams.members(&actor, key, &states, search, &request).await;
        let Some((_, page)) = found(listed)? else {
            return Ok(None);
        };
        let total = if ctx.look_ahead().field("totalCount").exists() {
            let total = teams.count_members(&actor, key, &states, search).await;
            Some(count(total.map_err(gql)?))
        } else {
            None
        };
        let rows = page.items.into_iter();
        let rows = rows.map(|member| (connection::cursor(&member.key()), member.into()));
        Ok(Some(TeamMemberConnection::new(
            skipped,
            page.has_more,
            rows.collect(),
            total,
        )))
    }

    /// Its roles in repositories, by their names; null unless the viewer administers the organization (`org:admin`) or
    /// sees everything and changes nothing.
    async fn repository_permissions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
    ) -> Result<Option<RoleInRepositoryConnection>> {
        if !self.0.can_view_roles {
            return Ok(None);
        }
        let skipped = after.is_some();
        let request = connection::request(first, after)?;
        let (teams, actor, key) = (&ctx.services().teams, ctx.actor(), TeamKey::Id(self.0.id));
        let Some(page) = found(teams.roles(&actor, key, &request).await)? else {
            return Ok(None);
        };
        let total = if ctx.look_ahead().field("totalCount").exists() {
            Some(count(self.counts(ctx).await?.repositories))
        } else {
            None
        };
        let rows = page.items.into_iter();
        let rows = rows.map(|role| (connection::cursor(&role.repository), RoleInRepository(role)));
        Ok(Some(RoleInRepositoryConnection::new(
            skipped,
            page.has_more,
            rows.collect(),
            total,
        )))
    }

    /// Whether the viewer may change it, and who is in it.
    async fn viewer_can_manage(&self) -> bool {
        self.0.can_manage
    }
}

connection!(
    TeamConnection,
    TeamEdge,
    Team,
    "the teams of an organization",
    total_count: "How many there are; capped at 10,000."
);

connection!(
    TeamMemberConnection,
    TeamMemberEdge,
    TeamMember,
    "those who are in a team or asked into it",
    total_count: "How many there are; capped at 10,000."
);

/// A page of an organization's teams; none for who does not belong to it.
pub(crate) async fn page(
    ctx: &Context<'_>,
    organization: AccountId,
    first: Option<i32>,
    after: Option<String>,
    search: Option<String>,
) -> Result<Option<TeamConnection>> {
    let skipped = after.is_some();
    let request = connection::request(first, after)?;
    let (teams, actor) = (&ctx.services().teams, ctx.actor());
    let search = search.as_deref().filter(|text| !text.is_empty());
    let page = teams.page(&actor, organization, search, &request).await;
    let Some(page) = page.map_err(gql)? else {
        return Ok(None);
    };
    let total = if ctx.look_ahead().field("totalCount").exists() {
        let total = teams.count(&actor, organization, search).await;
        Some(count(total.map_err(gql)?))
    } else {
        None
    };
    let rows = page
        .items
        .into_iter()
        .map(|view| (connection::cursor(&view.name), Team(view)))
        .collect();
    let teams = TeamConnection::new(skipped, page.has_more, rows, total);
    Ok(Some(teams))
}

/// A team by name, for who may know it.
pub(crate) async fn named(
    ctx: &Context<'_>,
    organization: &Namespace,
    team: &str,
) -> Result<Option<Team>> {
    let key = TeamKey::Name { organization, team };
    let view = ctx.services().teams.get(&ctx.actor(), key).await;
    Ok(found(view)?.map(Team))
}
