//! Many clients at once, for a while or for a number of turns.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use crate::wire::Connection;

/// What clients did in a round.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// How long it took, all together.
    pub(crate) took_s: f64,
    /// How long each turn took.
    pub(crate) turns: Vec<Duration>,
    /// Bytes of bodies.
    pub(crate) bytes: u64,
}

impl Load {
    /// Turns in a second.
    #[expect(clippy::cast_precision_loss, reason = "a count of measurements")]
    pub(crate) fn per_second(&self) -> f64 {
        self.turns.len() as f64 / self.took_s
    }

    /// Bytes in a second, in MB.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub(crate) fn megabytes_per_second(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.took_s
    }
}

/// Lets `clients` take turns for a while, spread over some servers. A turn gets its connection and a number that no other turn
/// of its client has, and returns how many bytes came.
pub(crate) fn for_a_while<F>(
    servers: &[SocketAddr],
    clients: usize,
    duration: Duration,
    turn: F,
) -> Load
where
    F: Fn(&mut Connection, usize, u64) -> u64 + Sync,
{
    let stop = AtomicBool::new(false);
    let start = Arc::new(Barrier::new(clients + 1));
    let mut load = Load::default();
    std::thread::scope(|scope| {
        let hands: Vec<_> = (0..clients)
            .map(|client| {
                let (start, stop, turn) = (Arc::clone(&start), &stop, &turn);
                let address = servers[client % servers.len()];
                scope.spawn(move || {
                    let mut connection = Connection::open(address);
                    let (mut turns, mut bytes) = (Vec::new(), 0);
                    start.wait();
                    let mut number = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let begun = Instant::now();
                        bytes += turn(&mut connection, client, number);
                        turns.push(begun.elapsed());
                        number += 1;
                    }
                    (turns, bytes)
                })
            })
            .collect();
        start.wait();
        let begun = Instant::now();
        std::thread::sleep(duration);
        stop.store(true, Ordering::Relaxed);
        for hand in hands {
            let (turns, bytes) = hand.join().expect("a client runs to its end");
            load.turns.extend(turns);
            load.bytes += bytes;
        }
        // To the end of the last turn, which counts whole.
        load.took_s = begun.elapsed().as_secs_f64();
    });
    load
}

/// Lets each of some clients do its own work once, and measures all together.
pub(crate) fn once<W, F>(work: Vec<W>, act: F) -> Load
where
    W: Send,
    F: Fn(W) -> (Vec<Duration>, u64) + Sync,
{
    let start = Arc::new(Barrier::new(work.len() + 1));
    let mut load = Load::default();
    std::thread::scope(|scope| {
        let hands: Vec<_> = work
            .into_iter()
            .map(|own| {
                let (start, act) = (Arc::clone(&start), &act);
                scope.spawn(move || {
                    start.wait();
                    act(own)
                })
            })
            .collect();
        start.wait();
        let begun = Instant::now();
        for hand in hands {
            let (turns, bytes) = hand.join().expect("a client runs to its end");
            load.turns.extend(turns);
            load.bytes += bytes;
        }
        load.took_s = begun.elapsed().as_secs_f64();
    });
    load
}
