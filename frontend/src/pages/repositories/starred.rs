//! The repositories that the viewer has starred.

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use super::{
    DEFAULT_SORT, NothingFound, RepositoryConnection, RepositoryFilter, RepositoryOrder, STARRED,
    StarredSwitch, columns, order_of, row,
};
use crate::{
    api::use_api,
    components::{
        Button, ButtonKind, DataTable, Empty, ListTools, Listing, Pager, SearchInput,
        SkeletonTable, ask, load, use_list_url,
    },
    i18n::*,
    schema,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    first: i32,
    after: Option<String>,
    filter: RepositoryFilter,
    order_by: RepositoryOrder,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct StarredQuery {
    viewer: Option<Viewer>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Viewer {
    #[arguments(first: $first, after: $after, filter: $filter, orderBy: $order_by)]
    starred: RepositoryConnection,
}

/// Toolbar, table and pages. What loses its star stays until the list is asked for again, so that the star can be set
/// again.
#[component]
pub(super) fn StarredList() -> impl IntoView {
    let (api, i18n, url) = (use_api(), use_i18n(), use_list_url());
    let listing = Listing::new("repositories", DEFAULT_SORT, columns(i18n, true));
    let list = ask(move || {
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
            filter: RepositoryFilter {
                search: Some(url.search()).filter(|text| !text.is_empty()),
                ..RepositoryFilter::default()
            },
            order_by: order_of(url),
        };
        api.run(listing.sends(StarredQuery::build(variables)))
    });
    view! {
        <div class="berth-toolbar">
            <SearchInput label=words!(i18n, repositories.search)/>
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
                if nodes.is_empty() && !url.search_untracked().is_empty() {
                    return view! { <NothingFound/> }.into_any();
                }
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
