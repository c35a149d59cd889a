//! The users of the registry, and the tokens of their clients.

mod change;
mod create;
mod filters;
mod recover;
mod state;
mod switch;
mod tokens;

use cynic::QueryBuilder;
use leptos::prelude::*;

use super::for_administration;
use crate::{
    api::use_api,
    components::{
        Avatar, Button, ButtonKind, Cell, Column, DataTable, Heading, ListTools, Listing, MenuItem,
        Pager, Row, SearchInput, SkeletonTable, Tab, Tabs, ask, load, use_list_url,
    },
    fragments::{DateTime, PageInfo},
    i18n::*,
    pages::organizations::{NothingFound, TakeOwnership, Taken},
    paths, schema,
    session::{self, use_session},
};
use change::{ChangeEmail, DeleteUser, SetPassword};
use create::{CreateUser, Made, PasswordOnce};
use filters::{Chips, Filters};
use recover::{Lost, use_recovery};
use state::{State, states};
use switch::{Switch, use_switch};
use tokens::AllTokens;

const USERS: &str = "Users";
const TOKENS: &str = paths::TOKENS_TAB;

/// Narrows the list of users.
#[derive(cynic::InputObject, Debug)]
struct UserFilter {
    #[cynic(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    inactive_since: Option<DateTime>,
}

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    first: i32,
    after: Option<String>,
    filter: UserFilter,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct UsersQuery {
    administration: Option<Administration>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Administration {
    #[arguments(first: $first, after: $after, filter: $filter)]
    users: UserConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct UserConnection {
    nodes: Vec<User>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

/// A user as superusers see it.
#[derive(cynic::QueryFragment, Debug, Clone)]
struct User {
    id: cynic::Id,
    name: String,
    avatar: session::Avatar,
    email: Option<String>,
    email_verified: Option<bool>,
    enabled: Option<bool>,
    is_superuser: Option<bool>,
    is_read_only_superuser: Option<bool>,
    last_used_at: Option<DateTime>,
    created_at: DateTime,
    contents: Option<Contents>,
    sole_organization_count: Option<i32>,
}

/// What would go with a user.
#[derive(cynic::QueryFragment, Debug, Clone, Copy)]
#[cynic(graphql_type = "NamespaceContents")]
struct Contents {
    repository_count: i32,
    robot_count: i32,
}

/// The dialog that is open.
#[derive(Clone)]
enum Open {
    Create,
    Made(Made),
    Email(User),
    Password(User),
    Take(Taken),
    Delete(User),
}

/// `/superuser/users`.
#[component]
pub(crate) fn Users() -> impl IntoView {
    for_administration(|| view! { <Tabbed/> }.into_any())
}

/// The list of users, with that of their tokens beside it for those who see it.
#[component]
fn Tabbed() -> impl IntoView {
    let (i18n, url, session) = (use_i18n(), use_list_url(), use_session());
    let lists_tokens = Memo::new(move |_| session.lists_app_tokens());
    let current = Memo::new(move |_| url.tab(&[USERS, TOKENS]));
    let tabs = move || {
        let tabs = vec![
            Tab {
                key: USERS,
                text: words!(i18n, nav.users),
            },
            Tab {
                key: TOKENS,
                text: words!(i18n, account.tokens),
            },
        ];
        view! {
            <Tabs label=words!(i18n, users.tabs) tabs current/>
            <div class="berth-panel" id="tabpanel" role="tabpanel" tabindex="-1" aria-labelledby=move || format!("tab-{}", current.get())>
                {move || {
                    if current.get() == TOKENS {
                        view! { <AllTokens/> }.into_any()
                    } else {
                        view! { <UserList/> }.into_any()
                    }
                }}
            </div>
        }
    };
    view! {
        <section class="pf-v6-c-page__main-section">
            <div class="berth-page-head">
                <Heading title=words!(i18n, nav.users)/>
            </div>
            {move || if lists_tokens.get() { tabs().into_any() } else { view! { <UserList/> }.into_any() }}
        </section>
    }
}

#[component]
fn UserList() -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let open = RwSignal::new(None::<Open>);
    let notes_last_use = untrack(|| session.registry().notes_last_use);
    let mut columns = vec![
        Column::new("name", words!(i18n, signin.username)),
        Column::new("email", words!(i18n, users.email)),
        Column::new("state", words!(i18n, users.state)),
        Column::new("createdAt", words!(i18n, users.created)),
    ];
    if notes_last_use {
        columns.insert(3, Column::new("lastUsedAt", words!(i18n, users.last_used)));
    }
    let listing = Listing::new("users", "name", columns);
    let list = ask(move || {
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
            filter: UserFilter {
                search: Some(url.search()).filter(|text| !text.is_empty()),
                enabled: filters::enabled(url),
                inactive_since: filters::inactive_since(url).filter(|_| notes_last_use),
            },
        };
        api.run(listing.sends(UsersQuery::build(variables)))
    });
    let refetch = Callback::new(move |()| list.refetch());
    let keeps_accounts = session.registry().keeps_accounts;
    let actions = Actions {
        open,
        keeps_accounts,
        switch: use_switch(refetch),
        recover: use_recovery(),
    };
    view! {
        {(!keeps_accounts)
            .then(|| view! { <p class="berth-muted berth-gap-below">{words!(i18n, users.elsewhere)}</p> })}
        <div class="berth-toolbar berth-gap-below">
            <SearchInput label=words!(i18n, users.search)/>
            <Filters by_last_use=notes_last_use/>
            <Show when=move || session.administers() && keeps_accounts>
                <Button
                    kind=ButtonKind::Primary
                    on_click=Callback::new(move |_| open.set(Some(Open::Create)))
                >
                    {words!(i18n, users.create)}
                </Button>
            </Show>
            <ListTools listing/>
            <Chips by_last_use=notes_last_use/>
        </div>
        {load(
            list,
            || view! { <SkeletonTable/> }.into_any(),
            move |data| {
                // Whoever lost the right meanwhile.
                let Some(administration) = data.administration else {
                    return view! { <p>{words!(i18n, errors.forbidden)}</p> }.into_any();
                };
                let UserConnection { nodes, page_info, total_count } = administration.users;
                if nodes.is_empty() {
                    return view! { <NothingFound/> }.into_any();
                }
                let shown = nodes.len();
                let registry = session.registry();
                let administers = session.administers();
                let rows = nodes.into_iter().map(|user| {
                    let states = states(&user, registry.sends_mail);
                    let may = administers && user.is_superuser != Some(true);
                    let shown = Shown { states: &states, last_use: notes_last_use };
                    row(i18n, user, shown, may.then_some(actions), registry.sends_mail)
                });
                view! {
                    <DataTable
                        listing
                        label=words!(i18n, nav.users)
                        rows=rows.collect()
                        total=total_count
                        grid="lg"
                    />
                    <Pager shown total=total_count next=page_info.next()/>
                }
                    .into_any()
            },
        )}
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
            Open::Create => view! { <CreateUser on_close on_done=made/> }.into_any(),
            Open::Made(made) => view! { <PasswordOnce made on_close/> }.into_any(),
            Open::Email(user) => view! { <ChangeEmail user on_close on_done=done/> }.into_any(),
            Open::Password(user) => view! { <SetPassword user on_close on_done=done/> }.into_any(),
            Open::Take(taken) => view! { <TakeOwnership taken on_close on_done=done/> }.into_any(),
            Open::Delete(user) => view! { <DeleteUser user on_close on_done=done/> }.into_any(),
        })
    }
}

