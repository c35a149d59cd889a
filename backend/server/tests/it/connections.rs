//! Connections over real sockets: TLS, and clients that waste them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::get;
use berth_server::connections::{Certificate, Limits, serve};
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Client, Version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::server::{Server, berth, run};

/// Long enough for a request, short enough to wait for.
const SHORT: Limits = Limits {
    begin: Duration::from_millis(300),
    head: Duration::from_millis(300),
    stall: Duration::from_millis(300),
};

/// A listening server; its stop and its task.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) served: AbortOnDropHandle<()>,
}

async fn listen(limits: Limits, certificate: Option<Certificate>) -> Listening {
    let endless = || {
        Body::from_stream(futures::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(vec![0_u8; 65_536])
        }))
    };
    let app = Router::new()
        .route(
            "/",
            get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()),
        )
        .route("/endless", get(async move || endless()));
    listen_with(app, limits, certificate).await
}

/// Lets a server of the product's own listen on a free port.
pub(crate) async fn listen_with(
    app: Router,
    limits: Limits,
    certificate: Option<Certificate>,
) -> Listening {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let served = tokio::spawn({
        let stop = stop.clone();
        async move { serve(listener, app, certificate.map(Arc::new), limits, &stop).await }
    });
    Listening {
        address,
        stop,
        served: AbortOnDropHandle::new(served),
    }
}

/// Writes a new certificate for `localhost` and its key; returns the certificate as PEM.
fn write_certificate(folder: &Path) -> String {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let pem = certificate.self_signed(&key).unwrap().pem();
    std::fs::write(folder.join("ssl.cert"), &pem).unwrap();
    std::fs::write(folder.join("ssl.key"), key.serialize_pem()).unwrap();
    pem
}

