//! Disks that are full or fail, services that are away or slow: a clear answer meanwhile, recovery by itself.

use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use berth_e2e::deployment::{Deployment, Shape};
use berth_e2e::distribution::Distribution;
use berth_e2e::gate::Gate;
use berth_e2e::harness::Scenario;
use berth_e2e::image::{self, Image};
use berth_e2e::scenarios;
use berth_e2e::server::Disk;
use berth_e2e::world::World;
use futures::future::join_all;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![in &[Shape::Embedded];
    full_disk_refuses_pushes_and_serves_pulls_until_there_is_room,
    full_disk_refuses_pulls_that_have_to_be_logged,
    disk_that_became_read_only_refuses_pushes_and_serves_pulls,
];

/// With services that can go away.
pub(crate) const SCALED: &[Scenario] = scenarios![in &[Shape::Scaled];
    database_may_be_away_for_a_minute,
    database_may_fall_silent,
    bucket_may_be_away_for_a_minute,
    slow_bucket_slows_blobs_alone,
];

/// More than what a disk counts as full below.
const DISK: Disk = Disk { mebibytes: 96 };
/// Pulls need not be logged, so that they need no room.
const LAX: &[(&str, &str)] = &[("ALLOW_PULLS_WITHOUT_STRICT_LOGGING", "true")];
/// How long a service is away.
const AWAY: Duration = Duration::from_mins(1);
/// The longest that a client is left without an answer: a connection is waited for, and some work is tried again.
const ANSWER_MAX: Duration = Duration::from_secs(25);
/// The same where the database takes a question and says nothing.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Requests at once that meet a silent database: more than it has connections to a replica.
const CROWD: usize = 24;
/// Within this time of a service's return everything works.
const RECOVERY_MAX: Duration = Duration::from_secs(10);

/// What a request came to, where it was not what a client asks for.
#[derive(Debug)]
struct Refused {
    status: StatusCode,
    retry_after: bool,
    body: String,
}

impl Refused {
    /// Said in the protocol's way, with the reason; 503 with the advice to come back.
    fn is_clear(&self, status: StatusCode) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(
            self.retry_after,
            status == StatusCode::SERVICE_UNAVAILABLE,
            "{self:?}"
        );
        let said: Value = serde_json::from_str(&self.body).expect("errors are JSON");
        let message = said["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.len() > 10, "{self:?}");
    }
}

/// Sends a request, which is answered in time whatever happens.
async fn send(request: RequestBuilder) -> Result<Response, Refused> {
    send_within(ANSWER_MAX, request).await
}

async fn send_within(limit: Duration, request: RequestBuilder) -> Result<Response, Refused> {
    let begun = Instant::now();
    let answer = tokio::time::timeout(limit, request.send()).await;
    let answer = answer.expect("an answer in time").expect("an answer");
    if answer.status().is_success() {
        return Ok(answer);
    }
    let refused = Refused {
        status: answer.status(),
        retry_after: answer.headers().contains_key("retry-after"),
        body: answer.text().await.unwrap_or_default(),
    };
    eprintln!("refused after {:.1?}: {refused:?}", begun.elapsed());
    Err(refused)
}

async fn push(client: &Distribution, url: &str, tag: &str, image: &Image) -> Result<(), Refused> {
    for blob in [&image.layer, &image.config] {
        let path = format!("blobs/uploads/?digest={}", blob.digest);
        let request = client.request(Method::POST, url, &path);
        send(request.body(blob.bytes.clone())).await?;
    }
    let request = client.request(Method::PUT, url, &format!("manifests/{tag}"));
    let request = request.header("Content-Type", "application/vnd.oci.image.manifest.v1+json");
    send(request.body(image.manifest.bytes.clone())).await?;
    Ok(())
}

/// Pulls a manifest and its blobs, which are what was pushed.
async fn pull(client: &Distribution, url: &str, tag: &str, image: &Image) -> Result<(), Refused> {
    let path = format!("manifests/{tag}");
    let answer = send(client.request(Method::GET, url, &path)).await?;
    let bytes = answer.bytes().await.expect("the manifest arrives whole");
    assert!(bytes == image.manifest.bytes, "the manifest of `{tag}`");
    for blob in [&image.config, &image.layer] {
        let path = format!("blobs/{}", blob.digest);
        let answer = send(client.request(Method::GET, url, &path)).await?;
        let bytes = answer.bytes().await.expect("the blob arrives whole");
        assert!(bytes == blob.bytes, "a blob of `{tag}`");
    }
    Ok(())
}

