//! OAuth applications and consents, as the console asks and changes them.

use berth_services::{Actor, Origin};
use berth_testkit::{TestRegistry, db_test};
use serde_json::{Value, json};

use crate::client::ask;

const CREATE: &str = "mutation ($input: CreateApplicationInput!) { createApplication(input: $input) \
     { application { clientId redirectPrefix } clientSecret } }";
const REQUEST: &str = "query ($c: String!, $r: String!, $s: String!, $a: String) { \
     authorizationRequest(clientId: $c, redirectUri: $r, scope: $s, responseType: TOKEN, assignment: $a) { \
     refusal application { name owner avatar { kind } } scopes { name title description isDangerous } \
     hasDangerousScopes responseType isCovered } }";
const AUTHORIZE: &str = "mutation ($input: AuthorizeApplicationInput!) { \
     authorizeApplication(input: $input) { location } }";
const CALLBACK: &str = "https://app.test/cb";

/// A user in a session, with an organization and an application of it.
async fn owner(t: &TestRegistry) -> (Actor, String, String) {
    t.user("ann").await;
    let ann = t.session("ann").await.actor;
    let organizations = &t.services.organizations;
    organizations
        .create(&ann, &"acme".parse().unwrap(), None)
        .await
        .unwrap();
    let input = json!({ "organization": "acme", "name": "viewer", "redirectPrefix": CALLBACK });
    let made = ask(t, &ann, CREATE, json!({ "input": input })).await.data();
    let made = &made["createApplication"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        ann,
        text(&made["application"]["clientId"]),
        text(&made["clientSecret"]),
    )
}

async fn request(t: &TestRegistry, actor: &Actor, client_id: &str, variables: Value) -> Value {
    let mut all = json!({ "c": client_id, "r": CALLBACK, "s": "repo:read org:admin" });
    for (name, value) in variables.as_object().unwrap() {
        all[name] = value.clone();
    }
    let answer = ask(t, actor, REQUEST, all).await.data();
    answer["authorizationRequest"].clone()
}

db_test!(
    async fn a_page_shows_who_asks_for_what_and_the_consent_gives_where_to_go(t: TestRegistry) {
        let (ann, client_id, _) = owner(t).await;
        let asked = request(t, &ann, &client_id, json!({})).await;
        assert_eq!(asked["refusal"], Value::Null);
        assert_eq!(
            asked["application"],
            json!({ "name": "viewer", "owner": "acme", "avatar": { "kind": "app" } })
        );
        assert_eq!(asked["scopes"][0]["name"], "repo:read");
        assert_eq!(asked["scopes"][0]["title"], "View all visible repositories");
        assert_eq!(asked["scopes"][1]["isDangerous"], true);
        assert_eq!(asked["hasDangerousScopes"], true);
        assert_eq!(
            (&asked["responseType"], &asked["isCovered"]),
            (&json!("TOKEN"), &json!(false))
        );
        let input = json!({
            "clientId": client_id, "redirectUri": CALLBACK, "scope": "repo:read org:admin",
            "responseType": "TOKEN", "state": "s",
        });
        let given = ask(t, &ann, AUTHORIZE, json!({ "input": input }))
            .await
            .data();
        let location = given["authorizeApplication"]["location"].as_str().unwrap();
        let (address, token) = location.split_once("#access_token=").unwrap();
        assert_eq!(
            address,
            "https://app.test/cb?scope=repo%3Aread+org%3Aadmin&state=s"
        );
        let app = t
            .services
            .authn
            .bearer(&token[..40], Origin::default())
            .await;
        let app = app.unwrap();
        let asked = request(t, &ann, &client_id, json!({ "s": "repo:read" })).await;
        assert_eq!(asked["isCovered"], true);
        // The token of an application cannot let one in, nor be asked.
        let answer = ask(t, &app, AUTHORIZE, json!({ "input": input })).await;
        assert_eq!(answer.refused("code"), Some("FORBIDDEN"));
        assert_eq!(request(t, &app, &client_id, json!({})).await, Value::Null);
        let list = "{ viewer { authorizations { nodes { uuid scopes { name } application { clientId } } } } }";
        let list = ask(t, &ann, list, json!({})).await.data();
        let row = &list["viewer"]["authorizations"]["nodes"][0];
        assert_eq!(row["application"]["clientId"], json!(client_id));
        let revoke =
            "mutation ($u: String!) { revokeAuthorization(input: { uuid: $u }) { revokedUuid } }";
        ask(t, &ann, revoke, json!({ "u": row["uuid"] }))
            .await
            .data();
        let dead = t
            .services
            .authn
            .bearer(&token[..40], Origin::default())
            .await;
        assert!(dead.is_err());
    }
);

