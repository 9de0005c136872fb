//! `chancery serve` and `chancery demo`: the process from its start to its stop.

use std::sync::Arc;
use std::time::Duration;

use api::config::Config;
use api::metrics;
use api::server;
use secrecy::ExposeSecret;
use service::ctx::Services;
use service::db::Kind;
use service::job::Worker;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tracing::{info, warn};

use super::{Failure, refused, sole};

/// How long the door stays shut for a start that is nearly over.
const HEAD_START: Duration = Duration::from_secs(3);

/// Start, and serve until a signal says stop.
///
/// Where the database keeps it waiting, the process serves all the same: it is alive, and says that
/// it is not ready.
pub(crate) async fn serve(config: &Config, migrate: bool) -> Result<(), Failure> {
    metrics::install();
    let services = config.services(migration::steps())?;
    let file = config.database_file()?;
    let _sole = file.map(|file| sole::hold(&file)).transpose()?;
    let listener = TcpListener::bind(config.listen).await?;
    heed_signals(&services)?;
    let mut start = Box::pin(start(config, Arc::clone(&services), migrate));
    if let Ok(started) = timeout(HEAD_START, &mut start).await {
        started?;
        return listen(config, services, listener).await;
    }
    warn!("the database keeps the start waiting; serving without it");
    let serving = listen(config, Arc::clone(&services), listener);
    let starting = async {
        let started = start.await;
        if started.is_err() {
            services.stop.cancel();
        }
        started
    };
    let (served, started) = tokio::join!(serving, starting);
    started.and(served)
}

/// Connect and migrate. A database that is away for now is waited for; one that cannot be had the
/// way it is named ends the start.
pub(super) async fn start(
    config: &Config,
    services: Arc<Services>,
    migrate: bool,
) -> Result<(), Failure> {
    let start = async {
        let connection = services.db.connect().await;
        match connection.error {
            Some(problem) if problem.kind == Kind::Permanent => return Err(refused(problem)),
            _ => {}
        }
        let mut status = services.db.watch();
        status.wait_for(|status| status.connected).await?;
        if migrate {
            Box::pin(migrate_up(config)).await?;
        }
        let pending = service::health::look(&services).await.pending;
        if let Some([first, ..]) = pending.as_deref() {
            warn!("{first} and what follows is not applied: run `chancery migrate up`");
        }
        if let Err(error) = service::configuration::load(&services).await {
            warn!(%error, "the settings of the database are not read yet");
        }
        Ok(())
    };
    let started = services.stop.run_until_cancelled(start).await;
    started.unwrap_or(Ok(()))
}

pub(super) async fn migrate_up(config: &Config) -> Result<(), Failure> {
    let db = migration::connect(config.session_url()?.expose_secret()).await?;
    let done = migration::up(&db).await;
    db.close().await?;
    for step in done? {
        info!(step, "migrated");
    }
    Ok(())
}

/// The first signal stops in order; the second ends at once.
pub(super) fn heed_signals(services: &Services) -> Result<(), Failure> {
    let stop = services.stop.clone();
    let (mut term, mut int) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    #[expect(
        clippy::disallowed_methods,
        reason = "it outlives the stop that it begins"
    )]
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        info!("stopping");
        stop.cancel();
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        std::process::exit(130);
    });
    Ok(())
}

/// Serve, with all that runs beside, until the services are told to stop.
pub(super) async fn listen(
    config: &Config,
    services: Arc<Services>,
    listener: TcpListener,
) -> Result<(), Failure> {
    if let Some(address) = config.metrics_listen {
        let listener = TcpListener::bind(address).await?;
        info!("metrics on http://{}", listener.local_addr()?);
        serve_beside(&services, listener, metrics::router(Arc::clone(&services)));
    }
    attend(&services);
    if !config.no_jobs {
        work(&services, Vec::new());
    }
    info!("listening on http://{}", listener.local_addr()?);
    let router = api::router(Arc::clone(&services));
    server::serve(listener, router, services, config.timeouts()).await;
    Ok(())
}

/// Serve what operators look at on an address of its own, until the services are told to stop.
pub(super) fn serve_beside(services: &Services, listener: TcpListener, router: axum::Router) {
    let stop = services.stop.clone().cancelled_owned();
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop);
    services.tasks.spawn(async move {
        if let Err(error) = serving.await {
            warn!(%error, "the metrics are not served any more");
        }
    });
}

/// What runs beside the requests and the jobs, in every process that goes on.
pub(super) fn attend(services: &Arc<Services>) {
    service::signal::attend(services);
    service::configuration::attend(services);
    services.tasks.spawn(metrics::upkeep(Arc::clone(services)));
    services
        .tasks
        .spawn(service::upkeep::attend(Arc::clone(services)));
}

/// Work at the jobs of `queues`, or of all, until the services are told to stop.
pub(super) fn work(services: &Arc<Services>, queues: Vec<String>) {
    let worker = Worker::new(Arc::clone(services), queues);
    if worker.serves_all() {
        let sender = service::webhook::work(Arc::clone(services));
        services.jobs.at_work.spawn(sender);
    }
    services.jobs.at_work.spawn(worker.attend());
}
