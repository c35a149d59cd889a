//! What superusers tell everybody: the list, new messages, and their end.

mod create;

use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::prelude::*;

use super::for_administration;
use crate::{
    api::use_api,
    components::{
        Button, ButtonKind, Cell, Column, ConfirmDialog, DataTable, Empty, Heading, Label,
        ListTools, Listing, Markdown, MenuItem, Row, SkeletonTable, ask, load, severity_words,
        use_toasts,
    },
    fragments::{Message, Severity},
    i18n::*,
    schema,
    session::use_session,
    work::Work,
};
use create::CreateMessage;

/// Characters of a message that its row is named by.
const NAME_MAX: usize = 40;

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query")]
struct MessagesQuery {
    registry: Registry,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Registry {
    messages: Vec<Message>,
}

#[derive(cynic::QueryVariables, Debug)]
struct DeleteVariables {
    uuid: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "DeleteVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Delete {
    #[arguments(input: { uuid: $uuid })]
    delete_message: DeletePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteMessagePayload")]
#[expect(dead_code, reason = "only the success matters")]
struct DeletePayload {
    deleted_uuid: String,
}

/// `/superuser/messages`.
#[component]
pub(crate) fn Messages() -> impl IntoView {
    for_administration(|| view! { <MessageList/> }.into_any())
}

#[component]
fn MessageList() -> impl IntoView {
    let (api, i18n, session) = (use_api(), use_i18n(), use_session());
    let creating = RwSignal::new(false);
    let deleting = RwSignal::new(None::<Message>);
    let listing = Listing::new(
        "messages",
        "createdAt",
        vec![
            Column::new("content", words!(i18n, messages.content)),
            Column::new("severity", words!(i18n, messages.severity)),
            Column::new("createdAt", words!(i18n, messages.posted)),
        ],
    );
    let list = ask(move || api.run(listing.sends(MessagesQuery::build(()))));
    let changed = Callback::new(move |()| {
        creating.set(false);
        deleting.set(None);
        list.refetch();
    });
    let create_button = move || {
        view! {
            <Show when=move || session.administers()>
                <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| creating.set(true))>
                    {words!(i18n, messages.create)}
                </Button>
            </Show>
        }
    };
    view! {
        <section class="pf-v6-c-page__main-section">
            <div class="berth-page-head">
                <Heading title=words!(i18n, nav.messages)/>
            </div>
            <div class="berth-toolbar">
                {create_button()}
                <ListTools listing/>
            </div>
            {load(
                list,
                || view! { <SkeletonTable rows=3/> }.into_any(),
                move |data| {
                    let messages = data.registry.messages;
                    if messages.is_empty() {
                        return view! {
                            <Empty
                                icon=lu::LuMegaphone
                                title=words!(i18n, messages.empty)
                                text=words!(i18n, messages.empty_text)
                            >
                                {create_button()}
                            </Empty>
                        }
                            .into_any();
                    }
                    let may = session.administers();
                    let rows = messages.into_iter().map(|message| row(i18n, message, may.then_some(deleting)));
                    view! {
                        <DataTable listing label=words!(i18n, nav.messages) rows=rows.collect() total=None/>
                    }
                        .into_any()
                },
            )}
        </section>
        <Show when=move || creating.get()>
            <CreateMessage on_close=Callback::new(move |()| creating.set(false)) on_done=changed/>
        </Show>
        {move || {
            deleting
                .get()
                .map(|message| {
                    view! {
                        <DeleteMessage
                            message
                            on_close=Callback::new(move |()| deleting.set(None))
                            on_done=changed
                        />
                    }
                })
        }}
    }
}

fn row(i18n: I18n, message: Message, deleting: Option<RwSignal<Option<Message>>>) -> Row {
    let (severity, name) = (message.severity, excerpt(&message.content));
    let (color, icon) = match severity {
        Severity::Info => ("pf-m-blue", lu::LuInfo),
        Severity::Warning => ("pf-m-orange", lu::LuTriangleAlert),
        Severity::Error => ("pf-m-red", lu::LuCircleAlert),
    };
    let content = message.content.clone();
    let label = view! {
        <Label color icon=Some(icon)>{move || severity_words(i18n, severity)}</Label>
    };
    let shown = match message.content_html.clone() {
        Some(html) => view! { <Markdown html/> }.into_any(),
        None => view! { <span class="berth-banner__text" dir="auto">{content.clone()}</span> }
            .into_any(),
    };
    let cells = vec![
        Cell::new(shown, content),
        Cell::new(label, severity.key()),
        Cell::time(Some(message.created_at.clone())),
    ];
    let uuid = message.uuid.clone();
    let menu = deleting.map(|deleting| {
        Callback::new(move |()| {
            let message = message.clone();
            let delete = move || deleting.set(Some(message.clone()));
            vec![MenuItem::danger(t_string!(i18n, common.delete), delete)]
        })
    });
    Row {
        menu,
        ..Row::new(&uuid, &name, cells)
    }
}

/// The beginning of a text, by which its row is named.
fn excerpt(content: &str) -> String {
    let line = content.trim().lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(NAME_MAX).collect();
    if short.len() < content.trim().len() {
        short.push('…');
    }
    short
}

#[component]
fn DeleteMessage(message: Message, on_close: Callback<()>, on_done: Callback<()>) -> impl IntoView {
    let (api, session, toasts, i18n) = (use_api(), use_session(), use_toasts(), use_i18n());
    let work = Work::new();
    let Message { uuid, content, .. } = message;
    let on_confirm = Callback::new(move |()| {
        let variables = DeleteVariables { uuid: uuid.clone() };
        work.start(
            async move {
                api.done(Delete::build(variables)).await?;
                // For the banner. The message is gone, whatever becomes of this question.
                let _ = session.refresh().await;
                Ok(())
            },
            move |()| {
                toasts.success(tu_string!(i18n, messages.deleted));
                on_done.try_run(());
            },
        );
    });
    view! {
        <ConfirmDialog
            title=words!(i18n, messages.delete_title)
            text=words!(i18n, messages.delete_text)
            names=Signal::stored(vec![content])
            work
            on_confirm
            on_close
        />
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_named_by_the_beginning_of_its_text() {
        assert_eq!(excerpt(" Read-only tonight. "), "Read-only tonight.");
        assert_eq!(excerpt("First\nsecond"), "First…");
        let long = "あ".repeat(50);
        assert_eq!(excerpt(&long), format!("{}…", "あ".repeat(40)));
    }
}
