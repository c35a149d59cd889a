//! What the viewer is told, in words, and where it leads.

use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::{prelude::*, task::spawn_local};
use serde_json::Value;
use wasm_bindgen::JsCast;

use super::State;
use crate::{
    api::{Api, use_api},
    components::{
        Button, ButtonKind, Icon, SkeletonLines, Time, Toasts, ask, error_text, load, use_toasts,
    },
    fragments::{DateTime, Json, PageInfo},
    i18n::*,
    paths, schema,
    session::use_session,
};

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query")]
struct ListQuery {
    viewer: Option<Viewer>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Viewer {
    #[arguments(first: 50)]
    notifications: Option<NotificationConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct NotificationConnection {
    nodes: Vec<Notification>,
    page_info: PageInfo,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Notification {
    uuid: String,
    kind: String,
    organization: Option<String>,
    metadata: Json,
    created_at: DateTime,
}

#[derive(cynic::QueryVariables, Debug)]
struct DismissVariables {
    uuids: Option<Vec<String>>,
    dismissed: bool,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "DismissVariables")]
struct Dismiss {
    #[arguments(input: { uuids: $uuids, dismissed: $dismissed })]
    dismiss_notifications: DismissPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DismissNotificationsPayload")]
struct DismissPayload {
    uuids: Vec<String>,
}

/// What happened, as far as the console has words for it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Happened {
    /// The viewer is asked to authorize an application.
    Assigned(Option<String>),
    /// The viewer is invited to a team, and answers by the code.
    Invited {
        team: Option<String>,
        code: Option<String>,
    },
    /// A key of a service ends soon.
    KeyEnds(String),
    /// The registry is worked on.
    Maintenance,
    /// Something of this kind.
    Other(String),
}

impl Happened {
    fn of(kind: &str, metadata: &Value) -> Self {
        let name = |key: &str| {
            let text = metadata.get(key).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        match kind {
            "assigned_authorization" => Self::Assigned(name("application")),
            "org_team_invite" => Self::Invited {
                team: name("team"),
                code: name("code"),
            },
            "service_key_expiring" => {
                let known = ["name", "service", "kid"].into_iter().find_map(name);
                Self::KeyEnds(known.unwrap_or_default())
            }
            "maintenance" => Self::Maintenance,
            other => Self::Other(other.to_owned()),
        }
    }

    fn words(&self, i18n: I18n) -> String {
        match self {
            Self::Assigned(Some(name)) => t_string!(i18n, bell.assigned_name, name = name),
            Self::Assigned(None) => t_string!(i18n, bell.assigned).to_owned(),
            Self::Invited {
                team: Some(team), ..
            } => t_string!(i18n, bell.invited_name, name = team),
            Self::Invited { team: None, .. } => t_string!(i18n, bell.invited).to_owned(),
            Self::KeyEnds(key) => t_string!(i18n, bell.key_ends, name = key),
            Self::Maintenance => t_string!(i18n, bell.maintenance).to_owned(),
            Self::Other(kind) => t_string!(i18n, bell.other, kind = kind),
        }
    }

    /// The page where there is something to do about it.
    fn href(&self, organization: Option<&str>, user: &str) -> Option<String> {
        match self {
            Self::Assigned(_) => Some(paths::account(user, paths::AUTHORIZATIONS_TAB)),
            Self::KeyEnds(_) => Some("/superuser/service-keys".to_owned()),
            Self::Invited {
                code: Some(code), ..
            } => Some(paths::invitation(code)),
            Self::Invited { code: None, .. } => Some(paths::account(user, paths::INVITATIONS_TAB)),
            Self::Maintenance | Self::Other(_) => {
                organization.map(|name| paths::namespace(name, false))
            }
        }
    }
}

/// Puts notifications away and takes them out again.
#[derive(Clone, Copy)]
struct Away {
    api: Api,
    toasts: Toasts,
    i18n: I18n,
    state: State,
    busy: RwSignal<bool>,
    /// What was put away last.
    last: RwSignal<Vec<String>>,
}

impl Away {
    /// These, or all that there are.
    fn start(self, uuids: Option<Vec<String>>, dismissed: bool) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        // The button that was pressed may go with its line.
        focus_panel();
        let answer = self
            .api
            .run(Dismiss::build(DismissVariables { uuids, dismissed }));
        spawn_local(async move {
            match answer.await {
                Ok(data) => {
                    let done = data.dismiss_notifications.uuids;
                    self.last.try_set(if dismissed { done } else { Vec::new() });
                }
                Err(error) => self.toasts.failure(error_text(self.i18n, &error)),
            }
            self.busy.try_set(false);
            self.state.changed();
        });
    }
}

/// The list behind the bell.
#[component]
pub(super) fn NotificationList() -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let state = expect_context::<State>();
    let user = use_session().user_name_untracked().unwrap_or_default();
    let away = Away {
        api,
        toasts: use_toasts(),
        i18n,
        state,
        busy: RwSignal::new(false),
        last: RwSignal::new(Vec::new()),
    };
    let list = ask(move || {
        state.changes.track();
        api.run(ListQuery::build(()))
    });
    let put = Callback::new(move |uuid: String| away.start(Some(vec![uuid]), true));
    let lines = load(
        list,
        || view! { <SkeletonLines/> }.into_any(),
        move |data: ListQuery| {
            let found = data.viewer.and_then(|viewer| viewer.notifications);
            let nodes = found.as_ref().map(|found| found.nodes.clone());
            let nodes = nodes.unwrap_or_default();
            if nodes.is_empty() {
                return view! {
                    <div class="berth-notices__empty">
                        <p>{words!(i18n, bell.empty)}</p>
                        <p class="berth-muted">{words!(i18n, bell.empty_text)}</p>
                    </div>
                }
                .into_any();
            }
            let has_more = found.is_some_and(|found| found.page_info.next().is_some());
            let user = user.clone();
            let shown = nodes
                .into_iter()
                .map(|node| line(i18n, node, &user, state.open, put));
            view! {
                <div class="berth-notices__head">
                    <strong>{words!(i18n, bell.title)}</strong>
                    <Button
                        kind=ButtonKind::Link
                        busy=away.busy
                        on_click=Callback::new(move |_| away.start(None, true))
                    >
                        {words!(i18n, bell.dismiss_all)}
                    </Button>
                </div>
                <ul class="berth-notices" role="list">{shown.collect_view()}</ul>
                {has_more
                    .then(|| view! { <p class="berth-notices__empty berth-muted">{words!(i18n, bell.more)}</p> })}
            }
            .into_any()
        },
    );
    view! {
        <div role="status">
            <Show when=move || !away.last.with(Vec::is_empty)>
                <p class="berth-notices__undo">
                    {move || t_string!(i18n, bell.dismissed, count = away.last.with(Vec::len))}
                    <Button
                        kind=ButtonKind::Link
                        on_click=Callback::new(move |_| away.start(Some(away.last.get_untracked()), false))
                    >
                        {words!(i18n, common.undo)}
                    </Button>
                </p>
            </Show>
        </div>
        {lines}
    }
}

fn line(
    i18n: I18n,
    notification: Notification,
    user: &str,
    open: RwSignal<bool>,
    put: Callback<String>,
) -> AnyView {
    let Notification {
        uuid,
        kind,
        organization,
        metadata,
        created_at,
    } = notification;
    let happened = Happened::of(&kind, &metadata.0);
    let href = happened.href(organization.as_deref(), user);
    let words = Signal::derive(move || happened.words(i18n));
    let text = match href {
        Some(href) => view! {
            <a href=href on:click=move |_| open.set(false)>{move || words.get()}</a>
        }
        .into_any(),
        None => view! { <span>{move || words.get()}</span> }.into_any(),
    };
    view! {
        <li class="berth-notice">
            <div class="berth-notice__text" dir="auto">
                {text}
                <div class="berth-muted">
                    {organization.map(|name| view! { <Icon icon=lu::LuBuilding2/> " " <bdi>{name}</bdi> " · " })}
                    <Time at=Some(created_at)/>
                </div>
            </div>
            <Button
                kind=ButtonKind::Plain
                icon=Some(lu::LuX)
                label=Signal::derive(move || t_string!(i18n, bell.dismiss, text = words.get()))
                on_click=Callback::new(move |_| put.run(uuid.clone()))
            />
        </li>
    }
    .into_any()
}

/// Keeps the focus in the panel.
fn focus_panel() {
    let panel = document().query_selector(".berth-popover:popover-open");
    if let Ok(Some(panel)) = panel
        && let Some(panel) = panel.dyn_ref::<web_sys::HtmlElement>()
    {
        let _ = panel.focus();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn invitation(team: Option<&str>, code: Option<&str>) -> Happened {
        Happened::Invited {
            team: team.map(str::to_owned),
            code: code.map(str::to_owned),
        }
    }

    #[test]
    fn what_happened_is_told_by_its_kind_and_the_names_that_are_there() {
        let key = json!({ "kid": "k1", "service": "scanner", "name": "" });
        assert_eq!(
            Happened::of("service_key_expiring", &key),
            Happened::KeyEnds("scanner".into())
        );
        let invited = |metadata: Value| Happened::of("org_team_invite", &metadata);
        assert_eq!(invited(json!({})), invitation(None, None));
        assert_eq!(
            invited(json!({ "team": "ops", "code": "c1" })),
            invitation(Some("ops"), Some("c1"))
        );
        assert_eq!(
            Happened::of("newer", &json!(null)),
            Happened::Other("newer".into())
        );
    }

    #[test]
    fn it_leads_to_where_there_is_something_to_do() {
        let leads = |happened: Happened, organization| happened.href(organization, "ann");
        assert_eq!(
            leads(Happened::Assigned(None), Some("acme")).as_deref(),
            Some("/user/ann?tab=ExternalLoginsAndApplications")
        );
        assert_eq!(
            leads(Happened::KeyEnds("k".into()), None).as_deref(),
            Some("/superuser/service-keys")
        );
        assert_eq!(
            leads(invitation(Some("ops"), Some("c1")), Some("acme")).as_deref(),
            Some("/confirminvite?code=c1")
        );
        assert_eq!(
            leads(invitation(None, None), Some("acme")).as_deref(),
            Some("/user/ann?tab=Invitations")
        );
        assert_eq!(leads(Happened::Maintenance, None), None);
    }
}
