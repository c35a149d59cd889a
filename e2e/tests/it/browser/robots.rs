//! Robot accounts: made in steps, given roles in many repositories at once.

use berth_e2e::browser::{Look, Page};
use berth_e2e::deployment::Deployment;
use berth_e2e::world::World;
use serde_json::{Value, json};

use super::teams::new_team;
use super::{chosen, select, signed_in};

const NAME: &str = "Provide a name for your robot account";

fn tab(world: &World, namespace: &str) -> String {
    format!("{}/{namespace}?tab=Robotaccounts", world.url())
}

/// Roles of an account in the repositories of an organization, by their names.
async fn roles(world: &World, organization: &str, account: &str) -> Value {
    let query = "query($name: String!) { namespace(name: $name) { repositories(first: 50) {
        nodes { name permissions { account role } }
    } } }";
    let data = world.graphql.data(query, json!({ "name": organization }));
    let data = data.await;
    let repositories = data["namespace"]["repositories"]["nodes"].as_array();
    let found = repositories.into_iter().flatten().filter_map(|repository| {
        let permissions = repository["permissions"].as_array()?;
        let own = permissions.iter().find(|one| one["account"] == account)?;
        Some(json!([repository["name"], own["role"]]))
    });
    found.collect()
}

pub(super) async fn a_robot_is_made_in_five_steps(world: World) {
    let organization = world.organization().await;
    for name in ["api", "web"] {
        world.repository(&organization, name, "PRIVATE").await;
    }
    new_team(&world, &organization, "developers", "MEMBER").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&tab(&world, &format!("organization/{organization}")))
        .await;
    page.click("button", "Create robot account").await;
    page.find("dialog", "Create robot account").await;
    page.fill("textbox", NAME, "Deploy").await;
    page.see("Use 2 to 255 lower-case letters and digits").await;
    page.accessible().await;
    page.fill("textbox", NAME, "deployer").await;
    page.fill("textbox", "Description (optional)", "Puts it into use")
        .await;
    page.screenshot("robot-wizard-name").await;
    page.click("button", "Next").await;
    page.find("heading", "Add to team").await;
    page.fill("combobox", "Team", "dev").await;
    page.find("option", "developers Team").await;
    page.accessible().await;
    page.screenshot("robot-wizard-teams").await;
    page.press("ArrowDown").await;
    page.press("Enter").await;
    page.find("button", "Take developers out").await;
    page.click("button", "Next").await;
    page.find("heading", "Add to repository").await;
    select(&page, "Permission in web", "Write").await;
    page.accessible().await;
    page.screenshot("robot-wizard-repositories").await;
    page.click("button", "Next").await;
    page.find("heading", "Default permissions").await;
    page.click("radio", "Read").await;
    page.accessible().await;
    page.screenshot("robot-wizard-defaults").await;
    page.click("button", "Next").await;
    page.find("heading", "Review and finish").await;
    let robot = format!("{organization}+deployer");
    page.see(&robot).await;
    page.see(&format!("{organization}/web: Write")).await;
    page.accessible().await;
    page.screenshot("robot-wizard-review").await;
    page.click("button", "Review and finish").await;
    page.see(&format!(
        "Successfully created robot account with robot name: {robot}"
    ))
    .await;
    page.find("dialog", &format!("Credentials of {robot}"))
        .await;
    page.press("Escape").await;
    assert_eq!(
        roles(&world, &organization, &robot).await,
        json!([["web", "WRITE"]])
    );
    let query = "query($name: String!) { namespace(name: $name) { ... on Organization {
        team(name: \"developers\") { members(first: 5) { nodes { account } } }
        defaultPermissions(first: 5) { nodes { role account { account } } }
    } } }";
    let made = world
        .graphql
        .data(query, json!({ "name": organization }))
        .await;
    assert_eq!(
        made["namespace"],
        json!({
            "team": { "members": { "nodes": [{ "account": robot }] } },
            "defaultPermissions": { "nodes": [{ "role": "READ", "account": { "account": robot } }] },
        })
    );

    // A name that is taken is told, and nothing that was typed is lost.
    page.click("button", "Create robot account").await;
    page.fill("textbox", NAME, "deployer").await;
    page.click("button", "Review and finish").await;
    page.find("heading", "Review and finish").await;
    page.click("button", "Review and finish").await;
    page.see("Error creating robot account").await;
    page.see("A robot account of this name exists already.")
        .await;
    page.accessible().await;
    page.screenshot("robot-wizard-refused").await;
    page.click("button", "1 Name and description").await;
    let typed = "document.querySelector('#robot-name').value";
    assert_eq!(page.evaluate(typed).await, "deployer");
    page.fill("textbox", NAME, "deployer2").await;
    page.click("button", "Review and finish").await;
    page.find("heading", "Review and finish").await;
    page.click("button", "Review and finish").await;
    page.find(
        "dialog",
        &format!("Credentials of {organization}+deployer2"),
    )
    .await;
    page.close().await;
    browser.close().await;
}

