//! The OAuth applications of an organization.

mod create_token;
mod delete;
mod edit;
mod pending;
mod secret;
mod token;
mod tokens;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{
        Button, ButtonKind, Cell, Column, DataTable, Empty, ListTools, Listing, MenuItem,
        NotVisible, Pager, Row, SearchInput, SkeletonTable, ask, load, use_list_url,
    },
    fragments::{DateTime, OrderDirection, PageInfo},
    i18n::*,
    pages::organizations::NothingFound,
    paths, schema,
    session::use_session,
};
use delete::DeleteApplication;
use edit::EditApplication;
use secret::Credentials;
use token::GenerateToken;
use tokens::AccessTokens;

/// The order without `sort` in the URL.
const DEFAULT_SORT: &str = "createdAt";

#[derive(cynic::Enum, Debug, Clone, Copy)]
enum ApplicationOrderField {
    Created,
    Name,
}

#[derive(cynic::InputObject, Debug)]
struct ApplicationOrder {
    field: ApplicationOrderField,
    direction: OrderDirection,
}

#[derive(cynic::InputObject, Debug)]
struct ApplicationFilter {
    #[cynic(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
}

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: String,
    first: i32,
    after: Option<String>,
    filter: ApplicationFilter,
    order_by: ApplicationOrder,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct ApplicationsQuery {
    #[arguments(name: $name)]
    namespace: Option<Namespace>,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
#[cynic(variables = "Variables")]
enum Namespace {
    Organization(Organization),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Organization {
    #[arguments(first: $first, after: $after, filter: $filter, orderBy: $order_by)]
    applications: Option<ApplicationConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct ApplicationConnection {
    nodes: Vec<Application>,
    page_info: PageInfo,
}

/// An application as its administrators see it.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
struct Application {
    client_id: String,
    name: String,
    homepage: String,
    description: String,
    redirect_prefix: Option<String>,
    avatar_email: Option<String>,
    created_at: DateTime,
}

/// Names of an application in a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    client_id: String,
    name: String,
}

impl Application {
    fn key(&self) -> Key {
        Key {
            client_id: self.client_id.clone(),
            name: self.name.clone(),
        }
    }
}

/// The dialog that is open.
#[derive(Clone)]
enum Open {
    Create,
    Edit(Application),
    /// With the secret where there is a new one.
    Credentials(Key, Option<String>),
    Token(Key),
    Delete(Key),
}

/// The tab *OAuth Applications*: the list, or the access tokens of the application that the address names.
#[component]
pub(super) fn Applications(
    /// Of which organization.
    organization: String,
) -> impl IntoView {
    let url = use_list_url();
    let organization = StoredValue::new(organization);
    let named = Memo::new(move |_| url.get("application"));
    move || match named.get() {
        None => view! { <ApplicationList organization/> }.into_any(),
        Some(client_id) => {
            view! { <AccessTokens organization=organization.get_value() client_id/> }.into_any()
        }
    }
}

#[component]
fn ApplicationList(organization: StoredValue<String>) -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let open = RwSignal::new(None::<Open>);
    let listing = Listing::new(
        "applications",
        DEFAULT_SORT,
        vec![
            Column::new("name", words!(i18n, applications.name)).sorted(),
            Column::new("description", words!(i18n, applications.description)),
            Column::new("redirectPrefix", words!(i18n, applications.redirect_prefix)),
            Column::new("clientId", words!(i18n, applications.client_id)),
            Column::new("createdAt", words!(i18n, applications.created)).sorted_down(),
        ],
    );
    let list = ask(move || {
        let (column, descending) = url.sort(DEFAULT_SORT);
        let variables = Variables {
            name: organization.get_value(),
            first: url.rows(),
            after: url.after(),
            filter: ApplicationFilter {
                search: Some(url.search()).filter(|text| !text.is_empty()),
            },
            order_by: ApplicationOrder {
                field: if column == "name" {
                    ApplicationOrderField::Name
                } else {
                    ApplicationOrderField::Created
                },
                direction: OrderDirection::descending(descending),
            },
        };
        api.run(listing.sends(ApplicationsQuery::build(variables)))
    });
    let create_button = move || {
        view! {
            <Show when=move || !session.registry().read_only>
                <Button
                    kind=ButtonKind::Primary
                    on_click=Callback::new(move |_| open.set(Some(Open::Create)))
                >
                    {words!(i18n, applications.create)}
                </Button>
            </Show>
        }
    };
    view! {
        <div class="berth-toolbar berth-gap-below">
            <SearchInput label=words!(i18n, applications.search)/>
            {create_button()}
            <ListTools listing/>
        </div>
        {load(
            list,
            || view! { <SkeletonTable rows=4/> }.into_any(),
            move |data| {
                let Some(Namespace::Organization(Organization { applications: Some(found) })) = data.namespace else {
                    return view! { <NotVisible/> }.into_any();
                };
                let ApplicationConnection { nodes, page_info } = found;
                if nodes.is_empty() && !url.search_untracked().is_empty() {
                    return view! { <NothingFound/> }.into_any();
                }
                if nodes.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuAppWindow
                            title=words!(i18n, applications.empty)
                            text=words!(i18n, applications.empty_text)
                        >
                            {create_button()}
                        </Empty>
                    }
                        .into_any();
                }
                let shown = nodes.len();
                let rows = nodes
                    .into_iter()
                    .map(|application| row(i18n, &organization.get_value(), application, open));
                view! {
                    <DataTable
                        listing
                        label=words!(i18n, applications.title)
                        rows=rows.collect()
                        total=None
                        grid="lg"
                    />
                    <Pager shown total=None next=page_info.next()/>
                }
                    .into_any()
            },
        )}
        <Dialogs organization open refetch=Callback::new(move |()| list.refetch())/>
    }
}

