//! Who vouches for the viewer, what the viewer lets applications do, and what it is asked to let them do.

mod logins;

use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::prelude::*;

use crate::{
    api::{ErrorClass, use_api},
    components::{
        Cell, Column, DataTable, Empty, EndDialog, Ending, ListTools, Listing, MenuItem, Pager,
        Row, SkeletonTable, ask, load, use_list_url, use_list_url_by,
    },
    fragments::{AccessScope, ApplicationProfile, AuthorizationResponseType, DateTime, PageInfo},
    i18n::*,
    paths::{self, Question},
    schema,
    session::use_session,
};
use logins::ExternalLogins;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    first: i32,
    after: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct AuthorizationsQuery {
    viewer: Option<Authorizer>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Viewer", variables = "Variables")]
struct Authorizer {
    #[arguments(first: $first, after: $after)]
    authorizations: Option<AuthorizationConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct AuthorizationConnection {
    nodes: Vec<Authorization>,
    page_info: PageInfo,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Authorization {
    uuid: String,
    name: Option<String>,
    scopes: Vec<AccessScope>,
    application: ApplicationProfile,
    created_at: DateTime,
    last_used_at: Option<DateTime>,
    expires_at: DateTime,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct AssignedQuery {
    viewer: Option<Assignee>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Viewer", variables = "Variables")]
struct Assignee {
    #[arguments(first: $first, after: $after)]
    assigned_authorizations: Option<AssignedAuthorizationConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct AssignedAuthorizationConnection {
    nodes: Vec<AssignedAuthorization>,
    page_info: PageInfo,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct AssignedAuthorization {
    uuid: String,
    scopes: Vec<AccessScope>,
    scope: String,
    redirect_uri: String,
    response_type: AuthorizationResponseType,
    application: ApplicationProfile,
    created_at: DateTime,
}

impl AssignedAuthorization {
    /// The page that asks for it.
    fn href(&self) -> String {
        paths::authorize(Question {
            client_id: &self.application.client_id,
            redirect_uri: &self.redirect_uri,
            scope: &self.scope,
            response_type: self.response_type.key(),
            assignment: &self.uuid,
        })
    }
}

#[derive(cynic::QueryVariables, Debug)]
struct UuidVariables {
    uuid: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "UuidVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Revoke {
    #[arguments(input: { uuid: $uuid })]
    revoke_authorization: RevokePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "RevokeAuthorizationPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct RevokePayload {
    revoked_uuid: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "UuidVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Decline {
    #[arguments(input: { uuid: $uuid })]
    decline_assignment: DeclinePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeclineAssignmentPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct DeclinePayload {
    declined_uuid: String,
}

/// The tab *External Logins And Applications*.
#[component]
pub(super) fn Authorizations() -> impl IntoView {
    view! {
        <div class="berth-stack">
            <Assigned/>
            <Authorized/>
            <ExternalLogins/>
        </div>
    }
}

/// What administrators of applications ask the viewer for; nothing where nobody does.
#[component]
fn Assigned() -> impl IntoView {
    let (api, i18n, session) = (use_api(), use_i18n(), use_session());
    let url = use_list_url_by("assigned");
    let declining = RwSignal::new(None::<Ending>);
    let listing = Listing::new(
        "assigned",
        "-createdAt",
        vec![
            Column::new("application", words!(i18n, authorizations.application)),
            Column::new("scopes", words!(i18n, authorizations.scopes)),
            Column::new("createdAt", words!(i18n, authorizations.asked)),
        ],
    );
    let on_page = StoredValue::new(0);
    let list = ask(move || {
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
        };
        let answer = api.run(listing.sends(AssignedQuery::build(variables)));
        Box::pin(async move {
            match answer.await {
                // Where nothing can be assigned nothing is.
                Err(error) if error.class == ErrorClass::FeatureOff => Ok(None),
                Err(error) => Err(error),
                Ok(data) => Ok(data
                    .viewer
                    .and_then(|viewer| viewer.assigned_authorizations)),
            }
        })
    });
    let on_done = Callback::new(move |()| {
        if !url.has_left_empty(on_page.get_value()) {
            list.refetch();
        }
    });
    view! {
        {load(
            list,
            || ().into_any(),
            move |found: Option<AssignedAuthorizationConnection>| {
                let Some(AssignedAuthorizationConnection { nodes, page_info }) = found else {
                    return ().into_any();
                };
                on_page.set_value(nodes.len());
                if nodes.is_empty() {
                    return ().into_any();
                }
                let may = !session.registry().read_only;
                let rows = nodes.into_iter().map(|node| assigned_row(i18n, node, may.then_some(declining)));
                view! {
                    <section class="berth-card" aria-labelledby="assigned-title">
                        <h2 id="assigned-title">{words!(i18n, authorizations.assigned)}</h2>
                        <p class="berth-muted">{words!(i18n, authorizations.assigned_text)}</p>
                        <div class="berth-toolbar">
                            <ListTools listing/>
                        </div>
                        <DataTable
                            listing
                            label=words!(i18n, authorizations.assigned)
                            rows=rows.collect()
                            total=None
                        />
                        <Pager shown=on_page.get_value() total=None next=page_info.next() url/>
                    </section>
                }
                    .into_any()
            },
        )}
        <EndDialog
            ending=declining
            title=Callback::new(move |name: String| t_string!(i18n, authorizations.decline_title, name = name))
            text=words!(i18n, authorizations.decline_text)
            action=words!(i18n, authorizations.decline)
            done=words!(i18n, authorizations.declined)
            end=Callback::new(move |uuid: String| api.done(Decline::build(UuidVariables { uuid })))
            on_done
        />
    }
}

fn application_cell(application: &ApplicationProfile, href: Option<String>) -> Cell {
    let (name, owner) = (application.name.clone(), application.owner.clone());
    let shown = match href {
        Some(href) => view! { <a href=href><bdi>{name}</bdi></a> }.into_any(),
        None => view! { <bdi>{name}</bdi> }.into_any(),
    };
    Cell::name(
        view! { {shown} <span class="berth-muted">" · " <bdi>{owner}</bdi></span> },
        &application.name,
    )
}

fn assigned_row(
    i18n: I18n,
    assigned: AssignedAuthorization,
    declining: Option<RwSignal<Option<Ending>>>,
) -> Row {
    let href = assigned.href();
    let name = assigned.application.name.clone();
    let ending = (assigned.uuid.clone(), name.clone());
    let link = declining.is_some().then(|| href.clone());
    let cells = vec![
        application_cell(&assigned.application, link),
        Cell::scopes(assigned.scopes),
        Cell::time(Some(assigned.created_at)),
    ];
    let menu = declining.map(|declining| {
        Callback::new(move |()| {
            let ending = ending.clone();
            vec![
                MenuItem::Link {
                    text: t_string!(i18n, consent.authorize).to_owned(),
                    href: href.clone(),
                },
                MenuItem::danger(t_string!(i18n, authorizations.decline), move || {
                    declining.set(Some(ending.clone()));
                }),
            ]
        })
    });
    Row {
        menu,
        ..Row::new(&assigned.uuid, &name, cells)
    }
}

/// What the viewer lets applications do.
#[component]
fn Authorized() -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let revoking = RwSignal::new(None::<Ending>);
    let listing = Listing::new(
        "authorizations",
        "-createdAt",
        vec![
            Column::new("application", words!(i18n, authorizations.application)),
            Column::new("scopes", words!(i18n, authorizations.scopes)),
            Column::new("lastUsedAt", words!(i18n, tokens.last_used)),
            Column::new("expiresAt", words!(i18n, tokens.expires)),
            Column::new("createdAt", words!(i18n, authorizations.granted)),
        ],
    );
    let list = ask(move || {
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
        };
        api.run(listing.sends(AuthorizationsQuery::build(variables)))
    });
    let on_page = StoredValue::new(0);
    let on_done = Callback::new(move |()| {
        if !url.has_left_empty(on_page.get_value()) {
            list.refetch();
        }
    });
    view! {
        <section class="berth-card" aria-labelledby="authorized-title">
            <h2 id="authorized-title">{words!(i18n, authorizations.authorized)}</h2>
            <div class="berth-toolbar">
                <ListTools listing/>
            </div>
            {load(
                list,
                || view! { <SkeletonTable rows=3/> }.into_any(),
                move |data| {
                    let Some(found) = data.viewer.and_then(|viewer| viewer.authorizations) else {
                        return view! { <p>{words!(i18n, errors.unauthenticated)}</p> }.into_any();
                    };
                    let AuthorizationConnection { nodes, page_info } = found;
                    on_page.set_value(nodes.len());
                    if nodes.is_empty() {
                        return view! {
                            <Empty
                                icon=lu::LuAppWindow
                                title=words!(i18n, authorizations.empty)
                                text=words!(i18n, authorizations.empty_text)
                            />
                        }
                            .into_any();
                    }
                    let shown = nodes.len();
                    let may = !session.registry().read_only;
                    let rows = nodes.into_iter().map(|node| row(i18n, node, may.then_some(revoking)));
                    view! {
                        <DataTable
                            listing
                            label=words!(i18n, authorizations.authorized)
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
        <EndDialog
            ending=revoking
            title=Callback::new(move |name: String| t_string!(i18n, authorizations.revoke_title, name = name))
            text=words!(i18n, authorizations.revoke_text)
            action=words!(i18n, authorizations.revoke)
            done=words!(i18n, authorizations.revoked)
            end=Callback::new(move |uuid: String| api.done(Revoke::build(UuidVariables { uuid })))
            on_done
        />
    }
}

fn row(
    i18n: I18n,
    authorization: Authorization,
    revoking: Option<RwSignal<Option<Ending>>>,
) -> Row {
    let Authorization {
        uuid,
        name: token,
        scopes,
        application,
        created_at,
        last_used_at,
        expires_at,
    } = authorization;
    let name = match token {
        Some(token) => format!("{} · {token}", application.name),
        None => application.name.clone(),
    };
    let ending = (uuid.clone(), name.clone());
    let shown = ApplicationProfile {
        name: name.clone(),
        ..application
    };
    let cells = vec![
        application_cell(&shown, None),
        Cell::scopes(scopes),
        Cell::time_or_never(i18n, last_used_at),
        Cell::time(Some(expires_at)),
        Cell::time(Some(created_at)),
    ];
    let menu = revoking.map(|revoking| {
        Callback::new(move |()| {
            let ending = ending.clone();
            vec![MenuItem::danger(
                t_string!(i18n, authorizations.revoke),
                move || revoking.set(Some(ending.clone())),
            )]
        })
    });
    Row {
        menu,
        ..Row::new(&uuid, &name, cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Avatar;

    #[test]
    fn what_was_assigned_leads_to_the_page_that_asks_for_it() {
        let assigned = AssignedAuthorization {
            uuid: "u1".into(),
            scopes: Vec::new(),
            scope: "repo:create".into(),
            redirect_uri: "https://registry.example/oauth/localapp".into(),
            response_type: AuthorizationResponseType::Token,
            application: ApplicationProfile {
                client_id: "c1".into(),
                name: "Viewer".into(),
                description: String::new(),
                homepage: String::new(),
                avatar: Avatar {
                    color: "#000000".into(),
                },
                owner: "acme".into(),
            },
            created_at: DateTime("2026-01-01T00:00:00.000Z".into()),
        };
        assert_eq!(
            assigned.href(),
            "/oauth/authorize?client_id=c1&redirect_uri=https%3A%2F%2Fregistry.example%2Foauth%2Flocalapp\
             &scope=repo%3Acreate&response_type=token&assignment_uuid=u1"
        );
    }
}
