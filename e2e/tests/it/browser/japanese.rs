//! The main ways through the console in Japanese, its texts taken from the catalogue.

use std::collections::BTreeSet;

use berth_e2e::browser::{Browser, Look, Page, Words};
use berth_e2e::random;
use berth_e2e::world::{Account, World};
use serde_json::{Value, json};

use super::pages::looks_well;
use super::teams::new_team;
use super::{chosen, select};

/// Every text of the page that stands alone, apart from names and code.
const TEXTS: &str = r"(() => {
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const own = walk.currentNode.parentElement?.closest('script, style, code, bdi');
        if (!own) found.push(walk.currentNode.data.trim());
    }
    for (const name of ['aria-label', 'title', 'placeholder']) {
        for (const one of document.querySelectorAll(`[${name}]`)) found.push(one.getAttribute(name));
    }
    return found;
})()";

/// The two catalogues: what is said, and what must not be.
struct Speech {
    words: Words,
    english: Words,
}

impl Speech {
    fn new() -> Self {
        Self {
            words: Words::of("ja"),
            english: Words::of("en"),
        }
    }

    fn get(&self, key: &str) -> &str {
        self.words.get(key)
    }

    fn with(&self, key: &str, arguments: &[(&str, &str)]) -> String {
        self.words.with(key, arguments)
    }

    /// Checks that the page looks well, and says nothing in English.
    async fn check(&self, page: &Page, name: &str) {
        looks_well(page, name).await;
        let texts = page.evaluate(TEXTS).await;
        let texts = texts.as_array().into_iter().flatten();
        let texts: BTreeSet<&str> = texts.filter_map(Value::as_str).collect();
        let foreign = self.words.foreign(&self.english);
        let foreign: Vec<&&str> = texts.intersection(&foreign).collect();
        assert!(foreign.is_empty(), "{name} says {foreign:?}");
        page.screenshot(&format!("japanese-{name}")).await;
    }

    /// Picks an account or a team in the field of this name.
    async fn pick(&self, page: &Page, field: &str, name: &str, kind: &str) {
        page.fill("combobox", self.get(field), name).await;
        let option = format!("{name} {}", self.get(kind));
        page.click("option", &option).await;
    }

    async fn sign_in(&self, world: &World, account: &Account) -> (Browser, Page) {
        let browser = Browser::start().await;
        let address = format!("{}/signin", world.url());
        let page = browser
            .open(&address, Look::DESKTOP.in_language("ja"))
            .await;
        page.fill("textbox", self.get("signin.username"), &account.name)
            .await;
        page.fill("textbox", self.get("signin.password"), &account.password)
            .await;
        self.check(&page, "sign-in").await;
        page.click("button", self.get("signin.action")).await;
        page.url_ends_with("/repository").await;
        page.find("heading", self.get("nav.repositories")).await;
        (browser, page)
    }
}

