//! Roles that new repositories of an organization begin with.

mod change;
mod create;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{
        Button, ButtonKind, Cell, Column, DataTable, Empty, Entity, EntityKind, EntityName, Label,
        ListTools, Listing, MenuItem, NotVisible, Pager, Row, Select, SkeletonTable, ask, load,
        use_list_url,
    },
    fragments::{AccountKind, DateTime, PageInfo, Role},
    i18n::*,
    roles::{role_options, role_words},
    schema,
    session::use_session,
};
use change::Changer;
use create::CreateDefaultPermission;

pub(super) use change::{NewDefault, create as create_default};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: String,
    first: i32,
    after: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct DefaultPermissionsQuery {
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
    #[arguments(first: $first, after: $after)]
    default_permissions: Option<DefaultPermissionConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct DefaultPermissionConnection {
    nodes: Vec<DefaultPermission>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct DefaultPermission {
    uuid: String,
    creator: Option<Affiliate>,
    account: Option<Affiliate>,
    team: Option<Team>,
    role: Role,
    created_at: DateTime,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Affiliate {
    account: String,
    kind: AccountKind,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Team {
    name: String,
}

impl From<&Affiliate> for Entity {
    fn from(affiliate: &Affiliate) -> Self {
        Self::new(affiliate.kind.into(), &affiliate.account)
    }
}

impl DefaultPermission {
    /// Who gets the role; nobody where that has just gone.
    fn grantee(&self) -> Option<Entity> {
        let team = self.team.as_ref();
        let team = team.map(|team| Entity::new(EntityKind::Team, &team.name));
        team.or_else(|| self.account.as_ref().map(Entity::from))
    }
}

/// The tab *Default permissions*.
#[component]
pub(super) fn DefaultPermissions(
    /// Of which organization.
    organization: String,
    /// Whether the viewer changes them.
    may_change: bool,
) -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let organization = StoredValue::new(organization);
    let creating = RwSignal::new(false);
    let listing = Listing::new(
        "defaultPermissions",
        "createdAt",
        vec![
            Column::new("creator", words!(i18n, defaults.creator)),
            Column::new("appliedTo", words!(i18n, defaults.applied_to)),
            Column::new("permission", words!(i18n, settings.permission)),
            Column::new("createdAt", words!(i18n, robots.created)),
        ],
    );
    let list = ask(move || {
        let query = DefaultPermissionsQuery::build(Variables {
            name: organization.get_value(),
            first: url.rows(),
            after: url.after(),
        });
        api.run(listing.sends(query))
    });
    let refetch = Callback::new(move |()| list.refetch());
    let changer = StoredValue::new(Changer::new(organization.get_value(), refetch));
    let create_button = move || {
        view! {
            <Show when=move || may_change && !session.registry().read_only>
                <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| creating.set(true))>
                    {words!(i18n, defaults.create_many)}
                </Button>
            </Show>
        }
    };
    view! {
        <p class="berth-muted berth-gap-below">{words!(i18n, defaults.text)}</p>
        <div class="berth-toolbar berth-gap-below">{create_button()} <ListTools listing/></div>
        {load(
            list,
            || view! { <SkeletonTable rows=4/> }.into_any(),
            move |data| {
                let Some(Namespace::Organization(Organization { default_permissions: Some(found) })) = data.namespace
                else {
                    return view! { <NotVisible/> }.into_any();
                };
                let DefaultPermissionConnection { nodes, page_info, total_count } = found;
                if nodes.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuKeyRound
                            title=words!(i18n, defaults.empty)
                            text=words!(i18n, defaults.empty_text)
                        >
                            {create_button()}
                        </Empty>
                    }
                        .into_any();
                }
                let shown = nodes.len();
                let leaves = move || {
                    url.has_left_empty(shown);
                };
                let rows = nodes
                    .into_iter()
                    .map(|one| row(i18n, one, may_change.then_some(changer), leaves));
                view! {
                    <DataTable
                        listing
                        label=words!(i18n, namespace.tab_default_permissions)
                        rows=rows.collect()
                        total=None
                    />
                    <Pager shown total=total_count next=page_info.next()/>
                }
                    .into_any()
            },
        )}
        <Show when=move || creating.get()>
            <CreateDefaultPermission
                organization=organization.get_value()
                on_close=Callback::new(move |()| creating.set(false))
                on_done=Callback::new(move |()| {
                    creating.set(false);
                    list.refetch();
                })
            />
        </Show>
    }
}

fn row(
    i18n: I18n,
    one: DefaultPermission,
    changer: Option<StoredValue<Changer>>,
    leaves: impl Fn() + Copy + Send + Sync + 'static,
) -> Row {
    let (creator, grantee) = (one.creator.as_ref().map(Entity::from), one.grantee());
    let raw_creator = creator.as_ref().map(|creator| creator.name.clone());
    let raw_grantee = grantee.as_ref().map(|grantee| grantee.name.clone());
    let name = raw_grantee.clone().unwrap_or_default();
    let uuid = one.uuid.clone();
    let role = one.role;
    let draft = StoredValue::new(grantee.clone().map(|grantee| NewDefault {
        creator: raw_creator.clone(),
        grantee,
        role,
    }));
    let creator = match creator {
        Some(entity) => view! { <EntityName entity/> }.into_any(),
        None => view! { <span>{words!(i18n, defaults.anyone)}</span> }.into_any(),
    };
    let applied = match grantee {
        Some(entity) => view! { <EntityName entity/> }.into_any(),
        None => "–".into_any(),
    };
    let permission = match changer {
        None => view! { <Label>{move || role_words(i18n, role)}</Label> }.into_any(),
        Some(changer) => {
            let (uuid, name) = (uuid.clone(), name.clone());
            view! {
                <span class="berth-select-narrow">
                    <Select
                        label=Signal::derive(move || {
                            Some(t_string!(i18n, settings.permission_of, name = name.clone()))
                        })
                        options=Signal::derive(move || role_options(i18n))
                        value=Signal::stored(role.key().to_owned())
                        on_change=Callback::new(move |key: String| {
                            if let Some(now) = Role::of_key(&key) {
                                changer.get_value().start(uuid.clone(), role, now);
                            }
                        })
                    />
                </span>
            }
            .into_any()
        }
    };
    let cells = vec![
        Cell::new(creator, raw_creator),
        Cell::new(applied, raw_grantee),
        Cell::new(permission, role.key()),
        Cell::time(Some(one.created_at)),
    ];
    let gone = uuid.clone();
    let menu = changer.map(|changer| {
        Callback::new(move |()| {
            let uuid = gone.clone();
            vec![MenuItem::danger(
                t_string!(i18n, common.delete),
                move || {
                    leaves();
                    changer.get_value().delete(uuid.clone(), draft.get_value());
                },
            )]
        })
    });
    Row {
        menu,
        ..Row::new(&uuid, &name, cells)
    }
}
