//! Pages of superusers: users, and messages to everybody.

use berth_e2e::api::GraphQl;
use berth_e2e::browser::{Browser, Look, Page};
use berth_e2e::deployment::Deployment;
use berth_e2e::mailbox::Mailbox;
use berth_e2e::random;
use berth_e2e::world::{Account, World};
use serde_json::json;

use super::signed_in;

/// Whether name and password are right and let in.
pub(super) async fn signs_in(world: &World, name: &str, password: &str) -> bool {
    let answer = GraphQl::new(world.http.clone(), &world.url(), None)
        .send(
            "mutation($input: SignInInput!) { signIn(input: $input) { viewer { user { name } } } }",
            json!({ "input": { "username": name, "password": password } }),
        )
        .await;
    answer["data"]["signIn"]["viewer"]["user"]["name"] == name
}

/// The user `auditor`, whom `GLOBAL_READONLY_SUPER_USERS` of the registry names.
pub(super) async fn auditor(world: &World) -> Account {
    let auditor = Account {
        name: "auditor".to_owned(),
        password: random::secret(),
    };
    let create = [
        "user",
        "create",
        "auditor",
        "--email",
        "auditor@example.com",
        "--password-stdin",
    ];
    let deployment = world.deployment();
    deployment.berth(&create, Some(&auditor.password)).await;
    auditor
}

/// Chooses a line of a user's menu.
async fn choose(page: &Page, name: &str, item: &str) {
    page.click("button", &format!("Actions for {name}")).await;
    page.click("menuitem", item).await;
}

pub(super) async fn a_user_is_created_shut_out_changed_and_deleted(world: World) {
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.click("link", "Users").await;
    page.url_ends_with("/superuser/users").await;
    page.find("heading", "Users").await;
    let name = random::name("carol");
    page.click("button", "Create User").await;
    page.fill("textbox", "Username", &name).await;
    page.press("Enter").await;
    page.find("dialog", &format!("{name} was created")).await;
    page.see("This password is shown this once.").await;
    page.accessible().await;
    page.screenshot("user-created").await;
    let password = page
        .evaluate("document.querySelectorAll('dialog .berth-command__text')[1].textContent")
        .await;
    let password = password.as_str().unwrap_or_default().to_owned();
    page.press("Escape").await;
    page.gone("dialog", &format!("{name} was created")).await;
    assert!(signs_in(&world, &name, &password).await);

    page.fill("searchbox", "Search users", &name).await;
    page.find("link", &name).await;
    page.see("1–1 of 1").await;
    choose(&page, &name, "Disable User").await;
    page.see(&format!("{name}: now disabled")).await;
    assert!(!signs_in(&world, &name, &password).await);
    page.click("button", "Undo").await;
    page.see(&format!("{name}: now enabled")).await;
    assert!(signs_in(&world, &name, &password).await);

    let address = format!("{name}@example.org");
    choose(&page, &name, "Change E-mail").await;
    page.fill("textbox", "E-mail address", &address).await;
    page.press("Enter").await;
    page.see(&format!("E-mail address of {name} changed")).await;
    page.see(&address).await;

    choose(&page, &name, "Change Password").await;
    page.fill("textbox", "New password", "another-password")
        .await;
    page.accessible().await;
    page.screenshot("user-password").await;
    page.click("button", "Change User Password").await;
    page.see(&format!("Password of {name} changed")).await;
    assert!(signs_in(&world, &name, "another-password").await);

    choose(&page, &name, "Delete User").await;
    page.find("dialog", &format!("Delete {name}?")).await;
    page.see("What goes: 0 repositories with all tags, 0 robot accounts.")
        .await;
    page.accessible().await;
    page.screenshot("user-delete").await;
    let word = format!("Type \"{name}\" to go on");
    page.fill("textbox", &word, "confirm").await;
    page.press("Enter").await;
    assert_eq!(page.count("dialog", &format!("Delete {name}?")).await, 1);
    page.fill("textbox", &word, &name).await;
    page.press("Enter").await;
    page.see(&format!("{name} deleted")).await;
    page.see("Nothing found").await;
    assert!(!signs_in(&world, &name, "another-password").await);

    // What the server refuses is not offered: a superuser stays as it is.
    page.fill("searchbox", "Search users", &world.admin.name)
        .await;
    page.find("link", &world.admin.name).await;
    page.see("Superuser").await;
    let menu = format!("Actions for {}", world.admin.name);
    assert_eq!(page.count("button", &menu).await, 0);
    page.close().await;
    browser.close().await;
}

