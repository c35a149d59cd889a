//! What the user guide tells people to do with organizations, repositories, robots and teams, where no other scenario
//! does the same from the first page on.

use berth_e2e::browser::{Look, Page};
use berth_e2e::random;
use berth_e2e::world::{Account, World};
use serde_json::{Value, json};

use super::accounts::login_status;
use super::teams::{new_team, put_in};
use super::{as_viewer, chosen, of_choice, select, signed_in};

const CONFIRM: &str = "Type \"confirm\" to go on";

/// What a drop-down offers.
async fn offered(page: &Page, name: &str) -> Value {
    page.find("combobox", name).await;
    let options = of_choice(name, "return [...choice.options].map(one => one.text);");
    page.evaluate(&options).await
}

/// Types the word into the dialog of this name, and presses its button.
async fn confirm_deletion(page: &Page, dialog: &str) {
    page.find("dialog", dialog).await;
    page.fill("textbox", CONFIRM, "confirm").await;
    page.tab_to("button", "Delete", 1).await;
    page.press("Enter").await;
    page.gone("dialog", dialog).await;
}

/// Opens a tab of an organization from the list of organizations.
async fn open_tab(page: &Page, organization: &str, tab: &str) {
    page.click("link", "Organizations").await;
    page.fill("searchbox", "Search organizations", organization)
        .await;
    page.wait("the list shows nothing else", async || {
        page.evaluate("document.querySelectorAll('tbody tr').length")
            .await
            == 1
    })
    .await;
    page.click("link", organization).await;
    page.find("heading", organization).await;
    page.click("tab", tab).await;
}

pub(super) async fn an_organization_is_made_set_up_and_deleted_from_the_list(world: World) {
    let user = world.user().await;
    let organization = random::name("org");
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    page.click("link", "Organizations").await;
    page.see("No organizations yet").await;
    page.click("button", "Create Organization").await;
    page.fill("textbox", "Organization Name", &organization)
        .await;
    page.fill("textbox", "Organization Email", "crew").await;
    page.see("This is not an e-mail address.").await;
    // An address is that of one organization alone.
    let address = |who: &str| format!("{organization}-{who}@example.com");
    page.fill("textbox", "Organization Email", &address("crew"))
        .await;
    page.click("button", "Create").await;
    page.find("heading", &organization).await;
    page.click("link", "Organizations").await;
    page.find("columnheader", "Repo Count").await;

    page.click("link", &organization).await;
    page.click("tab", "Settings").await;
    page.fill("textbox", "Organization Email", &address("fleet"))
        .await;
    page.press("Enter").await;
    page.see("The e-mail address is saved").await;
    let times = ["A few seconds", "A day", "7 days", "14 days", "A month"];
    assert_eq!(offered(&page, "Time Machine").await, json!(times));
    page.tab_to("combobox", "Time Machine", 2).await;
    for time in ["7 days", "A day"] {
        page.press("ArrowUp").await;
        page.wait("the drop-down shows the new time", async || {
            chosen(&page, "Time Machine").await == time
        })
        .await;
    }
    page.tab_to("button", "Save", 1).await;
    page.press("Enter").await;
    page.see("Time Machine saved").await;
    page.reload().await;
    assert_eq!(chosen(&page, "Time Machine").await, "A day");
    let email = page.evaluate("document.querySelector('#organization-email').value");
    assert_eq!(email.await, address("fleet").as_str());

    page.click("link", "Organizations").await;
    page.click("checkbox", &format!("Select {organization}"))
        .await;
    page.click("button", "More Actions").await;
    page.click("menuitem", "Delete").await;
    // There is nothing to search in one name.
    page.find("dialog", "Delete 1 organization?").await;
    assert_eq!(page.count("searchbox", "Search").await, 0);
    confirm_deletion(&page, "Delete 1 organization?").await;
    page.see("1 organization deleted").await;
    page.url_ends_with("/organization").await;
    page.see("No organizations yet").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn what_goes_is_searched_before_it_goes(world: World) {
    // Only its name is needed, which no other organization begins with.
    let fleet = world.organization().await;
    for number in 1..=10 {
        let input = json!({ "name": format!("{fleet}-{number:02}") });
        world
            .graphql
            .mutate("createOrganization", input, "organization { id }")
            .await;
    }
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/organization?q={fleet}-", world.url()))
        .await;
    page.click("checkbox", "Select all rows on this page").await;
    page.see("10 selected").await;
    page.click("button", "More Actions").await;
    page.click("menuitem", "Delete").await;
    page.find("dialog", "Delete 10 organizations?").await;
    page.see("and 2 more").await;
    page.accessible().await;
    let shown = async || {
        let names =
            "[...document.querySelectorAll('dialog .berth-names li')].map(one => one.textContent)";
        page.evaluate(names).await
    };
    page.fill("searchbox", "Search", "-1").await;
    page.wait("what is searched is shown alone", async || {
        shown().await == json!([format!("{fleet}-10")])
    })
    .await;
    page.screenshot("organizations-delete-searched").await;
    page.fill("searchbox", "Search", "nothing").await;
    page.see("Nothing found").await;
    page.accessible().await;
    // All of them go, whatever is searched.
    page.fill("searchbox", "Search", "-1").await;
    confirm_deletion(&page, "Delete 10 organizations?").await;
    page.see("10 organizations deleted").await;
    page.see("Nothing found").await;
    page.close().await;
    browser.close().await;
}

/// The role that somebody has in a repository of the viewer.
async fn role(page: &Page, namespace: &str, name: &str, account: &str) -> Value {
    let query = "query($namespace: String!, $name: String!) {
        repository(namespace: $namespace, name: $name) { permissions { account role } }
    }";
    let variables = json!({ "namespace": namespace, "name": name });
    let mut answer = as_viewer(page, query, variables).await;
    let permissions = answer["repository"]["permissions"].as_array_mut();
    let mut permissions = permissions.into_iter().flatten();
    let found = permissions.find(|one| one["account"] == account);
    found.map_or(Value::Null, |one| one["role"].take())
}

