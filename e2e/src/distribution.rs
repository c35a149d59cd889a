//! The distribution protocol by hand, for what no client can be made to do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;

use crate::world::Account;

/// A client of `/v2` with the token of one account for one repository.
#[derive(Debug, Clone)]
pub struct Distribution {
    http: Client,
    repository: String,
    token: String,
}

/// An open upload as the server named it.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Path and query of its location, without the host, so that it can be used at any replica.
    pub path: String,
    /// Bytes that the server said it holds.
    pub offset: u64,
}

impl Upload {
    /// Reads where an answer says that the upload is.
    pub fn of(answer: &Response) -> Self {
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let location = header("location").expect("an upload has a location");
        // Absolute or relative: the replica is chosen by the test.
        let path = match location.split_once("://") {
            Some((_, rest)) => rest[rest.find('/').expect("a location has a path")..].to_owned(),
            None => location,
        };
        let end = header("range").and_then(|range| range.rsplit('-').next()?.parse::<u64>().ok());
        // `0-0` stands for both no byte and one; uploads of tests never hold exactly one.
        Self {
            path,
            offset: end.filter(|end| *end > 0).map_or(0, |end| end + 1),
        }
    }
}

impl Distribution {
    /// Asks for a token with every right to a repository and with pull from `sources`, which a mount
    /// needs; no account asks anonymously.
    pub async fn new(
        http: Client,
        url: &str,
        account: Option<&Account>,
        repository: &str,
        sources: &[&str],
    ) -> Self {
        let own = format!("repository:{repository}:pull,push,delete");
        let others = sources
            .iter()
            .map(|source| format!("repository:{source}:pull"));
        let scopes: Vec<String> = std::iter::once(own).chain(others).collect();
        let token = token(&http, url, account, &scopes).await;
        Self {
            http,
            repository: repository.to_owned(),
            token,
        }
    }

    /// Its token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The repository.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// A request to a path below `/v2/{repository}/` at the server `url`.
    pub fn request(&self, method: Method, url: &str, path: &str) -> RequestBuilder {
        self.absolute(method, &format!("{url}/v2/{}/{path}", self.repository))
    }

