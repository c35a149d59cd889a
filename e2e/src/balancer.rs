//! A load balancer in front of replicas: each connection goes to the next one.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running balancer, stopped when dropped.
#[derive(Debug)]
pub struct Balancer {
    task: JoinHandle<()>,
}

impl Balancer {
    /// Listens at `address` for the replicas.
    pub async fn start(address: SocketAddr, replicas: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind(address)
            .await
            .expect("the address is free");
        let next = AtomicUsize::new(0);
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let replica = replicas[next.fetch_add(1, Ordering::Relaxed) % replicas.len()];
                tokio::spawn(async move {
                    // A replica that is down closes the connection, as a simple balancer would.
                    if let Ok(mut server) = TcpStream::connect(replica).await {
                        let _ = client.set_nodelay(true);
                        let _ = server.set_nodelay(true);
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        Self { task }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
