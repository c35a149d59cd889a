//! What can be asked of the schema about what somebody has: its fields and its changes, with values that fit
//! their arguments.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use berth_domain::{Digest, RepositoryRole, TeamRole, Visibility};
use berth_services::Actor;
use berth_services::oauth::Description;
use berth_services::permissions::TeamRoleChange;
use berth_services::teams::TeamKey;
use berth_testkit::{TestImage, TestRegistry};
use serde_json::{Value, json};

use crate::client::ask;

/// What an owner has, in private or in public; or what nobody has.
pub(crate) struct Estate {
    /// In all of its names.
    pub(crate) kind: String,
    /// Goes into names that must be new.
    pub(crate) round: u32,
    pub(crate) organization: String,
    pub(crate) client_id: String,
    repository_name: String,
    repository: Value,
    robot: Value,
    team: Value,
    tag: Value,
    manifest: Value,
    digest: String,
    user: Value,
    namespace: Value,
}

impl Estate {
    /// An organization with a robot, a team that holds it, an application and the repository `app`, which has the tag `1`.
    pub(crate) async fn new(
        t: &TestRegistry,
        owner: &Actor,
        kind: &str,
        visibility: Visibility,
    ) -> Self {
        let organization = format!("{kind}-org");
        let services = &t.services;
        let name = organization.parse().unwrap();
        let email = format!("owners@{kind}.test").parse().unwrap();
        services
            .organizations
            .create(owner, &name, Some(&email))
            .await
            .unwrap();
        let repository_name: String = "app".into();
        let parsed = repository_name.parse().unwrap();
        let repositories = &services.repositories;
        let app = repositories.create(owner, &name, &parsed, visibility, "");
        let app = app.await.unwrap().repository.id;
        services
            .robots
            .create(owner, &name, "ci", "")
            .await
            .unwrap();
        let team = "makers".parse().unwrap();
        let teams = &services.teams;
        teams
            .create(owner, &name, &team, TeamRole::Creator, "")
            .await
            .unwrap();
        let key = TeamKey::Name {
            organization: &name,
            team: "makers",
        };
        let robot = format!("{organization}+ci");
        teams.add_member(owner, key, &robot).await.unwrap();
        let role = TeamRoleChange {
            team: "makers".into(),
            role: Some(RepositoryRole::Read),
        };
        let permissions = &services.permissions;
        permissions.set_all(owner, app, &[], &[role]).await.unwrap();
        let applications = &services.applications;
        let application = applications
            .create(owner, &name, &Description::default())
            .await
            .unwrap();
        let digest = t
            .push(owner, &format!("{organization}/app:1"), &TestImage::new(1))
            .await;
        let query = "query ($n: String!) { viewer { user { id } } namespace(name: $n) { id robots { nodes { id } } \
             ... on Organization { team(name: \"makers\") { id } } \
             repositories { nodes { id tag(name: \"1\") { id manifest { id } } } } } }";
        let data = ask(t, owner, query, json!({ "n": organization }))
            .await
            .data();
        let repository = &data["namespace"]["repositories"]["nodes"][0];
        Self {
            kind: kind.to_owned(),
            round: 0,
            repository: repository["id"].clone(),
            tag: repository["tag"]["id"].clone(),
            manifest: repository["tag"]["manifest"]["id"].clone(),
            robot: data["namespace"]["robots"]["nodes"][0]["id"].clone(),
            team: data["namespace"]["team"]["id"].clone(),
            user: data["viewer"]["user"]["id"].clone(),
            namespace: data["namespace"]["id"].clone(),
            digest: digest.to_string(),
            client_id: application.client_id,
            organization,
            repository_name,
        }
    }

    /// What nobody has; its names are as long as those of what is private.
    pub(crate) fn absent() -> Self {
        let id = |letter: &str| json!(BASE64_URL_SAFE_NO_PAD.encode(format!("{letter}987654")));
        Self {
            kind: "nowhere".into(),
            round: 0,
            organization: "nowhere-org".into(),
            repository_name: "app".into(),
            repository: id("R"),
            robot: id("B"),
            team: id("G"),
            tag: id("T"),
            manifest: id("M"),
            digest: Digest::of(b"nowhere").to_string(),
            user: id("U"),
            namespace: id("O"),
            client_id: "X".repeat(20),
        }
    }

