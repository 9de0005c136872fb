//! Rows put together: by which columns, in what buckets of time, which groups, in what order.

use std::str::FromStr;

use chrono_tz::Tz;
use serde_json::Value;

use super::{Args, Compare, Scalar, given, wrong};
pub use crate::analytics::Bucket;
use crate::error::Result;
use crate::explore::access::Access;
use crate::explore::catalog::{Column, Direction, Entity, Kind, screaming_case};

/// How many groups an answer has unless it is said.
pub const GROUPS: u64 = 100;
/// The most groups that an answer has.
const MOST_GROUPS: u64 = 1_000;
/// The most columns that rows are put together by.
const KEYS: usize = 4;
/// The most conditions on groups.
const CONDITIONS: usize = 16;
/// The most things that groups are ordered by.
const TERMS: usize = 8;

/// What is worked out of the rows of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// The sum of a column's values.
    Sum,
    /// Their mean.
    Avg,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// How many different ones there are.
    CountDistinct,
}

/// A figure of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// How many rows there are.
    Count,
    /// A function of a column.
    Of(Function, usize),
}

/// One column that rows are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupBy {
    /// The column's place.
    pub column: usize,
    /// The bucket that its time falls into.
    pub bucket: Option<Bucket>,
}

/// One thing that groups are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupTerm {
    /// A key, by its place in `by`.
    Key(usize, Direction),
    /// A figure.
    Measure(Measure, Direction),
}

/// A condition on a group's figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Having {
    /// The figure.
    pub measure: Measure,
    /// How it compares.
    pub compare: Compare,
    /// With what.
    pub value: Scalar,
}

/// How rows are put together.
#[derive(Clone, Debug)]
pub struct GroupArgs {
    /// By which columns.
    pub by: Vec<GroupBy>,
    /// By whose clocks buckets begin.
    pub zone: Tz,
    /// Which groups; all of the conditions hold.
    pub having: Vec<Having>,
    /// In what order; the keys decide what is left open.
    pub order: Vec<GroupTerm>,
    /// How many at most.
    pub first: u64,
    /// Whether the groups beyond are put together to one more.
    pub others: bool,
}

impl GroupArgs {
    /// Read `by`, `timeZone`, `having`, `orderBy`, `first` and `others`.
    pub fn read(entity: &Entity, access: &Access, args: &Args) -> Result<Self> {
        let zone = match given(args, "timeZone") {
            None => Tz::UTC,
            Some(value) => zone(value)?,
        };
        let by = keys(entity, access, given(args, "by").unwrap_or(&Value::Null))?;
        let first = match given(args, "first") {
            None => GROUPS,
            Some(value) => value
                .as_u64()
                .filter(|first| (1..=MOST_GROUPS).contains(first))
                .ok_or_else(|| wrong("first", format!("must be between 1 and {MOST_GROUPS}")))?,
        };
        let others = match given(args, "others") {
            None => false,
            Some(Value::Bool(others)) => *others,
            Some(_) => return Err(wrong("others", "must be a Boolean")),
        };
        let having = match given(args, "having") {
            None => Vec::new(),
            Some(value) => having(entity, access, value)?,
        };
        if others && !having.is_empty() {
            let detail = "what a condition leaves out has no place among the others";
            return Err(wrong("others", detail));
        }
        let order = match given(args, "orderBy") {
            None => Vec::new(),
            Some(value) => order(entity, access, value, &by)?,
        };
        Ok(Self {
            by,
            zone,
            having,
            order,
            first,
            others,
        })
    }
}

fn zone(value: &Value) -> Result<Tz> {
    let zone = value.as_str().and_then(|name| Tz::from_str(name).ok());
    zone.ok_or_else(|| wrong("timeZone", "must be a name of the IANA time zone database"))
}

fn keys(entity: &Entity, access: &Access, value: &Value) -> Result<Vec<GroupBy>> {
    let items = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    if items.is_empty() || items.len() > KEYS || value.is_null() {
        return Err(wrong("by", format!("must name 1 to {KEYS} columns")));
    }
    let mut by: Vec<GroupBy> = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let pointer = format!("by/{at}");
        let column = named(
            entity,
            item.get("column"),
            &format!("{pointer}/column"),
            |column| column.kind.is_groupable(),
        )?;
        access.need_column(entity, &entity.columns[column])?;
        let bucket = item.get("bucket").filter(|bucket| !bucket.is_null());
        let bucket = bucket.map(|bucket| {
            let pointer = format!("{pointer}/bucket");
            if entity.columns[column].kind != Kind::Time {
                return Err(wrong(&pointer, "only times fall into buckets"));
            }
            match bucket.as_str() {
                Some("HOUR") => Ok(Bucket::Hour),
                Some("DAY") => Ok(Bucket::Day),
                Some("WEEK") => Ok(Bucket::Week),
                Some("MONTH") => Ok(Bucket::Month),
                _ => Err(wrong(&pointer, "must be HOUR, DAY, WEEK or MONTH")),
            }
        });
        if by.iter().any(|earlier| earlier.column == column) {
            return Err(wrong(&pointer, "names a column twice"));
        }
        by.push(GroupBy {
            column,
            bucket: bucket.transpose()?,
        });
    }
    Ok(by)
}

