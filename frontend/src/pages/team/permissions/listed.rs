//! What the list asks for: all repositories of the organization, or those in which the team has a role.

use cynic::QueryBuilder;

use super::Key;
use crate::{
    api::{Answer, Api},
    components::Listing,
    fragments::{DateTime, PageInfo, RepositoryFilter, Role, Visibility},
    schema,
};

#[derive(cynic::QueryVariables, Debug)]
struct AllVariables {
    organization: String,
    first: i32,
    after: Option<String>,
    filter: RepositoryFilter,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "AllVariables")]
struct AllQuery {
    #[arguments(name: $organization)]
    namespace: Option<Namespace>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "AllVariables")]
struct Namespace {
    #[arguments(first: $first, after: $after, filter: $filter)]
    repositories: RepositoryConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct RepositoryConnection {
    nodes: Vec<Repository>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Repository {
    id: cynic::Id,
    name: String,
    path: String,
    visibility: Visibility,
    last_pushed_at: Option<DateTime>,
    team_permissions: Option<Vec<TeamRepositoryPermission>>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct TeamRepositoryPermission {
    name: String,
    role: Role,
}

#[derive(cynic::QueryVariables, Debug)]
struct GrantedVariables {
    team: cynic::Id,
    first: i32,
    after: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "GrantedVariables")]
struct GrantedQuery {
    #[arguments(id: $team)]
    node: Option<Node>,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
#[cynic(variables = "GrantedVariables")]
enum Node {
    Team(Team),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "GrantedVariables")]
struct Team {
    #[arguments(first: $first, after: $after)]
    repository_permissions: Option<RoleInRepositoryConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct RoleInRepositoryConnection {
    nodes: Vec<RoleInRepository>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct RoleInRepository {
    repository: GrantedRepository,
    role: Role,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Repository")]
struct GrantedRepository {
    id: cynic::Id,
    name: String,
    path: String,
    visibility: Visibility,
    last_pushed_at: Option<DateTime>,
}

/// A repository, and the role of the team in it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) path: String,
    pub(super) visibility: Visibility,
    pub(super) last_pushed_at: Option<DateTime>,
    pub(super) role: Option<Role>,
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
    pub(super) team: Key,
    pub(super) first: i32,
    pub(super) after: Option<String>,
    pub(super) search: Option<String>,
}

/// All repositories of the organization; none of it where they are hidden.
pub(super) fn all(api: Api, listing: Listing, question: Question) -> Answer<Option<Listed>> {
    let Question {
        team,
        first,
        after,
        search,
    } = question;
    let answer = api.run(listing.sends(AllQuery::build(AllVariables {
        organization: team.organization,
        first,
        after,
        filter: RepositoryFilter {
            search,
            ..RepositoryFilter::default()
        },
    })));
    Box::pin(async move {
        let Some(namespace) = answer.await?.namespace else {
            return Ok(None);
        };
        let RepositoryConnection {
            nodes,
            page_info,
            total_count,
        } = namespace.repositories;
        let lines = nodes.into_iter().map(|repository| Line {
            role: repository
                .team_permissions
                .iter()
                .flatten()
                .find(|one| one.name == team.name)
                .map(|one| one.role),
            id: repository.id.into_inner(),
            name: repository.name,
            path: repository.path,
            visibility: repository.visibility,
            last_pushed_at: repository.last_pushed_at,
        });
        Ok(Some(Listed {
            lines: lines.collect(),
            next: page_info.next(),
            total: total_count,
        }))
    })
}

/// The repositories in which the team has a role; the server does not search them.
pub(super) fn granted(api: Api, listing: Listing, question: Question) -> Answer<Option<Listed>> {
    let answer = api.run(listing.sends(GrantedQuery::build(GrantedVariables {
        team: cynic::Id::new(question.team.id),
        first: question.first,
        after: question.after,
    })));
    Box::pin(async move {
        let Some(Node::Team(Team {
            repository_permissions: Some(found),
        })) = answer.await?.node
        else {
            return Ok(None);
        };
        let RoleInRepositoryConnection {
            nodes,
            page_info,
            total_count,
        } = found;
        let lines = nodes.into_iter().map(|granted| Line {
            id: granted.repository.id.into_inner(),
            name: granted.repository.name,
            path: granted.repository.path,
            visibility: granted.repository.visibility,
            last_pushed_at: granted.repository.last_pushed_at,
            role: Some(granted.role),
        });
        Ok(Some(Listed {
            lines: lines.collect(),
            next: page_info.next(),
            total: total_count,
        }))
    })
}
