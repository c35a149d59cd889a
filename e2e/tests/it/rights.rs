//! Rights as podman meets them, before and after each change (A1, A6, A7, B4).

use berth_e2e::client::Sandbox;
use berth_e2e::harness::Scenario;
use berth_e2e::scenarios;
use berth_e2e::world::{Account, World};
use serde_json::json;

pub(crate) const SCENARIOS: &[Scenario] =
    scenarios![podman_obeys_every_change_of_rights_at_the_next_request];

/// What podman says when the registry lets nobody through.
const REFUSALS: [&str; 3] = ["denied", "unauthorized", "not authorized"];

/// Clients of one account, with the image to push.
struct Caller {
    client: Sandbox,
    image: String,
}

impl Caller {
    async fn new(world: &World, account: Option<&Account>, repository: &str) -> Self {
        let anonymous = || {
            let client = world.anonymous();
            // podman wants the file that it was told of.
            client.write("docker/config.json", "{}");
            client
        };
        let client = account.map_or_else(anonymous, |account| world.client(account));
        client.write("context/hello", repository);
        client.write("context/Containerfile", "FROM scratch\nCOPY hello /hello\n");
        let image = client.image(repository, ":1");
        let context = client.path("context");
        let context = context.to_str().expect("a path of letters");
        client.podman(["build", "-t", &image, context]).ok().await;
        Self { client, image }
    }

    /// Pulls and pushes, and both have to end as they should.
    async fn may(&self, pull: bool, push: bool, when: &str) {
        let Self { client, image } = self;
        for (verb, allowed) in [("push", push), ("pull", pull)] {
            let run = client.podman([verb, "--tls-verify=false", image]);
            eprintln!("{when}: {verb} of {image}");
            if allowed {
                run.ok().await;
            } else {
                let said = run.fails().await.to_lowercase();
                let is_refusal = REFUSALS.iter().any(|word| said.contains(word));
                assert!(is_refusal, "{when}: {verb}: {said}");
            }
        }
    }
}

/// A role of a team in a repository.
async fn give_team(world: &World, repository: &str, team: &str, role: &str) {
    let role = (role != "NONE").then_some(role);
    let input = json!({
        "repository": repository, "permissions": [], "teamPermissions": [{ "team": team, "role": role }],
    });
    let graphql = &world.graphql;
    graphql
        .mutate("setPermissions", input, "repository { id }")
        .await;
}

async fn podman_obeys_every_change_of_rights_at_the_next_request(world: World) {
    let organization = world.organization().await;
    let repository = world.repository(&organization, "app", "PRIVATE").await;
    let path = format!("{organization}/app");
    let (user, member) = (world.user().await, world.user().await);
    let robot = world.robot(&organization).await;
    let graphql = &world.graphql;
    let admin = Caller::new(&world, Some(&world.admin), &path).await;
    admin.may(true, true, "the administrator").await;

    let nobody = Caller::new(&world, None, &path).await;
    nobody.may(false, false, "nobody").await;

    // A user and a robot by roles of their own.
    for account in [&user, &robot] {
        let caller = Caller::new(&world, Some(account), &path).await;
        let name = &account.name;
        caller
            .may(false, false, &format!("{name} without a role"))
            .await;
        for (role, push) in [("READ", false), ("WRITE", true), ("ADMIN", true)] {
            world.grant(&repository, account, role).await;
            caller.may(true, push, &format!("{name} with {role}")).await;
        }
        let input = json!({
            "account": name, "roles": [{ "repository": repository, "role": null }],
        });
        graphql
            .mutate("setSubjectPermissions", input, "repositories { id }")
            .await;
        caller
            .may(false, false, &format!("{name} without a role again"))
            .await;
    }

    // By a team: the role of the team, and being in it.
    let input = json!({ "organization": organization, "name": "crew", "role": "MEMBER" });
    let made = graphql.mutate("createTeam", input, "team { id }").await;
    let team = made["team"]["id"].clone();
    let caller = Caller::new(&world, Some(&member), &path).await;
    give_team(&world, &repository, "crew", "WRITE").await;
    caller.may(false, false, "outside of the team").await;
    let input = json!({ "team": team, "account": member.name });
    graphql
        .mutate("addTeamMember", input.clone(), "team { id }")
        .await;
    caller.may(true, true, "in a team that writes").await;
    give_team(&world, &repository, "crew", "READ").await;
    caller.may(true, false, "in a team that reads").await;
    give_team(&world, &repository, "crew", "NONE").await;
    caller.may(false, false, "in a team without a role").await;
    let change = json!({ "id": team, "role": "ADMIN" });
    graphql.mutate("updateTeam", change, "team { id }").await;
    caller.may(true, true, "in a team of administrators").await;
    graphql
        .mutate("removeTeamMember", input, "team { id }")
        .await;
    caller.may(false, false, "out of the team").await;

    // By what everybody may, and by what nobody may.
    let input = json!({ "ids": [repository], "visibility": "PUBLIC" });
    graphql
        .mutate("changeVisibility", input, "changedIds")
        .await;
    nobody
        .may(true, false, "nobody, of a public repository")
        .await;
    caller
        .may(true, false, "a stranger, of a public repository")
        .await;
    for (state, push) in [("READ_ONLY", false), ("NORMAL", true)] {
        let input = json!({ "id": repository, "state": state });
        graphql
            .mutate("changeState", input, "repository { id }")
            .await;
        admin
            .may(true, push, &format!("the administrator, when {state}"))
            .await;
    }
    let input = json!({ "ids": [repository], "visibility": "PRIVATE" });
    graphql
        .mutate("changeVisibility", input, "changedIds")
        .await;
    nobody
        .may(false, false, "nobody, of a private repository")
        .await;

    // A new repository begins with what the organization gives by default.
    let input = json!({
        "organization": organization, "account": user.name, "role": "WRITE",
    });
    graphql
        .mutate(
            "createDefaultPermission",
            input,
            "defaultPermission { uuid }",
        )
        .await;
    let fresh = format!("{organization}/fresh");
    let admin = Caller::new(&world, Some(&world.admin), &fresh).await;
    admin
        .may(true, true, "the administrator, who makes it by a push")
        .await;
    let caller = Caller::new(&world, Some(&user), &fresh).await;
    caller.may(true, true, "by a default permission").await;

    // A robot whose token was replaced.
    let find = "query ($n: String!) { namespace(name: $n) { robots(first: 1) { nodes { id } } } \
         repository(namespace: $n, name: \"fresh\") { id } }";
    let found = graphql.data(find, json!({ "n": organization })).await;
    let caller = Caller::new(&world, Some(&robot), &fresh).await;
    let input = json!({
        "account": robot.name, "roles": [{ "repository": found["repository"]["id"], "role": "WRITE" }],
    });
    graphql
        .mutate("setSubjectPermissions", input, "repositories { id }")
        .await;
    caller.may(true, true, "a robot with a role").await;
    let input = json!({ "id": found["namespace"]["robots"]["nodes"][0]["id"] });
    graphql
        .mutate("regenerateRobotToken", input, "robot { id }")
        .await;
    caller.may(false, false, "a robot with its old token").await;
}
