//! What one operation may ask for. Depth, cost and aliases are measured on the parsed document,
//! before it is validated, each fragment once however often it is spread: a document that would
//! unfold to millions of fields is refused after a walk of its own length.

mod brackets;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery, NextRequest,
    NextSubscribe,
};
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationType, Selection, SelectionSet,
};
use async_graphql::{
    Name, Request, Response, ServerError, ServerResult, Value, Variables, async_trait,
};
use futures::stream::{BoxStream, StreamExt};

use crate::batching;
use crate::connection::PAGE_DEFAULT;
use crate::context::RequestContext;
use crate::error::{ErrorCode, extensions};

/// Deepest nesting of fields; a public explorer's introspection needs 15.
pub const DEPTH_MAX: usize = 20;
/// Highest cost. A field costs 1; a page costs [`PAGE_COST`] and its rows; below a page with its
/// default length no other page fits.
pub const COMPLEXITY_MAX: usize = 10_000;
/// Most aliases in one document.
pub const ALIASES_MAX: usize = 30;
/// Longest document with its variables, in bytes; the endpoint refuses more.
pub const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;

/// A page is one or two queries of its own for each parent.
const PAGE_COST: usize = 600;
/// So is a look-up that is not batched.
const LOOKUP_COST: usize = 600;
/// Reading a secret is a transaction of its own.
const SECRET_COST: usize = 600;
/// A list without pages is taken to be this long.
const LIST_LENGTH: usize = 5;

/// Checking a password takes tens of milliseconds and 19 MiB: an operation does it once, whatever it
/// calls the field and however often it writes it.
const PASSWORD_COST: usize = COMPLEXITY_MAX / 2 + 1;

/// Deepest nesting of selections, through fragments too; validation recurses on them.
const NESTING_MAX: usize = 100;

/// Deepest nesting of brackets in a document's text; the parser recurses on them.
const BRACKETS_MAX: usize = 64;

/// Most errors of an answer. Each unknown field is one, many times as long as its name.
const ERRORS_MAX: usize = 100;

/// Lists that come in pages.
const PAGES: [&str; 26] = [
    "access",
    "appTokens",
    "applications",
    "assignedAuthorizations",
    "assignments",
    "authorizations",
    "bulkChanges",
    "collaborators",
    "defaultPermissions",
    "entities",
    "invitations",
    "members",
    "namespaces",
    "notifications",
    "organizations",
    "referrers",
    "repositories",
    "repositoryPermissions",
    "robots",
    "search",
    "serviceKeys",
    "starred",
    "tags",
    "teams",
    "tokens",
    "users",
];
/// Lists of objects that come whole.
const LISTS: [&str; 12] = [
    "accepted",
    "causes",
    "children",
    "history",
    "layers",
    "memberOf",
    "ownRoles",
    "permissions",
    "pulls",
    "reasons",
    "scopes",
    "teamPermissions",
];
/// Look-ups that are not batched, by the argument that names what is looked for.
const LOOKUPS: [(&str, &str); 5] = [
    ("application", "clientId"),
    ("bulkChange", "id"),
    ("invitation", "code"),
    ("member", "account"),
    ("team", "name"),
];
/// Lists of the schema about itself, and how long they are taken to be. Types lead to their fields, and
/// fields to their types: what costs nothing to read would be multiplied for ever.
const SCHEMA_LISTS: [(&str, usize); 8] = [
    ("args", 5),
    ("directives", 10),
    ("enumValues", 10),
    ("fields", 10),
    ("inputFields", 10),
    ("interfaces", 3),
    ("possibleTypes", 10),
    ("types", 200),
];
/// The schema is in memory: as many fields about it cost as one that is read from the database.
const SCHEMA_DISCOUNT: usize = 100;
/// Fields that check or make a password, or a key.
const PASSWORDS: [&str; 11] = [
    "changePassword",
    "convertToOrganization",
    "createServiceKey",
    "createUser",
    "generateEncryptedPassword",
    "initializeRegistry",
    "recoverAccount",
    "setUserPassword",
    "signIn",
    "signUp",
    "verifyPassword",
];

/// How much a selection asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Measure {
    /// Fields inside one another.
    depth: usize,
    /// Selections inside one another, fields or fragments.
    nesting: usize,
    cost: usize,
    aliases: usize,
}

impl Measure {
    fn beside(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            nesting: self.nesting.max(other.nesting),
            cost: self.cost.saturating_add(other.cost),
            aliases: self.aliases.saturating_add(other.aliases),
        }
    }
}

struct Meter<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    /// Fragments measured so far; `None` while one is being measured, which a cycle would meet.
    fragments: HashMap<&'a Name, Option<Measure>>,
    /// How many selections deep the walk is; a chain of thousands must not use up the stack.
    nesting: usize,
}

