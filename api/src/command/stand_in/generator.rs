//! A generator of videos: it takes jobs on, draws a small moving picture for each, and says by a
//! signed webhook (Standard Webhooks) that it is there, or that it will not be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use api::urls::Urls;
use api::urls::path::API;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use reqwest::Method;
use serde_json::{Value, json};
use service::webhook::sign;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tracing::warn;

use super::visit::Visit;
use super::{Call, goes_wrong};
use crate::command::Failure;

/// The source by which the server knows us.
const SOURCE: &str = "video-generator";

/// How many steps a video takes.
const STEPS: u32 = 3;

/// How often something is told until it is taken.
const TRIES: u32 = 8;

/// A job.
#[derive(Clone, Debug)]
struct Job {
    /// What we call it.
    id: String,
    /// What whoever sent it calls it.
    name: String,
    /// What it is to be called.
    title: String,
}

/// What a request needs.
struct Studio {
    call: Call,
    urls: Urls,
    /// By the names that they were sent under.
    jobs: Mutex<HashMap<String, Job>>,
    begin: UnboundedSender<Job>,
}

/// Take jobs on, and make them.
pub(super) async fn serve(call: Call, listener: TcpListener) -> Result<(), Failure> {
    let secret = secret(&call).await?;
    let (begin, mut asked) = unbounded_channel();
    let studio = Arc::new(Studio {
        urls: Urls::local(listener.local_addr()?),
        call,
        jobs: Mutex::default(),
        begin,
    });
    let router = Router::new()
        .route("/jobs", post(take))
        .route("/videos/{name}", get(show))
        .with_state(Arc::clone(&studio));
    let making = async {
        let mut jobs = JoinSet::new();
        loop {
            tokio::select! {
                Some(job) = asked.recv() => {
                    let (studio, secret) = (Arc::clone(&studio), secret.clone());
                    jobs.spawn(async move { make(&studio, &secret, &job).await });
                }
                Some(_) = jobs.join_next() => {}
                else => return,
            }
        }
    };
    tokio::select! {
        served = axum::serve(listener, router) => Ok(served?),
        () = making => Ok(()),
    }
}

/// What we sign with: the admin gives the server's source for us a new secret, which is told once.
async fn secret(call: &Call) -> Result<String, Failure> {
    let visit = Visit::begin(call).await?;
    let sources = visit
        .ask(Method::GET, "/webhook-sources?limit=100", &Value::Null)
        .await?
        .unwrap_or_default();
    let known = sources["items"].as_array().map_or(&[][..], Vec::as_slice);
    let known = known.iter().find(|source| source["name"] == SOURCE);
    let (path, body) = match known.and_then(|source| source["id"].as_str()) {
        Some(id) => (format!("/webhook-sources/{id}/secret"), json!({})),
        None => (
            "/webhook-sources".to_owned(),
            json!({ "name": SOURCE, "scheme": "standard" }),
        ),
    };
    let made = visit.ask(Method::POST, &path, &body).await?;
    visit.end().await?;
    let secret = made.unwrap_or_default()["secret"]
        .as_str()
        .map(str::to_owned);
    Ok(secret.ok_or("the server made no secret")?)
}

async fn take(
    State(studio): State<Arc<Studio>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let shown = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if shown != Some(&format!("Bearer {}", studio.call.key)) {
        let error = json!({ "error": "no such key" });
        return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
    }
    let Some(name) = body["job_id"].as_str().filter(|name| !name.is_empty()) else {
        let error = json!({ "error": "job_id is missing" });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response();
    };
    let mut jobs = studio.jobs.lock().unwrap_or_else(PoisonError::into_inner);
    // Sent again, it is the same.
    let job = jobs.entry(name.to_owned()).or_insert_with(|| {
        let title = body["title"].as_str().unwrap_or("A video");
        let job = Job {
            id: format!("standin-{name}"),
            name: name.to_owned(),
            title: title.to_owned(),
        };
        let _ = studio.begin.send(job.clone());
        job
    });
    let taken = json!({ "id": job.id, "status": "queued" });
    (StatusCode::ACCEPTED, Json(taken)).into_response()
}

async fn make(studio: &Studio, secret: &str, job: &Job) {
    tokio::time::sleep(studio.call.pace() * STEPS).await;
    let mut data = json!({ "job_id": job.name, "id": job.id });
    let kind = if goes_wrong(&job.title) {
        data["error"] = json!("the scene could not be lit");
        "video.failed"
    } else {
        let picture = studio.urls.at(&format!("/videos/{}.svg", job.name));
        data["video_url"] = json!(picture);
        data["thumbnail_url"] = json!(picture);
        "video.completed"
    };
    let body = json!({ "type": kind, "data": data }).to_string();
    tell(studio, secret, &format!("msg_{}", job.id), body).await;
}

/// Tell the server: the same id and the same bytes at every try.
async fn tell(studio: &Studio, secret: &str, id: &str, body: String) {
    let url = format!("{}{API}/webhooks/{SOURCE}", studio.call.server);
    let http = reqwest::Client::new();
    for number in 0..TRIES {
        let time = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let time = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let sent = http
            .post(&url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", time)
            .header(
                "webhook-signature",
                sign([secret], id, time, body.as_bytes()),
            )
            .body(body.clone())
            .send()
            .await;
        match sent {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) => warn!(status = %answer.status(), "stand-in: a video was not taken"),
            Err(error) => warn!(%error, "stand-in: a video was not taken"),
        }
        tokio::time::sleep(Duration::from_millis(200) * 2_u32.pow(number)).await;
    }
}

/// The picture of a job.
async fn show(State(studio): State<Arc<Studio>>, Path(name): Path<String>) -> Response {
    let name = name.trim_end_matches(".svg");
    let jobs = studio.jobs.lock().unwrap_or_else(PoisonError::into_inner);
    match jobs.get(name) {
        Some(job) => {
            let headers = [
                (CONTENT_TYPE, "image/svg+xml"),
                (CONTENT_SECURITY_POLICY, "default-src 'none'"),
            ];
            (headers, picture(&job.title)).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A sun that rises over a title.
fn picture(title: &str) -> String {
    let title = title
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!(
        "<svg xmlns=\"{}\" viewBox=\"0 0 320 180\"><rect width=\"320\" height=\"180\" \
         fill=\"#1b2a41\"/><circle cx=\"160\" r=\"30\" fill=\"#ffc857\"><animate \
         attributeName=\"cy\" values=\"200;60;200\" dur=\"6s\" repeatCount=\"indefinite\"/></circle>\
         <text x=\"160\" y=\"160\" fill=\"#fff\" font-family=\"sans-serif\" font-size=\"14\" \
         text-anchor=\"middle\">{title}</text></svg>",
        SVG.concat()
    )
}

/// The name of the language; it leads nowhere.
const SVG: [&str; 2] = ["http:", "//www.w3.org/2000/svg"];
