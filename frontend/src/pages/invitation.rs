//! `/confirminvite`: whoever is asked into a team accepts or declines.

use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    components::Redirect,
    hooks::{use_location, use_navigate},
};

use crate::{
    api::{Answer, Api, ApiError, ErrorClass, use_api},
    components::{
        Avatar, Button, ButtonKind, FormAlert, Heading, Icon, SkeletonLines, Toasts, ask, load,
        use_toasts,
    },
    i18n::*,
    paths::{self, CONFIRM_INVITE, QueryString},
    schema,
    session::{self, Session, use_session},
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    code: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct InvitationQuery {
    viewer: Option<Viewer>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Viewer {
    #[arguments(code: $code)]
    invitation: Option<Invitation>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Invitation {
    organization: String,
    team: String,
    avatar: session::Avatar,
    email: Option<String>,
    inviter: Option<String>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Accept {
    #[arguments(input: { code: $code })]
    accept_invitation: AcceptInvitationPayload,
}

#[derive(cynic::QueryFragment, Debug)]
struct AcceptInvitationPayload {
    accepted: Vec<Accepted>,
}

/// A team that somebody came into by an answer.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Invitation")]
pub(in crate::pages) struct Accepted {
    team: String,
    organization: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Decline {
    #[arguments(input: { code: $code })]
    decline_invitation: DeclineInvitationPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[expect(dead_code, reason = "only the success matters")]
struct DeclineInvitationPayload {
    declined: Declined,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Invitation")]
#[expect(dead_code, reason = "only the success matters")]
struct Declined {
    uuid: String,
}

/// Accepts an invitation by its code or uuid; tells all that are accepted along with it.
pub(in crate::pages) fn accept(api: Api, code: String) -> Answer<Vec<Accepted>> {
    let answer = api.run(Accept::build(Variables { code }));
    Box::pin(async move { Ok(answer.await?.accept_invitation.accepted) })
}

/// Declines an invitation by its code or uuid.
pub(in crate::pages) fn decline(api: Api, code: String) -> Answer<()> {
    api.done(Decline::build(Variables { code }))
}

/// Says where somebody is now.
pub(in crate::pages) fn welcome(
    i18n: I18n,
    toasts: Toasts,
    session: Session,
    accepted: &[Accepted],
) {
    for Accepted { team, organization } in accepted {
        toasts.success(tu_string!(
            i18n,
            invitation.accepted,
            team = team.clone(),
            organization = organization.clone()
        ));
    }
    // Which namespaces take new repositories may have changed.
    spawn_local(async move {
        // A server that is away says so on the next page.
        let _ = session.refresh().await;
    });
}

/// What a code is for.
#[derive(Debug, Clone)]
enum Found {
    /// This question.
    Open(Invitation),
    /// One that another user is asked.
    OfAnother,
    /// None that waits for an answer.
    Nothing,
}

/// Whether the code belongs to a question to another user.
fn is_of_another(error: &ApiError) -> bool {
    error.class == ErrorClass::Conflict
}

fn find(api: Api, code: String) -> Answer<Found> {
    let answer = api.run(InvitationQuery::build(Variables { code }));
    Box::pin(async move {
        match answer.await {
            Ok(data) => {
                let found = data.viewer.and_then(|viewer| viewer.invitation);
                Ok(found.map_or(Found::Nothing, Found::Open))
            }
            Err(error) if is_of_another(&error) => Ok(Found::OfAnother),
            Err(error) => Err(error),
        }
    })
}

/// Asks who is signed in; everybody else signs in first and comes back.
#[component]
pub(crate) fn ConfirmInvite() -> impl IntoView {
    let session = use_session();
    let location = use_location();
    // The bell may lead to another question while the page is open. Another page has none, and comes before this one is
    // gone.
    let code = Memo::new(move |before: Option<&String>| {
        if location.pathname.get() == CONFIRM_INVITE {
            let query = QueryString::parse(&location.search.get());
            return query.get("code").unwrap_or_default().to_owned();
        }
        before.cloned().unwrap_or_default()
    });
    let signed_in = Memo::new(move |_| session.viewer().is_some());
    move || {
        let code = code.get();
        if !signed_in.get() {
            let path = paths::sign_in(&paths::invitation(&code));
            return view! { <Redirect path/> }.into_any();
        }
        if code.is_empty() {
            let user = session.user_name_untracked().unwrap_or_default();
            let path = paths::account(&user, paths::INVITATIONS_TAB);
            return view! { <Redirect path/> }.into_any();
        }
        view! { <Question code/> }.into_any()
    }
}

#[component]
fn Question(code: String) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let asked = code.clone();
    let found = ask(move || find(api, asked.clone()));
    view! {
        <section class="berth-login">
            <div class="berth-login__card berth-consent">
                {load(
                    found,
                    || view! { <SkeletonLines/> }.into_any(),
                    move |found| match found {
                        Found::Open(invitation) => {
                            view! { <Choice code=code.clone() invitation/> }.into_any()
                        }
                        Found::OfAnother => view! { <Refused text=words!(i18n, invitation.of_another)/> }.into_any(),
                        Found::Nothing => view! { <Refused text=words!(i18n, invitation.gone)/> }.into_any(),
                    },
                )}
            </div>
        </section>
    }
}

/// Why there is nothing to answer.
#[component]
fn Refused(text: Signal<String>) -> impl IntoView {
    let (i18n, session) = (use_i18n(), use_session());
    let user = session.user_name_untracked().unwrap_or_default();
    view! {
        <Heading title=words!(i18n, invitation.refused)/>
        <div class="pf-v6-c-alert pf-m-danger pf-m-inline" role="alert">
            <div class="pf-v6-c-alert__icon">
                <Icon icon=lu::LuCircleAlert/>
            </div>
            <p class="pf-v6-c-alert__title">{move || text.get()}</p>
        </div>
        <p class="berth-name">{move || t_string!(i18n, invitation.signed_in, user = user.clone())}</p>
        <p class="berth-login__foot"><a href="/repository">{words!(i18n, consent.to_console)}</a></p>
    }
}

#[component]
fn Choice(code: String, invitation: Invitation) -> impl IntoView {
    let (api, toasts, i18n, session) = (use_api(), use_toasts(), use_i18n(), use_session());
    let (accepting, declining) = (Work::new(), Work::new());
    let navigate = use_navigate();
    let declined = RwSignal::new(false);
    let Invitation {
        organization,
        team,
        avatar,
        email,
        inviter,
    } = invitation;
    let user = session.user_name_untracked().unwrap_or_default();
    let accepts = {
        let code = code.clone();
        Callback::new(move |_| {
            if declining.busy.get_untracked() {
                return;
            }
            let navigate = navigate.clone();
            accepting.start(accept(api, code.clone()), move |accepted| {
                welcome(i18n, toasts, session, &accepted);
                let Some(Accepted { organization, .. }) = accepted.into_iter().next() else {
                    return;
                };
                let page = paths::namespace(&organization, false);
                navigate(&page, NavigateOptions::default());
            });
        })
    };
    let declines = Callback::new(move |_| {
        if accepting.busy.get_untracked() {
            return;
        }
        declining.start(decline(api, code.clone()), move |()| {
            declined.try_set(true);
        });
    });
    let of_accepting = Callback::new(move |error: ApiError| unaccepted(i18n, &error));
    let of_declining = Callback::new(move |error: ApiError| gone(i18n, &error));
    let lead = {
        let (organization, team) = (organization.clone(), team.clone());
        move || {
            let (organization, team) = (organization.clone(), team.clone());
            match inviter.clone() {
                Some(inviter) => t_string!(
                    i18n,
                    invitation.lead,
                    inviter = inviter,
                    organization = organization,
                    team = team
                ),
                None => t_string!(
                    i18n,
                    invitation.lead_plain,
                    organization = organization,
                    team = team
                ),
            }
        }
    };
    let as_whom = move || match email.clone() {
        Some(email) => {
            t_string!(
                i18n,
                invitation.by_address,
                email = email,
                user = user.clone()
            )
        }
        None => t_string!(i18n, invitation.by_name, user = user.clone()),
    };
    let title_team = team.clone();
    let (avatar_name, declined_team) = (organization.clone(), team.clone());
    view! {
        <Heading title=Signal::derive(move || t_string!(i18n, invitation.title, team = title_team.clone()))/>
        <div class="berth-entity">
            <Avatar name=avatar_name color=avatar.color/>
            <strong class="berth-name"><bdi>{organization}</bdi></strong>
        </div>
        <Show
            when=move || !declined.get()
            fallback=move || {
                let team = declined_team.clone();
                view! {
                    <p role="status">{move || t_string!(i18n, invitation.declined, team = team.clone())}</p>
                    <p class="berth-login__foot"><a href="/repository">{words!(i18n, consent.to_console)}</a></p>
                }
            }
        >
            <p class="berth-name">{lead.clone()}</p>
            <p class="berth-name">{as_whom.clone()}</p>
            <FormAlert error=accepting.error words=Some(of_accepting)/>
            <FormAlert error=declining.error words=Some(of_declining)/>
            <div class="berth-consent__answers">
                <Button kind=ButtonKind::Primary busy=accepting.busy on_click=accepts>
                    {words!(i18n, invitation.accept)}
                </Button>
                <Button kind=ButtonKind::Secondary busy=declining.busy on_click=declines>
                    {words!(i18n, invitation.decline)}
                </Button>
            </div>
        </Show>
    }
}

/// Why an invitation was not accepted, where the class of the failure says too little.
pub(in crate::pages) fn unaccepted(i18n: I18n, error: &ApiError) -> Option<String> {
    match error.class {
        ErrorClass::Conflict => Some(t_string!(i18n, invitation.already).to_owned()),
        _ => gone(i18n, error),
    }
}

/// That the question was answered or taken back since the page was opened.
fn gone(i18n: I18n, error: &ApiError) -> Option<String> {
    (error.class == ErrorClass::InvalidInput).then(|| t_string!(i18n, invitation.gone).to_owned())
}
