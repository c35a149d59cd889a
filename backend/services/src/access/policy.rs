//! The rules themselves: pure functions from facts to a decision.

use berth_domain::{
    AccountId, AccountKind, RepositoryRole, RepositoryState, Scope, Scopes, TeamRole, Visibility,
};
use berth_store::gate::{NamespaceFacts, RepositoryFacts};

use crate::actor::{Actor, Principal};

/// What somebody wants to do with a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RepositoryAction {
    /// See it and pull from it.
    Pull,
    /// Push to it and delete tags.
    Push,
    /// Say what is in it.
    Describe,
    /// See who has which role in it.
    SeeRoles,
    /// Settings, permissions, deletion.
    Administer,
}

/// What somebody wants to do with a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NamespaceAction {
    /// Know that it exists.
    View,
    /// See which teams it has.
    ViewTeams,
    /// Create repositories in it.
    CreateRepository,
    /// Create robots in it.
    CreateRobot,
    /// Robots, settings, members.
    Administer,
}

/// What somebody wants to do with a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TeamAction {
    /// Know it, with its role and how many are in it.
    View,
    /// See who is in it.
    ViewMembers,
    /// See its roles in repositories.
    ViewRoles,
    /// Change it, and who is in it.
    Manage,
}

/// A decision; denial has three faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Go on.
    Allowed,
    /// Nobody is known behind the request, and somebody known might be allowed.
    Unauthenticated,
    /// The caller may not know that it exists.
    Hidden,
    /// The caller may know, and may not do it.
    Forbidden,
}

/// Switches that widen or narrow what policy gives.
#[derive(Debug, Clone, Copy, Default)]
pub struct Switches {
    /// Superusers reach everything (`FEATURE_SUPERUSERS_FULL_ACCESS`).
    pub superusers_full_access: bool,
    /// Anonymous callers may pull what is public (`FEATURE_ANONYMOUS_ACCESS`).
    pub anonymous_access: bool,
}

/// Who somebody is, whatever token speaks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The account; none for nobody known, and for the registry itself.
    pub account: Option<AccountId>,
    /// Whether it is a superuser.
    pub superuser: bool,
    /// Whether it sees what superusers see, and changes nothing.
    pub read_only_superuser: bool,
    /// Whether it is the registry itself, at work.
    pub is_registry: bool,
}

impl From<&Actor> for Standing {
    fn from(actor: &Actor) -> Self {
        Self {
            account: actor.account_id(),
            superuser: actor.is_superuser(),
            read_only_superuser: actor.read_only_superuser,
            is_registry: matches!(actor.principal, Principal::Worker(_)),
        }
    }
}

/// Why somebody may do something in a repository. Every decision about one is made of these, and so is its explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ground {
    /// It lies in the user's own namespace.
    Owner,
    /// It lies in an organization that a team of administrators makes theirs.
    OrganizationAdministrator,
    /// Superusers reach everything (`FEATURE_SUPERUSERS_FULL_ACCESS`).
    Superuser,
    /// Named in `GLOBAL_READONLY_SUPER_USERS`.
    ReadOnlySuperuser,
    /// The registry's own work.
    Registry,
    /// The role was given to the account itself.
    Direct(RepositoryRole),
    /// The highest role that was given to a team of theirs.
    Team(RepositoryRole),
    /// Everybody may pull what is public.
    Public,
}

impl Ground {
    /// The role that it gives.
    pub const fn role(self) -> RepositoryRole {
        match self {
            Self::Owner | Self::OrganizationAdministrator | Self::Superuser | Self::Registry => {
                RepositoryRole::Admin
            }
            Self::ReadOnlySuperuser | Self::Public => RepositoryRole::Read,
            Self::Direct(role) | Self::Team(role) => role,
        }
    }
}

/// Every ground that somebody has in a repository.
pub fn grounds(
    who: Standing,
    facts: &RepositoryFacts,
    switches: Switches,
) -> impl Iterator<Item = Ground> + use<> {
    let owner = match facts.namespace.kind {
        AccountKind::User => Ground::Owner,
        AccountKind::Organization | AccountKind::Robot => Ground::OrganizationAdministrator,
    };
    let is_full = switches.superusers_full_access && who.superuser;
    [
        owns(who.account, &facts.namespace).then_some(owner),
        is_full.then_some(Ground::Superuser),
        who.is_registry.then_some(Ground::Registry),
        who.read_only_superuser.then_some(Ground::ReadOnlySuperuser),
        facts.direct_role.map(Ground::Direct),
        facts.team_role.map(Ground::Team),
        (facts.repository.visibility == Visibility::Public).then_some(Ground::Public),
    ]
    .into_iter()
    .flatten()
}

