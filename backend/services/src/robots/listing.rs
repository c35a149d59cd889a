//! Robots by name, with their tokens where the actor may have them (B3).

use berth_domain::{AccountKind, Error, Event, Namespace, Noun, Result, RobotName, Secret};
use berth_store::Conn;
use berth_store::gate::NamespaceFacts;
use berth_store::logs;
use berth_store::robots::{self as rows, Robot};

use super::{RobotView, Robots, TOKEN_CONTEXT, subject};
use crate::access::namespace::View;
use crate::access::policy::{self, Decision, NamespaceAction};
use crate::actor::Actor;

/// A list holds no more robots than this.
pub const LIST_MAX: usize = 10_000;

/// A robot with its token, where the actor may have that and asked for it.
#[derive(Debug, Clone)]
pub struct ListedRobot {
    /// The robot.
    pub robot: RobotView,
    /// What it logs in with.
    pub token: Option<Secret<String>>,
}

impl Robots {
    /// Robots of a namespace by short name, [`LIST_MAX`] at most: for everybody who belongs to it and for who sees
    /// everything and changes nothing, the tokens for its administrators. Each token that is told is logged. `kind` is
    /// what the namespace has to be; one that is another is not there.
    ///
    /// # Errors
    /// Unauthenticated, hidden or forbidden for who does not belong to the namespace.
    pub async fn list(
        &self,
        actor: &Actor,
        (kind, namespace): (AccountKind, &Namespace),
        with_tokens: bool,
        limit: usize,
    ) -> Result<Vec<ListedRobot>> {
        let limit = i64::try_from(limit.min(LIST_MAX)).map_err(Error::internal)?;
        let (found, with_tokens) = {
            let mut conn = self.core.db.read().await?;
            let (facts, administers) = self.known(&mut conn, actor, kind, namespace).await?;
            if !administers && facts.team_role.is_none() && !actor.read_only_superuser {
                return Err(Error::forbidden(format!(
                    "this needs a member of `{namespace}`"
                )));
            }
            let found = rows::page(&mut conn, facts.id, None, None, limit).await?;
            (found, with_tokens && administers)
        };
        if !with_tokens {
            let plain = |robot: Robot| ListedRobot {
                robot: robot.into(),
                token: None,
            };
            return Ok(found.into_iter().map(plain).collect());
        }
        self.log_readings(actor, &found).await?;
        found.into_iter().map(|robot| self.open(robot)).collect()
    }

    /// A robot with its token, for administrators of its namespace; the reading is logged. Who sees everything and
    /// changes nothing gets it without.
    ///
    /// # Errors
    /// Unauthenticated, hidden or forbidden for who does not administer the namespace; only who does
    /// learns that a robot is not there.
    pub async fn by_name(
        &self,
        actor: &Actor,
        kind: AccountKind,
        name: &RobotName,
    ) -> Result<ListedRobot> {
        let may_read = actor.read_only_superuser;
        let (robot, administers) = self.named(actor, kind, name, may_read).await?;
        if !administers {
            return Ok(ListedRobot {
                robot: robot.into(),
                token: None,
            });
        }
        self.log_readings(actor, std::slice::from_ref(&robot))
            .await?;
        self.open(robot)
    }

    /// A robot without its token, and so without a log row: to name the robot of a change.
    ///
    /// # Errors
    /// As [`Self::by_name`], for administrators alone.
    pub async fn find(
        &self,
        actor: &Actor,
        kind: AccountKind,
        name: &RobotName,
    ) -> Result<RobotView> {
        let (robot, _) = self.named(actor, kind, name, false).await?;
        Ok(robot.into())
    }

    /// A robot by name, and whether the actor administers its namespace, which it must unless it `may_read` all the same.
    pub(super) async fn named(
        &self,
        actor: &Actor,
        kind: AccountKind,
        name: &RobotName,
        may_read: bool,
    ) -> Result<(Robot, bool)> {
        let mut conn = self.core.db.read().await?;
        let namespace = &name.namespace;
        let (_, administers) = self.known(&mut conn, actor, kind, namespace).await?;
        if !administers && !may_read {
            return Err(Error::forbidden(format!(
                "this needs an administrator of `{}`",
                name.namespace
            )));
        }
        let found = rows::by_name(&mut conn, name).await?;
        let robot = found.ok_or_else(|| Error::not_found(Noun::Robot, name))?;
        Ok((robot, administers))
    }

    /// A namespace of a kind that the actor may know, and whether it administers it. Reading needs no registry that
    /// takes writes.
    async fn known(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        kind: AccountKind,
        namespace: &Namespace,
    ) -> Result<(NamespaceFacts, bool)> {
        let gate = &self.core.gate;
        let access = gate.namespace::<View>(conn, actor, namespace).await?;
        if access.kind != kind {
            return Err(gate.absent_namespace(actor, namespace));
        }
        let action = NamespaceAction::Administer;
        let decision = policy::decide_namespace(actor, &access, action, gate.switches());
        Ok((access.target().clone(), decision == Decision::Allowed))
    }

    async fn log_readings(&self, actor: &Actor, robots: &[Robot]) -> Result<()> {
        if robots.is_empty() {
            return Ok(());
        }
        let entry = |robot: &Robot| {
            let event = Event::RobotTokenRead {
                robot: robot.name.clone(),
            };
            let subject = subject(robot.namespace_id);
            self.core.journal.entry(actor, subject, &event)
        };
        let entries: Vec<_> = robots.iter().map(entry).collect();
        self.core
            .db
            .write(async |tx| logs::insert_many(tx, &entries).await)
            .await
    }

    fn open(&self, robot: Robot) -> Result<ListedRobot> {
        let sealing = &self.core.sealing;
        let token = sealing.open_text(TOKEN_CONTEXT, &robot.token_sealed)?;
        Ok(ListedRobot {
            robot: robot.into(),
            token: Some(token),
        })
    }
}