impl<'a> Meter<'a> {
    fn selection(&mut self, set: &'a SelectionSet) -> Measure {
        if self.nesting > NESTING_MAX {
            return Measure {
                nesting: self.nesting,
                ..Measure::default()
            };
        }
        self.nesting += 1;
        let sum = set.items.iter().fold(Measure::default(), |sum, item| {
            sum.beside(match &item.node {
                Selection::Field(field) => self.field(&field.node),
                Selection::InlineFragment(inline) => {
                    self.selection(&inline.node.selection_set.node)
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            })
        });
        self.nesting -= 1;
        Measure {
            nesting: sum.nesting + 1,
            ..sum
        }
    }

    fn fragment(&mut self, name: &Name) -> Measure {
        let document = self.document;
        // An unknown fragment, and one that spreads itself, are for validation to refuse.
        let Some((name, fragment)) = document.fragments.get_key_value(name) else {
            return Measure::default();
        };
        if let Some(measured) = self.fragments.get(name) {
            return measured.unwrap_or_default();
        }
        self.fragments.insert(name, None);
        let measure = self.selection(&fragment.node.selection_set.node);
        self.fragments.insert(name, Some(measure));
        measure
    }

    fn field(&mut self, field: &'a Field) -> Measure {
        let children = self.selection(&field.selection_set.node);
        let name = field.name.node.as_str();
        let is_leaf = field.selection_set.node.items.is_empty();
        let cost = if is_leaf {
            1
        } else if PAGES.contains(&name) {
            PAGE_COST.saturating_add(self.first(field).saturating_mul(children.cost))
        } else if LISTS.contains(&name) {
            children.cost.saturating_mul(LIST_LENGTH).saturating_add(1)
        } else if name == "nodes" && field.get_argument("ids").is_some() {
            let length = self.length(field, "ids");
            children.cost.saturating_mul(length).saturating_add(1)
        } else if LOOKUPS
            .iter()
            .any(|(lookup, by)| *lookup == name && field.get_argument(by).is_some())
        {
            LOOKUP_COST.saturating_add(children.cost)
        } else if name == "credentials" {
            SECRET_COST
        } else if PASSWORDS.contains(&name) {
            PASSWORD_COST.saturating_add(children.cost)
        } else if let Some((_, length)) = SCHEMA_LISTS.iter().find(|(list, _)| *list == name) {
            children.cost.saturating_mul(*length).saturating_add(1)
        } else if matches!(name, "__schema" | "__type") {
            1 + children.cost / SCHEMA_DISCOUNT
        } else {
            children.cost.saturating_add(1)
        };
        Measure {
            depth: children.depth + 1,
            nesting: children.nesting,
            cost,
            aliases: children
                .aliases
                .saturating_add(usize::from(field.alias.is_some())),
        }
    }

    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let value = &field.get_argument(name)?.node;
        value
            .clone()
            .into_const_with(|variable| {
                Ok::<_, ServerError>(self.variables.get(&variable).cloned().unwrap_or_default())
            })
            .ok()
    }

    fn first(&self, field: &Field) -> usize {
        match self.argument(field, "first") {
            // A number out of range is refused by the resolver; here it costs the most.
            Some(Value::Number(number)) => number
                .as_u64()
                .map_or(100, |n| usize::try_from(n).unwrap_or(100))
                .min(100),
            _ => PAGE_DEFAULT,
        }
    }

    fn length(&self, field: &Field, name: &str) -> usize {
        match self.argument(field, name) {
            Some(Value::List(list)) => list.len(),
            _ => 1,
        }
    }
}

fn too_complex(reason: &'static str, message: String) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.extensions = Some(extensions(ErrorCode::TooComplex, reason));
    error
}

/// NUL is in no name, and not every database keeps it in a text.
fn check_texts(document: &str, variables: &Variables) -> ServerResult<()> {
    if document.contains('\0') || escapes_nul(document) || variables.values().any(holds_nul) {
        let message = "a text of this request holds the character NUL, which is not kept here";
        let mut error = ServerError::new(message, None);
        error.extensions = Some(extensions(ErrorCode::InvalidInput, "INVALID_VALUE"));
        return Err(error);
    }
    Ok(())
}

