//! Tokens that were assigned and wait for an answer.

use berth_e2e::browser::Look;
use berth_e2e::world::World;
use serde_json::json;

use super::oauth::{assign, choose};
use super::signed_in;

pub(super) async fn an_assignment_is_seen_and_taken_back_before_it_is_answered(world: World) {
    let organization = world.organization().await;
    let input = json!({ "organization": organization, "name": "Builder" });
    let made = world
        .graphql
        .mutate("createApplication", input, "application { clientId }")
        .await;
    let client_id = made["application"]["clientId"].as_str().unwrap_or_default();
    let user = world.user().await;
    let (admin_browser, admin) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let list = format!(
        "{}/organization/{organization}?tab=OAuthApplications",
        world.url()
    );
    admin.go(&list).await;
    assign(&admin, &organization, &user).await;
    let (browser, page) = signed_in(&world, &user, Look::PHONE).await;
    page.find("button", "Notifications, 1 unread").await;

    admin.go(&format!("{list}&application={client_id}")).await;
    admin.find("table", "Waiting for an answer").await;
    admin.see(&user.name).await;
    admin.see("Create Repositories").await;
    admin.accessible().await;
    admin.screenshot("assignments-pending").await;
    choose(&admin, &user.name, "Take Back").await;
    admin
        .find(
            "dialog",
            &format!("Take back what {} is asked for?", user.name),
        )
        .await;
    admin.accessible().await;
    admin.click("button", "Take Back").await;
    admin.see("Assignment taken back").await;
    admin.gone("table", "Waiting for an answer").await;
    admin.close().await;
    admin_browser.close().await;

    page.go(&format!(
        "{}/user/{}?tab=ExternalLoginsAndApplications",
        world.url(),
        user.name
    ))
    .await;
    page.see("No authorized applications").await;
    page.find("button", "Notifications").await;
    assert_eq!(page.count("table", "Assigned Authorizations").await, 0);
    page.close().await;
    browser.close().await;
}

pub(super) async fn assignments_that_wait_go_on_over_pages(world: World) {
    let organization = world.organization().await;
    let input = json!({ "organization": organization, "name": "Builder" });
    let made = world
        .graphql
        .mutate("createApplication", input, "application { clientId }")
        .await;
    let client_id = made["application"]["clientId"].as_str().unwrap_or_default();
    let user = world.user().await;
    let (admin_browser, admin) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    // No token assigns another one, so it is the session that asks, one more often than fits on a page.
    let asked = json!({
        "clientId": client_id,
        "username": user.name,
        "scope": "repo:create",
        "redirectUri": format!("{}/oauth/localapp", world.url()),
        "responseType": "TOKEN",
    });
    let query = "mutation($input: AssignTokenInput!) { assignToken(input: $input) { assignment { uuid } } }";
    let body = json!({ "query": query, "variables": { "input": asked } }).to_string();
    let script = format!(
        "(async () => {{
            const csrf = document.cookie.match(/berth_csrf=([^;]*)/)[1];
            const headers = {{ 'Content-Type': 'application/json', 'X-CSRF-Token': csrf }};
            let made = 0;
            for (let turn = 0; turn < 21; turn++) {{
                const answer = await fetch('/graphql', {{ method: 'POST', headers, body: {} }});
                made += (await answer.json()).errors ? 0 : 1;
            }}
            return made;
        }})()",
        json!(body)
    );
    assert_eq!(admin.evaluate(&script).await, 21);

    let list = format!(
        "{}/organization/{organization}?tab=OAuthApplications&application={client_id}",
        world.url()
    );
    admin.go(&list).await;
    admin.find("table", "Waiting for an answer").await;
    admin.see("1–20").await;
    admin.click("button", "Next page").await;
    admin.see("21–21").await;
    assert!(admin.url().await.contains("&pending="));
    // With its last row a page goes.
    choose(&admin, &user.name, "Take Back").await;
    admin.click("button", "Take Back").await;
    admin.see("Assignment taken back").await;
    admin.see("1–20").await;
    assert!(!admin.url().await.contains("&pending="));
    admin.close().await;
    admin_browser.close().await;

    let (browser, page) = signed_in(&world, &user, Look::PHONE).await;
    let own = format!(
        "{}/user/{}?tab=ExternalLoginsAndApplications",
        world.url(),
        user.name
    );
    page.go(&own).await;
    page.find("table", "Assigned Authorizations").await;
    page.see("1–20").await;
    page.close().await;
    browser.close().await;
}
