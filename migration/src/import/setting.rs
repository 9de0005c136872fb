//! Settings as the program itself writes them: with a version that rises, a row of the history, a secret
//! that is sealed for its place, an entry of the audit log, and a raised revision, by which the replicas know that something is new.

use entity::configuration::revision;
use entity::configuration::setting_history::{self, SettingAction};
use entity::platform::audit_log::AuditActor;
use entity::types::Encrypted;
use sea_orm_migration::sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm_migration::sea_orm::{
    ActiveEnum, ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel, QueryFilter, QueryOrder,
};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Vault;
use super::batch::now;
use super::row::{Cell, Row, VERSION};
use super::table;
use crate::error::Error;

const TABLE: &str = "configuration_settings";
const HISTORY: &str = "configuration_history";
const AUDIT: &str = "audit_log";
/// The column of a secret.
const SEALED: &str = "ciphertext";

/// Whether a row is a setting.
pub(super) fn is_one(row: &Row) -> bool {
    row.table == TABLE
}

/// The revision that the settings of one transaction share: the first of them raises it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moment(Option<i64>);

impl Moment {
    /// The revision; raised, if this is the first that asks.
    pub(super) async fn of(&mut self, tx: &DatabaseTransaction) -> Result<i64, Error> {
        if let Some(revision) = self.0 {
            return Ok(revision);
        }
        let at = now();
        let first = revision::Model {
            id: revision::Entity::ID,
            revision: 1,
            created_at: at,
            updated_at: at,
        };
        let number = revision::Column::Revision;
        let raised = Expr::col((revision::Entity, number)).add(1);
        let there = OnConflict::column(revision::Column::Id)
            .value(number, raised)
            .update_column(revision::Column::UpdatedAt)
            .to_owned();
        revision::Entity::insert(first.into_active_model().reset_all())
            .on_conflict(there)
            .exec_without_returning(tx)
            .await?;
        let raised = revision::Entity::find_by_id(revision::Entity::ID)
            .one(tx)
            .await?;
        let raised = raised.map_or(1, |row| row.revision);
        self.0 = Some(raised);
        Ok(raised)
    }
}

/// Give a setting the version that it has behind this write: one more than it had, and than any other
/// of its name ever had. Its secret is sealed for this version, and opens nowhere else.
pub(super) async fn dated(
    tx: &impl ConnectionTrait,
    row: &mut Row,
    before: Option<&Row>,
    secret: Option<(&dyn Vault, &[u8])>,
) -> Result<(), Error> {
    let next = next(tx, row, before).await?;
    row.cells.insert(VERSION, Cell::Int(next));
    if let Some((vault, plain)) = secret {
        let (sealed, key) = vault.seal(&place(row), plain);
        row.cells.insert(SEALED, Cell::Text(sealed.0));
        row.cells.insert("key_id", Cell::Text(key));
    }
    Ok(())
}

/// What a setting's secret is, if it has one that opens.
pub(super) fn opened(vault: &dyn Vault, row: &Row) -> Option<Vec<u8>> {
    match row.cells.get(SEALED) {
        Some(Cell::Text(sealed)) => vault.open(&place(row), &Encrypted(sealed.clone())),
        _ => None,
    }
}

/// Whether a setting's value is a secret.
pub(super) fn is_sealed(row: &Row) -> bool {
    matches!(row.cells.get(SEALED), Some(Cell::Text(_)))
}

/// One write of a setting.
pub(super) struct Written<'a> {
    /// What was done.
    pub(super) action: SettingAction,
    /// The setting before, if it was there.
    pub(super) before: Option<&'a Row>,
    /// The setting after, if it is there, with its version.
    pub(super) after: Option<&'a Row>,
    /// Why.
    pub(super) reason: String,
    /// The import that does it, or takes it back.
    pub(super) batch: Uuid,
    /// When, as the revision counts it.
    pub(super) revision: i64,
    /// What opens its secret.
    pub(super) vault: Option<&'a dyn Vault>,
}

/// Put the write into the setting's history, and its version into the setting.
pub(super) async fn note(tx: &impl ConnectionTrait, written: Written<'_>) -> Result<(), Error> {
    let Written { before, after, .. } = written;
    if let (Some(old), Some(new)) = (before, after)
        && name(old) != name(new)
    {
        // Under another name it is another setting, and the old one is gone.
        let gone = Written {
            action: SettingAction::Delete,
            after: None,
            reason: written.reason.clone(),
            ..written
        };
        put(tx, &gone, old, next(tx, old, before).await?).await?;
    }
    match (before, after) {
        (_, Some(row)) => {
            let version = version(row);
            put(tx, &written, row, version).await?;
            let mut query = Query::update();
            query
                .table(TABLE)
                .value(VERSION, version)
                .and_where(Expr::col("id").eq(row.id));
            tx.execute(&query).await?;
        }
        (Some(row), None) => put(tx, &written, row, next(tx, row, before).await?).await?,
        (None, None) => {}
    }
    Ok(())
}

