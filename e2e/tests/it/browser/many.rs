//! Lists of ten thousand rows, of which a page shows a hundred at most.

use berth_e2e::browser::{Look, Page};
use berth_e2e::rows::Rows;
use berth_e2e::world::World;

use super::signed_in;

/// Rows of each list: as many as are counted.
const MANY: u32 = 10_000;

/// Numbers from 1 on, as `n.i`.
fn numbers(last: u32) -> String {
    format!(
        "with recursive n(i) as (select cast(1 as bigint) union all select i + 1 from n where i < {last})"
    )
}

/// A letter and five digits.
fn named(letter: char) -> String {
    format!("'{letter}' || substr(cast(100000 + n.i as text), 2)")
}

/// Fills an organization past the servers: repositories, and robots that are like the one that is there.
async fn fill(world: &World, organization: &str) {
    let rows = Rows::of(world.deployment());
    let now = rows.now_ms().await;
    let home = format!("(select id from accounts where name = '{organization}')");
    let statements = [
        format!(
            "{} insert into repositories (namespace_id, name, visibility, last_pushed_at, created_at) \
             select {home}, {}, 'private', {now} - n.i, {now} from n",
            numbers(MANY),
            named('p'),
        ),
        format!(
            "{} insert into accounts (uuid, kind, created_at) \
             select '5ca1e002-0000-4000-8000-' || substr(cast(1000000000000 + n.i as text), 2), 'robot', {now} from n",
            numbers(MANY - 1),
        ),
        format!(
            "{} insert into robot_profiles (account_id, namespace_id, short_name, token_sealed, token_hash) \
             select a.id, {home}, {}, p.token_sealed, p.token_hash from n \
             join accounts a on a.uuid = '5ca1e002-0000-4000-8000-' || substr(cast(1000000000000 + n.i as text), 2) \
             cross join robot_profiles p where p.namespace_id = {home}",
            numbers(MANY - 1),
            named('r'),
        ),
    ];
    for statement in statements {
        rows.ask(&statement).await;
    }
    if matches!(rows, Rows::Postgres(_)) {
        rows.ask("analyze").await;
    }
}

/// How many rows the document has, and what its first one says first.
async fn shown(page: &Page) -> (u64, String) {
    let rows = page.evaluate("document.querySelectorAll('tr').length");
    // One of them is the heading.
    let rows = rows.await.as_u64().unwrap_or_default().saturating_sub(1);
    let first = page.evaluate("document.querySelector('tbody a, tbody td button')?.textContent");
    (rows, first.await.as_str().unwrap_or_default().to_owned())
}

/// Waits for a page of the list, by its range and its first row.
async fn page_is(page: &Page, range: &str, rows: u64, first: &str) {
    page.see(range).await;
    page.wait(&format!("`{first}` is the first of {rows}"), async || {
        shown(page).await == (rows, first.to_owned())
    })
    .await;
}

pub(super) async fn ten_thousand_rows_are_searched_sorted_and_paged(world: World) {
    // A registry of its own: no other scenario has to look through these rows.
    let world = World::of_its_own(world.shape()).await;
    let organization = world.organization().await;
    let robot = world.robot(&organization).await;
    fill(&world, &organization).await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let list = format!("{}/organization/{organization}", world.url());
    page.go(&format!("{list}?rows=100")).await;
    page_is(&page, "1–100 of 10,000", 100, "p00001").await;
    page.click("button", "Next page").await;
    page_is(&page, "101–200 of 10,000", 100, "p00101").await;
    page.click("button", "Next page").await;
    page_is(&page, "201–300 of 10,000", 100, "p00201").await;
    page.reload().await;
    page_is(&page, "201–300 of 10,000", 100, "p00201").await;
    page.click("button", "Name").await;
    page_is(&page, "1–100 of 10,000", 100, "p10000").await;
    page.click("button", "Last pushed").await;
    page_is(&page, "1–100 of 10,000", 100, "p00001").await;
    page.click("button", "Last pushed").await;
    page_is(&page, "1–100 of 10,000", 100, "p10000").await;
    page.click("checkbox", "Select all rows on this page").await;
    page.see("100 selected").await;
    page.find("button", "Select all 10,000+").await;
    page.click("button", "Clear selection").await;
    page.fill("searchbox", "Search repositories", "0999").await;
    page_is(&page, "1–11 of 11", 11, "p09999").await;
    page.fill("searchbox", "Search repositories", "p0999").await;
    page_is(&page, "1–10 of 10", 10, "p09999").await;

    page.go(&format!("{list}?tab=Robotaccounts&rows=100")).await;
    // The one that was there first begins with a `c`.
    page_is(&page, "1–100 of 10,000", 100, &robot.name).await;
    page.click("button", "Next page").await;
    let name = |number: u32| format!("{organization}+r{number:05}");
    page_is(&page, "101–200 of 10,000", 100, &name(100)).await;
    page.fill("searchbox", "Search robot accounts", "0999")
        .await;
    page_is(&page, "1–11 of 11", 11, &name(999)).await;
    page.click("button", &format!("Actions for {}", name(999)))
        .await;
    page.click("menuitem", "Set repository permissions").await;
    page.see("1–10 of 10,000").await;
    page.fill("searchbox", "Search repositories", "p0777").await;
    page.find("checkbox", "Select p07770").await;
    page.close().await;
    browser.close().await;
}
