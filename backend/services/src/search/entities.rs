//! Names that are offered while somebody types one: users, and the robots and teams of one namespace.

use berth_domain::{AccountId, AccountKind, EntityKind, Error, Namespace, Result};
use berth_store::gate::NamespaceFacts;
use berth_store::robots::Robot;
use berth_store::{Conn, accounts, robots, teams};
use deunicode::deunicode;

use super::Search;
use crate::access::Access;
use crate::access::namespace::View;
use crate::access::policy::{self, Decision, NamespaceAction};
use crate::actor::Actor;

/// A namespace whose robots and teams are offered too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within<'a> {
    /// By row.
    Id(AccountId),
    /// By name.
    Name(&'a str),
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The beginning of a name, however it is written: accents and case do not count.
    pub prefix: &'a str,
    /// The namespace beside the users.
    pub within: Option<Within<'a>>,
    /// Of what kinds.
    pub kinds: &'a [EntityKind],
    /// At most so many teams, and so many users and robots together.
    pub limit: usize,
}

/// Somebody who may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityView {
    /// What it is.
    pub kind: EntityKind,
    /// Its row: an account, or a team.
    pub id: i64,
    /// Name of a user, a team or an organization, `namespace+robot` of a robot.
    pub name: String,
    /// A hash in hex of the e-mail address, of a random value where there is none, or of a team's name.
    pub avatar_hash: String,
    /// Whether it is in a team of the organization that was asked for, or its robot; told to those alone who may know
    /// its teams.
    pub is_member: Option<bool>,
}

/// What the actor may know of the namespace.
struct Known {
    facts: NamespaceFacts,
    /// Which teams it has, and who is in one.
    teams: bool,
    robots: bool,
    administers: bool,
}

impl Search {
    /// Who may be meant by the beginning of a name: teams, then users and robots by what matches, then the organization
    /// itself.
    ///
    /// Names of users are told to everybody, as `GET /users/{name}` tells that there is one; to nobody known only with
    /// `FEATURE_ANONYMOUS_ACCESS`, and without `FEATURE_PARTIAL_USER_AUTOCOMPLETE` by the whole name alone, as are those of
    /// robots. Teams and robots of an organization are told to who may know its teams: its members, its administrators,
    /// and who sees everything and changes nothing; a token needs `org:admin` or `repo:create` for that. Robots of a
    /// user are told to that user (`user:admin`), and an organization to who administers it (`org:admin`).
    pub async fn entities(&self, actor: &Actor, wanted: &Wanted<'_>) -> Result<Vec<EntityView>> {
        let prefix = deunicode(wanted.prefix).trim().to_lowercase();
        if prefix.contains('\0') {
            return Ok(Vec::new());
        }
        let limit = i64::try_from(wanted.limit).map_err(Error::internal)?;
        let wants = |kind| wanted.kinds.contains(&kind);
        let avatars = self.core.settings.registry.avatars;
        let mut conn = self.core.db.read().await?;
        let known = match wanted.within {
            Some(within) => self.known(&mut conn, actor, within).await?,
            None => None,
        };
        let mut entities = Vec::new();
        if let Some(known) = known
            .as_ref()
            .filter(|known| known.teams && wants(EntityKind::Team))
        {
            let found = teams::beginning(&mut conn, known.facts.id, &prefix, limit).await?;
            entities.extend(found.into_iter().map(|team| EntityView {
                kind: EntityKind::Team,
                id: team.id.0,
                avatar_hash: avatars.of_name(team.name.as_str()),
                name: team.name.to_string(),
                is_member: Some(true),
            }));
        }
        let mut people: Vec<(String, EntityView)> = Vec::new();
        if wants(EntityKind::User) && self.tells_users(actor) && !prefix.is_empty() {
            people.extend(
                self.users(&mut conn, &prefix, known.as_ref(), limit)
                    .await?,
            );
        }
        if let Some(known) = known
            .as_ref()
            .filter(|known| known.robots && wants(EntityKind::Robot))
        {
            people.extend(self.robots_of(&mut conn, &prefix, known, limit).await?);
        }
        people.sort_by(|a, b| (&a.0, a.1.kind).cmp(&(&b.0, b.1.kind)));
        people.truncate(wanted.limit);
        entities.extend(people.into_iter().map(|(_, entity)| entity));
        let itself = known.filter(|known| {
            let is_organization = known.facts.kind == AccountKind::Organization;
            is_organization && known.administers && wants(EntityKind::Organization)
        });
        if let Some(known) = itself.filter(|known| known.facts.name.as_str().starts_with(&prefix)) {
            let account = accounts::by_ids(&mut conn, &[known.facts.id]).await?.pop();
            entities.extend(account.map(|account| EntityView {
                kind: EntityKind::Organization,
                id: account.id.0,
                name: known.facts.name.to_string(),
                avatar_hash: avatars.of_account(&account),
                is_member: Some(true),
            }));
        }
        Ok(entities)
    }

