//! Default permissions of organizations.

use berth_e2e::browser::Look;
use berth_e2e::world::World;
use serde_json::{Value, json};

use super::teams::new_team;
use super::{chosen, select, signed_in};

async fn defaults(world: &World, organization: &str) -> Value {
    let query = "query($name: String!) { namespace(name: $name) { ... on Organization {
        defaultPermissions(first: 50) { nodes {
            role creator { account } account { account } team { name }
        } }
    } } }";
    let data = world.graphql.data(query, json!({ "name": organization }));
    data.await["namespace"]["defaultPermissions"]["nodes"].take()
}

pub(super) async fn default_permissions_are_made_changed_and_deleted_with_undo(world: World) {
    let organization = world.organization().await;
    new_team(&world, &organization, "developers", "MEMBER").await;
    let user = world.user().await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!("{}/organization/{organization}", world.url()))
        .await;
    page.click("tab", "Default permissions").await;
    page.url_ends_with("?tab=Defaultpermissions").await;
    page.see("No default permissions yet").await;
    page.accessible().await;
    page.click("button", "Create default permissions").await;
    page.find("dialog", "Create default permission").await;
    page.fill("combobox", "Applied to", "develop").await;
    page.find("option", "developers Team").await;
    page.accessible().await;
    page.screenshot("default-permission-create").await;
    page.press("ArrowDown").await;
    page.press("Enter").await;
    select(&page, "Permission", "Write").await;
    page.click("button", "Create default permission").await;
    page.see("Successfully created default permission for creator")
        .await;
    page.gone("dialog", "Create default permission").await;
    assert_eq!(
        defaults(&world, &organization).await,
        json!([{ "role": "WRITE", "creator": null, "account": null, "team": { "name": "developers" } }])
    );

    // For what one user makes, to a robot that is made without leaving the drawer.
    page.click("button", "Create default permissions").await;
    page.click("radio", "Specific user").await;
    page.fill("combobox", "Repository creator", &user.name)
        .await;
    page.click("button", "Create robot account").await;
    page.find("dialog", "Create robot account").await;
    page.fill(
        "textbox",
        "Provide a name for your robot account",
        "deployer",
    )
    .await;
    page.press("Enter").await;
    page.gone("dialog", "Create robot account").await;
    let robot = format!("{organization}+deployer");
    page.wait("the robot is named in the drawer", async || {
        page.evaluate("document.querySelector('#default-grantee').value")
            .await
            == robot.as_str()
    })
    .await;
    page.click("button", "Create team").await;
    page.find("dialog", "Create team").await;
    page.press("Escape").await;
    page.gone("dialog", "Create team").await;
    page.find("dialog", "Create default permission").await;
    page.click("button", "Create default permission").await;
    page.gone("dialog", "Create default permission").await;
    page.see(&robot).await;
    page.accessible().await;
    page.screenshot("default-permissions").await;

    let of_robot = format!("Permission of {robot}");
    assert_eq!(chosen(&page, &of_robot).await, "Read");
    select(&page, &of_robot, "Admin").await;
    page.see("Default permission saved").await;
    page.click("button", &format!("Actions for {robot}")).await;
    page.click("menuitem", "Delete").await;
    page.see("Default permission deleted").await;
    page.gone("combobox", &of_robot).await;
    page.evaluate(
        "[...document.querySelectorAll('.pf-v6-c-alert')].find((one) => one.textContent.includes('deleted')).querySelector('.pf-m-link').click()",
    )
    .await;
    page.find("combobox", &of_robot).await;
    assert_eq!(chosen(&page, &of_robot).await, "Admin");
    page.close().await;
    browser.close().await;
    assert_eq!(
        defaults(&world, &organization).await[1],
        json!({ "role": "ADMIN", "creator": { "account": user.name }, "account": { "account": robot }, "team": null })
    );
}

pub(super) async fn who_is_not_there_gets_no_default_permission(world: World) {
    let organization = world.organization().await;
    let (browser, page) = signed_in(&world, &world.admin, Look::DESKTOP).await;
    page.go(&format!(
        "{}/organization/{organization}?tab=Defaultpermissions",
        world.url()
    ))
    .await;
    page.click("button", "Create default permissions").await;
    page.fill("combobox", "Applied to", "No Name").await;
    page.see("There is no such user, robot or team here.").await;
    page.fill("combobox", "Applied to", "nobody-of-this-name")
        .await;
    page.wait("the answer is there", async || {
        page.evaluate("!document.querySelector('dialog button[type=submit]').disabled")
            .await
            == true
    })
    .await;
    page.click("button", "Create default permission").await;
    page.see("There is no such user, robot or team here.").await;
    page.accessible().await;
    page.close().await;
    browser.close().await;
    assert_eq!(defaults(&world, &organization).await, json!([]));
}
