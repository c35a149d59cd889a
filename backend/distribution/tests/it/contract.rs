//! A token as the guide of the source product asks for one, and what it is good for: files in `tests/contract`, named
//! after the feature. The guide's answer has `token` alone; what is beside it is what clients read by now.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use berth_services::Settings;
use berth_testkit::contract::differences;
use berth_testkit::{Backend, TestImage, TestRegistry};
use serde::Deserialize;
use serde_json::Value;

use crate::client::Client;

/// A file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    /// An image that is there, of the user who asks.
    pushed: String,
    request: Request,
    status: u16,
    answer: Value,
    /// The first two parts of the token, read.
    header: Value,
    claims: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    path: String,
    authorization: String,
}

fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).expect("three parts");
    let part = BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64");
    serde_json::from_slice(&part).expect("JSON")
}

async fn check(t: &TestRegistry, name: &str, sample: &Sample) {
    let Sample {
        pushed, request, ..
    } = sample;
    let (path, _) = pushed.split_once(':').expect("a tag");
    let (user, _) = path.split_once('/').expect("a namespace");
    let owner = t.user(user).await;
    let digest = t.push(&owner, pushed, &TestImage::new(1)).await;
    let nobody = Client::without_token(&t.services);
    let right = [("authorization", request.authorization.as_str())];
    let answer = nobody.send(&request.method, &request.path, &right, "");
    let answer = answer.await;
    assert_eq!(answer.status, sample.status, "{name}: {answer:?}");
    assert_eq!(answer.header("content-type"), "application/json", "{name}");
    let body = answer.json();
    let mut found = differences("answer", &sample.answer, &body);
    let token = body["token"].as_str().expect("a token");
    found.extend(differences("header", &sample.header, &part(token, 0)));
    found.extend(differences("claims", &sample.claims, &part(token, 1)));
    assert!(found.is_empty(), "{name}: {found:#?}\n{body}");
    // It is what the guide makes it for.
    let client = Client::with_token(&t.services, token);
    let referrers = client.get(&format!("/v2/{path}/referrers/{digest}")).await;
    referrers.is(200);
    let wrong = [("authorization", "Basic cXVheTp3cm9uZw==")];
    let refused = nobody
        .send(&request.method, &request.path, &wrong, "")
        .await;
    refused.is_error(401, "UNAUTHORIZED");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_those_of_the_samples() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract");
    let files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(!files.is_empty());
    let mut settings = Settings::default();
    settings.registry.hostname = Some("quay-server.example.com".into());
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let sample = std::fs::read_to_string(&file).unwrap();
        let sample: Sample =
            serde_json::from_str(&sample).unwrap_or_else(|e| panic!("{name}: {e}"));
        for backend in [Backend::Sqlite, Backend::Postgres] {
            let Some(t) = TestRegistry::with(backend, settings.clone()).await else {
                continue;
            };
            check(&t, &name, &sample).await;
            t.close().await;
        }
    }
}
