//! The demo's data: people and 90 days of their work in every domain, the same for the same moment.
//!
//! What was, is written as rows in one transaction: the verbs write the present, and a demo needs a
//! past. So a demo is whole or not there, and a second [`fill`] finds the first and changes nothing.
//! Throws come from seeded dice, so ids, texts and distances in time repeat; only what is sealed
//! differs, since a nonce is never repeated.
//!
//! The rollups are built from it as from any rows that came without deltas. The documents' bytes are in
//! the store before the rows that name them.

mod agent;
mod audit;
mod configuration;
mod conversation;
mod credential;
mod dice;
mod evaluation;
mod execution;
mod flag;
mod inbound;
mod job;
mod media;
mod notification;
mod people;
mod pipeline;
mod price;
mod rows;
mod saved;
mod setting;
mod text;
mod upload;
mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;

use entity::identity::user;
use entity::{Scope, Scoped};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter};

use self::people::FOUR;
use self::rows::Rows;
use crate::analytics;
use crate::ctx::{Ctx, Services};
use crate::error::Result;
use crate::identity::Password;

/// The demo's admin.
pub const ADMIN: &str = "admin@demo.test";
/// The password of the four who sign in by one.
pub const PASSWORD: &str = "chancery-demo";

/// The chain of the demo's NFTs, as `nfts.chains` would call it.
pub const CHAIN: &str = "ethereum";

/// How far back the demo's history goes.
const DAYS: i64 = 90;

/// The chapters, in the order in which they are written.
const CHAPTERS: [&str; 9] = [
    "people",
    "conversations",
    "pipeline",
    "agents",
    "media",
    "configuration",
    "webhooks",
    "platform",
    "rollups",
];

/// How far the filling is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What is written now.
    pub chapter: &'static str,
    /// How many chapters are written.
    pub done: usize,
    /// How many there are.
    pub chapters: usize,
}

/// What the demo holds.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The number of rows of each table.
    pub tables: BTreeMap<&'static str, usize>,
}

impl Summary {
    /// The number of rows of each domain.
    pub fn domains(&self) -> BTreeMap<&'static str, usize> {
        let mut domains = BTreeMap::new();
        for (table, count) in &self.tables {
            if let Some(resource) = entity::registry::resource(table) {
                *domains.entry(resource.domain).or_default() += count;
            }
        }
        domains
    }
}

/// Fill a migrated database, and tell what went in; `None` when a demo is there already.
pub async fn fill(
    services: &Arc<Services>,
    tell: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Option<Summary>> {
    let ctx = Ctx::system(Arc::clone(services), "demo");
    if is_filled(&ctx).await? {
        return Ok(None);
    }
    let mut hashes = Vec::new();
    let dice = dice::Dice::of("passwords");
    for _ in FOUR {
        let password = Password::new(PASSWORD)?;
        hashes.push(services.passwords.hash(dice.chance(), &password).await?);
    }

    let documents = upload::bytes(services).await?;

    let tx = ctx.write().await?;
    let mut rows = Rows::new(&tx);
    let begin = |done: usize| {
        tell(Progress {
            chapter: CHAPTERS[done],
            done,
            chapters: CHAPTERS.len(),
        });
    };
    begin(0);
    let people = people::write(&mut rows, hashes).await?;
    begin(1);
    conversation::write(&mut rows, &people).await?;
    begin(2);
    let documents = upload::write(&mut rows, &people, documents).await?;
    let runs = pipeline::write(&mut rows, &people, documents).await?;
    begin(3);
    agent::write(&mut rows, &people).await?;
    begin(4);
    media::write(&mut rows, &people).await?;
    begin(5);
    let mut log = audit::Log::new();
    configuration::write(&mut rows, &people, &mut log).await?;
    begin(6);
    webhook::write(&mut rows, &people, &runs).await?;
    begin(7);
    job::write(&mut rows, &people).await?;
    saved::write(&mut rows, &people).await?;
    log.write(&mut rows, &people, &runs).await?;
    let tables = rows.tally();
    tx.commit().await?;
    begin(8);
    // What triggers put down, then what came without.
    analytics::fold(&Ctx::system(Arc::clone(services), "demo")).await?;
    analytics::rebuild(&ctx, false, &|_| ()).await?;
    Ok(Some(Summary { tables }))
}

async fn is_filled(ctx: &Ctx) -> Result<bool> {
    let admins = user::Entity::within(Scope::Everyone).filter(user::Column::EmailKey.eq(ADMIN));
    Ok(admins.count(&ctx.read()?).await? > 0)
}
