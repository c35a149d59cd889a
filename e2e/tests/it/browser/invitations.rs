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

pub(super) async fn who_has_no_account_makes_one_by_the_link_of_a_mail(world: World) {
    let mails = Mailbox::open().await;
    let port = mails.port().to_string();
    let keys = [
        ("MAIL_SERVER", "127.0.0.1"),
        ("MAIL_PORT", port.as_str()),
        ("MAIL_USE_TLS", "false"),
        ("FEATURE_INVITE_ONLY_USER_CREATION", "true"),
    ];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let organization = world.organization().await;
    let team = new_team(&world, &organization, "developers", "MEMBER").await;
    let input = json!({ "team": team, "email": "zoe@example.com" });
    world
        .graphql
        .mutate("inviteByEmail", input, "team { id }")
        .await;
    let link = format!("{}/confirminvite?code={}", world.url(), mails.code(0).await);
    let browser = Browser::start().await;
    // Without the link there is no way.
    let page = browser
        .open(&format!("{}/signin", world.url()), Look::PHONE)
        .await;
    page.find("button", "Sign in").await;
    assert_eq!(page.count("link", "Create an account").await, 0);
    page.go(&format!("{}/createaccount", world.url())).await;
    page.see("Accounts of this registry are made by invitation.")
        .await;
    assert_eq!(page.count("textbox", "Username").await, 0);
    page.accessible().await;

    page.go(&link).await;
    page.click("link", "Create an account").await;
    page.see("You are invited into a team.").await;
    page.fill("textbox", "Username", "zoe").await;
    page.fill("textbox", "E-mail address", "zoe@example.com")
        .await;
    for field in ["Password", "Password again"] {
        page.fill("textbox", field, "a-long-password").await;
    }
    page.accessible().await;
    page.screenshot("sign-up-invited").await;
    page.press("Enter").await;
    page.find("heading", "Join the team developers").await;
    page.click("button", "Accept").await;
    page.see(&format!(
        "You are in the team developers of {organization} now"
    ))
    .await;
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

pub(super) async fn invitations_are_answered_in_a_list(world: World) {
    let (world, _mails) = with_mail(&world).await;
    let (first, second) = (world.organization().await, world.organization().await);
    let guest = world.user().await;
    for (organization, team) in [(&first, "developers"), (&second, "operators")] {
        let team = new_team(&world, organization, team, "MEMBER").await;
        put_in(&world, &team, &guest.name).await;
    }
    let (browser, page) = signed_in(&world, &guest, Look::DESKTOP).await;
    // Without a code there is no one question, but all of them.
    page.go(&format!("{}/confirminvite", world.url())).await;
    let own = format!("/user/{}?tab=Invitations", guest.name);
    page.url_ends_with(&own).await;
    page.find("table", "Invitations").await;
    page.see(&first).await;
    page.see(&second).await;
    page.accessible().await;
    page.screenshot("invitations").await;
    page.click("link", "developers").await;
    page.find("heading", "Join the team developers").await;
    page.go(&format!("{}{own}", world.url())).await;
    page.click("button", "Actions for developers").await;
    page.click("menuitem", "Accept").await;
    page.see(&format!("You are in the team developers of {first} now"))
        .await;
    page.gone("button", "Actions for developers").await;
    page.click("button", "Actions for operators").await;
    page.click("menuitem", "Decline").await;
    page.find("dialog", "Decline the invitation to the team operators?")
        .await;
    page.accessible().await;
    page.click("button", "Decline").await;
    page.see("Invitation declined").await;
    page.see("No invitations").await;
    page.accessible().await;
    page.close().await;
    browser.close().await;
    let query = "query($n: String!, $t: String!) { namespace(name: $n) { ... on Organization {
        team(name: $t) { members(first: 5, states: [MEMBER, INVITED]) { nodes { account state } } }
    } } }";
    for (organization, team, members) in [
        (
            &first,
            "developers",
            json!([{ "account": guest.name, "state": "MEMBER" }]),
        ),
        (&second, "operators", json!([])),
    ] {
        let variables = json!({ "n": organization, "t": team });
        let data = world.graphql.data(query, variables).await;
        assert_eq!(data["namespace"]["team"]["members"]["nodes"], members);
    }
}

pub(super) async fn collaborators_go_and_robots_get_their_roles_back(world: World) {
    let organization = world.organization().await;
    let repository = world.repository(&organization, "app", "PRIVATE").await;
    let outsider = world.user().await;
    let robot = world.robot(&organization).await;
    world.grant(&repository, &outsider, "WRITE").await;
    world.grant(&repository, &robot, "READ").await;
    let granted = async || {
        let query = "query($n: String!) { repository(namespace: $n, name: \"app\") { permissions { account role } } }";
        let data = world
            .graphql
            .data(query, json!({ "n": organization }))
            .await;
        let all = data["repository"]["permissions"].as_array().cloned();
        let all = all.unwrap_or_default().into_iter();
        // Whoever made it may have a role of its own.
        all.filter(|one| one["account"] != "admin")
            .collect::<Vec<_>>()
    };
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!(
        "{}/organization/{organization}?tab=Teamsandmembership&view=collaborators",
        world.url()
    ))
    .await;
    let robot_menu = format!("Actions for {}", robot.name);
    page.click("button", &robot_menu).await;
    page.find("menuitem", "Set repository permissions").await;
    page.click("menuitem", "Remove all permissions").await;
    page.see(&format!("Permission of {} removed", robot.name))
        .await;
    page.gone("button", &robot_menu).await;
    assert_eq!(
        granted().await,
        [json!({ "account": outsider.name, "role": "WRITE" })]
    );
    page.click("button", "Undo").await;
    page.find("button", &robot_menu).await;
    assert_eq!(granted().await.len(), 2);

    let user_menu = format!("Actions for {}", outsider.name);
    page.click("button", &user_menu).await;
    page.click("menuitem", "Remove from organization").await;
    page.find(
        "dialog",
        &format!("Remove {} from {organization}?", outsider.name),
    )
    .await;
    page.accessible().await;
    page.click("button", "Remove").await;
    page.see(&format!(
        "{} was removed from {organization}",
        outsider.name
    ))
    .await;
    page.gone("button", &user_menu).await;
    assert_eq!(
        granted().await,
        [json!({ "account": robot.name, "role": "READ" })]
    );
    page.accessible().await;
    page.close().await;
    browser.close().await;
}
