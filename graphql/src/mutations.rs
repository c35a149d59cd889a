//! What can be changed, one noun to a file. Each description says which scope a token needs, which
//! role, and what the usage log calls it.

mod organization;
mod repository;
mod robot;
mod selected;
mod session;
mod tag;

use async_graphql::MergedObject;

use organization::OrganizationMutations;
use repository::RepositoryMutations;
use robot::RobotMutations;
use session::SessionMutations;
use tag::TagMutations;

/// What can be changed. A signed-in browser holds every scope.
#[derive(MergedObject, Default)]
pub struct Mutation(
    SessionMutations,
    OrganizationMutations,
    RobotMutations,
    RepositoryMutations,
    TagMutations,
);
