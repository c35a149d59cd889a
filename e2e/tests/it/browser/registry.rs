//! The registry as its superusers see it, what they write in Markdown, and accounts that become organizations.

use berth_e2e::browser::{Browser, Look};
use berth_e2e::deployment::{Deployment, Shape};
use berth_e2e::world::World;

use super::signed_in;
use super::superusers::{auditor, signs_in};

pub(super) async fn superusers_see_the_registry_and_search_its_configuration(world: World) {
    let keys = [
        ("FEATURE_SUPERUSER_CONFIGDUMP", "true"),
        ("GLOBAL_READONLY_SUPER_USERS", "[auditor]"),
        ("MAIL_USERNAME", "postman"),
        ("MAIL_PASSWORD", "a-secret-word"),
    ];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let auditor = auditor(&world).await;
    let user = world.user().await;
    let (browser, page) = signed_in(&world, &auditor, Look::DESKTOP).await;
    page.click("link", "Registry").await;
    page.url_ends_with("/superuser/registry").await;
    page.find("heading", "Registry").await;
    let (database, storage) = match world.shape() {
        Shape::Embedded => ("SQLite", "Folder"),
        Shape::Scaled => ("PostgreSQL", "S3"),
    };
    for words in [database, storage, "Answers", "Takes reads and writes"] {
        page.see(words).await;
    }
    page.not_see("Does not answer").await;
    page.see("blobs").await;
    page.find("table", "Periodic work").await;
    page.see("Garbage collection").await;
    // Who only reads runs nothing.
    let menu = "Actions for Garbage collection";
    assert_eq!(page.count("button", menu).await, 0);
    page.find("table", "Configuration").await;
    page.see("1–20 of").await;
    page.accessible().await;
    page.screenshot("registry-configuration").await;

    let search = "Search keys and values";
    page.fill("searchbox", search, "superuser_configdump").await;
    page.url_ends_with("?q=superuser_configdump").await;
    page.see("1–1 of 1").await;
    page.see("FEATURE_SUPERUSER_CONFIGDUMP").await;
    // A secret is nowhere in the page, and finds nothing.
    page.fill("searchbox", search, "MAIL_PASSWORD").await;
    page.see("1–1 of 1").await;
    page.see("**********").await;
    assert!(!page.shows("a-secret-word").await);
    page.fill("searchbox", search, "a-secret-word").await;
    page.see("Nothing found").await;
    page.click("button", "Clear all filters").await;
    page.see("1–20 of").await;
    page.click("button", "Next page").await;
    page.see("21–40 of").await;
    page.click("link", "Change log").await;
    page.url_ends_with("/superuser/change-log").await;
    page.find("heading", "Change log").await;
    page.see("Unreleased").await;
    page.accessible().await;
    page.screenshot("change-log").await;
    page.close().await;
    browser.close().await;

    let (browser, page) = signed_in(&world, &user, Look::PHONE).await;
    assert_eq!(page.count("link", "Registry").await, 0);
    for path in ["registry", "change-log"] {
        page.go(&format!("{}/superuser/{path}", world.url())).await;
        page.find("heading", "Not found, or not visible to you")
            .await;
    }
    page.close().await;
    browser.close().await;
}

pub(super) async fn work_of_the_registry_is_begun_at_once_on_demand(world: World) {
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.click("link", "Registry").await;
    page.find("table", "Periodic work").await;
    page.accessible().await;
    page.screenshot("registry-jobs").await;
    page.click("button", "Actions for Signing keys").await;
    page.click("menuitem", "Run Now").await;
    page.see("Signing keys: begins within seconds").await;
    page.close().await;
    browser.close().await;
}

