//! One value of a column, read from JSON.

use std::fmt;

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::wrong;
use crate::check::is_kept;
use crate::error::Result;
use crate::explore::catalog::{Column, Enumeration, Kind};

/// One value, of the column's kind.
#[derive(Clone, PartialEq)]
pub enum Scalar {
    /// 128 bits.
    Uuid(Uuid),
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// A moment.
    Time(DateTime<Utc>),
    /// A day.
    Date(NaiveDate),
    /// A word, by its place.
    Word(&'static Enumeration, usize),
}

/// A word as the database has it: its place tells nothing, and the whole enumeration too much.
impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(id) => id.fmt(f),
            Self::Text(text) => fmt::Debug::fmt(text, f),
            Self::Int(number) => number.fmt(f),
            Self::Float(number) => fmt::Debug::fmt(number, f),
            Self::Bool(truth) => truth.fmt(f),
            Self::Time(moment) => fmt::Debug::fmt(moment, f),
            Self::Date(day) => fmt::Debug::fmt(day, f),
            Self::Word(words, at) => f.write_str(&words.values[*at].value),
        }
    }
}

impl Scalar {
    /// `value` as one of `column`, or what is wrong with it.
    pub fn read(column: &Column, value: &Value, pointer: &str) -> Result<Self> {
        let found = match (column.kind, value) {
            (Kind::Uuid, Value::String(text)) => text.parse().ok().map(Self::Uuid),
            (Kind::Text, Value::String(text)) if text.contains('\0') => None,
            (Kind::Text, Value::String(text)) => Some(Self::Text(text.clone())),
            (Kind::Int, Value::Number(number)) => number
                .as_i64()
                .filter(|number| i32::try_from(*number).is_ok())
                .map(Self::Int),
            (Kind::Big, Value::Number(number)) => number.as_i64().map(Self::Int),
            (Kind::Float, Value::Number(number)) => number.as_f64().map(Self::Float),
            (Kind::Bool, Value::Bool(truth)) => Some(Self::Bool(*truth)),
            (Kind::Time, Value::String(text)) => time(text),
            (Kind::Date, Value::String(text)) => text.parse().ok().map(Self::Date),
            (Kind::Enum(words), Value::String(name)) => {
                let at = words.values.iter().position(|word| word.value == *name);
                at.map(|at| Self::Word(words, at))
            }
            _ => None,
        };
        found.ok_or_else(|| wrong(pointer, format!("must be a {}", column.kind.type_name())))
    }
}

fn time(text: &str) -> Option<Scalar> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    // Both engines keep whole microseconds.
    let moment = moment.trunc_subsecs(6);
    is_kept(moment).then_some(Scalar::Time(moment))
}