    /// Types that are asked for by id, with the ids of what is here.
    pub(crate) fn nodes(&self) -> [(&'static str, &Value); 7] {
        [
            ("User", &self.user),
            ("Organization", &self.namespace),
            ("Robot", &self.robot),
            ("Team", &self.team),
            ("Repository", &self.repository),
            ("Tag", &self.tag),
            ("ImageManifest", &self.manifest),
        ]
    }

    /// The value of an argument or input field, by its name; of a mutation on robots `id` is one.
    fn value(&self, field: &str, of: &str) -> Value {
        let (kind, round) = (&self.kind, self.round);
        let target = if of.contains("obot") {
            &self.robot
        } else {
            &self.repository
        };
        match field {
            "id" if of.ends_with("User")
                || ["setUserPassword", "sendUserRecovery"].contains(&of) =>
            {
                self.user.clone()
            }
            "id" if of.ends_with("Organization") || of == "takeOwnership" => self.namespace.clone(),
            "id" if of == "revokeSession" => json!(BASE64_URL_SAFE_NO_PAD.encode("S987654")),
            "id" if of.ends_with("BulkChange") || of == "bulkChange" => {
                json!(BASE64_URL_SAFE_NO_PAD.encode("C987654"))
            }
            "id" if of.ends_with("Team") => self.team.clone(),
            "id" => target.clone(),
            "team" if of == "createDefaultPermission" => json!("makers"),
            "team" if of == "setSubjectPermissions" => Value::Null,
            "team" => self.team.clone(),
            "roles" => json!([{ "repository": self.repository, "role": "READ" }]),
            "state" => json!("NORMAL"),
            "states" => json!(["MEMBER"]),
            "account" if of == "createDefaultPermission" => Value::Null,
            "role" if of.ends_with("DefaultPermission") => json!("READ"),
            "role" => json!("CREATOR"),
            "account" if of == "removeTeamMember" => json!(format!("{}+ci", self.organization)),
            "account" => json!("bob"),
            "ids" if of == "deleteOrganizations" => json!([self.namespace]),
            "ids" if of == "restoreTags" => json!([self.tag]),
            "ids" => json!([target]),
            "repository" => self.repository.clone(),
            "namespace" | "organization" | "query" | "prefix" => json!(self.organization),
            "clientId" => json!(self.client_id),
            "redirectUri" => json!("http://reg.test/oauth/localapp"),
            "scope" => json!("repo:read"),
            "responseType" => json!("TOKEN"),
            "homepage" | "redirectPrefix" => json!(""),
            "name" if of == "updateOrganization" => json!(self.organization),
            "tagExpirationSeconds" => json!(0),
            "name" if of == "namespace" => json!(self.organization),
            "name" if of == "renameOrganization" => json!("renamed-org"),
            "name" if of == "tag" => json!("1"),
            "name" if of == "team" => json!("makers"),
            "name" if of == "createOrganization" => json!(format!("new{round}-{kind}")),
            "name" if ["createRepository", "createTeam"].contains(&of) => {
                json!(format!("new{round}"))
            }
            "name" => json!(self.repository_name),
            "names" => json!(["1"]),
            "digest" => json!(self.digest),
            "shortName" => json!(format!("evil{round}")),
            "visibility" => json!("PUBLIC"),
            "description" | "content" => json!("mine now"),
            "teamPermissions" => json!([{ "team": "makers", "role": "WRITE" }]),
            "permissions" => json!([{ "account": "bob", "role": "ADMIN" }]),
            // Nobody takes it, so the next who asks is told that it is taken.
            "username" if of == "signUp" => json!(format!("user{round}-{kind}")),
            "adminUser" | "username" => json!("mallory"),
            "email" if of != "signUp" && of != "createOrganization" => {
                json!(format!("m{round}-{kind}@mallory.test"))
            }
            "code" => json!("not-a-code"),
            "title" => json!("laptop"),
            "uuid" => json!("b9c4ad5c-0000-4000-8000-000000000000"),
            "severity" => json!("INFO"),
            "mediaType" => json!("PLAIN"),
            "service" => json!("scanner"),
            "dismissed" => json!(true),
            "kid" => json!("not-a-kid"),
            "kind" => json!("collection"),
            "password" | "currentPassword" | "newPassword" | "adminPassword" => {
                json!("not-the-password")
            }
            _ => Value::Null,
        }
    }
}

/// The named type of a field, without lists and non-null.
fn named(mut shape: &Value) -> &Value {
    while !shape["ofType"].is_null() {
        shape = &shape["ofType"];
    }
    shape
}

fn selection(field: &Value) -> &'static str {
    let shape = named(&field["type"]);
    match (shape["kind"].as_str(), shape["name"].as_str()) {
        (Some("SCALAR" | "ENUM"), _) => "",
        (_, Some(name)) if name.ends_with("Connection") => "{ nodes { __typename } }",
        _ => "{ __typename }",
    }
}

fn is_required(argument: &Value) -> bool {
    argument["type"]["kind"] == "NON_NULL"
}

/// The call of a field with the arguments that it needs.
pub(crate) fn call(field: &Value, estate: &Estate) -> String {
    let name = field["name"].as_str().unwrap();
    let arguments: Vec<String> = field["args"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|argument| is_required(argument))
        .map(|argument| {
            let argument = argument["name"].as_str().unwrap();
            format!("{argument}: {}", estate.value(argument, name))
        })
        .collect();
    let arguments = if arguments.is_empty() {
        String::new()
    } else {
        format!("({})", arguments.join(", "))
    };
    format!("{name}{arguments} {}", selection(field))
}

/// The fields of a type.
pub(crate) fn fields<'a>(types: &'a [Value], name: &str) -> &'a [Value] {
    let found = types
        .iter()
        .find(|described| described["name"] == name)
        .unwrap();
    found["fields"].as_array().unwrap()
}

/// An operation with one change: its document and its variables.
pub(crate) fn change(types: &[Value], field: &Value, estate: &Estate) -> (String, Value) {
    let name = field["name"].as_str().unwrap();
    let Some(input) = named(&field["args"][0]["type"])["name"].as_str() else {
        return (format!("mutation {{ {name} {{ __typename }} }}"), json!({}));
    };
    let mut described = types.iter();
    let described = described.find(|kind| kind["name"] == input).unwrap();
    let parts = described["inputFields"].as_array().unwrap().iter();
    let value: serde_json::Map<String, Value> = parts
        .map(|part| {
            let part = part["name"].as_str().unwrap();
            (part.to_owned(), estate.value(part, name))
        })
        .collect();
    let document =
        format!("mutation ($input: {input}!) {{ {name}(input: $input) {{ __typename }} }}");
    (document, json!({ "input": value }))
}
