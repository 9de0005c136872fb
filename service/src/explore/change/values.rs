//! The values of a write, read by the columns' kinds.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use sea_orm::Value as Bound;
use sea_orm::sea_query::{ColumnType, StringLen};
use serde_json::Value;

use super::law::{may_update, writable};
use crate::check::has_nul;
use crate::error::{Common, FieldError, Result};
use crate::explore::bind::{Args, Scalar};
use crate::explore::catalog::{Column, Entity, Kind};
use crate::explore::error::Error as Refusal;
use crate::write::Write;

/// The longest text of a column without a bound of its own, in bytes.
const TEXT: usize = 1024 * 1024;

/// What a column is given.
#[derive(Clone, Debug)]
pub(in crate::explore) enum Given {
    Null,
    Scalar(Scalar),
    Bound(Bound),
}

/// What columns are given, each by its place.
pub(super) type Values = Vec<(usize, Given)>;

/// The values of a new row, its defaults with them.
pub(super) fn for_insert(tx: &Write, entity: &Entity, input: &Args) -> Result<Values> {
    let mut values = read(entity, input, true)?;
    let mut missing = Vec::new();
    for (at, column) in entity.columns.iter().enumerate() {
        if values.iter().any(|(known, _)| *known == at) {
            continue;
        }
        let default = match (column.name, column.kind) {
            ("created_at" | "updated_at" | "creation_date" | "update_date", Kind::Time) => {
                Some(Given::Scalar(Scalar::Time(tx.now)))
            }
            _ if at == entity.key && column.kind == Kind::Uuid => {
                let id = tx.services().ids.fresh(tx.now);
                Some(Given::Scalar(Scalar::Uuid(id)))
            }
            _ => column.default.and_then(|default| said(column, default)),
        };
        match default {
            Some(default) => values.push((at, default)),
            None if column.nullable => {}
            None => missing.push(FieldError::new(format!("/{}", column.field), "is missing")),
        }
    }
    if !missing.is_empty() {
        return Err(Common::Invalid { fields: missing }.into());
    }
    Ok(values)
}

/// The values of a change.
pub(super) fn for_update(entity: &Entity, patch: &Args) -> Result<Values> {
    if !may_update(entity) {
        return Err(Refusal::ReadOnly {
            what: entity.plural.clone(),
        }
        .into());
    }
    let values = read(entity, patch, false)?;
    if values.is_empty() {
        return Err(Common::invalid("/", "must change something").into());
    }
    Ok(values)
}

/// The row of an earlier state, every column of it.
pub(super) fn of_row(entity: &Entity, row: &Args) -> Result<Values> {
    let mut values = Vec::new();
    for (at, column) in entity.columns.iter().enumerate() {
        let pointer = format!("/{}", column.field);
        let value = row.get(&column.field);
        let value = value.ok_or_else(|| Common::invalid(&pointer, "was not kept"))?;
        values.push((at, given(column, None, value, &pointer)?));
    }
    Ok(values)
}

fn read(entity: &Entity, input: &Args, new: bool) -> Result<Values> {
    let mut values = Vec::new();
    let mut wrong = Vec::new();
    for (name, value) in input {
        let pointer = format!("/{name}");
        let column = entity
            .columns
            .iter()
            .enumerate()
            .find(|(_, column)| column.field == *name);
        let Some((at, column)) = column.filter(|(_, column)| writable(entity, column, new)) else {
            wrong.push(FieldError::new(pointer, "cannot be given"));
            continue;
        };
        let declared = entity
            .resource
            .columns
            .iter()
            .find(|known| known.name == column.name);
        match given(column, declared.map(|known| &known.kind), value, &pointer) {
            Ok(value) => values.push((at, value)),
            Err(error) => wrong.extend(error.fields()),
        }
    }
    if !wrong.is_empty() {
        return Err(Common::Invalid { fields: wrong }.into());
    }
    Ok(values)
}

fn given(
    column: &Column,
    declared: Option<&ColumnType>,
    value: &Value,
    pointer: &str,
) -> Result<Given> {
    let invalid = |detail: String| Err(Common::invalid(pointer, detail).into());
    if value.is_null() {
        if column.nullable {
            return Ok(Given::Null);
        }
        return invalid("must not be null".to_owned());
    }
    Ok(match column.kind {
        Kind::Json | Kind::List if has_nul(value) => {
            return invalid("must not contain U+0000".to_owned());
        }
        Kind::List if !is_list(value) => return invalid("must be a list of texts".to_owned()),
        Kind::Json | Kind::List => Given::Bound(Bound::Json(Some(Box::new(value.clone())))),
        Kind::Bytes => {
            let bytes = value.as_str().and_then(|text| BASE64.decode(text).ok());
            match bytes {
                Some(bytes) => Given::Bound(bytes.into()),
                None => return invalid("must be base64".to_owned()),
            }
        }
        _ => {
            let scalar = Scalar::read(column, value, pointer)?;
            if let Scalar::Text(text) = &scalar {
                let most = match declared {
                    Some(ColumnType::String(StringLen::N(most))) => Some(*most as usize),
                    _ => None,
                };
                let length = text.chars().count();
                if most.is_some_and(|most| length > most) {
                    let most = most.unwrap_or_default();
                    return invalid(format!("has {length} characters; {most} is the most"));
                }
                if text.len() > TEXT {
                    return invalid(format!("has more than {TEXT} bytes"));
                }
            }
            Given::Scalar(scalar)
        }
    })
}

fn is_list(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|items| items.iter().all(Value::is_string))
}

/// A default as the entity says it.
fn said(column: &Column, default: &str) -> Option<Given> {
    let scalar = match column.kind {
        Kind::Int | Kind::Big => default.parse().ok().map(Scalar::Int),
        Kind::Float => default.parse().ok().map(Scalar::Float),
        Kind::Bool => default.parse().ok().map(Scalar::Bool),
        Kind::Text => Some(Scalar::Text(default.to_owned())),
        Kind::Enum(words) => {
            let at = words.values.iter().position(|word| word.value == default);
            at.map(|at| Scalar::Word(words, at))
        }
        Kind::Json | Kind::List => {
            let json = serde_json::from_str(default).ok();
            return json.map(|json| Given::Bound(Bound::Json(Some(Box::new(json)))));
        }
        Kind::Uuid | Kind::Time | Kind::Date | Kind::Bytes => None,
    };
    scalar.map(Given::Scalar)
}
