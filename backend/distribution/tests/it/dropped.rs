//! Clients that go away in the middle of a request or of its answer, over real connections.

use std::net::SocketAddr;
use std::time::Duration;

use berth_domain::Digest;
use berth_http::address::Addresses;
use berth_testkit::{PASSWORD, TestImage, db_test};
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::client::{Client, HOST};

const APP: &str = "ann/app";
/// Connections that break, at any byte of what is sent or of what is answered.
const DROPS: u64 = 1_000;
/// A layer: several chunks of a body, of a read from storage and of a socket's buffer.
const LAYER_BYTES: usize = 300_000;

/// Longest wait for the server's end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Numbers that look random and are the same in each run (a linear congruence of Knuth's).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// What is sent, and how many bytes of its answer there are.
struct Exchange {
    request: Vec<u8>,
    answer_bytes: usize,
}

fn request(method: &str, path: &str, token: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Sends a part of a request, or all of it and reads a part of the answer, and goes away.
async fn part(address: SocketAddr, exchange: &Exchange, bytes: usize) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let sent = bytes.min(exchange.request.len());
    // The server may have refused what came so far.
    if stream.write_all(&exchange.request[..sent]).await.is_err() {
        return;
    }
    let mut left = bytes - sent;
    let mut buffer = [0; 8192];
    while left > 0 {
        let wanted = left.min(buffer.len());
        match stream.read(&mut buffer[..wanted]).await {
            Ok(0) | Err(_) => break,
            Ok(read) => left -= read,
        }
    }
    if left == 0 && bytes.is_multiple_of(2) {
        // Without a farewell.
        let _ = stream.set_zero_linger();
    }
}

db_test!(
    async fn clients_may_go_away_at_any_byte(t: TestRegistry) {
        t.user("ann").await;
        let client = Client::of(t, "ann", APP).await;
        let image = TestImage::new(7);
        let ann = t.login("ann", PASSWORD).await;
        t.push(&ann, "ann/app:kept", &image).await;
        let layer = Bytes::from(vec![7; LAYER_BYTES]);
        let kept = Digest::of(&layer);
        client.push_blob(APP, &layer).await.is(201);

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let addresses = Addresses::new(&t.services.settings().registry);
        let router = berth_distribution::router(t.services.clone(), addresses);
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(listener, router).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let server = tokio::spawn(server.into_future());

        let token = client.token().to_owned();
        let mut dice = Dice(1);
        let mut pushed = Vec::new();
        for number in 0..DROPS {
            let content: Vec<u8> = number
                .to_le_bytes()
                .into_iter()
                .cycle()
                .take(1_000 + dice.below(60_000))
                .collect();
            let digest = Digest::of(&content);
            let uploads = format!("/v2/{APP}/blobs/uploads/");
            let exchange = match number % 5 {
                0 => {
                    let path = format!("{uploads}?digest={digest}");
                    Exchange {
                        request: request("POST", &path, &token, &content),
                        answer_bytes: 100,
                    }
                }
                1 | 2 => {
                    let begun = client.send("POST", &uploads, &[], "").await;
                    let location = begun.is(202).header("location");
                    let (method, path) = if number % 5 == 1 {
                        ("PATCH", location.to_owned())
                    } else {
                        ("PUT", format!("{location}?digest={digest}"))
                    };
                    Exchange {
                        request: request(method, &path, &token, &content),
                        answer_bytes: 100,
                    }
                }
                3 => {
                    let path = format!("/v2/{APP}/manifests/kept");
                    Exchange {
                        request: request("PUT", &path, &token, &image.manifest),
                        answer_bytes: 100,
                    }
                }
                _ => {
                    let path = format!("/v2/{APP}/blobs/{kept}");
                    Exchange {
                        request: request("GET", &path, &token, b""),
                        answer_bytes: LAYER_BYTES,
                    }
                }
            };
            let bytes = 1 + dice.below(exchange.request.len() + exchange.answer_bytes);
            part(address, &exchange, bytes).await;
            if number % 5 < 3 {
                pushed.push(content);
            }
        }
        // It ends once every handler has learned that its client is gone.
        stop.send(()).unwrap();
        let ended = tokio::time::timeout(PATIENCE, server).await;
        ended.expect("no handler waits for ever").unwrap().unwrap();

        // What was there is as it was, and the same pushes succeed.
        client
            .get(&format!("/v2/{APP}/manifests/kept"))
            .await
            .is(200);
        let answer = client.get(&format!("/v2/{APP}/blobs/{kept}")).await;
        assert_eq!(answer.is(200).body, layer);
        t.clock.advance(Duration::from_secs(16));
        for content in pushed.into_iter().step_by(10) {
            client.push_blob(APP, &Bytes::from(content)).await.is(201);
        }

        // Nothing is left once the repository is gone.
        let path = berth_testkit::path_of(APP);
        let repositories = &t.services.repositories;
        let id = repositories
            .by_path(&ann, &path)
            .await
            .unwrap()
            .repository
            .id;
        let all = berth_services::many::Selection::Items(std::slice::from_ref(&id));
        repositories.delete(&ann, all).await.unwrap();
        let workers = t.services.workers();
        workers.prepare().await.unwrap();
        for _ in 0..3 {
            t.clock.advance(Duration::from_hours(100));
            for kind in [
                "upload_sweep",
                "repository_removal",
                "collection",
                "orphan_sweep",
                "object_sweep",
            ] {
                assert!(workers.run_kind_if_due(kind).await.unwrap(), "{kind} ran");
            }
        }
        let left = t.storage.list(None, 10).await.unwrap();
        assert!(left.is_empty(), "{left:?}");
    }
);
