//! Sends operations as somebody.

use async_graphql::{Request, Variables};
use berth_graphql::{RequestContext, SessionEffect, schema};
use berth_services::Actor;
use berth_testkit::TestRegistry;
use serde_json::Value;

/// An answer as it goes over the wire.
pub(crate) struct Answer(pub(crate) Value);

impl Answer {
    /// The data; there are no errors.
    pub(crate) fn data(self) -> Value {
        assert!(self.0.get("errors").is_none(), "{:#}", self.0);
        self.0["data"].clone()
    }

    /// A field of the first error's extensions.
    pub(crate) fn refused(&self, extension: &str) -> Option<&str> {
        self.0["errors"][0]["extensions"][extension].as_str()
    }
}

/// Executes an operation; tells what became of the session too.
pub(crate) async fn execute(
    t: &TestRegistry,
    actor: &Actor,
    document: &str,
    variables: Value,
) -> (Answer, Option<SessionEffect>) {
    let context = RequestContext::new(t.services.clone(), actor.clone(), Some("reg.test".into()));
    let effect = context.effects();
    let request = Request::new(document)
        .variables(Variables::from_json(variables))
        .data(context);
    let response = schema().execute(request).await;
    (Answer(serde_json::to_value(response).unwrap()), effect())
}

/// Executes an operation.
pub(crate) async fn ask(
    t: &TestRegistry,
    actor: &Actor,
    document: &str,
    variables: Value,
) -> Answer {
    execute(t, actor, document, variables).await.0
}

/// The types of the schema, as an explorer reads them.
pub(crate) async fn introspect(t: &TestRegistry) -> Vec<Value> {
    let answer = ask(t, &t.anonymous(), INTROSPECTION, Value::Null)
        .await
        .data();
    answer["__schema"]["types"].as_array().unwrap().clone()
}

/// What graphiql and its like send first, word for word but for white space.
pub(crate) const INTROSPECTION: &str = "query IntrospectionQuery { __schema { description \
 queryType { name } mutationType { name } subscriptionType { name } types { ...FullType } \
 directives { name description isRepeatable args(includeDeprecated: true) { ...InputValue } locations } } } \
 fragment FullType on __Type { kind name description specifiedByURL \
 fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } \
 type { ...TypeRef } isDeprecated deprecationReason } \
 inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef } \
 enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } \
 possibleTypes { ...TypeRef } } \
 fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason } \
 fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name \
 ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name \
 ofType { kind name } } } } } } } } } }";
