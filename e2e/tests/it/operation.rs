//! What operators see: measurements, health, redirects to the bucket.

use std::time::{Duration, Instant};

use berth_e2e::deployment::{Deployment, Shape};
use berth_e2e::harness::Scenario;
use berth_e2e::image::{self, Image, digest};
use berth_e2e::rows::Rows;
use berth_e2e::scenarios;
use berth_e2e::world::World;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    every_documented_measurement_is_there_after_a_push_and_a_pull,
    what_is_collected_and_what_is_scrubbed_is_counted,
    reasons_of_health_are_for_superusers,
    the_first_push_of_the_readme_works_as_it_is_written,
    clients_that_know_the_certificate_use_the_registry_by_tls,
];

/// With a bucket alone.
pub(crate) const SCALED: &[Scenario] = scenarios![in &[Shape::Scaled];
    pulls_are_redirected_to_presigned_urls_of_the_bucket,
];

const OPERATIONS: &str = include_str!("../../../docs/operations.md");

/// The names in the first column of the table below a heading.
fn names_below(heading: &str) -> Vec<&'static str> {
    let (_, section) = OPERATIONS
        .split_once(heading)
        .expect("the heading is there");
    let section = section.split("\n## ").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect()
}

async fn every_documented_measurement_is_there_after_a_push_and_a_pull(world: World) {
    let client = world.client(&world.admin);
    let repository = format!("{}/measured", world.organization().await);
    let layout = client.image_layout(311, 20_000);
    client.push(&layout, &repository, "1").await;
    let source = client.docker(&repository, ":1");
    let target = format!("dir:{}", client.path("out").display());
    client
        .skopeo(["copy", "--src-tls-verify=false", &source, &target])
        .ok()
        .await;

    let mut measured = String::new();
    for replica in world.replicas() {
        let answer = world.http.get(format!("{replica}/metrics")).send().await;
        let answer = answer.expect("the server answers");
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(
            answer.headers()["content-type"],
            "text/plain; version=0.0.4"
        );
        measured.push_str(&answer.text().await.expect("the answer is text"));
    }
    for line in measured
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (_, value) = line.rsplit_once(' ').expect("a name and a value");
        value
            .parse::<f64>()
            .unwrap_or_else(|_| panic!("no number: {line}"));
    }
    let names = names_below("\n## Metrics");
    assert!(names.len() > 5, "{names:?}");
    for name in names {
        let is_there = measured.lines().any(|line| line.starts_with(name));
        assert!(
            is_there,
            "`{name}` is documented and not measured:\n{measured}"
        );
    }
    assert!(!measured.contains(&repository), "no repository is named");
}

/// A collector that is close behind, and a scrub that looks at everything whenever it runs.
const BUSY: &[(&str, &str)] = &[
    ("PUSH_TEMP_TAG_EXPIRATION_SEC", "3"),
    ("DEFAULT_TAG_EXPIRATION", "0s"),
    ("GARBAGE_COLLECTION_FREQUENCY", "1"),
    ("GARBAGE_COLLECTION_GRACE", "1s"),
    ("STORAGE_SCRUB_INTERVAL", "1s"),
];
/// Turns of periodic work are seconds apart, and each kind waits for what the one before makes.
const COUNTED_MAX: Duration = Duration::from_mins(2);

/// The value of a measurement with one label, of all replicas together.
async fn measured(world: &World, name: &str, label: &str, value: &str) -> f64 {
    let start = format!("{name}{{{label}=\"{value}\"}} ");
    let mut sum = 0.0;
    for replica in world.replicas() {
        let answer = world.http.get(format!("{replica}/metrics")).send().await;
        let text = answer.expect("the server answers").text().await;
        let text = text.expect("the answer is text");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        sum += line.map_or(0.0, |number| number.parse().expect("a number"));
    }
    sum
}

