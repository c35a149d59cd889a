//! One replica against two, each with a core of its own where there are enough of them.

use std::process::Command;

use berth_e2e::deployment::{Deployment, Shape};
use berth_e2e::distribution;
use berth_e2e::world::World;

use super::metric;
use crate::Scale;
use crate::content::{Blob, Image};
use crate::load::for_a_while;
use crate::report::{Aim, Bound, Metric, Table};
use crate::servers::Kind;
use crate::wire::ignore;

const ONE: Metric = metric("one replica, manifests/s", 0);
const TWO: Metric = metric("two replicas, manifests/s", 0);
const RATIO: Metric = metric("two ÷ one", 2);
/// Two replicas, and as much again for the database and the load.
const CORES_NEEDED: usize = 4;
const CLIENTS: usize = 16;

pub(super) fn run(scale: &Scale) -> (Table, Vec<Aim>) {
    let world = scale.runtime.block_on(async {
        let world = World::of_its_own(Shape::Scaled).await;
        let organization = world.organization().await;
        world.repository(&organization, "app", "PRIVATE").await;
        (organization, world)
    });
    let (organization, world) = world;
    let repository = format!("{organization}/app");
    let image = Image::new(11, 1000);
    let headers = scale.runtime.block_on(async {
        let hand = world.distribution(&world.admin, &repository).await;
        for Blob { digest, bytes } in [&image.layer, &image.config] {
            hand.push_blob(&world.url(), digest, bytes).await;
        }
        let url = world.url();
        hand.push_manifest(&url, "latest", berth_e2e::image::MANIFEST, &image.manifest)
            .await;
        let scopes = [format!("repository:{repository}:pull")];
        let token = distribution::token(&world.http, &url, Some(&world.admin), &scopes).await;
        format!("Authorization: Bearer {token}\r\n")
    });
    let has_cores =
        std::thread::available_parallelism().is_ok_and(|cores| cores.get() >= CORES_NEEDED);
    if has_cores {
        pin(world.deployment());
    } else {
        eprintln!(
            "fewer than {CORES_NEEDED} cores: two replicas share them with the database and the load, so there is no aim"
        );
    }
    let addresses: Vec<_> = world
        .deployment()
        .servers
        .iter()
        .map(berth_e2e::server::Server::address)
        .collect();
    let path = format!("/v2/{repository}/manifests/latest");
    let rate = |servers: &[_]| {
        let load = for_a_while(servers, CLIENTS, scale.round, |connection, _, _| {
            let answer = connection.ask("GET", &path, &headers, &mut ignore);
            assert_eq!(answer.status, 200, "the tag is there");
            answer.body_bytes
        });
        load.per_second()
    };
    let mut table = Table::default();
    for _ in 0..scale.rounds {
        let (one, two) = (rate(&addresses[..1]), rate(&addresses));
        table.add(
            Kind::Postgres,
            vec![(ONE, one), (TWO, two), (RATIO, two / one)],
        );
    }
    let aims = if has_cores {
        table.ratios(RATIO.name, RATIO, Some(1.0), Bound::AtLeast(1.8))
    } else {
        Vec::new()
    };
    (table, aims)
}

/// Each replica on a core of its own, all of its threads.
fn pin(deployment: &Deployment) {
    for (core, server) in deployment.servers.iter().enumerate() {
        let pinned = Command::new("taskset")
            .args(["--all-tasks", "--cpu-list", "--pid", &core.to_string()])
            .arg(server.id().to_string())
            .output();
        assert!(
            pinned.is_ok_and(|output| output.status.success()),
            "`taskset` pins a replica to a core"
        );
    }
}
