//! What superusers tell everybody, also those whose page was open before.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use crate::{api::use_api, components::MessageBanner, session::use_session};

/// A page that is looked at asks for messages this often.
const EVERY: Duration = Duration::from_mins(5);

/// The messages, above every page.
#[component]
pub(super) fn Messages() -> impl IntoView {
    let session = use_session();
    keep_up();
    view! {
        <div aria-live="polite">
            {move || {
                session
                    .messages()
                    .into_iter()
                    .map(|message| {
                        view! {
                            <MessageBanner
                                severity=message.severity
                                content=message.content
                                html=Signal::stored(message.content_html)
                            />
                        }
                    })
                    .collect_view()
            }}
        </div>
    }
}

/// Asks again while somebody looks, when somebody comes back to the tab, and when the registry is back.
fn keep_up() {
    let (api, session) = (use_api(), use_session());
    let ask = move || {
        if !document().hidden() {
            spawn_local(async move {
                // Nobody asked for this; a server that is away says so by itself.
                let _ = session.refresh_registry().await;
            });
        }
    };
    let timer = set_interval_with_handle(ask, EVERY);
    let listener = window_event_listener_untyped("visibilitychange", move |_| ask());
    on_cleanup(move || {
        if let Ok(timer) = timer {
            timer.clear();
        }
        listener.remove();
    });
    Effect::new(move |was_away: Option<bool>| {
        let is_away = api.is_unreachable();
        if was_away == Some(true) && !is_away {
            ask();
        }
        is_away
    });
}
