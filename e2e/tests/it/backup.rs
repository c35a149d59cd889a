//! The commands of `docs/operations.md` make a backup of a running registry, and bring it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use berth_e2e::client::Sandbox;
use berth_e2e::deployment::{Shape, create_database};
use berth_e2e::harness::Scenario;
use berth_e2e::server::Server;
use berth_e2e::world::World;
use berth_e2e::{random, scenarios};

pub(crate) const SCENARIOS: &[Scenario] =
    scenarios![what_was_acknowledged_before_a_backup_pulls_after_its_restore];

const OPERATIONS: &str = include_str!("../../../docs/operations.md");

/// The block of commands that holds a word.
fn commands(word: &str) -> &'static str {
    let blocks = OPERATIONS.split("```sh\n").skip(1);
    let mut blocks = blocks.filter_map(|block| block.split("```").next());
    blocks
        .find(|block| block.contains(word))
        .expect("the block is there")
}

async fn what_was_acknowledged_before_a_backup_pulls_after_its_restore(world: World) {
    let world = World::of_its_own(world.shape()).await;
    let repository = format!("{}/kept", world.organization().await);
    let client = world.client(&world.admin);
    let layout = client.image_layout(401, 3_000_000);
    client.push(&layout, &repository, "1").await;

    // Pushes go on while the backup is made.
    let is_made = Arc::new(AtomicBool::new(false));
    let busy = async {
        let mut seed = 402;
        while !is_made.load(Ordering::Relaxed) {
            let layout = client.image_layout(seed, 300_000);
            client.push(&layout, &repository, "later").await;
            seed += 1;
        }
    };
    let made = async {
        let restored = restored(&world, &client).await;
        is_made.store(true, Ordering::Relaxed);
        restored
    };
    let (restored, ()) = tokio::join!(made, busy);

    let elsewhere = Sandbox::new(&restored.address().to_string());
    elsewhere.write_login(&world.admin);
    let image = elsewhere.image(&repository, ":1");
    elsewhere.crane(["validate", "--remote", &image]).ok().await;
    assert_eq!(elsewhere.digest(&repository, ":1").await, layout.digest);
    // It is a whole registry again.
    elsewhere.push(&layout, &repository, "after").await;
}

/// Makes a backup as the page says, restores it, and serves it beside the registry.
async fn restored(world: &World, client: &Sandbox) -> Server {
    let deployment = world.deployment();
    let folder = client.path("restored");
    let backup = folder.join("data");
    std::fs::create_dir_all(&backup).expect("the sandbox takes folders");
    let script = |block: &str| {
        let block = block.replace("BACKUP", &backup.display().to_string());
        format!("set -e\n{block}")
    };
    match deployment.shape() {
        Shape::Embedded => {
            let data = deployment.folder().join("data");
            let block = script(commands("sqlite3")).replace("DIR", &data.display().to_string());
            client.run("sh").args(["-c", &block]).ok().await;
            deployment.server_beside(folder, &[]).await
        }
        Shape::Scaled => {
            let url = deployment.key("DB_URI").expect("a database");
            let name = random::name("berth_restored_");
            let server = std::env::var("BERTH_TEST_POSTGRES_URL").expect("the test server");
            create_database(&server, &name).await;
            let old = url.rsplit('/').find_map(|part| {
                let part = part.split('?').next()?;
                part.starts_with("berth_e2e_").then_some(part)
            });
            let restored = url.replace(old.expect("a database"), &name);
            for (block, url) in [
                (commands("pg_dump"), url),
                (commands("pg_restore"), &restored),
            ] {
                let run = client.run("sh").env("DB_URI", url);
                run.args(["-c", &script(block)]).ok().await;
            }
            deployment
                .server_beside(folder, &[("DB_URI", &restored)])
                .await
        }
    }
}
