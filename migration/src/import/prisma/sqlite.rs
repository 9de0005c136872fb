//! A `SQLite` database that Prisma keeps: its columns as text. A moment is a number of milliseconds, or
//! a text; JSON and lists are text.

use super::shape::Shape;
use crate::schema::quoted;

/// The names of the tables that are there.
pub(super) const TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table'";

/// The columns of the table `$1`.
pub(super) const COLUMNS: &str = "SELECT name FROM pragma_table_info($1)";

/// The declared type of the ids of the table `$1`.
pub(super) const ID: &str = "SELECT type AS name FROM pragma_table_info($1) WHERE name = 'id'";

/// A page of rows after the id `$1`, which is of the type `id`, as text; the first page has no
/// such id.
pub(super) fn page(shape: &Shape, id: &str, first: bool, most: usize) -> String {
    let columns = shape.columns.iter().map(|column| {
        let name = quoted(column.name);
        format!("CAST({name} AS text) AS {name}")
    });
    let columns: Vec<String> = columns.collect();
    let table = quoted(shape.name);
    // A text's own index serves; anything else sorts as its text.
    let id = if id.eq_ignore_ascii_case("text") {
        format!("{table}.id")
    } else {
        format!("CAST({table}.id AS text)")
    };
    let after = if first {
        String::new()
    } else {
        format!("WHERE {id} > $1")
    };
    format!(
        "SELECT {} FROM {table} {after} ORDER BY {id} LIMIT {most}",
        columns.join(", ")
    )
}
