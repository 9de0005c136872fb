//! What was applied: the standard `seaql_migrations` table, which `sea-orm-cli` reads too, and beside
//! it our own with checksums, states and who did it. Reading makes neither.

mod log;
mod record;
mod write;

use sea_orm_migration::sea_orm::sea_query::{Alias, Order, Query};
use sea_orm_migration::sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use sea_orm_migration::{IntoSchemaManagerConnection, SchemaManager, seaql_migrations};
use serde::Serialize;

pub(crate) use log::{ACCEPTED, noted};
pub(crate) use record::{Model as Record, State};
pub(crate) use write::{PROGRAM, Writer, applied_record, now};

use crate::adopt::{Adoption, LeftOut, has_table};
use crate::engine::Engine;
use crate::error::Error;
use crate::schema::{BOOKKEEPING, LiveSchema};
use crate::step::{Direction, STEPS, Step};

/// Where a database stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The steps that are applied, oldest first.
    pub applied: Vec<String>,
    /// The steps that are not, oldest first.
    pub pending: Vec<String>,
    /// Names in the history that no step here has.
    pub unknown: Vec<String>,
    /// Applied steps that were other statements when they were applied.
    pub modified: Vec<String>,
    /// Pending steps that were tried and failed, and why. `up` tries them again, or goes on with them.
    pub failed: Vec<Failed>,
    /// Pending steps that were applied before and taken back.
    pub rolled_back: Vec<String>,
    /// Pending steps that are older than an applied one.
    pub out_of_order: Vec<String>,
    /// Applied steps of which nothing is known but that they are: whether they were changed since, nobody
    /// can tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unrecorded: Vec<String>,
    /// Applied steps that nobody ran: what they make stood when the database was taken over.
    pub adopted: Vec<String>,
    /// What was left out of tables that stood when the database was taken over.
    pub left_out: Vec<LeftOut>,
    /// Pending steps that stand for several, of which some are applied and not all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub half_replaced: Vec<HalfReplaced>,
    /// Applied steps whose way down stopped in its middle, and what it did stays. `down` goes on there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub half_undone: Vec<HalfUndone>,
}

/// A step whose way down stopped in its middle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HalfUndone {
    /// Its name.
    pub step: String,
    /// How many of its statements are done.
    pub done: i32,
    /// How many there are.
    pub of: usize,
    /// What the database said.
    pub error: String,
}

/// A step that stands for several, of which some are applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HalfReplaced {
    /// Its name.
    pub step: String,
    /// How many of them are applied.
    pub there: usize,
    /// How many there are.
    pub of: usize,
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// Its name.
    pub step: String,
    /// Whether it stopped in its middle, and what it did stays; else nothing of it does.
    pub half: bool,
    /// How many of its statements are done.
    pub statements_done: i32,
    /// What the database said.
    pub error: String,
}

/// Where the database behind `db` stands. Reads only, and makes nothing.
pub async fn status<'c>(db: impl IntoSchemaManagerConnection<'c>) -> Result<Status, Error> {
    let manager = SchemaManager::new(db);
    let adoption = Adoption::of(manager.get_connection()).await?;
    let list = write::list_of(manager.get_connection()).await?;
    let names = listed(manager.get_connection(), list).await?;
    let records = records(&manager).await?;
    let engine = Engine::of(manager.get_connection())?;
    let mut status = stands(&names, &records, STEPS, engine);
    status.left_out = adoption.map_or_else(Vec::new, |one| one.left_out.into_iter().collect());
    Ok(status)
}

/// Where a database stands on the way of `steps` that has `names` on its list, and `records`.
fn stands(names: &[String], records: &[Record], steps: &[Step], engine: Engine) -> Status {
    let mut status = Status::default();
    let is_listed = |name: &str| names.iter().any(|one| one == name);
    // How many of those that a step stands for are there, and how many there are.
    let replaced = |step: &Step| {
        let there = step.replaces().filter(|name| is_listed(name)).count();
        (there, step.replaces().count())
    };
    let is_applied = |step: &Step| {
        let (there, of) = replaced(step);
        is_listed(step.name) || (of > 0 && there == of)
    };
    // What stood before was there first, whatever is made beside it.
    let is_adopted = |step: &Step| {
        let mut records = records.iter();
        records.any(|one| one.id == step.name && one.state == State::Adopted)
    };
    let ran = |step: &Step| is_applied(step) && !is_adopted(step);
    let last = steps.iter().rposition(ran);
    for (at, step) in steps.iter().enumerate() {
        let name = step.name.to_owned();
        let record = records.iter().find(|record| record.id == step.name);
        if is_applied(step) {
            let is_own = record.filter(|_| is_listed(step.name));
            if is_own.is_some_and(|record| record.checksum != step.checksum(engine)) {
                status.modified.push(name.clone());
            }
            if record.is_none() && is_listed(step.name) {
                status.unrecorded.push(name.clone());
            }
            if is_adopted(step) {
                status.adopted.push(name.clone());
            }
            if let Some(record) = record.filter(|one| one.state == State::Undoing) {
                status.half_undone.push(HalfUndone {
                    step: name.clone(),
                    done: record.statements_done,
                    of: step.statements(engine, Direction::Down).len(),
                    error: record.error.clone().unwrap_or_default(),
                });
            }
            status.applied.push(name);
            continue;
        }
        let (there, of) = replaced(step);
        if there > 0 {
            let step = name.clone();
            status.half_replaced.push(HalfReplaced { step, there, of });
        }
        match record {
            Some(record) if record.state == State::RolledBack => {
                status.rolled_back.push(name.clone());
            }
            Some(record) if matches!(record.state, State::Started | State::Failed) => {
                status.failed.push(Failed {
                    step: name.clone(),
                    half: record.state == State::Started,
                    statements_done: record.statements_done,
                    error: record.error.clone().unwrap_or_default(),
                });
            }
            _ => {}
        }
        if last.is_some_and(|last| at < last) {
            status.out_of_order.push(name.clone());
        }
        status.pending.push(name);
    }
    let is_known = |name: &String| {
        let mut steps = steps.iter();
        steps.any(|step| step.name == name || step.replaces().any(|one| one == name))
    };
    status.unknown = names
        .iter()
        .filter(|name| !is_known(name))
        .cloned()
        .collect();
    status
}

