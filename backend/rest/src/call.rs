//! A call of an operation: who asks for what, as its function gets it.

use std::sync::Arc;

use berth_domain::{Error, Namespace, Noun, RepositoryPath, Result};
use berth_http::address::PublicAddress;
use berth_services::{Actor, Services};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;
use crate::parameters::Query;
use crate::table::Table;

/// A parameter of a path, by its name in the template.
pub(crate) type PathParameter = (&'static str, String);

/// A checked call.
pub(crate) struct Call {
    pub(crate) services: Services,
    /// Who asks.
    pub(crate) actor: Actor,
    /// Under which address the client reached the registry.
    pub(crate) address: PublicAddress,
    /// What the query says.
    pub(crate) query: Query,
    /// All operations, for those that describe them.
    pub(crate) table: Arc<Table>,
    pub(crate) path: Vec<PathParameter>,
    pub(crate) body: Value,
}

impl Call {
    /// A parameter of the path.
    ///
    /// # Panics
    /// Where the template has no such parameter.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        let found = self.path.iter().find(|(parameter, _)| *parameter == name);
        let (_, value) = found.expect("the template of the operation has this parameter");
        value
    }

    /// A namespace in the path. One that cannot exist is like one that the caller may not know.
    pub(crate) fn namespace(&self, name: &str) -> Result<Namespace> {
        self.parameter(name)
            .parse()
            .map_err(|_| self.hidden(Noun::Namespace))
    }

    /// The repository in the path. One that cannot exist is like one that the caller may not know.
    pub(crate) fn repository(&self) -> Result<RepositoryPath> {
        self.services
            .repository_path(self.parameter("repository"))
            .map_err(|_| self.hidden(Noun::Repository))
    }

    fn hidden(&self, noun: Noun) -> Error {
        if self.actor.is_anonymous() {
            Error::unauthenticated("access to the requested resource is not authorized")
        } else {
            Error::Hidden(noun)
        }
    }

    /// The own namespace of the user who asks.
    pub(crate) fn own_namespace(&self) -> Result<Namespace> {
        match self.actor.principal() {
            berth_services::Principal::User { name, .. } => Ok(name.clone()),
            _ => Err(Error::unauthenticated("sign in first")),
        }
    }

    /// The body, which has the shape that the operation describes.
    ///
    /// # Errors
    /// 500 where the struct does not take what the schema lets through: a mistake of the operation.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_value(self.body.clone()).map_err(|cause| Error::internal(cause).into())
    }
}
