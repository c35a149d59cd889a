//! What stands around every page: masthead, navigation, skip link, shortcuts.

mod bell;
mod bulk;
mod keys;
mod mark;
mod masthead;
mod messages;
mod palette;

use icondata_lu as lu;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::{api::use_api, components::Icon, i18n::*, paths, session::use_session};
use bulk::BulkProgress;
use keys::Shortcuts;
use masthead::Masthead;
use messages::Messages;
use palette::Palette;

/// From this width on the navigation stands beside the page.
const WIDE: &str = "(min-width: 75rem)";

/// The frame; `children` is the page.
#[component]
pub(crate) fn Frame(children: ChildrenFn) -> impl IntoView {
    let i18n = use_i18n();
    let (location, session, api) = (use_location(), use_session(), use_api());
    let wide = media(WIDE);
    let expanded = RwSignal::new(wide.get_untracked());
    Effect::new(move |_| expanded.set(wide.get()));
    // On a narrow screen the navigation lies over the page, and goes when it was used.
    Effect::new(move |_| {
        location.pathname.track();
        if !wide.get_untracked() {
            expanded.set(false);
        }
    });
    let bare = Memo::new(move |_| {
        matches!(
            location.pathname.get().as_str(),
            "/signin"
                | "/createaccount"
                | "/setup"
                | "/recovery"
                | "/confirm"
                | paths::AUTHORIZE
                | paths::LOCAL_APP
        )
    });
    let shortcuts = RwSignal::new(false);
    let palette = RwSignal::new(false);
    view! {
        <div class="pf-v6-c-page" class:pf-m-no-sidebar=move || bare.get()>
            <div class="pf-v6-c-skip-to-content">
                <a class="pf-v6-c-button pf-m-primary" href="#main" on:click=skip>
                    <span class="pf-v6-c-button__text">{words!(i18n, nav.skip)}</span>
                </a>
            </div>
            <Masthead expanded bare shortcuts palette/>
            <Show when=move || !bare.get()>
            <div
                class="pf-v6-c-page__sidebar"
                class:pf-m-expanded=move || expanded.get()
                class:pf-m-collapsed=move || !expanded.get()
                id="navigation"
                inert=move || !expanded.get()
            >
                <div class="pf-v6-c-page__sidebar-main">
                    <div class="pf-v6-c-page__sidebar-body">
                        <nav class="pf-v6-c-nav" aria-label=words!(i18n, nav.label)>
                            <ul class="pf-v6-c-nav__list" role="list">
                                <Show when=move || session.viewer().is_some()>
                                    <NavItem href="/organization" others=&["/organization/", "/user/"] icon=lu::LuBuilding2>
                                        {words!(i18n, nav.organizations)}
                                    </NavItem>
                                </Show>
                                <NavItem href="/repository" others=&["/repository/"] icon=lu::LuPackage>
                                    {words!(i18n, nav.repositories)}
                                </NavItem>
                                <Show when=move || session.sees_administration()>
                                    <NavItem href="/superuser/users" others=&[] icon=lu::LuUsers>
                                        {words!(i18n, nav.users)}
                                    </NavItem>
                                    <NavItem href="/superuser/messages" others=&[] icon=lu::LuMegaphone>
                                        {words!(i18n, nav.messages)}
                                    </NavItem>
                                    <NavItem href="/superuser/service-keys" others=&[] icon=lu::LuKeyRound>
                                        {words!(i18n, service_keys.title)}
                                    </NavItem>
                                    <NavItem href="/superuser/registry" others=&[paths::CHANGE_LOG] icon=lu::LuActivity>
                                        {words!(i18n, registry.title)}
                                    </NavItem>
                                </Show>
                            </ul>
                        </nav>
                    </div>
                </div>
            </div>
            </Show>
            <div
                class="berth-scrim"
                class:berth-scrim-on=move || expanded.get() && !wide.get() && !bare.get()
                on:click=move |_| expanded.set(false)
            ></div>
            <div class="pf-v6-c-page__main-container pf-m-fill">
                <main class="pf-v6-c-page__main" id="main" tabindex="-1">
                    <Show when=move || api.is_unreachable()>
                        <p class="berth-banner" role="status">
                            <Icon icon=lu::LuUnplug/>
                            " "
                            {words!(i18n, errors.unreachable_banner)}
                        </p>
                    </Show>
                    <Show when=move || session.registry().read_only>
                        <p class="berth-banner" role="status">
                            <Icon icon=lu::LuLock/>
                            " "
                            {words!(i18n, read_only.banner)}
                        </p>
                    </Show>
                    <Messages/>
                    <BulkProgress/>
                    {children()}
                </main>
            </div>
        </div>
        <Shortcuts open=shortcuts/>
        <Palette open=palette shortcuts bare/>
    }
}

/// The router would take `#main` for a page.
fn skip(event: leptos::ev::MouseEvent) {
    use wasm_bindgen::JsCast;
    event.prevent_default();
    let main = document().get_element_by_id("main");
    if let Some(main) = main
        .as_ref()
        .and_then(|main| main.dyn_ref::<web_sys::HtmlElement>())
    {
        let _ = main.focus();
    }
}

#[component]
fn NavItem(
    href: &'static str,
    others: &'static [&'static str],
    icon: icondata_core::Icon,
    children: Children,
) -> impl IntoView {
    let location = use_location();
    let current = Memo::new(move |_| {
        location
            .pathname
            .with(|path| path == href || others.iter().any(|other| path.starts_with(other)))
    });
    view! {
        <li class="pf-v6-c-nav__item">
            <a
                class="pf-v6-c-nav__link"
                class:pf-m-current=move || current.get()
                aria-current=move || current.get().then_some("page")
                href=href
            >
                <span class="pf-v6-c-nav__link-icon">
                    <Icon icon/>
                </span>
                <span class="pf-v6-c-nav__link-text">{children()}</span>
            </a>
        </li>
    }
}

/// Whether a media query holds, followed while it changes.
fn media(query: &str) -> ReadSignal<bool> {
    use wasm_bindgen::{JsCast, closure::Closure};
    let list = window().match_media(query).ok().flatten();
    let (matches, set_matches) =
        signal(list.as_ref().is_some_and(web_sys::MediaQueryList::matches));
    if let Some(list) = list {
        let watched = list.clone();
        let listener = Closure::<dyn Fn()>::new(move || set_matches.set(watched.matches()));
        // The frame lives as long as the page, and so does its listener.
        list.set_onchange(Some(listener.as_ref().unchecked_ref()));
        listener.forget();
    }
    matches
}
