//! The question before what cannot be undone.

use leptos::{ev::SubmitEvent, prelude::*};

use super::{Button, ButtonKind, FormAlert, Modal, TextField};
use crate::{i18n::*, work::Work};

/// Asks to type `confirm` before something is deleted.
#[component]
pub(crate) fn ConfirmDialog(
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What goes, in numbers and names.
    #[prop(into)]
    text: Signal<String>,
    /// The names that go, at most a few of which are shown.
    #[prop(optional, into)]
    names: Signal<Vec<String>>,
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
    let matches = move || typed.get().trim() == "confirm";
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if matches() {
            on_confirm.run(());
        }
    };
    view! {
        <Modal title on_close>
            <form class="berth-dialog-form" on:submit=submit novalidate>
                <div class="pf-v6-c-modal-box__body">
                    <div class="pf-v6-c-form">
                        <FormAlert error=work.error/>
                        <p>{move || text.get()}</p>
                        {move || {
                            let names = names.get();
                            let more = names.len().saturating_sub(NAMES_SHOWN);
                            (!names.is_empty())
                                .then(|| {
                                    view! {
                                        <ul class="pf-v6-c-list berth-names">
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
                            label=words!(i18n, common.type_confirm)
                            value=typed
                            autofocus=true
                        />
                    </div>
                </div>
                <footer class="pf-v6-c-modal-box__footer">
                    <Button kind=ButtonKind::Danger submit=true busy=work.busy disabled=Signal::derive(move || !matches())>
                        {words!(i18n, common.delete)}
                    </Button>
                    <Button kind=ButtonKind::Link on_click=Callback::new(move |_| on_close.run(()))>
                        {words!(i18n, common.cancel)}
                    </Button>
                </footer>
            </form>
        </Modal>
    }
}
