//! Repositories (R1, R3, R4, R6, R7).

use std::collections::{BTreeMap, HashSet};

use axum::http::StatusCode;
use berth_domain::{
    AccountKind, Error, Namespace, Noun, Page, PageRequest, RepositoryId, RepositoryName,
    RepositoryPath, RepositoryRole, RepositoryState, Scope, Timestamp, Visibility,
};
use berth_services::many::Selection;
use berth_services::repositories::{
    Filter, LiveTag, RepositoryDetails, RepositoryKey, RepositoryView, Sort,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::paging;
use crate::parameters::{NEXT_PAGE, next_page, switch, switch_on, text as text_parameter};
use crate::schema::{Schema, boolean, by_name, choice, integer_from, list as list_of, text};
use crate::wire::rfc_822;

/// Name of the list in its page tokens.
const LIST: &str = "repositories";
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
            .query([switch_on(
                "includeTags",
                "Whether to include repository tags",
            )])
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
            .optional("is_starred", boolean(STARRED))
    }

    fn new(call: &Call, view: RepositoryView, starred: &HashSet<RepositoryId>) -> Self {
        let is_starred = starred.contains(&view.repository.id);
        let repository = view.repository;
        let pushed_at = repository.last_pushed_at;
        let pushed_at = Value::from(pushed_at.map(Timestamp::as_seconds));
        Self {
            is_public: repository.visibility == Visibility::Public,
            state: state(repository.state),
            namespace: repository.namespace,
            name: repository.name,
            description: non_empty(repository.description),
            kind: KIND,
            last_modified: call.query.is_on("last_modified").then_some(pushed_at),
            is_starred: (!call.actor.is_anonymous()).then_some(is_starred),
        }
    }
}

const fn state(state: RepositoryState) -> &'static str {
    match state {
        RepositoryState::Normal => "NORMAL",
        RepositoryState::ReadOnly => "READ_ONLY",
        RepositoryState::Mirror => "MIRROR",
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
    let rows = page.items.into_iter();
    Answer::ok(&List {
        repositories: rows.map(|view| Row::new(&call, view, &starred)).collect(),
        next_page,
    })
}

/// A repository by itself.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "clients know these fields")]
struct Repository {
    namespace: Namespace,
    name: RepositoryName,
    kind: &'static str,
    description: Option<String>,
    is_public: bool,
    is_organization: bool,
    is_starred: bool,
    /// Opens the picture of a private repository's state; there are no such pictures.
    status_token: &'static str,
    trust_enabled: bool,
    tag_expiration_s: u64,
    is_free_account: bool,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<BTreeMap<String, Tag>>,
    can_write: bool,
    can_admin: bool,
}

#[derive(Serialize)]
struct Tag {
    name: String,
    size: u64,
    last_modified: String,
    manifest_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
}

impl Repository {
    fn schema() -> Schema {
        described(Schema::new("Repository"))
            .required("is_organization", boolean("Whether an organization has it"))
            .required("is_starred", boolean(STARRED))
            .required("status_token", text("Empty: its state has no picture"))
            .required("trust_enabled", boolean("False: tags are not signed here"))
            .required(
                "tag_expiration_s",
                integer_from(0, "Seconds for which deleted tags can be restored"),
            )
            .required("is_free_account", boolean("True: nothing is billed"))
            .optional("tags", by_name(Tag::schema(), "Its tags by name"))
            .required("can_write", boolean("Whether the caller may push"))
            .required("can_admin", boolean("Whether the caller administers it"))
    }

    fn new(details: RepositoryDetails, is_starred: bool) -> Self {
        let view = details.view;
        let repository = view.repository;
        let is_normal = repository.state == RepositoryState::Normal;
        let tags = details.tags.map(|tags| {
            let by_name = |tag: LiveTag| (tag.name.to_string(), tag.into());
            tags.into_iter().map(by_name).collect()
        });
        Self {
            kind: KIND,
            is_public: repository.visibility == Visibility::Public,
            is_organization: details.namespace_kind == AccountKind::Organization,
            is_starred,
            status_token: "",
            trust_enabled: false,
            tag_expiration_s: details.tag_expiration.as_secs(),
            is_free_account: true,
            state: state(repository.state),
            tags,
            can_write: is_normal && view.role >= Some(RepositoryRole::Write),
            can_admin: view.role >= Some(RepositoryRole::Admin),
            namespace: repository.namespace,
            name: repository.name,
            description: non_empty(repository.description),
        }
    }
}

impl Tag {
    fn schema() -> Schema {
        Schema::new("RepositoryTag")
            .required("name", text("Its name"))
            .required("size", integer_from(0, "Bytes of what it leads to"))
            .required(
                "last_modified",
                text("Since when it leads there, as in RFC 822"),
            )
            .required("manifest_digest", text("The digest of its manifest"))
            .optional("expiration", text("When it ends, as in RFC 822"))
    }
}

impl From<LiveTag> for Tag {
    fn from(tag: LiveTag) -> Self {
        Self {
            name: tag.name.to_string(),
            size: tag.content_bytes,
            last_modified: rfc_822(tag.started_at),
            manifest_digest: tag.digest.to_string(),
            expiration: tag.expires_at.map(rfc_822),
        }
    }
}

async fn get(call: Call) -> Outcome {
    let path = call.repository()?;
    let with_tags = call.query.is_on("includeTags");
    let repositories = &call.services.repositories;
    let details = repositories.details(&call.actor, &path, with_tags).await?;
    let id = details.view.repository.id;
    let starred = repositories.starred_among(&call.actor, &[id]).await?;
    Answer::ok(&Repository::new(details, !starred.is_empty()))
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
    let id = find_to_change(&call).await?.repository.id;
    let repositories = &call.services.repositories;
    repositories
        .describe(&call.actor, id, &body.description)
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
