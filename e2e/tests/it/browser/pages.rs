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

/// Pages that are seldom opened are not in the first load: their code comes when they are opened, and where it does not,
/// the page says so and gets it by the next try.
pub(super) async fn code_of_a_page_comes_when_it_is_opened(world: World) {
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let pages_loaded = async || {
        let loaded = page.loaded().await;
        let is_page = |name: &str| name.contains("/pages-") && name.contains(".wasm");
        loaded.iter().filter(|(name, _)| is_page(name)).count()
    };
    assert_eq!(pages_loaded().await, 0, "the first pages need none");
    page.evaluate(
        "{ const ask = window.fetch; \
         window.fetch = (what, ...how) => String(what).includes('/pages-') \
         ? Promise.reject(new TypeError('gone')) : ask(what, ...how); true }",
    )
    .await;
    page.click("link", "Organizations").await;
    page.see("The registry does not answer, or was updated")
        .await;
    page.accessible().await;
    page.screenshot("page-not-fetched").await;
    page.complaints().forgive("gone");

    page.click("button", "Load again").await;
    page.find("heading", "Organizations").await;
    assert_ne!(pages_loaded().await, 0, "the page came by itself");
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
        ("tokens", "/user/admin?tab=Applicationtokens".to_owned()),
        ("users", "/superuser/users".to_owned()),
        ("messages", "/superuser/messages".to_owned()),
        ("service-keys", "/superuser/service-keys".to_owned()),
        ("registry", "/superuser/registry".to_owned()),
        (
            "applications",
            format!("/organization/{organization}?tab=OAuthApplications"),
        ),
        (
            "own-authorizations",
            "/user/admin?tab=ExternalLoginsAndApplications".to_owned(),
        ),
        ("local-app", "/oauth/localapp".to_owned()),
        ("authorize", "/oauth/authorize".to_owned()),
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
            let cut = "(face => face.scrollWidth - face.clientWidth)(document.querySelector('.berth-account').parentElement)";
            let cut = page.evaluate(cut).await;
            assert!(
                cut.as_f64().is_some_and(|pixels| pixels <= 1.0),
                "the account is cut by {cut} on {path}"
            );
            page.screenshot(name).await;
        }
    }
    page.close().await;
    browser.close().await;
}
