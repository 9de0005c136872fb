//! A `PostgreSQL` database that Prisma keeps: its columns as text.

use super::shape::{Kind, Shape};
use crate::schema::quoted;

/// Says that times are told in UTC, whatever the database's own zone.
pub(super) const UTC: &str = "SET TIME ZONE 'UTC'";

/// The names of the tables that are there.
pub(super) const TABLES: &str = "SELECT table_name::text AS name FROM information_schema.tables
    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'";

/// The columns of the table `$1`.
pub(super) const COLUMNS: &str = "SELECT column_name::text AS name FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = $1";

/// The type of the ids of the table `$1`.
pub(super) const ID: &str = "SELECT udt_name::text AS name FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = $1 AND column_name = 'id'";

/// A page of rows after the id `$1`, which is of the type `id`, as text; the first page has no
/// such id.
pub(super) fn page(shape: &Shape, id: &str, first: bool, most: usize) -> String {
    let columns = shape.columns.iter().map(|column| {
        let name = quoted(column.name);
        match column.kind {
            // A list of PostgreSQL is spelt in a way of its own.
            Kind::List => format!("to_json({name})::text AS {name}"),
            _ => format!("{name}::text AS {name}"),
        }
    });
    let columns: Vec<String> = columns.collect();
    let (table, id) = (quoted(shape.name), quoted(id));
    let after = if first {
        String::new()
    } else {
        format!("WHERE {table}.id > $1::{id}")
    };
    format!(
        "SELECT {} FROM {table} {after} ORDER BY {table}.id LIMIT {most}",
        columns.join(", ")
    )
}
