//! How every list answers: its rows, a cursor, and a Link header (RFC 8288) to the next page.

use axum::http::header::LINK;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service::page::Page;
use utoipa::{IntoParams, ToSchema};

use crate::urls::path::API;

/// What every list takes.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
pub(super) struct PageQuery {
    /// The cursor of the page before.
    pub after: Option<String>,
    /// How many rows, 1 to 100.
    pub limit: Option<u64>,
}

impl From<PageQuery> for service::page::Request {
    fn from(query: PageQuery) -> Self {
        Self {
            after: query.after,
            limit: query.limit,
        }
    }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
}

/// A page as an answer; `uri` is what the route sees, below the API's root.
pub(super) fn answer<T: Serialize>(page: Page<T>, uri: &Uri) -> Response {
    let Page { items, next } = page;
    let link = next.as_deref().and_then(|next| {
        let kept = uri.query().unwrap_or_default();
        let kept = kept
            .split('&')
            .filter(|part| !part.is_empty() && !part.starts_with("after="));
        let after = format!("after={next}");
        let query: Vec<&str> = kept.chain([after.as_str()]).collect();
        let link = format!("<{API}{}?{}>; rel=\"next\"", uri.path(), query.join("&"));
        HeaderValue::from_str(&link).ok()
    });
    let mut response = axum::Json(List { items, next }).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(LINK, link);
    }
    response
}
