//! Repositories (R1, R3, R4, R6, R7).

mod details;

use std::collections::{HashMap, HashSet};

use axum::http::StatusCode;
use berth_domain::{
    Error, Namespace, Noun, Page, PageRequest, RepositoryId, RepositoryName, RepositoryPath,
    RepositoryState, Scope, Timestamp, Visibility,
};
use berth_services::many::Selection;
use berth_services::repositories::{Filter, RepositoryKey, RepositoryUsage, RepositoryView, Sort};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::details::Repository;
use super::search::popularity;
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::paging;
use crate::parameters::{NEXT_PAGE, next_page, switch, switch_on, text as text_parameter};
use crate::schema::{Schema, boolean, choice, integer_from, list as list_of, number, text};

/// Name of the list in its page tokens.
const LIST: &str = "repositories";
/// The states of a repository, as clients call them.
const STATES: [&str; 3] = [
    RepositoryState::Normal.in_capitals(),
    RepositoryState::ReadOnly.in_capitals(),
    RepositoryState::Mirror.in_capitals(),
];
/// The one kind of repositories.
const KIND: &str = "image";
const STARRED: &str = "Whether the caller has starred it";

pub(super) fn group() -> Group {
    let visibility = || choice(&["public", "private"], "Who can pull from the repository");
    let new = Schema::new("NewRepo")
        .required("repository", text("Repository name"))
        .required("visibility", visibility())
        .required("description", text("Markdown encoded description for the repository"))
        .optional(
            "namespace",
            text("Namespace in which the repository should be created. If omitted, the username of the caller is used"),
        )
        .optional("repo_kind", choice(&[KIND], "The kind of repository").or_null());
    Group {
        tag: "repository",
        description: "List, create and manage repositories",
        operations: vec![
            Operation::post(
                "/repository",
                "createRepo",
                "Create a new repository",
                create,
            )
            .scope(Scope::RepoCreate)
            .body(new)
            .succeeds(StatusCode::CREATED, "Created")
            .answers(Created::schema()),
            Operation::get(
                "/repository",
                "listRepos",
                "Fetch the list of repositories visible to the current user",
                list,
            )
            .scope_or_public(Scope::RepoRead)
            .query([
                next_page(),
                text_parameter("repo_kind", "The kind of repositories to return"),
                switch(
                    "popularity",
                    "Whether to include the repository's popularity metric.",
                ),
                switch(
                    "last_modified",
                    "Whether to include when the repository was last modified.",
                ),
                switch(
                    "public",
                    "Adds any repositories visible to the user by virtue of being public",
                ),
                switch(
                    "starred",
                    "Filters the repositories returned to those starred by the user",
                ),
                text_parameter(
                    "namespace",
                    "Filters the repositories returned to this namespace",
                ),
            ])
            .answers(List::schema()),
            Operation::get(
                "/repository/{repository}",
                "getRepo",
                "Fetch the specified repository",
                get,
            )
            .scope_or_public(Scope::RepoRead)
            .query([
                switch_on("includeTags", "Whether to include repository tags"),
                switch(
                    "includeStats",
                    "Whether to include action statistics of the last 92 days",
                ),
            ])
            .answers(Repository::schema()),
            Operation::put(
                "/repository/{repository}",
                "updateRepo",
                "Update the description in the specified repository",
                describe,
            )
            .scope(Scope::RepoWrite)
            .body(Schema::new("RepoUpdate").required(
                "description",
                text("Markdown encoded description for the repository"),
            ))
            .answers(Success::schema()),
            Operation::delete(
                "/repository/{repository}",
                "deleteRepository",
                "Delete a repository",
                delete,
            )
            .scope(Scope::RepoAdmin),
            Operation::post(
                "/repository/{repository}/changevisibility",
                "changeRepoVisibility",
                "Change the visibility of a repository",
                change_visibility,
            )
            .scope(Scope::RepoAdmin)
            .body(Schema::new("ChangeVisibility").required("visibility", visibility()))
            .answers(Success::schema()),
            Operation::put(
                "/repository/{repository}/changestate",
                "changeRepoState",
                "Change the state of a repository",
                change_state,
            )
            .scope(Scope::RepoAdmin)
            .body(Schema::new("ChangeRepoState").required(
                "state",
                choice(&STATES, "Whether the repository takes pushes"),
            ))
            .answers(Success::schema()),
        ],
    }
}

#[derive(Deserialize)]
struct NewRepository {
    repository: String,
    visibility: String,
    description: String,
    namespace: Option<String>,
}

#[derive(Serialize)]
struct Created {
    namespace: Namespace,
    name: RepositoryName,
    kind: &'static str,
}

impl Created {
    fn schema() -> Schema {
        named(Schema::new("CreatedRepository")).required("kind", text(KIND))
    }
}

