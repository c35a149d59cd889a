//! A way to a service that can be shut, slow or frozen.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::server;

/// What goes through at once.
const PIECE_BYTES: usize = 64 * 1024;

/// A gate on a port of its own, gone when dropped.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    way: watch::Sender<Way>,
    task: JoinHandle<()>,
}

/// What becomes of what comes to a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Each piece waits.
    Slow(Duration),
    /// Connections stay and nothing comes through, not even their end.
    Frozen,
    Shut,
}

impl Gate {
    /// An open gate to a port of loopback.
    pub async fn to(port: u16) -> Self {
        let address = server::free_address();
        let listener = TcpListener::bind(address).await;
        let listener = listener.expect("the address is free");
        let (way, seen) = watch::channel(Way::Open);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let mut seen = seen.clone();
                if *seen.borrow_and_update() == Way::Shut {
                    continue;
                }
                tokio::spawn(async move {
                    let Ok(service) = TcpStream::connect(("127.0.0.1", port)).await else {
                        return;
                    };
                    let _ = client.set_nodelay(true);
                    let _ = service.set_nodelay(true);
                    let (from_client, to_client) = client.into_split();
                    let (from_service, to_service) = service.into_split();
                    let both = futures::future::join(
                        pass(from_client, to_service, seen.clone()),
                        pass(from_service, to_client, seen.clone()),
                    );
                    tokio::select! {
                        _ = both => {}
                        _ = seen.wait_for(|way| *way == Way::Shut) => {}
                    }
                });
            }
        });
        Self { address, way, task }
    }

    /// The port to go to.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Breaks what goes through, and lets nothing through.
    pub fn shut(&self) {
        self.way.send_replace(Way::Shut);
    }

    /// Lets each piece of 64 KiB wait for so long, in both directions.
    pub fn slow(&self, pause: Duration) {
        self.way.send_replace(Way::Slow(pause));
    }

    /// Falls silent: connections are kept, and taken, and nothing comes through until it opens.
    pub fn freeze(&self) {
        self.way.send_replace(Way::Frozen);
    }

    /// Lets everything through again.
    pub fn open(&self) {
        self.way.send_replace(Way::Open);
    }
}

/// Passes bytes on until they end; the other side is told that they did.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut seen: watch::Receiver<Way>,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let length = from.read(&mut piece).await?;
        let way = *seen.borrow_and_update();
        // Whoever waits goes on when the gate opens.
        let open = seen.wait_for(|way| *way == Way::Open);
        match way {
            Way::Slow(pause) if length > 0 => {
                let _ = tokio::time::timeout(pause, open).await;
            }
            Way::Frozen => {
                let _ = open.await;
            }
            _ => {}
        }
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&piece[..length]).await?;
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
        self.shut();
    }
}