/// Whether a document writes NUL as an escape. An escaped backslash before it makes it text.
fn escapes_nul(document: &str) -> bool {
    document.match_indices("\\u0000").any(|(at, _)| {
        let before = document.as_bytes()[..at].iter().rev();
        before.take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::List(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields.values().any(holds_nul),
        Value::Null | Value::Number(_) | Value::Boolean(_) | Value::Binary(_) | Value::Enum(_) => {
            false
        }
    }
}

fn check(document: &ExecutableDocument, variables: &Variables) -> ServerResult<()> {
    let mut meter = Meter {
        document,
        variables,
        fragments: HashMap::new(),
        nesting: 0,
    };
    for (_, operation) in document.operations.iter() {
        let measure = meter.selection(&operation.node.selection_set.node);
        if measure.depth > DEPTH_MAX {
            return Err(too_complex(
                "DEPTH",
                format!(
                    "this operation is {} fields deep, at most {DEPTH_MAX} are allowed",
                    measure.depth
                ),
            ));
        }
        if measure.nesting > NESTING_MAX {
            return Err(too_complex(
                "DEPTH",
                format!("this operation nests more than {NESTING_MAX} fields and fragments"),
            ));
        }
        if measure.aliases > ALIASES_MAX {
            return Err(too_complex(
                "ALIASES",
                format!(
                    "this operation has {} aliases, at most {ALIASES_MAX} are allowed",
                    measure.aliases
                ),
            ));
        }
        if measure.cost > COMPLEXITY_MAX {
            return Err(too_complex(
                "COMPLEXITY",
                format!(
                    "this operation costs {}, at most {COMPLEXITY_MAX} is allowed; ask for shorter or fewer pages",
                    measure.cost
                ),
            ));
        }
    }
    // Validation refuses them too, after it has walked from each of them to the end of its chain.
    let unused = document
        .fragments
        .keys()
        .find(|name| !meter.fragments.contains_key(name));
    match unused {
        Some(name) => Err(ServerError::new(
            format!("the fragment `{name}` is spread nowhere"),
            None,
        )),
        None => Ok(()),
    }
}

fn check_brackets(document: &str) -> ServerResult<()> {
    let nesting = brackets::nesting(document);
    if nesting > BRACKETS_MAX {
        let message =
            format!("this document nests {nesting} brackets, at most {BRACKETS_MAX} are allowed");
        return Err(too_complex("DEPTH", message));
    }
    Ok(())
}

/// Whether the operation that a request selects changes something. What cannot be read or selected
/// changes nothing; executing it says why.
pub fn is_mutation(request: &Request) -> bool {
    if check_brackets(&request.query).is_err() {
        return false;
    }
    let Ok(document) = parse_query(&request.query) else {
        return false;
    };
    document.operations.iter().any(|(name, operation)| {
        let selected = request.operation_name.is_none()
            || request.operation_name.as_deref() == name.map(Name::as_str);
        selected && operation.node.ty == OperationType::Mutation
    })
}

/// Refuses operations beyond the limits, and completes the errors of every answer. One for each request.
#[derive(Default)]
pub(crate) struct Guard {
    request_id: OnceLock<String>,
}

impl ExtensionFactory for Guard {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self::default())
    }
}

impl Guard {
    fn admit(&self, ctx: &ExtensionContext<'_>, query: &str) -> ServerResult<()> {
        if let Some(request) = ctx.data_opt::<RequestContext>() {
            // Set twice only when a connection asks twice, and then to the same.
            let _ = self.request_id.set(request.origin_id());
        }
        check_brackets(query)
    }

    /// Names the request in each error, and classes those that arose before a resolver.
    fn complete(&self, mut response: Response) -> Response {
        response.errors.truncate(ERRORS_MAX);
        for error in &mut response.errors {
            let values = error
                .extensions
                .get_or_insert_with(|| extensions(ErrorCode::InvalidInput, DOCUMENT_INVALID));
            if values.get("code").is_none() {
                values.set("code", ErrorCode::InvalidInput.as_str());
                values.set("reason", DOCUMENT_INVALID);
            }
            if let Some(id) = self.request_id.get().filter(|id| !id.is_empty()) {
                values.set("requestId", id.as_str());
            }
        }
        response
    }
}

/// Reason of errors that the document itself is the cause of.
const DOCUMENT_INVALID: &str = "DOCUMENT_INVALID";

/// A socket lives longer than a session may: it takes subscriptions, which end with their session,
/// and nothing else.
fn check_transport(ctx: &ExtensionContext<'_>, document: &ExecutableDocument) -> ServerResult<()> {
    let is_socket = ctx
        .data_opt::<RequestContext>()
        .is_some_and(RequestContext::is_socket);
    let mut operations = document.operations.iter();
    if is_socket && operations.any(|(_, op)| op.node.ty != OperationType::Subscription) {
        let mut error =
            ServerError::new("a WebSocket takes subscriptions; send others by POST", None);
        error.extensions = Some(extensions(ErrorCode::InvalidInput, "SUBSCRIPTIONS_ONLY"));
        return Err(error);
    }
    Ok(())
}

#[async_trait::async_trait]
impl Extension for Guard {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        self.complete(next.run(ctx).await)
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        batching::around(next.run(ctx, operation_name)).await
    }

    fn subscribe<'s>(
        &self,
        ctx: &ExtensionContext<'_>,
        stream: BoxStream<'s, Response>,
        next: NextSubscribe<'_>,
    ) -> BoxStream<'s, Response> {
        let guard = Self {
            request_id: self.request_id.clone(),
        };
        if let Some(request) = ctx.data_opt::<RequestContext>() {
            let _ = guard.request_id.set(request.origin_id());
        }
        next.run(ctx, stream)
            .map(move |response| guard.complete(response))
            .boxed()
    }

    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        self.admit(ctx, query)?;
        check_texts(query, variables)?;
        let document = next.run(ctx, query, variables).await?;
        check(&document, variables)?;
        check_transport(ctx, &document)?;
        Ok(document)
    }
}
