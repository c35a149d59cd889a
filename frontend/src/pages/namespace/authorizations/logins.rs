//! Services beside this registry that vouch for the viewer.

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{
        Cell, Column, DataTable, Empty, ListTools, Listing, Row, SkeletonTable, ask, load,
    },
    fragments::DateTime,
    i18n::*,
    schema,
};

/// The kind of a login that no other service vouches for.
const PASSWORD: &str = "password";

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query")]
struct LoginsQuery {
    viewer: Option<Viewer>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Viewer {
    logins: Option<Vec<Login>>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Login {
    kind: String,
    subject: String,
    created_at: DateTime,
}

/// Which services, and who the viewer is there.
#[component]
pub(super) fn ExternalLogins() -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let listing = Listing::new(
        "external-logins",
        "createdAt",
        vec![
            Column::new("service", words!(i18n, authorizations.service)),
            Column::new("subject", words!(i18n, authorizations.subject)),
            Column::new("createdAt", words!(i18n, authorizations.linked)),
        ],
    );
    let list = ask(move || api.run(listing.sends(LoginsQuery::build(()))));
    view! {
        <section class="berth-card" aria-labelledby="logins-title">
            <h2 id="logins-title">{words!(i18n, authorizations.logins)}</h2>
            {load(
                list,
                || view! { <SkeletonTable rows=1/> }.into_any(),
                move |data: LoginsQuery| {
                    let Some(found) = data.viewer.and_then(|viewer| viewer.logins) else {
                        return view! { <p>{words!(i18n, errors.unauthenticated)}</p> }.into_any();
                    };
                    let rows: Vec<Row> = found.into_iter().filter(|login| login.kind != PASSWORD).map(row).collect();
                    if rows.is_empty() {
                        return view! {
                            <Empty
                                icon=lu::LuLink
                                title=words!(i18n, authorizations.logins_empty)
                                text=words!(i18n, authorizations.logins_empty_text)
                            />
                        }
                            .into_any();
                    }
                    view! {
                        <div class="berth-toolbar">
                            <ListTools listing/>
                        </div>
                        <DataTable listing label=words!(i18n, authorizations.logins) rows total=None/>
                    }
                        .into_any()
                },
            )}
        </section>
    }
}

fn row(login: Login) -> Row {
    let Login {
        kind,
        subject,
        created_at,
    } = login;
    let id = format!("{kind} {subject}");
    let cells = vec![
        Cell::name(view! { <bdi>{kind.clone()}</bdi> }, &kind),
        Cell::name(view! { <bdi>{subject.clone()}</bdi> }, &subject),
        Cell::time(Some(created_at)),
    ];
    Row::new(&id, &subject, cells)
}
