//! What an operator says about the bucket.

use std::time::Duration;

use ::s3::creds::Credentials;
use ::s3::{Bucket, Region};
use berth_domain::{Error, Result, Secret};
use url::Url;

const MIB: u64 = 1024 * 1024;
/// Parts of an upload of ordinary size. S3 wants at least 5 MiB.
const PART_BYTES: u64 = 8 * MIB;
/// S3 takes no more parts than this.
pub(super) const PARTS_MAX: u64 = 10_000;
/// S3 takes no larger part than this.
const PART_BYTES_MAX: u64 = 5 * 1024 * MIB;
/// Time for a request, and on top of it a second for each MiB of a part.
const REQUEST_TIME: Duration = Duration::from_mins(1);

/// Configuration of the S3 driver: [`S3Config::new`] gives the defaults.
#[derive(Debug, Clone)]
pub struct S3Config {
    /// Name of the bucket, which must exist.
    pub bucket: String,
    /// Access key.
    pub access_key: Secret<String>,
    /// Secret key.
    pub secret_key: Secret<String>,
    /// Token that belongs to temporary keys.
    pub session_token: Option<Secret<String>>,
    /// Region that requests are signed for.
    pub region: String,
    /// Address of the service; overrules `host`, `port` and `is_secure`. With none of them it is
    /// AWS in `region`.
    pub endpoint_url: Option<Url>,
    /// Host of the service.
    pub host: Option<String>,
    /// Port at `host`; without it the port of the scheme.
    pub port: Option<u16>,
    /// Whether `host` speaks TLS.
    pub is_secure: bool,
    /// Folder inside the bucket.
    pub storage_path: String,
    /// Whether the bucket stands in the path of a URL rather than in its host name. By default it
    /// does everywhere but at AWS.
    pub path_style: Option<bool>,
    /// Largest object that shall fit; decides the size of a part, 8 MiB up to 78 GiB.
    pub max_object_bytes: u64,
    /// How many part buffers may be in memory at once. Each counts twice while it is sent. Streams
    /// shorter than 64 KiB need none; the others wait for one.
    pub part_buffers: usize,
}

impl S3Config {
    /// A bucket at AWS, in `us-east-1`.
    pub fn new(
        bucket: impl Into<String>,
        access_key: impl Into<Secret<String>>,
        secret_key: impl Into<Secret<String>>,
    ) -> Self {
        Self {
            bucket: bucket.into(),
            access_key: access_key.into(),
            secret_key: secret_key.into(),
            session_token: None,
            region: "us-east-1".to_owned(),
            endpoint_url: None,
            host: None,
            port: None,
            is_secure: true,
            storage_path: String::new(),
            path_style: None,
            max_object_bytes: PART_BYTES * PARTS_MAX,
            part_buffers: 32,
        }
    }

    /// Size of a part: whole MiB, so that the largest object needs no more than 10,000.
    pub(super) fn part_bytes(&self) -> u64 {
        let needed = self
            .max_object_bytes
            .div_ceil(PARTS_MAX)
            .next_multiple_of(MIB);
        needed.clamp(PART_BYTES, PART_BYTES_MAX)
    }

    /// What stands before every key.
    pub(super) fn prefix(&self) -> String {
        match self.storage_path.trim_matches('/') {
            "" => String::new(),
            path => format!("{path}/"),
        }
    }

    /// Address of the service, without a slash at its end.
    pub(super) fn endpoint(&self) -> Result<String> {
        let url = match (&self.endpoint_url, &self.host) {
            (Some(url), _) => url.clone(),
            (None, Some(host)) => {
                let scheme = if self.is_secure { "https" } else { "http" };
                let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
                Url::parse(&format!("{scheme}://{host}{port}")).map_err(|error| {
                    Error::invalid_value(format!("`{host}` is not a host name: {error}"))
                })?
            }
            (None, None) => {
                let region = &self.region;
                Url::parse(&format!("https://s3.{region}.amazonaws.com")).map_err(|error| {
                    Error::invalid_value(format!("`{region}` is not a region: {error}"))
                })?
            }
        };
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_plain {
            return Err(Error::invalid_value(
                "the S3 endpoint must be an `http` or `https` URL without credentials and query",
            ));
        }
        Ok(url.as_str().trim_end_matches('/').to_owned())
    }

