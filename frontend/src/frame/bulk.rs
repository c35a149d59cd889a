//! How far changes of many repositories are, above every page: they go on when the page is left, and are found again
//! when it is loaded anew.

use cynic::{MutationBuilder, QueryBuilder};
use gloo_timers::future::TimeoutFuture;
use icondata_lu as lu;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{Api, ApiError, use_api},
    bulk_changes::{BulkChange, BulkChangeKind, BulkChangeState, BulkChanges, use_bulk_changes},
    components::{Button, ButtonKind, Icon, Toasts, error_text, use_toasts},
    i18n::*,
    schema,
    session::use_session,
    text,
};

/// Waits between two questions, longer while nothing moves, the last one for ever.
const WAITS_MS: [u32; 8] = [1_000, 1_000, 1_000, 2_000, 2_000, 3_000, 5_000, 10_000];
/// So many repositories that were refused are named.
const NAMED: usize = 8;

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Query")]
struct OpenQuery {
    viewer: Option<OpenViewer>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Viewer")]
struct OpenViewer {
    #[arguments(first: 100)]
    bulk_changes: Option<BulkChangeConnection>,
}

#[derive(cynic::QueryFragment, Debug)]
struct BulkChangeConnection {
    nodes: Vec<BulkChange>,
}

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    id: cynic::Id,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct OneQuery {
    viewer: Option<OneViewer>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Viewer", variables = "Variables")]
struct OneViewer {
    #[arguments(id: $id)]
    bulk_change: Option<BulkChange>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct CausesQuery {
    viewer: Option<CausesViewer>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Viewer", variables = "Variables")]
struct CausesViewer {
    #[arguments(id: $id)]
    bulk_change: Option<Refused>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "BulkChange")]
struct Refused {
    causes: Vec<BulkChangeCause>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct BulkChangeCause {
    repository: Option<Repository>,
    reason: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Repository {
    path: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Cancel {
    #[arguments(input: { id: $id })]
    cancel_bulk_change: CancelPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "CancelBulkChangePayload")]
struct CancelPayload {
    bulk_change: BulkChange,
}

/// The changes that go on, and those of which not all became as it was asked for.
#[component]
pub(super) fn BulkProgress() -> impl IntoView {
    let bulk = use_bulk_changes();
    find_again(bulk);
    view! {
        <div class="berth-work" aria-live="polite">
            <For each=move || bulk.ids() key=|id| id.inner().to_owned() let:id>
                <Progress id/>
            </For>
        </div>
    }
}

/// Shows what goes on of who is signed in, and nothing of who was before.
fn find_again(bulk: BulkChanges) {
    let (api, session) = (use_api(), use_session());
    let who = Memo::new(move |_| session.user_name());
    Effect::new(move |_| {
        let who = who.get();
        bulk.clear();
        if who.is_none() {
            return;
        }
        // Nobody asked for this question, so it does not ask for a password either.
        let asked = api.run_once(OpenQuery::build(()));
        spawn_local(async move {
            let viewer = asked.await.ok().and_then(|answer: OpenQuery| answer.viewer);
            let found = viewer.and_then(|viewer| viewer.bulk_changes);
            let changes = found.into_iter().flat_map(|found| found.nodes);
            // The newest come first.
            for change in changes.rev() {
                if change.state == BulkChangeState::Running {
                    bulk.follow(change);
                }
            }
        });
    });
}

/// How long is waited after so many questions in which nothing moved.
fn wait_ms(idle: usize) -> u32 {
    WAITS_MS[idle.min(WAITS_MS.len() - 1)]
}

/// Keeps up with one change while it is shown.
#[derive(Clone, Copy)]
struct Follower {
    api: Api,
    toasts: Toasts,
    i18n: I18n,
    bulk: BulkChanges,
    /// Why repositories were refused, known at the end.
    causes: RwSignal<Vec<BulkChangeCause>>,
}

impl Follower {
    /// The change, while it goes on and is shown.
    fn running(self, id: &cynic::Id) -> Option<BulkChange> {
        // Shown anew it has another follower.
        self.causes.try_with_untracked(|_| ())?;
        let change = untrack(|| self.bulk.get(id));
        change.filter(|change| change.state == BulkChangeState::Running)
    }

    /// Asks until the change has ended. Whoever asked for it knows of it already, so nothing here asks for a password.
    async fn watch(self, id: cynic::Id) {
        let mut idle = 0_usize;
        loop {
            TimeoutFuture::new(wait_ms(idle)).await;
            let Some(before) = self.running(&id) else {
                return;
            };
            let asked = OneQuery::build(Variables { id: id.clone() });
            let answer: Result<OneQuery, ApiError> = self.api.run_once(asked).await;
            match answer.map(|answer| answer.viewer) {
                Ok(Some(OneViewer {
                    bulk_change: Some(now),
                })) => {
                    idle = if now.done > before.done { 0 } else { idle + 1 };
                    self.tell(now).await;
                }
                // It is another user's, or ended so long ago that it is forgotten.
                Ok(Some(OneViewer { bulk_change: None })) => {
                    self.bulk.dismiss(&id);
                    return;
                }
                // The session ended or the registry is away; both may be back.
                Ok(None) | Err(_) => idle += 1,
            }
        }
    }

    /// Notes how the change stands, and at its end what came of it.
    async fn tell(self, now: BulkChange) {
        if !self.bulk.note(now.clone()) {
            return;
        }
        if now.is_whole() {
            self.bulk.dismiss(&now.id);
            self.toasts.success(untrack(|| made(self.i18n, &now)));
        } else if now.refused > 0 {
            let asked = CausesQuery::build(Variables { id: now.id });
            // Where they cannot be had, the number of them is told all the same.
            let answer: Result<CausesQuery, ApiError> = self.api.run_once(asked).await;
            let viewer = answer.ok().and_then(|answer| answer.viewer);
            if let Some(refused) = viewer.and_then(|viewer| viewer.bulk_change) {
                self.causes.try_set(refused.causes);
            }
        }
    }

    /// Ends the change; what is done stays.
    async fn cancel(self, id: cynic::Id) {
        match self.api.run(Cancel::build(Variables { id })).await {
            Ok(Cancel { cancel_bulk_change }) => self.tell(cancel_bulk_change.bulk_change).await,
            Err(error) => self
                .toasts
                .failure(untrack(|| error_text(self.i18n, &error))),
        }
    }
}

/// What is being done.
fn doing(i18n: I18n, kind: BulkChangeKind) -> &'static str {
    match kind {
        BulkChangeKind::Visibility => t_string!(i18n, bulk.visibility),
        BulkChangeKind::Deletion => t_string!(i18n, bulk.deletion),
        BulkChangeKind::Permissions => t_string!(i18n, bulk.permissions),
    }
}

/// What was done.
fn made(i18n: I18n, change: &BulkChange) -> String {
    let count = change.made();
    match change.kind {
        BulkChangeKind::Visibility => t_string!(i18n, bulk.visibility_made, count = count),
        BulkChangeKind::Deletion => t_string!(i18n, repositories.deleted, count = count),
        BulkChangeKind::Permissions => t_string!(i18n, bulk.permissions_made, count = count),
    }
}

/// `312 of 4,000 repositories`.
fn figures(i18n: I18n, change: &BulkChange) -> String {
    let number = |count: i32| text::count(language(i18n), i64::from(count));
    let (done, total) = (number(change.done), number(change.total));
    t_string!(i18n, bulk.progress, done = done, total = total)
}

/// One change, while it goes on and afterwards.
#[component]
fn Progress(id: cynic::Id) -> impl IntoView {
    let bulk = use_bulk_changes();
    let follower = Follower {
        api: use_api(),
        toasts: use_toasts(),
        i18n: use_i18n(),
        bulk,
        causes: RwSignal::new(Vec::new()),
    };
    spawn_local(follower.watch(id.clone()));
    let shown = id.clone();
    let change = Memo::new(move |_| bulk.get(&shown));
    // The buttons stay while only the numbers change.
    let state =
        Memo::new(move |_| change.with(|change| change.as_ref().map(|change| change.state)));
    move || match state.get() {
        None => ().into_any(),
        Some(BulkChangeState::Running) => running(follower, &id, change),
        Some(_) => {
            let ended = change.get_untracked();
            ended
                .map(|ended| view! { <Ended ended causes=follower.causes/> })
                .into_any()
        }
    }
}

/// A change that goes on, with the button that ends it.
fn running(follower: Follower, id: &cynic::Id, change: Memo<Option<BulkChange>>) -> AnyView {
    let Follower { i18n, .. } = follower;
    let title = format!("bulk-{}", id.inner());
    let named = title.clone();
    let busy = RwSignal::new(false);
    let of = move |say: fn(I18n, &BulkChange) -> String| {
        change.with(|change| change.as_ref().map(|change| say(i18n, change)))
    };
    let number = move |count: fn(&BulkChange) -> i32| {
        change.with(|change| change.as_ref().map(|change| count(change).to_string()))
    };
    let width = move || {
        let percent = change.with(|change| change.as_ref().map_or(0, BulkChange::percent));
        format!("{percent}%")
    };
    let id = id.clone();
    let cancel = Callback::new(move |_| {
        let id = id.clone();
        busy.set(true);
        spawn_local(async move {
            follower.cancel(id).await;
            busy.try_set(false);
        });
    });
    view! {
        <div class="pf-v6-c-alert pf-m-info pf-m-inline">
            <div class="pf-v6-c-alert__icon">
                <Icon icon=lu::LuRefreshCw/>
            </div>
            <p class="pf-v6-c-alert__title" id=title>
                {move || of(|i18n, change| doing(i18n, change.kind).to_owned())}
            </p>
            <div class="pf-v6-c-alert__description">
                // Each step would be read out.
                <div class="berth-work__progress" aria-live="off">
                    <span
                        class="berth-bar"
                        role="progressbar"
                        aria-labelledby=named
                        aria-valuemin="0"
                        aria-valuemax=move || number(|change| change.total)
                        aria-valuenow=move || number(|change| change.done)
                        aria-valuetext=move || of(figures)
                    >
                        <span class="berth-bar__fill" style:width=width></span>
                    </span>
                    <span class="berth-number">{move || of(figures)}</span>
                </div>
                <p>{words!(i18n, bulk.goes_on)}</p>
            </div>
            <div class="pf-v6-c-alert__action-group">
                <Button kind=ButtonKind::Link busy on_click=cancel>
                    {words!(i18n, bulk.cancel)}
                </Button>
            </div>
        </div>
    }
    .into_any()
}

/// A change that ended otherwise than was asked for.
#[component]
fn Ended(ended: BulkChange, causes: RwSignal<Vec<BulkChangeCause>>) -> impl IntoView {
    let (i18n, bulk) = (use_i18n(), use_bulk_changes());
    let class = if ended.state == BulkChangeState::Failed {
        "pf-v6-c-alert pf-m-danger pf-m-inline"
    } else {
        "pf-v6-c-alert pf-m-warning pf-m-inline"
    };
    let (state, left, refused) = (ended.state, ended.left(), ended.refused);
    let (id, error) = (ended.id.clone(), ended.error.clone());
    let early = move || match state {
        BulkChangeState::Failed => Some(t_string!(i18n, bulk.failed, count = left)),
        BulkChangeState::Cancelled => Some(t_string!(i18n, bulk.cancelled, count = left)),
        BulkChangeState::Running | BulkChangeState::Done => None,
    };
    view! {
        <div class=class>
            <div class="pf-v6-c-alert__icon">
                <Icon icon=lu::LuTriangleAlert/>
            </div>
            <p class="pf-v6-c-alert__title">{move || made(i18n, &ended)}</p>
            <div class="pf-v6-c-alert__action">
                <Button
                    kind=ButtonKind::Plain
                    icon=Some(lu::LuX)
                    label=words!(i18n, common.dismiss)
                    on_click=Callback::new(move |_| bulk.dismiss(&id))
                />
            </div>
            <div class="pf-v6-c-alert__description">
                {move || early().map(|text| view! { <p>{text}</p> })}
                {error.map(|error| view! { <p dir="auto">{error}</p> })}
                {(refused > 0)
                    .then(|| {
                        view! {
                            <p>{move || t_string!(i18n, bulk.refused, count = refused)}</p>
                            {move || causes.with(|causes| Told::of(refused, causes)).map(|told| list(i18n, told))}
                        }
                    })}
            </div>
        </div>
    }
}

/// What is said of the repositories that were refused.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    /// Paths, and why.
    named: Vec<(String, ApiError)>,
    /// How many have no name for the viewer.
    unseen: usize,
    /// How many more there are.
    more: usize,
}

impl Told {
    /// Of so many, for the first of which there are causes; nothing while these are not known.
    fn of(refused: i32, causes: &[BulkChangeCause]) -> Option<Self> {
        if causes.is_empty() {
            return None;
        }
        let named = causes.iter().filter_map(|cause| {
            let repository = cause.repository.as_ref()?;
            Some((repository.path.clone(), ApiError::of_reason(&cause.reason)))
        });
        let named: Vec<_> = named.take(NAMED).collect();
        let unseen = causes.iter().filter(|cause| cause.repository.is_none());
        let unseen = unseen.count();
        let refused = usize::try_from(refused).unwrap_or(0);
        Some(Self {
            more: refused.saturating_sub(named.len() + unseen),
            named,
            unseen,
        })
    }
}

fn list(i18n: I18n, told: Told) -> AnyView {
    let Told {
        named,
        unseen,
        more,
    } = told;
    let lines = named.into_iter().map(|(path, error)| {
        view! {
            <li>
                <bdi>{path}</bdi>
                ": "
                {move || error_text(i18n, &error)}
            </li>
        }
    });
    view! {
        <ul class="berth-names">
            {lines.collect_view()}
            {(unseen > 0).then(|| view! { <li>{move || t_string!(i18n, bulk.unseen, count = unseen)}</li> })}
            {(more > 0).then(|| view! { <li>{move || t_string!(i18n, common.and_more, number = more)}</li> })}
        </ul>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(path: Option<&str>, reason: &str) -> BulkChangeCause {
        BulkChangeCause {
            repository: path.map(|path| Repository {
                path: path.to_owned(),
            }),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn questions_come_more_seldom_while_nothing_moves() {
        assert_eq!(wait_ms(0), 1_000);
        assert!((1..20).all(|idle| wait_ms(idle) >= wait_ms(idle - 1)));
        assert_eq!(wait_ms(1_000), 10_000);
    }

    #[test]
    fn causes_are_named_and_the_rest_is_counted() {
        assert_eq!(Told::of(3, &[]), None);
        let causes = [
            cause(Some("acme/app"), "FORBIDDEN"),
            cause(None, "REPOSITORY_NOT_FOUND"),
        ];
        let named = vec![("acme/app".to_owned(), ApiError::of_reason("FORBIDDEN"))];
        let told = |more| Told {
            named: named.clone(),
            unseen: 1,
            more,
        };
        assert_eq!(Told::of(2, &causes), Some(told(0)));
        assert_eq!(Told::of(250, &causes), Some(told(248)));
        let many = vec![cause(Some("acme/app"), "FORBIDDEN"); 100];
        let told = Told::of(100, &many).unwrap();
        assert_eq!((told.named.len(), told.more), (NAMED, 100 - NAMED));
    }
}
