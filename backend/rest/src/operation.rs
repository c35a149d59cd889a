//! An operation of the API, described once: routing, checks, descriptions and answers come from it.

use std::future::Future;

use axum::http::{Method, StatusCode};
use berth_domain::Scope;
use berth_services::Settings;
use futures::future::{BoxFuture, FutureExt as _};

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::parameters::Parameter;
use crate::schema::{Schema, Shape};

/// What an operation gives.
pub(crate) type Outcome = Result<Answer, Failure>;

type Handler = Box<dyn Fn(Call) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// Operations about one noun.
pub(crate) struct Group {
    /// Clients name their classes after it.
    pub(crate) tag: &'static str,
    /// One sentence.
    pub(crate) description: &'static str,
    /// What can be done.
    pub(crate) operations: Vec<Operation>,
}

/// Who may ask at all. Services decide; this says early what they would say to everybody of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Everybody.
    Everybody,
    /// Everybody for what is public; else a user whose token, if any, has the scope.
    PublicOr(Scope),
    /// A user whose token, if any, has the scope.
    Scope(Scope),
    /// The same, and the operation itself tells all others.
    Told(Scope),
    /// Superusers, whose tokens need the scope for it, and who sees everything and changes nothing.
    Superuser,
}

/// What is done with a body.
pub(crate) enum Body {
    /// Nobody looks at it.
    Ignored,
    /// It has to be there and of this shape.
    Required(Schema),
    /// It may be missing, of any type or broken; if it is JSON it has this shape.
    Optional(Schema),
}

/// A verb on a path.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the description"
)]
pub(crate) struct Operation {
    /// The verb.
    pub(crate) method: Method,
    /// The path below `/api/v1`, with parameters in braces, in the form that descriptions show.
    pub(crate) path: &'static str,
    /// Clients name their methods after it.
    pub(crate) id: &'static str,
    /// One sentence.
    pub(crate) summary: &'static str,
    /// Parameters of the query.
    pub(crate) query: Vec<Parameter>,
    /// The body.
    pub(crate) body: Body,
    /// Who may ask at all.
    pub(crate) audience: Audience,
    /// Status of success, with what it means.
    pub(crate) success: (StatusCode, &'static str),
    /// What comes with it.
    pub(crate) answer: Option<Shape>,
    /// Whether a session must have shown the password lately.
    pub(crate) needs_fresh_login: bool,
    /// Whether a session must show its CSRF token, where the verb changes something.
    pub(crate) needs_csrf: bool,
    /// Whether it is there for anonymous callers without `FEATURE_ANONYMOUS_ACCESS`.
    pub(crate) is_always_open: bool,
    /// Whether it works while the registry is read-only.
    pub(crate) works_while_read_only: bool,
    /// Left out of the descriptions unless they are asked for all.
    pub(crate) is_internal: bool,
    /// Off, it is not there.
    pub(crate) feature: fn(&Settings) -> bool,
    handler: Handler,
}

impl Operation {
    fn new<F, Fut>(
        method: Method,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: F,
    ) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        Self {
            method,
            path,
            id,
            summary,
            query: Vec::new(),
            body: Body::Ignored,
            audience: Audience::Everybody,
            success: (StatusCode::OK, "Successful invocation"),
            answer: None,
            needs_fresh_login: false,
            needs_csrf: true,
            is_always_open: false,
            works_while_read_only: false,
            is_internal: false,
            feature: |_| true,
            handler: Box::new(move |call| handler(call).boxed()),
        }
    }

    /// An operation that reads.
    pub(crate) fn get<F, Fut>(
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: F,
    ) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        Self::new(Method::GET, path, id, summary, handler)
    }

    /// An operation that adds or does something.
    pub(crate) fn post<F, Fut>(
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: F,
    ) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        Self::new(Method::POST, path, id, summary, handler)
    }

    /// An operation that makes or changes what the path names.
    pub(crate) fn put<F, Fut>(
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: F,
    ) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        Self::new(Method::PUT, path, id, summary, handler)
    }

    /// An operation that removes what the path names; it answers 204.
    pub(crate) fn delete<F, Fut>(
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: F,
    ) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        Self::new(Method::DELETE, path, id, summary, handler)
            .succeeds(StatusCode::NO_CONTENT, "Deleted")
    }

    /// For users whose token, if any, has a scope.
    pub(crate) fn scope(mut self, scope: Scope) -> Self {
        self.audience = Audience::Scope(scope);
        self
    }

    /// For users whose token, if any, has a scope; the operation itself tells all others, in its own words.
    pub(crate) fn told_scope(mut self, scope: Scope) -> Self {
        self.audience = Audience::Told(scope);
        self
    }

    /// For users whose token, if any, has a scope, and for everybody about what is public.
    pub(crate) fn scope_or_public(mut self, scope: Scope) -> Self {
        self.audience = Audience::PublicOr(scope);
        self
    }

    /// For superusers, whose tokens need the scope for it, and for who sees everything and changes nothing: what
    /// they read.
    pub(crate) const fn superusers(mut self) -> Self {
        self.audience = Audience::Superuser;
        self
    }

    /// With parameters of the query.
    pub(crate) fn query(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.query.extend(parameters);
        self
    }

    /// With a body that has to be there.
    pub(crate) fn body(mut self, schema: Schema) -> Self {
        self.body = Body::Required(schema);
        self
    }

    /// With a body that may be missing.
    pub(crate) fn optional_body(mut self, schema: Schema) -> Self {
        self.body = Body::Optional(schema);
        self
    }

    /// With another status of success than 200.
    pub(crate) const fn succeeds(mut self, status: StatusCode, meaning: &'static str) -> Self {
        self.success = (status, meaning);
        self
    }

    /// With what comes with success.
    pub(crate) fn answers(mut self, shape: impl Into<Shape>) -> Self {
        self.answer = Some(shape.into());
        self
    }

    /// Only for a session that has shown the password lately.
    pub(crate) const fn fresh_login(mut self) -> Self {
        self.needs_fresh_login = true;
        self
    }

    /// Without a CSRF token: there is nobody yet whose it could be.
    pub(crate) const fn without_csrf(mut self) -> Self {
        self.needs_csrf = false;
        self
    }

    /// There for anonymous callers even where they may read nothing.
    pub(crate) const fn always_open(mut self) -> Self {
        self.is_always_open = true;
        self
    }

    /// There while the registry is read-only.
    pub(crate) const fn while_read_only(mut self) -> Self {
        self.works_while_read_only = true;
        self
    }

    /// Left out of the descriptions unless they are asked for all.
    pub(crate) const fn internal(mut self) -> Self {
        self.is_internal = true;
        self
    }

    /// There only where a switch of the configuration is on.
    pub(crate) fn feature(mut self, is_on: fn(&Settings) -> bool) -> Self {
        self.feature = is_on;
        self
    }

    /// Does it.
    pub(crate) fn run(&self, call: Call) -> BoxFuture<'static, Outcome> {
        (self.handler)(call)
    }

    /// Passes an answer that the descriptions tell, body and status. Those that only browsers need may have a body
    /// that they do not tell.
    ///
    /// # Errors
    /// What they say otherwise.
    pub(crate) fn describes(&self, answer: &Answer) -> Result<(), String> {
        if answer.status() != self.success.0 {
            return Err(format!("{} is not described", answer.status()));
        }
        match (&self.answer, answer.value()) {
            (Some(shape), Some(value)) => shape.describes(&value),
            (Some(_), None) => Err("a body is described".to_owned()),
            (None, Some(_)) if !self.is_internal => Err("no body is described".to_owned()),
            (None, _) => Ok(()),
        }
    }
}