/// What a row's menu does.
#[derive(Clone, Copy)]
struct Actions {
    open: RwSignal<Option<Open>>,
    /// Addresses and passwords are changed here.
    keeps_accounts: bool,
    switch: Callback<Switch>,
    recover: Callback<Lost>,
}

/// What a row says beside name and address.
#[derive(Clone, Copy)]
struct Shown<'a> {
    states: &'a [State],
    /// Whether the last use is one of the columns.
    last_use: bool,
}

fn row(i18n: I18n, user: User, shown: Shown<'_>, actions: Option<Actions>, mailing: bool) -> Row {
    let Shown { states, last_use } = shown;
    let (id, name) = (user.id.inner().to_owned(), user.name.clone());
    let href = paths::namespace(&name, true);
    let shown = name.clone();
    let entity = view! {
        <span class="berth-entity">
            <Avatar name=name.clone() color=user.avatar.color.clone()/>
            <a href=href><bdi>{shown}</bdi></a>
        </span>
    };
    let email = user.email.clone();
    let address = email.clone().unwrap_or_else(|| "–".to_owned());
    let labels = states.iter().map(|state| state.label(i18n)).collect_view();
    let keys: Vec<_> = states.iter().map(|state| state.key()).collect();
    let mut cells = vec![
        Cell::new(entity, name.clone()),
        Cell::new(
            view! { <span class="berth-name"><bdi>{address}</bdi></span> },
            email,
        ),
        Cell::new(view! { <span class="berth-chips">{labels}</span> }, keys),
        Cell::time(Some(user.created_at.clone())),
    ];
    if last_use {
        cells.insert(3, Cell::time_or_never(i18n, user.last_used_at.clone()));
    }
    let menu = actions.map(|actions| Callback::new(move |()| actions.items(i18n, &user, mailing)));
    Row {
        menu,
        ..Row::new(&id, &name, cells)
    }
}

impl Actions {
    fn items(self, i18n: I18n, user: &User, mailing: bool) -> Vec<MenuItem> {
        let open = move |dialog: Open| move || self.open.set(Some(dialog.clone()));
        let mut items = Vec::new();
        if self.keeps_accounts {
            items.push(MenuItem::action(
                t_string!(i18n, users.change_email),
                open(Open::Email(user.clone())),
            ));
            items.push(MenuItem::action(
                t_string!(i18n, users.change_password),
                open(Open::Password(user.clone())),
            ));
        }
        let enabled = user.enabled == Some(true);
        // A mail to who is shut out would not be sent.
        let recovers = mailing && enabled && self.keeps_accounts;
        if recovers && user.email.is_some() {
            let lost = Lost(user.id.inner().to_owned());
            items.push(MenuItem::action(
                t_string!(i18n, users.recover),
                move || self.recover.run(lost.clone()),
            ));
        }
        let text = if enabled {
            t_string!(i18n, users.disable)
        } else {
            t_string!(i18n, users.enable)
        };
        let switch = Switch {
            id: user.id.inner().to_owned(),
            name: user.name.clone(),
            enabled: !enabled,
        };
        items.push(MenuItem::action(text, move || {
            self.switch.run(switch.clone());
        }));
        let taken = Taken {
            id: user.id.inner().to_owned(),
            name: user.name.clone(),
            is_user: true,
        };
        items.push(MenuItem::Divider);
        items.push(MenuItem::danger(
            t_string!(i18n, ownership.take),
            open(Open::Take(taken)),
        ));
        items.push(MenuItem::danger(
            t_string!(i18n, users.delete),
            open(Open::Delete(user.clone())),
        ));
        items
    }
}
