//! `/metrics`, for Prometheus.
//!
//! A process has one recorder. What changes with every request is recorded as it happens; the state
//! of the pool is read when somebody asks.
//!
//! It is served to callers on this machine, or on an address of its own where one is set. A request
//! that a proxy passed on is not from this machine, whoever its peer is.

mod operations;
pub(crate) mod sockets;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Extension, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use service::ctx::Services;
use service::db::State as Connection;

use crate::error::{ApiError, Door};
use crate::urls::path::METRICS;

const REQUESTS: &str = "chancery_http_requests_total";
const DURATION: &str = "chancery_http_request_duration_seconds";
const IN_FLIGHT: &str = "chancery_http_requests_in_flight";
const BUILD: &str = "chancery_build_info";
const CONNECTED: &str = "chancery_db_connected";
const STATE: &str = "chancery_db_state";
const RETRIES: &str = "chancery_db_connect_retries";
const POOL_MAX: &str = "chancery_db_pool_max_connections";
const POOL: &str = "chancery_db_pool_connections";
const WAITING: &str = "chancery_db_pool_waiting_callers";
const LAG: &str = "chancery_db_replica_lag_seconds";
const WRITERS: &str = "chancery_db_writer_waiting_callers";
const REPLICA: &str = "chancery_db_replica_usable";

/// From half a millisecond to half a minute.
const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0,
];
const STATES: [Connection; 5] = [
    Connection::Connecting,
    Connection::Connected,
    Connection::Failed,
    Connection::Reconnecting,
    Connection::Closed,
];

/// The process's recorder, installed by whoever asks first; nothing where another one is installed.
pub fn install() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let handle = HANDLE.get_or_init(|| {
        let times = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(times, &BUCKETS);
        let handle = builder.ok()?.install_recorder().ok()?;
        describe();
        gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Some(handle)
    });
    handle.as_ref()
}

fn describe() {
    describe_counter!(REQUESTS, "Answered requests, by class of status.");
    describe_histogram!(DURATION, Unit::Seconds, "How long a request took.");
    describe_gauge!(IN_FLIGHT, "Requests that are being answered now.");
    describe_gauge!(BUILD, "Always 1; the label tells the version.");
    describe_gauge!(CONNECTED, "1 while the database is connected, else 0.");
    describe_gauge!(STATE, "1 for the state that the connection is in.");
    describe_gauge!(RETRIES, "Tries since the database was last connected.");
    describe_gauge!(POOL_MAX, "How many connections the pool may open.");
    describe_gauge!(POOL, "Open connections, idle and in use.");
    describe_gauge!(WAITING, "Callers that wait for a connection.");
    describe_gauge!(
        WRITERS,
        "Callers that wait for their turn to write, where one writes at a time."
    );
    describe_gauge!(LAG, Unit::Seconds, "How far the replica is behind.");
    describe_gauge!(REPLICA, "1 while reads go to the replica, else 0.");
    service::db::measure::describe();
    service::job::describe();
    sockets::describe();
}

/// Keep the recorder small where nobody asks for the metrics, until the process stops.
pub async fn upkeep(services: Arc<Services>) {
    let Some(handle) = install() else { return };
    let pause = || tokio::time::sleep(Duration::from_secs(5));
    while services.stop.run_until_cancelled(pause()).await.is_some() {
        handle.run_upkeep();
    }
}

/// A request under way.
pub(crate) struct Running(());

impl Running {
    pub(crate) fn begin() -> Self {
        in_flight().increment(1.0);
        Self(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        in_flight().decrement(1.0);
    }
}

/// Requests come after the recorder: the routes install it.
fn in_flight() -> &'static Gauge {
    static GAUGE: OnceLock<Gauge> = OnceLock::new();
    GAUGE.get_or_init(|| gauge!(IN_FLIGHT))
}

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other",
];

/// The method's name. One of the caller's invention makes no new series.
pub(crate) fn method(method: &Method) -> &'static str {
    let known = METHODS.into_iter().find(|one| *one == method.as_str());
    known.unwrap_or("other")
}

