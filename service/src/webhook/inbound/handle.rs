//! What is done with the events that came in.

use std::time::Duration;

use entity::webhook::inbound_event::{InboundEventState, Model};
use futures::future::BoxFuture;
use tokio::sync::broadcast::error::RecvError;
use tracing::{info, warn};

use super::store;
use crate::actor::Actor;
use crate::ctx::Ctx;
use crate::error::{Common, Error, Kind, Result};
use crate::operation::{self, Label};
use crate::signal::Signal;
use crate::video;
use crate::write::Write;

/// How often is looked for events where no signal came.
const POLL: Duration = Duration::from_secs(1);
/// How long a complaint that is kept may be, in characters.
const COMPLAINT: usize = 2_000;

/// What a handler made of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// It did what there was to do.
    Processed,
    /// The event is of no concern to us.
    Ignored,
}

/// Does what an event asks for, in the open write: it comes with what it does, or not at all.
pub type Handler = for<'a> fn(&'a Write, &'a Model) -> BoxFuture<'a, Result<Handled>>;

/// Handlers by the names of their sources.
pub type Handlers = &'static [(&'static str, Handler)];

/// Every handler. That of the generator of videos is also the handler of the source that the setting
/// `videos.source` names.
pub const HANDLERS: Handlers = &[(video::HANDLED, video::handle)];

/// Handle what came in, until the services are told to stop.
pub(in crate::webhook) async fn handling(ctx: &Ctx) {
    let mut signals = ctx.services.signals.listen();
    let stop = &ctx.services.stop;
    while !stop.is_cancelled() {
        let label = Label::new(operation::Kind::Job, "webhook.handle");
        let pass = handle_due(ctx, HANDLERS);
        let done = operation::within(&ctx.services.operations, label, "", pass);
        match stop.run_until_cancelled(done).await {
            None | Some(Ok(0)) => {}
            Some(Ok(count)) => info!(count, "handled what sources told"),
            Some(Err(error)) => warn!(%error, "what sources told waits"),
        }
        let heard = async {
            loop {
                match signals.recv().await {
                    Ok(Signal::InboundArrived(_) | Signal::Missed) | Err(RecvError::Lagged(_)) => {
                        return;
                    }
                    Ok(_) => {}
                    Err(RecvError::Closed) => return std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = heard => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Handle every event that waits; tells how many. Only the house itself may.
pub async fn handle_due(ctx: &Ctx, handlers: Handlers) -> Result<usize> {
    if !matches!(ctx.actor, Actor::System(_)) {
        return Err(Common::Denied.into());
    }
    let mut count = 0;
    while store::waits(&ctx.read()?).await? && handle_one(ctx, handlers).await? {
        count += 1;
    }
    Ok(count)
}

/// Handle the event that has waited longest; whether there was one.
async fn handle_one(ctx: &Ctx, handlers: Handlers) -> Result<bool> {
    let tx = ctx.write().await?;
    let Some(event) = store::next(&tx).await? else {
        return Ok(false);
    };
    let name = if event.source == ctx.configuration().get(&video::SOURCE) {
        video::HANDLED
    } else {
        event.source.as_str()
    };
    let handler = handlers.iter().find(|(known, _)| *known == name);
    let outcome = match handler {
        None => Ok(Handled::Ignored),
        Some((_, handler)) => handler(&tx, &event).await,
    };
    match outcome {
        Ok(done) => {
            let state = match done {
                Handled::Processed => InboundEventState::Processed,
                Handled::Ignored => InboundEventState::Ignored,
            };
            store::settle(&tx, event.id, state, None).await?;
            tx.commit().await?;
        }
        Err(error) if passes(&error) => return Err(error),
        Err(error) => {
            // What the handler did goes; that it failed stays.
            drop(tx);
            let tx = ctx.write().await?;
            let complaint = match error.kind() {
                Kind::Internal => {
                    warn!(error = %chain(&error), event = %event.id, "an event was not handled");
                    "internal error".to_owned()
                }
                _ => error.to_string().replace('\0', ""),
            };
            let complaint = complaint.chars().take(COMPLAINT).collect();
            let failed = InboundEventState::Failed;
            store::settle(&tx, event.id, failed, Some(complaint)).await?;
            tx.commit().await?;
        }
    }
    Ok(true)
}

/// Whether the same may go well a moment later.
fn passes(error: &Error) -> bool {
    matches!(error.kind(), Kind::Unavailable | Kind::Timeout)
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
