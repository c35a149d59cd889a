//! What is secret goes to who asked for it and nowhere else: not into a log at its most talkative, not into
//! a row, not into an error.

use std::path::Path;

use berth_e2e::deployment::{Deployment, Shape};
use berth_e2e::harness::Scenario;
use berth_e2e::image::digest;
use berth_e2e::scenarios;
use berth_e2e::world::{Account, World};
use reqwest::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![secrets_are_in_no_log_no_row_and_no_error];

const SIGN_IN: &str =
    "mutation($i: SignInInput!) { signIn(input: $i) { viewer { user { name } } } }";

/// Words that are secret, each with what it is, and where they turned up.
#[derive(Default)]
struct Canaries {
    words: Vec<(&'static str, String)>,
    found: Vec<String>,
}

impl Canaries {
    fn add(&mut self, what: &'static str, word: &str) {
        assert!(
            word.len() > 10,
            "`{what}` is long enough to be told from others"
        );
        self.words.push((what, word.to_owned()));
    }

    /// Looks for them in some bytes.
    fn look(&mut self, place: &str, bytes: &[u8]) {
        for (what, word) in &self.words {
            if bytes
                .windows(word.len())
                .any(|part| part == word.as_bytes())
            {
                self.found.push(format!("{what} in {place}"));
            }
        }
    }

    /// Signs a user in, and keeps the cookies.
    async fn sign_in(&mut self, world: &World, account: &Account) -> Vec<String> {
        let variables = json!({"i": {"username": account.name, "password": account.password}});
        let signed_in = world
            .http
            .post(format!("{}/graphql", world.url()))
            .json(&json!({"query": SIGN_IN, "variables": variables}))
            .send()
            .await;
        let signed_in = signed_in.expect("the server answers");
        let cookies: Vec<String> = signed_in
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok()?.split(';').next())
            .map(str::to_owned)
            .collect();
        assert!(!cookies.is_empty(), "a session has a cookie");
        for cookie in &cookies {
            let (_, value) = cookie.split_once('=').expect("a name and a value");
            self.add("a cookie", value);
        }
        cookies
    }

    /// Sends what is refused, and looks at the refusal.
    async fn refused(&mut self, request: RequestBuilder) {
        let answer = request.send().await.expect("the server answers");
        let place = format!("the answer {} of {}", answer.status(), answer.url().path());
        // `/v2/auth` answers everybody who does not say who he is; GraphQL refuses inside of a 200.
        let mut told = format!("{:?}\n", answer.headers()).into_bytes();
        told.extend(answer.bytes().await.expect("the answer arrives whole"));
        self.look(&place, &told);
    }
}

/// A text that the server tells.
fn text(told: &Value) -> String {
    told.as_str().expect("it is told to its maker").to_owned()
}

