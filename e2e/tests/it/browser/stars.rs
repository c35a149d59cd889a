//! Stars, and the bell.

use berth_e2e::browser::{Look, Page};
use berth_e2e::world::World;

use super::signed_in;

/// The name of the link to a repository: where a path may wrap, a space is read.
fn link(path: &str) -> String {
    path.replace('/', "/ ")
}

/// Whether the star of a repository is set.
async fn is_starred(page: &Page, path: &str) -> bool {
    let pressed = format!("document.querySelector('[aria-label=\"Star {path}\"]').ariaPressed");
    page.evaluate(&pressed).await == "true"
}

/// Presses the star of a repository and waits until the server has it.
async fn star(page: &Page, path: &str, starred: bool) {
    page.click("button", &format!("Star {path}")).await;
    let saved = format!("document.querySelector('[aria-label=\"Star {path}\"]').ariaBusy");
    page.wait("the star is saved", async || {
        is_starred(page, path).await == starred && page.evaluate(&saved).await != "true"
    })
    .await;
}

pub(super) async fn a_starred_repository_is_found_among_the_starred(world: World) {
    let organization = world.organization().await;
    for name in ["app", "other"] {
        world.repository(&organization, name, "PUBLIC").await;
    }
    // Somebody who has no star yet.
    let user = world.user().await;
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    let path = format!("{organization}/app");
    let list = format!("{}/repository?q={organization}", world.url());
    page.go(&list).await;
    page.find("link", &link(&path)).await;
    star(&page, &path, true).await;
    page.reload().await;
    page.find("link", &link(&path)).await;
    assert!(is_starred(&page, &path).await);
    page.accessible().await;
    page.screenshot("repositories-starred").await;

    page.click("button", "Starred").await;
    page.see("1–1 of 1").await;
    page.find("link", &link(&path)).await;
    assert_eq!(
        page.count("link", &link(&format!("{organization}/other")))
            .await,
        0
    );
    page.accessible().await;
    page.screenshot("starred").await;

    // On its own page the star is the same one.
    page.click("link", &link(&path)).await;
    page.find("heading", "app").await;
    assert!(is_starred(&page, &path).await);
    page.accessible().await;
    star(&page, &path, false).await;
    page.go(&format!("{}/repository?starred=true", world.url()))
        .await;
    page.see("No starred repositories").await;
    page.accessible().await;
    page.click("button", "Show all repositories").await;
    page.url_ends_with("/repository").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn starred_repositories_are_searched_and_sorted(world: World) {
    let organization = world.organization().await;
    for name in ["alpha", "beta", "gamma"] {
        world.repository(&organization, name, "PUBLIC").await;
    }
    let user = world.user().await;
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    page.go(&format!("{}/repository?q={organization}", world.url()))
        .await;
    for name in ["alpha", "beta"] {
        star(&page, &format!("{organization}/{name}"), true).await;
    }
    page.go(&format!("{}/repository?starred=true", world.url()))
        .await;
    let named = |name: &str| link(&format!("{organization}/{name}"));
    page.see("1–2 of 2").await;
    page.click("button", "Name").await;
    page.url_ends_with("sort=-name").await;
    page.wait("the order is turned", async || {
        page.evaluate("document.querySelector('tbody a').textContent")
            .await
            == format!("{organization}/beta").as_str()
    })
    .await;
    page.press("/").await;
    page.type_text("/ALPH").await;
    page.see("1–1 of 1").await;
    page.find("link", &named("alpha")).await;
    page.gone("link", &named("beta")).await;
    page.accessible().await;
    page.screenshot("starred-searched").await;
    page.reload().await;
    page.find("link", &named("alpha")).await;
    // What is not starred is not found, and the switch keeps what is searched.
    page.press("/").await;
    page.evaluate("document.activeElement.select()").await;
    page.type_text("gamm").await;
    page.see("Nothing found").await;
    page.click("button", "Starred").await;
    page.find("link", &named("gamma")).await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn a_star_that_is_refused_goes_back(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "app", "PRIVATE").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::PHONE).await;
    let path = format!("{organization}/app");
    page.go(&format!("{}/repository?q={organization}", world.url()))
        .await;
    page.find("link", &link(&path)).await;
    page.evaluate(
        "(() => { const asked = window.fetch; window.fetch = (...how) => \
         String(how[0]?.url ?? how[0]).endsWith('/graphql') ? Promise.reject(new TypeError('down')) : asked(...how) })()",
    )
    .await;
    page.click("button", &format!("Star {path}")).await;
    page.see("The registry cannot be reached.").await;
    page.wait("the star went back", async || {
        !is_starred(&page, &path).await
    })
    .await;
    page.close().await;
    browser.close().await;
}

