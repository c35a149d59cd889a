//! The dialog that makes or changes an application.

use berth_domain::{Address, Email, address};
use cynic::MutationBuilder;
use leptos::prelude::*;

use super::{Application, Key};
use crate::{
    api::use_api,
    components::{FormDialog, TextArea, TextField, error_text, use_toasts},
    i18n::*,
    pages::setup::refusal,
    schema,
    work::Work,
};

/// Longest name, in characters.
const NAME_MAX: usize = 255;
/// Longest description, in characters.
const DESCRIPTION_MAX: usize = 4_096;

#[derive(cynic::QueryVariables, Debug)]
struct CreateVariables {
    organization: String,
    name: String,
    homepage: String,
    description: String,
    avatar_email: Option<String>,
    redirect_prefix: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "CreateVariables")]
struct Create {
    #[arguments(input: {
        organization: $organization,
        name: $name,
        homepage: $homepage,
        description: $description,
        avatarEmail: $avatar_email,
        redirectPrefix: $redirect_prefix
    })]
    create_application: CreatePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "CreateApplicationPayload")]
struct CreatePayload {
    application: Made,
    client_secret: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Application")]
struct Made {
    client_id: String,
    name: String,
}

#[derive(cynic::QueryVariables, Debug)]
struct UpdateVariables {
    client_id: String,
    name: String,
    homepage: String,
    description: String,
    avatar_email: Option<String>,
    redirect_prefix: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "UpdateVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Update {
    #[arguments(input: {
        clientId: $client_id,
        name: $name,
        homepage: $homepage,
        description: $description,
        avatarEmail: $avatar_email,
        redirectPrefix: $redirect_prefix
    })]
    update_application: UpdatePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "UpdateApplicationPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct UpdatePayload {
    application: Updated,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Application")]
#[expect(dead_code, reason = "only the success matters")]
struct Updated {
    client_id: String,
}

/// An application as it is typed.
#[derive(Clone, Copy)]
struct Draft {
    name: RwSignal<String>,
    homepage: RwSignal<String>,
    description: RwSignal<String>,
    avatar_email: RwSignal<String>,
    redirect_prefix: RwSignal<String>,
}

fn trimmed(typed: RwSignal<String>) -> String {
    typed.get_untracked().trim().to_owned()
}

impl Draft {
    fn of(old: Option<&Application>) -> Self {
        let typed =
            |read: fn(&Application) -> String| RwSignal::new(old.map(read).unwrap_or_default());
        Self {
            name: typed(|old| old.name.clone()),
            homepage: typed(|old| old.homepage.clone()),
            description: typed(|old| old.description.clone()),
            avatar_email: typed(|old| old.avatar_email.clone().unwrap_or_default()),
            redirect_prefix: typed(|old| old.redirect_prefix.clone().unwrap_or_default()),
        }
    }

    fn is_ready(self) -> bool {
        self.name.with(|text| is_name(text.trim()))
            && self.homepage.with(|text| is_homepage(text.trim()))
            && self.description.with(|text| is_description(text.trim()))
            && self
                .avatar_email
                .with(|text| text.trim().is_empty() || text.trim().parse::<Email>().is_ok())
            && self.redirect_prefix.with(|text| is_prefix(text.trim()))
    }

    fn avatar_email(self) -> Option<String> {
        Some(trimmed(self.avatar_email)).filter(|text| !text.is_empty())
    }
}

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.chars().count())
}

fn is_description(text: &str) -> bool {
    text.chars().count() <= DESCRIPTION_MAX
}

/// An address of the web or of an application, or nothing.
fn is_homepage(text: &str) -> bool {
    text.is_empty() || address::is_homepage(text)
}

/// What addresses may begin with that browsers are sent back to, or nothing.
fn is_prefix(text: &str) -> bool {
    text.is_empty() || Address::parse(text).is_some()
}

