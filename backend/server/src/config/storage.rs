//! Where the bytes are: `DISTRIBUTED_STORAGE_CONFIG`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use berth_domain::Secret;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::values::Setting;

/// Storage places by name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Places(pub BTreeMap<String, Place>);

/// One place, written `[<driver>, {<options>}]`.
#[derive(Debug, Clone)]
pub enum Place {
    /// `LocalStorage`: a folder.
    Local(LocalStorage),
    /// `S3Storage`: a bucket at Amazon or at anything that speaks its protocol.
    S3(S3Storage),
    /// `RadosGWStorage`: a bucket at Ceph's gateway.
    RadosGw(RadosGwStorage),
}

/// Options of `LocalStorage`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalStorage {
    /// The folder; it must exist.
    pub storage_path: PathBuf,
}

/// Options of `S3Storage`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Storage {
    /// Name of the bucket; it must exist.
    pub s3_bucket: String,
    /// Access key.
    pub s3_access_key: Secret<String>,
    /// Secret key.
    pub s3_secret_key: Secret<String>,
    /// Region; `us-east-1` where none is given.
    pub s3_region: Option<String>,
    /// Host of the service, where it is not Amazon.
    pub host: Option<String>,
    /// Port of `host`.
    pub port: Option<u16>,
    /// Whole URL of the service; goes before `host`, `port` and `is_secure`.
    pub endpoint_url: Option<url::Url>,
    /// Prefix of every object's key.
    #[serde(default)]
    pub storage_path: String,
    /// Whether `host` speaks TLS.
    #[serde(default = "yes")]
    pub is_secure: bool,
}

/// Options of `RadosGWStorage`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadosGwStorage {
    /// Host of the gateway.
    pub hostname: String,
    /// Port of the gateway.
    pub port: Option<u16>,
    /// Whether it speaks TLS.
    #[serde(default = "yes")]
    pub is_secure: bool,
    /// Access key.
    pub access_key: Secret<String>,
    /// Secret key.
    pub secret_key: Secret<String>,
    /// Name of the bucket; it must exist.
    pub bucket_name: String,
    /// Prefix of every object's key.
    #[serde(default)]
    pub storage_path: String,
}

/// A bucket, whichever driver named it.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Name.
    pub name: String,
    /// Region; `us-east-1` where none is given.
    pub region: String,
    /// URL of the service; Amazon's own for the region where none is given.
    pub endpoint: Option<String>,
    /// Access key.
    pub access_key: Secret<String>,
    /// Secret key.
    pub secret_key: Secret<String>,
    /// Prefix of every object's key, without slashes around.
    pub prefix: String,
}

const DEFAULT_REGION: &str = "us-east-1";

const fn yes() -> bool {
    true
}

impl Place {
    /// The bucket of this place; none for a folder.
    pub fn bucket(&self) -> Option<Bucket> {
        match self {
            Self::Local(_) => None,
            Self::S3(options) => Some(Bucket {
                name: options.s3_bucket.clone(),
                region: options
                    .s3_region
                    .clone()
                    .unwrap_or_else(|| DEFAULT_REGION.to_owned()),
                endpoint: match (&options.endpoint_url, &options.host) {
                    (Some(url), _) => Some(url.as_str().trim_end_matches('/').to_owned()),
                    (None, Some(host)) => Some(endpoint(options.is_secure, host, options.port)),
                    (None, None) => None,
                },
                access_key: options.s3_access_key.clone(),
                secret_key: options.s3_secret_key.clone(),
                prefix: options.storage_path.trim_matches('/').to_owned(),
            }),
            Self::RadosGw(options) => Some(Bucket {
                name: options.bucket_name.clone(),
                region: DEFAULT_REGION.to_owned(),
                endpoint: Some(endpoint(options.is_secure, &options.hostname, options.port)),
                access_key: options.access_key.clone(),
                secret_key: options.secret_key.clone(),
                prefix: options.storage_path.trim_matches('/').to_owned(),
            }),
        }
    }
}

fn endpoint(is_secure: bool, host: &str, port: Option<u16>) -> String {
    let scheme = if is_secure { "https" } else { "http" };
    match port {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PlaceVisitor)
    }
}

