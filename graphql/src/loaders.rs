//! Batches: what many rows of one answer ask for is fetched in one call of a service.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, Loader};
use berth_domain::{AccountId, Error, ManifestId, RepositoryId, TagName, TeamId};
use berth_services::accounts::ProfileView;
use berth_services::manifests::{IndexChild, ManifestView};
use berth_services::organizations::{Contents, NamespaceCounts, NamespaceView};
use berth_services::repositories::{Pulls, RepositoryFigures, RepositoryView};
use berth_services::robots::RobotRights;
use berth_services::teams::{TeamCounts, TeamView};

use crate::context::Shared;
use crate::error::gql_ref;

/// Fetches through the services, as whoever asks.
pub(crate) struct Loaders(Arc<Shared>);

impl Loaders {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }
}

/// Asks for the figures of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Figures(pub(crate) RepositoryId);

/// Asks how often a repository was pulled from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PullsOf(pub(crate) RepositoryId);

/// Asks how much is in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Counts(pub(crate) AccountId);

/// Asks for the bytes of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Size(pub(crate) AccountId);

/// Asks how much is in a namespace, whatever the viewer sees of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct InNamespace(pub(crate) AccountId);

/// Asks for the bytes of a namespace, whatever the viewer sees of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ContentSize(pub(crate) AccountId);

/// Asks how many organizations a user administers alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Alone(pub(crate) AccountId);

/// Asks for what a user and superusers know of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Profile(pub(crate) AccountId);

/// Asks in how many repositories a robot has a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Uses(pub(crate) AccountId);

/// Asks for the teams and repositories of a robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RightsOf(pub(crate) AccountId);

/// Asks how much there is of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct OfTeam(pub(crate) TeamId);

/// Asks for the children of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Children(pub(crate) ManifestId);

/// Asks whether the viewer has starred a repository; there is a value where it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Starred(pub(crate) RepositoryId);

/// Asks for the live tags on a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TagsOn(pub(crate) ManifestId);

type Loaded<K, V> = Result<HashMap<K, V>, Arc<Error>>;

macro_rules! loader {
    ($key:ty => $value:ty, |$this:ident, $keys:ident| $body:expr) => {
        impl Loader<$key> for Loaders {
            type Value = $value;
            type Error = Arc<Error>;

            async fn load(&self, keys: &[$key]) -> Loaded<$key, $value> {
                tracing::debug!(
                    loader = stringify!($key),
                    keys = keys.len(),
                    "fetching a batch"
                );
                let ($this, $keys) = (&self.0, keys);
                $body.map_err(Arc::new)
            }
        }
    };
}

loader!(RepositoryId => RepositoryView, |shared, keys| {
    shared.services.repositories.by_ids(&shared.actor(), keys).await
});

loader!(PullsOf => Pulls, |shared, keys| {
    let ids: Vec<RepositoryId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.repositories.pulls(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|(id, value)| (PullsOf(id), value)).collect())
});

loader!(Figures => RepositoryFigures, |shared, keys| {
    let ids: Vec<RepositoryId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.repositories.figures(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|(id, value)| (Figures(id), value)).collect())
});

loader!(Starred => (), |shared, keys| {
    let ids: Vec<RepositoryId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.repositories.starred_among(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|id| (Starred(id), ())).collect())
});

loader!(AccountId => NamespaceView, |shared, keys| {
    shared.services.organizations.by_ids(&shared.actor(), keys).await
});

loader!(Counts => NamespaceCounts, |shared, keys| {
    let ids: Vec<AccountId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.organizations.counts(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|(id, value)| (Counts(id), value)).collect())
});

loader!(Size => u64, |shared, keys| {
    let ids: Vec<AccountId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.organizations.sizes(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|(id, value)| (Size(id), value)).collect())
});

loader!(InNamespace => Contents, |shared, keys| {
    let ids: Vec<AccountId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.organizations.contents(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|(id, value)| (InNamespace(id), value)).collect())
});

loader!(ContentSize => u64, |shared, keys| {
    let ids: Vec<AccountId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.organizations.content_sizes(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|(id, value)| (ContentSize(id), value)).collect())
});

loader!(Alone => u64, |shared, keys| {
    let ids: Vec<AccountId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.superuser.sole_administrations(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|(id, value)| (Alone(id), value)).collect())
});

loader!(Profile => ProfileView, |shared, keys| {
    let ids: Vec<AccountId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.accounts.profiles(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|(id, value)| (Profile(id), value)).collect())
});

loader!(Uses => u64, |shared, keys| {
    let ids: Vec<AccountId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.robots.repository_counts(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|(id, value)| (Uses(id), value)).collect())
});

loader!(RightsOf => RobotRights, |shared, keys| {
    let ids: Vec<AccountId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.robots.rights(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|(id, value)| (RightsOf(id), value)).collect())
});

loader!(TeamId => TeamView, |shared, keys| {
    shared.services.teams.by_ids(&shared.actor(), keys).await
});

loader!(OfTeam => TeamCounts, |shared, keys| {
    let ids: Vec<TeamId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.teams.counts(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|(id, value)| (OfTeam(id), value)).collect())
});

loader!(ManifestId => ManifestView, |shared, keys| {
    let found = shared.services.manifests.views(&shared.actor(), keys).await;
    found.map(|found| found.into_iter().map(|view| (view.row.id, view)).collect())
});

loader!(Children => Vec<IndexChild>, |shared, keys| {
    let ids: Vec<ManifestId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.manifests.children_of(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|(id, value)| (Children(id), value)).collect())
});

loader!(TagsOn => Vec<TagName>, |shared, keys| {
    let ids: Vec<ManifestId> = keys.iter().map(|key| key.0).collect();
    let found = shared.services.manifests.tags_on(&shared.actor(), &ids).await;
    found.map(|found| found.into_iter().map(|(id, value)| (TagsOn(id), value)).collect())
});

/// One value from the next batch.
pub(crate) async fn load<K>(
    loader: &DataLoader<Loaders>,
    key: K,
) -> async_graphql::Result<Option<<Loaders as Loader<K>>::Value>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Loaders: Loader<K, Error = Arc<Error>>,
{
    let value = loader.load_one(key).await;
    value.map_err(|error| gql_ref(&error))
}
