//! *Who can do what*: what each account may do in a repository, and why.

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::{ev::SubmitEvent, prelude::*};

use super::permissions::{OF_ORGANIZATION, OF_USER};
use crate::{
    api::{Answer, Api, use_api},
    components::{
        Button, Cell, Column, DataTable, Entity, EntityKind, EntityName, EntityPicker, FilterChip,
        Label, ListTools, Listing, Lookup, Pager, Picked, Row, SkeletonLines, SkeletonTable, ask,
        entity_id, load, use_list_url_by,
    },
    fragments::{self, PageInfo, Role},
    i18n::*,
    paths,
    roles::role_words,
    schema,
};

/// What the URL calls whom is asked about, as `kind:name`; everybody with a right where it is not there.
const OF: &str = "who";
/// Key of the pages passed.
const AFTER: &str = "access";

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    namespace: String,
    name: String,
    of: Option<cynic::Id>,
    first: i32,
    after: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct AccessQuery {
    #[arguments(namespace: $namespace, name: $name)]
    repository: Option<Repository>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Repository {
    #[arguments(of: $of, first: $first, after: $after)]
    access: Option<RepositoryAccessConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct RepositoryAccessConnection {
    nodes: Vec<RepositoryAccess>,
    page_info: PageInfo,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the schema's answers to as many questions"
)]
struct RepositoryAccess {
    entity: Holder,
    is_shut_out: bool,
    permission: Option<Role>,
    can_pull: bool,
    can_push: bool,
    can_administer: bool,
    reasons: Vec<AccessReason>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Entity")]
struct Holder {
    kind: fragments::EntityKind,
    name: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct AccessReason {
    kind: AccessReasonKind,
    role: Role,
    team_name: Option<String>,
}

/// Why somebody may do something.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
enum AccessReasonKind {
    Direct,
    OrganizationAdministrator,
    Owner,
    Public,
    ReadOnlySuperuser,
    Superuser,
    Team,
}

impl AccessReasonKind {
    /// What copies call it.
    const fn key(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::OrganizationAdministrator => "organization administrator",
            Self::Owner => "owner",
            Self::Public => "public",
            Self::ReadOnlySuperuser => "read-only superuser",
            Self::Superuser => "superuser",
            Self::Team => "team",
        }
    }
}

impl AccessReason {
    /// A sentence; of a team's own right, that it was given to the team.
    fn words(&self, i18n: I18n, of: EntityKind) -> String {
        let role = role_words(i18n, self.role);
        let team = || self.team_name.clone().unwrap_or_default();
        match self.kind {
            AccessReasonKind::Team if of != EntityKind::Team => {
                t_string!(i18n, access.by_team, role = role, team = team())
            }
            AccessReasonKind::Direct | AccessReasonKind::Team => {
                t_string!(i18n, access.direct, role = role)
            }
            AccessReasonKind::OrganizationAdministrator if of == EntityKind::Team => {
                t_string!(i18n, access.team_administers, role = role)
            }
            AccessReasonKind::OrganizationAdministrator => {
                t_string!(i18n, access.administrator, role = role, team = team())
            }
            AccessReasonKind::Owner => t_string!(i18n, access.owner, role = role),
            AccessReasonKind::Superuser => t_string!(i18n, access.superuser, role = role),
            AccessReasonKind::ReadOnlySuperuser => {
                t_string!(i18n, access.read_only_superuser, role = role)
            }
            AccessReasonKind::Public => t_string!(i18n, access.public, role = role),
        }
    }

    /// The same for copies.
    fn raw(&self) -> String {
        let by = match &self.team_name {
            Some(team) => format!(" {team}"),
            None => String::new(),
        };
        format!("{}: {}{by}", self.role.key(), self.kind.key())
    }
}

/// What was found.
#[derive(Debug, Clone)]
enum Found {
    /// These may do something, or are who was asked about.
    Page(RepositoryAccessConnection),
    /// Nobody is called so.
    Nobody,
    /// The viewer may not ask any more.
    Hidden,
}

/// Who is asked about, as the URL has it.
fn read(text: &str) -> Option<Entity> {
    let (kind, name) = text.split_once(':')?;
    let kind = EntityKind::of_key(kind).filter(|kind| OF_ORGANIZATION.contains(kind))?;
    (!name.is_empty()).then(|| Entity::new(kind, name))
}

fn written(entity: &Entity) -> String {
    format!("{}:{}", entity.kind.key(), entity.name)
}

/// Asks about one, or about everybody with a right.
fn find(api: Api, listing: Listing, of: Option<Entity>, variables: Variables) -> Answer<Found> {
    Box::pin(async move {
        let of = match of {
            None => None,
            Some(entity) => match entity_id(api, &variables.namespace, entity).await? {
                None => return Ok(Found::Nobody),
                found => found,
            },
        };
        let is_one = of.is_some();
        let query = AccessQuery::build(Variables { of, ..variables });
        let answer = api.run(listing.sends(query)).await?;
        let found = answer.repository.and_then(|repository| repository.access);
        Ok(match found {
            None => Found::Hidden,
            Some(page) if is_one && page.nodes.is_empty() => Found::Nobody,
            Some(page) => Found::Page(page),
        })
    })
}

/// Everybody who may do something in a repository, or somebody in particular, with all the reasons.
#[component]
pub(super) fn WhoCan(
    /// The namespace of the repository.
    namespace: String,
    /// True where that is a user's.
    is_user: bool,
    /// Its name.
    name: String,
    /// Goes up whenever roles may have changed.
    changes: RwSignal<u32>,
) -> impl IntoView {
    let (api, i18n, url) = (use_api(), use_i18n(), use_list_url_by(AFTER));
    let lookup = Lookup {
        namespace: namespace.clone(),
        kinds: if is_user { OF_USER } else { OF_ORGANIZATION },
    };
    let kinds = lookup.kinds;
    let (who, unknown) = if is_user {
        (
            words!(i18n, settings.account),
            words!(i18n, settings.unknown_account),
        )
    } else {
        (
            words!(i18n, settings.account_or_team),
            words!(i18n, settings.unknown_grantee),
        )
    };
    let organization = (!is_user).then(|| namespace.clone());
    let organization = StoredValue::new(organization);
    let of = Memo::new(move |_| url.get(OF).as_deref().and_then(read));
    let listing = Listing::new(
        "access",
        "name",
        vec![
            Column::new("name", who),
            Column::new("may", words!(i18n, access.may)),
            Column::new("why", words!(i18n, access.why)),
        ],
    );
    let list = ask(move || {
        changes.track();
        let variables = Variables {
            namespace: namespace.clone(),
            name: name.clone(),
            of: None,
            first: url.rows(),
            after: url.after(),
        };
        find(api, listing, of.get(), variables)
    });
    let picked = Picked::new();
    // The address says who is asked about, also after *back*.
    Effect::new(move |_| match of.get() {
        Some(entity) => picked.set(entity),
        None => picked.clear(),
    });
    let explain = move |entity: Entity| url.put_filter(OF, &written(&entity));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(entity) = untrack(|| picked.entity(kinds)) {
            explain(entity);
        }
    };
    view! {
        <section class="berth-card" aria-labelledby="access-title">
            <h2 id="access-title">{words!(i18n, access.title)}</h2>
            <p class="berth-muted">{words!(i18n, access.text)}</p>
            <form class="pf-v6-c-form berth-inline-form berth-gap-below" on:submit=submit novalidate>
                <EntityPicker
                    id="access-of"
                    label=words!(i18n, access.of)
                    hint=words!(i18n, access.of_hint)
                    lookup
                    picked
                    on_pick=Callback::new(explain)
                />
                <Button submit=true disabled=Signal::derive(move || picked.entity(kinds).is_none())>
                    {words!(i18n, access.explain)}
                </Button>
            </form>
            <div class="berth-toolbar berth-gap-below">
                {move || {
                    of.get()
                        .map(|entity| {
                            view! {
                                <FilterChip
                                    name=words!(i18n, access.only)
                                    value=Signal::stored(entity.name)
                                    on_remove=Callback::new(move |()| url.put_filter(OF, ""))
                                />
                            }
                        })
                }}
                <ListTools listing/>
            </div>
            {load(
                list,
                || view! { <SkeletonTable rows=3/> }.into_any(),
                move |found| match found {
                    Found::Hidden => view! { <p>{words!(i18n, access.hidden)}</p> }.into_any(),
                    Found::Nobody => view! { <p role="status">{move || unknown.get()}</p> }.into_any(),
                    Found::Page(page) if page.nodes.is_empty() => {
                        view! { <p>{words!(i18n, access.nobody)}</p> }.into_any()
                    }
                    Found::Page(RepositoryAccessConnection { nodes, page_info }) => {
                        let shown = nodes.len();
                        let rows = nodes
                            .into_iter()
                            .map(|one| row(i18n, organization.get_value().as_deref(), one));
                        view! {
                            <DataTable
                                listing
                                label=words!(i18n, access.title)
                                rows=rows.collect()
                                total=None
                            />
                            <Pager shown total=None next=page_info.next() url/>
                        }
                            .into_any()
                    }
                },
            )}
        </section>
    }
}

/// Why the viewer may do something, asked on demand; also for who does not administer the repository.
#[component]
pub(super) fn OwnReasons(
    /// Id of the viewer.
    user: cynic::Id,
    /// The namespace of the repository.
    namespace: String,
    /// Its name.
    name: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let open = RwSignal::new(false);
    let asked = StoredValue::new((user, namespace, name));
    view! {
        <button
            type="button"
            class="pf-v6-c-button pf-m-link pf-m-inline"
            aria-expanded=move || open.get().to_string()
            on:click=move |_| open.update(|open| *open = !*open)
        >
            <span class="pf-v6-c-button__text">{words!(i18n, access.why_own)}</span>
        </button>
        <div role="status">
            <Show when=move || open.get()>
                {
                    let (user, namespace, name) = asked.get_value();
                    view! { <Reasons user namespace name/> }
                }
            </Show>
        </div>
    }
}

#[component]
fn Reasons(user: cynic::Id, namespace: String, name: String) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let found = ask(move || {
        api.run(AccessQuery::build(Variables {
            namespace: namespace.clone(),
            name: name.clone(),
            of: Some(user.clone()),
            first: 1,
            after: None,
        }))
    });
    load(
        found,
        || view! { <SkeletonLines/> }.into_any(),
        move |data| {
            let found = data.repository.and_then(|repository| repository.access);
            let own = found.and_then(|found| found.nodes.into_iter().next());
            let reasons = own.map(|own| own.reasons).unwrap_or_default();
            if reasons.is_empty() {
                return view! { <p>{words!(i18n, access.no_reason)}</p> }.into_any();
            }
            let lines = reasons
                .into_iter()
                .map(|reason| view! { <li>{move || reason.words(i18n, EntityKind::User)}</li> });
            view! { <ul class="berth-names">{lines.collect_view()}</ul> }.into_any()
        },
    )
}

