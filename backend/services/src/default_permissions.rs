//! Roles that new repositories of an organization begin with (A6), however they are made.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use berth_domain::{
    AccountId, AccountKind, DefaultPermissionFields, Error, Event, Grantee, Namespace, Noun, Page,
    PageRequest, PrototypeId, RepositoryId, RepositoryRole, Result, TeamId, TeamName, Timestamp,
};
use berth_store::gate::NamespaceFacts;
use berth_store::prototypes::{self as rows, NewPrototype, Prototype};
use berth_store::{Conn, Tx, accounts, logs, repositories, robots, teams};
use uuid::Uuid;

use crate::access::Access;
use crate::access::namespace::Administer;
use crate::actor::Actor;
use crate::core::Core;
use crate::journal::Subject;
use crate::teams::{Meant, meant};

/// An organization has no more of them: a push looks at all that may concern it.
pub const COUNT_MAX: i64 = 1_000;

/// Roles that new repositories begin with.
#[derive(Clone)]
pub struct DefaultPermissions {
    core: Arc<Core>,
}

/// Who is to get a role, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To<'a> {
    /// A user, or a robot of the organization as `namespace+robot`.
    Account(&'a str),
    /// A team of the organization.
    Team(&'a str),
}

/// A user or robot beside a default permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The account.
    pub id: AccountId,
    /// User or robot.
    pub kind: AccountKind,
    /// User name, or `namespace+robot`.
    pub name: String,
    /// A hash in hex of the e-mail address, or of a random value where there is none.
    pub avatar_hash: String,
    /// Whether it is in a team of the organization, or its robot.
    pub is_member: bool,
}

/// Who gets a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delegate {
    /// A user or robot.
    Account(Person),
    /// A team.
    Team {
        /// Which.
        id: TeamId,
        /// By name.
        name: TeamName,
        /// A hash in hex of its name.
        avatar_hash: String,
    },
}

/// A role that new repositories begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultPermissionView {
    /// Place in the list.
    pub id: PrototypeId,
    /// Public id.
    pub uuid: String,
    /// Whose new repositories; none for everybody's.
    pub creator: Option<Person>,
    /// Who gets it.
    pub delegate: Delegate,
    /// The role.
    pub role: RepositoryRole,
    /// When it was made.
    pub created_at: Timestamp,
}

impl DefaultPermissionView {
    fn fields(&self) -> DefaultPermissionFields {
        DefaultPermissionFields {
            uuid: self.uuid.clone(),
            creator: self.creator.as_ref().map(|person| person.name.clone()),
            grantee: match &self.delegate {
                Delegate::Account(person) => Grantee::Account(person.name.clone()),
                Delegate::Team { name, .. } => Grantee::Team(name.clone()),
            },
            role: self.role,
        }
    }
}

