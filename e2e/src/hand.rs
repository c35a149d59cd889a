//! A client that pushes, mounts, moves and deletes tags of its own and knows what each may point to,
//! whatever happens to the servers meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use crate::distribution::{Distribution, Upload};
use crate::image::{self, Image, digest};
use crate::random;
use crate::world::World;

/// Tags that each hand moves about.
const TAGS: u64 = 4;
/// How long an upload is waited for whose server died: twice its lease.
const LEASE_MAX: Duration = Duration::from_secs(30);
/// Images are few, so that pushes meet their own garbage.
pub const IMAGES: u64 = 12;

/// Choices that a seed repeats.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below a limit.
    pub fn below(&mut self, limit: u64) -> u64 {
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
#[derive(Debug)]
pub struct Hand {
    /// The repository that it pushes to.
    pub here: Distribution,
    there: Distribution,
    /// Name of the repository that `there` mounts from.
    other: String,
    urls: Vec<String>,
    dice: Dice,
    number: u64,
    /// For each tag what it may point to; `None` is nothing.
    tags: BTreeMap<(bool, String), BTreeSet<Option<String>>>,
    torn: Option<Torn>,
    /// Changes that a server said it made.
    pub acknowledged: u64,
}

/// An upload that was open when its server died.
#[derive(Debug)]
struct Torn {
    upload: Upload,
    content: Vec<u8>,
    /// The request that ends it was on its way.
    ending: bool,
}

impl Hand {
    /// Hands of the first user that work at the same time in two new repositories, whose names come too.
    pub async fn several(world: &World, count: u64, seed: u64) -> (Vec<Self>, [String; 2]) {
        let organization = world.organization().await;
        let repositories = [format!("{organization}/one"), format!("{organization}/two")];
        let mut hands = Vec::new();
        for number in 0..count {
            let mut repository = repositories.clone();
            repository.rotate_left(usize::try_from(number % 2).expect("it is small"));
            let [own, other] = &repository;
            hands.push(Self {
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
        (hands, repositories)
    }

    /// Whether a tag of this name is one of its own.
    pub fn knows(&self, tag: &str) -> bool {
        self.tags.keys().any(|(_, name)| name == tag)
    }

    /// Works until it is told to stop.
    pub async fn work(mut self, stop: Arc<AtomicBool>) -> Self {
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

    /// Does one thing of a mixed load, half of which reads.
    pub async fn mix(&mut self) {
        match self.dice.below(10) {
            0..=1 => self.push().await,
            2 => self.mount().await,
            3 => self.retag().await,
            4 => self.delete().await,
            5 => {
                // One that was torn is left to the sweep.
                self.torn = None;
                self.upload_in_parts().await;
            }
            6..=8 => self.pull().await,
            _ => self.list().await,
        }
    }

    /// Pulls all of an image under a tag of its own, where the servers can.
    async fn pull(&mut self) {
        let count = self.tags.len() as u64;
        if count == 0 {
            return;
        }
        let choice = usize::try_from(self.dice.below(count)).expect("a few");
        let Some((key, may)) = self.tags.iter().nth(choice) else {
            return;
        };
        let (key, may, url) = (key.clone(), may.clone(), self.url());
        if let Ok(found) = closure(self.repository(key.0), &url, &key.1).await {
            let number = self.number;
            assert!(
                may.contains(&found),
                "tag `{}` of hand {number} is {found:?}, which is none of {may:?}",
                key.1
            );
        }
    }

    /// Lists tags; those that it is sure of are there.
    async fn list(&mut self) {
        let url = self.url();
        let list = self.here.request(Method::GET, &url, "tags/list?n=100");
        let Outcome::Done(answer) = outcome(list.send().await) else {
            return;
        };
        if answer.status() == StatusCode::NOT_FOUND {
            return;
        }
        is(&answer, StatusCode::OK);
        let Ok(list) = answer.json::<Value>().await else {
            return;
        };
        let list = list["tags"].as_array().expect("a list of tags");
        for ((here, tag), may) in &self.tags {
            if *here && !may.contains(&None) {
                let tag = tag.as_str();
                assert!(list.iter().any(|it| it == tag), "`{tag}` is not listed");
            }
        }
    }

    /// The server to ask next.
    pub fn url(&mut self) -> String {
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

    /// Gives a tag to an image whose blobs are there.
    pub async fn put_manifest(&mut self, here: bool, url: &str, tag: &str, image: &Image) {
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

    /// Deletes a tag, which it calls by its repository and its name.
    pub async fn delete_tag(&mut self, key: (bool, String), url: &str) {
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
    pub async fn check(&mut self) {
        if let Some(torn) = self.torn.take() {
            self.finish(torn).await;
        }
        let url = self.url();
        for (key, may) in self.tags.clone() {
            let found = closure(self.repository(key.0), &url, &key.1).await;
            let found = found.expect("the server is up");
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
        let begun = Instant::now();
        loop {
            let answer = self
                .here
                .commit(&url, &upload, &torn.content[rest..], &content)
                .await;
            // The lease of a dead replica has to run out.
            if answer.status() != StatusCode::SERVICE_UNAVAILABLE {
                return is(&answer, StatusCode::CREATED);
            }
            let waited = begun.elapsed();
            assert!(waited < LEASE_MAX, "an upload is held after {waited:?}");
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

/// A server that could not say what it has.
#[derive(Debug)]
struct Away;

/// What a tag points to, after everything that it needs was pulled and hashed.
async fn closure(repository: &Distribution, url: &str, tag: &str) -> Result<Option<String>, Away> {
    let Some(manifest) = content(repository, url, &format!("manifests/{tag}")).await? else {
        return Ok(None);
    };
    let named: Value = serde_json::from_slice(&manifest).expect("a manifest is JSON");
    let layers = named["layers"].as_array().expect("an image has layers");
    for named in layers.iter().chain([&named["config"]]) {
        let named = named["digest"].as_str().expect("a descriptor");
        let blob = content(repository, url, &format!("blobs/{named}")).await?;
        let blob = blob.unwrap_or_else(|| panic!("blob {named} of tag `{tag}` is unknown"));
        assert_eq!(digest(&blob), named, "a blob of tag `{tag}`");
    }
    Ok(Some(digest(&manifest)))
}

/// The whole body under a path; none where that is unknown.
async fn content(
    repository: &Distribution,
    url: &str,
    path: &str,
) -> Result<Option<Vec<u8>>, Away> {
    let get = repository.request(Method::GET, url, path).send().await;
    let Outcome::Done(answer) = outcome(get) else {
        return Err(Away);
    };
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    is(&answer, StatusCode::OK);
    // A body that breaks off was cut by a fault; reqwest counts the bytes.
    let bytes = answer.bytes().await.map_err(|_| Away)?;
    Ok(Some(bytes.to_vec()))
}
