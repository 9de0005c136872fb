//! Which rows: a filter as a tree of conditions.
//!
//! Every condition is true or false, never unknown: a null equals nothing, is `ne` to everything,
//! and `not` is always the rest of the rows.

use serde_json::{Map, Value};

use super::{Scalar, wrong};
use crate::conversation::Term;
use crate::error::Result;
use crate::explore::access::Access;
use crate::explore::catalog::{Column, Entity, Kind, Member};

/// How deep conditions may stand in each other.
const DEPTH: usize = 12;
/// How many conditions a filter may have, with the objects that they stand in.
const CONDITIONS: usize = 400;
/// How many values a list may have.
const VALUES: usize = 1_000;
/// How many values the lists of a filter may have in all: each is a parameter of the statement.
const ALL_VALUES: usize = 5_000;
/// The longest text that is looked for, in bytes.
const TEXT: usize = 4_096;

/// A condition on a row. Columns and relations are meant by their places in its entity.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of them.
    All(Vec<Filter>),
    /// Any of them.
    Any(Vec<Filter>),
    /// The rest.
    Not(Box<Filter>),
    /// A column against one value.
    Is(usize, Compare, Scalar),
    /// A column is one of a few values.
    In(usize, Vec<Scalar>),
    /// A column is null.
    Null(usize),
    /// A text has a part.
    Text(usize, TextPlace, String),
    /// A list of strings has one of them.
    Has(usize, Vec<String>),
    /// A part of a JSON column equals a value; without one it must only be there.
    Json(usize, Vec<String>, Option<Value>),
    /// The row that a relation leads to.
    One(usize, Box<Filter>),
    /// The rows that a relation leads to.
    Many(usize, Quantifier, Box<Filter>),
    /// The words that the entity's text must have.
    Search(Vec<Term>),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Equal.
    Eq,
    /// Not equal; null is not equal to any value.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
}

/// Where a text has its part. The case of the 26 letters does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextPlace {
    /// Anywhere.
    Contains,
    /// At the start.
    Starts,
    /// At the end.
    Ends,
}

/// How many of the rows must satisfy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// At least one.
    Some,
    /// Not one.
    None,
    /// All of them; also when there are none.
    Every,
}

impl Filter {
    /// Read the filter of a list of `entity`; whoever asks must be able to read what it looks at.
    pub fn read(entity: &Entity, access: &Access, value: &Value) -> Result<Self> {
        let mut reading = Reading {
            access,
            left: CONDITIONS,
            values: ALL_VALUES,
        };
        reading.object(entity, value, "filter", DEPTH)
    }

    /// Whether it is made so that it lets everything through.
    pub fn is_all(&self) -> bool {
        match self {
            Self::All(all) => all.iter().all(Self::is_all),
            Self::Any(any) => any.iter().any(Self::is_all),
            _ => false,
        }
    }
}

struct Reading<'a> {
    access: &'a Access,
    /// How many conditions and objects there may still be.
    left: usize,
    /// How many values of lists there may still be.
    values: usize,
}

