//! Namespaces, and the organizations among them (O1, O2, O6).

mod contents;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::{
    AccountId, AccountKind, Email, Error, Event, Namespace, Noun, Page, PageRequest, Result,
    TeamRole, Timestamp,
};
use berth_store::accounts::{self, Account};
use berth_store::gate::NamespaceFacts;
use berth_store::organizations::{self as rows, Belonging};
use berth_store::{Conn, Tx, repositories::listing, tags};

use crate::access::Access;
use crate::access::namespace::{Administer, View};
use crate::access::policy::{self, Decision, NamespaceAction};
use crate::actor::{Actor, Principal};
use crate::core::Core;
use crate::creation::{check_email, create_organization};
use crate::journal::Subject;
use crate::many::{Checking, Items, Many};
use crate::repositories::visible_to;

pub use contents::Contents;

/// No more namespaces are offered to create repositories in; a form searches beyond that.
const CREATABLE_MAX: i64 = 1_000;
/// The field that holds a time for ended tags.
pub const TAG_EXPIRATION: &str = "tagExpirationSeconds";

/// Organizations, and what they share with the namespaces of users.
#[derive(Clone)]
pub struct Organizations {
    core: Arc<Core>,
}

/// A user's or organization's namespace as one actor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about what the actor may do"
)]
pub struct NamespaceView {
    /// The owner's account.
    pub id: AccountId,
    /// User or organization.
    pub kind: AccountKind,
    /// Its name.
    pub name: Namespace,
    /// Contact address, where the actor may know it.
    pub email: Option<String>,
    /// SHA-256 in hex of the e-mail address, or of a random value where there is none.
    pub avatar_hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// How long ended tags can be brought back here, for who belongs to it.
    pub tag_expiration: Option<Duration>,
    /// True for members and administrators.
    pub belongs: bool,
    /// The highest role of the actor's teams in it.
    pub role: Option<TeamRole>,
    /// Whether the actor may create repositories here.
    pub can_create_repository: bool,
    /// Whether the actor may create robots here.
    pub can_create_robot: bool,
    /// Whether the actor manages robots, settings and members.
    pub can_administer: bool,
}

/// How much is in a namespace, as one actor may know it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NamespaceCounts {
    /// Repositories that the actor sees.
    pub repositories: u64,
    /// Robots, for administrators.
    pub robots: Option<u64>,
    /// Users in teams, for members.
    pub members: Option<u64>,
    /// The latest push to a repository that the actor sees.
    pub last_pushed_at: Option<Timestamp>,
}

/// What changes of an organization; `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganizationChange {
    /// Where it is reached; an inner `None` is nowhere.
    pub email: Option<Option<Email>>,
    /// How long ended tags can be brought back; an inner `None` is as long as everywhere.
    pub tag_expiration: Option<Option<Duration>>,
}

impl Core {
    /// As [`Organizations::choose_tag_expiration`], in the caller's transaction.
    pub(crate) async fn choose_tag_expiration(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        kind: AccountKind,
        name: &Namespace,
        chosen: Option<Duration>,
    ) -> Result<AccountId> {
        let access = self.gate.namespace::<Administer>(tx, actor, name).await?;
        if access.kind != kind {
            return Err(Error::Hidden(Noun::Namespace));
        }
        self.check_offered(chosen)?;
        tags::choose_window(tx, access.id, chosen, self.settings.push.time_machine).await?;
        let event = Event::TagExpirationChosen {
            namespace: name.clone(),
            kind,
            seconds: chosen.map(|chosen| chosen.as_secs()),
        };
        let subject = Subject {
            namespace: Some(access.id),
            repository: None,
        };
        self.journal.record(tx, actor, subject, &event).await?;
        Ok(access.id)
    }

    fn check_offered(&self, chosen: Option<Duration>) -> Result<()> {
        let options = &self.settings.push.time_machine_options;
        if options.is_empty() {
            return Err(Error::forbidden(
                "namespaces of this registry cannot choose how long deleted tags are kept",
            ));
        }
        match chosen {
            Some(chosen) if !options.contains(&chosen) => {
                let offered: Vec<String> = options
                    .iter()
                    .map(|option| option.as_secs().to_string())
                    .collect();
                Err(Error::invalid_value(format!(
                    "{} seconds are not offered; choose one of {}",
                    chosen.as_secs(),
                    offered.join(", ")
                ))
                .in_field(TAG_EXPIRATION))
            }
            _ => Ok(()),
        }
    }

