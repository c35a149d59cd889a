//! What can be changed, one noun to a file. Each description says which scope a token needs, which
//! role, and what the usage log calls it.

mod account;
mod administration;
mod default_permission;
mod invitation;
mod oauth;
mod organization;
mod recovery;
mod repository;
mod robot;
mod selected;
mod service_key;
mod session;
mod tag;
mod team;

use async_graphql::MergedObject;

use account::AccountMutations;
use administration::AdministrationMutations;
use default_permission::DefaultPermissionMutations;
use invitation::InvitationMutations;
use oauth::OauthMutations;
use organization::OrganizationMutations;
use recovery::RecoveryMutations;
use repository::RepositoryMutations;
use robot::RobotMutations;
use service_key::ServiceKeyMutations;
use session::SessionMutations;
use tag::TagMutations;
use team::TeamMutations;

/// What can be changed. A signed-in browser holds every scope.
#[derive(MergedObject, Default)]
pub struct Mutation(
    SessionMutations,
    RecoveryMutations,
    AccountMutations,
    OrganizationMutations,
    TeamMutations,
    InvitationMutations,
    DefaultPermissionMutations,
    OauthMutations,
    RobotMutations,
    RepositoryMutations,
    TagMutations,
    AdministrationMutations,
    ServiceKeyMutations,
);
