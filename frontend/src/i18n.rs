//! The typed catalogue made from `locales/`, and which language is in use.

#[expect(
    dead_code,
    unused_imports,
    clippy::pedantic,
    reason = "the catalogue is generated, `pub` throughout"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/i18n.rs"));
}

pub(crate) use generated::i18n::*;

/// The language in use, which every text follows.
pub(crate) type I18n = leptos_i18n::I18nContext<Locale>;

/// The language's tag, for `Intl`.
pub(crate) fn language(i18n: I18n) -> &'static str {
    match i18n.get_locale() {
        Locale::en => "en",
        Locale::ja => "ja",
    }
}

/// A text of the catalogue as a signal, in the viewer's language. All texts share this one type: a
/// closure for each would have the compiler make the rendering code anew for each.
macro_rules! words {
    ($i18n:ident, $($key:tt)+) => {
        ::leptos::prelude::Signal::derive(move || {
            ::std::borrow::ToOwned::to_owned($crate::i18n::t_string!($i18n, $($key)+))
        })
    };
}
pub(crate) use words;
