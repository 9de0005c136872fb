//! How big tables are: small ones are counted, of large ones it is known about.

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::{COUNTED, Size};
use crate::schema::quoted;

const TABLES: &str = "SELECT name, wr FROM pragma_table_list
    WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// What `ANALYZE` found, where it ever ran: the first number is the rows.
const KNOWS: &str = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'";
const KNOWN: &str = "SELECT tbl, max(CAST(stat AS integer)) FROM sqlite_stat1 GROUP BY tbl";

pub(super) async fn sizes(db: &impl ConnectionTrait) -> Result<BTreeMap<String, Size>, DbErr> {
    let mut sizes = BTreeMap::new();
    let ask = |sql: &str| Statement::from_string(DbBackend::Sqlite, sql);
    let mut known: BTreeMap<String, i64> = BTreeMap::new();
    if db.query_one_raw(ask(KNOWS)).await?.is_some() {
        for row in db.query_all_raw(ask(KNOWN)).await? {
            known.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
    }
    for row in db.query_all_raw(ask(TABLES)).await? {
        let (table, without_rowid): (String, bool) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let number = async |sql: String| {
            let row = db.query_one_raw(ask(&sql)).await?;
            row.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))
        };
        let name = quoted(&table);
        let most = COUNTED + 1;
        let count = format!("SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT {most})");
        let counted = number(count).await?;
        let rows = match known.get(&table) {
            _ if counted <= COUNTED => counted,
            Some(known) => counted.max(*known),
            None if without_rowid => counted,
            // At most so many, and found without reading them.
            None => {
                let last = format!("SELECT coalesce(max(rowid), 0) FROM {name}");
                counted.max(number(last).await?)
            }
        };
        sizes.insert(table, Size { rows, bytes: None });
    }
    Ok(sizes)
}
