//! The dialog that makes a repository.

use berth_domain::RepositoryName;
use cynic::MutationBuilder;
use icondata_lu as lu;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    api::{ErrorClass, use_api},
    components::{FormDialog, FormGroup, Icon, Select, TextArea, TextField, error_text},
    fragments::Visibility,
    i18n::*,
    pages::setup::refusal,
    paths, schema,
    session::use_session,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    namespace: String,
    name: String,
    description: String,
    visibility: Visibility,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Create {
    #[arguments(input: { namespace: $namespace, name: $name, description: $description, visibility: $visibility })]
    create_repository: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "CreateRepositoryPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    repository: Made,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Repository")]
#[expect(dead_code, reason = "only the success matters")]
struct Made {
    path: String,
}

/// *Create Repository*: namespace, name, description, visibility; then its page with the commands of a first push.
#[component]
pub(crate) fn CreateRepository(
    /// Where the list is.
    namespace: Option<String>,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let (api, session, i18n) = (use_api(), use_session(), use_i18n());
    let navigate = use_navigate();
    let choices = session
        .viewer_untracked()
        .map(|viewer| viewer.creatable_namespaces)
        .unwrap_or_default();
    let namespace = RwSignal::new(
        namespace
            .or_else(|| choices.first().cloned())
            .unwrap_or_default(),
    );
    let name = RwSignal::new(String::new());
    let description = RwSignal::new(String::new());
    let public = RwSignal::new(false);
    let work = Work::new();
    let name_error = Signal::derive(move || {
        refusal::<RepositoryName>(&name.get(), || t_string!(i18n, rules.repository).to_owned())
            .or_else(|| {
                let error = work.error.get()?;
                match error.class {
                    ErrorClass::AlreadyExists => {
                        Some(t_string!(i18n, repositories.taken).to_owned())
                    }
                    _ if work.refused("name") => Some(error_text(i18n, &error)),
                    _ => None,
                }
            })
    });
    let other_error = Signal::derive(move || {
        let error = work.error_beside(&["name"]).get();
        error.filter(|error| error.class != ErrorClass::AlreadyExists)
    });
    let ready =
        Signal::derive(move || name.with(|name| name.trim().parse::<RepositoryName>().is_ok()));
    let on_submit = Callback::new(move |()| {
        let variables = Variables {
            namespace: namespace.get_untracked(),
            name: name.get_untracked().trim().to_owned(),
            description: description.get_untracked().trim().to_owned(),
            visibility: if public.get_untracked() {
                Visibility::Public
            } else {
                Visibility::Private
            },
        };
        let navigate = navigate.clone();
        let path = format!("{}/{}", variables.namespace, variables.name);
        work.start(api.done(Create::build(variables)), move |()| {
            navigate(&paths::repository(&path), NavigateOptions::default());
        });
    });
    let options: Vec<_> = choices
        .into_iter()
        .map(|name| (name.clone(), name))
        .collect();
    view! {
        <FormDialog
            title=words!(i18n, repositories.create)
            work
            error=other_error
            action=words!(i18n, common.create)
            ready
            on_submit
            on_close
        >
                        <FormGroup
                            id="repository-namespace"
                            label=words!(i18n, repositories.namespace)
                            required=true
                        >
                            <Select
                                id="repository-namespace"
                                options=Signal::stored(options)
                                value=namespace
                                on_change=Callback::new(move |value| namespace.set(value))
                            />
                        </FormGroup>
                        <TextField
                            id="repository-name"
                            label=words!(i18n, repositories.repository_name)
                            hint=words!(i18n, repositories.name_hint)
                            value=name
                            error=name_error
                            required=true
                            autofocus=true
                        />
                        <TextArea
                            id="repository-description"
                            label=words!(i18n, repositories.description)
                            hint=words!(i18n, repositories.description_hint)
                            value=description
                        />
                        <fieldset class="berth-fieldset">
                            <legend class="pf-v6-c-form__label-text">{words!(i18n, repositories.visibility)}</legend>
                            <VisibilityChoice public value=false/>
                            <VisibilityChoice public value=true/>
                        </fieldset>
        </FormDialog>
    }
}

#[component]
fn VisibilityChoice(public: RwSignal<bool>, value: bool) -> impl IntoView {
    let i18n = use_i18n();
    let id = if value {
        "visibility-public"
    } else {
        "visibility-private"
    };
    view! {
        <div class="pf-v6-c-radio">
            <input
                class="pf-v6-c-radio__input"
                type="radio"
                name="visibility"
                id=id
                prop:checked=move || public.get() == value
                on:change=move |_| public.set(value)
            />
            <label class="pf-v6-c-radio__label" for=id>
                <Icon icon=if value { lu::LuGlobe } else { lu::LuLock }/>
                " "
                {move || {
                    if value { t_string!(i18n, repository.public) } else { t_string!(i18n, repository.private) }
                }}
            </label>
            <span class="pf-v6-c-radio__description">
                {move || {
                    if value {
                        t_string!(i18n, repositories.public_hint)
                    } else {
                        t_string!(i18n, repositories.private_hint)
                    }
                }}
            </span>
        </div>
    }
}