fn row(i18n: I18n, organization: Option<&str>, access: RepositoryAccess) -> Row {
    let Holder { kind, name } = access.entity;
    let entity = Entity::new(kind.into(), name);
    let kind = entity.kind;
    let (id, name) = (written(&entity), entity.name.clone());
    let shown = match organization.filter(|_| kind == EntityKind::Team) {
        Some(organization) => {
            let href = paths::team(organization, &name, paths::TEAM_MEMBERS_TAB);
            view! { <a href=href><EntityName entity/></a> }.into_any()
        }
        None => view! { <EntityName entity/> }.into_any(),
    };
    let rights = [
        (access.can_pull, texts::access::pull, "pull"),
        (access.can_push, texts::access::push, "push"),
        (
            access.can_administer,
            texts::access::administer,
            "administer",
        ),
    ];
    let given = rights.into_iter().filter(|(may, ..)| *may);
    let (words, raw): (Vec<Text>, Vec<&str>) = given.map(|(_, words, key)| (words, key)).unzip();
    let may = if words.is_empty() {
        view! { <span>{words!(i18n, access.nothing)}</span> }.into_any()
    } else {
        let labels = words
            .into_iter()
            .map(|words| view! { <Label>{i18n.words(words)}</Label> });
        view! { <span class="berth-chips">{labels.collect_view()}</span> }.into_any()
    };
    // Who might push elsewhere by such a role, and does not here.
    let waits = !access.is_shut_out && !access.can_push && access.permission >= Some(Role::Write);
    let is_shut_out = access.is_shut_out;
    let why_raw: Vec<String> = access.reasons.iter().map(AccessReason::raw).collect();
    let has_none = access.reasons.is_empty();
    let reasons = access
        .reasons
        .into_iter()
        .map(|reason| view! { <li>{move || reason.words(i18n, kind)}</li> });
    let why = view! {
        <ul class="berth-names">
            {is_shut_out
                .then(|| {
                    view! {
                        <li>
                            <Label icon=Some(lu::LuLock)>{words!(i18n, access.shut_out)}</Label>
                        </li>
                    }
                })}
            {reasons.collect_view()}
            {has_none.then(|| view! { <li>{words!(i18n, access.no_reason)}</li> })}
            {waits.then(|| view! { <li class="berth-muted">{words!(i18n, access.no_pushes)}</li> })}
        </ul>
    };
    let cells = vec![
        Cell::name(shown, &name),
        Cell::new(may, raw),
        Cell::new(why, why_raw),
    ];
    Row::new(&id, &name, cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_asked_about_stands_in_the_address() {
        for (kind, name) in [
            (EntityKind::User, "ann"),
            (EntityKind::Robot, "acme+ci"),
            (EntityKind::Team, "developers"),
        ] {
            let entity = Entity::new(kind, name);
            assert_eq!(read(&written(&entity)), Some(entity));
        }
        for nobody in ["", "ann", "user:", "organization:acme", "group:x"] {
            assert_eq!(read(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn a_reason_is_copied_with_its_role_and_team() {
        let reason = AccessReason {
            kind: AccessReasonKind::Team,
            role: Role::Write,
            team_name: Some("developers".into()),
        };
        assert_eq!(reason.raw(), "write: team developers");
    }
}