pub(super) async fn a_repository_is_made_shown_to_few_and_deleted_from_the_list(world: World) {
    let (user, other) = (world.user().await, world.user().await);
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    let path = format!("{}/testrepo", user.name);
    // Where a path may wrap, a space is read.
    let link = path.replace('/', "/ ");
    page.click("link", "Repositories").await;
    page.click("button", "Create Repository").await;
    select(&page, "Namespace", &user.name).await;
    page.fill("textbox", "Repository Name", "testrepo").await;
    page.click("radio", "Public").await;
    page.click("button", "Create").await;
    page.url_ends_with(&format!("/repository/{path}")).await;
    page.find("heading", "testrepo").await;
    page.click("link", "Repositories").await;
    page.fill("searchbox", "Search repositories", &user.name)
        .await;
    page.see("1–1 of 1").await;
    page.click("link", &link).await;
    page.find("heading", "testrepo").await;

    page.click("tab", "Settings").await;
    page.find("heading", "Repository visibility").await;
    page.click("button", "Make private").await;
    page.see(&format!("{path}: now private")).await;
    page.find("button", "Make public").await;

    page.find("heading", "User and robot permissions").await;
    page.fill("combobox", "User or robot", &other.name).await;
    page.find("option", &format!("{} User", other.name)).await;
    page.press("ArrowDown").await;
    page.press("Enter").await;
    page.click("button", "Add permission").await;
    page.see(&format!("Permission of {} saved", other.name))
        .await;
    let of_other = format!("Permission of {}", other.name);
    assert_eq!(
        offered(&page, &of_other).await,
        json!(["Read", "Write", "Admin"])
    );
    assert_eq!(chosen(&page, &of_other).await, "Read");
    for (words, expected) in [("Write", "WRITE"), ("Admin", "ADMIN"), ("Read", "READ")] {
        select(&page, &of_other, words).await;
        page.wait("the role is given", async || {
            role(&page, &user.name, "testrepo", &other.name).await == expected
        })
        .await;
    }

    page.click("link", "Repositories").await;
    page.fill("searchbox", "Search repositories", &user.name)
        .await;
    page.see("1–1 of 1").await;
    page.click("checkbox", &format!("Select {path}")).await;
    page.click("button", "Actions").await;
    page.click("menuitem", "Delete").await;
    confirm_deletion(&page, "Delete 1 repository?").await;
    page.see("1 repository deleted").await;
    page.gone("link", &link).await;
    assert!(page.url().await.contains("/repository?"));
    page.close().await;
    browser.close().await;
}

