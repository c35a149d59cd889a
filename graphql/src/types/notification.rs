//! The bell.

use async_graphql::{Json, Object};
use berth_services::notifications::NotificationView;
use serde_json::{Map, Value};

use crate::connection::connection;
use crate::scalars::DateTime;

/// Something that the viewer is told.
#[derive(Clone)]
pub(crate) struct Notification(pub(crate) NotificationView);

connection!(
    NotificationConnection,
    NotificationEdge,
    Notification,
    "what the viewer is told",
    unread_count: "How much there is that the viewer has not put away; counted where it is asked for."
);

/// Something that the viewer is told.
#[Object]
impl Notification {
    /// Names it, for `dismissNotification`.
    async fn uuid(&self) -> &str {
        &self.0.uuid
    }

    /// What happened, such as `org_team_invite`, `assigned_authorization`, `service_key_expiring` or `maintenance`.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// Name of the organization that it is about, as it is today; null where it is about none.
    async fn organization(&self) -> Option<&str> {
        self.0
            .organization
            .as_ref()
            .map(berth_domain::Namespace::as_str)
    }

    /// The names it speaks of; which there are follows from the kind.
    async fn metadata(&self) -> Json<&Map<String, Value>> {
        Json(&self.0.metadata)
    }

    /// Whether the viewer has put it away.
    async fn dismissed(&self) -> bool {
        self.0.dismissed
    }

    /// When it happened.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}
