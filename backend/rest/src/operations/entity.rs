//! Names that are offered while somebody types one.

use berth_domain::EntityKind;
use berth_services::search::{EntityView, Wanted, Within};
use serde::Serialize;

use super::search::{DESCRIPTION, TAG};
use crate::answer::Answer;
use crate::call::Call;
use crate::operation::{Group, Operation, Outcome};
use crate::parameters::{switch, text as text_parameter};
use crate::schema::{Schema, boolean, list as list_of, text};
use crate::wire::Avatar;

/// So many teams, and so many users and robots together.
const LIMIT: usize = 10;

pub(super) fn group() -> Group {
    Group {
        tag: TAG,
        description: DESCRIPTION,
        operations: vec![
            Operation::get(
                "/entities/{prefix}",
                "getMatchingEntities",
                "Get a list of entities that match the specified prefix",
                matching,
            )
            .query([
                text_parameter(
                    "namespace",
                    "Namespace to use when querying for org entities.",
                ),
                switch("includeTeams", "Whether to include team names."),
                switch("includeOrgs", "Whether to include orgs names."),
            ])
            .answers(List::schema()),
        ],
    }
}

/// A user, robot, team or organization.
#[derive(Serialize)]
struct Entity {
    name: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_robot: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_org_member: Option<bool>,
    avatar: Avatar,
}

impl Entity {
    fn schema() -> Schema {
        Schema::new("MatchingEntity")
            .required(
                "name",
                text("A user, a robot by its whole name, a team or an organization"),
            )
            .required("kind", text("user, for robots too, team or org"))
            .optional("is_robot", boolean("Whether a user is a robot"))
            .optional(
                "is_org_member",
                boolean("Whether it belongs to the organization; for those who may know its teams"),
            )
            .required("avatar", Avatar::schema().into())
    }
}

impl From<EntityView> for Entity {
    fn from(view: EntityView) -> Self {
        let (name, hash) = (&view.name, &view.avatar_hash);
        let (kind, is_robot, avatar) = match view.kind {
            EntityKind::User => ("user", Some(false), Avatar::user(name, hash)),
            EntityKind::Robot => ("user", Some(true), Avatar::robot(name, hash)),
            EntityKind::Team => ("team", None, Avatar::team(name, hash)),
            EntityKind::Organization => ("org", None, Avatar::organization(name, hash)),
        };
        Self {
            kind,
            is_robot,
            is_org_member: view.is_member,
            avatar,
            name: view.name,
        }
    }
}

#[derive(Serialize)]
struct List {
    results: Vec<Entity>,
}

impl List {
    fn schema() -> Schema {
        let all = list_of(Entity::schema(), "Teams first, then users and robots");
        Schema::new("MatchingEntities").required("results", all)
    }
}

async fn matching(call: Call) -> Outcome {
    let mut kinds = vec![EntityKind::User, EntityKind::Robot];
    kinds.extend(call.query.is_on("includeTeams").then_some(EntityKind::Team));
    let organizations = call.query.is_on("includeOrgs");
    kinds.extend(organizations.then_some(EntityKind::Organization));
    let wanted = Wanted {
        prefix: call.parameter("prefix"),
        within: call.query.text("namespace").map(Within::Name),
        kinds: &kinds,
        limit: LIMIT,
    };
    let found = call.services.search.entities(&call.actor, &wanted).await?;
    Answer::ok(&List {
        results: found.into_iter().map(Entity::from).collect(),
    })
}
