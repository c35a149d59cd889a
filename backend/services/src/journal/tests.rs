//! The keys of metadata that readers of the log know, kind by kind.

mod teams;

use std::collections::BTreeSet;

use berth_domain::{
    AppTokenId, ApplicationFields, Namespace, OAuthTokenId, Scope, Scopes, ServiceKeyChange,
    Timestamp,
};

use super::*;
use crate::actor::{AppTokenName, ApplicationName, Origin};

fn actor(principal: Principal) -> Actor {
    Actor {
        principal,
        credential: Credential::None,
        scopes: Scopes::all(),
        grant: None,
        superuser: false,
        read_only_superuser: false,
        restricted: false,
        authenticated_at: None,
        app_token: None,
        application: None,
        origin: Origin {
            ip: Some([192, 0, 2, 1].into()),
            user_agent: Some("podman/5".into()),
            ..Origin::default()
        },
    }
}

fn name(text: &str) -> Namespace {
    text.parse().unwrap()
}

fn user(text: &str) -> Actor {
    actor(Principal::User {
        id: AccountId(7),
        name: name(text),
    })
}

fn nobody() -> Actor {
    actor(Principal::Anonymous)
}

fn robot() -> Actor {
    actor(Principal::Robot {
        id: AccountId(8),
        namespace_id: AccountId(7),
        name: "acme+ci".parse().unwrap(),
    })
}

fn client() -> Actor {
    Actor {
        credential: Credential::AppToken(AppTokenId(1)),
        app_token: Some(AppTokenName {
            uuid: "u".into(),
            title: "laptop".into(),
        }),
        ..user("ann")
    }
}