    /// A request to a whole URL, such as a location that the server gave.
    pub fn absolute(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url).bearer_auth(&self.token)
    }

    /// Begins an upload.
    pub async fn begin(&self, url: &str) -> Upload {
        let answer = self
            .request(Method::POST, url, "blobs/uploads/")
            .send()
            .await;
        Upload::of(&expect(answer, StatusCode::ACCEPTED).await)
    }

    /// Sends the next bytes.
    pub async fn append(&self, url: &str, upload_: &Upload, bytes: &[u8]) -> Upload {
        let end = upload_.offset + bytes.len() as u64;
        let request = self.append_request(url, upload_).body(bytes.to_vec());
        let request = request.header(
            "Content-Range",
            format!("{}-{}", upload_.offset, end.saturating_sub(1)),
        );
        let after = Upload::of(&expect(request.send().await, StatusCode::ACCEPTED).await);
        assert_eq!(after.offset, end, "the server acknowledges every byte");
        after
    }

    /// A `PATCH` without a body yet.
    pub fn append_request(&self, url: &str, upload: &Upload) -> RequestBuilder {
        let request = self.absolute(Method::PATCH, &format!("{url}{}", upload.path));
        request.header("Content-Type", "application/octet-stream")
    }

    /// Returns once a running request holds the upload: another one is then told to come back, where
    /// one at a wrong offset is told so before.
    pub async fn wait_until_busy(&self, url: &str, upload: &Upload) {
        loop {
            let beyond = upload.offset + 1;
            let probe = self
                .append_request(url, upload)
                .header("Content-Range", format!("{beyond}-{beyond}"))
                .body("x");
            let answer = probe.send().await.expect("the server answers");
            match answer.status() {
                StatusCode::RANGE_NOT_SATISFIABLE => tokio::task::yield_now().await,
                StatusCode::SERVICE_UNAVAILABLE => return,
                other => panic!("a chunk out of order is answered {other}"),
            }
        }
    }

    /// Asks how far an upload is.
    pub async fn status(&self, url: &str, upload_: &Upload) -> Upload {
        let answer = self
            .absolute(Method::GET, &format!("{url}{}", upload_.path))
            .send()
            .await;
        Upload::of(&expect(answer, StatusCode::NO_CONTENT).await)
    }

    /// Ends an upload with its last bytes.
    pub async fn commit(&self, url: &str, upload: &Upload, bytes: &[u8], digest: &str) -> Response {
        self.commit_request(url, upload, digest)
            .body(bytes.to_vec())
            .send()
            .await
            .expect("the server answers")
    }

    /// A `PUT` without a body yet.
    pub fn commit_request(&self, url: &str, upload: &Upload, digest: &str) -> RequestBuilder {
        let separator = if upload.path.contains('?') { '&' } else { '?' };
        let path = format!("{url}{}{separator}digest={digest}", upload.path);
        self.absolute(Method::PUT, &path)
    }

    /// Pushes a whole blob in one request.
    pub async fn push_blob(&self, url: &str, digest: &str, bytes: &[u8]) {
        let request = self.request(
            Method::POST,
            url,
            &format!("blobs/uploads/?digest={digest}"),
        );
        expect(
            request.body(bytes.to_vec()).send().await,
            StatusCode::CREATED,
        )
        .await;
    }

    /// Pulls a whole blob.
    pub async fn pull_blob(&self, url: &str, digest: &str) -> Vec<u8> {
        let answer = self
            .request(Method::GET, url, &format!("blobs/{digest}"))
            .send()
            .await;
        expect(answer, StatusCode::OK)
            .await
            .bytes()
            .await
            .expect("the blob arrives whole")
            .to_vec()
    }

    /// Pushes a manifest under a tag or its digest.
    pub async fn push_manifest(
        &self,
        url: &str,
        reference: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Response {
        let request = self.request(Method::PUT, url, &format!("manifests/{reference}"));
        let request = request
            .header("Content-Type", media_type)
            .body(bytes.to_vec());
        request.send().await.expect("the server answers")
    }

    /// The status of a manifest's `GET`.
    pub async fn manifest_status(&self, url: &str, reference: &str) -> StatusCode {
        let request = self.request(Method::GET, url, &format!("manifests/{reference}"));
        request.send().await.expect("the server answers").status()
    }
}

/// Asks the token endpoint for scopes.
pub async fn token(
    http: &Client,
    url: &str,
    account: Option<&Account>,
    scopes: &[String],
) -> String {
    let challenge = http
        .get(format!("{url}/v2/"))
        .send()
        .await
        .expect("the server answers");
    assert_eq!(
        challenge.status(),
        StatusCode::UNAUTHORIZED,
        "`/v2/` challenges"
    );
    let header = challenge
        .headers()
        .get("www-authenticate")
        .and_then(|value| value.to_str().ok());
    let header = header
        .expect("a challenge says how to authenticate")
        .to_owned();
    let service = header
        .split("service=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let service = service.expect("a challenge names its service");
    let scopes = scopes.iter().map(|scope| ("scope", scope.as_str()));
    let query = std::iter::once(("service", service)).chain(scopes);
    let address = Url::parse_with_params(&format!("{url}/v2/auth"), query).expect("a URL");
    let mut request = http.get(address);
    if let Some(account) = account {
        let basic = STANDARD.encode(format!("{}:{}", account.name, account.password));
        request = request.header("Authorization", format!("Basic {basic}"));
    }
    let answer: Value = expect(request.send().await, StatusCode::OK)
        .await
        .json()
        .await
        .expect("JSON");
    answer["token"]
        .as_str()
        .expect("the answer holds a token")
        .to_owned()
}

async fn expect(answer: reqwest::Result<Response>, status: StatusCode) -> Response {
    let answer = answer.expect("the server answers");
    if answer.status() == status {
        return answer;
    }
    let (url, got) = (answer.url().clone(), answer.status());
    panic!(
        "{url} answered {got}, not {status}: {}",
        answer.text().await.unwrap_or_default()
    )
}
