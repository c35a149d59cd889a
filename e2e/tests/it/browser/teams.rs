//! Teams: made in steps, filled, given roles, and ended; what who does not manage them sees.

use berth_e2e::browser::{Look, Page};
use berth_e2e::world::World;
use serde_json::{Value, json};

use super::{chosen, select, settled, signed_in};

const CONFIRM: &str = "Type \"confirm\" to go on";

/// What GraphQL says of the team of an organization.
async fn team(world: &World, organization: &str, name: &str) -> Value {
    let query = "query($organization: String!, $name: String!) {
        namespace(name: $organization) { ... on Organization { team(name: $name) {
            id description role members(first: 50) { nodes { account } }
            repositoryPermissions(first: 50) { nodes { role repository { name } } }
        } } }
    }";
    let variables = json!({ "organization": organization, "name": name });
    world.graphql.data(query, variables).await["namespace"]["team"].take()
}

/// A new team; answers its global id.
pub(super) async fn new_team(world: &World, organization: &str, name: &str, role: &str) -> String {
    let input = json!({ "organization": organization, "name": name, "role": role });
    let made = world
        .graphql
        .mutate("createTeam", input, "team { id }")
        .await;
    made["team"]["id"].as_str().unwrap_or_default().to_owned()
}

/// Puts somebody into a team.
pub(super) async fn put_in(world: &World, team: &str, account: &str) {
    let input = json!({ "team": team, "account": account });
    world
        .graphql
        .mutate("addTeamMember", input, "team { id }")
        .await;
}

fn tab(world: &World, organization: &str) -> String {
    format!(
        "{}/organization/{organization}?tab=Teamsandmembership",
        world.url()
    )
}

async fn row_action(page: &Page, name: &str, item: &str) {
    page.click("button", &format!("Actions for {name}")).await;
    page.click("menuitem", item).await;
}

pub(super) async fn a_team_is_made_in_steps_and_found_in_the_list(world: World) {
    let organization = world.organization().await;
    for name in ["api", "web"] {
        world.repository(&organization, name, "PRIVATE").await;
    }
    let user = world.user().await;
    let robot = world.robot(&organization).await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/organization/{organization}", world.url()))
        .await;
    page.click("tab", "Teams and membership").await;
    page.url_ends_with("?tab=Teamsandmembership").await;
    page.find("link", "owners").await;
    page.click("button", "Create new team").await;
    page.find("dialog", "Create team").await;
    let name = "Provide a name for your new team";
    page.fill("textbox", name, "Dev").await;
    page.see("Use 2 to 255 lower-case letters and digits").await;
    page.fill("textbox", name, "owners").await;
    page.click("button", "Proceed").await;
    page.see("A team of this name exists already.").await;
    page.accessible().await;
    page.fill("textbox", name, "developers").await;
    page.fill(
        "textbox",
        "Provide an optional description for your new team",
        "Who builds it",
    )
    .await;
    page.click("button", "Proceed").await;

    page.find("heading", "Add to repository").await;
    page.find("checkbox", "Select api").await;
    page.accessible().await;
    page.screenshot("team-wizard-repositories").await;
    page.click("checkbox", "Select api").await;
    page.click("checkbox", "Select web").await;
    select(&page, "Permission for the selected", "Write").await;
    select(&page, "Permission in web", "Read").await;
    page.click("button", "Next").await;

    page.find("heading", "Add team members").await;
    page.fill("combobox", "Member", &user.name).await;
    page.wait("the button can be pressed", async || {
        page.evaluate("[...document.querySelectorAll('dialog button')].some(one => one.textContent === 'Add member' && !one.disabled)")
            .await
            == true
    })
    .await;
    page.press("Enter").await;
    page.find("button", &format!("Take {} out", user.name))
        .await;
    // A robot is found by any part of its name.
    let short = robot.name.rsplit('+').next().unwrap_or_default().to_owned();
    for part in [&short[..short.len() - 1], &short[2..]] {
        page.fill("combobox", "Member", part).await;
        page.find("option", &format!("{} Robot", robot.name)).await;
    }
    page.accessible().await;
    page.screenshot("team-wizard-members").await;
    page.press("ArrowDown").await;
    page.press("Enter").await;
    page.find("button", &format!("Take {} out", robot.name))
        .await;
    page.click("button", "Back").await;
    page.find("combobox", "Permission in api").await;
    assert_eq!(chosen(&page, "Permission in api").await, "Write");
    page.click("button", "Review and Finish").await;

    page.find("heading", "Review and Finish").await;
    page.see(&format!("{organization}/api: Write")).await;
    page.see(&format!("{organization}/web: Read")).await;
    page.accessible().await;
    page.screenshot("team-wizard-review").await;
    page.click("button", "Review and Finish").await;
    page.see("Team developers created").await;
    page.gone("dialog", "Create team").await;
    page.find("link", "developers").await;
    page.accessible().await;
    page.screenshot("teams").await;
    page.close().await;
    browser.close().await;

    let made = team(&world, &organization, "developers").await;
    assert_eq!(made["description"], "Who builds it");
    assert_eq!(made["role"], "MEMBER");
    let roles = made["repositoryPermissions"]["nodes"].to_string();
    let expected = json!([
        { "role": "WRITE", "repository": { "name": "api" } },
        { "role": "READ", "repository": { "name": "web" } },
    ]);
    assert_eq!(roles, expected.to_string());
    let members = made["members"]["nodes"].to_string();
    assert!(
        members.contains(&user.name) && members.contains(&robot.name),
        "{members}"
    );
}

