//! Entities of a live schema.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::entity::{Entity, EnumType, Field, Key, Names, rule};
use super::kind::Kind;
use super::name::{camel, free, ident};
use super::write::{World, enumeration};
use super::{ENUMS, Reading, load, postgres, read, sqlite};
use crate::engine::Engine;
use crate::error::Error;
use crate::rows::{foreign_keys, primary_key};
use crate::schema::{Filling, LiveSchema, Table};

/// Whether the schema gives its constraints names itself.
pub(super) fn names(live: &LiveSchema) -> Names {
    let mut named = live.tables.iter();
    let given = named.any(|(name, table)| table.constraints.contains_key(&format!("{name}_pkey")));
    if given || live.engine == Engine::Postgres {
        Names::Given
    } else {
        Names::None
    }
}

/// The enum types; those that are there keep their Rust names.
pub(super) fn enums(live: &LiveSchema, known: &[EnumType]) -> Vec<EnumType> {
    let mut taken: Vec<String> = known.iter().map(|one| one.rust.clone()).collect();
    let mut found = Vec::new();
    for (name, values) in &live.enums {
        let known = known.iter().find(|one| one.name == *name);
        found.push(EnumType {
            rust: match known {
                Some(known) => known.rust.clone(),
                None => free(&own_name(&camel(name)), &mut taken),
            },
            name: name.clone(),
            values: values.clone(),
        });
    }
    found
}

/// A name that neither `SeaORM` nor Rust has for something else in an entity's file.
fn own_name(name: &str) -> String {
    const KEPT: [&str; 23] = [
        "ActiveModel",
        "ActiveModelEx",
        "BelongsTo",
        "Column",
        "Date",
        "DateTime",
        "DateTimeUtc",
        "Decimal",
        "Entity",
        "Expr",
        "HasMany",
        "HasOne",
        "Json",
        "Model",
        "ModelEx",
        "Option",
        "PrimaryKey",
        "Relation",
        "String",
        "Time",
        "Uuid",
        "Value",
        "Vec",
    ];
    if KEPT.contains(&name) {
        format!("{name}Value")
    } else {
        name.to_owned()
    }
}

/// The tables that an entity can say; `enums` are the Rust names of the enum types.
pub(super) fn entities(
    live: &LiveSchema,
    enums: &BTreeMap<String, String>,
    notes: &mut Vec<String>,
) -> Vec<Entity> {
    let mut found = Vec::new();
    for (name, table) in &live.tables {
        if table.source.to_uppercase().starts_with("CREATE VIRTUAL") {
            notes.push(format!(
                "{name} is a virtual table: it is in extra.sql alone"
            ));
        } else if table
            .options
            .iter()
            .any(|one| one.starts_with("PARTITION "))
        {
            notes.push(format!("{name} is partitioned: it is in extra.sql alone"));
        } else if primary_key(live.engine, table).is_empty() {
            notes.push(format!(
                "{name} has no primary key, which every entity has: it is in extra.sql alone"
            ));
        } else {
            found.push(entity(live, name, table, enums));
        }
    }
    let uses = |kind: fn(&str) -> bool| {
        let mut columns = found.iter().flat_map(|entity| &entity.columns);
        columns.any(|column| kind(&column.kind.rust))
    };
    for (feature, used) in [
        ("with-rust_decimal", uses(|rust| rust == "Decimal")),
        (
            "postgres-array",
            uses(|rust| rust.starts_with("Vec<") && rust != "Vec<u8>"),
        ),
    ] {
        if used {
            notes.push(format!("the entities want SeaORM's feature `{feature}`"));
        }
    }
    // A key to what is no entity is in extra.sql, too.
    let tables: Vec<String> = found.iter().map(|one| one.table.clone()).collect();
    for entity in &mut found {
        entity.keys.retain(|key| tables.contains(&key.table));
    }
    found
}

fn entity(
    live: &LiveSchema,
    name: &str,
    table: &Table,
    enums: &BTreeMap<String, String>,
) -> Entity {
    let engine = live.engine;
    let primary = primary_key(engine, table);
    let mut columns = Vec::new();
    for column in &table.columns {
        let (kind, collation) = match engine {
            Engine::Sqlite => sqlite::kind(&column.kind),
            Engine::Postgres => (column.kind.clone(), None),
        };
        let generated = match engine {
            Engine::Sqlite => sqlite::generated(column),
            Engine::Postgres => postgres::generated(column),
        };
        let is_primary = primary.contains(&column.name);
        let alone = is_primary && primary.len() == 1;
        let by_default = column.filling == Some(Filling::Identity("BY DEFAULT".to_owned()));
        let default = match &column.filling {
            Some(Filling::Default(text)) => Some(text.clone()),
            _ => None,
        };
        let serial = default
            .as_ref()
            .is_some_and(|text| text.starts_with("nextval("));
        let row_number = engine == Engine::Sqlite
            && crate::schema::row_number(&table.source) == Some(column.name.to_lowercase());
        let counted = alone && (by_default || serial || row_number);
        let generated = generated.filter(|_| !(counted && by_default));
        let extra: Vec<String> = collation.into_iter().chain(generated).collect();
        columns.push(Field {
            column: column.name.clone(),
            kind: Kind::of(engine, &kind, enums),
            nullable: column.nullable && !is_primary,
            primary: is_primary,
            counted,
            unique: is_unique(engine, name, table, &column.name),
            default,
            extra: (!extra.is_empty()).then(|| extra.join(" ")),
        });
    }
    if engine == Engine::Sqlite {
        sqlite::checks(table, &mut columns);
    }
    let mut keys: Vec<Key> = Vec::new();
    for key in foreign_keys(engine, table) {
        if keys.iter().any(|one| one.columns == key.columns) {
            continue;
        }
        let others = if key.others.is_empty() {
            let parent = live.tables.get(&key.table);
            parent.map_or_else(Vec::new, |parent| primary_key(engine, parent))
        } else {
            key.others
        };
        keys.push(Key {
            columns: key.columns,
            table: key.table,
            others,
            on_delete: rule(&key.rest, "ON DELETE"),
            on_update: rule(&key.rest, "ON UPDATE"),
        });
    }
    Entity {
        table: name.to_owned(),
        columns,
        keys,
    }
}

