//! The users of the registry.

mod change;
mod create;
mod switch;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use super::for_administration;
use crate::{
    api::use_api,
    components::{
        Avatar, Button, ButtonKind, Cell, Column, DataTable, FilterChip, Heading, Label, ListTools,
        Listing, MenuItem, Pager, Row, SearchInput, Select, SkeletonTable, ask, load, use_list_url,
    },
    fragments::{DateTime, PageInfo},
    i18n::*,
    pages::{mailed::use_recovery_mail, organizations::NothingFound},
    paths, schema,
    session::{self, use_session},
};
use change::{ChangeEmail, DeleteUser, SetPassword};
use create::{CreateUser, Made, PasswordOnce};
use switch::{Switch, use_switch};

/// Narrows the list of users.
#[derive(cynic::InputObject, Debug)]
struct UserFilter {
    #[cynic(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
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
    created_at: DateTime,
}

/// What is said of a user beside its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Superuser,
    ReadOnlySuperuser,
    Disabled,
    Unconfirmed,
    Enabled,
}

impl State {
    /// What copies of the list call it.
    const fn key(self) -> &'static str {
        match self {
            Self::Superuser => "superuser",
            Self::ReadOnlySuperuser => "read-only superuser",
            Self::Disabled => "disabled",
            Self::Unconfirmed => "unconfirmed",
            Self::Enabled => "enabled",
        }
    }

    fn words(self, i18n: I18n) -> &'static str {
        match self {
            Self::Superuser => t_string!(i18n, users.superuser),
            Self::ReadOnlySuperuser => t_string!(i18n, users.read_only_superuser),
            Self::Disabled => t_string!(i18n, users.disabled),
            Self::Unconfirmed => t_string!(i18n, users.unconfirmed),
            Self::Enabled => t_string!(i18n, users.enabled),
        }
    }

    fn label(self, i18n: I18n) -> AnyView {
        let (color, icon) = match self {
            Self::Superuser => ("pf-m-blue", Some(lu::LuShield)),
            Self::ReadOnlySuperuser => ("pf-m-blue", Some(lu::LuEye)),
            Self::Disabled => ("pf-m-orange", Some(lu::LuBan)),
            Self::Unconfirmed => ("", Some(lu::LuMail)),
            Self::Enabled => ("", None),
        };
        view! { <Label color icon>{move || self.words(i18n)}</Label> }.into_any()
    }
}

/// The states of a user. `mailing`: addresses are confirmed by mail.
fn states(user: &User, mailing: bool) -> Vec<State> {
    let mut states = Vec::new();
    let mut say = |said: bool, state| {
        if said {
            states.push(state);
        }
    };
    say(user.is_superuser == Some(true), State::Superuser);
    say(
        user.is_read_only_superuser == Some(true),
        State::ReadOnlySuperuser,
    );
    say(user.enabled == Some(false), State::Disabled);
    say(
        mailing && user.email.is_some() && user.email_verified == Some(false),
        State::Unconfirmed,
    );
    say(user.enabled == Some(true), State::Enabled);
    states
}

/// The dialog that is open.
#[derive(Clone)]
enum Open {
    Create,
    Made(Made),
    Email(User),
    Password(User),
    Delete(User),
}

/// `/superuser/users`.
#[component]
pub(crate) fn Users() -> impl IntoView {
    for_administration(|| view! { <UserList/> }.into_any())
}

