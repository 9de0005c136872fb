//! Entities as Rust files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::entity::{Entity, EnumType, Field, Key};
use super::name::{camel, free, ident, snake};

/// What there is to know of the other entities.
pub(super) struct World {
    /// The modules, by table.
    pub(super) modules: BTreeMap<String, String>,
    /// The fields of each table's columns, by table and column.
    pub(super) fields: BTreeMap<(String, String), String>,
}

impl World {
    /// A column's field, as a relation names it.
    fn field(&self, table: &str, column: &str) -> String {
        let key = (table.to_owned(), column.to_owned());
        let field = self.fields.get(&key).cloned();
        field.unwrap_or_else(|| snake(column))
    }
}

/// The fields of a table's columns, by column.
pub(super) fn fields(columns: &[Field]) -> BTreeMap<String, String> {
    let mut taken = Vec::new();
    let pair = |column: &Field| {
        (
            column.column.clone(),
            free(&snake(&column.column), &mut taken),
        )
    };
    columns.iter().map(pair).collect()
}

/// A new file for the entity. `children` are the tables that point here by one key each.
pub(super) fn file(entity: &Entity, world: &World, children: &[String]) -> String {
    let mut text = format!("//! The table `{}`.\n\n", entity.table);
    text.push_str("use sea_orm::entity::prelude::*;\n\n");
    let _ = writeln!(text, "/// A row of `{}`.", entity.table);
    text.push_str("#[sea_orm::model]\n");
    let whole = |rust: &str| !["f32", "f64", "Vec<f32>", "Vec<f64>"].contains(&rust);
    let eq = entity.columns.iter().all(|column| whole(&column.kind.rust));
    let _ = writeln!(
        text,
        "#[derive(Clone, Debug, PartialEq{}, DeriveEntityModel)]",
        if eq { ", Eq" } else { "" }
    );
    let _ = writeln!(text, "#[sea_orm(table_name = {:?})]", entity.table);
    text.push_str("pub struct Model {\n");
    for column in &entity.columns {
        let name = world.field(&entity.table, &column.column);
        let _ = writeln!(text, "    /// The column `{}`.", column.column);
        text.push_str(&field(column, &name, None));
    }
    let mut taken: Vec<String> = entity
        .columns
        .iter()
        .map(|column| world.field(&entity.table, &column.column))
        .collect();
    for key in &entity.keys {
        text.push('\n');
        text.push_str(&relation(entity, key, world, &mut taken, None));
    }
    for child in children {
        text.push('\n');
        text.push_str(&reverse(child, world, &mut taken));
    }
    text.push_str("}\n\nimpl ActiveModelBehavior for ActiveModel {}\n");
    text
}

/// A column's field, with what `SeaORM` must be told and without what is said of it. `rust` is a type
/// of the user's own.
pub(super) fn field(column: &Field, name: &str, rust: Option<&str>) -> String {
    let mut said = Vec::new();
    if column.primary {
        said.push("primary_key".to_owned());
        // SeaORM counts nothing up whose type ends so.
        let plain = ["String", "Uuid"].contains(&column.kind.rust.as_str());
        if !column.counted && (!plain || rust.is_some()) {
            said.push("auto_increment = false".to_owned());
        }
    }
    if name != column.column {
        said.push(format!("column_name = {:?}", column.column));
    }
    if let Some(kind) = &column.kind.said {
        said.push(format!("column_type = {kind:?}"));
    }
    if column.nullable && column.kind.said.is_some() {
        said.push("nullable".to_owned());
    }
    if column.unique {
        said.push("unique".to_owned());
    }
    if let Some(default) = &column.default {
        said.push(default_said(default));
    }
    if let Some(extra) = &column.extra {
        said.push(format!("extra = {extra:?}"));
    }
    let mut text = String::new();
    if !said.is_empty() {
        let line = format!("    #[sea_orm({})]\n", said.join(", "));
        if line.len() <= 100 {
            text.push_str(&line);
        } else {
            let _ = writeln!(
                text,
                "    #[sea_orm(\n        {}\n    )]",
                said.join(",\n        ")
            );
        }
    }
    let rust = rust.unwrap_or(&column.kind.rust);
    let kind = if column.nullable {
        format!("Option<{rust}>")
    } else {
        rust.to_owned()
    };
    let _ = writeln!(text, "    pub {}: {kind},", ident(name));
    text
}