/// What is told once: of OAuth, of clients, of services. It is used as it is meant to be, and then in wrong places.
async fn told_once(world: &World, organization: &str, canaries: &mut Canaries) {
    const CALLBACK: &str = "https%3A%2F%2Fapp.test%2Fcb";
    let (graphql, http, url) = (&world.graphql, &world.http, world.url());
    let input = json!({
        "organization": organization, "name": "viewer", "redirectPrefix": "https://app.test/cb",
    });
    let payload = "application { clientId } clientSecret";
    let made = graphql.mutate("createApplication", input, payload).await;
    let client_id = text(&made["application"]["clientId"]);
    let secret = text(&made["clientSecret"]);
    canaries.add("a client's secret", &secret);
    let user = berth_e2e::random::name("user");
    let new_user = json!({"username": user, "email": format!("{user}@example.com")});
    for (mutation, input, field) in [
        (
            "createApplicationToken",
            json!({"clientId": client_id, "name": "script", "scope": "repo:read"}),
            "token",
        ),
        ("createAppToken", json!({"title": "laptop"}), "token"),
        ("createUser", new_user, "password"),
        (
            "generateEncryptedPassword",
            json!({"password": world.admin.password}),
            "encryptedPassword",
        ),
        (
            "createServiceKey",
            json!({"service": "scanner"}),
            "privateKey",
        ),
    ] {
        let told = text(&graphql.mutate(mutation, input, field).await[field]);
        // Of a key in lines, one of them.
        canaries.add(mutation, told.lines().nth(3).unwrap_or(&told));
    }
    let cookies = canaries.sign_in(world, &world.admin).await;
    let csrf = cookies
        .iter()
        .find_map(|pair| pair.strip_prefix("berth_csrf="))
        .expect("a session has a token");
    let mut code = String::new();
    for (kind, name) in [("TOKEN", "access_token="), ("CODE", "code=")] {
        let consent = json!({
            "query": "mutation($i: AuthorizeApplicationInput!) { authorizeApplication(input: $i) { location } }",
            "variables": {"i": {
                "clientId": client_id, "redirectUri": "https://app.test/cb", "scope": "repo:read",
                "responseType": kind,
            }},
        });
        let answer = http
            .post(format!("{url}/graphql"))
            .header(COOKIE, cookies.join("; "))
            .header("x-csrf-token", csrf)
            .json(&consent)
            .send()
            .await;
        let told = answer.expect("the server answers").text().await;
        let told: Value = serde_json::from_str(&told.expect("text")).expect("JSON");
        let location = text(&told["data"]["authorizeApplication"]["location"]);
        let (_, rest) = location.split_once(name).expect("it is there");
        code = rest.split('&').next().unwrap_or_default().to_owned();
        canaries.add(kind, &code);
    }
    let exchange = |secret: &str, code: &str| {
        // In the query, which lands in logs more easily than a form does.
        http.post(format!(
            "{url}/oauth/access_token?grant_type=authorization_code&client_id={client_id}&client_secret={secret}\
             &redirect_uri={CALLBACK}&code={code}&scope=repo%3Aread"
        ))
    };
    let given = exchange(&secret, &code).send().await;
    let given = given.expect("the server answers").text().await;
    let given: Value = serde_json::from_str(&given.expect("text")).expect("JSON");
    canaries.add("a token for a code", &text(&given["access_token"]));
    for request in [
        exchange(&secret, &code),
        exchange(&secret, &secret),
        exchange(&code, &code),
        http.get(format!(
            "{url}/oauth/authorize?client_id={secret}&redirect_uri={code}&scope=repo%3Aread"
        ))
        .header(COOKIE, cookies.join("; ")),
        http.post(format!(
            "{url}/oauth/authorizeapp?client_id={client_id}&_csrf_token={csrf}x"
        ))
        .header(COOKIE, cookies.join("; ")),
        http.get(format!("{url}/api/v1/user/"))
            .bearer_auth(format!("{code}x")),
        http.get(format!("{url}/v2/auth"))
            .basic_auth("$app", Some(&secret)),
    ] {
        canaries.refused(request).await;
    }
}

