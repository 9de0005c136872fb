//! The text of a statement without what is in it: literals and comments are taken out, blanks are
//! drawn together, and what is long is cut. What cannot be read to its end is cut where it stops
//! making sense, so that half a literal is none.

/// How much is kept, in bytes.
const MOST: usize = 2_000;

/// `sql` without values.
pub fn without_values(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len().min(MOST));
    let mut rest = sql;
    while let Some(letter) = rest.chars().next() {
        if out.len() >= MOST {
            out.push('…');
            break;
        }
        let word_before = out.ends_with(|last: char| last.is_alphanumeric() || "_$".contains(last));
        let taken = if letter.is_whitespace() {
            blank(&mut out);
            letter.len_utf8()
        } else if rest.starts_with("--") {
            blank(&mut out);
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            blank(&mut out);
            comment(rest)
        } else if letter == '"' {
            let end = 1 + rest[1..].find('"').map_or(rest.len() - 1, |at| at + 1);
            out.push_str(&rest[..end]);
            end
        } else if let Some(end) = text(rest, word_before, &mut out) {
            end
        } else if letter.is_ascii_digit() && !word_before {
            out.push('?');
            let number = |letter: char| letter.is_ascii_alphanumeric() || "._".contains(letter);
            rest.find(|letter| !number(letter)).unwrap_or(rest.len())
        } else if let Some(end) = placeholder(rest) {
            out.push_str(&rest[..end]);
            end
        } else {
            out.push(letter);
            letter.len_utf8()
        };
        rest = &rest[taken..];
    }
    out.truncate(out.trim_end().len());
    out
}

fn blank(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

/// How long the comment is; comments may stand in comments.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let ahead = &rest.as_bytes()[at..];
        if ahead.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if ahead.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Where a text that begins here ends. Its prefix (`E'…'`, `X'…'`) is in `out` by then.
fn text(rest: &str, word_before: bool, out: &mut String) -> Option<usize> {
    if rest.starts_with('\'') {
        let escapes = word_before && out.ends_with(['e', 'E']);
        while word_before && out.ends_with(|last: char| last.is_alphanumeric()) {
            out.pop();
        }
        out.push('?');
        return Some(quoted(rest, escapes));
    }
    let tag = dollar_tag(rest).filter(|_| !word_before)?;
    out.push('?');
    let end = rest[tag.len()..].find(tag);
    Some(end.map_or(rest.len(), |at| at + 2 * tag.len()))
}

fn quoted(rest: &str, escapes: bool) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `$$` or `$word$`.
fn dollar_tag(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix('$')?;
    let end = inner.find('$')?;
    let word = &inner[..end];
    let letters = word.chars().all(|one| one.is_alphanumeric() || one == '_');
    let number = word.starts_with(|first: char| first.is_ascii_digit());
    (letters && !number).then(|| &rest[..end + 2])
}

/// `$1`, `?1`.
fn placeholder(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix(['$', '?'])?;
    let digits = inner.find(|one: char| !one.is_ascii_digit());
    Some(1 + digits.unwrap_or(inner.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_taken_out_and_names_stay() {
        for (sql, expected) in [
            (
                "SELECT a1, \"b 2\" FROM t WHERE id = $1",
                "SELECT a1, \"b 2\" FROM t WHERE id = $1",
            ),
            ("  SELECT\n\t1 ", "SELECT ?"),
            ("x = 'it''s' AND y = 'b'", "x = ? AND y = ?"),
            ("x = E'a\\'b' AND y = 2", "x = ? AND y = ?"),
            ("x = X'0aff', y=b'01'", "x = ?, y=?"),
            ("a = $$it's$$ OR b = $q$ $$ $q$ OR c", "a = ? OR b = ? OR c"),
            ("a > -1.5e9 AND b = 0xff", "a > -? AND b = ?"),
            ("a IN (?1, ?2, ?)", "a IN (?1, ?2, ?)"),
            ("a -- secret 'x\n, b /* 'y /* z */ */, c", "a , b , c"),
            ("x = 'never ends", "x = ?"),
            ("x = $q$never ends", "x = ?"),
            ("x = E'never\\", "x = ?"),
            ("a /* never ends 'x'", "a"),
            ("\"never ends", "\"never ends"),
            ("é = 'ü' AND t2.a = 3", "é = ? AND t2.a = ?"),
            ("a::int4 = '7'::int4", "a::int4 = ?::int4"),
        ] {
            assert_eq!(without_values(sql), expected, "{sql}");
        }
        let long = without_values(&"SELECT a, ".repeat(10_000));
        assert!(long.len() < MOST + 10 && long.ends_with('…'));
    }

    proptest! {
        #[test]
        fn nothing_that_stands_in_quotes_is_kept(
            before in "[a-z =,(]{0,20}", value in "[A-Z0-9 ]{3,20}", after in "[a-z =,)]{0,20}",
        ) {
            let quoted = without_values(&format!("{before} '{value}' {after}"));
            let dollar = without_values(&format!("{before} $t${value}$t$ {after}"));
            prop_assert!(!quoted.contains(&value), "{}", quoted);
            prop_assert!(!dollar.contains(&value), "{}", dollar);
        }

        #[test]
        fn any_text_is_read(sql in any::<String>(), odd in "['\"$/*eE\\\\a1é-]{0,40}") {
            without_values(&sql);
            without_values(&odd);
        }
    }
}