/// The entry of a write of `row`. A secret is sealed for the entry: it opens nowhere else.
async fn put(
    tx: &impl ConnectionTrait,
    written: &Written<'_>,
    row: &Row,
    version: i64,
) -> Result<(), Error> {
    let at = Cell::Time(now());
    let id = fresh();
    let (key, environment) = name(row);
    let value = |row: Option<&Row>| {
        let cell = row.and_then(|row| row.cells.get("value"));
        cell.cloned().unwrap_or(Cell::Null)
    };
    let kept = |what: &str, row: Option<&Row>| {
        // What does not open any more cannot be kept either.
        let Some((vault, plain)) = written
            .vault
            .and_then(|vault| Some((vault, opened(vault, row?)?)))
        else {
            return Cell::Null;
        };
        let place = format!("{HISTORY}/{what}/{id}/{environment}/{key}/{version}");
        Cell::Text(vault.seal(&place, &plain).0.0)
    };
    // Not by way of the entity: a number in the value stays as it is written, however long.
    let entry = Row::new(HISTORY, id)
        .with("old_value", value(written.before))
        .with("new_value", value(written.after))
        .with("old_ciphertext", kept("old", written.before))
        .with("new_ciphertext", kept("new", written.after))
        .with("key", Cell::Text(key.to_owned()))
        .with("environment", Cell::Text(environment.to_owned()))
        .with(VERSION, Cell::Int(version))
        .with("revision", Cell::Int(written.revision))
        .with("action", Cell::Text(written.action.to_value()))
        .with("reason", Cell::Text(written.reason.clone()))
        .with("created_at", at.clone())
        .with("updated_at", at);
    table::insert(tx, &entry).await?;
    audit(tx, written, row).await
}

/// A setting as the audit log has it, as the program itself tells it there.
#[derive(Serialize)]
struct Told<'a> {
    key: &'a str,
    environment: &'a str,
    /// As it is written, however long a number in it is; none of a secret.
    value: Option<&'a RawValue>,
    description: Option<&'a str>,
    is_active: bool,
    is_sensitive: bool,
    version: i64,
}

/// Put the write into the audit log: what did it is the import.
async fn audit(tx: &impl ConnectionTrait, written: &Written<'_>, row: &Row) -> Result<(), Error> {
    let at = Cell::Time(now());
    let told = |row: Option<&Row>| row.map_or(Ok(Cell::Null), told);
    let action = match written.action {
        SettingAction::Create => "setting.create",
        SettingAction::Delete => "setting.delete",
        SettingAction::Update | SettingAction::Rollback => "setting.update",
    };
    let entry = Row::new(AUDIT, fresh())
        .with("actor_kind", Cell::Text(AuditActor::System.to_value()))
        .with("actor_id", Cell::Text(format!("import {}", written.batch)))
        .with("action", Cell::Text(action.to_owned()))
        .with("resource_type", Cell::Text("setting".to_owned()))
        .with("resource_id", Cell::Text(row.id.to_string()))
        .with("before", told(written.before)?)
        .with("after", told(written.after)?)
        .with("created_at", at.clone())
        .with("updated_at", at);
    table::insert(tx, &entry).await
}

fn told(row: &Row) -> Result<Cell, Error> {
    let failed = |source| Error::Kept {
        table: AUDIT,
        source,
    };
    let (key, environment) = name(row);
    let is = |column: &str| matches!(row.cells.get(column), Some(Cell::Bool(true)));
    let value = match row.cells.get("value") {
        Some(Cell::Json(text)) if !is_sealed(row) => {
            Some(serde_json::from_str(text).map_err(failed)?)
        }
        _ => None,
    };
    let description = match row.cells.get("description") {
        Some(Cell::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let told = Told {
        key,
        environment,
        value,
        description,
        is_active: is("is_active"),
        is_sensitive: is("is_sensitive"),
        version: version(row),
    };
    Ok(Cell::Json(serde_json::to_string(&told).map_err(failed)?))
}

/// The version behind the next write. A name that was deleted and comes again goes on behind what it had.
async fn next(tx: &impl ConnectionTrait, row: &Row, before: Option<&Row>) -> Result<i64, Error> {
    let (key, environment) = name(row);
    let last = setting_history::Entity::find()
        .filter(setting_history::Column::Key.eq(key))
        .filter(setting_history::Column::Environment.eq(environment))
        .order_by_desc(setting_history::Column::Version)
        .one(tx)
        .await?;
    let last = last.map_or(0, |last| last.version);
    Ok(Ord::max(last, before.map_or(0, version)) + 1)
}

/// Where a setting's secret belongs, as the settings themselves have it.
fn place(row: &Row) -> String {
    let (key, environment) = name(row);
    format!("{TABLE}/{}/{environment}/{key}/{}", row.id, version(row))
}

#[expect(
    clippy::disallowed_methods,
    reason = "an import runs without the service that could give an id"
)]
fn fresh() -> Uuid {
    Uuid::now_v7()
}

/// Its key and its environment.
fn name(row: &Row) -> (&str, &str) {
    let text = |column: &str| match row.cells.get(column) {
        Some(Cell::Text(text)) => text.as_str(),
        _ => "",
    };
    (text("key"), text("environment"))
}

fn version(row: &Row) -> i64 {
    match row.cells.get(VERSION) {
        Some(Cell::Int(version)) => *version,
        _ => 0,
    }
}
