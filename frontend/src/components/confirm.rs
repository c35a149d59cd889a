//! Questions before what cannot be undone.

use leptos::prelude::*;

use super::{FormDialog, SearchBox, TextField};
use crate::{api::ApiError, i18n::*, work::Work};

/// Asks to type a word before something is deleted.
#[component]
pub(crate) fn ConfirmDialog(
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What goes, in numbers and names.
    #[prop(into)]
    text: Signal<String>,
    /// The names that go, at most a few of which are shown; of several, those that are searched.
    #[prop(optional, into)]
    names: Signal<Vec<String>>,
    /// The word; `confirm` where there is none.
    #[prop(optional_no_strip)]
    word: Option<String>,
    /// Words for some failures instead of those for their class.
    #[prop(optional_no_strip)]
    words: Option<Callback<ApiError, Option<String>>>,
    /// The work behind the button.
    work: Work,
    /// Does it.
    on_confirm: Callback<()>,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    const NAMES_SHOWN: usize = 8;
    let i18n = use_i18n();
    let typed = RwSignal::new(String::new());
    let searched = RwSignal::new(String::new());
    let several = move || names.with(|names| names.len() > 1);
    let found = move || {
        let text = searched.with(|text| text.trim().to_lowercase());
        names.with(|names| {
            let names = names.iter();
            let found = names.filter(|name| name.to_lowercase().contains(&text));
            found.cloned().collect::<Vec<_>>()
        })
    };
    let word = StoredValue::new(word.unwrap_or_else(|| "confirm".to_owned()));
    let matches = move || typed.with(|typed| word.with_value(|word| typed.trim() == word));
    view! {
        <FormDialog
            title
            work
            error=work.error
            words
            action=words!(i18n, common.delete)
            danger=true
            ready=Signal::derive(matches)
            on_submit=on_confirm
            on_close
        >
                        <p>{move || text.get()}</p>
                        <Show when=several>
                            <SearchBox
                                id="confirm-search"
                                label=words!(i18n, common.search)
                                typed=searched
                                on_search=Callback::new(|_: String| ())
                            />
                            <Show when=move || found().is_empty()>
                                <p role="status">{words!(i18n, list.nothing_found)}</p>
                            </Show>
                        </Show>
                        {move || {
                            let names = found();
                            let more = names.len().saturating_sub(NAMES_SHOWN);
                            (!names.is_empty())
                                .then(|| {
                                    view! {
                                        <ul class="pf-v6-c-list berth-names" tabindex="0">
                                            {names
                                                .into_iter()
                                                .take(NAMES_SHOWN)
                                                .map(|name| view! { <li><bdi>{name}</bdi></li> })
                                                .collect_view()}
                                            {(more > 0).then(|| view! { <li>{t_string!(i18n, common.and_more, number = more)}</li> })}
                                        </ul>
                                    }
                                })
                        }}
                        <TextField
                            id="confirm"
                            label=Signal::derive(move || t_string!(i18n, common.type_word, word = word.get_value()))
                            value=typed
                            autofocus=true
                        />
        </FormDialog>
    }
}

/// Asks once more, with nothing to type.
#[component]
pub(crate) fn QuestionDialog(
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What follows.
    #[prop(into)]
    text: Signal<String>,
    /// What the button says.
    #[prop(into)]
    action: Signal<String>,
    /// Words for some failures instead of those for their class.
    #[prop(optional_no_strip)]
    words: Option<Callback<ApiError, Option<String>>>,
    /// The work behind the button.
    work: Work,
    /// Does it.
    on_confirm: Callback<()>,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    view! {
        <FormDialog title work error=work.error words action danger=true ready=true on_submit=on_confirm on_close>
                        <p>{move || text.get()}</p>
        </FormDialog>
    }
}
