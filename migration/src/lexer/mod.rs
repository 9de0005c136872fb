//! SQL as an engine reads it: words, names, texts and signs, and where a statement ends.
//!
//! Whatever looks into a script asks here, so that all agree on what is quoted: a statement that one of
//! them did not see could lose rows unasked.

#[cfg(test)]
mod tests;

use crate::engine::Engine;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Blanks, or a comment.
    Blank,
    /// Letters and figures: a keyword, a name, a number.
    Word,
    /// A name in quotes.
    Name,
    /// A text in quotes or between dollars.
    Text,
    /// One character of any other kind.
    Sign,
}

/// A part of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind,
    pub(crate) text: &'t str,
    /// Where in the script it begins.
    pub(crate) at: usize,
}

impl Token<'_> {
    /// Whether it is the word or the sign `text`, in capitals or not, and in no quotes.
    pub(crate) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Sign) && self.text.eq_ignore_ascii_case(text)
    }

    /// A name without its quotes, as it is written.
    pub(crate) fn plain(&self) -> String {
        if self.kind != Kind::Name {
            return self.text.to_owned();
        }
        let mut inner = self.text.chars();
        let open = inner.next().unwrap_or('"');
        let close = if open == '[' { ']' } else { open };
        let inner = inner.as_str();
        let inner = inner.strip_suffix(close).unwrap_or(inner);
        inner.replace(&format!("{close}{close}"), &close.to_string())
    }
}

/// All of `script`, in its order and without a gap.
pub(crate) fn tokens(engine: Engine, script: &str) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &script[at..];
        let (kind, length) = first(engine, rest)?;
        let text = &rest[..length];
        let token = Token { kind, text, at };
        at += length;
        Some(token)
    })
}

/// The tokens of `script` that say something.
pub(crate) fn words(engine: Engine, script: &str) -> Vec<Token<'_>> {
    let all = tokens(engine, script);
    all.filter(|one| one.kind != Kind::Blank).collect()
}

/// `sql` without its comments, and with one space where there are blanks.
pub(crate) fn plain(engine: Engine, sql: &str) -> String {
    let mut plain = String::new();
    for token in tokens(engine, sql) {
        match token.kind {
            Kind::Blank if plain.ends_with(' ') => {}
            Kind::Blank => plain.push(' '),
            _ => plain.push_str(token.text),
        }
    }
    plain.trim().to_owned()
}

/// The statements of a script, with the comments above each, without what ends them.
pub(crate) fn split(engine: Engine, script: &str) -> Vec<&str> {
    let pieces = pieces(engine, script).into_iter();
    let bare = pieces.filter_map(|piece| {
        let last = words(engine, piece).pop()?;
        if last.text != ";" {
            return Some(piece.trim());
        }
        let bare = &piece[..last.at];
        (!words(engine, bare).is_empty()).then(|| bare.trim())
    });
    bare.collect()
}

/// A script cut behind each semicolon that ends a statement.
fn pieces(engine: Engine, script: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut statement = Statement::default();
    for token in tokens(engine, script) {
        if token.kind == Kind::Blank {
            continue;
        }
        if statement.ends(engine, &token) {
            let end = token.at + token.text.len();
            found.push(&script[start..end]);
            start = end;
            statement = Statement::default();
        }
    }
    if start < script.len() {
        found.push(&script[start..]);
    }
    found
}

/// A statement, as far as it was read.
#[derive(Default)]
struct Statement<'t> {
    /// Its first words, in capitals: so many tell whether it has statements within.
    head: Vec<String>,
    before: Option<Token<'t>>,
    /// How many brackets are open.
    brackets: usize,
    /// How many bodies and cases are.
    bodies: usize,
    /// Whether the last words were a semicolon, or that and `END`.
    closes: Closes,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Closes {
    #[default]
    No,
    Semicolon,
    End,
}

/// `CREATE OR REPLACE TEMP TRIGGER`.
const HEAD: usize = 4;

impl<'t> Statement<'t> {
    /// Whether it ends with `token`.
    fn ends(&mut self, engine: Engine, token: &Token<'t>) -> bool {
        if self.head.len() < HEAD {
            self.head.push(token.text.to_uppercase());
        }
        let ends = match engine {
            Engine::Sqlite => self.ends_in_sqlite(token),
            Engine::Postgres => self.ends_in_postgres(token),
        };
        self.before = Some(*token);
        ends
    }

    /// What it makes, where it makes something.
    fn makes(&self) -> Option<&str> {
        let mut head = self.head.iter().map(String::as_str);
        if head.next() != Some("CREATE") {
            return None;
        }
        head.find(|word| !matches!(*word, "OR" | "REPLACE" | "TEMP" | "TEMPORARY"))
    }

    /// As `sqlite3_complete` has it: a trigger ends with a semicolon, `END` and a semicolon; `BEGIN` may be
    /// the name of a column, and a case ends behind no semicolon.
    fn ends_in_sqlite(&mut self, token: &Token<'t>) -> bool {
        let is_end = token.is(";");
        if self.makes() != Some("TRIGGER") {
            return is_end;
        }
        let ends = is_end && self.closes == Closes::End;
        self.closes = match self.closes {
            _ if is_end => Closes::Semicolon,
            Closes::Semicolon if token.is("END") => Closes::End,
            _ => Closes::No,
        };
        ends
    }

