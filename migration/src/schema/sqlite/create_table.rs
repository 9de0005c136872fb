//! The constraints in the text of a `CREATE TABLE`. `SQLite` keeps the text as it was written and
//! has no other word on checks and on constraint names.

use std::collections::BTreeMap;

/// Words that stand between words of other kinds, whatever their number, as one space; what is
/// quoted stays.
pub(super) fn squeezed(sql: &str) -> String {
    words(sql).join(" ")
}

/// The constraints of a table by name: all that are named at the table's own level, and every
/// check, wherever it stands. A check without a name is known by its text.
pub(super) fn constraints(sql: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for item in items(sql) {
        let words = words(&item);
        let own = is_constraint(&words);
        let mut at = 0;
        while at < words.len() {
            let name = if words[at].eq_ignore_ascii_case("CONSTRAINT") && at + 2 < words.len() {
                at += 2;
                Some(words[at - 1].trim_matches('"').to_owned())
            } else {
                None
            };
            let end = (at + 1..words.len())
                .find(|&next| words[next].eq_ignore_ascii_case("CONSTRAINT"))
                .unwrap_or(words.len());
            let check = words[at].eq_ignore_ascii_case("CHECK");
            if check {
                let condition = words.get(at + 1).cloned().unwrap_or_default();
                let text = format!("CHECK {condition}");
                found.insert(name.unwrap_or_else(|| text.clone()), text);
                at += 2;
            } else if let (Some(name), true) = (name, own) {
                found.insert(name, words[at..end].join(" "));
                at = end;
            } else {
                at += 1;
            }
        }
    }
    found
}

/// Whether an item is a constraint of the table, not a column.
fn is_constraint(words: &[String]) -> bool {
    let first = words
        .first()
        .map(|word| word.to_ascii_uppercase())
        .unwrap_or_default();
    matches!(
        first.as_str(),
        "CONSTRAINT" | "CHECK" | "UNIQUE" | "PRIMARY" | "FOREIGN"
    )
}

/// The columns and constraints between the outermost brackets.
fn items(sql: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut depth = 0;
    for token in tokens(sql) {
        match token {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        let outermost = depth == 1 && token == "(" && items.len() == 1 && items[0].is_empty();
        if depth == 0 || outermost {
            continue;
        }
        if token == "," && depth == 1 {
            items.push(String::new());
        } else if let Some(item) = items.last_mut() {
            item.push_str(token);
        }
    }
    items
}

/// Words, where a pair of brackets with all that is in it is one word.
fn words(sql: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut depth = 0;
    for token in tokens(sql) {
        let blank = token.chars().all(char::is_whitespace);
        match token {
            "(" if depth == 0 && !word.is_empty() => words.push(std::mem::take(&mut word)),
            _ => {}
        }
        match token {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 && blank {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else if blank {
            if !word.ends_with(['(', ' ']) {
                word.push(' ');
            }
        } else {
            if token == ")" && word.ends_with(' ') {
                word.pop();
            }
            word.push_str(token);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Quoted texts, runs of blanks, runs of letters, and every other character by itself.
fn tokens(sql: &str) -> impl Iterator<Item = &str> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length = match first {
            '\'' | '"' | '`' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            _ if first.is_whitespace() => run(rest, char::is_whitespace),
            _ if is_letter(first) => run(rest, is_letter),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        Some(token)
    })
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn run(text: &str, belongs: fn(char) -> bool) -> usize {
    text.find(|letter| !belongs(letter)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_named_and_inline_constraints() {
        let found = constraints(
            "CREATE TABLE a (\n  id blob NOT NULL, -- not a comment we make\n  kind text \
             CONSTRAINT a_kind_check CHECK (kind IN ('x, y', 'it''s (')) DEFAULT 'x',\n  \
             n integer CHECK ( n   > 0 ),\n  CONSTRAINT a_pkey PRIMARY KEY (id),\n  \
             CONSTRAINT a_b_fkey FOREIGN KEY (b) REFERENCES b (id) ON DELETE CASCADE\n)",
        );
        let found: Vec<_> = found
            .iter()
            .map(|(name, text)| format!("{name}: {text}"))
            .collect();
        assert_eq!(
            found,
            [
                "CHECK (n > 0): CHECK (n > 0)",
                "a_b_fkey: FOREIGN KEY (b) REFERENCES b (id) ON DELETE CASCADE",
                "a_kind_check: CHECK (kind IN ('x, y', 'it''s ('))",
                "a_pkey: PRIMARY KEY (id)",
            ]
        );
    }

    #[test]
    fn squeezes_blanks_outside_of_quotes() {
        assert_eq!(
            squeezed("CREATE  INDEX a\n ON b (c,  d)\tWHERE e = 'f  g'"),
            "CREATE INDEX a ON b (c, d) WHERE e = 'f  g'"
        );
    }
}
