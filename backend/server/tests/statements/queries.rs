//! Every list of GraphQL, its objects, and the changes of many.

use serde_json::{Value, json};

use crate::registry::Registry;

/// Lists, each asked for 10 rows, for 100, and for the 100 behind them.
const LISTS: [(&str, &str); 36] = [
    (
        "repositories",
        "repositories(PAGE) { totalCount END nodes { path sizeBytes tagCount lastPushedAt viewerPermission \
         namespace { name avatar { color } } } }",
    ),
    (
        "repositories backwards",
        "repositories(PAGE, orderBy: { field: NAME, direction: DESC }) { END nodes { path } }",
    ),
    (
        "repositories by latest push",
        "repositories(PAGE, orderBy: { field: LAST_PUSHED, direction: DESC }) { END nodes { path } }",
    ),
    (
        "repositories by earliest push",
        "repositories(PAGE, orderBy: { field: LAST_PUSHED, direction: ASC }) { END nodes { path } }",
    ),
    (
        "public repositories",
        "repositories(PAGE, filter: { visibility: PUBLIC }) { totalCount END nodes { path } }",
    ),
    (
        "repositories by text",
        "repositories(PAGE, filter: { search: \"app-1001\" }) { totalCount END nodes { path } }",
    ),
    (
        "repositories of a namespace",
        "namespace(name: \"acme\") { repositories(PAGE) { totalCount END nodes { path } } }",
    ),
    (
        "repositories of a namespace by latest push",
        "namespace(name: \"acme\") { repositories(PAGE, orderBy: { field: LAST_PUSHED, direction: DESC }) \
         { END nodes { path } } }",
    ),
    (
        "starred repositories",
        "viewer { starred(PAGE) { totalCount END nodes { path isStarred } } }",
    ),
    (
        "starred repositories by latest push",
        "viewer { starred(PAGE, orderBy: { field: LAST_PUSHED, direction: DESC }) { END nodes { path } } }",
    ),
    (
        "starred repositories by text",
        "viewer { starred(PAGE, filter: { search: \"app-1001\" }) { totalCount END nodes { path } } }",
    ),
    (
        "search of everything",
        "search(query: \"a\", PAGE) { END nodes { ... on Repository { path } ... on Organization { name } \
         ... on User { name } ... on Team { organization { name } } ... on Robot { shortName } } }",
    ),
    (
        "search of repositories",
        "search(query: \"pp-1001\", kinds: [REPOSITORY], PAGE) { END nodes { ... on Repository { path } } }",
    ),
    (
        "search of repositories by two words",
        "search(query: \"app 1001\", kinds: [REPOSITORY], PAGE) { END nodes { ... on Repository { path } } }",
    ),
    (
        "search of repositories by path",
        "search(query: \"acme/app-1\", kinds: [REPOSITORY], PAGE) { END nodes { ... on Repository { path } } }",
    ),
    (
        "search of robots",
        "search(query: \"bot1\", kinds: [ROBOT], PAGE) { END nodes { ... on Robot { name } } }",
    ),
    (
        "search of teams",
        "search(query: \"ew1\", kinds: [TEAM], PAGE) { END nodes { ... on Team { name } } }",
    ),
    (
        "who may do what",
        "repository(namespace: \"acme\", name: \"app-101501\") { access(PAGE) { END nodes { permission entity { name } \
         reasons { kind team { name } } } } }",
    ),
    (
        "large changes",
        "viewer { bulkChanges(PAGE) { END nodes { kind state total done causes { message } } } }",
    ),
    (
        "organizations",
        "organizations(PAGE) { totalCount END nodes { name repositoryCount memberCount robotCount \
         lastPushedAt sizeBytes } }",
    ),
    (
        "organizations by text",
        "organizations(PAGE, filter: { search: \"org-1\" }) { totalCount END nodes { name } }",
    ),
    (
        "robots",
        "namespace(name: \"acme\") { robots(PAGE) { totalCount END nodes { name repositoryCount } } }",
    ),
    (
        "teams",
        "namespace(name: \"acme\") { ... on Organization { teams(PAGE) { totalCount END nodes { name memberCount \
         repositoryCount organization { name } } } } }",
    ),
    (
        "teams by text",
        "namespace(name: \"acme\") { ... on Organization { teams(PAGE, search: \"crew1\") { totalCount END \
         nodes { name } } } }",
    ),
    (
        "members of a team",
        "namespace(name: \"acme\") { ... on Organization { team(name: \"crew10001\") { members(PAGE) { totalCount \
         END nodes { account avatar { hash } } } } } }",
    ),
    (
        "those who are asked into a team",
        "namespace(name: \"acme\") { ... on Organization { team(name: \"crew10001\") { members(PAGE, states: [INVITED]) { \
         totalCount END nodes { account avatar { hash } invitation { email inviter } } } } } }",
    ),
    (
        "teams that one is asked into",
        "viewer { invitations(PAGE) { END nodes { uuid organization team inviter } } }",
    ),
    (
        "members of an organization",
        "namespace(name: \"acme\") { ... on Organization { members(PAGE) { totalCount END nodes { account avatar { hash } \
         memberOf { name } teamCount ownRoles { role repository { path } } repositoryCount isLastAdministrator } } } }",
    ),
    (
        "members of an organization by text",
        "namespace(name: \"acme\") { ... on Organization { members(PAGE, search: \"user-1\") { totalCount END \
         nodes { account } } } }",
    ),
    (
        "collaborators",
        "namespace(name: \"acme\") { ... on Organization { collaborators(PAGE) { totalCount END nodes { account \
         ownRoles { role repository { path } } repositoryCount } } } }",
    ),
    (
        "collaborators by text",
        "namespace(name: \"acme\") { ... on Organization { collaborators(PAGE, search: \"robot1\") { totalCount END \
         nodes { account } } } }",
    ),
    (
        "roles of a team",
        "namespace(name: \"acme\") { ... on Organization { team(name: \"crew10001\") { repositoryPermissions(PAGE) { \
         totalCount END nodes { role repository { path } } } } } }",
    ),
    (
        "default permissions",
        "namespace(name: \"acme\") { ... on Organization { defaultPermissions(PAGE) { totalCount END nodes { uuid role \
         creator { account } account { account isMember } } } } }",
    ),
    (
        "tags",
        "repository(namespace: \"ann\", name: \"app\") { tags(PAGE) { totalCount END nodes { name \
         manifest { digest tags contentBytes ... on ImageManifest { platform { os } } } repository { path } } } }",
    ),
    (
        "tags by latest push",
        "repository(namespace: \"ann\", name: \"app\") { tags(PAGE, orderBy: { field: PUSHED, direction: DESC }) \
         { END nodes { name } } }",
    ),
    (
        "tags by text",
        "repository(namespace: \"ann\", name: \"app\") { tags(PAGE, filter: { search: \"v1\" }) \
         { totalCount END nodes { name } } }",
    ),
];

