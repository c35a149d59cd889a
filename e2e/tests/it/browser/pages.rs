//! How pages look and read: both widths, both themes, both languages.

use berth_e2e::browser::{Browser, Look, Page};
use berth_e2e::deployment::Deployment;
use berth_e2e::mailbox::Mailbox;
use berth_e2e::world::World;

use super::oauth::{application, question};
use super::{settled, signed_in};

/// Both widths, both themes, both languages.
const LOOKS: [Look; 6] = [
    Look::DESKTOP,
    Look::DESKTOP.dark(),
    Look::PHONE,
    Look::PHONE.dark(),
    Look::DESKTOP.in_language("ja"),
    Look::PHONE.in_language("ja"),
];

/// Checks a page that has its content: it speaks the language of its look, axe finds nothing, and nothing sticks out.
pub(super) async fn looks_well(page: &Page, path: &str) {
    settled(page).await;
    let language = page.evaluate("document.documentElement.lang").await;
    assert_eq!(language, page.look().language, "{path}");
    page.accessible().await;
    let overflow = "document.documentElement.scrollWidth - innerWidth";
    let overflow = page.evaluate(overflow).await;
    assert!(
        overflow.as_f64().is_some_and(|pixels| pixels <= 0.0),
        "{path} scrolls sideways by {overflow}"
    );
}

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

    let home = format!("{}/repository", world.url());
    let client_id = application(&world, "Viewer", &home).await;
    let consent = question(
        &world,
        &client_id,
        &home,
        "scope=repo:read%20user:admin&response_type=code",
    );
    let consent = consent.replacen(&world.url(), "", 1);

    let paths = [
        ("organizations", "/organization".to_owned()),
        ("organization", format!("/organization/{organization}")),
        (
            "robots",
            format!("/organization/{organization}?tab=Robotaccounts"),
        ),
        (
            "teams",
            format!("/organization/{organization}?tab=Teamsandmembership"),
        ),
        (
            "team-members",
            format!("/organization/{organization}/teams/owners"),
        ),
        (
            "team-permissions",
            format!("/organization/{organization}/teams/owners?tab=permissions"),
        ),
        (
            "default-permissions",
            format!("/organization/{organization}?tab=Defaultpermissions"),
        ),
        (
            "organization-settings",
            format!("/organization/{organization}?tab=Settings"),
        ),
        ("account", "/user/admin?tab=Settings".to_owned()),
        ("tokens", "/user/admin?tab=Applicationtokens".to_owned()),
        ("search", format!("/search?q={organization}")),
        ("users", "/superuser/users".to_owned()),
        ("messages", "/superuser/messages".to_owned()),
        ("service-keys", "/superuser/service-keys".to_owned()),
        ("registry", "/superuser/registry".to_owned()),
        ("change-log", "/superuser/change-log".to_owned()),
        (
            "applications",
            format!("/organization/{organization}?tab=OAuthApplications"),
        ),
        (
            "own-authorizations",
            "/user/admin?tab=ExternalLoginsAndApplications".to_owned(),
        ),
        ("own-invitations", "/user/admin?tab=Invitations".to_owned()),
        ("local-app", "/oauth/localapp".to_owned()),
        ("authorize-nothing", "/oauth/authorize".to_owned()),
        ("authorize", consent),
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
    for look in LOOKS {
        page.look_at(look).await;
        for (name, path) in &paths {
            page.go(&format!("{}{path}", world.url())).await;
            looks_well(&page, path).await;
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

/// What people see who are not signed in: the ways in, and what the links in mails lead to.
pub(super) async fn pages_of_strangers_are_accessible_in_every_look(world: World) {
    let mails = Mailbox::open().await;
    let port = mails.port().to_string();
    let keys = [
        ("MAIL_SERVER", "127.0.0.1"),
        ("MAIL_PORT", port.as_str()),
        ("MAIL_USE_TLS", "false"),
    ];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let paths = [
        ("stranger-sign-in", "/signin"),
        ("stranger-sign-up", "/createaccount"),
        ("stranger-recovery", "/recovery"),
        ("stranger-new-password", "/recovery?code=not-a-code"),
        ("stranger-confirm", "/confirm?code=not-a-code"),
        ("stranger-repositories", "/repository"),
    ];
    let browser = Browser::start().await;
    let mut page = browser.open(&world.url(), Look::DESKTOP).await;
    for look in LOOKS {
        page.look_at(look).await;
        for (name, path) in paths {
            page.go(&format!("{}{path}", world.url())).await;
            looks_well(&page, path).await;
            page.screenshot(name).await;
        }
    }
    page.close().await;
    browser.close().await;
}

/// Dialogs of superusers and of applications in Japanese, which other scenarios open in English.
pub(super) async fn dialogs_are_accessible_in_japanese(world: World) {
    let organization = world.organization().await;
    let applications = format!("/organization/{organization}?tab=OAuthApplications");
    let teams = format!("/organization/{organization}?tab=Teamsandmembership");
    let members = format!("/organization/{organization}/teams/owners");
    let robots = format!("/organization/{organization}?tab=Robotaccounts");
    let defaults = format!("/organization/{organization}?tab=Defaultpermissions");
    let dialogs = [
        ("team-create", teams.as_str(), "新しいチームの作成"),
        ("team-add-member", members.as_str(), "新しいメンバーの追加"),
        ("robot-wizard", robots.as_str(), "ロボットアカウントの作成"),
        (
            "default-permission-create",
            defaults.as_str(),
            "デフォルトの権限の作成",
        ),
        ("user-create", "/superuser/users", "ユーザーの作成"),
        ("message-create", "/superuser/messages", "メッセージの作成"),
        (
            "service-key-create",
            "/superuser/service-keys",
            "サービスキーの作成",
        ),
        (
            "application-create",
            applications.as_str(),
            "新しいアプリケーションの作成",
        ),
        (
            "encrypted-password-asked",
            "/user/admin?tab=Settings",
            "暗号化パスワードの生成",
        ),
    ];
    let (browser, mut page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    for look in [
        Look::DESKTOP.in_language("ja"),
        Look::PHONE.dark().in_language("ja"),
    ] {
        page.look_at(look).await;
        for (name, path, button) in dialogs {
            page.go(&format!("{}{path}", world.url())).await;
            settled(&page).await;
            page.click("button", button).await;
            page.wait("the dialog is open", async || {
                page.evaluate("!!document.querySelector('dialog[open]')")
                    .await
                    == true
            })
            .await;
            looks_well(&page, path).await;
            page.screenshot(name).await;
            page.press("Escape").await;
        }
    }
    page.close().await;
    browser.close().await;
}
