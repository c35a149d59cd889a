//! Invitations into teams, and who belongs to an organization.

use berth_e2e::browser::{Browser, Look};
use berth_e2e::deployment::Deployment;
use berth_e2e::mailbox::Mailbox;
use berth_e2e::world::World;
use serde_json::json;

use super::teams::{new_team, put_in};
use super::{settled, signed_in};

/// A registry that sends mail, where who is in no team of an organization is asked first.
async fn with_mail(world: &World) -> (World, Mailbox) {
    let mails = Mailbox::open().await;
    let port = mails.port().to_string();
    let keys = [
        ("MAIL_SERVER", "127.0.0.1"),
        ("MAIL_PORT", port.as_str()),
        ("MAIL_USE_TLS", "false"),
    ];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    (world, mails)
}

pub(super) async fn a_user_is_invited_and_comes_by_the_own_answer(world: World) {
    let (world, mails) = with_mail(&world).await;
    let organization = world.organization().await;
    new_team(&world, &organization, "developers", "MEMBER").await;
    let guest = world.user().await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let members = format!(
        "{}/organization/{organization}/teams/developers?tab=members",
        world.url()
    );
    page.go(&members).await;
    page.click("button", "Add new member").await;
    page.fill("combobox", "Member", &guest.name).await;
    page.find("option", &format!("{} User", guest.name)).await;
    page.press("ArrowDown").await;
    page.press("Enter").await;
    page.click("button", "Add member").await;
    page.see(&format!("{} is invited to the team developers", guest.name))
        .await;
    page.find("heading", "INVITED TO JOIN").await;
    page.click("button", "Add new member").await;
    page.fill("combobox", "Member", "zoe@example.com").await;
    page.click("button", "Add member").await;
    page.see("zoe@example.com is invited to the team developers")
        .await;
    page.find("button", "Actions for zoe@example.com").await;
    page.accessible().await;
    page.screenshot("team-invited").await;

    page.click("button", "Actions for zoe@example.com").await;
    page.click("menuitem", "Cancel invitation").await;
    page.see("The invitation of zoe@example.com is cancelled")
        .await;
    page.gone("button", "Actions for zoe@example.com").await;
    page.evaluate(
        "[...document.querySelectorAll('.pf-v6-c-alert')].find((one) => one.textContent.includes('cancelled')).querySelector('.pf-m-link').click()",
    )
    .await;
    page.find("button", "Actions for zoe@example.com").await;
    page.click("button", &format!("Actions for {}", guest.name))
        .await;
    page.click("menuitem", "Resend invitation").await;
    page.close().await;
    browser.close().await;

    let (browser, page) = signed_in(&world, &guest, Look::DESKTOP).await;
    let code = mails.code(0).await;
    page.go(&format!("{}/confirminvite?code={code}", world.url()))
        .await;
    page.find("heading", "Join the team developers").await;
    page.see(&format!(
        "admin invites you to the team developers of the organization {organization}."
    ))
    .await;
    page.accessible().await;
    page.screenshot("invitation-by-name").await;
    page.click("button", "Accept").await;
    page.see(&format!(
        "You are in the team developers of {organization} now"
    ))
    .await;
    page.go(&format!("{}/organization/{organization}", world.url()))
        .await;
    page.click("tab", "Teams and membership").await;
    page.find("link", "developers").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn the_link_of_a_mail_asks_whoever_follows_it(world: World) {
    let (world, mails) = with_mail(&world).await;
    let organization = world.organization().await;
    let team = new_team(&world, &organization, "developers", "MEMBER").await;
    let guest = world.user().await;
    let input = json!({ "team": team, "email": format!("{}@example.com", guest.name) });
    world
        .graphql
        .mutate("inviteByEmail", input, "team { id }")
        .await;
    let link = format!("{}/confirminvite?code={}", world.url(), mails.code(0).await);
    let browser = Browser::start().await;
    // Whoever is not signed in comes back to the question.
    let page = browser.open(&link, Look::DESKTOP).await;
    page.fill("textbox", "Username", &guest.name).await;
    page.fill("textbox", "Password", &guest.password).await;
    page.click("button", "Sign in").await;
    page.find("heading", "Join the team developers").await;
    page.see(&format!(
        "the team developers of the organization {organization}."
    ))
    .await;
    page.accessible().await;
    page.screenshot("invitation").await;
    page.click("button", "Decline").await;
    page.see("You declined the invitation to the team developers.")
        .await;
    page.go(&link).await;
    page.see("This invitation was answered or cancelled").await;
    page.accessible().await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn members_and_collaborators_are_seen_and_removed(world: World) {
    let organization = world.organization().await;
    let repository = world.repository(&organization, "app", "PRIVATE").await;
    let developers = new_team(&world, &organization, "developers", "MEMBER").await;
    let (member, outsider) = (world.user().await, world.user().await);
    put_in(&world, &developers, &member.name).await;
    world.grant(&repository, &outsider, "WRITE").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!(
        "{}/organization/{organization}?tab=Teamsandmembership",
        world.url()
    ))
    .await;
    page.click("button", "Members View").await;
    page.url_ends_with("view=members").await;
    page.see(&member.name).await;
    page.find("link", "developers").await;
    page.accessible().await;
    page.screenshot("members-view").await;
    page.click("button", "Actions for admin").await;
    page.see("An organization keeps an administrator. Name another one first.")
        .await;
    page.press("Escape").await;

    page.click("button", "Collaborators View").await;
    page.url_ends_with("view=collaborators").await;
    page.see(&outsider.name).await;
    page.find("link", "app").await;
    page.not_see(&member.name).await;
    page.accessible().await;
    page.screenshot("collaborators-view").await;
    page.reload().await;
    settled(&page).await;
    page.click("button", "Members View").await;
    page.click("button", &format!("Actions for {}", member.name))
        .await;
    page.click("menuitem", "Remove from organization").await;
    page.find(
        "dialog",
        &format!("Remove {} from {organization}?", member.name),
    )
    .await;
    page.accessible().await;
    page.click("button", "Remove").await;
    page.see(&format!("{} was removed from {organization}", member.name))
        .await;
    page.gone("link", "developers").await;
    page.close().await;
    browser.close().await;
}
