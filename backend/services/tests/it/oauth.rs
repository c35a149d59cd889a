//! OAuth applications, what users let them do, and what may go wrong on purpose.

mod abuse;
mod applications;
mod assignments;
mod tokens;

use berth_domain::{Error, Secret};
use berth_services::oauth::{
    ApplicationView, Asked, Description, Exchange, ExchangeRefusal, Granted, Reason, Refusal, Which,
};
use berth_services::{Actor, Origin, Services};
use berth_testkit::TestRegistry;

use super::people::organization;

/// Under which address browsers reach the registry in these tests.
const OWN: &str = "https://registry.test";
/// Where browsers are sent back to.
const CALLBACK: &str = "https://app.test/cb";

/// What an application says of itself.
fn description(name: &str) -> Description {
    Description {
        name: name.into(),
        homepage: "https://app.test".into(),
        description: "Shows what is there".into(),
        avatar_email: None,
        redirect_prefix: CALLBACK.into(),
    }
}

/// An organization of a new user, with an application.
async fn application(t: &TestRegistry, owner: &str, name: &str) -> (Actor, ApplicationView) {
    let actor = t.user(owner).await;
    organization(t, &actor, name).await;
    let organization = name.parse().unwrap();
    let applications = &t.services.applications;
    let view = applications
        .create(&actor, &organization, &description("viewer"))
        .await
        .unwrap();
    (actor, view)
}

fn which(view: &ApplicationView) -> Which<'_> {
    Which {
        organization: None,
        client_id: &view.client_id,
    }
}

fn asked(view: &ApplicationView, scope: &str, response_type: &str) -> Asked {
    Asked {
        client_id: view.client_id.clone(),
        redirect_uri: CALLBACK.into(),
        scope: scope.into(),
        response_type: response_type.into(),
        state: Some("s 1".into()),
        assignment: None,
    }
}

async fn authorize(t: &TestRegistry, actor: &Actor, asked: &Asked) -> Result<String, Refusal> {
    let authorizations = &t.services.authorizations;
    let granted = authorizations.authorize(actor, asked, OWN).await.unwrap();
    granted.map(|Granted { location }| location.expose().clone())
}

/// Why it is refused.
async fn refusal(t: &TestRegistry, actor: &Actor, asked: &Asked) -> Reason {
    authorize(t, actor, asked).await.unwrap_err().reason
}

/// A parameter of an address, from its query or its fragment.
fn parameter(location: &str, name: &str) -> String {
    let found = location.split(['?', '&', '#']).find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| value.to_owned())
    });
    found.unwrap_or_else(|| panic!("no `{name}` in {location}"))
}

/// A code for these scopes.
async fn code(t: &TestRegistry, actor: &Actor, view: &ApplicationView, scope: &str) -> String {
    let location = authorize(t, actor, &asked(view, scope, "code")).await;
    parameter(&location.unwrap(), "code")
}

/// What the application shows for its token.
fn shown(view: &ApplicationView, code: &str, scope: &str) -> Exchange {
    let private = view.private.as_ref().unwrap();
    Exchange {
        grant_type: "authorization_code".into(),
        client_id: view.client_id.clone(),
        client_secret: private.client_secret.clone(),
        code: Secret::from(code),
        redirect_uri: CALLBACK.into(),
        scope: scope.into(),
    }
}

async fn exchange(
    services: &Services,
    shown: &Exchange,
) -> Result<Secret<String>, ExchangeRefusal> {
    let nobody = services.authn.anonymous(Origin::default());
    let given = services.authorizations.exchange(&nobody, shown).await;
    given.unwrap().map(|given| given.token)
}

async fn bearer(t: &TestRegistry, token: &str) -> Result<Actor, Error> {
    t.services.authn.bearer(token, Origin::default()).await
}
