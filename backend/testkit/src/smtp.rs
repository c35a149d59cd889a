//! A mail server on loopback that takes the dialogue of RFC 5321 and keeps what it was given.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Longest message that is kept, in bytes.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// A mail as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMail {
    /// `MAIL FROM`.
    pub from: String,
    /// Each `RCPT TO`.
    pub to: Vec<String>,
    /// Headers and text, as they were sent.
    pub data: String,
    /// What came with `AUTH`, decoded by nobody.
    pub authentication: Option<String>,
    /// Whether it came over TLS.
    pub over_tls: bool,
}

impl ReceivedMail {
    /// The text with quoted-printable undone, as far as these mails need it.
    pub fn text(&self) -> String {
        let body = self.data.split_once("\r\n\r\n").map_or("", |parts| parts.1);
        body.replace("=\r\n", "").replace("=3D", "=")
    }

    /// The code in its link.
    pub fn code(&self) -> Option<String> {
        let text = self.text();
        let code = text.split_once("code=")?.1;
        let end = code.find(char::is_whitespace).unwrap_or(code.len());
        Some(code[..end].to_owned())
    }
}

/// What the server answers to a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Takes it.
    Takes,
    /// Asks to come back later (451).
    Busy,
    /// Refuses the recipient for good (550).
    Refuses,
}

struct Shared {
    mails: Mutex<Vec<ReceivedMail>>,
    mood: Mutex<Mood>,
    tls: Option<TlsAcceptor>,
}

/// The server; it ends with its value.
pub struct SmtpReceiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl SmtpReceiver {
    /// Listens on a free port of loopback; with `tls` it offers STARTTLS and takes mail over it alone.
    pub async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            mails: Mutex::default(),
            mood: Mutex::new(Mood::Takes),
            tls,
        });
        let task = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let shared = Arc::clone(&shared);
                    tokio::spawn(async move {
                        // A client that goes away ends its own dialogue.
                        let _ = converse(stream, &shared).await;
                    });
                }
            }
        });
        Self {
            address,
            shared,
            task,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it answers from now on.
    pub fn set_mood(&self, mood: Mood) {
        *lock(&self.shared.mood) = mood;
    }

    /// What it took, the oldest first.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        lock(&self.shared.mails).clone()
    }
}

impl Drop for SmtpReceiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a dialogue ended.
enum End {
    Quit,
    StartTls,
}

async fn converse(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 receiver.test ready\r\n").await?;
    if let End::StartTls = dialogue(&mut stream, shared, false).await?
        && let Some(tls) = &shared.tls
    {
        let mut stream = BufReader::new(tls.accept(stream.into_inner()).await?);
        dialogue(&mut stream, shared, true).await?;
    }
    Ok(())
}

async fn dialogue<S>(stream: &mut BufReader<S>, shared: &Shared, over_tls: bool) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from, mut to) = (String::new(), Vec::new());
    let mut authentication = None;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(End::Quit);
        }
        let command = line.trim_end();
        let upper = command.to_ascii_uppercase();
        let needs_tls = shared.tls.is_some() && !over_tls;
        let answer: &[u8] = if upper.starts_with("EHLO") {
            if needs_tls {
                b"250-receiver.test\r\n250 STARTTLS\r\n"
            } else {
                b"250-receiver.test\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n"
            }
        } else if upper == "STARTTLS" && needs_tls {
            stream.write_all(b"220 go ahead\r\n").await?;
            return Ok(End::StartTls);
        } else if needs_tls {
            b"530 STARTTLS first\r\n"
        } else if upper.starts_with("AUTH PLAIN") {
            authentication = Some(command["AUTH PLAIN".len()..].trim().to_owned());
            b"235 welcome\r\n"
        } else if upper.starts_with("MAIL FROM:") {
            from = path(command);
            b"250 ok\r\n"
        } else if upper.starts_with("RCPT TO:") {
            to.push(path(command));
            match *lock(&shared.mood) {
                Mood::Takes => b"250 ok\r\n",
                Mood::Busy => b"451 come back later\r\n",
                Mood::Refuses => b"550 nobody of that name\r\n",
            }
        } else if upper == "DATA" {
            stream.write_all(b"354 go ahead\r\n").await?;
            let data = data(stream).await?;
            lock(&shared.mails).push(ReceivedMail {
                from: std::mem::take(&mut from),
                to: std::mem::take(&mut to),
                data,
                authentication: authentication.clone(),
                over_tls,
            });
            b"250 taken\r\n"
        } else if upper == "QUIT" {
            stream.write_all(b"221 bye\r\n").await?;
            return Ok(End::Quit);
        } else if upper == "RSET" || upper == "NOOP" {
            b"250 ok\r\n"
        } else {
            b"502 what?\r\n"
        };
        stream.write_all(answer).await?;
    }
}

/// The address between angle brackets.
fn path(command: &str) -> String {
    let inside = command
        .split_once('<')
        .and_then(|parts| parts.1.split_once('>'));
    inside.map_or(String::new(), |parts| parts.0.to_owned())
}

/// Lines up to a dot alone, its doubled dots undone.
async fn data<S>(stream: &mut BufReader<S>) -> io::Result<String>
where
    S: AsyncRead + Unpin,
{
    let mut data = String::new();
    let mut stream = stream.take(MESSAGE_BYTES_MAX as u64);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
