//! A mail server on loopback that takes whatever is sent and keeps it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The server, gone when dropped.
#[derive(Debug)]
pub struct Mailbox {
    port: u16,
    mails: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Mailbox {
    /// An empty one on a port of its own.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&mails);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    // A client that goes away ends its own dialogue.
                    let _ = converse(stream, &kept).await;
                });
            }
        });
        Self { port, mails, task }
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The code in the link of mail number `number`, counted from zero, when it is there.
    pub async fn code(&self, number: usize) -> String {
        for _ in 0..300 {
            let mail = self
                .mails
                .lock()
                .expect("nobody panics")
                .get(number)
                .cloned();
            if let Some(mail) = mail {
                let text = mail.replace("=\r\n", "").replace("=3D", "=");
                let (_, code) = text.split_once("code=").expect("a link with a code");
                let end = code.find(char::is_whitespace).unwrap_or(code.len());
                return code[..end].to_owned();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("mail {number} does not come");
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The dialogue of RFC 5321, as far as a client needs it that trusts the server.
async fn converse(stream: TcpStream, mails: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mailbox ready\r\n").await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let verb = line.split_whitespace().next().unwrap_or_default();
        match verb.to_ascii_uppercase().as_str() {
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") && stream.read_line(&mut mail).await? > 0 {}
                mails.lock().expect("nobody panics").push(mail);
                stream.write_all(b"250 kept\r\n").await?;
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n").await,
            _ => stream.write_all(b"250 mailbox\r\n").await?,
        }
        line.clear();
    }
    Ok(())
}
