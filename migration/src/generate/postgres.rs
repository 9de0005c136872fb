//! What holds up nobody: what would look at every row of a table that is there, or write it, is put
//! off to a second step, whose statements run each by itself beside readers and writers.

use std::collections::BTreeMap;

use crate::schema::change::{self, Options, Statement};
use crate::schema::{Filling, LiveSchema, Table, mentions, quoted};

const NOT_VALID: &str = " NOT VALID";

/// The schema after the first step: `to`, where keys and checks of tables that are there hold for new
/// rows only, new indexes are missing, and what shall take no null still takes it.
pub(super) fn between(
    from: &LiveSchema,
    to: &LiveSchema,
    fills: &BTreeMap<(String, String), String>,
) -> LiveSchema {
    let mut mid = to.clone();
    for (name, table) in &mut mid.tables {
        let Some(old) = from.tables.get(name) else {
            continue;
        };
        // Every row of one is written anyway, and the server has no such way for partitions.
        if change::is_remade(old, table) || is_related(to, name) {
            continue;
        }
        table.indexes.retain(|index, text| {
            old.indexes.get(index) == Some(text) || is_referenced(from, to, name, text)
        });
        for (constraint, text) in &mut table.constraints {
            let is_new = old.constraints.get(constraint) != Some(text);
            let can_wait = text.starts_with("FOREIGN KEY") || text.starts_with("CHECK");
            let is_plain = !text.ends_with(NOT_VALID) && !text.contains(" ENABLED ");
            if is_new && can_wait && is_plain {
                text.push_str(NOT_VALID);
            }
        }
        let keys = to.tables[name].constraints.values();
        let keys: Vec<&String> = keys.filter(|one| one.starts_with("PRIMARY KEY")).collect();
        for column in &mut table.columns {
            let known = old.columns.iter().find(|one| one.name == column.name);
            let is_filled = fills.contains_key(&(name.clone(), column.name.clone()));
            let wants_it = matches!(column.filling, Some(Filling::Identity(_)))
                || keys.iter().any(|key| mentions(key, &column.name));
            if known.map_or(is_filled, |known| known.nullable) && !wants_it {
                column.nullable = true;
            }
        }
    }
    leave_unsaid(&mut mid, to);
    mid
}

/// Whether the table is cut into partitions or one of them, inherits, or others inherit from it.
fn is_related(schema: &LiveSchema, name: &str) -> bool {
    let words = ["PARTITION ", "INHERITS "];
    let is_one = |option: &String| words.iter().any(|word| option.starts_with(word));
    let of = format!("INHERITS {}", quoted(name));
    let mut all = schema.tables.values();
    schema.tables[name].options.iter().any(is_one) || all.any(|one| one.options.contains(&of))
}

/// Whether a new key may want the unique index, so that it cannot come behind that.
fn is_referenced(from: &LiveSchema, to: &LiveSchema, table: &str, index: &str) -> bool {
    let on = index.rsplit_once(" (").map_or("", |(_, on)| on);
    let named = format!(" REFERENCES {}({on}", quoted(table));
    index.starts_with("CREATE UNIQUE INDEX ")
        && to.tables.iter().any(|(name, one)| {
            let known = from.tables.get(name);
            one.constraints.iter().any(|(key, text)| {
                let is_new = known.is_none_or(|known| known.constraints.get(key) != Some(text));
                is_new && text.contains(&named)
            })
        })
}

/// Take out of `mid` what is said of indexes that it does not have yet.
fn leave_unsaid(mid: &mut LiveSchema, to: &LiveSchema) {
    for (name, table) in &mut mid.tables {
        for index in to.tables[name].indexes.keys() {
            if table.indexes.contains_key(index) {
                continue;
            }
            let index = quoted(index);
            for said in ["CLUSTER ON", "REPLICA IDENTITY USING INDEX"] {
                table.options.remove(&format!("{said} {index}"));
            }
            mid.comments.remove(&format!("INDEX {index}"));
        }
    }
}

/// The second step, and back.
pub(super) fn online(
    mid: &LiveSchema,
    to: &LiveSchema,
    fills: &BTreeMap<(String, String), String>,
) -> (Vec<Statement>, Vec<Statement>) {
    let up = change::statements(mid, to, &Options::default());
    let down = change::statements(to, mid, &Options::default());
    let mut safe = Vec::new();
    let mut late = Vec::new();
    for one in up {
        let nullable = to.tables.iter().find_map(|(name, table)| {
            let mut columns = table.columns.iter();
            let found = columns.find(|column| one.sql == set_not_null(name, &column.name))?;
            Some((name, table, &found.name))
        });
        match nullable {
            Some((name, table, column)) => {
                let fill = fills.get(&(name.clone(), column.clone()));
                safe.extend(not_null(name, table, column, fill));
            }
            None if [" INDEX ", " CLUSTER ON "]
                .iter()
                .any(|word| one.sql.contains(word)) =>
            {
                late.push(concurrently(one));
            }
            None => safe.push(one),
        }
    }
    safe.append(&mut late);
    (safe, down.into_iter().map(concurrently).collect())
}

fn set_not_null(table: &str, column: &str) -> String {
    let (table, column) = (quoted(table), quoted(column));
    format!("ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL")
}