/// A user has neither teams nor default permissions, so the wizard has no steps for them.
pub(super) async fn a_robot_of_a_user_is_made_in_three_steps(world: World) {
    let user = world.user().await;
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    page.go(&tab(&world, &format!("user/{}", user.name))).await;
    page.click("button", "Create robot account").await;
    page.fill("textbox", NAME, "laptop").await;
    page.press("Enter").await;
    page.find("heading", "Add to repository").await;
    page.see("No repositories yet").await;
    page.press("Enter").await;
    page.click("button", "Next").await;
    page.find("heading", "Review and finish").await;
    page.click("button", "Review and finish").await;
    page.find("dialog", &format!("Credentials of {}+laptop", user.name))
        .await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn a_robot_gets_one_role_in_many_repositories_at_once(world: World) {
    let organization = world.organization().await;
    let names: Vec<String> = (10..23).map(|number| format!("app-{number}")).collect();
    for name in &names {
        world.repository(&organization, name, "PRIVATE").await;
    }
    let robot = world.robot(&organization).await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&tab(&world, &format!("organization/{organization}")))
        .await;
    page.click("button", &format!("Actions for {}", robot.name))
        .await;
    page.click("menuitem", "Set repository permissions").await;
    let drawer = format!("Set repository permissions for {}", robot.name);
    page.find("dialog", &drawer).await;
    page.see("1–10 of 13").await;
    assert_eq!(chosen(&page, "Permission in app-10").await, "None");
    page.click("checkbox", "Select app-10").await;
    page.click("button", "Next page").await;
    page.see("11–13 of 13").await;
    // What was chosen stays when the page is turned.
    page.click("checkbox", "Select app-22").await;
    page.see("2 selected").await;
    select(&page, "Permission for the selected", "Write").await;
    page.see("2 changes").await;
    page.fill("searchbox", "Search repositories", "app-11")
        .await;
    page.gone("checkbox", "Select app-22").await;
    select(&page, "Permission in app-11", "Admin").await;
    page.see("3 changes").await;
    page.accessible().await;
    page.screenshot("robot-permissions").await;
    page.click("button", "Save").await;
    page.see("Successfully updated repository permission").await;
    page.gone("dialog", &drawer).await;
    assert_eq!(
        roles(&world, &organization, &robot.name).await,
        json!([
            ["app-10", "WRITE"],
            ["app-11", "ADMIN"],
            ["app-22", "WRITE"]
        ])
    );
    page.wait("the row counts them", async || {
        page.evaluate("document.querySelector('td[data-label=Repositories]').textContent")
            .await
            == "3"
    })
    .await;
    page.close().await;
    browser.close().await;
}

/// What is in the way of one thing that was chosen is in the way of all of it, and nothing that was typed is lost.
pub(super) async fn a_robot_is_made_whole_or_not_at_all(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "app", "PRIVATE").await;
    let team = new_team(&world, &organization, "developers", "MEMBER").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&tab(&world, &format!("organization/{organization}")))
        .await;
    page.click("button", "Create robot account").await;
    page.fill("textbox", NAME, "deployer").await;
    page.click("button", "Next").await;
    page.find("heading", "Add to team").await;
    page.fill("combobox", "Team", "dev").await;
    page.find("option", "developers Team").await;
    page.press("ArrowDown").await;
    page.press("Enter").await;
    page.find("button", "Take developers out").await;
    page.click("button", "Next").await;
    select(&page, "Permission in app", "Write").await;
    page.click("button", "Review and finish").await;
    page.find("heading", "Review and finish").await;
    world
        .graphql
        .mutate("deleteTeam", json!({ "id": team }), "deletedId")
        .await;
    page.click("button", "Review and finish").await;
    page.see("One of the chosen teams or repositories is not there any more.")
        .await;
    page.accessible().await;
    page.screenshot("robot-wizard-choice-gone").await;
    let query =
        "query($n: String!) { namespace(name: $n) { robots(first: 5) { nodes { name } } } }";
    let robots = world
        .graphql
        .data(query, json!({ "n": organization }))
        .await;
    assert_eq!(robots["namespace"]["robots"]["nodes"], json!([]));

    page.click("button", "2 Add to team").await;
    page.click("button", "Take developers out").await;
    page.click("button", "Review and finish").await;
    page.find("heading", "Review and finish").await;
    page.see(&format!("{organization}/app: Write")).await;
    page.click("button", "Review and finish").await;
    let robot = format!("{organization}+deployer");
    page.find("dialog", &format!("Credentials of {robot}"))
        .await;
    assert_eq!(
        roles(&world, &organization, &robot).await,
        json!([["app", "WRITE"]])
    );
    page.close().await;
    browser.close().await;
}