/// A default as `SeaORM` takes it: a number and a truth as they are, the rest in SQL.
fn default_said(default: &str) -> String {
    if default.parse::<i64>().is_ok() || ["true", "false"].contains(&default) {
        return format!("default_value = {default}");
    }
    let expression = format!("Expr::cust({default:?})");
    format!("default_expr = {expression:?}")
}

/// The field of a foreign key, called `name` where it has a name already.
pub(super) fn relation(
    entity: &Entity,
    key: &Key,
    world: &World,
    taken: &mut Vec<String>,
    name: Option<&str>,
) -> String {
    let to_self = key.table == entity.table;
    let ambiguous = to_self
        || entity
            .keys
            .iter()
            .filter(|one| one.table == key.table)
            .count()
            > 1;
    let list = |table: &str, columns: &[String]| {
        let fields: Vec<String> = columns
            .iter()
            .map(|column| world.field(table, column))
            .collect();
        if fields.len() == 1 {
            fields.concat()
        } else {
            format!("({})", fields.join(", "))
        }
    };
    let from = list(&entity.table, &key.columns);
    let own = snake(&key.columns[0]);
    let own = own.strip_suffix("_id").unwrap_or(&own);
    let own = if key.columns.len() > 1 {
        snake(&key.table)
    } else {
        own.to_owned()
    };
    let name = match name {
        Some(name) => name.to_owned(),
        None if taken.contains(&own) => free(&format!("{own}_row"), taken),
        None => free(&own, taken),
    };
    let mut said = vec![if to_self { "self_ref" } else { "belongs_to" }.to_owned()];
    if ambiguous {
        said.push(format!("relation_enum = {:?}", camel(&name)));
    }
    said.push(format!("from = {from:?}"));
    said.push(format!("to = {:?}", list(&key.table, &key.others)));
    if let Some(rule) = &key.on_update {
        said.push(format!("on_update = {rule:?}"));
    }
    if let Some(rule) = &key.on_delete {
        said.push(format!("on_delete = {rule:?}"));
    }
    let other = if to_self {
        "Entity".to_owned()
    } else {
        let module = world.modules.get(&key.table).cloned();
        format!("super::{}::Entity", ident(&module.unwrap_or_default()))
    };
    let optional = key.columns.iter().any(|name| {
        let mut columns = entity.columns.iter();
        columns.any(|column| column.column == *name && column.nullable)
    });
    let other = if optional {
        format!("Option<{other}>")
    } else {
        other
    };
    format!(
        "    /// The row of `{}` that {} names.\n    #[sea_orm(\n        {}\n    )]\n    pub {}: BelongsTo<{other}>,\n",
        key.table,
        key.columns
            .iter()
            .map(|one| format!("`{one}`"))
            .collect::<Vec<_>>()
            .join(" with "),
        said.join(",\n        "),
        ident(&name),
    )
}

/// The field for the rows of `child` that point here.
pub(super) fn reverse(child: &str, world: &World, taken: &mut Vec<String>) -> String {
    let module = world.modules.get(child).cloned().unwrap_or_default();
    let own = snake(child);
    let name = if taken.contains(&own) {
        free(&format!("{own}_rows"), taken)
    } else {
        free(&own, taken)
    };
    format!(
        "    /// The rows of `{child}` that point here.\n    #[sea_orm(has_many)]\n    pub {}: HasMany<super::{}::Entity>,\n",
        ident(&name),
        ident(&module),
    )
}

/// An enum.
pub(super) fn enumeration(kind: &EnumType) -> String {
    let mut text = format!(
        "/// A value of `{}`.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]\n\
         #[sea_orm(rs_type = \"String\", db_type = \"Enum\", enum_name = {:?})]\npub enum {} {{\n",
        kind.name, kind.name, kind.rust
    );
    let mut taken = Vec::new();
    for value in &kind.values {
        let name = free(&camel(value), &mut taken).replace('_', "");
        let _ = writeln!(
            text,
            "    /// `{value}`.\n    #[sea_orm(string_value = {value:?})]\n    {name},"
        );
    }
    text.push_str("}\n");
    text
}
