//! Subscriptions: one socket for each open list, opened again after a gap.

use std::future::IntoFuture;
use std::time::Duration;

use futures::{FutureExt, StreamExt, channel::oneshot};
use graphql_ws_client::{Client, graphql::GraphqlOperation, ws_stream_wasm::Connection};
use leptos::{prelude::*, task::spawn_local};
use ws_stream_wasm::WsMeta;

/// Waits between two tries, the last one for ever.
const BACK_OFF_S: [u64; 6] = [1, 2, 5, 10, 20, 30];

/// Follows a subscription until the component is gone.
///
/// `on_event` gets each answer; `on_gap` is called whenever the socket is open again after it was
/// lost, since events of the meantime are not repeated.
pub(crate) fn follow<Operation, Response>(
    operation: impl Fn() -> Operation + 'static,
    on_event: impl Fn(Response) + 'static,
    on_gap: impl Fn() + 'static,
) where
    Operation: GraphqlOperation<Response = Response> + Unpin + Send + 'static,
    Response: 'static,
{
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
                let one = listen(operation(), had_gap, &on_event, &on_gap).fuse();
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
async fn listen<Operation, Response>(
    operation: Operation,
    had_gap: bool,
    on_event: &impl Fn(Response),
    on_gap: &impl Fn(),
) -> bool
where
    Operation: GraphqlOperation<Response = Response> + Unpin + Send + 'static,
    Response: 'static,
{
    let location = window().location();
    let (Ok(protocol), Ok(host)) = (location.protocol(), location.host()) else {
        return false;
    };
    let scheme = if protocol == "https:" { "wss" } else { "ws" };
    let address = format!("{scheme}://{host}/graphql");
    let Ok(socket) = WsMeta::connect(&address, Some(vec!["graphql-transport-ws"])).await else {
        return false;
    };
    let Ok((client, actor)) = Client::build(Connection::new(socket).await).await else {
        return false;
    };
    spawn_local(actor.into_future());
    let Ok(mut answers) = client.subscribe(operation).await else {
        return false;
    };
    if had_gap {
        on_gap();
    }
    let mut had_event = false;
    while let Some(Ok(answer)) = answers.next().await {
        had_event = true;
        on_event(answer);
    }
    had_event
}
