//! Changes of more repositories than one transaction takes, followed in the console, and roles in all that match.

use std::time::Duration;

use berth_e2e::browser::{Look, Page};
use berth_e2e::rows::Rows;
use berth_e2e::world::{Account, World};
use serde_json::{Value, json};

use super::teams::new_team;
use super::{select, signed_in};

const CONFIRM: &str = "Type \"confirm\" to go on";
/// How long the work behind the requests may take, for a thousand repositories beside other scenarios.
const LONGEST: Duration = Duration::from_mins(1);
const SELECT_PAGE: &str = "Select all rows on this page";

/// The work behind the requests, and the rows that it changes.
struct Work {
    rows: Rows,
    organization: String,
}

impl Work {
    /// An organization with so many repositories `web-0001`, which somebody owns together with the first user.
    async fn of(world: &World, owner: &Account, repositories: u32) -> Self {
        let organization = world.organization().await;
        let rows = Rows::of(world.deployment());
        let now = rows.now_ms().await;
        rows.ask(&format!(
            "with recursive n(i) as (select cast(1 as bigint) union all select i + 1 from n where i < {repositories}) \
             insert into repositories (namespace_id, name, visibility, created_at) \
             select a.id, 'web-' || substr(cast(10000 + i as text), 2), 'private', {now} \
             from n join accounts a on a.name = '{organization}'"
        ))
        .await;
        rows.ask(&format!(
            "insert into team_members (team_id, account_id, created_at) select t.id, u.id, {now} from teams t \
             join accounts o on o.id = t.namespace_id join accounts u on u.name = '{}' \
             where o.name = '{organization}' and t.name = 'owners'",
            owner.name
        ))
        .await;
        Self { rows, organization }
    }

    /// Lets nobody go on with changes, as if another process did.
    async fn hold(&self) {
        let until = self.rows.now_ms().await + 600_000;
        let hold = format!(
            "update job_schedules set locked_by = 'nobody', locked_until = {until} where kind = 'bulk_changes'"
        );
        self.rows.ask(&hold).await;
    }

    /// Lets a process go on at its next look.
    async fn release(&self) {
        let release = "update job_schedules set locked_by = null, locked_until = null, next_run_at = 0 \
                       where kind = 'bulk_changes'";
        self.rows.ask(release).await;
    }