fn client(trusted: &str) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let trusted = reqwest::Certificate::from_pem(trusted.as_bytes()).unwrap();
    let client = Client::builder().no_proxy().tls_certs_only([trusted]);
    client.pool_max_idle_per_host(0).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_offers_both_versions_of_http_and_takes_a_new_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_certificate(folder.path());
    let files = ["ssl.cert", "ssl.key"].map(|name| folder.path().join(name));
    let certificate = Certificate::read(&files[0], &files[1]).unwrap();
    let server = listen(Limits::default(), Some(certificate)).await;
    let url = format!("https://localhost:{}/", server.address.port());
    let answer = client(&first).get(&url).send().await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    assert_eq!(answer.text().await.unwrap(), "127.0.0.1");
    let trusted = reqwest::Certificate::from_pem(first.as_bytes()).unwrap();
    let old = Client::builder()
        .no_proxy()
        .tls_certs_only([trusted])
        .http1_only()
        .build()
        .unwrap();
    assert_eq!(
        old.get(&url).send().await.unwrap().version(),
        Version::HTTP_11
    );

    // A half-written pair changes nothing; the whole one is taken without a restart.
    std::fs::write(&files[1], "not written yet").unwrap();
    client(&first).get(&url).send().await.unwrap();
    let second = write_certificate(folder.path());
    let taken = tokio::time::timeout(Duration::from_secs(20), async {
        while client(&second).get(&url).send().await.is_err() {
            tokio::task::yield_now().await;
        }
    });
    taken.await.expect("the new certificate is taken");
    client(&first).get(&url).send().await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_only_hold_a_connection_lose_it() {
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path());
    let files = ["ssl.cert", "ssl.key"].map(|name| folder.path().join(name));
    let plain = listen(SHORT, None).await;
    let tls = listen(
        SHORT,
        Some(Certificate::read(&files[0], &files[1]).unwrap()),
    )
    .await;
    for (what, server, said) in [
        ("nothing", &plain, ""),
        ("half of what HTTP/2 begins with", &plain, "PRI * HTTP/2"),
        (
            "half a head",
            &plain,
            "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        ),
        (
            "a whole request, and then no other",
            &plain,
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ),
        ("nothing, where TLS is spoken", &tls, ""),
        (
            "no TLS, where TLS is spoken",
            &tls,
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer));
        let _ = closed
            .await
            .unwrap_or_else(|_| panic!("still open after {what}"));
        let is_answered = String::from_utf8_lossy(&answer).contains("200 OK");
        assert_eq!(is_answered, what.starts_with("a whole"), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_headers_is_refused() {
    let server = listen(Limits::default(), None).await;
    let many = "X-Many: 1\r\n".repeat(500);
    let long = format!("X-Long: {}\r\n", "x".repeat(1 << 20));
    for flood in [many, long] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{flood}\r\n");
        // The server may close before it has read all of it.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = vec![0; 64];
        let count = stream.read(&mut answer).await.unwrap_or_default();
        let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
            "{answer}"
        );
    }
    let answer = TcpStream::connect(server.address).await;
    assert!(answer.is_ok(), "others are served");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_no_bytes_loses_its_connection() {
    let server = listen(SHORT, None).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    // Nothing is read until the server, which cannot send on, has ended the connection.
    let ended = tokio::time::timeout(Duration::from_secs(20), async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    ended.await.expect("the server gives up");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_idle_connections_at_once() {
    let server = listen(Limits::default(), None).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    assert!(idle.read(&mut [0; 1024]).await.unwrap() > 0);
    server.stop.cancel();
    tokio::time::timeout(Duration::from_secs(20), server.served)
        .await
        .expect("it ends")
        .unwrap();
}

#[test]
fn a_certificate_that_is_of_no_use_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write_certificate(path);
    std::fs::rename(path.join("ssl.key"), path.join("other.key")).unwrap();
    write_certificate(path);
    std::fs::write(path.join("berth.yaml"), "PREFERRED_URL_SCHEME: https\n").unwrap();
    let refused = |keys: &[(&str, &str)]| {
        let mut serve = berth(path);
        let (output, said) = run(
            serve
                .args(["serve", "--listen", "127.0.0.1:0"])
                .envs(keys.iter().copied()),
            "",
        );
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(!path.join("data").exists(), "nothing is made");
        said
    };
    for (certificate, key, part) in [
        (
            "none",
            "ssl.key",
            "`TLS_CERTIFICATE`: `none` cannot be read",
        ),
        (
            "ssl.key",
            "ssl.key",
            "`TLS_CERTIFICATE`: `ssl.key` holds no certificate",
        ),
        (
            "ssl.cert",
            "ssl.cert",
            "`TLS_CERTIFICATE`: `ssl.cert` holds no usable key",
        ),
        (
            "ssl.cert",
            "other.key",
            "`TLS_CERTIFICATE`: `ssl.cert` and `other.key` do not fit together",
        ),
    ] {
        let said = refused(&[
            ("BERTH_PREFERRED_URL_SCHEME", "https"),
            ("BERTH_TLS_CERTIFICATE", certificate),
            ("BERTH_TLS_KEY", key),
        ]);
        assert!(
            said.contains(part) && said.contains("hint: name PEM files"),
            "{said}"
        );
    }
    let said = refused(&[("BERTH_TLS_CERTIFICATE", "ssl.cert")]);
    assert!(
        said.contains("`TLS_KEY`: missing, since `TLS_CERTIFICATE` is set"),
        "{said}"
    );
    assert!(
        said.contains("`PREFERRED_URL_SCHEME`: expected `https`"),
        "{said}"
    );
    std::fs::remove_file(path.join("ssl.key")).unwrap();
    let said = refused(&[("BERTH_CONFIG", "berth.yaml")]);
    assert!(
        said.contains("`PREFERRED_URL_SCHEME`: `ssl.key` holds no usable key"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_beside_the_configuration_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = write_certificate(folder.path());
    std::fs::write(
        folder.path().join("berth.yaml"),
        "PREFERRED_URL_SCHEME: https\n",
    )
    .unwrap();
    let command = || {
        let mut command = berth(folder.path());
        command.env("BERTH_CONFIG", folder.path().join("berth.yaml"));
        command
    };
    let server = Server::start(&mut command());
    let url = format!("https://localhost:{}/health/ready", server.address.port());
    let answer = client(&certificate).get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    drop(server);
    let plain = Server::start(command().env("BERTH_EXTERNAL_TLS_TERMINATION", "true"));
    assert_eq!(plain.get("/health/ready").0, 200);
}
