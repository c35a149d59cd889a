//! The top line: navigation button, mark, appearance and account.

use cynic::MutationBuilder;
use icondata_lu as lu;
use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_navigate;

use super::{bell::Bell, mark::Mark};
use crate::{
    api::use_api,
    components::{
        Avatar, Button, ButtonKind, Icon, LinkButton, Menu, MenuItem, error_text, use_toasts,
    },
    i18n::*,
    paths,
    preferences::{self, Theme},
    schema,
    session::use_session,
};

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation")]
#[expect(dead_code, reason = "only the success matters")]
struct SignOut {
    sign_out: SignOutPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[expect(dead_code, reason = "only the success matters")]
struct SignOutPayload {
    success: bool,
}

/// The line above all pages.
#[component]
pub(crate) fn Masthead(
    /// Whether the navigation is open.
    expanded: RwSignal<bool>,
    /// True where there is no navigation.
    bare: Memo<bool>,
    /// Opens the list of shortcuts.
    shortcuts: RwSignal<bool>,
    /// Opens the command palette.
    palette: RwSignal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    // Another viewer has another bell.
    let rings_for = Memo::new(move |_| session.user_name().filter(|_| !bare.get()));
    view! {
        <header class="pf-v6-c-masthead pf-m-display-inline">
            <div class="pf-v6-c-masthead__main">
                <Show when=move || !bare.get()>
                    <span class="pf-v6-c-masthead__toggle">
                        <button
                            type="button"
                            class="pf-v6-c-button pf-m-plain"
                            aria-label=words!(i18n, nav.toggle)
                            aria-expanded=move || expanded.get().to_string()
                            aria-controls="navigation"
                            on:click=move |_| expanded.update(|expanded| *expanded = !*expanded)
                        >
                            <span class="pf-v6-c-button__icon">
                                <Icon icon=lu::LuMenu/>
                            </span>
                        </button>
                    </span>
                </Show>
                <div class="pf-v6-c-masthead__brand">
                    <a class="pf-v6-c-masthead__logo berth-brand" href="/">
                        <Mark/>
                        <span class="berth-brand__name">{move || session.registry().title}</span>
                    </a>
                </div>
            </div>
            <div class="pf-v6-c-masthead__content berth-masthead-end">
                <Show when=move || !bare.get()>
                    <Button
                        kind=ButtonKind::Plain
                        icon=Some(lu::LuSearch)
                        label=words!(i18n, palette.title)
                        on_click=Callback::new(move |_| palette.set(true))
                    />
                </Show>
                {move || rings_for.get().map(|_| view! { <Bell/> })}
                <Show when=move || !bare.get()>
                    <Menu
                        label=words!(i18n, help.title)
                        icon=Some(lu::LuCircleHelp)
                        items=Callback::new(move |()| help(i18n, shortcuts))
                    />
                </Show>
                {move || match session.viewer() {
                    Some(viewer) => {
                        view! { <AccountMenu name=viewer.user.name color=viewer.user.avatar.color/> }.into_any()
                    }
                    None => view! { <AnonymousMenu bare/> }.into_any(),
                }}
            </div>
        </header>
    }
}

fn appearance(i18n: I18n) -> Vec<MenuItem> {
    let (theme, locale) = (preferences::theme(), i18n.locale_untracked());
    let mut items = vec![MenuItem::Heading(t_string!(i18n, account.theme).to_owned())];
    for (choice, text) in Theme::ALL {
        items.push(MenuItem::choice(
            i18n.text(text),
            theme == choice,
            move || {
                preferences::set_theme(choice);
            },
        ));
    }
    items.push(MenuItem::Divider);
    items.push(MenuItem::Heading(
        t_string!(i18n, account.language).to_owned(),
    ));
    for (choice, name) in Locale::ALL {
        items.push(MenuItem::choice(name, locale == choice, move || {
            preferences::set_language(i18n, choice);
        }));
    }
    items
}

fn help(i18n: I18n, shortcuts: RwSignal<bool>) -> Vec<MenuItem> {
    vec![
        MenuItem::Link {
            text: t_string!(i18n, explorer.api).to_owned(),
            href: "/api-explorer".to_owned(),
        },
        MenuItem::Link {
            text: t_string!(i18n, explorer.graphql).to_owned(),
            href: "/graphiql".to_owned(),
        },
        MenuItem::Divider,
        MenuItem::action(t_string!(i18n, keys.title), move || shortcuts.set(true)),
    ]
}

#[component]
fn AnonymousMenu(bare: Memo<bool>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Menu
            label=words!(i18n, account.appearance)
            icon=Some(lu::LuSettings)
            items=Callback::new(move |()| appearance(i18n))
        />
        <Show when=move || !bare.get()>
            <LinkButton kind=ButtonKind::Primary href="/signin">
                {words!(i18n, signin.action)}
            </LinkButton>
        </Show>
    }
}

#[component]
fn AccountMenu(name: String, color: String) -> impl IntoView {
    let (i18n, api, session, toasts) = (use_i18n(), use_api(), use_session(), use_toasts());
    let navigate = use_navigate();
    let sign_out = Callback::new(move |()| {
        let navigate = navigate.clone();
        spawn_local(async move {
            match api.done_once(SignOut::build(())).await {
                Ok(()) => {
                    session.set_viewer(None);
                    navigate("/signin", leptos_router::NavigateOptions::default());
                }
                Err(error) => toasts.failure(error_text(i18n, &error)),
            }
        });
    });
    let own = name.clone();
    let face = view! {
        <span class="berth-account">
            <Avatar name=name.clone() color/>
            <bdi class="berth-account__name">{name.clone()}</bdi>
            <Icon icon=lu::LuChevronDown/>
        </span>
    };
    let label = name;
    view! {
        <Menu
            label=Signal::derive(move || t_string!(i18n, account.menu, name = label.clone()))
            face=face.into_any()
            items=Callback::new(move |()| {
                let mut items = vec![
                    MenuItem::Link {
                        text: t_string!(i18n, account.own).to_owned(),
                        href: paths::namespace(&own, true),
                    },
                    MenuItem::Link {
                        text: t_string!(i18n, account.settings).to_owned(),
                        href: paths::account(&own, paths::SETTINGS_TAB),
                    },
                ];
                if session.registry().app_tokens {
                    items.push(MenuItem::Link {
                        text: t_string!(i18n, account.tokens).to_owned(),
                        href: paths::account(&own, paths::TOKENS_TAB),
                    });
                }
                items.push(MenuItem::Divider);
                items.extend(appearance(i18n));
                items.push(MenuItem::Divider);
                items.push(MenuItem::action(t_string!(i18n, account.sign_out), move || sign_out.run(())));
                items
            })
        />
    }
}
