//! Settings of organizations and of the own namespace, and the end of organizations.

use berth_e2e::browser::{Look, Page};
use berth_e2e::world::World;
use serde_json::json;

use super::signed_in;

/// The time that the drop-down shows.
async fn time_machine(page: &Page) -> String {
    page.find("combobox", "Time Machine").await;
    let shown = "document.querySelector('[aria-label=\"Time Machine\"]').selectedOptions[0].text";
    let shown = page.evaluate(shown).await;
    shown.as_str().unwrap_or_default().to_owned()
}

/// Moves the drop-down by a key and saves, by keyboard alone.
async fn choose_time(page: &Page, key: &str, expected: &str) {
    page.evaluate("document.querySelector('[aria-label=\"Time Machine\"]').focus()")
        .await;
    page.press(key).await;
    page.wait("the drop-down shows the new time", async || {
        time_machine(page).await == expected
    })
    .await;
    page.press("Tab").await;
    page.press("Enter").await;
    page.see("Time Machine saved").await;
    page.reload().await;
    assert_eq!(time_machine(page).await, expected);
}

pub(super) async fn time_machine_is_chosen_and_shown_again(world: World) {
    let organization = world.organization().await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/organization/{organization}", world.url()))
        .await;
    page.click("tab", "Settings").await;
    page.url_ends_with("tab=Settings").await;
    assert_eq!(time_machine(&page).await, "14 days");
    choose_time(&page, "ArrowUp", "7 days").await;
    page.close().await;
    browser.close().await;

    let user = world.user().await;
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    page.go(&format!("{}/user/{}?tab=Settings", world.url(), user.name))
        .await;
    assert_eq!(time_machine(&page).await, "14 days");
    choose_time(&page, "ArrowDown", "A month").await;
    page.find("button", "Change password").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn organization_goes_after_its_name_is_typed(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "app", "PRIVATE").await;
    world.robot(&organization).await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let address = format!("{}/organization/{organization}", world.url());
    page.go(&format!("{address}?tab=Settings")).await;
    page.click("button", "Delete organization").await;
    page.find("dialog", "Delete 1 organization?").await;
    page.see("What goes: 1 repository with all tags, 1 robot account, all teams; 0 B in all.")
        .await;
    page.accessible().await;
    page.screenshot("organization-delete").await;
    let word = format!("Type \"{organization}\" to go on");
    page.fill("textbox", &word, "confirm").await;
    page.press("Enter").await;
    assert_eq!(page.count("dialog", "Delete 1 organization?").await, 1);
    page.fill("textbox", &word, &organization).await;
    page.press("Enter").await;
    page.see("1 organization deleted").await;
    page.url_ends_with("/organization").await;
    page.fill("searchbox", "Search organizations", &organization)
        .await;
    page.see("Nothing found").await;
    page.go(&address).await;
    page.find("heading", "Not found, or not visible to you")
        .await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn organizations_of_a_list_go_after_confirm(world: World) {
    // Only its name is needed, which no other organization begins with.
    let fleet = world.organization().await;
    for name in ["first", "second", "third"] {
        let input = json!({ "name": format!("{fleet}-{name}") });
        world
            .graphql
            .mutate("createOrganization", input, "organization { id }")
            .await;
    }
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/organization?q={fleet}-", world.url()))
        .await;
    for name in ["first", "third"] {
        page.click("checkbox", &format!("Select {fleet}-{name}"))
            .await;
    }
    page.see("2 selected").await;
    page.click("button", "More Actions").await;
    page.click("menuitem", "Delete").await;
    page.find("dialog", "Delete 2 organizations?").await;
    page.fill("textbox", "Type \"confirm\" to go on", "confirm")
        .await;
    page.press("Enter").await;
    page.see("2 organizations deleted").await;
    page.gone("link", &format!("{fleet}-first")).await;
    page.find("link", &format!("{fleet}-second")).await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn who_does_not_administer_finds_no_settings(world: World) {
    let organization = world.organization().await;
    let id = world.repository(&organization, "app", "PRIVATE").await;
    let reader = world.user().await;
    world.grant(&id, &reader, "READ").await;
    let (browser, page) = signed_in(&world, &reader, Look::DESKTOP).await;
    page.go(&format!(
        "{}/organization/{organization}?tab=Settings",
        world.url()
    ))
    .await;
    // The address opens the first tab that there is.
    page.find("link", "app").await;
    assert_eq!(page.count("tab", "Settings").await, 0);
    for (role, name) in [
        ("combobox", "Time Machine"),
        ("button", "Delete organization"),
    ] {
        assert_eq!(page.count(role, name).await, 0);
    }
    page.close().await;
    browser.close().await;
}
