//! The accept loop: time limits on what arrives, and a stop that loses nobody.
//!
//! The order of a stop: readiness fails, a pause lets load balancers notice, the door closes, open
//! requests end or are cut off, then the jobs that were not done are given back, then come the tasks
//! and the database. A second signal ends at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use service::ctx::Services;
use service::job::setting::PATIENCE;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::{debug, info};

use crate::arrival::Arrival;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For a request's headers to arrive.
    pub headers: Duration,
    /// For a request's body to arrive; large ones earn more.
    pub body: Duration,
    /// For the answer, once the whole request is there.
    pub answer: Duration,
    /// Between failing readiness and closing the door.
    pub drain_delay: Duration,
    /// For open requests to end.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(10),
            body: Duration::from_secs(30),
            answer: Duration::from_mins(1),
            drain_delay: Duration::from_secs(5),
            drain: Duration::from_secs(20),
        }
    }
}

/// Serve `router` on `listener` until the services are told to stop, then stop in order.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    services: Arc<Services>,
    timeouts: Timeouts,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.headers);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20));
    let graceful = GracefulShutdown::new();
    let closed = CancellationToken::new();
    let closing = {
        let stop = services.stop.clone();
        async move {
            stop.cancelled().await;
            tokio::time::sleep(timeouts.drain_delay).await;
        }
    };
    tokio::pin!(closing);

    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: a pause lets some be given back.
                    debug!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut closing => break,
        };
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(axum::body::Body::new);
            request
                .extensions_mut()
                .insert(ConnectInfo::<SocketAddr>(peer));
            Arrival::watch(&mut request, timeouts.body, timeouts.answer);
            router.clone().oneshot(request)
        });
        let (builder, watcher, closed) = (builder.clone(), graceful.watcher(), closed.clone());
        services.tasks.spawn(async move {
            let spoke = tokio::select! {
                spoke = tokio::time::timeout(timeouts.headers, speaks(&stream)) => spoke.is_ok_and(|spoke| spoke),
                () = closed.cancelled() => false,
            };
            if !spoke {
                return;
            }
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
            if let Err(error) = watcher.watch(connection.into_owned()).await {
                debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    closed.cancel();
    info!("the door is closed; waiting for open requests");
    let waiting = Instant::now();
    if tokio::time::timeout(timeouts.drain, graceful.shutdown())
        .await
        .is_err()
    {
        info!("some requests were cut off");
    } else {
        info!("every open request was answered");
    }
    close(&services, timeouts.drain_delay + waiting.elapsed()).await;
}

/// Let the jobs end or be given back, then the other tasks, then close the database. `spent` is how
/// long ago they were told to.
pub async fn close(services: &Services, spent: Duration) {
    let jobs = &services.jobs.at_work;
    jobs.close();
    // Their patience, and what it takes to put them down.
    let patience = services.configuration.get(&PATIENCE) + Duration::from_secs(4);
    let patience = patience.saturating_sub(spent).max(Duration::from_secs(2));
    if tokio::time::timeout(patience, jobs.wait()).await.is_err() {
        info!("some jobs were not given back: others do them when their claims run out");
    }
    services.tasks.close();
    let _ = tokio::time::timeout(Duration::from_secs(3), services.tasks.wait()).await;
    services.db.disconnect().await;
    info!("the database is closed");
}

/// Wait until the caller has said enough to tell the version of HTTP; whether it did.
///
/// Hyper's own wait for that has no limit, so a caller who says nothing would be waited for for ever.
async fn speaks(stream: &TcpStream) -> bool {
    const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut said = [0; HTTP2.len()];
    loop {
        match stream.peek(&mut said).await {
            Err(_) | Ok(0) => return false,
            Ok(length) if length < HTTP2.len() && HTTP2.starts_with(&said[..length]) => {
                // What is there already counts as readable: look again in a while.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(_) => return true,
        }
    }
}
