//! Types, there and back: what a database calls a type, what Rust calls it, and what must be said to
//! `SeaORM` where that does not follow from the Rust type.

use std::collections::BTreeMap;

use sea_orm_migration::sea_query::{ColumnType, StringLen};

use crate::engine::Engine;
use crate::error::Error;
use crate::schema::ddl;

/// A column's type as an entity says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// The Rust type, without `Option`.
    pub(super) rust: String,
    /// `column_type`, where it must be said.
    pub(super) said: Option<String>,
}

impl Kind {
    fn new(rust: &str, said: Option<&str>) -> Self {
        Self {
            rust: rust.to_owned(),
            said: said.map(str::to_owned),
        }
    }

    /// What both engines call `kind`; `enums` are the Rust names of the enum types.
    pub(super) fn of(engine: Engine, kind: &str, enums: &BTreeMap<String, String>) -> Self {
        let bare = kind.trim_matches('"');
        if let (Engine::Postgres, Some(name)) = (engine, enums.get(bare)) {
            return Self::new(name, None);
        }
        let found = match engine {
            Engine::Postgres => postgres(kind),
            Engine::Sqlite => sqlite(kind),
        };
        // What SeaORM would call otherwise is said by its name.
        if let Some(found) = found
            && let Ok(sql) = found.sql(engine, &BTreeMap::new())
            && (engine == Engine::Postgres || sql == kind)
        {
            return found;
        }
        let custom = format!("custom({kind:?})");
        Self::new(rust(engine, kind), Some(&custom))
    }

    /// What the engine calls it; `enums` are the enum types by their Rust names.
    pub(super) fn sql(
        &self,
        engine: Engine,
        enums: &BTreeMap<String, String>,
    ) -> Result<String, Error> {
        let kind = match &self.said {
            Some(said) => said_type(said),
            None => match self.rust.as_str() {
                "String" => Some(ColumnType::String(StringLen::None)),
                "bool" => Some(ColumnType::Boolean),
                "i8" | "u8" => Some(ColumnType::TinyInteger),
                "i16" => Some(ColumnType::SmallInteger),
                "i32" => Some(ColumnType::Integer),
                "i64" | "u32" => Some(ColumnType::BigInteger),
                "f32" => Some(ColumnType::Float),
                "f64" => Some(ColumnType::Double),
                "Uuid" => Some(ColumnType::Uuid),
                "DateTimeUtc" | "DateTimeWithTimeZone" => Some(ColumnType::TimestampWithTimeZone),
                "DateTime" => Some(ColumnType::DateTime),
                "Date" => Some(ColumnType::Date),
                "Time" => Some(ColumnType::Time),
                "Json" => Some(ColumnType::Json),
                "Decimal" => Some(ColumnType::Decimal(None)),
                "Vec<u8>" => Some(ColumnType::VarBinary(StringLen::None)),
                _ => None,
            },
        };
        if let Some(ColumnType::Custom(name)) = &kind {
            return Ok(name.to_string());
        }
        if let Some(kind) = kind {
            return Ok(ddl::column_type(engine, &kind));
        }
        match (&self.said, enums.get(&self.rust)) {
            (None, Some(name)) if engine == Engine::Postgres => Ok(crate::schema::quoted(name)),
            (None, Some(_)) => Ok("enum_text".to_owned()),
            (Some(said), _) => Err(Error::Option(format!(
                "`column_type = {said:?}` is not understood: say `custom(\"…\")` with the database's \
                 name for the type"
            ))),
            (None, None) => Err(Error::Option(format!(
                "only Rust knows what the column of a {} is: say `column_type` beside it",
                self.rust
            ))),
        }
    }
}

/// Whether a pull would write the Rust type itself.
pub(super) fn is_ours(rust: &str) -> bool {
    const OURS: [&str; 19] = [
        "String",
        "bool",
        "i8",
        "u8",
        "i16",
        "i32",
        "i64",
        "u32",
        "f32",
        "f64",
        "Uuid",
        "DateTimeUtc",
        "DateTimeWithTimeZone",
        "DateTime",
        "Date",
        "Time",
        "Json",
        "Decimal",
        "Vec<u8>",
    ];
    OURS.contains(&rust) || rust.starts_with("Vec<")
}

