//! Loads the facts, asks the policy, hands out the proof.

mod teams;

use std::collections::HashMap;
use std::marker::PhantomData;

use berth_domain::{
    AccountId, Error, Namespace, Noun, RepositoryId, RepositoryPath, Result, Scope,
};
use berth_store::Conn;
use berth_store::gate::{self as facts, NamespaceFacts, RepositoryFacts};

use super::namespace::NamespacePermission;
use super::policy::{self, Decision, NamespaceAction, RepositoryAction, Switches};
use super::repo::RepositoryPermission;
use super::{Access, account, namespace, registry};
use crate::actor::{Actor, Credential, Principal};

/// What keeps users from making anything of their own, for refusals.
const RESTRICTED: &str = "FEATURE_RESTRICTED_USERS";

/// Looks up and authorizes in one step.
#[derive(Debug, Clone)]
pub struct Gate {
    switches: Switches,
    /// Every write is refused while this holds (`REGISTRY_STATE: readonly`).
    read_only: bool,
    superusers_create_organizations: bool,
    /// A push to an absent namespace may create it (`CREATE_NAMESPACE_ON_PUSH`).
    pushes_create_namespaces: bool,
}

fn proof<P: super::Permission>(target: P::Target) -> Access<P> {
    Access {
        target,
        proof: PhantomData,
    }
}

/// What was found at a repository's path.
#[derive(Debug)]
pub enum Found<P: RepositoryPermission> {
    /// It is there.
    Existing(Access<P>),
    /// It is not, and the actor may create it.
    Creatable(Access<namespace::CreateRepository>),
    /// Not even its namespace is there, and the actor may create both.
    NamespaceCreatable(Access<registry::CreateOrganization>),
}

impl Gate {
    /// A gate with the switches of the configuration.
    pub const fn new(
        switches: Switches,
        read_only: bool,
        superusers_create_organizations: bool,
        pushes_create_namespaces: bool,
    ) -> Self {
        Self {
            switches,
            read_only,
            superusers_create_organizations,
            pushes_create_namespaces,
        }
    }

    /// The switches, for decisions over lists.
    pub const fn switches(&self) -> Switches {
        self.switches
    }

    /// Refuses while the whole registry is read-only.
    pub const fn writable(&self) -> Result<()> {
        if self.read_only {
            Err(Error::ReadOnly)
        } else {
            Ok(())
        }
    }

