//! The repositories that the viewer has starred.

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use super::{RepositoryConnection, STARRED, StarredSwitch, columns, row};
use crate::{
    api::use_api,
    components::{
        Button, ButtonKind, Column, DataTable, Empty, ListTools, Listing, Pager, SkeletonTable,
        ask, load, use_list_url,
    },
    i18n::*,
    schema,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    first: i32,
    after: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct StarredQuery {
    viewer: Option<Viewer>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Viewer {
    #[arguments(first: $first, after: $after)]
    starred: RepositoryConnection,
}

/// Toolbar, table and pages. What loses its star stays until the list is asked for again, so that the star can be set
/// again.
#[component]
pub(super) fn StarredList() -> impl IntoView {
    let (api, i18n, url) = (use_api(), use_i18n(), use_list_url());
    // In the order of their names, and no other.
    let columns = columns(i18n, true).into_iter().map(Column::unsorted);
    let listing = Listing::new("repositories", "name", columns.collect());
    let list = ask(move || {
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
        };
        api.run(listing.sends(StarredQuery::build(variables)))
    });
    view! {
        <div class="berth-toolbar">
            <StarredSwitch/>
            <ListTools listing/>
        </div>
        {load(
            list,
            || view! { <SkeletonTable/> }.into_any(),
            move |data| {
                let Some(viewer) = data.viewer else {
                    return view! { <p>{words!(i18n, errors.unauthenticated)}</p> }.into_any();
                };
                let RepositoryConnection { nodes, page_info, total_count } = viewer.starred;
                if nodes.is_empty() {
                    return view! {
                        <Empty icon=lu::LuStar title=words!(i18n, stars.empty) text=words!(i18n, stars.empty_text)>
                            <Button
                                kind=ButtonKind::Link
                                on_click=Callback::new(move |_| url.put_filter(STARRED, ""))
                            >
                                {words!(i18n, stars.all)}
                            </Button>
                        </Empty>
                    }
                        .into_any();
                }
                let shown = nodes.len();
                let rows = nodes.into_iter().map(|node| row(i18n, node, true, None));
                view! {
                    <DataTable
                        listing
                        label=words!(i18n, stars.starred)
                        rows=rows.collect()
                        total=total_count
                    />
                    <Pager shown total=total_count next=page_info.next()/>
                }
                    .into_any()
            },
        )}
    }
}
