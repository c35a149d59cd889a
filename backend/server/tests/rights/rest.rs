//! Every operation of `/api/v1`, from its own description.

use serde_json::{Map, Value, json};

use crate::caller::{Kind, Target};
use crate::site::{Request, Site};
use crate::sweep::{ALL, Ends, ONCE, Question, THREE, WHOLE, status};

/// A question for each operation that the API describes.
pub(crate) async fn questions(site: &mut Site) -> Vec<Question> {
    let described = Request::new("GET", "/api/v1/discovery?internal=true");
    let document = site.ask(described, &[]).await.json();
    let mut operations = Vec::new();
    for (path, verbs) in document["paths"].as_object().unwrap() {
        for (verb, operation) in verbs.as_object().unwrap() {
            operations.push(Operation {
                verb: verb.to_uppercase(),
                template: path.clone(),
                fields: fields(&document, operation),
                is_star: operation["operationId"] == "createStar",
            });
        }
    }
    operations.sort_by(|a, b| (&a.verb, &a.template).cmp(&(&b.verb, &b.template)));
    assert!(operations.len() > 50, "{}", operations.len());
    operations.into_iter().map(Operation::question).collect()
}

struct Operation {
    verb: String,
    template: String,
    /// Fields of the body that it asks for; none where it takes no body.
    fields: Option<Vec<String>>,
    is_star: bool,
}

/// The fields of a body that are required, and the namespace.
fn fields(document: &Value, operation: &Value) -> Option<Vec<String>> {
    let parameters = operation["parameters"].as_array()?;
    let body = parameters
        .iter()
        .find(|parameter| parameter["in"] == "body")?;
    let reference = body["schema"]["$ref"].as_str()?;
    let schema = document.pointer(reference.strip_prefix('#')?)?;
    let required = schema["required"].as_array().into_iter().flatten();
    let mut fields: Vec<String> = required
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    let namespace = "namespace".to_owned();
    if schema["properties"].get("namespace").is_some() && !fields.contains(&namespace) {
        fields.push(namespace);
    }
    Some(fields)
}

impl Operation {
    fn question(self) -> Question {
        let Self { verb, template, .. } = &self;
        let ends = match (verb.as_str(), template.as_str()) {
            ("DELETE", "/api/v1/user/") | ("POST", "/api/v1/signout") => Ends::Caller,
            // What was read in that list, the bell tells no more.
            ("DELETE", _) | ("GET", "/api/v1/user/assignedauthorization") => Ends::Thing,
            // Nobody comes into a team twice.
            ("PUT", path) if path.ends_with("/members/{membername}") => Ends::Thing,
            _ => Ends::Nothing,
        };
        Question {
            name: format!("{verb} {template}"),
            about: self.about(),
            word: status,
            ends,
            ask: Box::new(move |target, number| self.request(target, number)),
        }
    }