/// Waits until a measurement has grown by so much.
async fn grows(world: &World, [name, label, value]: [&str; 3], before: f64, by: f64) {
    let begun = Instant::now();
    loop {
        let now = measured(world, name, label, value).await;
        if now >= before + by {
            return;
        }
        assert!(
            begun.elapsed() < COUNTED_MAX,
            "`{name}` of {value} went from {before} to {now}, not up by {by}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn what_is_collected_and_what_is_scrubbed_is_counted(world: World) {
    let deployment = Deployment::start_with(world.shape(), BUSY).await;
    let world = World::set_up(deployment).await;
    let repository = format!("{}/counted", world.organization().await);
    let (client, url) = (
        world.distribution(&world.admin, &repository).await,
        world.url(),
    );
    let kinds = [
        ("tags", 1.0),
        ("manifests", 1.0),
        ("links", 2.0),
        ("objects", 2.0),
    ];
    let mut before = Vec::new();
    for (kind, _) in kinds {
        before.push(measured(&world, "collected_total", "kind", kind).await);
    }
    for (tag, seed) in [("kept", 341), ("gone", 342)] {
        let image = Image::new(seed, 20_000, "amd64");
        for blob in [&image.layer, &image.config] {
            client.push_blob(&url, &blob.digest, &blob.bytes).await;
        }
        let manifest = &image.manifest.bytes;
        let pushed = client.push_manifest(&url, tag, image::MANIFEST, manifest);
        assert_eq!(pushed.await.status(), StatusCode::CREATED);
    }
    let delete = client.request(Method::DELETE, &url, "manifests/gone");
    let deleted = delete.send().await.expect("the server answers");
    assert_eq!(deleted.status(), StatusCode::ACCEPTED);
    for ((kind, count), before) in kinds.into_iter().zip(before) {
        grows(&world, ["collected_total", "kind", kind], before, count).await;
    }
    assert_eq!(
        client.manifest_status(&url, "kept").await,
        StatusCode::OK,
        "what is needed was not counted as collected"
    );

    // Both blobs that are left, and nothing of what went.
    let right = ["storage_scrubbed_total", "result", "right"];
    let before = measured(&world, right[0], right[1], right[2]).await;
    // Its next turn would be ten minutes after the one at the start.
    Rows::of(world.deployment())
        .ask("update job_schedules set next_run_at = 0 where kind = 'scrub'")
        .await;
    grows(&world, right, before, 2.0).await;
    for result in ["missing", "wrong"] {
        let bad = measured(&world, "storage_scrubbed_total", "result", result).await;
        assert!(bad.abs() < f64::EPSILON, "{bad} objects are {result}");
    }
}

async fn reasons_of_health_are_for_superusers(world: World) {
    let ask = async |path: &str, account: Option<&berth_e2e::world::Account>| -> Value {
        let mut request = world.http.get(format!("{}{path}", world.url()));
        if let Some(account) = account {
            request = request.basic_auth(&account.name, Some(&account.password));
        }
        let answer = request.send().await.expect("the server answers");
        // The disk of the machine that runs the tests may be nearly full.
        let is_well = answer.status() == StatusCode::OK;
        assert!(is_well || path == "/health/warning", "{path}");
        answer.json().await.expect("the answer is JSON")
    };
    let user = world.user().await;
    for path in [
        "/health/instance",
        "/health/endtoend",
        "/health/warning",
        "/health",
        "/status",
    ] {
        for account in [None, Some(&user)] {
            let said = ask(path, account).await;
            let data = said["data"].as_object().expect("data");
            assert_eq!(data.keys().collect::<Vec<_>>(), ["services"], "{path}");
        }
        let said = ask(path, Some(&world.admin)).await;
        let services = said["data"]["services"].as_object().expect("services");
        let expanded = said["data"]["services_expanded"]
            .as_object()
            .expect("reasons");
        assert_eq!(
            services.keys().collect::<Vec<_>>(),
            expanded.keys().collect::<Vec<_>>(),
        );
        for (name, part) in expanded {
            assert_eq!(part["status"], services[name], "{said}");
            assert!(
                part["status"] == true || part["failure"].is_string(),
                "{said}"
            );
        }
    }
}

async fn the_first_push_of_the_readme_works_as_it_is_written(world: World) {
    let readme = include_str!("../../../README.md");
    let (_, section) = readme.split_once("\n## A first push").expect("the section");
    let block = section
        .split("```sh\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let block = block
        .expect("three lines")
        .replace("127.0.0.1:8080", &world.host());
    assert_eq!(world.admin.name, "admin", "as in the README");
    let client = world.anonymous();
    // podman asks for the password at a terminal; here it comes from standard input.
    let block = block.replacen("podman login", "podman login --password-stdin", 1);
    client.write("password", &world.admin.password);
    let script = format!(
        "set -e\npodman() {{ command podman $STORE \"$@\"; }}\n{}",
        block.replacen('\n', " < password\n", 1)
    );
    let store = format!(
        "--root {} --runroot {} --storage-driver=vfs --events-backend=none --cgroup-manager=cgroupfs",
        client.path("storage").display(),
        client.path("run").display()
    );
    client
        .run("sh")
        .env("STORE", store)
        .args(["-c", &script])
        .ok()
        .await;
    let pushed = client.image("admin/hello", ":latest");
    client.crane(["validate", "--remote", &pushed]).ok().await;
    let private = format!("{}/v2/admin/hello/manifests/latest", world.url());
    let nobody = world
        .http
        .get(private)
        .send()
        .await
        .expect("the server answers");
    assert_eq!(
        nobody.status(),
        StatusCode::UNAUTHORIZED,
        "a push makes it private"
    );
}

async fn clients_that_know_the_certificate_use_the_registry_by_tls(world: World) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]);
    let certificate = certificate
        .expect("a name")
        .self_signed(&key)
        .expect("a certificate");
    // podman looks for `ca.crt` in its folder.
    let files = [
        ("ca.crt", certificate.pem()),
        ("key.pem", key.serialize_pem()),
    ];
    let [chain, key] = files.map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("the folder takes files");
        path.display().to_string()
    });
    let keys = [
        ("PREFERRED_URL_SCHEME", "https"),
        ("TLS_CERTIFICATE", chain.as_str()),
        ("TLS_KEY", key.as_str()),
    ];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let repository = format!("{}/sealed", world.organization().await);
    let client = world.client(&world.admin);
    client.write("context/Containerfile", "FROM scratch\nLABEL e2e=tls\n");
    let context = client.path("context").display().to_string();
    let image = client.image(&repository, ":1");
    client.podman(["build", "-t", &image, &context]).ok().await;
    let said = client.podman(["push", &image]).fails().await;
    assert!(said.contains("certificate"), "{said}");
    let trusting = format!("--cert-dir={}", folder.path().display());
    client.podman(["push", &trusting, &image]).ok().await;
    client.podman(["rmi", "--force", &image]).ok().await;
    client.podman(["pull", &trusting, &image]).ok().await;
    client
        .crane(["validate", "--remote", &image])
        .env("SSL_CERT_FILE", &chain)
        .ok()
        .await;
    let answer = world.http.get(format!("{}/v2/", world.url())).send().await;
    let answer = answer.expect("the server answers");
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    let challenge = answer.headers()["www-authenticate"].to_str().expect("text");
    assert!(
        challenge.contains(&format!("realm=\"https://{}/v2/auth\"", world.host())),
        "{challenge}"
    );
}

