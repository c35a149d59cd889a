//! `/oauth/authorize`: an application asks for access, and the viewer consents or does not.

use berth_domain::address;
use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::prelude::*;
use leptos_router::{components::Redirect, hooks::use_location};

use crate::{
    api::use_api,
    components::{
        Avatar, Button, ButtonKind, FormAlert, Heading, Icon, ScopeList, SkeletonLines, ask, load,
    },
    fragments::{AccessScope, ApplicationProfile, AuthorizationResponseType},
    i18n::*,
    paths::{self, AUTHORIZE, QueryString},
    schema,
    session::use_session,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug, Clone, PartialEq, Eq)]
struct Variables {
    client_id: String,
    redirect_uri: String,
    scope: String,
    response_type: AuthorizationResponseType,
    assignment: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct RequestQuery {
    #[arguments(
        clientId: $client_id,
        redirectUri: $redirect_uri,
        scope: $scope,
        responseType: $response_type,
        assignment: $assignment
    )]
    authorization_request: Option<AuthorizationRequest>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct AuthorizationRequest {
    refusal: Option<AuthorizationRefusal>,
    application: Option<ApplicationProfile>,
    scopes: Vec<AccessScope>,
    has_dangerous_scopes: bool,
    is_covered: bool,
}

#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
enum AuthorizationRefusal {
    ApplicationUnknown,
    RedirectMismatch,
    InvalidScope,
    AssignmentUnusable,
}

#[derive(cynic::QueryVariables, Debug, Clone)]
struct AnswerVariables {
    client_id: String,
    redirect_uri: String,
    scope: String,
    response_type: AuthorizationResponseType,
    state: Option<String>,
    assignment: Option<String>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "AnswerVariables")]
struct Consents {
    #[arguments(input: {
        clientId: $client_id,
        redirectUri: $redirect_uri,
        scope: $scope,
        responseType: $response_type,
        state: $state,
        assignment: $assignment
    })]
    authorize_application: AuthorizeApplicationPayload,
}

#[derive(cynic::QueryFragment, Debug)]
struct AuthorizeApplicationPayload {
    location: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "AnswerVariables")]
struct Denies {
    #[arguments(input: {
        clientId: $client_id,
        redirectUri: $redirect_uri,
        scope: $scope,
        responseType: $response_type,
        state: $state,
        assignment: $assignment
    })]
    deny_application: DenyApplicationPayload,
}

#[derive(cynic::QueryFragment, Debug)]
struct DenyApplicationPayload {
    location: String,
}

/// What the address asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    variables: Variables,
    state: Option<String>,
}

/// Why an address asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wrong {
    /// It lacks this parameter.
    Missing(&'static str),
    /// The application wants neither a code nor a token.
    ResponseType,
}

impl Asked {
    fn parse(query: &str) -> Result<Self, Wrong> {
        let query = QueryString::parse(query);
        let needed = |key: &'static str| {
            let value = query.get(key).map(str::to_owned);
            value.ok_or(Wrong::Missing(key))
        };
        let filled = |key: &str| {
            let value = query.get(key).filter(|value| !value.is_empty());
            value.map(str::to_owned)
        };
        let response_type = match query.get("response_type") {
            Some("code") | None => AuthorizationResponseType::Code,
            Some("token") => AuthorizationResponseType::Token,
            Some(_) => return Err(Wrong::ResponseType),
        };
        Ok(Self {
            variables: Variables {
                client_id: needed("client_id")?,
                redirect_uri: needed("redirect_uri")?,
                scope: needed("scope")?,
                response_type,
                assignment: filled("assignment_uuid"),
            },
            state: filled("state"),
        })
    }

    fn answer(&self) -> AnswerVariables {
        let variables = self.variables.clone();
        AnswerVariables {
            client_id: variables.client_id,
            redirect_uri: variables.redirect_uri,
            scope: variables.scope,
            response_type: variables.response_type,
            state: self.state.clone(),
            assignment: variables.assignment,
        }
    }
}

