//! What the palette finds: pages, actions, and by a few letters everything that the viewer may see.

use std::time::Duration;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::{html, leptos_dom::helpers::TimeoutHandle, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::State;
use crate::{
    api::{Answer, use_api},
    components::{Icon, ask, error_text},
    i18n::*,
    paths,
    preferences::{self, Theme},
    schema,
    session::{Session, use_session},
};

/// Typing waits this long before the server is asked.
const PAUSE: Duration = Duration::from_millis(200);
/// So many of what is found are shown; the rest stands on the page of the search.
const FOUND_MAX: i32 = 8;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    query: String,
    first: i32,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct SearchQuery {
    #[arguments(query: $query, first: $first)]
    search: SearchConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct SearchConnection {
    nodes: Vec<SearchResult>,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
enum SearchResult {
    Repository(Repository),
    Organization(Organization),
    Team(Team),
    User(User),
    Robot(Robot),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Repository {
    path: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Organization {
    name: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Team {
    name: String,
    organization: Organization,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct User {
    name: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Robot {
    name: String,
}

/// Something that the palette leads to.
#[derive(Clone)]
struct Hit {
    text: String,
    kind: Text,
    what: What,
}

#[derive(Clone)]
enum What {
    Page(String),
    Theme(Theme),
    Language(Locale),
    Shortcuts,
}

impl Hit {
    fn page(text: &str, kind: Text, href: String) -> Self {
        Self {
            text: text.to_owned(),
            kind,
            what: What::Page(href),
        }
    }

    /// Where it is; none for a kind that this console does not know.
    fn of(found: SearchResult, user: Option<&str>) -> Option<Self> {
        Some(match found {
            SearchResult::Repository(Repository { path }) => {
                let href = paths::repository(&path);
                Self::page(&path, texts::palette::repository, href)
            }
            SearchResult::Organization(Organization { name }) => {
                let href = paths::namespace(&name, false);
                Self::page(&name, texts::settings::kind_organization, href)
            }
            SearchResult::Team(Team { name, organization }) => {
                let href = paths::team(&organization.name, &name, paths::TEAM_MEMBERS_TAB);
                let text = format!("{name} · {}", organization.name);
                Self::page(&text, texts::settings::kind_team, href)
            }
            SearchResult::User(User { name }) => {
                let href = paths::namespace(&name, true);
                Self::page(&name, texts::settings::kind_user, href)
            }
            SearchResult::Robot(Robot { name }) => {
                let href = paths::robot(&name, user);
                Self::page(&name, texts::settings::kind_robot, href)
            }
            SearchResult::Other => return None,
        })
    }
}

/// The field, and what it finds. The arrow keys move in it, and `Enter` goes there.
#[component]
pub(super) fn PaletteHits() -> impl IntoView {
    let (api, i18n, session) = (use_api(), use_i18n(), use_session());
    let State { open, shortcuts } = expect_context::<State>();
    let navigate = StoredValue::new(use_navigate());
    let typed = RwSignal::new(String::new());
    let search = RwSignal::new(String::new());
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(Some(timer)) = timer.try_update_value(Option::take) {
            timer.clear();
        }
    };
    on_cleanup(cancel);
    let input = NodeRef::<html::Input>::new();
    // The dialog may have been open before the field was there.
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            request_animation_frame(move || {
                let _ = input.focus();
            });
        }
    });
    let user = session.user_name_untracked();
    let found = ask(move || {
        let query = search.get();
        // An empty text finds nothing.
        if query.is_empty() {
            return Box::pin(async { Ok((String::new(), Vec::new())) })
                as Answer<(String, Vec<Hit>)>;
        }
        let answer = api.run(SearchQuery::build(Variables {
            query: query.clone(),
            first: FOUND_MAX,
        }));
        let user = user.clone();
        // Which text it answers stands beside it: a slower question may still be on its way.
        Box::pin(async move {
            let nodes = answer.await?.search.nodes.into_iter();
            let hits = nodes.filter_map(|node| Hit::of(node, user.as_deref()));
            Ok((query, hits.collect()))
        })
    });
    let own = move || fixed(i18n, session);
    let hits = Memo::new_with_compare(
        move |_| {
            let text = typed.get();
            let text = text.trim();
            let lower = text.to_lowercase();
            let mut hits: Vec<Hit> = own()
                .into_iter()
                .filter(|hit| hit.text.to_lowercase().contains(&lower))
                .collect();
            if let Some(Ok((_, found))) = found.get()
                && !found.is_empty()
                && !text.is_empty()
            {
                hits.extend(found);
                let all = t_string!(i18n, palette.all);
                hits.push(Hit::page(all, texts::palette::page, paths::search(text)));
            }
            hits
        },
        |_, _| true,
    );
    let finds_nothing =
        move |asked: &str| hits.with(Vec::is_empty) && typed.with(|typed| typed.trim() == asked);
    let active = RwSignal::new(0_usize);
    let run = move |hit: Hit| {
        open.set(false);
        match hit.what {
            What::Page(href) => {
                navigate.with_value(|go| go(&href, NavigateOptions::default()));
            }
            What::Theme(theme) => preferences::set_theme(theme),
            What::Language(locale) => preferences::set_language(i18n, locale),
            What::Shortcuts => shortcuts.set(true),
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let count = hits.with_untracked(Vec::len);
        let at = active.get_untracked().min(count.saturating_sub(1));
        match event.key().as_str() {
            "ArrowDown" if count > 0 => active.set((at + 1) % count),
            "ArrowUp" if count > 0 => active.set((at + count - 1) % count),
            "Enter" => {
                if let Some(hit) = hits.with_untracked(|hits| hits.get(at).cloned()) {
                    run(hit);
                }
            }
            _ => return,
        }
        event.prevent_default();
        let id = format!("palette-{}", active.get_untracked());
        if let Some(option) = document().get_element_by_id(&id) {
            option.scroll_into_view_with_bool(false);
        }
    };
    let on_input = move |event| {
        let text = event_target_value(&event);
        typed.set(text.clone());
        active.set(0);
        cancel();
        let ask = move || {
            search.try_set(text.trim().to_owned());
        };
        timer.set_value(set_timeout_with_handle(ask, PAUSE).ok());
    };
    let option = move |(at, hit): (usize, Hit)| {
        let (text, kind) = (hit.text.clone(), hit.kind);
        view! {
            <li
                id=format!("palette-{at}")
                class="berth-palette__hit"
                class:berth-palette__hit-active=move || active.get() == at
                role="option"
                aria-selected=move || (active.get() == at).to_string()
                on:pointermove=move |_| active.set(at)
                on:click=move |_| run(hit.clone())
            >
                <bdi class="berth-palette__name">{text}</bdi>
                <span class="berth-muted">{i18n.words(kind)}</span>
            </li>
        }
    };
    view! {
        <div class="pf-v6-c-text-input-group">
            <div class="pf-v6-c-text-input-group__main pf-m-icon">
                <span class="pf-v6-c-text-input-group__text">
                    <span class="pf-v6-c-text-input-group__icon">
                        <Icon icon=lu::LuSearch/>
                    </span>
                    <input
                        class="pf-v6-c-text-input-group__text-input"
                        type="text"
                        role="combobox"
                        aria-expanded="true"
                        aria-controls="palette-hits"
                        aria-autocomplete="list"
                        aria-activedescendant=move || {
                            (!hits.with(Vec::is_empty)).then(|| format!("palette-{}", active.get()))
                        }
                        node_ref=input
                        autocomplete="off"
                        spellcheck="false"
                        aria-label=words!(i18n, palette.hint)
                        placeholder=words!(i18n, palette.hint)
                        prop:value=move || typed.get()
                        on:input=on_input
                        on:keydown=on_key
                    />
                </span>
            </div>
        </div>
        <ul id="palette-hits" class="berth-palette__hits" role="listbox" aria-label=words!(i18n, palette.title)>
            {move || hits.get().into_iter().enumerate().map(option).collect_view()}
        </ul>
        <p class="berth-muted" role="status">
            {move || match found.get() {
                Some(Err(error)) => error_text(i18n, &error),
                Some(Ok((asked, _))) if finds_nothing(&asked) => t_string!(i18n, list.nothing_found).to_owned(),
                _ => String::new(),
            }}
        </p>
    }
}

/// The pages and actions that are always there.
fn fixed(i18n: I18n, session: Session) -> Vec<Hit> {
    let page = texts::palette::page;
    let action = texts::palette::action;
    let mut hits = Vec::new();
    if let Some(user) = session.user_name() {
        let href = "/organization".to_owned();
        hits.push(Hit::page(t_string!(i18n, nav.organizations), page, href));
        let own = paths::namespace(&user, true);
        hits.push(Hit::page(t_string!(i18n, account.own), page, own));
        let settings = paths::account(&user, paths::SETTINGS_TAB);
        hits.push(Hit::page(t_string!(i18n, account.settings), page, settings));
        let invitations = paths::account(&user, paths::INVITATIONS_TAB);
        hits.push(Hit::page(
            t_string!(i18n, invitations.title),
            page,
            invitations,
        ));
        if session.registry().app_tokens {
            let tokens = paths::account(&user, paths::TOKENS_TAB);
            hits.push(Hit::page(t_string!(i18n, account.tokens), page, tokens));
        }
    }
    if session.sees_administration() {
        let href = "/superuser/users".to_owned();
        hits.push(Hit::page(t_string!(i18n, nav.users), page, href));
        let href = "/superuser/messages".to_owned();
        hits.push(Hit::page(t_string!(i18n, nav.messages), page, href));
        let href = "/superuser/service-keys".to_owned();
        hits.push(Hit::page(t_string!(i18n, service_keys.title), page, href));
        let href = "/superuser/registry".to_owned();
        hits.push(Hit::page(t_string!(i18n, registry.title), page, href));
        let href = paths::CHANGE_LOG.to_owned();
        hits.push(Hit::page(t_string!(i18n, registry.change_log), page, href));
    }
    let href = "/repository".to_owned();
    hits.insert(0, Hit::page(t_string!(i18n, nav.repositories), page, href));
    for (name, href) in [
        (t_string!(i18n, search.title), paths::SEARCH),
        (t_string!(i18n, explorer.api), "/api-explorer"),
        (t_string!(i18n, explorer.graphql), "/graphiql"),
    ] {
        hits.push(Hit::page(name, page, href.to_owned()));
    }
    let mut act = |text: String, what: What| {
        hits.push(Hit {
            text,
            kind: action,
            what,
        });
    };
    for (theme, name) in [
        (Theme::System, t_string!(i18n, account.theme_system)),
        (Theme::Light, t_string!(i18n, account.theme_light)),
        (Theme::Dark, t_string!(i18n, account.theme_dark)),
    ] {
        let text = format!("{}: {name}", t_string!(i18n, account.theme));
        act(text, What::Theme(theme));
    }
    for (locale, name) in Locale::ALL {
        let text = format!("{}: {name}", t_string!(i18n, account.language));
        act(text, What::Language(locale));
    }
    act(t_string!(i18n, keys.title).to_owned(), What::Shortcuts);
    hits
}
