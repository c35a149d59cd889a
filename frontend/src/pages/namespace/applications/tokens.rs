//! The access tokens of an application: those that there are, new ones by name, and their end.

use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::prelude::*;

use super::{
    Key,
    create_token::{CreateAccessToken, Made, TokenOnce},
    pending::Pending,
};
use crate::{
    api::use_api,
    components::{
        Button, ButtonKind, Cell, Column, DataTable, Empty, EndDialog, Ending, LinkButton,
        ListTools, Listing, MenuItem, NotVisible, Pager, Row, SkeletonTable, ask, load,
        use_list_url,
    },
    fragments::{AccessScope, DateTime, PageInfo},
    i18n::*,
    paths, schema,
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

/// The dialog that is open.
#[derive(Clone)]
enum Open {
    Create(Key),
    Once(Made),
}

/// The live tokens of one application, whoever's rights they use, and whom it waits for.
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
    let open = RwSignal::new(None::<Open>);
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
    let organization = StoredValue::new(organization);
    let client_id = StoredValue::new(client_id);
    let list = ask(move || {
        let variables = Variables {
            name: organization.get_value(),
            client_id: client_id.get_value(),
            first: url.rows(),
            after: url.after(),
        };
        api.run(listing.sends(TokensQuery::build(variables)))
    });
    let refetch = Callback::new(move |()| list.refetch());
    let on_page = StoredValue::new(0);
    let on_done = Callback::new(move |()| {
        if !url.has_left_empty(on_page.get_value()) {
            list.refetch();
        }
    });
    let end = Callback::new(move |uuid: String| {
        let client_id = client_id.get_value();
        api.done(Revoke::build(RevokeVariables { client_id, uuid }))
    });
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
                let key = Key { client_id: client_id.get_value(), name: name.clone() };
                let title = Signal::derive(move || t_string!(i18n, applications.tokens_title, name = name.clone()));
                let AccessTokenConnection { nodes, page_info } = tokens;
                let shown = nodes.len();
                on_page.set_value(shown);
                let may = !session.registry().read_only;
                let create = may
                    .then(|| {
                        view! {
                            <Button
                                kind=ButtonKind::Primary
                                on_click=Callback::new(move |_| open.set(Some(Open::Create(key.clone()))))
                            >
                                {words!(i18n, applications.create_token)}
                            </Button>
                        }
                    });
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
                    <div class="berth-toolbar berth-gap-below">{create}</div>
                    {list}
                }
                    .into_any()
            },
        )}
        <Pending organization client_id/>
        <EndDialog
            ending=revoking
            title=Callback::new(move |name: String| t_string!(i18n, applications.revoke_title, name = name))
            text=words!(i18n, applications.revoke_text)
            action=words!(i18n, applications.revoke)
            done=words!(i18n, applications.revoked)
            end
            on_done
        />
        {move || {
            // Made with each dialog, so that one that closes late does not close the next.
            let on_close = Callback::new(move |()| open.set(None));
            Some(match open.get()? {
                Open::Create(application) => {
                    let on_done = Callback::new(move |made: Made| {
                        open.set(Some(Open::Once(made)));
                        refetch.run(());
                    });
                    view! { <CreateAccessToken application on_close on_done/> }.into_any()
                }
                Open::Once(made) => view! { <TokenOnce made on_close/> }.into_any(),
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
