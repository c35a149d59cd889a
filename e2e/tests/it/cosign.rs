//! cosign: signatures with a local key (C4).

use berth_e2e::harness::Scenario;
use berth_e2e::scenarios;
use berth_e2e::world::World;

pub(crate) const SCENARIOS: &[Scenario] = scenarios![signature_is_stored_and_verified];

async fn signature_is_stored_and_verified(world: World) {
    let client = world.client(&world.admin);
    let repository = format!("{}/signed", world.organization().await);
    let layout = client.image_layout(91, 5_000);
    client.push(&layout, &repository, "1.0").await;
    client.cosign(["generate-key-pair"]).ok().await;
    let image = client.image(&repository, &format!("@{}", layout.digest));
    let verify = || {
        client.cosign([
            "verify",
            "--key",
            "cosign.pub",
            "--allow-insecure-registry",
            "--allow-http-registry",
            "--insecure-ignore-tlog=true",
            &image,
        ])
    };
    verify().fails().await;
    client
        .cosign([
            "sign",
            "--yes",
            "--key",
            "cosign.key",
            "--allow-insecure-registry",
            "--allow-http-registry",
            "--tlog-upload=false",
            "--use-signing-config=false",
            &image,
        ])
        .ok()
        .await;
    let verified = verify().ok().await;
    assert!(verified.contains(&layout.digest), "{verified}");
}
