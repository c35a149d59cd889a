//! GraphQL and the first user, as a script would use them.

use reqwest::Client;
use serde_json::{Value, json};

/// Makes the first user and returns its OAuth token.
pub async fn initialize(http: &Client, url: &str, name: &str, password: &str) -> String {
    let body = json!({
        "username": name,
        "password": password,
        "email": format!("{name}@example.com"),
        "access_token": true,
    });
    let answer = http
        .post(format!("{url}/api/v1/user/initialize"))
        .json(&body)
        .send()
        .await;
    let answer = answer.expect("the server answers");
    let status = answer.status();
    let text = answer.text().await.expect("the answer is text");
    assert!(status.is_success(), "initialize: {status}: {text}");
    let said: Value = serde_json::from_str(&text).expect("the answer is JSON");
    said["access_token"]
        .as_str()
        .expect("a token was asked for")
        .to_owned()
}

/// A GraphQL client with one bearer token, or none.
#[derive(Debug, Clone)]
pub struct GraphQl {
    http: Client,
    url: String,
    token: Option<String>,
}

impl GraphQl {
    /// A client of the server at `url`.
    pub fn new(http: Client, url: &str, token: Option<String>) -> Self {
        Self {
            http,
            url: format!("{url}/graphql"),
            token,
        }
    }

    /// Sends an operation and returns the whole answer, errors included.
    pub async fn send(&self, query: &str, variables: Value) -> Value {
        let mut request = self
            .http
            .post(&self.url)
            .json(&json!({"query": query, "variables": variables}));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("the server answers");
        let status = answer.status();
        let text = answer.text().await.expect("the answer is text");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("GraphQL answered {status}: {text}"))
    }

    /// Sends an operation that must succeed and returns its data.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.send(query, variables).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].take()
    }

    /// Sends `mutation(input)` and returns what `selection` picks of its payload.
    pub async fn mutate(&self, mutation: &str, input: Value, selection: &str) -> Value {
        let mut type_name = format!("{mutation}Input");
        type_name[..1].make_ascii_uppercase();
        let query = format!(
            "mutation($input: {type_name}!) {{ {mutation}(input: $input) {{ {selection} }} }}"
        );
        self.data(&query, json!({"input": input})).await[mutation].take()
    }
}
