//! Who asks, by which credentials, and what the requests are about.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use berth_domain::{PageRequest, Secret, Visibility};
use berth_services::Actor;
use berth_services::oauth::{Asked, Which};
use berth_testkit::{PASSWORD, TestRegistry};

use crate::asked::Estate;
use crate::site::{HOST, Header, Request, Site};

/// Every scope there is.
const ALL_SCOPES: &str =
    "repo:read repo:write repo:admin repo:create user:read user:admin org:admin super:user";
/// Where answers of OAuth go.
pub(crate) const CALLBACK: &str = "http://reg.test/oauth/localapp";
/// What nobody has for an id.
const NO_ID: &str = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000";

/// What a request is about, for who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The caller's own.
    Own,
    /// Somebody else's.
    Hidden,
    /// Not there, in an organization that is.
    Absent,
    /// Not there, in an organization that is not.
    Nowhere,
}

/// Names and ids that a request may be about.
pub(crate) struct Target {
    pub(crate) estate: Estate,
    /// With its organization.
    pub(crate) repository: String,
    pub(crate) robot: &'static str,
    pub(crate) team: &'static str,
    pub(crate) user: String,
    /// A robot of the user itself.
    pub(crate) own_robot: String,
    pub(crate) app_token: String,
    pub(crate) application_token: String,
    pub(crate) authorization: String,
    pub(crate) assignment: String,
    pub(crate) notification: String,
}

impl Target {
    /// What a user has: an estate, and of each thing that has an id one.
    async fn new(t: &TestRegistry, owner: &Actor, kind: &str) -> Self {
        let estate = Estate::new(t, owner, kind, Visibility::Private).await;
        let user = owner.name().unwrap();
        let services = &t.services;
        let (app_token, _) = services.app_tokens.create(owner, "desk").await.unwrap();
        let (own, own_robot) = (user.parse().unwrap(), format!("of{kind}"));
        let made = services.robots.create(owner, &own, &own_robot, "");
        made.await.unwrap();
        let organization = estate.organization.parse().unwrap();
        let which = Which {
            organization: Some(&organization),
            client_id: &estate.client_id,
        };
        let applications = &services.applications;
        let made = applications.create_token(owner, which, "script", "repo:read", None);
        let (application_token, _) = made.await.unwrap();
        t.oauth_token(owner, "repo:read").await;
        let page = PageRequest::new(None, 1);
        let authorizations = &services.authorizations;
        let authorized = authorizations.page(owner, &page).await.unwrap();
        let asked = Asked {
            client_id: estate.client_id.clone(),
            redirect_uri: CALLBACK.to_owned(),
            scope: "repo:read".to_owned(),
            response_type: "token".to_owned(),
            state: None,
            assignment: None,
        };
        let own = format!("http://{HOST}");
        let assigned = authorizations.assign(owner, &asked, &own, &user);
        let assigned = assigned.await.unwrap();
        let page = PageRequest::new(None, 1);
        let told = services.notifications.page(owner, false, &page);
        let told = told.await.unwrap();
        Self {
            repository: format!("{}/app", estate.organization),
            robot: "ci",
            team: "makers",
            user,
            own_robot,
            app_token: app_token.uuid,
            application_token: application_token.uuid,
            authorization: authorized.items[0].uuid.clone(),
            assignment: assigned.uuid,
            notification: told.items[0].uuid.clone(),
            estate,
        }
    }

    /// What nobody has; its names are as long as those of what is hidden.
    fn nothing(estate: Estate) -> Self {
        Self {
            repository: format!("{}/abs", estate.organization),
            robot: "no",
            team: "noteam",
            user: "non".to_owned(),
            own_robot: "ofnowhere".to_owned(),
            app_token: NO_ID.to_owned(),
            application_token: NO_ID.to_owned(),
            authorization: NO_ID.to_owned(),
            assignment: NO_ID.to_owned(),
            notification: NO_ID.to_owned(),
            estate,
        }
    }