/// An event, who acts, the kind, the keys that its readers know, and what is told beside.
type Row = (Event, Actor, &'static str, &'static str, &'static str);

fn users() -> Vec<Row> {
    let (ann, root) = (user("ann"), user("root"));
    let created = |by: Option<&str>| Event::UserCreated {
        username: name("eve"),
        email: Some("eve@users.test".into()),
        by: by.map(str::to_owned),
    };
    let (eve, by) = (|| name("eve"), || "root".to_owned());
    let own = "username user-agent";
    vec![
        (
            created(Some("root")),
            root.clone(),
            "user_create",
            "email username superuser",
            "user-agent",
        ),
        (
            created(None),
            nobody(),
            "user_create",
            "email username",
            "user-agent",
        ),
        (
            Event::UserDeleted { username: eve() },
            root.clone(),
            "user_delete",
            "username",
            "user-agent",
        ),
        (
            Event::UserDisabled {
                username: eve(),
                by: by(),
            },
            root.clone(),
            "user_disable",
            "username superuser",
            "user-agent",
        ),
        (
            Event::UserEnabled {
                username: eve(),
                by: by(),
            },
            root.clone(),
            "user_enable",
            "username superuser",
            "user-agent",
        ),
        (
            Event::PasswordReset {
                username: eve(),
                by: by(),
            },
            root,
            "user_change_password",
            "username superuser",
            "user-agent",
        ),
        (
            Event::EmailChanged {
                username: name("ann"),
                email: None,
                old_email: None,
            },
            ann.clone(),
            "user_change_email",
            "email old_email",
            own,
        ),
        (
            Event::PasswordChanged,
            ann.clone(),
            "account_change_password",
            "",
            own,
        ),
        (
            Event::UserRenamed {
                username: name("ann"),
                old_username: name("anna"),
            },
            ann.clone(),
            "user_change_name",
            "old_username",
            own,
        ),
        (
            Event::NamesChanged {
                given_name: Some("Ann".into()),
                family_name: None,
                company: None,
                location: Some("Kiel".into()),
            },
            ann.clone(),
            "user_change_metadata",
            "given_name location",
            own,
        ),
        (
            Event::UserConverted,
            ann.clone(),
            "account_convert",
            "",
            own,
        ),
        (
            Event::ClientKeyGenerated,
            ann,
            "user_generate_client_key",
            "",
            own,
        ),
    ]
}

fn logins() -> Vec<Row> {
    let succeeded = |kind| Event::LoginSucceeded {
        kind,
        how: "v2auth",
    };
    let failed = |kind, username: &str| Event::LoginFailed {
        kind,
        how: "v2auth",
        username: username.into(),
        message: "no".into(),
    };
    let known = "type kind useragent";
    vec![
        (
            succeeded("user"),
            user("ann"),
            "login_success",
            known,
            "username",
        ),
        (
            succeeded("robot"),
            robot(),
            "login_success",
            "type kind useragent robot",
            "is_robot",
        ),
        (
            succeeded("app_specific_token"),
            client(),
            "login_success",
            "type kind useragent app_specific_token_title",
            "app_specific_token username",
        ),
        (
            failed("user", "ann"),
            nobody(),
            "login_failure",
            "type kind username useragent message",
            "",
        ),
        (
            failed("robot", "acme+ci"),
            nobody(),
            "login_failure",
            "type kind robot useragent message",
            "",
        ),
        (
            failed("app_specific_token", "ann"),
            Actor {
                principal: Principal::Anonymous,
                ..client()
            },
            "login_failure",
            "type kind username useragent message",
            "app_specific_token app_specific_token_title",
        ),
        (
            failed("oauth", "ann"),
            Actor {
                credential: Credential::OAuth(OAuthTokenId(1)),
                application: Some(ApplicationName {
                    client_id: "c".into(),
                    name: "viewer".into(),
                }),
                ..nobody()
            },
            "login_failure",
            "type kind username useragent message oauth_token_id oauth_token_application_id \
             oauth_token_application",
            "",
        ),
        (
            Event::LoggedOut,
            user("ann"),
            "logout_success",
            "",
            "username user-agent",
        ),
    ]
}

fn tokens() -> Vec<Row> {
    let scopes: Scopes = [Scope::RepoRead].into_iter().collect();
    let (title, uuid) = (|| "laptop".to_owned(), || "u".to_owned());
    let (application, client_id) = (|| "viewer".to_owned(), || "c".to_owned());
    let beside = "username user-agent";
    let of_app = "app_specific_token_title app_specific_token";
    let of_oauth = "oauth_token_uuid scope token_display_name application_name client_id";
    vec![
        (
            Event::AppTokenCreated {
                title: title(),
                uuid: uuid(),
            },
            user("ann"),
            "create_app_specific_token",
            of_app,
            beside,
        ),
        (
            Event::AppTokenRevoked {
                title: title(),
                uuid: uuid(),
            },
            user("ann"),
            "revoke_app_specific_token",
            of_app,
            beside,
        ),
        (
            Event::AppTokenRead {
                title: title(),
                uuid: uuid(),
            },
            user("ann"),
            "read_app_specific_token",
            of_app,
            beside,
        ),
        (
            Event::AuthorizationAssigned {
                by: "ann".into(),
                user: name("bob"),
                application: application(),
                client_id: client_id(),
            },
            user("ann"),
            "oauth_token_assigned",
            "assigning_user assigned_user application client_id",
            beside,
        ),
        (
            Event::AssignmentWithdrawn {
                user: "bob".into(),
                application: application(),
                client_id: client_id(),
            },
            user("ann"),
            "oauth_token_assignment_withdrawn",
            "assigned_user application client_id",
            beside,
        ),
        (
            Event::AssignmentDeclined {
                user: "bob".into(),
                application: application(),
                client_id: client_id(),
            },
            user("bob"),
            "oauth_token_assignment_declined",
            "assigned_user application client_id",
            beside,
        ),
        (
            Event::AuthorizationRevoked {
                uuid: uuid(),
                scopes: scopes.clone(),
                application: application(),
                client_id: client_id(),
            },
            user("ann"),
            "oauth_token_revoked",
            "oauth_token_uuid scope application client_id",
            beside,
        ),
        (
            Event::AccessTokenCreated {
                uuid: uuid(),
                scopes: scopes.clone(),
                name: None,
                application: application(),
                client_id: client_id(),
            },
            user("ann"),
            "create_oauth_api_token",
            of_oauth,
            beside,
        ),
        (
            Event::AccessTokenRevoked {
                uuid: uuid(),
                scopes,
                name: Some("nightly".into()),
                application: application(),
                client_id: client_id(),
            },
            user("ann"),
            "revoke_oauth_api_token",
            of_oauth,
            beside,
        ),
    ]
}

fn applications() -> Vec<Row> {
    let (application, client_id) = (|| "viewer".to_owned(), || "c".to_owned());
    let fields = || ApplicationFields {
        homepage: String::new(),
        description: String::new(),
        avatar_email: None,
        redirect_prefix: String::new(),
    };
    let named = "application_name client_id";
    let described =
        "application_name client_id application_uri description avatar_email redirect_uri";
    let beside = "username user-agent";
    vec![
        (
            Event::ApplicationCreated {
                application: application(),
                client_id: client_id(),
                fields: fields(),
            },
            user("ann"),
            "create_application",
            described,
            beside,
        ),
        (
            Event::ApplicationUpdated {
                application: application(),
                client_id: client_id(),
                fields: fields(),
            },
            user("ann"),
            "update_application",
            described,
            beside,
        ),
        (
            Event::ApplicationDeleted {
                application: application(),
                client_id: client_id(),
            },
            user("ann"),
            "delete_application",
            named,
            beside,
        ),
        (
            Event::ApplicationSecretReset {
                application: application(),
                client_id: client_id(),
            },
            user("ann"),
            "reset_application_client_secret",
            named,
            beside,
        ),
    ]
}

fn service_keys() -> Vec<Row> {
    let changed = |change| Event::ServiceKeyChanged {
        change,
        kid: "k".into(),
        service: "scanner".into(),
        name: "East".into(),
        expires_at: Some(Timestamp(0)),
        signer: None,
    };
    let known = "kid service name expiration_date preshared auto_approved signer_kid user_agent ip";
    let changes = [
        (ServiceKeyChange::Created, "service_key_create"),
        (ServiceKeyChange::Approved, "service_key_approve"),
        (ServiceKeyChange::Deleted, "service_key_delete"),
        (ServiceKeyChange::Modified, "service_key_modify"),
        (ServiceKeyChange::Extended, "service_key_extend"),
        (ServiceKeyChange::Rotated, "service_key_rotate"),
    ];
    let rows = changes.into_iter();
    rows.map(|(change, kind)| (changed(change), user("root"), kind, known, "username"))
        .collect()
}

#[test]
fn each_kind_tells_what_its_readers_know_it_by_and_who_acted() {
    let rows = [
        users(),
        logins(),
        tokens(),
        applications(),
        service_keys(),
        teams::all(),
    ];
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
    assert!(rows.len() > 30, "{}", rows.len());
    for (event, actor, kind, known, beside) in rows {
        assert_eq!(event.kind(), kind);
        let metadata = metadata(&event, &actor);
        let found: BTreeSet<&str> = metadata
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let expected: BTreeSet<&str> = known.split(' ').chain(beside.split(' ')).collect();
        let expected: BTreeSet<&str> = expected.into_iter().filter(|key| !key.is_empty()).collect();
        assert_eq!(found, expected, "{kind}: {metadata}");
    }
}

#[test]
fn what_is_told_is_a_name_an_agent_and_an_address() {
    let [created, unasked, ..] = &users()[..] else {
        panic!("two ways to make a user")
    };
    let told = metadata(&created.0, &created.1);
    assert_eq!(
        (&told["superuser"], &told["username"]),
        (&json!("root"), &json!("eve"))
    );
    assert_eq!(metadata(&unasked.0, &unasked.1).get("superuser"), None);
    for (event, actor, ..) in logins() {
        let told = metadata(&event, &actor);
        let agent = told.get("useragent").or(told.get("user-agent"));
        assert_eq!(agent, Some(&json!("podman/5")), "{told}");
    }
    let (robot, actor, ..) = &logins()[4];
    assert_eq!(metadata(robot, actor)["robot"], "acme+ci");
    for (event, actor, kind, ..) in service_keys() {
        let told = metadata(&event, &actor);
        assert_eq!(
            (&told["user_agent"], &told["ip"]),
            (&json!("podman/5"), &json!("192.0.2.1"))
        );
        // That of the registry itself stays here.
        let is_rotated = kind == "service_key_rotate";
        assert_eq!(told["preshared"], !is_rotated, "{kind}");
        assert_eq!(
            told["auto_approved"],
            is_rotated || kind == "service_key_create",
            "{kind}"
        );
    }
}