impl DefaultPermissions {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The default permissions of an organization, the oldest first: for its administrators, and for who sees
    /// everything and changes nothing.
    ///
    /// # Errors
    /// Unauthenticated, hidden or forbidden for everybody else.
    pub async fn page(
        &self,
        actor: &Actor,
        organization: &Namespace,
        page: &PageRequest<PrototypeId>,
    ) -> Result<Page<DefaultPermissionView>> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .audited(&mut conn, actor, organization)
            .await?;
        let found = rows::page(&mut conn, access.id, page.after, page.fetch()).await?;
        let found = page.page(found);
        let items = self.views(&mut conn, access.target(), found.items).await?;
        Ok(Page {
            items,
            has_more: found.has_more,
        })
    }

    /// All of them, as [`Self::page`] gives them.
    ///
    /// # Errors
    /// As [`Self::page`].
    pub async fn all(
        &self,
        actor: &Actor,
        organization: &Namespace,
    ) -> Result<Vec<DefaultPermissionView>> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .audited(&mut conn, actor, organization)
            .await?;
        let found = rows::page(&mut conn, access.id, None, COUNT_MAX).await?;
        self.views(&mut conn, access.target(), found).await
    }

    /// How many [`Self::page`] walks through.
    ///
    /// # Errors
    /// As [`Self::page`].
    pub async fn count(&self, actor: &Actor, organization: &Namespace) -> Result<u64> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .audited(&mut conn, actor, organization)
            .await?;
        let count = rows::count(&mut conn, access.id).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Has new repositories begin with a role: those that `creator` makes, or all.
    ///
    /// # Errors
    /// Somebody who is not there or is a robot of another namespace, a team that the organization does not have.
    pub async fn create(
        &self,
        actor: &Actor,
        organization: &Namespace,
        creator: Option<&str>,
        to: &To<'_>,
        role: RepositoryRole,
    ) -> Result<DefaultPermissionView> {
        let uuid = Uuid::new_v4().to_string();
        let core = &self.core;
        core.db
            .write(async |tx| {
                let gate = &core.gate;
                let access = gate
                    .organization::<Administer>(tx, actor, organization)
                    .await?;
                if rows::count(tx, access.id).await? >= COUNT_MAX {
                    return Err(Error::conflict(format!(
                        "an organization has at most {COUNT_MAX} default permissions; delete some first"
                    )));
                }
                let creator_id = match creator {
                    Some(name) => Some(
                        account(tx, &access, name, "Unknown activating user")
                            .await
                            .map_err(|e| e.in_field("creator"))?,
                    ),
                    None => None,
                };
                let (account_id, team_id) = match to {
                    To::Account(name) => {
                        let found = account(tx, &access, name, "Missing delegate user or team");
                        (Some(found.await.map_err(|e| e.in_field("account"))?), None)
                    }
                    To::Team(name) => {
                        let found = team(tx, &access, name).await;
                        (None, Some(found.map_err(|e| e.in_field("team"))?))
                    }
                };
                let new = NewPrototype {
                    uuid: &uuid,
                    namespace_id: access.id,
                    creator_id,
                    account_id,
                    team_id,
                    role,
                };
                let row = rows::insert(tx, &new, core.now()).await?;
                let view = self.view(tx, &access, row).await?;
                let event = Event::DefaultPermissionCreated(view.fields());
                self.record(tx, actor, access.id, &event).await?;
                Ok(view)
            })
            .await
    }

    /// Changes the role of one.
    ///
    /// # Errors
    /// Not found for an id that the organization does not have.
    pub async fn update(
        &self,
        actor: &Actor,
        organization: &Namespace,
        uuid: &str,
        role: RepositoryRole,
    ) -> Result<DefaultPermissionView> {
        self.core
            .db
            .write(async |tx| {
                let (access, row) = self.administered(tx, actor, organization, uuid).await?;
                let is_same = row.role == role;
                let row = Prototype { role, ..row };
                let id = row.id;
                let view = self.view(tx, &access, row).await?;
                if !is_same {
                    rows::set_role(tx, id, role).await?;
                    let event = Event::DefaultPermissionModified(view.fields());
                    self.record(tx, actor, access.id, &event).await?;
                }
                Ok(view)
            })
            .await
    }

    /// Removes one; what began with it keeps the role.
    ///
    /// # Errors
    /// As [`Self::update`].
    pub async fn delete(&self, actor: &Actor, organization: &Namespace, uuid: &str) -> Result<()> {
        self.core
            .db
            .write(async |tx| {
                let (access, row) = self.administered(tx, actor, organization, uuid).await?;
                let id = row.id;
                let view = self.view(tx, &access, row).await?;
                rows::delete(tx, &[id]).await?;
                let event = Event::DefaultPermissionDeleted(view.fields());
                self.record(tx, actor, access.id, &event).await
            })
            .await
    }

    async fn administered(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        organization: &Namespace,
        uuid: &str,
    ) -> Result<(Access<Administer>, Prototype)> {
        let gate = &self.core.gate;
        let access = gate
            .organization::<Administer>(tx, actor, organization)
            .await?;
        let found = rows::by_uuid(tx, access.id, uuid).await?;
        let row = found.ok_or_else(|| Error::not_found(Noun::DefaultPermission, uuid))?;
        Ok((access, row))
    }

    /// Takes back what new repositories of an organization would give to an account, in the caller's transaction.
    pub(crate) async fn withdraw(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        organization: &NamespaceFacts,
        account: AccountId,
    ) -> Result<()> {
        let found = rows::of_account(tx, organization.id, account, COUNT_MAX).await?;
        if found.is_empty() {
            return Ok(());
        }
        let ids: Vec<PrototypeId> = found.iter().map(|row| row.id).collect();
        let views = self.views(tx, organization, found).await?;
        rows::delete(tx, &ids).await?;
        let subject = Subject {
            namespace: Some(organization.id),
            repository: None,
        };
        let entry = |view: &DefaultPermissionView| {
            let event = Event::DefaultPermissionDeleted(view.fields());
            self.core.journal.entry(actor, subject, &event)
        };
        let entries: Vec<_> = views.iter().map(entry).collect();
        logs::insert_many(tx, &entries).await
    }

    async fn view(
        &self,
        conn: &mut Conn,
        organization: &NamespaceFacts,
        row: Prototype,
    ) -> Result<DefaultPermissionView> {
        let mut views = self.views(conn, organization, vec![row]).await?;
        views.pop().ok_or(Error::Hidden(Noun::DefaultPermission))
    }

    /// In four queries, however many they are. One whose account is being deleted is left out.
    async fn views(
        &self,
        conn: &mut Conn,
        organization: &NamespaceFacts,
        found: Vec<Prototype>,
    ) -> Result<Vec<DefaultPermissionView>> {
        let people = self.people(conn, organization, &found).await?;
        let ids: Vec<TeamId> = found.iter().filter_map(|row| row.team_id).collect();
        let names: HashMap<TeamId, TeamName> =
            teams::names(conn, &ids).await?.into_iter().collect();
        let avatars = self.core.settings.registry.avatars;
        let delegate = |row: &Prototype| match (row.account_id, row.team_id) {
            (Some(id), _) => people.get(&id).cloned().map(Delegate::Account),
            (None, Some(id)) => names.get(&id).map(|name| Delegate::Team {
                id,
                name: name.clone(),
                avatar_hash: avatars.of_name(name.as_str()),
            }),
            (None, None) => None,
        };
        let view = |row: Prototype| {
            let creator = match row.creator_id {
                Some(id) => Some(people.get(&id)?.clone()),
                None => None,
            };
            Some(DefaultPermissionView {
                id: row.id,
                delegate: delegate(&row)?,
                uuid: row.uuid,
                creator,
                role: row.role,
                created_at: row.created_at,
            })
        };
        Ok(found.into_iter().filter_map(view).collect())
    }

    async fn people(
        &self,
        conn: &mut Conn,
        organization: &NamespaceFacts,
        found: &[Prototype],
    ) -> Result<HashMap<AccountId, Person>> {
        let named = |row: &Prototype| [row.creator_id, row.account_id];
        let mut ids: Vec<AccountId> = found.iter().flat_map(named).flatten().collect();
        ids.sort_unstable();
        ids.dedup();
        let members = teams::members_among(conn, organization.id, &ids).await?;
        let accounts = accounts::by_ids(conn, &ids).await?;
        let robots = robots::by_ids(conn, &ids).await?;
        let robots: HashMap<AccountId, String> = robots
            .into_iter()
            .map(|robot| (robot.id, robot.name.to_string()))
            .collect();
        let avatars = self.core.settings.registry.avatars;
        let live = accounts
            .into_iter()
            .filter(|account| account.deleting_at.is_none());
        let people = live.filter_map(|account| {
            let is_robot = account.kind == AccountKind::Robot;
            let name = match robots.get(&account.id) {
                Some(name) => name.clone(),
                None => account.name.clone()?,
            };
            let person = Person {
                id: account.id,
                kind: account.kind,
                name,
                avatar_hash: avatars.of_account(&account),
                is_member: is_robot || members.contains(&account.id),
            };
            Some((person.id, person))
        });
        Ok(people.collect())
    }

    async fn record(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        organization: AccountId,
        event: &Event,
    ) -> Result<()> {
        let subject = Subject {
            namespace: Some(organization),
            repository: None,
        };
        self.core.journal.record(tx, actor, subject, event).await
    }
}