/// Answers the two questions of the bell in the place of the server, which tells nothing within the minutes of a test.
const BELL: &str = r"(() => {
    const asked = window.fetch;
    const all = [
        { uuid: 'n2', kind: 'service_key_expiring', organization: null, metadata: { kid: 'k', service: 'scanner', name: 'East' } },
        { uuid: 'n1', kind: 'org_team_invite', organization: 'acme', metadata: { team: 'ops' } },
    ].map(one => ({ ...one, createdAt: new Date().toISOString(), dismissed: false }));
    window.tellMore = () => {
        const work = { kind: 'maintenance', organization: null, metadata: {}, createdAt: new Date().toISOString() };
        for (let number = 0; number < 60; number += 1) all.push({ ...work, uuid: `m${number}`, dismissed: false });
    };
    const gone = new Set();
    const answer = data => Promise.resolve(new Response(JSON.stringify({ data }), { headers: { 'Content-Type': 'application/json' } }));
    window.fetch = async (...how) => {
        const request = new Request(...how);
        const body = await request.clone().text();
        const { query = '', variables } = body ? JSON.parse(body) : {};
        if (query.includes('dismissNotifications')) {
            const uuids = variables.uuids ?? all.map(one => one.uuid).filter(uuid => !gone.has(uuid));
            for (const uuid of uuids) if (variables.dismissed) gone.add(uuid); else gone.delete(uuid);
            return answer({ dismissNotifications: { uuids } });
        }
        if (query.includes('notifications')) {
            const left = all.filter(one => !gone.has(one.uuid));
            const pageInfo = { hasNextPage: left.length > 50, endCursor: left.length > 50 ? 'more' : null };
            return answer({ viewer: { notifications: { unreadCount: left.length, nodes: left.slice(0, 50), pageInfo } } });
        }
        return asked(request);
    };
    true
})()";

pub(super) async fn the_bell_tells_leads_on_and_is_put_away(world: World) {
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.click("button", "Notifications").await;
    page.see("No notifications").await;
    page.accessible().await;
    page.press("Escape").await;
    page.gone("dialog", "Notifications").await;

    page.evaluate(BELL).await;
    page.click("button", "Notifications").await;
    page.see("The service key East expires soon").await;
    page.see("You are invited to the team ops").await;
    page.accessible().await;
    page.screenshot("bell").await;
    page.click("button", "Dismiss: You are invited to the team ops")
        .await;
    page.not_see("You are invited to the team ops").await;
    page.find("button", "Notifications, 1 unread").await;
    page.see("1 notification dismissed").await;
    page.click("button", "Undo").await;
    page.find("button", "Notifications, 2 unread").await;
    page.not_see("1 notification dismissed").await;

    page.click("link", "The service key East expires soon")
        .await;
    page.url_ends_with("/superuser/service-keys").await;
    page.gone("dialog", "Notifications").await;
    page.click("button", "Notifications, 2 unread").await;
    page.click("button", "Dismiss all").await;
    page.see("No notifications").await;
    page.find("button", "Notifications").await;

    // What is not shown is put away too, and comes back with the rest.
    page.press("Escape").await;
    page.gone("dialog", "Notifications").await;
    page.evaluate("window.tellMore()").await;
    page.click("button", "Notifications").await;
    page.see("There are older ones too.").await;
    page.click("button", "Dismiss all").await;
    page.see("60 notifications dismissed").await;
    page.see("No notifications").await;
    page.click("button", "Undo").await;
    page.find("button", "Notifications, 60 unread").await;
    page.close().await;
    browser.close().await;
}
