//! Everything a page complains about.

use std::sync::{Arc, Mutex};

use chromiumoxide::Page;
use chromiumoxide::cdp::IntoEventKind;
use chromiumoxide::cdp::browser_protocol::log::{self, LogEntryLevel};
use chromiumoxide::cdp::browser_protocol::network::{
    self, EventLoadingFailed, EventResponseReceived,
};
use chromiumoxide::cdp::js_protocol::runtime::{
    self, ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown,
};
use chromiumoxide::listeners::EventStream;
use futures::StreamExt;
use tokio::task::JoinHandle;

/// Reports violations of the content security policy as console errors, with their directive.
const REPORT_VIOLATIONS: &str = "addEventListener('securitypolicyviolation', event => \
    console.error(`content security policy: ${event.violatedDirective} blocked ${event.blockedURI} ${event.sample}`));";

/// The complaints of one page so far.
#[derive(Debug)]
pub struct Complaints {
    said: Arc<Mutex<Vec<String>>>,
    listeners: Vec<JoinHandle<()>>,
}

impl Complaints {
    /// Begins to listen.
    pub(super) async fn listen(page: &Page) -> Self {
        let mut complaints = Self {
            said: Arc::default(),
            listeners: Vec::new(),
        };
        page.execute(runtime::EnableParams::default())
            .await
            .expect("Chromium has a console");
        page.execute(log::EnableParams::default())
            .await
            .expect("Chromium has a log");
        page.execute(network::EnableParams::default())
            .await
            .expect("Chromium has a network");
        page.evaluate_on_new_document(REPORT_VIOLATIONS)
            .await
            .expect("Chromium runs scripts");

        complaints.collect(
            page.event_listener::<EventConsoleApiCalled>().await,
            |event| {
                let bad = matches!(
                    event.r#type,
                    ConsoleApiCalledType::Error | ConsoleApiCalledType::Assert
                );
                let words = event
                    .args
                    .iter()
                    .map(|arg| match (&arg.value, &arg.description) {
                        (Some(serde_json::Value::String(text)), _) | (_, Some(text)) => {
                            text.clone()
                        }
                        (Some(value), _) => value.to_string(),
                        _ => String::new(),
                    });
                bad.then(|| format!("console: {}", words.collect::<Vec<_>>().join(" ")))
            },
        );
        complaints.collect(
            page.event_listener::<EventExceptionThrown>().await,
            |event| {
                let details = &event.exception_details;
                let description = details
                    .exception
                    .as_ref()
                    .and_then(|exception| exception.description.clone());
                Some(format!(
                    "exception: {} {}",
                    details.text,
                    description.unwrap_or_default()
                ))
            },
        );
        complaints.collect(
            page.event_listener::<log::EventEntryAdded>().await,
            |event| {
                let entry = &event.entry;
                let bad = matches!(entry.level, LogEntryLevel::Error | LogEntryLevel::Warning);
                let url = entry.url.as_deref().unwrap_or_default();
                bad.then(|| format!("log: {} {url}", entry.text))
            },
        );
        complaints.collect(page.event_listener::<EventLoadingFailed>().await, |event| {
            let bad = event.canceled != Some(true);
            bad.then(|| {
                format!(
                    "request failed: {} {:?}",
                    event.error_text, event.blocked_reason
                )
            })
        });
        complaints.collect(
            page.event_listener::<EventResponseReceived>().await,
            |event| {
                let (status, url) = (event.response.status, &event.response.url);
                (status >= 400).then(|| format!("request: {status} {url}"))
            },
        );
        complaints
    }

    fn collect<E: IntoEventKind + Unpin + Send + Sync + 'static>(
        &mut self,
        events: chromiumoxide::error::Result<EventStream<E>>,
        complaint: fn(&E) -> Option<String>,
    ) {
        let mut events = events.expect("Chromium reports events");
        let said = Arc::clone(&self.said);
        self.listeners.push(tokio::spawn(async move {
            while let Some(event) = events.next().await {
                if let Some(text) = complaint(&event) {
                    said.lock().expect("no listener panics").push(text);
                }
            }
        }));
    }

    /// All of them.
    pub fn all(&self) -> Vec<String> {
        self.said.lock().expect("no listener panics").clone()
    }

    /// Takes away those that hold `text`, and fails where there is none: the scenario provoked it.
    pub fn forgive(&self, text: &str) {
        let mut said = self.said.lock().expect("no listener panics");
        let before = said.len();
        said.retain(|complaint| !complaint.contains(text));
        assert_ne!(
            said.len(),
            before,
            "nothing complained of `{text}`: {said:?}"
        );
    }
}

impl Drop for Complaints {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.abort();
        }
    }
}
