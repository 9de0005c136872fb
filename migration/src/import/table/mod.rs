//! Rows in and out of any table of the registry.

mod postgres;
mod sqlite;

use chrono::{DateTime, Utc};
use entity::registry::{Column, Resource, resource, resources};
use sea_orm_migration::sea_orm::sea_query::{
    Alias, Condition, Expr, ExprTrait, Func, Query, SimpleExpr, StringLen,
};
use sea_orm_migration::sea_orm::sqlx::error::{DatabaseError, ErrorKind};
use sea_orm_migration::sea_orm::{ColumnType, ConnectionTrait, DbErr, QueryResult};
use uuid::Uuid;

use super::row::{Cell, Row, VERSION};
use crate::engine::Engine;
use crate::error::Error;

/// What the registry says of `table`.
pub(super) fn known(table: &str) -> Result<&'static Resource, Error> {
    resource(table).ok_or_else(|| Error::Import(format!("there is no table {table}")))
}

/// Why a row does not fit its table.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// A column wants something.
    Missing(&'static str),
    /// A text is longer than its column.
    TooLong(&'static str),
    /// A number is larger than its column takes.
    TooLarge(&'static str),
    /// A text is none of those that the column takes.
    Unknown(&'static str),
}

/// Give the row what it says nothing of, and look whether it fits.
pub(super) fn fit(row: &mut Row) -> Result<Option<Misfit>, Error> {
    for column in &known(row.table)?.columns {
        let cell = row.cells.entry(column.name).or_insert_with(|| {
            if column.name == VERSION {
                Cell::Int(1)
            } else {
                Cell::Null
            }
        });
        match cell {
            Cell::Null if !column.nullable => return Ok(Some(Misfit::Missing(column.name))),
            Cell::Text(text) => match &column.kind {
                ColumnType::String(StringLen::N(most)) if text.chars().count() > *most as usize => {
                    return Ok(Some(Misfit::TooLong(column.name)));
                }
                ColumnType::Enum { variants, .. }
                    if !variants.iter().any(|known| known.to_string() == *text) =>
                {
                    return Ok(Some(Misfit::Unknown(column.name)));
                }
                _ => {}
            },
            Cell::Int(number)
                if column.kind == ColumnType::Integer && i32::try_from(*number).is_err() =>
            {
                return Ok(Some(Misfit::TooLarge(column.name)));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// A cell as a statement has it.
fn value(engine: Engine, column: &Column, cell: &Cell) -> SimpleExpr {
    match cell {
        Cell::Null => SimpleExpr::Keyword(sea_orm_migration::sea_orm::sea_query::Keyword::Null),
        Cell::Text(text) => match &column.kind {
            ColumnType::Enum { name, .. } => {
                Expr::val(text.clone()).as_enum(Alias::new(name.to_string()))
            }
            _ => Expr::val(text.clone()),
        },
        Cell::Int(number) => match column.kind {
            // One that is beyond it does not fit, and where it is asked for no row has it.
            ColumnType::Integer => {
                i32::try_from(*number).map_or_else(|_| Expr::val(*number), Expr::val)
            }
            _ => Expr::val(*number),
        },
        Cell::Bool(truth) => Expr::val(*truth),
        Cell::Time(time) => Expr::val(*time),
        Cell::Id(id) => Expr::val(*id),
        Cell::Json(text) => match engine {
            Engine::Sqlite => sqlite::json(text.clone()),
            Engine::Postgres => postgres::json(text.clone()),
        },
    }
}

/// Put a row in.
pub(super) async fn insert(db: &impl ConnectionTrait, row: &Row) -> Result<(), Error> {
    let engine = Engine::of(db)?;
    let columns = &known(row.table)?.columns;
    let mut query = Query::insert();
    query.into_table(row.table);
    query.columns(columns.iter().map(|column| column.name));
    let values = columns.iter().map(|column| {
        value(
            engine,
            column,
            row.cells.get(column.name).unwrap_or(&Cell::Null),
        )
    });
    query.values(values)?;
    db.execute(&query).await?;
    Ok(())
}

/// Give a row other values; its version rises.
pub(super) async fn update(db: &impl ConnectionTrait, row: &Row) -> Result<(), Error> {
    let engine = Engine::of(db)?;
    let mut query = Query::update();
    query.table(row.table);
    for column in &known(row.table)?.columns {
        if column.name == VERSION {
            query.value(VERSION, Expr::col(VERSION).add(1));
        } else if column.name != "id"
            && let Some(cell) = row.cells.get(column.name)
        {
            query.value(column.name, value(engine, column, cell));
        }
    }
    query.and_where(Expr::col("id").eq(row.id));
    db.execute(&query).await?;
    Ok(())
}

/// Take what `columns` have of a row that shall give it up, for as long as another row needs it: nothing, or
/// what nobody else has. Tells whether that could be done.
pub(super) async fn park(
    db: &impl ConnectionTrait,
    table: &'static str,
    id: Uuid,
    columns: &[&'static str],
) -> Result<bool, Error> {
    let all = &known(table)?.columns;
    let mut those = all.iter().filter(|one| columns.contains(&one.name));
    let is_text = |one: &&Column| matches!(one.kind, ColumnType::String(_) | ColumnType::Text);
    let value = match those.clone().find(|one| one.nullable) {
        Some(column) => Some((column.name, Expr::val(None::<String>))),
        None => those
            .find(is_text)
            .map(|column| (column.name, Expr::val(format!("given up by {id}")))),
    };
    let Some((column, value)) = value else {
        return Ok(false);
    };
    let mut query = Query::update();
    query
        .table(table)
        .value(column, value)
        .and_where(Expr::col("id").eq(id));
    db.execute(&query).await?;
    Ok(true)
}

/// Take a row away.
pub(super) async fn delete(db: &impl ConnectionTrait, table: &str, id: Uuid) -> Result<(), Error> {
    let mut query = Query::delete();
    query.from_table(table.to_owned());
    query.and_where(Expr::col("id").eq(id));
    db.execute(&query).await?;
    Ok(())
}

/// A row as it stands, if it is there.
pub(super) async fn read(
    db: &impl ConnectionTrait,
    table: &str,
    id: Uuid,
) -> Result<Option<Row>, Error> {
    let resource = known(table)?;
    let mut query = Query::select();
    query.from(table.to_owned());
    for column in &resource.columns {
        let name = column.name;
        match column.kind {
            ColumnType::Enum { .. } | ColumnType::Json | ColumnType::JsonBinary => {
                query.expr_as(Expr::col(name).cast_as("text"), name);
            }
            _ => {
                query.column(name);
            }
        }
    }
    query.and_where(Expr::col("id").eq(id));
    let Some(found) = db.query_one(&query).await? else {
        return Ok(None);
    };
    let mut row = Row::new(resource.table, id);
    for column in &resource.columns {
        row.cells.insert(column.name, cell(&found, column)?);
    }
    Ok(Some(row))
}

fn cell(found: &QueryResult, column: &Column) -> Result<Cell, DbErr> {
    let name = column.name;
    let cell = match column.kind {
        ColumnType::Uuid => found.try_get::<Option<Uuid>>("", name)?.map(Cell::Id),
        ColumnType::Boolean => found.try_get::<Option<bool>>("", name)?.map(Cell::Bool),
        ColumnType::Integer => {
            let number = found.try_get::<Option<i32>>("", name)?;
            number.map(|number| Cell::Int(number.into()))
        }
        ColumnType::BigInteger => found.try_get::<Option<i64>>("", name)?.map(Cell::Int),
        ColumnType::TimestampWithTimeZone => {
            let time = found.try_get::<Option<DateTime<Utc>>>("", name)?;
            time.map(Cell::Time)
        }
        ColumnType::Json | ColumnType::JsonBinary => {
            found.try_get::<Option<String>>("", name)?.map(Cell::Json)
        }
        _ => found.try_get::<Option<String>>("", name)?.map(Cell::Text),
    };
    Ok(cell.unwrap_or(Cell::Null))
}

/// What a database names of the rule that refused a row: never a value of it.
pub(super) fn rule(cause: &dyn DatabaseError) -> String {
    let named = cause.constraint().or_else(|| sqlite::rule(cause.message()));
    let kind = match cause.kind() {
        ErrorKind::UniqueViolation => "another row has what only one may have",
        ErrorKind::ForeignKeyViolation => "a row that it refers to is not there",
        ErrorKind::NotNullViolation => "something is missing",
        ErrorKind::CheckViolation => "a check does not hold",
        _ => "a value is none that its column takes",
    };
    named.map_or_else(|| kind.to_owned(), |named| format!("{kind}: {named}"))
}

/// The row in `table` whose `columns` have the values that `row` has, if there is one.
pub(super) async fn holder(
    db: &impl ConnectionTrait,
    row: &Row,
    columns: &[&'static str],
) -> Result<Option<Uuid>, Error> {
    let engine = Engine::of(db)?;
    let mut all = Condition::all();
    for column in known(row.table)?
        .columns
        .iter()
        .filter(|column| columns.contains(&column.name))
    {
        match row.cells.get(column.name) {
            // What is null equals nothing.
            None | Some(Cell::Null) => return Ok(None),
            Some(cell) => {
                all = all.add(Expr::col(column.name).eq(value(engine, column, cell)));
            }
        }
    }
    let mut query = Query::select();
    query.from(row.table).column("id").cond_where(all).limit(1);
    let found = db.query_one(&query).await?;
    Ok(found.map(|found| found.try_get("", "id")).transpose()?)
}

/// The sets of columns that no two rows of a table share.
pub(super) fn uniques(table: &str) -> Result<Vec<Vec<&'static str>>, Error> {
    let resource = known(table)?;
    let own = resource.columns.iter().filter(|column| column.unique);
    let mut sets: Vec<Vec<&'static str>> = own.map(|column| vec![column.name]).collect();
    for index in resource.declaration.indexes {
        if index.unique && index.filter.is_none() {
            sets.push(index.parts.to_vec());
        }
    }
    Ok(sets)
}

/// A table but `except` whose rows refer to the row `id` of `table`, if there is one.
pub(super) async fn referrer(
    db: &impl ConnectionTrait,
    table: &str,
    id: Uuid,
    except: &str,
) -> Result<Option<&'static str>, Error> {
    for other in resources() {
        for relation in &other.relations {
            if !relation.holds_key || relation.table != table || other.table == except {
                continue;
            }
            let mut query = Query::select();
            query.from(other.table).expr(Expr::val(1));
            query
                .and_where(Expr::col(Alias::new(&relation.from)).eq(id))
                .limit(1);
            if db.query_one(&query).await?.is_some() {
                return Ok(Some(other.table));
            }
        }
    }
    Ok(None)
}

/// How many rows a table has.
pub(super) async fn count(db: &impl ConnectionTrait, table: &str) -> Result<i64, Error> {
    let mut query = Query::select();
    query
        .from(table.to_owned())
        .expr_as(Func::count(Expr::val(1)), "rows");
    let found = db.query_one(&query).await?;
    Ok(found.map_or(Ok(0), |found| found.try_get("", "rows"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_beyond_its_column_does_not_fit() {
        for (number, misfit) in [
            (i64::from(i32::MAX), None),
            (i64::from(i32::MAX) + 1, Some(Misfit::TooLarge("attempt"))),
            (i64::from(i32::MIN) - 1, Some(Misfit::TooLarge("attempt"))),
        ] {
            let mut row = Row::new("runs", Uuid::nil());
            for column in &known("runs").expect("a table").columns {
                let cell = match column.kind {
                    ColumnType::Integer => Cell::Int(number),
                    ColumnType::Enum { ref variants, .. } => Cell::Text(variants[0].to_string()),
                    _ => Cell::Text(String::new()),
                };
                row.cells.insert(column.name, cell);
            }
            row.cells.insert("current_stage", Cell::Int(1));
            assert_eq!(fit(&mut row).expect("it is known"), misfit, "{number}");
        }
    }
}
