//! Robots that are made, and described anew (B1).

use std::sync::Arc;

use berth_crypto::tokens;
use berth_domain::{
    AccountId, AccountKind, Error, Event, Namespace, RepositoryId, Result, RobotName,
};
use berth_store::gate::NamespaceFacts;
use berth_store::robots::{self as rows};
use berth_store::{Tx, teams};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{RobotView, Robots, TOKEN_CONTEXT, one, subject};
use crate::access::namespace::CreateRobot;
use crate::access::{Access, repo};
use crate::actor::Actor;
use crate::many::Items;
use crate::permissions::{Permissions, RoleChange, RoleIn};

/// Longest description, in characters.
pub const DESCRIPTION_MAX: usize = 255;
/// Longest metadata, in bytes of JSON.
pub const METADATA_BYTES_MAX: usize = 16 * 1024;

/// A robot to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewRobot {
    /// Its name in the namespace.
    pub short: String,
    /// Free text, at most [`DESCRIPTION_MAX`] characters.
    pub description: String,
    /// Anything else, at most [`METADATA_BYTES_MAX`].
    pub metadata: Map<String, Value>,
    /// Names of teams of the organization that it comes into.
    pub teams: Vec<String>,
    /// Roles that it gets in repositories of the namespace.
    pub roles: Vec<RoleIn>,
}

impl Robots {
    /// Creates a robot with a fresh token, in no team and without roles.
    ///
    /// # Errors
    /// As [`Self::create_whole`].
    pub async fn create(
        &self,
        actor: &Actor,
        namespace: &Namespace,
        short: &str,
        description: &str,
    ) -> Result<RobotView> {
        let new = NewRobot {
            short: short.to_owned(),
            description: description.to_owned(),
            ..NewRobot::default()
        };
        self.create_whole(actor, None, namespace, &new).await
    }

    /// Creates a robot with a fresh token, in its teams and with its roles, or nothing of it. `kind` is what the
    /// namespace has to be, where that matters; one that is another is not there.
    ///
    /// # Errors
    /// A taken or malformed name, a description or metadata that are too long, robots switched off; a team or a
    /// repository that the namespace does not have, or that the actor does not administer.
    pub async fn create_whole(
        &self,
        actor: &Actor,
        kind: Option<AccountKind>,
        namespace: &Namespace,
        new: &NewRobot,
    ) -> Result<RobotView> {
        let token = tokens::robot_token();
        let hash = tokens::hash_token(token.expose());
        let sealed = self.core.sealing.seal(TOKEN_CONTEXT, token.expose());
        let uuid = Uuid::new_v4().to_string();
        self.core
            .db
            .write(async |tx| {
                let access = self
                    .core
                    .gate
                    .namespace::<CreateRobot>(tx, actor, namespace)
                    .await?;
                if kind.is_some_and(|kind| access.kind != kind) {
                    return Err(self.core.gate.absent_namespace(actor, namespace));
                }
                self.switched_on()?;
                let name = RobotName::new(access.name.clone(), &new.short)
                    .map_err(|e| e.in_field("shortName"))?;
                check_description(&new.description)?;
                let metadata = written(&new.metadata)?;
                let row = rows::NewRobot {
                    uuid: &uuid,
                    namespace_id: access.id,
                    name: &name,
                    description: &new.description,
                    metadata: &metadata,
                    token_sealed: &sealed,
                    token_hash: &hash,
                };
                let id = rows::insert(tx, &row, self.core.now()).await?;
                let event = Event::RobotCreated {
                    robot: name.clone(),
                    description: new.description.clone(),
                    metadata: new.metadata.clone(),
                };
                let journal = &self.core.journal;
                journal
                    .record(tx, actor, subject(access.id), &event)
                    .await?;
                self.join(tx, actor, &access, (id, &name), &new.teams)
                    .await?;
                self.give(tx, actor, &access, (id, &name), &new.roles)
                    .await?;
                one(tx, id).await.map(Into::into)
            })
            .await
    }

