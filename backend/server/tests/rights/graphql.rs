//! Every field and every change of the schema, over `/graphql`. Which field tells what to whom is a table of its
//! own beside the schema; this is about what the endpoint makes of credentials.

use serde_json::{Value, json};

use crate::asked::{Estate, call, change, fields};
use crate::caller::Others;
use crate::client::introspect;
use crate::site::{Request, Seen, Site};
use crate::sweep::{Ends, ONCE, Question, WHOLE, status};

/// Types whose fields are asked for: the root, and what has an id.
const TYPES: [&str; 8] = [
    "Query",
    "User",
    "Organization",
    "Robot",
    "Team",
    "Repository",
    "Tag",
    "ImageManifest",
];

/// A question for each type with all of its fields, and one for each change.
pub(crate) async fn questions(site: &Site, others: &Others) -> Vec<Question> {
    let types = introspect(&site.t).await;
    let mut questions = Vec::new();
    for name in TYPES {
        let described = fields(&types, name).to_vec();
        questions.push(Question {
            name: format!("POST /graphql: fields of {name}"),
            about: WHOLE,
            word: told_fields,
            ends: Ends::Nothing,
            ask: Box::new(move |target, _| {
                posted(&whole(name, &described, &target.estate), &json!({}))
            }),
        });
    }
    let root = fields(&types, "Query").to_vec();
    questions.push(Question {
        name: "GET /graphql: fields of Query".to_owned(),
        about: WHOLE,
        word: told_fields,
        ends: Ends::Nothing,
        ask: Box::new(move |target, _| {
            let document = whole("Query", &root, &target.estate);
            let query = serde_urlencoded::to_string([("query", document)]).unwrap();
            Request::new("GET", format!("/graphql?{query}"))
        }),
    });
    for field in fields(&types, "Mutation") {
        let (types, field) = (types.clone(), field.clone());
        let name = field["name"].as_str().unwrap().to_owned();
        // What says the same about everything has no target.
        let [hidden, nowhere] = [&others.hidden, &others.nowhere].map(|target| {
            let (document, variables) = change(&types, &field, &target.estate);
            (document, variables.to_string())
        });
        questions.push(Question {
            name: format!("POST /graphql: {name}"),
            about: if hidden == nowhere { ONCE } else { WHOLE },
            word: outcome,
            ends: match name.as_str() {
                "deleteAccount" | "signOut" => Ends::Caller,
                name if name.starts_with("delete") || name.ends_with("TeamMember") => Ends::Thing,
                _ => Ends::Nothing,
            },
            ask: Box::new(move |target, _| {
                let (document, variables) = change(&types, &field, &target.estate);
                posted(&document, &variables)
            }),
        });
    }
    questions
}

fn posted(document: &str, variables: &Value) -> Request {
    let body = json!({ "query": document, "variables": variables });
    Request {
        accept: Some("application/graphql-response+json"),
        ..Request::new("POST", "/graphql").json(&body)
    }
}

/// A document with every field of a type.
fn whole(name: &str, described: &[Value], estate: &Estate) -> String {
    let calls: Vec<String> = described.iter().map(|field| call(field, estate)).collect();
    let calls = calls.join(" ");
    match estate.nodes().iter().find(|(kind, _)| *kind == name) {
        Some((kind, id)) => format!("{{ node(id: {id}) {{ ... on {kind} {{ {calls} }} }} }}"),
        None => format!("{{ {calls} }}"),
    }
}

/// The code of an error, where the answer is one.
fn refused(seen: &Seen) -> Option<String> {
    if seen.status != 200 {
        return Some(status(seen));
    }
    let code = &seen.json()["errors"][0]["extensions"]["code"];
    code.as_str().map(str::to_owned)
}

/// How many fields have a value.
fn told_fields(seen: &Seen) -> String {
    if let Some(refused) = refused(seen) {
        return refused;
    }
    let data = &seen.json()["data"];
    let object = data.as_object().unwrap();
    let object = match object.get("node") {
        Some(Value::Null) if object.len() == 1 => return "hidden".to_owned(),
        Some(Value::Object(node)) if object.len() == 1 => node,
        _ => object,
    };
    let values = object.values().filter(|value| !value.is_null());
    format!("{}/{}", values.count(), object.len())
}

fn outcome(seen: &Seen) -> String {
    refused(seen).unwrap_or_else(|| "value".to_owned())
}