async fn secrets_are_in_no_log_no_row_and_no_error(world: World) {
    let deployment = Deployment::start_with(world.shape(), &[("LOG_LEVEL", "trace")]).await;
    let world = World::set_up(deployment).await;
    let url = world.url();
    let http = &world.http;
    let mut canaries = Canaries::default();
    canaries.add("the first user's password", &world.admin.password);
    canaries.add("an OAuth token", &world.oauth_account().password);
    for key in ["DATABASE_SECRET_KEY"] {
        if let Some(secret) = world.deployment().key(key) {
            canaries.add("the sealing key", secret);
        }
    }
    if world.shape() == Shape::Embedded {
        let key = std::fs::read_to_string(world.deployment().folder().join("data/secret.key"));
        canaries.add("the sealing key", key.expect("it was made").trim());
    }

    // Accounts of each kind, used as they are meant to be used.
    let organization = world.organization().await;
    let repository = format!("{organization}/quiet");
    let user = world.user().await;
    canaries.add("a user's password", &user.password);
    let robot = world.robot(&organization).await;
    canaries.add("a robot's token", &robot.password);
    let content = berth_e2e::random::bytes(501, 10_000);
    for account in [&world.admin, &world.oauth_account()] {
        let client = world.distribution(account, &repository).await;
        client.push_blob(&url, &digest(&content), &content).await;
        canaries.add("a registry token", client.token());
    }
    for account in [&user, &robot] {
        let client = world.distribution(account, &repository).await;
        canaries.add("a registry token", client.token());
        client.manifest_status(&url, "1").await;
    }
    let cookies = canaries.sign_in(&world, &user).await;
    told_once(&world, &organization, &mut canaries).await;
    let told = http
        .get(format!("{url}/csrf_token"))
        .header(COOKIE, cookies.join("; "));
    told.send().await.expect("the server answers");

    // The same in wrong places, and what is nearly right.
    let wrong = "a-canary-as-a-wrong-password";
    canaries.add("a wrong password", wrong);
    let all = [
        world.admin.clone(),
        world.oauth_account(),
        user.clone(),
        robot,
    ];
    for account in &all {
        let Account { name, password } = account;
        for request in [
            http.get(format!("{url}/v2/{repository}/tags/list")).basic_auth(name, Some(password)),
            http.get(format!("{url}/v2/{repository}/tags/list")).bearer_auth(password),
            http.get(format!("{url}/v2/{repository}/tags/list")).header(AUTHORIZATION, password),
            http.get(format!("{url}/v2/auth?service=x&scope={password}")).basic_auth(name, Some(wrong)),
            http.get(format!("{url}/v2/auth")).basic_auth(password, Some(name)),
            http.post(format!("{url}/v2/auth")).body(format!("grant_type={password}")),
            http.post(format!("{url}/graphql")).bearer_auth(format!("{password}x")).body("{"),
            http.post(format!("{url}/graphql")).json(&json!({
                "query": SIGN_IN, "variables": {"i": {"username": name, "password": {"is": password}}},
            })),
            http.post(format!("{url}/graphql")).json(&json!({
                "query": SIGN_IN, "variables": {"i": {"username": name, "password": wrong}},
            })),
            http.post(format!("{url}/api/v1/user/initialize")).json(&json!({"password": password})),
            http.post(format!("{url}/api/v1/user/initialize")).body(format!("{{\"password\": \"{password}\"")),
            http.get(format!("{url}/health/instance")).basic_auth(name, Some(wrong)),
            http.request(Method::PUT, format!("{url}/v2/{repository}/manifests/1"))
                .bearer_auth(password).body(password.clone()),
        ] {
            canaries.refused(request).await;
        }
    }
    let missing = cookies.join("; ").replace('=', "=x");
    canaries
        .refused(
            http.post(format!("{url}/graphql"))
                .header(COOKIE, missing)
                .body("{}"),
        )
        .await;

    for server in &world.deployment().servers {
        canaries.look("a log", server.log().as_bytes());
    }
    match world.shape() {
        Shape::Embedded => {
            let data = world.deployment().folder().join("data");
            for name in ["berth.db", "berth.db-wal"] {
                canaries.look(name, &read(&data.join(name)));
            }
        }
        Shape::Scaled => {
            let url = world.deployment().key("DB_URI").expect("it has one");
            let dump = berth_e2e::command::Run::new("pg_dump").arg(url).ok().await;
            assert!(dump.contains(&organization), "the dump holds rows");
            canaries.look("the database", dump.as_bytes());
        }
    }
    assert_eq!(canaries.found, Vec::<String>::new());
    // The look itself works: what is no secret is there.
    let mut known = Canaries::default();
    known.add("the name of an organization", &organization);
    for server in &world.deployment().servers {
        known.look("a log", server.log().as_bytes());
    }
    assert!(!known.found.is_empty(), "logs are written at this level");
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", path.display()))
}
