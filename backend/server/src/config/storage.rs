//! Where the bytes are: `DISTRIBUTED_STORAGE_CONFIG`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use berth_domain::Secret;
use berth_storage::S3Config;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::values::{Setting, masked};

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

const fn yes() -> bool {
    true
}

impl Place {
    /// Whether it is a bucket, which replicas can share.
    pub fn is_bucket(&self) -> bool {
        !matches!(self, Self::Local(_))
    }

    /// The bucket of this place for objects up to a size; none for a folder.
    pub fn s3_config(&self, max_object_bytes: u64) -> Option<S3Config> {
        let config = match self {
            Self::Local(_) => return None,
            Self::S3(options) => {
                let (access, secret) =
                    (options.s3_access_key.clone(), options.s3_secret_key.clone());
                let mut config = S3Config::new(&options.s3_bucket, access, secret);
                if let Some(region) = &options.s3_region {
                    config.region.clone_from(region);
                }
                config.endpoint_url.clone_from(&options.endpoint_url);
                config.host.clone_from(&options.host);
                config.port = options.port;
                config.is_secure = options.is_secure;
                config.storage_path.clone_from(&options.storage_path);
                config
            }
            Self::RadosGw(options) => {
                let (access, secret) = (options.access_key.clone(), options.secret_key.clone());
                let mut config = S3Config::new(&options.bucket_name, access, secret);
                config.host = Some(options.hostname.clone());
                config.port = options.port;
                config.is_secure = options.is_secure;
                config.storage_path.clone_from(&options.storage_path);
                config
            }
        };
        Some(S3Config {
            max_object_bytes,
            ..config
        })
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
    fn dump(&self) -> Value {
        let places = self.0.iter();
        let places = places.map(|(name, place)| (name.clone(), place.dump()));
        Value::Object(places.collect())
    }
}

impl Place {
    /// As it is written, but for the keys.
    fn dump(&self) -> Value {
        match self {
            Self::Local(options) => {
                json!(["LocalStorage", { "storage_path": options.storage_path }])
            }
            Self::S3(options) => {
                let endpoint = options.endpoint_url.clone().map(without_credentials);
                json!(["S3Storage", {
                    "s3_bucket": options.s3_bucket,
                    "s3_access_key": masked(&options.s3_access_key),
                    "s3_secret_key": masked(&options.s3_secret_key),
                    "s3_region": options.s3_region,
                    "host": options.host,
                    "port": options.port,
                    "endpoint_url": endpoint,
                    "storage_path": options.storage_path,
                    "is_secure": options.is_secure,
                }])
            }
            Self::RadosGw(options) => json!(["RadosGWStorage", {
                "hostname": options.hostname,
                "port": options.port,
                "is_secure": options.is_secure,
                "access_key": masked(&options.access_key),
                "secret_key": masked(&options.secret_key),
                "bucket_name": options.bucket_name,
                "storage_path": options.storage_path,
            }]),
        }
    }
}

/// A URL without the user and the password that somebody may have written into it.
fn without_credentials(mut url: url::Url) -> String {
    // A URL that cannot have them has none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
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
    fn the_options_of_a_bucket_reach_the_driver() {
        let place = place(
            "[S3Storage, {s3_bucket: b, s3_access_key: k, s3_secret_key: 0123, s3_region: eu-central-1, host: minio, port: 9000, is_secure: false, storage_path: /x}]",
        );
        let config = place.unwrap().s3_config(1 << 40).unwrap();
        assert_eq!(config.bucket, "b");
        assert_eq!(config.secret_key.expose(), "0123");
        assert_eq!(config.region, "eu-central-1");
        assert_eq!(
            (config.host.as_deref(), config.port),
            (Some("minio"), Some(9000))
        );
        assert!(!config.is_secure);
        assert_eq!(config.storage_path, "/x");
        assert_eq!(config.max_object_bytes, 1 << 40);
    }

    #[test]
    fn an_endpoint_is_a_url() {
        let keys = "s3_bucket: b, s3_access_key: k, s3_secret_key: s";
        let url = place(&format!(
            "[S3Storage, {{{keys}, endpoint_url: 'http://127.0.0.1:7070'}}]"
        ));
        let config = url.unwrap().s3_config(1).unwrap();
        assert_eq!(
            config.endpoint_url.unwrap().as_str(),
            "http://127.0.0.1:7070/"
        );
        assert!(place(&format!("[S3Storage, {{{keys}, endpoint_url: minio}}]")).is_err());
    }

    #[test]
    fn ceph_is_a_bucket_too() {
        let place = place(
            "[RadosGWStorage, {hostname: rgw, port: 7480, access_key: a, secret_key: s, bucket_name: b, storage_path: /datastorage/registry}]",
        );
        let config = place.unwrap().s3_config(1).unwrap();
        assert_eq!(
            (config.host.as_deref(), config.port),
            (Some("rgw"), Some(7480))
        );
        assert!(config.is_secure);
        assert_eq!(config.storage_path, "/datastorage/registry");
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
