//! What a column holds, and values of it.

use super::dice::Dice;
use super::{postgres, sqlite};
use crate::engine::Engine;
use crate::schema::literal as text;

/// What a column holds, whatever the engine calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    /// A whole number, and the greatest that is sure to fit.
    Integer(u64),
    Number,
    /// A text, and how many letters fit.
    Text(Option<usize>),
    Bytes,
    Uuid,
    Timestamp {
        zone: bool,
    },
    Date,
    Time,
    Interval,
    Json,
    /// One of these.
    Enum(Vec<String>),
    /// Many of one.
    Array(Box<Kind>),
    /// Texts that the type reads.
    Literals(&'static [&'static str]),
}

/// A value of `kind`, as SQL writes it. `checks` are the texts of the checks on the column.
pub(super) fn literal(
    engine: Engine,
    kind: &Kind,
    checks: &[String],
    dice: &mut Dice,
    attempt: u64,
) -> String {
    // What a check names comes first; where that does not help, chance.
    let guided = attempt % 3 != 2;
    match kind {
        Kind::Integer(_) | Kind::Number if guided => {
            let mut numbers: Vec<i64> = checks.iter().flat_map(|check| numbers(check)).collect();
            numbers.extend(numbers.clone().iter().map(|number| number + 1));
            if !numbers.is_empty() {
                return dice.one(&numbers).to_string();
            }
        }
        Kind::Text(_) if guided => {
            let words: Vec<String> = checks.iter().flat_map(|check| strings(check)).collect();
            if !words.is_empty() {
                return text(dice.one::<String>(&words));
            }
        }
        _ => {}
    }
    match kind {
        Kind::Integer(most) => match dice.of(4) {
            0 => dice.of(3).to_string(),
            1 => dice.of(100).min(*most).to_string(),
            _ => dice.of(*most).to_string(),
        },
        Kind::Number => format!("{}.{:02}", dice.of(900), dice.of(100)),
        Kind::Text(length) => {
            let mut words = words(dice);
            if let Some(length) = length {
                words = words.chars().take(*length).collect();
            }
            text(&words)
        }
        Kind::Enum(values) if !values.is_empty() => text(dice.one::<String>(values)),
        Kind::Enum(_) => "NULL".to_owned(),
        Kind::Literals(literals) => text(dice.one::<&str>(literals)),
        Kind::Date => text(&date(dice)),
        Kind::Time => text(&clock(dice)),
        Kind::Interval => text(&format!("{} minutes", dice.of(5000))),
        Kind::Json => text(&json(dice)),
        kind => match engine {
            Engine::Sqlite => sqlite::literal(kind, dice),
            Engine::Postgres => postgres::literal(kind, dice),
        },
    }
}

pub(super) fn date(dice: &mut Dice) -> String {
    format!(
        "20{:02}-{:02}-{:02}",
        20 + dice.of(7),
        1 + dice.of(12),
        1 + dice.of(28)
    )
}

pub(super) fn clock(dice: &mut Dice) -> String {
    format!(
        "{:02}:{:02}:{:02}.{:06}",
        dice.of(24),
        dice.of(60),
        dice.of(60),
        dice.of(1_000_000)
    )
}

pub(super) fn json(dice: &mut Dice) -> String {
    match dice.of(4) {
        0 => "{}".to_owned(),
        1 => format!("{{\"n\": {}, \"text\": \"ünïcode ☃\"}}", dice.of(1000)),
        2 => format!("{{\"nested\": {{\"a\": [1, null, {}]}}}}", dice.of(1000)),
        _ => "[\"a\", \"b\"]".to_owned(),
    }
}

/// A text of one of the shapes that checks ask for.
fn words(dice: &mut Dice) -> String {
    let number = dice.of(1_000_000);
    match dice.of(9) {
        0 => format!("it's \"{number}\" — ünï ☃"),
        1 => format!("person{number}@example.com"),
        2 => format!("https://example.com/{number}"),
        3 => dice.hex(32),
        4 => format!("slug-{number}"),
        5 => number.to_string(),
        6 => format!("W{}", number % 10),
        7 => format!("word{}", letters(number)),
        _ => format!("Some words, number {number}"),
    }
}

fn letters(number: u64) -> String {
    let digits = number.to_string();
    digits
        .bytes()
        .map(|digit| char::from(digit - b'0' + b'a'))
        .collect()
}

/// The texts in quotes in a check.
pub(super) fn strings(check: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = check;
    while let Some(start) = rest.find('\'') {
        let mut word = String::new();
        let mut at = start + 1;
        while let Some(end) = rest[at..].find('\'') {
            word.push_str(&rest[at..at + end]);
            at += end + 1;
            if rest[at..].starts_with('\'') {
                word.push('\'');
                at += 1;
            } else {
                break;
            }
        }
        if at <= start + 1 {
            break;
        }
        found.push(word);
        rest = &rest[at..];
    }
    found
}

/// The whole numbers outside of quotes in a check.
fn numbers(check: &str) -> Vec<i64> {
    let mut quoted = false;
    let plain: String = check
        .chars()
        .map(|letter| {
            quoted ^= letter == '\'';
            if quoted { ' ' } else { letter }
        })
        .collect();
    plain
        .split(|letter: char| !(letter.is_alphanumeric() || "_-.".contains(letter)))
        .filter_map(|word| word.parse::<f64>().ok())
        .filter(|number| number.abs() < 1e15)
        .map(|number| format!("{number:.0}").parse().unwrap_or_default())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_names_values() {
        let check = "CHECK (a IN ('x', 'it''s', '') AND n BETWEEN -2 AND 50 AND b1 = 'no 7')";
        assert_eq!(strings(check), ["x", "it's", "", "no 7"]);
        assert_eq!(numbers(check), [-2, 50]);
        assert_eq!(strings("CHECK (n > 0)"), Vec::<String>::new());
    }
}