/// What the answers to a method of a route are counted with, by class of status.
struct Answers {
    took: Histogram,
    classes: [Counter; CLASSES.len()],
}

const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"];

impl Answers {
    fn of(method: &str, route: &str) -> Self {
        let method = method.to_owned();
        let labels = [("method", method), ("route", route.to_owned())];
        Self {
            took: histogram!(DURATION, &labels),
            classes: CLASSES.map(|class| {
                let [method, route] = labels.clone();
                counter!(REQUESTS, &[method, route, ("status", class.to_owned())])
            }),
        }
    }
}

/// A request that was answered. `route` is one of ours, so there are not many of them.
pub(crate) fn answered(method: &Method, route: &str, status: u16, took: Duration) {
    type Known = RwLock<HashMap<String, [Option<Arc<Answers>>; METHODS.len()]>>;
    static KNOWN: LazyLock<Known> = LazyLock::new(RwLock::default);

    let at = METHODS.iter().position(|one| *one == method.as_str());
    let at = at.unwrap_or(METHODS.len() - 1);
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let answers = known.get(route).and_then(|methods| methods[at].clone());
    drop(known);
    let answers = answers.unwrap_or_else(|| {
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        let methods = known.entry(route.to_owned()).or_default();
        let answers = methods[at].get_or_insert_with(|| Answers::of(METHODS[at], route).into());
        Arc::clone(answers)
    });
    let class = usize::from(status / 100)
        .wrapping_sub(1)
        .min(CLASSES.len() - 1);
    answers.classes[class].increment(1);
    answers.took.record(took.as_secs_f64());
}

/// Everything there is, in Prometheus' text format.
fn render(services: &Services) -> Response {
    let Some(handle) = install() else {
        return ApiError::from(Door::NoRoute).into_response();
    };
    let flag = |is: bool| if is { 1.0 } else { 0.0 };
    let status = services.db.status();
    gauge!(CONNECTED).set(flag(status.connected));
    for state in STATES {
        gauge!(STATE, "state" => state.name()).set(flag(state == status.state));
    }
    gauge!(RETRIES).set(f64::from(status.retry_count));
    let pool = services.db.pool_status();
    gauge!(POOL_MAX).set(f64::from(pool.max));
    gauge!(POOL, "state" => "idle").set(f64::from(pool.idle));
    gauge!(POOL, "state" => "in_use").set(f64::from(pool.in_use));
    gauge!(WAITING).set(f64::from(pool.waiting));
    if let Some(replica) = services.db.replica_status() {
        gauge!(REPLICA).set(flag(replica.usable));
        let lag = replica.lag_ms.map(Duration::from_millis);
        gauge!(LAG).set(lag.map_or(f64::NAN, |lag| lag.as_secs_f64()));
    }
    if let Some(writer) = services.db.writer_status() {
        gauge!(WRITERS).set(f64::from(writer.waiting));
    }
    let mut text = handle.render();
    let _ = text.write_char('\n');
    text.push_str(&operations::text(&services.operations.statistics()));
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(CONTENT_TYPE, kind)], text).into_response()
}

/// `/metrics` beside everything else, for callers on this machine.
pub(crate) fn routes() -> Router<Arc<Services>> {
    Router::new().route(METRICS, get(local))
}

async fn local(
    State(services): State<Arc<Services>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Response {
    let here = peer.is_some_and(|peer| peer.0.0.ip().to_canonical().is_loopback());
    let passed_on = ["forwarded", "x-forwarded-for", "x-real-ip", "via"]
        .into_iter()
        .any(|name| headers.contains_key(name));
    if services.settings.metrics_listen.is_some() || !here || passed_on {
        return ApiError::from(Door::NoRoute).into_response();
    }
    render(&services)
}

/// `/metrics` alone, for an address of its own.
pub fn router(services: Arc<Services>) -> Router {
    let all = |State(services): State<Arc<Services>>| async move { render(&services) };
    Router::new().route(METRICS, get(all)).with_state(services)
}
