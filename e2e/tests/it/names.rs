//! No repository name is reserved, whatever the routes are called (R5).

use berth_e2e::harness::Scenario;
use berth_e2e::scenarios;
use berth_e2e::world::World;
use reqwest::{Method, StatusCode};

pub(crate) const SCENARIOS: &[Scenario] =
    scenarios![words_of_the_protocol_are_names_like_any_other];

const NAMES: [&str; 9] = [
    "build",
    "trigger",
    "tag",
    "tags",
    "blobs",
    "manifests/tags",
    "blobs/uploads",
    "referrers",
    "a/b/c/d/e.f_g-h",
];

async fn words_of_the_protocol_are_names_like_any_other(world: World) {
    let client = world.client(&world.admin);
    let organization = world.organization().await;
    let layout = client.image_layout(101, 1_000);
    for name in NAMES {
        let repository = format!("{organization}/{name}");
        for tag in ["latest", "list"] {
            client.push(&layout, &repository, tag).await;
            assert_eq!(
                client.digest(&repository, &format!(":{tag}")).await,
                layout.digest,
                "{name}"
            );
        }
        let tags = client
            .skopeo([
                "list-tags",
                "--tls-verify=false",
                &client.docker(&repository, ""),
            ])
            .ok()
            .await;
        assert!(
            tags.contains("latest") && tags.contains("list"),
            "{name}: {tags}"
        );

        let by_hand = world.distribution(&world.admin, &repository).await;
        for reference in ["latest", "list"] {
            let deleted = by_hand
                .request(
                    Method::DELETE,
                    &world.url(),
                    &format!("manifests/{reference}"),
                )
                .send()
                .await;
            assert_eq!(
                deleted.expect("the server answers").status(),
                StatusCode::ACCEPTED,
                "{name}:{reference}"
            );
            assert_eq!(
                by_hand.manifest_status(&world.url(), reference).await,
                StatusCode::NOT_FOUND,
                "{name}:{reference}"
            );
        }
    }
}
