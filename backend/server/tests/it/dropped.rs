//! Clients that go away in the middle of a request or of its answer, over real connections: half of them close
//! theirs, and half take back a request of HTTP/2.

use std::net::SocketAddr;
use std::time::Duration;

use berth_domain::Digest;
use berth_server::connections::Limits;
use berth_server::drain::Drain;
use berth_testkit::{PASSWORD, TestImage, db_test};
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::connections::listen_with;
use crate::http2::{Connection, DATA};
use crate::registry::{HOST, Site, remove_all};

const APP: &str = "ann/app";
/// Transfers that break, at any byte of what is sent or of what is answered.
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
    method: &'static str,
    path: String,
    bearer: String,
    body: Bytes,
    answer_bytes: usize,
}

impl Exchange {
    /// Sends a part of the request, or all of it and reads a part of the answer, and goes away.
    async fn part(&self, address: SocketAddr, dice: &mut Dice) {
        let mut request = format!(
            "{} {} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: {}\r\n\
             Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            self.method,
            self.path,
            self.bearer,
            self.body.len()
        )
        .into_bytes();
        request.extend_from_slice(&self.body);
        let bytes = 1 + dice.below(request.len() + self.answer_bytes);
        let mut stream = TcpStream::connect(address).await.unwrap();
        let sent = bytes.min(request.len());
        // The server may have refused what came so far.
        if stream.write_all(&request[..sent]).await.is_err() {
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

    /// Does the same in a stream of HTTP/2, which it takes back on a connection that stays.
    async fn part_of_stream(&self, address: SocketAddr, dice: &mut Dice) {
        let length = self.body.len().to_string();
        let headers = [
            (":method", self.method),
            (":scheme", "http"),
            (":path", &self.path),
            (":authority", HOST),
            ("authorization", &self.bearer),
            ("content-type", "application/octet-stream"),
            ("content-length", &length),
        ];
        let bytes = dice.below(self.body.len() + self.answer_bytes);
        let mut connection = Connection::open(address).await;
        let sent = bytes.min(self.body.len());
        let mut left = bytes - sent;
        assert!(connection.request(1, &headers, &self.body, sent).await);
        while left > 0 {
            let Some(frame) = connection.next().await else {
                panic!("the connection has ended");
            };
            if frame.stream == 1 && frame.kind == DATA {
                left = left.saturating_sub(frame.payload.len());
            }
            if frame.stream == 1 && frame.is_last() {
                break;
            }
        }
        connection.reset(1).await;
    }
}

db_test!(
    async fn clients_may_go_away_at_any_byte(t: TestRegistry) {
        t.user("ann").await;
        let drain = Drain::default();
        let site = Site::new(t, APP, &drain).await;
        let image = TestImage::new(7);
        let ann = t.login("ann", PASSWORD).await;
        t.push(&ann, "ann/app:kept", &image).await;
        let layer = Bytes::from(vec![7; LAYER_BYTES]);
        let kept = Digest::of(&layer);
        site.push_blob(APP, layer.clone()).await;

        let server = listen_with(site.router.clone(), Limits::default(), None).await;
        let mut dice = Dice(1);
        let mut pushed = Vec::new();
        for number in 0..DROPS {
            let content: Vec<u8> = number
                .to_le_bytes()
                .into_iter()
                .cycle()
                .take(1_000 + dice.below(60_000))
                .collect();
            let content = Bytes::from(content);
            let digest = Digest::of(&content);
            let exchange = |method, path, body, answer_bytes| Exchange {
                method,
                path,
                bearer: format!("Bearer {}", site.token),
                body,
                answer_bytes,
            };
            let exchange = match number % 5 {
                0 => {
                    let path = format!("/v2/{APP}/blobs/uploads/?digest={digest}");
                    exchange("POST", path, content.clone(), 100)
                }
                1 => exchange("PATCH", site.begin_upload(APP).await, content.clone(), 100),
                2 => {
                    let path = format!("{}?digest={digest}", site.begin_upload(APP).await);
                    exchange("PUT", path, content.clone(), 100)
                }
                3 => {
                    let path = format!("/v2/{APP}/manifests/kept");
                    exchange("PUT", path, image.manifest.clone(), 100)
                }
                _ => {
                    let path = format!("/v2/{APP}/blobs/{kept}");
                    exchange("GET", path, Bytes::new(), LAYER_BYTES)
                }
            };
            // Five kinds of transfers by two ways to go away.
            if number % 2 == 0 {
                exchange.part(server.address, &mut dice).await;
            } else {
                exchange.part_of_stream(server.address, &mut dice).await;
            }
            if number % 5 < 3 {
                pushed.push(content);
            }
        }
        // It ends once every handler has learned that its client is gone.
        assert_eq!(drain.finish(PATIENCE).await, 0, "no handler waits for ever");
        server.stop.cancel();
        let ended = tokio::time::timeout(PATIENCE, server.served).await;
        ended.expect("no connection stays").unwrap();

        // What was there is as it was, and the same pushes succeed.
        let site = Site::new(t, APP, &Drain::default()).await;
        let path = format!("/v2/{APP}/manifests/kept");
        site.get(&path).await;
        let path = format!("/v2/{APP}/blobs/{kept}");
        assert_eq!(site.get(&path).await, layer);
        t.clock.advance(Duration::from_secs(16));
        for content in pushed {
            site.push_blob(APP, content).await;
        }

        // Nothing is left once the repository is gone.
        remove_all(t, &ann, APP).await;
    }
);
