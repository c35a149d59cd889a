//! One subscription over one WebSocket, as `graphql-transport-ws` says.
//!
//! The clients that speak it weigh a tenth of the console, which needs a handful of its messages.

use futures::{StreamExt, channel::mpsc};
use leptos::prelude::window;
use serde::Deserialize;
use serde_json::value::RawValue;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{MessageEvent, WebSocket};

/// The only subscription of its socket.
const ID: &str = "1";

/// Where the server takes sockets; Trunk's proxy, through which a debug build speaks, has a path for them alone.
const PATH: &str = if cfg!(debug_assertions) {
    "/graphql-socket"
} else {
    "/graphql"
};

/// What the protocol says to its user.
pub(super) enum Happening {
    /// The server was asked and will tell of what happens from now on.
    Subscribed,
    /// An answer as JSON.
    Event(String),
}

/// A message of the server.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

/// An open socket; closed when dropped.
pub(super) struct Socket {
    inner: WebSocket,
    messages: mpsc::UnboundedReceiver<Option<String>>,
    subscribe: String,
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut()>,
}

impl Socket {
    /// Opens one to the server of this page; none where the browser refuses.
    pub(super) fn open(operation: &str) -> Option<Self> {
        let location = window().location();
        let scheme = if location.protocol().ok()? == "https:" {
            "wss"
        } else {
            "ws"
        };
        let address = format!("{scheme}://{}{PATH}", location.host().ok()?);
        let socket = WebSocket::new_with_str(&address, "graphql-transport-ws").ok()?;
        // Unbounded, since the browser buffers without bound anyway and the page takes each message at once.
        let (sender, messages) = mpsc::unbounded();
        let opened = socket.clone();
        let on_open = Closure::<dyn FnMut()>::new(move || {
            // A socket that is closing again says so by itself.
            let _ = opened.send_with_str(r#"{"type":"connection_init"}"#);
        });
        let told = sender.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            // Fails only when nobody listens any more.
            let _ = told.unbounded_send(event.data().as_string());
        });
        let on_close = Closure::<dyn FnMut()>::new(move || sender.close_channel());
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Some(Self {
            inner: socket,
            messages,
            subscribe: format!(r#"{{"id":"{ID}","type":"subscribe","payload":{operation}}}"#),
            _on_open: on_open,
            _on_message: on_message,
            _on_close: on_close,
        })
    }

    /// The next thing that happens; none when the socket or the subscription ended.
    pub(super) async fn next(&mut self) -> Option<Happening> {
        loop {
            // Neither a binary message nor one that is no JSON belongs to the protocol: both end it.
            let text = self.messages.next().await??;
            let message: Message<'_> = serde_json::from_str(&text).ok()?;
            match message.kind {
                "connection_ack" => {
                    self.inner.send_with_str(&self.subscribe).ok()?;
                    return Some(Happening::Subscribed);
                }
                "next" => return Some(Happening::Event(message.payload?.get().to_owned())),
                "ping" => self.inner.send_with_str(r#"{"type":"pong"}"#).ok()?,
                "pong" => {}
                // `error` and `complete`, after which nothing more comes.
                _ => return None,
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.inner.set_onmessage(None);
        self.inner.set_onclose(None);
        if self.inner.ready_state() == WebSocket::CONNECTING {
            // The browser complains about one that is closed before it is open.
            let opened = self.inner.clone();
            let close = Closure::once_into_js(move || {
                let _ = opened.close();
            });
            self.inner.set_onopen(Some(close.unchecked_ref()));
            return;
        }
        self.inner.set_onopen(None);
        // Refuses only a reason that is none.
        let _ = self.inner.close();
    }
}
