//! A way to a service that can be shut: connections break, and new ones are turned away.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::server;

/// A gate on a port of its own, gone when dropped.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    is_open: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Gate {
    /// An open gate to a port of loopback.
    pub async fn to(port: u16) -> Self {
        let address = server::free_address();
        let listener = TcpListener::bind(address).await;
        let listener = listener.expect("the address is free");
        let (is_open, seen) = watch::channel(true);
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut seen = seen.clone();
                if !*seen.borrow_and_update() {
                    continue;
                }
                tokio::spawn(async move {
                    let Ok(mut service) = TcpStream::connect(("127.0.0.1", port)).await else {
                        return;
                    };
                    let _ = client.set_nodelay(true);
                    let _ = service.set_nodelay(true);
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut service) => {}
                        _ = seen.wait_for(|is_open| !is_open) => {}
                    }
                });
            }
        });
        Self {
            address,
            is_open,
            task,
        }
    }

    /// The port to go to.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Breaks what goes through, and lets nothing through.
    pub fn shut(&self) {
        self.is_open.send_replace(false);
    }

    /// Lets everything through again.
    pub fn open(&self) {
        self.is_open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
        self.shut();
    }
}
