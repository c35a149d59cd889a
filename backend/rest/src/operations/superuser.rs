//! What superusers do with users (U1 to U4), and what they see of all tokens. Whoever sees everything and
//! changes nothing reads here too.

use std::collections::HashMap;

use berth_domain::{AccountId, Email, Error, Namespace, PageRequest, Scope, Secret};
use berth_services::accounts::ProfileView;
use berth_services::superuser::{UserChange, UserFilter};
use serde::{Deserialize, Serialize};

use super::app_token;
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::paging;
use crate::parameters::{NEXT_PAGE, Parameter, integer, next_page, switch_on};
use crate::schema::{Schema, boolean, list as list_of, text};
use crate::wire::Avatar;

pub(super) const TAG: &str = "superuser";
pub(super) const DESCRIPTION: &str = "Superuser API";

/// Name of the list of users, for the places in it.
const USERS: &str = "superuser-users";
pub(super) fn group() -> Group {
    let on = |settings: &berth_services::Settings| settings.users.superusers_enabled;
    let new = Schema::new("CreateInstallUser")
        .required("username", text("The username of the user being created"))
        .optional(
            "email",
            text("The email address of the user being created").or_null(),
        );
    let change = Schema::new("UpdateUser")
        .optional("password", text("The new password for the user"))
        .optional("email", text("The new e-mail address for the user"))
        .optional("enabled", boolean("Whether the user is enabled"))
        .optional(
            "superuser",
            boolean("Whether the user is a superuser, which the configuration says"),
        );
    Group {
        tag: TAG,
        description: DESCRIPTION,
        operations: vec![
            Operation::get(
                "/superuser/users/",
                "listAllUsers",
                "Returns a list of all users in the system",
                list,
            )
            .superusers()
            .fresh_login()
            .query([
                switch_on("disabled", "If false, only enabled users will be returned."),
                rows(),
                next_page(),
            ])
            .feature(on)
            .answers(Users::schema()),
            Operation::post(
                "/superuser/users/",
                "createInstallUser",
                "Creates a new user",
                create,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .body(new)
            .feature(on)
            .answers(Created::schema()),
            Operation::get(
                "/superuser/users/{username}",
                "getInstallUser",
                "Returns information about the specified user",
                get,
            )
            .superusers()
            .fresh_login()
            .feature(on)
            .answers(Row::schema()),
            Operation::put(
                "/superuser/users/{username}",
                "changeInstallUser",
                "Updates information about the specified user",
                change_user,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .body(change)
            .feature(on)
            .answers(Row::schema()),
            Operation::delete(
                "/superuser/users/{username}",
                "deleteInstallUser",
                "Deletes the specified user",
                delete,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .feature(on),
            Operation::post(
                "/superusers/users/{username}/sendrecovery",
                "sendInstallUserRecoveryEmail",
                "Sends a recovery e-mail to the specified user",
                send_recovery,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .feature(on)
            .answers(Sent::schema()),
            Operation::get(
                "/superuser/apptokens",
                "listAllAppTokens",
                "Returns a list of all app specific tokens in the system",
                tokens,
            )
            .superusers()
            .fresh_login()
            .query([app_token::expiring()])
            .feature(|settings| settings.users.superusers_enabled && settings.app_tokens.enabled)
            .answers(app_token::Tokens::schema()),
        ],
    }
}

/// A user as superusers see it.
#[derive(Serialize)]
struct Row {
    kind: &'static str,
    name: Namespace,
    username: Namespace,
    email: Option<String>,
    verified: bool,
    avatar: Avatar,
    super_user: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    global_readonly_super_user: Option<bool>,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted_password: Option<String>,
}

impl Row {
    fn schema() -> Schema {
        Schema::new("InstallUser")
            .required("kind", text("user"))
            .required("name", text("The same as username"))
            .required("username", text("The user's name"))
            .nullable("email", text("The user's e-mail address"))
            .required("verified", boolean("Whether that was confirmed"))
            .required("avatar", Avatar::schema().into())
            .required("super_user", boolean("Whether it is a superuser"))
            .optional(
                "global_readonly_super_user",
                boolean("True for who sees everything and changes nothing"),
            )
            .required("enabled", boolean("Whether the user may sign in"))
            .optional(
                "encrypted_password",
                text("The new password in encrypted form, where one was set"),
            )
    }

    fn new(view: ProfileView, avatars: &HashMap<AccountId, String>) -> Self {
        let hash = avatars.get(&view.id).map_or("", String::as_str);
        Self {
            kind: "user",
            avatar: Avatar::user(&view.name, hash),
            username: view.name.clone(),
            name: view.name,
            email: view.email,
            verified: view.email_verified,
            super_user: view.superuser,
            global_readonly_super_user: view.read_only_superuser.then_some(true),
            enabled: view.enabled,
            encrypted_password: None,
        }
    }

    async fn one(call: &Call, view: ProfileView) -> Result<Self, Error> {
        let avatars = avatars(call, &[view.id]).await?;
        Ok(Self::new(view, &avatars))
    }
}

async fn avatars(call: &Call, ids: &[AccountId]) -> Result<HashMap<AccountId, String>, Error> {
    call.services
        .directory
        .avatar_hashes(&call.actor, ids)
        .await
}

#[derive(Serialize)]
struct Users {
    users: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
}

impl Users {
    fn schema() -> Schema {
        let users = list_of(Row::schema(), "All of them, or those of the page");
        Schema::new("InstallUsers")
            .required("users", users)
            .optional("next_page", text(NEXT_PAGE))
    }
}

/// The parameter that cuts a list into pages.
pub(super) const fn rows() -> Parameter {
    integer(
        "limit",
        "Limit to the number of results to return per page. Max 100.",
    )
}

/// Entries of a page; none for a list that is told at once.
pub(super) fn limit(call: &Call) -> Result<Option<usize>, Failure> {
    let Some(asked) = call.query.integer("limit") else {
        return Ok(None);
    };
    match usize::try_from(asked) {
        Ok(limit @ 1..=paging::LIMIT) => Ok(Some(limit)),
        Ok(1..) => Err(Failure::invalid("Page limit cannot be above 100")),
        _ => Err(Failure::invalid(format!(
            "'limit' is a number from 1 to {}, not {asked}",
            paging::LIMIT
        ))),
    }
}

async fn list(call: Call) -> Outcome {
    let filter = UserFilter {
        enabled: (!call.query.is_on("disabled")).then_some(true),
        ..UserFilter::default()
    };
    let superuser = &call.services.superuser;
    let limit = limit(&call)?;
    let mut request: PageRequest<Namespace> = paging::request(&call, USERS);
    request.limit = limit.unwrap_or(request.limit);
    let (mut views, mut next_page) = (Vec::new(), None);
    for _ in 0..paging::PAGES_MAX {
        let page = superuser.users(&call.actor, &filter, &request).await?;
        next_page = paging::next(&call, USERS, &page, |view| view.name.clone());
        request.after = page.items.last().map(|view| view.name.clone());
        views.extend(page.items);
        if limit.is_some() || !page.has_more {
            break;
        }
    }
    let ids: Vec<AccountId> = views.iter().map(|view| view.id).collect();
    let avatars = avatars(&call, &ids).await?;
    let users = views.into_iter().map(|view| Row::new(view, &avatars));
    Answer::ok(&Users {
        users: users.collect(),
        next_page,
    })
}

/// The user in the path.
async fn user(call: &Call) -> Result<ProfileView, Error> {
    let superuser = &call.services.superuser;
    superuser
        .by_name(&call.actor, call.parameter("username"))
        .await
}

async fn get(call: Call) -> Outcome {
    let view = user(&call).await?;
    Answer::ok(&Row::one(&call, view).await?)
}

#[derive(Deserialize)]
struct New {
    username: String,
    email: Option<String>,
}

#[derive(Serialize)]
struct Created {
    username: Namespace,
    email: Option<String>,
    password: String,
    encrypted_password: String,
}

impl Created {
    fn schema() -> Schema {
        Schema::new("CreatedInstallUser")
            .required("username", text("The user's name"))
            .nullable("email", text("The user's e-mail address"))
            .required("password", text("The password that was made up"))
            .required("encrypted_password", text("The same in encrypted form"))
    }
}

async fn create(call: Call) -> Outcome {
    let New { username, email } = call.body()?;
    let superuser = &call.services.superuser;
    let made = superuser
        .create_user(&call.actor, &username, email.as_deref())
        .await;
    let (view, password) = made.map_err(reason)?;
    let encrypted = superuser.encrypted(&call.actor, &password)?;
    Answer::ok(&Created {
        username: view.name,
        email: view.email,
        encrypted_password: encrypted.expose().clone(),
        password: password.expose().clone(),
    })
}

/// A refused name, address or password is told in the older body here.
fn reason(error: Error) -> Failure {
    match error {
        Error::Invalid { message, .. } | Error::AlreadyExists { message, .. } => {
            Failure::message(message)
        }
        other => problem(other),
    }
}

/// What is refused of a superuser is told as a problem here, and so is what another system keeps.
pub(super) fn problem(error: Error) -> Failure {
    match error {
        Error::Conflict { message } | Error::FeatureOff { message } => Failure::invalid(message),
        other => other.into(),
    }
}

#[derive(Deserialize)]
struct Change {
    password: Option<Secret<String>>,
    email: Option<String>,
    enabled: Option<bool>,
    superuser: Option<bool>,
}

async fn change_user(call: Call) -> Outcome {
    let Change {
        password,
        email,
        enabled,
        superuser,
    } = call.body()?;
    let view = user(&call).await?;
    if superuser.is_some_and(|wanted| wanted != view.superuser) {
        return Err(Failure::invalid(
            "Superusers are named by SUPER_USERS in the configuration; change it there",
        ));
    }
    let email: Option<Email> = email
        .map(|email| email.parse())
        .transpose()
        .map_err(reason)?;
    let superuser = &call.services.superuser;
    let change = UserChange {
        email,
        password,
        enabled,
    };
    let changed = superuser.change_user(&call.actor, view.id, &change).await;
    let view = changed.map_err(reason)?;
    let encrypted = match &change.password {
        Some(password) => Some(superuser.encrypted(&call.actor, password)?),
        None => None,
    };
    let user = Row::one(&call, view).await?;
    Answer::ok(&Row {
        encrypted_password: encrypted.map(|text| text.expose().clone()),
        ..user
    })
}

async fn delete(call: Call) -> Outcome {
    let view = user(&call).await?;
    let superuser = &call.services.superuser;
    let deleted = superuser.delete_user(&call.actor, view.id).await;
    deleted.map_err(problem)?;
    Ok(Answer::no_content())
}

#[derive(Serialize)]
struct Sent {
    email: String,
}

impl Sent {
    fn schema() -> Schema {
        Schema::new("SentRecovery").required("email", text("Where the link was sent to"))
    }
}

async fn send_recovery(call: Call) -> Outcome {
    let view = user(&call).await?;
    let superuser = &call.services.superuser;
    let sent = superuser.send_recovery(&call.actor, view.id).await;
    let email = sent.map_err(|error| match error {
        Error::Conflict { .. } => problem(error),
        other => other.into(),
    })?;
    Answer::ok(&Sent { email })
}

async fn tokens(call: Call) -> Outcome {
    let is_expiring = call.query.is_on("expiring");
    let (tokens, actor) = (&call.services.app_tokens, &call.actor);
    let list = app_token::whole(is_expiring, async |page| {
        tokens.page_of_all(actor, is_expiring, &page).await
    });
    Answer::ok(&list.await?)
}
