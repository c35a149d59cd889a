//! GraphQL by hand: a document, its variables, what the registry answers, and what there is to ask for.

mod introspection;

use std::sync::Arc;

use leptos::{
    ev::{KeyboardEvent, SubmitEvent},
    prelude::*,
};
use serde_json::{Map, Value, json};
use wasm_bindgen::JsCast;

use crate::{
    api::{ApiError, RawAnswer, raw, use_api},
    components::{
        Button, ButtonKind, FormAlert, FormGroup, Heading, RawAnswerView, SkeletonLines, TextArea,
        ask, load, use_list_url,
    },
    i18n::*,
    session::use_session,
    work::Work,
};
use introspection::{QUERY, Root, Schema};

/// What is asked for until somebody writes something else.
const FIRST: &str = "query Me {\n  viewer {\n    user {\n      id\n      name\n    }\n  }\n  registry {\n    version\n  }\n}\n";

/// The body of a request; else the word that is to be put right.
fn request(query: &str, variables: &str) -> Option<String> {
    let variables = if variables.trim().is_empty() {
        Value::Object(Map::new())
    } else {
        serde_json::from_str(variables)
            .ok()
            .filter(Value::is_object)?
    };
    Some(json!({ "query": query, "variables": variables }).to_string())
}

/// The page.
#[component]
pub(crate) fn GraphqlExplorer() -> impl IntoView {
    let (api, session, i18n) = (use_api(), use_session(), use_i18n());
    let url = use_list_url();
    let given = |key| untrack(move || url.get(key));
    let query = RwSignal::new(given("query").unwrap_or_else(|| FIRST.to_owned()));
    let variables = RwSignal::new(given("variables").unwrap_or_default());
    let answer = RwSignal::new(None::<RawAnswer>);
    let work = Work::new();
    let unreadable = RwSignal::new(false);
    let run = move || {
        let body = request(&query.get_untracked(), &variables.get_untracked());
        unreadable.set(body.is_none());
        let Some(body) = body else { return };
        answer.set(None);
        work.start(
            async move { api.try_raw("POST", "/graphql", Some(body)).await },
            move |got| {
                answer.try_set(Some(got));
            },
        );
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        run();
    };
    let by_keys = move |event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            run();
        }
    };
    let schema = ask(|| {
        Box::pin(async {
            let body = json!({ "query": QUERY }).to_string();
            let answer = raw("POST", "/graphql", Some(body)).await?;
            Schema::read(&answer.text)
                .map(Arc::new)
                .ok_or_else(ApiError::unreadable)
        })
    });
    let begin = Callback::new(move |(document, values): (String, String)| {
        query.set(document);
        variables.set(values);
        answer.set(None);
        let field = document_field();
        if let Some(field) = field {
            let _ = field.focus();
        }
    });
    view! {
        <section class="pf-v6-c-page__main-section">
            <Heading title=words!(i18n, explorer.graphql)/>
            <p class="berth-muted berth-gap-below">
                {move || match session.viewer() {
                    None => t_string!(i18n, explorer.as_nobody).to_owned(),
                    Some(viewer) => t_string!(i18n, explorer.changes_as_you, name = viewer.user.name),
                }}
            </p>
            <div class="berth-columns">
                <form class="pf-v6-c-form berth-card berth-editor" novalidate=true on:submit=submit on:keydown=by_keys>
                    <TextArea id=DOCUMENT label=words!(i18n, explorer.document) value=query rows=16/>
                    <FormGroup
                        id="variables"
                        label=words!(i18n, explorer.variables)
                        error=Signal::derive(move || {
                            unreadable.get().then(|| t_string!(i18n, explorer.no_object).to_owned())
                        })
                    >
                        <span
                            class="pf-v6-c-form-control pf-m-textarea pf-m-resize-vertical"
                            class:pf-m-error=move || unreadable.get()
                        >
                            <textarea
                                id="variables"
                                name="variables"
                                rows="5"
                                spellcheck="false"
                                aria-invalid=move || unreadable.get().to_string()
                                prop:value=move || variables.get()
                                on:input=move |event| variables.set(event_target_value(&event))
                            ></textarea>
                        </span>
                    </FormGroup>
                    <FormAlert error=work.error/>
                    <div class="pf-v6-c-form__group pf-m-action">
                        <Button kind=ButtonKind::Primary submit=true busy=work.busy>
                            {words!(i18n, explorer.run)}
                        </Button>
                        <span class="berth-muted berth-wide-only">"Ctrl + Enter"</span>
                    </div>
                </form>
                <div class="berth-stack">
                    <div aria-live="polite">
                        {move || answer.get().map(|answer| view! { <RawAnswerView answer/> })}
                    </div>
                    <section class="berth-card" aria-labelledby="schema-title">
                        <h2 id="schema-title">{words!(i18n, explorer.schema)}</h2>
                        {load(
                            schema,
                            || view! { <SkeletonLines/> }.into_any(),
                            move |schema: Arc<Schema>| view! { <Roots schema begin/> },
                        )}
                    </section>
                </div>
            </div>
        </section>
    }
}

/// Id of the document's input.
const DOCUMENT: &str = "document";

fn document_field() -> Option<web_sys::HtmlElement> {
    document().get_element_by_id(DOCUMENT)?.dyn_into().ok()
}

/// What there is to ask for; a press writes an operation that does.
#[component]
fn Roots(schema: Arc<Schema>, begin: Callback<(String, String)>) -> impl IntoView {
    let i18n = use_i18n();
    let search = RwSignal::new(String::new());
    let schema = StoredValue::new(schema);
    let list = move |is_mutation: bool| {
        let search = search.get().to_lowercase();
        let fits = |root: &&Root| {
            root.is_mutation == is_mutation && root.name.to_lowercase().contains(search.trim())
        };
        let found: Vec<Root> =
            schema.with_value(|schema| schema.roots.iter().filter(fits).cloned().collect());
        let rows = found
            .into_iter()
            .map(|root| {
                let (name, description) = (root.name.clone(), root.description.clone());
                let write = move |_| {
                    begin.run(schema.with_value(|schema| schema.operation(&root)));
                };
                view! {
                    <li class="berth-root">
                        <button type="button" class="pf-v6-c-button pf-m-link pf-m-inline" on:click=write>
                            <code>{name}</code>
                        </button>
                        <span class="berth-muted">{description}</span>
                    </li>
                }
            })
            .collect_view();
        view! {
            <ul class="berth-operations" role="list">
                {rows}
            </ul>
        }
    };
    view! {
        <span class="pf-v6-c-form-control berth-gap-below">
            <input
                type="search"
                id="search"
                autocomplete="off"
                spellcheck="false"
                aria-label=words!(i18n, explorer.search)
                placeholder=words!(i18n, explorer.search)
                prop:value=move || search.get()
                on:input=move |event| search.set(event_target_value(&event))
            />
        </span>
        <div class="berth-roots">
            <h3>{words!(i18n, explorer.queries)}</h3>
            {move || list(false)}
            <h3>{words!(i18n, explorer.mutations)}</h3>
            {move || list(true)}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::request;

    #[test]
    fn variables_are_an_object_or_nothing() {
        assert_eq!(
            request("{ a }", " ").as_deref(),
            Some(r#"{"query":"{ a }","variables":{}}"#)
        );
        assert_eq!(
            request("{ a }", r#"{"b": 1}"#).as_deref(),
            Some(r#"{"query":"{ a }","variables":{"b":1}}"#)
        );
        assert_eq!(request("{ a }", "[]"), None);
        assert_eq!(request("{ a }", "{"), None);
    }
}