db_test!(
    async fn a_page_says_why_it_does_not_ask(t: TestRegistry) {
        let (ann, client_id, _) = owner(t).await;
        t.user("eve").await;
        let eve = t.session("eve").await.actor;
        for (actor, client_id, variables, refusal) in [
            (&ann, "NOBODY", json!({}), "APPLICATION_UNKNOWN"),
            (&eve, client_id.as_str(), json!({}), "APPLICATION_UNKNOWN"),
            (&eve, "NOBODY", json!({}), "APPLICATION_UNKNOWN"),
            (
                &ann,
                client_id.as_str(),
                json!({ "r": "https://evil.test/" }),
                "REDIRECT_MISMATCH",
            ),
            // The registry's own page, by another scheme than the browser came by.
            (
                &ann,
                client_id.as_str(),
                json!({ "r": "https://reg.test/oauth/localapp" }),
                "REDIRECT_MISMATCH",
            ),
            (
                &ann,
                client_id.as_str(),
                json!({ "s": "repo:fly" }),
                "INVALID_SCOPE",
            ),
            (
                &ann,
                client_id.as_str(),
                json!({ "a": "made-up" }),
                "APPLICATION_UNKNOWN",
            ),
        ] {
            let asked = request(t, actor, client_id, variables.clone()).await;
            assert_eq!(asked["refusal"], refusal, "{client_id} {variables}");
            assert_eq!(
                (&asked["application"], &asked["scopes"]),
                (&Value::Null, &json!([]))
            );
        }
        let own = json!({ "r": "http://reg.test/oauth/localapp" });
        let asked = request(t, &ann, &client_id, own).await;
        assert_eq!(asked["refusal"], Value::Null);
        assert_eq!(
            request(t, &t.anonymous(), &client_id, json!({})).await,
            Value::Null
        );
        for (field, value, named) in [
            ("redirectUri", "https://evil.test/", "redirectUri"),
            ("scope", "repo:fly", "scope"),
        ] {
            let mut input =
                json!({ "clientId": client_id, "redirectUri": CALLBACK, "scope": "repo:read" });
            input[field] = json!(value);
            let answer = ask(t, &ann, AUTHORIZE, json!({ "input": input })).await;
            assert_eq!(answer.refused("code"), Some("INVALID_INPUT"));
            assert_eq!(answer.refused("field"), Some(named));
        }
    }
);

