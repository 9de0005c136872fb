//! The sender: takes what is due, calls, and writes down what came of it.
//!
//! A claim is a lease: the delivery's next moment is set to when the call is over for certain, so
//! whatever dies with its process is taken up again then. Nothing is sent within a write, and any
//! number of processes may send beside each other. An endpoint has few calls under way at once, one
//! that failed last a single one, and all of those together at most half of the places: whoever lets
//! us wait keeps nobody else waiting.

mod outcome;
mod post;
mod store;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use entity::id::WebhookEndpointId;
use entity::webhook::endpoint::{self, WebhookEndpointStatus};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::task::JoinSet;
use tracing::{debug, warn};

use self::outcome::Outcome;
use self::post::Letter;
use self::store::Passed;
use super::inbound;
use super::setting::{CONCURRENCY, ENDPOINT_CONCURRENCY};
use crate::actor::Actor;
use crate::ctx::{Ctx, Services};
use crate::error::{Common, Result};
use crate::operation::{self, Kind, Label};
use crate::outbound;
use crate::signal::Signal;
use crate::write::Write;

/// How often is looked for what is due where no signal came.
const POLL: Duration = Duration::from_secs(1);
/// How long a claim outlives its call: time to write down what came of it.
const MARGIN: Duration = Duration::from_secs(15);
/// How long a stop waits for calls under way.
const GRACE: Duration = Duration::from_secs(2);
/// How many deliveries one write claims or settles: it keeps other writes waiting.
const PORTION: usize = 16;

/// Send what is due and handle what came in, until the services are told to stop.
pub async fn work(services: Arc<Services>) {
    let ctx = Ctx::system(services, "webhooks");
    tokio::join!(sending(&ctx), inbound::handling(&ctx));
}

