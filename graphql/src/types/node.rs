//! Anything that has a global id.

use async_graphql::{Context, ID, Interface, Result};
use berth_domain::{AccountId, AccountKind};

use super::manifest::{ArtifactManifest, ImageIndex, ImageManifest, Manifest};
use super::namespace::{Namespace, Organization, User};
use super::repository::Repository;
use super::robot::Robot;
use super::tag::Tag;
use super::team::Team;
use crate::context::Asks;
use crate::error::found;
use crate::ids::GlobalId;
use crate::loaders::load;

/// Anything that has a global id.
#[derive(Interface, Clone)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque and stable, for `node`."))]
pub(crate) enum Node {
    User(User),
    Organization(Organization),
    Robot(Robot),
    Team(Team),
    Repository(Repository),
    Tag(Tag),
    ImageManifest(ImageManifest),
    ImageIndex(ImageIndex),
    ArtifactManifest(ArtifactManifest),
}

impl From<Namespace> for Node {
    fn from(namespace: Namespace) -> Self {
        match namespace {
            Namespace::User(user) => Self::User(user),
            Namespace::Organization(organization) => Self::Organization(organization),
        }
    }
}

impl From<Manifest> for Node {
    fn from(manifest: Manifest) -> Self {
        match manifest {
            Manifest::Image(image) => Self::ImageManifest(image),
            Manifest::Index(index) => Self::ImageIndex(index),
            Manifest::Artifact(artifact) => Self::ArtifactManifest(artifact),
        }
    }
}

async fn namespace(ctx: &Context<'_>, id: AccountId, kind: AccountKind) -> Result<Option<Node>> {
    let view = load(ctx.loader(), id).await?;
    Ok(view
        .filter(|view| view.kind == kind)
        .map(|view| Namespace::from(view).into()))
}

/// What an id names; none when it is absent or hidden, or no id at all.
pub(crate) async fn node(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let (services, actor) = (ctx.services(), ctx.actor());
    Ok(match GlobalId::decode(id) {
        // Of sessions and large changes their user asks as the viewer alone.
        None | Some(GlobalId::Session(_) | GlobalId::BulkChange(_)) => None,
        Some(GlobalId::User(id)) => namespace(ctx, id, AccountKind::User).await?,
        Some(GlobalId::Organization(id)) => namespace(ctx, id, AccountKind::Organization).await?,
        Some(GlobalId::Robot(id)) => {
            let robots = found(services.robots.by_ids(&actor, &[id]).await)?.unwrap_or_default();
            robots
                .into_iter()
                .next()
                .map(|robot| Node::Robot(Robot(robot)))
        }
        Some(GlobalId::Team(id)) => load(ctx.loader(), id)
            .await?
            .map(|view| Node::Team(Team(view))),
        Some(GlobalId::Repository(id)) => load(ctx.loader(), id)
            .await?
            .map(|view| Node::Repository(Repository(view))),
        Some(GlobalId::Tag(id)) => {
            let tags = found(services.tags.by_ids(&actor, &[id]).await)?.unwrap_or_default();
            tags.into_iter().next().map(|tag| Node::Tag(Tag(tag)))
        }
        Some(GlobalId::Manifest(id)) => load(ctx.loader(), id)
            .await?
            .map(|view| Manifest::from(view).into()),
    })
}