struct PlaceVisitor;

impl<'de> Visitor<'de> for PlaceVisitor {
    type Value = Place;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`[<driver>, {<options>}]`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Place, A::Error> {
        let shape = || A::Error::custom("expected `[<driver>, {<options>}]`");
        let driver: String = items.next_element()?.ok_or_else(shape)?;
        let place = match driver.as_str() {
            "LocalStorage" => items.next_element()?.map(Place::Local),
            "S3Storage" => items.next_element()?.map(Place::S3),
            "RadosGWStorage" => items.next_element()?.map(Place::RadosGw),
            other => {
                return Err(A::Error::custom(format!(
                    "no storage driver is called `{other}`, expected LocalStorage, S3Storage or RadosGWStorage"
                )));
            }
        };
        let place = place.ok_or_else(shape)?;
        match items.next_element::<serde::de::IgnoredAny>()? {
            None => Ok(place),
            Some(_) => Err(shape()),
        }
    }
}

impl Setting for Places {
    fn kind() -> String {
        "mapping of place to [driver, {options}]".to_owned()
    }
    fn show(&self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    fn place(yaml: &str) -> Result<Place, String> {
        let places = yaml::value::<Places>(&format!("{{default: {yaml}}}"));
        let mut places = places
            .map_err(|refusal| refusal.message)?
            .expect("a value")
            .0;
        Ok(places.remove("default").expect("the place"))
    }

    #[test]
    fn a_folder_is_a_place() {
        let place = place("[LocalStorage, {storage_path: /datastorage/registry}]");
        let Ok(Place::Local(options)) = place else {
            panic!("{place:?}")
        };
        assert_eq!(options.storage_path, PathBuf::from("/datastorage/registry"));
    }

    #[test]
    fn the_endpoint_of_a_bucket_comes_from_url_or_host() {
        let keys = "s3_bucket: b, s3_access_key: k, s3_secret_key: 0123";
        for (options, endpoint) in [
            ("", None),
            (
                ", endpoint_url: 'http://127.0.0.1:7070/'",
                Some("http://127.0.0.1:7070"),
            ),
            (", host: s3.example.com", Some("https://s3.example.com")),
            (
                ", host: minio, port: 9000, is_secure: false",
                Some("http://minio:9000"),
            ),
        ] {
            let place = place(&format!("[S3Storage, {{{keys}{options}}}]"));
            let bucket = place.expect("a place").bucket().expect("a bucket");
            assert_eq!(bucket.endpoint.as_deref(), endpoint);
            assert_eq!(bucket.region, "us-east-1");
            assert_eq!(bucket.secret_key.expose(), "0123");
        }
    }

    #[test]
    fn ceph_is_a_bucket_too() {
        let place = place(
            "[RadosGWStorage, {hostname: rgw, port: 7480, is_secure: false, access_key: a, secret_key: s, bucket_name: b, storage_path: /datastorage/registry}]",
        );
        let bucket = place.expect("a place").bucket().expect("a bucket");
        assert_eq!(bucket.endpoint.as_deref(), Some("http://rgw:7480"));
        assert_eq!(bucket.prefix, "datastorage/registry");
    }

    #[test]
    fn mistakes_say_what_would_be_accepted() {
        for (yaml, part) in [
            ("[LocalStorage]", "expected `[<driver>, {<options>}]`"),
            ("[]", "expected `[<driver>, {<options>}]`"),
            ("LocalStorage", "expected"),
            (
                "[AzureStorage, {}]",
                "expected LocalStorage, S3Storage or RadosGWStorage",
            ),
            ("[LocalStorage, {path: /x}]", "unknown field `path`"),
            (
                "[S3Storage, {s3_access_key: k, s3_secret_key: s}]",
                "s3_bucket",
            ),
            (
                "[LocalStorage, {storage_path: /x}, 1]",
                "expected `[<driver>, {<options>}]`",
            ),
        ] {
            let message = place(yaml).expect_err(yaml);
            assert!(message.contains(part), "{yaml}: {message}");
        }
    }
}