    /// The one client of the driver.
    pub(super) fn bucket(&self) -> Result<Box<Bucket>> {
        for (name, value) in [("bucket", &self.bucket), ("region", &self.region)] {
            if value.is_empty() {
                return Err(Error::invalid_value(format!(
                    "the S3 {name} must not be empty"
                )));
            }
        }
        if self.access_key.expose().is_empty() || self.secret_key.expose().is_empty() {
            return Err(Error::invalid_value(
                "S3 needs an access key and a secret key",
            ));
        }
        let credentials = Credentials::new(
            Some(self.access_key.expose()),
            Some(self.secret_key.expose()),
            None,
            self.session_token
                .as_ref()
                .map(|token| token.expose().as_str()),
            None,
        )
        .map_err(|_| Error::invalid_value("the S3 keys are not usable"))?;
        let region = Region::Custom {
            region: self.region.clone(),
            endpoint: self.endpoint()?,
        };
        let mut bucket = Bucket::new(&self.bucket, region, credentials)
            .map_err(|error| Error::internal(format!("cannot make an S3 client: {error}")))?;
        let is_aws = self.endpoint_url.is_none() && self.host.is_none();
        if self.path_style.unwrap_or(!is_aws) {
            bucket.set_path_style();
        }
        let sending = Duration::from_secs(self.part_bytes() / MIB);
        bucket.set_request_timeout(Some(REQUEST_TIME + sending));
        Ok(bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> S3Config {
        S3Config::new("blobs", "AKIAEXAMPLE", "very-secret")
    }

    #[test]
    fn parts_grow_with_the_largest_object() {
        let sized = |max_object_bytes| {
            S3Config {
                max_object_bytes,
                ..config()
            }
            .part_bytes()
        };
        assert_eq!(sized(0), PART_BYTES);
        assert_eq!(sized(20 * 1024 * MIB), PART_BYTES);
        let tebibyte = sized(1024 * 1024 * MIB);
        assert!(tebibyte * PARTS_MAX >= 1024 * 1024 * MIB && tebibyte.is_multiple_of(MIB));
        assert_eq!(sized(u64::MAX / 2), PART_BYTES_MAX);
    }

    #[test]
    fn the_endpoint_follows_url_then_host_then_region() {
        let mut config = config();
        assert_eq!(
            config.endpoint().unwrap(),
            "https://s3.us-east-1.amazonaws.com"
        );
        config.host = Some("minio.example".to_owned());
        config.port = Some(9000);
        assert_eq!(config.endpoint().unwrap(), "https://minio.example:9000");
        config.is_secure = false;
        assert_eq!(config.endpoint().unwrap(), "http://minio.example:9000");
        config.endpoint_url = Some("https://s3.example/base/".parse().unwrap());
        assert_eq!(config.endpoint().unwrap(), "https://s3.example/base");
    }

    #[test]
    fn an_endpoint_with_credentials_is_refused_and_not_repeated() {
        let endpoint_url = Some("https://user:hunter2@s3.example".parse().unwrap());
        let error = S3Config {
            endpoint_url,
            ..config()
        }
        .endpoint()
        .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn the_storage_path_becomes_a_prefix() {
        let prefix = |path: &str| {
            S3Config {
                storage_path: path.to_owned(),
                ..config()
            }
            .prefix()
        };
        assert_eq!(prefix(""), "");
        assert_eq!(prefix("/"), "");
        assert_eq!(prefix("/datastorage/registry"), "datastorage/registry/");
    }

    #[test]
    fn keys_are_never_printed() {
        let text = format!("{:?} {:?}", config(), crate::S3::new(&config()).unwrap());
        assert!(
            !text.contains("AKIAEXAMPLE") && !text.contains("very-secret"),
            "{text}"
        );
    }
}
