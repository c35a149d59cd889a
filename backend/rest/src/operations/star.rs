//! Repositories that a user keeps at hand.

use axum::http::StatusCode;
use berth_domain::{
    Error, Namespace, PageRequest, RepositoryName, RepositoryPath, Scope, Visibility,
};
use berth_services::repositories::{Filter, RepositoryKey, RepositoryView, Sort};
use serde::{Deserialize, Serialize};

use super::repository::non_empty;
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::paging;
use crate::parameters::{NEXT_PAGE, next_page};
use crate::schema::{Schema, boolean, list as list_of, text};

/// Name of the list in its page tokens.
const LIST: &str = "starred";

pub(super) fn group() -> Group {
    Group {
        tag: super::user::TAG,
        description: super::user::DESCRIPTION,
        operations: vec![
            Operation::get(
                "/user/starred",
                "listStarredRepos",
                "List all starred repositories",
                list,
            )
            .scope(Scope::UserAdmin)
            .query([next_page()])
            .answers(List::schema()),
            Operation::post("/user/starred", "createStar", "Star a repository", star)
                .scope(Scope::UserAdmin)
                .body(
                    Schema::new("NewStarredRepository")
                        .required(
                            "namespace",
                            text("Namespace in which the repository belongs"),
                        )
                        .required("repository", text("Repository name")),
                )
                .succeeds(StatusCode::CREATED, "Created")
                .answers(Starred::schema()),
            Operation::delete(
                "/user/starred/{repository}",
                "deleteStar",
                "Removes a star from a repository",
                unstar,
            )
            .scope(Scope::UserAdmin),
        ],
    }
}

#[derive(Serialize)]
struct Row {
    namespace: Namespace,
    name: RepositoryName,
    description: Option<String>,
    is_public: bool,
}

impl Row {
    fn schema() -> Schema {
        Schema::new("StarredRepository")
            .required("namespace", text("The user or organization that has it"))
            .required("name", text("Its name in the namespace"))
            .nullable("description", text("Markdown"))
            .required("is_public", boolean("Whether everybody may pull"))
    }
}

impl From<RepositoryView> for Row {
    fn from(view: RepositoryView) -> Self {
        let repository = view.repository;
        Self {
            is_public: repository.visibility == Visibility::Public,
            namespace: repository.namespace,
            name: repository.name,
            description: non_empty(repository.description),
        }
    }
}

#[derive(Serialize)]
struct List {
    repositories: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
}

impl List {
    fn schema() -> Schema {
        Schema::new("StarredRepositories")
            .required("repositories", list_of(Row::schema(), "Those of the page"))
            .optional("next_page", text(NEXT_PAGE))
    }
}

async fn list(call: Call) -> Outcome {
    let request = paging::request::<RepositoryPath>(&call, LIST);
    let request = PageRequest::new(request.after.map(RepositoryKey::Name), request.limit);
    let (repositories, all) = (&call.services.repositories, Filter::default());
    let page = repositories.starred(&call.actor, &all, Sort::BY_NAME, &request);
    let page = page.await?;
    let next_page = paging::next(&call, LIST, &page, |view| view.repository.path());
    Answer::ok(&List {
        repositories: page.items.into_iter().map(Row::from).collect(),
        next_page,
    })
}

#[derive(Deserialize)]
struct New {
    namespace: String,
    repository: String,
}

#[derive(Serialize)]
struct Starred {
    namespace: Namespace,
    repository: RepositoryName,
}

impl Starred {
    fn schema() -> Schema {
        Schema::new("Star")
            .required("namespace", text("The user or organization that has it"))
            .required("repository", text("Its name in the namespace"))
    }
}

/// What the user may not see and what is not there are alike.
async fn star(call: Call) -> Outcome {
    let body: New = call.body()?;
    let unknown = |_| Failure::not_found();
    let path = RepositoryPath::new(
        body.namespace.parse().map_err(unknown)?,
        body.repository.parse().map_err(unknown)?,
    );
    let (repositories, actor) = (&call.services.repositories, &call.actor);
    let found = repositories.by_path(actor, &path).await;
    let id = found.map_err(absent)?.repository.id;
    repositories.star(actor, id).await.map_err(absent)?;
    Answer::created(&Starred {
        namespace: path.namespace,
        repository: path.name,
    })
}

fn absent(error: Error) -> Failure {
    match error {
        Error::Hidden(_) => Failure::not_found(),
        other => other.into(),
    }
}

async fn unstar(call: Call) -> Outcome {
    let (repositories, actor) = (&call.services.repositories, &call.actor);
    let found = repositories.by_path(actor, &call.repository()?).await;
    let id = found.map_err(absent)?.repository.id;
    repositories.unstar(actor, id).await?;
    Ok(Answer::no_content())
}