pub(super) async fn the_role_of_a_team_changes_in_its_row_and_back(world: World) {
    let organization = world.organization().await;
    new_team(&world, &organization, "developers", "MEMBER").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&tab(&world, &organization)).await;
    let role = "Team role of developers";
    assert_eq!(chosen(&page, role).await, "Member");
    select(&page, role, "Creator").await;
    page.see("developers has the role Creator now").await;
    assert_eq!(
        team(&world, &organization, "developers").await["role"],
        "CREATOR"
    );
    page.click("button", "Undo").await;
    page.see("developers has the role Member now").await;
    page.wait("the drop-down shows the role of before", async || {
        chosen(&page, role).await == "Member"
    })
    .await;

    // The only administrators keep their role, and their team.
    select(&page, "Team role of owners", "Member").await;
    page.see("An organization keeps an administrator.").await;
    page.wait("the drop-down shows what is in force", async || {
        chosen(&page, "Team role of owners").await == "Admin"
    })
    .await;
    row_action(&page, "owners", "Delete").await;
    page.find("dialog", "Delete the team owners?").await;
    page.fill("textbox", CONFIRM, "confirm").await;
    page.press("Enter").await;
    page.wait("the dialog says why", async || {
        page.evaluate("document.querySelector('dialog [role=alert]')?.textContent ?? ''")
            .await
            .as_str()
            .is_some_and(|text| text.contains("An organization keeps an administrator."))
    })
    .await;
    page.accessible().await;
    page.press("Escape").await;

    row_action(&page, "developers", "Delete").await;
    page.see("Members: 0. Repositories with a permission of the team: 0.")
        .await;
    page.fill("textbox", CONFIRM, "confirm").await;
    page.press("Enter").await;
    page.see("Team developers deleted").await;
    page.gone("link", "developers").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn teams_are_searched_over_pages(world: World) {
    let organization = world.organization().await;
    for number in 10..32 {
        new_team(&world, &organization, &format!("team-{number}"), "MEMBER").await;
    }
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&tab(&world, &organization)).await;
    page.see("1–20 of 23").await;
    page.find("link", "owners").await;
    page.click("button", "Next page").await;
    page.see("21–23 of 23").await;
    page.find("link", "team-31").await;
    page.reload().await;
    page.see("21–23 of 23").await;
    page.fill("searchbox", "Search teams", "team-2").await;
    page.see("1–10 of 10").await;
    page.fill("searchbox", "Search teams", "nothing").await;
    page.see("Nothing found").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn members_of_a_team_come_and_go(world: World) {
    let organization = world.organization().await;
    new_team(&world, &organization, "developers", "MEMBER").await;
    let robot = world.robot(&organization).await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&tab(&world, &organization)).await;
    row_action(&page, "developers", "Manage team members").await;
    page.url_ends_with(&format!(
        "/organization/{organization}/teams/developers?tab=members"
    ))
    .await;
    page.find("heading", "developers").await;
    page.see("Nobody is in this team").await;
    page.accessible().await;
    page.click("button", "Add new member").await;
    page.find("dialog", "Add new member").await;
    page.fill("combobox", "Member", "nobody-of-this-name").await;
    page.wait("the answer is there", async || {
        page.evaluate("!document.querySelector('dialog button[type=submit]').disabled")
            .await
            == true
    })
    .await;
    page.click("button", "Add member").await;
    page.see("There is no such user or robot.").await;
    page.fill("combobox", "Member", &robot.name).await;
    page.find("option", &format!("{} Robot", robot.name)).await;
    page.accessible().await;
    page.screenshot("team-add-member").await;
    page.press("ArrowDown").await;
    page.press("Enter").await;
    page.press("Enter").await;
    page.see(&format!("{} is in the team developers now", robot.name))
        .await;
    page.gone("dialog", "Add new member").await;
    page.find("heading", "MEMBERS").await;
    row_action(&page, &robot.name, "Remove from team").await;
    page.see(&format!(
        "{} was removed from the team developers",
        robot.name
    ))
    .await;
    page.see("Nobody is in this team").await;
    page.evaluate(
        "[...document.querySelectorAll('.pf-v6-c-alert')].find((one) => one.textContent.includes('removed')).querySelector('.pf-m-link').click()",
    )
    .await;
    page.find("button", &format!("Actions for {}", robot.name))
        .await;

    page.click("button", "Edit description").await;
    page.fill("textbox", "Description", "Who builds it").await;
    page.click("button", "Save").await;
    page.see("Description saved").await;
    page.see("Who builds it").await;
    page.accessible().await;
    page.screenshot("team-members").await;
    page.close().await;
    browser.close().await;
    let members = team(&world, &organization, "developers").await;
    assert_eq!(
        members["members"]["nodes"],
        json!([{ "account": robot.name }])
    );
}