#[component]
fn UserList() -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let open = RwSignal::new(None::<Open>);
    let enabled = move || match url.get("state").as_deref() {
        Some("enabled") => Some(true),
        Some("disabled") => Some(false),
        _ => None,
    };
    let listing = Listing::new(
        "users",
        "name",
        vec![
            Column::new("name", words!(i18n, signin.username)),
            Column::new("email", words!(i18n, users.email)),
            Column::new("state", words!(i18n, users.state)),
            Column::new("createdAt", words!(i18n, users.created)),
        ],
    );
    let list = ask(move || {
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
            filter: UserFilter {
                search: Some(url.search()).filter(|text| !text.is_empty()),
                enabled: enabled(),
            },
        };
        api.run(listing.sends(UsersQuery::build(variables)))
    });
    let refetch = Callback::new(move |()| list.refetch());
    let actions = Actions {
        open,
        switch: use_switch(refetch),
        recover: use_recovery_mail(),
    };
    view! {
        <section class="pf-v6-c-page__main-section">
            <div class="berth-page-head">
                <Heading title=words!(i18n, nav.users)/>
            </div>
            <div class="berth-toolbar">
                <SearchInput label=words!(i18n, users.search)/>
                <div class="berth-toolbar__filter">
                    <Select
                        label=words!(i18n, users.state)
                        options=Signal::derive(move || vec![
                            (String::new(), t_string!(i18n, users.all).to_owned()),
                            ("enabled".to_owned(), t_string!(i18n, users.enabled).to_owned()),
                            ("disabled".to_owned(), t_string!(i18n, users.disabled).to_owned()),
                        ])
                        value=Signal::derive(move || url.get("state").unwrap_or_default())
                        on_change=Callback::new(move |value: String| url.put_filter("state", &value))
                    />
                </div>
                <Show when=move || session.administers()>
                    <Button
                        kind=ButtonKind::Primary
                        on_click=Callback::new(move |_| open.set(Some(Open::Create)))
                    >
                        {words!(i18n, users.create)}
                    </Button>
                </Show>
                <ListTools listing/>
                <Show when=move || enabled().is_some()>
                    <div class="berth-filters">
                        <FilterChip
                            name=words!(i18n, users.state)
                            value=Signal::derive(move || {
                                let state = if enabled() == Some(true) { State::Enabled } else { State::Disabled };
                                state.words(i18n).to_owned()
                            })
                            on_remove=Callback::new(move |()| url.put_filter("state", ""))
                        />
                        <Button kind=ButtonKind::Link on_click=Callback::new(move |_| url.clear_filters())>
                            {words!(i18n, list.clear_filters)}
                        </Button>
                    </div>
                </Show>
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
                        row(i18n, user, &states, may.then_some(actions), registry.sends_mail)
                    });
                    view! {
                        <DataTable listing label=words!(i18n, nav.users) rows=rows.collect() total=total_count/>
                        <Pager shown total=total_count next=page_info.next()/>
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
            Open::Create => view! { <CreateUser on_close on_done=made/> }.into_any(),
            Open::Made(made) => view! { <PasswordOnce made on_close/> }.into_any(),
            Open::Email(user) => view! { <ChangeEmail user on_close on_done=done/> }.into_any(),
            Open::Password(user) => view! { <SetPassword user on_close on_done=done/> }.into_any(),
            Open::Delete(user) => view! { <DeleteUser user on_close on_done=done/> }.into_any(),
        })
    }
}

/// What a row's menu does.
#[derive(Clone, Copy)]
struct Actions {
    open: RwSignal<Option<Open>>,
    switch: Callback<Switch>,
    recover: Callback<String>,
}

fn row(i18n: I18n, user: User, states: &[State], actions: Option<Actions>, mailing: bool) -> Row {
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
    let cells = vec![
        Cell::new(entity, name.clone()),
        Cell::new(
            view! { <span class="berth-name"><bdi>{address}</bdi></span> },
            email,
        ),
        Cell::new(view! { <span class="berth-chips">{labels}</span> }, keys),
        Cell::time(Some(user.created_at.clone())),
    ];
    let menu = actions.map(|actions| Callback::new(move |()| actions.items(i18n, &user, mailing)));
    Row {
        menu,
        ..Row::new(&id, &name, cells)
    }
}

impl Actions {
    fn items(self, i18n: I18n, user: &User, mailing: bool) -> Vec<MenuItem> {
        let open = move |dialog: Open| move || self.open.set(Some(dialog.clone()));
        let mut items = vec![
            MenuItem::action(
                t_string!(i18n, users.change_email),
                open(Open::Email(user.clone())),
            ),
            MenuItem::action(
                t_string!(i18n, users.change_password),
                open(Open::Password(user.clone())),
            ),
        ];
        let enabled = user.enabled == Some(true);
        // A mail to who is shut out would not be sent.
        if let Some(email) = user.email.clone().filter(|_| mailing && enabled) {
            items.push(MenuItem::action(
                t_string!(i18n, users.recover),
                move || self.recover.run(email.clone()),
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
        items.push(MenuItem::Divider);
        items.push(MenuItem::danger(
            t_string!(i18n, users.delete),
            open(Open::Delete(user.clone())),
        ));
        items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> User {
        User {
            id: cynic::Id::new("u1"),
            name: "ann".into(),
            avatar: session::Avatar {
                color: "#000000".into(),
            },
            email: Some("ann@example.com".into()),
            email_verified: Some(true),
            enabled: Some(true),
            is_superuser: Some(false),
            is_read_only_superuser: Some(false),
            created_at: DateTime("2026-01-01T00:00:00.000Z".into()),
        }
    }

    #[test]
    fn a_user_is_enabled_or_disabled_whatever_else_it_is() {
        assert_eq!(states(&user(), true), [State::Enabled]);
        let disabled = User {
            enabled: Some(false),
            is_read_only_superuser: Some(true),
            ..user()
        };
        assert_eq!(
            states(&disabled, true),
            [State::ReadOnlySuperuser, State::Disabled]
        );
        let superuser = User {
            is_superuser: Some(true),
            ..user()
        };
        assert_eq!(states(&superuser, true), [State::Superuser, State::Enabled]);
    }

    #[test]
    fn an_address_waits_only_where_there_is_one_and_mail_is_sent() {
        let waiting = User {
            email_verified: Some(false),
            ..user()
        };
        assert_eq!(states(&waiting, true), [State::Unconfirmed, State::Enabled]);
        assert_eq!(states(&waiting, false), [State::Enabled]);
        let without = User {
            email: None,
            ..waiting
        };
        assert_eq!(states(&without, true), [State::Enabled]);
    }
}
