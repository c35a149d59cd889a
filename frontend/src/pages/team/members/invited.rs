//! Who is asked into a team and has not answered yet.

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::{prelude::*, task::spawn_local};

use super::{
    Key,
    invitations::{Whom, cancel},
};
use crate::{
    api::{Api, ErrorClass, use_api},
    components::{
        Avatar, Cell, Column, DataTable, EntityKind, KindLabel, Label, Listing, MenuItem, Pager,
        Row, Toasts, ask, error_text, load, use_list_url_by, use_toasts,
    },
    fragments::{DateTime, PageInfo},
    i18n::*,
    pages::namespace::added_words,
    schema,
    session::{self, use_session},
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    id: cynic::Id,
    first: i32,
    after: Option<String>,
    search: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct InvitedQuery {
    #[arguments(id: $id)]
    node: Option<Node>,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
#[cynic(variables = "Variables")]
enum Node {
    Team(Team),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Team {
    #[arguments(first: $first, after: $after, search: $search, states: [INVITED])]
    members: Option<TeamMemberConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct TeamMemberConnection {
    nodes: Vec<TeamMember>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct TeamMember {
    avatar: session::Avatar,
    invitation: Option<Invitation>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Invitation {
    uuid: String,
    account: Option<String>,
    email: Option<String>,
    inviter: Option<String>,
    created_at: DateTime,
    link_expires_at: Option<DateTime>,
}

/// What outlives the page from which a question was changed, since its undo is offered longer.
#[derive(Clone)]
struct Asking {
    api: Api,
    toasts: Toasts,
    i18n: I18n,
    team: Key,
    on_changed: Callback<()>,
}

impl Asking {
    /// Asks once more.
    fn resend(self, whom: Whom) {
        spawn_local(async move {
            let (toasts, i18n) = (self.toasts, self.i18n);
            let answer = whom.ask(self.api, &self.team.id).await;
            // Shows what is there, be it that somebody else was faster.
            self.on_changed.try_run(());
            match answer {
                Ok(state) => {
                    let name = whom.name().to_owned();
                    let text = added_words(i18n, state, name, self.team.name.clone());
                    toasts.success(text);
                }
                Err(error) => {
                    let text = match error.class {
                        ErrorClass::Conflict => tu_string!(i18n, teams.already_member).to_owned(),
                        _ => error_text(i18n, &error),
                    };
                    toasts.failure(text);
                }
            }
        });
    }

    /// Asks no more.
    fn cancel(self, whom: Whom, uuid: String) {
        spawn_local(async move {
            let (toasts, i18n) = (self.toasts, self.i18n);
            let answer = cancel(self.api, &self.team.id, &uuid).await;
            self.on_changed.try_run(());
            if let Err(error) = answer {
                toasts.failure(error_text(i18n, &error));
                return;
            }
            let name = whom.name().to_owned();
            let text = tu_string!(i18n, teams.invitation_cancelled, name = name);
            let again = tu_string!(i18n, teams.invite_again).to_owned();
            toasts.success_with_undo(text, again, move || self.clone().resend(whom.clone()));
        });
    }
}

/// The list *INVITED TO JOIN*; nothing where nobody is asked.
#[component]
pub(super) fn Invited(
    /// Into which team.
    team: Key,
    /// Grows when the team has changed.
    changes: RwSignal<u32>,
    /// Called when a question was changed.
    on_changed: Callback<()>,
) -> impl IntoView {
    let (api, i18n, session) = (use_api(), use_i18n(), use_session());
    let url = use_list_url_by("invited");
    let listing = Listing::new(
        "invited",
        "name",
        vec![
            Column::new("name", words!(i18n, teams.invited_name)),
            Column::new("kind", words!(i18n, settings.kind)),
            Column::new("inviter", words!(i18n, teams.inviter)),
            Column::new("createdAt", words!(i18n, teams.invited_at)),
            Column::new("linkExpiresAt", words!(i18n, teams.link_expires_at)),
        ],
    );
    let id = team.id.clone();
    let list = ask(move || {
        changes.track();
        let query = InvitedQuery::build(Variables {
            id: cynic::Id::new(&id),
            first: url.rows(),
            after: url.after(),
            search: Some(url.search()).filter(|text| !text.is_empty()),
        });
        api.run(listing.sends(query))
    });
    let asking = StoredValue::new(Asking {
        api,
        toasts: use_toasts(),
        i18n,
        team,
        on_changed,
    });
    load(
        list,
        // Mostly nobody is asked, and then there is no list.
        || ().into_any(),
        move |data| {
            let Some(Node::Team(Team {
                members: Some(found),
            })) = data.node
            else {
                return ().into_any();
            };
            let TeamMemberConnection {
                nodes,
                page_info,
                total_count,
            } = found;
            if nodes.is_empty() {
                return ().into_any();
            }
            let shown = nodes.len();
            let may_change = !session.registry().read_only;
            let rows = nodes
                .into_iter()
                .filter_map(|member| row(i18n, member, may_change.then_some(asking)));
            view! {
                <h2 class="berth-list-title">{words!(i18n, teams.invited_title)}</h2>
                <DataTable
                    listing
                    label=words!(i18n, teams.invited_title)
                    rows=rows.collect()
                    total=None
                />
                <Pager shown total=total_count next=page_info.next() url/>
            }
            .into_any()
        },
    )
}

fn row(i18n: I18n, member: TeamMember, asking: Option<StoredValue<Asking>>) -> Option<Row> {
    let Invitation {
        uuid,
        account,
        email,
        inviter,
        created_at,
        link_expires_at,
    } = member.invitation?;
    let whom = match (account, email) {
        (Some(account), _) => Whom::Account(account),
        (None, Some(email)) => Whom::Address(email),
        (None, None) => return None,
    };
    let name = whom.name().to_owned();
    let (avatar_name, shown) = (name.clone(), name.clone());
    let entity = view! {
        <span class="berth-entity">
            <Avatar name=avatar_name color=member.avatar.color/>
            <bdi class="berth-name">{shown}</bdi>
        </span>
    };
    let kind = match whom {
        Whom::Account(_) => Cell::new(
            view! { <KindLabel kind=EntityKind::User/> },
            EntityKind::User.key(),
        ),
        Whom::Address(_) => Cell::new(
            view! { <Label icon=Some(lu::LuMail)>{words!(i18n, mailed.email)}</Label> },
            "email",
        ),
    };
    let inviter = {
        let raw = inviter.clone();
        let name = inviter.unwrap_or_else(|| "–".to_owned());
        Cell::new(view! { <bdi class="berth-name">{name}</bdi> }, raw)
    };
    let cells = vec![
        Cell::new(entity, name.clone()),
        kind,
        inviter,
        Cell::time(Some(created_at)),
        Cell::time(link_expires_at),
    ];
    let menu_uuid = uuid.clone();
    let menu = asking.map(|asking| {
        Callback::new(move |()| {
            let again = whom.clone();
            let (uuid, whom) = (menu_uuid.clone(), whom.clone());
            vec![
                MenuItem::action(t_string!(i18n, teams.resend), move || {
                    asking.get_value().resend(again.clone());
                }),
                MenuItem::danger(t_string!(i18n, teams.cancel_invitation), move || {
                    asking.get_value().cancel(whom.clone(), uuid.clone());
                }),
            ]
        })
    });
    Some(Row {
        menu,
        ..Row::new(&uuid, &name, cells)
    })
}
