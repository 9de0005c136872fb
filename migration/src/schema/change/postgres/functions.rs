//! Functions: what the catalogue holds them to, and when one can take another's place.

use super::super::super::rename::mentions;
use super::Plan;
use super::order::{Thing, bottom_up};

/// The name in a signature.
pub(super) fn name_of(signature: &str) -> String {
    let name = signature.split('(').next().unwrap_or_default();
    name.trim_matches('"').replace("\"\"", "\"")
}

/// What of a function must be there when it is made: of a body that is a text, the server looks at
/// nothing until it runs.
pub(super) fn hard(text: &str) -> &str {
    let body = text.find("\nAS ");
    body.map_or(text, |at| &text[..at])
}

/// Whether the server has read the body, and keeps what it speaks of from going.
pub(super) fn is_atomic(text: &str) -> bool {
    hard(text).len() == text.len()
}

/// Whether `CREATE OR REPLACE` makes `new` of `old`: neither what it returns nor what its arguments are
/// called changes, and none loses its default.
pub(super) fn replaces(old: &str, new: &str) -> bool {
    let head = |text: &str| {
        text.split("\n LANGUAGE ")
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let (old, new) = (head(old), head(new));
    if old == new {
        return true;
    }
    let (old, new) = (arguments(&old), arguments(&new));
    old.len() == new.len()
        && old.iter().zip(&new).all(|(old, new)| {
            let part = |one: &str| {
                let (name, default) = one.split_once(" DEFAULT ").unwrap_or((one, ""));
                (name.trim().to_owned(), !default.is_empty())
            };
            let ((before, default), (after, keeps)) = (part(old), part(new));
            before == after && (keeps || !default)
        })
}

/// The arguments, and what it returns behind them.
fn arguments(head: &str) -> Vec<String> {
    let Some((name, rest)) = head.split_once('(') else {
        return vec![head.to_owned()];
    };
    let mut found = vec![name.to_owned(), String::new()];
    let (mut depth, mut is_quoted) = (1_i32, false);
    for letter in rest.chars() {
        match letter {
            '\'' | '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            _ => {}
        }
        let ends = !is_quoted && ((letter == ',' && depth == 1) || (letter == ')' && depth == 0));
        if ends {
            found.push(String::new());
        } else if let Some(last) = found.last_mut() {
            last.push(letter);
        }
    }
    found
}

impl Plan<'_> {
    /// Drop the functions that go or come again, and what is made of them, but for those that went with
    /// the views over which they stood.
    pub(super) fn drop_functions(&mut self) {
        let mut things = self.going_others();
        for one in &mut things {
            one.what = format!("DROP {}", one.what);
        }
        for signature in &self.moved.functions {
            if let Some(text) = self.from.functions.remove(signature) {
                things.push(Thing {
                    what: format!("DROP ROUTINE {signature}"),
                    name: name_of(signature),
                    text: hard(&text).to_owned(),
                });
            }
        }
        for sql in bottom_up(things).into_iter().rev() {
            self.push(sql);
        }
    }

    /// The functions that are to be made: signature and definition.
    pub(super) fn missing_functions(&self) -> Vec<(String, String)> {
        let all = self.to.functions.iter();
        let missing =
            all.filter(|(signature, text)| self.from.functions.get(*signature) != Some(*text));
        missing
            .map(|(one, text)| (one.clone(), text.clone()))
            .collect()
    }

    pub(super) fn make_function(&mut self, signature: &str) {
        let Some(text) = self.to.functions.get(signature) else {
            return;
        };
        self.touched.insert(signature.to_owned());
        self.push(text.trim_end().to_owned());
        self.from
            .functions
            .insert(signature.to_owned(), text.clone());
    }

    /// Let the server take bodies that speak of what comes after them.
    pub(super) fn defer_bodies(&mut self, functions: &[(String, String)], others: &[String]) {
        let is_early = |(signature, text): &(String, String)| {
            let body = &text[hard(text).len()..];
            let name = name_of(signature);
            let mut names = functions.iter().map(|(other, _)| name_of(other));
            others.iter().any(|other| mentions(body, other))
                || names.any(|other| other != name && mentions(body, &other))
        };
        if functions.iter().any(is_early) {
            self.push("SET LOCAL check_function_bodies = off");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_takes_anothers_place_where_callers_see_none_of_it() {
        let made =
            |head: &str| format!("CREATE OR REPLACE FUNCTION {head}\n LANGUAGE sql\nAS $$ 1 $$");
        let old = made("f(a integer DEFAULT 1, b text DEFAULT ','::text)\n RETURNS integer");
        for (new, expected) in [
            (
                "f(a integer DEFAULT 1, b text DEFAULT ','::text)\n RETURNS integer",
                true,
            ),
            (
                "f(a integer DEFAULT 2, b text DEFAULT 'x'::text)\n RETURNS integer",
                true,
            ),
            (
                "f(a integer, b text DEFAULT ','::text)\n RETURNS integer",
                false,
            ),
            (
                "f(c integer DEFAULT 1, b text DEFAULT ','::text)\n RETURNS integer",
                false,
            ),
            (
                "f(a integer DEFAULT 1, b text DEFAULT ','::text)\n RETURNS bigint",
                false,
            ),
        ] {
            assert_eq!(replaces(&old, &made(new)), expected, "{new}");
        }
        assert!(replaces(
            &made("f(a integer)\n RETURNS integer"),
            &made("f(a integer DEFAULT 1)\n RETURNS integer")
        ));
    }
}