pub(super) async fn roles_of_a_robot_are_given_all_or_none(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "api", "PRIVATE").await;
    let gone = world.repository(&organization, "web", "PRIVATE").await;
    let robot = world.robot(&organization).await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&tab(&world, &format!("organization/{organization}")))
        .await;
    page.click("button", &format!("Actions for {}", robot.name))
        .await;
    page.click("menuitem", "Set repository permissions").await;
    page.find("checkbox", "Select web").await;
    select(&page, "Permission in api", "Read").await;
    select(&page, "Permission in web", "Write").await;
    page.see("2 changes").await;
    world
        .graphql
        .mutate("deleteRepositories", json!({ "ids": [gone] }), "deletedIds")
        .await;
    page.click("button", "Save").await;
    page.see("The permissions were not set").await;
    page.see(&format!(
        "{organization}/web: It does not exist, or is not visible to you."
    ))
    .await;
    page.accessible().await;
    page.screenshot("robot-permissions-refused").await;
    assert_eq!(
        roles(&world, &organization, &robot.name).await,
        json!([]),
        "the other one was not given either"
    );
    select(&page, "Permission in web", "None").await;
    page.click("button", "Save").await;
    page.see("Successfully updated repository permission").await;
    assert_eq!(
        roles(&world, &organization, &robot.name).await,
        json!([["api", "READ"]])
    );
    page.close().await;
    browser.close().await;
}

pub(super) async fn descriptions_of_robots_expand_and_collapse(world: World) {
    let organization = world.organization().await;
    let long = "One two three four five six seven. ".repeat(7);
    let input =
        json!({ "namespace": organization, "shortName": "ci", "description": long.trim_end() });
    world
        .graphql
        .mutate("createRobot", input, "robot { id }")
        .await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&tab(&world, &format!("organization/{organization}")))
        .await;
    let height = "document.querySelector('.berth-description').getBoundingClientRect().height";
    page.see("One two three").await;
    page.find("button", "Expand").await;
    let before = page.evaluate(height).await.as_f64().unwrap_or(0.0);
    page.click("button", "Expand").await;
    page.wait("the description is whole", async || {
        page.evaluate(height)
            .await
            .as_f64()
            .is_some_and(|after| after > before)
    })
    .await;
    page.url_ends_with("descriptions=whole").await;
    page.screenshot("robots-expanded").await;
    page.click("button", "Collapse").await;
    page.wait("the description is short", async || {
        page.evaluate(height).await.as_f64() == Some(before)
    })
    .await;
    page.close().await;
    browser.close().await;
}

/// Every client is told how it signs in.
async fn credentials_say(page: &Page, tab: &str, texts: &[&str]) {
    page.click("tab", tab).await;
    for text in texts {
        page.see(text).await;
    }
}

pub(super) async fn credentials_are_there_for_every_client(world: World) {
    let organization = world.organization().await;
    let robot = world.robot(&organization).await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&tab(&world, &format!("organization/{organization}")))
        .await;
    page.click("button", &robot.name).await;
    page.find("dialog", &format!("Credentials of {}", robot.name))
        .await;
    credentials_say(&page, "Kubernetes Secret", &["kind: Secret"]).await;
    credentials_say(&page, "Podman", &["podman login"]).await;
    credentials_say(
        &page,
        "Docker Configuration",
        &["docker login -u=", "\"auths\""],
    )
    .await;
    page.accessible().await;
    page.screenshot("robot-docker").await;
    credentials_say(&page, "Helm", &["helm registry login"]).await;
    credentials_say(
        &page,
        "OCI clients",
        &["oras login", "skopeo login", "crane auth login"],
    )
    .await;
    page.accessible().await;
    page.screenshot("robot-oci").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn where_robots_are_disabled_the_wizard_says_so(world: World) {
    let keys = [("ROBOTS_DISALLOW", "true")];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let organization = world.organization().await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&tab(&world, &format!("organization/{organization}")))
        .await;
    page.click("button", "Create robot account").await;
    page.fill("textbox", NAME, "deployer").await;
    page.click("button", "Review and finish").await;
    page.find("heading", "Review and finish").await;
    page.click("button", "Review and finish").await;
    page.see("Cannot create robot account. Robot accounts have been disabled. Please contact your administrator.")
        .await;
    page.accessible().await;
    page.close().await;
    browser.close().await;
}
