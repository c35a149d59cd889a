//! The bell of the user who asks.

use berth_domain::{Namespace, PageRequest, Scope};
use berth_services::notifications::NotificationView;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::call::Call;
use crate::operation::{Group, Operation, Outcome};
use crate::parameters::integer;
use crate::schema::{Schema, boolean};
use crate::wire::rfc_822;

/// Rows of a page where no number is asked for.
const LIMIT: usize = 5;

pub(super) fn group() -> Group {
    Group {
        tag: super::user::TAG,
        description: super::user::DESCRIPTION,
        operations: vec![
            Operation::get(
                "/user/notifications",
                "listUserNotifications",
                "Get the notifications of the current user that are not dismissed",
                list,
            )
            .scope(Scope::UserAdmin)
            .query([
                integer("page", "Offset page number. (int)"),
                integer("limit", "Limit on the number of results (int)"),
            ])
            .internal(),
            Operation::get(
                "/user/notifications/{uuid}",
                "getUserNotification",
                "Get a notification of the current user",
                get,
            )
            .scope(Scope::UserAdmin)
            .internal(),
            Operation::put(
                "/user/notifications/{uuid}",
                "updateUserNotification",
                "Dismiss a notification of the current user, or take it out again",
                update,
            )
            .scope(Scope::UserAdmin)
            .body(Schema::new("UpdateNotification").optional(
                "dismissed",
                boolean("Whether the notification is dismissed"),
            ))
            .internal(),
        ],
    }
}

#[derive(Serialize)]
struct Row {
    id: String,
    organization: Option<Namespace>,
    kind: String,
    created: String,
    metadata: Map<String, Value>,
    dismissed: bool,
}

impl From<NotificationView> for Row {
    fn from(view: NotificationView) -> Self {
        Self {
            id: view.uuid,
            organization: view.organization,
            kind: view.kind,
            created: rfc_822(view.created_at),
            metadata: view.metadata,
            dismissed: view.dismissed,
        }
    }
}

#[derive(Serialize)]
struct List {
    notifications: Vec<Row>,
    additional: bool,
}

async fn list(call: Call) -> Outcome {
    let number = |name| call.query.integer(name);
    let page = number("page").map_or(0, |page| u32::try_from(page).unwrap_or(0));
    let most = PageRequest::<()>::LIMIT_MAX;
    let limit = number("limit").map_or(LIMIT, |limit| usize::try_from(limit).unwrap_or(most));
    let notifications = &call.services.notifications;
    let page = notifications
        .numbered_page(&call.actor, page, limit)
        .await?;
    Answer::ok(&List {
        additional: page.has_more,
        notifications: page.items.into_iter().map(Row::from).collect(),
    })
}

async fn get(call: Call) -> Outcome {
    let (notifications, uuid) = (&call.services.notifications, call.parameter("uuid"));
    let view = notifications.get(&call.actor, uuid).await?;
    Answer::ok(&Row::from(view))
}

#[derive(Deserialize)]
struct Update {
    dismissed: Option<bool>,
}

async fn update(call: Call) -> Outcome {
    let body: Update = call.body()?;
    let (notifications, uuid) = (&call.services.notifications, call.parameter("uuid"));
    let view = match body.dismissed {
        Some(dismissed) => notifications.dismiss(&call.actor, uuid, dismissed).await?,
        None => notifications.get(&call.actor, uuid).await?,
    };
    Answer::ok(&Row::from(view))
}
