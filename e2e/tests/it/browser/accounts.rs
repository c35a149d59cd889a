//! Accounts: signing up, the own account, application tokens.

use std::time::Duration;

use berth_e2e::browser::{Browser, Look, Page};
use berth_e2e::deployment::Deployment;
use berth_e2e::mailbox::Mailbox;
use berth_e2e::random;
use berth_e2e::world::{Account, World};

use super::signed_in;

/// A registry of its own that mails to a mailbox, with further keys.
async fn mailing(world: &World, mails: &Mailbox, more: &[(&str, &str)]) -> World {
    let port = mails.port().to_string();
    let mut keys = vec![
        ("MAIL_SERVER", "127.0.0.1"),
        ("MAIL_PORT", port.as_str()),
        ("MAIL_USE_TLS", "false"),
    ];
    keys.extend_from_slice(more);
    World::set_up(Deployment::start_with(world.shape(), &keys).await).await
}

async fn sign_in(page: &Page, account: &Account) {
    page.fill("textbox", "Username", &account.name).await;
    page.fill("textbox", "Password", &account.password).await;
    page.press("Enter").await;
}

pub(super) async fn a_stranger_signs_up_and_is_mailed_another_link_on_demand(world: World) {
    let mails = Mailbox::open().await;
    let world = mailing(&world, &mails, &[]).await;
    let stranger = Account {
        name: "bea".to_owned(),
        password: "a-long-password".to_owned(),
    };
    let browser = Browser::start().await;
    let page = browser
        .open(&format!("{}/signin", world.url()), Look::DESKTOP)
        .await;
    page.click("link", "Create an account").await;
    page.url_ends_with("/createaccount").await;
    page.fill("textbox", "Username", "B").await;
    page.see("Use 2 to 255 lower-case letters").await;
    page.fill("textbox", "Username", &stranger.name).await;
    page.fill("textbox", "E-mail address", "bea@example.com")
        .await;
    page.fill("textbox", "Password", &stranger.password).await;
    page.fill("textbox", "Password again", &stranger.password)
        .await;
    page.accessible().await;
    page.screenshot("sign-up").await;
    page.press("Enter").await;
    page.see("Follow the link that was mailed to bea@example.com")
        .await;
    // Its mail is there, so that the next one is another.
    mails.code(0).await;

    page.click("link", "Go to the sign-in page").await;
    sign_in(&page, &stranger).await;
    page.see("Your e-mail address is not confirmed yet.").await;
    page.accessible().await;
    page.screenshot("sign-in-unconfirmed").await;
    mails.code(1).await;
    page.click("button", "Mail another link").await;
    let confirm = format!("{}/confirm?code={}", world.url(), mails.code(2).await);
    page.go(&confirm).await;
    page.click("button", "Confirm e-mail address").await;
    page.see("bea@example.com is confirmed.").await;
    page.click("link", "Go to the sign-in page").await;
    sign_in(&page, &stranger).await;
    page.url_ends_with("/repository").await;
    page.find("button", "Account of bea").await;
    // Whoever is signed in has an account.
    page.go(&format!("{}/createaccount", world.url())).await;
    page.url_ends_with("/repository").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn without_mail_a_stranger_is_signed_in_at_once_and_a_taken_name_is_told(
    world: World,
) {
    let browser = Browser::start().await;
    let address = format!("{}/createaccount", world.url());
    let page = browser.open(&address, Look::PHONE).await;
    page.fill("textbox", "Username", &world.admin.name).await;
    for field in ["Password", "Password again"] {
        page.fill("textbox", field, "a-long-password").await;
    }
    page.press("Enter").await;
    page.see("This name or this address is taken already.")
        .await;
    page.accessible().await;
    page.screenshot("sign-up-taken").await;
    let name = random::name("guest");
    page.fill("textbox", "Username", &name).await;
    page.press("Enter").await;
    page.url_ends_with("/repository").await;
    page.find("button", &format!("Account of {name}")).await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn where_sign_up_is_off_nothing_leads_there(world: World) {
    let keys = [("FEATURE_USER_CREATION", "false")];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let browser = Browser::start().await;
    let page = browser
        .open(&format!("{}/signin", world.url()), Look::DESKTOP)
        .await;
    page.find("button", "Sign in").await;
    assert_eq!(page.count("link", "Create an account").await, 0);
    page.go(&format!("{}/createaccount", world.url())).await;
    page.see("Accounts of this registry are made by its administrators.")
        .await;
    assert_eq!(page.count("textbox", "Username").await, 0);
    page.close().await;
    browser.close().await;
}

/// What the registry answers to who asks for a token of `/v2` with these credentials.
pub(super) async fn login_status(world: &World, account: &Account) -> u16 {
    let url = format!("{}/v2/auth?service={}", world.url(), world.host());
    let request = world.http.get(url);
    let answer = request.basic_auth(&account.name, Some(&account.password));
    let answer = answer.send().await.expect("the server answers");
    answer.status().as_u16()
}

/// A login that is older than the registry of [`a_token_is_made_and_taken_back_with_the_password_asked_for`] lets pass.
const OLD: Duration = Duration::from_secs(6);

pub(super) async fn a_token_is_made_and_taken_back_with_the_password_asked_for(world: World) {
    let keys = [("FRESH_LOGIN_TIMEOUT", "5s")];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let user = world.user().await;
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    page.click("button", &format!("Account of {}", user.name))
        .await;
    page.click("menuitem", "Application tokens").await;
    page.see("No application tokens yet").await;
    tokio::time::sleep(OLD).await;

    page.click("button", "Create Application Token").await;
    page.fill("textbox", "Title", "laptop").await;
    page.press("Enter").await;
    page.find("dialog", "Confirm that it is you").await;
    page.fill("textbox", "Password", "not-the-password").await;
    page.press("Enter").await;
    page.see("This is not your current password.").await;
    page.accessible().await;
    page.screenshot("password-again").await;
    page.press("Escape").await;
    page.gone("dialog", "Confirm that it is you").await;
    // The form is still there, with what was typed.
    page.see("This is done only for who has just given the password.")
        .await;
    page.press("Enter").await;
    page.find("dialog", "Confirm that it is you").await;
    page.fill("textbox", "Password", &user.password).await;
    page.press("Enter").await;

    page.find("dialog", "Token laptop was created").await;
    page.accessible().await;
    page.screenshot("token-created").await;
    let token = page
        .evaluate("document.querySelectorAll('dialog .berth-command__text')[1].textContent")
        .await;
    let token = Account {
        name: "$app".to_owned(),
        password: token.as_str().unwrap_or_default().to_owned(),
    };
    assert_eq!(login_status(&world, &token).await, 200);
    page.click("tab", "Podman").await;
    page.see("podman login").await;
    page.see("-u='$app'").await;
    page.click("tab", "Kubernetes Secret").await;
    page.see("name: app-pull-secret").await;
    page.press("Escape").await;
    page.gone("dialog", "Token laptop was created").await;
    page.not_see(&token.password).await;

    tokio::time::sleep(OLD).await;
    page.click("button", "Actions for laptop").await;
    page.click("menuitem", "Delete").await;
    page.fill("textbox", "Type \"confirm\" to go on", "confirm")
        .await;
    page.press("Enter").await;
    page.find("dialog", "Confirm that it is you").await;
    page.fill("textbox", "Password", &user.password).await;
    page.press("Enter").await;
    page.see("Token deleted").await;
    page.see("No application tokens yet").await;
    assert_eq!(login_status(&world, &token).await, 401);
    page.close().await;
    browser.close().await;
}

pub(super) async fn the_own_account_is_changed_and_ended(world: World) {
    let mails = Mailbox::open().await;
    let world = mailing(&world, &mails, &[("FEATURE_USER_METADATA", "true")]).await;
    let user = world.user().await;
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    page.click("button", &format!("Account of {}", user.name))
        .await;
    page.click("menuitem", "Account settings").await;
    page.url_ends_with(&format!("/user/{}?tab=Settings", user.name))
        .await;
    page.fill("textbox", "First name", "Ann").await;
    page.press("Enter").await;
    page.see("Profile saved").await;
    page.reload().await;
    page.find("textbox", "First name").await;
    let first_name = "document.querySelector('#given-name').value";
    assert_eq!(page.evaluate(first_name).await, "Ann");
    page.accessible().await;
    page.screenshot("account-settings").await;

    page.fill("textbox", "New e-mail address", "ann@example.org")
        .await;
    page.press("Enter").await;
    page.see("A link was mailed to ann@example.org.").await;
    let confirm = format!("{}/confirm?code={}", world.url(), mails.code(0).await);
    page.go(&confirm).await;
    page.click("button", "Confirm e-mail address").await;
    page.see("ann@example.org is confirmed.").await;
    let settings = format!("{}/user/{}?tab=Settings", world.url(), user.name);
    page.go(&settings).await;
    page.see("ann@example.org").await;

    // Another browser is signed out from here.
    page.see("This browser").await;
    let (other_browser, other) = signed_in(&world, &user, Look::DESKTOP).await;
    page.reload().await;
    page.click("button", "Actions for Chrome on Linux").await;
    page.click("menuitem", "End session").await;
    page.see("Session ended").await;
    page.gone("button", "Actions for Chrome on Linux").await;
    other.reload().await;
    other.find("link", "Sign in").await;
    other.close().await;
    other_browser.close().await;

    page.click("button", "Delete account").await;
    page.find("dialog", &format!("Delete your account {}?", user.name))
        .await;
    page.accessible().await;
    page.screenshot("account-delete").await;
    let word = format!("Type \"{}\" to go on", user.name);
    page.fill("textbox", &word, &user.name).await;
    page.press("Enter").await;
    page.url_ends_with("/signin").await;
    sign_in(&page, &user).await;
    page.see("Username or password is wrong.").await;
    page.close().await;
    browser.close().await;
}

fn settings(world: &World, name: &str) -> String {
    format!("{}/user/{name}?tab=Settings", world.url())
}

pub(super) async fn the_own_password_is_changed_and_ends_all_other_sessions(world: World) {
    let user = world.user().await;
    let (other_browser, other) = signed_in(&world, &user, Look::DESKTOP).await;
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    page.go(&settings(&world, &user.name)).await;
    let new = Account {
        password: "another-password".to_owned(),
        ..user.clone()
    };
    page.fill("textbox", "Current password", "not-the-password")
        .await;
    page.fill("textbox", "New password", &new.password).await;
    page.fill("textbox", "New password again", "yet-another-one")
        .await;
    page.see("The two passwords differ.").await;
    page.fill("textbox", "New password again", &new.password)
        .await;
    page.press("Enter").await;
    page.see("This is not your current password.").await;
    page.accessible().await;
    page.screenshot("own-password").await;
    page.fill("textbox", "Current password", &user.password)
        .await;
    page.press("Enter").await;
    page.see("Password changed").await;
    assert_eq!(login_status(&world, &new).await, 200);
    assert_eq!(login_status(&world, &user).await, 401);

    // This browser goes on, the other one is out.
    page.reload().await;
    page.find("button", &format!("Account of {}", user.name))
        .await;
    other.reload().await;
    other.find("link", "Sign in").await;
    other.close().await;
    other_browser.close().await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn an_encrypted_password_is_made_and_signs_clients_in(world: World) {
    let keys = [("FEATURE_REQUIRE_ENCRYPTED_BASIC_AUTH", "true")];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let user = world.user().await;
    assert_eq!(login_status(&world, &user).await, 401, "as it is typed");
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    page.click("button", &format!("Account of {}", user.name))
        .await;
    page.click("menuitem", "Account settings").await;
    page.click("button", "Generate Encrypted Password").await;
    page.find("dialog", "Encrypted password").await;
    page.fill("textbox", "Password", "not-the-password").await;
    page.press("Enter").await;
    page.see("This is not your current password.").await;
    page.accessible().await;
    page.screenshot("encrypted-password-asked").await;
    page.fill("textbox", "Password", &user.password).await;
    page.press("Enter").await;

    let made = format!("Encrypted password of {}", user.name);
    page.find("dialog", &made).await;
    page.see("It is shown this once.").await;
    page.accessible().await;
    page.screenshot("encrypted-password").await;
    let shown = page
        .evaluate("document.querySelectorAll('dialog .berth-command__text')[1].textContent")
        .await;
    let encrypted = Account {
        password: shown.as_str().unwrap_or_default().to_owned(),
        ..user.clone()
    };
    page.click("tab", "Podman").await;
    page.see("podman login").await;
    page.see(&format!("-u='{}'", user.name)).await;
    page.press("Escape").await;
    page.gone("dialog", &made).await;
    page.not_see(&encrypted.password).await;
    page.close().await;
    browser.close().await;

    assert_eq!(login_status(&world, &encrypted).await, 200);
    let client = world.anonymous();
    let host = world.host();
    client
        .podman([
            "login",
            "--tls-verify=false",
            "-u",
            &user.name,
            "--password-stdin",
            &host,
        ])
        .input(&encrypted.password)
        .ok()
        .await;
    let layout = client.image_layout(73, 1000);
    client
        .push(&layout, &format!("{}/app", user.name), "1.0")
        .await;
}

pub(super) async fn another_name_is_chosen_where_that_is_allowed_and_everything_follows(
    world: World,
) {
    let user = world.user().await;
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    page.go(&settings(&world, &user.name)).await;
    page.find("button", "Change password").await;
    assert_eq!(page.count("button", "Change Username").await, 0);
    page.close().await;
    browser.close().await;

    let keys = [("FEATURE_USER_RENAME", "true")];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let user = world.user().await;
    let client = world.client(&user);
    let layout = client.image_layout(74, 1000);
    client
        .push(&layout, &format!("{}/app", user.name), "1.0")
        .await;
    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    page.go(&settings(&world, &user.name)).await;
    page.click("button", "Change Username").await;
    let question = format!("Change the username {}", user.name);
    page.find("dialog", &question).await;
    page.fill("textbox", "New username", "No").await;
    page.see("Use 2 to 255 lower-case letters").await;
    page.fill("textbox", "New username", &world.admin.name)
        .await;
    page.press("Enter").await;
    page.see("A user or organization of this name exists already.")
        .await;
    page.accessible().await;
    page.screenshot("account-rename").await;
    let renamed = Account {
        name: random::name("renamed"),
        ..user.clone()
    };
    page.fill("textbox", "New username", &renamed.name).await;
    page.press("Enter").await;
    page.see(&format!("Your username is {} now", renamed.name))
        .await;
    page.url_ends_with(&format!("/user/{}?tab=Settings", renamed.name))
        .await;
    page.find("button", &format!("Account of {}", renamed.name))
        .await;
    page.gone("dialog", &question).await;
    page.click("tab", "Repositories").await;
    page.find("link", "app").await;
    page.go(&format!("{}/user/{}", world.url(), user.name))
        .await;
    page.find("heading", "Not found, or not visible to you")
        .await;
    page.close().await;
    browser.close().await;
    assert_eq!(login_status(&world, &renamed).await, 200);
    assert_eq!(login_status(&world, &user).await, 401);
}

pub(super) async fn of_others_only_what_is_public_is_shown(world: World) {
    let (user, stranger) = (world.user().await, world.user().await);
    let address = format!("{}/user/{}", world.url(), user.name);
    let client = world.client(&user);
    for (seed, name) in [(71, "open"), (72, "secret")] {
        let layout = client.image_layout(seed, 1000);
        let path = format!("{}/{name}", user.name);
        client.push(&layout, &path, "1.0").await;
    }
    let (own_browser, own) = signed_in(&world, &user, Look::DESKTOP).await;
    own.go(&address).await;
    let open = format!("{}/open", user.name);
    own.click("button", &format!("Actions for {open}")).await;
    own.click("menuitem", "Make Public").await;
    own.see(&format!("{open}: now public")).await;
    own.close().await;
    own_browser.close().await;

    let (browser, page) = signed_in(&world, &stranger, Look::DESKTOP).await;
    for tab in ["", "?tab=Settings", "?tab=Applicationtokens"] {
        page.go(&format!("{address}{tab}")).await;
        page.find("heading", &user.name).await;
        page.find("link", "open").await;
        assert_eq!(page.count("link", "secret").await, 0);
        for tab in ["Robot accounts", "Application tokens", "Settings"] {
            assert_eq!(page.count("tab", tab).await, 0);
        }
        assert!(!page.shows("@example.com").await);
    }
    page.close().await;
    browser.close().await;
}
