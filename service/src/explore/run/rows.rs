//! Single rows, as a write reads and writes them.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use serde_json::Value;

use super::data::{Data, Page};
use super::dialect::{self, reference};
use super::sql::Sql;
use super::write::Writer;
use crate::db::Engine;
use crate::error::{Error, Result};
use crate::explore::access::Access;
use crate::explore::bind::{ListArgs, Scalar};
use crate::explore::catalog::{Entity, Kind};
use crate::explore::change::Given;
use crate::explore::plan::{Field, Key, Level, Object};

/// A row with all its columns as JSON, if the caller sees it; `held` keeps others from writing it.
pub(in crate::explore) async fn row(
    conn: &impl ConnectionTrait,
    engine: Engine,
    access: &Access,
    entity: &'static Entity,
    key: &Scalar,
    held: bool,
) -> Result<Option<Vec<u8>>> {
    let dialect = dialect::of(engine);
    let mut level = Level::new(entity);
    let mut object = Object::default();
    for (at, column) in entity.columns.iter().enumerate() {
        let place = level.column(0, at);
        object
            .fields
            .push((Key::new(&column.field), Field::Column(place, column.kind)));
    }
    let mut statement = super::level::row(dialect, access, &level, key);
    if held {
        statement.sql.push_str(dialect.hold());
    }
    let rows = conn.query_all_raw(statement).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut data = Data::empty(0, 1);
    data.pages = vec![Page {
        rows: 0..1,
        ..Page::default()
    }];
    data.rows = rows;
    let mut out = Vec::new();
    Writer {
        dialect,
        out: &mut out,
    }
    .object(&level, &object, &data, 0)?;
    Ok(Some(out))
}

/// Insert a row.
pub(in crate::explore) async fn insert(
    conn: &impl ConnectionTrait,
    engine: Engine,
    access: &Access,
    entity: &'static Entity,
    values: &[(usize, Given)],
) -> Result<()> {
    let mut sql = Sql::new(dialect::of(engine), access);
    sql.push("INSERT INTO \"");
    sql.push(entity.resource.table);
    sql.push("\" (");
    for (at, (column, _)) in values.iter().enumerate() {
        sql.push(if at > 0 { ", \"" } else { "\"" });
        sql.push(entity.columns[*column].name);
        sql.push("\"");
    }
    sql.push(") VALUES (");
    for (at, (column, given)) in values.iter().enumerate() {
        sql.push(if at > 0 { ", " } else { "" });
        sql.given(entity.columns[*column].kind, given);
    }
    sql.push(")");
    conn.execute_raw(sql.done()).await?;
    Ok(())
}

/// Change a row that is held; its version and time of change move.
pub(in crate::explore) async fn update(
    conn: &impl ConnectionTrait,
    engine: Engine,
    access: &Access,
    entity: &'static Entity,
    key: &Scalar,
    values: &[(usize, Given)],
    now: DateTime<Utc>,
) -> Result<()> {
    let mut sql = Sql::new(dialect::of(engine), access);
    sql.push("UPDATE \"");
    sql.push(entity.resource.table);
    sql.push("\" SET ");
    for (at, (column, given)) in values.iter().enumerate() {
        sql.push(if at > 0 { ", \"" } else { "\"" });
        sql.push(entity.columns[*column].name);
        sql.push("\" = ");
        sql.given(entity.columns[*column].kind, given);
    }
    if entity.position("version").is_some() {
        sql.push(", \"version\" = \"version\" + 1");
    }
    if entity.position("updated_at").is_some() {
        sql.push(", \"updated_at\" = ");
        sql.bind(now);
    }
    sql.by_key(entity, key);
    one(conn.execute_raw(sql.done()).await?.rows_affected())
}

/// Remove a row that is held.
pub(in crate::explore) async fn delete(
    conn: &impl ConnectionTrait,
    engine: Engine,
    access: &Access,
    entity: &'static Entity,
    key: &Scalar,
) -> Result<()> {
    let mut sql = Sql::new(dialect::of(engine), access);
    sql.push("DELETE FROM \"");
    sql.push(entity.resource.table);
    sql.push("\"");
    sql.by_key(entity, key);
    one(conn.execute_raw(sql.done()).await?.rows_affected())
}

fn one(rows: u64) -> Result<()> {
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::internal("a held row was not there"))
    }
}

/// The keys of a filter's rows in their order, at most `most`. The rows are held: one that leaves the
/// filter until it can be held is not among them.
pub(in crate::explore) async fn keys(
    conn: &impl ConnectionTrait,
    engine: Engine,
    access: &Access,
    entity: &'static Entity,
    list: &ListArgs,
    most: u64,
) -> Result<Vec<String>> {
    let dialect = dialect::of(engine);
    let mut sql = Sql::new(dialect, access);
    let key = reference("t0", entity.key_column());
    sql.push("SELECT ");
    sql.push(&key);
    sql.push(" FROM ");
    sql.table(entity, "t0");
    sql.push(" WHERE 1 = 1");
    sql.scoped(entity, "t0");
    sql.filtered(entity, "t0", list.filter.as_ref());
    sql.push(" ORDER BY ");
    sql.push(&dialect.sortable(&key, entity.key_column().kind));
    sql.push(" LIMIT ");
    sql.number(most);
    sql.push(dialect.hold());
    let rows = conn.query_all_raw(sql.done()).await?;
    let key = |row| {
        dialect
            .key(row, 0, entity.key_column().kind)
            .map(Option::unwrap_or_default)
    };
    rows.iter().map(key).collect()
}

/// What the audit log kept of a row when it was last removed.
pub(in crate::explore) async fn last_removal(
    conn: &impl ConnectionTrait,
    engine: Engine,
    resource: &str,
    key: &str,
) -> Result<Option<Value>> {
    let dialect = dialect::of(engine);
    let sql = "SELECT before FROM audit_log WHERE resource_type = $1 AND resource_id = $2 \
               AND action = 'delete' ORDER BY created_at DESC, id DESC LIMIT 1";
    let values = [resource.into(), key.into()];
    let statement = sea_orm::Statement::from_sql_and_values(engine.into(), sql, values);
    let rows = conn.query_all_raw(statement).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut json = Vec::new();
    dialect.write(row, 0, Kind::Json, &mut json)?;
    serde_json::from_slice(&json)
        .map(Some)
        .map_err(Error::internal)
}

impl Sql<'_> {
    /// A value in its column's own type: a connection keeps what it prepared by its text, so the
    /// same `INSERT` by an entity's active model must have parameters of the same types.
    fn given(&mut self, kind: Kind, given: &Given) {
        match given {
            Given::Null => self.push("NULL"),
            Given::Scalar(Scalar::Int(number)) if kind == Kind::Int => {
                match i32::try_from(*number) {
                    Ok(number) => self.bind(number),
                    Err(_) => self.bind(*number),
                }
            }
            Given::Scalar(scalar) => self.scalar(scalar),
            Given::Bound(value) => self.bind(value.clone()),
        }
    }

    fn by_key(&mut self, entity: &Entity, key: &Scalar) {
        self.push(" WHERE \"");
        self.push(entity.key_column().name);
        self.push("\" = ");
        self.scalar(key);
    }
}
