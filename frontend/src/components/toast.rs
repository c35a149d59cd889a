//! Short messages after an action.

use std::{sync::Arc, time::Duration};

use icondata_lu as lu;
use leptos::prelude::*;

use super::{Button, ButtonKind, Icon};
use crate::i18n::*;

/// What a message's button does.
#[derive(Clone)]
pub(crate) struct ToastAction {
    text: String,
    // Not a `Callback`, which would go with the page that offered it.
    run: Arc<dyn Fn() + Send + Sync>,
}

#[derive(Clone)]
struct Toast {
    id: u64,
    text: String,
    failed: bool,
    action: Option<ToastAction>,
}

/// The messages now shown.
#[derive(Clone, Copy)]
pub(crate) struct Toasts {
    list: RwSignal<Vec<Toast>>,
    last: StoredValue<u64>,
    /// The one under the pointer or the focus.
    held: StoredValue<Option<u64>>,
}

impl Toasts {
    /// To be made once, at the root.
    pub(crate) fn new() -> Self {
        Self {
            list: RwSignal::new(Vec::new()),
            last: StoredValue::new(0),
            held: StoredValue::new(None),
        }
    }

    fn show(self, text: String, failed: bool, action: Option<ToastAction>) {
        let id = self.last.get_value() + 1;
        self.last.set_value(id);
        let toast = Toast {
            id,
            text,
            failed,
            action,
        };
        self.list.update(|list| list.push(toast));
        // Failures stay until they are taken away.
        if !failed {
            self.end_later(id);
        }
    }

    /// Takes a message away after a while, but not from under the pointer or the focus.
    fn end_later(self, id: u64) {
        let end = move || {
            if self.held.get_value() == Some(id) {
                self.end_later(id);
            } else {
                self.dismiss(id);
            }
        };
        set_timeout(end, Duration::from_secs(10));
    }

    fn hold(self, id: u64) {
        self.held.set_value(Some(id));
    }

    fn release(self) {
        self.held.set_value(None);
    }

    /// Something worked.
    pub(crate) fn success(self, text: impl Into<String>) {
        self.show(text.into(), false, None);
    }

    /// Something worked and can be undone for a while.
    pub(crate) fn success_with_undo(
        self,
        text: impl Into<String>,
        undo: String,
        run: impl Fn() + Send + Sync + 'static,
    ) {
        self.show(
            text.into(),
            false,
            Some(ToastAction {
                text: undo,
                run: Arc::new(run),
            }),
        );
    }

    /// Something failed.
    pub(crate) fn failure(self, text: impl Into<String>) {
        self.show(text.into(), true, None);
    }

    fn dismiss(self, id: u64) {
        self.list.update(|list| list.retain(|toast| toast.id != id));
    }
}

/// The messages provided at the root.
pub(crate) fn use_toasts() -> Toasts {
    expect_context()
}

/// Where the messages appear.
#[component]
pub(crate) fn Toaster() -> impl IntoView {
    let i18n = use_i18n();
    let toasts = use_toasts();
    view! {
        <div aria-live="polite">
            <ul class="pf-v6-c-alert-group pf-m-toast" role="list">
                <For each=move || toasts.list.get() key=|toast| toast.id let:toast>
                    <li
                        class="pf-v6-c-alert-group__item"
                        on:pointerenter=move |_| toasts.hold(toast.id)
                        on:pointerleave=move |_| toasts.release()
                        on:focusin=move |_| toasts.hold(toast.id)
                        on:focusout=move |_| toasts.release()
                    >
                        <div class=if toast.failed { "pf-v6-c-alert pf-m-danger" } else { "pf-v6-c-alert pf-m-success" }>
                            <div class="pf-v6-c-alert__icon">
                                <Icon icon=if toast.failed { lu::LuCircleAlert } else { lu::LuCircleCheck }/>
                            </div>
                            <p class="pf-v6-c-alert__title">{toast.text}</p>
                            <div class="pf-v6-c-alert__action">
                                <Button
                                    kind=ButtonKind::Plain
                                    icon=Some(lu::LuX)
                                    label=words!(i18n, common.dismiss)
                                    on_click=Callback::new(move |_| toasts.dismiss(toast.id))
                                />
                            </div>
                            {toast
                                .action
                                .map(|action| {
                                    view! {
                                        <div class="pf-v6-c-alert__action-group">
                                            <button
                                                type="button"
                                                class="pf-v6-c-button pf-m-inline pf-m-link"
                                                on:click=move |_| {
                                                    toasts.dismiss(toast.id);
                                                    (action.run)();
                                                }
                                            >
                                                <span class="pf-v6-c-button__text">{action.text}</span>
                                            </button>
                                        </div>
                                    }
                                })}
                        </div>
                    </li>
                </For>
            </ul>
        </div>
    }
}
