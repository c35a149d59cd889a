//! What the repository is, and how to reach it from a terminal.

use cynic::MutationBuilder;
use leptos::{ev::SubmitEvent, prelude::*};

use super::{Repository, RepositoryState, access::OwnReasons};
use crate::{
    api::use_api,
    commands,
    components::{
        Button, ButtonKind, CopyLine, FormAlert, Markdown, Size, TextArea, Time, VisibilityLabel,
        use_toasts, warn_before_leaving,
    },
    fragments::Visibility,
    i18n::*,
    roles::role_words,
    schema,
    session::use_session,
    text,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    id: cynic::Id,
    description: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Update {
    #[arguments(input: { id: $id, description: $description })]
    update_repository: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "UpdateRepositoryPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    repository: Updated,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Repository")]
#[expect(dead_code, reason = "only the success matters")]
struct Updated {
    id: cynic::Id,
}

/// The tab *Information*.
#[component]
pub(crate) fn Information(
    /// Of which.
    repository: Repository,
    /// Reads the repository again.
    refetch: Callback<()>,
) -> impl IntoView {
    let (i18n, session) = (use_i18n(), use_session());
    let editing = RwSignal::new(false);
    let (path, push_path) = (repository.path.clone(), repository.path.clone());
    let docker_path = path.clone();
    let (can_push, can_edit) = (repository.viewer_can_push, repository.viewer_can_administer);
    let role = repository.viewer_permission;
    let why = session.viewer_untracked().map(|viewer| {
        let namespace = repository.namespace.name().to_owned();
        view! { <OwnReasons user=viewer.user.id namespace name=repository.name.clone()/> }
    });
    let tags = i64::from(repository.tag_count);
    let pulls = repository.popularity.0.parse().unwrap_or_default();
    let description = StoredValue::new(repository.description.clone());
    let html = StoredValue::new(repository.description_html.clone());
    let id = StoredValue::new(repository.id.inner().to_owned());
    view! {
        <div class="berth-columns">
            <div class="berth-stack">
                <section class="berth-card" aria-labelledby="description-title">
                    <h2 id="description-title">
                        {words!(i18n, repository.description)}
                        <Show when=move || can_edit && !editing.get()>
                            <Button
                                kind=ButtonKind::Link
                                label=words!(i18n, repository.edit_description)
                                on_click=Callback::new(move |_| editing.set(true))
                            >
                                {words!(i18n, common.edit)}
                            </Button>
                        </Show>
                    </h2>
                    {move || {
                        if editing.get() {
                            view! {
                                <EditDescription
                                    id=id.get_value()
                                    description=description.get_value()
                                    on_close=Callback::new(move |()| editing.set(false))
                                    on_done=refetch
                                />
                            }
                                .into_any()
                        } else if description.with_value(|text| text.trim().is_empty()) {
                            view! { <p class="berth-muted">{words!(i18n, repository.no_description)}</p> }.into_any()
                        } else {
                            view! { <Markdown html=html.get_value()/> }.into_any()
                        }
                    }}
                </section>
                <section class="berth-card" aria-labelledby="facts-title">
                    <h2 id="facts-title">{words!(i18n, repository.facts)}</h2>
                    <dl class="berth-facts">
                        <dt>{words!(i18n, repositories.visibility)}</dt>
                        <dd>
                            <VisibilityLabel public=repository.visibility == Visibility::Public/>
                            {(repository.state != RepositoryState::Normal)
                                .then(|| {
                                    view! {
                                        " "
                                        <span class="pf-v6-c-label pf-m-compact">
                                            <span class="pf-v6-c-label__content">
                                                <span class="pf-v6-c-label__text">
                                                    {words!(i18n, repository.read_only)}
                                                </span>
                                            </span>
                                        </span>
                                    }
                                })}
                        </dd>
                        <dt>{words!(i18n, repositories.size)}</dt>
                        <dd><Size bytes=repository.size_bytes/></dd>
                        <dt>{words!(i18n, repositories.tags)}</dt>
                        <dd>{move || text::count(language(i18n), tags)}</dd>
                        <dt>{words!(i18n, repositories.last_pushed)}</dt>
                        <dd><Time at=repository.last_pushed_at/></dd>
                        <dt>{words!(i18n, repositories.pulls)}</dt>
                        <dd>{move || text::count(language(i18n), pulls)}</dd>
                        <dt>{words!(i18n, repository.created)}</dt>
                        <dd><Time at=Some(repository.created_at)/></dd>
                        <dt>{words!(i18n, repository.your_role)}</dt>
                        <dd>
                            {move || match role {
                                Some(role) => role_words(i18n, role),
                                None => t_string!(i18n, repository.role_none),
                            }}
                            " "
                            {why}
                        </dd>
                    </dl>
                </section>
            </div>
            <div class="berth-stack">
                <section class="berth-card" aria-labelledby="pull-title">
                    <h2 id="pull-title">{words!(i18n, repository.pull)}</h2>
                    <div class="berth-commands">
                        <CopyLine
                            label=Signal::stored(Some("Podman".to_owned()))
                            text=Signal::derive(move || commands::podman_pull(&session.registry(), &path, ":latest"))
                        />
                        <CopyLine
                            label=Signal::stored(Some("Docker".to_owned()))
                            text=Signal::derive(move || commands::docker_pull(&session.registry(), &docker_path, ":latest"))
                        />
                    </div>
                </section>
                {can_push
                    .then(|| {
                        view! {
                            <section class="berth-card" aria-labelledby="push-title">
                                <h2 id="push-title">{words!(i18n, repository.push)}</h2>
                                <PushCommands path=push_path/>
                            </section>
                        }
                    })}
            </div>
        </div>
    }
}

/// The three lines of a first push.
#[component]
pub(crate) fn PushCommands(
    /// To where.
    path: String,
) -> impl IntoView {
    let session = use_session();
    let lines = Memo::new(move |_| {
        let user = session.user_name().unwrap_or_default();
        commands::push(&session.registry(), &path, &user)
    });
    view! {
        <div class="berth-commands">
            {(0..3)
                .map(|i| view! { <CopyLine text=Signal::derive(move || lines.with(|lines| lines[i].clone()))/> })
                .collect_view()}
        </div>
    }
}

#[component]
fn EditDescription(
    id: String,
    description: String,
    on_close: Callback<()>,
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let value = RwSignal::new(description.clone());
    warn_before_leaving(Signal::derive(move || {
        value.with(|text| *text != description)
    }));
    let work = Work::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let variables = Variables {
            id: cynic::Id::new(id.clone()),
            description: value.get_untracked().trim().to_owned(),
        };
        work.start(api.done(Update::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, repository.description_saved));
            on_close.try_run(());
            on_done.try_run(());
        });
    };
    view! {
        <form class="pf-v6-c-form" on:submit=submit>
            <FormAlert error=work.error/>
            <TextArea
                id="description"
                label=words!(i18n, repository.description)
                hint=words!(i18n, repositories.description_hint)
                value
                rows=10
            />
            <div class="berth-row">
                <Button kind=ButtonKind::Primary submit=true busy=work.busy>
                    {words!(i18n, common.save)}
                </Button>
                <Button kind=ButtonKind::Link on_click=Callback::new(move |_| on_close.run(()))>
                    {words!(i18n, common.cancel)}
                </Button>
            </div>
        </form>
    }
}