/// Works again soon, for pushes and pulls and the management interface, at every replica.
async fn recovers(world: &World, client: &Distribution, kept: &Image, tag: &str) {
    let begun = Instant::now();
    let image = Image::new(begun.elapsed().subsec_nanos().into(), 50_000, "amd64");
    for url in world.replicas() {
        loop {
            let whole = async {
                push(client, &url, tag, &image).await?;
                pull(client, &url, tag, &image).await?;
                pull(client, &url, "kept", kept).await
            };
            match whole.await {
                Ok(()) => break,
                Err(refused) => assert!(begun.elapsed() < RECOVERY_MAX, "{refused:?}"),
            }
            // Nothing tells a client that a service is back; it asks again, as clients do.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        // The probe may have asked before the service was back.
        loop {
            let ready = world.http.get(format!("{url}/health/ready")).send().await;
            if ready.expect("the server answers").status() == StatusCode::OK {
                break;
            }
            let waited = begun.elapsed();
            assert!(waited < RECOVERY_MAX, "ready without a restart");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    world.organization().await;
    let errors = world.deployment().errors_logged();
    assert!(!errors.contains("panicked"), "{errors}");
}

/// A registry with an image under the tag `kept`.
async fn filled(deployment: Deployment) -> (World, Distribution, Image) {
    let world = World::set_up(deployment).await;
    let repository = format!("{}/outage", world.organization().await);
    let client = world.distribution(&world.admin, &repository).await;
    let image = Image::new(401, 300_000, "amd64");
    let pushed = push(&client, &world.url(), "kept", &image).await;
    pushed.expect("nothing is wrong yet");
    (world, client, image)
}

/// Takes all the room that a disk has.
fn fill(path: &Path) {
    let mut file = std::fs::File::create(path).expect("the disk has room yet");
    for size in [1 << 20, 4096, 1] {
        let piece = vec![1; size];
        loop {
            match file.write_all(&piece) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("cannot fill the disk: {error}"),
            }
        }
    }
}

async fn full_disk_refuses_pushes_and_serves_pulls_until_there_is_room(world: World) {
    drop(world);
    let (world, client, kept) = filled(Deployment::start_on(DISK, LAX).await).await;
    let url = world.url();
    let big = Image::new(402, 3_000_000, "amd64");
    let small = Image::new(403, 10, "amd64");
    let torn = client.begin(&url).await;
    let torn = client
        .append(&url, &torn, &big.layer.bytes[..100_000])
        .await;

    let filler = world.deployment().servers[0].data_within().join("filler");
    fill(&filler);
    let refused = push(&client, &url, "big", &big).await;
    refused
        .expect_err("there is no room")
        .is_clear(StatusCode::INSUFFICIENT_STORAGE);
    let rest = client.append_request(&url, &torn);
    let refused = send(rest.body(big.layer.bytes[100_000..].to_vec())).await;
    refused
        .expect_err("there is no room")
        .is_clear(StatusCode::INSUFFICIENT_STORAGE);
    // Something small may find room in a page that is there already; then it is kept.
    let mut stored = Vec::new();
    for turn in 0..20 {
        let tag = format!("small{turn}");
        match push(&client, &url, &tag, &small).await {
            Ok(()) => stored.push(tag),
            Err(refused) => refused.is_clear(StatusCode::INSUFFICIENT_STORAGE),
        }
    }
    let asked = json!({"namespace": world.admin.name, "name": "full", "visibility": "PRIVATE"});
    let query = "mutation($input: CreateRepositoryInput!) { createRepository(input: $input) { repository { id } } }";
    let answer = world.graphql.send(query, json!({"input": asked})).await;
    let is_made = answer["data"]["createRepository"]["repository"]["id"].is_string();
    let code = &answer["errors"][0]["extensions"]["reason"];
    assert!(is_made || code == "STORAGE_FULL", "{answer}");

    // Who only pulls notices nothing, not even who signs in.
    let other = world.distribution(&world.admin, client.repository()).await;
    for client in [&client, &other] {
        let pulled = pull(client, &url, "kept", &kept).await;
        pulled.expect("pulls need no room");
    }
    for tag in &stored {
        let pulled = pull(&client, &url, tag, &small).await;
        pulled.expect("what was acknowledged is there");
    }

    std::fs::remove_file(&filler).expect("it was made");
    recovers(&world, &client, &kept, "after").await;
    for tag in &stored {
        let pulled = pull(&client, &url, tag, &small).await;
        pulled.expect("what was acknowledged stays");
    }
    // The upload goes on from where it says it stands.
    let torn = client.status(&url, &torn).await;
    let at = usize::try_from(torn.offset).expect("a small upload");
    let rest = &big.layer.bytes[at..];
    let ended = client.commit(&url, &torn, rest, &big.layer.digest).await;
    assert_eq!(ended.status(), StatusCode::CREATED);
    let whole = client.pull_blob(&url, &big.layer.digest).await;
    assert!(whole == big.layer.bytes, "the upload is whole");
}

async fn full_disk_refuses_pulls_that_have_to_be_logged(world: World) {
    drop(world);
    let (world, client, kept) = filled(Deployment::start_on(DISK, &[]).await).await;
    let filler = world.deployment().servers[0].data_within().join("filler");
    fill(&filler);
    let mut refusals = 0;
    while refusals < 3 {
        // The database's own file has some room yet.
        if let Err(refused) = pull(&client, &world.url(), "kept", &kept).await {
            refused.is_clear(StatusCode::SERVICE_UNAVAILABLE);
            refusals += 1;
        }
    }
    std::fs::remove_file(&filler).expect("it was made");
    recovers(&world, &client, &kept, "after").await;
}

async fn disk_that_became_read_only_refuses_pushes_and_serves_pulls(world: World) {
    drop(world);
    let (world, client, kept) = filled(Deployment::start_on(DISK, &[]).await).await;
    let server = &world.deployment().servers[0];
    // The database's files are open for writing, so the system lets only the blobs' folder change.
    server
        .within("mount --bind storage storage && mount -o remount,bind,ro storage")
        .await;
    let url = world.url();
    let refused = push(&client, &url, "new", &Image::new(411, 100_000, "amd64")).await;
    refused
        .expect_err("nothing can be written")
        .is_clear(StatusCode::SERVICE_UNAVAILABLE);
    let pulled = pull(&client, &url, "kept", &kept).await;
    pulled.expect("pulls write nothing");
    server.within("umount storage").await;
    recovers(&world, &client, &kept, "after").await;
}

fn port_in(variable: &str) -> u16 {
    let url = std::env::var(variable).unwrap_or_else(|_| panic!("`{variable}` is not set"));
    let url: reqwest::Url = url.parse().expect("a URL");
    url.port().expect("test services have ports of their own")
}

/// A registry that reaches one of its services through a gate.
async fn behind(variable: &str) -> (Gate, (World, Distribution, Image)) {
    let port = port_in(variable);
    let gate = Gate::to(port).await;
    let detours = [(port, gate.port())];
    let deployment = Deployment::start_behind(Shape::Scaled, &[], &detours).await;
    (gate, filled(deployment).await)
}

async fn database_may_be_away_for_a_minute(world: World) {
    drop(world);
    let (gate, (world, client, kept)) = behind("BERTH_TEST_POSTGRES_URL").await;
    gate.shut();
    let since = Instant::now();
    let replicas = world.replicas();
    while since.elapsed() < AWAY {
        for url in &replicas {
            for outcome in [
                pull(&client, url, "kept", &kept).await,
                push(&client, url, "away", &kept).await,
            ] {
                outcome
                    .expect_err("rights are in the database")
                    .is_clear(StatusCode::SERVICE_UNAVAILABLE);
            }
            // What was seen of its parts counts for some seconds.
            let ready = send(world.http.get(format!("{url}/health/ready"))).await;
            assert!(
                ready.is_err() || since.elapsed() < AWAY / 2,
                "it cannot serve"
            );
            let user = world.http.post(format!("{url}/api/v1/user/initialize"));
            let account =
                json!({"username": "late", "password": "late-comer", "email": "late@example.com"});
            let refused = send(user.json(&account)).await;
            let refused = refused.expect_err("accounts are in the database");
            assert_eq!(
                refused.status,
                StatusCode::SERVICE_UNAVAILABLE,
                "{refused:?}"
            );
            assert!(refused.retry_after, "{refused:?}");
        }
    }
    gate.open();
    recovers(&world, &client, &kept, "after").await;
}

/// The server keeps its connections, takes new ones, and answers nothing: what the network does not tell.
async fn database_may_fall_silent(world: World) {
    drop(world);
    let (gate, (world, client, kept)) = behind("BERTH_TEST_POSTGRES_URL").await;
    let replicas = world.replicas();
    let image = Image::new(441, 100_000, "amd64");
    gate.freeze();
    let since = Instant::now();
    while since.elapsed() < AWAY {
        let asked = (0..CROWD).map(|number| {
            let url = &replicas[number % replicas.len()];
            let manifest = client.request(Method::GET, url, "manifests/kept");
            let blob = format!("blobs/{}", kept.layer.digest);
            let path = format!("blobs/uploads/?digest={}", image.layer.digest);
            match number % 4 {
                0 => manifest,
                1 => client.request(Method::HEAD, url, &blob),
                2 => client
                    .request(Method::POST, url, &path)
                    .body(image.layer.bytes.clone()),
                _ => client
                    .request(Method::PUT, url, "manifests/silent")
                    .header("Content-Type", image::MANIFEST)
                    .body(kept.manifest.bytes.clone()),
            }
        });
        let answers = join_all(asked.map(|request| send_within(SILENCE_MAX, request))).await;
        for (number, outcome) in answers.into_iter().enumerate() {
            let refused = outcome.expect_err("rights are in the database");
            if number % 4 == 1 {
                // An answer to `HEAD` has no body.
                assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
                assert!(refused.retry_after, "{refused:?}");
            } else {
                refused.is_clear(StatusCode::SERVICE_UNAVAILABLE);
            }
        }
        for url in &replicas {
            let live = send(world.http.get(format!("{url}/health/live"))).await;
            live.expect("a restart would not help");
        }
    }
    for url in &replicas {
        let ready = send(world.http.get(format!("{url}/health/ready"))).await;
        ready.expect_err("it cannot serve");
    }
    gate.open();
    recovers(&world, &client, &kept, "after").await;
}

async fn bucket_may_be_away_for_a_minute(world: World) {
    drop(world);
    let (gate, (world, client, kept)) = behind("BERTH_TEST_S3_ENDPOINT").await;
    let urls = world.replicas();
    let torn = client.begin(&urls[0]).await;
    let big = Image::new(421, 3_000_000, "amd64");
    let torn = client
        .append(&urls[0], &torn, &big.layer.bytes[..1_000_000])
        .await;
    gate.shut();
    let since = Instant::now();
    while since.elapsed() < AWAY {
        for url in &urls {
            for outcome in [
                pull(&client, url, "kept", &kept).await,
                push(&client, url, "away", &big).await,
            ] {
                outcome
                    .expect_err("blobs are in the bucket")
                    .is_clear(StatusCode::SERVICE_UNAVAILABLE);
            }
            // What needs no blob goes on.
            assert_eq!(client.manifest_status(url, "kept").await, StatusCode::OK);
        }
        world.organization().await;
    }
    gate.open();
    recovers(&world, &client, &kept, "after").await;
    let torn = client.status(&urls[1], &torn).await;
    let at = usize::try_from(torn.offset).expect("a small upload");
    let rest = &big.layer.bytes[at..];
    let ended = client
        .commit(&urls[1], &torn, rest, &big.layer.digest)
        .await;
    assert_eq!(ended.status(), StatusCode::CREATED);
    let whole = client.pull_blob(&urls[0], &big.layer.digest).await;
    assert!(whole == big.layer.bytes, "the upload is whole");
}

async fn slow_bucket_slows_blobs_alone(world: World) {
    drop(world);
    let (gate, (world, client, kept)) = behind("BERTH_TEST_S3_ENDPOINT").await;
    let [one, two] = [0, 1].map(|replica| world.replicas().swap_remove(replica));
    gate.slow(Duration::from_millis(500));
    let slow = Image::new(431, 2_000_000, "amd64");
    let begun = Instant::now();
    let mut blobs = std::pin::pin!(async {
        push(&client, &one, "slow", &slow).await?;
        pull(&client, &two, "slow", &slow).await
    });
    let mut answered = 0;
    let outcome = loop {
        tokio::select! {
            outcome = &mut blobs => break outcome,
            status = client.manifest_status(&one, "kept") => {
                assert_eq!(status, StatusCode::OK);
                answered += 1;
            }
        }
    };
    outcome.expect("slow is not wrong");
    assert!(
        begun.elapsed() > Duration::from_secs(4),
        "the bucket was slow"
    );
    assert!(answered > 100, "{answered} answers that need no blob");
    gate.open();
    recovers(&world, &client, &kept, "after").await;
}
