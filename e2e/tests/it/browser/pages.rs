//! How pages look and read: both widths, both themes, both languages.

use berth_e2e::browser::{Browser, Look};
use berth_e2e::world::World;

use super::{settled, signed_in};

pub(super) async fn sign_in_page_opens_without_complaint(world: World) {
    let browser = Browser::start().await;
    for look in [
        Look::DESKTOP,
        Look::DESKTOP.dark(),
        Look::PHONE,
        Look::PHONE.dark().in_language("ja"),
    ] {
        let page = browser.open(&format!("{}/signin", world.url()), look).await;
        let name = if look.language == "ja" {
            "サインイン"
        } else {
            "Sign in"
        };
        page.find("button", name).await;
        page.accessible().await;
        page.screenshot("sign-in").await;
        page.close().await;
    }
    browser.close().await;
}

/// What the console may weigh until its first page can be used: the document, scripts, styles, fonts
/// and WebAssembly, compressed as they are served and with their headers.
const FIRST_LOAD_BYTES_MAX: f64 = 450.0 * 1024.0;

pub(super) async fn first_load_stays_within_its_budget(world: World) {
    let browser = Browser::start().await;
    let page = browser
        .open(&format!("{}/signin", world.url()), Look::DESKTOP)
        .await;
    page.find("button", "Sign in").await;
    settled(&page).await;
    let loaded = page.loaded().await;
    assert!(
        loaded.iter().any(|(name, _)| name.contains("_bg.wasm")),
        "the list is whole: {loaded:#?}"
    );
    let bytes: f64 = loaded.iter().map(|(_, bytes)| bytes).sum();
    let figure = format!(
        "first load: {:.1} KiB of {:.1} KiB",
        bytes / 1024.0,
        FIRST_LOAD_BYTES_MAX / 1024.0
    );
    eprintln!("{figure}");
    assert!(bytes <= FIRST_LOAD_BYTES_MAX, "{figure}: {loaded:#?}");
    page.close().await;
    browser.close().await;
}

pub(super) async fn hidden_and_unknown_pages_look_alike(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "secret", "PRIVATE").await;
    let stranger = world.user().await;
    let (browser, page) = signed_in(&world, &stranger, Look::DESKTOP).await;
    for path in [
        "/nowhere".to_owned(),
        format!("/repository/{organization}/secret"),
        format!("/repository/{organization}/absent"),
        format!("/repository/{organization}/secret/tag/latest"),
    ] {
        page.go(&format!("{}{path}", world.url())).await;
        page.find("heading", "Not found, or not visible to you")
            .await;
        page.accessible().await;
    }
    page.screenshot("not-visible").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn pages_are_accessible_in_every_look(world: World) {
    let organization = world.organization().await;
    let repository = format!("{organization}/app");
    let client = world.client(&world.admin);
    let index = client.index_layout(31, 200_000);
    client.push(&index, &repository, "2.0").await;
    world.robot(&organization).await;

    let paths = [
        ("organizations", "/organization".to_owned()),
        ("organization", format!("/organization/{organization}")),
        (
            "robots",
            format!("/organization/{organization}?tab=Robotaccounts"),
        ),
        (
            "organization-settings",
            format!("/organization/{organization}?tab=Settings"),
        ),
        ("account", "/user/admin?tab=Settings".to_owned()),
        ("repositories", format!("/repository?q={organization}")),
        ("tags", format!("/repository/{repository}")),
        (
            "information",
            format!("/repository/{repository}?tab=information"),
        ),
        ("settings", format!("/repository/{repository}?tab=settings")),
        ("tag", format!("/repository/{repository}/tag/2.0")),
        (
            "tag-layers",
            format!("/repository/{repository}/tag/2.0?tab=layers"),
        ),
        (
            "tag-referrers",
            format!("/repository/{repository}/tag/2.0?tab=referrers"),
        ),
    ];
    let (browser, mut page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    for look in [
        Look::DESKTOP,
        Look::DESKTOP.dark(),
        Look::PHONE,
        Look::PHONE.dark(),
        Look::DESKTOP.in_language("ja"),
        Look::PHONE.in_language("ja"),
    ] {
        page.look_at(look).await;
        for (name, path) in &paths {
            page.go(&format!("{}{path}", world.url())).await;
            settled(&page).await;
            page.accessible().await;
            let overflow = "document.documentElement.scrollWidth - innerWidth";
            let overflow = page.evaluate(overflow).await;
            assert!(
                overflow.as_f64().is_some_and(|pixels| pixels <= 0.0),
                "{path} scrolls sideways by {overflow}"
            );
            page.screenshot(name).await;
        }
    }
    page.close().await;
    browser.close().await;
}
