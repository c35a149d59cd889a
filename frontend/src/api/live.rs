//! Subscriptions: one socket for each open list, opened again after a gap.

mod socket;

use std::rc::Rc;
use std::time::Duration;

use cynic::{GraphQlResponse, StreamingOperation};
use futures::{FutureExt, channel::oneshot};
use leptos::{prelude::*, task::spawn_local};
use serde::{Serialize, de::DeserializeOwned};

use socket::{Happening, Socket};

/// Waits between two tries, the last one for ever.
const BACK_OFF_S: [u64; 6] = [1, 2, 5, 10, 20, 30];

/// Gets each answer as JSON, and nothing when the socket is open again after it was lost.
type Tell = Rc<dyn Fn(Option<&str>)>;

/// Follows a subscription until the component is gone.
///
/// `tell` gets each answer; it gets none whenever the socket is open again after it was lost, since
/// events of the meantime are not repeated, and for an answer that could not be read.
pub(crate) fn follow<Data, Variables>(
    operation: &StreamingOperation<Data, Variables>,
    tell: impl Fn(Option<Data>) + 'static,
) where
    Data: DeserializeOwned + 'static,
    Variables: Serialize,
{
    // Variables are names and numbers, which JSON has words for.
    let Ok(operation) = serde_json::to_string(operation) else {
        return;
    };
    follow_json(
        operation,
        Rc::new(move |answer| {
            let answer = answer.and_then(|json| serde_json::from_str(json).ok());
            tell(answer.and_then(|answer: GraphQlResponse<Data>| answer.data));
        }),
    );
}

/// The part that knows no operation, so that the compiler makes it once.
fn follow_json(operation: String, tell: Tell) {
    let (stop, stopped) = oneshot::channel::<()>();
    let stop = StoredValue::new(Some(stop));
    on_cleanup(move || {
        // Dropping the sender ends the loop.
        stop.try_update_value(Option::take);
    });
    spawn_local(async move {
        let mut stopped = stopped.fuse();
        let mut tries = 0_usize;
        let mut had_gap = false;
        loop {
            let had_event = {
                let one = listen(&operation, had_gap, &tell).fuse();
                futures::pin_mut!(one);
                futures::select! {
                    _ = stopped => return,
                    had_event = one => had_event
                }
            };
            had_gap = true;
            // Only an event proves that the server serves this subscription: one that it ends at once must not be hammered.
            tries = if had_event { 0 } else { tries + 1 };
            let wait_s = BACK_OFF_S[tries.min(BACK_OFF_S.len() - 1)];
            futures::select! {
                _ = stopped => return,
                () = gloo_timers::future::sleep(Duration::from_secs(wait_s)).fuse() => {}
            }
        }
    });
}

/// One connection's life; returns when it ends for whatever reason, and whether an event came.
async fn listen(operation: &str, had_gap: bool, tell: &Tell) -> bool {
    let Some(mut socket) = Socket::open(operation) else {
        return false;
    };
    let mut had_event = false;
    while let Some(happening) = socket.next().await {
        match happening {
            Happening::Subscribed if had_gap => tell(None),
            Happening::Subscribed => {}
            Happening::Event(answer) => {
                had_event = true;
                tell(Some(&answer));
            }
        }
    }
    had_event
}
