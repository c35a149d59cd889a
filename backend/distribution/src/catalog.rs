//! `GET /v2/_catalog`

use axum::Json;
use axum::response::IntoResponse as _;
use berth_domain::PageRequest;
use serde::Serialize;

use crate::call::Call;
use crate::error::Answer;
use crate::link;

#[derive(Serialize)]
struct Catalog {
    repositories: Vec<String>,
}

pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let size = call.page_size(call.services.settings().registry.page_size);
    let request = PageRequest::new(call.query("last"), size);
    let page = call
        .services
        .repositories
        .catalog(&call.actor, &request)
        .await?;
    let repositories: Vec<String> = page.items.iter().map(ToString::to_string).collect();
    let last = repositories.last().cloned().filter(|_| page.has_more);
    let mut response = Json(Catalog { repositories }).into_response();
    if let Some(last) = last {
        let query = [("n", &*request.limit.to_string()), ("last", &last)];
        link::next(response.headers_mut(), "/v2/_catalog", &query);
    }
    Ok(response)
}
