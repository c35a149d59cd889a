//! What the links in mails lead to.

use berth_e2e::api::GraphQl;
use berth_e2e::browser::{Browser, Look};
use berth_e2e::deployment::Deployment;
use berth_e2e::mailbox::Mailbox;
use berth_e2e::world::World;
use serde_json::json;

/// From the sign-up to a new password for a lost one, by the links alone.
pub(super) async fn an_address_is_confirmed_and_a_lost_password_recovered_by_mail(world: World) {
    let mails = Mailbox::open().await;
    let port = mails.port().to_string();
    let keys = [
        ("MAIL_SERVER", "127.0.0.1"),
        ("MAIL_PORT", port.as_str()),
        ("MAIL_USE_TLS", "false"),
    ];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let input = json!({
        "username": "ann", "password": "a-first-password", "email": "ann@example.com",
    });
    let signed_up = GraphQl::new(world.http.clone(), &world.url(), None)
        .send(
            "mutation($input: SignUpInput!) { signUp(input: $input) { awaitingVerification } }",
            json!({ "input": input }),
        )
        .await;
    assert_eq!(
        signed_up["data"]["signUp"]["awaitingVerification"],
        json!(true),
        "{signed_up}"
    );

    let browser = Browser::start().await;
    let confirm = format!("{}/confirm?code={}", world.url(), mails.code(0).await);
    let page = browser.open(&confirm, Look::DESKTOP).await;
    page.find("heading", "Confirm e-mail address").await;
    page.accessible().await;
    page.screenshot("confirm-email").await;
    page.click("button", "Confirm e-mail address").await;
    page.see("ann@example.com is confirmed.").await;

    page.click("link", "Go to the sign-in page").await;
    page.click("link", "Forgot your password?").await;
    page.url_ends_with("/recovery").await;
    page.fill("textbox", "E-mail address", "ann@example.com")
        .await;
    page.accessible().await;
    page.screenshot("recovery").await;
    page.click("button", "Send link").await;
    page.see("If a user has this address, a mail is on its way.")
        .await;

    let recover = format!("{}/recovery?code={}", world.url(), mails.code(1).await);
    page.go(&recover).await;
    page.fill("textbox", "New password", "another-password")
        .await;
    page.click("button", "Save password").await;
    page.url_ends_with("/repository").await;
    page.find("button", "Account of ann").await;

    // The link works once.
    page.go(&recover).await;
    page.fill("textbox", "New password", "a-third-password")
        .await;
    page.click("button", "Save password").await;
    page.see("This link has been used or is too old. Ask for a new one.")
        .await;
    page.close().await;
    browser.close().await;
}
