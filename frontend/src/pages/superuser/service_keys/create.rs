//! The dialog that makes a key, and the one that shows its private half.

use cynic::MutationBuilder;
use leptos::prelude::*;

use super::{are_notes, is_name, is_service};
use crate::{
    api::use_api,
    components::{CodeBlock, CopyLine, FormDialog, ShowDialog, TextArea, TextField, error_text},
    fragments::DateTime,
    i18n::*,
    schema, text,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    service: String,
    name: String,
    notes: String,
    expires_at: Option<DateTime>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Create {
    #[arguments(input: { service: $service, name: $name, notes: $notes, expiresAt: $expires_at })]
    create_service_key: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "CreateServiceKeyPayload")]
#[expect(clippy::struct_field_names, reason = "the schema's own words")]
struct Payload {
    service_key: Kept,
    public_key: String,
    private_key: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "ServiceKey")]
struct Kept {
    kid: String,
    service: String,
}

/// A new key with both halves.
#[derive(Clone)]
pub(super) struct Made {
    kid: String,
    service: String,
    public_key: String,
    private_key: String,
}

/// When a key ends, as it is typed: nothing for never.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Never,
    At(DateTime),
    /// Not an instant that lies ahead.
    Wrong,
}

impl End {
    /// Reads what an input of the type `datetime-local` holds.
    pub(super) fn of(typed: &str) -> Self {
        if typed.trim().is_empty() {
            return Self::Never;
        }
        let instant = text::instant_of(typed);
        match instant.filter(|instant| text::is_ahead(instant)) {
            Some(instant) => Self::At(DateTime(instant)),
            None => Self::Wrong,
        }
    }

    /// What the server is told.
    pub(super) fn at(self) -> Option<DateTime> {
        match self {
            Self::At(at) => Some(at),
            Self::Never | Self::Wrong => None,
        }
    }
}

/// When a key ends.
#[component]
pub(super) fn EndField(
    /// What is typed.
    typed: RwSignal<String>,
    /// The work behind the form's button.
    work: Work,
    /// True where typing starts.
    #[prop(optional)]
    autofocus: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let error = Signal::derive(move || {
        let wrong = typed.with(|typed| End::of(typed) == End::Wrong);
        (wrong || work.refused("expiresAt")).then(|| t_string!(i18n, service_keys.past).to_owned())
    });
    view! {
        <TextField
            id="key-expires"
            kind="datetime-local"
            label=words!(i18n, service_keys.expires)
            hint=words!(i18n, service_keys.expires_hint)
            value=typed
            error
            autofocus
        />
    }
}

/// *Create Service Key*: for which service, its name, why, and when it ends.
#[component]
pub(super) fn CreateKey(
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called with the new key.
    on_done: Callback<Made>,
) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let empty = || RwSignal::new(String::new());
    let (service, name, notes, expires) = (empty(), empty(), empty(), empty());
    let work = Work::new();
    let service_error = Signal::derive(move || {
        let wrong = service.with(|text| !text.trim().is_empty() && !is_service(text.trim()));
        if wrong {
            return Some(t_string!(i18n, service_keys.service_rule).to_owned());
        }
        // The registry's own service has a good name, and is refused all the same.
        work.refused("service")
            .then(|| t_string!(i18n, service_keys.service_own).to_owned())
    });
    let name_error = Signal::derive(move || {
        let wrong = name.with(|text| !is_name(text.trim())) || work.refused("name");
        wrong.then(|| t_string!(i18n, service_keys.name_rule).to_owned())
    });
    let notes_error = Signal::derive(move || {
        if notes.with(|text| !are_notes(text.trim())) {
            return Some(t_string!(i18n, service_keys.notes_rule).to_owned());
        }
        let error = work.error.get().filter(|_| work.refused("notes"))?;
        Some(error_text(i18n, &error))
    });
    let ready = Signal::derive(move || {
        service.with(|text| is_service(text.trim()))
            && name.with(|text| is_name(text.trim()))
            && notes.with(|text| are_notes(text.trim()))
            && expires.with(|text| End::of(text) != End::Wrong)
    });
    let on_submit = Callback::new(move |()| {
        let trimmed = |typed: RwSignal<String>| typed.get_untracked().trim().to_owned();
        let variables = Variables {
            service: trimmed(service),
            name: trimmed(name),
            notes: trimmed(notes),
            expires_at: End::of(&expires.get_untracked()).at(),
        };
        work.start(api.run(Create::build(variables)), move |data| {
            let Payload {
                service_key,
                public_key,
                private_key,
            } = data.create_service_key;
            on_done.try_run(Made {
                kid: service_key.kid,
                service: service_key.service,
                public_key,
                private_key,
            });
        });
    });
    view! {
        <FormDialog
            title=words!(i18n, service_keys.create)
            work
            error=work.error_beside(&["service", "name", "notes", "expiresAt"])
            action=words!(i18n, service_keys.create)
            ready
            on_submit
            on_close
        >
                        <TextField
                            id="key-service"
                            label=words!(i18n, service_keys.service)
                            hint=words!(i18n, service_keys.service_hint)
                            value=service
                            error=service_error
                            required=true
                            autofocus=true
                        />
                        <TextField
                            id="key-name"
                            label=words!(i18n, service_keys.name)
                            hint=words!(i18n, service_keys.name_hint)
                            value=name
                            error=name_error
                        />
                        <EndField typed=expires work/>
                        <TextArea
                            id="key-notes"
                            label=words!(i18n, service_keys.notes)
                            hint=words!(i18n, service_keys.notes_hint)
                            value=notes
                            error=notes_error
                        />
        </FormDialog>
    }
}

/// Both halves of a new key; nobody can read the private one again.
#[component]
pub(super) fn KeyOnce(
    /// The key.
    made: Made,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let Made {
        kid,
        service,
        public_key,
        private_key,
    } = made;
    let named = service.clone();
    view! {
        <ShowDialog
            title=Signal::derive(move || t_string!(i18n, service_keys.made, name = named.clone()))
            on_close
        >
            <div class="berth-commands">
                <p>{words!(i18n, service_keys.once)}</p>
                <CopyLine label=words!(i18n, service_keys.kid) text=Signal::stored(kid)/>
                <div>
                    <div class="berth-command__label">{words!(i18n, service_keys.private)}</div>
                    <CodeBlock
                        text=Signal::stored(private_key)
                        label=words!(i18n, service_keys.private)
                        file=format!("{service}.pem")
                    />
                </div>
                <div>
                    <div class="berth-command__label">{words!(i18n, service_keys.public)}</div>
                    <CodeBlock
                        text=Signal::stored(public_key)
                        label=words!(i18n, service_keys.public)
                        file=format!("{service}.pub.pem")
                    />
                </div>
            </div>
        </ShowDialog>
    }
}
