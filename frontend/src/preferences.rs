//! Theme, language and the look of lists, kept in this browser.

use leptos::prelude::*;

use crate::i18n::{I18n, Locale};

const THEME: &str = "berth.theme";
const LANGUAGE: &str = "berth.language";
const DENSITY: &str = "berth.density";
const COLUMNS: &str = "berth.columns";

/// Light, dark, or what the system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    System,
    Light,
    Dark,
}

fn storage() -> Option<web_sys::Storage> {
    // A browser may keep pages from storing anything; choices then last as long as the page.
    window().local_storage().ok().flatten()
}

fn read(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

fn write(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

/// The chosen theme.
pub(crate) fn theme() -> Theme {
    match read(THEME).as_deref() {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::System,
    }
}

/// Chooses a theme; `theme.js` applies it.
pub(crate) fn set_theme(theme: Theme) {
    write(
        THEME,
        match theme {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        },
    );
    if let Ok(event) = web_sys::Event::new("berth-theme") {
        let _ = window().dispatch_event(&event);
    }
}

/// The language chosen earlier.
pub(crate) fn language() -> Option<Locale> {
    Locale::of_tag(&read(LANGUAGE)?)
}

/// Chooses a language.
pub(crate) fn set_language(i18n: I18n, locale: Locale) {
    write(LANGUAGE, locale.tag());
    i18n.set_locale(locale);
}

/// Whether lists stand close.
pub(crate) fn compact() -> bool {
    read(DENSITY).as_deref() == Some("compact")
}

/// Lets lists stand close, or not.
pub(crate) fn set_compact(compact: bool) {
    write(DENSITY, if compact { "compact" } else { "comfortable" });
}

/// The columns of a list that were hidden.
pub(crate) fn hidden_columns(list: &str) -> Vec<String> {
    read(&format!("{COLUMNS}.{list}"))
        .map(|keys| keys.split_whitespace().map(str::to_owned).collect())
        .unwrap_or_default()
}

/// Hides these columns of a list and no others.
pub(crate) fn set_hidden_columns(list: &str, keys: &[String]) {
    write(&format!("{COLUMNS}.{list}"), &keys.join(" "));
}
