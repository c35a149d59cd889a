//! The bell: how much the viewer is told that it has not put away, as it happens. The list comes when it is opened.

mod list;

use cynic::{QueryBuilder, SubscriptionBuilder};
use icondata_lu as lu;
use leptos::prelude::*;

use crate::{
    api::{self, use_api},
    components::{Icon, Popover, ask},
    i18n::*,
    lazy::lazy_page,
    schema,
};

/// More are not counted on the button.
const SHOWN_MAX: i32 = 99;

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query")]
struct UnreadQuery {
    viewer: Option<Viewer>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Viewer {
    #[arguments(first: 1)]
    notifications: Option<Unread>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "NotificationConnection")]
struct Unread {
    unread_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Subscription")]
#[expect(dead_code, reason = "that it happened is all")]
struct Received {
    notification_received: Told,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Notification")]
#[expect(dead_code, reason = "that it happened is all")]
struct Told {
    uuid: String,
}

/// What the button and the list share.
#[derive(Clone, Copy)]
struct State {
    /// Whether the list is open.
    open: RwSignal<bool>,
    /// Goes up whenever something was told or put away.
    changes: RwSignal<u32>,
}

impl State {
    fn changed(self) {
        self.changes
            .try_update(|changes| *changes = changes.wrapping_add(1));
    }
}

lazy_page!(Listed, bell, list::NotificationList);

/// The bell of who is signed in.
#[component]
pub(super) fn Bell() -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let state = State {
        open: RwSignal::new(false),
        changes: RwSignal::new(0),
    };
    provide_context(state);
    // Nobody asked for this question, so it does not ask for a password either.
    let asked = ask(move || {
        state.changes.track();
        api.run_once(UnreadQuery::build(()))
    });
    let unread = Memo::new(move |before: Option<&i32>| match asked.get() {
        Some(Ok(UnreadQuery { viewer })) => {
            let notifications = viewer.and_then(|viewer| viewer.notifications);
            let count = notifications.and_then(|notifications| notifications.unread_count);
            count.unwrap_or(0)
        }
        Some(Err(_)) | None => before.copied().unwrap_or(0),
    });
    let arrived = RwSignal::new(false);
    api::follow(&Received::build(()), move |received: Option<Received>| {
        if received.is_some() {
            arrived.try_set(true);
        }
        state.changed();
    });
    let label = Signal::derive(move || match unread.get() {
        0 => t_string!(i18n, bell.title).to_owned(),
        count => t_string!(i18n, bell.unread, count = count),
    });
    let face = view! {
        <span class="pf-v6-c-menu-toggle__icon berth-bell">
            <Icon icon=lu::LuBell/>
            <Show when=move || { unread.get() > 0 }>
                <span class="berth-bell__count" aria-hidden="true">{move || shown(unread.get())}</span>
            </Show>
        </span>
    };
    view! {
        <Popover label title=words!(i18n, bell.title) face=face.into_any() open=state.open>
            <Listed/>
        </Popover>
        // Said when something comes, and not when the page opens.
        <span class="pf-v6-screen-reader" role="status">
            {move || arrived.get().then(|| label.get())}
        </span>
    }
}

/// A count that fits on the button.
fn shown(count: i32) -> String {
    if count > SHOWN_MAX {
        format!("{SHOWN_MAX}+")
    } else {
        count.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_count_fits_on_the_button() {
        assert_eq!(shown(1), "1");
        assert_eq!(shown(99), "99");
        assert_eq!(shown(100), "99+");
    }
}