/// Who gets the answer, by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// This registry, which shows it.
    Here,
    /// A site, by host and port.
    Site(String),
    /// An application on the device, by the scheme that it is opened with.
    Application(String),
}

impl Place {
    fn of(redirect_uri: &str, own: &str) -> Self {
        if redirect_uri.strip_prefix(own) == Some(paths::LOCAL_APP) {
            return Self::Here;
        }
        if !address::is_web(redirect_uri) {
            let scheme = redirect_uri.split(':').next().unwrap_or_default();
            return Self::Application(scheme.to_owned());
        }
        Self::Site(host(redirect_uri).unwrap_or_default())
    }

    /// That the browser goes there.
    fn words(&self, i18n: I18n) -> String {
        match self {
            Self::Here => t_string!(i18n, consent.goes_here).to_owned(),
            Self::Site(host) => t_string!(i18n, consent.goes_to, host = host.clone()),
            Self::Application(scheme) => {
                t_string!(i18n, consent.opens, scheme = format!("{scheme}:"))
            }
        }
    }
}

/// Host and port of an address of the web; nothing for what is none.
fn host(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Leaves the console for where the server sends the browser, or opens an application there. Addresses from anywhere
/// else are never followed, and no script is one.
fn leave(location: &str) {
    if address::is_followed(location) {
        // Refused only where there is no page to leave.
        let _ = window().location().assign(location);
    }
}

/// Asks who is signed in; everybody else signs in first and comes back.
#[component]
pub(crate) fn Authorize() -> impl IntoView {
    let session = use_session();
    // As it was opened: the page is left before it changes.
    let query = use_location().search.get_untracked();
    let query = query.trim_start_matches('?').to_owned();
    let signed_in = Memo::new(move |_| session.viewer().is_some());
    move || {
        if !signed_in.get() {
            let path = paths::sign_in(&format!("{AUTHORIZE}?{query}"));
            return view! { <Redirect path/> }.into_any();
        }
        match Asked::parse(&query) {
            Ok(asked) => view! { <Question asked/> }.into_any(),
            Err(wrong) => view! { <Malformed wrong/> }.into_any(),
        }
    }
}

#[component]
fn Question(asked: Asked) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let variables = asked.variables.clone();
    let leaves_the_page = address::is_web(&variables.redirect_uri);
    let request = ask(move || api.run(RequestQuery::build(variables.clone())));
    let refused = move |text: Signal<String>| view! { <Refused text/> }.into_any();
    view! {
        <section class="berth-login">
            <div class="berth-login__card berth-consent">
                {load(
                    request,
                    || view! { <SkeletonLines/> }.into_any(),
                    move |data| {
                        let Some(request) = data.authorization_request else {
                            return refused(words!(i18n, errors.forbidden));
                        };
                        let asked = asked.clone();
                        match (request.refusal, request.application.clone()) {
                            // Browsers open an application only where somebody clicks.
                            (None, Some(application)) if request.is_covered && leaves_the_page => {
                                view! { <StraightOn asked application/> }.into_any()
                            }
                            (None, Some(application)) => {
                                view! { <Consent asked application request/> }.into_any()
                            }
                            (refusal, _) => refused(refusal_words(i18n, refusal)),
                        }
                    },
                )}
            </div>
        </section>
    }
}

fn refusal_words(i18n: I18n, refusal: Option<AuthorizationRefusal>) -> Signal<String> {
    match refusal {
        Some(AuthorizationRefusal::RedirectMismatch) => words!(i18n, consent.redirect_mismatch),
        Some(AuthorizationRefusal::InvalidScope) => words!(i18n, consent.invalid_scope),
        Some(AuthorizationRefusal::AssignmentUnusable) => words!(i18n, consent.assignment_unusable),
        Some(AuthorizationRefusal::ApplicationUnknown) | None => words!(i18n, consent.unknown),
    }
}

