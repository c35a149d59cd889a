//! Keys of services: those of the registry to look at, and those of services beside it.

mod change;
mod create;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use super::for_administration;
use crate::{
    api::use_api,
    components::{
        Button, ButtonKind, Cell, Column, DataTable, Empty, Heading, Label, ListTools, Listing,
        MenuItem, Pager, Row, SkeletonTable, ask, load, use_list_url,
    },
    fragments::{DateTime, PageInfo},
    i18n::*,
    schema,
    session::use_session,
};
use change::{ApproveKey, ChangeExpiration, DeleteKey, SetName};
use create::{CreateKey, KeyOnce, Made};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    first: i32,
    after: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct KeysQuery {
    administration: Option<Administration>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Administration {
    #[arguments(first: $first, after: $after)]
    service_keys: ServiceKeyConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct ServiceKeyConnection {
    nodes: Vec<ServiceKey>,
    page_info: PageInfo,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct ServiceKey {
    kid: String,
    service: String,
    name: String,
    approver: Option<String>,
    notes: String,
    created_at: DateTime,
    expires_at: Option<DateTime>,
    is_own: bool,
}

impl ServiceKey {
    /// What people call it, else its id.
    fn shown(&self) -> &str {
        if self.name.is_empty() {
            &self.kid
        } else {
            &self.name
        }
    }
}

/// The dialog that is open.
#[derive(Clone)]
enum Open {
    Create,
    Made(Made),
    Name(ServiceKey),
    Expiration(ServiceKey),
    Approve(ServiceKey),
    Delete(ServiceKey),
}

/// `/superuser/service-keys`.
#[component]
pub(crate) fn ServiceKeys() -> impl IntoView {
    for_administration(|| view! { <KeyList/> }.into_any())
}

#[component]
fn KeyList() -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let open = RwSignal::new(None::<Open>);
    let listing = Listing::new(
        "service-keys",
        "-createdAt",
        vec![
            Column::new("name", words!(i18n, service_keys.name)),
            Column::new("service", words!(i18n, service_keys.service)),
            Column::new("kid", words!(i18n, service_keys.kid)),
            Column::new("approver", words!(i18n, service_keys.approver)),
            Column::new("expiresAt", words!(i18n, service_keys.expires)),
            Column::new("createdAt", words!(i18n, service_keys.created)),
        ],
    );
    let list = ask(move || {
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
        };
        api.run(listing.sends(KeysQuery::build(variables)))
    });
    let refetch = Callback::new(move |()| list.refetch());
    let create_button = move || {
        view! {
            <Show when=move || session.administers()>
                <Button
                    kind=ButtonKind::Primary
                    on_click=Callback::new(move |_| open.set(Some(Open::Create)))
                >
                    {words!(i18n, service_keys.create)}
                </Button>
            </Show>
        }
    };
    view! {
        <section class="pf-v6-c-page__main-section">
            <div class="berth-page-head">
                <Heading title=words!(i18n, service_keys.title)/>
            </div>
            <p class="berth-muted">{words!(i18n, service_keys.text)}</p>
            <div class="berth-toolbar">
                {create_button()}
                <ListTools listing/>
            </div>
            {load(
                list,
                || view! { <SkeletonTable rows=4/> }.into_any(),
                move |data| {
                    // Whoever lost the right meanwhile.
                    let Some(administration) = data.administration else {
                        return view! { <p>{words!(i18n, errors.forbidden)}</p> }.into_any();
                    };
                    let ServiceKeyConnection { nodes, page_info } = administration.service_keys;
                    if nodes.is_empty() {
                        return view! {
                            <Empty
                                icon=lu::LuKeyRound
                                title=words!(i18n, service_keys.empty)
                                text=words!(i18n, service_keys.text)
                            >
                                {create_button()}
                            </Empty>
                        }
                            .into_any();
                    }
                    let shown = nodes.len();
                    let administers = session.administers();
                    let rows = nodes.into_iter().map(|key| {
                        let may = administers && !key.is_own;
                        row(i18n, key, may.then_some(open))
                    });
                    view! {
                        <DataTable
                            listing
                            label=words!(i18n, service_keys.title)
                            rows=rows.collect()
                            total=None
                            grid="lg"
                        />
                        <Pager shown total=None next=page_info.next()/>
                    }
                        .into_any()
                },
            )}
        </section>
        <Dialogs open refetch/>
    }
}

#[component]
fn Dialogs(open: RwSignal<Option<Open>>, refetch: Callback<()>) -> impl IntoView {
    let done = Callback::new(move |()| {
        open.set(None);
        refetch.run(());
    });
    let made = Callback::new(move |made: Made| {
        open.set(Some(Open::Made(made)));
        refetch.run(());
    });
    move || {
        let dialog = open.get()?;
        // Made with each dialog, so that one that closes late does not close the next.
        let on_close = Callback::new(move |()| open.set(None));
        Some(match dialog {
            Open::Create => view! { <CreateKey on_close on_done=made/> }.into_any(),
            Open::Made(made) => view! { <KeyOnce made on_close/> }.into_any(),
            Open::Name(key) => view! { <SetName key on_close on_done=done/> }.into_any(),
            Open::Expiration(key) => {
                view! { <ChangeExpiration key on_close on_done=done/> }.into_any()
            }
            Open::Approve(key) => view! { <ApproveKey key on_close on_done=done/> }.into_any(),
            Open::Delete(key) => view! { <DeleteKey key on_close on_done=done/> }.into_any(),
        })
    }
}

fn row(i18n: I18n, key: ServiceKey, open: Option<RwSignal<Option<Open>>>) -> Row {
    let (kid, name) = (key.kid.clone(), key.shown().to_owned());
    let service = key.service.clone();
    let label = if key.name.is_empty() {
        "–".to_owned()
    } else {
        key.name.clone()
    };
    let own = key.is_own.then(|| {
        view! {
            " "
            <Label color="pf-m-blue" icon=Some(lu::LuShield)>{words!(i18n, service_keys.own)}</Label>
        }
    });
    let approver = key.approver.clone();
    let approved = approver.clone().unwrap_or_else(|| "–".to_owned());
    let notes = key.notes.clone();
    let cells = vec![
        Cell::name(view! { <bdi>{label}</bdi> {own} }, &key.name),
        Cell::name(view! { <bdi>{service}</bdi> }, &key.service),
        Cell::name(view! { <code>{kid.clone()}</code> }, &kid),
        Cell::new(
            view! { <span title=notes><bdi>{approved}</bdi></span> },
            approver,
        ),
        Cell::time_or_never(i18n, key.expires_at.clone()),
        Cell::time(Some(key.created_at.clone())),
    ];
    let menu = open.map(|open| Callback::new(move |()| items(i18n, &key, open)));
    Row {
        menu,
        ..Row::new(&kid, &name, cells)
    }
}

fn items(i18n: I18n, key: &ServiceKey, open: RwSignal<Option<Open>>) -> Vec<MenuItem> {
    let opens = |dialog: Open| move || open.set(Some(dialog.clone()));
    vec![
        MenuItem::action(
            t_string!(i18n, service_keys.set_name),
            opens(Open::Name(key.clone())),
        ),
        MenuItem::action(
            t_string!(i18n, service_keys.change_expiration),
            opens(Open::Expiration(key.clone())),
        ),
        MenuItem::action(
            t_string!(i18n, service_keys.approve),
            opens(Open::Approve(key.clone())),
        ),
        MenuItem::Divider,
        MenuItem::danger(
            t_string!(i18n, common.delete),
            opens(Open::Delete(key.clone())),
        ),
    ]
}

/// Longest name of a key or a service.
const NAME_MAX: usize = 255;
/// Longest notes, in characters.
const NOTES_MAX: usize = 4_096;

/// Whether the server would take it as the name of a service.
fn is_service(text: &str) -> bool {
    let fits = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-');
    !text.is_empty() && text.len() <= NAME_MAX && text.chars().all(fits)
}

/// Whether the server would take it as the name of a key.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | ':' | '/');
    text.len() <= NAME_MAX && text.chars().all(fits)
}

/// Whether the server would take it as notes.
fn are_notes(text: &str) -> bool {
    text.chars().count() <= NOTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_keys_are_named_as_the_server_takes_them() {
        assert!(is_service("scanner-east_1.0"));
        for bad in ["", "Scanner", "two words", "a/b"] {
            assert!(!is_service(bad), "{bad}");
        }
        assert!(is_name("") && is_name("Scanner east: 1/2"));
        for bad in ["名前", "a;b", "a\nb"] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(is_name(&"a".repeat(255)) && !is_name(&"a".repeat(256)));
        assert!(are_notes(&"あ".repeat(4_096)) && !are_notes(&"a".repeat(4_097)));
    }

    #[test]
    fn a_key_without_a_name_is_shown_by_its_id() {
        let mut key = ServiceKey {
            kid: "k1".into(),
            service: "scanner".into(),
            name: String::new(),
            approver: None,
            notes: String::new(),
            created_at: DateTime("2026-01-01T00:00:00.000Z".into()),
            expires_at: None,
            is_own: false,
        };
        assert_eq!(key.shown(), "k1");
        key.name = "East".into();
        assert_eq!(key.shown(), "East");
    }
}
