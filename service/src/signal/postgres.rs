//! Signals between replicas: NOTIFY in the transaction, LISTEN on a connection of its own.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgListener;
use sea_orm::{ConnectionTrait, Statement};
use secrecy::ExposeSecret;
use tracing::debug;
use uuid::Uuid;

use super::{Envelope, Signal};
use crate::ctx::Services;
use crate::error::{Error, Result};
use crate::write::Write;

const CHANNEL: &str = "chancery";
const RETRY: Duration = Duration::from_secs(1);

pub(super) async fn announce(tx: &Write, origin: Uuid, signals: &[Signal]) -> Result<()> {
    for signal in signals {
        let envelope = Envelope {
            from: origin,
            signal: signal.clone(),
        };
        let text = serde_json::to_string(&envelope).map_err(Error::internal)?;
        let backend = tx.get_database_backend();
        let sql = "SELECT pg_notify($1, $2)";
        let values = [CHANNEL.into(), text.into()];
        tx.query_one_raw(Statement::from_sql_and_values(backend, sql, values))
            .await?;
    }
    Ok(())
}

/// Listen, and begin anew whenever the connection is lost.
pub(super) async fn relay(services: Arc<Services>) {
    let Some(url) = &services.settings.listen_url else {
        // A transaction pooler without a direct address: revocations reach this process when the
        // caller cache runs out.
        return;
    };
    loop {
        let session = async {
            let mut listener = PgListener::connect(url.expose_secret()).await?;
            listener.listen(CHANNEL).await?;
            // What was said while nobody listened is not said again.
            services.signals.publish(vec![Signal::Missed]);
            while let Some(notification) = listener.try_recv().await? {
                if let Ok(envelope) = serde_json::from_str::<Envelope>(notification.payload())
                    && envelope.from != services.signals.origin
                {
                    services.signals.publish(vec![envelope.signal]);
                }
            }
            Ok::<(), sea_orm::SqlxError>(())
        };
        tokio::select! {
            () = services.stop.cancelled() => return,
            ended = session => {
                let error = ended.err().map(|error| error.to_string());
                debug!(error, "the signal listener lost its connection");
            }
        }
        tokio::select! {
            () = services.stop.cancelled() => return,
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}
