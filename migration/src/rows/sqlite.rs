//! Types, keys and literals of `SQLite`.

use super::ForeignKey;
use super::dice::Dice;
use super::kind::{Kind, clock, date};
use crate::schema::literal as text;

/// What a column declared as `name` holds: what `SeaORM` writes into it, else what its affinity is.
pub(super) fn kind(name: &str) -> Kind {
    let length = name
        .split_once('(')
        .and_then(|(_, rest)| rest.split([')', ',']).next())
        .and_then(|digits| digits.parse::<usize>().ok());
    let has = |part: &str| name.contains(part);
    if has("uuid") {
        Kind::Uuid
    } else if has("bool") {
        Kind::Boolean
    } else if has("timestamp") || has("datetime") {
        Kind::Timestamp { zone: true }
    } else if has("date") {
        Kind::Date
    } else if has("time") {
        Kind::Time
    } else if has("json") {
        Kind::Json
    } else if has("blob") || has("binary") {
        Kind::Bytes
    } else if has("int") {
        Kind::Integer(1_000_000)
    } else if has("char") || has("text") || has("clob") {
        Kind::Text(length)
    } else if has("real") || has("double") || has("float") || has("num") || has("dec") {
        Kind::Number
    } else if name.is_empty() {
        Kind::Bytes
    } else {
        Kind::Text(length)
    }
}

/// A value that only this engine writes so.
pub(super) fn literal(kind: &Kind, dice: &mut Dice) -> String {
    match kind {
        Kind::Boolean => dice.of(2).to_string(),
        Kind::Uuid => format!("x'{}'", dice.hex(16)),
        Kind::Bytes => {
            let length = 1 + dice.below(20);
            format!("x'{}'", dice.hex(length))
        }
        Kind::Timestamp { .. } => text(&format!("{}T{}000+00:00", date(dice), clock(dice))),
        _ => "NULL".to_owned(),
    }
}

/// A foreign key, as the catalogue of this crate names and tells it.
pub(super) fn foreign_key(name: &str, told: &str) -> Option<ForeignKey> {
    let columns = name.strip_prefix("foreign key (")?.strip_suffix(')')?;
    let (table, rest) = told.split_once(" (")?;
    let (others, rest) = rest.split_once(')')?;
    let names = |list: &str| -> Vec<String> {
        let names = list.split(", ").filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    };
    Some(ForeignKey {
        columns: names(columns),
        table: table.to_owned(),
        others: names(others),
        rest: rest.trim().to_owned(),
    })
}

pub(super) fn literal_of(column: &str) -> String {
    format!("quote({column})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_key_is_read() {
        let told = "users (id) on delete CASCADE on update NO ACTION";
        let key = foreign_key("foreign key (user_id)", told).expect("a key");
        assert_eq!(key.columns, ["user_id"]);
        assert_eq!(
            (key.table.as_str(), key.others),
            ("users", vec!["id".to_owned()])
        );
        assert!(foreign_key("runs_pkey", "PRIMARY KEY (id)").is_none());
    }
}
