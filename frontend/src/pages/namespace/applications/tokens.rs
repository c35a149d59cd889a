//! The access tokens of an application, and their end.

use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{
        ButtonKind, Cell, Column, DataTable, Empty, LinkButton, ListTools, Listing, MenuItem,
        NotVisible, Pager, QuestionDialog, Row, SkeletonTable, ask, load, use_list_url, use_toasts,
    },
    fragments::{AccessScope, DateTime, PageInfo},
    i18n::*,
    paths, schema,
    session::use_session,
    work::Work,
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
struct TokensQuery {
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
    name: String,
    #[arguments(first: $first, after: $after)]
    tokens: Option<AccessTokenConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct AccessTokenConnection {
    nodes: Vec<AccessToken>,
    page_info: PageInfo,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct AccessToken {
    uuid: String,
    name: Option<String>,
    username: String,
    scopes: Vec<AccessScope>,
    created_at: DateTime,
    last_used_at: Option<DateTime>,
    expires_at: DateTime,
}

impl AccessToken {
    /// Whose it is, and what it is called.
    fn shown(&self) -> String {
        match &self.name {
            Some(name) => format!("{} · {name}", self.username),
            None => self.username.clone(),
        }
    }
}

#[derive(cynic::QueryVariables, Debug)]
struct RevokeVariables {
    client_id: String,
    uuid: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "RevokeVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Revoke {
    #[arguments(input: { clientId: $client_id, uuid: $uuid })]
    revoke_token: RevokePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "RevokeTokenPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct RevokePayload {
    revoked_uuid: String,
}

/// A token that ends when it is asked about once more: its uuid and what is shown of it.
type Ending = (String, String);

/// The live tokens of one application, whoever's rights they use.
#[component]
pub(super) fn AccessTokens(
    /// Whose application.
    organization: String,
    /// Which application.
    client_id: String,
) -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let back = paths::applications(&organization);
    let revoking = RwSignal::new(None::<Ending>);
    let listing = Listing::new(
        "access-tokens",
        "-createdAt",
        vec![
            Column::new("user", words!(i18n, applications.token)),
            Column::new("scopes", words!(i18n, authorizations.scopes)),
            Column::new("lastUsedAt", words!(i18n, tokens.last_used)),
            Column::new("expiresAt", words!(i18n, tokens.expires)),
            Column::new("createdAt", words!(i18n, tokens.created)),
        ],
    );
    let asked = client_id.clone();
    let list = ask(move || {
        let variables = Variables {
            name: organization.clone(),
            client_id: asked.clone(),
            first: url.rows(),
            after: url.after(),
        };
        api.run(listing.sends(TokensQuery::build(variables)))
    });
    let client_id = StoredValue::new(client_id);
    view! {
        <div class="berth-toolbar berth-gap-below">
            <LinkButton kind=ButtonKind::Link href=back>
                {words!(i18n, applications.all)}
            </LinkButton>
            <ListTools listing/>
        </div>
        {load(
            list,
            || view! { <SkeletonTable rows=4/> }.into_any(),
            move |data| {
                let Some(Namespace::Organization(Organization { application: Some(found) })) = data.namespace else {
                    return view! { <NotVisible/> }.into_any();
                };
                let Application { name, tokens: Some(tokens) } = found else {
                    return view! { <NotVisible/> }.into_any();
                };
                let title = Signal::derive(move || t_string!(i18n, applications.tokens_title, name = name.clone()));
                let AccessTokenConnection { nodes, page_info } = tokens;
                let shown = nodes.len();
                let may = !session.registry().read_only;
                let rows = nodes.into_iter().map(|token| row(i18n, token, may.then_some(revoking)));
                let list = if shown == 0 {
                    view! {
                        <Empty
                            icon=lu::LuKeyRound
                            title=words!(i18n, applications.tokens_empty)
                            text=words!(i18n, applications.tokens_empty_text)
                        />
                    }
                        .into_any()
                } else {
                    view! {
                        <DataTable listing label=title rows=rows.collect() total=None grid="lg"/>
                        <Pager shown total=None next=page_info.next()/>
                    }
                        .into_any()
                };
                view! {
                    <h2 class="pf-v6-c-title pf-m-lg berth-name">{move || title.get()}</h2>
                    {list}
                }
                    .into_any()
            },
        )}
        {move || {
            revoking
                .get()
                .map(|ending| {
                    view! {
                        <RevokeToken
                            client_id=client_id.get_value()
                            ending
                            on_close=Callback::new(move |()| revoking.set(None))
                            on_done=Callback::new(move |()| {
                                revoking.set(None);
                                list.refetch();
                            })
                        />
                    }
                })
        }}
    }
}

fn row(i18n: I18n, token: AccessToken, revoking: Option<RwSignal<Option<Ending>>>) -> Row {
    let shown = token.shown();
    let AccessToken {
        uuid,
        scopes,
        created_at,
        last_used_at,
        expires_at,
        ..
    } = token;
    let ending = (uuid.clone(), shown.clone());
    let cells = vec![
        Cell::name(view! { <bdi>{shown.clone()}</bdi> }, &shown),
        Cell::scopes(scopes),
        Cell::time_or_never(i18n, last_used_at),
        Cell::time(Some(expires_at)),
        Cell::time(Some(created_at)),
    ];
    let menu = revoking.map(|revoking| {
        Callback::new(move |()| {
            let ending = ending.clone();
            let revoke = move || revoking.set(Some(ending.clone()));
            vec![MenuItem::danger(
                t_string!(i18n, applications.revoke),
                revoke,
            )]
        })
    });
    Row {
        menu,
        ..Row::new(&uuid, &shown, cells)
    }
}

#[component]
fn RevokeToken(
    client_id: String,
    ending: Ending,
    on_close: Callback<()>,
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let work = Work::new();
    let (uuid, name) = ending;
    let on_confirm = Callback::new(move |()| {
        let variables = RevokeVariables {
            client_id: client_id.clone(),
            uuid: uuid.clone(),
        };
        work.start(api.done(Revoke::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, applications.revoked));
            on_done.try_run(());
        });
    });
    view! {
        <QuestionDialog
            title=Signal::derive(move || t_string!(i18n, applications.revoke_title, name = name.clone()))
            text=words!(i18n, applications.revoke_text)
            action=words!(i18n, applications.revoke)
            work
            on_confirm
            on_close
        />
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_by_its_user_and_its_name() {
        let mut token = AccessToken {
            uuid: "u1".into(),
            name: None,
            username: "ann".into(),
            scopes: Vec::new(),
            created_at: DateTime("2026-01-01T00:00:00.000Z".into()),
            last_used_at: None,
            expires_at: DateTime("2036-01-01T00:00:00.000Z".into()),
        };
        assert_eq!(token.shown(), "ann");
        token.name = Some("nightly".into());
        assert_eq!(token.shown(), "ann · nightly");
    }
}