    /// Lets a process go on, and waits until nothing is left of the organization's changes.
    async fn finish(&self, page: &Page) {
        self.release().await;
        let open = "select 1 from bulk_changes where state = 'running'";
        // A thousand repositories take their time beside other scenarios.
        for _ in 0..LONGEST.as_secs() {
            if self.rows.ask(open).await.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        page.wait("the change has ended", async || {
            self.rows.ask(open).await.is_empty()
        })
        .await;
    }

    /// How many repositories of the organization are so.
    async fn count(&self, how: &str) -> String {
        let count = format!(
            "select cast(count(*) as text) from repositories r join accounts a on a.id = r.namespace_id \
             where a.name = '{}' and r.deleting_at is null and {how}",
            self.organization
        );
        self.rows.ask(&count).await.concat().concat()
    }
}

/// Chooses all repositories of the list, and an action for them.
async fn act_on_all(page: &Page, all: &str, item: &str) {
    page.click("checkbox", SELECT_PAGE).await;
    page.click("button", &format!("Select all {all}")).await;
    page.see(&format!("{all} selected")).await;
    page.click("button", "Actions").await;
    page.click("menuitem", item).await;
}

pub(super) async fn changes_of_many_repositories_are_followed_over_pages(world: World) {
    let owner = world.user().await;
    let work = Work::of(&world, &owner, 1_100).await;
    let robot = world.robot(&work.organization).await;
    let list = format!("{}/organization/{}", world.url(), work.organization);
    work.hold().await;
    let (browser, page) = signed_in(&world, &owner, Look::DESKTOP).await;
    page.go(&list).await;
    act_on_all(&page, "1,100", "Make Public").await;
    page.see("Changing the visibility of repositories").await;
    page.see("0 of 1,100 repositories").await;
    page.accessible().await;
    page.screenshot("bulk-running").await;
    // It is there on every page, and after each of them is loaded anew.
    page.click("link", "Organizations").await;
    page.find("heading", "Organizations").await;
    page.see("0 of 1,100 repositories").await;
    page.reload().await;
    page.see("0 of 1,100 repositories").await;
    page.click("button", "Cancel the rest").await;
    page.see("Cancelled: 1,100 repositories stay as they were.")
        .await;
    page.accessible().await;
    page.click("button", "Dismiss").await;
    page.not_see("Cancelled:").await;
    assert_eq!(work.count("r.visibility = 'public'").await, "0");

    // What goes meanwhile is in the way of itself alone.
    page.go(&format!("{list}?tab=Robotaccounts")).await;
    page.click("button", &format!("Actions for {}", robot.name))
        .await;
    page.click("menuitem", "Set repository permissions").await;
    page.click("button", "Select all 1,100").await;
    page.see("1,100 selected").await;
    select(&page, "Permission for the selected", "Write").await;
    page.see("1,100 changes").await;
    page.click("button", "Save").await;
    page.see("Setting permissions in repositories").await;
    page.gone("button", "Save").await;
    delete(&world, &work.organization, "web-0007").await;
    work.finish(&page).await;
    page.see("Permission in 1,099 repositories set").await;
    page.see("1 repository was refused, and is as it was:")
        .await;
    page.see("1 that is no more, or that you do not see").await;
    page.wait("the row counts them", async || {
        page.evaluate("document.querySelector('td[data-label=Repositories]')?.textContent")
            .await
            == "1,099"
    })
    .await;
    page.accessible().await;
    page.screenshot("bulk-refused").await;
    page.click("button", "Dismiss").await;
    page.not_see("is as it was").await;

    work.hold().await;
    page.go(&list).await;
    act_on_all(&page, "1,099", "Delete").await;
    page.find("dialog", "Delete 1,099 repositories?").await;
    page.fill("textbox", CONFIRM, "confirm").await;
    page.click("button", "Delete").await;
    page.see("Deleting repositories").await;
    page.see("0 of 1,099 repositories").await;
    work.finish(&page).await;
    page.see("1,099 repositories deleted").await;
    page.see("No repositories yet").await;
    page.gone("button", "Cancel the rest").await;
    assert_eq!(work.count("1 = 1").await, "0");
    page.close().await;
    browser.close().await;
}

/// Deletes a repository as the first user.
async fn delete(world: &World, organization: &str, name: &str) {
    let query = "query($o: String!, $n: String!) { repository(namespace: $o, name: $n) { id } }";
    let found = world
        .graphql
        .data(query, json!({ "o": organization, "n": name }))
        .await;
    let input = json!({ "ids": [found["repository"]["id"]] });
    world
        .graphql
        .mutate("deleteRepositories", input, "deletedIds")
        .await;
}

/// Names of the repositories in which robots or teams have a role to write.
async fn writable(world: &World, organization: &str, field: &str) -> Vec<Value> {
    let query = format!(
        "query($name: String!) {{ namespace(name: $name) {{ repositories(first: 50) {{ \
         nodes {{ name {field} {{ role }} }} }} }} }}"
    );
    let data = world
        .graphql
        .data(&query, json!({ "name": organization }))
        .await;
    let nodes = data["namespace"]["repositories"]["nodes"].as_array();
    let nodes = nodes.into_iter().flatten();
    let written = nodes.filter(|node| {
        node[field]
            .as_array()
            .is_some_and(|roles| roles.iter().any(|one| one["role"] == "WRITE"))
    });
    written.map(|node| node["name"].clone()).collect()
}

pub(super) async fn a_role_is_given_in_all_repositories_that_match(world: World) {
    let organization = world.organization().await;
    let names: Vec<String> = (10..23).map(|number| format!("app-{number}")).collect();
    for name in names.iter().map(String::as_str).chain(["other"]) {
        world.repository(&organization, name, "PRIVATE").await;
    }
    let robot = world.robot(&organization).await;
    new_team(&world, &organization, "developers", "MEMBER").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let url = format!("{}/organization/{organization}", world.url());
    page.go(&format!("{url}?tab=Robotaccounts")).await;
    page.click("button", &format!("Actions for {}", robot.name))
        .await;
    page.click("menuitem", "Set repository permissions").await;
    page.see("1–10 of 14").await;
    page.click("button", "Select all 14").await;
    page.see("14 selected").await;
    // Another search is another choice.
    page.fill("searchbox", "Search repositories", "app-").await;
    page.see("1–10 of 13").await;
    page.not_see("14 selected").await;
    page.click("button", "Select all 13").await;
    select(&page, "Permission for the selected", "Admin").await;
    page.see("Permission in all 13: Admin").await;
    page.see("13 changes").await;
    page.accessible().await;
    page.screenshot("robot-permissions-all").await;
    page.click("button", "Undo").await;
    page.not_see("13 changes").await;
    page.click("button", "Select all 13").await;
    select(&page, "Permission for the selected", "Write").await;
    page.click("button", "Save").await;
    page.see("Successfully updated repository permission").await;
    let expected: Vec<Value> = names.iter().map(|name| json!(name)).collect();
    assert_eq!(
        writable(&world, &organization, "permissions").await,
        expected
    );

    page.go(&format!("{url}/teams/developers?tab=permissions&q=app-1"))
        .await;
    page.see("1–10 of 10").await;
    page.click("checkbox", &format!("Select {organization}/app-10"))
        .await;
    page.click("button", "Select all 10").await;
    page.see("10 selected").await;
    page.click("button", "Set permission").await;
    page.click("menuitem", "Write").await;
    page.see("Successfully updated repository permission").await;
    page.not_see("10 selected").await;
    assert_eq!(
        writable(&world, &organization, "teamPermissions").await,
        expected[..10]
    );
    page.close().await;
    browser.close().await;
}
