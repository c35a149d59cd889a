//! Theme, language and the look of lists, kept in this browser.

use leptos::prelude::*;

use crate::i18n::{I18n, Locale, Text, texts};

/// Told to the page when another theme is chosen.
pub(crate) const THEME_EVENT: &str = "berth-theme";

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

impl Theme {
    /// Every choice, with its words.
    pub(crate) const ALL: [(Self, Text); 3] = [
        (Self::System, texts::account::theme_system),
        (Self::Light, texts::account::theme_light),
        (Self::Dark, texts::account::theme_dark),
    ];

    /// How it is kept.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// That of a key; what is unknown is left to the system.
    pub(crate) fn of_key(key: &str) -> Self {
        let known = Self::ALL.into_iter().map(|(theme, _)| theme);
        let mut found = known.filter(|theme| theme.key() == key);
        found.next().unwrap_or(Self::System)
    }
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
    Theme::of_key(&read(THEME).unwrap_or_default())
}

/// Chooses a theme; `theme.js` applies it.
pub(crate) fn set_theme(theme: Theme) {
    write(THEME, theme.key());
    if let Ok(event) = web_sys::Event::new(THEME_EVENT) {
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

#[cfg(test)]
mod tests {
    use super::Theme;

    #[test]
    fn a_theme_is_known_by_its_key() {
        for (theme, _) in Theme::ALL {
            assert_eq!(Theme::of_key(theme.key()), theme);
        }
        assert_eq!(Theme::of_key("purple"), Theme::System);
    }
}