    /// What there is to ask about, by what the path names.
    fn about(&self) -> &'static [Kind] {
        let has = |part: &str| self.template.contains(part);
        let names = |field: &str| {
            let mut fields = self.fields.iter().flatten();
            fields.any(|known| known == field)
        };
        let in_organization = [
            "{robot_shortname}",
            "{teamname}",
            "{client_id}",
            "{token_uuid}",
        ];
        // A new robot is nobody's yet.
        if self.verb == "PUT" && self.template.starts_with("/api/v1/user/robots/") {
            return ONCE;
        }
        let alone = [
            "{access_token_uuid}",
            "{assigned_authorization_uuid}",
            "{uuid}",
        ];
        let is_held = has("{orgname}") && in_organization.iter().any(|part| has(part));
        if has("{repository}") || self.is_star || is_held {
            ALL
        } else if has("{orgname}")
            || has("{name}")
            || has("{namespace}")
            || has("{prefix}")
            || names("namespace")
            || self.is_list()
            || self.is_search()
        {
            WHOLE
        } else if in_organization.iter().chain(&alone).any(|part| has(part)) || has("{username}") {
            THREE
        } else {
            ONCE
        }
    }

    /// Whether it is the list of repositories, which wants to be narrowed.
    fn is_list(&self) -> bool {
        self.verb == "GET" && self.template == "/api/v1/repository"
    }

    /// Whether it looks for a text, which is an organization's name here.
    fn is_search(&self) -> bool {
        self.template.starts_with("/api/v1/find/")
    }

    fn request(&self, target: &Target, number: u32) -> Request {
        let mut path = self.path(target, number);
        if self.is_search() {
            path = format!("{path}?query={}", target.estate.organization);
        }
        if self.template.ends_with("/entities/{prefix}") {
            let organization = &target.estate.organization;
            path = format!("{path}?namespace={organization}&includeTeams=true&includeOrgs=true");
        }
        if self.is_list() {
            path = format!("{path}?namespace={}", target.estate.organization);
        }
        let request = Request::new(&self.verb, path);
        let Some(fields) = &self.fields else {
            return request;
        };
        let body: Map<String, Value> = fields
            .iter()
            .map(|field| (field.clone(), self.value(field, target, number)))
            .collect();
        request.json(&body.into())
    }

    fn path(&self, target: &Target, number: u32) -> String {
        let estate = &target.estate;
        let of_users = self.template.contains("/permissions/user/");
        let token = if self.template.contains("/apptoken/") {
            &target.app_token
        } else {
            &target.application_token
        };
        let robot = if self.template.contains("/user/robots/") {
            target.own_robot.as_str()
        } else {
            target.robot
        };
        // One that is made has a name of its own.
        let robot = if self.verb == "PUT" && self.template.contains("/robots/") {
            format!("{robot}{number}")
        } else {
            robot.to_owned()
        };
        let member = if self.verb == "PUT" {
            "eve".to_owned()
        } else {
            format!("{}+{}", estate.organization, target.robot)
        };
        let mut path = self.template.clone();
        for (part, value) in [
            ("{orgname}", estate.organization.as_str()),
            ("{name}", &estate.organization),
            ("{namespace}", &estate.organization),
            ("{repository}", &target.repository),
            ("{robot_shortname}", &robot),
            ("{teamname}", target.team),
            ("{membername}", &member),
            ("{email}", "new@users.test"),
            ("{code}", "not-a-code"),
            ("{client_id}", &estate.client_id),
            ("{username}", if of_users { "eve" } else { &target.user }),
            ("{token_uuid}", token),
            ("{access_token_uuid}", &target.authorization),
            ("{assigned_authorization_uuid}", &target.assignment),
            ("{uuid}", &target.notification),
            ("{prototypeid}", "not-a-prototype"),
            ("{kid}", "not-a-kid"),
            ("{error_type}", "not_found"),
            ("{service_id}", "ldap"),
            ("{prefix}", &estate.organization),
        ] {
            path = path.replace(part, value);
        }
        assert!(
            !path.contains('{'),
            "{path}: say here what to write in its place"
        );
        path
    }

    /// A value that fits a field.
    fn value(&self, field: &str, target: &Target, number: u32) -> Value {
        let organization = &target.estate.organization;
        let text = match field {
            "namespace" => organization.clone(),
            "delegate" => return json!({ "name": target.team, "kind": "team" }),
            "repository" if self.is_star => {
                let (_, name) = target.repository.split_once('/').unwrap();
                name.to_owned()
            }
            "name" | "repository" => format!("new{number}"),
            "visibility" => "public".to_owned(),
            "role" => "admin".to_owned(),
            "state" => "NORMAL".to_owned(),
            "username" => format!("user{number}"),
            "message" => {
                return json!({ "content": "hello", "media_type": "text/plain", "severity": "info" });
            }
            "password" => "not-the-password".to_owned(),
            "expiration" => return Value::Null,
            "redirect_uri" | "application_uri" => "https://app.test/".to_owned(),
            "scope" => "repo:read".to_owned(),
            _ => "changed".to_owned(),
        };
        text.into()
    }
}
