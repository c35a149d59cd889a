//! A form in steps.

use std::sync::Arc;

use leptos::{ev::SubmitEvent, html, prelude::*};

use super::{Button, ButtonKind, Modal, Shape, warn_before_leaving};
use crate::i18n::*;

/// One step of a wizard. What is typed in it lives outside, so that the way back loses nothing.
#[derive(Clone)]
pub(crate) struct Step {
    title: Signal<String>,
    ready: Signal<bool>,
    content: Arc<dyn Fn() -> AnyView + Send + Sync>,
}

impl Step {
    /// A step that leads on once `ready`.
    pub(crate) fn new(
        title: impl Into<Signal<String>>,
        ready: impl Into<Signal<bool>>,
        content: impl Fn() -> AnyView + Send + Sync + 'static,
    ) -> Self {
        Self {
            title: title.into(),
            ready: ready.into(),
            content: Arc::new(content),
        }
    }
}

/// A dialog with steps, of which the last one shows what was typed and ends it.
#[component]
pub(crate) fn Wizard(
    /// Its heading and name.
    #[prop(into)]
    title: Signal<String>,
    /// In order; the last one is the review.
    steps: Vec<Step>,
    /// The open one.
    current: RwSignal<usize>,
    /// What the button says that leads to the review, and there ends it.
    #[prop(into)]
    finish: Signal<String>,
    /// True while the end is under way.
    #[prop(into)]
    busy: Signal<bool>,
    /// True when everything is typed and nothing may be changed any more.
    #[prop(optional, into)]
    sealed: Signal<bool>,
    /// Above each step: why it was refused.
    #[prop(into)]
    alert: ViewFn,
    /// Ends it.
    on_finish: Callback<()>,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let typed = RwSignal::new(false);
    warn_before_leaving(typed.into());
    let heading = NodeRef::<html::H3>::new();
    // The first step has a field that takes the focus; each later one is announced by its heading.
    Effect::new(move |before: Option<usize>| {
        let at = current.get();
        if before.is_some_and(|before| before != at) {
            request_animation_frame(move || {
                if let Some(heading) = heading.get_untracked() {
                    let _ = heading.focus();
                }
            });
        }
        at
    });
    let steps = StoredValue::new(steps);
    let count = steps.with_value(Vec::len);
    let last = count.saturating_sub(1);
    // A step can be opened when all before it are ready.
    let reaches = move |at: usize| {
        steps.with_value(|steps| steps.iter().take(at).all(|step| step.ready.get()))
    };
    let is_last = move || current.get() == last;
    let go_on = move || {
        let at = current.get_untracked();
        if at == last {
            if untrack(|| reaches(count)) {
                on_finish.run(());
            }
        } else if untrack(|| reaches(at + 1)) {
            current.set(at + 1);
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        go_on();
    };
    let link = move |at: usize| {
        let title = steps.with_value(|steps| steps[at].title);
        let is_current = move || current.get() == at;
        view! {
            <li class="berth-wizard__item" class:berth-wizard__item-current=is_current>
                <button
                    type="button"
                    class="berth-wizard__link"
                    aria-current=move || is_current().then_some("step")
                    disabled=move || sealed.get() || !reaches(at)
                    on:click=move |_| current.set(at)
                >
                    <span class="berth-wizard__number">{at + 1}</span>
                    " "
                    <span class="berth-wizard__name">{move || title.get()}</span>
                </button>
            </li>
        }
    };
    view! {
        <Modal title shape=Shape::Large on_close>
            <form class="berth-dialog-form" on:submit=submit on:input=move |_| typed.set(true) novalidate>
                <div class="pf-v6-c-modal-box__body berth-wizard">
                    <nav aria-label=words!(i18n, wizard.steps)>
                        <ol class="berth-wizard__list" role="list">{(0..count).map(link).collect_view()}</ol>
                    </nav>
                    <div class="berth-wizard__step">
                        <h3 class="pf-v6-c-title pf-m-lg berth-wizard__title" tabindex="-1" node_ref=heading>
                            {move || steps.with_value(|steps| steps[current.get()].title.get())}
                        </h3>
                        {alert.run()}
                        {move || {
                            let content = steps.with_value(|steps| steps[current.get()].content.clone());
                            content()
                        }}
                    </div>
                </div>
                <footer class="pf-v6-c-modal-box__footer">
                    <Button
                        kind=ButtonKind::Primary
                        submit=true
                        busy
                        disabled=Signal::derive(move || {
                            sealed.get() || !reaches(if is_last() { count } else { current.get() + 1 })
                        })
                    >
                        {move || if is_last() { finish.get() } else { t_string!(i18n, wizard.next).to_owned() }}
                    </Button>
                    <Show when=move || { current.get() > 0 }>
                        <Button
                            disabled=Signal::derive(move || busy.get() || sealed.get())
                            on_click=Callback::new(move |_| current.update(|at| *at = at.saturating_sub(1)))
                        >
                            {words!(i18n, wizard.back)}
                        </Button>
                    </Show>
                    <Show when=move || !is_last()>
                        <Button
                            disabled=Signal::derive(move || !reaches(last))
                            on_click=Callback::new(move |_| current.set(last))
                        >
                            {move || finish.get()}
                        </Button>
                    </Show>
                    <Button kind=ButtonKind::Link on_click=Callback::new(move |_| on_close.run(()))>
                        {move || {
                            if sealed.get() {
                                t_string!(i18n, common.close)
                            } else {
                                t_string!(i18n, common.cancel)
                            }
                        }}
                    </Button>
                </footer>
            </form>
        </Modal>
    }
}