pub(super) async fn the_last_owner_stays_and_the_menu_says_so(world: World) {
    let organization = world.organization().await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let owners = format!(
        "{}/organization/{organization}/teams/owners?tab=members",
        world.url()
    );
    page.go(&owners).await;
    settled(&page).await;
    page.click("button", "Actions for admin").await;
    page.find("menuitem", "Remove from team").await;
    page.see("An organization keeps an administrator. Name another one first.")
        .await;
    let off = "document.querySelector('[role=menuitem][aria-disabled=true]') !== null";
    assert_eq!(page.evaluate(off).await, true);
    page.accessible().await;
    page.screenshot("team-last-owner").await;
    page.press("Enter").await;
    page.press("Escape").await;
    page.find("button", "Actions for admin").await;

    // With another one it can go; without members of its own nobody can say so to the last.
    let heads = new_team(&world, &organization, "heads", "ADMIN").await;
    let other = world.user().await;
    put_in(&world, &heads, &other.name).await;
    page.reload().await;
    settled(&page).await;
    page.click("button", "Actions for admin").await;
    page.find("menuitem", "Remove from team").await;
    assert_eq!(page.evaluate(off).await, false);
    page.close().await;
    browser.close().await;
}

pub(super) async fn a_team_gets_roles_in_repositories_one_by_one_and_many_at_once(world: World) {
    let organization = world.organization().await;
    for name in ["api", "web", "docs"] {
        world.repository(&organization, name, "PRIVATE").await;
    }
    new_team(&world, &organization, "developers", "MEMBER").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&tab(&world, &organization)).await;
    row_action(&page, "developers", "Set repository permissions").await;
    page.url_ends_with("/teams/developers?tab=permissions")
        .await;
    assert_eq!(chosen(&page, "Permission in api").await, "None");
    select(&page, "Permission in api", "Admin").await;
    page.see(&format!("Permission in {organization}/api saved"))
        .await;
    page.click("button", "Undo").await;
    page.see(&format!("Permission in {organization}/api removed"))
        .await;
    for name in ["docs", "web"] {
        page.click("checkbox", &format!("Select {organization}/{name}"))
            .await;
    }
    page.see("2 selected").await;
    page.click("button", "Set permission").await;
    page.click("menuitem", "Write").await;
    page.see("Successfully updated repository permission").await;
    page.accessible().await;
    page.screenshot("team-permissions").await;
    page.click("button", "With a permission").await;
    page.url_ends_with("view=granted").await;
    page.see("1–2 of 2").await;
    assert_eq!(page.count("link", "api").await, 0);
    page.find("link", "docs").await;
    page.reload().await;
    page.find("link", "web").await;
    assert_eq!(chosen(&page, "Permission in web").await, "Write");
    page.close().await;
    browser.close().await;
    let granted = team(&world, &organization, "developers").await;
    assert_eq!(
        granted["repositoryPermissions"]["nodes"],
        json!([
            { "role": "WRITE", "repository": { "name": "docs" } },
            { "role": "WRITE", "repository": { "name": "web" } },
        ])
    );
}

