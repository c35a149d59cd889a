//! Who may do what in a repository, and why: the grounds of the policy's decisions, told in words that it decides by.

use std::collections::HashMap;

use berth_domain::{
    AccountId, EntityKind, Page, PageRequest, RepositoryId, RepositoryRole, Result, Scope, TeamId,
    TeamName,
};
use berth_store::Conn;
use berth_store::gate::{NamespaceFacts, RepositoryFacts};
use berth_store::holders::{self, Everywhere, Holder, Place, TeamOf};

use super::Permissions;
use crate::access::namespace::Administer;
use crate::access::policy::{self, Decision, RepositoryAction, Standing};
use crate::access::{Access, repo, team};
use crate::actor::Actor;

pub use crate::access::policy::Ground;

/// Who is in a team of which nobody in particular is meant: somebody known.
const ANY_MEMBER: Standing = Standing {
    account: Some(AccountId(0)),
    superuser: false,
    read_only_superuser: false,
    is_registry: false,
};

/// A reason why somebody may do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it is, with the role that it gives.
    pub ground: Ground,
    /// The team by which it is.
    pub team: Option<(TeamId, TeamName)>,
}

/// What somebody may do in a repository, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about what somebody may do"
)]
pub struct AccessView {
    /// User, robot or team.
    pub kind: EntityKind,
    /// The account's row, or the team's.
    pub id: i64,
    /// Name of a user or a team, `namespace+robot` of a robot.
    pub name: String,
    /// A hash in hex of the e-mail address, of a random value where there is none, or of a team's name.
    pub avatar_hash: String,
    /// Whether it is disabled, or of a disabled namespace, or a robot where there are to be none: so long it may nothing.
    pub is_shut_out: bool,
    /// The role in force; none where it may nothing.
    pub role: Option<RepositoryRole>,
    /// Whether it may pull now.
    pub can_pull: bool,
    /// Whether it may push now.
    pub can_push: bool,
    /// Whether it may change settings and delete.
    pub can_administer: bool,
    /// Every reason, also those that a higher role makes needless.
    pub reasons: Vec<Reason>,
    place: String,
}

/// Where somebody stands in the list: users by name, then robots by short name, then teams.
pub type AccessKey = (EntityKind, String, i64);

impl AccessView {
    /// Its place in the list.
    pub fn key(&self) -> AccessKey {
        (self.kind, self.place.clone(), self.id)
    }
}

impl Permissions {
    /// What everybody who has a right of their own may do in a repository, or what one user, robot or team may, and why.
    /// What everybody may do because it is public is a reason too, and puts nobody into the list.
    ///
    /// None for who may not ask: about others asks who sees the roles in the repository, its administrators and who sees
    /// everything and changes nothing; about themselves all who see the repository. Tokens need `repo:admin`. Who has no
    /// right is told by an empty page where the actor may not know of it: robots of namespaces that the actor does not
    /// administer, and teams of organizations that it does not belong to, as those that are not there.
    pub async fn explain(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        of: Option<(EntityKind, i64)>,
        page: &PageRequest<AccessKey>,
    ) -> Result<Option<Page<AccessView>>> {
        let gate = &self.core.gate;
        let mut conn = self.core.db.read().await?;
        let seen = gate
            .repositories::<repo::Pull>(&mut conn, actor, &[repository])
            .await?;
        let Some(access) = seen.into_iter().next() else {
            return Ok(None);
        };
        let sees_roles =
            policy::decide(actor, &access, RepositoryAction::SeeRoles, gate.switches())
                == Decision::Allowed;
        if !sees_roles && !of.is_some_and(|of| asks_about_itself(actor, of)) {
            return Ok(None);
        }
        let place = Place {
            repository,
            namespace: access.namespace.id,
        };
        let (found, has_more) = if let Some((kind, id)) = of {
            let found = holders::one(&mut conn, place, kind, id).await?;
            (found.into_iter().collect(), false)
        } else {
            let names = self.names_everywhere();
            let everywhere = Everywhere {
                names: &names,
                flagged: self.first_user_reaches_everything(),
            };
            let (after, limit) = (page.after.as_ref(), page.fetch());
            let found = holders::page(&mut conn, place, everywhere, after, limit).await?;
            let page = page.page(found);
            (page.items, page.has_more)
        };
        let mut items = self.explained(&mut conn, &access, place, &found).await?;
        if let Some((kind, _)) = of
            && !self.may_know(&mut conn, actor, kind, found.first()).await?
        {
            let has_own = |view: &AccessView| {
                let mut reasons = view.reasons.iter();
                reasons.any(|reason| reason.ground != Ground::Public)
            };
            let is_itself = of.is_some_and(|of| asks_about_itself(actor, of));
            items.retain(|view| is_itself || has_own(view));
        }
        Ok(Some(Page { items, has_more }))
    }