    /// A repository by path, with permission `P`.
    ///
    /// # Errors
    /// Unauthenticated, hidden or forbidden; not found only for who administers the namespace.
    pub async fn repository<P: RepositoryPermission>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        path: &RepositoryPath,
    ) -> Result<Access<P>> {
        match self
            .repository_or_creatable(conn, actor, path, false)
            .await?
        {
            Found::Existing(access) => Ok(access),
            Found::Creatable(_) | Found::NamespaceCreatable(_) => {
                Err(Error::not_found(Noun::Repository, path))
            }
        }
    }

    /// A repository by path, or the right to create it there.
    pub async fn repository_or_creatable<P: RepositoryPermission>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        path: &RepositoryPath,
        may_create: bool,
    ) -> Result<Found<P>> {
        if P::ACTION != RepositoryAction::Pull {
            self.writable()?;
        }
        let found = facts::repository(conn, path, actor.account_id()).await?;
        match found {
            Some((_, Some(facts))) => self.permit(actor, facts).map(Found::Existing),
            Some((namespace, None)) => self.absent(actor, path, namespace, may_create),
            None if actor.is_anonymous() => Err(unauthenticated()),
            None => match self.creatable_namespace(actor) {
                Some(access) => {
                    Self::tell_absence::<P>(actor, path, may_create)?;
                    Ok(Found::NamespaceCreatable(access))
                }
                None if self.reaches_everything(actor) || self.reads_all::<P>(actor) => {
                    Self::tell_absence::<P>(actor, path, false)?;
                    Err(Error::Hidden(Noun::Repository))
                }
                None => Err(Error::Hidden(Noun::Repository)),
            },
        }
    }

    /// The right of a push to create its namespace, an organization that the actor will own.
    pub(crate) fn creatable_namespace(
        &self,
        actor: &Actor,
    ) -> Option<Access<registry::CreateOrganization>> {
        let may = self.pushes_create_namespaces && actor.scopes.allows(Scope::RepoCreate);
        may.then(|| self.create_organization(actor).ok()).flatten()
    }

    /// Passes for who is about to create an absent repository. Everybody else who might is told
    /// that it is not there, unless their token is for other repositories: then a wider one may
    /// tell, and the challenge asks for it.
    fn tell_absence<P: RepositoryPermission>(
        actor: &Actor,
        path: &RepositoryPath,
        may_create: bool,
    ) -> Result<()> {
        if !policy::granted(actor, &path.to_string(), P::ACTION) {
            return Err(Error::Hidden(Noun::Repository));
        }
        if may_create {
            return Ok(());
        }
        Err(Error::not_found(Noun::Repository, path))
    }

    fn absent<P: RepositoryPermission>(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        namespace: NamespaceFacts,
        may_create: bool,
    ) -> Result<Found<P>> {
        let decision = policy::decide_namespace(
            actor,
            &namespace,
            NamespaceAction::CreateRepository,
            self.switches,
        );
        match decision {
            Decision::Allowed => {
                Self::tell_absence::<P>(actor, path, may_create)?;
                Ok(Found::Creatable(proof(namespace)))
            }
            Decision::Unauthenticated => Err(unauthenticated()),
            Decision::Forbidden | Decision::Hidden => {
                // Whoever may not create it in the own namespace knows what is not there, and who reads everything.
                let is_own = policy::is_restricted(actor, &namespace);
                if self.reads_all::<P>(actor) || (is_own && !may_create) {
                    Self::tell_absence::<P>(actor, path, false)?;
                }
                Err(Error::Hidden(Noun::Repository))
            }
        }
    }

    /// Whether the actor would be let in for `P` whatever were there.
    fn reads_all<P: RepositoryPermission>(&self, actor: &Actor) -> bool {
        P::ACTION == RepositoryAction::Pull && policy::reads_every_repository(actor, self.switches)
    }

    /// A repository by id, with permission `P`.
    pub async fn repository_by_id<P: RepositoryPermission>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        id: RepositoryId,
    ) -> Result<Access<P>> {
        let mut each = self.each_repository(conn, actor, &[id]).await?;
        each.pop().unwrap_or(Err(Error::Hidden(Noun::Repository)))
    }

    /// For each of many repositories, in their order, permission `P` or why not.
    pub async fn each_repository<P: RepositoryPermission>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        ids: &[RepositoryId],
    ) -> Result<Vec<Result<Access<P>>>> {
        if P::ACTION != RepositoryAction::Pull {
            self.writable()?;
        }
        let found = facts::repositories(conn, ids, actor.account_id()).await?;
        let mut found: HashMap<RepositoryId, RepositoryFacts> = found
            .into_iter()
            .map(|facts| (facts.repository.id, facts))
            .collect();
        Ok(ids
            .iter()
            .map(|id| match found.remove(id) {
                Some(facts) => self.permit(actor, facts),
                None if actor.is_anonymous() => Err(unauthenticated()),
                None => Err(Error::Hidden(Noun::Repository)),
            })
            .collect())
    }

    /// Those of many repositories on which the actor holds `P`, in no order; the others are left out.
    pub async fn repositories<P: RepositoryPermission>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        ids: &[RepositoryId],
    ) -> Result<Vec<Access<P>>> {
        let found = facts::repositories(conn, ids, actor.account_id()).await?;
        Ok(found
            .into_iter()
            .filter(|facts| {
                policy::decide(actor, facts, P::ACTION, self.switches) == Decision::Allowed
            })
            .map(proof)
            .collect())
    }

    /// What each of these accounts is to a repository that the actor was let into, whoever asks; for what explains
    /// decisions about others.
    pub(crate) async fn each_to<P: RepositoryPermission>(
        &self,
        conn: &mut Conn,
        access: &Access<P>,
        accounts: &[AccountId],
    ) -> Result<HashMap<AccountId, RepositoryFacts>> {
        let id = access.target().repository.id;
        let found = facts::repository_of_each(conn, id, accounts).await?;
        Ok(found.into_iter().collect())
    }

    fn permit<P: RepositoryPermission>(
        &self,
        actor: &Actor,
        facts: RepositoryFacts,
    ) -> Result<Access<P>> {
        match policy::decide(actor, &facts, P::ACTION, self.switches) {
            Decision::Allowed => Ok(proof(facts)),
            Decision::Unauthenticated => Err(unauthenticated()),
            Decision::Hidden => Err(Error::Hidden(Noun::Repository)),
            Decision::Forbidden => {
                let needed = match P::ACTION {
                    RepositoryAction::Pull => "read",
                    RepositoryAction::Push | RepositoryAction::Describe => "write",
                    RepositoryAction::SeeRoles | RepositoryAction::Administer => "admin",
                };
                Err(Error::forbidden(format!(
                    "this needs the role `{needed}` in repository `{}`",
                    facts.repository.path()
                )))
            }
        }
    }

    /// Whether the actor holds `P` as well on a repository that it was let into.
    pub fn holds<P: RepositoryPermission>(&self, actor: &Actor, facts: &RepositoryFacts) -> bool {
        (P::ACTION == RepositoryAction::Pull || self.writable().is_ok())
            && policy::decide(actor, facts, P::ACTION, self.switches) == Decision::Allowed
    }

    /// A namespace by name, with permission `P`.
    pub async fn namespace<P: NamespacePermission>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        name: &Namespace,
    ) -> Result<Access<P>> {
        let found = facts::namespace(conn, name, actor.account_id()).await?;
        self.permit_namespace(actor, found, || self.absent_namespace(actor, name))
    }

    /// What somebody is told of a namespace that is not there, or is of another kind than was asked for: who
    /// reaches all of them that it is not, everybody else what is told of one that they may not know.
    pub(crate) fn absent_namespace(&self, actor: &Actor, name: &Namespace) -> Error {
        if actor.is_anonymous() {
            unauthenticated()
        } else if self.reaches_everything(actor) {
            Error::not_found(Noun::Namespace, name)
        } else {
            Error::Hidden(Noun::Namespace)
        }
    }

    /// Whether nothing is hidden from the actor (`FEATURE_SUPERUSERS_FULL_ACCESS`).
    pub fn reaches_everything(&self, actor: &Actor) -> bool {
        self.switches.superusers_full_access && actor.is_superuser()
    }

    /// For each of many namespaces by id, in their order, permission `P` or why not.
    pub async fn each_namespace<P: NamespacePermission>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<Vec<Result<Access<P>>>> {
        let mut distinct = ids.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let found = facts::namespaces(conn, &distinct, actor.account_id()).await?;
        Ok(ids
            .iter()
            .map(|id| {
                let facts = found.iter().find(|facts| facts.id == *id).cloned();
                self.permit_namespace(actor, facts, || {
                    if actor.is_anonymous() {
                        unauthenticated()
                    } else {
                        Error::Hidden(Noun::Namespace)
                    }
                })
            })
            .collect())
    }

    /// Those of many namespaces on which the actor holds `P`, in no order; the others are left out.
    pub async fn namespaces<P: NamespacePermission>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<Vec<Access<P>>> {
        let found = facts::namespaces(conn, ids, actor.account_id()).await?;
        Ok(found
            .into_iter()
            .filter(|facts| {
                policy::decide_namespace(actor, facts, P::ACTION, self.switches)
                    == Decision::Allowed
            })
            .map(proof)
            .collect())
    }

    fn permit_namespace<P: NamespacePermission>(
        &self,
        actor: &Actor,
        found: Option<NamespaceFacts>,
        absent: impl FnOnce() -> Error,
    ) -> Result<Access<P>> {
        if !matches!(
            P::ACTION,
            NamespaceAction::View | NamespaceAction::ViewTeams
        ) {
            self.writable()?;
        }
        let Some(facts) = found else {
            return Err(absent());
        };
        match policy::decide_namespace(actor, &facts, P::ACTION, self.switches) {
            Decision::Allowed => Ok(proof(facts)),
            Decision::Unauthenticated => Err(unauthenticated()),
            Decision::Hidden => Err(Error::Hidden(Noun::Namespace)),
            Decision::Forbidden => Err(Error::forbidden(match P::ACTION {
                NamespaceAction::View => format!("you may not see namespace `{}`", facts.name),
                NamespaceAction::ViewTeams => {
                    format!("you may not see the teams of `{}`", facts.name)
                }
                NamespaceAction::CreateRepository | NamespaceAction::CreateRobot
                    if policy::is_restricted(actor, &facts) =>
                {
                    format!(
                        "users create nothing in a namespace of their own here (`{RESTRICTED}`), such as `{}`",
                        facts.name
                    )
                }
                NamespaceAction::CreateRepository => format!(
                    "you may not create repositories in `{}`; its administrators and creators may",
                    facts.name
                ),
                NamespaceAction::CreateRobot | NamespaceAction::Administer => {
                    format!("this needs an administrator of `{}`", facts.name)
                }
            })),
        }
    }

    /// The right to create organizations.
    pub fn create_organization(
        &self,
        actor: &Actor,
    ) -> Result<Access<registry::CreateOrganization>> {
        self.writable()?;
        let Principal::User { id, .. } = &actor.principal else {
            return Err(match &actor.principal {
                Principal::Anonymous => unauthenticated(),
                _ => Error::forbidden("only users create organizations"),
            });
        };
        if !actor.scopes.allows(Scope::UserAdmin) {
            return Err(Error::forbidden("this needs the scope `user:admin`"));
        }
        if actor.restricted {
            return Err(Error::forbidden(format!(
                "users create no organizations here (`{RESTRICTED}`)"
            )));
        }
        if self.superusers_create_organizations && !actor.is_superuser() {
            return Err(Error::forbidden(
                "only superusers create organizations in this registry",
            ));
        }
        Ok(proof(*id))
    }

    /// Work of the command line, which whoever can run the server may do.
    pub(crate) fn local(actor: &Actor) -> Result<()> {
        match (&actor.principal, actor.credential()) {
            (Principal::Worker(_), Credential::Local) => Ok(()),
            _ => Err(Error::forbidden(
                "this is done on the server's command line",
            )),
        }
    }

    /// Superuser work.
    pub fn administer_registry(&self, actor: &Actor) -> Result<Access<registry::Administer>> {
        self.writable()?;
        match (actor.is_anonymous(), actor.is_superuser()) {
            (_, true) => Ok(proof(())),
            (true, false) => Err(unauthenticated()),
            (false, false) => Err(Error::forbidden("this needs a superuser")),
        }
    }

    /// What superusers see, and those who see everything and change nothing.
    pub fn view_registry(&self, actor: &Actor) -> Result<Access<registry::View>> {
        match (actor.is_anonymous(), actor.reads_everything()) {
            (_, true) => Ok(proof(())),
            (true, false) => Err(unauthenticated()),
            (false, false) => Err(Error::forbidden("this needs a superuser")),
        }
    }

    /// What superusers see of the tokens of others: only those who reach everything
    /// (`FEATURE_SUPERUSERS_FULL_ACCESS`), and those who see everything and change nothing.
    pub fn view_tokens(&self, actor: &Actor) -> Result<Access<registry::View>> {
        let access = self.view_registry(actor)?;
        if actor.read_only_superuser || self.switches.superusers_full_access {
            return Ok(access);
        }
        Err(Error::forbidden(
            "this needs a superuser who reaches everything (`FEATURE_SUPERUSERS_FULL_ACCESS`)",
        ))
    }

    /// What only a user itself sees of the own account.
    pub fn view_account(&self, actor: &Actor) -> Result<Access<account::View>> {
        Self::own_account(actor).map(proof)
    }

    /// Changes of the own account.
    pub fn administer_account(&self, actor: &Actor) -> Result<Access<account::Administer>> {
        self.writable()?;
        Self::own_account(actor).map(proof)
    }

    /// Letting an application act with the own rights, in a session or with the password: no token makes
    /// another one by this way.
    pub fn consent(&self, actor: &Actor) -> Result<Access<account::Consent>> {
        self.writable()?;
        let own = Self::user(actor)?;
        if !matches!(actor.credential, Credential::Session(_) | Credential::Basic)
            || actor.grant.is_some()
        {
            return Err(Error::forbidden(
                "applications are let in in a session or with the password, not with a token",
            ));
        }
        Ok(proof(own))
    }

    /// How far a user's changes are that go on behind their requests.
    pub fn view_changes(&self, actor: &Actor) -> Result<Access<account::ViewChanges>> {
        Self::changing(actor).map(proof)
    }

    /// Having the registry go on with a change when the request is over. It goes on with the rights that the user has
    /// then, and with an access token only while that is good.
    pub fn order_changes(&self, actor: &Actor) -> Result<Access<account::OrderChanges>> {
        self.writable()?;
        Self::changing(actor).map(proof)
    }

    /// A user who changes repositories in a session, with the password or by an access token.
    fn changing(actor: &Actor) -> Result<account::Own> {
        let own = Self::user(actor)?;
        if !matches!(
            actor.credential,
            Credential::Session(_) | Credential::OAuth(_) | Credential::Basic
        ) || actor.grant.is_some()
        {
            return Err(Error::forbidden(
                "changes of many repositories are for a session or an access token",
            ));
        }
        if !actor.scopes.allows(Scope::RepoAdmin) {
            return Err(Error::forbidden("this needs the scope `repo:admin`"));
        }
        Ok(own)
    }

    fn user(actor: &Actor) -> Result<account::Own> {
        match &actor.principal {
            Principal::User { id, name } => Ok(account::Own {
                id: *id,
                name: name.clone(),
            }),
            Principal::Anonymous => Err(unauthenticated()),
            Principal::Robot { .. } | Principal::Worker(_) => {
                Err(Error::forbidden("only users have an account of their own"))
            }
        }
    }

    /// A user's own account, for its sessions and for OAuth tokens with the scope: what a client signs in
    /// to `/v2` with opens no way to make more of its kind.
    fn own_account(actor: &Actor) -> Result<account::Own> {
        let own = Self::user(actor)?;
        if !matches!(
            actor.credential,
            Credential::Session(_) | Credential::OAuth(_)
        ) || actor.grant.is_some()
        {
            return Err(Error::forbidden(
                "an account is managed in a session or with an access token",
            ));
        }
        if !actor.scopes.allows(Scope::UserAdmin) {
            return Err(Error::forbidden("this needs the scope `user:admin`"));
        }
        Ok(own)
    }
}

fn unauthenticated() -> Error {
    Error::unauthenticated("access to the requested resource is not authorized")
}