    /// Writes down that an organization was deleted.
    pub(crate) async fn record_deletion(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: AccountId,
        name: &Namespace,
    ) -> Result<()> {
        let event = Event::OrganizationDeleted {
            namespace: name.clone(),
        };
        let subject = Subject {
            namespace: Some(id),
            repository: None,
        };
        self.journal.record(tx, actor, subject, &event).await
    }
}

impl Organizations {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Whether the actor may create organizations.
    pub fn may_create(&self, actor: &Actor) -> bool {
        self.core.gate.create_organization(actor).is_ok()
    }

    /// Creates an organization with a team `owners` that holds the creator.
    ///
    /// # Errors
    /// A taken name, an address that another organization has, or an actor that may not create organizations (scope
    /// `user:admin`).
    pub async fn create(
        &self,
        actor: &Actor,
        name: &Namespace,
        email: Option<&Email>,
    ) -> Result<NamespaceView> {
        let access = self.core.gate.create_organization(actor)?;
        self.core
            .db
            .write(async |tx| {
                let id = create_organization(&self.core, tx, actor, &access, name, email).await?;
                self.view(tx, actor, id).await
            })
            .await
    }

    /// Chooses how long ended tags of a namespace can be brought back, `None` as long as everywhere. Tags that
    /// have ended already follow: a shorter time gives up what it no longer covers, a longer one brings back
    /// nothing that was removed. `kind` is what the namespace has to be.
    ///
    /// # Errors
    /// A time that is not offered, or an actor that does not administer the namespace.
    pub async fn choose_tag_expiration(
        &self,
        actor: &Actor,
        kind: AccountKind,
        name: &Namespace,
        chosen: Option<Duration>,
    ) -> Result<NamespaceView> {
        let core = &self.core;
        core.db
            .write(async |tx| {
                let id = core
                    .choose_tag_expiration(tx, actor, kind, name, chosen)
                    .await?;
                self.view(tx, actor, id).await
            })
            .await
    }

    /// Changes an organization, all that is given or nothing.
    ///
    /// # Errors
    /// As [`Self::choose_tag_expiration`]; an address that another organization has.
    pub async fn change(
        &self,
        actor: &Actor,
        name: &Namespace,
        change: &OrganizationChange,
    ) -> Result<NamespaceView> {
        let (core, kind) = (&self.core, AccountKind::Organization);
        core.db
            .write(async |tx| {
                let access = core.gate.namespace::<Administer>(tx, actor, name).await?;
                if access.kind != kind {
                    return Err(core.gate.absent_namespace(actor, name));
                }
                if let Some(email) = &change.email {
                    self.put_email(tx, actor, &access, email.as_ref()).await?;
                }
                if let Some(chosen) = change.tag_expiration {
                    core.choose_tag_expiration(tx, actor, kind, name, chosen)
                        .await?;
                }
                self.view(tx, actor, access.id).await
            })
            .await
    }

    async fn put_email(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        access: &Access<Administer>,
        email: Option<&Email>,
    ) -> Result<()> {
        let before = accounts::by_ids(tx, &[access.id]).await?.pop();
        let before = before.and_then(|account| account.email);
        if before.as_deref() == email.map(Email::as_str) {
            return Ok(());
        }
        // The same in other letters stays its own.
        let is_own = |email: &Email| {
            before
                .as_deref()
                .is_some_and(|before| before.eq_ignore_ascii_case(email.as_str()))
        };
        if !email.is_some_and(is_own) {
            check_email(&self.core, tx, email).await?;
        }
        rows::set_email(tx, access.id, email).await?;
        let event = Event::OrganizationEmailChanged {
            namespace: access.name.clone(),
            email: email.map(ToString::to_string),
            old_email: before,
        };
        let subject = Subject {
            namespace: Some(access.id),
            repository: None,
        };
        self.core.journal.record(tx, actor, subject, &event).await
    }

    /// Deletes all of these organizations or none, with everything in them: robots, teams and repositories are
    /// refused and hidden at once, and removed by and by. The names stay taken until then.
    ///
    /// # Errors
    /// A cause for each organization that the actor does not administer.
    pub async fn delete(&self, actor: &Actor, ids: &[AccountId]) -> Many<Vec<Namespace>> {
        let ids = Items::checked(ids)?;
        let core = &self.core;
        core.db
            .write(async |tx| {
                let gate = &core.gate;
                let found = gate
                    .each_namespace::<Administer>(tx, actor, ids.as_slice())
                    .await?;
                let (mut checking, mut organizations) = (Checking::default(), Vec::new());
                for access in found {
                    let access = access.and_then(|access| match access.kind {
                        AccountKind::Organization => Ok(access),
                        AccountKind::User | AccountKind::Robot => {
                            Err(Error::Hidden(Noun::Namespace))
                        }
                    });
                    checking.take(access, &mut organizations)?;
                }
                if let Some(refused) = checking.refused() {
                    return Ok(Err(refused));
                }
                rows::mark_deleting(tx, ids.as_slice(), core.now()).await?;
                let mut names = Vec::with_capacity(organizations.len());
                for access in organizations {
                    core.record_deletion(tx, actor, access.id, &access.name)
                        .await?;
                    names.push(access.name.clone());
                }
                Ok(Ok(names))
            })
            .await?
    }

