//! Shows that `cargo xtask dev` works: a registry is set up, a push arrives in an open list, an edit loads the page
//! anew. `cargo xtask dev --check` starts both servers on an empty folder and runs this.
//!
//! Usage: `dev CONSOLE_URL SERVER_HOST SOURCE_FILE`

use std::time::Duration;

use berth_e2e::browser::{Browser, Look};
use berth_e2e::client::Sandbox;
use berth_e2e::world::Account;

/// Longest wait for Trunk to build the edited console.
const BUILD_LIMIT: Duration = Duration::from_mins(3);

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [console, server, source] = arguments.as_slice() else {
        panic!("usage: dev CONSOLE_URL SERVER_HOST SOURCE_FILE");
    };
    let account = Account {
        name: "captain".to_owned(),
        password: "long-enough-password".to_owned(),
    };
    let browser = Browser::start().await;
    let page = browser.open(console, Look::DESKTOP).await;
    page.find("heading", "Set up your registry").await;
    page.fill("textbox", "Username", &account.name).await;
    page.fill("textbox", "Password", &account.password).await;
    page.fill("textbox", "Password again", &account.password)
        .await;
    page.click("button", "Create user").await;
    page.see("No repositories yet").await;
    page.click("button", "Account of captain").await;
    page.click("menuitem", "Sign out").await;
    page.fill("textbox", "Username", &account.name).await;
    page.fill("textbox", "Password", &account.password).await;
    page.click("button", "Sign in").await;
    page.find("heading", "Repositories").await;
    eprintln!("signed in");

    let client = Sandbox::new(server);
    client.write_login(&account);
    let layout = client.image_layout(1, 1000);
    client.push(&layout, "captain/app", "1.0").await;
    page.go(&format!("{console}/repository/captain/app")).await;
    page.find("link", "1.0").await;
    client.push(&layout, "captain/app", "2.0").await;
    page.find("link", "2.0").await;
    eprintln!("a push arrived in the open list");

    page.evaluate("window.before = true").await;
    let text = std::fs::read_to_string(source).expect("the source can be read");
    std::fs::write(source, format!("{text}\n")).expect("the source can be written");
    let reloaded = tokio::time::timeout(BUILD_LIMIT, async {
        let mut poll = tokio::time::interval(Duration::from_millis(200));
        loop {
            poll.tick().await;
            if page.evaluate("window.before === undefined").await == true {
                break;
            }
        }
    })
    .await;
    std::fs::write(source, text).expect("the source can be written");
    assert!(reloaded.is_ok(), "an edit did not load the page anew");
    page.find("link", "2.0").await;
    eprintln!("an edit loaded the page anew");
    page.close().await;
    browser.close().await;
}