db_test!(
    async fn an_application_is_listed_changed_and_gone(t: TestRegistry) {
        let (ann, client_id, secret) = owner(t).await;
        let list = "{ namespace(name: \"acme\") { ... on Organization { applications(first: 5) { nodes { \
             clientId name homepage description redirectPrefix avatarEmail createdAt } } } } }";
        let listed = async || ask(t, &ann, list, json!({})).await.data();
        let found = listed().await;
        let found = &found["namespace"]["applications"]["nodes"][0];
        assert_eq!(
            (&found["name"], &found["redirectPrefix"]),
            (&json!("viewer"), &json!(CALLBACK))
        );
        let reset = "mutation ($c: String!) { resetApplicationSecret(input: { clientId: $c }) { clientSecret } }";
        let variables = json!({ "c": client_id });
        let reset = ask(t, &ann, reset, variables.clone()).await.data();
        assert_ne!(
            reset["resetApplicationSecret"]["clientSecret"],
            json!(secret)
        );
        let update = "mutation ($c: String!) { updateApplication(input: { clientId: $c, name: \"looker\", \
             avatarEmail: \"a@b.test\" }) { application { name homepage avatarEmail } } }";
        let updated = ask(t, &ann, update, variables.clone()).await.data();
        assert_eq!(
            updated["updateApplication"]["application"],
            json!({ "name": "looker", "homepage": "", "avatarEmail": "a@b.test" })
        );
        let make = "mutation ($c: String!) { createApplicationToken(input: { clientId: $c, name: \"script\", \
             scope: \"repo:read\", expiresInSeconds: 60 }) { token accessToken { uuid username scopes { name } } } }";
        let made = ask(t, &ann, make, variables.clone()).await.data();
        let made = &made["createApplicationToken"];
        assert_eq!(made["accessToken"]["username"], "ann");
        let authn = &t.services.authn;
        let text = made["token"].as_str().unwrap();
        assert!(authn.bearer(text, Origin::default()).await.is_ok());
        let tokens = "{ namespace(name: \"acme\") { ... on Organization { applications(first: 1) { nodes { \
             tokens(first: 5) { nodes { uuid name } } } } } } }";
        let tokens = ask(t, &ann, tokens, json!({})).await.data();
        let token = &tokens["namespace"]["applications"]["nodes"][0]["tokens"]["nodes"][0];
        assert_eq!(token["name"], "script");
        let one = "query ($c: String!) { namespace(name: \"acme\") { ... on Organization { application(clientId: $c) \
             { name tokens(first: 100) { nodes { uuid username scopes { name } } } } } } }";
        let found = ask(t, &ann, one, variables.clone()).await.data();
        let found = &found["namespace"]["application"];
        assert_eq!(found["name"], "looker");
        assert_eq!(found["tokens"]["nodes"][0]["uuid"], token["uuid"]);
        let (stranger, unknown) = (t.user("bob").await, json!({ "c": "unknown" }));
        for (who, variables) in [(&stranger, &variables), (&ann, &unknown)] {
            let found = ask(t, who, one, variables.clone()).await.data();
            assert_eq!(found["namespace"]["application"], Value::Null);
        }
        let revoke = "mutation ($c: String!, $u: String!) { revokeToken(input: { clientId: $c, uuid: $u }) { revokedUuid } }";
        let revoked = json!({ "c": client_id, "u": token["uuid"] });
        ask(t, &ann, revoke, revoked).await.data();
        assert!(authn.bearer(text, Origin::default()).await.is_err());
        let delete = "mutation ($c: String!) { deleteApplication(input: { clientId: $c }) { deletedClientId } }";
        ask(t, &ann, delete, variables.clone()).await.data();
        let answer = ask(t, &ann, delete, variables).await;
        assert_eq!(answer.refused("reason"), Some("APPLICATION_NOT_FOUND"));
        assert_eq!(
            listed().await["namespace"]["applications"]["nodes"],
            json!([])
        );
    }
);

db_test!(
    async fn what_is_assigned_is_shown_accepted_or_declined(t: TestRegistry) {
        let (ann, client_id, _) = owner(t).await;
        t.user("bob").await;
        let bob = t.session("bob").await.actor;
        let assign = "mutation ($c: String!, $r: String!) { assignToken(input: { clientId: $c, username: \"bob\", \
             scope: \"repo:create\", redirectUri: $r }) { assignment { uuid scope responseType } } }";
        let variables = json!({ "c": client_id, "r": CALLBACK });
        for _ in 0..2 {
            let assigned = ask(t, &ann, assign, variables.clone()).await.data();
            let assigned = &assigned["assignToken"]["assignment"];
            assert_eq!(
                (&assigned["scope"], &assigned["responseType"]),
                (&json!("repo:create"), &json!("TOKEN"))
            );
        }
        let answer = ask(t, &bob, assign, variables.clone()).await;
        assert_eq!(answer.refused("code"), Some("NOT_FOUND"));
        // A third one is taken back before bob has seen it.
        ask(t, &ann, assign, variables).await.data();
        let pending = "query ($c: String!, $a: String) { namespace(name: \"acme\") { ... on Organization { \
             application(clientId: $c) { assignments(first: 2, after: $a) { nodes { uuid username createdAt \
             scopes { name isDangerous } } pageInfo { hasNextPage endCursor } } } } } }";
        let of = json!({ "c": client_id });
        let asked = ask(t, &ann, pending, of.clone()).await.data();
        let asked = &asked["namespace"]["application"]["assignments"];
        assert_eq!(asked["pageInfo"]["hasNextPage"], true);
        let row = &asked["nodes"][0];
        assert_eq!(
            (&row["username"], &row["scopes"]),
            (
                &json!("bob"),
                &json!([{ "name": "repo:create", "isDangerous": false }])
            )
        );
        let next = json!({ "c": client_id, "a": asked["pageInfo"]["endCursor"] });
        let next = ask(t, &ann, pending, next).await.data();
        let next = &next["namespace"]["application"]["assignments"];
        assert_eq!(next["nodes"].as_array().unwrap().len(), 1);
        assert_eq!(next["pageInfo"]["hasNextPage"], false);
        let hidden = ask(t, &bob, pending, of).await.data();
        assert_eq!(hidden["namespace"]["application"], Value::Null);
        let withdraw = "mutation ($c: String!, $u: String!) { withdrawAssignment(input: { clientId: $c, uuid: $u }) \
             { withdrawnUuid } }";
        let which = json!({ "c": client_id, "u": row["uuid"] });
        let refused = ask(t, &bob, withdraw, which.clone()).await;
        assert_eq!(refused.refused("reason"), Some("APPLICATION_NOT_FOUND"));
        let gone = ask(t, &ann, withdraw, which.clone()).await.data();
        assert_eq!(gone["withdrawAssignment"]["withdrawnUuid"], row["uuid"]);
        let again = ask(t, &ann, withdraw, which).await;
        assert_eq!(again.refused("reason"), Some("ASSIGNMENT_NOT_FOUND"));
        let list = "{ viewer { assignedAuthorizations { nodes { uuid redirectUri application { name } } } } }";
        let found = ask(t, &bob, list, json!({})).await.data();
        let found = found["viewer"]["assignedAuthorizations"]["nodes"].clone();
        assert_eq!(found.as_array().unwrap().len(), 2);
        let uuid = &found[0]["uuid"];
        let asked = request(t, &bob, &client_id, json!({ "a": uuid })).await;
        assert_eq!(asked["scopes"].as_array().unwrap().len(), 1);
        assert_eq!(asked["scopes"][0]["name"], "repo:create");
        let input = json!({
            "clientId": client_id, "redirectUri": CALLBACK, "scope": "org:admin", "responseType": "TOKEN",
            "assignment": uuid,
        });
        let deny = "mutation ($input: DenyApplicationInput!) { denyApplication(input: $input) { location } }";
        let denied = ask(t, &bob, deny, json!({ "input": input })).await.data();
        assert_eq!(
            denied["denyApplication"]["location"],
            "https://app.test/cb?error=authorization_denied"
        );
        let given = ask(t, &bob, AUTHORIZE, json!({ "input": input }))
            .await
            .data();
        let location = given["authorizeApplication"]["location"].as_str().unwrap();
        assert!(
            location.contains("?scope=repo%3Acreate#access_token="),
            "{location}"
        );
        let decline =
            "mutation ($u: String!) { declineAssignment(input: { uuid: $u }) { declinedUuid } }";
        ask(t, &bob, decline, json!({ "u": found[1]["uuid"] }))
            .await
            .data();
        let left = ask(t, &bob, list, json!({})).await.data();
        assert_eq!(left["viewer"]["assignedAuthorizations"]["nodes"], json!([]));
    }
);

