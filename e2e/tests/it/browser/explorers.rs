//! The explorers of both APIs, with the viewer's own rights.

use berth_e2e::browser::Look;
use berth_e2e::world::World;

use super::signed_in;

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
