//! Tokens with which clients of the viewer sign in instead of the password.

mod create;

use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{
        Button, ButtonKind, Cell, Column, ConfirmDialog, DataTable, Empty, ListTools, Listing,
        MenuItem, Pager, Row, SkeletonTable, ask, load, use_list_url, use_toasts,
    },
    fragments::{DateTime, PageInfo},
    i18n::*,
    schema,
    session::use_session,
    work::Work,
};
use create::{CreateToken, Made, TokenOnce};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    first: i32,
    after: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct TokensQuery {
    viewer: Option<Viewer>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Viewer {
    #[arguments(first: $first, after: $after)]
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
    created_at: DateTime,
    last_used_at: Option<DateTime>,
    expires_at: Option<DateTime>,
}

#[derive(cynic::QueryVariables, Debug)]
struct DeleteVariables {
    uuid: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "DeleteVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Delete {
    #[arguments(input: { uuid: $uuid })]
    delete_app_token: DeletePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteAppTokenPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct DeletePayload {
    deleted_uuid: String,
}

/// A token by uuid and title.
type TokenKey = (String, String);

/// The tab *Application tokens*.
#[component]
pub(super) fn Tokens() -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let creating = RwSignal::new(false);
    let made = RwSignal::new(None::<Made>);
    let deleting = RwSignal::new(None::<TokenKey>);
    let listing = Listing::new(
        "tokens",
        "-createdAt",
        vec![
            Column::new("title", words!(i18n, tokens.title)),
            Column::new("lastUsedAt", words!(i18n, tokens.last_used)),
            Column::new("expiresAt", words!(i18n, tokens.expires)),
            Column::new("createdAt", words!(i18n, tokens.created)),
        ],
    );
    let on_page = StoredValue::new(0);
    let list = ask(move || {
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
        };
        api.run(listing.sends(TokensQuery::build(variables)))
    });
    let create_button = move || {
        view! {
            <Show when=move || !session.registry().read_only>
                <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| creating.set(true))>
                    {words!(i18n, tokens.create)}
                </Button>
            </Show>
        }
    };
    let done = Callback::new(move |token: Made| {
        creating.set(false);
        made.set(Some(token));
        list.refetch();
    });
    let gone = Callback::new(move |()| {
        deleting.set(None);
        if !url.has_left_empty(on_page.get_value()) {
            list.refetch();
        }
    });
    view! {
        <div class="berth-toolbar berth-gap-below">
            {create_button()}
            <ListTools listing/>
        </div>
        {load(
            list,
            || view! { <SkeletonTable rows=4/> }.into_any(),
            move |data| {
                let Some(tokens) = data.viewer.and_then(|viewer| viewer.app_tokens) else {
                    return view! { <p>{words!(i18n, errors.unauthenticated)}</p> }.into_any();
                };
                let AppTokenConnection { nodes, page_info } = tokens;
                on_page.set_value(nodes.len());
                if nodes.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuKeyRound
                            title=words!(i18n, tokens.empty)
                            text=words!(i18n, tokens.empty_text)
                        >
                            {create_button()}
                        </Empty>
                    }
                        .into_any();
                }
                let shown = nodes.len();
                let rows = nodes.into_iter().map(|token| row(i18n, token, deleting));
                view! {
                    <DataTable listing label=words!(i18n, account.tokens) rows=rows.collect() total=None/>
                    <Pager shown total=None next=page_info.next()/>
                }
                    .into_any()
            },
        )}
        <Show when=move || creating.get()>
            <CreateToken on_close=Callback::new(move |()| creating.set(false)) on_done=done/>
        </Show>
        {move || {
            made.get()
                .map(|made_now| {
                    view! { <TokenOnce made=made_now on_close=Callback::new(move |()| made.set(None))/> }
                })
        }}
        {move || {
            deleting
                .get()
                .map(|token| {
                    view! {
                        <DeleteToken
                            token
                            on_close=Callback::new(move |()| deleting.set(None))
                            on_done=gone
                        />
                    }
                })
        }}
    }
}

fn row(i18n: I18n, token: AppToken, deleting: RwSignal<Option<TokenKey>>) -> Row {
    let (uuid, title) = (token.uuid, token.title);
    let key = (uuid.clone(), title.clone());
    let cells = vec![
        Cell::name(view! { <bdi>{title.clone()}</bdi> }, &title),
        Cell::time_or_never(i18n, token.last_used_at),
        Cell::time_or_never(i18n, token.expires_at),
        Cell::time(Some(token.created_at)),
    ];
    let menu = Callback::new(move |()| {
        let key = key.clone();
        let delete = move || deleting.set(Some(key.clone()));
        vec![MenuItem::danger(t_string!(i18n, common.delete), delete)]
    });
    Row {
        menu: Some(menu),
        ..Row::new(&uuid, &title, cells)
    }
}

#[component]
fn DeleteToken(token: TokenKey, on_close: Callback<()>, on_done: Callback<()>) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let work = Work::new();
    let (uuid, title) = token;
    let names = vec![title];
    let on_confirm = Callback::new(move |()| {
        let variables = DeleteVariables { uuid: uuid.clone() };
        work.start(api.done(Delete::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, tokens.deleted));
            on_done.try_run(());
        });
    });
    view! {
        <ConfirmDialog
            title=words!(i18n, tokens.delete_title)
            text=words!(i18n, tokens.delete_text)
            names=Signal::stored(names)
            work
            on_confirm
            on_close
        />
    }
}