/// The account that a name means.
async fn account(
    conn: &mut Conn,
    organization: &NamespaceFacts,
    name: &str,
    unknown: &str,
) -> Result<AccountId> {
    match meant(conn, organization, name).await? {
        Meant::User(id) | Meant::Robot(id) => Ok(id),
        Meant::Foreign => Err(Error::invalid_value(format!(
            "Cannot add robot {name} under namespace {}",
            organization.name
        ))),
        Meant::Nobody => Err(Error::invalid_value(unknown)),
    }
}

/// The team that a name means.
async fn team(conn: &mut Conn, organization: &NamespaceFacts, name: &str) -> Result<TeamId> {
    let found = teams::by_names(conn, organization.id, &[name]).await?;
    let found = found.into_iter().next().map(|(id, _)| id);
    found.ok_or_else(|| {
        Error::invalid_value(format!(
            "Team does not exist: {}/{}",
            organization.name,
            berth_domain::shorten(name)
        ))
    })
}

/// Gives a new repository the roles that it begins with. What is for its creator goes before what is for everybody's
/// repositories, and of what is left the highest role counts.
pub(crate) async fn apply(
    core: &Core,
    tx: &mut Tx,
    namespace: AccountId,
    creator: Option<AccountId>,
    repository: RepositoryId,
) -> Result<()> {
    let found = rows::for_creator(tx, namespace, creator, COUNT_MAX).await?;
    let mut chosen: BTreeMap<(Option<AccountId>, Option<TeamId>), (bool, RepositoryRole)> =
        BTreeMap::new();
    for row in found {
        let rank = (row.creator_id.is_some(), row.role);
        let held = chosen.entry((row.account_id, row.team_id)).or_insert(rank);
        *held = (*held).max(rank);
    }
    let now = core.now();
    for ((account, team), (_, role)) in chosen {
        if let Some(account) = account {
            repositories::set_role(tx, repository, account, role, now).await?;
        }
        if let Some(team) = team {
            teams::set_repository_role(tx, repository, team, role, now).await?;
        }
    }
    Ok(())
}
