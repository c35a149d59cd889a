//! crane: push, copy, validate, list (R2).

use berth_e2e::client::text;
use berth_e2e::harness::Scenario;
use berth_e2e::scenarios;
use berth_e2e::world::World;

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    image_is_pushed_copied_and_valid,
    index_is_pushed_whole_and_listed,
];

async fn image_is_pushed_copied_and_valid(world: World) {
    let client = world.anonymous();
    let organization = world.organization().await;
    client
        .crane([
            "auth",
            "login",
            "-u",
            &world.admin.name,
            "--password-stdin",
            &world.host(),
        ])
        .input(&world.admin.password)
        .ok()
        .await;
    let layout = client.image_layout(71, 400_000);
    let image = client.image(&format!("{organization}/crane"), ":1.0");
    client
        .crane(["push", text(layout.path()), &image])
        .ok()
        .await;
    assert_eq!(client.crane(["digest", &image]).ok().await, layout.digest);
    client.crane(["validate", "--remote", &image]).ok().await;

    let copy = client.image(&format!("{organization}/copied"), ":2.0");
    client.crane(["copy", &image, &copy]).ok().await;
    client.crane(["validate", "--remote", &copy]).ok().await;
    assert_eq!(client.crane(["digest", &copy]).ok().await, layout.digest);
    client.crane(["tag", &copy, "stable"]).ok().await;
    let listed = client
        .crane(["ls", copy.trim_end_matches(":2.0")])
        .ok()
        .await;
    assert_eq!(listed.lines().collect::<Vec<_>>(), ["2.0", "stable"]);
    client.crane(["delete", &copy]).ok().await;
    let listed = client
        .crane(["ls", copy.trim_end_matches(":2.0")])
        .ok()
        .await;
    assert_eq!(listed, "stable");
}

async fn index_is_pushed_whole_and_listed(world: World) {
    let client = world.client(&world.admin);
    let organization = world.organization().await;
    let layout = client.index_layout(81, 30_000);
    let image = client.image(&format!("{organization}/index"), ":1.0");
    client
        .push(&layout, &format!("{organization}/index"), "1.0")
        .await;
    client.crane(["validate", "--remote", &image]).ok().await;
    let manifest = client.crane(["manifest", &image]).ok().await;
    assert_eq!(
        berth_e2e::image::digest(manifest.as_bytes()),
        layout.digest,
        "{manifest}"
    );
    let catalog = client.crane(["catalog", &world.host()]).ok().await;
    assert!(
        catalog
            .lines()
            .any(|line| line == format!("{organization}/index")),
        "{catalog}"
    );
}
