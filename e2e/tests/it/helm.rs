//! helm: charts as OCI artifacts (R2).

use berth_e2e::client::Sandbox;
use berth_e2e::harness::Scenario;
use berth_e2e::scenarios;
use berth_e2e::world::World;

pub(crate) const SCENARIOS: &[Scenario] = scenarios![chart_is_pushed_shown_and_pulled];

async fn chart_is_pushed_shown_and_pulled(world: World) {
    let client = world.anonymous();
    let organization = world.organization().await;
    let host = world.host();
    client
        .helm([
            "registry",
            "login",
            "--plain-http",
            "-u",
            &world.admin.name,
            "--password-stdin",
            &host,
        ])
        .input(&world.admin.password)
        .ok()
        .await;
    for version in ["0.1.0", "0.2.0+build.7"] {
        package(&client, version).await;
        let archive = format!("demo-{version}.tgz");
        client
            .helm([
                "push",
                "--plain-http",
                &archive,
                &format!("oci://{host}/{organization}/charts"),
            ])
            .ok()
            .await;
        std::fs::remove_file(client.path(&archive)).expect("helm packaged it");
    }

    let chart = format!("oci://{host}/{organization}/charts/demo");
    let shown = client
        .helm([
            "show",
            "chart",
            "--plain-http",
            &chart,
            "--version",
            "0.1.0",
        ])
        .ok()
        .await;
    assert!(shown.contains("description: A chart for tests"), "{shown}");
    for version in ["0.1.0", "0.2.0+build.7"] {
        client
            .helm(["pull", "--plain-http", &chart, "--version", version])
            .ok()
            .await;
        assert!(client.path(&format!("demo-{version}.tgz")).is_file());
    }
    client
        .helm(["pull", "--plain-http", &chart, "--version", "9.9.9"])
        .fails()
        .await;
}

async fn package(client: &Sandbox, version: &str) {
    let chart =
        format!("apiVersion: v2\nname: demo\ndescription: A chart for tests\nversion: {version}\n");
    client.write("demo/Chart.yaml", &chart);
    client.write(
        "demo/templates/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: demo\n",
    );
    client.helm(["package", "demo"]).ok().await;
}
