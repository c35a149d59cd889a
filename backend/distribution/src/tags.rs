//! `GET /v2/<name>/tags/list`

use axum::Json;
use axum::response::IntoResponse as _;
use berth_domain::{PageRequest, RepositoryPath};
use serde::Serialize;

use crate::call::Call;
use crate::error::Answer;
use crate::link;

#[derive(Serialize)]
struct TagList {
    name: String,
    tags: Vec<String>,
}

pub(crate) async fn list(call: &Call<'_>, path: &RepositoryPath) -> Answer {
    let n = call.page_size(call.services.settings().registry.page_size);
    // A page of none is still asked for, since the permission is.
    let page = call
        .services
        .tags
        .names(&call.actor, path, &PageRequest::new(call.query("last"), n))
        .await?;
    let tags: Vec<String> = page.items.iter().take(n).map(ToString::to_string).collect();
    let last = tags.last().cloned().filter(|_| page.has_more);
    let mut response = Json(TagList {
        name: path.to_string(),
        tags,
    })
    .into_response();
    if let Some(last) = last {
        let address = format!("/v2/{path}/tags/list");
        link::next(
            response.headers_mut(),
            &address,
            &[("n", &n.to_string()), ("last", &last)],
        );
    }
    Ok(response)
}
