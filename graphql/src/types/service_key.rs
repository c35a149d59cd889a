//! Keys of services.

use async_graphql::{Json, Object};
use berth_services::service_keys::ServiceKeyView;
use serde_json::{Map, Value};

use crate::connection::connection;
use crate::scalars::DateTime;

/// A key of a service.
#[derive(Clone)]
pub(crate) struct ServiceKey(pub(crate) ServiceKeyView);

connection!(
    ServiceKeyConnection,
    ServiceKeyEdge,
    ServiceKey,
    "keys of services"
);

/// A key of a service: one that this registry signs its own tokens with, or one that was made for a service beside it,
/// whose public half stands at `/keys/services/<service>/keys`.
#[Object]
impl ServiceKey {
    /// Its id, the RFC 7638 thumbprint.
    async fn kid(&self) -> &str {
        &self.0.kid
    }

    /// Whose it is.
    async fn service(&self) -> &str {
        &self.0.service
    }

    /// What people call it; may be empty.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The public half as JSON Web Key.
    async fn jwk(&self) -> Json<&Value> {
        Json(&self.0.jwk)
    }

    /// Data of whoever made it.
    async fn metadata(&self) -> Json<&Map<String, Value>> {
        Json(&self.0.metadata)
    }

    /// Who vouches for it; null for those that the registry makes for itself.
    async fn approver(&self) -> Option<&str> {
        self.0.approver.as_deref()
    }

    /// Since when somebody does.
    async fn approved_at(&self) -> DateTime {
        self.0.approved_at.into()
    }

    /// Why; may be empty.
    async fn notes(&self) -> &str {
        &self.0.notes
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it ends; null for one without an end.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(Into::into)
    }

    /// True for those that the registry signs, or signed, its own tokens with: it makes, replaces and removes them by
    /// itself.
    async fn is_own(&self) -> bool {
        self.0.is_own
    }
}
