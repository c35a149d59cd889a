//! What became of several changes.

use icondata_lu as lu;
use leptos::prelude::*;

use super::{Button, Icon, error_text};
use crate::{i18n::*, tasks::Tasks};

/// How far several changes are, and which of them failed, with a button that tries those once more.
#[component]
pub(crate) fn Failures(
    /// The changes.
    tasks: Tasks,
    /// That some were not made.
    #[prop(into)]
    title: Signal<String>,
    /// Tries them once more.
    on_again: Callback<()>,
) -> impl IntoView {
    const SHOWN: usize = 8;
    let i18n = use_i18n();
    let failed = move || {
        let failures = tasks.failures();
        let more = failures.len().saturating_sub(SHOWN);
        (!failures.is_empty()).then(|| {
            view! {
                <div class="pf-v6-c-alert pf-m-danger pf-m-inline" role="alert">
                    <div class="pf-v6-c-alert__icon">
                        <Icon icon=lu::LuCircleAlert/>
                    </div>
                    <p class="pf-v6-c-alert__title">{move || title.get()}</p>
                    <div class="pf-v6-c-alert__description">
                        <ul class="berth-names" tabindex="0">
                            {failures
                                .into_iter()
                                .take(SHOWN)
                                .map(|(name, error)| {
                                    view! {
                                        <li>
                                            <bdi>{name}</bdi>
                                            ": "
                                            {move || error_text(i18n, &error)}
                                        </li>
                                    }
                                })
                                .collect_view()}
                            {(more > 0)
                                .then(|| view! { <li>{move || t_string!(i18n, common.and_more, number = more)}</li> })}
                        </ul>
                    </div>
                    <div class="pf-v6-c-alert__action-group">
                        <Button on_click=Callback::new(move |_| on_again.run(()))>
                            {words!(i18n, common.retry)}
                        </Button>
                    </div>
                </div>
            }
        })
    };
    view! {
        <p class="berth-muted" role="status">
            {move || {
                // Of one change there is nothing to count.
                let (done, total) = tasks.progress().filter(|(_, total)| *total > 1)?;
                Some(t_string!(i18n, roles.progress, done = done, total = total))
            }}
        </p>
        {failed}
    }
}