/// A member sees the teams and who is in the own ones, and changes nothing; strangers see no teams at all.
pub(super) async fn who_does_not_manage_teams_looks_at_them(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "app", "PUBLIC").await;
    let developers = new_team(&world, &organization, "developers", "MEMBER").await;
    let member = world.user().await;
    put_in(&world, &developers, &member.name).await;
    let (browser, page) = signed_in(&world, &member, Look::DESKTOP).await;
    page.go(&tab(&world, &organization)).await;
    page.find("link", "owners").await;
    for (role, name) in [
        ("button", "Create new team"),
        ("button", "Actions for developers"),
        ("combobox", "Team role of developers"),
        ("tab", "Default permissions"),
        ("tab", "Robot accounts"),
    ] {
        assert_eq!(page.count(role, name).await, 0, "{role} {name}");
    }
    page.accessible().await;
    page.click("link", "developers").await;
    page.see(&member.name).await;
    assert_eq!(page.count("button", "Add new member").await, 0);
    assert_eq!(page.count("tab", "Repository permissions").await, 0);
    page.go(&format!(
        "{}/organization/{organization}/teams/owners",
        world.url()
    ))
    .await;
    page.see("The members of this team are hidden").await;
    page.accessible().await;
    page.close().await;
    browser.close().await;

    let stranger = world.user().await;
    let (browser, page) = signed_in(&world, &stranger, Look::DESKTOP).await;
    page.go(&tab(&world, &organization)).await;
    page.find("link", "app").await;
    assert_eq!(page.count("tab", "Teams and membership").await, 0);
    for name in ["developers", "absent"] {
        page.go(&format!(
            "{}/organization/{organization}/teams/{name}",
            world.url()
        ))
        .await;
        page.find("heading", "Not found, or not visible to you")
            .await;
    }
    page.close().await;
    browser.close().await;
}

/// The main flow in Japanese, on a phone.
pub(super) async fn a_team_is_made_in_japanese_on_a_phone(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "app", "PRIVATE").await;
    let (browser, mut page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.look_at(Look::PHONE.in_language("ja")).await;
    page.go(&tab(&world, &organization)).await;
    page.find("link", "owners").await;
    page.screenshot("teams").await;
    page.click("button", "新しいチームの作成").await;
    page.fill(
        "textbox",
        "新しいチームの名前を入力してください",
        "developers",
    )
    .await;
    page.screenshot("team-name").await;
    page.click("button", "続行").await;
    page.find("heading", "リポジトリーに追加").await;
    select(&page, "app での権限", "書き込み").await;
    page.accessible().await;
    page.screenshot("team-wizard-repositories").await;
    page.click("button", "次へ").await;
    page.find("heading", "チームメンバーの追加").await;
    page.accessible().await;
    page.screenshot("team-wizard-members").await;
    page.click("button", "次へ").await;
    page.find("heading", "確認して終了").await;
    page.see(&format!("{organization}/app: 書き込み")).await;
    page.accessible().await;
    page.screenshot("team-wizard-review").await;
    page.click("button", "確認して終了").await;
    page.see("チーム developers を作成しました").await;
    page.find("link", "developers").await;
    let overflow = page
        .evaluate("document.documentElement.scrollWidth - innerWidth")
        .await;
    assert!(overflow.as_f64().is_some_and(|pixels| pixels <= 0.0));
    page.close().await;
    browser.close().await;
}
