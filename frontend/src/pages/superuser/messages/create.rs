//! *Create Message*: how loud, how it is written, the text, and how it will look.

use std::time::Duration;

use cynic::{MutationBuilder, QueryBuilder};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};

use crate::{
    api::{ApiError, ErrorClass, use_api},
    components::{
        FormDialog, FormGroup, MessageBanner, Select, TextArea, error_text, severity_words,
        use_toasts,
    },
    fragments::Severity,
    i18n::*,
    schema,
    session::use_session,
    text,
    work::Work,
};

/// Longest text, in characters.
const CONTENT_MAX: usize = 4_096;
/// Typing waits this long before the server is asked how Markdown looks.
const PAUSE: Duration = Duration::from_millis(300);

/// How a text is written.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
enum MessageFormat {
    Plain,
    Markdown,
}

impl MessageFormat {
    const ALL: [Self; 2] = [Self::Plain, Self::Markdown];

    /// What the form calls it.
    const fn key(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Markdown => "markdown",
        }
    }

    fn words(self, i18n: I18n) -> &'static str {
        match self {
            Self::Plain => t_string!(i18n, messages.plain),
            Self::Markdown => t_string!(i18n, messages.markdown),
        }
    }
}

#[derive(cynic::QueryVariables, Debug)]
struct CreateVariables {
    content: String,
    severity: Severity,
    media_type: MessageFormat,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "CreateVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Create {
    #[arguments(input: { content: $content, severity: $severity, mediaType: $media_type })]
    create_message: CreatePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "CreateMessagePayload")]
#[expect(dead_code, reason = "only the success matters")]
struct CreatePayload {
    message: Made,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Message")]
#[expect(dead_code, reason = "only the success matters")]
struct Made {
    uuid: String,
}

#[derive(cynic::QueryVariables, Debug)]
struct PreviewVariables {
    content: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "PreviewVariables")]
struct PreviewQuery {
    administration: Option<Rendering>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Administration", variables = "PreviewVariables")]
struct Rendering {
    #[arguments(content: $content)]
    message_html: String,
}

/// A message as it is typed.
#[derive(Clone, Copy)]
struct Draft {
    severity: RwSignal<Severity>,
    format: RwSignal<MessageFormat>,
    content: RwSignal<String>,
}

impl Draft {
    fn is_long(self) -> bool {
        self.content.with(|text| text.chars().count()) > CONTENT_MAX
    }

