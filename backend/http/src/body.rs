//! Request bodies with limits, and answers that stream.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use berth_domain::{Error, Result};
use berth_services::uploads::ByteStream;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use tokio::time::{Instant, Sleep, sleep, timeout_at};

/// A body that sends no byte for this long has ended, as far as the registry is concerned.
pub const IDLE: Duration = Duration::from_mins(1);

/// After a refusal this much of the rest of a body is read, so that a client that is still sending
/// gets to see the answer instead of a reset connection.
const LEFTOVER_BYTES_MAX: u64 = 16 << 20;

/// And for this long.
const LEFTOVER_TIME_MAX: Duration = Duration::from_secs(5);

type Shared = Arc<Mutex<BodyDataStream>>;

/// A body on its way in. It may be read as a stream, and what a reader leaves can be drained.
pub struct Incoming {
    body: Shared,
    idle: Duration,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Incoming")
    }
}

impl Incoming {
    /// Takes the body of a request.
    pub fn new(body: Body) -> Self {
        Self::with_idle(body, IDLE)
    }

    /// With a limit of its own on the time without a byte.
    pub fn with_idle(body: Body, idle: Duration) -> Self {
        Self {
            body: Arc::new(Mutex::new(body.into_data_stream())),
            idle,
        }
    }

    /// The bytes as they come. An early end or a long pause is [`Error::BodyInterrupted`].
    pub fn stream(&self) -> ByteStream {
        Box::pin(Reader {
            body: Arc::clone(&self.body),
            idle: self.idle,
            pause: Box::pin(sleep(self.idle)),
            has_ended: false,
        })
    }

    /// All bytes at once, at most `max`, counted while they come: a length that the client announces
    /// bounds nothing.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for `what`; [`Error::BodyInterrupted`].
    pub async fn collect(&self, what: &'static str, max: usize) -> Result<Bytes> {
        let mut stream = self.stream();
        let mut collected = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk?;
            if collected.len() + chunk.len() > max {
                return Err(Error::TooLarge {
                    what,
                    max_bytes: max as u64,
                    actual_bytes: (collected.len() + chunk.len()) as u64,
                });
            }
            collected.extend_from_slice(&chunk);
        }
        Ok(collected.freeze())
    }

    /// Reads and drops what nobody read, within limits. Called after a refusal.
    pub async fn drain(&self) {
        let deadline = Instant::now() + LEFTOVER_TIME_MAX;
        let mut stream = self.stream();
        let mut left = LEFTOVER_BYTES_MAX;
        while let Ok(Some(Ok(chunk))) = timeout_at(deadline, stream.next()).await {
            match left.checked_sub(chunk.len() as u64) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }
}

/// Reads the shared body; one at a time does, so the lock is never waited for.
struct Reader {
    body: Shared,
    idle: Duration,
    pause: Pin<Box<Sleep>>,
    has_ended: bool,
}

impl Stream for Reader {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.has_ended {
            return Poll::Ready(None);
        }
        let polled = {
            let mut body = this.body.lock().unwrap_or_else(PoisonError::into_inner);
            body.poll_next_unpin(cx)
        };
        let item = match polled {
            Poll::Ready(Some(Ok(bytes))) => {
                this.pause.as_mut().reset(Instant::now() + this.idle);
                return Poll::Ready(Some(Ok(bytes)));
            }
            Poll::Ready(Some(Err(error))) => Some(Err(interrupted(error))),
            Poll::Ready(None) => None,
            Poll::Pending => {
                if std::future::Future::poll(this.pause.as_mut(), cx).is_pending() {
                    return Poll::Pending;
                }
                Some(Err(interrupted(format!(
                    "no byte came for {:?}",
                    this.idle
                ))))
            }
        };
        this.has_ended = true;
        Poll::Ready(item)
    }
}

fn interrupted(source: impl Into<berth_domain::BoxError>) -> Error {
    Error::BodyInterrupted {
        source: source.into(),
    }
}

/// An answer's body from a stream. A failure in the middle breaks the connection, which is the only
/// way left to tell the client, and is logged here because nobody else sees it.
pub fn outgoing(stream: ByteStream) -> Body {
    let logged = stream.inspect(|item| {
        if let Err(error) = item {
            tracing::error!(
                error = %error,
                cause = std::error::Error::source(error).map(tracing::field::display),
                "an answer broke off"
            );
        }
    });
    Body::from_stream(logged)
}

#[cfg(test)]
mod tests {
    use futures::channel::mpsc;
    use futures::stream;

    use super::*;

    fn body(chunks: &[&'static str]) -> Body {
        let chunks: Vec<Result<&'static str, std::io::Error>> =
            chunks.iter().map(|chunk| Ok(*chunk)).collect();
        Body::from_stream(stream::iter(chunks))
    }

    #[tokio::test]
    async fn a_body_is_counted_while_it_comes() {
        let exact = Incoming::new(body(&["ab", "cd"]))
            .collect("a form", 4)
            .await;
        assert_eq!(exact.unwrap(), "abcd");
        let longer = Incoming::new(body(&["ab", "cd", "e"]))
            .collect("a form", 4)
            .await;
        assert!(matches!(
            longer,
            Err(Error::TooLarge {
                max_bytes: 4,
                actual_bytes: 5,
                ..
            })
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_is_too_long_ends_a_body_and_a_shorter_one_does_not() {
        let (mut sender, receiver) = mpsc::channel::<Result<&'static str, std::io::Error>>(4);
        let incoming = Incoming::with_idle(Body::from_stream(receiver), Duration::from_mins(1));
        let mut stream = incoming.stream();
        for _ in 0..3 {
            tokio::time::advance(Duration::from_secs(50)).await;
            sender.try_send(Ok("x")).unwrap();
            assert_eq!(stream.next().await.unwrap().unwrap(), "x");
        }
        let end = stream.next().await.unwrap();
        assert!(matches!(end, Err(Error::BodyInterrupted { .. })));
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn what_a_reader_left_is_drained() {
        let incoming = Incoming::new(body(&["a", "b", "c"]));
        let mut stream = incoming.stream();
        assert_eq!(stream.next().await.unwrap().unwrap(), "a");
        drop(stream);
        incoming.drain().await;
        assert!(incoming.stream().next().await.is_none());
    }

    #[tokio::test]
    async fn a_broken_body_is_an_interrupted_one() {
        let chunks = [Ok("a"), Err(std::io::Error::other("reset"))];
        let incoming = Incoming::new(Body::from_stream(stream::iter(chunks)));
        let failure = incoming.collect("a form", 10).await;
        assert!(matches!(failure, Err(Error::BodyInterrupted { .. })));
    }
}
