//! Stopping without breaking what runs: new requests are refused, running ones finish.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// What a refused client is told to wait, in seconds: until then another replica, or the next
/// process at this address, is there.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// Probes must see the state, so they are answered to the end.
const PROBES: &str = "/health";

/// Counts the requests that run, until the last byte of their answers, and refuses new ones once
/// the process is to stop.
#[derive(Debug, Clone, Default)]
pub struct Drain {
    is_draining: Arc<AtomicBool>,
    running: TaskTracker,
}

impl Drain {
    /// Whether new requests are refused.
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::SeqCst)
    }

    /// How many requests run.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Refuses new requests from now on and waits for the running ones, at most `limit`. Returns how
    /// many are left.
    pub async fn finish(&self, limit: Duration) -> usize {
        self.is_draining.store(true, Ordering::SeqCst);
        self.running.close();
        let _ = tokio::time::timeout(limit, self.running.wait()).await;
        self.running()
    }

    /// The middleware; goes around everything else.
    pub async fn guard(State(drain): State<Self>, request: Request, next: Next) -> Response {
        if request.uri().path().starts_with(PROBES) {
            return next.run(request).await;
        }
        // Counted before the look at the flag, so that no request slips between flag and wait.
        let token = drain.running.token();
        if drain.is_draining() {
            return refusal();
        }
        let response = next.run(request).await;
        response.map(|body| {
            Body::new(Counted {
                body,
                _token: token,
            })
        })
    }
}

fn refusal() -> Response {
    let mut response =
        (StatusCode::SERVICE_UNAVAILABLE, "the server is stopping\n").into_response();
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A body that counts as running until it is dropped, and is otherwise the one it holds.
struct Counted {
    body: Body,
    _token: TaskTrackerToken,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use futures::StreamExt as _;
    use futures::channel::mpsc;
    use tower::ServiceExt as _;

    use super::*;

    type Chunk = Result<&'static str, std::io::Error>;

    /// A server with a slow answer at `/slow`, whose chunks the test sends.
    fn server(drain: &Drain) -> (Router, mpsc::Sender<Chunk>) {
        let (chunks, stream) = mpsc::channel::<Chunk>(4);
        let stream = Arc::new(tokio::sync::Mutex::new(Some(stream)));
        let slow = get(move || {
            let stream = Arc::clone(&stream);
            async move {
                let stream = stream.lock().await.take().expect("asked once");
                Body::from_stream(stream)
            }
        });
        let router = Router::new()
            .route("/slow", slow)
            .route("/quick", get(async || "quick"))
            .route("/health/live", get(async || "live"))
            .layer(from_fn_with_state(drain.clone(), Drain::guard));
        (router, chunks)
    }

    async fn ask(router: &Router, path: &str) -> Response {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_running_answer_finishes_while_new_requests_are_refused() {
        let drain = Drain::default();
        let (router, mut chunks) = server(&drain);
        let slow = ask(&router, "/slow").await;
        let finishing = tokio::spawn({
            let drain = drain.clone();
            async move { drain.finish(Duration::from_mins(1)).await }
        });
        while !drain.is_draining() {
            tokio::task::yield_now().await;
        }
        let refused = ask(&router, "/quick").await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[header::RETRY_AFTER], "5");
        assert_eq!(ask(&router, "/health/live").await.status(), StatusCode::OK);
        drop(refused);

        chunks.try_send(Ok("to the ")).unwrap();
        chunks.try_send(Ok("end")).unwrap();
        drop(chunks);
        let body: Vec<_> = slow.into_body().into_data_stream().collect().await;
        let text: Vec<_> = body.into_iter().map(Result::unwrap).collect();
        assert_eq!(text.concat(), b"to the end");
        assert_eq!(finishing.await.unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_longer_than_the_limit_is_given_up() {
        let drain = Drain::default();
        let (router, _chunks) = server(&drain);
        let _slow = ask(&router, "/slow").await;
        assert_eq!(drain.finish(Duration::from_secs(30)).await, 1);
    }

    #[tokio::test]
    async fn the_length_of_an_answer_stays_known() {
        let (router, _chunks) = server(&Drain::default());
        let answer = ask(&router, "/quick").await;
        assert_eq!(answer.body().size_hint().exact(), Some(5));
    }
}
