//! Places in lists: `last`, cursors and `Link` headers. What the registry wrote it reads back, a walk from anywhere
//! ends and tells no row twice, and a place that is none is refused in words.

use std::collections::HashSet;

use axum::body::Bytes;
use axum::http::{HeaderMap, Response, StatusCode, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use berth_distribution::parsers::next_link;
use berth_domain::PageRequest;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::World;
use crate::registry::tells_why;

/// No list has more pages here, so a walk that goes on for longer goes in circles.
const PAGES_MAX: usize = 50;
/// Rows of a page that is not told how many.
const GRAPHQL_ROWS: usize = 20;

/// A page of a list.
struct Page {
    /// What tells the rows apart.
    rows: Vec<String>,
    /// Where the next page begins.
    next: Option<String>,
}

impl World {
    /// Places in lists. The first line names a list and how many rows a page has, the rest is the place: `last` of a
    /// list below `/v2`; a cursor of GraphQL, or behind an `@` the key in it. Behind `link` it is a query.
    pub fn paging(&self, bytes: &[u8]) {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return;
        };
        let text = text.strip_suffix('\n').unwrap_or(text);
        let (head, place) = text.split_once('\n').unwrap_or((text, ""));
        let (list, rows) = head.split_once(' ').unwrap_or((head, ""));
        match list {
            "link" => link(place),
            "v2-tags" => self.below_v2("/v2/ann/app/tags/list", rows, place),
            "v2-catalog" => self.below_v2("/v2/_catalog", rows, place),
            "v2-referrers" => {
                self.below_v2("/v2/ann/app/referrers/@MANIFEST@", rows, place);
            }
            list => {
                if let Some(document) = document(list) {
                    self.by_graphql(&document, rows, place);
                }
            }
        }
    }

    fn below_v2(&self, path: &str, rows: &str, last: &str) {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("n", rows);
        if !last.is_empty() {
            query.append_pair("last", last);
        }
        let answer = self.get(&format!("{path}?{}", query.finish()));
        if answer.status() == StatusCode::BAD_REQUEST {
            assert!(tells_why(&answer), "an unclear refusal: {answer:?}");
            return;
        }
        let rows_max = rows.parse().unwrap_or(usize::MAX).max(1);
        let rows_max = rows_max.min(PageRequest::<()>::LIMIT_MAX);
        let page = |answer: Response<_>| {
            let page = page_below_v2(&answer);
            assert!(page.rows.len() <= rows_max, "{answer:?}");
            page
        };
        walk(page(answer), |next| page(self.get(next)));
    }

    fn by_graphql(&self, document: &str, rows: &str, place: &str) {
        let first = rows.parse::<i32>().ok();
        let after = match place.strip_prefix('@') {
            Some(key) => URL_SAFE_NO_PAD.encode(key),
            None => place.to_owned(),
        };
        let after = Some(after).filter(|after| !after.is_empty());
        let answer = self.ask_as_owner(document, json!({ "first": first, "after": after }));
        if answer.get("errors").is_some() {
            let error = &answer["errors"][0];
            assert_eq!(error["extensions"]["code"], "INVALID_INPUT", "{answer}");
            assert_ne!(error["message"], "", "{answer}");
            return;
        }
        let rows_max = first.map_or(Some(GRAPHQL_ROWS), |first| usize::try_from(first).ok());
        let page = |answer: Value| {
            let page = page_by_graphql(&answer);
            assert!(
                rows_max.is_some_and(|max| page.rows.len() <= max),
                "{answer}"
            );
            page
        };
        walk(page(answer), |next| {
            page(self.ask_as_owner(document, json!({ "first": first, "after": next })))
        });
    }
}

/// Goes on to the last page; no row comes twice.
fn walk(mut page: Page, mut go_on: impl FnMut(&str) -> Page) {
    let mut seen = HashSet::new();
    for _ in 0..PAGES_MAX {
        for row in page.rows {
            assert!(seen.insert(row), "a row comes twice");
        }
        let Some(next) = page.next else { return };
        page = go_on(&next);
    }
    panic!("the pages do not end");
}

