//! Who can do what in a repository, and why.

use berth_e2e::browser::{Look, Page};
use berth_e2e::world::World;
use serde_json::json;

use super::teams::{new_team, put_in};
use super::{select, settled, signed_in};

/// Picks somebody to ask about.
async fn ask_about(page: &Page, name: &str, option: &str) {
    page.fill("combobox", "Ask about", name).await;
    page.find("option", option).await;
    page.press("ArrowDown").await;
    page.press("Enter").await;
    page.find("button", &format!("Remove filter Only: {name}"))
        .await;
}

pub(super) async fn who_can_do_what_is_explained(world: World) {
    let organization = world.organization().await;
    let repository = world.repository(&organization, "app", "PRIVATE").await;
    let developers = new_team(&world, &organization, "developers", "MEMBER").await;
    let (member, reader, nobody) = (world.user().await, world.user().await, world.user().await);
    put_in(&world, &developers, &member.name).await;
    world.grant(&repository, &reader, "READ").await;
    let of_team = json!([{ "team": "developers", "role": "WRITE" }]);
    let input = json!({ "repository": repository, "permissions": [], "teamPermissions": of_team });
    world
        .graphql
        .mutate("setPermissions", input, "repository { id }")
        .await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let settings = format!("{}/repository/{organization}/app?tab=settings", world.url());
    page.go(&settings).await;
    page.find("table", "Who can do what").await;
    for reason in [
        "Admin: the team owners administers the organization",
        "Write: by the team developers",
        "Read: given here directly",
        "Write: given here directly",
    ] {
        page.see(reason).await;
    }
    page.find("link", "developers (Team)").await;
    page.not_see(&nobody.name).await;
    page.accessible().await;
    page.screenshot("who-can").await;

    // One in particular, in the address, and also without a right.
    ask_about(&page, &nobody.name, &format!("{} User", nobody.name)).await;
    page.see("No right here").await;
    page.not_see("Write: by the team developers").await;
    page.url_ends_with(&format!("who=user%3A{}", nobody.name))
        .await;
    page.reload().await;
    page.see("No right here").await;
    page.accessible().await;
    page.screenshot("who-can-nothing").await;

    // A role that is given above counts here at once.
    page.fill("combobox", "User, robot or team", &nobody.name)
        .await;
    page.find("option", &format!("{} User", nobody.name)).await;
    page.press("ArrowDown").await;
    page.press("Enter").await;
    select(&page, "Permission", "Admin").await;
    page.click("button", "Add permission").await;
    page.see("Admin: given here directly").await;
    page.not_see("No right here").await;
    ask_about(&page, &member.name, &format!("{} User", member.name)).await;
    page.see("Write: by the team developers").await;
    page.click("button", &format!("Remove filter Only: {}", member.name))
        .await;
    page.see("Admin: the team owners administers the organization")
        .await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn who_is_unknown_or_waits_is_told_apart(world: World) {
    let organization = world.organization().await;
    let repository = world.repository(&organization, "app", "PUBLIC").await;
    let (writer, anybody) = (world.user().await, world.user().await);
    world.grant(&repository, &writer, "WRITE").await;
    let input = json!({ "id": repository, "state": "READ_ONLY" });
    world
        .graphql
        .mutate("changeState", input, "repository { id }")
        .await;
    let (browser, mut page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let settings = format!("{}/repository/{organization}/app?tab=settings", world.url());
    page.go(&format!("{settings}&who=user:{}", writer.name))
        .await;
    page.see("Write: given here directly").await;
    page.see("No pushes by this role now").await;
    page.see("Read: the repository is public").await;
    ask_about(&page, &anybody.name, &format!("{} User", anybody.name)).await;
    page.not_see("Write: given here directly").await;
    page.see("Read: the repository is public").await;

    page.fill("combobox", "Ask about", "nobody-of-this-name")
        .await;
    page.wait("the answer is there", async || {
        page.evaluate("[...document.querySelectorAll('button')].some(one => one.textContent === 'Explain' && !one.disabled)")
            .await
            == true
    })
    .await;
    page.press("Enter").await;
    page.see("There is no such user, robot or team.").await;
    page.accessible().await;
    page.go(&format!("{settings}&who=team:absent")).await;
    page.see("There is no such user, robot or team.").await;

    page.look_at(Look::PHONE.in_language("ja")).await;
    page.go(&format!("{settings}&who=user:{}", writer.name))
        .await;
    page.see("書き込み: ここで直接与えられています").await;
    settled(&page).await;
    page.accessible().await;
    page.screenshot("who-can").await;
    let overflow = page
        .evaluate("document.documentElement.scrollWidth - innerWidth")
        .await;
    assert!(overflow.as_f64().is_some_and(|pixels| pixels <= 0.0));
    page.close().await;
    browser.close().await;
}

/// Everybody is told of the own rights.
pub(super) async fn who_does_not_administer_is_told_of_the_own_rights(world: World) {
    let organization = world.organization().await;
    let repository = world.repository(&organization, "app", "PUBLIC").await;
    let reader = world.user().await;
    world.grant(&repository, &reader, "READ").await;
    let (browser, page) = signed_in(&world, &reader, Look::DESKTOP).await;
    page.go(&format!(
        "{}/repository/{organization}/app?tab=information",
        world.url()
    ))
    .await;
    page.click("button", "Why?").await;
    page.see("Read: given here directly").await;
    page.see("Read: the repository is public").await;
    assert_eq!(page.count("tab", "Settings").await, 0);
    page.accessible().await;
    page.screenshot("own-rights").await;
    page.click("button", "Why?").await;
    page.not_see("Read: given here directly").await;
    page.close().await;
    browser.close().await;
}
