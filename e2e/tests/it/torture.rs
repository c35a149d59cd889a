//! Servers that are killed at random moments under pushes, mounts, retags, deletions and collection.
//! What was acknowledged is there afterwards, whole; what was not is there whole or not at all.
//!
//! `BERTH_TORTURE_KILLS` says how often (25 in each shape), `BERTH_TORTURE_SEED` repeats a run's choices.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use berth_e2e::deployment::{Deployment, Shape};
use berth_e2e::distribution::{Distribution, Upload};
use berth_e2e::harness::Scenario;
use berth_e2e::image::{self, Image, digest};
use berth_e2e::world::World;
use berth_e2e::{random, scenarios};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

pub(crate) const SCENARIOS: &[Scenario] =
    scenarios![acknowledged_pushes_survive_kills_and_nothing_half_made_shows];

/// Kills of a run where the environment names no number.
const KILLS: u64 = 25;
/// Pushers that work at the same time.
const HANDS: u64 = 4;
/// Tags that each of them moves about.
const TAGS: u64 = 4;
/// Images are few, so that pushes meet their own garbage.
const IMAGES: u64 = 12;

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
    let organization = world.organization().await;
    let repositories = [format!("{organization}/one"), format!("{organization}/two")];
    let mut hands = Vec::new();
    for number in 0..HANDS {
        let mut repository = repositories.clone();
        repository.rotate_left(usize::try_from(number % 2).expect("it is small"));
        let [own, other] = &repository;
        hands.push(Hand {
            here: world.mounting(&world.admin, own, &[other]).await,
            there: world.mounting(&world.admin, other, &[own]).await,
            other: own.clone(),
            urls: world.replicas(),
            dice: Dice(seed.wrapping_add(number << 32)),
            number,
            tags: BTreeMap::new(),
            torn: None,
            acknowledged: 0,
        });
    }
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
        world.deployment_mut().servers[victim].start_again().await;
        for hand in &mut hands {
            hand.check().await;
        }
        nobody_else_left_a_tag(&hands, &world, &repositories).await;
    }
    let acknowledged: u64 = hands.iter().map(|hand| hand.acknowledged).sum();
    eprintln!("{shape}: {acknowledged} acknowledged changes");
    assert!(acknowledged > kills, "there was load");
    if shape == Shape::Embedded {
        let storage = world.deployment().folder().join("data/storage");
        garbage_goes(&storage, &mut hands[0]).await;
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| {
        text.parse()
            .unwrap_or_else(|_| panic!("`{variable}` is a number"))
    })
}

/// Choices that a seed repeats.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        let bytes = random::bytes(self.0, 8).try_into().expect("eight of them");
        u64::from_le_bytes(bytes) % limit
    }
}

/// What an operation came to, for the one who asked for it.
enum Outcome {
    /// The server said so.
    Done(Response),
    /// The connection broke, or the server could not serve: it may have happened or not.
    Unknown,
}

/// One pusher and what it knows of its own tags.
struct Hand {
    here: Distribution,
    there: Distribution,
    /// Name of the repository that `there` mounts from.
    other: String,
    urls: Vec<String>,
    dice: Dice,
    number: u64,
    /// For each tag what it may point to; `None` is nothing.
    tags: BTreeMap<(bool, String), BTreeSet<Option<String>>>,
    torn: Option<Torn>,
    acknowledged: u64,
}

/// An upload that was open when its server died.
struct Torn {
    upload: Upload,
    content: Vec<u8>,
    /// The request that ends it was on its way.
    ending: bool,
}

impl Hand {
    /// Works until it is told to stop.
    async fn work(mut self, stop: Arc<AtomicBool>) -> Self {
        while !stop.load(Ordering::SeqCst) {
            match self.dice.below(8) {
                0..=3 => self.push().await,
                4 => self.mount().await,
                5 => self.retag().await,
                6 => self.delete().await,
                _ => self.upload_in_parts().await,
            }
        }
        self
    }

    fn url(&mut self) -> String {
        let choice = self.dice.below(self.urls.len() as u64);
        self.urls[usize::try_from(choice).expect("a few")].clone()
    }

    fn repository(&self, here: bool) -> &Distribution {
        if here { &self.here } else { &self.there }
    }

    fn image(&mut self) -> Image {
        let seed = self.dice.below(IMAGES);
        let size = usize::try_from(seed * seed * 1000).expect("it is small");
        Image::new(seed, size, "amd64")
    }

    fn tag(&mut self) -> String {
        format!("hand{}-{}", self.number, self.dice.below(TAGS))
    }