    /// As `psql` has it: a semicolon in brackets ends nothing (the actions of a rule), nor one in the body
    /// of a function between `BEGIN ATOMIC` and `END`.
    fn ends_in_postgres(&mut self, token: &Token<'t>) -> bool {
        let follows = |word: &str| self.before.is_some_and(|before| before.is(word));
        // Behind these it is a name.
        let is_name = follows("AS") || follows(".");
        if token.is("(") {
            self.brackets += 1;
        } else if token.is(")") {
            self.brackets = self.brackets.saturating_sub(1);
        } else if token.is(";") {
            return self.brackets == 0 && self.bodies == 0;
        } else if self.bodies == 0 {
            let has_body = matches!(self.makes(), Some("FUNCTION" | "PROCEDURE"));
            if has_body && self.brackets == 0 && token.is("ATOMIC") && follows("BEGIN") {
                self.bodies = 1;
            }
        } else if token.is("CASE") && !is_name {
            self.bodies += 1;
        } else if token.is("END") && !is_name {
            self.bodies -= 1;
        }
        false
    }
}

/// What `rest` begins with, and how long that is.
fn first(engine: Engine, rest: &str) -> Option<(Kind, usize)> {
    let first = rest.chars().next()?;
    let is_postgres = engine == Engine::Postgres;
    Some(match first {
        _ if is_blank(first) => (Kind::Blank, run(rest, is_blank)),
        '-' if rest.starts_with("--") => (Kind::Blank, line(engine, rest)),
        '/' if rest.starts_with("/*") => (Kind::Blank, block(engine, rest)),
        '\'' => (Kind::Text, quoted(rest, '\'', false)),
        'e' | 'E' if is_postgres && rest[1..].starts_with('\'') => {
            (Kind::Text, 1 + escaped(&rest[1..]))
        }
        '"' => (Kind::Name, quoted(rest, '"', false)),
        '`' if !is_postgres => (Kind::Name, quoted(rest, '`', false)),
        '[' if !is_postgres => (Kind::Name, rest.find(']').map_or(rest.len(), |end| end + 1)),
        '$' if is_postgres => dollars(rest).map_or((Kind::Sign, 1), |length| (Kind::Text, length)),
        _ if is_letter(first) => (Kind::Word, run(rest, |one| is_letter(one) || one == '$')),
        _ => (Kind::Sign, first.len_utf8()),
    })
}

/// Either engine takes whatever is not ASCII for a part of a name.
fn is_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || !letter.is_ascii()
}

fn is_blank(letter: char) -> bool {
    letter.is_ascii_whitespace() || letter == '\u{b}'
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !belongs(letter)).unwrap_or(text.len())
}

/// A comment to the end of its line, which on `PostgreSQL` is at a carriage return, too.
fn line(engine: Engine, text: &str) -> usize {
    let is_end = |letter: char| letter == '\n' || (letter == '\r' && engine == Engine::Postgres);
    text.find(is_end).unwrap_or(text.len())
}

/// A comment in signs; on `PostgreSQL` there may be others in it.
fn block(engine: Engine, text: &str) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        let Some(next) = text[at..].find(['*', '/']) else {
            return text.len();
        };
        at += next;
        let rest = &text[at..];
        if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else if rest.starts_with("/*") && engine == Engine::Postgres {
            depth += 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    at
}

/// What stands between two of `sign`; two together are one of what stands there.
fn quoted(text: &str, sign: char, escapes: bool) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && escapes {
            letters.next();
        } else if letter == sign && letters.next_if(|(_, next)| *next == sign).is_none() {
            return at + 1;
        }
    }
    text.len()
}

/// A text with backslashes; it goes on behind a line's end where another quote opens.
fn escaped(text: &str) -> usize {
    let mut at = quoted(text, '\'', true);
    loop {
        let mut rest = &text[at..];
        let mut has_end = false;
        loop {
            let blanks = run(rest, is_blank);
            has_end |= rest[..blanks].contains(['\n', '\r']);
            rest = &rest[blanks..];
            if !rest.starts_with("--") {
                break;
            }
            rest = &rest[line(Engine::Postgres, rest)..];
        }
        if !has_end || !rest.starts_with('\'') {
            return at;
        }
        at = text.len() - rest.len() + quoted(rest, '\'', true);
    }
}

/// A text between two equal tags of dollars, with them.
fn dollars(text: &str) -> Option<usize> {
    let end = text[1..].find('$')? + 1;
    let name = &text[1..end];
    let begins = name.chars().next().is_none_or(|one| !one.is_numeric());
    if !begins || !name.chars().all(is_letter) {
        return None;
    }
    let tag = &text[..=end];
    let body = &text[tag.len()..];
    Some(body.find(tag).map_or(text.len(), |at| at + 2 * tag.len()))
}
