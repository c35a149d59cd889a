//! The user who asks, other users, and the first one.

mod described;

use std::time::Duration;

use berth_domain::{Email, Error, Namespace, Noun, Scope, Secret};
use berth_services::accounts::{self, Names};
use berth_services::authn::{InitialUser, NewAccount, SignedUp};
use berth_services::directory::{OrganizationView, OwnAccount, Profile};
use berth_services::organizations::TAG_EXPIRATION;
use serde::{Deserialize, Serialize};

use super::session::{begin, with_session};
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::schema::{Schema, boolean, integer_from, text};
use crate::wire::Avatar;

/// Clients find sessions among the users.
pub(super) const TAG: &str = "user";
pub(super) const DESCRIPTION: &str = "Read the current user and others, sign in and out";

pub(super) fn group() -> Group {
    let first = Schema::new("InitializeUser")
        .required("username", text("The user's username"))
        .required("password", text("The user's password"))
        .optional("email", text("The user's email address"))
        .optional("access_token", boolean("Whether to return an access token"));
    Group {
        tag: TAG,
        description: DESCRIPTION,
        operations: vec![
            Operation::post("/user/", "createNewUser", "Create a new user", sign_up)
                .body(sign_up_body())
                .feature(|settings| {
                    settings.users.authentication.is_own() && settings.users.sign_up
                })
                .always_open()
                .internal(),
            Operation::put(
                "/user/",
                "changeUserDetails",
                "Update a users details such as password or email",
                change,
            )
            .scope(Scope::UserAdmin)
            .fresh_login()
            .body(change_body())
            .internal(),
            Operation::delete(
                "/user/",
                "deleteCurrentUser",
                "Deletes the current user",
                delete,
            )
            .scope(Scope::UserAdmin)
            .fresh_login()
            .feature(|settings| settings.users.authentication.is_own())
            .internal(),
            Operation::post(
                "/user/convert",
                "convertUserToOrganization",
                "Convert the user to an organization",
                convert,
            )
            .scope(Scope::UserAdmin)
            .fresh_login()
            .body(
                Schema::new("ConvertUser")
                    .required("adminUser", text("The user who will become an org admin"))
                    .required(
                        "adminPassword",
                        text("The password for the user who will become the org admin"),
                    )
                    .optional(
                        "plan",
                        text("Accepted without effect: nothing is billed").or_null(),
                    ),
            )
            .feature(|settings| {
                settings.users.authentication.is_own() && settings.users.direct_login
            })
            .internal(),
            Operation::post(
                "/user/clientkey",
                "generateUserClientKey",
                "Return's the user's private client key",
                client_key,
            )
            .scope(Scope::UserAdmin)
            .body(
                Schema::new("GenerateClientKey").required("password", text("The user's password")),
            )
            .feature(|settings| settings.users.authentication.is_own())
            .internal(),
            Operation::post(
                "/recovery",
                "requestRecoveryEmail",
                "Request a password recovery email",
                recover,
            )
            .body(
                Schema::new("RequestRecovery").required("email", text("The user's email address")),
            )
            .always_open()
            .internal(),
            Operation::get(
                "/user/",
                "getLoggedInUser",
                "Get user information for the authenticated user",
                own,
            )
            .told_scope(Scope::UserRead)
            .always_open()
            .answers(described::user()),
            Operation::get(
                "/users/{username}",
                "getUserInformation",
                "Get user information for the specified user",
                other,
            )
            .answers(described::user()),
            Operation::post(
                "/user/initialize",
                "initializeUser",
                "Create the first user",
                initialize,
            )
            .body(first)
            .feature(|settings| settings.users.initialize_by_api)
            .without_csrf()
            .always_open()
            .while_read_only()
            .internal(),
        ],
    }
}

fn sign_up_body() -> Schema {
    Schema::new("NewUser")
        .required("username", text("The user's username"))
        .required("password", text("The user's password"))
        .optional("email", text("The user's email address"))
        .optional(
            "invite_code",
            text("The code of a mail that asks into a team, which confirms the address"),
        )
}

fn change_body() -> Schema {
    let name = |description| text(description).or_null();
    Schema::new("UpdateUserDetails")
        .optional("password", text("The user's password"))
        .optional("email", text("The user's email address"))
        .optional("username", text("The user's username"))
        .optional(
            "tag_expiration_s",
            integer_from(0, "The number of seconds for tag expiration"),
        )
        .optional(
            "given_name",
            name("The optional entered given name for the user"),
        )
        .optional(
            "family_name",
            name("The optional entered family name for the user"),
        )
        .optional("company", name("The optional entered company for the user"))
        .optional(
            "location",
            name("The optional entered location for the user"),
        )
}

/// A user as everybody sees it.
#[derive(Serialize)]
struct User {
    anonymous: bool,
    username: Namespace,
    avatar: Avatar,
}

impl From<Profile> for User {
    fn from(profile: Profile) -> Self {
        Self {
            anonymous: false,
            avatar: Avatar::user(&profile.name, &profile.avatar_hash),
            username: profile.name,
        }
    }
}

