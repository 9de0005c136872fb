//! What others tell us: verified as raw bytes, kept once for each id, handled afterwards.
//!
//! A source's events are handled by the handler of its name in [`HANDLERS`], each in a write of its
//! own, so that what a handler does and that it is done are kept together. What no handler takes is
//! kept all the same, and ignored.

mod handle;
mod scheme;
mod source;
mod store;

use entity::id::InboundEventId;
use entity::types::Encrypted;
use entity::webhook::inbound_event::{InboundEventState, Model};
use serde_json::{Map, Value};

pub(super) use self::handle::handling;
pub use self::handle::{HANDLERS, Handled, Handler, Handlers, handle_due};
pub use self::source::{
    MadeSource, NewSource, SourceChange, create_source, delete_source, rotate_source, source,
    sources, update_source,
};
use super::error::Error;
use super::setting::TOLERANCE;
use super::signature::Secrets;
use crate::check::Check;
use crate::ctx::{Ctx, Services};
use crate::error::Result;
use crate::signal::Signal;

/// The most characters of an id.
const ID: usize = 255;

/// Headers that are kept with an event, beside those of its scheme that sign nothing.
const KEPT: [&str; 6] = [
    "content-type",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "x-github-event",
    "x-github-delivery",
];

/// What came in.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// The event, which was kept now or before.
    pub id: InboundEventId,
    /// Whether it was kept before.
    pub duplicate: bool,
}

/// A request of a source's, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'a> {
    /// Its headers: names in lower case, each value that could be read as text.
    pub headers: &'a [(String, String)],
    /// Its body.
    pub body: &'a [u8],
}

impl Parcel<'_> {
    /// The one value of a header; none where there is none, or more than one.
    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value.as_str())
    }
}

/// Keep what the source `name` tells, once it is certain that the source does.
pub async fn receive(ctx: &Ctx, name: &str, parcel: Parcel<'_>) -> Result<Received> {
    if name.contains('\0') {
        return Err(Error::NoSuchSource.into());
    }
    let source = store::named(&ctx.read()?, name).await?;
    let source = source.filter(|source| source.is_active);
    let source = source.ok_or(Error::NoSuchSource)?;
    let secrets = open(&ctx.services, source.id, &source.secrets)?;
    let tolerance = ctx.configuration().get(&TOLERANCE);
    let external_id = scheme::verify(source.scheme, &secrets, parcel, ctx.now(), tolerance)?;
    let mut check = Check::default();
    check.text("webhook-id", &external_id, true, ID);
    check.done()?;

    // The source's own id is what makes it one: a key of idempotency has no say here.
    let tx = ctx.unkeyed().write().await?;
    let kept = KEPT.iter().filter_map(|name| {
        let value = parcel.header(name)?.replace('\0', "");
        Some(((*name).to_owned(), Value::String(value)))
    });
    let row = Model {
        id: tx.fresh(),
        source: source.name,
        external_id,
        headers: Value::Object(kept.collect::<Map<_, _>>()),
        body: parcel.body.to_vec(),
        state: InboundEventState::Received,
        error: None,
        processed_at: None,
        created_at: tx.now,
        updated_at: tx.now,
    };
    let id = row.id;
    if let Some(known) = store::insert_once(&tx, row).await? {
        return Ok(Received {
            id: known,
            duplicate: true,
        });
    }
    tx.signal(Signal::InboundArrived(id));
    tx.commit().await?;
    Ok(Received {
        id,
        duplicate: false,
    })
}

/// Where a source's secrets are sealed for.
fn place(id: entity::id::WebhookSourceId) -> String {
    format!("webhook_sources/{id}/secrets")
}

fn open(
    services: &Services,
    id: entity::id::WebhookSourceId,
    sealed: &Encrypted,
) -> Result<Secrets> {
    Secrets::open(&services.keyring, &place(id), sealed)
}
