//! Small tools for byte streams.

use berth_domain::Result;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};

use crate::ByteStream;

/// Largest chunk a reader gets. A connection has two in its hands, so two hundred streams hold 50 MB.
pub(crate) const CHUNK_BYTES: usize = 128 * 1024;

/// The stream with large chunks cut, without a copy.
pub(crate) fn bounded(chunks: impl Stream<Item = Result<Bytes>> + Send + 'static) -> ByteStream {
    Box::pin(chunks.flat_map(|item| {
        stream::iter(match item {
            Ok(bytes) => cut(bytes),
            Err(error) => vec![Err(error)],
        })
    }))
}

/// A stream without bytes.
pub(crate) fn empty() -> ByteStream {
    Box::pin(stream::empty())
}

fn cut(mut bytes: Bytes) -> Vec<Result<Bytes>> {
    let mut pieces = Vec::with_capacity(bytes.len().div_ceil(CHUNK_BYTES));
    while !bytes.is_empty() {
        pieces.push(Ok(bytes.split_to(bytes.len().min(CHUNK_BYTES))));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn large_chunks_are_cut_and_nothing_is_lost() {
        let whole = Bytes::from(vec![7; CHUNK_BYTES * 2 + 1]);
        let one = stream::iter([Ok(whole.clone())]);
        let pieces: Vec<Bytes> = bounded(one).try_collect().await.unwrap();
        assert_eq!(
            pieces.iter().map(Bytes::len).collect::<Vec<_>>(),
            [CHUNK_BYTES, CHUNK_BYTES, 1]
        );
        assert_eq!(pieces.concat(), whole);
    }
}