    /// Names of users who have a right in every repository.
    fn names_everywhere(&self) -> Vec<String> {
        let users = &self.core.settings.users;
        if !users.superusers_enabled {
            return Vec::new();
        }
        let superusers = users.superusers.iter().flatten();
        let superusers = superusers.filter(|_| self.core.gate.switches().superusers_full_access);
        let names = superusers.chain(&users.read_only_superusers);
        names.map(ToString::to_string).collect()
    }

    fn first_user_reaches_everything(&self) -> bool {
        let users = &self.core.settings.users;
        let full = self.core.gate.switches().superusers_full_access;
        users.superusers_enabled && full && users.superusers.is_none()
    }

    /// Whether the actor may know of somebody, right or not. Names of users are told to everybody.
    async fn may_know(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        kind: EntityKind,
        holder: Option<&Holder>,
    ) -> Result<bool> {
        let gate = &self.core.gate;
        Ok(match kind {
            EntityKind::Robot => {
                let namespace = holder.and_then(|holder| holder.namespace_id);
                let namespace = [namespace.unwrap_or(AccountId(0))];
                let held = gate.namespaces::<Administer>(conn, actor, &namespace);
                !held.await?.is_empty()
            }
            EntityKind::Team => {
                let team = [TeamId(holder.map_or(0, |holder| holder.id))];
                !gate
                    .teams::<team::View>(conn, actor, &team)
                    .await?
                    .is_empty()
            }
            EntityKind::User | EntityKind::Organization => true,
        })
    }

    async fn explained(
        &self,
        conn: &mut Conn,
        access: &Access<repo::Pull>,
        place: Place,
        found: &[Holder],
    ) -> Result<Vec<AccessView>> {
        let accounts = found
            .iter()
            .filter(|holder| holder.kind != EntityKind::Team);
        let accounts: Vec<AccountId> = accounts.map(|holder| AccountId(holder.id)).collect();
        let facts = self.core.gate.each_to(conn, access, &accounts).await?;
        let mut teams: HashMap<AccountId, Vec<TeamOf>> = HashMap::new();
        for team in holders::teams_of(conn, place, &accounts).await? {
            teams.entry(team.account).or_default().push(team);
        }
        let views = found.iter().filter_map(|holder| {
            let id = AccountId(holder.id);
            if holder.kind == EntityKind::Team {
                let (facts, team) = (of_team(access.target(), holder), itself(holder));
                let teams: Vec<TeamOf> = team.into_iter().collect();
                return Some(self.view(holder, ANY_MEMBER, &facts, &teams));
            }
            let teams = teams.get(&id).map_or(&[][..], Vec::as_slice);
            Some(self.view(holder, self.standing(holder), facts.get(&id)?, teams))
        });
        Ok(views.collect())
    }