/// What the console asks when it shows one thing.
const OBJECTS: [(&str, &str); 6] = [
    (
        "viewer and registry",
        "viewer { user { name } isSuperuser creatableNamespaces } registry { __typename }",
    ),
    (
        "one repository",
        "repository(namespace: \"ann\", name: \"app\") { path sizeBytes tagCount permissions { role } \
         teamPermissions { role team { name } } \
         namespace { name viewerCanAdminister } }",
    ),
    (
        "names to pick",
        "entities(prefix: \"user-1\", first: 100) { kind name avatar { hash } }",
    ),
    (
        "what the viewer may do",
        "repository(namespace: \"ann\", name: \"app\") { access(first: 1) { nodes { permission reasons { kind } } } }",
    ),
    (
        "one image",
        "repository(namespace: \"ann\", name: \"app\") { tag(name: \"1\") { name manifest { digest tags \
         ... on ImageManifest { config { os } layers { digest } referrers(first: 20) { nodes { digest } } } } } }",
    ),
    (
        "one index",
        "repository(namespace: \"ann\", name: \"app\") { tag(name: \"index\") { manifest { digest \
         ... on ImageIndex { children { digest manifest { digest tags } } } } } }",
    ),
];

/// The cursor that a page ends with, wherever the page is in the answer.
fn end(answer: &Value) -> Option<&str> {
    match answer {
        Value::Object(fields) => fields
            .get("endCursor")
            .and_then(Value::as_str)
            .or_else(|| fields.values().find_map(end)),
        _ => None,
    }
}

fn ids(rows: &Value) -> Vec<Value> {
    let rows = rows.as_array().expect("a list");
    rows.iter().map(|row| row["id"].clone()).collect()
}

/// Lists and objects.
pub(crate) async fn reads(r: &mut Registry) {
    for (name, selection) in LISTS {
        let selection = selection
            .replace("PAGE", "first: $n, after: $after")
            .replace("END", "pageInfo { endCursor }");
        let document = format!("query ($n: Int!, $after: String) {{ {selection} }}");
        let mut after = Value::Null;
        for (rows, suffix) in [(10, "10 rows"), (100, "100 rows"), (100, "100 rows on")] {
            if suffix.ends_with("on") && after.is_null() {
                continue;
            }
            let what = format!("query {name}: {suffix}");
            let variables = json!({ "n": rows, "after": after });
            let answer = r.query(&what, &document, variables).await;
            after = json!(end(&answer).filter(|_| rows == 100));
        }
    }
    for (name, selection) in OBJECTS {
        let document = format!("{{ {selection} }}");
        // The first time two fields may fetch the same body, as luck will have it.
        for what in ["-", &format!("query {name}")] {
            r.query(what, &document, json!({})).await;
        }
    }
}