impl Reading<'_> {
    fn object(
        &mut self,
        entity: &Entity,
        value: &Value,
        pointer: &str,
        depth: usize,
    ) -> Result<Filter> {
        let members = members(value, pointer)?;
        let Some(depth) = depth.checked_sub(1) else {
            return Err(wrong(pointer, format!("stands deeper than {DEPTH} levels")));
        };
        self.spend(pointer)?;
        let mut all = Vec::with_capacity(members.len());
        for (name, value) in members {
            // A name that is none may hold anything.
            let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            if value.is_null() {
                return Err(wrong(
                    &pointer,
                    "must not be null: leave it out, or ask isNull",
                ));
            }
            all.push(match name.as_str() {
                "and" => Filter::All(self.list(entity, value, &pointer, depth)?),
                "or" => Filter::Any(self.list(entity, value, &pointer, depth)?),
                "not" => Filter::Not(Box::new(self.object(entity, value, &pointer, depth)?)),
                "search" if entity.is_searchable() => search(value, &pointer)?,
                name => match entity.member(name) {
                    Some(Member::Column(at)) => {
                        let column = &entity.columns[at];
                        self.access.need_column(entity, column)?;
                        self.column(column, at, value, &pointer)?
                    }
                    Some(Member::Relation(at)) => {
                        self.relation(entity, at, value, &pointer, depth)?
                    }
                    None => return Err(wrong(&pointer, "there is no such field")),
                },
            });
        }
        Ok(match all.len() {
            1 => all.remove(0),
            _ => Filter::All(all),
        })
    }

    fn list(
        &mut self,
        entity: &Entity,
        value: &Value,
        pointer: &str,
        depth: usize,
    ) -> Result<Vec<Filter>> {
        // A list of one may be written without its brackets.
        let items = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        let items = items.iter().enumerate();
        items
            .map(|(at, item)| self.object(entity, item, &format!("{pointer}/{at}"), depth))
            .collect()
    }

    fn relation(
        &mut self,
        entity: &Entity,
        at: usize,
        value: &Value,
        pointer: &str,
        depth: usize,
    ) -> Result<Filter> {
        let relation = &entity.relations[at];
        let target = relation.target();
        self.access.need(target)?;
        self.spend(pointer)?;
        if !relation.many {
            let filter = self.object(target, value, pointer, depth)?;
            return Ok(Filter::One(at, Box::new(filter)));
        }
        let members = members(value, pointer)?;
        if members.is_empty() {
            return Err(wrong(pointer, "needs some, none or every"));
        }
        let mut all = Vec::with_capacity(members.len());
        for (name, value) in members {
            let pointer = format!("{pointer}/{name}");
            let quantifier = match name.as_str() {
                "some" => Quantifier::Some,
                "none" => Quantifier::None,
                "every" => Quantifier::Every,
                _ => return Err(wrong(&pointer, "there is no such field")),
            };
            let filter = self.object(target, value, &pointer, depth)?;
            all.push(Filter::Many(at, quantifier, Box::new(filter)));
        }
        Ok(Filter::All(all))
    }

    fn column(
        &mut self,
        column: &Column,
        at: usize,
        value: &Value,
        pointer: &str,
    ) -> Result<Filter> {
        let members = members(value, pointer)?;
        // An operator whose variable was not given is not "no condition".
        if members.is_empty() {
            return Err(wrong(pointer, "needs an operator"));
        }
        let mut all = Vec::with_capacity(members.len());
        for (name, value) in members {
            let pointer = format!("{pointer}/{name}");
            self.spend(&pointer)?;
            if value.is_null() {
                return Err(wrong(
                    &pointer,
                    "must not be null: leave it out, or ask isNull",
                ));
            }
            self.spend_values(value, &pointer)?;
            all.push(condition(column, at, name, value, &pointer)?);
        }
        Ok(match all.len() {
            1 => all.remove(0),
            _ => Filter::All(all),
        })
    }

    fn spend(&mut self, pointer: &str) -> Result<()> {
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            wrong(
                pointer,
                format!("a filter has at most {CONDITIONS} conditions and objects"),
            )
        })?;
        Ok(())
    }

    fn spend_values(&mut self, value: &Value, pointer: &str) -> Result<()> {
        let values = value.as_array().map_or(0, Vec::len);
        self.values = self.values.checked_sub(values).ok_or_else(|| {
            let detail = format!("the lists of a filter have at most {ALL_VALUES} values in all");
            wrong(pointer, detail)
        })?;
        Ok(())
    }
}

