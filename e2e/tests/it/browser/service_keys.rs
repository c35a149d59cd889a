//! Keys of services, and what superusers do with organizations.

use berth_e2e::browser::{Look, Page};
use berth_e2e::random;
use berth_e2e::world::World;
use serde_json::Value;

use super::signed_in;

/// Ids of the keys that others find for a service.
async fn published(world: &World, service: &str) -> Vec<String> {
    let url = format!("{}/keys/services/{service}/keys", world.url());
    let answer = world.http.get(url).send().await;
    let answer = answer.expect("the server answers");
    if !answer.status().is_success() {
        return Vec::new();
    }
    let keys: Value = answer.json().await.expect("the keys are JSON");
    let keys = keys["keys"].as_array().cloned().unwrap_or_default();
    keys.iter()
        .filter_map(|key| key["kid"].as_str().map(str::to_owned))
        .collect()
}

/// Chooses a line of a row's menu.
async fn choose(page: &Page, name: &str, item: &str) {
    page.click("button", &format!("Actions for {name}")).await;
    page.click("menuitem", item).await;
}

pub(super) async fn a_service_key_is_made_renamed_approved_and_deleted(world: World) {
    let service = random::name("scanner");
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.click("link", "Service keys").await;
    page.url_ends_with("/superuser/service-keys").await;
    // The registry's own are there to look at.
    page.see("Of the registry").await;
    page.click("button", "Create Service Key").await;
    page.fill("textbox", "Service", "Two Words").await;
    page.see("Use 1 to 255 lower-case letters, digits, dots, underscores and dashes.")
        .await;
    page.fill("textbox", "Service", &service).await;
    let first_name = format!("{service} first");
    page.fill("textbox", "Friendly name", &first_name).await;
    page.accessible().await;
    page.screenshot("service-key-create").await;
    page.press("Enter").await;
    let made = format!("Key of {service} was created");
    page.find("dialog", &made).await;
    page.see("-----BEGIN PRIVATE KEY-----").await;
    page.see("-----BEGIN PUBLIC KEY-----").await;
    page.accessible().await;
    page.screenshot("service-key-created").await;
    let kid = page
        .evaluate("document.querySelector('dialog .berth-command__text').textContent")
        .await;
    assert_eq!(
        published(&world, &service).await,
        [kid.as_str().unwrap_or_default()]
    );
    page.press("Escape").await;
    page.gone("dialog", &made).await;
    page.not_see("-----BEGIN PRIVATE KEY-----").await;

    choose(&page, &first_name, "Set Friendly Name").await;
    let name = format!("{service} second");
    page.fill("textbox", "Friendly name", &name).await;
    page.press("Enter").await;
    page.see("Service key changed").await;
    page.find("button", &format!("Actions for {name}")).await;

    choose(&page, &name, "Change Expiration Time").await;
    // How a date is typed depends on the system's language.
    let set = "(input => { input.value = '2099-12-31T12:00'; \
               input.dispatchEvent(new Event('input', { bubbles: true })) })(document.querySelector('#key-expires'))";
    page.find("dialog", "Change Expiration Time").await;
    page.evaluate(&set.replace("2099", "2001")).await;
    page.see("Choose a time that lies ahead.").await;
    page.evaluate(set).await;
    page.not_see("Choose a time that lies ahead.").await;
    page.accessible().await;
    page.screenshot("service-key-expiration").await;
    page.click("button", "Save").await;
    page.gone("dialog", "Change Expiration Time").await;

    choose(&page, &name, "Approve Key").await;
    page.fill("textbox", "Notes (optional)", "Known since spring")
        .await;
    page.click("button", "Approve Key").await;
    page.see("Service key approved").await;

    choose(&page, &name, "Delete").await;
    page.fill("textbox", "Type \"confirm\" to go on", "confirm")
        .await;
    page.press("Enter").await;
    page.see("Service key deleted").await;
    page.gone("button", &format!("Actions for {name}")).await;
    assert_eq!(published(&world, &service).await, Vec::<String>::new());
    page.accessible().await;
    page.screenshot("service-keys").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn who_is_no_superuser_sees_no_service_keys(world: World) {
    let user = world.user().await;
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    assert_eq!(page.count("link", "Service keys").await, 0);
    page.go(&format!("{}/superuser/service-keys", world.url()))
        .await;
    page.find("heading", "Not found, or not visible to you")
        .await;
    page.close().await;
    browser.close().await;
}

/// In a browser of its own, an organization of somebody else is renamed and taken over.
pub(super) async fn a_superuser_renames_an_organization_and_becomes_its_owner(world: World) {
    let user = world.user().await;
    let name = random::name("fleet");
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    page.go(&format!("{}/organization", world.url())).await;
    page.click("button", "Create Organization").await;
    page.fill("textbox", "Organization Name", &name).await;
    page.press("Enter").await;
    page.url_ends_with(&format!("/organization/{name}")).await;
    // Its owner administers it, and does neither.
    page.go(&format!("{}/organization?q={name}", world.url()))
        .await;
    page.click("button", &format!("Actions for {name}")).await;
    page.find("menuitem", "Delete").await;
    assert_eq!(page.count("menuitem", "Rename Organization").await, 0);
    page.close().await;
    browser.close().await;

    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/organization?q={name}", world.url()))
        .await;
    choose(&page, &name, "Rename Organization").await;
    page.find("dialog", &format!("Rename {name}")).await;
    let renamed = format!("{name}-new");
    page.fill("textbox", "Organization Name", &world.admin.name)
        .await;
    page.press("Enter").await;
    page.see("A user or organization of this name exists already.")
        .await;
    page.accessible().await;
    page.screenshot("organization-rename").await;
    page.fill("textbox", "Organization Name", &renamed).await;
    page.press("Enter").await;
    page.see(&format!("The organization is now called {renamed}"))
        .await;

    choose(&page, &renamed, "Take Ownership").await;
    page.find("dialog", &format!("Take ownership of {renamed}?"))
        .await;
    page.accessible().await;
    page.screenshot("organization-take").await;
    page.click("button", "Take Ownership").await;
    page.see(&format!("You are now an owner of {renamed}"))
        .await;
    page.go(&format!("{}/organization/{renamed}", world.url()))
        .await;
    page.find("tab", "Settings").await;
    page.find("button", "Create Repository").await;
    page.close().await;
    browser.close().await;
}

/// Whoever administers nothing of it deletes it all the same, told what goes.
pub(super) async fn a_superuser_deletes_an_organization_of_somebody_else(world: World) {
    let user = world.user().await;
    let name = random::name("fleet");
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    page.go(&format!("{}/organization", world.url())).await;
    // Whose a namespace is goes without saying where there are organizations alone.
    page.click("button", "Create Organization").await;
    assert_eq!(page.count("combobox", "Kind").await, 0);
    page.fill("textbox", "Organization Name", &name).await;
    page.press("Enter").await;
    page.url_ends_with(&format!("/organization/{name}")).await;
    page.click("button", "Create Repository").await;
    page.fill("textbox", "Repository Name", "app").await;
    page.click("button", "Create").await;
    page.url_ends_with(&format!("/repository/{name}/app")).await;
    page.close().await;
    browser.close().await;

    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/organization?q={name}", world.url()))
        .await;
    choose(&page, &name, "Delete").await;
    page.find("dialog", "Delete 1 organization?").await;
    // The superuser does not see the repository, and is told of it.
    page.see("What goes: 1 repository with all tags, 0 robot accounts, all teams; 0 B in all.")
        .await;
    page.accessible().await;
    page.screenshot("organization-delete-superuser").await;
    page.fill("textbox", "Type \"confirm\" to go on", "confirm")
        .await;
    page.press("Enter").await;
    page.see("1 organization deleted").await;
    page.see("Nothing found").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn superusers_find_namespaces_of_users_among_the_organizations(world: World) {
    let user = world.user().await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let address = format!("{}/organization?q={}", world.url(), user.name);
    page.go(&address).await;
    page.find("link", &user.name).await;
    page.find("columnheader", "Kind").await;
    // A user is deleted elsewhere, and so is no choice of this list.
    let chosen = format!("Select {}", user.name);
    assert_eq!(page.count("checkbox", &chosen).await, 0);
    page.accessible().await;
    page.screenshot("namespaces").await;
    page.go(&format!("{address}&kind=organization")).await;
    page.see("Nothing found").await;
    page.click("button", "Remove filter Kind: Organizations")
        .await;
    page.url_ends_with(&format!("?q={}", user.name)).await;
    choose(&page, &user.name, "Manage User").await;
    page.url_ends_with(&format!("/superuser/users?q={}", user.name))
        .await;
    page.find("heading", "Users").await;
    page.find("link", &user.name).await;
    page.close().await;
    browser.close().await;

    let (browser, page) = signed_in(&world, &world.admin, Look::PHONE).await;
    page.go(&address).await;
    page.find("link", &user.name).await;
    page.accessible().await;
    page.screenshot("namespaces").await;
    page.close().await;
    browser.close().await;
}
