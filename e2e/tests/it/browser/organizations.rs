//! Settings of organizations and of the own namespace, and the end of organizations.

use berth_e2e::browser::{Look, Page};
use berth_e2e::world::World;

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
    assert_eq!(page.count("combobox", "Time Machine").await, 0);
    page.close().await;
    browser.close().await;
}
