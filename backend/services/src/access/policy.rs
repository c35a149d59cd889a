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

/// The role that ownership, teams and direct permissions give, before scopes narrow it.
pub fn role(actor: &Actor, facts: &RepositoryFacts, switches: Switches) -> Option<RepositoryRole> {
    let owner = owns(actor, &facts.namespace).then_some(RepositoryRole::Admin);
    let full =
        (switches.superusers_full_access && actor.is_superuser()).then_some(RepositoryRole::Admin);
    let worker = matches!(actor.principal, Principal::Worker(_)).then_some(RepositoryRole::Admin);
    let auditor = actor.read_only_superuser.then_some(RepositoryRole::Read);
    [
        owner,
        full,
        worker,
        auditor,
        facts.direct_role,
        facts.team_role,
    ]
    .into_iter()
    .flatten()
    .max()
}

/// True for who may read every repository: where one is not there, that is no secret.
pub(crate) fn reads_every_repository(actor: &Actor, switches: Switches) -> bool {
    let is_everywhere =
        actor.read_only_superuser || (switches.superusers_full_access && actor.is_superuser());
    is_everywhere && actor.scopes.allows(Scope::RepoRead)
}

/// True for the user of a user namespace and for administrators of an organization, robots of an
/// administrating team included.
fn owns(actor: &Actor, namespace: &NamespaceFacts) -> bool {
    let Some(id) = actor.account_id() else {
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
    Some(role(actor, facts, switches)?.min(scope_cap(&actor.scopes)?))
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
                RepositoryAction::Push => matches!(held.as_str(), "push" | "*"),
                RepositoryAction::SeeRoles | RepositoryAction::Administer => held == "*",
            })
        })
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
    let public = facts.repository.visibility == Visibility::Public
        && (switches.anonymous_access
            || (!actor.is_anonymous() && actor.scopes.allows(Scope::RepoRead)));
    let has_right = match action {
        RepositoryAction::Pull => public || role >= Some(RepositoryRole::Read),
        // Only a mirroring robot pushes to a mirror, and nobody to a read-only repository.
        RepositoryAction::Push => {
            role >= Some(RepositoryRole::Write) && facts.repository.state == RepositoryState::Normal
        }
        RepositoryAction::SeeRoles => {
            let audits = actor.read_only_superuser && actor.scopes.allows(Scope::RepoAdmin);
            audits || role >= Some(RepositoryRole::Admin)
        }
        RepositoryAction::Administer => role >= Some(RepositoryRole::Admin),
    };
    if has_right && granted(actor, &facts.repository.path().to_string(), action) {
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
    let owner = owns(actor, facts) || full || worker;
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
fn uses_teams(actor: &Actor) -> bool {
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
