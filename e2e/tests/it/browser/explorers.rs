//! The explorers of both APIs, with the viewer's own rights.

use std::time::Duration;

use berth_e2e::browser::Look;
use berth_e2e::deployment::Deployment;
use berth_e2e::world::World;

use super::signed_in;

pub(super) async fn rest_runs_in_the_browser_as_the_viewer(world: World) {
    let organization = format!("{}-rest", world.organization().await);
    let (browser, mut page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.click("button", "Help").await;
    page.click("menuitem", "API explorer").await;
    page.find("heading", "API explorer").await;
    page.accessible().await;
    page.screenshot("api-explorer").await;

    page.fill("searchbox", "Search operations", "post organization/")
        .await;
    page.gone("link", "/api/v1/discovery").await;
    page.click("link", "/api/v1/organization/").await;
    page.find("heading", "POST /api/v1/organization/").await;
    page.see("This runs as admin and may change the registry.")
        .await;
    page.fill(
        "textbox",
        "Body",
        &format!("{{\"name\": \"{organization}\"}}"),
    )
    .await;
    page.click("button", "Run").await;
    page.see("201 in ").await;

    page.go(&format!(
        "{}/api-explorer?operation=getOrganization",
        world.url()
    ))
    .await;
    page.click("button", "Run").await;
    page.see("This is needed.").await;
    page.fill("textbox", "orgname", &organization).await;
    page.see(&format!("/api/v1/organization/{organization}'"))
        .await;
    page.click("button", "Run").await;
    page.see("200 in ").await;
    page.see("\"is_admin\": true").await;
    for look in [Look::DESKTOP, Look::PHONE.dark().in_language("ja")] {
        page.look_at(look).await;
        page.accessible().await;
        page.screenshot("api-explorer-operation").await;
    }
    page.close().await;
    browser.close().await;

    // Who is not signed in is told so, and what is refused is shown as it came.
    let browser = berth_e2e::browser::Browser::start().await;
    let address = format!("{}/api-explorer?operation=getOrganization", world.url());
    let page = browser.open(&address, Look::DESKTOP).await;
    page.see("You are not signed in").await;
    page.fill("textbox", "orgname", "nobody-has-this-name")
        .await;
    page.click("button", "Run").await;
    page.see(" in ").await;
    page.see("\"error_type\":").await;
    page.complaints().forgive("/api/v1/organization/");
    page.close().await;
    browser.close().await;
}

/// A login that is older than the registry of [`what_wants_the_password_asks_for_it_and_goes_on`] lets pass.
const OLD: Duration = Duration::from_secs(6);

pub(super) async fn what_wants_the_password_asks_for_it_and_goes_on(world: World) {
    let keys = [("FRESH_LOGIN_TIMEOUT", "5s")];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let organization = world.organization().await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!(
        "{}/api-explorer?operation=deleteAdminedOrganization",
        world.url()
    ))
    .await;
    page.see("Wants a password that was given in the last minutes.")
        .await;
    page.fill("textbox", "orgname", &organization).await;
    tokio::time::sleep(OLD).await;

    page.click("button", "Run").await;
    page.find("dialog", "Confirm that it is you").await;
    page.press("Escape").await;
    page.gone("dialog", "Confirm that it is you").await;
    // Who does not give it sees what the registry said.
    page.see("401 in ").await;
    page.see("fresh_login_required").await;

    page.click("button", "Run").await;
    page.find("dialog", "Confirm that it is you").await;
    page.fill("textbox", "Password", &world.admin.password)
        .await;
    page.press("Enter").await;
    page.see("204 in ").await;
    page.complaints()
        .forgive(&format!("/api/v1/organization/{organization}"));

    // The same by GraphQL, whose refusal comes in an answer of its own shape.
    page.go(&format!("{}/graphiql", world.url())).await;
    page.fill("textbox", "Document", MAKE_TOKEN).await;
    tokio::time::sleep(OLD).await;
    page.click("button", "Run").await;
    page.find("dialog", "Confirm that it is you").await;
    page.press("Escape").await;
    page.gone("dialog", "Confirm that it is you").await;
    page.see("FRESH_LOGIN_REQUIRED").await;

    page.click("button", "Run").await;
    page.find("dialog", "Confirm that it is you").await;
    page.fill("textbox", "Password", &world.admin.password)
        .await;
    page.press("Enter").await;
    page.gone("dialog", "Confirm that it is you").await;
    page.see("\"title\": \"by hand\"").await;
    page.close().await;
    browser.close().await;
}

/// What only a fresh login may do, as somebody writes it by hand.
const MAKE_TOKEN: &str =
    "mutation { createAppToken(input: { title: \"by hand\" }) { appToken { title } } }";

pub(super) async fn graphql_runs_in_the_browser_as_the_viewer(world: World) {
    let organization = world.organization().await;
    let (browser, mut page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.click("button", "Help").await;
    page.click("menuitem", "GraphQL explorer").await;
    page.find("heading", "GraphQL explorer").await;
    page.click("button", "Run").await;
    page.see("200 in ").await;
    page.see("\"name\": \"admin\"").await;

    page.fill("searchbox", "Search operations", "namespace")
        .await;
    page.click("button", "namespace").await;
    page.fill("textbox", "Variables", "[]").await;
    page.click("button", "Run").await;
    page.see("Variables are a JSON object, or nothing.").await;
    page.fill(
        "textbox",
        "Variables",
        &format!("{{\"name\": \"{organization}\"}}"),
    )
    .await;
    page.click("textbox", "Document").await;
    page.press_with_control("Enter").await;
    page.see(&format!("\"name\": \"{organization}\"")).await;
    for look in [
        Look::DESKTOP,
        Look::DESKTOP.dark(),
        Look::PHONE,
        Look::PHONE.dark().in_language("ja"),
    ] {
        page.look_at(look).await;
        page.accessible().await;
        page.screenshot("graphql-explorer").await;
    }
    page.close().await;
    browser.close().await;
}