fn number(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

/// `column_type` read.
fn said_type(said: &str) -> Option<ColumnType> {
    if let Some(inside) = inside(said, "custom(", ")") {
        let name: syn::LitStr = syn::parse_str(inside).ok()?;
        return Some(ColumnType::custom(name.value()));
    }
    let said: String = said.split_whitespace().collect();
    let said = said.trim_start_matches("ColumnType::");
    if let Some(length) = inside(said, "String(StringLen::N(", "))") {
        return Some(ColumnType::String(StringLen::N(number(length)?)));
    }
    if let Some(length) = inside(said, "Char(Some(", "))") {
        return Some(ColumnType::Char(Some(number(length)?)));
    }
    if let Some(digits) = inside(said, "Decimal(Some((", ")))") {
        let (all, after) = digits.split_once(',')?;
        return Some(ColumnType::Decimal(Some((number(all)?, number(after)?))));
    }
    Some(match said {
        "Text" => ColumnType::Text,
        "String(StringLen::None)" => ColumnType::String(StringLen::None),
        "SmallInteger" => ColumnType::SmallInteger,
        "Integer" => ColumnType::Integer,
        "BigInteger" => ColumnType::BigInteger,
        "Float" => ColumnType::Float,
        "Double" => ColumnType::Double,
        "Decimal(None)" => ColumnType::Decimal(None),
        "Boolean" => ColumnType::Boolean,
        "Uuid" => ColumnType::Uuid,
        "DateTime" => ColumnType::DateTime,
        "Timestamp" => ColumnType::Timestamp,
        "TimestampWithTimeZone" => ColumnType::TimestampWithTimeZone,
        "Date" => ColumnType::Date,
        "Time" => ColumnType::Time,
        "Json" => ColumnType::Json,
        "JsonBinary" => ColumnType::JsonBinary,
        "Blob" => ColumnType::Blob,
        "VarBinary(StringLen::None)" => ColumnType::VarBinary(StringLen::None),
        _ => return None,
    })
}

fn inside<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    text.strip_prefix(before)?.strip_suffix(after)
}

/// The number in brackets after `name`.
fn length<'t>(kind: &'t str, name: &str) -> Option<&'t str> {
    let rest = kind.strip_prefix(name)?.strip_prefix('(')?;
    rest.strip_suffix(')')
}

fn postgres(kind: &str) -> Option<Kind> {
    if let Some(length) = length(kind, "character varying") {
        let said = format!("String(StringLen::N({length}))");
        return Some(Kind::new("String", Some(&said)));
    }
    if let Some(length) = length(kind, "character") {
        let said = format!("Char(Some({length}))");
        return Some(Kind::new("String", Some(&said)));
    }
    if let Some((all, after)) = length(kind, "numeric").and_then(|digits| digits.split_once(',')) {
        let said = format!("Decimal(Some(({all}, {after})))");
        return Some(Kind::new("Decimal", Some(&said)));
    }
    Some(match kind {
        "boolean" => Kind::new("bool", None),
        "smallint" => Kind::new("i16", None),
        "integer" => Kind::new("i32", None),
        "bigint" => Kind::new("i64", None),
        "real" => Kind::new("f32", None),
        "double precision" => Kind::new("f64", None),
        "text" => Kind::new("String", Some("Text")),
        "character varying" => Kind::new("String", None),
        "uuid" => Kind::new("Uuid", None),
        "timestamp with time zone" => Kind::new("DateTimeUtc", None),
        "timestamp without time zone" => Kind::new("DateTime", None),
        "date" => Kind::new("Date", None),
        "time without time zone" => Kind::new("Time", None),
        "json" => Kind::new("Json", None),
        "jsonb" => Kind::new("Json", Some("JsonBinary")),
        "bytea" => Kind::new("Vec<u8>", None),
        "numeric" => Kind::new("Decimal", Some("custom(\"numeric\")")),
        _ => return None,
    })
}

