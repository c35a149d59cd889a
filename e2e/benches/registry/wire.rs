//! HTTP/1.1 over one kept connection, as cheap as it can be: on a small machine the load comes from the same
//! cores as the answers.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for bytes of an answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a reader that may stop at any time waits for bytes.
const BLINK: Duration = Duration::from_millis(50);
/// Longest head of an answer.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// A connection to one server.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What was answered; the body stays in the connection's buffer.
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Value of `Location`.
    pub(crate) location: Option<String>,
    /// Length of the body.
    pub(crate) body_bytes: u64,
}

/// What happens to the bytes of a body as they come.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(&[u8]);

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket takes options");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a socket takes options");
        Self {
            stream,
            buffer: vec![0; 256 * 1024],
        }
    }

    /// Sends a request without a body.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        sink: Sink<'_>,
    ) -> Answer {
        self.send(method, path, headers, &[], sink)
    }

    /// Sends a request with the parts of a body, one behind the other.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[&[u8]],
        sink: Sink<'_>,
    ) -> Answer {
        self.begin(method, path, headers, body);
        self.answer(method, sink)
    }

    /// Sends it and does not read the answer.
    pub(crate) fn begin(&mut self, method: &str, path: &str, headers: &str, body: &[&[u8]]) {
        let length: usize = body.iter().map(|part| part.len()).sum();
        let framing = if body.is_empty() && matches!(method, "GET" | "HEAD") {
            String::new()
        } else {
            format!("Content-Length: {length}\r\n")
        };
        let head = format!("{method} {path} HTTP/1.1\r\nHost: bench\r\n{headers}{framing}\r\n");
        self.stream
            .write_all(head.as_bytes())
            .expect("the server takes requests");
        for part in body {
            self.stream
                .write_all(part)
                .expect("the server takes the body");
        }
    }

    /// Reads an answer to the end of its body.
    pub(crate) fn answer(&mut self, method: &str, sink: Sink<'_>) -> Answer {
        let (mut filled, head_bytes) = self.head();
        let head = String::from_utf8_lossy(&self.buffer[..head_bytes]).into_owned();
        let header = |name: &str| {
            head.lines().skip(1).find_map(|line| {
                let (found, value) = line.split_once(':')?;
                found
                    .eq_ignore_ascii_case(name)
                    .then(|| value.trim().to_owned())
            })
        };
        let status: u16 = head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or_else(|| panic!("not an answer: {head}"));
        let length = header("content-length").and_then(|text| text.parse().ok());
        let is_chunked = header("transfer-encoding").is_some();
        let body_bytes = if method == "HEAD" || status == 204 || status == 304 {
            0
        } else if is_chunked {
            self.buffer.copy_within(head_bytes..filled, 0);
            self.chunks(filled - head_bytes, sink)
        } else {
            let length: u64 = length.unwrap_or_else(|| panic!("a body without a length: {head}"));
            let mut left = length;
            let mut from = head_bytes;
            loop {
                let here = (filled - from) as u64;
                assert!(here <= left, "more bytes than announced");
                sink(&self.buffer[from..filled]);
                left -= here;
                if left == 0 {
                    break length;
                }
                from = 0;
                filled = self.read(0);
            }
        };
        Answer {
            status,
            location: header("location"),
            body_bytes,
        }
    }

    /// Reads and forgets bytes of an answer while `wanted`, at most to its end.
    pub(crate) fn drain(&mut self, wanted: impl Fn() -> bool) {
        self.stream
            .set_read_timeout(Some(BLINK))
            .expect("a socket takes options");
        while wanted() {
            match self.stream.read(&mut self.buffer) {
                Ok(0) => break,
                Err(error)
                    if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    break;
                }
                _ => {}
            }
        }
    }

    /// Sends a `PATCH` that announces so many bytes, and then only `sent_bytes` of them, or as many as
    /// are taken.
    pub(crate) fn send_part(
        &mut self,
        path: &str,
        headers: &str,
        announced_bytes: usize,
        piece: &[u8],
        sent_bytes: usize,
    ) {
        let head = format!(
            "PATCH {path} HTTP/1.1\r\nHost: bench\r\n{headers}Content-Type: application/octet-stream\r\n\
             Content-Length: {announced_bytes}\r\n\r\n"
        );
        let mut sent = self.stream.write_all(head.as_bytes());
        for _ in 0..sent_bytes / piece.len() {
            sent = sent.and_then(|()| self.stream.write_all(piece));
        }
        sent.expect("the server takes the body");
    }

    /// Reads until a whole head is there; says how much is, and where the head ends.
    fn head(&mut self) -> (usize, usize) {
        let mut filled = 0;
        loop {
            filled += self.read(filled);
            let end = self.buffer[..filled.min(HEAD_BYTES_MAX)]
                .windows(4)
                .position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                return (filled, end + 4);
            }
            assert!(filled < HEAD_BYTES_MAX, "a head without end");
        }
    }

    /// Reads a chunked body whose first `filled` bytes are in the buffer.
    fn chunks(&mut self, mut filled: usize, sink: Sink<'_>) -> u64 {
        let mut total = 0;
        loop {
            let line = loop {
                let end = self.buffer[..filled]
                    .windows(2)
                    .position(|two| two == b"\r\n");
                match end {
                    Some(end) => break end,
                    None => filled += self.read(filled),
                }
            };
            let text = String::from_utf8_lossy(&self.buffer[..line]).into_owned();
            let mut left = usize::from_str_radix(text.split(';').next().unwrap_or("").trim(), 16)
                .expect("a chunk has a length");
            self.buffer.copy_within(line + 2..filled, 0);
            filled -= line + 2;
            let is_last = left == 0;
            total += left as u64;
            // The bytes, then the line end behind them.
            left += 2;
            while left > 0 {
                let here = filled.min(left);
                let payload = here.min(left.saturating_sub(2));
                sink(&self.buffer[..payload]);
                self.buffer.copy_within(here..filled, 0);
                filled -= here;
                left -= here;
                if left > 0 {
                    filled += self.read(filled);
                }
            }
            if is_last {
                return total;
            }
        }
    }

    fn read(&mut self, at: usize) -> usize {
        let read = self
            .stream
            .read(&mut self.buffer[at..])
            .expect("the server answers");
        assert!(read > 0, "the server closed the connection");
        read
    }
}

/// Forgets the bytes of a body.
pub(crate) fn ignore(_: &[u8]) {}
