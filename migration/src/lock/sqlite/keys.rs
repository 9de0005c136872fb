//! What refers to nothing, as `PRAGMA foreign_key_check` tells it.

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use super::super::keys::{Orphan, Orphans};
use crate::error::{Error, driver};
use crate::schema::quoted;

/// What is looked at, a key of a table each: the table, the other one, the key's number.
type Pair = (String, String, i64);

/// Everything at once.
const CHECK: &str = "SELECT DISTINCT \"table\", parent, fkid FROM pragma_foreign_key_check";

/// One table.
const CHECK_TABLE: &str =
    "SELECT DISTINCT \"table\", parent, fkid FROM pragma_foreign_key_check(?1)";

/// The tables that have keys.
const WITH_KEYS: &str =
    "SELECT DISTINCT t.name FROM sqlite_master t, pragma_foreign_key_list(t.name)
    WHERE t.type = 'table'";

pub(in crate::lock) async fn orphans(db: &impl ConnectionTrait) -> Result<Orphans, Error> {
    let mut found = BTreeMap::new();
    let pairs = match pairs(db, CHECK, []).await {
        Err(error) if mismatch(&error).is_some() => one_by_one(db, &mut found).await?,
        pairs => pairs?,
    };
    for pair in pairs {
        add(db, pair, &mut found).await?;
    }
    Ok(Orphans(found))
}

/// The same, a table at a time: one whose key cannot be asked hides the others.
async fn one_by_one(
    db: &impl ConnectionTrait,
    found: &mut BTreeMap<Orphan, i64>,
) -> Result<Vec<Pair>, Error> {
    let mut all = Vec::new();
    for row in query(db, WITH_KEYS, []).await? {
        let table: String = row.try_get_by_index(0)?;
        match pairs(db, CHECK_TABLE, [table.clone().into()]).await {
            Ok(pairs) => all.extend(pairs),
            Err(error) => {
                let Some(to) = mismatch(&error) else {
                    return Err(error.into());
                };
                let orphan = Orphan {
                    from: table,
                    to,
                    columns: Vec::new(),
                    values: None,
                };
                // It has no rows to be counted, and is there or not.
                found.insert(orphan, 0);
            }
        }
    }
    Ok(all)
}

/// Add the rows of one key, by what they hold. Of a table without row numbers only their number is told.
async fn add(
    db: &impl ConnectionTrait,
    (from, to, key): Pair,
    found: &mut BTreeMap<Orphan, i64>,
) -> Result<(), Error> {
    let ask = "SELECT \"from\" FROM pragma_foreign_key_list(?1) WHERE id = ?2 ORDER BY seq";
    let columns = query(db, ask, [from.clone().into(), key.into()]).await?;
    let columns = columns.iter().map(|row| row.try_get_by_index(0));
    let columns: Vec<String> = columns.collect::<Result<_, _>>()?;
    let ask = "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1 AND wr = 1";
    let is_numbered = query(db, ask, [from.clone().into()]).await?.is_empty();
    let table = quoted(&from);
    let (values, join) = if is_numbered {
        // A text need not be UTF-8.
        let values = columns
            .iter()
            .map(|one| format!("hex(quote(t.{}))", quoted(one)));
        let values: Vec<String> = values.collect();
        let join = format!("LEFT JOIN {table} t ON t.rowid = v.rowid");
        (values.join(" || ', ' || "), join)
    } else {
        ("''".to_owned(), String::new())
    };
    let ask = format!(
        "SELECT {values}, count(*) FROM pragma_foreign_key_check(?1) v {join} WHERE v.fkid = ?2 GROUP BY 1"
    );
    for row in query(db, &ask, [from.clone().into(), key.into()]).await? {
        let values: String = row.try_get_by_index(0)?;
        let count: i64 = row.try_get_by_index(1)?;
        let orphan = Orphan {
            from: from.clone(),
            to: to.clone(),
            columns: columns.clone(),
            values: Some(values),
        };
        *found.entry(orphan).or_insert(0) += count;
    }
    Ok(())
}

async fn pairs(
    db: &impl ConnectionTrait,
    ask: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Pair>, DbErr> {
    let rows = query(db, ask, values).await?;
    let pairs = rows.iter().map(|row| {
        Ok((
            row.try_get_by_index(0)?,
            row.try_get_by_index(1)?,
            row.try_get_by_index(2)?,
        ))
    });
    pairs.collect()
}

async fn query(
    db: &impl ConnectionTrait,
    ask: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<sea_orm_migration::sea_orm::QueryResult>, DbErr> {
    let ask = Statement::from_sql_and_values(DbBackend::Sqlite, ask, values);
    db.query_all_raw(ask).await
}

/// The table that a key leads to where nothing is unique: `SQLite` asks nothing of such a one.
fn mismatch(error: &DbErr) -> Option<String> {
    let told = driver(error)?.as_database_error()?.message();
    let (_, pair) = told.split_once("foreign key mismatch - ")?;
    let (_, to) = pair.split_once("\" referencing \"")?;
    Some(to.trim_end_matches('"').to_owned())
}