/// Why nothing is asked. Nobody is sent anywhere.
#[component]
fn Refused(text: Signal<String>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Heading title=words!(i18n, consent.refused)/>
        <div class="pf-v6-c-alert pf-m-danger pf-m-inline" role="alert">
            <div class="pf-v6-c-alert__icon">
                <Icon icon=lu::LuCircleAlert/>
            </div>
            <p class="pf-v6-c-alert__title">{move || text.get()}</p>
        </div>
        <p class="berth-login__foot"><a href="/repository">{words!(i18n, consent.to_console)}</a></p>
    }
}

#[component]
fn Malformed(wrong: Wrong) -> impl IntoView {
    let i18n = use_i18n();
    let text = Signal::derive(move || match wrong {
        Wrong::Missing(name) => t_string!(i18n, consent.missing, name = name),
        Wrong::ResponseType => t_string!(i18n, consent.response_type).to_owned(),
    });
    view! {
        <section class="berth-login">
            <div class="berth-login__card berth-consent">
                <Refused text/>
            </div>
        </section>
    }
}

/// The viewer has consented to this before: the answer goes to the application without a question.
#[component]
fn StraightOn(asked: Asked, application: ApplicationProfile) -> impl IntoView {
    let (api, i18n, work) = (use_api(), use_i18n(), Work::new());
    let name = application.name;
    let go = Callback::new(move |()| {
        work.start(api.run(Consents::build(asked.answer())), move |data| {
            leave(&data.authorize_application.location);
        });
    });
    go.run(());
    view! {
        <Heading title=Signal::derive(move || t_string!(i18n, consent.going_back, name = name.clone()))/>
        <FormAlert error=work.error/>
        <Show when=move || work.error.with(Option::is_some)>
            <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| go.run(()))>
                {words!(i18n, common.retry)}
            </Button>
        </Show>
    }
}

