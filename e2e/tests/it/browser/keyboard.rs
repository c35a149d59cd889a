//! One whole way through the console by the keyboard alone: nothing is clicked, and no script acts.

use berth_e2e::browser::{Browser, Look, Page};
use berth_e2e::random;
use berth_e2e::world::World;
use serde_json::{Value, json};

use super::{as_viewer, chosen};

/// Presses an arrow in the drop-down that has the focus, until it shows the last of these.
async fn turn(page: &Page, name: &str, options: &[&str]) {
    page.focused("combobox", name).await;
    for option in options {
        page.press("ArrowDown").await;
        page.wait(&format!("`{name}` shows `{option}`"), async || {
            chosen(page, name).await == *option
        })
        .await;
    }
}

/// Picks what was found in the field that has the focus.
async fn pick(page: &Page, text: &str, option: &str) {
    page.type_text(text).await;
    page.find("option", option).await;
    page.press("ArrowDown").await;
    page.press("Enter").await;
}

/// Goes from the tab that has the focus to the next one, or back, by the arrow.
async fn open_tab(page: &Page, key: &str, name: &str) {
    page.press(key).await;
    page.focused("tab", name).await;
    page.wait(&format!("`{name}` is open"), async || {
        page.evaluate("document.activeElement.ariaSelected").await == "true"
    })
    .await;
}

async fn sign_in(world: &World, name: &str, password: &str) -> (Browser, Page) {
    let browser = Browser::start().await;
    let address = format!("{}/signin", world.url());
    let page = browser.open(&address, Look::DESKTOP).await;
    page.focused("textbox", "Username").await;
    page.type_text(name).await;
    page.tab_to("textbox", "Password", 1).await;
    page.type_text(password).await;
    page.press("Enter").await;
    page.url_ends_with("/repository").await;
    page.focused("heading", "Repositories").await;
    (browser, page)
}

/// The organization and an empty repository in it, from the list of organizations to the page of the organization.
async fn make_organization(page: &Page, organization: &str) {
    for key in ["g", "o"] {
        page.press(key).await;
    }
    page.url_ends_with("/organization").await;
    page.focused("heading", "Organizations").await;
    page.tab_to("button", "Create Organization", 4).await;
    page.press("Enter").await;
    page.focused("textbox", "Organization Name").await;
    page.type_text(organization).await;
    page.tab_to("textbox", "Organization Email", 1).await;
    page.type_text(&format!("{organization}@example.com")).await;
    page.press("Enter").await;
    page.url_ends_with(&format!("/organization/{organization}"))
        .await;
    page.focused("heading", organization).await;

    page.tab_to("button", "Create Repository", 6).await;
    page.press("Enter").await;
    page.focused("textbox", "Repository Name").await;
    page.type_text("app").await;
    page.press("Enter").await;
    page.url_ends_with(&format!("/repository/{organization}/app"))
        .await;
    page.focused("heading", "app").await;

    page.tab_back_to("link", organization, 2).await;
    page.press("Enter").await;
    page.focused("heading", organization).await;
    // What was begun is given up, and the focus is where it was.
    page.tab_to("button", "Create Repository", 6).await;
    page.press("Enter").await;
    page.focused("textbox", "Repository Name").await;
    page.type_text("half").await;
    page.press("Escape").await;
    page.gone("dialog", "Create Repository").await;
    page.focused("button", "Create Repository").await;
}

/// A team that writes to the repository, from the tab of repositories to that of teams.
async fn make_team(page: &Page, organization: &str) {
    page.tab_back_to("tab", "Repositories", 4).await;
    open_tab(page, "ArrowRight", "Teams and membership").await;
    page.url_ends_with("?tab=Teamsandmembership").await;
    page.tab_to("button", "Create new team", 6).await;
    page.press("Enter").await;
    page.focused("textbox", "Provide a name for your new team")
        .await;
    page.type_text("developers").await;
    page.press("Enter").await;
    page.find("heading", "Add to repository").await;
    // One role for the chosen repositories, which goes on with the arrow.
    page.tab_to("checkbox", "Select app", 7).await;
    page.press(" ").await;
    page.see("1 selected").await;
    page.tab_back_to("combobox", "Permission for the selected", 2)
        .await;
    turn(
        page,
        "Permission for the selected",
        &["None", "Read", "Write"],
    )
    .await;
    assert_eq!(chosen(page, "Permission in app").await, "Write");
    page.tab_to("button", "Next", 5).await;
    page.press("Enter").await;
    page.focused("heading", "Add team members").await;
    page.tab_to("button", "Review and Finish", 5).await;
    page.press("Enter").await;
    page.focused("heading", "Review and Finish").await;
    page.see(&format!("{organization}/app: Write")).await;
    page.tab_to("button", "Review and Finish", 2).await;
    page.press("Enter").await;
    page.see("Team developers created").await;
    page.gone("dialog", "Create team").await;
    page.focused("button", "Create new team").await;
}