/// The user who asks. What the product does not know is what it is for a user who told nothing.
#[derive(Serialize)]
struct OwnUser {
    #[serde(flatten)]
    user: User,
    #[serde(flatten)]
    details: Option<Details>,
    organizations: Vec<Organization>,
    #[serde(skip_serializing_if = "Option::is_none")]
    super_user: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global_readonly_super_user: Option<bool>,
}

/// What a token without `user:admin` may not read.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "clients know these fields")]
struct Details {
    can_create_repo: bool,
    is_me: bool,
    verified: bool,
    email: Option<String>,
    /// Sign-ins by others: there are none.
    logins: [(); 0],
    invoice_email: bool,
    invoice_email_address: Option<String>,
    preferred_namespace: bool,
    tag_expiration_s: u64,
    /// What the user is asked for at the next sign-in: nothing.
    prompts: [(); 0],
    company: Option<String>,
    family_name: Option<String>,
    given_name: Option<String>,
    location: Option<String>,
    is_free_account: bool,
    has_password_set: bool,
}

/// An organization of the user who asks.
#[derive(Serialize)]
struct Organization {
    name: Namespace,
    avatar: Avatar,
    can_create_repo: bool,
    public: bool,
    #[serde(flatten)]
    administration: Option<Administration>,
}

#[derive(Serialize)]
struct Administration {
    is_org_admin: bool,
    preferred_namespace: bool,
}

impl OwnUser {
    fn new(call: &Call, own: OwnAccount) -> Self {
        let knows_all = call.actor.scopes().allows(Scope::UserAdmin);
        let organization = |view: OrganizationView| Organization {
            avatar: Avatar::organization(&view.profile.name, &view.profile.avatar_hash),
            name: view.profile.name,
            can_create_repo: view.can_create_repository,
            public: false,
            administration: knows_all.then_some(Administration {
                is_org_admin: view.is_administrator,
                preferred_namespace: false,
            }),
        };
        Self {
            user: own.profile.into(),
            details: knows_all.then_some(Details {
                can_create_repo: own.can_create_repository,
                is_me: true,
                verified: own.email_verified,
                email: own.email,
                logins: [],
                invoice_email: false,
                invoice_email_address: None,
                preferred_namespace: false,
                tag_expiration_s: own.tag_expiration.as_secs(),
                prompts: [],
                company: own.names.company,
                family_name: own.names.family_name,
                given_name: own.names.given_name,
                location: own.names.location,
                is_free_account: true,
                has_password_set: own.has_password,
            }),
            organizations: own.organizations.into_iter().map(organization).collect(),
            super_user: call.actor.is_superuser().then_some(true),
            global_readonly_super_user: call.actor.is_read_only_superuser().then_some(true),
        }
    }
}

/// Who asks; scripts try it to learn whether they are signed in, so it never says 403.
async fn own(call: Call) -> Outcome {
    let own = call.services.directory.own(&call.actor).await;
    match own {
        Ok(own) => Answer::ok(&OwnUser::new(&call, own)),
        Err(Error::Unauthenticated { .. }) => {
            Err(Failure::unauthenticated().with("session_required", false))
        }
        Err(other) => Err(other.into()),
    }
}

#[derive(Deserialize)]
struct NewUser {
    username: String,
    password: Secret<String>,
    email: Option<String>,
    invite_code: Option<Secret<String>>,
}

#[derive(Serialize)]
struct Awaiting {
    awaiting_verification: bool,
}

async fn sign_up(call: Call) -> Outcome {
    let body: NewUser = call.body()?;
    let new = NewAccount {
        username: body.username,
        password: body.password,
        email: body.email,
        invite_code: body.invite_code,
    };
    let authn = &call.services.authn;
    let origin = call.actor.origin().clone();
    match authn.sign_up(new, origin.clone()).await? {
        SignedUp::AwaitingVerification => Answer::ok(&Awaiting {
            awaiting_verification: true,
        }),
        SignedUp::SignedIn(session) => {
            let actor = authn.session(session.token.expose(), origin).await?;
            let actor = actor.ok_or_else(|| Error::internal("a new session is there"))?;
            let call = Call { actor, ..call };
            let answer = Answer::ok(&view(&call).await?)?;
            with_session(&call, &session, answer)
        }
    }
}

/// The user who asks, as it is now.
async fn view(call: &Call) -> Result<OwnUser, Failure> {
    let own = call.services.directory.own(&call.actor).await?;
    Ok(OwnUser::new(call, own))
}

#[derive(Deserialize)]
struct Change {
    password: Option<Secret<String>>,
    email: Option<String>,
    username: Option<String>,
    tag_expiration_s: Option<u64>,
    given_name: Option<String>,
    family_name: Option<String>,
    company: Option<String>,
    location: Option<String>,
}