    fn is_empty(self) -> bool {
        self.content.with(|text| text.trim().is_empty())
    }
}

/// The dialog.
#[component]
pub(super) fn CreateMessage(
    /// Takes it away.
    on_close: Callback<()>,
    /// Called when the message is posted.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, session, toasts, i18n) = (use_api(), use_session(), use_toasts(), use_i18n());
    let draft = Draft {
        severity: RwSignal::new(Severity::Info),
        format: RwSignal::new(MessageFormat::Plain),
        content: RwSignal::new(String::new()),
    };
    let work = Work::new();
    let words = Callback::new(move |error: ApiError| {
        (error.class == ErrorClass::Conflict).then(|| t_string!(i18n, messages.too_many).to_owned())
    });
    let on_submit = Callback::new(move |()| {
        let variables = CreateVariables {
            content: draft.content.get_untracked().trim().to_owned(),
            severity: draft.severity.get_untracked(),
            media_type: draft.format.get_untracked(),
        };
        work.start(
            async move {
                api.done(Create::build(variables)).await?;
                // For the banner. The message is posted, whatever becomes of this question.
                let _ = session.refresh_registry().await;
                Ok(())
            },
            move |()| {
                toasts.success(tu_string!(i18n, messages.created));
                on_done.try_run(());
            },
        );
    });
    view! {
        <FormDialog
            title=words!(i18n, messages.create)
            work
            error=work.error_beside(&["content"])
            words=Some(words)
            action=words!(i18n, messages.post)
            ready=Signal::derive(move || !draft.is_long() && !draft.is_empty())
            on_submit
            on_close
        >
                        <Fields draft work/>
                        <Show when=move || !draft.is_empty() && !draft.is_long()>
                            <Preview draft/>
                        </Show>
        </FormDialog>
    }
}

#[component]
fn Fields(draft: Draft, work: Work) -> impl IntoView {
    let i18n = use_i18n();
    let limit = move || {
        let limit = i64::try_from(CONTENT_MAX).unwrap_or(i64::MAX);
        let limit = text::count(language(i18n), limit);
        t_string!(i18n, messages.content_hint, limit = limit)
    };
    let error = Signal::derive(move || {
        if draft.is_long() {
            return Some(limit());
        }
        let error = work.error.get().filter(|_| work.refused("content"))?;
        Some(error_text(i18n, &error))
    });
    let severities = Signal::derive(move || {
        let words = |severity: Severity| severity_words(i18n, severity).to_owned();
        Severity::ALL
            .iter()
            .map(|severity| (severity.key().to_owned(), words(*severity)))
            .collect::<Vec<_>>()
    });
    let formats = Signal::derive(move || {
        let formats = MessageFormat::ALL.iter();
        formats
            .map(|format| (format.key().to_owned(), format.words(i18n).to_owned()))
            .collect::<Vec<_>>()
    });
    view! {
        <FormGroup id="message-severity" label=words!(i18n, messages.severity) required=true>
            <Select
                id="message-severity"
                options=severities
                value=Signal::derive(move || draft.severity.get().key().to_owned())
                on_change=Callback::new(move |key: String| {
                    if let Some(chosen) = Severity::of_key(&key) {
                        draft.severity.set(chosen);
                    }
                })
            />
        </FormGroup>
        <FormGroup id="message-format" label=words!(i18n, messages.format) required=true>
            <Select
                id="message-format"
                options=formats
                value=Signal::derive(move || draft.format.get().key().to_owned())
                on_change=Callback::new(move |key: String| {
                    let chosen = MessageFormat::ALL.into_iter().find(|format| format.key() == key);
                    if let Some(chosen) = chosen {
                        draft.format.set(chosen);
                    }
                })
            />
        </FormGroup>
        <TextArea
            id="message-content"
            label=words!(i18n, messages.content)
            hint=Signal::derive(move || Some(limit()))
            value=draft.content
            error
            required=true
            autofocus=true
            rows=5
        />
    }
}

/// How the message will look; of Markdown the server says it.
#[component]
fn Preview(draft: Draft) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let html = RwSignal::new(None::<String>);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(Some(timer)) = timer.try_update_value(Option::take) {
            timer.clear();
        }
    };
    on_cleanup(cancel);
    Effect::new(move |_| {
        let (format, typed) = (draft.format.get(), draft.content.get());
        cancel();
        if format == MessageFormat::Plain {
            html.set(None);
            return;
        }
        let look = move || {
            spawn_local(async move {
                let variables = PreviewVariables {
                    content: typed.trim().to_owned(),
                };
                let answer = api.run_once(PreviewQuery::build(variables)).await;
                let rendered = answer.ok().and_then(|answer| answer.administration);
                // What was typed or chosen meanwhile has an answer of its own.
                let is_current = draft.content.try_get_untracked() == Some(typed)
                    && draft.format.try_get_untracked() == Some(MessageFormat::Markdown);
                if let Some(rendered) = rendered.filter(|_| is_current) {
                    html.try_set(Some(rendered.message_html));
                }
            });
        };
        timer.set_value(set_timeout_with_handle(look, PAUSE).ok());
    });
    let is_known = move || draft.format.get() == MessageFormat::Plain || html.with(Option::is_some);
    view! {
        <Show when=is_known>
            <div>
                <div class="berth-command__label">{words!(i18n, messages.preview)}</div>
                <MessageBanner severity=draft.severity content=draft.content html/>
            </div>
        </Show>
    }
}
