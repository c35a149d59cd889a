//! Every operation of `/api/v1`, as the registry describes it, to be run with the viewer's own rights.

mod document;

use std::sync::Arc;

use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    api::{ApiError, RawAnswer, raw, use_api},
    components::{
        Button, ButtonKind, CodeBlock, Crumb, Crumbs, Empty, FormAlert, FormGroup, Heading, Label,
        NotVisible, RawAnswerView, SearchInput, SkeletonTable, TextArea, ask, load, use_list_url,
    },
    i18n::*,
    paths::QueryString,
    session::use_session,
    work::Work,
};
use document::{Body, Operation};
use icondata_lu as lu;

/// Where the description is.
const DESCRIPTION: &str = "/api/v1/openapi.json?internal=true";
/// Ids of the inputs of one operation; none has more.
const INPUTS: [&str; 12] = [
    "value-1", "value-2", "value-3", "value-4", "value-5", "value-6", "value-7", "value-8",
    "value-9", "value-10", "value-11", "value-12",
];

/// The list of operations, or the one that the address names.
#[component]
pub(crate) fn ApiExplorer() -> impl IntoView {
    let url = use_list_url();
    let operations = ask(|| {
        Box::pin(async {
            let answer = raw("GET", DESCRIPTION, None).await?;
            document::read(&answer.text)
                .map(Arc::new)
                .ok_or_else(ApiError::unreadable)
        })
    });
    let chosen = Memo::new(move |_| url.get("operation"));
    load(
        operations,
        || {
            view! {
                <section class="pf-v6-c-page__main-section">
                    <SkeletonTable/>
                </section>
            }
            .into_any()
        },
        move |operations: Arc<Vec<Operation>>| {
            move || match chosen.get() {
                None => view! { <All operations=operations.clone()/> }.into_any(),
                Some(id) => match operations.iter().find(|operation| operation.id == id) {
                    Some(operation) => view! { <One operation=operation.clone()/> }.into_any(),
                    None => view! { <NotVisible/> }.into_any(),
                },
            }
        },
    )
}

fn address_of(operation: &Operation) -> String {
    QueryString::default()
        .with("operation", &operation.id)
        .on("/api-explorer")
}

#[component]
fn All(operations: Arc<Vec<Operation>>) -> impl IntoView {
    let i18n = use_i18n();
    let url = use_list_url();
    let found = Memo::new(move |_| {
        let search = url.search();
        let found = operations.iter().filter(|it| it.matches(&search));
        found.cloned().collect::<Vec<_>>()
    });
    view! {
        <section class="pf-v6-c-page__main-section">
            <Heading title=words!(i18n, explorer.api)/>
            <p class="berth-muted berth-gap-below">
                {words!(i18n, explorer.api_lead)} " "
                <a href=DESCRIPTION rel="external">"OpenAPI 3.1"</a> " · "
                <a href="/api/v1/discovery" rel="external">"Swagger 2.0"</a>
            </p>
            <div class="berth-toolbar berth-gap-below">
                <SearchInput label=words!(i18n, explorer.search)/>
            </div>
            {move || {
                let found = found.get();
                if found.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuSearchX
                            title=words!(i18n, explorer.nothing)
                            text=words!(i18n, explorer.nothing_hint)
                        />
                    }
                        .into_any();
                }
                found
                    .chunk_by(|a, b| a.tag == b.tag)
                    .map(|group| {
                        let rows = group
                            .iter()
                            .map(|operation| {
                                view! {
                                    <li class="berth-operation">
                                        <Verb verb=operation.verb.clone()/>
                                        <a class="berth-operation__path" href=address_of(operation)>
                                            <code>{operation.path.clone()}</code>
                                        </a>
                                        <span class="berth-muted">{operation.summary.clone()}</span>
                                    </li>
                                }
                            })
                            .collect_view();
                        view! {
                            <section class="berth-gap-below">
                                <h2 class="pf-v6-c-title pf-m-md">{group[0].tag.clone()}</h2>
                                <ul class="berth-operations" role="list">
                                    {rows}
                                </ul>
                            </section>
                        }
                    })
                    .collect_view()
                    .into_any()
            }}
        </section>
    }
}

#[component]
fn Verb(verb: String) -> impl IntoView {
    view! {
        <span>
            <Label>{verb}</Label>
        </span>
    }
}

#[component]
fn One(operation: Operation) -> impl IntoView {
    let i18n = use_i18n();
    let title = format!("{} {}", operation.verb, operation.path);
    let crumbs = {
        let id = operation.id.clone();
        Signal::derive(move || {
            vec![
                Crumb::link(t_string!(i18n, explorer.api), "/api-explorer"),
                Crumb::here(id.clone()),
            ]
        })
    };
    let facts = view! {
        <p>{operation.summary.clone()}</p>
        {operation
            .scope
            .clone()
            .map(|scope| {
                view! {
                    <p class="berth-muted">
                        {words!(i18n, explorer.scope)} " " <code>{scope}</code>
                    </p>
                }
            })}
        {operation
            .needs_fresh_login
            .then(|| view! { <p class="berth-muted">{words!(i18n, explorer.fresh)}</p> })}
    };
    view! {
        <Crumbs crumbs/>
        <section class="pf-v6-c-page__main-section">
            <Heading title=title.clone() tab=operation.id.clone()/>
            {facts}
            <Try operation/>
        </section>
    }
}

