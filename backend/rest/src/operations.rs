//! Every operation of the API, a module for each noun.

mod app_token;
mod application;
mod application_token;
mod authorization;
mod capability;
mod discovery;
mod entity;
mod error;
mod external_login;
mod invitation;
mod member;
mod message;
mod notification;
mod organization;
mod permission;
mod prototype;
mod repository;
mod robot;
mod search;
mod service_key;
mod session;
mod star;
mod superuser;
mod superuser_organization;
mod superuser_server;
mod tag;
mod team;
mod user;

use crate::operation::Group;

/// All of them, in the order of the descriptions.
pub(crate) fn groups() -> Vec<Group> {
    vec![
        organization::group(),
        member::group(),
        application::group(),
        application_token::group(),
        team::group(),
        invitation::group(),
        robot::group(),
        repository::group(),
        tag::group(),
        permission::group(),
        prototype::group(),
        user::group(),
        session::group(),
        external_login::group(),
        star::group(),
        notification::group(),
        app_token::group(),
        authorization::group(),
        superuser::group(),
        superuser_organization::group(),
        superuser_server::group(),
        service_key::group(),
        message::group(),
        entity::group(),
        search::group(),
        capability::group(),
        discovery::group(),
        error::group(),
    ]
}

/// What a parameter of a path means, by its name.
pub(crate) fn describe(parameter: &str) -> Option<&'static str> {
    Some(match parameter {
        "orgname" | "name" => "The name of the organization",
        "teamname" => "The name of the team",
        "prototypeid" => "The ID of the prototype",
        "membername" => "The username of the member",
        "email" => "The e-mail address that is invited",
        "code" => "The code in the mail that invited, or in what the user is told of it",
        "repository" => "The full path of the repository. e.g. namespace/name",
        "robot_shortname" => {
            "The short name for the robot, without any user or organization prefix"
        }
        "username" => "The username of the user",
        "namespace" => "The username of the user or organization whose repositories are taken over",
        "kid" => "The unique identifier for a service key",
        "client_id" => "The OAuth client ID",
        "access_token_uuid" => "The unique ID of the authorization",
        "assigned_authorization_uuid" => "The unique ID of the assigned authorization",
        "token_uuid" => "The unique ID of the token",
        "uuid" => "The unique ID of the message or notification",
        "prefix" => "The beginning of the name that is looked for",
        "service_id" => "The name of a service that users sign in by",
        "error_type" => "The error code identifying the type of error.",
        _ => return None,
    })
}