    /// The names, and what is written in their places where answers are compared.
    pub(crate) fn names(&self) -> Vec<(String, &'static str)> {
        let estate = &self.estate;
        let mut names = vec![
            (self.repository.clone(), "REPOSITORY"),
            (format!("{}+{}", estate.organization, self.robot), "ROBOT"),
            (self.team.to_owned(), "TEAM"),
            (estate.client_id.clone(), "CLIENT"),
            (self.own_robot.clone(), "ROBOT"),
            (estate.kind.clone(), "KIND"),
        ];
        for id in [
            &self.app_token,
            &self.application_token,
            &self.authorization,
            &self.assignment,
            &self.notification,
        ] {
            names.push((id.clone(), "ID"));
        }
        names
    }
}

/// What is not the caller's, and stays as it is.
pub(crate) struct Others {
    pub(crate) hidden: Target,
    pub(crate) absent: Target,
    pub(crate) nowhere: Target,
    /// A token of the registry whose hour is over.
    ended: String,
    /// A session that was left.
    left: String,
}

impl Others {
    /// Makes it, in the hands of `ann`.
    pub(crate) async fn new(site: &mut Site) -> Self {
        // With two bystanders: one who gets rights in repositories, and one who may not get any.
        for name in ["ann", "eve", "bob"] {
            site.t.user(name).await;
        }
        let ended = site.registry_token(Some(("eve", PASSWORD)), &[]).await;
        site.t.clock.advance(Duration::from_hours(2));
        let left = site.t.session("eve").await;
        let sign_out = site.t.services.authn.sign_out(&left.actor);
        sign_out.await.unwrap();
        let ann = site.t.session("ann").await.actor;
        let hidden = Target::new(&site.t, &ann, "private").await;
        let mut absent = Estate::absent();
        absent.organization.clone_from(&hidden.estate.organization);
        absent.kind.clone_from(&hidden.estate.kind);
        Self {
            absent: Target::nothing(absent),
            nowhere: Target::nothing(Estate::absent()),
            hidden,
            ended,
            left: left.token.expose().clone(),
        }
    }
}

/// A form of credentials.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) headers: Vec<Header>,
}

/// Somebody who asks, by every form of credentials that there is, and what is the own of that user.
pub(crate) struct Caller {
    pub(crate) own: Target,
    pub(crate) forms: Vec<Form>,
    actor: Actor,
}

/// The header of a name and a password.
pub(crate) fn basic(name: &str, password: &str) -> Header {
    let pair = BASE64_STANDARD.encode(format!("{name}:{password}"));
    ("authorization", format!("Basic {pair}"))
}

/// The header of a token.
pub(crate) fn bearer(token: &str) -> Header {
    ("authorization", format!("Bearer {token}"))
}

impl Site {
    /// What `/v2/auth` gives for credentials.
    pub(crate) async fn registry_token(
        &mut self,
        login: Option<(&str, &str)>,
        scopes: &[&str],
    ) -> String {
        let mut path = format!("/v2/auth?service={HOST}");
        for scope in scopes {
            path.extend(["&scope=", scope]);
        }
        let login: Vec<Header> = login
            .map(|(name, password)| basic(name, password))
            .into_iter()
            .collect();
        let seen = self.ask(Request::new("GET", path), &login).await;
        let token = seen.json()["token"].as_str().map(str::to_owned);
        token.unwrap_or_else(|| panic!("no token: {}", seen.body))
    }
}

