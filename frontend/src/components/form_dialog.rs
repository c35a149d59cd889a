//! A dialog around a form.

use leptos::{ev, ev::SubmitEvent, prelude::*};

use super::{Button, ButtonKind, FormAlert, Modal, Shape};
use crate::{api::ApiError, i18n::*, work::Work};

/// Fields, why they were refused, and the buttons below them. Leaving the page asks first when something was typed.
#[component]
pub(crate) fn FormDialog(
    /// Its heading and name.
    #[prop(into)]
    title: Signal<String>,
    /// Where it stands.
    #[prop(default = Shape::Medium)]
    shape: Shape,
    /// The work behind the button.
    work: Work,
    /// The failure that no field says.
    #[prop(into)]
    error: Signal<Option<ApiError>>,
    /// Words for some failures instead of those for their class.
    #[prop(optional_no_strip)]
    words: Option<Callback<ApiError, Option<String>>>,
    /// What did not work, above the reason.
    #[prop(optional, into)]
    failed: MaybeProp<String>,
    /// What the button says.
    #[prop(into)]
    action: Signal<String>,
    /// True for what takes something away.
    #[prop(optional)]
    danger: bool,
    /// True when the fields may be sent.
    #[prop(into)]
    ready: Signal<bool>,
    /// Sends them.
    on_submit: Callback<()>,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    let typed = RwSignal::new(false);
    warn_before_leaving(typed.into());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if ready.get_untracked() {
            on_submit.run(());
        }
    };
    view! {
        <Modal title shape on_close>
            <form class="berth-dialog-form" on:submit=submit on:input=move |_| typed.set(true) novalidate>
                <div class="pf-v6-c-modal-box__body">
                    <div class="pf-v6-c-form">
                        <FormAlert error words title=failed/>
                        {children()}
                    </div>
                </div>
                <footer class="pf-v6-c-modal-box__footer">
                    <Button
                        kind=if danger { ButtonKind::Danger } else { ButtonKind::Primary }
                        submit=true
                        busy=work.busy
                        disabled=Signal::derive(move || !ready.get())
                    >
                        {move || action.get()}
                    </Button>
                    <Button kind=ButtonKind::Link on_click=Callback::new(move |_| on_close.run(()))>
                        {words!(i18n, common.cancel)}
                    </Button>
                </footer>
            </form>
        </Modal>
    }
}

/// Has the browser ask before the page goes while something is not saved.
pub(crate) fn warn_before_leaving(unsaved: Signal<bool>) {
    let handle = window_event_listener(ev::beforeunload, move |event| {
        if unsaved.try_get_untracked() == Some(true) {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}
