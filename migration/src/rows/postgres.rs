//! Types, keys and literals of `PostgreSQL`.

use super::ForeignKey;
use super::dice::Dice;
use super::kind::{Kind, clock, date, json};
use crate::schema::{LiveSchema, literal as text};

/// The tables with policies that hold for this role.
pub(super) const HIDDEN: &str = "SELECT c.relname::text FROM pg_class c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
      AND row_security_active(c.oid)
    ORDER BY 1";

/// What a column of the type called `name` holds.
pub(super) fn kind(schema: &LiveSchema, name: &str) -> Kind {
    let name = name.split_once(" COLLATE").map_or(name, |(name, _)| name);
    if let Some(one) = name.strip_suffix("[]") {
        return Kind::Array(Box::new(kind(schema, one)));
    }
    let plain = name.trim_matches('"');
    if let Some(values) = schema.enums.get(plain) {
        return Kind::Enum(values.clone());
    }
    if let Some(create) = schema.types.get(plain) {
        // A domain is what it stands on.
        let base = create.split_once(" AS ").map_or("", |(_, rest)| rest);
        let end = [" DEFAULT", " NOT NULL", " CONSTRAINT", " CHECK"]
            .iter()
            .filter_map(|word| base.find(word))
            .min();
        return kind(schema, &base[..end.unwrap_or(base.len())]);
    }
    let length = name
        .split_once('(')
        .and_then(|(_, rest)| rest.split([')', ',']).next())
        .and_then(|digits| digits.parse::<usize>().ok());
    let word = name.split(['(', ' ']).next().unwrap_or(name);
    match word {
        "boolean" => Kind::Boolean,
        "smallint" => Kind::Integer(30_000),
        "integer" => Kind::Integer(1_000_000),
        "bigint" => Kind::Integer(1_000_000_000_000),
        "numeric" | "real" | "double" | "money" => match length {
            Some(digits) if digits < 5 => Kind::Integer(9),
            _ => Kind::Number,
        },
        "uuid" => Kind::Uuid,
        "timestamp" => Kind::Timestamp {
            zone: name.contains("with time zone"),
        },
        "date" => Kind::Date,
        "time" => Kind::Time,
        "interval" => Kind::Interval,
        "json" | "jsonb" => Kind::Json,
        "bytea" => Kind::Bytes,
        "inet" => Kind::Literals(&["10.0.0.1", "::1", "192.168.1.7"]),
        "cidr" => Kind::Literals(&["10.0.0.0/8", "192.168.1.0/24"]),
        "macaddr" => Kind::Literals(&["08:00:2b:01:02:03"]),
        "tsvector" => Kind::Literals(&["'a':1 'word':2", ""]),
        "tsquery" => Kind::Literals(&["'a' & 'b'"]),
        "xml" => Kind::Literals(&["<a>1</a>", "<b/>"]),
        "point" => Kind::Literals(&["(1,2)", "(0.5,-3)"]),
        "int4range" | "int8range" | "numrange" => Kind::Literals(&["[1,5)", "empty"]),
        "daterange" => Kind::Literals(&["[2026-01-01,2026-02-01)"]),
        "tsrange" | "tstzrange" => Kind::Literals(&["[2026-01-01 00:00,2026-02-01 00:00)"]),
        "character" | "bpchar" => Kind::Text(Some(length.unwrap_or(1))),
        _ => Kind::Text(length),
    }
}

/// A value that only this engine writes so.
pub(super) fn literal(kind: &Kind, dice: &mut Dice) -> String {
    match kind {
        Kind::Boolean => text(if dice.of(2) == 0 { "true" } else { "false" }),
        Kind::Uuid => text(&dice.hex(16)),
        Kind::Bytes => {
            let length = 1 + dice.below(20);
            text(&format!("\\x{}", dice.hex(length)))
        }
        Kind::Timestamp { zone } => {
            let zone = if *zone { "+00" } else { "" };
            text(&format!("{} {}{zone}", date(dice), clock(dice)))
        }
        Kind::Array(one) => {
            let items: Vec<String> = (0..dice.of(3)).map(|_| item(one, dice)).collect();
            text(&format!("{{{}}}", items.join(",")))
        }
        _ => "DEFAULT".to_owned(),
    }
}

/// An array's item, between the brackets of the array's own syntax.
fn item(kind: &Kind, dice: &mut Dice) -> String {
    let plain = match kind {
        Kind::Boolean => "true".to_owned(),
        Kind::Integer(_) | Kind::Number => dice.of(100).to_string(),
        Kind::Uuid => dice.hex(16),
        Kind::Enum(values) if !values.is_empty() => dice.one(values).clone(),
        Kind::Date | Kind::Timestamp { .. } => date(dice),
        Kind::Time => clock(dice),
        Kind::Json => json(dice),
        Kind::Literals(literals) => (*dice.one(literals)).to_owned(),
        _ => format!("a, \"b\" {{{}}}", dice.of(100)),
    };
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A foreign key, from its definition.
pub(super) fn foreign_key(definition: &str) -> Option<ForeignKey> {
    let rest = definition.strip_prefix("FOREIGN KEY (")?;
    let (_, after) = closing(rest)?;
    let after = after.strip_prefix(" REFERENCES ")?;
    let at = bracket(after)?;
    let (table, others) = (&after[..at], &after[at + 1..]);
    let (_, more) = closing(others)?;
    Some(ForeignKey {
        columns: names(rest),
        table: unquoted(table),
        others: names(others),
        rest: more.trim().to_owned(),
    })
}

/// The names up to the closing bracket.
pub(crate) fn names(list: &str) -> Vec<String> {
    let list = closing(list).map_or(list, |(list, _)| list);
    let mut names = Vec::new();
    let mut name = String::new();
    let mut inside = false;
    for letter in list.chars() {
        match letter {
            '"' => {
                inside = !inside;
                name.push(letter);
            }
            ',' if !inside => names.push(unquoted(std::mem::take(&mut name).trim())),
            _ => name.push(letter),
        }
    }
    names.push(unquoted(name.trim()));
    names
}

/// What stands before and after the first closing bracket outside of quotes.
fn closing(text: &str) -> Option<(&str, &str)> {
    let mut inside = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => inside = !inside,
            ')' if !inside => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

fn bracket(text: &str) -> Option<usize> {
    let mut inside = false;
    text.char_indices().find_map(|(at, letter)| {
        inside ^= letter == '"';
        (letter == '(' && !inside).then_some(at)
    })
}

fn unquoted(name: &str) -> String {
    let inner = name
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.map_or_else(|| name.to_owned(), |inner| inner.replace("\"\"", "\""))
}

pub(super) fn literal_of(column: &str) -> String {
    format!("quote_nullable({column}::text)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_key_is_read() {
        let key = foreign_key(
            "FOREIGN KEY (a, \"userId\") REFERENCES \"Us(er\"(x, \"y,z\") ON DELETE CASCADE NOT VALID",
        )
        .expect("a key");
        assert_eq!(key.columns, ["a", "userId"]);
        assert_eq!(key.table, "Us(er");
        assert_eq!(key.others, ["x", "y,z"]);
        assert_eq!(key.rest, "ON DELETE CASCADE NOT VALID");
    }
}