/// What people change. Rows that are written follow the selection; looking at them does not.
pub(crate) async fn changes(r: &mut Registry) {
    r.change(
        "createOrganization",
        json!({ "name": "fresh" }),
        "organization { id }",
    )
    .await;
    let fresh =
        json!({ "namespace": "fresh", "name": "app", "visibility": "PRIVATE", "description": "" });
    let made = r
        .change("createRepository", fresh, "repository { id }")
        .await;
    let repository = made["repository"]["id"].clone();
    let input = json!({ "id": repository, "description": "changed" });
    r.change("updateRepository", input, "repository { id }")
        .await;
    let roles: Vec<Value> = (1..=50)
        .map(|n| json!({ "account": format!("user-{n}"), "role": "READ" }))
        .collect();
    for count in [1, 50] {
        let what = format!("mutation setPermissions of {count}");
        let input = json!({ "repository": repository, "permissions": roles[..count] });
        r.change_named(&what, "setPermissions", input, "repository { id }")
            .await;
    }
    let input =
        json!({ "organization": "fresh", "name": "crew", "role": "MEMBER", "description": "" });
    let made = r.change("createTeam", input, "team { id }").await;
    let team = made["team"]["id"].clone();
    let input = json!({
        "repository": repository, "permissions": [],
        "teamPermissions": [{ "team": "crew", "role": "WRITE" }],
    });
    r.change_named(
        "mutation setPermissions of a team",
        "setPermissions",
        input,
        "repository { id }",
    )
    .await;
    let input = json!({
        "account": "user-1", "roles": [{ "repository": repository, "role": "READ" }],
    });
    r.change("setSubjectPermissions", input, "repositories { id }")
        .await;
    for state in ["READ_ONLY", "NORMAL"] {
        let what = format!("mutation changeState to {state}");
        let input = json!({ "id": repository, "state": state });
        r.change_named(&what, "changeState", input, "repository { id }")
            .await;
    }
    let mut robots = Vec::new();
    for n in 0..3 {
        let input =
            json!({ "namespace": "fresh", "shortName": format!("robot{n}"), "description": "" });
        let made = r.change("createRobot", input, "robot { id }").await;
        robots.push(made["robot"]["id"].clone());
    }
    let input = json!({ "id": team, "role": "ADMIN", "description": "changed" });
    r.change("updateTeam", input, "team { id }").await;
    let input = json!({ "team": team, "account": "user-1" });
    r.change("addTeamMember", input.clone(), "team { id }")
        .await;
    r.change("removeTeamMember", input, "team { id }").await;
    let input = json!({ "organization": "acme", "account": "user-5" });
    r.change("removeMember", input, "removedAccount").await;
    r.change("deleteTeam", json!({ "id": team }), "deletedId")
        .await;
    r.change(
        "regenerateRobotToken",
        json!({ "id": robots[0] }),
        "robot { id }",
    )
    .await;
    let acme = "{ namespace(name: \"acme\") { robots(first: 100) { nodes { id } } \
                repositories(first: 100) { nodes { id } } } }";
    let acme = r.query("-", acme, json!({})).await;
    let robots = ids(&acme["namespace"]["robots"]["nodes"]);
    let repositories = ids(&acme["namespace"]["repositories"]["nodes"]);
    let mut from = 0;
    for count in [1, 50] {
        let some = from..from + count;
        let of = format!("of {count}");
        r.change_named(
            &format!("mutation deleteRobots {of}"),
            "deleteRobots",
            json!({ "ids": robots[some.clone()] }),
            "deletedIds",
        )
        .await;
        r.change_named(
            &format!("mutation changeVisibility {of}"),
            "changeVisibility",
            json!({ "ids": repositories[some.clone()], "visibility": "PUBLIC" }),
            "changedIds",
        )
        .await;
        r.change_named(
            &format!("mutation changeVisibility {of}, nothing changes"),
            "changeVisibility",
            json!({ "ids": repositories[some.clone()], "visibility": "PUBLIC" }),
            "changedIds",
        )
        .await;
        r.change_named(
            &format!("mutation deleteRepositories {of}"),
            "deleteRepositories",
            json!({ "ids": repositories[some.clone()] }),
            "deletedIds",
        )
        .await;
        let names: Vec<String> = some.map(|n| format!("v{}", 100_010 + n * 10)).collect();
        let app = r.app_id.clone();
        let deleted = r
            .change_named(
                &format!("mutation deleteTags {of}"),
                "deleteTags",
                json!({ "repository": app, "names": names }),
                "deletedIds",
            )
            .await;
        r.change_named(
            &format!("mutation restoreTags {of}"),
            "restoreTags",
            json!({ "repository": app, "ids": deleted["deletedIds"] }),
            "tags { id }",
        )
        .await;
        from += count;
    }
    // What bob may not touch, one cause for each.
    let services = r.t.services.clone();
    let bob = r.t.login("bob", berth_testkit::PASSWORD).await;
    for count in [1, 50] {
        let some: Vec<_> = r.foreign[..count].to_vec();
        let refused = services
            .repositories
            .delete(&bob, berth_services::many::Selection::Items(&some));
        let what = format!("deletion of {count} foreign repositories, refused");
        assert!(r.measure(&what, refused).await.is_err());
    }
}
