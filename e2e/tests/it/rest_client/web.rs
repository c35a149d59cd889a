//! What a script does on the web that has a name and a password: it signs in as a browser would, makes an application,
//! and lets that have a token by OAuth.

use std::collections::BTreeMap;

use berth_e2e::world::Account;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};

/// Where the application is sent its answers. Nobody follows.
const REDIRECT: &str = "https://script.test/callback";

/// A session.
pub(super) struct Script {
    http: Client,
    url: String,
    cookies: BTreeMap<String, String>,
    csrf: String,
}

/// An application, with what it shows itself by.
pub(super) struct Application {
    id: String,
    secret: String,
}

impl Script {
    /// Signs in with the CSRF token that everybody is given.
    pub(super) async fn sign_in(url: &str, account: &Account) -> Self {
        let http = Client::builder().no_proxy().redirect(Policy::none());
        let mut script = Self {
            http: http.build().expect("a plain client can be built"),
            url: url.to_owned(),
            cookies: BTreeMap::new(),
            csrf: String::new(),
        };
        let given = script.send(script.http.get(format!("{url}/csrf_token")));
        let given = given.await;
        script.keep(&given);
        script.csrf = text(&json_of(given).await, "csrf_token");
        let body = json!({ "username": account.name, "password": account.password });
        let answer = script.send(script.changing("/api/v1/signin").json(&body));
        let answer = answer.await;
        assert_eq!(answer.status(), StatusCode::OK);
        script.keep(&answer);
        let next = &answer.headers()["x-next-csrf-token"];
        let next = next.to_str().expect("a token is text");
        next.clone_into(&mut script.csrf);
        script
    }

    /// Takes the cookies of an answer.
    fn keep(&mut self, answer: &Response) {
        for line in answer.headers().get_all(SET_COOKIE) {
            let line = line.to_str().expect("a cookie is text");
            let pair = line.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a cookie has a name");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    async fn send(&self, request: RequestBuilder) -> Response {
        let cookies = self.cookies.iter();
        let cookies: Vec<String> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = request.header(COOKIE, cookies.join("; "));
        request.send().await.expect("the server answers")
    }

    /// A change, with the CSRF token.
    fn changing(&self, path: &str) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.url))
            .header("X-CSRF-Token", &self.csrf)
    }

    /// Adds something below `/api/v1`.
    async fn add(&self, path: &str, body: &Value) -> Value {
        let request = self.changing(&format!("/api/v1{path}")).json(body);
        let answer = self.send(request).await;
        let status = answer.status();
        let said = json_of(answer).await;
        assert!(status.is_success(), "{path}: {status}: {said}");
        said
    }

    /// A new organization.
    pub(super) async fn organization(&self, name: &str) {
        let said = self.add("/organization/", &json!({ "name": name })).await;
        assert_eq!(said, "Created");
    }

    /// A new application of an organization.
    pub(super) async fn application(&self, organization: &str, name: &str) -> Application {
        let path = format!("/organization/{organization}/applications");
        let new = json!({ "name": name, "redirect_uri": "https://script.test/" });
        let made = self.add(&path, &new).await;
        Application {
            id: text(&made, "client_id"),
            secret: text(&made, "client_secret"),
        }
    }

    /// Lets an application act for the user, and gives the address that the browser is sent to.
    async fn consent(&self, application: &Application, scope: &str, response_type: &str) -> String {
        let asked = [
            ("client_id", application.id.as_str()),
            ("redirect_uri", REDIRECT),
            ("scope", scope),
            ("response_type", response_type),
            ("state", "step 1&2"),
        ];
        let page = format!("{}/oauth/authorize?format=json", self.url);
        let page = with(&page, &asked);
        let question = json_of(self.send(self.http.get(page)).await).await;
        assert_eq!(question["scope"], scope, "{question}");
        let csrf = text(&question, "csrf_token_val");
        let mut answer = asked.to_vec();
        answer.push(("_csrf_token", &csrf));
        // The header is a browser's own script's; a form has the token alone.
        let consent = form(
            self.http.post(format!("{}/oauth/authorizeapp", self.url)),
            &answer,
        );
        let sent = self.send(consent).await;
        assert_eq!(sent.status(), StatusCode::FOUND);
        let place = sent.headers()[LOCATION].to_str();
        place.expect("an address is text").to_owned()
    }

    /// A token by a code, as applications with a server of their own get it.
    pub(super) async fn token_by_code(&self, application: &Application, scope: &str) -> String {
        let place = self.consent(application, scope, "code").await;
        let place = Url::parse(&place).expect("an address");
        let said = |name: &str| {
            let found = place.query_pairs().find(|(key, _)| key == name);
            let (_, value) = found.unwrap_or_else(|| panic!("no `{name}` in {place}"));
            value.into_owned()
        };
        assert_eq!(said("state"), "step 1&2");
        let code = said("code");
        let exchange = [
            ("grant_type", "authorization_code"),
            ("client_id", application.id.as_str()),
            ("client_secret", application.secret.as_str()),
            ("redirect_uri", REDIRECT),
            ("code", code.as_str()),
            ("scope", scope),
        ];
        let request = self.http.post(format!("{}/oauth/access_token", self.url));
        // The application asks, which has no session.
        let answer = form(request, &exchange).send().await;
        let given = json_of(answer.expect("the server answers")).await;
        assert_eq!(given["token_type"], "Bearer", "{given}");
        text(&given, "access_token")
    }

    /// A token in the address itself, as pages without a server get it.
    pub(super) async fn token_in_address(&self, application: &Application, scope: &str) -> String {
        let place = self.consent(application, scope, "token").await;
        let (_, fragment) = place.split_once("#access_token=").expect("a token");
        let token = fragment.split('&').next().unwrap_or_default();
        token.to_owned()
    }
}

/// An address with more in its query.
fn with(address: &str, pairs: &[(&str, &str)]) -> Url {
    Url::parse_with_params(address, pairs).expect("an address")
}

/// A request with a form.
fn form(request: RequestBuilder, pairs: &[(&str, &str)]) -> RequestBuilder {
    let encoded = with("https://form.test/", pairs);
    request
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(encoded.query().unwrap_or_default().to_owned())
}

async fn json_of(answer: Response) -> Value {
    let status = answer.status();
    let text = answer.text().await.expect("the answer is text");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON but {status}: {text}"))
}

/// A field that is a text.
fn text(value: &Value, field: &str) -> String {
    let text = value[field].as_str();
    text.unwrap_or_else(|| panic!("no `{field}` in {value}"))
        .to_owned()
}
