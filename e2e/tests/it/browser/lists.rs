//! What every list can do: columns, density, copies, choice of everything, and what can be undone.

use berth_e2e::browser::{Look, Page};
use berth_e2e::world::World;
use serde_json::{Value, json};

use super::teams::new_team;
use super::{chosen, select, settled, signed_in};

const CONFIRM: &str = "Type \"confirm\" to go on";

async fn choose(page: &Page, button: &str, role: &str, item: &str) {
    page.click("button", button).await;
    page.click(role, item).await;
}

/// The clipboard, once it holds this.
async fn copied(page: &Page, item: &str, mark: &str) -> String {
    choose(page, "Copy rows", "menuitem", item).await;
    page.wait("the copy is made", async || {
        page.clipboard().await.contains(mark)
    })
    .await;
    page.clipboard().await
}

pub(super) async fn columns_and_density_are_remembered_and_rows_copied(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "app", "PUBLIC").await;
    let client = world.client(&world.admin);
    let layout = client.image_layout(5, 3000);
    client
        .push(&layout, &format!("{organization}/app"), "1.0")
        .await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    browser.allow_clipboard().await;
    page.go(&format!("{}/organization/{organization}", world.url()))
        .await;
    page.find("columnheader", "Size").await;
    choose(&page, "Columns and density", "menuitemcheckbox", "Size").await;
    page.gone("columnheader", "Size").await;
    choose(&page, "Columns and density", "menuitemradio", "Compact").await;
    page.reload().await;
    page.find("columnheader", "Visibility").await;
    page.gone("columnheader", "Size").await;
    let compact = "document.querySelector('table').classList.contains('pf-m-compact')";
    assert_eq!(page.evaluate(compact).await, true);
    page.accessible().await;

    // Copies hold what is hidden too, and raw values.
    let csv = copied(&page, "Copy as CSV", "sizeBytes").await;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "name,visibility,sizeBytes,tags,pushed,pulls,starred"
    );
    assert!(
        lines[1].starts_with(&format!("{organization}/app,public,")),
        "{csv}"
    );
    let text = copied(&page, "Copy as JSON", "[").await;
    let rows: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(rows[0]["tags"], 1);
    assert!(
        rows[0]["sizeBytes"]
            .as_u64()
            .is_some_and(|bytes| bytes > 3000),
        "{text}"
    );
    let operation = copied(&page, "Copy as GraphQL", "query").await;
    let (document, variables) = operation.split_once("# Variables:").expect("both parts");
    let variables: String = variables
        .lines()
        .map(|line| line.trim_start_matches("# "))
        .collect();
    let variables: Value = serde_json::from_str(&variables).expect("they are JSON");
    let data = world.graphql.data(document, variables).await;
    assert_eq!(data["repositories"]["nodes"][0]["name"], "app");

    // An instant in full for the keyboard too.
    page.evaluate("document.querySelector('tbody time').focus()")
        .await;
    let tip = "getComputedStyle(document.activeElement, '::after').content";
    page.press("Tab").await;
    page.press_shifted("Tab").await;
    page.wait("the instant is shown in full", async || {
        let tip = page.evaluate(tip).await;
        tip.as_str()
            .is_some_and(|tip| tip.contains("UTC") || tip.contains("Z)"))
    })
    .await;
    page.screenshot("list-compact").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn all_that_match_are_changed_at_once_and_put_back_as_they_were(world: World) {
    let organization = world.organization().await;
    for n in 0..24 {
        let visibility = if n == 7 { "PUBLIC" } else { "PRIVATE" };
        world
            .repository(&organization, &format!("web-{n:02}"), visibility)
            .await;
    }
    world.repository(&organization, "other", "PRIVATE").await;
    let public = async || {
        let query = "query($n: String!) { repositories(first: 100, filter: { namespace: $n, visibility: PUBLIC }) { nodes { name } } }";
        let data = world
            .graphql
            .data(query, json!({ "n": organization }))
            .await;
        let nodes = data["repositories"]["nodes"].as_array().cloned();
        nodes.unwrap_or_default().len()
    };
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!(
        "{}/organization/{organization}?q=web-",
        world.url()
    ))
    .await;
    page.click("checkbox", "Select all rows on this page").await;
    page.see("20 selected").await;
    page.click("button", "Select all 24").await;
    page.see("24 selected").await;
    page.screenshot("all-selected").await;
    page.accessible().await;
    choose(&page, "Actions", "menuitem", "Make Public").await;
    page.see("23 repositories: now public").await;
    assert_eq!(public().await, 24);
    page.click("button", "Undo").await;
    page.see("23 repositories: now private").await;
    assert_eq!(public().await, 1, "the one that was public before stays so");

    // Another search is another choice.
    page.click("checkbox", "Select all rows on this page").await;
    page.click("button", "Select all 24").await;
    page.fill("searchbox", "Search repositories", "other").await;
    page.find("link", "other").await;
    page.not_see("24 selected").await;
    page.fill("searchbox", "Search repositories", "web-").await;
    page.see("1–20 of 24").await;
    page.click("checkbox", "Select all rows on this page").await;
    page.click("button", "Select all 24").await;
    choose(&page, "Actions", "menuitem", "Delete").await;
    page.find("dialog", "Delete 24 repositories?").await;
    page.fill("textbox", CONFIRM, "confirm").await;
    page.click("button", "Delete").await;
    page.see("24 repositories deleted").await;
    page.click("button", "Clear search").await;
    page.find("link", "other").await;
    page.see("1–1 of 1").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn deleted_tags_and_taken_roles_come_back_by_undo(world: World) {
    let organization = world.organization().await;
    let id = world.repository(&organization, "app", "PRIVATE").await;
    let reader = world.user().await;
    world.grant(&id, &reader, "READ").await;
    let client = world.client(&world.admin);
    let repository = format!("{organization}/app");
    for (seed, tag) in [(31, "1.0"), (32, "2.0")] {
        let layout = client.image_layout(seed, 1000);
        client.push(&layout, &repository, tag).await;
    }
    let digest = client.digest(&repository, ":1.0").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/repository/{repository}", world.url()))
        .await;
    page.click("checkbox", "Select all rows on this page").await;
    page.click("button", "Delete").await;
    page.find("dialog", "Delete 2 tags?").await;
    page.fill("textbox", CONFIRM, "confirm").await;
    page.press("Enter").await;
    page.see("2 tags deleted").await;
    page.see("No tags yet").await;
    page.click("button", "Undo").await;
    page.see("2 tags restored").await;
    page.find("link", "1.0").await;
    assert_eq!(client.digest(&repository, ":1.0").await, digest);

    page.click("tab", "Settings").await;
    let remove = format!("Remove permission of {}", reader.name);
    page.click("button", &remove).await;
    page.see(&format!("Permission of {} removed", reader.name))
        .await;
    page.gone("button", &remove).await;
    // The other message has a button of that name too.
    page.evaluate(
        "[...document.querySelectorAll('.pf-v6-c-alert')].find((one) => one.textContent.includes('removed')).querySelector('.pf-m-link').click()",
    )
    .await;
    page.see(&format!("Permission of {} saved", reader.name))
        .await;
    page.find("button", &remove).await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn users_robots_and_teams_get_roles_in_one_table(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "app", "PRIVATE").await;
    new_team(&world, &organization, "developers", "MEMBER").await;
    let user = world.user().await;
    let robot = world.robot(&organization).await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!(
        "{}/repository/{organization}/app?tab=settings",
        world.url()
    ))
    .await;
    page.see("Nobody has a role of their own here.").await;
    for (name, kind, role) in [
        (user.name.as_str(), "User", "Write"),
        (robot.name.as_str(), "Robot", "Read"),
        ("developers", "Team", "Admin"),
    ] {
        page.fill("combobox", "User, robot or team", name).await;
        page.find("option", &format!("{name} {kind}")).await;
        page.accessible().await;
        page.press("ArrowDown").await;
        page.press("Enter").await;
        select(&page, "Permission", role).await;
        page.click("button", "Add permission").await;
        page.see(&format!("Permission of {name} saved")).await;
        assert_eq!(
            chosen(&page, &format!("Permission of {name}")).await,
            role,
            "{name}"
        );
    }
    page.find("link", "developers").await;
    page.accessible().await;
    page.screenshot("permissions").await;
    select(&page, "Permission of developers", "Read").await;
    // A page that is left takes what it has not sent yet along.
    page.wait("the role is given", async || {
        let query = "query($n: String!) { repository(namespace: $n, name: \"app\") { teamPermissions { role } } }";
        let data = world.graphql.data(query, json!({ "n": organization }));
        data.await["repository"]["teamPermissions"][0]["role"] == "READ"
    })
    .await;
    page.reload().await;
    assert_eq!(chosen(&page, "Permission of developers").await, "Read");
    page.fill("combobox", "User, robot or team", "nobody-of-this-name")
        .await;
    page.wait("the answer is there", async || {
        page.evaluate("[...document.querySelectorAll('button')].some(one => one.textContent === 'Add permission' && !one.disabled)")
            .await
            == true
    })
    .await;
    page.click("button", "Add permission").await;
    page.see("There is no such user, robot or team.").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn what_was_typed_is_not_lost_without_a_question(world: World) {
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    settled(&page).await;
    // The browser asks exactly when the page calls the event off.
    let leaves = "window.dispatchEvent(new Event('beforeunload', { cancelable: true }))";
    assert_eq!(page.evaluate(leaves).await, true);
    page.click("button", "Create Repository").await;
    page.find("dialog", "Create Repository").await;
    assert_eq!(page.evaluate(leaves).await, true, "nothing was typed yet");
    page.fill("textbox", "Repository Name", "half").await;
    assert_eq!(page.evaluate(leaves).await, false);
    page.press("Escape").await;
    page.gone("dialog", "Create Repository").await;
    assert_eq!(page.evaluate(leaves).await, true, "it was given up");
    page.close().await;
    browser.close().await;
}

