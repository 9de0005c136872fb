//! Search in what was said.

use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::conversation::message::MessageEntity;
use entity::id::ThreadId;
use serde::{Deserialize, Serialize};
use service::conversation::search::{self, Question};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::list::{List, Listing};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};

/// What is searched for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// Words (all must occur), `"phrases"` and `-exclusions`.
    q: String,
    /// Only in this thread.
    thread_id: Option<Uuid>,
}

/// A message that answers the question.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Hit {
    message_id: Uuid,
    thread_id: Uuid,
    /// The thread's title.
    title: String,
    #[schema(value_type = String, example = "AI_MESSAGE")]
    entity: MessageEntity,
    creation_date: DateTime<Utc>,
    /// Higher is better; not comparable between engines.
    score: f64,
    /// Pieces of the text around the hits, in their order.
    snippet: Vec<Fragment>,
}

/// A piece of a snippet.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Fragment {
    text: String,
    /// Whether it is one of the words that were searched for.
    hit: bool,
}

impl From<search::Hit> for Hit {
    fn from(hit: search::Hit) -> Self {
        let fragment = |fragment: search::Fragment| Fragment {
            text: fragment.text,
            hit: fragment.hit,
        };
        Self {
            message_id: hit.message_id.0,
            thread_id: hit.thread_id.0,
            title: hit.title,
            entity: hit.entity,
            creation_date: hit.creation_date,
            score: hit.score,
            snippet: hit.snippet.into_iter().map(fragment).collect(),
        }
    }
}

/// The messages in the caller's sight that answer a question, the best first.
#[utoipa::path(get, path = "/search", tag = "threads", params(SearchQuery), responses(
    (status = 200, body = List<Hit>), (status = 400, body = Problem), (status = 422, body = Problem),
))]
pub(super) async fn search(
    Caller(ctx): Caller,
    Listing((query, page)): Listing<SearchQuery>,
) -> Result<Response, ApiError> {
    let question = Question {
        text: query.q,
        thread: query.thread_id.map(ThreadId),
    };
    let found = search::search(&ctx, question, page.request()).await?;
    page.answer(found.map(Hit::from))
}
