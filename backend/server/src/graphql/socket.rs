//! Subscriptions over `graphql-transport-ws`.

use async_graphql::{Data, http::ALL_WEBSOCKET_PROTOCOLS};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use berth_graphql::{DOCUMENT_BYTES_MAX, ErrorCode, RequestContext};
use berth_http::credentials::Authorization;
use berth_http::observe::record_actor;
use berth_services::{Actor, Origin};
use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::{Endpoint, origin};

/// Turns the request into a socket, or refuses it.
pub(super) async fn upgrade(endpoint: Endpoint, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let refused = |refusal| Answer::GraphQl.render(Err(refusal));
    let with_token = !matches!(Authorization::of(&parts.headers), Authorization::Absent);
    if !with_token && !endpoint.is_own_page(&parts.uri, &parts.headers) {
        return refused(Refusal::new(
            StatusCode::FORBIDDEN,
            ErrorCode::Forbidden,
            "ORIGIN",
            "a page of another host may not open a socket with this browser's session",
        ));
    }
    let origin = origin(&Request::from_parts(parts.clone(), ()));
    let actor = match endpoint.actor(&parts.headers, origin.clone(), None).await {
        Ok(actor) => actor,
        Err(refusal) => return refused(refusal),
    };
    record_actor(actor.kind(), actor.name().as_deref());
    let Ok(protocol) = GraphQLProtocol::from_request_parts(&mut parts, &()).await else {
        return refused(Refusal::bad_request(
            "the subprotocol is `graphql-transport-ws`",
        ));
    };
    let host = endpoint.addresses.of(&parts.uri, &parts.headers).host;
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade
            .protocols(ALL_WEBSOCKET_PROTOCOLS)
            .max_message_size(DOCUMENT_BYTES_MAX)
            .max_frame_size(DOCUMENT_BYTES_MAX)
            .on_upgrade(move |stream| {
                let schema = endpoint.schema.clone();
                let introduced = move |payload| endpoint.introduce(payload, actor, origin, host);
                GraphQLWebSocket::new(stream, schema, protocol)
                    .on_connection_init(introduced)
                    .serve()
            }),
        Err(rejection) => rejection.into_response(),
    }
}

impl Endpoint {
    /// True when a page of this host opens the socket, or something that is no browser.
    fn is_own_page(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return true;
        };
        let host = origin
            .to_str()
            .ok()
            .and_then(|text| text.split_once("://"))
            .map(|(_, host)| host);
        let requested = headers
            .get(header::HOST)
            .and_then(|value| value.to_str().ok());
        host.is_some_and(|host| {
            Some(host) == requested || host == self.addresses.of(uri, headers).host
        })
    }

    /// Takes a bearer token from the first message too, since browsers cannot send headers.
    async fn introduce(
        self,
        payload: Value,
        actor: Actor,
        origin: Origin,
        host: String,
    ) -> async_graphql::Result<Data> {
        let named = payload.as_object().and_then(|fields| {
            fields
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        });
        let actor = match named.map(|(_, value)| value.as_str().unwrap_or_default()) {
            None => actor,
            Some(value) => {
                let token = value
                    .split_once(' ')
                    .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
                let token = token.map(|(_, token)| token.trim()).unwrap_or_default();
                self.services
                    .authn
                    .bearer(token, origin)
                    .await
                    .map_err(|e| async_graphql::Error::new(e.to_string()))?
            }
        };
        let mut data = Data::default();
        data.insert(RequestContext::for_socket(
            self.services.clone(),
            actor,
            Some(host),
        ));
        Ok(data)
    }
}
