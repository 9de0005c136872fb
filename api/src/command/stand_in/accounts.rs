//! A service where people have accounts: whoever is led there agrees at once, and comes back with a
//! code, for which it gives tokens that open nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

use super::Call;
use crate::command::Failure;

/// How long a token is good, in seconds.
const LIFETIME: u64 = 3_600;

/// What was given out, and not taken yet.
#[derive(Default)]
struct Desk {
    given: AtomicU64,
    open: Mutex<Vec<String>>,
}

impl Desk {
    fn give(&self, kind: &str) -> String {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let text = format!("{kind}-{number}");
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.push(text.clone());
        text
    }

    /// Whether it was given out; it is good for once.
    fn take(&self, text: &str) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let before = open.len();
        open.retain(|one| one != text);
        open.len() < before
    }
}

#[derive(Deserialize)]
struct Led {
    redirect_uri: Url,
    state: String,
}

#[derive(Deserialize)]
struct Asked {
    code: Option<String>,
    refresh_token: Option<String>,
}

/// Give tokens for the codes that were given out.
pub(super) async fn serve(_: Call, listener: TcpListener) -> Result<(), Failure> {
    let router = Router::new()
        .route("/authorize", get(agree))
        .route("/token", post(token))
        .with_state(Arc::<Desk>::default());
    Ok(axum::serve(listener, router).await?)
}

async fn agree(State(desk): State<Arc<Desk>>, Query(mut led): Query<Led>) -> Redirect {
    led.redirect_uri
        .query_pairs_mut()
        .append_pair("code", &desk.give("code"))
        .append_pair("state", &led.state);
    Redirect::to(led.redirect_uri.as_str())
}

async fn token(State(desk): State<Arc<Desk>>, Form(asked): Form<Asked>) -> Response {
    let shown = asked.code.or(asked.refresh_token).unwrap_or_default();
    if !desk.take(&shown) {
        let error = json!({ "error": "invalid_grant" });
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    }
    let tokens = json!({
        "access_token": "opens-nothing", "refresh_token": desk.give("refresh"),
        "token_type": "bearer", "expires_in": LIFETIME, "scope": "read",
    });
    Json(tokens).into_response()
}
