//! The teams that the viewer is asked into, to be answered one by one.

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{Api, use_api},
    components::{
        Avatar, Cell, Column, DataTable, Empty, EndDialog, Ending, ListTools, Listing, MenuItem,
        Pager, Row, SkeletonTable, Toasts, ask, error_text, load, use_list_url, use_toasts,
    },
    fragments::{DateTime, PageInfo},
    i18n::*,
    pages::invitation::{accept, decline, unaccepted, welcome},
    paths, schema,
    session::{self, Session, use_session},
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    first: i32,
    after: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct InvitationsQuery {
    viewer: Option<Viewer>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Viewer {
    #[arguments(first: $first, after: $after)]
    invitations: Option<InvitationConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct InvitationConnection {
    nodes: Vec<Invitation>,
    page_info: PageInfo,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Invitation {
    uuid: String,
    organization: String,
    team: String,
    avatar: session::Avatar,
    inviter: Option<String>,
    created_at: DateTime,
}

/// Answers invitations, also where the page is left meanwhile.
#[derive(Clone, Copy)]
struct Answers {
    api: Api,
    toasts: Toasts,
    i18n: I18n,
    session: Session,
    busy: RwSignal<bool>,
    /// Which one is asked about once more before it is declined.
    declining: RwSignal<Option<Ending>>,
    on_done: Callback<()>,
}

impl Answers {
    fn accept(self, uuid: String) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            match accept(self.api, uuid).await {
                Ok(accepted) => welcome(self.i18n, self.toasts, self.session, &accepted),
                Err(error) => {
                    let words = untrack(|| {
                        unaccepted(self.i18n, &error)
                            .unwrap_or_else(|| error_text(self.i18n, &error))
                    });
                    self.toasts.failure(words);
                }
            }
            self.busy.try_set(false);
            // Others of the same organization may be answered with it.
            self.on_done.try_run(());
        });
    }
}

/// The tab *Invitations*.
#[component]
pub(super) fn Invitations() -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let listing = Listing::new(
        "invitations",
        "-createdAt",
        vec![
            Column::new("team", words!(i18n, settings.kind_team)),
            Column::new("organization", words!(i18n, settings.kind_organization)),
            Column::new("inviter", words!(i18n, teams.inviter)),
            Column::new("createdAt", words!(i18n, teams.invited_at)),
        ],
    );
    let list = ask(move || {
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
        };
        api.run(listing.sends(InvitationsQuery::build(variables)))
    });
    let shown_rows = StoredValue::new(0_usize);
    let on_done = Callback::new(move |()| {
        // Another page is read by itself.
        if !url.has_left_empty(shown_rows.get_value()) {
            list.refetch();
        }
    });
    let answers = Answers {
        api,
        toasts: use_toasts(),
        i18n,
        session,
        busy: RwSignal::new(false),
        declining: RwSignal::new(None),
        on_done,
    };
    view! {
        <div class="berth-toolbar berth-gap-below">
            <ListTools listing/>
        </div>
        {load(
            list,
            || view! { <SkeletonTable rows=3/> }.into_any(),
            move |data| {
                let Some(found) = data.viewer.and_then(|viewer| viewer.invitations) else {
                    return view! { <p>{words!(i18n, errors.unauthenticated)}</p> }.into_any();
                };
                let InvitationConnection { nodes, page_info } = found;
                let shown = nodes.len();
                shown_rows.set_value(shown);
                if nodes.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuUsers
                            title=words!(i18n, invitations.empty)
                            text=words!(i18n, invitations.empty_text)
                        />
                    }
                        .into_any();
                }
                let may = !session.registry().read_only;
                let rows = nodes.into_iter().map(|node| row(i18n, node, may.then_some(answers)));
                view! {
                    <DataTable
                        listing
                        label=words!(i18n, invitations.title)
                        rows=rows.collect()
                        total=None
                    />
                    <Pager shown total=None next=page_info.next()/>
                }
                    .into_any()
            },
        )}
        <EndDialog
            ending=answers.declining
            title=Callback::new(move |name: String| t_string!(i18n, invitations.decline_title, name = name))
            text=words!(i18n, invitations.decline_text)
            action=words!(i18n, invitation.decline)
            done=words!(i18n, invitations.declined)
            end=Callback::new(move |uuid: String| decline(api, uuid))
            on_done
        />
    }
}

fn row(i18n: I18n, invitation: Invitation, answers: Option<Answers>) -> Row {
    let Invitation {
        uuid,
        organization,
        team,
        avatar,
        inviter,
        created_at,
    } = invitation;
    let href = paths::invitation(&uuid);
    let (link_team, avatar_name) = (team.clone(), organization.clone());
    let shown_organization = organization.clone();
    let shown_inviter = inviter.clone().unwrap_or_else(|| "–".to_owned());
    let cells = vec![
        Cell::name(view! { <a href=href><bdi>{link_team}</bdi></a> }, &team),
        Cell::new(
            view! {
                <span class="berth-entity">
                    <Avatar name=avatar_name color=avatar.color/>
                    <bdi class="berth-name">{shown_organization}</bdi>
                </span>
            },
            organization,
        ),
        Cell::new(
            view! { <bdi class="berth-name">{shown_inviter}</bdi> },
            inviter,
        ),
        Cell::time(Some(created_at)),
    ];
    let (id, name) = (uuid.clone(), team.clone());
    let menu = answers.map(|answers| {
        Callback::new(move |()| {
            let (accepted, declined) = (uuid.clone(), (uuid.clone(), team.clone()));
            vec![
                MenuItem::action(t_string!(i18n, invitation.accept), move || {
                    answers.accept(accepted.clone());
                }),
                MenuItem::danger(t_string!(i18n, invitation.decline), move || {
                    answers.declining.set(Some(declined.clone()));
                }),
            ]
        })
    });
    Row {
        menu,
        ..Row::new(&id, &name, cells)
    }
}
