//! Browsers in which the viewer is signed in.

use cynic::{MutationBuilder, QueryBuilder};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::use_api,
    components::{
        Cell, Column, DataTable, Label, ListTools, Listing, MenuItem, Pager, Row, SkeletonTable,
        ask, error_text, load, use_list_url, use_toasts,
    },
    fragments::{DateTime, PageInfo},
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
struct SessionsQuery {
    viewer: Option<Viewer>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Viewer {
    #[arguments(first: $first, after: $after)]
    sessions: Option<SessionConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct SessionConnection {
    nodes: Vec<Session>,
    page_info: PageInfo,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Session {
    id: cynic::Id,
    address: Option<String>,
    user_agent: Option<String>,
    created_at: DateTime,
    expires_at: DateTime,
    is_current: bool,
}

#[derive(cynic::QueryVariables, Debug)]
struct RevokeVariables {
    id: cynic::Id,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "RevokeVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Revoke {
    #[arguments(input: { id: $id })]
    revoke_session: RevokePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "RevokeSessionPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct RevokePayload {
    revoked_id: cynic::Id,
}

/// The card *Sessions*.
#[component]
pub(super) fn Sessions(
    /// Changes when sessions may have ended.
    ended: RwSignal<u32>,
) -> impl IntoView {
    let (api, i18n, toasts, url) = (use_api(), use_i18n(), use_toasts(), use_list_url());
    let listing = Listing::new(
        "sessions",
        "-createdAt",
        vec![
            Column::new("browser", words!(i18n, sessions.browser)),
            Column::new("address", words!(i18n, sessions.address)),
            Column::new("createdAt", words!(i18n, sessions.signed_in)),
            Column::new("expiresAt", words!(i18n, sessions.ends)),
        ],
    );
    let list = ask(move || {
        ended.track();
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
        };
        api.run(listing.sends(SessionsQuery::build(variables)))
    });
    let revoke = Callback::new(move |id: String| {
        let variables = RevokeVariables {
            id: cynic::Id::new(id),
        };
        let answer = api.done(Revoke::build(variables));
        spawn_local(async move {
            match answer.await {
                Ok(()) => toasts.success(tu_string!(i18n, sessions.ended)),
                Err(error) => toasts.failure(error_text(i18n, &error)),
            }
            // Gone already is as good; the list shows what there is.
            ended.try_update(|ended| *ended += 1);
        });
    });
    view! {
        <section class="berth-card" aria-labelledby="sessions-title">
            <h2 id="sessions-title">{words!(i18n, sessions.title)}</h2>
            <p class="berth-muted">{words!(i18n, sessions.text)}</p>
            <div class="berth-toolbar">
                <ListTools listing/>
            </div>
            {load(
                list,
                || view! { <SkeletonTable rows=2/> }.into_any(),
                move |data| {
                    let Some(sessions) = data.viewer.and_then(|viewer| viewer.sessions) else {
                        return view! { <p>{words!(i18n, errors.unauthenticated)}</p> }.into_any();
                    };
                    let SessionConnection { nodes, page_info } = sessions;
                    let shown = nodes.len();
                    let rows = nodes.into_iter().map(|session| row(i18n, session, revoke));
                    view! {
                        <DataTable listing label=words!(i18n, sessions.title) rows=rows.collect() total=None/>
                        <Pager shown total=None next=page_info.next()/>
                    }
                        .into_any()
                },
            )}
        </section>
    }
}

fn row(i18n: I18n, session: Session, revoke: Callback<String>) -> Row {
    let Session {
        id,
        address,
        user_agent,
        created_at,
        expires_at,
        is_current,
    } = session;
    let name = untrack(|| browser(i18n, user_agent.as_deref()));
    let (agent, title) = (user_agent.clone(), user_agent.clone());
    let entity = view! {
        <span class="berth-chips">
            <span title=title dir="auto">{move || browser(i18n, agent.as_deref())}</span>
            {is_current.then(|| view! { <Label color="pf-m-blue">{words!(i18n, sessions.current)}</Label> })}
        </span>
    };
    let shown = address.clone().unwrap_or_else(|| "–".to_owned());
    let cells = vec![
        Cell::new(entity, user_agent),
        Cell::new(view! { <bdi>{shown}</bdi> }, address),
        Cell::time(Some(created_at)),
        Cell::time(Some(expires_at)),
    ];
    let id = id.into_inner();
    let ended = id.clone();
    let menu = Callback::new(move |()| {
        let id = ended.clone();
        let end = move || revoke.run(id.clone());
        vec![MenuItem::danger(t_string!(i18n, sessions.end), end)]
    });
    Row {
        // The own one ends by signing out.
        menu: (!is_current).then_some(menu),
        ..Row::new(&id, &name, cells)
    }
}

/// A browser in words, from what it calls itself.
fn browser(i18n: I18n, user_agent: Option<&str>) -> String {
    match user_agent.map(known) {
        Some((Some(browser), Some(system))) => {
            t_string!(i18n, sessions.on, browser = browser, system = system)
        }
        Some((Some(name), None) | (None, Some(name))) => name.to_owned(),
        Some((None, None)) | None => t_string!(i18n, sessions.unknown).to_owned(),
    }
}

/// Browser and system in what a browser calls itself, where they are known.
fn known(user_agent: &str) -> (Option<&'static str>, Option<&'static str>) {
    // Many call themselves what comes later in the lists too.
    const BROWSERS: [(&str, &str); 9] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
        ("python-requests/", "Python"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iPadOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let first = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(mark, _)| user_agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    (first(&BROWSERS), first(&SYSTEMS))
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn browsers_are_known_by_what_they_call_themselves() {
        for (user_agent, browser, system) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36",
                Some("Chrome"),
                Some("Linux"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                Some("Edge"),
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                Some("Safari"),
                Some("iOS"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
                Some("Firefox"),
                Some("Android"),
            ),
            ("curl/8.9.1", Some("curl"), None),
            ("", None, None),
        ] {
            assert_eq!(known(user_agent), (browser, system), "{user_agent}");
        }
    }
}
