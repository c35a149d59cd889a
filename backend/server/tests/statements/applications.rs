//! OAuth applications, their tokens, and what users let them do.

use berth_services::Origin;
use berth_services::oauth::Exchange;
use serde_json::json;

use crate::registry::Registry;

/// Lists, each asked for 10 rows, for 100, and those with a cursor for the 100 behind them.
const LISTS: [(&str, &str); 8] = [
    (
        "applications",
        "namespace(name: \"acme\") { ... on Organization { applications(first: $n) { nodes { clientId name } } } }",
    ),
    (
        "applications by name",
        "namespace(name: \"acme\") { ... on Organization { applications(first: $n, after: $after, \
         orderBy: { field: NAME, direction: ASC }) { pageInfo { endCursor } nodes { name } } } }",
    ),
    (
        "applications by name backwards",
        "namespace(name: \"acme\") { ... on Organization { applications(first: $n, after: $after, \
         orderBy: { field: NAME, direction: DESC }) { pageInfo { endCursor } nodes { name } } } }",
    ),
    (
        "applications by text",
        "namespace(name: \"acme\") { ... on Organization { applications(first: $n, \
         filter: { search: \"app-1001\" }) { nodes { name } } } }",
    ),
    (
        "assignments of an application",
        "namespace(name: \"acme\") { ... on Organization { applications(first: 1) { nodes { \
         assignments(first: $n) { nodes { uuid username } } } } } }",
    ),
    (
        "tokens of an application",
        "namespace(name: \"acme\") { ... on Organization { applications(first: 1) { nodes { \
         tokens(first: $n) { nodes { uuid username } } } } } }",
    ),
    (
        "own authorizations",
        "viewer { authorizations(first: $n) { nodes { uuid application { name owner } } } }",
    ),
    (
        "assigned authorizations",
        "viewer { assignedAuthorizations(first: $n) { nodes { uuid application { name owner } } } }",
    ),
];

const CALLBACK: &str = "https://app.test/cb";

/// Everything of this page, as `ann` in a session.
pub(crate) async fn applications(r: &mut Registry) {
    let services = r.t.services.clone();
    let session = r.t.session("ann").await.actor;
    let ann = std::mem::replace(&mut r.ann, session.clone());
    for (name, selection) in LISTS {
        let goes_on = selection.contains("$after");
        let cursor = if goes_on { ", $after: String" } else { "" };
        let document = format!("query ($n: Int!{cursor}) {{ {selection} }}");
        let mut end = None;
        for rows in [10, 100] {
            let what = format!("query {name}: {rows} rows");
            let answer = r.query(&what, &document, json!({ "n": rows })).await;
            let page = &answer["namespace"]["applications"]["pageInfo"];
            end = page["endCursor"].as_str().map(str::to_owned);
        }
        if goes_on {
            let what = format!("query {name}: 100 rows on");
            let variables = json!({ "n": 100, "after": end.expect("there are more") });
            r.query(&what, &document, variables).await;
        }
    }
    let new = json!({ "organization": "acme", "name": "viewer", "redirectPrefix": CALLBACK });
    let payload = "clientSecret application { clientId }";
    let made = r.change("createApplication", new, payload).await;
    let client_id = &made["application"]["clientId"];
    let text = client_id.as_str().unwrap();
    for (name, input, payload) in [
        (
            "updateApplication",
            json!({ "clientId": client_id, "name": "looker" }),
            "application { name }",
        ),
        (
            "assignToken",
            json!({ "clientId": client_id, "username": "ann", "scope": "repo:read", "redirectUri": CALLBACK }),
            "assignment { uuid }",
        ),
    ] {
        r.change(name, input, payload).await;
    }
    let asked = json!({ "clientId": client_id, "redirectUri": CALLBACK, "scope": "repo:read" });
    let request = "query ($c: String!, $r: String!) { authorizationRequest(clientId: $c, redirectUri: $r, \
         scope: \"repo:read\") { isCovered application { name } } }";
    let variables = json!({ "c": client_id, "r": CALLBACK });
    r.query("query authorizationRequest", request, variables)
        .await;
    r.change("denyApplication", asked.clone(), "location").await;
    let given = r.change("authorizeApplication", asked, "location").await;
    let location = given["location"].as_str().unwrap();
    let shown = Exchange {
        grant_type: "authorization_code".into(),
        client_id: text.to_owned(),
        client_secret: made["clientSecret"].as_str().map(Into::into),
        code: location.split_once("code=").unwrap().1.into(),
        redirect_uri: CALLBACK.into(),
        scope: "repo:read".into(),
    };
    let nobody = services.authn.anonymous(Origin::default());
    for what in ["a code for a token", "a code that was used"] {
        let exchange = services.authorizations.exchange(&nobody, &shown);
        assert!(r.measure(what, exchange).await.is_ok());
    }
    let new = json!({ "clientId": client_id, "name": "script", "scope": "repo:read" });
    let token = r
        .change("createApplicationToken", new, "accessToken { uuid }")
        .await;
    let uuid = &token["accessToken"]["uuid"];
    let again = json!({ "clientId": client_id, "username": "ann", "scope": "repo:read", "redirectUri": CALLBACK });
    let again = r.change("assignToken", again, "assignment { uuid }").await;
    let withdrawn = json!({ "clientId": client_id, "uuid": again["assignment"]["uuid"] });
    r.change("withdrawAssignment", withdrawn, "withdrawnUuid")
        .await;
    let revoked = json!({ "clientId": client_id, "uuid": uuid });
    r.change("revokeToken", revoked, "revokedUuid").await;
    let mut again = json!({ "clientId": client_id, "redirectUri": CALLBACK, "scope": "repo:read" });
    again["responseType"] = json!("TOKEN");
    let what = "mutation authorizeApplication for a token";
    r.change_named(what, "authorizeApplication", again, "location")
        .await;
    let mine = "{ viewer { authorizations(first: 1) { nodes { uuid } } assignedAuthorizations(first: 1) { \
         nodes { uuid } } } }";
    let mine = r.query("-", mine, json!({})).await;
    for (name, list, payload) in [
        ("revokeAuthorization", "authorizations", "revokedUuid"),
        (
            "declineAssignment",
            "assignedAuthorizations",
            "declinedUuid",
        ),
    ] {
        let uuid = &mine["viewer"][list]["nodes"][0]["uuid"];
        r.change(name, json!({ "uuid": uuid }), payload).await;
    }
    let of = json!({ "clientId": client_id });
    r.change("resetApplicationSecret", of.clone(), "clientSecret")
        .await;
    r.change("deleteApplication", of, "deletedClientId").await;
    r.ann = ann;
}
