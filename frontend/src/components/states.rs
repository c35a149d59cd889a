//! What a page shows instead of its content: loading, empty, failed, not visible.

use icondata_core::Icon as Data;
use icondata_lu as lu;
use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_location;

use super::{Button, ButtonKind, CopyButton, Heading, Icon, LinkButton};
use crate::{
    api::{ApiError, ErrorClass},
    i18n::*,
    paths,
    session::use_session,
};

/// A failure in the viewer's language.
pub(crate) fn error_text(i18n: I18n, error: &ApiError) -> String {
    let text = match error.class {
        ErrorClass::Unauthenticated => t_string!(i18n, errors.unauthenticated),
        ErrorClass::Forbidden => t_string!(i18n, errors.forbidden),
        ErrorClass::EmailUnverified => t_string!(i18n, errors.email_unverified),
        ErrorClass::FreshLogin => t_string!(i18n, errors.fresh_login),
        ErrorClass::NotFound => t_string!(i18n, errors.not_found),
        ErrorClass::InvalidInput => t_string!(i18n, errors.invalid_input),
        ErrorClass::AlreadyExists => t_string!(i18n, errors.already_exists),
        ErrorClass::Conflict => t_string!(i18n, errors.conflict),
        ErrorClass::ManyChanges => t_string!(i18n, errors.many_changes),
        ErrorClass::RateLimited => t_string!(i18n, errors.rate_limited),
        ErrorClass::ReadOnly => t_string!(i18n, errors.read_only),
        ErrorClass::FeatureOff => t_string!(i18n, errors.feature_off),
        ErrorClass::Unavailable => t_string!(i18n, errors.unavailable),
        ErrorClass::Offline => t_string!(i18n, errors.offline),
        ErrorClass::Internal => t_string!(i18n, errors.internal),
    };
    text.to_owned()
}

#[component]
fn State(
    icon: Data,
    #[prop(into)] title: Signal<String>,
    #[prop(optional, into)] class: &'static str,
    children: Children,
    #[prop(optional)] actions: Option<AnyView>,
) -> impl IntoView {
    view! {
        <div class=format!("pf-v6-c-empty-state {class}")>
            <div class="pf-v6-c-empty-state__content">
                <div class="pf-v6-c-empty-state__header">
                    <div class="pf-v6-c-empty-state__icon">
                        <Icon icon/>
                    </div>
                    <div class="pf-v6-c-empty-state__title">
                        <h2 class="pf-v6-c-empty-state__title-text">{move || title.get()}</h2>
                    </div>
                </div>
                <div class="pf-v6-c-empty-state__body">{children()}</div>
                {actions
                    .map(|actions| {
                        view! {
                            <div class="pf-v6-c-empty-state__footer">
                                <div class="pf-v6-c-empty-state__actions">{actions}</div>
                            </div>
                        }
                    })}
            </div>
        </div>
    }
}

/// Nothing is here yet: says what would be, and offers the first action or the commands that fill it.
#[component]
pub(crate) fn Empty(
    /// A picture of what would be here.
    icon: Data,
    /// That there is none.
    #[prop(into)]
    title: Signal<String>,
    /// What it is for.
    #[prop(into)]
    text: Signal<String>,
    /// First action or commands.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <State icon title actions=children.map_or_else(|| ().into_any(), |children| children().into_any())>
            {move || text.get()}
        </State>
    }
}

/// What failed, with *Retry* and the request id for the operator.
#[component]
pub(crate) fn ErrorState(
    /// The failure.
    error: ApiError,
    /// Tries again.
    on_retry: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    if error.class == ErrorClass::NotFound {
        return view! { <NotVisible/> }.into_any();
    }
    let icon = if error.class == ErrorClass::Offline {
        lu::LuCloudOff
    } else {
        lu::LuTriangleAlert
    };
    let request_id = error.request_id.clone();
    let actions = view! {
        <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| on_retry.run(()))>
            {words!(i18n, common.retry)}
        </Button>
    };
    view! {
        <div role="alert">
            <State
                icon
                class="berth-state-danger"
                title=words!(i18n, errors.title)
                actions=actions.into_any()
            >
                <p>{move || error_text(i18n, &error)}</p>
                {request_id
                    .map(|id| {
                        view! {
                            <p class="berth-request-id">
                                {words!(i18n, errors.request_id)} " " <code>{id.clone()}</code>
                                <CopyButton text=id/>
                            </p>
                        }
                    })}
            </State>
        </div>
    }
    .into_any()
}

