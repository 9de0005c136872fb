//! The DDL of the entities: what a database must hold for the program to work on it.
//!
//! Everything is made from [`Resource`]s: columns from the entity's derives, the rest from the
//! declaration beside it. Every constraint has a name, the same on both engines, so that an error
//! can be told by it: `{table}_pkey`, `{table}_{column}_fkey`, `_key`, `_check`, and on `SQLite`,
//! which enforces neither enums nor lengths by itself, `_check` and `_length`.

mod postgres;
mod sqlite;

use entity::declare::Index;
use entity::registry::{Relation, Resource};
use sea_orm_migration::sea_orm::Value;
use sea_orm_migration::sea_query::{
    ColumnDef, ColumnType, Expr, ForeignKeyAction, PostgresQueryBuilder, QueryBuilder,
    SqliteQueryBuilder, TableBuilder,
};

use super::name::quoted;
use crate::engine::Engine;

/// The statements that make `resources`, in the order in which they run: types, tables, indexes,
/// then the objects that only one engine has.
pub fn create<'r>(
    engine: Engine,
    resources: impl IntoIterator<Item = &'r Resource> + Clone,
) -> Vec<String> {
    let mut statements = Vec::new();
    if engine == Engine::Postgres {
        for resource in resources.clone() {
            for statement in postgres::types(resource) {
                if !statements.contains(&statement) {
                    statements.push(statement);
                }
            }
        }
    }
    for resource in resources {
        statements.push(table(engine, resource));
        statements.extend(
            resource
                .declaration
                .indexes
                .iter()
                .map(|i| index(engine, resource, i)),
        );
        statements.extend(objects(engine, resource).iter().map(ToString::to_string));
    }
    statements
}

/// `CREATE TABLE`, with every constraint named.
pub fn table(engine: Engine, resource: &Resource) -> String {
    let defs = (resource.column_defs)(engine.backend());
    let mut lines: Vec<String> = defs.iter().map(|def| column(engine, def)).collect();

    let table = resource.table;
    lines.push(format!(
        "CONSTRAINT {table}_pkey PRIMARY KEY ({})",
        quoted(resource.key)
    ));
    for column in resource.columns.iter().filter(|column| column.unique) {
        let name = column.name;
        lines.push(format!(
            "CONSTRAINT {table}_{name}_key UNIQUE ({})",
            quoted(name)
        ));
    }
    for check in resource.declaration.checks {
        lines.push(format!(
            "CONSTRAINT {} CHECK ({})",
            check.name, check.condition
        ));
    }
    if engine == Engine::Sqlite {
        lines.extend(sqlite::checks(resource));
    }
    for relation in resource
        .relations
        .iter()
        .filter(|relation| relation.guarded)
    {
        lines.push(foreign_key(table, relation));
    }
    format!("CREATE TABLE {table} (\n    {}\n)", lines.join(",\n    "))
}

/// `CREATE INDEX`.
pub fn index(engine: Engine, resource: &Resource, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let name = index.name_on(resource.table);
    let parts: Vec<String> = index
        .parts
        .iter()
        .map(|part| index_part(engine, part))
        .collect();
    let filter = index
        .filter
        .map(|filter| format!(" WHERE {filter}"))
        .unwrap_or_default();
    format!(
        "CREATE {unique}INDEX {name} ON {} ({}){filter}",
        resource.table,
        parts.join(", ")
    )
}

/// The objects that only this engine has.
pub fn objects(engine: Engine, resource: &Resource) -> &'static [&'static str] {
    match engine {
        Engine::Sqlite => resource.declaration.objects.sqlite,
        Engine::Postgres => resource.declaration.objects.postgres,
    }
}

/// The enum types that the resource's columns have; none on an engine without such types.
pub fn types(engine: Engine, resource: &Resource) -> Vec<String> {
    match engine {
        Engine::Sqlite => Vec::new(),
        Engine::Postgres => postgres::types(resource),
    }
}

fn column(engine: Engine, def: &ColumnDef) -> String {
    let spec = def.get_column_spec();
    let kind = def
        .get_column_type()
        .map(|kind| column_type(engine, kind))
        .unwrap_or_default();
    let null = if spec.nullable == Some(false) {
        " NOT NULL"
    } else {
        ""
    };
    let default = match &spec.default {
        Some(Expr::Value(value)) => format!(" DEFAULT {}", literal(engine, value)),
        _ => String::new(),
    };
    format!("{} {kind}{null}{default}", quoted(&def.get_column_name()))
}

/// What the engine calls a type.
pub(crate) fn column_type(engine: Engine, kind: &ColumnType) -> String {
    let mut sql = String::new();
    match engine {
        Engine::Sqlite => {
            TableBuilder::prepare_column_type(&SqliteQueryBuilder, kind, &mut sql);
        }
        Engine::Postgres => {
            TableBuilder::prepare_column_type(&PostgresQueryBuilder, kind, &mut sql);
        }
    }
    sql
}

fn literal(engine: Engine, value: &Value) -> String {
    match engine {
        Engine::Sqlite => SqliteQueryBuilder.value_to_string(value),
        Engine::Postgres => PostgresQueryBuilder.value_to_string(value),
    }
}

fn foreign_key(table: &str, relation: &Relation) -> String {
    let rule = match relation.on_delete {
        Some(ForeignKeyAction::Cascade) => " ON DELETE CASCADE",
        Some(ForeignKeyAction::SetNull) => " ON DELETE SET NULL",
        Some(ForeignKeyAction::Restrict) => " ON DELETE RESTRICT",
        Some(ForeignKeyAction::SetDefault) => " ON DELETE SET DEFAULT",
        _ => "",
    };
    let Relation {
        from,
        table: other,
        to,
        ..
    } = relation;
    let (column, key) = (quoted(from), quoted(to));
    format!(
        "CONSTRAINT {table}_{from}_fkey FOREIGN KEY ({column}) REFERENCES {other} ({key}){rule}"
    )
}

fn index_part(engine: Engine, part: &str) -> String {
    let (column, direction) = part.split_once(' ').unwrap_or((part, ""));
    let direction = match engine {
        Engine::Sqlite => sqlite::direction(direction),
        Engine::Postgres => direction,
    };
    format!("{} {direction}", quoted(column))
        .trim_end()
        .to_owned()
}
