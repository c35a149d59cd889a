//! The pages, one folder or file each, with the operations they need beside them.

mod api_explorer;
mod graphql_explorer;
mod home;
mod invitation;
mod mailed;
mod namespace;
mod oauth;
mod organizations;
mod place;
mod repositories;
mod repository;
mod search;
mod setup;
mod sign_up;
mod signin;
mod superuser;
mod tag;
mod team;

pub(crate) use api_explorer::ApiExplorer;
pub(crate) use graphql_explorer::GraphqlExplorer;
pub(crate) use home::Home;
pub(crate) use invitation::ConfirmInvite;
pub(crate) use mailed::{Confirm, Recovery};
pub(crate) use namespace::Namespace;
pub(crate) use oauth::{Authorize, LocalApp};
pub(crate) use organizations::Organizations;
pub(crate) use place::Place;
pub(crate) use repositories::Repositories;
pub(crate) use search::Search;
pub(crate) use setup::SetUp;
pub(crate) use sign_up::CreateAccount;
pub(crate) use signin::{SignIn, SignInMutation, SignInVariables, wrong_password};
pub(crate) use superuser::{ChangeLog, Messages, Registry, ServiceKeys, Users};
pub(crate) use team::TeamPage;