    /// Puts a new robot into teams of its organization.
    async fn join(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        access: &Access<CreateRobot>,
        (id, name): (AccountId, &RobotName),
        wanted: &[String],
    ) -> Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let wanted = Items::checked(wanted).map_err(|error| error.in_field("teams"))?;
        let names: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let found = teams::by_names(tx, access.id, &names).await?;
        for name in &names {
            if found.iter().all(|(_, team)| team.as_str() != *name) {
                let message = format!("there is no team `{name}` in `{}`", access.name);
                return Err(Error::invalid_value(message).in_field("teams"));
            }
        }
        for (team, team_name) in found {
            teams::add_member(tx, team, id, self.core.now()).await?;
            let event = Event::TeamMemberAdded {
                team: team_name,
                member: name.to_string(),
            };
            let journal = &self.core.journal;
            journal
                .record(tx, actor, subject(access.id), &event)
                .await?;
        }
        Ok(())
    }

    /// Gives a new robot roles in repositories of its namespace.
    async fn give(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        namespace: &NamespaceFacts,
        (id, name): (AccountId, &RobotName),
        roles: &[RoleIn],
    ) -> Result<()> {
        if roles.is_empty() {
            return Ok(());
        }
        let in_field = |error: Error| error.in_field("roles");
        let ids: Vec<RepositoryId> = roles.iter().map(|role| role.repository).collect();
        let ids = Items::checked(&ids).map_err(in_field)?;
        if ids.as_slice().len() < roles.len() {
            let twice = Error::invalid_value("a repository is named twice; give it one role");
            return Err(in_field(twice));
        }
        let permissions = Permissions::new(Arc::clone(&self.core));
        let gate = &self.core.gate;
        let found = gate
            .each_repository::<repo::Administer>(tx, actor, ids.as_slice())
            .await?;
        for (access, role) in found.into_iter().zip(roles) {
            let access = access.map_err(in_field)?;
            if access.namespace.id != namespace.id {
                let message = format!(
                    "{} is of another namespace; a robot has roles in its own alone",
                    access.repository.path()
                );
                return Err(in_field(Error::invalid_value(message)));
            }
            let change = RoleChange {
                account: name.to_string(),
                role: role.role,
            };
            permissions
                .set_role(tx, actor, access.target(), id, &change)
                .await?;
        }
        Ok(())
    }

    /// Describes a robot anew. What is not given stays.
    ///
    /// # Errors
    /// A robot that the actor does not administer, a description or metadata that are too long.
    pub async fn describe(
        &self,
        actor: &Actor,
        id: AccountId,
        description: Option<&str>,
        metadata: Option<&Map<String, Value>>,
    ) -> Result<RobotView> {
        self.core
            .db
            .write(async |tx| {
                let robot: RobotView = self.administered(tx, actor, id).await?.into();
                let description = description.unwrap_or(&robot.description);
                let metadata = metadata.unwrap_or(&robot.metadata);
                check_description(description)?;
                rows::describe(tx, id, description, &written(metadata)?).await?;
                let event = Event::RobotDescribed {
                    robot: robot.name.clone(),
                    description: description.to_owned(),
                    metadata: metadata.clone(),
                };
                let journal = &self.core.journal;
                journal
                    .record(tx, actor, subject(robot.namespace_id), &event)
                    .await?;
                one(tx, id).await.map(Into::into)
            })
            .await
    }

    fn switched_on(&self) -> Result<()> {
        if self.core.settings.robots.disallowed {
            return Err(Error::FeatureOff {
                message: "Robot accounts have been disabled. Please contact your administrator."
                    .into(),
            });
        }
        Ok(())
    }
}

/// Metadata as it is kept.
fn written(metadata: &Map<String, Value>) -> Result<String> {
    let text = serde_json::to_string(metadata).map_err(Error::internal)?;
    if text.len() > METADATA_BYTES_MAX {
        return Err(Error::invalid_value(format!(
            "metadata has at most {METADATA_BYTES_MAX} bytes of JSON, this has {}",
            text.len()
        ))
        .in_field("metadata"));
    }
    Ok(text)
}

fn check_description(description: &str) -> Result<()> {
    let length = description.chars().count();
    if length > DESCRIPTION_MAX {
        return Err(Error::invalid_value(format!(
            "a description has at most {DESCRIPTION_MAX} characters, this one has {length}"
        ))
        .in_field("description"));
    }
    Ok(())
}