fn condition(
    column: &Column,
    at: usize,
    operator: &str,
    value: &Value,
    pointer: &str,
) -> Result<Filter> {
    let ordered = column.kind.is_ordered();
    let ranged = ordered && !matches!(column.kind, Kind::Enum(_) | Kind::Bool);
    let compare = match operator {
        "eq" if ordered => Some(Compare::Eq),
        "ne" if ordered => Some(Compare::Ne),
        "lt" if ranged => Some(Compare::Lt),
        "lte" if ranged => Some(Compare::Lte),
        "gt" if ranged => Some(Compare::Gt),
        "gte" if ranged => Some(Compare::Gte),
        _ => None,
    };
    if let Some(compare) = compare {
        return Ok(Filter::Is(
            at,
            compare,
            Scalar::read(column, value, pointer)?,
        ));
    }
    let place = match operator {
        "contains" => Some(TextPlace::Contains),
        "startsWith" => Some(TextPlace::Starts),
        "endsWith" => Some(TextPlace::Ends),
        _ => None,
    };
    Ok(match (operator, column.kind) {
        ("isNull", _) => match value {
            Value::Bool(true) => Filter::Null(at),
            Value::Bool(false) => Filter::Not(Box::new(Filter::Null(at))),
            _ => return Err(wrong(pointer, "must be a Boolean")),
        },
        ("in" | "notIn", _) if ordered => {
            let values = items(value, pointer)?;
            let read = |(place, value)| Scalar::read(column, value, &format!("{pointer}/{place}"));
            let values = values.iter().enumerate().map(read).collect::<Result<_>>()?;
            let found = Filter::In(at, values);
            if operator == "in" {
                found
            } else {
                Filter::Not(Box::new(found))
            }
        }
        (_, Kind::Text) if place.is_some() => {
            let place = place.unwrap_or(TextPlace::Contains);
            Filter::Text(at, place, text(value, pointer)?)
        }
        ("has", Kind::List) => Filter::Has(at, vec![text(value, pointer)?]),
        ("hasAny", Kind::List) => Filter::Has(at, texts(value, pointer)?),
        ("at", Kind::Json) => json(at, value, pointer)?,
        _ => return Err(wrong(pointer, "there is no such operator")),
    })
}

/// `{path: ["a", "0"], eq: …}`; without `eq` the part must only be there.
fn json(at: usize, value: &Value, pointer: &str) -> Result<Filter> {
    let members = members(value, pointer)?;
    let path = members.get("path").unwrap_or(&Value::Null);
    let path = texts(path, &format!("{pointer}/path"))?;
    if path.is_empty() || path.len() > DEPTH {
        let detail = format!("must have 1 to {DEPTH} steps");
        return Err(wrong(&format!("{pointer}/path"), detail));
    }
    let eq = members.get("eq").cloned();
    let eq_at = format!("{pointer}/eq");
    if eq
        .as_ref()
        .is_some_and(|eq| crate::check::has_nul(eq) || eq.is_object() || eq.is_array())
    {
        return Err(wrong(
            &eq_at,
            "must be a text, a number, a truth value or null",
        ));
    }
    Ok(Filter::Json(at, path, eq))
}

fn search(value: &Value, pointer: &str) -> Result<Filter> {
    let text = text(value, pointer)?;
    Ok(Filter::Search(crate::conversation::terms(&text, pointer)?))
}

fn members<'a>(value: &'a Value, pointer: &str) -> Result<&'a Map<String, Value>> {
    value
        .as_object()
        .ok_or_else(|| wrong(pointer, "must be an object"))
}

fn items<'a>(value: &'a Value, pointer: &str) -> Result<&'a [Value]> {
    let items = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    if items.len() > VALUES {
        return Err(wrong(
            pointer,
            format!("has {} values; {VALUES} is the most", items.len()),
        ));
    }
    Ok(items)
}

fn texts(value: &Value, pointer: &str) -> Result<Vec<String>> {
    let read = |(at, item)| text(item, &format!("{pointer}/{at}"));
    items(value, pointer)?
        .iter()
        .enumerate()
        .map(read)
        .collect()
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let text = value
        .as_str()
        .ok_or_else(|| wrong(pointer, "must be a String"))?;
    if text.contains('\0') {
        return Err(wrong(pointer, "must not contain U+0000"));
    }
    if text.len() > TEXT {
        return Err(wrong(pointer, format!("has more than {TEXT} bytes")));
    }
    Ok(text.to_owned())
}