pub(super) async fn filters_show_as_chips_and_go_together(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "app", "PRIVATE").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!(
        "{}/organization/{organization}?visibility=public",
        world.url()
    ))
    .await;
    page.see("Nothing found").await;
    page.accessible().await;
    page.click("button", "Remove filter Visibility: Public")
        .await;
    page.find("link", "app").await;
    page.go(&format!(
        "{}/organization/{organization}?visibility=public&q=ap",
        world.url()
    ))
    .await;
    page.see("Nothing found").await;
    page.evaluate("[...document.querySelectorAll('button')].filter((one) => one.textContent === 'Clear all filters').at(-1).click()")
        .await;
    page.find("link", "app").await;
    page.url_ends_with(&format!("/organization/{organization}"))
        .await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn silence_of_the_registry_shows_and_ends_by_itself(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "app", "PRIVATE").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/organization/{organization}", world.url()))
        .await;
    page.find("link", "app").await;
    page.evaluate("(() => { window.answered = window.fetch; window.fetch = () => Promise.reject(new TypeError('down')); })()")
        .await;
    page.click("button", "Name").await;
    page.see("The registry does not answer.").await;
    page.find("button", "Retry").await;
    page.evaluate("(() => { window.fetch = window.answered; })()")
        .await;
    page.not_see("The registry does not answer.").await;
    page.click("button", "Retry").await;
    page.find("link", "app").await;
    page.close().await;
    browser.close().await;
}
