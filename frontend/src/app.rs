//! The root: shared state, routes, and the first question to the server.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    components::{Redirect, Route, Router, Routes},
    hooks::{use_location, use_params_map},
    path,
};

use crate::{
    api::{Api, ApiError},
    bulk_changes::BulkChanges,
    components::{ErrorState, Navigated, NotVisible, Toaster, Toasts},
    frame::Frame,
    i18n::*,
    lazy::lazy_page,
    pages,
    password_again::PasswordAgain,
    preferences,
    session::{Session, use_session},
};

/// The console.
#[component]
pub(crate) fn App() -> impl IntoView {
    let api = Api::new();
    provide_context(api);
    provide_context(Session::new(api));
    provide_context(Toasts::new());
    provide_context(BulkChanges::new());
    provide_context(Navigated::new());
    provide_context(I18n::new(preferences::language()));
    started()
}

/// Shows pages once the server said who is asking.
fn started() -> impl IntoView {
    let session = use_session();
    let failure = RwSignal::new(None::<ApiError>);
    let ask = move || {
        spawn_local(async move {
            failure.set(session.refresh().await.err());
        });
    };
    ask();
    // While the server is away the page asks now and then; it goes on by itself when the server is back.
    let timer = set_interval_with_handle(
        move || {
            if failure.with_untracked(Option::is_some) {
                ask();
            }
        },
        Duration::from_secs(10),
    );
    on_cleanup(move || {
        if let Ok(timer) = timer {
            timer.clear();
        }
    });
    view! {
        <Router>
            <Show
                when=move || session.is_known()
                fallback=move || {
                    view! {
                        <main class="berth-start">
                            {move || {
                                failure
                                    .get()
                                    .map(|error| {
                                        view! { <ErrorState error on_retry=Callback::new(move |()| ask())/> }
                                    })
                            }}
                        </main>
                    }
                }
            >
                <Frame>
                    <Gate>
                        <Routes fallback=NotVisible>
                            <Route path=path!("/") view=pages::Home/>
                            <Route path=path!("/setup") view=SetUp/>
                            <Route path=path!("/signin") view=pages::SignIn/>
                            <Route path=path!("/createaccount") view=CreateAccount/>
                            <Route path=path!("/recovery") view=Recovery/>
                            <Route path=path!("/confirm") view=Confirm/>
                            <Route path=path!("/confirminvite") view=ConfirmInvite/>
                            <Route path=path!("/api-explorer") view=ApiExplorer/>
                            <Route path=path!("/graphiql") view=GraphqlExplorer/>
                            <Route path=path!("/organization") view=Organizations/>
                            <Route path=path!("/organization/:name") view=Organization/>
                            <Route path=path!("/organization/:name/teams/:team") view=Team/>
                            <Route path=path!("/user/:name") view=User/>
                            <Route path=path!("/repository") view=pages::Repositories/>
                            <Route path=path!("/repository/*path") view=Repository/>
                            <Route path=path!("/search") view=Search/>
                            <Route path=path!("/superuser/users") view=Users/>
                            <Route path=path!("/superuser/messages") view=Messages/>
                            <Route path=path!("/superuser/service-keys") view=ServiceKeys/>
                            <Route path=path!("/superuser/registry") view=Registry/>
                            <Route path=path!("/superuser/change-log") view=ChangeLog/>
                            <Route path=path!("/oauth/authorize") view=Authorize/>
                            <Route path=path!("/oauth/localapp") view=LocalApp/>
                        </Routes>
                    </Gate>
                </Frame>
                <PasswordAgain/>
                <Toaster/>
            </Show>
        </Router>
    }
}

/// Until the first user exists every path leads to set-up, and afterwards none does.
#[component]
fn Gate(children: ChildrenFn) -> impl IntoView {
    let session = use_session();
    let location = use_location();
    let away = Memo::new(move |_| {
        let at_setup = location.pathname.get() == "/setup";
        match (session.registry().needs_setup, at_setup) {
            (true, false) => Some("/setup"),
            (false, true) => Some("/"),
            _ => None,
        }
    });
    view! {
        {children()}
        {move || away.get().map(|path| view! { <Redirect path/> })}
    }
}

lazy_page!(SetUp, set_up, pages::SetUp);
lazy_page!(CreateAccount, set_up, pages::CreateAccount);
lazy_page!(Recovery, mailed, pages::Recovery);
lazy_page!(Confirm, mailed, pages::Confirm);
lazy_page!(ConfirmInvite, mailed, pages::ConfirmInvite);
lazy_page!(Organizations, namespaces, pages::Organizations);
lazy_page!(Organization, namespaces, NamedOrganization);
lazy_page!(Team, namespaces, NamedTeam);
lazy_page!(User, namespaces, NamedUser);
lazy_page!(Repository, repository, NamedRepository);
lazy_page!(Search, search, pages::Search);
lazy_page!(ApiExplorer, explorers, pages::ApiExplorer);
lazy_page!(GraphqlExplorer, explorers, pages::GraphqlExplorer);
lazy_page!(Users, superuser, pages::Users);
lazy_page!(Messages, superuser, pages::Messages);
lazy_page!(ServiceKeys, superuser, pages::ServiceKeys);
lazy_page!(Registry, superuser, pages::Registry);
lazy_page!(ChangeLog, superuser, pages::ChangeLog);
lazy_page!(Authorize, oauth, pages::Authorize);
lazy_page!(LocalApp, oauth, pages::LocalApp);

/// Mounts a page anew when its path names another thing.
#[component]
fn NamedOrganization() -> impl IntoView {
    let name = param("name");
    move || view! { <pages::Namespace name=name.get() is_user=false/> }
}

#[component]
fn NamedTeam() -> impl IntoView {
    let (organization, team) = (param("name"), param("team"));
    move || view! { <pages::TeamPage organization=organization.get() name=team.get()/> }
}

#[component]
fn NamedUser() -> impl IntoView {
    let name = param("name");
    move || view! { <pages::Namespace name=name.get() is_user=true/> }
}

#[component]
fn NamedRepository() -> impl IntoView {
    let path = param("path");
    move || view! { <pages::Place path=path.get()/> }
}

fn param(key: &'static str) -> Memo<String> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get(key).unwrap_or_default()))
}
