//! Organizations and their teams.

use std::collections::HashMap;

use berth_domain::{AccountKind, Error, Namespace, Noun, Result, TeamId, TeamName};
use berth_store::Conn;
use berth_store::gate::{self as facts, NamespaceFacts, TeamFacts};

use super::{Gate, proof, unauthenticated};
use crate::access::Access;
use crate::access::namespace::{NamespacePermission, View};
use crate::access::policy::{self, Decision, NamespaceAction, TeamAction};
use crate::access::team::TeamPermission;
use crate::actor::Actor;

impl Gate {
    /// An organization by name, with permission `P`. A user is none.
    pub(crate) async fn organization<P: NamespacePermission>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        name: &Namespace,
    ) -> Result<Access<P>> {
        let access = self.namespace::<P>(conn, actor, name).await?;
        match access.kind {
            AccountKind::Organization => Ok(access),
            AccountKind::User | AccountKind::Robot => Err(self.absent_namespace(actor, name)),
        }
    }

    /// An organization by name, for its administrators and for who sees everything and changes nothing. Reading needs the
    /// right alone, and no registry that takes writes.
    pub(crate) async fn audited(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        name: &Namespace,
    ) -> Result<Access<View>> {
        let access = self.organization::<View>(conn, actor, name).await?;
        let action = NamespaceAction::Administer;
        let decision = policy::decide_namespace(actor, &access, action, self.switches);
        if decision == Decision::Allowed || actor.read_only_superuser {
            return Ok(access);
        }
        Err(Error::forbidden(format!(
            "this needs an administrator of `{}`",
            access.name
        )))
    }

    /// A team by name, with permission `P`.
    ///
    /// # Errors
    /// Unauthenticated, hidden or forbidden; not found only for who would have the right to one that is there.
    pub(crate) async fn team<P: TeamPermission>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        organization: &Namespace,
        name: &str,
    ) -> Result<Access<P>> {
        self.writable_for(P::ACTION)?;
        // What no team can be called is looked for as any other name.
        let known: Option<TeamName> = name.parse().ok();
        let known = known.as_ref().map_or("", TeamName::as_str);
        let found = facts::team(conn, organization, known, actor.account_id()).await?;
        match found {
            Some((namespace, found)) if namespace.kind == AccountKind::Organization => {
                let is_member = found.as_ref().is_some_and(|facts| facts.is_member);
                self.decide_team::<P>(actor, &namespace, is_member)?;
                let found = found.map(proof::<P>);
                found.ok_or_else(|| Error::not_found(Noun::Team, name))
            }
            _ => Err(self.absent_namespace(actor, organization)),
        }
    }

    /// For each of many teams by id, in their order, permission `P` or why not.
    pub(crate) async fn each_team<P: TeamPermission>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        ids: &[TeamId],
    ) -> Result<Vec<Result<Access<P>>>> {
        self.writable_for(P::ACTION)?;
        let found = facts::teams(conn, ids, actor.account_id()).await?;
        let mut found: HashMap<TeamId, TeamFacts> = found
            .into_iter()
            .map(|facts| (facts.team.id, facts))
            .collect();
        Ok(ids
            .iter()
            .map(|id| -> Result<Access<P>> {
                match found.remove(id) {
                    Some(facts) => {
                        self.decide_team::<P>(actor, &facts.organization, facts.is_member)?;
                        Ok(proof(facts))
                    }
                    None if actor.is_anonymous() => Err(unauthenticated()),
                    None => Err(Error::Hidden(Noun::Team)),
                }
            })
            .collect())
    }

    /// Those of many teams on which the actor holds `P`, in no order; the others are left out.
    pub(crate) async fn teams<P: TeamPermission>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        ids: &[TeamId],
    ) -> Result<Vec<Access<P>>> {
        let found = facts::teams(conn, ids, actor.account_id()).await?;
        Ok(found
            .into_iter()
            .filter(|facts| self.holds_team(actor, facts, P::ACTION))
            .map(proof)
            .collect())
    }

    /// Whether the actor may do this as well with a team that it was let into.
    pub(crate) fn holds_team(&self, actor: &Actor, facts: &TeamFacts, action: TeamAction) -> bool {
        let (organization, is_member) = (&facts.organization, facts.is_member);
        policy::decide_team(actor, organization, is_member, action, self.switches)
            == Decision::Allowed
    }

    fn writable_for(&self, action: TeamAction) -> Result<()> {
        match action {
            TeamAction::View | TeamAction::ViewMembers | TeamAction::ViewRoles => Ok(()),
            TeamAction::Manage => self.writable(),
        }
    }

    fn decide_team<P: TeamPermission>(
        &self,
        actor: &Actor,
        organization: &NamespaceFacts,
        is_member: bool,
    ) -> Result<()> {
        let name = &organization.name;
        match policy::decide_team(actor, organization, is_member, P::ACTION, self.switches) {
            Decision::Allowed => Ok(()),
            Decision::Unauthenticated => Err(unauthenticated()),
            Decision::Hidden => Err(Error::Hidden(Noun::Team)),
            Decision::Forbidden => Err(Error::forbidden(match P::ACTION {
                TeamAction::View => format!("you may not see the teams of `{name}`"),
                TeamAction::ViewMembers => {
                    format!("this needs a member of the team or an administrator of `{name}`")
                }
                TeamAction::ViewRoles | TeamAction::Manage => {
                    format!("this needs an administrator of `{name}`")
                }
            })),
        }
    }
}