    /// Pushes an image as clients do: what is there is not sent again.
    async fn push(&mut self) {
        let (image, url, tag) = (self.image(), self.url(), self.tag());
        for blob in [&image.layer, &image.config] {
            let head = self
                .here
                .request(Method::HEAD, &url, &format!("blobs/{}", blob.digest));
            match outcome(head.send().await) {
                Outcome::Unknown => return,
                Outcome::Done(answer) if answer.status() == StatusCode::OK => continue,
                Outcome::Done(_) => {}
            }
            let path = format!("blobs/uploads/?digest={}", blob.digest);
            let post = self.here.request(Method::POST, &url, &path);
            match outcome(post.body(blob.bytes.clone()).send().await) {
                Outcome::Unknown => return,
                Outcome::Done(answer) => is(&answer, StatusCode::CREATED),
            }
        }
        self.put_manifest(true, &url, &tag, &image).await;
    }

    async fn mount(&mut self) {
        let (image, url, tag) = (self.image(), self.url(), self.tag());
        for blob in [&image.layer, &image.config] {
            let path = format!("blobs/uploads/?mount={}&from={}", blob.digest, self.other);
            let post = self.there.request(Method::POST, &url, &path);
            match outcome(post.send().await) {
                Outcome::Done(answer) if answer.status() == StatusCode::CREATED => {}
                // Its source does not have it just now.
                Outcome::Done(answer) => return is(&answer, StatusCode::ACCEPTED),
                Outcome::Unknown => return,
            }
        }
        self.put_manifest(false, &url, &tag, &image).await;
    }

    async fn put_manifest(&mut self, here: bool, url: &str, tag: &str, image: &Image) {
        let key = (here, tag.to_owned());
        let new = Some(image.manifest.digest.clone());
        let before = self.tags.entry(key.clone()).or_insert_with(nothing).clone();
        self.tags
            .entry(key.clone())
            .or_default()
            .insert(new.clone());
        let put = self
            .repository(here)
            .request(Method::PUT, url, &format!("manifests/{tag}"));
        let put = put.header("Content-Type", image::MANIFEST);
        match outcome(put.body(image.manifest.bytes.clone()).send().await) {
            Outcome::Unknown => {}
            Outcome::Done(answer) if answer.status() == StatusCode::BAD_REQUEST => {
                // The lease of a layer ran out while this hand was stopped.
                let body: Value = answer.json().await.expect("an error has a body");
                assert_eq!(body["errors"][0]["code"], "MANIFEST_BLOB_UNKNOWN");
                self.tags.insert(key, before);
            }
            Outcome::Done(answer) => {
                is(&answer, StatusCode::CREATED);
                self.acknowledged += 1;
                self.tags.insert(key, BTreeSet::from([new]));
            }
        }
    }

    /// Gives what one tag certainly points to another name.
    async fn retag(&mut self) {
        let known = self
            .tags
            .iter()
            .find_map(|((here, _), may)| match may.first() {
                Some(Some(digest)) if may.len() == 1 => Some((*here, digest.clone())),
                _ => None,
            });
        let Some((here, digest)) = known else { return };
        let image = (0..IMAGES)
            .map(|seed| {
                let size = usize::try_from(seed * seed * 1000).expect("it is small");
                Image::new(seed, size, "amd64")
            })
            .find(|image| image.manifest.digest == digest);
        let (url, tag) = (self.url(), self.tag());
        let image = image.expect("all images are of this hand's making");
        self.put_manifest(here, &url, &tag, &image).await;
    }

    async fn delete(&mut self) {
        let (here, tag) = (self.dice.below(2) == 0, self.tag());
        let url = self.url();
        self.delete_tag((here, tag), &url).await;
    }

    async fn delete_tag(&mut self, key: (bool, String), url: &str) {
        let may = self.tags.entry(key.clone()).or_insert_with(nothing);
        may.insert(None);
        let path = format!("manifests/{}", key.1);
        let delete = self.repository(key.0).request(Method::DELETE, url, &path);
        match outcome(delete.send().await) {
            Outcome::Unknown => {}
            Outcome::Done(answer) => {
                let gone = [StatusCode::ACCEPTED, StatusCode::NOT_FOUND];
                assert!(gone.contains(&answer.status()), "{answer:?}");
                self.acknowledged += 1;
                self.tags.insert(key, nothing());
            }
        }
    }

    async fn upload_in_parts(&mut self) {
        if self.torn.is_some() {
            return;
        }
        let (url, size) = (self.url(), 10_000 + self.dice.below(300_000));
        let content = random::bytes(
            self.dice.below(IMAGES),
            usize::try_from(size).expect("it is small"),
        );
        let post = self.here.request(Method::POST, &url, "blobs/uploads/");
        let Outcome::Done(answer) = outcome(post.send().await) else {
            return;
        };
        is(&answer, StatusCode::ACCEPTED);
        let upload = Upload::of(&answer);
        let middle = content.len() / 2;
        let patch = self.here.append_request(&url, &upload);
        let answer = outcome(patch.body(content[..middle].to_vec()).send().await);
        let mut torn = Torn {
            upload,
            content,
            ending: false,
        };
        let Outcome::Done(answer) = answer else {
            self.torn = Some(torn);
            return;
        };
        is(&answer, StatusCode::ACCEPTED);
        torn.upload = Upload::of(&answer);
        torn.ending = true;
        let put = self
            .here
            .commit_request(&url, &torn.upload, &digest(&torn.content));
        match outcome(put.body(torn.content[middle..].to_vec()).send().await) {
            Outcome::Done(answer) => is(&answer, StatusCode::CREATED),
            Outcome::Unknown => self.torn = Some(torn),
        }
    }

