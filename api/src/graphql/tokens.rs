//! The tokens of a GraphQL document, counted before anything parses it.
//!
//! The parser is recursive and the validator may follow one fragment many times, so a document's
//! length in tokens and its depth in brackets are bounded first. Lexical rules: GraphQL, October
//! 2021, section 2.1.

use async_graphql::Pos;

use super::limits::Limit;
use crate::exact::is_wide;

/// The most tokens of a document.
pub(super) const TOKENS: usize = 2_000;
/// The deepest nesting of brackets, of all kinds.
const NESTING: usize = 64;

/// Refuse a document that has too many tokens, or nests too deeply.
///
/// What is no token at all counts as one: the parser says what is wrong with it.
pub(super) fn check(document: &str) -> Result<(), Limit> {
    let (mut tokens, mut depth) = (0, 0_usize);
    for (_, token) in Tokens::of(document) {
        match token.as_bytes() {
            [b'{' | b'[' | b'('] => depth += 1,
            [b'}' | b']' | b')'] => depth = depth.saturating_sub(1),
            _ => {}
        }
        tokens += 1;
        if tokens > TOKENS {
            return Err(Limit::new("tokens", TOKENS, None));
        }
        if depth > NESTING {
            return Err(Limit::new("nested brackets", NESTING, None));
        }
    }
    Ok(())
}

/// Where the first whole number stands that has more than 64 bits: the parser would round it.
pub(super) fn wide_number(document: &str) -> Option<Pos> {
    let (at, _) = Tokens::of(document).find(|(_, token)| is_wide(token))?;
    let before = document.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    Some(Pos {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
    })
}

/// The tokens of a document, each with its place; what is no text is one, and empty.
struct Tokens<'a> {
    document: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn of(document: &'a str) -> Self {
        Self { document, at: 0 }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.document.as_bytes();
        loop {
            let at = self.at;
            let end = match *bytes.get(at)? {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                    self.at += 1;
                    continue;
                }
                b'#' => {
                    self.at += length(&bytes[at..], |byte| byte != b'\n' && byte != b'\r');
                    continue;
                }
                b'"' => at + string(&bytes[at..]),
                b'.' => at + length(&bytes[at..], |byte| byte == b'.'),
                b'-' | b'0'..=b'9' => at + length(&bytes[at..], |byte| word(byte) || byte == b'.'),
                byte if word(byte) => at + length(&bytes[at..], word),
                _ => at + 1,
            };
            self.at = end;
            return Some((at, self.document.get(at..end).unwrap_or_default()));
        }
    }
}

/// Names run on as long as these do, and numbers.
fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-+".contains(&byte)
}

fn length(bytes: &[u8], part: impl Fn(u8) -> bool) -> usize {
    let end = bytes.iter().position(|&byte| !part(byte));
    end.unwrap_or(bytes.len())
}

/// How long the string is that `bytes` begin with, its quotes included.
fn string(bytes: &[u8]) -> usize {
    let block = bytes.starts_with(br#"""""#);
    let mut at = if block { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if block && bytes[at..].starts_with(br#"\""""#) => at += 4,
            b'\\' if !block => at += 2,
            b'"' if !block => return at + 1,
            b'"' if bytes[at..].starts_with(br#"""""#) => return at + 3,
            b'\n' | b'\r' if !block => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(document: &str) -> usize {
        // One more token than fits tells how many there were.
        (0..=TOKENS)
            .find(|rest| check(&format!("{document} {}", "a ".repeat(TOKENS - rest))).is_ok())
            .unwrap_or(TOKENS)
    }

    #[test]
    fn tokens_are_counted() {
        for (document, tokens) in [
            ("", 0),
            ("{ me { id } }", 6),
            ("query Q($a: [Int!]! = 1) { ...F @include(if: $a) }", 26),
            ("# nothing { } \n,, ,", 0),
            (r#"{ a(b: "x { y } \" z") }"#, 8),
            ("{ a(b: \"\"\"x \"quoted\" { \\\"\"\" } \"\"\") }", 8),
            ("[-1.5e+3 1]", 4),
            ("\"open {{{ \n }", 2),
            ("é", 2),
        ] {
            assert_eq!(count(document), tokens, "{document}");
        }
    }

    #[test]
    fn a_whole_number_of_more_than_64_bits_is_found() {
        for (document, found) in [
            ("{ a(b: 18446744073709551615) }", None),
            ("{ a(b: 1e30, c: -9223372036854775808) }", None),
            ("{ a(b: \"12345678901234567890123\") }", None),
            ("# 12345678901234567890123\n{ a }", None),
            ("{ a(b: 18446744073709551616) }", Some((1, 8))),
            ("{\n é a(b: [1,\n  -9223372036854775809]) }", Some((3, 3))),
        ] {
            let at = wide_number(document).map(|at| (at.line, at.column));
            assert_eq!(at, found, "{document}");
        }
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_refused() {
        assert!(check(&"a ".repeat(TOKENS)).is_ok());
        assert!(check(&"a ".repeat(TOKENS + 1)).is_err());
        assert!(check(&"{".repeat(NESTING)).is_ok());
        assert!(check(&"{[(".repeat(NESTING / 2)).is_err());
        assert!(check(&"{}".repeat(NESTING + 1)).is_ok());
    }
}