/// A check that is proven beside readers and writers lets `SET NOT NULL` believe it.
fn not_null(name: &str, table: &Table, column: &str, fill: Option<&String>) -> Vec<Statement> {
    let (written, set) = (quoted(name), quoted(column));
    let check = quoted(&format!("{name}_{column}_not_null"));
    let mut found = Vec::new();
    if let Some(fill) = fill {
        let update = format!("UPDATE {written} SET {set} = {fill} WHERE {set} IS NULL");
        found.push(match only_key(table) {
            Some(key) => format!("-- backfill {name}_{column} key={key}\n{update}"),
            None => update,
        });
    }
    found.push(format!(
        "ALTER TABLE {written} ADD CONSTRAINT {check} CHECK ({set} IS NOT NULL) NOT VALID"
    ));
    found.push(format!("ALTER TABLE {written} VALIDATE CONSTRAINT {check}"));
    found.push(set_not_null(name, column));
    found.push(format!("ALTER TABLE {written} DROP CONSTRAINT {check}"));
    found.into_iter().map(Statement::new).collect()
}

/// The one column of the table's primary key.
fn only_key(table: &Table) -> Option<&str> {
    let mut keys = table.constraints.values();
    let key = keys.find_map(|text| text.strip_prefix("PRIMARY KEY ("))?;
    let key = key.strip_suffix(')')?.trim_matches('"');
    (!key.contains(',')).then_some(key)
}

fn concurrently(mut one: Statement) -> Statement {
    for (plain, online) in [
        ("CREATE INDEX ", "CREATE INDEX CONCURRENTLY IF NOT EXISTS "),
        (
            "CREATE UNIQUE INDEX ",
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ",
        ),
        ("DROP INDEX ", "DROP INDEX CONCURRENTLY IF EXISTS "),
    ] {
        if let Some(rest) = one.sql.strip_prefix(plain) {
            one.sql = format!("{online}{rest}");
        }
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::schema::Column;

    fn column(name: &str, nullable: bool) -> Column {
        Column {
            name: name.to_owned(),
            kind: "integer".to_owned(),
            nullable,
            filling: None,
            number: 0,
        }
    }

    fn schema(table: Table) -> LiveSchema {
        let mut schema = LiveSchema::empty(Engine::Postgres);
        schema.tables.insert("a".to_owned(), table);
        schema
    }

    fn before() -> Table {
        Table {
            columns: vec![column("id", false), column("b", true)],
            constraints: [("a_pkey".to_owned(), "PRIMARY KEY (id)".to_owned())].into(),
            ..Table::default()
        }
    }

    fn after() -> Table {
        let mut table = before();
        table.columns[1].nullable = false;
        table.columns.push(column("c", false));
        let key = "FOREIGN KEY (b) REFERENCES a(id)".to_owned();
        table.constraints.insert("a_b_fkey".to_owned(), key);
        let index = "CREATE UNIQUE INDEX a_b_idx ON a USING btree (b)".to_owned();
        table.indexes.insert("a_b_idx".to_owned(), index);
        table
    }

    fn words(all: &[Statement]) -> Vec<&str> {
        all.iter().map(|one| one.sql.as_str()).collect()
    }

    #[test]
    fn what_looks_at_every_row_comes_second() {
        let (from, to) = (schema(before()), schema(after()));
        let fills = [(("a".to_owned(), "c".to_owned()), "b + 1".to_owned())].into();
        let mid = between(&from, &to, &fills);
        let first = change::statements(&from, &mid, &Options::default());
        assert_eq!(
            words(&first),
            [
                "ALTER TABLE a ADD COLUMN c integer",
                "ALTER TABLE a ADD CONSTRAINT a_b_fkey FOREIGN KEY (b) REFERENCES a(id) NOT VALID",
            ]
        );
        let (up, down) = online(&mid, &to, &fills);
        assert_eq!(
            words(&up),
            [
                "ALTER TABLE a ADD CONSTRAINT a_b_not_null CHECK (b IS NOT NULL) NOT VALID",
                "ALTER TABLE a VALIDATE CONSTRAINT a_b_not_null",
                "ALTER TABLE a ALTER COLUMN b SET NOT NULL",
                "ALTER TABLE a DROP CONSTRAINT a_b_not_null",
                "-- backfill a_c key=id\nUPDATE a SET c = b + 1 WHERE c IS NULL",
                "ALTER TABLE a ADD CONSTRAINT a_c_not_null CHECK (c IS NOT NULL) NOT VALID",
                "ALTER TABLE a VALIDATE CONSTRAINT a_c_not_null",
                "ALTER TABLE a ALTER COLUMN c SET NOT NULL",
                "ALTER TABLE a DROP CONSTRAINT a_c_not_null",
                "ALTER TABLE a VALIDATE CONSTRAINT a_b_fkey",
                "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_b_idx ON a USING btree (b)",
            ]
        );
        assert!(words(&down).contains(&"DROP INDEX CONCURRENTLY IF EXISTS a_b_idx"));
        assert!(words(&down).contains(&"ALTER TABLE a ALTER COLUMN c DROP NOT NULL"));
    }

    #[test]
    fn a_new_table_needs_no_second_step() {
        let (from, to) = (LiveSchema::empty(Engine::Postgres), schema(after()));
        let fills = BTreeMap::new();
        let mid = between(&from, &to, &fills);
        assert_eq!(mid, to);
        assert!(online(&mid, &to, &fills).0.is_empty());
    }
}
