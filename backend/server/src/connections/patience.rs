//! A stream that waits only so long for who is at the other end.

use std::future::Future as _;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// So many bytes tell whether a client speaks HTTP/2; whoever waits for them has no limit of its own.
const PREFACE_BYTES: usize = 24;

/// A stream whose first bytes have to come in time, and whose reader must not stand still.
#[derive(Debug)]
pub struct Patient<S> {
    stream: S,
    missing_bytes: usize,
    begin: Pin<Box<Sleep>>,
    stall: Pin<Box<Sleep>>,
    stall_limit: Duration,
    is_stalled: bool,
}

impl<S> Patient<S> {
    /// Waits `begin` for the first bytes, and `stall` for each write to go on.
    pub fn new(stream: S, begin: Duration, stall: Duration) -> Self {
        Self {
            stream,
            missing_bytes: PREFACE_BYTES,
            begin: Box::pin(sleep(begin)),
            stall: Box::pin(sleep(stall)),
            stall_limit: stall,
            is_stalled: false,
        }
    }

    /// Passes on what a write came to, and gives up on one that waits too long.
    fn written<T>(&mut self, cx: &mut Context<'_>, written: Poll<Result<T>>) -> Poll<Result<T>> {
        if written.is_ready() {
            self.is_stalled = false;
            return written;
        }
        if !self.is_stalled {
            self.is_stalled = true;
            self.stall.as_mut().reset(Instant::now() + self.stall_limit);
        }
        ready!(self.stall.as_mut().poll(cx));
        Poll::Ready(Err(late("the client takes no more bytes")))
    }
}

fn late(what: &str) -> Error {
    Error::new(ErrorKind::TimedOut, what)
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if self.missing_bytes == 0 {
            return read;
        }
        if read.is_ready() {
            let count = buffer.filled().len() - before;
            self.missing_bytes = self.missing_bytes.saturating_sub(count);
            return read;
        }
        ready!(self.begin.as_mut().poll(cx));
        Poll::Ready(Err(late("the client sends no request")))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.written(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.written(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_is_given_up() {
        let (_client, server) = duplex(100);
        let mut server = Patient::new(server, SECOND, SECOND);
        let error = server.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_dribbles_is_given_up_as_well() {
        let (mut client, server) = duplex(100);
        let mut server = Patient::new(server, SECOND, SECOND);
        let mut read = 0;
        let error = loop {
            client.write_u8(b'P').await.unwrap();
            match server.read_u8().await {
                Ok(_) => read += 1,
                Err(error) => break error,
            }
            tokio::time::advance(SECOND / 5).await;
            if read > 5 {
                break server.read_u8().await.unwrap_err();
            }
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(read < PREFACE_BYTES, "{read}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_began_may_pause() {
        let (mut client, server) = duplex(100);
        let mut server = Patient::new(server, SECOND, SECOND);
        client.write_all(&[0; PREFACE_BYTES]).await.unwrap();
        server.read_exact(&mut [0; PREFACE_BYTES]).await.unwrap();
        let later = tokio::spawn(async move {
            tokio::time::sleep(SECOND * 100).await;
            client.write_u8(1).await.unwrap();
            client
        });
        assert_eq!(server.read_u8().await.unwrap(), 1);
        drop(later.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_given_up_and_a_slow_one_is_not() {
        let (mut client, server) = duplex(10);
        let mut server = Patient::new(server, SECOND, SECOND);
        let reader = tokio::spawn(async move {
            for _ in 0..10 {
                tokio::time::sleep(SECOND * 9 / 10).await;
                client.read_exact(&mut [0; 10]).await.unwrap();
            }
            client
        });
        server.write_all(&[0; 100]).await.unwrap();
        let _client = reader.await.unwrap();
        let error = server.write_all(&[0; 100]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