#[component]
fn Consent(
    asked: Asked,
    application: ApplicationProfile,
    request: AuthorizationRequest,
) -> impl IntoView {
    let (api, i18n, session) = (use_api(), use_i18n(), use_session());
    let (allow, deny) = (Work::new(), Work::new());
    let title_name = application.name.clone();
    let (lead_name, owner) = (application.name.clone(), application.owner.clone());
    let answered_name = application.name.clone();
    let user = session.user_name_untracked().unwrap_or_default();
    let (answer, refusal) = (asked.answer(), asked.answer());
    let redirect_uri = asked.variables.redirect_uri;
    let own = window().location().origin().unwrap_or_default();
    let place = Place::of(&redirect_uri, &own);
    // An application opens beside the page, which stays.
    let stays = matches!(place, Place::Application(_));
    let answered = RwSignal::new(false);
    let consent = Callback::new(move |_| {
        if deny.busy.get_untracked() {
            return;
        }
        allow.start(api.run(Consents::build(answer.clone())), move |data| {
            // The page stays until the next one is there.
            allow.busy.try_set(true);
            answered.try_set(stays);
            leave(&data.authorize_application.location);
        });
    });
    let refuse = Callback::new(move |_| {
        if allow.busy.get_untracked() {
            return;
        }
        deny.start(api.run(Denies::build(refusal.clone())), move |data| {
            deny.busy.try_set(true);
            answered.try_set(stays);
            leave(&data.deny_application.location);
        });
    });
    let homepage = application.homepage.clone();
    let homepage = (!homepage.is_empty()).then(|| {
        if address::is_web(&homepage) {
            view! {
                <a href=homepage.clone() rel="external noopener noreferrer" target="_blank">
                    <bdi>{homepage.clone()}</bdi>
                </a>
            }
            .into_any()
        } else {
            view! { <bdi>{homepage.clone()}</bdi> }.into_any()
        }
    });
    let description = application.description.clone();
    let is_dangerous = request.has_dangerous_scopes;
    view! {
        <Heading title=Signal::derive(move || t_string!(i18n, consent.title, name = title_name.clone()))/>
        <div class="berth-entity">
            <Avatar name=application.name.clone() color=application.avatar.color/>
            <span class="berth-name">
                <strong><bdi>{application.name}</bdi></strong>
                " "
                {move || t_string!(i18n, consent.owner, name = owner.clone())}
            </span>
        </div>
        {(!description.is_empty()).then(|| view! { <p class="berth-name" dir="auto">{description.clone()}</p> })}
        {homepage.map(|link| view! { <p class="berth-name">{link}</p> })}
        <p>{move || t_string!(i18n, consent.lead, name = lead_name.clone(), user = user.clone())}</p>
        <ScopeList scopes=request.scopes/>
        {is_dangerous
            .then(|| {
                view! {
                    <div class="pf-v6-c-alert pf-m-danger pf-m-inline">
                        <div class="pf-v6-c-alert__icon">
                            <Icon icon=lu::LuTriangleAlert/>
                        </div>
                        <p class="pf-v6-c-alert__title">{words!(i18n, consent.dangerous)}</p>
                    </div>
                }
            })}
        <p class="berth-name">{move || place.words(i18n)} " " <code>{redirect_uri}</code></p>
        <FormAlert error=allow.error/>
        <FormAlert error=deny.error/>
        <div role="status">
            {move || {
                answered
                    .get()
                    .then(|| view! { <p>{t_string!(i18n, consent.answered, name = answered_name.clone())}</p> })
            }}
        </div>
        <Show when=move || !answered.get()>
            <div class="berth-consent__answers">
                <Button
                    kind=if is_dangerous { ButtonKind::Danger } else { ButtonKind::Primary }
                    busy=allow.busy
                    on_click=consent
                >
                    {words!(i18n, consent.authorize)}
                </Button>
                <Button kind=ButtonKind::Secondary busy=deny.busy on_click=refuse>
                    {words!(i18n, consent.deny)}
                </Button>
            </div>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &str =
        "client_id=c1&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=repo%3Aread";

    #[test]
    fn an_address_is_read_as_the_application_wrote_it() {
        let asked = Asked::parse(&format!("?{ASKED}&response_type=token&state=a%20b")).unwrap();
        assert_eq!(asked.variables.redirect_uri, "https://app.example/cb");
        assert_eq!(asked.variables.scope, "repo:read");
        assert_eq!(
            asked.variables.response_type,
            AuthorizationResponseType::Token
        );
        assert_eq!(asked.state.as_deref(), Some("a b"));
        assert_eq!(asked.variables.assignment, None);
        let asked = Asked::parse(&format!("{ASKED}&assignment_uuid=u1&state=")).unwrap();
        assert_eq!(
            asked.variables.response_type,
            AuthorizationResponseType::Code
        );
        assert_eq!(asked.answer().assignment.as_deref(), Some("u1"));
        assert_eq!(asked.state, None);
    }

    #[test]
    fn an_address_that_lacks_something_asks_for_nothing() {
        assert_eq!(Asked::parse(""), Err(Wrong::Missing("client_id")));
        assert_eq!(
            Asked::parse("client_id=c1&scope=repo:read"),
            Err(Wrong::Missing("redirect_uri"))
        );
        assert_eq!(
            Asked::parse(&format!("{ASKED}&response_type=id_token")),
            Err(Wrong::ResponseType)
        );
    }

    #[test]
    fn who_gets_the_answer_is_this_registry_a_site_or_an_application() {
        let own = "https://registry.example";
        for (address, place) in [
            ("https://registry.example/oauth/localapp", Place::Here),
            (
                "https://registry.example/oauth/localapp/x",
                Place::Site("registry.example".into()),
            ),
            (
                "https://app.example:8443/cb",
                Place::Site("app.example:8443".into()),
            ),
            ("myapp://callback", Place::Application("myapp".into())),
            (
                "com.example.app:/cb",
                Place::Application("com.example.app".into()),
            ),
        ] {
            assert_eq!(Place::of(address, own), place, "{address}");
        }
    }

    #[test]
    fn the_place_where_the_browser_goes_is_named_by_host_and_port() {
        assert_eq!(
            host("https://app.example:8443/cb?x=1").as_deref(),
            Some("app.example:8443")
        );
        assert_eq!(host("https://app.example/").as_deref(), Some("app.example"));
        assert_eq!(host("javascript:alert(1)"), None);
        assert_eq!(host(""), None);
    }
}
