//! What the list asks for: the viewer's organizations, and for superusers every namespace.

use cynic::QueryBuilder;

use crate::{
    api::{Answer, Api},
    components::Listing,
    fragments::{BigInt, DateTime, PageInfo},
    schema, session,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    first: i32,
    after: Option<String>,
    search: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct OrganizationsQuery {
    #[arguments(first: $first, after: $after, filter: { search: $search })]
    organizations: OrganizationConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct OrganizationConnection {
    nodes: Vec<Organization>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Organization {
    id: cynic::Id,
    name: String,
    avatar: session::Avatar,
    created_at: DateTime,
    repository_count: i32,
    robot_count: Option<i32>,
    size_bytes: Option<BigInt>,
    last_pushed_at: Option<DateTime>,
    member_count: Option<i32>,
    viewer_can_administer: bool,
}

/// Whose a namespace is.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamespaceKind {
    User,
    Organization,
}

impl NamespaceKind {
    /// What the URL calls it.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Organization => "organization",
        }
    }

    /// The kind of that key.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        [Self::User, Self::Organization]
            .into_iter()
            .find(|kind| kind.key() == key)
    }
}

/// Narrows the list of all namespaces.
#[derive(cynic::InputObject, Debug)]
struct NamespaceFilter {
    #[cynic(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    kind: Option<NamespaceKind>,
}

#[derive(cynic::QueryVariables, Debug)]
struct NamespacesVariables {
    first: i32,
    after: Option<String>,
    filter: NamespaceFilter,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "NamespacesVariables")]
struct NamespacesQuery {
    administration: Option<Administration>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "NamespacesVariables")]
struct Administration {
    #[arguments(first: $first, after: $after, filter: $filter)]
    namespaces: NamespaceConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct NamespaceConnection {
    nodes: Vec<Namespace>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
enum Namespace {
    Organization(AnyOrganization),
    User(User),
    #[cynic(fallback)]
    Other,
}

/// An organization as superusers list it.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Organization")]
struct AnyOrganization {
    id: cynic::Id,
    name: String,
    avatar: session::Avatar,
    created_at: DateTime,
    contents: Option<NamespaceContents>,
    member_count: Option<i32>,
    viewer_can_administer: bool,
}

/// The namespace of a user.
#[derive(cynic::QueryFragment, Debug, Clone)]
struct User {
    id: cynic::Id,
    name: String,
    avatar: session::Avatar,
    created_at: DateTime,
    contents: Option<NamespaceContents>,
    is_superuser: Option<bool>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct NamespaceContents {
    repository_count: i32,
    robot_count: i32,
    size_bytes: BigInt,
    last_pushed_at: Option<DateTime>,
}

/// What a row shows, whichever list it came from.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) color: String,
    pub(super) kind: NamespaceKind,
    pub(super) created_at: DateTime,
    pub(super) repositories: i32,
    pub(super) robots: Option<i32>,
    pub(super) size: Option<BigInt>,
    pub(super) last_pushed_at: Option<DateTime>,
    pub(super) members: Option<i32>,
    /// Whether the viewer deletes it as its administrator.
    pub(super) administered: bool,
    /// Whether a superuser may take it over.
    pub(super) takeable: bool,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) lines: Vec<Line>,
    pub(super) next: Option<String>,
    pub(super) total: Option<i32>,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) first: i32,
    pub(super) after: Option<String>,
    pub(super) search: Option<String>,
    pub(super) kind: Option<NamespaceKind>,
}

/// The organizations of the viewer.
pub(super) fn own(api: Api, listing: Listing, question: Question) -> Answer<Listed> {
    let Question {
        first,
        after,
        search,
        ..
    } = question;
    let variables = Variables {
        first,
        after,
        search,
    };
    let answer = api.run(listing.sends(OrganizationsQuery::build(variables)));
    Box::pin(async move {
        let OrganizationConnection {
            nodes,
            page_info,
            total_count,
        } = answer.await?.organizations;
        Ok(Listed {
            lines: nodes.into_iter().map(Line::from).collect(),
            next: page_info.next(),
            total: total_count,
        })
    })
}

