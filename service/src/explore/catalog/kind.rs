//! What the values of a column are, for filters, orders, sums and JSON.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use entity::docs::{EnumDocs, of_enum};
use sea_orm::ColumnType;

use super::name::pascal_case;

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 128 bits, written as RFC 9562 does.
    Uuid,
    /// Text.
    Text,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits.
    Big,
    /// A number.
    Float,
    /// True or false.
    Bool,
    /// A moment, UTC, to the microsecond.
    Time,
    /// A day.
    Date,
    /// Any JSON.
    Json,
    /// A list of strings.
    List,
    /// Bytes, written in base64.
    Bytes,
    /// One of a few words.
    Enum(&'static Enumeration),
}

/// A few words, in their order.
#[derive(Debug, PartialEq, Eq)]
pub struct Enumeration {
    /// The type's name in the database.
    pub database: String,
    /// The type's name in GraphQL.
    pub name: String,
    /// What it tells.
    pub doc: &'static str,
    /// The words.
    pub values: Vec<Word>,
}

/// A word of an enumeration.
#[derive(Debug, PartialEq, Eq)]
pub struct Word {
    /// As the database has it, and GraphQL, too: it is a name.
    pub value: String,
    /// What it means.
    pub doc: &'static str,
}

impl Kind {
    /// The kind of a column of type `column`; `rust` is the field's own type.
    pub(super) fn of(column: &ColumnType, rust: &str) -> Self {
        match column {
            ColumnType::Uuid => Self::Uuid,
            ColumnType::Text | ColumnType::String(_) | ColumnType::Char(_) => Self::Text,
            ColumnType::TinyInteger | ColumnType::SmallInteger | ColumnType::Integer => Self::Int,
            ColumnType::BigInteger => Self::Big,
            ColumnType::Float | ColumnType::Double => Self::Float,
            ColumnType::Boolean => Self::Bool,
            ColumnType::TimestampWithTimeZone => Self::Time,
            ColumnType::Date => Self::Date,
            ColumnType::Json | ColumnType::JsonBinary if rust == "StringList" => Self::List,
            ColumnType::Json | ColumnType::JsonBinary => Self::Json,
            ColumnType::Blob | ColumnType::VarBinary(_) | ColumnType::Binary(_) => Self::Bytes,
            ColumnType::Enum { name, variants } => {
                let values = variants.iter().map(ToString::to_string).collect();
                Self::Enum(enumeration(&name.to_string(), values))
            }
            other => panic!("a column of type {other:?} has no kind"),
        }
    }

    /// Whether values can be added.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Big | Self::Float)
    }

    /// Whether one value is smaller than another, for everybody in the same way.
    pub fn is_ordered(self) -> bool {
        !matches!(self, Self::Json | Self::List | Self::Bytes)
    }

    /// Whether rows can be put together by it.
    pub fn is_groupable(self) -> bool {
        self.is_ordered()
    }

    /// Whether there is a smallest and a largest value that mean something.
    pub fn has_extremes(self) -> bool {
        self.is_number() || matches!(self, Self::Text | Self::Time | Self::Date)
    }

    /// The type's name in GraphQL.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Uuid => "UUID",
            Self::Text => "String",
            Self::Int => "Int",
            Self::Big => "BigInt",
            Self::Float => "Float",
            Self::Bool => "Boolean",
            Self::Time => "DateTime",
            Self::Date => "Date",
            Self::Json => "JSON",
            Self::List => "[String!]",
            Self::Bytes => "Base64",
            Self::Enum(words) => &words.name,
        }
    }
}

/// The one enumeration of that name: several columns share it.
fn enumeration(database: &str, values: Vec<String>) -> &'static Enumeration {
    type Known = Mutex<HashMap<String, &'static Enumeration>>;
    static KNOWN: LazyLock<Known> = LazyLock::new(Known::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || -> &'static Enumeration {
        let docs = of_enum(database);
        let words: Vec<Word> = values
            .into_iter()
            .map(|value| {
                assert!(is_name(&value), "{database} has {value}, which is no name");
                Word {
                    doc: meaning(docs, &value),
                    value,
                }
            })
            .collect();
        // Lives as long as the catalogue: as long as the process.
        Box::leak(Box::new(Enumeration {
            database: database.to_owned(),
            name: match database {
                // The adopted schema has names that say little outside their tables.
                "entity" => "MessageEntity".to_owned(),
                "reasoninglevels" => "ReasoningLevel".to_owned(),
                "task" => "TokenTask".to_owned(),
                "tokentype" => "TokenType".to_owned(),
                other => pascal_case(other),
            },
            doc: docs.map_or("", |docs| docs.doc),
            values: words,
        }))
    };
    known.entry(database.to_owned()).or_insert_with(make)
}

/// Whether GraphQL can write it.
fn is_name(word: &str) -> bool {
    let letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    word.chars().all(letter) && word.starts_with(|first: char| !first.is_ascii_digit())
}

fn meaning(docs: Option<&'static EnumDocs>, value: &str) -> &'static str {
    let found = docs.and_then(|docs| docs.values.iter().find(|(known, _)| *known == value));
    found.map_or("", |(_, doc)| doc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_graphql_cannot_write_is_none() {
        assert!(is_name("CHAT_COMPLETION") && is_name("failed") && is_name("_1"));
        assert!(!is_name("in-progress") && !is_name("2fa") && !is_name("") && !is_name("\u{e9}"));
    }
}