/// The form of one operation and what came of it.
#[component]
fn Try(operation: Operation) -> impl IntoView {
    let (api, session, i18n) = (use_api(), use_session(), use_i18n());
    let operation = StoredValue::new(operation);
    let values: Vec<RwSignal<String>> = operation.with_value(|operation| {
        operation
            .parameters
            .iter()
            .map(|_| RwSignal::new(String::new()))
            .collect()
    });
    let values = StoredValue::new(values);
    let body = RwSignal::new(operation.with_value(|operation| {
        let body = operation.body.as_ref().filter(|body| body.required);
        body.map(|body| body.example.clone()).unwrap_or_default()
    }));
    let address = Memo::new(move |_| {
        let texts: Vec<String> = values
            .with_value(|values| values.iter().map(|it| it.get().trim().to_owned()).collect());
        operation.with_value(|operation| operation.address(&texts))
    });
    let answer = RwSignal::new(None::<RawAnswer>);
    let tried = RwSignal::new(false);
    let work = Work::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let Ok(address) = address.get_untracked() else {
            return;
        };
        let (verb, has_body) =
            operation.with_value(|operation| (operation.verb.clone(), operation.body.is_some()));
        let text = body.get_untracked();
        let sent = (has_body && !text.trim().is_empty()).then_some(text);
        answer.set(None);
        work.start(
            async move { api.try_raw(&verb, &address, sent).await },
            move |got| {
                answer.try_set(Some(got));
            },
        );
    };
    let missing = move |name: String| {
        Signal::derive(move || {
            let is_missing = tried.get() && address.get() == Err(name.clone());
            is_missing.then(|| t_string!(i18n, explorer.needed).to_owned())
        })
    };
    let inputs = operation.with_value(|operation| {
        let inputs = operation.parameters.iter().zip(INPUTS);
        inputs
            .zip(values.get_value())
            .map(|((parameter, id), value)| {
                let error = missing(parameter.name.clone());
                let hint = parameter.description.clone();
                view! {
                    <FormGroup
                        id
                        label=parameter.name.clone()
                        required=parameter.required
                        hint=(!hint.is_empty()).then_some(hint)
                        error
                    >
                        <span class="pf-v6-c-form-control" class:pf-m-error=move || error.get().is_some()>
                            <input
                                id=id
                                name=id
                                type="text"
                                autocomplete="off"
                                autocapitalize="none"
                                spellcheck="false"
                                aria-invalid=move || error.get().is_some().to_string()
                                prop:value=move || value.get()
                                on:input=move |event| value.set(event_target_value(&event))
                            />
                        </span>
                    </FormGroup>
                }
            })
            .collect_view()
    });
    let command = Signal::derive(move || {
        let origin = window().location().origin().unwrap_or_default();
        operation.with_value(|operation| {
            let address = address.get().unwrap_or_else(|_| operation.path.clone());
            operation.command(&origin, &address, &body.get())
        })
    });
    let only_reads = operation.with_value(Operation::only_reads);
    view! {
        <div class="berth-columns berth-gap-above">
            <form class="pf-v6-c-form berth-card" novalidate=true on:submit=submit>
                {inputs}
                {operation
                    .with_value(|operation| operation.body.clone())
                    .map(|described| {
                        view! {
                            <TextArea id="body" label=words!(i18n, explorer.body) value=body rows=8/>
                            <Fields body=described/>
                        }
                    })}
                <p class="berth-muted">
                    {move || match (session.viewer(), only_reads) {
                        (None, _) => t_string!(i18n, explorer.as_nobody).to_owned(),
                        (Some(viewer), true) => t_string!(i18n, explorer.as_you, name = viewer.user.name),
                        (Some(viewer), false) => {
                            t_string!(i18n, explorer.changes_as_you, name = viewer.user.name)
                        }
                    }}
                </p>
                <FormAlert error=work.error/>
                <div class="pf-v6-c-form__group pf-m-action">
                    <Button
                        kind=if only_reads { ButtonKind::Primary } else { ButtonKind::Danger }
                        submit=true
                        busy=work.busy
                    >
                        {words!(i18n, explorer.run)}
                    </Button>
                </div>
            </form>
            <div class="berth-stack">
                <CodeBlock text=command label=words!(i18n, explorer.command)/>
                <div aria-live="polite">
                    {move || answer.get().map(|answer| view! { <RawAnswerView answer/> })}
                </div>
            </div>
        </div>
    }
}

#[component]
fn Fields(body: Body) -> impl IntoView {
    let i18n = use_i18n();
    let fields = body
        .fields
        .into_iter()
        .map(|field| {
            view! {
                <dt>
                    <code>{field.name}</code>
                    {field.required.then_some(" *")}
                </dt>
                <dd>
                    <span class="berth-muted">{field.kind}</span>
                    " "
                    {field.description}
                </dd>
            }
        })
        .collect_view();
    view! {
        <details>
            <summary>{words!(i18n, explorer.fields)}</summary>
            <dl class="berth-facts berth-gap-above">{fields}</dl>
        </details>
    }
}
