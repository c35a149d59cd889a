//! Pulls that the bucket answers itself.

use berth_e2e::client::text;
use berth_e2e::deployment::{Deployment, Shape};
use berth_e2e::harness::Scenario;
use berth_e2e::image::digest;
use berth_e2e::world::World;
use berth_e2e::{random, scenarios};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode};

pub(crate) const SCENARIOS: &[Scenario] =
    scenarios![in &[Shape::Scaled]; pulls_go_to_the_bucket_for_who_may_read];

async fn pulls_go_to_the_bucket_for_who_may_read(world: World) {
    let keys = [("STORAGE_REDIRECT", "true")];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let repository = format!("{}/redirected", world.organization().await);
    let content = random::bytes(201, 100_000);
    let by_hand = world.distribution(&world.admin, &repository).await;
    by_hand
        .push_blob(&world.url(), &digest(&content), &content)
        .await;

    let still = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .build();
    let still = still.expect("a plain client can be built");
    let blob = format!("blobs/{}", digest(&content));
    let request = by_hand.request(Method::GET, &world.url(), &blob);
    let request = request.build().expect("a request");
    let answer = still.execute(request).await.expect("the server answers");
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(header("docker-content-digest"), digest(&content));
    // The address alone is enough, for the whole and for a part.
    let place = header("location");
    let whole = world.http.get(&place).send().await.expect("it answers");
    let whole = whole.bytes().await.expect("the blob arrives whole");
    assert!(whole == content);
    let part = world.http.get(&place).header("Range", "bytes=10-19");
    let part = part.send().await.expect("the bucket answers");
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.bytes().await.expect("ten bytes"), &content[10..20]);
    let head = by_hand.request(Method::HEAD, &world.url(), &blob);
    let head = still
        .execute(head.build().expect("a request"))
        .await
        .expect("the server answers");
    assert_eq!(head.status(), StatusCode::OK);

    let address = format!("{}/v2/{repository}/{blob}", world.url());
    let refused = still.get(address).send().await.expect("the server answers");
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(!refused.headers().contains_key("location"));

    let client = world.client(&world.admin);
    let layout = client.image_layout(211, 300_000);
    let image = client.image(&repository, ":1.0");
    client
        .crane(["push", text(layout.path()), &image])
        .ok()
        .await;
    client.crane(["validate", "--remote", &image]).ok().await;
}