/// *Create New Application*, or the fields of one that there is.
#[component]
pub(super) fn EditApplication(
    /// Whose.
    organization: String,
    /// The application as it is; none for a new one.
    old: Option<Application>,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when it is changed.
    on_done: Callback<()>,
    /// Called with a new one and its secret.
    on_made: Callback<(Key, String)>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let draft = Draft::of(old.as_ref());
    let work = Work::new();
    let is_new = old.is_none();
    let client_id = old.map(|old| old.client_id);
    let create = move || {
        let variables = CreateVariables {
            organization: organization.clone(),
            name: trimmed(draft.name),
            homepage: trimmed(draft.homepage),
            description: trimmed(draft.description),
            avatar_email: draft.avatar_email(),
            redirect_prefix: trimmed(draft.redirect_prefix),
        };
        work.start(api.run(Create::build(variables)), move |data| {
            let CreatePayload {
                application: Made { client_id, name },
                client_secret,
            } = data.create_application;
            on_made.try_run((Key { client_id, name }, client_secret));
        });
    };
    let update = move |client_id: String| {
        let variables = UpdateVariables {
            client_id,
            name: trimmed(draft.name),
            homepage: trimmed(draft.homepage),
            description: trimmed(draft.description),
            avatar_email: draft.avatar_email(),
            redirect_prefix: trimmed(draft.redirect_prefix),
        };
        work.start(api.done(Update::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, applications.saved));
            on_done.try_run(());
        });
    };
    let on_submit = Callback::new(move |()| match client_id.clone() {
        None => create(),
        Some(client_id) => update(client_id),
    });
    let (title, action) = if is_new {
        (
            words!(i18n, applications.create),
            words!(i18n, common.create),
        )
    } else {
        (words!(i18n, applications.edit), words!(i18n, common.save))
    };
    view! {
        <FormDialog
            title
            work
            error=work.error_beside(&["name", "homepage", "description", "avatarEmail", "redirectPrefix"])
            action
            ready=Signal::derive(move || draft.is_ready())
            on_submit
            on_close
        >
                        <Fields draft work/>
        </FormDialog>
    }
}

#[component]
fn Fields(draft: Draft, work: Work) -> impl IntoView {
    let i18n = use_i18n();
    let Draft {
        name,
        homepage,
        description,
        avatar_email,
        redirect_prefix,
    } = draft;
    let refused = move |field: &str| {
        let error = work.error.get().filter(|_| work.refused(field))?;
        Some(error_text(i18n, &error))
    };
    let name_error = Signal::derive(move || {
        let long = name.with(|text| text.trim().chars().count() > NAME_MAX);
        long.then(|| t_string!(i18n, rules.length).to_owned())
            .or_else(|| refused("name"))
    });
    let homepage_error = Signal::derive(move || {
        let wrong = homepage.with(|text| !is_homepage(text.trim()));
        (wrong || work.refused("homepage"))
            .then(|| t_string!(i18n, applications.address_rule).to_owned())
    });
    let description_error = Signal::derive(move || {
        let long = description.with(|text| !is_description(text.trim()));
        long.then(|| t_string!(i18n, service_keys.notes_rule).to_owned())
            .or_else(|| refused("description"))
    });
    let email_error = Signal::derive(move || {
        refusal::<Email>(&avatar_email.get(), || {
            t_string!(i18n, rules.email).to_owned()
        })
        .or_else(|| refused("avatarEmail"))
    });
    let prefix_error = Signal::derive(move || {
        let wrong = redirect_prefix.with(|text| !is_prefix(text.trim()));
        (wrong || work.refused("redirectPrefix"))
            .then(|| t_string!(i18n, applications.prefix_rule).to_owned())
    });
    view! {
        <TextField
            id="application-name"
            label=words!(i18n, applications.name)
            value=name
            error=name_error
            required=true
            autofocus=true
        />
        <TextField
            id="application-homepage"
            kind="url"
            label=words!(i18n, applications.homepage)
            hint=words!(i18n, applications.homepage_hint)
            value=homepage
            error=homepage_error
        />
        <TextArea
            id="application-description"
            label=words!(i18n, applications.description)
            hint=words!(i18n, applications.description_hint)
            value=description
            error=description_error
        />
        <TextField
            id="application-avatar"
            kind="email"
            label=words!(i18n, applications.avatar_email)
            hint=words!(i18n, applications.avatar_hint)
            value=avatar_email
            error=email_error
        />
        <TextField
            id="application-redirect"
            kind="url"
            label=words!(i18n, applications.redirect_prefix)
            hint=words!(i18n, applications.redirect_hint)
            value=redirect_prefix
            error=prefix_error
        />
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_the_web_or_of_an_application_or_left_out() {
        for good in [
            "",
            "https://app.example/cb",
            "http://127.0.0.1:8080",
            "myapp://callback",
            "com.example.app:/cb",
        ] {
            assert!(is_homepage(good) && is_prefix(good), "{good}");
        }
        for bad in [
            "app.example",
            "javascript:alert(1)",
            "ftp://app.example",
            "data:,x",
        ] {
            assert!(!is_homepage(bad) && !is_prefix(bad), "{bad}");
        }
        assert!(is_homepage("https://app.example/#about") && !is_prefix("https://app.example/#cb"));
    }

    #[test]
    fn a_name_is_needed_and_a_description_not() {
        assert!(is_name("Viewer") && is_name(&"あ".repeat(255)));
        assert!(!is_name("") && !is_name(&"a".repeat(256)));
        assert!(is_description("") && is_description(&"あ".repeat(4_096)));
        assert!(!is_description(&"a".repeat(4_097)));
    }
}
