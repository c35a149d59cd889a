//! What a bucket's refusals mean, in the words of the domain and without a credential.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use ::s3::error::S3Error;
use berth_domain::{Error, Noun, Result, Secret};

use super::S3Config;

/// Pauses before further tries of a request that may be repeated.
const RETRY_PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
/// How much of a bucket's explanation is worth keeping.
const MESSAGE_CHARS: usize = 300;

/// Explains errors of one bucket.
#[derive(Clone)]
pub(super) struct Failures(Arc<Context>);

struct Context {
    bucket: String,
    endpoint: String,
    secrets: Vec<Secret<String>>,
}

impl Failures {
    pub(super) fn new(config: &S3Config) -> Result<Self> {
        let keys = [&config.access_key, &config.secret_key];
        Ok(Self(Arc::new(Context {
            bucket: config.bucket.clone(),
            endpoint: config.endpoint()?,
            secrets: keys
                .into_iter()
                .chain(&config.session_token)
                .cloned()
                .collect(),
        })))
    }

    /// Sends a request that does no harm when repeated, up to three times while the bucket is busy.
    pub(super) async fn retrying<T, F>(&self, action: &str, request: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T, S3Error>>,
    {
        self.retrying_raw(request)
            .await
            .map_err(|error| self.explain(action, error))
    }

    /// The same for a caller that looks at the error itself.
    pub(super) async fn retrying_raw<T, F>(
        &self,
        mut request: impl FnMut() -> F,
    ) -> Result<T, S3Error>
    where
        F: Future<Output = Result<T, S3Error>>,
    {
        for pause in RETRY_PAUSES {
            match request().await {
                Err(error) if is_transient(&error) => tokio::time::sleep(pause).await,
                outcome => return outcome,
            }
        }
        request().await
    }

    /// The domain's error for a request that failed.
    pub(super) fn explain(&self, action: &str, error: S3Error) -> Error {
        let is_busy = is_transient(&error);
        let (status, code) = (status(&error), code(&error));
        let text = format!(
            "cannot {action} in {}: {}",
            self.place(),
            self.describe(error)
        );
        match (code.as_deref(), status) {
            (Some("NoSuchUpload" | "InvalidPart"), _) => {
                tracing::warn!(
                    error = text,
                    "the bucket lost parts of an upload; its client has to start again"
                );
                Error::Hidden(Noun::Upload)
            }
            (Some("XMinioStorageFull" | "QuotaExceeded"), _) | (_, Some(507)) => {
                Error::StorageFull {
                    source: text.into(),
                }
            }
            (_, Some(500..)) => Error::unavailable("storage", text),
            _ if is_busy => Error::unavailable("storage", text),
            _ => Error::internal(text),
        }
    }

    /// The error of the probe: `Unavailable`, and its source says what to mend.
    pub(super) fn advise(&self, permission: &str, error: S3Error) -> Error {
        let status = status(&error);
        let hint = match (code(&error).as_deref(), status) {
            (Some("NoSuchBucket"), _) => "create the bucket or correct its name".to_owned(),
            (Some("InvalidAccessKeyId" | "XAdminUserNotFound"), _) => {
                "the service does not know the access key".to_owned()
            }
            (Some("SignatureDoesNotMatch"), _) => {
                "the secret key does not belong to the access key, or the region is another"
                    .to_owned()
            }
            (Some("AuthorizationHeaderMalformed" | "PermanentRedirect"), _) => {
                "the bucket lies in another region; correct the region".to_owned()
            }
            (Some("RequestTimeTooSkewed"), _) => "set the clock of this machine".to_owned(),
            (_, Some(403)) => format!("allow `{permission}` to this access key"),
            (_, Some(404)) => "correct the endpoint and the name of the bucket".to_owned(),
            (_, Some(_)) => "look into the log of the storage service".to_owned(),
            (_, None) => "is the endpoint right, and does the service run?".to_owned(),
        };
        let text = format!(
            "cannot use {}: {}; {hint}",
            self.place(),
            self.describe(error)
        );
        Error::unavailable("storage", text)
    }

    fn place(&self) -> String {
        format!("bucket `{}` at `{}`", self.0.bucket, self.0.endpoint)
    }

    /// The error in one line. The XML of a refusal is not repeated: it may hold the access key.
    fn describe(&self, error: S3Error) -> String {
        let text = match error {
            S3Error::HttpFailWithBody(status, body) => {
                let mut text = format!("HTTP {status}");
                for part in [element(&body, "Code"), element(&body, "Message")]
                    .into_iter()
                    .flatten()
                {
                    let _ = write!(
                        text,
                        " {}",
                        part.chars().take(MESSAGE_CHARS).collect::<String>()
                    );
                }
                text
            }
            S3Error::Reqwest(error) => chain(&error.without_url()),
            error => chain(&error),
        };
        let hide = |text: String, secret: &Secret<String>| text.replace(secret.expose(), "***");
        self.0.secrets.iter().fold(text, hide)
    }
}

/// True for an object or upload that is not there, as opposed to a bucket that is not there.
pub(super) fn is_absent(error: &S3Error) -> bool {
    let code = code(error);
    status(error) == Some(404)
        && matches!(code.as_deref(), None | Some("NoSuchKey" | "NoSuchUpload"))
}

/// True where the bucket's answer did not come through.
pub(super) fn is_unanswered(error: &S3Error) -> bool {
    matches!(error, S3Error::Reqwest(_) | S3Error::Io(_))
}

/// True where the same request may succeed a little later. S3 completes an upload with a status of
/// 200 that it sends early, so there the code tells.
fn is_transient(error: &S3Error) -> bool {
    match error {
        S3Error::HttpFailWithBody(status, body) => {
            matches!(status, 408 | 429 | 500 | 502..=504)
                || matches!(element(body, "Code"), Some("InternalError" | "SlowDown"))
        }
        S3Error::Reqwest(error) => !error.is_builder(),
        S3Error::Io(_) => true,
        _ => false,
    }
}

fn status(error: &S3Error) -> Option<u16> {
    match error {
        S3Error::HttpFailWithBody(status, _) => Some(*status),
        _ => None,
    }
}

/// The code inside a refusal.
fn code(error: &S3Error) -> Option<String> {
    match error {
        S3Error::HttpFailWithBody(_, body) => element(body, "Code").map(str::to_owned),
        _ => None,
    }
}

/// Text of the first element of that name.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(text, _)| text.trim())
}

