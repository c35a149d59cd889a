//! Which users the list holds.

use leptos::prelude::*;

use super::state::State;
use crate::{
    components::{Button, ButtonKind, FilterChip, ListUrl, Select, use_list_url},
    fragments::DateTime,
    i18n::*,
    text,
};

/// Days after which a user counts as away, as the URL calls them, with their words.
const AWAY: [(&str, i64, Text); 3] = [
    ("30", 30, texts::users::away_month),
    ("90", 90, texts::users::away_quarter),
    ("365", 365, texts::users::away_year),
];
const DAY_S: i64 = 86_400;

/// Enabled ones, or disabled ones.
pub(super) fn enabled(url: ListUrl) -> Option<bool> {
    match url.get("state").as_deref() {
        Some("enabled") => Some(true),
        Some("disabled") => Some(false),
        _ => None,
    }
}

/// The choice of those who were away.
fn away(url: ListUrl) -> Option<(&'static str, i64, Text)> {
    let chosen = url.get("inactive")?;
    AWAY.into_iter().find(|(key, ..)| *key == chosen)
}

/// Those alone who were not there since then.
pub(super) fn inactive_since(url: ListUrl) -> Option<DateTime> {
    away(url).map(|(_, days, _)| DateTime(text::instant_in(-days * DAY_S)))
}

/// The drop-downs of the toolbar.
#[component]
pub(super) fn Filters(
    /// Whether the last use of users is known.
    by_last_use: bool,
) -> impl IntoView {
    let (i18n, url) = (use_i18n(), use_list_url());
    let last_use = by_last_use.then(|| {
        view! {
            <div class="berth-toolbar__filter">
                <Select
                    label=words!(i18n, users.last_used)
                    options=Signal::derive(move || {
                        let any = (String::new(), t_string!(i18n, users.any_time).to_owned());
                        let away = AWAY.map(|(key, _, text)| (key.to_owned(), i18n.text(text).to_owned()));
                        std::iter::once(any).chain(away).collect::<Vec<_>>()
                    })
                    value=Signal::derive(move || url.get("inactive").unwrap_or_default())
                    on_change=Callback::new(move |value: String| url.put_filter("inactive", &value))
                />
            </div>
        }
    });
    view! {
        <div class="berth-toolbar__filter">
            <Select
                label=words!(i18n, users.state)
                options=Signal::derive(move || vec![
                    (String::new(), t_string!(i18n, users.all).to_owned()),
                    ("enabled".to_owned(), t_string!(i18n, users.enabled).to_owned()),
                    ("disabled".to_owned(), t_string!(i18n, users.disabled).to_owned()),
                ])
                value=Signal::derive(move || url.get("state").unwrap_or_default())
                on_change=Callback::new(move |value: String| url.put_filter("state", &value))
            />
        </div>
        {last_use}
    }
}

/// What is chosen there, to be taken away.
#[component]
pub(super) fn Chips(
    /// Whether the last use of users is known.
    by_last_use: bool,
) -> impl IntoView {
    let (i18n, url) = (use_i18n(), use_list_url());
    let is_away = move || by_last_use && away(url).is_some();
    view! {
        <Show when=move || enabled(url).is_some() || is_away()>
            <div class="berth-filters">
                <Show when=move || enabled(url).is_some()>
                    <FilterChip
                        name=words!(i18n, users.state)
                        value=Signal::derive(move || {
                            let state = if enabled(url) == Some(true) { State::Enabled } else { State::Disabled };
                            state.words(i18n).to_owned()
                        })
                        on_remove=Callback::new(move |()| url.put_filter("state", ""))
                    />
                </Show>
                <Show when=is_away>
                    <FilterChip
                        name=words!(i18n, users.last_used)
                        value=Signal::derive(move || {
                            away(url).map(|(.., text)| i18n.text(text).to_owned()).unwrap_or_default()
                        })
                        on_remove=Callback::new(move |()| url.put_filter("inactive", ""))
                    />
                </Show>
                <Button kind=ButtonKind::Link on_click=Callback::new(move |_| url.clear_filters())>
                    {words!(i18n, list.clear_filters)}
                </Button>
            </div>
        </Show>
    }
}
