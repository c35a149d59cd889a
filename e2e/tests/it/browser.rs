//! The console in a real browser: no page may complain about anything.

use berth_e2e::browser::{Browser, Look};
use berth_e2e::harness::Scenario;
use berth_e2e::scenarios;
use berth_e2e::world::World;

pub(crate) const SCENARIOS: &[Scenario] = scenarios![sign_in_page_opens_without_complaint];

async fn sign_in_page_opens_without_complaint(world: World) {
    let browser = Browser::start().await;
    let page = browser.open(&world.url(), Look::DESKTOP).await;
    page.find("button", "Sign in").await;
    page.accessible().await;
    page.close().await;
    browser.close().await;
}