db_test!(
    async fn applications_are_searched_and_sorted_in_pages(t: TestRegistry) {
        let (ann, _, _) = owner(t).await;
        for name in ["Builder", "app", "builder"] {
            let input = json!({ "organization": "acme", "name": name, "redirectPrefix": "myapp://callback" });
            let made = ask(t, &ann, CREATE, json!({ "input": input })).await.data();
            assert_eq!(
                made["createApplication"]["application"]["redirectPrefix"],
                "myapp://callback"
            );
        }
        let list = "query ($a: String, $f: ApplicationFilter, $o: ApplicationOrder) { namespace(name: \"acme\") { \
             ... on Organization { applications(first: 1, after: $a, filter: $f, orderBy: $o) { nodes { name } \
             pageInfo { hasNextPage endCursor } } } } }";
        let walk = async |filter: Value, order: Value| {
            let (mut names, mut after) = (Vec::new(), Value::Null);
            loop {
                let variables = json!({ "a": after, "f": filter, "o": order });
                let page = ask(t, &ann, list, variables).await.data();
                let page = &page["namespace"]["applications"];
                names.push(page["nodes"][0]["name"].as_str().unwrap_or("–").to_owned());
                after = page["pageInfo"]["endCursor"].clone();
                if page["pageInfo"]["hasNextPage"] == false {
                    return names;
                }
            }
        };
        let order =
            |field: &str, direction: &str| json!({ "field": field, "direction": direction });
        for (filter, order, names) in [
            (json!(null), json!(null), "viewer Builder app builder"),
            (
                json!({}),
                order("CREATED", "DESC"),
                "builder app Builder viewer",
            ),
            (
                json!({}),
                order("NAME", "ASC"),
                "app Builder builder viewer",
            ),
            (
                json!({}),
                order("NAME", "DESC"),
                "viewer builder Builder app",
            ),
            (
                json!({ "search": "BUILD" }),
                order("NAME", "ASC"),
                "Builder builder",
            ),
            (json!({ "search": "none" }), json!(null), "–"),
        ] {
            assert_eq!(walk(filter, order).await.join(" "), names);
        }
    }
);
