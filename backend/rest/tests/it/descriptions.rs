//! The descriptions of the API, and of its errors.

mod promised;

use std::collections::{BTreeMap, BTreeSet};

use berth_services::Settings;
use berth_testkit::db_test;
use serde_json::{Value, json};

use crate::api::{Api, Who, with_settings};
use promised::OPERATIONS;

/// Every operation with its verb and path.
pub(crate) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, verbs) in document["paths"].as_object().unwrap() {
        for (verb, operation) in verbs.as_object().unwrap() {
            found.push((verb.clone(), path.clone(), operation.clone()));
        }
    }
    found.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    found
}

/// Everything that a document refers to.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_str().filter(|_| key == "$ref") {
                    Some(reference) => found.push(reference),
                    None => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// Operations that succeed without a body, and not with 204.
const NOTHING_TO_TELL: [&str; 2] = ["approveServiceKey", "createGlobalMessage"];

/// What holds of both forms of a description. Answers that only browsers need are not told.
fn check(document: &Value, with_internal: bool) {
    let mut found = Vec::new();
    references(document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("it is in the document");
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
    let mut ids = BTreeSet::new();
    let tags: Vec<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    for (verb, path, operation) in operations(document) {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(ids.insert(id.clone()), "{id} is there twice");
        assert!(
            tags.contains(&operation["tags"][0].as_str().unwrap()),
            "{id}"
        );
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{id}"
        );
        let parameters = operation["parameters"].as_array().unwrap();
        let mut names = BTreeSet::new();
        for parameter in parameters {
            let name = (
                parameter["in"].as_str().unwrap(),
                parameter["name"].as_str().unwrap(),
            );
            assert!(names.insert(name), "{id}: {name:?} is there twice");
            let text = parameter["description"].as_str();
            assert!(
                text.is_some_and(|text| !text.is_empty()),
                "{id}: {name:?} means nothing"
            );
        }
        let declared: Vec<&str> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| {
                assert_eq!(parameter["required"], json!(true));
                parameter["name"].as_str().unwrap()
            })
            .collect();
        let in_path: Vec<&str> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        assert_eq!(declared, in_path, "{verb} {path}");
        let responses = operation["responses"].as_object().unwrap();
        let mut successes = responses.keys().filter(|status| status.starts_with('2'));
        assert_eq!(successes.clone().count(), 1, "{id}");
        if !with_internal && !NOTHING_TO_TELL.contains(&id.as_str()) {
            let status = successes.next().unwrap();
            let success = &responses[status];
            let is_told = success.get("schema").or(success.get("content")).is_some();
            assert_eq!(is_told, status != "204", "{id}");
        }
    }
}

db_test!(
    async fn swagger_says_what_clients_are_generated_from(t: TestRegistry) {
        let api = Api::of(t);
        let document = api.get(&Who::Nobody, "/discovery").await.json();
        assert_eq!(
            (&document["swagger"], &document["basePath"]),
            (&json!("2.0"), &json!("/"))
        );
        check(&document, false);
        let found: Vec<_> = operations(&document)
            .into_iter()
            .map(|(verb, path, operation)| {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                (
                    verb,
                    path,
                    text(&operation["tags"][0]),
                    text(&operation["operationId"]),
                )
            })
            .collect();
        let expected: Vec<_> = OPERATIONS
            .iter()
            .map(|(verb, path, tag, id)| {
                (
                    (*verb).to_owned(),
                    (*path).to_owned(),
                    (*tag).to_owned(),
                    (*id).to_owned(),
                )
            })
            .collect();
        assert_eq!(found, expected);
        let delete = &document["paths"]["/api/v1/organization/{orgname}"]["delete"];
        assert_eq!(delete["x-requires-fresh-login"], json!(true));
        assert_eq!(
            delete["security"],
            json!([{ "oauth2_implicit": ["org:admin"] }])
        );
        let body = &document["definitions"]["NewRepo"];
        assert_eq!(
            body["required"],
            json!(["repository", "visibility", "description"])
        );
        let robot = &document["paths"]["/api/v1/organization/{orgname}/robots/{robot_shortname}"];
        assert_eq!(
            robot["put"]["responses"]["201"]["schema"],
            json!({ "$ref": "#/definitions/Robot" })
        );
        // Always there, but Swagger knows no null.
        let fields = &document["definitions"]["Robot"];
        let required = json!(["name", "created", "description"]);
        assert_eq!(fields["required"], required);
        let accessed = &fields["properties"]["last_accessed"];
        assert_eq!(accessed["x-nullable"], json!(true));
        let scopes = &document["securityDefinitions"]["oauth2_implicit"]["scopes"];
        assert_eq!(scopes.as_object().unwrap().len(), 8);
    }
);

db_test!(
    async fn internal_operations_are_described_on_request(t: TestRegistry) {
        let api = Api::of(t);
        let document = api
            .get(&Who::Nobody, "/discovery?internal=true")
            .await
            .json();
        check(&document, true);
        assert_eq!(
            document["paths"]["/api/v1/signin"]["post"]["operationId"],
            json!("signinUser")
        );
        // What is switched off is not there, and so not described.
        assert!(document["paths"].get("/api/v1/user/initialize").is_none());
    }
);

db_test!(
    async fn openapi_says_the_same(t: TestRegistry) {
        let api = Api::of(t);
        for query in ["", "?internal=true"] {
            let document = api
                .get(&Who::Nobody, &format!("/openapi.json{query}"))
                .await
                .json();
            assert_eq!(document["openapi"], json!("3.1.0"));
            check(&document, !query.is_empty());
            let swagger = api
                .get(&Who::Nobody, &format!("/discovery{query}"))
                .await
                .json();
            let ids = |document: &Value| -> BTreeMap<String, String> {
                operations(document)
                    .into_iter()
                    .map(|(verb, path, operation)| {
                        (
                            format!("{verb} {path}"),
                            operation["operationId"].to_string(),
                        )
                    })
                    .collect()
            };
            assert_eq!(ids(&document), ids(&swagger));
            let field = &document["components"]["schemas"]["NewOrg"]["properties"]["email"];
            assert_eq!(field["type"], json!(["string", "null"]));
            let robot = &document["components"]["schemas"]["Robot"];
            let required = json!(["name", "created", "last_accessed", "description"]);
            assert_eq!(robot["required"], required);
        }
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn an_error_links_to_its_description() {
    let mut settings = Settings::default();
    settings.registry.hostname = Some("reg.example".into());
    with_settings(settings, async |t| {
        let api = Api::of(t);
        let refused = api.get(&Who::Nobody, "/user/robots").await.json();
        let link = refused["type"].as_str().unwrap();
        let path = link.strip_prefix("http://reg.example/api/v1").unwrap();
        let told = api.get(&Who::Nobody, path).await.json();
        assert_eq!(
            told,
            json!({ "type": link, "title": "invalid_token", "description": told["description"] })
        );
        for kind in [
            "invalid_request",
            "fresh_login_required",
            "insufficient_scope",
            "not_found",
        ] {
            let told = api.get(&Who::Nobody, &format!("/error/{kind}")).await;
            assert_eq!(told.status, 200, "{kind}");
        }
        let unknown = api.get(&Who::Nobody, "/error/nothing").await;
        assert_eq!(unknown.problem(), (404, "Not Found".into()));
    })
    .await;
}
