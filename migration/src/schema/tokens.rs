//! SQL as tokens: what is quoted is one, and so is a comment, however it is written.

/// What sets names and texts apart, beside `'text'` and `"name"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// What both engines may have: `` `name` ``.
    Common,
    /// `` `name` `` and `[name]`.
    Sqlite,
    /// `$tag$text$tag$` and `E'text\''`; a comment may hold comments.
    Postgres,
}

/// Quoted texts, runs of blanks (which a comment is), runs of letters, and every other character by
/// itself.
pub(crate) fn tokens(sql: &str, quotes: Quotes) -> impl Iterator<Item = &str> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        let (token, after) = next(rest, quotes)?;
        rest = after;
        Some(token)
    })
}

/// The first token of `sql`, and what stands behind it; none where nothing is left.
pub(crate) fn next(sql: &str, quotes: Quotes) -> Option<(&str, &str)> {
    let length = length(sql, quotes)?;
    let (token, after) = sql.split_at(length);
    let is_comment = token.starts_with("--") || token.starts_with("/*");
    Some((if is_comment { " " } else { token }, after))
}

fn length(sql: &str, quotes: Quotes) -> Option<usize> {
    let first = sql.chars().next()?;
    let postgres = quotes == Quotes::Postgres;
    Some(match first {
        '-' if sql.starts_with("--") => {
            let ends = |letter| letter == '\n' || (postgres && letter == '\r');
            sql.find(ends).unwrap_or(sql.len())
        }
        '/' if sql.starts_with("/*") => comment(sql, postgres),
        '\'' | '"' => closed(sql, first),
        '`' if !postgres => closed(sql, first),
        '[' if quotes == Quotes::Sqlite => sql.find(']').map_or(sql.len(), |end| end + 1),
        '$' if postgres => dollars(sql),
        'e' | 'E' if postgres && sql[1..].starts_with('\'') => escaped(sql),
        _ if first.is_whitespace() => run(sql, char::is_whitespace),
        _ if is_letter(first) => run(sql, is_letter),
        _ => first.len_utf8(),
    })
}

/// The name that a token stands for, without its quotes.
pub(crate) fn bare(token: &str) -> String {
    for (open, close) in [('"', '"'), ('`', '`'), ('[', ']')] {
        let inner = token.strip_prefix(open);
        if let Some(inner) = inner.and_then(|rest| rest.strip_suffix(close)) {
            return inner.replace(&format!("{close}{close}"), &close.to_string());
        }
    }
    token.to_owned()
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn run(text: &str, belongs: fn(char) -> bool) -> usize {
    text.find(|letter| !belongs(letter)).unwrap_or(text.len())
}

/// How long the text in quotes is, with them: a doubled one ends nothing.
fn closed(text: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(end) = text[at..].find(quote) {
        at += end + 1;
        if !text[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// The same where a backslash takes what follows for itself, behind an `E`.
fn escaped(text: &str) -> usize {
    let mut letters = text.char_indices().skip(2);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn comment(text: &str, nests: bool) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        let Some(end) = text[at..].find("*/") else {
            return text.len();
        };
        let inner = text[at..at + end].find("/*").filter(|_| nests);
        depth = if inner.is_some() {
            depth + 1
        } else {
            depth - 1
        };
        at += inner.unwrap_or(end) + 2;
    }
    at
}

/// How long the body between two equal tags of dollars is, with them.
fn dollars(text: &str) -> usize {
    let tag = text[1..].find('$').map(|end| &text[..end + 2]);
    let Some(tag) = tag.filter(|tag| tag[1..tag.len() - 1].chars().all(is_letter)) else {
        return 1;
    };
    let body = &text[tag.len()..];
    body.find(tag).map_or(text.len(), |end| end + 2 * tag.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_one_token_in_each_engines_way() {
        for (quotes, sql, expected) in [
            (Quotes::Common, "a[1]", &["a", "[", "1", "]"][..]),
            (Quotes::Sqlite, "[a; b]c", &["[a; b]", "c"]),
            (
                Quotes::Sqlite,
                "\"a\"\"b\"'c''d'",
                &["\"a\"\"b\"", "'c''d'"],
            ),
            (Quotes::Sqlite, "`a;`;", &["`a;`", ";"]),
            (Quotes::Postgres, r"E'a\';' b", &[r"E'a\';'", " ", "b"]),
            (Quotes::Postgres, "$x$;$$;$x$;", &["$x$;$$;$x$", ";"]),
            (Quotes::Postgres, "$1;", &["$", "1", ";"]),
            (Quotes::Postgres, "/* /* */ ; */a", &[" ", "a"]),
            (Quotes::Postgres, "-- a\rb", &[" ", "\r", "b"]),
            (Quotes::Sqlite, "/* /* */a", &[" ", "a"]),
            (Quotes::Postgres, "'a", &["'a"]),
        ] {
            let found: Vec<&str> = tokens(sql, quotes).collect();
            assert_eq!(found, expected, "{sql}");
        }
    }

    #[test]
    fn a_name_is_told_without_its_quotes() {
        for (token, name) in [
            ("a", "a"),
            ("\"a\"\"b\"", "a\"b"),
            ("[a b]", "a b"),
            ("`a`", "a"),
        ] {
            assert_eq!(bare(token), name);
        }
    }
}
