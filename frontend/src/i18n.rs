//! The typed catalogue made from `locales/`, and which language is in use.

use js_sys::{Array, Intl, Object};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::text::count;

include!(concat!(env!("OUT_DIR"), "/texts.rs"));

/// A language, in the order of the tables in `build.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locale {
    En,
    Ja,
}

impl Locale {
    /// All of them, with what each calls itself.
    pub(crate) const ALL: [(Self, &'static str); 2] = [(Self::En, "English"), (Self::Ja, "日本語")];

    /// The language's tag, for `Intl` and the page.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    /// The language of a tag such as `ja-JP`.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        let language = tag.split('-').next()?;
        let known = Self::ALL.into_iter().map(|(locale, _)| locale);
        known
            .into_iter()
            .find(|locale| locale.tag().eq_ignore_ascii_case(language))
    }

    /// The first language of the browser's that there is, else English.
    fn of_browser() -> Self {
        let wanted = window().navigator().languages();
        let mut known = wanted
            .iter()
            .filter_map(|tag| Self::of_tag(&tag.as_string()?));
        known.next().unwrap_or(Self::En)
    }
}

/// A text without arguments, by its place in the table.
#[derive(Clone, Copy)]
pub(crate) struct Text(u16);

/// A text with so many arguments.
#[derive(Clone, Copy)]
pub(crate) struct Phrase<const N: usize>(u16);

/// The same, in two forms of which the argument `count` decides.
#[derive(Clone, Copy)]
pub(crate) struct Plural<const N: usize>(u16);

/// Names and values of arguments.
type Arguments<const N: usize> = [(&'static str, String); N];

/// A text whose arguments are filled in.
pub(crate) trait Fill<const N: usize> {
    /// The whole text.
    fn fill(self, locale: Locale, arguments: Arguments<N>) -> String;
}

impl<const N: usize> Fill<N> for Phrase<N> {
    fn fill(self, locale: Locale, arguments: Arguments<N>) -> String {
        fill(text(locale, self.0), &arguments)
    }
}

impl<const N: usize> Fill<N> for Plural<N> {
    fn fill(self, locale: Locale, mut arguments: Arguments<N>) -> String {
        let mut form = 1;
        if let Some((_, value)) = arguments.iter_mut().find(|(name, _)| *name == "count")
            && let Ok(number) = value.parse::<u32>()
        {
            let rules = Intl::PluralRules::new(
                &Array::of1(&JsValue::from_str(locale.tag())),
                &Object::new(),
            );
            form = u16::from(rules.select(f64::from(number)) != "one");
            *value = count(locale.tag(), i64::from(number));
        }
        fill(text(locale, self.0 + form), &arguments)
    }
}

fn text(locale: Locale, at: u16) -> &'static str {
    TEXTS[locale as usize][usize::from(at)]
}

/// Puts values in the place of `{{ name }}`.
fn fill(text: &str, arguments: &[(&str, String)]) -> String {
    let mut out = String::new();
    let mut parts = text.split("{{");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or(("", part));
        let value = arguments.iter().find(|(known, _)| *known == name.trim());
        out.push_str(value.map_or("", |(_, value)| value.as_str()));
        out.push_str(rest);
    }
    out
}

/// The language in use, which every text follows.
#[derive(Clone, Copy)]
pub(crate) struct I18n(RwSignal<Locale>);

impl I18n {
    /// To be made once, at the root: the language chosen earlier, else the browser's.
    pub(crate) fn new(chosen: Option<Locale>) -> Self {
        let locale = RwSignal::new(chosen.unwrap_or_else(Locale::of_browser));
        Effect::new(move |_| {
            if let Some(page) = document().document_element() {
                // A well-formed attribute of an element cannot be refused.
                let _ = page.set_attribute("lang", locale.get().tag());
            }
        });
        Self(locale)
    }

    /// The language in use.
    pub(crate) fn locale(self) -> Locale {
        self.0.get()
    }

    /// The language in use, for code that runs once.
    pub(crate) fn locale_untracked(self) -> Locale {
        self.0.get_untracked()
    }

    /// Speaks another language from now on.
    pub(crate) fn set_locale(self, locale: Locale) {
        self.0.set(locale);
    }

    /// A text without arguments.
    pub(crate) fn text(self, key: Text) -> &'static str {
        text(self.locale(), key.0)
    }

    /// A text without arguments, for code that runs once.
    pub(crate) fn text_untracked(self, key: Text) -> &'static str {
        text(self.locale_untracked(), key.0)
    }

    /// A text as a signal.
    pub(crate) fn words(self, key: Text) -> Signal<String> {
        Signal::derive(move || self.text(key).to_owned())
    }
}

/// The language provided at the root.
pub(crate) fn use_i18n() -> I18n {
    expect_context()
}

/// The language's tag, for `Intl`.
pub(crate) fn language(i18n: I18n) -> &'static str {
    i18n.locale().tag()
}

/// A text of the catalogue: `t_string!(i18n, tags.deleted, count = 3)`. An argument that the text does not have, or
/// one left out, does not compile.
macro_rules! t_string {
    ($i18n:ident, $group:ident.$key:ident) => {
        $i18n.text($crate::i18n::texts::$group::$key)
    };
    ($i18n:ident, $group:ident.$key:ident, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::i18n::Fill::fill(
            $crate::i18n::texts::$group::$key,
            $i18n.locale(),
            [$(($crate::i18n::texts::$group::$key::$name, ($value).to_string())),+],
        )
    };
}

/// The same for code that runs once.
macro_rules! tu_string {
    ($i18n:ident, $group:ident.$key:ident) => {
        $i18n.text_untracked($crate::i18n::texts::$group::$key)
    };
    ($i18n:ident, $group:ident.$key:ident, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::i18n::Fill::fill(
            $crate::i18n::texts::$group::$key,
            $i18n.locale_untracked(),
            [$(($crate::i18n::texts::$group::$key::$name, ($value).to_string())),+],
        )
    };
}

/// A text of the catalogue as a signal, in the viewer's language.
macro_rules! words {
    ($i18n:ident, $group:ident.$key:ident) => {
        $i18n.words($crate::i18n::texts::$group::$key)
    };
}

pub(crate) use {t_string, tu_string, words};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_the_place_of_their_names() {
        let arguments = [("from", "1".to_owned()), ("to", "{{ from }}".to_owned())];
        assert_eq!(
            fill("{{ from }}–{{to}} of {{ x }}.", &arguments),
            "1–{{ from }} of ."
        );
        assert_eq!(fill("plain", &[]), "plain");
    }

    #[test]
    fn a_language_is_known_by_its_tag() {
        assert_eq!(Locale::of_tag("ja-JP"), Some(Locale::Ja));
        assert_eq!(Locale::of_tag("EN"), Some(Locale::En));
        assert_eq!(Locale::of_tag("de-DE"), None);
    }
}