    fn tells_users(&self, actor: &Actor) -> bool {
        !actor.is_anonymous() || self.core.gate.switches().anonymous_access
    }

    /// A namespace that the actor may know. What is not there is looked for as long as what is hidden.
    async fn known(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        within: Within<'_>,
    ) -> Result<Option<Known>> {
        let gate = &self.core.gate;
        let id = match within {
            Within::Id(id) => id,
            Within::Name(name) => match name.parse::<Namespace>() {
                Ok(name) => {
                    let found = accounts::by_name(conn, &name).await?;
                    found.map_or(AccountId(0), |account| account.id)
                }
                Err(_) => return Ok(None),
            },
        };
        let found = gate.namespaces::<View>(conn, actor, &[id]).await?;
        let Some(facts) = found.first().map(Access::target) else {
            return Ok(None);
        };
        let may = |action| {
            policy::decide_namespace(actor, facts, action, gate.switches()) == Decision::Allowed
        };
        let administers = may(NamespaceAction::Administer);
        let teams = may(NamespaceAction::ViewTeams);
        Ok(Some(Known {
            teams,
            robots: teams || (facts.kind == AccountKind::User && administers),
            administers,
            facts: facts.clone(),
        }))
    }

    async fn users(
        &self,
        conn: &mut Conn,
        prefix: &str,
        known: Option<&Known>,
        limit: i64,
    ) -> Result<Vec<(String, EntityView)>> {
        let found = if self.core.settings.users.partial_autocomplete {
            accounts::users_beginning(conn, prefix, limit).await?
        } else {
            let mut found = accounts::by_names(conn, &[prefix]).await?;
            found.retain(|account| account.kind == AccountKind::User);
            found
        };
        let members = match known.filter(|known| known.teams) {
            Some(known) => {
                let ids: Vec<AccountId> = found.iter().map(|account| account.id).collect();
                Some(teams::members_among(conn, known.facts.id, &ids).await?)
            }
            None => None,
        };
        let avatars = self.core.settings.registry.avatars;
        let users = found.into_iter().map(|account| {
            let avatar_hash = avatars.of_account(&account);
            let name = account.name.unwrap_or_default();
            let entity = EntityView {
                kind: EntityKind::User,
                id: account.id.0,
                name: name.clone(),
                avatar_hash,
                is_member: members
                    .as_ref()
                    .map(|members| members.contains(&account.id)),
            };
            (name, entity)
        });
        Ok(users.collect())
    }

    /// Robots by short name, also where the name of the namespace stands before it.
    async fn robots_of(
        &self,
        conn: &mut Conn,
        prefix: &str,
        known: &Known,
        limit: i64,
    ) -> Result<Vec<(String, EntityView)>> {
        let namespace = known.facts.id;
        let prefix = match prefix.split_once('+') {
            Some((before, short)) if before == known.facts.name.as_str() => short,
            Some(_) => return Ok(Vec::new()),
            None => prefix,
        };
        let found = if self.core.settings.users.partial_autocomplete {
            robots::beginning(conn, namespace, prefix, limit).await?
        } else {
            robots::by_short_names(conn, namespace, &[prefix]).await?
        };
        let ids: Vec<AccountId> = found.iter().map(|robot| robot.id).collect();
        let accounts = accounts::by_ids(conn, &ids).await?;
        let avatars = self.core.settings.registry.avatars;
        let hash = |robot: &Robot| {
            let account = accounts.iter().find(|account| account.id == robot.id);
            account.map_or_else(String::new, |account| avatars.of_account(account))
        };
        let robots = found.into_iter().map(|robot| {
            let entity = EntityView {
                kind: EntityKind::Robot,
                id: robot.id.0,
                avatar_hash: hash(&robot),
                name: robot.name.to_string(),
                is_member: known.teams.then_some(true),
            };
            (robot.name.short, entity)
        });
        Ok(robots.collect())
    }
}