async fn pulls_are_redirected_to_presigned_urls_of_the_bucket(world: World) {
    drop(world);
    let deployment = Deployment::start_with(Shape::Scaled, &[("STORAGE_REDIRECT", "true")]).await;
    let world = World::set_up(deployment).await;
    let repository = format!("{}/redirected", world.organization().await);
    let content = berth_e2e::random::bytes(321, 6_000_000);
    let by_hand = world.distribution(&world.admin, &repository).await;
    by_hand
        .push_blob(&world.url(), &digest(&content), &content)
        .await;

    let stays = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .build();
    let stays = stays.expect("a plain client can be built");
    let blob = format!("{}/v2/{repository}/blobs/{}", world.url(), digest(&content));
    let request = by_hand
        .absolute(Method::GET, &blob)
        .build()
        .expect("a request");
    let answer = stays.execute(request).await.expect("the server answers");
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    let location = answer.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    let bucket = std::env::var("BERTH_TEST_S3_ENDPOINT").expect("the bucket's server");
    assert!(location.starts_with(&bucket), "{location}");
    assert!(location.contains("X-Amz-Expires=60"), "{location}");
    let fetched = stays
        .get(&location)
        .send()
        .await
        .expect("the bucket answers");
    assert_eq!(fetched.status(), StatusCode::OK);
    let bytes = fetched.bytes().await.expect("the bytes");
    assert!(bytes == content, "what the bucket gives is the blob");
    let part = stays
        .get(&location)
        .header("Range", "bytes=10-19")
        .send()
        .await;
    let part = part
        .expect("the bucket answers")
        .bytes()
        .await
        .expect("bytes");
    assert_eq!(part[..], content[10..20]);

    // Nobody without the right gets an address, and a changed one opens nothing.
    let nobody = stays.get(&blob).send().await.expect("the server answers");
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    let changed = location.replace("X-Amz-Expires=60", "X-Amz-Expires=6000");
    let changed = stays
        .get(&changed)
        .send()
        .await
        .expect("the bucket answers");
    assert_eq!(changed.status(), StatusCode::FORBIDDEN);

    // Clients follow it by themselves.
    let client = world.client(&world.admin);
    let layout = client.image_layout(331, 100_000);
    client.push(&layout, &repository, "1").await;
    client
        .crane(["validate", "--remote", &client.image(&repository, ":1")])
        .ok()
        .await;
    let out = format!("dir:{}", client.path("out").display());
    let source = client.docker(&repository, ":1");
    client
        .skopeo(["copy", "--src-tls-verify=false", &source, &out])
        .ok()
        .await;
}