/// With what a repository is called.
fn named(schema: Schema) -> Schema {
    schema
        .required("namespace", text("The user or organization that has it"))
        .required("name", text("Its name in the namespace"))
}

/// With what every look at a repository tells.
fn described(schema: Schema) -> Schema {
    named(schema)
        .required("kind", text(KIND))
        .nullable("description", text("Markdown"))
        .required("is_public", boolean("Whether everybody may pull"))
        .required("state", text("NORMAL, READ_ONLY or MIRROR"))
}

async fn create(call: Call) -> Outcome {
    let body: NewRepository = call.body()?;
    let namespace = match &body.namespace {
        Some(namespace) => namespace
            .parse()
            .map_err(|_| Error::Hidden(Noun::Namespace))?,
        None => call.own_namespace()?,
    };
    let name: RepositoryName = body.repository.parse().map_err(refused)?;
    let made = call
        .services
        .repositories
        .create(
            &call.actor,
            &namespace,
            &name,
            visibility(&body.visibility)?,
            &body.description,
        )
        .await
        .map_err(refused)?;
    Answer::created(&Created {
        namespace: made.repository.namespace,
        name: made.repository.name,
        kind: KIND,
    })
}

fn refused(error: Error) -> Failure {
    match error {
        Error::Invalid {
            kind: berth_domain::Invalid::RepositoryName,
            ..
        } => Failure::invalid("Invalid repository name"),
        Error::AlreadyExists { .. } => Failure::invalid("Repository already exists"),
        // Here nobody is told whether it is the right or the namespace that is missing.
        Error::NotFound {
            noun: Noun::Namespace,
            ..
        } => Failure::forbidden(),
        other => other.into(),
    }
}

fn visibility(text: &str) -> Result<Visibility, Failure> {
    Ok(text.parse()?)
}

/// A repository in a list. What was not asked for is absent.
#[derive(Serialize)]
struct Row {
    namespace: Namespace,
    name: RepositoryName,
    description: Option<String>,
    is_public: bool,
    kind: &'static str,
    state: &'static str,
    /// Seconds; null until something was pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<Value>,
    /// Pulls of the last thirty days.
    #[serde(skip_serializing_if = "Option::is_none")]
    popularity: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_starred: Option<bool>,
}

impl Row {
    fn schema() -> Schema {
        described(Schema::new("ListedRepository"))
            .optional(
                "last_modified",
                integer_from(0, "When it was last pushed to, in seconds since 1970").or_null(),
            )
            .optional(
                "popularity",
                number("How often it was pulled from in thirty days"),
            )
            .optional("is_starred", boolean(STARRED))
    }

    fn new(
        call: &Call,
        view: RepositoryView,
        starred: &HashSet<RepositoryId>,
        usage: Option<&HashMap<RepositoryId, RepositoryUsage>>,
    ) -> Self {
        let is_starred = starred.contains(&view.repository.id);
        let usage = usage.map(|usage| usage.get(&view.repository.id).copied());
        let repository = view.repository;
        let pushed_at = repository.last_pushed_at;
        let pushed_at = Value::from(pushed_at.map(Timestamp::as_seconds));
        Self {
            is_public: repository.visibility == Visibility::Public,
            state: repository.state.in_capitals(),
            namespace: repository.namespace,
            name: repository.name,
            description: non_empty(repository.description),
            kind: KIND,
            last_modified: call.query.is_on("last_modified").then_some(pushed_at),
            popularity: usage.map(|usage| popularity(usage.unwrap_or_default())),
            is_starred: (!call.actor.is_anonymous()).then_some(is_starred),
        }
    }
}

pub(super) fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[derive(Serialize)]
struct List {
    repositories: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
}

impl List {
    fn schema() -> Schema {
        Schema::new("Repositories")
            .required("repositories", list_of(Row::schema(), "Those of the page"))
            .optional("next_page", text(NEXT_PAGE))
    }
}

