//! The conformance suite of the OCI distribution-spec (C1, C4).

use berth_e2e::client::text;
use berth_e2e::harness::Scenario;
use berth_e2e::scenarios;
use berth_e2e::world::World;

pub(crate) const SCENARIOS: &[Scenario] = scenarios![conformance_suite_finds_nothing];

/// The line that says how the whole suite went; without it, the suite did not get that far.
const CONFORMS: &str = "OCI Conformance Test: Pass";

async fn conformance_suite_finds_nothing(world: World) {
    let client = world.anonymous();
    let organization = world.organization().await;
    let suite = client
        .run("conformance")
        .env("OCI_REGISTRY", world.host())
        .env("OCI_TLS", "disabled")
        .env("OCI_REPO1", format!("{organization}/first"))
        .env("OCI_REPO2", format!("{organization}/second"))
        .env("OCI_USERNAME", &world.admin.name)
        .env("OCI_PASSWORD", &world.admin.password)
        // What the next version of the specification adds: cancel, tags of a push, digest headers.
        .env("OCI_VERSION", "dev")
        .env("OCI_RESULTS_DIR", text(&client.path("results")))
        .finish()
        .await;
    let failed: Vec<&str> = suite
        .stdout
        .lines()
        .filter(|line| line.ends_with(": FAIL") || line.ends_with(": Error"))
        .map(str::trim)
        .collect();
    assert!(failed.is_empty(), "{}\n{}", failed.join("\n"), suite.stderr);
    assert!(suite.stdout.lines().any(|line| line == CONFORMS), "{suite}");
}