fn is_unique(engine: Engine, name: &str, table: &Table, column: &str) -> bool {
    match engine {
        Engine::Sqlite => table
            .constraints
            .contains_key(&format!("unique ({column})")),
        Engine::Postgres => {
            let constraint = table.constraints.get(&format!("{name}_{column}_key"));
            let wanted = format!("UNIQUE ({})", crate::schema::quoted(column));
            constraint.is_some_and(|text| *text == wanted)
        }
    }
}

/// The tables that point at `table` by one key each.
pub(super) fn children(entities: &[Entity], table: &str) -> Vec<String> {
    let points = |entity: &&Entity| {
        let keys = entity.keys.iter().filter(|key| key.table == table);
        entity.table != table && keys.count() == 1
    };
    let found = entities.iter().filter(points);
    found.map(|entity| entity.table.clone()).collect()
}

/// The file of the enums: those that are as they were stay as they are.
pub(super) fn enum_file(reading: &Reading, enums: &[EnumType]) -> String {
    let module = ENUMS.trim_end_matches(".rs");
    let elsewhere = |one: &EnumType| {
        let mut files = reading.files.iter();
        files.any(|(name, (_, file))| {
            name != module && file.enums.iter().any(|(kind, ..)| kind.name == one.name)
        })
    };
    let Some((text, file)) = reading.files.get(module) else {
        let mut text =
            "//! The enum types of the database.\n\nuse sea_orm::entity::prelude::*;\n".to_owned();
        for one in enums.iter().filter(|one| !elsewhere(one)) {
            text.push('\n');
            text.push_str(&enumeration(one));
        }
        return text;
    };
    let mut out = text.clone();
    for (kind, range, values) in file.enums.iter().rev() {
        match enums.iter().find(|one| one.name == kind.name) {
            Some(one) if one.values == kind.values => {}
            Some(one) => {
                // A value that stays keeps its name and what is said of it.
                let mut fresh = enumeration(one);
                for (value, place) in values {
                    let ours =
                        format!("    /// `{value}`.\n    #[sea_orm(string_value = {value:?})]\n");
                    if let Some(at) = fresh.find(&ours)
                        && let Some(end) = fresh[at + ours.len()..].find(",\n")
                    {
                        let end = at + ours.len() + end;
                        fresh.replace_range(at + 4..end, &text[place.clone()]);
                    }
                }
                let body = |text: &str| text.find('{').map(|at| text[at..].trim_end().to_owned());
                if let (Some(body), Some(at)) = (body(&fresh), text[range.clone()].find(" {\n")) {
                    out.replace_range(range.start + at + 1..range.end, &body);
                }
            }
            None => out.replace_range(range.clone(), ""),
        }
    }
    for one in enums {
        if !file.enums.iter().any(|(kind, ..)| kind.name == one.name) && !elsewhere(one) {
            out.push('\n');
            out.push_str(&enumeration(one));
        }
    }
    out
}

/// Name the enums that a new file uses.
pub(super) fn import(
    files: &mut BTreeMap<String, String>,
    name: &str,
    entity: &Entity,
    enums: &[EnumType],
    reading: &Reading,
) {
    let Some(text) = files.get_mut(name) else {
        return;
    };
    let mut lines = String::new();
    for one in enums {
        let used = entity
            .columns
            .iter()
            .any(|column| column.kind.rust == one.rust);
        let named = text.contains(&format!("::{}", one.rust))
            || text.contains(&format!("enum {}", one.rust));
        if used && !named {
            let home = reading
                .files
                .iter()
                .find(|(_, (_, file))| file.enums.iter().any(|(kind, ..)| kind.name == one.name));
            let home = home.map_or("enums", |(module, _)| module);
            let _ = writeln!(lines, "use super::{}::{};", ident(home), one.rust);
        }
    }
    let head = "use sea_orm::entity::prelude::*;\n";
    if let (false, Some(at)) = (lines.is_empty(), text.find(head)) {
        text.insert_str(at + head.len(), &format!("\n{lines}"));
    }
}

/// `mod.rs`, with the modules that are new and without those that are gone.
pub(super) fn list(
    directory: &Path,
    world: &World,
    enums: &[EnumType],
    reading: &Reading,
) -> Result<String, Error> {
    let path = directory.join("mod.rs");
    let mut text = if path.exists() {
        load(&path)?
    } else {
        "//! The tables of the database, one file each. What an entity cannot say is in `extra.sql`.\n\n".to_owned()
    };
    let known = read::modules(&path.display().to_string(), &text)?;
    for (module, range) in known.iter().rev() {
        if reading.gone.contains(module) {
            let end = text[range.end..]
                .find('\n')
                .map_or(text.len(), |at| range.end + at + 1);
            text.replace_range(range.start..end, "");
        }
    }
    let mut wanted: Vec<&str> = world.modules.values().map(String::as_str).collect();
    if !enums.is_empty() {
        wanted.push("enums");
    }
    wanted.sort_unstable();
    for module in wanted {
        if !known.iter().any(|(one, _)| one == module) {
            let _ = writeln!(text, "pub mod {};", ident(module));
        }
    }
    Ok(text)
}