async fn sending(ctx: &Ctx) {
    let mut sender = Sender::new(ctx.clone());
    let mut signals = ctx.services.signals.listen();
    let stop = &ctx.services.stop;
    while !stop.is_cancelled() {
        let label = Label::new(Kind::Job, "webhook.deliver");
        let turn = sender.turn();
        match operation::within(&ctx.services.operations, label, "", turn).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                warn!(%error, "webhooks wait until the database takes them");
                let _ = stop.run_until_cancelled(tokio::time::sleep(POLL)).await;
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = sender.landing(), if !sender.flights.is_empty() => {}
            () = woken(&mut signals) => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
    sender.finish().await;
}

/// Send everything that is due now, and wait for what comes of it; tells how many calls were made.
/// Only the house itself may.
pub async fn deliver_due(ctx: &Ctx) -> Result<usize> {
    if !matches!(ctx.actor, Actor::System(_)) {
        return Err(Common::Denied.into());
    }
    let mut sender = Sender::new(ctx.clone());
    loop {
        let more = sender.turn().await?;
        if !more && sender.flights.is_empty() && sender.landed.is_empty() {
            return Ok(sender.sent);
        }
        if !sender.flights.is_empty() {
            sender.landing().await;
        }
    }
}

/// Wait for a signal that says that something may be due, and take what else there is.
async fn woken(signals: &mut Receiver<Signal>) {
    loop {
        let heard = match signals.recv().await {
            Ok(signal) => matches!(
                signal,
                Signal::DeliveryMoved(_) | Signal::DeliveriesQueued | Signal::Missed
            ),
            Err(RecvError::Lagged(_)) => true,
            // Nobody will say anything any more; the clock still does.
            Err(RecvError::Closed) => return std::future::pending().await,
        };
        if heard {
            while let Ok(_) | Err(TryRecvError::Lagged(_)) = signals.try_recv() {}
            return;
        }
    }
}

/// The calls of one process.
struct Sender {
    ctx: Ctx,
    flights: JoinSet<Outcome>,
    under_way: UnderWay,
    landed: Vec<Outcome>,
    sent: usize,
}

type UnderWay = HashMap<WebhookEndpointId, Flights>;

/// What is under way to an endpoint.
#[derive(Clone, Copy, Debug, Default)]
struct Flights {
    count: usize,
    failing: bool,
}

impl Sender {
    fn new(ctx: Ctx) -> Self {
        Self {
            ctx,
            flights: JoinSet::new(),
            under_way: HashMap::new(),
            landed: Vec::new(),
            sent: 0,
        }
    }

    /// Write down what came of calls, and make more; whether there may be more to do at once.
    async fn turn(&mut self) -> Result<bool> {
        while let Some(done) = self.flights.try_join_next() {
            self.land(done.ok());
        }
        self.settle().await?;
        let free = self.most().saturating_sub(self.flights.len());
        let passed = self.passed(&self.under_way);
        let due = store::next_due(&self.ctx.read()?, &passed).await?;
        if free == 0 || due.is_none_or(|due| due > self.ctx.now()) {
            return Ok(false);
        }
        let tx = self.ctx.write().await?;
        let mut under_way = self.under_way.clone();
        let (some, letters) = self.claim(&tx, free.min(PORTION), &mut under_way).await?;
        tx.commit().await?;
        self.under_way = under_way;
        for letter in letters {
            self.sent += 1;
            let services = Arc::clone(&self.ctx.services);
            self.flights.spawn(post::send(services, letter));
        }
        Ok(some)
    }

    fn most(&self) -> usize {
        usize::try_from(self.ctx.configuration().get(&CONCURRENCY)).unwrap_or(1)
    }

    /// Whom to pass over.
    fn passed(&self, under_way: &UnderWay) -> Passed {
        let each = self.ctx.configuration().get(&ENDPOINT_CONCURRENCY);
        let each = usize::try_from(each).unwrap_or(1);
        let full =
            |(_, flights): &(_, &Flights)| flights.count >= if flights.failing { 1 } else { each };
        let busy = under_way.iter().filter(full).map(|(id, _)| *id);
        let failing = under_way.values().filter(|flights| flights.failing);
        let failing: usize = failing.map(|flights| flights.count).sum();
        Passed {
            busy: busy.collect(),
            failing: failing * 2 >= self.most(),
        }
    }

    /// Claim some deliveries, and tell whether there were any. One to an endpoint that is disabled has
    /// failed, without a call.
    async fn claim(
        &self,
        tx: &Write,
        most: usize,
        under_way: &mut UnderWay,
    ) -> Result<(bool, Vec<Letter>)> {
        let until = tx.now + self.ctx.configuration().get(&outbound::TIMEOUT) + MARGIN;
        let mut known: HashMap<WebhookEndpointId, endpoint::Model> = HashMap::new();
        let (mut some, mut claimed) = (false, Vec::new());
        for _ in 0..most {
            let Some(row) = store::claim(tx, &self.passed(under_way), until).await? else {
                break;
            };
            some = true;
            let id = row.endpoint_id;
            if let std::collections::hash_map::Entry::Vacant(place) = known.entry(id) {
                let Some(endpoint) = store::endpoint(tx, id).await? else {
                    continue;
                };
                place.insert(endpoint);
            }
            let endpoint = &known[&id];
            if endpoint.status == WebhookEndpointStatus::Disabled {
                outcome::give_up(tx, &row).await?;
                continue;
            }
            let flights = under_way.entry(id).or_default();
            flights.count += 1;
            flights.failing = endpoint.failing_since.is_some();
            claimed.push(row);
        }
        let messages = store::messages(tx, &claimed).await?;
        let letters = claimed.into_iter().filter_map(|row| {
            let message = messages.iter().find(|one| one.id == row.message_id)?;
            let endpoint = known.get(&row.endpoint_id)?;
            Some(Letter {
                endpoint: endpoint.clone(),
                message: message.clone(),
                delivery: row,
            })
        });
        Ok((some, letters.collect()))
    }

    /// Wait for a call to end.
    async fn landing(&mut self) {
        if let Some(done) = self.flights.join_next().await {
            self.land(done.ok());
        }
    }

    fn land(&mut self, outcome: Option<Outcome>) {
        let Some(outcome) = outcome else {
            // A call that was cut off: its claim runs out by itself. To whom it was is not known, so
            // that place stays taken until nothing is under way.
            if self.flights.is_empty() {
                self.under_way.clear();
            }
            return;
        };
        let id = outcome.letter.endpoint.id;
        if let Some(flights) = self.under_way.get_mut(&id) {
            flights.count = flights.count.saturating_sub(1);
            flights.failing = !outcome.is_good();
            if flights.count == 0 {
                self.under_way.remove(&id);
            }
        }
        self.landed.push(outcome);
    }

    /// Write down what came of calls. What cannot be written is tried alone, and forgotten if that
    /// fails as well: its claim runs out, and the call is made again.
    async fn settle(&mut self) -> Result<()> {
        while !self.landed.is_empty() {
            let some = PORTION.min(self.landed.len());
            let together = self.write_down(&self.landed[..some]).await;
            if let Err(error) = together {
                if error.retry_after().is_some() {
                    return Err(error);
                }
                for outcome in &self.landed[..some] {
                    if let Err(error) = self.write_down(std::slice::from_ref(outcome)).await {
                        let delivery = outcome.letter.delivery.id;
                        warn!(%error, %delivery, "what came of a delivery was not written down");
                    }
                }
            }
            self.landed.drain(..some);
        }
        Ok(())
    }

    async fn write_down(&self, outcomes: &[Outcome]) -> Result<()> {
        let tx = self.ctx.write().await?;
        for outcome in outcomes {
            outcome::write(&tx, outcome).await?;
        }
        tx.commit().await
    }

    /// Let calls under way end, as long as a stop can wait; the others are made again.
    async fn finish(mut self) {
        let landing = async {
            while !self.flights.is_empty() {
                self.landing().await;
            }
        };
        if tokio::time::timeout(GRACE, landing).await.is_err() {
            let left = self.flights.len();
            debug!(left, "deliveries were cut off, and will be made again");
        }
        if let Err(error) = self.settle().await {
            warn!(%error, "what came of the last deliveries was not written down");
        }
    }
}
