//! Who belongs to an organization (A4): the users in its teams, and who has roles of its own in its repositories and is in
//! no team. And how somebody leaves all of it.

use std::collections::HashMap;
use std::sync::Arc;

use berth_domain::{
    AccountId, AccountKind, Error, Event, Namespace, Noun, Page, PageRequest, RepositoryPath,
    Result, TeamId, TeamName,
};
use berth_store::accounts::Account;
use berth_store::gate::NamespaceFacts;
use berth_store::organizations::people::{self as rows, Firsts, Person};
use berth_store::teams::{MemberKey, RoleIn, Without, administrator};
use berth_store::{Conn, accounts, logs};

use super::{LIST_MAX, Meant, Teams, meant};
use crate::actor::Actor;
use crate::default_permissions::DefaultPermissions;
use crate::journal::Subject;

/// Of each person in a page no more teams, and no more roles, are told than this.
pub const EACH_MAX: usize = 50;

/// A team that somebody is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamOfPerson {
    /// Which.
    pub id: TeamId,
    /// By name.
    pub name: TeamName,
    /// A hash in hex of its name.
    pub avatar_hash: String,
}

/// Somebody who has to do with an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonView {
    /// The account.
    pub id: AccountId,
    /// User or robot.
    pub kind: AccountKind,
    /// User name, or `namespace+robot`.
    pub name: String,
    /// A hash in hex of the e-mail address, or of a random value where there is none.
    pub avatar_hash: String,
    /// The teams of the organization that it is in, by name.
    pub teams: Firsts<TeamOfPerson>,
    /// Its own roles in repositories of the organization, by repository.
    pub roles: Firsts<RoleIn>,
    /// Whether the organization has no other administrator.
    pub is_last_administrator: bool,
}

impl PersonView {
    /// Where it stands in a list: users by name, then robots.
    pub fn key(&self) -> (bool, String) {
        match self.name.split_once('+') {
            Some((_, short)) => (true, short.to_owned()),
            None => (false, self.name.clone()),
        }
    }
}