/// The code of a page did not arrive: the registry is away, or was updated since this tab was opened.
#[component]
pub(crate) fn NotFetched() -> impl IntoView {
    let i18n = use_i18n();
    let reload = Callback::new(|_| {
        // Refused only where there is no page to load again.
        let _ = window().location().reload();
    });
    let actions = view! {
        <Button kind=ButtonKind::Primary on_click=reload>
            {words!(i18n, errors.reload)}
        </Button>
    };
    view! {
        <Heading title=words!(i18n, errors.title) hidden=true/>
        <div role="alert">
            <State
                icon=lu::LuCloudOff
                class="berth-state-danger"
                title=words!(i18n, errors.title)
                actions=actions.into_any()
            >
                {words!(i18n, errors.not_fetched)}
            </State>
        </div>
    }
}

fn query_of(search: &str) -> String {
    if search.is_empty() {
        String::new()
    } else {
        format!("?{}", search.trim_start_matches('?'))
    }
}

/// Unknown paths and hidden things look alike.
#[component]
pub(crate) fn NotVisible() -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let location = use_location();
    let back = Memo::new(move |_| {
        paths::sign_in(&format!(
            "{}{}",
            location.pathname.get(),
            query_of(&location.search.get())
        ))
    });
    // Things also hide when the session ended: then the page offers to sign in.
    if session.viewer_untracked().is_some() {
        spawn_local(async move {
            // A server that is away says so on the page's own next question.
            let _ = session.refresh().await;
        });
    }
    view! {
        <section class="pf-v6-c-page__main-section">
            <Heading title=words!(i18n, errors.not_visible) hidden=true/>
            <div class="pf-v6-c-empty-state">
                <div class="pf-v6-c-empty-state__content">
                    <div class="pf-v6-c-empty-state__header">
                        <div class="pf-v6-c-empty-state__icon">
                            <Icon icon=lu::LuSearchX/>
                        </div>
                        <div class="pf-v6-c-empty-state__title">
                            <p class="pf-v6-c-empty-state__title-text">{words!(i18n, errors.not_visible)}</p>
                        </div>
                    </div>
                    <div class="pf-v6-c-empty-state__body">
                        {move || {
                            if session.viewer().is_none() {
                                t_string!(i18n, errors.not_visible_anonymous)
                            } else {
                                t_string!(i18n, errors.not_visible_hint)
                            }
                        }}
                    </div>
                    <div class="pf-v6-c-empty-state__footer">
                        <div class="pf-v6-c-empty-state__actions">
                            {move || {
                                if session.viewer().is_none() {
                                    view! {
                                        <LinkButton kind=ButtonKind::Primary href=Signal::derive(move || back.get())>
                                            {words!(i18n, signin.action)}
                                        </LinkButton>
                                    }
                                        .into_any()
                                } else {
                                    view! {
                                        <LinkButton kind=ButtonKind::Primary href="/repository">
                                            {words!(i18n, nav.repositories)}
                                        </LinkButton>
                                    }
                                        .into_any()
                                }
                            }}
                        </div>
                    </div>
                </div>
            </div>
        </section>
    }
}

/// Rows of a table that is on its way.
#[component]
pub(crate) fn SkeletonTable(
    /// How many rows.
    #[prop(default = 6)]
    rows: usize,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="berth-late berth-skeleton-table" aria-busy="true">
            <span class="pf-v6-screen-reader">{words!(i18n, common.loading)}</span>
            {(0..rows)
                .map(|_| view! { <div class="pf-v6-c-skeleton pf-m-text-2xl"></div> })
                .collect_view()}
        </div>
    }
}

/// Lines of facts that are on their way.
#[component]
pub(crate) fn SkeletonLines() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="berth-late berth-skeleton-lines" aria-busy="true">
            <span class="pf-v6-screen-reader">{words!(i18n, common.loading)}</span>
            <div class="pf-v6-c-skeleton pf-m-width-33 pf-m-text-2xl"></div>
            <div class="pf-v6-c-skeleton pf-m-width-75"></div>
            <div class="pf-v6-c-skeleton pf-m-width-50"></div>
            <div class="pf-v6-c-skeleton pf-m-width-66"></div>
        </div>
    }
}
