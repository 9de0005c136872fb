//! Steps written from the difference between the schema of the steps and that of the entities.

mod ask;
mod complete;
mod half;
mod of_drift;
mod postgres;
mod put;
mod script;
mod unfilled;
mod unused;

use std::collections::{BTreeMap, BTreeSet};

use entity::registry::Resource;
use sea_orm_migration::sea_orm::DatabaseConnection;

pub(crate) use ask::{by_entities, by_hand, filled, renamed};
pub(crate) use complete::{Completed, completed};
pub(crate) use half::stand_ins;
pub(crate) use of_drift::of_drift;
pub use put::{Put, put};
pub(crate) use put::{check_built, check_name, complete};
pub(crate) use unfilled::unfilled;
pub(crate) use unused::refuse as refuse_unused;

use crate::engine::Engine;
use crate::error::Error;
use crate::schema::{BOOKKEEPING, Renames, scratch};
use crate::step::{STEPS, Step, check_written};

use half::{Half, half};
use script::{script, unwritten};
use unused::Side;

/// What nobody but a person can know of a change.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// What is the same under another name, beside what the entities say.
    pub renames: Renames,
    /// Columns that go, and are not renamed: table and column.
    pub drops: BTreeSet<(String, String)>,
    /// Tables that go, and are not renamed.
    pub gone: BTreeSet<String>,
    /// What the rows that are there have in a new column: an expression.
    pub fills: BTreeMap<(String, String), String>,
}

/// A step's four scripts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Each file's name and what it holds.
    pub files: Vec<(&'static str, String)>,
    /// The same of a second step, whose statements run each by itself beside readers and writers; none
    /// where nothing needs that.
    pub online: Vec<(&'static str, String)>,
    /// What going up, or down again, loses.
    pub losses: Vec<String>,
    /// The engine whose scripts nobody could write here: they say so, and the step does not run there.
    pub unwritten: Option<Engine>,
}

impl Written {
    fn take(&mut self, engine: Engine, half: Half) {
        let (up, down) = engine.files();
        self.files.extend([(up, half.up), (down, half.down)]);
        for loses in half.losses {
            if !self.losses.contains(&loses) {
                self.losses.push(loses);
            }
        }
        if let Some((up_online, down_online)) = half.online {
            self.online = vec![(up, up_online), (down, down_online)];
            let (up, down) = engine.other().files();
            self.online.extend([(up, script(&[])), (down, script(&[]))]);
        }
    }

    /// Leave the scripts of `engine` to whoever has such a database.
    fn leave(&mut self, engine: Engine) {
        let (up, down) = engine.files();
        self.files
            .extend([(up, unwritten(engine)), (down, unwritten(engine))]);
        self.unwritten = Some(engine);
    }
}

/// The step that makes of what the steps make what `resources` want, or nothing where that is the
/// same. `PostgreSQL` spells its own definitions, so its half is written where `db` is one; `SQLite`
/// is in the program, and its half is always written.
pub async fn written(
    db: &DatabaseConnection,
    resources: impl IntoIterator<Item = &Resource> + Clone,
    said: &Said,
) -> Result<Option<Written>, Error> {
    let engines = match Engine::of(db)? {
        Engine::Postgres => &[Engine::Postgres, Engine::Sqlite][..],
        Engine::Sqlite => &[Engine::Sqlite],
    };
    let mut sides = Vec::new();
    for &engine in engines {
        check_written(STEPS, engine)?;
        sides.push(side(engine, db, STEPS, resources.clone(), said).await?);
    }
    unused::refuse(said, &sides)?;
    let mut written = Written::default();
    let mut differs = false;
    for side in sides {
        let engine = side.1.engine;
        let half = half(side, said)?;
        differs |= half.differs;
        written.take(engine, half);
    }
    if !engines.contains(&Engine::Postgres) {
        written.leave(Engine::Postgres);
    }
    Ok(differs.then_some(written))
}

/// What `steps` make on `engine` and what `resources` want there, and what is renamed between them.
async fn side(
    engine: Engine,
    db: &DatabaseConnection,
    steps: &[Step],
    resources: impl IntoIterator<Item = &Resource> + Clone,
    said: &Said,
) -> Result<Side, Error> {
    let from = scratch::of_steps(engine, db, steps).await?;
    let from = from.without(BOOKKEEPING);
    let to = scratch::of_entities(engine, db, resources.clone()).await?;
    let mut to = to.without(BOOKKEEPING);
    let mut renames = said.renames.clone();
    by_entities(resources, engine, &from, &mut renames);
    // No entity says who may do what.
    to.keep_rights(&renames.applied(&from));
    Ok((renames, from, to))
}