fn sqlite(kind: &str) -> Option<Kind> {
    if let Some(length) = length(kind, "varchar") {
        let said = format!("String(StringLen::N({length}))");
        return Some(Kind::new("String", Some(&said)));
    }
    Some(match kind {
        "boolean" => Kind::new("bool", None),
        "integer" => Kind::new("i64", Some("Integer")),
        "bigint" => Kind::new("i64", None),
        "double" => Kind::new("f64", None),
        "float" => Kind::new("f32", None),
        "text" => Kind::new("String", Some("Text")),
        "varchar" => Kind::new("String", None),
        "uuid_text" => Kind::new("Uuid", None),
        "timestamp_with_timezone_text" => Kind::new("DateTimeUtc", None),
        "datetime_text" => Kind::new("DateTime", None),
        "date_text" => Kind::new("Date", None),
        "time_text" => Kind::new("Time", None),
        "json_text" => Kind::new("Json", None),
        "jsonb_text" => Kind::new("Json", Some("JsonBinary")),
        "varbinary_blob" => Kind::new("Vec<u8>", None),
        "blob" => Kind::new("Vec<u8>", Some("Blob")),
        _ => return None,
    })
}

/// The Rust type for a type that is said by its name.
fn rust(engine: Engine, kind: &str) -> &'static str {
    let has = |part: &str| kind.contains(part);
    if kind.ends_with("[]") {
        return match kind.trim_end_matches("[]") {
            "smallint" => "Vec<i16>",
            "integer" => "Vec<i32>",
            "bigint" => "Vec<i64>",
            "boolean" => "Vec<bool>",
            "uuid" => "Vec<Uuid>",
            "real" => "Vec<f32>",
            "double precision" => "Vec<f64>",
            _ => "Vec<String>",
        };
    }
    if has("timestamp") && has("with time zone") {
        "DateTimeUtc"
    } else if has("timestamp") || has("datetime") {
        "DateTime"
    } else if has("bool") {
        "bool"
    } else if engine == Engine::Sqlite && has("int") && !has("point") {
        "i64"
    } else if engine == Engine::Sqlite
        && ["real", "double", "float", "numeric", "decimal"]
            .iter()
            .any(|part| has(part))
    {
        "f64"
    } else if engine == Engine::Sqlite && (has("blob") || has("binary") || kind.is_empty()) {
        "Vec<u8>"
    } else if kind.starts_with("numeric") {
        "Decimal"
    } else {
        "String"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_is_pulled_is_made_again() {
        let enums = BTreeMap::from([("mood".to_owned(), "Mood".to_owned())]);
        let back = BTreeMap::from([("Mood".to_owned(), "mood".to_owned())]);
        for (kind, rust, sql) in [
            ("character varying(80)", "String", "varchar(80)"),
            ("text", "String", "text"),
            ("jsonb", "Json", "jsonb"),
            (
                "timestamp(3) without time zone",
                "DateTime",
                "timestamp(3) without time zone",
            ),
            ("text[]", "Vec<String>", "text[]"),
            ("mood", "Mood", "mood"),
            ("numeric(10,2)", "Decimal", "decimal(10, 2)"),
            ("email", "String", "email"),
        ] {
            let found = Kind::of(Engine::Postgres, kind, &enums);
            assert_eq!(found.rust, rust);
            assert_eq!(found.sql(Engine::Postgres, &back).expect("a type"), sql);
        }
        for kind in [
            "uuid_text",
            "varchar(20)",
            "nvarchar(160)",
            "integer",
            "bigint",
            "datetime",
        ] {
            let found = Kind::of(Engine::Sqlite, kind, &enums);
            assert_eq!(found.sql(Engine::Sqlite, &back).expect("a type"), kind);
        }
        let own = Kind::new("RunId", None);
        assert!(own.sql(Engine::Sqlite, &back).is_err());
    }
}