    /// Looks at everything that this hand knows of, with all servers up and nobody pushing.
    async fn check(&mut self) {
        if let Some(torn) = self.torn.take() {
            self.finish(torn).await;
        }
        let url = self.url();
        for (key, may) in self.tags.clone() {
            let found = closure(self.repository(key.0), &url, &key.1).await;
            assert!(
                may.contains(&found),
                "tag `{}` of hand {} is {found:?}, which is none of {may:?}",
                key.1,
                self.number
            );
            self.tags.insert(key, BTreeSet::from([found]));
        }
    }

    /// An upload goes on where it was acknowledged to be, unless the end that was on its way came.
    async fn finish(&mut self, torn: Torn) {
        let url = self.url();
        let path = format!("{url}{}", torn.upload.path);
        let status = self.here.absolute(Method::GET, &path).send().await;
        let status = status.expect("the server is up");
        if torn.ending && status.status() == StatusCode::NOT_FOUND {
            return;
        }
        is(&status, StatusCode::NO_CONTENT);
        let upload = Upload::of(&status);
        assert!(
            upload.offset >= torn.upload.offset,
            "acknowledged bytes are kept"
        );
        let rest = usize::try_from(upload.offset).expect("it is small");
        let content = digest(&torn.content);
        loop {
            let answer = self
                .here
                .commit(&url, &upload, &torn.content[rest..], &content)
                .await;
            // The lease of a dead replica has to run out.
            if answer.status() != StatusCode::SERVICE_UNAVAILABLE {
                return is(&answer, StatusCode::CREATED);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

fn nothing() -> BTreeSet<Option<String>> {
    BTreeSet::from([None])
}

/// Broken connections and 503 leave open what happened; any other fault of the server does not pass.
fn outcome(answer: reqwest::Result<Response>) -> Outcome {
    match answer {
        Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => Outcome::Unknown,
        Ok(answer) => {
            assert!(!answer.status().is_server_error(), "{answer:?}");
            Outcome::Done(answer)
        }
        Err(_) => Outcome::Unknown,
    }
}

fn is(answer: &Response, status: StatusCode) {
    assert_eq!(answer.status(), status, "{answer:?}");
}

/// What a tag points to, after everything that it needs was pulled and hashed.
async fn closure(repository: &Distribution, url: &str, tag: &str) -> Option<String> {
    let get = repository.request(Method::GET, url, &format!("manifests/{tag}"));
    let answer = get.send().await.expect("the server is up");
    if answer.status() == StatusCode::NOT_FOUND {
        return None;
    }
    is(&answer, StatusCode::OK);
    let manifest = answer.bytes().await.expect("the manifest arrives whole");
    let named: Value = serde_json::from_slice(&manifest).expect("a manifest is JSON");
    let layers = named["layers"].as_array().expect("an image has layers");
    for named in layers.iter().chain([&named["config"]]) {
        let named = named["digest"].as_str().expect("a descriptor");
        let blob = repository.pull_blob(url, named).await;
        assert_eq!(digest(&blob), named, "a blob of tag `{tag}`");
    }
    Some(digest(&manifest))
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
            let known = hands
                .iter()
                .any(|hand| hand.tags.keys().any(|(_, name)| name == tag));
            assert!(known, "tag `{tag}` belongs to nobody");
        }
    }
}

/// After all the kills the collector still does its work: bytes that only a deleted tag needed go
/// within lease, grace and a few of its turns.
async fn garbage_goes(storage: &Path, hand: &mut Hand) {
    let before = files(storage);
    let image = Image::new(IMAGES + 1, 1000, "amd64");
    let url = hand.url();
    for blob in [&image.layer, &image.config] {
        hand.here.push_blob(&url, &blob.digest, &blob.bytes).await;
    }
    hand.put_manifest(true, &url, "witness", &image).await;
    let witness: BTreeSet<PathBuf> = files(storage).difference(&before).cloned().collect();
    assert!(!witness.is_empty(), "the image has bytes");
    hand.delete_tag((true, "witness".to_owned()), &url).await;
    let begun = Instant::now();
    while witness.iter().any(|file| file.exists()) {
        let waited = begun.elapsed();
        assert!(
            waited < Duration::from_mins(2),
            "{witness:?} is there after {waited:?}"
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return BTreeSet::new();
    };
    entries
        .filter_map(Result::ok)
        .flat_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path()),
            _ => BTreeSet::from([entry.path()]),
        })
        .collect()
}