/// Changes all that is given, or nothing. Names are left alone where the registry does not ask for them, and the user
/// name where it does not let users choose another.
async fn change(call: Call) -> Outcome {
    let body: Change = call.body()?;
    let users = &call.services.settings().users;
    let names = Names {
        given_name: body.given_name,
        family_name: body.family_name,
        company: body.company,
        location: body.location,
    };
    let username = body.username.filter(|_| users.rename);
    let change = accounts::Change {
        tag_expiration: body
            .tag_expiration_s
            .map(|seconds| Some(Duration::from_secs(seconds))),
        names: if users.names { names } else { Names::default() },
        email: body.email.map(|email| email.parse()).transpose()?,
        username: username.map(|name| name.parse()).transpose()?,
        password: body.password,
    };
    let accounts = &call.services.accounts;
    let changed = accounts.change(&call.actor, &change).await;
    let changed = changed.map_err(|error| match error.field() {
        Some(TAG_EXPIRATION) => super::organization::tag_expiration_refused(error),
        _ => error.into(),
    })?;
    let answer = Answer::ok(&view(&call).await?)?;
    match changed.session {
        Some(session) => with_session(&call, &session, answer),
        None => Ok(answer),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewAdministrator {
    admin_user: String,
    admin_password: Secret<String>,
}

/// The user who administers the organization from now on is signed in.
async fn convert(call: Call) -> Outcome {
    let body: NewAdministrator = call.body()?;
    let authn = &call.services.authn;
    let session = authn
        .convert_to_organization(&call.actor, &body.admin_user, &body.admin_password)
        .await;
    match session {
        Ok(session) => begin(&call, &session),
        Err(Error::Invalid { message, .. }) => {
            Err(Failure::invalid(message).with("reason", "invaliduser"))
        }
        Err(other) => Err(other.into()),
    }
}

async fn delete(call: Call) -> Outcome {
    call.services.accounts.delete(&call.actor).await?;
    Ok(Answer::no_content())
}

#[derive(Deserialize)]
struct OwnPassword {
    password: Secret<String>,
}

#[derive(Serialize)]
struct ClientKey {
    key: String,
}

async fn client_key(call: Call) -> Outcome {
    let OwnPassword { password } = call.body()?;
    let authn = &call.services.authn;
    let key = authn.generate_encrypted_password(&call.actor, &password);
    let key = key.await?.expose().clone();
    Answer::ok(&ClientKey { key })
}

#[derive(Deserialize)]
struct Address {
    email: String,
}

#[derive(Serialize)]
struct Sent {
    status: &'static str,
}

/// Says the same whether or not somebody has the address, be it an organization.
async fn recover(call: Call) -> Outcome {
    let Address { email } = call.body()?;
    let email: Email = email.parse()?;
    let authn = &call.services.authn;
    authn.request_recovery(&email, call.actor.origin()).await?;
    Answer::ok(&Sent { status: "sent" })
}

async fn other(call: Call) -> Outcome {
    let name = call.parameter("username");
    let unknown = |_| Error::not_found(Noun::User, name);
    let directory = &call.services.directory;
    let found = match name.parse::<Namespace>().map_err(unknown) {
        Ok(name) => {
            if call.own_namespace().is_ok_and(|own| own == name)
                && let Ok(own) = directory.own(&call.actor).await
            {
                return Answer::ok(&OwnUser::new(&call, own));
            }
            directory.user(&call.actor, &name).await
        }
        Err(error) => Err(error),
    };
    match found {
        Ok(profile) => Answer::ok(&User::from(profile)),
        Err(Error::NotFound { .. }) => Err(Failure::Message {
            status: axum::http::StatusCode::NOT_FOUND,
            message: "Not Found".to_owned(),
        }),
        Err(other) => Err(other.into()),
    }
}

#[derive(Deserialize)]
struct FirstUser {
    username: String,
    password: String,
    email: Option<String>,
    #[serde(default)]
    access_token: bool,
}

#[derive(Serialize)]
struct Initialized {
    username: Namespace,
    email: Option<String>,
    /// The password as clients may keep it.
    encrypted_password: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
}

async fn initialize(call: Call) -> Outcome {
    let body: FirstUser = call.body()?;
    let user = InitialUser {
        username: body.username,
        password: body.password.into(),
        email: body.email,
        setup_code: None,
    };
    let origin = call.actor.origin().clone();
    let authn = &call.services.authn;
    let made = authn
        .initialize_by_api(user, body.access_token, origin)
        .await
        .map_err(reason)?;
    Answer::ok(&Initialized {
        username: made.username,
        email: made.email.map(|email| email.to_string()),
        encrypted_password: made.encrypted_password.expose().clone(),
        access_token: made.access_token.map(|token| token.expose().clone()),
    })
}

/// A refused field is told in one sentence here, unlike elsewhere, and so is a registry whose accounts are kept by
/// another system.
fn reason(error: Error) -> Failure {
    match error {
        Error::FeatureOff { message } => Failure::message(message),
        Error::Invalid { message, .. } | Error::AlreadyExists { message, .. } => {
            Failure::message(format!("Failed to initialize user: {message}"))
        }
        other => other.into(),
    }
}
