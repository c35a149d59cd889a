//! HTTP/2 frame by frame, for clients that no library would let one be, and what becomes of those that flood.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use berth_server::connections::Limits;
use reqwest::{Client, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::connections::{Listening, listen_with};

/// Longest wait for what the server does in the end.
const PATIENCE: Duration = Duration::from_secs(20);
/// Requests that one connection may have open at the same time.
const STREAMS_MAX: usize = 256;
/// A frame is no longer than this unless the other side allows it.
const FRAME_BYTES_MAX: usize = 16_384;
/// What a client may be sent before it says that it has read it: more than any answer here.
const WINDOW_BYTES: u32 = 1 << 20;

/// Kinds of frames.
pub(crate) const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame that came.
pub(crate) struct Frame {
    pub(crate) kind: u8,
    flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// Whether it ends its stream.
    pub(crate) fn is_last(&self) -> bool {
        let ends = matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0;
        ends || self.kind == RST_STREAM
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length.to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Headers as literals, which no table of the other side has to keep.
fn block(headers: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in headers {
        bytes.push(0);
        for text in [name, value] {
            length(&mut bytes, text.len());
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// The length of a text, with a prefix of seven bits.
fn length(bytes: &mut Vec<u8>, length: usize) {
    if let Some(short) = u8::try_from(length).ok().filter(|short| *short < 127) {
        bytes.push(short);
        return;
    }
    bytes.push(127);
    let mut rest = length - 127;
    while rest >= 128 {
        bytes.push(u8::try_from(rest % 128).unwrap() | 128);
        rest /= 128;
    }
    bytes.push(u8::try_from(rest).unwrap());
}

/// A connection.
pub(crate) struct Connection(TcpStream);

impl Connection {
    /// Opens one, and lets the server send as much as it has.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let window = WINDOW_BYTES.to_be_bytes();
        // `SETTINGS_INITIAL_WINDOW_SIZE` for each stream, and the same for all of them.
        bytes.extend(frame(SETTINGS, 0, 0, &[&[0, 4][..], &window].concat()));
        bytes.extend(frame(WINDOW_UPDATE, 0, 0, &window));
        stream.write_all(&bytes).await.unwrap();
        Self(stream)
    }

    /// Sends frames; false once the server takes no more.
    async fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok()
    }

    /// Sends the head of a request, and so many bytes of its body. Without the last of them the request stays open.
    pub(crate) async fn request(
        &mut self,
        stream: u32,
        headers: &[(&str, &str)],
        body: &[u8],
        sent: usize,
    ) -> bool {
        let end = |is_last| if is_last { END_STREAM } else { 0 };
        let flags = END_HEADERS | end(body.is_empty());
        let mut bytes = frame(HEADERS, flags, stream, &block(headers));
        let sent = sent.min(body.len());
        let mut left = body.len();
        for chunk in body[..sent].chunks(FRAME_BYTES_MAX) {
            left -= chunk.len();
            bytes.extend(frame(DATA, end(left == 0), stream, chunk));
        }
        self.send(&bytes).await
    }

    /// Takes a request back, and waits until the server has seen that.
    pub(crate) async fn reset(&mut self, stream: u32) {
        let mut bytes = frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes());
        bytes.extend(frame(PING, 0, 0, b"and then"));
        if !self.send(&bytes).await {
            return;
        }
        while let Some(frame) = self.next().await {
            if frame.kind == PING && frame.flags == ACK {
                break;
            }
        }
    }

    /// The next frame; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap();
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await.ok()?;
        Some(Frame {
            kind,
            flags,
            stream: u32::from_be_bytes(stream),
            payload,
        })
    }
}

/// The first headers of a request for `/held`.
const HELD: [(&str, &str); 4] = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/held"),
    (":authority", "reg.test"),
];

/// How many requests run, and ran at the same time at most.
#[derive(Default)]
struct Running {
    now: AtomicUsize,
    most: AtomicUsize,
    begun: AtomicUsize,
}

/// Counts a request until it is let go.
struct Counted(Arc<Running>);

impl Counted {
    fn new(running: &Arc<Running>) -> Self {
        running.begun.fetch_add(1, Ordering::SeqCst);
        let now = running.now.fetch_add(1, Ordering::SeqCst) + 1;
        running.most.fetch_max(now, Ordering::SeqCst);
        Self(Arc::clone(running))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Running {
    async fn becomes(&self, count: usize) {
        let becomes = async {
            while self.now.load(Ordering::SeqCst) != count {
                tokio::task::yield_now().await;
            }
        };
        let became = tokio::time::timeout(PATIENCE, becomes).await;
        became.unwrap_or_else(|_| panic!("{} run, not {count}", self.now.load(Ordering::SeqCst)));
    }
}

/// A server on which `/held` is answered never, and `/` at once.
async fn server() -> (Listening, Arc<Running>) {
    let running = Arc::new(Running::default());
    let held = {
        let running = Arc::clone(&running);
        move || async move {
            let _counted = Counted::new(&running);
            std::future::pending::<()>().await;
        }
    };
    let app = Router::new()
        .route("/held", any(held))
        .route("/", any(async || "served"));
    (listen_with(app, Limits::default(), None).await, running)
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().http2_prior_knowledge();
    client.build().unwrap()
}

/// Others are served, whatever somebody does on a connection of its own.
async fn serves_others(server: &Listening) {
    let url = format!("http://{}/", server.address);
    let asked = tokio::time::timeout(PATIENCE, client().get(url).send());
    let answer = asked.await.expect("others are served").unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

/// Sends until the server ends the connection, and tells how many bytes it took; fails where it takes all.
async fn flood(server: &Listening, mut next: impl FnMut(u32) -> Vec<u8>) -> usize {
    const FRAMES_MAX: u32 = 50_000;
    let connection = Connection::open(server.address).await;
    let (mut reader, mut writer) = connection.0.into_split();
    // Answers are read, or the server would wait for that.
    let read =
        tokio::spawn(async move { tokio::io::copy(&mut reader, &mut tokio::io::sink()).await });
    let mut bytes = 0;
    let sent = async {
        for number in 0..FRAMES_MAX {
            let frames = next(number);
            bytes += frames.len();
            if writer.write_all(&frames).await.is_err() {
                return true;
            }
        }
        false
    };
    let was_ended = tokio::time::timeout(PATIENCE, sent).await;
    assert!(was_ended.expect("it goes on"), "the server took all of it");
    let ended = tokio::time::timeout(PATIENCE, read).await;
    let _ = ended.expect("the connection ends").unwrap();
    serves_others(server).await;
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_headers_that_is_too_long_is_refused_on_its_stream_alone() {
    let (server, running) = server().await;
    let (client, url) = (client(), format!("http://{}/held", server.address));
    for (name, value, times) in [
        ("x-long", "x".repeat(90_000), 1),
        ("x-many", "x".repeat(100), 800),
    ] {
        let mut request = client.get(&url);
        for _ in 0..times {
            request = request.header(name, &value);
        }
        let asked = tokio::time::timeout(PATIENCE, request.send()).await;
        let answer = asked.expect("it is answered").unwrap();
        assert_eq!(
            answer.status(),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "{name}"
        );
        // The same connection goes on.
        let answer = client
            .get(format!("http://{}/", server.address))
            .send()
            .await;
        assert_eq!(answer.unwrap().status(), StatusCode::OK, "{name}");
    }
    assert_eq!(
        running.begun.load(Ordering::SeqCst),
        0,
        "none of it was begun"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_without_end_end_their_connection() {
    let (server, running) = server().await;
    let begin = |number: u32| match number {
        0 => frame(HEADERS, 0, 1, &block(&HELD)),
        _ => Vec::new(),
    };
    // Nothing at all, headers without end, and one header that never ends.
    let header = block(&[("x-many", &"x".repeat(90))]);
    let full = header.repeat(FRAME_BYTES_MAX / header.len());
    let mut endless = vec![0, 6];
    endless.extend(b"x-long");
    length(&mut endless, 1 << 30);
    for payload in [Vec::new(), full, b"x".repeat(FRAME_BYTES_MAX)] {
        let bytes = flood(&server, |number| {
            let mut frames = begin(number);
            if number == 0 && payload.starts_with(b"xx") {
                frames.extend(frame(CONTINUATION, 0, 1, &endless));
            }
            frames.extend(frame(CONTINUATION, 0, 1, &payload));
            frames
        });
        let bytes = bytes.await;
        assert!(bytes < 32 << 20, "{bytes} bytes of {payload:.10?}");
    }
    // A header that the server is to remember, and then again and again by its number.
    let mut packed = block(&HELD);
    packed.extend([0x40, 6]);
    packed.extend(b"x-many");
    length(&mut packed, 3_900);
    packed.extend(b"x".repeat(3_900));
    packed.extend([0xbe; 12_000]);
    flood(&server, |number| {
        let flags = END_HEADERS | END_STREAM;
        frame(HEADERS, flags, number * 2 + 1, &packed)
    })
    .await;
    assert_eq!(
        running.begun.load(Ordering::SeqCst),
        0,
        "no request came about"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_requests_that_are_taken_back_ends_its_connection() {
    const BURST: u32 = 500;
    let (server, running) = server().await;
    let opened = frame(HEADERS, END_HEADERS | END_STREAM, 0, &block(&HELD));
    let on = |stream: u32, frame: &[u8]| {
        let mut frame = frame.to_vec();
        frame[5..9].copy_from_slice(&stream.to_be_bytes());
        frame
    };
    let taken_back = frame(RST_STREAM, 0, 0, &8_u32.to_be_bytes());
    // What may not come any more makes the server take the request back itself.
    let too_late = frame(DATA, 0, 0, b"x");
    for second in [taken_back, too_late] {
        flood(&server, |number| {
            let streams = (number * BURST..(number + 1) * BURST).map(|n| n * 2 + 1);
            let pairs = streams.flat_map(|stream| [on(stream, &opened), on(stream, &second)]);
            pairs.collect::<Vec<_>>().concat()
        })
        .await;
        running.becomes(0).await;
    }
    let most = running.most.load(Ordering::SeqCst);
    assert!(most <= STREAMS_MAX, "{most} ran at the same time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_taken_back_is_let_go_and_only_so_many_run() {
    let (server, running) = server().await;
    let mut connection = Connection::open(server.address).await;
    // Slowly enough to look honest: each is begun before it is taken back.
    for round in 0..100 {
        for stream in 0..10 {
            assert!(
                connection
                    .request(round * 20 + stream * 2 + 1, &HELD, b"", 0)
                    .await
            );
        }
        running.becomes(10).await;
        for stream in 0..10 {
            connection.reset(round * 20 + stream * 2 + 1).await;
        }
        running.becomes(0).await;
    }
    assert_eq!(running.begun.load(Ordering::SeqCst), 1_000);
    // All at once: what is beyond the limit is refused.
    let mut connection = Connection::open(server.address).await;
    for stream in 0..1_000 {
        connection.request(stream * 2 + 1, &HELD, b"", 0).await;
    }
    running.becomes(STREAMS_MAX).await;
    let refused = async {
        let mut refused = 0;
        while refused < 1_000 - STREAMS_MAX {
            let Some(frame) = connection.next().await else {
                break;
            };
            if frame.kind == GOAWAY {
                break;
            }
            refused += usize::from(frame.kind == RST_STREAM);
        }
    };
    tokio::time::timeout(PATIENCE, refused)
        .await
        .expect("the others are refused");
    assert_eq!(running.most.load(Ordering::SeqCst), STREAMS_MAX);
    serves_others(&server).await;
    drop(connection);
    running.becomes(0).await;
}