impl Caller {
    /// A new user with a number, and everything that it has.
    pub(crate) async fn new(site: &mut Site, others: &Others, number: usize) -> Self {
        let name = format!("bob{number:04}");
        site.t.user(&name).await;
        let session = site.t.session(&name).await;
        let actor = session.actor.clone();
        let services = site.t.services.clone();
        let namespace = name.parse().unwrap();
        let robot = services.robots.create(&actor, &namespace, "bot", "");
        let robot = robot.await.unwrap().id;
        let robot = services.robots.credentials(&actor, robot).await.unwrap();
        let (robot, robot_token) = (robot.username.to_string(), robot.token.expose().clone());
        let own = own(&site.t, &actor, number).await;
        let (_, app_token) = services.app_tokens.create(&actor, "laptop").await.unwrap();
        let app_token = app_token.expose();
        let password = Secret::from(PASSWORD);
        let encrypted = services
            .authn
            .generate_encrypted_password(&actor, &password);
        let encrypted = encrypted.await.unwrap();
        let full = site.t.oauth_token(&actor, ALL_SCOPES).await;
        let narrow = site.t.oauth_token(&actor, "repo:read").await;
        let cookie = format!("berth_session={}", session.token.expose());
        let left = format!("berth_session={}", others.left);

        let scopes = [&own.repository, &others.hidden.repository];
        let scopes = scopes.map(|path| format!("repository:{path}:pull,push,*"));
        let scopes = [&*scopes[0], &*scopes[1], "registry:catalog:*"];
        let mut tokens = Vec::new();
        for (form, login) in [
            ("registry token of a password", (&*name, PASSWORD)),
            (
                "registry token of an encrypted password",
                (&*name, encrypted.expose().as_str()),
            ),
            ("registry token of a robot", (&*robot, &*robot_token)),
            (
                "registry token of an application token",
                ("$app", app_token.as_str()),
            ),
            (
                "registry token of an OAuth token",
                ("$oauthtoken", full.as_str()),
            ),
        ] {
            tokens.push((form, site.registry_token(Some(login), &scopes).await));
        }
        let nobodys = site.registry_token(None, &scopes).await;
        tokens.push(("registry token of nobody", nobodys));
        let other = ["repository:eve/other:pull,push"];
        let other = site.registry_token(Some((&name, PASSWORD)), &other).await;
        tokens.push(("registry token for another repository", other));
        let changed = format!("{}AAAA", &tokens[0].1[..tokens[0].1.len() - 4]);
        tokens.push(("registry token that was changed", changed));
        tokens.push(("registry token that has ended", others.ended.clone()));

        let mut forms = Vec::new();
        let mut add = |name, headers| forms.push(Form { name, headers });
        add("nothing", Vec::new());
        add(
            "browser that is not signed in",
            vec![
                ("cookie", "berth_csrf=shown".to_owned()),
                ("x-csrf-token", "shown".to_owned()),
            ],
        );
        add(
            "session",
            vec![
                ("cookie", format!("{cookie}; berth_csrf={}", session.csrf)),
                ("x-csrf-token", session.csrf),
            ],
        );
        add("session without its CSRF token", vec![("cookie", cookie)]);
        add("session that has ended", vec![("cookie", left)]);
        add("password", vec![basic(&name, PASSWORD)]);
        add("wrong password", vec![basic(&name, "not-the-password")]);
        add("encrypted password", vec![basic(&name, encrypted.expose())]);
        add("robot", vec![basic(&robot, &robot_token)]);
        add("application token", vec![basic("$app", app_token)]);
        add(
            "OAuth token as a password",
            vec![basic("$oauthtoken", &full)],
        );
        add("OAuth token", vec![bearer(&full)]);
        add("OAuth token that may read", vec![bearer(&narrow)]);
        add("robot's token as a bearer", vec![bearer(&robot_token)]);
        add("application token as a bearer", vec![bearer(app_token)]);
        for (name, token) in &tokens {
            add(*name, vec![bearer(token)]);
        }
        add("no scheme", vec![("authorization", name)]);
        // The first use of a token is written down, which is no part of what is compared.
        for form in &forms {
            if form.name.starts_with("OAuth token") {
                let request = Request::new("GET", "/api/v1/messages");
                site.ask(request, &form.headers).await;
            }
        }
        Self { own, forms, actor }
    }

    /// Gives the same user other things, with another number.
    pub(crate) async fn renew(&mut self, t: &TestRegistry, number: usize) {
        self.own = own(t, &self.actor, number).await;
    }
}

/// What a caller has.
async fn own(t: &TestRegistry, actor: &Actor, number: usize) -> Target {
    Target::new(t, actor, &format!("own{number:04}")).await
}