pub(super) async fn an_organization_and_its_repository_are_made_in_japanese(world: World) {
    let speech = Speech::new();
    let (user, other) = (world.user().await, world.user().await);
    let organization = random::name("org");
    let (browser, page) = speech.sign_in(&world, &user).await;
    page.click("link", speech.get("nav.organizations")).await;
    page.see(speech.get("organizations.empty")).await;
    page.click("button", speech.get("organizations.create"))
        .await;
    page.find("dialog", speech.get("organizations.create"))
        .await;
    let name = speech.get("organizations.organization_name");
    page.fill("textbox", name, &organization).await;
    speech.check(&page, "organization-create").await;
    page.click("button", speech.get("common.create")).await;
    page.find("heading", &organization).await;
    page.see(speech.get("repositories.empty")).await;
    speech.check(&page, "organization").await;

    page.click("button", speech.get("repositories.create"))
        .await;
    let name = speech.get("repositories.repository_name");
    page.fill("textbox", name, "app").await;
    speech.check(&page, "repository-create").await;
    page.click("button", speech.get("common.create")).await;
    page.find("heading", "app").await;
    page.see(speech.get("tags.empty")).await;
    speech.check(&page, "repository").await;

    page.click("tab", speech.get("repository.tab_settings"))
        .await;
    let path = format!("{organization}/app");
    page.see(speech.get("settings.visibility_private")).await;
    page.click("button", speech.get("settings.make_public"))
        .await;
    page.see(&speech.with("repositories.now_public", &[("name", path.as_str())]))
        .await;
    page.see(speech.get("settings.visibility_public")).await;
    page.click("button", speech.get("common.undo")).await;
    page.see(&speech.with("repositories.now_private", &[("name", path.as_str())]))
        .await;
    page.find("button", speech.get("settings.make_public"))
        .await;

    speech
        .pick(
            &page,
            "settings.account_or_team",
            &other.name,
            "settings.kind_user",
        )
        .await;
    let write = speech.get("settings.write");
    select(&page, speech.get("settings.permission"), write).await;
    page.click("button", speech.get("settings.add")).await;
    page.see(&speech.with("settings.saved", &[("name", other.name.as_str())]))
        .await;
    let of_other = speech.with("settings.permission_of", &[("name", other.name.as_str())]);
    assert_eq!(chosen(&page, &of_other).await, write);
    speech.check(&page, "repository-settings").await;

    // The team of the organization's creator is there from the beginning.
    page.click("link", &organization).await;
    page.click("tab", speech.get("namespace.tab_teams")).await;
    page.find("link", "owners").await;
    page.click("button", speech.get("teams.create")).await;
    let name = speech.get("teams.name_label");
    page.fill("textbox", name, "developers").await;
    speech.check(&page, "team-create").await;
    page.click("button", speech.get("teams.proceed")).await;
    page.find("heading", speech.get("wizard.repositories"))
        .await;
    page.click("button", speech.get("teams.finish")).await;
    page.find("heading", speech.get("teams.finish")).await;
    speech.check(&page, "team-review").await;
    page.click("button", speech.get("teams.finish")).await;
    page.see(&speech.with("teams.created", &[("name", "developers")]))
        .await;
    let of_team = speech.with("teams.role_of", &[("name", "developers")]);
    let creator = speech.get("teams.role_creator");
    select(&page, &of_team, creator).await;
    let saved = [("name", "developers"), ("role", creator)];
    page.see(&speech.with("teams.role_saved", &saved)).await;
    page.close().await;
    browser.close().await;
}

