//! Tokens with which clients of all users sign in, without their text.

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{
        Button, ButtonKind, Cell, Column, DataTable, Empty, FilterChip, ListTools, Listing, Pager,
        Row, Select, SkeletonTable, ask, load, use_list_url,
    },
    fragments::{DateTime, PageInfo},
    i18n::*,
    pages::organizations::NothingFound,
    paths, schema,
};

/// What the URL calls those that end soon.
const SOON: &str = "soon";

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    first: i32,
    after: Option<String>,
    expiring: bool,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct TokensQuery {
    administration: Option<Administration>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Administration {
    #[arguments(first: $first, after: $after, expiring: $expiring)]
    app_tokens: Option<AppTokenConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct AppTokenConnection {
    nodes: Vec<AppToken>,
    page_info: PageInfo,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct AppToken {
    uuid: String,
    title: String,
    user: Option<User>,
    created_at: DateTime,
    last_used_at: Option<DateTime>,
    expires_at: Option<DateTime>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct User {
    name: String,
}

/// The tab *Application tokens*.
#[component]
pub(super) fn AllTokens() -> impl IntoView {
    let (api, i18n, url) = (use_api(), use_i18n(), use_list_url());
    let expiring = move || url.get("expiring").as_deref() == Some(SOON);
    let listing = Listing::new(
        "all-tokens",
        "-createdAt",
        vec![
            Column::new("title", words!(i18n, tokens.title)),
            Column::new("user", words!(i18n, all_tokens.user)),
            Column::new("lastUsedAt", words!(i18n, tokens.last_used)),
            Column::new("expiresAt", words!(i18n, tokens.expires)),
            Column::new("createdAt", words!(i18n, tokens.created)),
        ],
    );
    let list = ask(move || {
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
            expiring: expiring(),
        };
        api.run(listing.sends(TokensQuery::build(variables)))
    });
    view! {
        <div class="berth-toolbar berth-gap-below">
            <div class="berth-toolbar__filter">
                <Select
                    label=words!(i18n, account.tokens)
                    options=Signal::derive(move || vec![
                        (String::new(), t_string!(i18n, all_tokens.all).to_owned()),
                        (SOON.to_owned(), t_string!(i18n, all_tokens.soon).to_owned()),
                    ])
                    value=Signal::derive(move || url.get("expiring").unwrap_or_default())
                    on_change=Callback::new(move |value: String| url.put_filter("expiring", &value))
                />
            </div>
            <ListTools listing/>
            <Show when=expiring>
                <div class="berth-filters">
                    <FilterChip
                        name=words!(i18n, account.tokens)
                        value=words!(i18n, all_tokens.soon)
                        on_remove=Callback::new(move |()| url.put_filter("expiring", ""))
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
                let tokens = data.administration.and_then(|administration| administration.app_tokens);
                let Some(AppTokenConnection { nodes, page_info }) = tokens else {
                    return view! { <p>{words!(i18n, errors.forbidden)}</p> }.into_any();
                };
                if nodes.is_empty() && untrack(expiring) {
                    return view! { <NothingFound/> }.into_any();
                }
                if nodes.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuKeyRound
                            title=words!(i18n, all_tokens.empty)
                            text=words!(i18n, all_tokens.empty_text)
                        />
                    }
                        .into_any();
                }
                let shown = nodes.len();
                let rows = nodes.into_iter().map(|token| row(i18n, token));
                view! {
                    <DataTable listing label=words!(i18n, all_tokens.title) rows=rows.collect() total=None grid="lg"/>
                    <Pager shown total=None next=page_info.next()/>
                }
                    .into_any()
            },
        )}
    }
}

fn row(i18n: I18n, token: AppToken) -> Row {
    let AppToken { uuid, title, .. } = token;
    let name = token.user.map(|user| user.name);
    let user = match name.clone() {
        Some(name) => {
            let href = paths::users(&name);
            view! { <a href=href><bdi>{name}</bdi></a> }.into_any()
        }
        None => "–".into_any(),
    };
    let cells = vec![
        Cell::name(view! { <bdi>{title.clone()}</bdi> }, &title),
        Cell::new(view! { <span class="berth-name">{user}</span> }, name),
        Cell::time_or_never(i18n, token.last_used_at),
        Cell::time_or_never(i18n, token.expires_at),
        Cell::time(Some(token.created_at)),
    ];
    Row::new(&uuid, &title, cells)
}