/// A registry of its own, since everybody sees the message.
pub(super) async fn a_message_in_markdown_is_shown_and_its_markup_does_nothing(world: World) {
    // Would say so in the page, were it obeyed.
    const SCRIPT: &str = "<script>window.obeyed = 1</script>";
    const PICTURE: &str = "<img src=\"/nowhere\" onerror=\"window.obeyed = 1\">";
    let world = World::of_its_own(world.shape()).await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    // Open before there is any message.
    let reader_browser = Browser::start().await;
    let address = format!("{}/signin", world.url());
    let reader = reader_browser.open(&address, Look::PHONE).await;
    reader.find("button", "Sign in").await;

    page.click("link", "Messages").await;
    page.see("No messages").await;
    page.click("button", "Create Message").await;
    let text = format!("**Read-only** – see the [status](https://status.example) {SCRIPT}");
    page.fill("textbox", "Message", &text).await;
    page.evaluate("document.querySelector('#message-format').focus()")
        .await;
    page.press("ArrowDown").await;
    let strong = |within: &str| {
        format!("document.querySelector('{within} .berth-banner__rich strong')?.textContent")
    };
    page.wait("the preview is Markdown", async || {
        page.evaluate(&strong("dialog")).await == "Read-only"
    })
    .await;
    page.accessible().await;
    page.screenshot("message-markdown").await;
    page.click("button", "Post Message").await;
    page.see("Message posted").await;
    page.wait("the banner is Markdown", async || {
        page.evaluate(&strong("main")).await == "Read-only"
    })
    .await;
    page.wait("the list has the link", async || {
        let link = "document.querySelector('main table a')?.href";
        page.evaluate(link).await == "https://status.example/"
    })
    .await;
    page.see(SCRIPT).await;

    // A text is shown as it was written.
    page.click("button", "Create Message").await;
    page.fill(
        "textbox",
        "Message",
        &format!("<b>As it is</b> – {PICTURE}"),
    )
    .await;
    page.see(&format!("<b>As it is</b> – {PICTURE}")).await;
    page.click("button", "Post Message").await;
    page.gone("dialog", "Create Message").await;
    page.accessible().await;
    page.screenshot("messages-markdown").await;

    // Who comes back to a tab reads what was posted meanwhile.
    assert!(!reader.shows("Read-only").await);
    reader
        .evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
        .await;
    reader.see(PICTURE).await;
    assert_eq!(reader.evaluate(&strong("main")).await, "Read-only");
    reader.accessible().await;
    reader.screenshot("message-rich").await;
    for read in [&page, &reader] {
        let harm = "String(window.obeyed) + document.querySelectorAll('main img, main b, main script').length";
        assert_eq!(read.evaluate(harm).await, "undefined0");
    }
    reader.close().await;
    reader_browser.close().await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn an_account_becomes_an_organization_of_who_is_named(world: World) {
    let (user, owner) = (world.user().await, world.user().await);
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    page.go(&format!("{}/user/{}?tab=Settings", world.url(), user.name))
        .await;
    page.click("button", "Convert to an organization").await;
    page.find(
        "dialog",
        &format!("Convert {} to an organization?", user.name),
    )
    .await;
    page.see("Nobody signs in as this account any more").await;
    let word = format!("Type \"{}\" to go on", user.name);
    let password = "Password of the administrator";
    page.fill("textbox", "Administrator", &user.name).await;
    page.fill("textbox", password, &user.password).await;
    page.fill("textbox", &word, &user.name).await;
    page.press("Enter").await;
    page.see("This is you. Name another user.").await;
    page.fill("textbox", "Administrator", &owner.name).await;
    page.press("Enter").await;
    page.see("Name or password of the administrator is wrong.")
        .await;
    page.accessible().await;
    page.screenshot("account-convert").await;
    assert!(signs_in(&world, &user.name, &user.password).await);
    page.fill("textbox", password, &owner.password).await;
    page.press("Enter").await;
    page.url_ends_with(&format!("/organization/{}", user.name))
        .await;
    page.see(&format!("{} is an organization now", user.name))
        .await;
    page.find("button", &format!("Account of {}", owner.name))
        .await;
    page.find("tab", "OAuth Applications").await;
    assert!(!signs_in(&world, &user.name, &user.password).await);
    page.close().await;
    browser.close().await;

    // What the server refuses is not offered: a superuser stays a user.
    let (browser, page) = signed_in(&world, &world.admin, Look::PHONE).await;
    page.go(&format!(
        "{}/user/{}?tab=Settings",
        world.url(),
        world.admin.name
    ))
    .await;
    page.see("A superuser stays a user.").await;
    assert_eq!(page.count("button", "Convert to an organization").await, 0);
    page.close().await;
    browser.close().await;
}
