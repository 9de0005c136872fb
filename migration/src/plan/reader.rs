//! A statement word by word.

use crate::engine::Engine;
use crate::lexer::{self, Token};

/// Where tables are that are named with it: the connection's own schema, as far as anybody writes it.
const HERE: [&str; 2] = ["public", "main"];

/// Reads a statement word by word.
pub(super) struct Reader<'t> {
    text: &'t str,
    pub(super) tokens: Vec<Token<'t>>,
    /// Which comes next.
    pub(super) next: usize,
    /// Whether something of another schema was named.
    pub(super) elsewhere: bool,
}

impl<'t> Reader<'t> {
    /// At the beginning of `text`.
    pub(super) fn of(engine: Engine, text: &'t str) -> Self {
        Self {
            text,
            tokens: lexer::words(engine, text),
            next: 0,
            elsewhere: false,
        }
    }

    /// Whether `word` comes next.
    pub(super) fn is(&self, word: &str) -> bool {
        let next = self.tokens.get(self.next);
        next.is_some_and(|next| next.is(word))
    }

    /// Go behind `word`, where it comes next.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.next += usize::from(found);
        found
    }

    /// Go behind those of `words` that come next.
    pub(super) fn eat_all(&mut self, words: &[&str]) {
        for word in words {
            self.eat(word);
        }
    }

    /// A name, without the schema's before it.
    pub(super) fn name(&mut self) -> Option<String> {
        let mut name = self.tokens.get(self.next)?.plain();
        self.next += 1;
        while self.eat(".") {
            self.elsewhere |= !HERE.iter().any(|here| name.eq_ignore_ascii_case(here));
            name = self.tokens.get(self.next)?.plain();
            self.next += 1;
        }
        Some(name)
    }

    /// Go behind the next `word` that is in no brackets; stay where there is none.
    pub(super) fn seek(&mut self, word: &str) -> bool {
        let found = self.find(&[word]);
        self.next = found.map_or(self.next, |at| at + 1);
        found.is_some()
    }

    /// Where the next of `words` is that is in no brackets.
    pub(super) fn find(&self, words: &[&str]) -> Option<usize> {
        let mut depth = 0_usize;
        let left = self.tokens.iter().enumerate().skip(self.next);
        for (at, token) in left {
            match token.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ if depth == 0 && words.iter().any(|word| token.is(word)) => return Some(at),
                _ => {}
            }
        }
        None
    }

    /// What stands before the next of `words` that is in no brackets, or is left; go there.
    pub(super) fn until(&mut self, words: &[&str]) -> Vec<Token<'t>> {
        let end = self.find(words).unwrap_or(self.tokens.len());
        let found = self.tokens.get(self.next..end).unwrap_or_default().to_vec();
        self.next = end;
        found
    }

    /// `(a, b)`, where it is next.
    pub(super) fn names_in_brackets(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        if self.eat("(") {
            while let Some(name) = self.name() {
                names.push(name);
                if !self.eat(",") {
                    break;
                }
            }
            self.eat(")");
        }
        names
    }

    /// What is left of the statement.
    pub(super) fn rest(&self) -> &'t str {
        let at = self.tokens.get(self.next).map(|token| token.at);
        at.map_or("", |at| self.text[at..].trim_end_matches(';').trim())
    }
}
