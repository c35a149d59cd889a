//! Pushes and deletions as they happen.

use cynic::SubscriptionBuilder;

use crate::{api, schema};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    repository: cynic::Id,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Subscription", variables = "Variables")]
struct Changes {
    #[arguments(repository: $repository)]
    repository_changed: RepositoryEvent,
}

#[derive(cynic::InlineFragments, Debug)]
enum RepositoryEvent {
    TagPushed(TagPushed),
    TagDeleted(TagDeleted),
    #[expect(dead_code, reason = "that it happened is all")]
    RepositoryDeleted(RepositoryDeleted),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug)]
struct TagPushed {
    name: String,
}

#[derive(cynic::QueryFragment, Debug)]
struct TagDeleted {
    name: String,
}

#[derive(cynic::QueryFragment, Debug)]
struct RepositoryDeleted {
    #[expect(dead_code, reason = "the page knows which")]
    id: cynic::Id,
}

/// What happened in a repository.
pub(super) enum Happened {
    /// A tag points to another manifest.
    Pushed(String),
    /// A tag went.
    Deleted(String),
    /// Unknown: the connection was lost for a while.
    Gap,
    /// The repository went.
    RepositoryDeleted,
}

/// Tells what happens in a repository while the component is there.
pub(super) fn follow_repository(id: String, tell: impl Fn(Happened) + 'static) {
    let operation = Changes::build(Variables {
        repository: cynic::Id::new(id),
    });
    api::follow(&operation, move |changes: Option<Changes>| {
        tell(match changes.map(|changes| changes.repository_changed) {
            Some(RepositoryEvent::TagPushed(event)) => Happened::Pushed(event.name),
            Some(RepositoryEvent::TagDeleted(event)) => Happened::Deleted(event.name),
            Some(RepositoryEvent::RepositoryDeleted(_)) => Happened::RepositoryDeleted,
            Some(RepositoryEvent::Other) | None => Happened::Gap,
        });
    });
}
