//! A generator of videos that makes none: it takes jobs on by HTTP, and a little later says by a signed
//! webhook (Standard Webhooks) that each is done. For the demo and for tests; it speaks to the server as
//! a real one would, and knows nothing else of it.
//!
//! `GENERATOR_KEY=… WEBHOOK_SECRET=whsec_… video_generator --listen 127.0.0.1:8090
//! --callback http://127.0.0.1:8080/api/v1/webhooks/video-generator`
//!
//! With `--delay SECONDS` it takes so long (2 unless said), with `--fail-every N` every N-th job fails,
//! with `--twice` it says everything twice, as any sender may. A job is named by its `job_id`: sent
//! again, it is the same. The first line that it prints is the address that it listens at.

mod books;
mod callback;

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::books::{Books, Job};
use crate::callback::Callback;

/// How the generator was called.
struct Call {
    listen: SocketAddr,
    callback: String,
    delay: Duration,
    fail_every: Option<u64>,
    twice: bool,
}

/// What a request needs.
struct Generator {
    call: Call,
    /// What whoever sends jobs must show.
    key: String,
    books: Books,
    callback: Callback,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some((call, key, secret)) = call() else {
        eprintln!(
            "GENERATOR_KEY=… WEBHOOK_SECRET=whsec_… video_generator --listen ADDRESS --callback URL \
             [--delay SECONDS] [--fail-every N] [--twice]"
        );
        return ExitCode::from(2);
    };
    match serve(call, key, secret).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program of its own reads its own environment"
)]
fn call() -> Option<(Call, String, String)> {
    let mut call = Call {
        listen: "127.0.0.1:0".parse().ok()?,
        callback: String::new(),
        delay: Duration::from_secs(2),
        fail_every: None,
        twice: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--listen" => call.listen = arguments.next()?.parse().ok()?,
            "--callback" => call.callback = arguments.next()?,
            "--delay" => {
                let seconds = arguments.next()?.parse().ok()?;
                call.delay = Duration::try_from_secs_f64(seconds).ok()?;
            }
            "--fail-every" => call.fail_every = Some(arguments.next()?.parse().ok()?),
            "--twice" => call.twice = true,
            _ => return None,
        }
    }
    let key = std::env::var("GENERATOR_KEY").ok()?;
    let secret = std::env::var("WEBHOOK_SECRET").ok()?;
    (!call.callback.is_empty()).then_some((call, key, secret))
}

#[expect(
    clippy::print_stdout,
    reason = "whoever starts it reads the address there"
)]
async fn serve(call: Call, key: String, secret: String) -> std::io::Result<()> {
    let listener = TcpListener::bind(call.listen).await?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let generator = Arc::new(Generator {
        callback: Callback::new(&call.callback, secret),
        call,
        key,
        books: Books::default(),
    });
    let router = Router::new()
        .route("/jobs", post(take))
        .with_state(generator);
    axum::serve(listener, router).await
}

/// Take a job on.
#[expect(
    clippy::disallowed_methods,
    reason = "a program that ends whenever it is told to"
)]
async fn take(
    State(generator): State<Arc<Generator>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let shown = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if shown != Some(&format!("Bearer {}", generator.key)) {
        return said(StatusCode::UNAUTHORIZED, &json!({ "error": "no such key" }));
    }
    let Some(name) = body["job_id"].as_str().filter(|name| !name.is_empty()) else {
        return said(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({ "error": "job_id is missing" }),
        );
    };
    let (job, fresh) = generator.books.take(name);
    if fresh {
        tokio::spawn(make(Arc::clone(&generator), job.clone()));
    }
    said(
        StatusCode::ACCEPTED,
        &json!({ "id": job.id, "status": "queued" }),
    )
}

fn said(status: StatusCode, body: &Value) -> Response {
    (status, Json(body.clone())).into_response()
}

/// Make nothing for a while, and say that it is done.
async fn make(generator: Arc<Generator>, job: Job) {
    tokio::time::sleep(generator.call.delay).await;
    let fails = generator
        .call
        .fail_every
        .is_some_and(|every| job.number.is_multiple_of(every));
    let (kind, data) = if fails {
        let error = "the scene could not be lit";
        (
            "video.failed",
            json!({ "job_id": job.name, "id": job.id, "error": error }),
        )
    } else {
        let at = |kind: &str| format!("https://media.example.com/{}.{kind}", job.id);
        let data = json!({
            "job_id": job.name, "id": job.id,
            "video_url": at("mp4"), "thumbnail_url": at("webp"),
        });
        ("video.completed", data)
    };
    let times = if generator.call.twice { 2 } else { 1 };
    for time in 1..=times {
        // The second under another id: as one whose outbox was read twice.
        let id = format!("msg_{}_{time}", job.id);
        generator.callback.tell(&id, kind, &data).await;
    }
}
