//! The question before one row of a list ends.

use leptos::prelude::*;

use super::{QuestionDialog, use_toasts};
use crate::{api::Answer, work::Work};

/// What ends when it is asked about once more: its id, and what people know it by.
pub(crate) type Ending = (String, String);

/// Asks whether something ends, ends it, and says so; there while something is named.
#[component]
pub(crate) fn EndDialog(
    /// What is asked about; nothing when it has ended, or stays.
    ending: RwSignal<Option<Ending>>,
    /// The question, with the name in it.
    title: Callback<String, String>,
    /// What follows.
    #[prop(into)]
    text: Signal<String>,
    /// What the button says.
    #[prop(into)]
    action: Signal<String>,
    /// Said when it has ended.
    #[prop(into)]
    done: Signal<String>,
    /// Ends what has this id.
    end: Callback<String, Answer<()>>,
    /// Called when it has ended.
    on_done: Callback<()>,
) -> impl IntoView {
    let toasts = use_toasts();
    move || {
        let (id, name) = ending.get()?;
        // Made with each dialog, so that one that closes late does not close the next.
        let work = Work::new();
        let on_confirm = Callback::new(move |()| {
            // Said even where the page has been left meanwhile.
            let said = done.get_untracked();
            work.start(end.run(id.clone()), move |()| {
                toasts.success(said);
                ending.try_set(None);
                on_done.try_run(());
            });
        });
        Some(view! {
            <QuestionDialog
                title=Signal::derive(move || title.run(name.clone()))
                text
                action
                work
                on_confirm
                on_close=Callback::new(move |()| ending.set(None))
            />
        })
    }
}