pub(super) async fn disabled_users_are_found_by_their_status(world: World) {
    let (user, other) = (world.user().await, world.user().await);
    let (browser, page) = signed_in(&world, &world.admin, Look::PHONE).await;
    let address = format!("{}/superuser/users?q={}", world.url(), user.name);
    page.go(&address).await;
    choose(&page, &user.name, "Disable User").await;
    page.see(&format!("{}: now disabled", user.name)).await;
    page.go(&format!("{address}&state=disabled")).await;
    page.find("link", &user.name).await;
    page.see("Status: Disabled").await;
    page.accessible().await;
    page.screenshot("users-disabled").await;
    page.click("button", "Remove filter Status: Disabled").await;
    page.url_ends_with(&format!("?q={}", user.name)).await;
    page.go(&format!(
        "{}/superuser/users?q={}&state=disabled",
        world.url(),
        other.name
    ))
    .await;
    page.see("Nothing found").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn users_who_were_away_are_found_by_their_last_use(world: World) {
    // Made on the command line, it has never been here.
    let user = world.user().await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let address = format!("{}/superuser/users?q={}", world.url(), user.name);
    page.go(&address).await;
    page.find("link", &user.name).await;
    page.see("Never").await;
    assert!(signs_in(&world, &user.name, &user.password).await);
    page.reload().await;
    page.find("link", &user.name).await;
    page.not_see("Never").await;
    page.go(&format!("{address}&inactive=30")).await;
    page.see("Nothing found").await;
    page.see("Last used: Not for 30 days").await;
    page.accessible().await;
    page.screenshot("users-away").await;
    page.click("button", "Remove filter Last used: Not for 30 days")
        .await;
    page.url_ends_with(&format!("?q={}", user.name)).await;
    page.find("link", &user.name).await;
    page.close().await;
    browser.close().await;
}

/// The mail takes a registry of its own, which sends some.
pub(super) async fn a_user_who_lost_the_password_is_mailed_a_link_by_a_superuser(world: World) {
    let mails = Mailbox::open().await;
    let port = mails.port().to_string();
    let keys = [
        ("MAIL_SERVER", "127.0.0.1"),
        ("MAIL_PORT", port.as_str()),
        ("MAIL_USE_TLS", "false"),
    ];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let user = world.user().await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/superuser/users?q={}", world.url(), user.name))
        .await;
    choose(&page, &user.name, "Send Recovery E-mail").await;
    page.see(&format!(
        "A mail with a link for a new password is on its way to {}@example.com",
        user.name
    ))
    .await;
    let code = mails.code(0).await;
    // Who is shut out gets none, so none is offered.
    choose(&page, &user.name, "Disable User").await;
    page.see(&format!("{}: now disabled", user.name)).await;
    // The row is made anew, with its menu.
    page.wait("the row says that the user is disabled", async || {
        let rows = "document.querySelector('tbody').innerText.includes('Disabled')";
        page.evaluate(rows).await == true
    })
    .await;
    page.click("button", &format!("Actions for {}", user.name))
        .await;
    page.find("menuitem", "Enable User").await;
    assert_eq!(page.count("menuitem", "Send Recovery E-mail").await, 0);
    page.press("Escape").await;
    page.click("button", "Undo").await;
    page.see(&format!("{}: now enabled", user.name)).await;
    page.close().await;
    browser.close().await;

    let browser = Browser::start().await;
    let recover = format!("{}/recovery?code={code}", world.url());
    let page = browser.open(&recover, Look::PHONE).await;
    page.fill("textbox", "New password", "another-password")
        .await;
    page.click("button", "Save password").await;
    page.url_ends_with("/repository").await;
    page.find("button", &format!("Account of {}", user.name))
        .await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn a_user_is_taken_over_and_is_an_organization_then(world: World) {
    let user = world.user().await;
    let name = &user.name;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/superuser/users?q={name}", world.url()))
        .await;
    choose(&page, name, "Take Ownership").await;
    let title = format!("Take ownership of {name}?");
    page.find("dialog", &title).await;
    page.see("Nobody signs in as it any more").await;
    page.accessible().await;
    page.screenshot("user-take").await;
    let word = format!("Type \"{name}\" to go on");
    page.fill("textbox", &word, "confirm").await;
    page.press("Enter").await;
    assert_eq!(page.count("dialog", &title).await, 1);
    assert!(signs_in(&world, name, &user.password).await);
    page.fill("textbox", &word, name).await;
    page.press("Enter").await;
    page.see(&format!("{name} is an organization of yours now"))
        .await;
    page.see("Nothing found").await;
    assert!(!signs_in(&world, name, &user.password).await);
    page.go(&format!("{}/organization/{name}", world.url()))
        .await;
    page.find("tab", "Settings").await;
    page.find("button", "Create Repository").await;
    page.close().await;
    browser.close().await;
}

/// In a registry of its own, whose auditor sees everything.
pub(super) async fn tokens_of_all_users_are_seen_by_who_sees_everything_alone(world: World) {
    let keys = [("GLOBAL_READONLY_SUPER_USERS", "[auditor]")];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let auditor = auditor(&world).await;
    let (browser, page) = signed_in(&world, &auditor, Look::DESKTOP).await;
    page.click("link", "Users").await;
    page.click("tab", "Application tokens").await;
    page.see("No application tokens").await;
    page.accessible().await;
    page.go(&format!(
        "{}/user/auditor?tab=Applicationtokens",
        world.url()
    ))
    .await;
    page.click("button", "Create Application Token").await;
    page.fill("textbox", "Title", "laptop").await;
    page.press("Enter").await;
    page.find("dialog", "Token laptop was created").await;
    page.go(&format!(
        "{}/superuser/users?tab=Applicationtokens",
        world.url()
    ))
    .await;
    page.find("table", "Application tokens of all users").await;
    page.see("laptop").await;
    page.find("link", "auditor").await;
    page.accessible().await;
    page.screenshot("tokens-of-all").await;
    page.go(&format!(
        "{}/superuser/users?tab=Applicationtokens&expiring=soon",
        world.url()
    ))
    .await;
    page.see("Nothing found").await;
    page.click("button", "Remove filter Application tokens: Ending soon")
        .await;
    page.see("laptop").await;
    page.click("link", "auditor").await;
    page.url_ends_with("/superuser/users?q=auditor").await;
    page.find("table", "Users").await;
    page.close().await;
    browser.close().await;

    // A superuser who does not reach what others have.
    let (browser, page) = signed_in(&world, &world.admin, Look::PHONE).await;
    page.go(&format!(
        "{}/superuser/users?tab=Applicationtokens",
        world.url()
    ))
    .await;
    page.find("table", "Users").await;
    assert_eq!(page.count("tab", "Application tokens").await, 0);
    page.close().await;
    browser.close().await;
}

pub(super) async fn who_sees_everything_changes_no_user_and_others_see_none(world: World) {
    let keys = [("GLOBAL_READONLY_SUPER_USERS", "[auditor]")];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let auditor = auditor(&world).await;
    let user = world.user().await;
    let (browser, page) = signed_in(&world, &auditor, Look::DESKTOP).await;
    page.click("link", "Users").await;
    page.find("link", &user.name).await;
    page.see("Read-only superuser").await;
    page.accessible().await;
    page.screenshot("users-read-only").await;
    for name in [
        "Create User".to_owned(),
        format!("Actions for {}", user.name),
    ] {
        assert_eq!(page.count("button", &name).await, 0, "{name}");
    }
    page.click("link", "Messages").await;
    page.see("No messages").await;
    assert_eq!(page.count("button", "Create Message").await, 0);
    page.close().await;
    browser.close().await;

    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    assert_eq!(page.count("link", "Users").await, 0);
    for path in ["users", "messages"] {
        page.go(&format!("{}/superuser/{path}", world.url())).await;
        page.find("heading", "Not found, or not visible to you")
            .await;
    }
    page.close().await;
    browser.close().await;
}

/// A registry of its own, since everybody sees the message.
pub(super) async fn a_message_stands_above_every_page_until_it_is_deleted(world: World) {
    const TEXT: &str = "Read-only tonight from 22:00 UTC.";
    let world = World::of_its_own(world.shape()).await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.click("link", "Messages").await;
    page.see("No messages").await;
    page.click("button", "Create Message").await;
    page.fill("textbox", "Message", TEXT).await;
    page.evaluate("document.querySelector('#message-severity').focus()")
        .await;
    page.press("ArrowDown").await;
    page.see("Preview").await;
    page.accessible().await;
    page.screenshot("message-create").await;
    page.click("button", "Post Message").await;
    page.see("Message posted").await;
    page.find("button", &format!("Actions for {TEXT}")).await;
    let banner = "document.querySelector('main .berth-banner')?.innerText ?? ''";
    page.wait("the banner shows the message", async || {
        let shown = page.evaluate(banner).await;
        shown.as_str().is_some_and(|shown| shown.contains(TEXT))
    })
    .await;
    page.accessible().await;
    page.screenshot("messages").await;

    // Strangers read it too.
    let other_browser = Browser::start().await;
    let address = format!("{}/signin", world.url());
    for look in [
        Look::PHONE,
        Look::PHONE.dark(),
        Look::DESKTOP.in_language("ja"),
    ] {
        let other = other_browser.open(&address, look).await;
        other.see(TEXT).await;
        other.accessible().await;
        other.screenshot("message").await;
        other.close().await;
    }

    choose(&page, TEXT, "Delete").await;
    page.fill("textbox", "Type \"confirm\" to go on", "confirm")
        .await;
    page.press("Enter").await;
    page.see("No messages").await;
    page.not_see(TEXT).await;
    let other = other_browser.open(&address, Look::DESKTOP).await;
    other.find("button", "Sign in").await;
    assert!(!other.shows(TEXT).await);
    other.close().await;
    other_browser.close().await;
    page.close().await;
    browser.close().await;
}
