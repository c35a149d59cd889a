//! OAuth applications: made and changed in the console, consented to, revoked.

use berth_e2e::api::GraphQl;
use berth_e2e::browser::{Browser, Look, Page};
use berth_e2e::world::{Account, World};
use serde_json::{Value, json};

use super::signed_in;

/// Name of the user whose rights a token uses; none for one that is refused.
async fn user_of(world: &World, token: &str) -> Option<String> {
    let token = Some(token.to_owned());
    let answer = GraphQl::new(world.http.clone(), &world.url(), token)
        .send("{ viewer { user { name } } }", json!({}))
        .await;
    let name = answer["data"]["viewer"]["user"]["name"].as_str();
    name.map(str::to_owned)
}

/// An application of a new organization, by its client id; browsers are sent back to addresses that begin with
/// `prefix`.
pub(super) async fn application(world: &World, name: &str, prefix: &str) -> String {
    let organization = world.organization().await;
    let input = json!({ "organization": organization, "name": name, "redirectPrefix": prefix });
    let made = world
        .graphql
        .mutate("createApplication", input, "application { clientId }")
        .await;
    let client_id: &Value = &made["application"]["clientId"];
    client_id.as_str().unwrap_or_default().to_owned()
}

/// The address by which an application asks.
pub(super) fn question(world: &World, client_id: &str, redirect_uri: &str, more: &str) -> String {
    let mut url = reqwest::Url::parse(&format!("{}/oauth/authorize", world.url()))
        .expect("the address of the registry is one");
    url.query_pairs_mut()
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", redirect_uri);
    format!("{url}&{more}")
}

/// The token that the page shows, which must be nowhere else.
async fn token_shown(page: &Page) -> String {
    page.url_ends_with("/oauth/localapp").await;
    page.find("heading", "Access Token").await;
    let shown = page
        .evaluate("document.querySelector('.berth-command__text').textContent")
        .await;
    let token = shown.as_str().unwrap_or_default().to_owned();
    assert!(!page.url().await.contains(&token));
    token
}

pub(super) async fn choose(page: &Page, name: &str, item: &str) {
    page.click("button", &format!("Actions for {name}")).await;
    page.click("menuitem", item).await;
}

pub(super) async fn an_application_is_made_gives_a_token_and_goes(world: World) {
    let organization = world.organization().await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/organization/{organization}", world.url()))
        .await;
    page.click("tab", "OAuth Applications").await;
    page.url_ends_with("?tab=OAuthApplications").await;
    page.see("No applications yet").await;
    page.click("button", "Create New Application").await;
    page.fill("textbox", "Application Name", "Viewer").await;
    page.fill("textbox", "Homepage URL", "viewer.example").await;
    page.see("Write an address that begins with http:// or https://, or with a scheme")
        .await;
    page.fill("textbox", "Homepage URL", "https://viewer.example")
        .await;
    page.accessible().await;
    page.screenshot("application-create").await;
    page.press("Enter").await;
    let credentials = "Client ID and secret of Viewer";
    page.find("dialog", credentials).await;
    page.see("The console shows the secret this once.").await;
    page.accessible().await;
    page.screenshot("application-secret").await;
    let secret = "document.querySelectorAll('dialog .berth-command__text')[1].textContent";
    let first = page.evaluate(secret).await;
    page.press("Escape").await;
    page.gone("dialog", credentials).await;

    choose(&page, "Viewer", "Client ID and secret").await;
    page.see("The secret was shown when it was made.").await;
    assert_ne!(page.evaluate(secret).await, first);
    page.click("button", "Reset Client Secret").await;
    page.see("The application can no longer get tokens with the old secret.")
        .await;
    page.click("button", "Reset").await;
    page.see("The console shows the secret this once.").await;
    assert_ne!(page.evaluate(secret).await, first);
    page.press("Escape").await;
    page.gone("dialog", credentials).await;

    choose(&page, "Viewer", "Edit").await;
    page.fill("textbox", "Description", "Shows what there is")
        .await;
    page.click("button", "Save").await;
    page.see("Application saved").await;
    page.see("Shows what there is").await;

    choose(&page, "Viewer", "Generate Token").await;
    page.find("dialog", "Generate Token: Viewer").await;
    page.click("checkbox", "View all visible repositories")
        .await;
    page.click("checkbox", "Read User Information").await;
    page.accessible().await;
    page.screenshot("generate-token").await;
    page.click("button", "Generate Access Token").await;
    page.find("heading", "Authorize Viewer?").await;
    page.see("This registry then shows you the token, once:")
        .await;
    page.accessible().await;
    page.screenshot("consent").await;
    page.click("button", "Authorize Application").await;
    let token = token_shown(&page).await;
    page.accessible().await;
    page.screenshot("access-token").await;
    assert_eq!(
        user_of(&world, &token).await.as_deref(),
        Some(world.admin.name.as_str())
    );
    page.reload().await;
    page.see("There is no token to show.").await;

    page.go(&format!(
        "{}/organization/{organization}?tab=OAuthApplications",
        world.url()
    ))
    .await;
    choose(&page, "Viewer", "Delete").await;
    page.fill("textbox", "Type \"confirm\" to go on", "confirm")
        .await;
    page.press("Enter").await;
    page.see("Application deleted").await;
    page.see("No applications yet").await;
    assert_eq!(user_of(&world, &token).await, None);
    page.close().await;
    browser.close().await;
}

