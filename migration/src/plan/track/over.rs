//! Values that something else is written over: by an `UPDATE`, by another type.

use super::{ELSEWHERE, Taken, Track, known};
use crate::lexer::{Kind, Token};
use crate::plan::reader::Reader;

/// What ends the value that a column is given.
const ENDS: [&str; 4] = [",", "FROM", "WHERE", "RETURNING"];

/// Types that do not hold all that another may: figures behind the point, hours, letters are cut off and
/// nothing fails.
const NARROW: [&str; 15] = [
    "bool",
    "boolean",
    "char",
    "character",
    "date",
    "decimal",
    "float4",
    "int",
    "int2",
    "int4",
    "integer",
    "numeric",
    "real",
    "smallint",
    "time",
];

impl Track {
    /// What an `UPDATE` writes over. What is made of a column's own values is no loss.
    pub(super) fn update(&self, mut at: Reader<'_>) -> Vec<Taken> {
        at.eat("ONLY");
        let name = at.name().unwrap_or_default();
        let table = known(&self.tables, &name);
        if at.elsewhere || !self.tables.contains_key(&table) {
            return vec![ELSEWHERE];
        }
        let mut columns = Vec::new();
        if at.seek("SET") {
            loop {
                let names = if at.is("(") {
                    at.names_in_brackets()
                } else {
                    at.name().into_iter().collect()
                };
                let value = at.until(&ENDS);
                let keeps = |name: &String| mentions(&value, name);
                columns.extend(names.into_iter().filter(|name| !keeps(name)));
                if !at.eat(",") {
                    break;
                }
            }
        }
        let which = at.seek("WHERE").then(|| at.rest().to_owned());
        let over = columns.iter().filter_map(|one| self.over(&table, one));
        over.map(|(table, column)| Taken::Values {
            table,
            column,
            which: which.clone(),
        })
        .collect()
    }

    /// What `ALTER COLUMN` takes where it gives the column a type that does not hold all it has.
    pub(super) fn another_type(&self, table: &str, at: &mut Reader<'_>) -> Option<Taken> {
        at.eat("COLUMN");
        let column = at.name()?;
        at.eat_all(&["SET", "DATA"]);
        if !at.eat("TYPE") {
            return None;
        }
        let kind = at.until(&["USING", "COLLATE", ","]);
        if at.eat("COLLATE") {
            at.until(&["USING", ","]);
        }
        let using = if at.eat("USING") {
            at.until(&[","])
        } else {
            Vec::new()
        };
        let is_cast = using.is_empty() || casts(&using, &column);
        // What is too long fails, unless it is said how it is cut.
        let is_cut = !using.is_empty() && kind.iter().any(|one| one.is("("));
        if is_cast && !is_cut && !is_narrow(&kind) {
            return None;
        }
        if at.elsewhere {
            return Some(ELSEWHERE);
        }
        let (table, column) = self.over(table, &column)?;
        Some(Taken::Values {
            table,
            column,
            which: None,
        })
    }

    /// A column that was there before anything ran, as it was called then.
    fn over(&self, table: &str, column: &str) -> Option<(String, String)> {
        let held = self.tables.get(table)?;
        let was = held.columns.get(&known(&held.columns, column))?;
        let copied = held.copied.as_ref();
        if copied.is_some_and(|copied| copied.which.is_none() && copied.columns.contains(column)) {
            return None;
        }
        Some((held.origin.clone()?, was.clone()))
    }
}

fn mentions(value: &[Token<'_>], name: &str) -> bool {
    let mut value = value
        .iter()
        .filter(|one| matches!(one.kind, Kind::Word | Kind::Name));
    value.any(|one| one.plain().eq_ignore_ascii_case(name))
}

fn is_narrow(kind: &[Token<'_>]) -> bool {
    let is = |at: usize, word: &str| kind.get(at).is_some_and(|one| one.is(word));
    let is_varying = is(0, "character") && is(1, "varying");
    // As many figures as there are.
    let is_open = (is(0, "numeric") || is(0, "decimal")) && kind.len() == 1;
    !is_varying && !is_open && NARROW.iter().any(|word| is(0, word))
}

/// Whether it is the column itself, cast to types that hold what it has: `a::text::status`.
fn casts(using: &[Token<'_>], column: &str) -> bool {
    let Some((first, casts)) = using.split_first() else {
        return true;
    };
    let is_column = first.kind != Kind::Text && first.plain().eq_ignore_ascii_case(column);
    let kinds = casts.split(|one| one.is(":"));
    let parts_are_types = casts.iter().all(|one| {
        matches!(one.kind, Kind::Word | Kind::Name)
            || [":", ".", "[", "]"].iter().any(|sign| one.is(sign))
    });
    is_column
        && (casts.is_empty() || casts[0].is(":"))
        && parts_are_types
        && kinds.into_iter().all(|kind| !is_narrow(kind))
}
