//! What `SQLite` tells of itself. Nothing here reads a large table, or a large file, through.

use std::collections::BTreeMap;

use entity::registry::resources;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

use super::drift::Live;
use super::storage::TableUse;
use crate::db::Reader;
use crate::error::Result;

/// Up to what size a file is gone through, page by page, to tell its tables' sizes.
const READABLE: i64 = 256 * 1024 * 1024;

async fn all(reader: &Reader, sql: &str) -> std::result::Result<Vec<QueryResult>, DbErr> {
    let statement = Statement::from_string(DbBackend::Sqlite, sql);
    reader.query_all_raw(statement).await
}

async fn number(reader: &Reader, sql: &str) -> Result<i64> {
    let rows = all(reader, sql).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

pub(super) async fn version(reader: &Reader) -> Result<String> {
    let rows = all(reader, "SELECT sqlite_version()").await?;
    Ok(rows
        .first()
        .map_or(Ok(String::new()), |row| row.try_get_by_index(0))?)
}

/// Rows are numbered as they come, so that the numbers' span is how many there are, and at most the
/// removed ones from between too many.
pub(super) async fn row_estimates(reader: &Reader) -> Result<BTreeMap<String, i64>> {
    let names = all(
        reader,
        "SELECT name FROM sqlite_master WHERE type = 'table'",
    )
    .await?;
    let names = names.iter().map(|row| row.try_get_by_index::<String>(0));
    let names = names.collect::<std::result::Result<Vec<_>, _>>()?;
    let there = resources().iter().map(|one| one.table);
    let there: Vec<_> = there
        .filter(|table| names.iter().any(|name| name == table))
        .collect();
    if there.is_empty() {
        return Ok(BTreeMap::new());
    }
    let spans: Vec<String> = there
        .iter()
        .map(|table| {
            format!(
                "coalesce((SELECT max(rowid) FROM \"{table}\") - \
                 (SELECT min(rowid) FROM \"{table}\") + 1, 0)"
            )
        })
        .collect();
    let rows = all(reader, &format!("SELECT {}", spans.join(", "))).await?;
    let mut told = BTreeMap::new();
    for (at, table) in there.into_iter().enumerate() {
        let span = rows.first().map(|row| row.try_get_by_index(at));
        told.insert(table.to_owned(), span.transpose()?.unwrap_or(0));
    }
    Ok(told)
}

/// Bytes of all, of what is free, and by table.
pub(super) async fn room(
    reader: &Reader,
) -> Result<(i64, Option<i64>, BTreeMap<String, TableUse>)> {
    let page = number(reader, "PRAGMA page_size").await?;
    let bytes = page * number(reader, "PRAGMA page_count").await?;
    let free = page * number(reader, "PRAGMA freelist_count").await?;
    let mut tables: BTreeMap<String, TableUse> = BTreeMap::new();
    let sql = "SELECT count(*) FROM pragma_module_list WHERE name = 'dbstat'";
    if bytes <= READABLE && number(reader, sql).await? > 0 {
        let sql = "SELECT s.tbl_name, s.type = 'index', sum(d.pgsize) FROM dbstat d \
                   JOIN sqlite_master s ON s.name = d.name WHERE d.aggregate = TRUE GROUP BY 1, 2";
        for row in all(reader, sql).await? {
            let table = tables.entry(row.try_get_by_index(0)?).or_default();
            table.bytes.get_or_insert(0);
            table.index_bytes.get_or_insert(0);
            let of = if row.try_get_by_index(1)? {
                &mut table.index_bytes
            } else {
                &mut table.bytes
            };
            *of = Some(row.try_get_by_index(2)?);
        }
    }
    Ok((bytes, Some(free), tables))
}

pub(super) async fn live(reader: &Reader) -> Result<Live> {
    let mut live = Live::default();
    let sql = "SELECT t.name, c.name, c.\"notnull\" = 0 AND c.pk = 0 FROM sqlite_master t \
               JOIN pragma_table_xinfo(t.name) c WHERE t.type = 'table'";
    for row in all(reader, sql).await? {
        let columns = live.columns.entry(row.try_get_by_index(0)?).or_default();
        columns.insert(row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    }
    for row in all(
        reader,
        "SELECT name FROM sqlite_master WHERE type = 'index'",
    )
    .await?
    {
        live.indexes.insert(row.try_get_by_index(0)?, true);
    }
    Ok(live)
}
