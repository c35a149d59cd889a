//! How the console looks in this browser, and which language it speaks.

use leptos::prelude::*;

use crate::{
    components::{FormGroup, Select},
    i18n::*,
    preferences::{self, THEME_EVENT, Theme},
};

/// The card *Theme and language*. A choice counts at once, and is kept in the browser.
#[component]
pub(super) fn Appearance() -> impl IntoView {
    let i18n = use_i18n();
    let theme = RwSignal::new(preferences::theme());
    // The account menu has the same choices.
    let listener = window_event_listener_untyped(THEME_EVENT, move |_| {
        theme.try_set(preferences::theme());
    });
    on_cleanup(move || listener.remove());
    view! {
        <section class="berth-card" aria-labelledby="appearance-title">
            <h2 id="appearance-title">{words!(i18n, account.appearance)}</h2>
            <div class="pf-v6-c-form">
                <FormGroup id="own-theme" label=words!(i18n, account.theme)>
                    <Select
                        id="own-theme"
                        options=Signal::derive(move || {
                            Theme::ALL.map(|(theme, text)| (theme.key().to_owned(), i18n.text(text).to_owned())).to_vec()
                        })
                        value=Signal::derive(move || theme.get().key().to_owned())
                        on_change=Callback::new(move |key: String| preferences::set_theme(Theme::of_key(&key)))
                    />
                </FormGroup>
                <FormGroup id="own-language" label=words!(i18n, account.language)>
                    <Select
                        id="own-language"
                        options=Signal::stored(
                            Locale::ALL.map(|(locale, name)| (locale.tag().to_owned(), name.to_owned())).to_vec(),
                        )
                        value=Signal::derive(move || i18n.locale().tag().to_owned())
                        on_change=Callback::new(move |tag: String| {
                            if let Some(locale) = Locale::of_tag(&tag) {
                                preferences::set_language(i18n, locale);
                            }
                        })
                    />
                </FormGroup>
            </div>
        </section>
    }
}
