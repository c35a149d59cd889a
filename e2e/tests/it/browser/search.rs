//! Search over everything, on its page and by the palette.

use berth_e2e::browser::Look;
use berth_e2e::world::World;
use serde_json::json;

use super::flows::{PALETTE, focused};
use super::teams::new_team;
use super::{select, settled, signed_in};

pub(super) async fn everything_is_found_by_kind_and_over_pages(world: World) {
    let organization = world.organization().await;
    for number in 10..32 {
        let name = format!("{organization}-{number}");
        world.repository(&organization, &name, "PRIVATE").await;
    }
    let team = format!("{organization}-team");
    new_team(&world, &organization, &team, "MEMBER").await;
    let robot = json!({ "namespace": organization, "shortName": format!("ci.{organization}"), "description": "Builds" });
    world
        .graphql
        .mutate("createRobot", robot, "robot { id }")
        .await;
    let (browser, mut page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/search", world.url())).await;
    page.see("Search in everything that you may see").await;
    page.accessible().await;
    page.fill("searchbox", "Search everything", &organization)
        .await;
    page.url_ends_with(&format!("/search?q={organization}"))
        .await;
    page.find("table", "Found").await;
    page.see("1–20").await;
    // What is called so comes first.
    let first = "document.querySelector('tbody tr td a').textContent";
    assert_eq!(page.evaluate(first).await, organization.as_str());
    page.accessible().await;
    page.screenshot("search").await;
    page.click("button", "Next page").await;
    page.see("21–25").await;
    page.see(&team).await;
    page.see(&format!("{organization}+ci.{organization}")).await;
    page.reload().await;
    page.see("21–25").await;

    // One kind alone, from the first page on, in the address.
    select(&page, "Kind", "Teams").await;
    page.see("1–1").await;
    page.url_ends_with(&format!("/search?q={organization}&kind=team"))
        .await;
    page.reload().await;
    page.find("button", "Remove filter Kind: Teams").await;
    page.see(&team).await;
    page.not_see("21–25").await;
    page.accessible().await;
    page.evaluate("document.querySelector('tbody tr td a').click()")
        .await;
    page.url_ends_with(&format!(
        "/organization/{organization}/teams/{team}?tab=members"
    ))
    .await;

    // A robot stands where its namespace lists it.
    page.go(&format!(
        "{}/search?q={organization}&kind=robot",
        world.url()
    ))
    .await;
    page.see("Builds").await;
    page.evaluate("document.querySelector('tbody tr td a').click()")
        .await;
    page.find("heading", &organization).await;
    page.find("button", &format!("{organization}+ci.{organization}"))
        .await;

    for look in [Look::PHONE, Look::PHONE.dark().in_language("ja")] {
        page.look_at(look).await;
        page.go(&format!("{}/search?q={organization}", world.url()))
            .await;
        page.see(&organization).await;
        settled(&page).await;
        page.accessible().await;
        page.screenshot("search").await;
        let overflow = page
            .evaluate("document.documentElement.scrollWidth - innerWidth")
            .await;
        assert!(overflow.as_f64().is_some_and(|pixels| pixels <= 0.0));
    }
    page.close().await;
    browser.close().await;
}

pub(super) async fn the_palette_leads_on_to_all_that_was_found(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "shop", "PRIVATE").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    settled(&page).await;
    page.press_with_control("k").await;
    focused(&page, PALETTE).await;
    page.type_text(&organization).await;
    page.find("option", &format!("{organization} Organization"))
        .await;
    // Upwards from the first comes the last.
    page.press("ArrowUp").await;
    page.press("Enter").await;
    page.url_ends_with(&format!("/search?q={organization}"))
        .await;
    page.find("heading", "Search").await;
    page.see("1–1").await;
    page.close().await;
    browser.close().await;

    // What is hidden is not found, and nothing says that it is there.
    let stranger = world.user().await;
    let (browser, page) = signed_in(&world, &stranger, Look::DESKTOP).await;
    page.go(&format!("{}/search?q={organization}", world.url()))
        .await;
    page.see("Nothing found").await;
    page.accessible().await;
    page.click("button", "Clear all filters").await;
    page.see("Search in everything that you may see").await;
    page.press_with_control("k").await;
    focused(&page, PALETTE).await;
    page.type_text(&organization).await;
    page.see("Nothing found").await;
    assert_eq!(page.count("option", "Show everything found Page").await, 0);
    page.close().await;
    browser.close().await;
}
