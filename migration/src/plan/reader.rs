//! A statement word by word.

/// A word, a name in quotes, a text or a sign.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub(super) text: &'t str,
    at: usize,
}

impl<'t> Token<'t> {
    /// Without quotes.
    pub(super) fn plain(self) -> &'t str {
        self.text.trim_matches(['"', '`', '[', ']'])
    }
}

/// Reads a statement word by word.
pub(super) struct Reader<'t> {
    text: &'t str,
    pub(super) tokens: Vec<Token<'t>>,
    /// Which comes next.
    pub(super) next: usize,
}

impl<'t> Reader<'t> {
    /// At the beginning of `text`.
    pub(super) fn of(text: &'t str) -> Self {
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(first) = text[at..].chars().next() {
            let rest = &text[at..];
            let closed = |sign: char| rest[1..].find(sign).map_or(rest.len(), |end| end + 2);
            let is_part = |one: char| one.is_alphanumeric() || one == '_';
            let length = match first {
                '\'' | '"' | '`' => closed(first),
                _ if is_part(first) => rest.find(|one| !is_part(one)).unwrap_or(rest.len()),
                _ => first.len_utf8(),
            };
            if !first.is_whitespace() {
                let text = &rest[..length];
                tokens.push(Token { text, at });
            }
            at += length;
        }
        Self {
            text,
            tokens,
            next: 0,
        }
    }

    /// Whether `word` comes next.
    pub(super) fn is(&self, word: &str) -> bool {
        let next = self.tokens.get(self.next);
        next.is_some_and(|next| next.text.eq_ignore_ascii_case(word))
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
            name = self.tokens.get(self.next)?.plain();
            self.next += 1;
        }
        Some(name.to_owned())
    }

    /// Go behind the next `word` that is in no brackets; stay where there is none.
    pub(super) fn seek(&mut self, word: &str) -> bool {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(self.next) {
            match token.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                text if depth == 0 && text.eq_ignore_ascii_case(word) => {
                    self.next = at + 1;
                    return true;
                }
                _ => {}
            }
        }
        false
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

    /// What is left of this part of the statement: to a comma that is in no brackets.
    pub(super) fn definition(&self) -> &'t str {
        let mut depth = 0_usize;
        for token in &self.tokens[self.next.min(self.tokens.len())..] {
            match token.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                "," if depth == 0 => {
                    let start = self.tokens[self.next].at;
                    return self.text[start..token.at].trim();
                }
                _ => {}
            }
        }
        self.rest()
    }

    /// What is left of the statement.
    pub(super) fn rest(&self) -> &'t str {
        let at = self.tokens.get(self.next).map(|token| token.at);
        at.map_or("", |at| self.text[at..].trim_end_matches(';').trim())
    }
}