#[component]
fn Dialogs(
    organization: StoredValue<String>,
    open: RwSignal<Option<Open>>,
    refetch: Callback<()>,
) -> impl IntoView {
    let done = Callback::new(move |()| {
        open.set(None);
        refetch.run(());
    });
    let made = Callback::new(move |(key, secret): (Key, String)| {
        open.set(Some(Open::Credentials(key, Some(secret))));
        refetch.run(());
    });
    move || {
        let dialog = open.get()?;
        // Made with each dialog, so that one that closes late does not close the next.
        let on_close = Callback::new(move |()| open.set(None));
        let organization = organization.get_value();
        Some(match dialog {
            Open::Create => view! {
                <EditApplication organization old=None on_close on_done=done on_made=made/>
            }
            .into_any(),
            Open::Edit(application) => view! {
                <EditApplication organization old=Some(application) on_close on_done=done on_made=made/>
            }
            .into_any(),
            Open::Credentials(key, secret) => {
                view! { <Credentials application=key secret on_close/> }.into_any()
            }
            Open::Token(key) => view! { <GenerateToken application=key on_close/> }.into_any(),
            Open::Delete(key) => {
                view! { <DeleteApplication application=key on_close on_done=done/> }.into_any()
            }
        })
    }
}

fn row(
    i18n: I18n,
    organization: &str,
    application: Application,
    open: RwSignal<Option<Open>>,
) -> Row {
    let tokens = paths::access_tokens(organization, &application.client_id);
    let opens = move |dialog: Open| move || open.set(Some(dialog.clone()));
    let edit = opens(Open::Edit(application.clone()));
    let opener = view! {
        <button type="button" class="pf-v6-c-button pf-m-link pf-m-inline" on:click=move |_| edit()>
            <span class="pf-v6-c-button__text"><bdi>{application.name.clone()}</bdi></span>
        </button>
    };
    let or_dash = |text: &str| if text.is_empty() { "–" } else { text }.to_owned();
    let description = or_dash(&application.description);
    let prefix = application.redirect_prefix.clone().unwrap_or_default();
    let shown_prefix = or_dash(&prefix);
    let client_id = application.client_id.clone();
    let cells = vec![
        Cell::name(opener, &application.name),
        Cell::new(
            view! { <span class="berth-name" dir="auto">{description}</span> },
            application.description.clone(),
        ),
        Cell::name(view! { <bdi>{shown_prefix}</bdi> }, &prefix),
        Cell::name(view! { <code>{client_id.clone()}</code> }, &client_id),
        Cell::time(Some(application.created_at.clone())),
    ];
    let name = application.name.clone();
    let menu = Callback::new(move |()| {
        let key = application.key();
        vec![
            MenuItem::action(
                t_string!(i18n, common.edit),
                opens(Open::Edit(application.clone())),
            ),
            MenuItem::action(
                t_string!(i18n, applications.credentials),
                opens(Open::Credentials(key.clone(), None)),
            ),
            MenuItem::action(
                t_string!(i18n, applications.generate),
                opens(Open::Token(key.clone())),
            ),
            MenuItem::Link {
                text: t_string!(i18n, applications.tokens).to_owned(),
                href: tokens.clone(),
            },
            MenuItem::Divider,
            MenuItem::danger(t_string!(i18n, common.delete), opens(Open::Delete(key))),
        ]
    });
    Row {
        menu: Some(menu),
        ..Row::new(&client_id, &name, cells)
    }
}
