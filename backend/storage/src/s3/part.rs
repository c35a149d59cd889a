//! The buffer in which a part gathers, and the bound on how many there are.

use std::sync::Arc;
use std::time::Duration;

use berth_domain::{Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// What a stream may hold without a permit, so that configs and other small blobs never wait.
const SMALL_BYTES: usize = 64 * 1024;
/// How long a stream waits for a buffer before its client is told to try again.
const WAIT: Duration = Duration::from_mins(1);

/// Bytes of one part, short of `part_bytes` at rest.
pub(super) struct PartBuffer {
    bytes: Vec<u8>,
    part_bytes: usize,
    buffers: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
}

impl PartBuffer {
    pub(super) fn new(part_bytes: u64, buffers: &Arc<Semaphore>) -> Result<Self> {
        Ok(Self {
            bytes: Vec::new(),
            part_bytes: usize::try_from(part_bytes).map_err(Error::internal)?,
            buffers: Arc::clone(buffers),
            permit: None,
        })
    }

    /// How much is missing to a whole part.
    pub(super) fn room(&self) -> usize {
        self.part_bytes - self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds no more than [`PartBuffer::room`]. Once it grows beyond the size of a small blob it
    /// takes a permit, kept until it is dropped, and its whole size at once.
    pub(super) async fn push(&mut self, bytes: &[u8]) -> Result<()> {
        debug_assert!(bytes.len() <= self.room(), "a part has a fixed size");
        let needed = self.bytes.len() + bytes.len();
        if needed > SMALL_BYTES {
            if self.permit.is_none() {
                let permit = timeout(WAIT, Arc::clone(&self.buffers).acquire_owned()).await;
                let permit = permit.map_err(|_| {
                    Error::unavailable(
                        "storage",
                        "too many uploads at once: no part buffer came free",
                    )
                })?;
                self.permit = Some(permit.map_err(Error::internal)?);
            }
            self.bytes.reserve_exact(self.part_bytes - self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// What has gathered; the buffer starts anew and keeps its permit.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn large_parts_are_bounded_and_small_ones_are_not() {
        let buffers = Arc::new(Semaphore::new(1));
        let part = || PartBuffer::new(1024 * 1024, &buffers).unwrap();
        let large = vec![1; SMALL_BYTES + 1];
        let (mut first, mut second, mut small) = (part(), part(), part());
        first.push(&large).await.unwrap();
        small.push(&large[..SMALL_BYTES]).await.unwrap();
        assert!(matches!(
            second.push(&large).await,
            Err(Error::Unavailable { .. })
        ));
        drop(first);
        second.push(&large).await.unwrap();
        assert_eq!(second.room(), 1024 * 1024 - large.len());
        assert_eq!(second.take(), large);
        assert!(second.is_empty());
    }
}