/// `{measure: SUM, column: COUNT}` as a figure.
fn measure(entity: &Entity, access: &Access, value: &Value, pointer: &str) -> Result<Measure> {
    let at = format!("{pointer}/column");
    let function = match value.get("measure").and_then(Value::as_str) {
        None | Some("COUNT") => return Ok(Measure::Count),
        Some("SUM") => Function::Sum,
        Some("AVG") => Function::Avg,
        Some("MIN") => Function::Min,
        Some("MAX") => Function::Max,
        Some("COUNT_DISTINCT") => Function::CountDistinct,
        Some(_) => {
            return Err(wrong(
                &format!("{pointer}/measure"),
                "there is no such measure",
            ));
        }
    };
    let column = named(entity, value.get("column"), &at, |column| {
        function.takes(column.kind)
    })?;
    access.need_column(entity, &entity.columns[column])?;
    Ok(Measure::Of(function, column))
}

impl Function {
    /// Whether it works on values of `kind`.
    pub fn takes(self, kind: Kind) -> bool {
        match self {
            Self::Sum | Self::Avg => kind.is_number(),
            Self::Min | Self::Max => kind.has_extremes(),
            Self::CountDistinct => kind.is_groupable(),
        }
    }
}

impl Measure {
    /// Whether nothing makes it 0, not null.
    pub fn is_count(self) -> bool {
        matches!(self, Self::Count | Self::Of(Function::CountDistinct, _))
    }

    /// What the figure's values are.
    pub fn kind(self, entity: &Entity) -> Kind {
        match self {
            Self::Count | Self::Of(Function::CountDistinct, _) => Kind::Big,
            Self::Of(Function::Avg, _) => Kind::Float,
            Self::Of(Function::Sum, column) => match entity.columns[column].kind {
                Kind::Float => Kind::Float,
                _ => Kind::Big,
            },
            Self::Of(Function::Min | Function::Max, column) => entity.columns[column].kind,
        }
    }
}

fn having(entity: &Entity, access: &Access, value: &Value) -> Result<Vec<Having>> {
    let items = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    if items.len() > CONDITIONS {
        return Err(wrong(
            "having",
            format!("has more than {CONDITIONS} conditions"),
        ));
    }
    let mut all = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let pointer = format!("having/{at}");
        let measure = measure(entity, access, item, &pointer)?;
        let kind = measure.kind(entity);
        if !kind.is_number() {
            return Err(wrong(&pointer, "only numbers can be compared"));
        }
        let mut compared = false;
        for (name, compare) in [
            ("eq", Compare::Eq),
            ("ne", Compare::Ne),
            ("lt", Compare::Lt),
            ("lte", Compare::Lte),
            ("gt", Compare::Gt),
            ("gte", Compare::Gte),
        ] {
            let Some(value) = item.get(name).filter(|value| !value.is_null()) else {
                continue;
            };
            let number = value.as_f64();
            let number =
                number.ok_or_else(|| wrong(&format!("{pointer}/{name}"), "must be a Float"))?;
            all.push(Having {
                measure,
                compare,
                value: Scalar::Float(number),
            });
            compared = true;
        }
        if !compared {
            return Err(wrong(&pointer, "needs an operator"));
        }
    }
    Ok(all)
}

fn order(
    entity: &Entity,
    access: &Access,
    value: &Value,
    by: &[GroupBy],
) -> Result<Vec<GroupTerm>> {
    let items = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    if items.len() > TERMS {
        return Err(wrong("orderBy", format!("has more than {TERMS} terms")));
    }
    let read = |(at, item): (usize, &Value)| {
        let pointer = format!("orderBy/{at}");
        let direction = match item.get("direction").and_then(Value::as_str) {
            None | Some("ASC") => Direction::Ascending,
            Some("DESC") => Direction::Descending,
            Some(_) => {
                return Err(wrong(
                    &format!("{pointer}/direction"),
                    "must be ASC or DESC",
                ));
            }
        };
        if item.get("measure").and_then(Value::as_str) != Some("KEY") {
            let measure = measure(entity, access, item, &pointer)?;
            return Ok(GroupTerm::Measure(measure, direction));
        }
        let at = format!("{pointer}/column");
        let column = named(entity, item.get("column"), &at, |_| true)?;
        let key = by.iter().position(|key| key.column == column);
        let key = key.ok_or_else(|| wrong(&at, "must be one of `by`"))?;
        Ok(GroupTerm::Key(key, direction))
    };
    items.iter().enumerate().map(read).collect()
}

/// The column that GraphQL writes as `name`: `CREATED_AT`.
fn named(
    entity: &Entity,
    name: Option<&Value>,
    pointer: &str,
    fits: impl Fn(&Column) -> bool,
) -> Result<usize> {
    let name = name.and_then(Value::as_str);
    let is = |column: &Column| fits(column) && name == Some(screaming_case(&column.field).as_str());
    let found = entity.columns.iter().position(is);
    found.ok_or_else(|| wrong(pointer, "there is no such column for this"))
}
