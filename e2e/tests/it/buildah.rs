//! buildah: an image made step by step (R2).

use berth_e2e::client::text;
use berth_e2e::harness::Scenario;
use berth_e2e::scenarios;
use berth_e2e::world::World;

pub(crate) const SCENARIOS: &[Scenario] = scenarios![image_made_step_by_step_is_pushed_and_pulled];

async fn image_made_step_by_step_is_pushed_and_pulled(world: World) {
    let client = world.anonymous();
    let repository = format!("{}/buildah", world.organization().await);
    client
        .buildah([
            "login",
            "--tls-verify=false",
            "-u",
            &world.admin.name,
            "--password-stdin",
            &world.host(),
        ])
        .input(&world.admin.password)
        .ok()
        .await;
    let file = client.write("hello", "hello from buildah");
    let container = client.buildah(["from", "scratch"]).ok().await;
    client
        .buildah(["copy", &container, text(&file), "/hello"])
        .ok()
        .await;
    client
        .buildah(["config", "--label", "e2e=buildah", &container])
        .ok()
        .await;
    let target = client.docker(&repository, ":1.0");
    let image = client.image(&repository, ":1.0");
    client
        .buildah(["commit", "--tls-verify=false", &container, &image])
        .ok()
        .await;
    client
        .buildah(["push", "--tls-verify=false", &image, &target])
        .ok()
        .await;
    client.buildah(["rm", &container]).ok().await;
    client.buildah(["rmi", "--force", &image]).ok().await;
    client
        .buildah(["pull", "--tls-verify=false", &image])
        .ok()
        .await;
    let label = client.buildah([
        "inspect",
        "--type=image",
        "--format",
        "{{index .OCIv1.Config.Labels \"e2e\"}}",
        &image,
    ]);
    assert_eq!(label.ok().await, "buildah");
}