/// A robot account in that team that reads the repository, from the tab of teams to that of robot accounts.
async fn make_robot(page: &Page, organization: &str) {
    page.tab_back_to("tab", "Teams and membership", 6).await;
    open_tab(page, "ArrowRight", "Robot accounts").await;
    page.tab_to("button", "Create robot account", 3).await;
    page.press("Enter").await;
    page.focused("textbox", "Provide a name for your robot account")
        .await;
    page.type_text("deployer").await;
    page.press("Enter").await;
    page.focused("heading", "Add to team").await;
    page.tab_to("combobox", "Team", 1).await;
    pick(page, "dev", "developers Team").await;
    page.find("button", "Take developers out").await;
    page.tab_to("button", "Next", 3).await;
    page.press("Enter").await;
    page.focused("heading", "Add to repository").await;
    page.tab_to("combobox", "Permission in app", 4).await;
    turn(page, "Permission in app", &["Read"]).await;
    page.tab_to("button", "Next", 3).await;
    page.press("Enter").await;
    page.focused("heading", "Default permissions").await;
    page.tab_to("radio", "None", 1).await;
    page.press("ArrowDown").await;
    page.focused("radio", "Read").await;
    page.tab_to("button", "Next", 1).await;
    page.press("Enter").await;
    page.focused("heading", "Review and finish").await;
    let robot = format!("{organization}+deployer");
    page.see(&robot).await;
    page.tab_to("button", "Review and finish", 1).await;
    page.press("Enter").await;
    let dialog = format!("Credentials of {robot}");
    page.find("dialog", &dialog).await;
    page.see(&format!(
        "Successfully created robot account with robot name: {robot}"
    ))
    .await;
    page.tab_to("button", "Show token", 11).await;
    page.see("••••").await;
    page.press("Enter").await;
    page.not_see("••••").await;
    page.press("Escape").await;
    page.gone("dialog", &dialog).await;
    page.focused("button", "Create robot account").await;
}

/// A role in the repository for a user, from the tab of robot accounts to the settings of the repository.
async fn give_permission(page: &Page, user: &str) {
    page.tab_back_to("tab", "Robot accounts", 3).await;
    open_tab(page, "ArrowLeft", "Teams and membership").await;
    open_tab(page, "ArrowLeft", "Repositories").await;
    page.find("link", "app").await;
    page.press("j").await;
    page.focused("link", "app").await;
    page.press("Enter").await;
    page.focused("heading", "app").await;
    page.tab_to("tab", "Tags", 3).await;
    open_tab(page, "ArrowRight", "Information").await;
    open_tab(page, "ArrowRight", "Settings").await;
    // Past the rows of the robot account and the team.
    page.find("combobox", "Permission of developers").await;
    page.tab_to("combobox", "User, robot or team", 8).await;
    pick(page, user, &format!("{user} User")).await;
    page.tab_to("combobox", "Permission", 1).await;
    turn(page, "Permission", &["Write"]).await;
    page.tab_to("button", "Add permission", 1).await;
    page.press("Enter").await;
    page.see(&format!("Permission of {user} saved")).await;
    page.find("combobox", &format!("Permission of {user}"))
        .await;
    // The next one can be typed at once; what is typed is no shortcut.
    page.focused("combobox", "User, robot or team").await;
    page.tab_back_to("button", "Remove permission of developers", 1)
        .await;
}

async fn sign_out(page: &Page, organization: &str, name: &str) {
    for key in ["g", "o"] {
        page.press(key).await;
    }
    page.focused("heading", "Organizations").await;
    page.find("link", organization).await;
    page.tab_back_to("button", &format!("Account of {name}"), 5)
        .await;
    page.press("Enter").await;
    page.focused("menuitem", "My account").await;
    page.press("End").await;
    page.focused("menuitem", "Sign out").await;
    page.press("Enter").await;
    page.url_ends_with("/signin").await;
    page.find("button", "Sign in").await;
    assert_eq!(page.count("link", organization).await, 0);
}

pub(super) async fn an_organization_is_set_up_by_the_keyboard_alone(world: World) {
    let (user, other) = (world.user().await, world.user().await);
    let organization = random::name("org");
    let (browser, page) = sign_in(&world, &user.name, &user.password).await;
    make_organization(&page, &organization).await;
    make_team(&page, &organization).await;
    make_robot(&page, &organization).await;
    give_permission(&page, &other.name).await;
    let granted = granted(&page, &organization).await;
    sign_out(&page, &organization, &user.name).await;
    page.close().await;
    browser.close().await;

    let robot = format!("{organization}+deployer");
    let roles = [(&robot, "READ"), (&other.name, "WRITE")];
    for (account, role) in roles {
        let expected = json!({ "account": account, "role": role });
        let given = granted["repository"]["permissions"].as_array();
        assert!(
            given.is_some_and(|given| given.contains(&expected)),
            "{granted}"
        );
    }
    assert_eq!(
        granted["repository"]["teamPermissions"],
        json!([{ "name": "developers", "role": "WRITE" }])
    );
    assert_eq!(
        granted["namespace"]["team"]["members"]["nodes"],
        json!([{ "account": robot }])
    );
    assert_eq!(
        granted["namespace"]["defaultPermissions"]["nodes"],
        json!([{ "role": "READ", "account": { "account": robot } }])
    );
}

/// What was made, as the server tells who is signed in.
async fn granted(page: &Page, organization: &str) -> Value {
    let query = "query($name: String!) {
        repository(namespace: $name, name: \"app\") {
            permissions { account role } teamPermissions { name role }
        }
        namespace(name: $name) { ... on Organization {
            team(name: \"developers\") { members(first: 5) { nodes { account } } }
            defaultPermissions(first: 5) { nodes { role account { account } } }
        } }
    }";
    as_viewer(page, query, json!({ "name": organization })).await
}