/// The role that ownership, teams and direct permissions give, before scopes narrow it.
pub fn role(who: Standing, facts: &RepositoryFacts, switches: Switches) -> Option<RepositoryRole> {
    grounds(who, facts, switches)
        .filter(|ground| *ground != Ground::Public)
        .map(Ground::role)
        .max()
}

/// Whether everybody may pull, and so they may.
fn is_public(who: Standing, facts: &RepositoryFacts, switches: Switches) -> bool {
    grounds(who, facts, switches).any(|ground| ground == Ground::Public)
}

/// True for who may read every repository: where one is not there, that is no secret.
pub(crate) fn reads_every_repository(actor: &Actor, switches: Switches) -> bool {
    let is_everywhere =
        actor.read_only_superuser || (switches.superusers_full_access && actor.is_superuser());
    is_everywhere && actor.scopes.allows(Scope::RepoRead)
}

/// True for the user of a user namespace and for administrators of an organization, robots of an
/// administrating team included.
fn owns(account: Option<AccountId>, namespace: &NamespaceFacts) -> bool {
    let Some(id) = account else {
        return false;
    };
    match namespace.kind {
        AccountKind::User => namespace.id == id,
        AccountKind::Organization => namespace.team_role == Some(TeamRole::Admin),
        AccountKind::Robot => false,
    }
}

/// The highest role that the scopes of a token let through.
fn scope_cap(scopes: &Scopes) -> Option<RepositoryRole> {
    [
        (Scope::RepoAdmin, RepositoryRole::Admin),
        (Scope::RepoWrite, RepositoryRole::Write),
        (Scope::RepoRead, RepositoryRole::Read),
    ]
    .into_iter()
    .find_map(|(scope, role)| scopes.allows(scope).then_some(role))
}

/// The role in force: what the account has, capped by its token.
pub fn effective_role(
    actor: &Actor,
    facts: &RepositoryFacts,
    switches: Switches,
) -> Option<RepositoryRole> {
    Some(role(actor.into(), facts, switches)?.min(scope_cap(&actor.scopes)?))
}

