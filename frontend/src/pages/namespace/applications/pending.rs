//! Whom an application waits for: users who are asked for a token and have not answered.

use cynic::{MutationBuilder, QueryBuilder};
use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{
        Cell, Column, DataTable, EndDialog, Ending, ListTools, Listing, MenuItem, Pager, Row, ask,
        load, use_list_url_by,
    },
    fragments::{AccessScope, DateTime, PageInfo},
    i18n::*,
    schema,
    session::use_session,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: String,
    client_id: String,
    first: i32,
    after: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct PendingQuery {
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
    #[arguments(clientId: $client_id)]
    application: Option<Application>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Application {
    #[arguments(first: $first, after: $after)]
    assignments: Option<ApplicationAssignmentConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct ApplicationAssignmentConnection {
    nodes: Vec<ApplicationAssignment>,
    page_info: PageInfo,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct ApplicationAssignment {
    uuid: String,
    username: String,
    scopes: Vec<AccessScope>,
    created_at: DateTime,
}

#[derive(cynic::QueryVariables, Debug)]
struct WithdrawVariables {
    client_id: String,
    uuid: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "WithdrawVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Withdraw {
    #[arguments(input: { clientId: $client_id, uuid: $uuid })]
    withdraw_assignment: WithdrawPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "WithdrawAssignmentPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct WithdrawPayload {
    withdrawn_uuid: String,
}

/// Who is asked, for what, since when; nothing where nobody is.
#[component]
pub(super) fn Pending(
    /// Whose application.
    organization: StoredValue<String>,
    /// Which application.
    client_id: StoredValue<String>,
) -> impl IntoView {
    let (api, i18n, session) = (use_api(), use_i18n(), use_session());
    let url = use_list_url_by("pending");
    let withdrawing = RwSignal::new(None::<Ending>);
    let listing = Listing::new(
        "pending-assignments",
        "-createdAt",
        vec![
            Column::new("user", words!(i18n, signin.username)),
            Column::new("scopes", words!(i18n, authorizations.scopes)),
            Column::new("createdAt", words!(i18n, authorizations.asked)),
        ],
    );
    let on_page = StoredValue::new(0);
    let list = ask(move || {
        let variables = Variables {
            name: organization.get_value(),
            client_id: client_id.get_value(),
            first: url.rows(),
            after: url.after(),
        };
        api.run(listing.sends(PendingQuery::build(variables)))
    });
    let end = Callback::new(move |uuid: String| {
        let client_id = client_id.get_value();
        api.done(Withdraw::build(WithdrawVariables { client_id, uuid }))
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
            move |data: PendingQuery| {
                let Some(Namespace::Organization(Organization { application: Some(found) })) = data.namespace else {
                    return ().into_any();
                };
                let Some(ApplicationAssignmentConnection { nodes, page_info }) = found.assignments else {
                    return ().into_any();
                };
                on_page.set_value(nodes.len());
                if nodes.is_empty() {
                    return ().into_any();
                }
                let may = !session.registry().read_only;
                let rows = nodes.into_iter().map(|node| row(i18n, node, may.then_some(withdrawing)));
                view! {
                    <section class="berth-card berth-gap-above" aria-labelledby="pending-title">
                        <h2 id="pending-title">{words!(i18n, applications.pending)}</h2>
                        <p class="berth-muted">{words!(i18n, applications.pending_text)}</p>
                        <div class="berth-toolbar">
                            <ListTools listing/>
                        </div>
                        <DataTable
                            listing
                            label=words!(i18n, applications.pending)
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
            ending=withdrawing
            title=Callback::new(move |name: String| t_string!(i18n, applications.withdraw_title, name = name))
            text=words!(i18n, applications.withdraw_text)
            action=words!(i18n, applications.withdraw)
            done=words!(i18n, applications.withdrawn)
            end
            on_done
        />
    }
}

fn row(
    i18n: I18n,
    assignment: ApplicationAssignment,
    withdrawing: Option<RwSignal<Option<Ending>>>,
) -> Row {
    let ApplicationAssignment {
        uuid,
        username,
        scopes,
        created_at,
    } = assignment;
    let ending = (uuid.clone(), username.clone());
    let cells = vec![
        Cell::name(view! { <bdi>{username.clone()}</bdi> }, &username),
        Cell::scopes(scopes),
        Cell::time(Some(created_at)),
    ];
    let menu = withdrawing.map(|withdrawing| {
        Callback::new(move |()| {
            let ending = ending.clone();
            let withdraw = move || withdrawing.set(Some(ending.clone()));
            vec![MenuItem::danger(
                t_string!(i18n, applications.withdraw),
                withdraw,
            )]
        })
    });
    Row {
        menu,
        ..Row::new(&uuid, &username, cells)
    }
}