async fn list(call: Call) -> Outcome {
    let query = &call.query;
    let (namespace, starred) = (query.text("namespace"), query.is_on("starred"));
    let public = query.is_on("public");
    if namespace.is_none() && !starred && !public {
        return Err(Failure::invalid(
            "namespace, starred or public are required for this API call",
        ));
    }
    if starred && call.actor.is_anonymous() {
        return Err(Failure::message(
            "Authentication is required to list starred repositories",
        ));
    }
    let other_kind = query.text("repo_kind").is_some_and(|kind| kind != KIND);
    let request = paging::request::<RepositoryPath>(&call, LIST);
    let (repositories, actor) = (&call.services.repositories, &call.actor);
    // What is no name of a namespace is the name of none.
    let filter = Filter {
        namespace: namespace.map(str::to_owned),
        ..Filter::default()
    };
    let page = if other_kind {
        Page {
            items: Vec::new(),
            has_more: false,
        }
    } else if starred {
        let after = request.after.map(RepositoryKey::Name);
        let request = PageRequest::new(after, request.limit);
        let listed = repositories.starred(actor, &filter, Sort::BY_NAME, &request);
        listed.await?
    } else {
        let listed = repositories.list(actor, &filter, public, &request);
        listed.await?
    };
    let next_page = paging::next(&call, LIST, &page, |view| view.repository.path());
    let ids: Vec<RepositoryId> = page.items.iter().map(|view| view.repository.id).collect();
    let starred = repositories.starred_among(actor, &ids).await?;
    let usage = if query.is_on("popularity") {
        Some(repositories.usage(actor, &ids).await?)
    } else {
        None
    };
    let rows = page.items.into_iter();
    Answer::ok(&List {
        repositories: rows
            .map(|view| Row::new(&call, view, &starred, usage.as_ref()))
            .collect(),
        next_page,
    })
}

async fn get(call: Call) -> Outcome {
    let path = call.repository()?;
    let with_tags = call.query.is_on("includeTags");
    let repositories = &call.services.repositories;
    let details = repositories.details(&call.actor, &path, with_tags).await?;
    let id = details.view.repository.id;
    let starred = repositories.starred_among(&call.actor, &[id]).await?;
    let mut pulls = None;
    if call.query.is_on("includeStats") {
        let mut found = repositories.pulls(&call.actor, &[id]).await?;
        pulls = Some(found.remove(&id).unwrap_or_default());
    }
    Answer::ok(&Repository::new(details, !starred.is_empty(), pulls))
}

#[derive(Deserialize)]
struct Description {
    description: String,
}

#[derive(Serialize)]
struct Success {
    success: bool,
}

impl Success {
    fn schema() -> Schema {
        Schema::new("Success").required("success", boolean("True"))
    }
}

async fn describe(call: Call) -> Outcome {
    let body: Description = call.body()?;
    let (repositories, path) = (&call.services.repositories, call.repository()?);
    let found = repositories.by_path_to_describe(&call.actor, &path).await?;
    repositories
        .describe(&call.actor, found.repository.id, &body.description)
        .await?;
    Answer::ok(&Success { success: true })
}

/// One that is not there is as good as deleted, unless the path means something below one that is.
async fn delete(call: Call) -> Outcome {
    let (repositories, actor) = (&call.services.repositories, &call.actor);
    let path = call.repository()?;
    let id = match repositories.by_path_to_administer(actor, &path).await {
        Ok(view) => view.repository.id,
        Err(Error::NotFound { .. }) => {
            for above in above(&path) {
                if repositories.is_seen(actor, &above).await? {
                    return Err(Failure::not_found());
                }
            }
            return Ok(Answer::no_content());
        }
        Err(other) => return Err(other.into()),
    };
    repositories.delete(actor, Selection::Items(&[id])).await?;
    Ok(Answer::no_content())
}

/// The repositories that a nested one would be below.
fn above(path: &RepositoryPath) -> Vec<RepositoryPath> {
    let name = path.name.as_str();
    name.match_indices('/')
        .filter_map(|(end, _)| name.get(..end)?.parse().ok())
        .map(|name| RepositoryPath::new(path.namespace.clone(), name))
        .collect()
}

#[derive(Deserialize)]
struct NewVisibility {
    visibility: String,
}

async fn change_visibility(call: Call) -> Outcome {
    let body: NewVisibility = call.body()?;
    let id = find_to_change(&call).await?.repository.id;
    let repositories = &call.services.repositories;
    let selection = Selection::Items(&[id]);
    repositories
        .change_visibility(&call.actor, selection, visibility(&body.visibility)?)
        .await?;
    Answer::ok(&Success { success: true })
}

#[derive(Deserialize)]
struct NewState {
    state: String,
}

async fn change_state(call: Call) -> Outcome {
    let body: NewState = call.body()?;
    // The description lets no other text in.
    let state = body.state.to_ascii_lowercase().parse()?;
    let id = find_to_change(&call).await?.repository.id;
    let repositories = &call.services.repositories;
    repositories.change_state(&call.actor, id, state).await?;
    Answer::ok(&Success { success: true })
}

/// The repository in the path.
pub(super) async fn find(call: &Call) -> Result<RepositoryView, Failure> {
    let path = call.repository()?;
    let found = call.services.repositories.by_path(&call.actor, &path).await;
    Ok(found?)
}

/// The repository in the path, for who is about to change it.
pub(super) async fn find_to_change(call: &Call) -> Result<RepositoryView, Failure> {
    let (repositories, path) = (&call.services.repositories, call.repository()?);
    let found = repositories.by_path_to_administer(&call.actor, &path).await;
    Ok(found?)
}
