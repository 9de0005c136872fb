//! `chancery worker`: jobs only, beside any number of others of its like.

use std::sync::Arc;

use api::config::Config;
use api::{metrics, server};
use tokio::net::TcpListener;
use tracing::info;

use super::Failure;
use super::serve::{attend, heed_signals, serve_beside, start, work};

/// Work at the jobs of `queues`, or of all, until a signal says stop.
pub(crate) async fn run(config: &Config, queues: Vec<String>) -> Result<(), Failure> {
    metrics::install();
    if config.is_embedded()? {
        let why = "an SQLite file belongs to one process: `chancery serve` works at its jobs";
        return Err(why.into());
    }
    let services = config.services(migration::steps())?;
    heed_signals(&services)?;
    if let Some(address) = config.metrics_listen {
        let listener = TcpListener::bind(address).await?;
        info!("metrics and health on http://{}", listener.local_addr()?);
        serve_beside(&services, listener, api::probes(Arc::clone(&services)));
    }
    Box::pin(start(config, Arc::clone(&services), false)).await?;
    attend(&services);
    work(&services, queues);
    services.stop.cancelled().await;
    server::close(&services, std::time::Duration::ZERO).await;
    Ok(())
}
