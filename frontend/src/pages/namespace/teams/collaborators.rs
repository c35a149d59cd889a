//! *Collaborators View*: who has roles in repositories of an organization and is in none of its teams.

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::{prelude::*, task::spawn_local};

use super::{
    members::RemoveMember,
    people::{self, RoleInRepository},
};
use crate::{
    api::use_api,
    components::{
        Cell, Column, DataTable, Empty, EntityKind, KindLabel, ListTools, Listing, MenuItem,
        NotVisible, Pager, Row, SearchInput, SkeletonTable, Toasts, ask, error_text, load,
        use_list_url, use_toasts,
    },
    fragments::{AccountKind, PageInfo},
    i18n::*,
    pages::organizations::NothingFound,
    paths,
    roles::{Grantee, RoleGiver, RoleInInput, RolesIn},
    schema,
    session::{self, use_session},
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: String,
    first: i32,
    after: Option<String>,
    search: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct CollaboratorsQuery {
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
    #[arguments(first: $first, after: $after, search: $search)]
    collaborators: Option<CollaboratorConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct CollaboratorConnection {
    nodes: Vec<Collaborator>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Collaborator {
    account: String,
    kind: AccountKind,
    avatar: session::Avatar,
    own_roles: Vec<RoleInRepository>,
    repository_count: i32,
}

/// All roles of a robot as they are to be, and as they were.
#[derive(Debug, Clone)]
struct Change {
    account: String,
    now: Vec<RoleInInput>,
    before: Vec<RoleInInput>,
    /// Whether roles are taken away.
    takes: bool,
}

/// What is done to a row. It outlives the page, since an undo is offered longer.
#[derive(Clone, Copy)]
struct Actions {
    giver: RoleGiver,
    toasts: Toasts,
    i18n: I18n,
    /// The user who is asked about before removal.
    leaving: RwSignal<Option<String>>,
    on_done: Callback<()>,
}

impl Actions {
    /// Gives a robot all its roles, or takes them, at once and with *Undo*.
    fn change(self, change: Change) {
        spawn_local(async move {
            let Self {
                giver,
                toasts,
                i18n,
                ..
            } = self;
            let grantee = Grantee::Account(change.account.clone());
            let roles = RolesIn::Each(change.now.clone());
            if let Err(error) = giver.give(grantee, roles).await {
                toasts.failure(error_text(i18n, &error));
                return;
            }
            self.on_done.try_run(());
            let name = change.account.clone();
            let text = if change.takes {
                tu_string!(i18n, settings.removed, name = name)
            } else {
                tu_string!(i18n, settings.saved, name = name)
            };
            let undo = tu_string!(i18n, common.undo).to_owned();
            toasts.success_with_undo(text, undo, move || {
                let undone = change.clone();
                self.change(Change {
                    account: undone.account,
                    now: undone.before,
                    before: undone.now,
                    takes: !undone.takes,
                });
            });
        });
    }

    /// The menu of a robot: its roles one by one, or none of them any more where all of them are known.
    fn of_robot(self, account: &str, roles: &[RoleInRepository], count: i32) -> Vec<MenuItem> {
        let i18n = self.i18n;
        let mut items = vec![MenuItem::Link {
            text: t_string!(i18n, roles.set).to_owned(),
            href: paths::robot(account, None),
        }];
        if usize::try_from(count).is_ok_and(|count| count == roles.len()) {
            let (before, now) = roles.iter().map(RoleInRepository::inputs).unzip();
            let change = Change {
                account: account.to_owned(),
                now,
                before,
                takes: true,
            };
            items.push(MenuItem::danger(
                t_string!(i18n, people.take_roles),
                move || self.change(change.clone()),
            ));
        }
        items
    }
}

/// The list of users and robots.
#[component]
pub(super) fn CollaboratorsView(
    /// Of which organization.
    organization: StoredValue<String>,
    /// Whether the viewer removes them.
    may_remove: bool,
) -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let leaving = RwSignal::new(None::<String>);
    let listing = Listing::new(
        "collaborators",
        "name",
        vec![
            Column::new("name", words!(i18n, teams.member_name)),
            Column::new("kind", words!(i18n, settings.kind)),
            Column::new("repositories", words!(i18n, people.repositories)),
        ],
    );
    let list = ask(move || {
        let query = CollaboratorsQuery::build(Variables {
            name: organization.get_value(),
            first: url.rows(),
            after: url.after(),
            search: Some(url.search()).filter(|text| !text.is_empty()),
        });
        api.run(listing.sends(query))
    });
    let shown_rows = StoredValue::new(0_usize);
    let on_done = Callback::new(move |()| {
        leaving.set(None);
        // Another page is read by itself.
        if !url.has_left_empty(shown_rows.get_value()) {
            list.refetch();
        }
    });
    let actions = Actions {
        giver: RoleGiver::new(),
        toasts: use_toasts(),
        i18n,
        leaving,
        on_done,
    };
    view! {
        <div class="berth-toolbar berth-gap-below">
            <SearchInput label=words!(i18n, people.search_collaborators)/>
            <ListTools listing/>
        </div>
        {load(
            list,
            || view! { <SkeletonTable rows=4/> }.into_any(),
            move |data| {
                let Some(Namespace::Organization(Organization { collaborators: Some(found) })) = data.namespace
                else {
                    return view! { <NotVisible/> }.into_any();
                };
                let CollaboratorConnection { nodes, page_info, total_count } = found;
                shown_rows.set_value(nodes.len());
                if nodes.is_empty() && !url.search_untracked().is_empty() {
                    return view! { <NothingFound/> }.into_any();
                }
                if nodes.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuUsers
                            title=words!(i18n, people.no_collaborators)
                            text=words!(i18n, people.no_collaborators_text)
                        />
                    }
                        .into_any();
                }
                let shown = nodes.len();
                let may_remove = may_remove && !session.registry().read_only;
                let rows = nodes
                    .into_iter()
                    .map(|collaborator| row(i18n, collaborator, may_remove.then_some(actions)));
                view! {
                    <DataTable
                        listing
                        label=words!(i18n, people.collaborators)
                        rows=rows.collect()
                        total=None
                    />
                    <Pager shown total=total_count next=page_info.next()/>
                }
                    .into_any()
            },
        )}
        {move || {
            leaving
                .get()
                .map(|account| {
                    // Made with each dialog, so that one that closes late does not close the next.
                    let on_close = Callback::new(move |()| leaving.set(None));
                    view! { <RemoveMember organization=organization.get_value() account on_close on_done/> }
                })
        }}
    }
}

fn row(i18n: I18n, collaborator: Collaborator, actions: Option<Actions>) -> Row {
    let Collaborator {
        account,
        kind,
        avatar,
        own_roles,
        repository_count,
    } = collaborator;
    let kind = EntityKind::from(kind);
    let cells = vec![
        people::name(&account, avatar),
        Cell::new(view! { <KindLabel kind/> }, kind.key()),
        people::repositories(i18n, own_roles.clone(), repository_count),
    ];
    let name = account.clone();
    let menu = actions.map(|actions| {
        Callback::new(move |()| {
            if kind == EntityKind::Robot {
                return actions.of_robot(&account, &own_roles, repository_count);
            }
            let account = account.clone();
            vec![MenuItem::danger(
                t_string!(i18n, people.remove),
                move || actions.leaving.set(Some(account.clone())),
            )]
        })
    });
    Row {
        menu,
        ..Row::new(&name, &name, cells)
    }
}