    fn standing(&self, holder: &Holder) -> Standing {
        let name = holder.name.parse().ok();
        let name = name.filter(|_| holder.kind == EntityKind::User);
        Standing {
            account: Some(AccountId(holder.id)),
            superuser: name
                .as_ref()
                .is_some_and(|name| self.core.makes_superuser(name, holder.flagged)),
            read_only_superuser: name
                .as_ref()
                .is_some_and(|name| self.core.is_read_only_superuser(name)),
            is_registry: false,
        }
    }

    fn view(
        &self,
        holder: &Holder,
        standing: Standing,
        facts: &RepositoryFacts,
        teams: &[TeamOf],
    ) -> AccessView {
        let core = &self.core;
        let (switches, avatars) = (core.gate.switches(), core.settings.registry.avatars);
        let name = match &holder.namespace {
            Some(namespace) => format!("{namespace}+{}", holder.name),
            None => holder.name.clone(),
        };
        let robots = &core.settings.robots;
        let is_refused_robot = holder.kind == EntityKind::Robot
            && robots.disallowed
            && !robots.allowed_names.contains(&name);
        let is_shut_out = !holder.enabled || is_refused_robot;
        let grounds = policy::grounds(standing, facts, switches);
        let role = policy::grounds(standing, facts, switches)
            .map(Ground::role)
            .max();
        let may = |action| !is_shut_out && policy::may(standing, facts, action, switches);
        AccessView {
            kind: holder.kind,
            id: holder.id,
            avatar_hash: match holder.kind {
                EntityKind::Team => avatars.of_name(&holder.name),
                _ => avatars.of_either(holder.email.as_deref(), &holder.uuid),
            },
            name,
            is_shut_out,
            role: role.filter(|_| !is_shut_out),
            can_pull: may(RepositoryAction::Pull),
            can_push: core.gate.writable().is_ok()
                && !core.settings.push.disabled
                && may(RepositoryAction::Push),
            can_administer: may(RepositoryAction::Administer),
            reasons: grounds.flat_map(|ground| reasons(ground, teams)).collect(),
            place: holder.name.clone(),
        }
    }
}

fn asks_about_itself(actor: &Actor, (kind, id): (EntityKind, i64)) -> bool {
    let is_account = matches!(kind, EntityKind::User | EntityKind::Robot);
    is_account
        && actor.account_id() == Some(AccountId(id))
        && actor.scopes().allows(Scope::RepoAdmin)
        && actor.grant.is_none()
}

/// What somebody is to a repository who is in this team and in no other.
fn of_team(facts: &RepositoryFacts, holder: &Holder) -> RepositoryFacts {
    RepositoryFacts {
        repository: facts.repository.clone(),
        namespace: NamespaceFacts {
            team_role: holder.team_role,
            ..facts.namespace.clone()
        },
        direct_role: None,
        team_role: holder.role,
    }
}

/// A team as what its members have their rights by.
fn itself(holder: &Holder) -> Option<TeamOf> {
    Some(TeamOf {
        account: AccountId(0),
        team: TeamId(holder.id),
        name: holder.name.parse().ok()?,
        administers: holder.team_role == Some(berth_domain::TeamRole::Admin),
        role: holder.role,
    })
}

/// A ground as it is told: one that comes by teams once for each of them.
fn reasons(ground: Ground, teams: &[TeamOf]) -> Vec<Reason> {
    let named = |team: &TeamOf, ground| Reason {
        ground,
        team: Some((team.team, team.name.clone())),
    };
    let by_teams: Vec<Reason> = match ground {
        Ground::OrganizationAdministrator => {
            let teams = teams.iter().filter(|team| team.administers);
            teams.map(|team| named(team, ground)).collect()
        }
        Ground::Team(_) => {
            let teams = teams.iter();
            let with_role = |team: &TeamOf| Some(named(team, Ground::Team(team.role?)));
            teams.filter_map(with_role).collect()
        }
        _ => Vec::new(),
    };
    if by_teams.is_empty() {
        return vec![Reason { ground, team: None }];
    }
    by_teams
}