/// Whether a registry token's access list lets an action through; actors without one are not narrowed.
pub(crate) fn granted(actor: &Actor, path: &str, action: RepositoryAction) -> bool {
    let Some(grant) = &actor.grant else {
        return true;
    };
    grant
        .iter()
        .filter(|entry| entry.r#type == "repository" && entry.name == path)
        .any(|entry| {
            entry.actions.iter().any(|held| match action {
                RepositoryAction::Pull => matches!(held.as_str(), "pull" | "*"),
                RepositoryAction::Push | RepositoryAction::Describe => {
                    matches!(held.as_str(), "push" | "*")
                }
                RepositoryAction::SeeRoles | RepositoryAction::Administer => held == "*",
            })
        })
}

/// What is known of somebody who wants to do something with a repository.
#[derive(Clone, Copy)]
struct Right {
    role: Option<RepositoryRole>,
    /// Whether they may pull because everybody may.
    public: bool,
    /// Whether they see who has which role, although they administer nothing.
    audits: bool,
}

impl Right {
    fn holds(self, action: RepositoryAction, state: RepositoryState) -> bool {
        match action {
            RepositoryAction::Pull => self.public || self.role >= Some(RepositoryRole::Read),
            // Only a mirroring robot pushes to a mirror, and nobody to a read-only repository.
            RepositoryAction::Push => {
                self.role >= Some(RepositoryRole::Write) && state == RepositoryState::Normal
            }
            RepositoryAction::Describe => self.role >= Some(RepositoryRole::Write),
            RepositoryAction::SeeRoles => self.audits || self.role >= Some(RepositoryRole::Admin),
            RepositoryAction::Administer => self.role >= Some(RepositoryRole::Admin),
        }
    }
}

/// May an account do this with this repository, whatever token speaks for it?
pub fn may(
    who: Standing,
    facts: &RepositoryFacts,
    action: RepositoryAction,
    switches: Switches,
) -> bool {
    let right = Right {
        role: role(who, facts, switches),
        public: is_public(who, facts, switches),
        audits: who.read_only_superuser,
    };
    right.holds(action, facts.repository.state)
}

/// May the actor do this with this repository?
pub fn decide(
    actor: &Actor,
    facts: &RepositoryFacts,
    action: RepositoryAction,
    switches: Switches,
) -> Decision {
    let role = effective_role(actor, facts, switches);
    // Scopes cap roles, and what everybody may read needs none.
    let public = is_public(actor.into(), facts, switches)
        && (switches.anonymous_access
            || (!actor.is_anonymous() && actor.scopes.allows(Scope::RepoRead)));
    let right = Right {
        role,
        public,
        audits: actor.read_only_superuser && actor.scopes.allows(Scope::RepoAdmin),
    };
    if right.holds(action, facts.repository.state)
        && granted(actor, &facts.repository.path().to_string(), action)
    {
        return Decision::Allowed;
    }
    let visible = public || role.is_some();
    match (actor.is_anonymous(), visible) {
        (true, _) => Decision::Unauthenticated,
        (false, true) => Decision::Forbidden,
        (false, false) => Decision::Hidden,
    }
}

/// Whether a registry token may say that its holder may do this. Of a repository that takes no
/// pushes there is nothing to administer at `/v2`.
pub fn grants(
    actor: &Actor,
    facts: &RepositoryFacts,
    action: RepositoryAction,
    switches: Switches,
) -> bool {
    decide(actor, facts, action, switches) == Decision::Allowed
        && (action != RepositoryAction::Administer
            || facts.repository.state == RepositoryState::Normal)
}

/// May the actor do this with this namespace?
pub fn decide_namespace(
    actor: &Actor,
    facts: &NamespaceFacts,
    action: NamespaceAction,
    switches: Switches,
) -> Decision {
    let full = switches.superusers_full_access && actor.is_superuser();
    let worker = matches!(actor.principal, Principal::Worker(_));
    let owner = owns(actor.account_id(), facts) || full || worker;
    // A registry token is for repositories alone.
    let administers = || {
        let scope = if facts.kind == AccountKind::User {
            Scope::UserAdmin
        } else {
            Scope::OrgAdmin
        };
        owner && actor.scopes.allows(scope) && actor.grant.is_none()
    };
    let allowed = match action {
        NamespaceAction::View => {
            owner
                || facts.team_role.is_some()
                || actor.reads_everything()
                || is_own_robot(actor, facts.id)
        }
        NamespaceAction::ViewTeams => {
            facts.kind == AccountKind::Organization
                && (actor.read_only_superuser
                    || worker
                    || ((owner || facts.team_role.is_some()) && uses_teams(actor)))
        }
        NamespaceAction::CreateRepository => {
            let creator = facts.team_role >= Some(TeamRole::Creator);
            facts.enabled
                && (owner || creator)
                && actor.scopes.allows(Scope::RepoCreate)
                && !is_restricted(actor, facts)
        }
        NamespaceAction::CreateRobot => administers() && !is_restricted(actor, facts),
        NamespaceAction::Administer => administers(),
    };
    if allowed {
        return Decision::Allowed;
    }
    let visible = owner || facts.team_role.is_some();
    match (actor.is_anonymous(), visible) {
        (true, _) => Decision::Unauthenticated,
        (false, true) => Decision::Forbidden,
        (false, false) => Decision::Hidden,
    }
}

/// May the actor do this with a team of an organization, in which it is or is not?
pub fn decide_team(
    actor: &Actor,
    organization: &NamespaceFacts,
    is_member: bool,
    action: TeamAction,
    switches: Switches,
) -> Decision {
    let may = |action| {
        organization.kind == AccountKind::Organization
            && decide_namespace(actor, organization, action, switches) == Decision::Allowed
    };
    let visible = may(NamespaceAction::ViewTeams);
    let allowed = match action {
        TeamAction::View => visible,
        TeamAction::ViewMembers => {
            may(NamespaceAction::Administer)
                || (visible && (is_member || actor.read_only_superuser))
        }
        TeamAction::ViewRoles => {
            may(NamespaceAction::Administer) || (visible && actor.read_only_superuser)
        }
        TeamAction::Manage => may(NamespaceAction::Administer),
    };
    match (allowed, actor.is_anonymous(), visible) {
        (true, _, _) => Decision::Allowed,
        (false, true, _) => Decision::Unauthenticated,
        (false, false, true) => Decision::Forbidden,
        (false, false, false) => Decision::Hidden,
    }
}

/// Whether teams make anything of the actor: a token without a scope for them does not even make its owner a
/// member, and a registry token is for repositories alone.
pub(crate) fn uses_teams(actor: &Actor) -> bool {
    let scopes = &actor.scopes;
    (scopes.allows(Scope::OrgAdmin) || scopes.allows(Scope::RepoCreate)) && actor.grant.is_none()
}

/// What the teams of the actor make of it in an organization.
pub fn team_role(actor: &Actor, facts: &NamespaceFacts) -> Option<TeamRole> {
    facts.team_role.filter(|_| uses_teams(actor))
}

/// Whether this is the own namespace of a user who makes nothing of its own there (`FEATURE_RESTRICTED_USERS`).
/// Elsewhere such a user has the rights of everybody else.
pub(crate) fn is_restricted(actor: &Actor, facts: &NamespaceFacts) -> bool {
    actor.restricted && actor.user_id() == Some(facts.id)
}

fn is_own_robot(actor: &Actor, namespace: AccountId) -> bool {
    matches!(&actor.principal, Principal::Robot { namespace_id, .. } if *namespace_id == namespace)
}

#[cfg(test)]
mod tests;
