//! Values that something else is written over: by an `UPDATE`, by another type.

use super::{ELSEWHERE, Taken, Track, known};
use crate::lexer::{Kind, Token};
use crate::plan::reader::Reader;
use crate::schema::change::cast;

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
    pub(super) fn another_type(&mut self, table: &str, at: &mut Reader<'_>) -> Option<Taken> {
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
        let old = self.retyped(table, &column, &kind);
        let takes = match old {
            Some(old) => narrows(&old, &kind, &using, &column),
            None => may_narrow(&kind, &using, &column),
        };
        if !takes {
            return None;
        }
        if at.elsewhere {
            return Some(ELSEWHERE);
        }
        let (table, column) = self.over(table, &column)?;
        Some(Taken::Narrowed { table, column })
    }

    /// Have a column be of another type, and tell of which it was, where that is known.
    fn retyped(&mut self, table: &str, column: &str, kind: &[Token<'_>]) -> Option<String> {
        let held = self.tables.get_mut(table)?;
        let was = held.columns.get(&known(&held.columns, column))?.clone();
        held.kinds.insert(was, text(kind))
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

/// Whether a type does not hold all that one of the type `old` may have, or what is made of it.
fn narrows(old: &str, kind: &[Token<'_>], using: &[Token<'_>], column: &str) -> bool {
    let Some(casts) = casts(using, column) else {
        return true;
    };
    let mut old = old.to_owned();
    for one in &casts {
        let new = text(one);
        // A cast that is asked for cuts what is too long.
        if loses(&old, one, &new, true) {
            return true;
        }
        old = new;
    }
    loses(&old, kind, &text(kind), false)
}

fn loses(old: &str, kind: &[Token<'_>], new: &str, is_asked: bool) -> bool {
    cast(old, new).is_none_or(|how| {
        let refuses = how.fails && !how.loses;
        // One of the types is not known.
        let may_lose = refuses && how.using && is_narrow(kind);
        how.loses || may_lose || (refuses && is_asked && !how.using)
    })
}

/// The same of a column whose type nobody knows.
fn may_narrow(kind: &[Token<'_>], using: &[Token<'_>], column: &str) -> bool {
    let casts = casts(using, column);
    let is_cast = casts.is_some_and(|casts| casts.iter().all(|one| !is_narrow(one)));
    // What is too long fails, unless it is said how it is cut.
    let is_cut = !using.is_empty() && kind.iter().any(|one| one.is("("));
    !is_cast || is_cut || is_narrow(kind)
}

/// The types that the column itself is cast to, one after the other: `a::text::status`; none where it is
/// something else that is made of it.
fn casts<'u, 't>(using: &'u [Token<'t>], column: &str) -> Option<Vec<&'u [Token<'t>]>> {
    let Some((first, casts)) = using.split_first() else {
        return Some(Vec::new());
    };
    let is_column = first.kind != Kind::Text && first.plain().eq_ignore_ascii_case(column);
    let mut depth = 0_usize;
    let are_types = casts.iter().all(|one| {
        match one.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_sign = [":", ".", "[", "]", "(", ")"]
            .iter()
            .any(|sign| one.is(sign));
        is_sign || matches!(one.kind, Kind::Word | Kind::Name) || (depth > 0 && one.is(","))
    });
    if !is_column || !are_types || !casts.first().is_none_or(|one| one.is(":")) {
        return None;
    }
    let kinds = casts.split(|one| one.is(":"));
    Some(kinds.filter(|kind| !kind.is_empty()).collect())
}

/// A type as it is written, without what does not matter.
fn text(kind: &[Token<'_>]) -> String {
    let mut text = String::new();
    for one in kind {
        let is_word = matches!(one.kind, Kind::Word | Kind::Name);
        if is_word && text.ends_with(|last: char| last.is_alphanumeric() || last == ')') {
            text.push(' ');
        }
        text.push_str(one.text);
    }
    text
}