    async fn view(&self, conn: &mut Conn, actor: &Actor, id: AccountId) -> Result<NamespaceView> {
        let mut views = self.views(conn, actor, &[id]).await?;
        views.remove(&id).ok_or(Error::Hidden(Noun::Namespace))
    }

    /// A namespace by name: for its members, and for who sees a repository in it.
    pub async fn by_name(&self, actor: &Actor, name: &Namespace) -> Result<NamespaceView> {
        let mut conn = self.core.db.read().await?;
        let account = accounts::by_name(&mut conn, name).await?;
        // What is not there is looked for as long as what the actor may not know of.
        let id = account.map_or(AccountId(0), |account| account.id);
        self.view(&mut conn, actor, id).await
    }

    /// Those of many namespaces that the actor may know, by id.
    pub async fn by_ids(
        &self,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, NamespaceView>> {
        let mut conn = self.core.db.read().await?;
        self.views(&mut conn, actor, ids).await
    }

    async fn views(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, NamespaceView>> {
        let members = self.core.gate.namespaces::<View>(conn, actor, ids).await?;
        let facts: HashMap<AccountId, &NamespaceFacts> = members
            .iter()
            .map(|access| (access.id, access.target()))
            .collect();
        let others: Vec<AccountId> = ids
            .iter()
            .copied()
            .filter(|id| !facts.contains_key(id))
            .collect();
        let visible = visible_to(actor, self.core.gate.switches());
        let known = listing::count_by_namespace(conn, visible, &others).await?;
        let shown: Vec<AccountId> = facts.keys().chain(known.keys()).copied().collect();
        let accounts = accounts::by_ids(conn, &shown).await?;
        accounts
            .into_iter()
            .map(|account| {
                let id = account.id;
                Ok((id, self.render(actor, account, facts.get(&id).copied())?))
            })
            .collect()
    }

    fn render(
        &self,
        actor: &Actor,
        account: Account,
        facts: Option<&NamespaceFacts>,
    ) -> Result<NamespaceView> {
        let may = |action| {
            facts.is_some_and(|facts| {
                policy::decide_namespace(actor, facts, action, self.core.gate.switches())
                    == Decision::Allowed
            })
        };
        let can_administer = may(NamespaceAction::Administer);
        let knows_email = can_administer || actor.reads_everything();
        let name = account.name.as_deref().unwrap_or_default().parse()?;
        Ok(NamespaceView {
            id: account.id,
            kind: account.kind,
            name,
            avatar_hash: self.core.settings.registry.avatars.of_account(&account),
            email: account.email.filter(|_| knows_email),
            created_at: account.created_at,
            tag_expiration: facts.map(|_| {
                let chosen = account.tag_expiration_ms;
                let chosen = chosen.and_then(|number| u64::try_from(number).ok());
                let default = self.core.settings.push.time_machine;
                chosen.map_or(default, Duration::from_millis)
            }),
            belongs: facts.is_some(),
            role: facts.and_then(|facts| policy::team_role(actor, facts)),
            can_create_repository: self.core.gate.writable().is_ok()
                && may(NamespaceAction::CreateRepository),
            can_create_robot: self.core.gate.writable().is_ok()
                && may(NamespaceAction::CreateRobot),
            can_administer,
        })
    }

    fn belonging(actor: &Actor) -> Option<Belonging> {
        if actor.reads_everything() || matches!(actor.principal(), Principal::Worker(_)) {
            return Some(Belonging::All);
        }
        let own = match actor.principal() {
            Principal::Robot { namespace_id, .. } => Some(*namespace_id),
            _ => None,
        };
        actor
            .account_id()
            .map(|account| Belonging::Of { account, own })
    }

    /// The organizations that the actor belongs to, all of them for superusers, by name.
    pub async fn page(
        &self,
        actor: &Actor,
        search: Option<&str>,
        page: &PageRequest<Namespace>,
    ) -> Result<Page<NamespaceView>> {
        let mut conn = self.core.db.read().await?;
        let found = match Self::belonging(actor) {
            Some(belonging) => {
                rows::page(
                    &mut conn,
                    &belonging,
                    search,
                    page.after.as_ref(),
                    page.fetch(),
                )
                .await?
            }
            None => Vec::new(),
        };
        let found = page.page(found);
        let ids: Vec<AccountId> = found.items.iter().map(|account| account.id).collect();
        let mut views = self.views(&mut conn, actor, &ids).await?;
        Ok(Page {
            items: ids.iter().filter_map(|id| views.remove(id)).collect(),
            has_more: found.has_more,
        })
    }

    /// How many organizations [`Self::page`] walks through, 10,000 at most.
    pub async fn count(&self, actor: &Actor, search: Option<&str>) -> Result<u64> {
        let Some(belonging) = Self::belonging(actor) else {
            return Ok(0);
        };
        let mut conn = self.core.db.read().await?;
        let count = rows::count(&mut conn, &belonging, search).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// How much is in these namespaces, in three queries however many they are.
    pub async fn counts(
        &self,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, NamespaceCounts>> {
        let mut conn = self.core.db.read().await?;
        let visible = visible_to(actor, self.core.gate.switches());
        let repositories = listing::count_by_namespace(&mut conn, visible, ids).await?;
        let pushed = listing::last_pushed_by_namespace(&mut conn, visible, ids).await?;
        let members = self
            .core
            .gate
            .namespaces::<View>(&mut conn, actor, ids)
            .await?;
        let belong: Vec<AccountId> = members.iter().map(|access| access.id).collect();
        let administered: Vec<AccountId> = members
            .iter()
            .filter(|access| {
                let action = NamespaceAction::Administer;
                policy::decide_namespace(actor, access, action, self.core.gate.switches())
                    == Decision::Allowed
            })
            .map(|access| access.id)
            .collect();
        let robot_counts = rows::robot_counts(&mut conn, &administered).await?;
        let member_counts = rows::member_counts(&mut conn, &belong).await?;
        let of = |counts: &HashMap<AccountId, i64>, id: &AccountId| {
            counts
                .get(id)
                .and_then(|count| u64::try_from(*count).ok())
                .unwrap_or(0)
        };
        Ok(ids
            .iter()
            .map(|id| {
                let counts = NamespaceCounts {
                    repositories: of(&repositories, id),
                    robots: administered.contains(id).then(|| of(&robot_counts, id)),
                    members: belong.contains(id).then(|| of(&member_counts, id)),
                    last_pushed_at: pushed.get(id).copied(),
                };
                (*id, counts)
            })
            .collect())
    }

    /// Bytes of the distinct blobs of those of these namespaces that the actor administers; one that
    /// holds nothing is left out.
    pub async fn sizes(&self, actor: &Actor, ids: &[AccountId]) -> Result<HashMap<AccountId, u64>> {
        let mut conn = self.core.db.read().await?;
        let administered: Vec<AccountId> = self
            .core
            .gate
            .namespaces::<Administer>(&mut conn, actor, ids)
            .await?
            .iter()
            .map(|access| access.id)
            .collect();
        let sizes = listing::sizes_by_namespace(&mut conn, &administered).await?;
        Ok(sizes
            .into_iter()
            .filter_map(|(id, bytes)| Some((id, u64::try_from(bytes).ok()?)))
            .collect())
    }

    /// The namespaces in which the actor may create repositories, by name, 1,000 at most.
    pub async fn creatable(&self, actor: &Actor) -> Result<Vec<Namespace>> {
        use crate::access::namespace::CreateRepository;
        let Some(account) = actor.account_id() else {
            return Ok(Vec::new());
        };
        if self.core.gate.writable().is_err() {
            return Ok(Vec::new());
        }
        let mut conn = self.core.db.read().await?;
        let mut ids = rows::creatable_by_team(&mut conn, account).await?;
        if self.core.gate.switches().superusers_full_access && actor.is_superuser() {
            ids = rows::all_namespaces(&mut conn, CREATABLE_MAX).await?;
        }
        ids.extend(actor.user_id());
        ids.sort_unstable();
        ids.dedup();
        let found = self
            .core
            .gate
            .namespaces::<CreateRepository>(&mut conn, actor, &ids)
            .await?;
        let mut names: Vec<Namespace> = found.iter().map(|access| access.name.clone()).collect();
        names.sort_unstable();
        Ok(names)
    }
}
