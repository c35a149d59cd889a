//! Who belongs to an organization, and who works with it from outside.

use async_graphql::{Context, Object, Result};
use berth_domain::{Namespace, TeamId};
use berth_services::teams::{EACH_MAX, PersonView, RoleIn};

use super::namespace::{Avatar, picture};
use super::permission::{AccountKind, RoleInRepository};
use super::team::Team;
use crate::connection::{self, connection, count};
use crate::context::Asks;
use crate::error::{found, gql, gql_ref};

fn avatar(person: &PersonView) -> Avatar {
    let word = match person.kind {
        berth_domain::AccountKind::Robot => "robot",
        berth_domain::AccountKind::User | berth_domain::AccountKind::Organization => "user",
    };
    picture(&person.name, &person.avatar_hash, word)
}

fn roles(person: &PersonView) -> Vec<RoleInRepository> {
    let roles = person.roles.items.iter();
    roles
        .map(|role: &RoleIn| RoleInRepository(role.clone()))
        .collect()
}

fn total(number: i64) -> i32 {
    count(u64::try_from(number).unwrap_or(0))
}

/// Somebody who belongs to an organization.
#[derive(Clone)]
pub(crate) struct OrganizationMember(PersonView);

/// A user in a team of an organization, or one of its robots.
#[Object]
impl OrganizationMember {
    /// User name or `namespace+robot`.
    async fn account(&self) -> &str {
        &self.0.name
    }

    /// User or robot.
    async fn kind(&self) -> AccountKind {
        self.0.kind.into()
    }

    /// A picture for it.
    async fn avatar(&self) -> Avatar {
        avatar(&self.0)
    }

    /// The teams of the organization that it is in, by name, the first fifty.
    async fn member_of(&self, ctx: &Context<'_>) -> Result<Vec<Team>> {
        let ids: Vec<TeamId> = self.0.teams.items.iter().map(|team| team.id).collect();
        let mut views = ctx
            .loader()
            .load_many(ids.iter().copied())
            .await
            .map_err(|error| gql_ref(&error))?;
        let teams = ids.iter().filter_map(|id| views.remove(id));
        Ok(teams.map(Team).collect())
    }

    /// How many teams of the organization it is in.
    async fn team_count(&self) -> i32 {
        total(self.0.teams.count)
    }

    /// Its own roles in repositories of the organization, by repository, the first fifty; those of its teams are not
    /// among them.
    async fn own_roles(&self) -> Vec<RoleInRepository> {
        roles(&self.0)
    }

    /// In how many repositories of the organization it has a role of its own.
    async fn repository_count(&self) -> i32 {
        total(self.0.roles.count)
    }

    /// Whether the organization has no other administrator: `removeMember` refuses this one.
    async fn is_last_administrator(&self) -> bool {
        self.0.is_last_administrator
    }
}

/// Somebody who works with an organization from outside.
#[derive(Clone)]
pub(crate) struct Collaborator(PersonView);

/// A user, or a robot of the organization, who has roles of its own in repositories and is in no team.
#[Object]
impl Collaborator {
    /// User name or `namespace+robot`.
    async fn account(&self) -> &str {
        &self.0.name
    }

    /// User or robot.
    async fn kind(&self) -> AccountKind {
        self.0.kind.into()
    }

    /// A picture for it.
    async fn avatar(&self) -> Avatar {
        avatar(&self.0)
    }

    /// Its roles in repositories of the organization, by repository, the first fifty.
    async fn own_roles(&self) -> Vec<RoleInRepository> {
        roles(&self.0)
    }

    /// In how many repositories of the organization it has a role.
    async fn repository_count(&self) -> i32 {
        total(self.0.roles.count)
    }
}

connection!(
    OrganizationMemberConnection,
    OrganizationMemberEdge,
    OrganizationMember,
    "the users in teams of an organization",
    total_count: "How many there are; capped at 10,000."
);

connection!(
    CollaboratorConnection,
    CollaboratorEdge,
    Collaborator,
    "those who work with an organization from outside",
    total_count: "How many there are; capped at 10,000."
);

/// A page of the users in teams of an organization; none for who does not administer it.
pub(crate) async fn members(
    ctx: &Context<'_>,
    organization: &Namespace,
    first: Option<i32>,
    after: Option<String>,
    search: Option<String>,
) -> Result<Option<OrganizationMemberConnection>> {
    let skipped = after.is_some();
    let request = connection::request::<String>(first, after)?;
    let (teams, actor) = (&ctx.services().teams, ctx.actor());
    let search = search.as_deref().filter(|text| !text.is_empty());
    let page = teams.people(&actor, organization, search, &request).await;
    let Some(page) = found(page)? else {
        return Ok(None);
    };
    let total = if ctx.look_ahead().field("totalCount").exists() {
        let total = teams.count_people(&actor, organization, search).await;
        Some(count(total.map_err(gql)?))
    } else {
        None
    };
    let rows = page.items.into_iter();
    let rows = rows.map(|view| (connection::cursor(&view.name), OrganizationMember(view)));
    Ok(Some(OrganizationMemberConnection::new(
        skipped,
        page.has_more,
        rows.collect(),
        total,
    )))
}

/// A user in a team of an organization, or one of its robots.
pub(crate) async fn member(
    ctx: &Context<'_>,
    organization: &Namespace,
    account: &str,
) -> Result<Option<OrganizationMember>> {
    let (teams, actor) = (&ctx.services().teams, ctx.actor());
    let person = teams.person(&actor, organization, account, EACH_MAX);
    Ok(found(person.await)?.map(OrganizationMember))
}

/// A page of those who work with an organization from outside; none for who does not administer it.
pub(crate) async fn collaborators(
    ctx: &Context<'_>,
    organization: &Namespace,
    first: Option<i32>,
    after: Option<String>,
    search: Option<String>,
) -> Result<Option<CollaboratorConnection>> {
    let skipped = after.is_some();
    let request = connection::request::<(bool, String)>(first, after)?;
    let (teams, actor) = (&ctx.services().teams, ctx.actor());
    let search = search.as_deref().filter(|text| !text.is_empty());
    let page = teams.collaborators(&actor, organization, search, &request);
    let Some(page) = found(page.await)? else {
        return Ok(None);
    };
    let total = if ctx.look_ahead().field("totalCount").exists() {
        let total = teams
            .count_collaborators(&actor, organization, search)
            .await;
        Some(count(total.map_err(gql)?))
    } else {
        None
    };
    let rows = page.items.into_iter();
    let rows = rows.map(|view| (connection::cursor(&view.key()), Collaborator(view)));
    Ok(Some(CollaboratorConnection::new(
        skipped,
        page.has_more,
        rows.collect(),
        total,
    )))
}