pub(super) async fn a_robot_gets_another_token_and_goes_by_its_menu(world: World) {
    let organization = world.organization().await;
    let robot = world.robot(&organization).await;
    assert_eq!(login_status(&world, &robot).await, 200);
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    open_tab(&page, &organization, "Robot accounts").await;
    page.click("button", &robot.name).await;
    let dialog = format!("Credentials of {}", robot.name);
    page.find("dialog", &dialog).await;
    page.click("button", "Regenerate token now").await;
    page.see("The old token stops working at once, wherever it is used.")
        .await;
    page.accessible().await;
    page.screenshot("robot-regenerate").await;
    page.click("button", "Regenerate").await;
    page.see(&format!("New token made for {}", robot.name))
        .await;
    assert_eq!(login_status(&world, &robot).await, 401);
    page.click("button", "Show token").await;
    page.not_see("••••").await;
    let token = page.evaluate(
        "[...document.querySelectorAll('dialog .berth-command__text')].at(1).textContent",
    );
    let token = token.await.as_str().unwrap_or_default().to_owned();
    let renewed = Account {
        password: token,
        ..robot.clone()
    };
    assert_eq!(login_status(&world, &renewed).await, 200);
    page.click("tab", "Kubernetes Secret").await;
    page.find("button", "Download").await;
    page.press("Escape").await;
    page.gone("dialog", &dialog).await;

    page.click("checkbox", &format!("Select {}", robot.name))
        .await;
    page.click("button", &format!("Actions for {}", robot.name))
        .await;
    page.click("menuitem", "Delete").await;
    confirm_deletion(&page, "Delete 1 robot account?").await;
    page.see("1 robot account deleted").await;
    page.see("No robot accounts yet").await;
    assert_eq!(login_status(&world, &renewed).await, 401);
    page.close().await;
    browser.close().await;
}

pub(super) async fn the_team_view_counts_members_and_repositories(world: World) {
    let organization = world.organization().await;
    let repository = world.repository(&organization, "app", "PRIVATE").await;
    let developers = new_team(&world, &organization, "developers", "MEMBER").await;
    let (user, robot) = (world.user().await, world.robot(&organization).await);
    for account in [&user, &robot] {
        put_in(&world, &developers, &account.name).await;
    }
    let input = json!({
        "repository": repository,
        "permissions": [],
        "teamPermissions": [{ "team": "developers", "role": "READ" }],
    });
    world
        .graphql
        .mutate("setPermissions", input, "repository { id }")
        .await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    open_tab(&page, &organization, "Teams and membership").await;
    for column in ["Team name", "Members", "Repositories", "TEAM ROLE"] {
        page.find("columnheader", column).await;
    }
    page.find("link", "developers").await;
    let counts = page.evaluate(
        "(row => ['Members', 'Repositories'].map(column => row.querySelector(`[data-label=${column}]`).textContent))\
         ([...document.querySelectorAll('tbody tr')].find(row => row.textContent.includes('developers')))",
    );
    assert_eq!(counts.await, json!(["2", "1"]));
    let of_team = "Team role of developers";
    assert_eq!(
        offered(&page, of_team).await,
        json!(["Admin", "Member", "Creator"])
    );
    select(&page, of_team, "Admin").await;
    page.see("developers has the role Admin now").await;
    page.click("button", "Actions for developers").await;
    for item in ["Manage team members", "Set repository permissions"] {
        page.find("menuitem", item).await;
    }
    page.click("menuitem", "Delete").await;
    confirm_deletion(&page, "Delete the team developers?").await;
    page.see("Team developers deleted").await;
    page.gone("link", "developers").await;
    page.close().await;
    browser.close().await;
}