impl Teams {
    /// The users in teams of an organization, by name, with the first [`EACH_MAX`] of their teams and roles: for its
    /// administrators, and for who sees everything and changes nothing.
    ///
    /// # Errors
    /// Unauthenticated, hidden or forbidden for everybody else.
    pub async fn people(
        &self,
        actor: &Actor,
        organization: &Namespace,
        search: Option<&str>,
        page: &PageRequest<String>,
    ) -> Result<Page<PersonView>> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .audited(&mut conn, actor, organization)
            .await?;
        let after = page.after.as_deref();
        let found = rows::members(&mut conn, access.id, search, after, page.fetch()).await?;
        let found = page.page(found);
        let items = self
            .views_of(&mut conn, access.target(), found.items, EACH_MAX)
            .await?;
        Ok(Page {
            items,
            has_more: found.has_more,
        })
    }

    /// All of them, [`LIST_MAX`] at most, with as many of their teams and roles.
    ///
    /// # Errors
    /// As [`Self::people`].
    pub async fn all_people(
        &self,
        actor: &Actor,
        organization: &Namespace,
    ) -> Result<Vec<PersonView>> {
        let limit = i64::try_from(LIST_MAX).map_err(Error::internal)?;
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .audited(&mut conn, actor, organization)
            .await?;
        let found = rows::members(&mut conn, access.id, None, None, limit).await?;
        self.views_of(&mut conn, access.target(), found, LIST_MAX)
            .await
    }

    /// How many [`Self::people`] walks through, 10,000 at most.
    ///
    /// # Errors
    /// As [`Self::people`].
    pub async fn count_people(
        &self,
        actor: &Actor,
        organization: &Namespace,
        search: Option<&str>,
    ) -> Result<u64> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .audited(&mut conn, actor, organization)
            .await?;
        let count = rows::count_members(&mut conn, access.id, search).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// A user in a team of an organization, or one of its robots, with at most `each` of its teams and roles.
    ///
    /// # Errors
    /// As [`Self::people`]; not found for everybody who is neither.
    pub async fn person(
        &self,
        actor: &Actor,
        organization: &Namespace,
        name: &str,
        each: usize,
    ) -> Result<PersonView> {
        let absent = || Error::not_found(Noun::User, name);
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .audited(&mut conn, actor, organization)
            .await?;
        let organization = access.target();
        let (id, is_robot) = match meant(&mut conn, organization, name).await? {
            Meant::User(id) => (id, false),
            Meant::Robot(id) => (id, true),
            Meant::Foreign | Meant::Nobody => return Err(absent()),
        };
        let short = name.split_once('+').map_or(name, |(_, short)| short);
        let key = MemberKey {
            is_robot,
            name: short.to_owned(),
        };
        let found = vec![Person { id, key }];
        let views = self.views_of(&mut conn, organization, found, each).await?;
        let mut views = views.into_iter();
        let view = views.find(|view| is_robot || view.teams.count > 0);
        view.ok_or_else(absent)
    }

    /// Users, then robots of the organization, each by name, who have roles of their own in its repositories and are in
    /// none of its teams, with the first [`EACH_MAX`] of the roles: for whom [`Self::people`] is.
    ///
    /// # Errors
    /// As [`Self::people`].
    pub async fn collaborators(
        &self,
        actor: &Actor,
        organization: &Namespace,
        search: Option<&str>,
        page: &PageRequest<(bool, String)>,
    ) -> Result<Page<PersonView>> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .audited(&mut conn, actor, organization)
            .await?;
        let after = page.after.clone();
        let after = after.map(|(is_robot, name)| MemberKey { is_robot, name });
        let (after, limit) = (after.as_ref(), page.fetch());
        let found = rows::collaborators(&mut conn, access.id, search, after, limit).await?;
        let found = page.page(found);
        let items = self
            .views_beside(&mut conn, access.target(), found.items, EACH_MAX)
            .await?;
        Ok(Page {
            items,
            has_more: found.has_more,
        })
    }

    /// All of them, [`LIST_MAX`] at most, with as many of their roles.
    ///
    /// # Errors
    /// As [`Self::people`].
    pub async fn all_collaborators(
        &self,
        actor: &Actor,
        organization: &Namespace,
    ) -> Result<Vec<PersonView>> {
        let limit = i64::try_from(LIST_MAX).map_err(Error::internal)?;
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .audited(&mut conn, actor, organization)
            .await?;
        let found = rows::collaborators(&mut conn, access.id, None, None, limit).await?;
        self.views_beside(&mut conn, access.target(), found, LIST_MAX)
            .await
    }

    /// How many [`Self::collaborators`] walks through, 10,000 at most.
    ///
    /// # Errors
    /// As [`Self::people`].
    pub async fn count_collaborators(
        &self,
        actor: &Actor,
        organization: &Namespace,
        search: Option<&str>,
    ) -> Result<u64> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .audited(&mut conn, actor, organization)
            .await?;
        let count = rows::count_collaborators(&mut conn, access.id, search).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Has a user leave an organization: it is in none of its teams any more, nor asked into one, and has no role of its own
    /// in what is there, nor in what comes. Who has nothing there keeps nothing. Gives the organization.
    ///
    /// # Errors
    /// Not found for a robot, and for who is not there; the only administrator stays.
    pub async fn remove_person(
        &self,
        actor: &Actor,
        organization: &Namespace,
        name: &str,
    ) -> Result<AccountId> {
        let each = i64::try_from(LIST_MAX).map_err(Error::internal)?;
        self.core
            .db
            .write(async |tx| {
                let access = self.administered(tx, actor, organization).await?;
                let organization = access.target();
                let Meant::User(account) = meant(tx, organization, name).await? else {
                    return Err(Error::not_found(Noun::User, name));
                };
                if last_administrator(tx, organization.id).await? == Some(account) {
                    return Err(Error::conflict(
                        "Cannot remove user as they are the only organization admin",
                    ));
                }
                let mut teams = rows::teams_of(tx, organization.id, &[account], each).await?;
                let mut roles = rows::roles_of(tx, organization.id, &[account], each).await?;
                rows::remove(tx, organization.id, account).await?;
                self.take_all_back(tx, actor, organization.id, account)
                    .await?;
                let defaults = DefaultPermissions::new(Arc::clone(&self.core));
                defaults.withdraw(tx, actor, organization, account).await?;
                let of_teams = teams.remove(&account).unwrap_or_default().items.into_iter();
                let of_teams = of_teams.map(|(_, team)| {
                    let member = name.to_owned();
                    (None, Event::TeamMemberRemoved { team, member })
                });
                let of_roles = roles.remove(&account).unwrap_or_default().items.into_iter();
                let of_roles = of_roles.map(|role| {
                    let event = Event::PermissionRemoved {
                        repository: RepositoryPath::new(organization.name.clone(), role.repository),
                        account: name.to_owned(),
                    };
                    (Some(role.id), event)
                });
                let entries = of_teams.chain(of_roles).map(|(repository, event)| {
                    let subject = Subject {
                        namespace: Some(organization.id),
                        repository,
                    };
                    self.core.journal.entry(actor, subject, &event)
                });
                let entries: Vec<_> = entries.collect();
                logs::insert_many(tx, &entries).await?;
                Ok(organization.id)
            })
            .await
    }

    /// People with their teams and roles, in their order; in six queries, however many they are.
    async fn views_of(
        &self,
        conn: &mut Conn,
        organization: &NamespaceFacts,
        found: Vec<Person>,
        each: usize,
    ) -> Result<Vec<PersonView>> {
        let limit = i64::try_from(each).map_err(Error::internal)?;
        let ids: Vec<AccountId> = found.iter().map(|person| person.id).collect();
        let mut teams = rows::teams_of(conn, organization.id, &ids, limit).await?;
        let last = last_administrator(conn, organization.id).await?;
        let avatars = self.core.settings.registry.avatars;
        let mut views = self.views_beside(conn, organization, found, each).await?;
        for view in &mut views {
            let of = teams.remove(&view.id).unwrap_or_default();
            let items = of.items.into_iter().map(|(id, name)| TeamOfPerson {
                id,
                avatar_hash: avatars.of_name(name.as_str()),
                name,
            });
            view.teams = Firsts {
                items: items.collect(),
                count: of.count,
            };
            view.is_last_administrator = last == Some(view.id);
        }
        Ok(views)
    }

    /// The same of people in no team.
    async fn views_beside(
        &self,
        conn: &mut Conn,
        organization: &NamespaceFacts,
        found: Vec<Person>,
        each: usize,
    ) -> Result<Vec<PersonView>> {
        let limit = i64::try_from(each).map_err(Error::internal)?;
        let ids: Vec<AccountId> = found.iter().map(|person| person.id).collect();
        let known = accounts::by_ids(conn, &ids).await?;
        let known: HashMap<AccountId, Account> = known
            .into_iter()
            .map(|account| (account.id, account))
            .collect();
        let mut roles = rows::roles_of(conn, organization.id, &ids, limit).await?;
        let avatars = self.core.settings.registry.avatars;
        let view = |person: Person| {
            let account = known.get(&person.id)?;
            let MemberKey { is_robot, name } = person.key;
            Some(PersonView {
                id: account.id,
                kind: account.kind,
                name: if is_robot {
                    format!("{}+{name}", organization.name)
                } else {
                    name
                },
                avatar_hash: avatars.of_account(account),
                teams: Firsts::default(),
                roles: roles.remove(&account.id).unwrap_or_default(),
                is_last_administrator: false,
            })
        };
        Ok(found.into_iter().filter_map(view).collect())
    }
}

/// The administrator without whom an organization has none.
async fn last_administrator(conn: &mut Conn, organization: AccountId) -> Result<Option<AccountId>> {
    let Some(one) = administrator(conn, organization, Without::Nothing).await? else {
        return Ok(None);
    };
    let other = administrator(conn, organization, Without::Account(one)).await?;
    Ok(other.is_none().then_some(one))
}