fn page_below_v2(answer: &Response<Bytes>) -> Page {
    assert_eq!(answer.status(), StatusCode::OK, "{answer:?}");
    let body: Value = serde_json::from_slice(answer.body()).expect("a list is JSON");
    let rows = ["tags", "repositories", "manifests"]
        .iter()
        .find_map(|list| body[list].as_array())
        .expect("a list");
    let name = |row: &Value| row["digest"].as_str().or(row.as_str()).map(str::to_owned);
    Page {
        rows: rows.iter().filter_map(name).collect(),
        next: next_of(answer.headers()),
    }
}

fn page_by_graphql(answer: &Value) -> Page {
    assert_eq!(answer.get("errors"), None, "a cursor reads back: {answer}");
    let mut place = &answer["data"];
    while let Some(inner) = place.get("at") {
        place = inner;
    }
    let page = &place["page"];
    let edges = page["edges"].as_array().expect("a list");
    let cursors = edges.iter().filter_map(|edge| edge["cursor"].as_str());
    let next = page["pageInfo"]["endCursor"].as_str().map(str::to_owned);
    Page {
        rows: cursors.map(str::to_owned).collect(),
        next: next.filter(|_| page["pageInfo"]["hasNextPage"] == true),
    }
}

/// What a client reads of a `Link` header.
fn next_of(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::LINK)?.to_str().expect("it is text");
    let target = text
        .strip_prefix('<')
        .and_then(|text| text.strip_suffix(">; rel=\"next\""))
        .unwrap_or_else(|| panic!("`{text}` is no link to a next page"));
    Some(target.to_owned())
}

/// Whatever a query says is written into a link, and read from it as it was.
fn link(query: &str) {
    let pairs: Vec<_> = query
        .lines()
        .map(|line| line.split_once('=').unwrap_or((line, "")))
        .collect();
    let mut headers = HeaderMap::new();
    next_link(&mut headers, "/v2/ann/app/tags/list", &pairs);
    let target = next_of(&headers).expect("a link is always written");
    let target: Uri = target.parse().expect("a link is an address");
    assert_eq!(target.path(), "/v2/ann/app/tags/list");
    let read = form_urlencoded::parse(target.query().unwrap_or_default().as_bytes());
    let read: Vec<_> = read.into_owned().collect();
    let written: Vec<_> = pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(read, written);
}

/// The query for a list: `page`, inside any number of `at`.
fn document(list: &str) -> Option<String> {
    const PLACE: &str = "first: $first, after: $after";
    const PAGE: &str = "{ edges { cursor } pageInfo { endCursor hasNextPage } }";
    const PUSHED: &str = "orderBy: { field: LAST_PUSHED, direction: DESC }";
    const REPOSITORY: &str = "at: repository(namespace: \"ann\", name: \"app\")";
    let field = match list {
        "repositories" => format!("page: repositories({PLACE}) {PAGE}"),
        "repositories-pushed" => format!("page: repositories({PLACE}, {PUSHED}) {PAGE}"),
        "organizations" => format!("page: organizations({PLACE}) {PAGE}"),
        "robots" => format!("at: namespace(name: \"ann\") {{ page: robots({PLACE}) {PAGE} }}"),
        "tags" => format!("{REPOSITORY} {{ page: tags({PLACE}) {PAGE} }}"),
        "tags-pushed" => {
            let order = "orderBy: { field: PUSHED, direction: DESC }";
            format!("{REPOSITORY} {{ page: tags({PLACE}, {order}) {PAGE} }}")
        }
        "referrers" => {
            let page = format!("page: referrers({PLACE}) {PAGE}");
            format!("{REPOSITORY} {{ at: tag(name: \"1\") {{ at: manifest {{ {page} }} }} }}")
        }
        _ => return None,
    };
    Some(format!("query ($first: Int, $after: String) {{ {field} }}"))
}