/// The names on a list of applied steps.
pub(crate) async fn listed(db: &impl ConnectionTrait, list: &str) -> Result<Vec<String>, Error> {
    if !has_table(db, None, list).await? {
        return Ok(Vec::new());
    }
    let select = Query::select()
        .column(seaql_migrations::Column::Version)
        .from(Alias::new(list))
        .order_by(seaql_migrations::Column::Version, Order::Asc)
        .to_owned();
    let rows = db.query_all(&select).await?;
    let names = rows.iter().map(|row| row.try_get_by_index(0));
    Ok(names.collect::<Result<_, _>>()?)
}

async fn records(manager: &SchemaManager<'_>) -> Result<Vec<Record>, Error> {
    if !manager.has_table("chancery_migrations").await? {
        return Ok(Vec::new());
    }
    let rows = record::Entity::find().all(manager.get_connection()).await?;
    Ok(rows)
}

/// Whether the database has the very schema that the last run left; nobody knows where no run has
/// left a fingerprint.
pub async fn is_as_left<'c>(
    db: impl IntoSchemaManagerConnection<'c>,
) -> Result<Option<bool>, Error> {
    let manager = SchemaManager::new(db);
    // Whoever was broken off left none, and what was known before it is known still.
    let mut known = in_time(records(&manager).await?).into_iter().rev();
    let Some(left) = known.find_map(|record| record.fingerprint_after) else {
        return Ok(None);
    };
    let live = LiveSchema::read(manager.get_connection()).await?;
    Ok(Some(live.without(BOOKKEEPING).fingerprint() == left))
}

/// Whether somebody ever went on from drift as it was: what a run left behind that may have it still.
pub(crate) async fn has_accepted_drift(db: &impl ConnectionTrait) -> Result<bool, Error> {
    if !has_table(db, None, "chancery_migration_log").await? {
        return Ok(false);
    }
    let accepted = log::Entity::find().filter(log::Column::Action.eq(ACCEPTED));
    Ok(accepted.one(db).await?.is_some())
}

/// In the order in which they were done.
fn in_time(mut records: Vec<Record>) -> Vec<Record> {
    let at = |record: &Record| {
        let at = record.finished_at.as_ref().unwrap_or(&record.started_at);
        (at.clone(), record.id.clone())
    };
    records.sort_by_key(at);
    records
}

/// Note that the schema is as a run left it, after something was done to it besides.
pub(crate) async fn note_schema<'c>(
    db: impl IntoSchemaManagerConnection<'c>,
    writer: &Writer,
) -> Result<(), Error> {
    let manager = SchemaManager::new(db);
    if let Some(mut last) = in_time(records(&manager).await?).pop() {
        let live = LiveSchema::read(manager.get_connection()).await?;
        last.fingerprint_after = Some(live.without(BOOKKEEPING).fingerprint());
        writer.put(manager.get_connection(), last).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> [Step; 3] {
        [
            Step::idle("m3_base", "m1_a\nm2_b\nm3_c\n"),
            Step::idle("m4_d", ""),
            Step::idle("m5_e", ""),
        ]
    }

    fn told(names: &[&str]) -> Status {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        stands(&names, &[], &steps(), Engine::Sqlite)
    }

    #[test]
    fn a_step_that_stands_for_others_is_there_where_they_all_are() {
        let of_old = told(&["m1_a", "m2_b", "m3_c", "m4_d"]);
        assert_eq!(of_old.applied, ["m3_base", "m4_d"]);
        assert_eq!(of_old.pending, ["m5_e"]);
        assert!(of_old.unknown.is_empty() && of_old.half_replaced.is_empty());

        let of_new = told(&["m3_base", "m4_d"]);
        assert_eq!(
            (of_new.applied, of_new.pending),
            (of_old.applied, of_old.pending)
        );
        assert_eq!(told(&[]).pending, ["m3_base", "m4_d", "m5_e"]);
    }

    #[test]
    fn a_part_of_those_that_it_stands_for_is_told_and_refused() {
        let half = told(&["m1_a", "m2_b"]);
        let found = &half.half_replaced[0];
        assert_eq!(
            (found.step.as_str(), found.there, found.of),
            ("m3_base", 2, 3)
        );
        assert!(half.unknown.is_empty());
        let refused = crate::checked(half).expect_err("a refusal").to_string();
        assert!(
            refused.contains("2 of the 3 steps that m3_base replaces"),
            "{refused}"
        );
        assert_eq!(told(&["m9_z"]).unknown, ["m9_z"]);
    }
}