/// All namespaces, for superusers; whoever lost the right meanwhile gets its own organizations.
pub(super) fn all(api: Api, listing: Listing, question: Question) -> Answer<Listed> {
    let variables = NamespacesVariables {
        first: question.first,
        after: question.after.clone(),
        filter: NamespaceFilter {
            search: question.search.clone(),
            kind: question.kind,
        },
    };
    let answer = api.run(listing.sends(NamespacesQuery::build(variables)));
    Box::pin(async move {
        let Some(administration) = answer.await?.administration else {
            return own(api, listing, question).await;
        };
        let NamespaceConnection {
            nodes,
            page_info,
            total_count,
        } = administration.namespaces;
        Ok(Listed {
            lines: nodes.into_iter().filter_map(Line::of).collect(),
            next: page_info.next(),
            total: total_count,
        })
    })
}

impl From<Organization> for Line {
    fn from(organization: Organization) -> Self {
        Self {
            id: organization.id.into_inner(),
            name: organization.name,
            color: organization.avatar.color,
            kind: NamespaceKind::Organization,
            created_at: organization.created_at,
            repositories: organization.repository_count,
            robots: organization.robot_count,
            size: organization.size_bytes,
            last_pushed_at: organization.last_pushed_at,
            members: organization.member_count,
            administered: organization.viewer_can_administer,
            takeable: true,
        }
    }
}

impl Line {
    fn of(namespace: Namespace) -> Option<Self> {
        match namespace {
            Namespace::Organization(AnyOrganization {
                id,
                name,
                avatar,
                created_at,
                contents,
                member_count,
                viewer_can_administer,
            }) => Some(Self {
                members: member_count,
                administered: viewer_can_administer,
                ..Self::with(id, name, avatar, created_at, contents)
            }),
            Namespace::User(User {
                id,
                name,
                avatar,
                created_at,
                contents,
                is_superuser,
            }) => Some(Self {
                kind: NamespaceKind::User,
                takeable: is_superuser == Some(false),
                ..Self::with(id, name, avatar, created_at, contents)
            }),
            Namespace::Other => None,
        }
    }

    /// An organization that nobody administers, to be filled in.
    fn with(
        id: cynic::Id,
        name: String,
        avatar: session::Avatar,
        created_at: DateTime,
        contents: Option<NamespaceContents>,
    ) -> Self {
        let (repositories, robots, size, last_pushed_at) = match contents {
            Some(contents) => (
                contents.repository_count,
                Some(contents.robot_count),
                Some(contents.size_bytes),
                contents.last_pushed_at,
            ),
            None => (0, None, None, None),
        };
        Self {
            id: id.into_inner(),
            name,
            color: avatar.color,
            kind: NamespaceKind::Organization,
            created_at,
            repositories,
            robots,
            size,
            last_pushed_at,
            members: None,
            administered: false,
            takeable: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(is_superuser: Option<bool>) -> Namespace {
        Namespace::User(User {
            id: cynic::Id::new("u1"),
            name: "ann".into(),
            avatar: session::Avatar {
                color: "#000000".into(),
            },
            created_at: DateTime("2026-01-01T00:00:00.000Z".into()),
            contents: Some(NamespaceContents {
                repository_count: 2,
                robot_count: 0,
                size_bytes: BigInt("7".into()),
                last_pushed_at: None,
            }),
            is_superuser,
        })
    }

    #[test]
    fn a_users_namespace_is_none_that_this_list_deletes() {
        let line = Line::of(user(Some(false))).unwrap();
        assert_eq!((line.kind, line.administered), (NamespaceKind::User, false));
        assert_eq!((line.repositories, line.members), (2, None));
        assert!(line.takeable);
    }

    #[test]
    fn a_superuser_is_not_taken_over() {
        for is_superuser in [Some(true), None] {
            assert!(!Line::of(user(is_superuser)).unwrap().takeable);
        }
    }

    #[test]
    fn kinds_are_known_by_their_keys() {
        for kind in [NamespaceKind::User, NamespaceKind::Organization] {
            assert_eq!(NamespaceKind::of_key(kind.key()), Some(kind));
        }
        assert_eq!(NamespaceKind::of_key(""), None);
    }
}
