//! What refers to nothing, as `PRAGMA foreign_key_check` tells it.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use super::super::keys::{Orphan, Orphans, Rows};
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

/// The keys of a table, a column each. One that names no column leads to the primary key.
const KEYS: &str = "SELECT k.id, k.\"table\", k.\"from\",
        coalesce(k.\"to\", (SELECT c.name FROM pragma_table_info(k.\"table\") c WHERE c.pk = k.seq + 1)),
        EXISTS (SELECT 1 FROM sqlite_master m WHERE m.type = 'table' AND lower(m.name) = lower(k.\"table\"))
    FROM pragma_foreign_key_list(?1) k ORDER BY k.id, k.seq";

/// The tables that refer to one, and by which of its columns.
const TOWARDS: &str = "SELECT DISTINCT t.name,
        coalesce(k.\"to\", (SELECT c.name FROM pragma_table_info(?1) c WHERE c.pk = k.seq + 1))
    FROM sqlite_master t, pragma_foreign_key_list(t.name) k
    WHERE t.type = 'table' AND lower(k.\"table\") = lower(?1)";

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
        all.extend(one_table(db, row.try_get_by_index(0)?, found).await?);
    }
    Ok(all)
}

async fn one_table(
    db: &impl ConnectionTrait,
    table: String,
    found: &mut BTreeMap<Orphan, i64>,
) -> Result<Vec<Pair>, Error> {
    let error = match pairs(db, CHECK_TABLE, [table.clone().into()]).await {
        Ok(pairs) => return Ok(pairs),
        Err(error) => error,
    };
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
    Ok(Vec::new())
}

pub(in crate::lock) async fn of_table(
    db: &impl ConnectionTrait,
    table: &str,
) -> Result<Orphans, Error> {
    let mut found = BTreeMap::new();
    for pair in one_table(db, table.to_owned(), &mut found).await? {
        add(db, pair, &mut found).await?;
    }
    Ok(Orphans(found))
}

pub(in crate::lock) async fn towards(
    db: &impl ConnectionTrait,
    table: &str,
    is_written: impl Fn(&str) -> bool,
) -> Result<Orphans, Error> {
    let mut tables = BTreeSet::new();
    for row in query(db, TOWARDS, [table.into()]).await? {
        let column: Option<String> = row.try_get_by_index(1)?;
        if column.is_some_and(|column| is_written(&column)) {
            tables.insert(row.try_get_by_index::<String>(0)?);
        }
    }
    let mut found = BTreeMap::new();
    for table in tables {
        found.extend(of_table(db, &table).await?.0);
    }
    Ok(Orphans(found))
}

/// One key of a table.
struct Key {
    to: String,
    /// Whether that table is there.
    is_there: bool,
    /// Its own columns, and those of the other.
    columns: Vec<(String, Option<String>)>,
}

async fn keys(db: &impl ConnectionTrait, table: &str) -> Result<Vec<Key>, Error> {
    let mut found: BTreeMap<i64, Key> = BTreeMap::new();
    for row in query(db, KEYS, [table.into()]).await? {
        let new = Key {
            to: row.try_get_by_index(1)?,
            is_there: row.try_get_by_index(4)?,
            columns: Vec::new(),
        };
        let columns = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let key = found.entry(row.try_get_by_index(0)?).or_insert(new);
        key.columns.push(columns);
    }
    Ok(found.into_values().collect())
}

/// `PRAGMA foreign_key_check` knows whole tables alone.
pub(in crate::lock) async fn among(
    db: &impl ConnectionTrait,
    rows: &Rows<'_>,
) -> Result<Orphans, Error> {
    let mut found = BTreeMap::new();
    for key in keys(db, rows.table).await? {
        let columns: Vec<String> = key.columns.iter().map(|(own, _)| own.clone()).collect();
        for row in query(db, &ask_among(rows, &key), []).await? {
            let orphan = Orphan {
                from: rows.table.to_owned(),
                to: key.to.clone(),
                columns: columns.clone(),
                values: Some(row.try_get_by_index(0)?),
            };
            let count: i64 = row.try_get_by_index(1)?;
            *found.entry(orphan).or_insert(0) += count;
        }
    }
    Ok(Orphans(found))
}

/// The rows of one key, as `SQLite` itself compares them: by the other column's collation and affinity,
/// which is why its own column comes second and as an expression. A key with a null refers to nothing.
fn ask_among(rows: &Rows<'_>, key: &Key) -> String {
    let (table, by) = (quoted(rows.table), quoted(rows.key));
    let own = |(own, _): &(String, Option<String>)| format!("t.{}", quoted(own));
    let values = key.columns.iter().map(|one| format!("quote({})", own(one)));
    let values: Vec<String> = values.collect();
    let mut only = vec![format!("t.{by} <= {}", rows.end)];
    only.extend(rows.after.map(|after| format!("t.{by} > {after}")));
    only.extend(
        key.columns
            .iter()
            .map(|one| format!("{} IS NOT NULL", own(one))),
    );
    if key.is_there {
        let same = key.columns.iter().map(|one| {
            let other = one.1.as_deref().unwrap_or("rowid");
            format!("p.{} = +{}", quoted(other), own(one))
        });
        let same: Vec<String> = same.collect();
        only.push(format!(
            "NOT EXISTS (SELECT 1 FROM {} p WHERE {})",
            quoted(&key.to),
            same.join(" AND ")
        ));
    }
    format!(
        "SELECT {}, count(*) FROM {table} t WHERE {} GROUP BY 1",
        values.join(" || ', ' || "),
        only.join(" AND ")
    )
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
