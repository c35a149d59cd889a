//! What superusers see and do, and what those see who change nothing.

mod change_log;
mod messages;
mod registry;
mod service_keys;
mod users;

use leptos::prelude::*;

use crate::{components::NotVisible, session::use_session};

pub(crate) use change_log::ChangeLog;
pub(crate) use messages::Messages;
pub(crate) use registry::Registry;
pub(crate) use service_keys::ServiceKeys;
pub(crate) use users::Users;

/// A page that is there for those alone who see the administration.
fn for_administration(page: fn() -> AnyView) -> impl IntoView {
    let session = use_session();
    let sees = Memo::new(move |_| session.sees_administration());
    move || {
        if sees.get() {
            page()
        } else {
            view! { <NotVisible/> }.into_any()
        }
    }
}
