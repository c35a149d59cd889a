//! Servers that are killed at random moments under pushes, mounts, retags, deletions and collection.
//! What was acknowledged is there afterwards, whole; what was not is there whole or not at all.
//!
//! `BERTH_TORTURE_KILLS` says how often (25 in each shape), `BERTH_TORTURE_SEED` repeats a run's choices.

mod half_made;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use berth_e2e::deployment::Deployment;
use berth_e2e::hand::{Dice, Hand, IMAGES};
use berth_e2e::harness::Scenario;
use berth_e2e::image::Image;
use berth_e2e::objects::Objects;
use berth_e2e::rows::Rows;
use berth_e2e::world::World;
use berth_e2e::{random, scenarios};
use reqwest::{Method, StatusCode};
use serde_json::Value;

pub(crate) const SCENARIOS: &[Scenario] =
    scenarios![acknowledged_pushes_survive_kills_and_nothing_half_made_shows];

/// Kills of a run where the environment names no number.
const KILLS: u64 = 25;
/// Pushers that work at the same time.
const HANDS: u64 = 4;

/// A collector that is always close behind.
const KEYS: &[(&str, &str)] = &[
    ("PUSH_TEMP_TAG_EXPIRATION_SEC", "3"),
    ("DEFAULT_TAG_EXPIRATION", "0s"),
    ("GARBAGE_COLLECTION_FREQUENCY", "1"),
    ("GARBAGE_COLLECTION_GRACE", "1s"),
];

async fn acknowledged_pushes_survive_kills_and_nothing_half_made_shows(world: World) {
    let shape = world.shape();
    let mut world = World::set_up(Deployment::start_with(shape, KEYS).await).await;
    let kills = number("BERTH_TORTURE_KILLS").unwrap_or(KILLS);
    let seed = number("BERTH_TORTURE_SEED").unwrap_or_else(|| {
        u64::from_str_radix(&random::secret()[..12], 16).expect("it is hexadecimal")
    });
    eprintln!("{shape}: {kills} kills with BERTH_TORTURE_SEED={seed}");
    let (mut hands, repositories) = Hand::several(&world, HANDS, seed).await;
    let rows = Rows::of(world.deployment());
    let objects = Objects::of(world.deployment());
    let mut dice = Dice(seed);
    for _ in 0..kills {
        let stop = Arc::new(AtomicBool::new(false));
        let running: Vec<_> = hands
            .into_iter()
            .map(|hand| tokio::spawn(hand.work(Arc::clone(&stop))))
            .collect();
        let moment = Duration::from_millis(20 + dice.below(400));
        tokio::time::sleep(moment).await;
        let victim = usize::try_from(dice.below(world.replicas().len() as u64)).expect("a few");
        world.deployment_mut().servers[victim].kill().await;
        stop.store(true, Ordering::SeqCst);
        hands = Vec::new();
        for hand in running {
            hands.push(hand.await.expect("a pusher saw only what may happen"));
        }
        let over_ms = rows.now_ms().await;
        world.deployment_mut().servers[victim].start_again().await;
        half_made::no_lease_outlives_its_owner(&rows, shape, over_ms).await;
        half_made::nothing_shows(&rows, &objects).await;
        for hand in &mut hands {
            hand.check().await;
        }
        nobody_else_left_a_tag(&hands, &world, &repositories).await;
        half_made::nothing_shows(&rows, &objects).await;
        half_made::no_lease_outlives_its_owner(&rows, shape, over_ms).await;
    }
    let acknowledged: u64 = hands.iter().map(|hand| hand.acknowledged).sum();
    eprintln!("{shape}: {acknowledged} acknowledged changes");
    assert!(acknowledged > kills, "there was load");
    garbage_goes(&objects, &mut hands[0]).await;
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| {
        text.parse()
            .unwrap_or_else(|_| panic!("`{variable}` is a number"))
    })
}

async fn nobody_else_left_a_tag(hands: &[Hand], world: &World, repositories: &[String; 2]) {
    for repository in repositories {
        let by_hand = world.distribution(&world.admin, repository).await;
        let list = by_hand.request(Method::GET, &world.url(), "tags/list?n=100");
        let answer = list.send().await.expect("the server is up");
        if answer.status() == StatusCode::NOT_FOUND {
            continue;
        }
        let list: Value = answer.json().await.expect("a list");
        for tag in list["tags"].as_array().expect("a list of tags") {
            let tag = tag.as_str().expect("a name");
            let known = hands.iter().any(|hand| hand.knows(tag));
            assert!(known, "tag `{tag}` belongs to nobody");
        }
    }
}

/// After all the kills the collector still does its work: bytes that only a deleted tag needed go
/// within lease, grace and a few of its turns.
async fn garbage_goes(objects: &Objects, hand: &mut Hand) {
    let before = objects.keys().await;
    let image = Image::new(IMAGES + 1, 1000, "amd64");
    let url = hand.url();
    for blob in [&image.layer, &image.config] {
        hand.here.push_blob(&url, &blob.digest, &blob.bytes).await;
    }
    hand.put_manifest(true, &url, "witness", &image).await;
    let now = objects.keys().await;
    let witness: BTreeSet<String> = now.difference(&before).cloned().collect();
    assert!(witness.len() >= 2, "the image has bytes: {witness:?}");
    hand.delete_tag((true, "witness".to_owned()), &url).await;
    let begun = Instant::now();
    loop {
        let left: Vec<String> = objects
            .keys()
            .await
            .intersection(&witness)
            .cloned()
            .collect();
        if left.is_empty() {
            return;
        }
        let waited = begun.elapsed();
        assert!(
            waited < Duration::from_mins(2),
            "{left:?} is there after {waited:?}"
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
