//! A call of an operation: who asks for what, as its function gets it.

use std::sync::Arc;

use berth_domain::{Error, Namespace, Noun, RepositoryPath, Result, Secret};
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
    /// The session of the browser that asks, where that told who it is.
    pub(crate) session: Option<Secret<String>>,
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

    /// A namespace in the path. One that cannot exist is like one that is not there.
    pub(crate) fn namespace(&self, name: &str) -> Result<Namespace> {
        let name = self.parameter(name);
        name.parse().map_err(|_| self.absent(Noun::Namespace, name))
    }

    /// The repository in the path. One that cannot exist is like one that is not there.
    pub(crate) fn repository(&self) -> Result<RepositoryPath> {
        let name = self.parameter("repository");
        let path = self.services.repository_path(name);
        path.map_err(|_| self.absent(Noun::Repository, name))
    }

    /// What the caller is told of what is not there: superusers who reach everything that it is not, everybody else
    /// what they are told of what they may not know.
    pub(crate) fn absent(&self, noun: Noun, name: &str) -> Error {
        if self.actor.is_anonymous() {
            Error::unauthenticated("access to the requested resource is not authorized")
        } else if self.services.settings().users.superusers_full_access && self.actor.is_superuser()
        {
            Error::not_found(noun, name)
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