/// An error with all its causes.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures() -> Failures {
        Failures::new(&S3Config::new("blobs", "AKIAEXAMPLE", "very-secret")).unwrap()
    }

    fn refusal(status: u16, code: &str) -> S3Error {
        let xml = format!(
            "<Error><Code>{code}</Code><Message>no AKIAEXAMPLE</Message>\
             <AWSAccessKeyId>AKIAEXAMPLE</AWSAccessKeyId><StringToSign>very-secret</StringToSign></Error>"
        );
        S3Error::HttpFailWithBody(status, xml)
    }

    #[test]
    fn refusals_become_errors_of_the_domain() {
        let explain = |status, code| failures().explain("write", refusal(status, code));
        assert!(matches!(
            explain(503, "SlowDown"),
            Error::Unavailable {
                what: "storage",
                ..
            }
        ));
        assert!(matches!(
            explain(500, "InternalError"),
            Error::Unavailable { .. }
        ));
        assert!(matches!(
            explain(507, "XMinioStorageFull"),
            Error::StorageFull { .. }
        ));
        assert!(matches!(
            explain(404, "NoSuchUpload"),
            Error::Hidden(Noun::Upload)
        ));
        assert!(matches!(
            explain(403, "AccessDenied"),
            Error::Internal { .. }
        ));
    }

    #[test]
    fn no_error_carries_a_credential() {
        for status in [400, 403, 404, 500] {
            for error in [
                failures().explain("write", refusal(status, "SignatureDoesNotMatch")),
                failures().advise("s3:PutObject", refusal(status, "SignatureDoesNotMatch")),
            ] {
                let text = format!("{error} {error:?}");
                assert!(
                    !text.contains("AKIAEXAMPLE") && !text.contains("very-secret"),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn an_absent_bucket_is_not_an_absent_object() {
        assert!(is_absent(&refusal(404, "NoSuchKey")));
        assert!(is_absent(&S3Error::HttpFailWithBody(404, String::new())));
        assert!(!is_absent(&refusal(404, "NoSuchBucket")));
        assert!(!is_absent(&refusal(403, "AccessDenied")));
    }

    #[test]
    fn the_probe_says_what_to_mend() {
        let advice = |status, code| {
            format!(
                "{:?}",
                failures().advise("s3:PutObject", refusal(status, code))
            )
        };
        assert!(advice(404, "NoSuchBucket").contains("create the bucket"));
        assert!(advice(403, "AccessDenied").contains("allow `s3:PutObject`"));
        assert!(advice(301, "PermanentRedirect").contains("another region"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_bucket_is_asked_three_times() {
        let mut tries = 0;
        let outcome = failures()
            .retrying("write", || {
                tries += 1;
                let busy = tries < 3;
                async move {
                    if busy {
                        Err(refusal(503, "SlowDown"))
                    } else {
                        Ok(())
                    }
                }
            })
            .await;
        assert!(outcome.is_ok());
        assert_eq!(tries, 3);
    }
}
