//! When batches are sent: once everything that is resolved at the moment has said what it wants, so
//! that the number of queries follows the shape of an operation, and neither the rows nor the clock.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::task::AtomicWaker;

tokio::task_local! {
    /// Batches that were asked for and are not sent yet.
    static WAITING: RefCell<Vec<BoxFuture<'static, ()>>>;
}

/// Sends a batch when the operation around it can do nothing else; at once where there is none.
pub(crate) fn send(batch: BoxFuture<'static, ()>) {
    let mut batch = Some(batch);
    let _ = WAITING.try_with(|waiting| waiting.borrow_mut().extend(batch.take()));
    if let Some(batch) = batch {
        tokio::spawn(batch);
    }
}

/// Wakes the task of an operation, and knows of it.
#[derive(Default)]
struct Woken {
    is: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.is.store(true, Ordering::SeqCst);
        self.task.wake();
    }
}

/// Runs an operation and, whenever it waits, the batches that it waits for.
pub(crate) async fn around<T>(operation: impl Future<Output = T>) -> T {
    let mut operation = pin!(operation);
    let mut sent = FuturesUnordered::new();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let run = poll_fn(|cx| {
        woken.task.register(cx.waker());
        loop {
            woken.is.store(false, Ordering::SeqCst);
            if let Poll::Ready(done) = operation.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(done);
            }
            // It only took a breath: long lists do so now and then. There is more to be asked for.
            if woken.is.load(Ordering::SeqCst) {
                return Poll::Pending;
            }
            WAITING.with(|waiting| sent.extend(waiting.borrow_mut().drain(..)));
            match sent.poll_next_unpin(cx) {
                // Somebody has got values and may go on.
                Poll::Ready(Some(())) => {}
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    });
    WAITING.scope(RefCell::default(), run).await
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicUsize;

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn a_batch_waits_for_everybody_who_is_about_to_ask() {
        let (wanted, batches) = (
            Arc::new(Mutex::new(Vec::new())),
            Arc::new(AtomicUsize::new(0)),
        );
        let ask = |n: usize| {
            let (wanted, batches) = (Arc::clone(&wanted), Arc::clone(&batches));
            async move {
                tokio::task::yield_now().await;
                let (done, loaded) = tokio::sync::oneshot::channel();
                let first = {
                    let mut wanted = wanted.lock().expect("no panic");
                    wanted.push(done);
                    wanted.len() == 1
                };
                if first {
                    send(Box::pin(async move {
                        batches.fetch_add(1, Ordering::SeqCst);
                        for done in wanted.lock().expect("no panic").drain(..) {
                            let _ = done.send(());
                        }
                    }));
                }
                loaded.await.expect("a value");
                n
            }
        };
        let all = around(join_all((0..1_000).map(ask))).await;
        assert_eq!((all.len(), batches.load(Ordering::SeqCst)), (1_000, 1));
    }
}