pub(super) async fn a_robot_and_default_permissions_are_made_in_japanese(world: World) {
    let speech = Speech::new();
    let organization = world.organization().await;
    world.repository(&organization, "app", "PRIVATE").await;
    new_team(&world, &organization, "developers", "MEMBER").await;
    let (browser, page) = speech.sign_in(&world, &world.admin).await;
    page.go(&format!("{}/organization/{organization}", world.url()))
        .await;
    page.click("tab", speech.get("namespace.tab_robots")).await;
    page.see(speech.get("robots.empty")).await;
    page.click("button", speech.get("robots.create")).await;
    let name = speech.get("robots.name_label");
    page.fill("textbox", name, "deployer").await;
    page.click("button", speech.get("wizard.next")).await;
    page.find("heading", speech.get("wizard.teams")).await;
    speech
        .pick(&page, "robots.team", "developers", "settings.kind_team")
        .await;
    let out = speech.with("picker.take_out", &[("name", "developers")]);
    page.find("button", &out).await;
    speech.check(&page, "robot-teams").await;
    page.click("button", speech.get("wizard.next")).await;
    page.find("heading", speech.get("wizard.repositories"))
        .await;
    let in_app = speech.with("roles.permission_in", &[("name", "app")]);
    select(&page, &in_app, speech.get("settings.write")).await;
    page.click("button", speech.get("wizard.next")).await;
    page.find("heading", speech.get("wizard.defaults")).await;
    speech.check(&page, "robot-defaults").await;
    page.click("button", speech.get("wizard.next")).await;
    page.find("heading", speech.get("robots.finish")).await;
    speech.check(&page, "robot-review").await;
    page.click("button", speech.get("robots.finish")).await;
    let robot = format!("{organization}+deployer");
    page.see(&speech.with("robots.success", &[("name", robot.as_str())]))
        .await;
    let dialog = speech.with("robots.credentials_title", &[("name", robot.as_str())]);
    page.find("dialog", &dialog).await;
    page.click("button", speech.get("robots.show_token")).await;
    page.find("button", speech.get("robots.hide_token")).await;
    page.click("button", speech.get("robots.regenerate")).await;
    page.see(speech.get("robots.regenerate_ask")).await;
    speech.check(&page, "robot-credentials").await;
    let ways = [
        ("robots.tab_kubernetes", "robots.kubernetes_text"),
        ("robots.tab_config", "robots.config_text"),
        ("robots.tab_oci", "robots.oci_text"),
    ];
    for (tab, text) in ways {
        page.click("tab", speech.get(tab)).await;
        page.see(speech.get(text)).await;
    }
    page.press("Escape").await;
    page.gone("dialog", &dialog).await;

    page.click("tab", speech.get("namespace.tab_default_permissions"))
        .await;
    page.see(speech.get("defaults.empty")).await;
    page.click("button", speech.get("defaults.create_many"))
        .await;
    page.find("dialog", speech.get("defaults.create")).await;
    page.click("radio", speech.get("defaults.specific")).await;
    page.find("combobox", speech.get("defaults.creator")).await;
    page.click("radio", speech.get("defaults.anyone")).await;
    speech
        .pick(&page, "defaults.applied_to", &robot, "settings.kind_robot")
        .await;
    let permission = speech.get("settings.permission");
    select(&page, permission, speech.get("settings.admin")).await;
    speech.check(&page, "default-permission").await;
    page.click("button", speech.get("defaults.create")).await;
    page.see(speech.get("defaults.created")).await;
    let of_robot = speech.with("settings.permission_of", &[("name", robot.as_str())]);
    assert_eq!(chosen(&page, &of_robot).await, speech.get("settings.admin"));
    page.close().await;
    browser.close().await;
}

/// The pages of tenants on a phone, with something on each of them.
pub(super) async fn pages_of_tenants_speak_japanese_on_a_phone(world: World) {
    let speech = Speech::new();
    let organization = world.organization().await;
    let id = world.repository(&organization, "app", "PUBLIC").await;
    new_team(&world, &organization, "developers", "MEMBER").await;
    let (robot, user) = (world.robot(&organization).await, world.user().await);
    world.grant(&id, &robot, "WRITE").await;
    world.grant(&id, &user, "READ").await;
    let input = json!({ "organization": organization, "team": "developers", "role": "READ" });
    world
        .graphql
        .mutate(
            "createDefaultPermission",
            input,
            "defaultPermission { uuid }",
        )
        .await;
    let (browser, mut page) = speech.sign_in(&world, &world.admin).await;
    page.look_at(Look::PHONE.in_language("ja")).await;
    let of_organization = format!("/organization/{organization}");
    let pages = [
        ("organizations", format!("/organization?q={organization}")),
        ("repositories", format!("/repository?q={organization}")),
        ("teams", format!("{of_organization}?tab=Teamsandmembership")),
        (
            "members",
            format!("{of_organization}?tab=Teamsandmembership&view=members"),
        ),
        (
            "collaborators",
            format!("{of_organization}?tab=Teamsandmembership&view=collaborators"),
        ),
        ("robots", format!("{of_organization}?tab=Robotaccounts")),
        (
            "default-permissions",
            format!("{of_organization}?tab=Defaultpermissions"),
        ),
        (
            "organization-settings",
            format!("{of_organization}?tab=Settings"),
        ),
        (
            "team-permissions",
            format!("{of_organization}/teams/developers?tab=permissions"),
        ),
        (
            "permissions",
            format!("/repository/{organization}/app?tab=settings"),
        ),
    ];
    for (name, path) in pages {
        page.go(&format!("{}{path}", world.url())).await;
        speech.check(&page, name).await;
    }
    page.close().await;
    browser.close().await;
}
