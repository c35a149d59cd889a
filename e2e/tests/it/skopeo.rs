//! skopeo: copy, inspect, sync, delete, both families of manifests (R2).

use berth_e2e::client::text;
use berth_e2e::harness::Scenario;
use berth_e2e::scenarios;
use berth_e2e::world::World;
use serde_json::Value;

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    image_keeps_its_digest_on_the_way_in_and_out,
    copy_all_takes_every_platform_to_another_repository,
    docker_schema_2_is_kept_as_it_is,
    sync_brings_every_tag_to_a_folder_and_back,
    deleted_image_is_gone_at_once,
];

async fn image_keeps_its_digest_on_the_way_in_and_out(world: World) {
    let client = world.client(&world.admin);
    let repository = format!("{}/single", world.organization().await);
    let layout = client.image_layout(11, 300_000);
    client.push(&layout, &repository, "1.0").await;
    assert_eq!(client.digest(&repository, ":1.0").await, layout.digest);

    let out = format!("oci:{}:latest", client.path("out").display());
    let source = client.docker(&repository, &format!("@{}", layout.digest));
    client
        .skopeo([
            "copy",
            "--preserve-digests",
            "--src-tls-verify=false",
            &source,
            &out,
        ])
        .ok()
        .await;
    let inspected = client.skopeo(["inspect", &out]).ok().await;
    let inspected: Value = serde_json::from_str(&inspected).expect("skopeo prints JSON");
    assert_eq!(inspected["Digest"], layout.digest.as_str());
}

async fn copy_all_takes_every_platform_to_another_repository(world: World) {
    let client = world.client(&world.admin);
    let organization = world.organization().await;
    let (from, to) = (
        format!("{organization}/from"),
        format!("{organization}/deep/er/to"),
    );
    let layout = client.index_layout(21, 200_000);
    client.push(&layout, &from, "v1").await;
    let (source, target) = (client.docker(&from, ":v1"), client.docker(&to, ":v1"));
    client
        .skopeo([
            "copy",
            "--all",
            "--preserve-digests",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
            &source,
            &target,
        ])
        .ok()
        .await;
    assert_eq!(client.digest(&to, ":v1").await, layout.digest);
    let arm = client
        .skopeo([
            "--override-arch=arm64",
            "inspect",
            "--tls-verify=false",
            &target,
        ])
        .ok()
        .await;
    assert!(arm.contains("\"Architecture\": \"arm64\""), "{arm}");
}

async fn docker_schema_2_is_kept_as_it_is(world: World) {
    let client = world.client(&world.admin);
    let repository = format!("{}/v2s2", world.organization().await);
    let layout = client.index_layout(31, 50_000);
    let target = client.docker(&repository, ":1");
    client
        .skopeo([
            "copy",
            "--all",
            "--format=v2s2",
            "--dest-tls-verify=false",
            &layout.reference(),
            &target,
        ])
        .ok()
        .await;
    let raw = client
        .skopeo(["inspect", "--raw", "--tls-verify=false", &target])
        .ok()
        .await;
    let list: Value = serde_json::from_str(&raw).expect("a manifest is JSON");
    assert_eq!(
        list["mediaType"],
        "application/vnd.docker.distribution.manifest.list.v2+json"
    );
    let out = format!("dir:{}", client.path("out").display());
    client
        .skopeo(["copy", "--all", "--src-tls-verify=false", &target, &out])
        .ok()
        .await;
}

async fn sync_brings_every_tag_to_a_folder_and_back(world: World) {
    let client = world.client(&world.admin);
    let organization = world.organization().await;
    let repository = format!("{organization}/synced");
    for (seed, tag) in [(41, "1.0"), (42, "1.1"), (43, "latest")] {
        client
            .push(&client.image_layout(seed, 20_000), &repository, tag)
            .await;
    }
    let folder = client.path("mirror");
    std::fs::create_dir(&folder).expect("the sandbox takes folders");
    let source = client.image(&repository, "");
    client
        .skopeo([
            "sync",
            "--src=docker",
            "--dest=dir",
            "--src-tls-verify=false",
            &source,
            text(&folder),
        ])
        .ok()
        .await;
    let target = client.image(&format!("{organization}/copy"), "");
    client
        .skopeo([
            "sync",
            "--src=dir",
            "--dest=docker",
            "--dest-tls-verify=false",
            text(&folder),
            &target,
        ])
        .ok()
        .await;
    let copied = client.docker(&format!("{organization}/copy/synced"), "");
    let tags = client
        .skopeo(["list-tags", "--tls-verify=false", &copied])
        .ok()
        .await;
    let tags: Value = serde_json::from_str(&tags).expect("skopeo prints JSON");
    assert_eq!(tags["Tags"], serde_json::json!(["1.0", "1.1", "latest"]));
}

async fn deleted_image_is_gone_at_once(world: World) {
    let client = world.client(&world.admin);
    let repository = format!("{}/deleted", world.organization().await);
    client
        .push(&client.image_layout(51, 1_000), &repository, "old")
        .await;
    client
        .push(&client.image_layout(52, 1_000), &repository, "new")
        .await;
    let old = client.docker(&repository, ":old");
    client
        .skopeo(["delete", "--tls-verify=false", &old])
        .ok()
        .await;
    client
        .skopeo(["inspect", "--tls-verify=false", &old])
        .fails()
        .await;
    client
        .skopeo([
            "inspect",
            "--tls-verify=false",
            &client.docker(&repository, ":new"),
        ])
        .ok()
        .await;
}