pub(super) async fn who_is_not_signed_in_comes_back_to_the_question_and_may_deny(world: World) {
    let home = format!("{}/repository", world.url());
    let client_id = application(&world, "Deny me", &home).await;
    let asked = question(
        &world,
        &client_id,
        &home,
        "scope=user:admin&response_type=code&state=a%26b",
    );
    let browser = Browser::start().await;
    let page = browser.open(&asked, Look::PHONE).await;
    page.fill("textbox", "Username", &world.admin.name).await;
    page.fill("textbox", "Password", &world.admin.password)
        .await;
    page.press("Enter").await;
    page.find("heading", "Authorize Deny me?").await;
    page.see("Administer User").await;
    page.see("Needs absolute trust").await;
    page.see("Authorize it only if you trust it absolutely")
        .await;
    let url = world.url();
    let host = url.split("://").last().unwrap_or_default();
    page.see(&format!("Your browser then goes to {host}:"))
        .await;
    page.accessible().await;
    page.screenshot("consent-dangerous").await;
    page.click("button", "Deny").await;
    page.url_ends_with("/repository?error=authorization_denied&state=a%26b")
        .await;

    page.go(&asked).await;
    page.click("button", "Authorize Application").await;
    page.wait("the application gets a code", async || {
        let url = page.url().await;
        url.contains("/repository?code=") && url.ends_with("&state=a%26b")
    })
    .await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn what_must_not_be_asked_is_refused_in_words_and_leads_nowhere(world: World) {
    let home = format!("{}/repository", world.url());
    let client_id = application(&world, "Refused", &home).await;
    let stranger = world.user().await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    for (asked, words) in [
        (
            question(&world, &client_id, &home, "scope=repo:fly"),
            "The application asks for nothing, or for something that this registry does not know.",
        ),
        (
            question(&world, "unknown", &home, "scope=repo:read"),
            "There is no such application",
        ),
        (
            question(&world, &client_id, &home, "response_type=code"),
            "The address lacks scope.",
        ),
    ] {
        page.go(&asked).await;
        page.find("heading", "This request cannot be authorized")
            .await;
        page.see(words).await;
        assert!(page.url().await.starts_with(&asked[..40]));
        assert_eq!(page.count("button", "Authorize Application").await, 0);
    }
    page.accessible().await;
    page.screenshot("consent-refused").await;
    page.close().await;
    browser.close().await;

    let (browser, page) = signed_in(&world, &stranger, Look::DESKTOP).await;
    page.go(&question(&world, &client_id, &home, "scope=repo:read"))
        .await;
    page.see("There is no such application, or you are not the one it may ask")
        .await;
    assert!(!page.shows("Refused").await);
    page.close().await;
    browser.close().await;
}

/// Asks another user for a token, in the dialog of the application.
pub(super) async fn assign(page: &Page, organization: &str, user: &Account) {
    page.click("button", "Actions for Builder").await;
    page.click("menuitem", "Generate Token").await;
    page.click("checkbox", "Create Repositories").await;
    page.click("radio", "Assign another user").await;
    page.fill("combobox", "Username", &user.name).await;
    page.find("option", &format!("{} User", user.name)).await;
    page.press("ArrowDown").await;
    page.press("Enter").await;
    page.click("button", "Assign token").await;
    page.see(&format!(
        "This will prompt user {} to generate a token with the following permissions: repo:create",
        user.name
    ))
    .await;
    page.accessible().await;
    page.screenshot("assign-token").await;
    page.click("button", "Assign token").await;
    page.see("Token assigned successfully").await;
    page.gone("dialog", "Generate Token: Builder").await;
    page.click("button", "Dismiss").await;
    page.see(organization).await;
}

pub(super) async fn a_token_is_assigned_authorized_declined_and_revoked(world: World) {
    let organization = world.organization().await;
    let input = json!({ "organization": organization, "name": "Builder" });
    world
        .graphql
        .mutate("createApplication", input, "application { clientId }")
        .await;
    let user = world.user().await;
    let (admin_browser, admin) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    admin
        .go(&format!(
            "{}/organization/{organization}?tab=OAuthApplications",
            world.url()
        ))
        .await;
    assign(&admin, &organization, &user).await;

    let (browser, page) = signed_in(&world, &user, Look::DESKTOP).await;
    let tab = format!(
        "{}/user/{}?tab=ExternalLoginsAndApplications",
        world.url(),
        user.name
    );
    page.click("button", "Notifications, 1 unread").await;
    page.click("link", "You are asked to authorize the application Builder")
        .await;
    page.url_ends_with("?tab=ExternalLoginsAndApplications")
        .await;
    page.gone("dialog", "Notifications").await;
    page.find("table", "Assigned Authorizations").await;
    page.see("No authorized applications").await;
    page.find("heading", "External Logins").await;
    page.see("No external logins").await;
    page.accessible().await;
    page.screenshot("assigned").await;
    choose(&page, "Builder", "Authorize Application").await;
    page.find("heading", "Authorize Builder?").await;
    page.see("Create Repositories").await;
    page.click("button", "Authorize Application").await;
    let token = token_shown(&page).await;
    assert_eq!(
        user_of(&world, &token).await.as_deref(),
        Some(user.name.as_str())
    );

    // What was answered is asked no more; what is asked anew is declined.
    page.go(&tab).await;
    page.find("table", "Authorized Applications").await;
    page.gone("table", "Assigned Authorizations").await;
    page.find("button", "Notifications").await;
    assign(&admin, &organization, &user).await;
    // The bell rings in the page that is open.
    page.find("button", "Notifications, 1 unread").await;
    admin.close().await;
    admin_browser.close().await;
    page.reload().await;
    page.find("table", "Assigned Authorizations").await;
    page.find("table", "Authorized Applications").await;
    page.accessible().await;
    page.screenshot("authorizations").await;
    // The menu of what is asked stands first.
    choose(&page, "Builder", "Decline").await;
    page.click("button", "Decline").await;
    page.see("Declined").await;
    page.gone("table", "Assigned Authorizations").await;

    choose(&page, "Builder", "Revoke Authorization").await;
    page.find("dialog", "Revoke the authorization of Builder?")
        .await;
    page.accessible().await;
    page.click("button", "Revoke Authorization").await;
    page.see("Authorization revoked").await;
    page.see("No authorized applications").await;
    assert_eq!(user_of(&world, &token).await, None);
    page.close().await;
    browser.close().await;
}

pub(super) async fn a_token_of_an_application_is_found_and_revoked(world: World) {
    let organization = world.organization().await;
    let input = json!({ "organization": organization, "name": "Scripts" });
    let made = world
        .graphql
        .mutate("createApplication", input, "application { clientId }")
        .await;
    let client_id = made["application"]["clientId"].as_str().unwrap_or_default();
    let input = json!({ "clientId": client_id, "name": "nightly", "scope": "repo:read" });
    let made = world
        .graphql
        .mutate("createApplicationToken", input, "token")
        .await;
    let token = made["token"].as_str().unwrap_or_default();
    let admin = world.admin.name.as_str();
    assert_eq!(user_of(&world, token).await.as_deref(), Some(admin));

    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let list = format!("/organization/{organization}?tab=OAuthApplications");
    page.go(&format!("{}{list}", world.url())).await;
    choose(&page, "Scripts", "Access tokens").await;
    page.url_ends_with(&format!("{list}&application={client_id}"))
        .await;
    page.find("table", "Access tokens of Scripts").await;
    page.see("View all visible repositories").await;
    page.accessible().await;
    page.screenshot("access-tokens").await;
    let name = format!("{admin} · nightly");
    choose(&page, &name, "Revoke Token").await;
    page.find("dialog", &format!("Revoke the token of {name}?"))
        .await;
    page.accessible().await;
    page.click("button", "Revoke Token").await;
    page.see("Token revoked").await;
    page.see("No access tokens").await;
    page.accessible().await;
    assert_eq!(user_of(&world, token).await, None);
    page.click("link", "All applications").await;
    page.url_ends_with(&list).await;
    page.find("button", "Actions for Scripts").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn an_access_token_is_made_by_name_and_shown_once(world: World) {
    let organization = world.organization().await;
    let input = json!({ "organization": organization, "name": "Scripts" });
    let made = world
        .graphql
        .mutate("createApplication", input, "application { clientId }")
        .await;
    let client_id = made["application"]["clientId"].as_str().unwrap_or_default();
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!(
        "{}/organization/{organization}?tab=OAuthApplications&application={client_id}",
        world.url()
    ))
    .await;
    page.see("No access tokens").await;
    page.click("button", "Create Access Token").await;
    let dialog = "Create Access Token: Scripts";
    page.find("dialog", dialog).await;
    page.fill("textbox", "Token name", "nightly").await;
    page.see("Needs absolute trust").await;
    page.click("checkbox", "Read User Information").await;
    page.click("checkbox", "Super User Access").await;
    page.accessible().await;
    page.screenshot("access-token-create").await;
    page.click("checkbox", "Super User Access").await;
    page.click("button", "Create Access Token").await;
    page.find("dialog", "Token nightly was created").await;
    page.see("The token is shown this once.").await;
    page.accessible().await;
    page.screenshot("access-token-once").await;
    let token = page
        .evaluate("document.querySelector('dialog .berth-command__text').textContent")
        .await;
    let token = token.as_str().unwrap_or_default().to_owned();
    let admin = world.admin.name.as_str();
    assert_eq!(user_of(&world, &token).await.as_deref(), Some(admin));
    page.click("button", "Copy Command: Access token").await;
    page.press("Escape").await;
    page.gone("dialog", "Token nightly was created").await;
    page.not_see(&token).await;
    let name = format!("{admin} · nightly");
    page.find("button", &format!("Actions for {name}")).await;
    page.see("Read User Information").await;
    page.reload().await;
    page.find("table", "Access tokens of Scripts").await;
    assert!(!page.shows(&token).await);
    page.close().await;
    browser.close().await;
}

pub(super) async fn applications_are_searched_and_sorted_in_the_address(world: World) {
    let organization = world.organization().await;
    for name in ["Builder", "app", "Cleaner"] {
        let input = json!({ "organization": organization, "name": name });
        world
            .graphql
            .mutate("createApplication", input, "application { clientId }")
            .await;
    }
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    let list = format!("/organization/{organization}?tab=OAuthApplications");
    page.go(&format!("{}{list}", world.url())).await;
    page.find("button", "Builder").await;
    let first = async |name: &str| {
        page.wait("the order shows", async || {
            page.evaluate("document.querySelector('tbody bdi').textContent")
                .await
                == name
        })
        .await;
    };
    first("Builder").await;
    page.click("button", "Application Name").await;
    page.url_ends_with("sort=name").await;
    first("app").await;
    page.click("button", "Application Name").await;
    page.url_ends_with("sort=-name").await;
    first("Cleaner").await;
    page.press("/").await;
    page.type_text("UILD").await;
    page.gone("button", "Cleaner").await;
    page.find("button", "Builder").await;
    page.accessible().await;
    page.screenshot("applications-searched").await;
    page.reload().await;
    page.find("button", "Builder").await;
    page.gone("button", "app").await;
    page.press("/").await;
    page.type_text("no such thing").await;
    page.see("Nothing found").await;
    page.click("button", "Clear all filters").await;
    page.find("button", "app").await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn an_application_of_a_device_is_named_by_its_scheme(world: World) {
    let client_id = application(&world, "Pocket", "myapp://callback").await;
    let (browser, page) = signed_in(&world, &world.admin, Look::PHONE).await;
    let asked = "scope=repo:read&response_type=code";
    page.go(&question(&world, &client_id, "myapp://callback", asked))
        .await;
    page.find("heading", "Authorize Pocket?").await;
    page.see("The application on your device that opens myapp: addresses")
        .await;
    page.find("button", "Authorize Application").await;
    page.accessible().await;
    page.screenshot("consent-device").await;
    page.close().await;
    browser.close().await;
}
