//! What people do in the console, by role and name.

use berth_e2e::browser::{Browser, Look, Page};
use berth_e2e::deployment::Deployment;
use berth_e2e::world::World;

use super::{settled, signed_in};

/// A registry of its own, since only an empty one can be set up.
pub(super) async fn first_visitor_sets_the_registry_up(world: World) {
    let deployment = Deployment::start(world.shape()).await;
    let browser = Browser::start().await;
    let page = browser
        .open(&format!("http://{}/", deployment.host()), Look::DESKTOP)
        .await;
    page.url_ends_with("/setup").await;
    page.find("heading", "Set up your registry").await;
    page.accessible().await;
    page.screenshot("set-up").await;
    page.fill("textbox", "Username", "captain").await;
    page.fill("textbox", "Password", "short").await;
    page.see("At least 8 characters, without spaces.").await;
    page.fill("textbox", "Password", "long-enough-password")
        .await;
    page.fill("textbox", "Password again", "long-enough-password")
        .await;
    page.click("button", "Create user").await;
    page.url_ends_with("/repository").await;
    page.see("No repositories yet").await;
    page.screenshot("first-page").await;

    page.click("button", "Account of captain").await;
    page.click("menuitem", "Sign out").await;
    page.url_ends_with("/signin").await;
    page.fill("textbox", "Username", "captain").await;
    page.fill("textbox", "Password", "long-enough-password")
        .await;
    page.click("button", "Sign in").await;
    page.url_ends_with("/repository").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn pushed_tag_appears_in_an_open_list(world: World) {
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    browser.allow_clipboard().await;
    // Only its name is needed: the organization itself is made below, in the browser.
    let organization = format!("{}-browser", world.organization().await);

    page.click("link", "Organizations").await;
    page.url_ends_with("/organization").await;
    page.click("button", "Create Organization").await;
    page.fill("textbox", "Organization Name", &organization)
        .await;
    page.click("button", "Create").await;
    page.url_ends_with(&format!("/organization/{organization}"))
        .await;
    page.find("heading", &organization).await;

    page.click("button", "Create Repository").await;
    page.fill("textbox", "Repository Name", "deep/app").await;
    page.click("button", "Create").await;
    page.url_ends_with(&format!("/repository/{organization}/deep/app"))
        .await;
    page.see("No tags yet").await;
    page.screenshot("repository-empty").await;

    let repository = format!("{organization}/deep/app");
    let client = world.client(&world.admin);
    let layout = client.image_layout(4711, 200_000);
    client.push(&layout, &repository, "1.0").await;
    page.find("link", "1.0").await;
    page.screenshot("tag-arrived").await;

    page.click("button", "Actions for 1.0").await;
    page.click("menuitem", "Fetch Tag").await;
    page.click("button", "Copy Command: Podman Pull (by tag)")
        .await;
    page.find("button", "Copied").await;
    let command = page.clipboard().await;
    assert!(
        command.starts_with("podman pull ")
            && command.ends_with(&format!("{}/{repository}:1.0", world.host())),
        "{command}"
    );
    page.press("Escape").await;
    page.gone("dialog", "Fetch Tag: 1.0").await;

    page.click("link", "1.0").await;
    page.url_ends_with("/tag/1.0").await;
    page.find("heading", "1.0").await;
    page.see(&layout.digest).await;
    page.click("tab", "Layers").await;
    page.url_ends_with("tab=layers").await;
    page.see("1 layer").await;
    page.click("tab", "Referrers").await;
    page.see("No referrers").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn robot_gets_credentials_and_goes(world: World) {
    let organization = world.organization().await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    browser.allow_clipboard().await;
    page.go(&format!(
        "{}/organization/{organization}?tab=Robotaccounts",
        world.url()
    ))
    .await;
    page.see("No robot accounts yet").await;
    page.click("button", "Create robot account").await;
    page.fill(
        "textbox",
        "Provide a name for your robot account",
        "pipeline",
    )
    .await;
    page.click("button", "Review and finish").await;
    page.find("heading", "Review and finish").await;
    page.click("button", "Review and finish").await;
    let robot = format!("{organization}+pipeline");
    page.find("dialog", &format!("Credentials of {robot}"))
        .await;
    page.see(&format!(
        "Successfully created robot account with robot name: {robot}"
    ))
    .await;
    page.see("••••").await;
    page.click("button", "Show token").await;
    page.not_see("••••").await;
    page.click("tab", "Kubernetes Secret").await;
    page.see("kubernetes.io/dockerconfigjson").await;
    page.click("tab", "Podman").await;
    page.click("button", "Copy Command").await;
    page.find("button", "Copied").await;
    let command = page.clipboard().await;
    assert!(command.contains(&format!("-u='{robot}'")), "{command}");
    page.accessible().await;
    page.press("Escape").await;

    page.click("button", &format!("Actions for {robot}")).await;
    page.click("menuitem", "Delete").await;
    page.fill("textbox", "Type \"confirm\" to go on", "confirm")
        .await;
    page.click("button", "Delete").await;
    page.see("No robot accounts yet").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn repository_changes_visibility_and_goes_after_confirm(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "shop", "PRIVATE").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let base = world.url();
    let path = format!("{organization}/shop");
    page.go(&format!("{base}/repository/{path}?tab=settings"))
        .await;
    page.click("button", "Make public").await;
    page.see(&format!("{path}: now public")).await;
    page.click("button", "Undo").await;
    page.see(&format!("{path}: now private")).await;
    page.find("button", "Make public").await;

    page.click("button", "Make read-only").await;
    page.see(&format!("{path} is read-only now")).await;
    page.see("This repository is read-only: everybody pulls as before")
        .await;
    page.click("button", "Make writable").await;
    page.see(&format!("{path} takes pushes again")).await;
    page.find("button", "Make read-only").await;

    page.go(&format!("{base}/organization/{organization}"))
        .await;
    page.click("button", &format!("Actions for {path}")).await;
    page.click("menuitem", "Delete").await;
    page.find("dialog", "Delete 1 repository?").await;
    page.see("0 tags go, 0 B in all. This cannot be undone.")
        .await;
    page.fill("textbox", "Type \"confirm\" to go on", "confirm")
        .await;
    page.press("Enter").await;
    page.see("1 repository deleted").await;
    page.see("No repositories yet").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn search_and_sort_stay_in_the_address(world: World) {
    let organization = world.organization().await;
    for name in ["alpha", "beta", "gamma"] {
        world.repository(&organization, name, "PRIVATE").await;
    }
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/organization/{organization}", world.url()))
        .await;
    page.find("link", "beta").await;
    page.press("/").await;
    page.type_text("amm").await;
    page.gone("link", "beta").await;
    page.find("link", "gamma").await;
    page.url_ends_with("q=amm").await;
    page.reload().await;
    page.find("link", "gamma").await;
    page.gone("link", "beta").await;
    page.click("button", "Clear search").await;
    page.find("link", "beta").await;
    page.click("button", "Name").await;
    page.url_ends_with("sort=-name").await;
    page.wait("the order is turned", async || {
        page.evaluate("document.querySelector('tbody a').textContent")
            .await
            == "gamma"
    })
    .await;
    // Rows by keyboard: down to the second one, chosen, back up and opened.
    page.evaluate("document.activeElement.blur()").await;
    for key in ["j", "j", "x"] {
        page.press(key).await;
    }
    page.see("1 selected").await;
    page.press("k").await;
    page.press("Enter").await;
    page.find("heading", "gamma").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn a_tag_and_a_repository_of_the_same_spelling_both_open(world: World) {
    let organization = world.organization().await;
    let (inner, outer) = (
        format!("{organization}/x/tag/y"),
        format!("{organization}/x"),
    );
    let client = world.client(&world.admin);
    let layout = client.image_layout(12, 1000);
    client.push(&layout, &outer, "y").await;
    client.push(&layout, &inner, "inner").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/organization/{organization}", world.url()))
        .await;
    page.find("link", "x").await;
    // Its name may wrap, which readers of the page hear as words of their own.
    page.evaluate("document.querySelector('a[href*=\"/x/tag/y\"]').click()")
        .await;
    page.find("heading", "x/tag/y").await;
    page.find("link", "inner").await;
    page.click("tab", "Information").await;
    page.find("heading", "x/tag/y").await;
    page.click("tab", "Tags").await;
    page.find("link", "inner").await;
    page.reload().await;
    page.find("link", "inner").await;
    page.go(&format!("{}/repository/{outer}", world.url()))
        .await;
    page.click("link", "y").await;
    page.find("heading", "y").await;
    page.see(&layout.digest).await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn dialog_keeps_the_focus_and_gives_it_back(world: World) {
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.click("button", "Create Repository").await;
    page.find("dialog", "Create Repository").await;
    for _ in 0..12 {
        page.press("Tab").await;
        // The browser's own controls come after the dialog's last one; the page behind never does.
        let inside = "document.activeElement === document.body || !!document.activeElement.closest('dialog')";
        assert_eq!(
            page.evaluate(inside).await,
            true,
            "the focus left the dialog"
        );
    }
    page.press("Escape").await;
    page.gone("dialog", "Create Repository").await;
    let focused = page.evaluate("document.activeElement.textContent").await;
    assert_eq!(focused, "Create Repository");

    page.click("button", "Account of admin").await;
    page.find("menuitem", "Sign out").await;
    page.press("End").await;
    page.wait("the last line has the focus", async || {
        page.evaluate("document.activeElement.textContent").await == "Sign out"
    })
    .await;
    page.press("Escape").await;
    page.gone("menuitem", "Sign out").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn language_and_theme_are_remembered(world: World) {
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.click("button", "Account of admin").await;
    page.click("menuitemradio", "日本語").await;
    page.find("heading", "リポジトリー").await;
    page.click("button", "admin のアカウント").await;
    page.click("menuitemradio", "ダーク").await;
    page.reload().await;
    page.find("heading", "リポジトリー").await;
    let dark = "document.documentElement.classList.contains('pf-v6-theme-dark')";
    assert_eq!(page.evaluate(dark).await, true);
    assert_eq!(page.evaluate("document.documentElement.lang").await, "ja");
    settled(&page).await;
    page.screenshot("remembered").await;
    // The settings of the account have the same choices.
    page.go(&format!("{}/user/admin?tab=Settings", world.url()))
        .await;
    for (name, id, value) in [("テーマ", "theme", "light"), ("言語", "language", "en")] {
        page.find("combobox", name).await;
        let choose = format!(
            "(() => {{ const choice = document.querySelector('#own-{id}'); choice.value = '{value}'; \
             choice.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        );
        page.evaluate(&choose).await;
    }
    page.find("heading", "Theme and language").await;
    assert_eq!(page.evaluate(dark).await, false);
    page.accessible().await;
    page.close().await;
    browser.close().await;
}

/// The field of the palette.
pub(super) const PALETTE: &str = "Pages, repositories, names, actions";

/// Waits until a field has the focus.
pub(super) async fn focused(page: &Page, name: &str) {
    page.find("combobox", name).await;
    page.wait("the field has the focus", async || {
        page.evaluate(&format!("document.activeElement?.ariaLabel === {name:?}"))
            .await
            == true
    })
    .await;
}

pub(super) async fn palette_leads_to_everything_by_keyboard(world: World) {
    let organization = world.organization().await;
    world
        .repository(&organization, "deep/shop", "PRIVATE")
        .await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    settled(&page).await;
    page.press_with_control("k").await;
    page.find("combobox", PALETTE).await;
    page.find("option", "My account Page").await;
    focused(&page, PALETTE).await;
    page.type_text(&format!("{organization}/deep")).await;
    page.wait("the hits are there", async || {
        page.evaluate("document.querySelectorAll('[role=option]').length")
            .await
            == 2
    })
    .await;
    page.find("option", "Show everything found Page").await;
    page.accessible().await;
    page.screenshot("palette").await;
    page.press("ArrowDown").await;
    page.press("ArrowUp").await;
    page.press("Enter").await;
    page.url_ends_with(&format!("/repository/{organization}/deep/shop"))
        .await;
    page.find("heading", "deep/shop").await;

    page.click("button", "Go to").await;
    focused(&page, PALETTE).await;
    page.type_text("dark").await;
    page.press("Enter").await;
    page.wait("the theme is dark", async || {
        page.evaluate("document.documentElement.classList.contains('pf-v6-theme-dark')")
            .await
            == true
    })
    .await;
    page.press_with_control("k").await;
    focused(&page, PALETTE).await;
    page.type_text("no such thing").await;
    page.see("Nothing found").await;
    page.press("Escape").await;
    page.gone("dialog", "Go to").await;
    page.close().await;
    browser.close().await;
}
