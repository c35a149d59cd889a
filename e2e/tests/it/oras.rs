//! oras: artifacts and what refers to them (R2, C4).

use berth_e2e::harness::Scenario;
use berth_e2e::scenarios;
use berth_e2e::world::World;
use serde_json::Value;

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    artifact_is_pushed_and_pulled,
    attached_artifacts_are_discovered_and_copied
];

async fn artifact_is_pushed_and_pulled(world: World) {
    let client = world.anonymous();
    let artifact = client.image(&format!("{}/artifact", world.organization().await), ":1.0");
    client
        .oras([
            "login",
            "--plain-http",
            "-u",
            &world.admin.name,
            "--password-stdin",
            &world.host(),
        ])
        .input(&world.admin.password)
        .ok()
        .await;
    client.write("report.txt", "all is well");
    client
        .oras([
            "push",
            "--plain-http",
            "--artifact-type",
            "application/vnd.berth.report",
            &artifact,
            "report.txt:text/plain",
        ])
        .ok()
        .await;
    std::fs::remove_file(client.path("report.txt")).expect("it was written");
    client.oras(["pull", "--plain-http", &artifact]).ok().await;
    assert_eq!(
        std::fs::read_to_string(client.path("report.txt")).expect("oras pulled it"),
        "all is well"
    );
    let tags = client
        .oras([
            "repo",
            "tags",
            "--plain-http",
            artifact.trim_end_matches(":1.0"),
        ])
        .ok()
        .await;
    assert_eq!(tags, "1.0");
}

async fn attached_artifacts_are_discovered_and_copied(world: World) {
    let client = world.client(&world.admin);
    let organization = world.organization().await;
    let repository = format!("{organization}/subject");
    client
        .push(&client.image_layout(61, 5_000), &repository, "1.0")
        .await;
    let subject = client.image(&repository, ":1.0");
    client.write("sbom.json", "{}");
    for kind in ["application/spdx+json", "application/vnd.berth.scan"] {
        client
            .oras([
                "attach",
                "--plain-http",
                "--artifact-type",
                kind,
                &subject,
                "sbom.json:application/json",
            ])
            .ok()
            .await;
    }
    let all = client
        .oras(["discover", "--plain-http", "--format", "json", &subject])
        .ok()
        .await;
    assert_eq!(
        kinds(&all),
        ["application/spdx+json", "application/vnd.berth.scan"]
    );
    let some = client
        .oras([
            "discover",
            "--plain-http",
            "--format",
            "json",
            "--artifact-type",
            "application/spdx+json",
            &subject,
        ])
        .ok()
        .await;
    assert_eq!(kinds(&some), ["application/spdx+json"]);

    let copy = client.image(&format!("{organization}/copied"), ":1.0");
    client
        .oras([
            "copy",
            "--recursive",
            "--from-plain-http",
            "--to-plain-http",
            &subject,
            &copy,
        ])
        .ok()
        .await;
    let copied = client
        .oras(["discover", "--plain-http", "--format", "json", &copy])
        .ok()
        .await;
    assert_eq!(
        kinds(&copied),
        ["application/spdx+json", "application/vnd.berth.scan"]
    );
}

/// Artifact types of direct referrers, sorted.
fn kinds(discovered: &str) -> Vec<String> {
    let discovered: Value = serde_json::from_str(discovered).expect("oras prints JSON");
    let referrers = discovered["referrers"]
        .as_array()
        .or(discovered["manifests"].as_array());
    let mut kinds: Vec<String> = referrers
        .unwrap_or_else(|| panic!("no referrers in {discovered}"))
        .iter()
        .filter_map(|referrer| Some(referrer["artifactType"].as_str()?.to_owned()))
        .collect();
    kinds.sort();
    kinds
}
