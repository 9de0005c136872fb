//! A question, read: words, phrases, exclusions.

use crate::error::{Common, Result};

/// The most characters of a question.
const QUESTION: usize = 400;

/// One part of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The words, as they were written.
    pub text: String,
    /// Whether they must stand side by side.
    pub phrase: bool,
    /// Whether they must not occur.
    pub excluded: bool,
}

impl Term {
    /// Its words: runs of letters and digits.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.text
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
    }

    /// What must occur for the term to: runs of words that stand side by side. A phrase falls apart
    /// at its words of no weight, any other term into its words.
    pub(super) fn runs(&self) -> Vec<String> {
        let mut runs: Vec<String> = Vec::new();
        let mut open = false;
        for word in self.words() {
            if is_stop_word(word) {
                open = false;
                continue;
            }
            match runs.last_mut() {
                Some(run) if open => {
                    run.push(' ');
                    run.push_str(word);
                }
                _ => runs.push(word.to_owned()),
            }
            open = self.phrase;
        }
        runs
    }
}

/// The parts of a question that have weight; it may have none.
pub(crate) fn terms(text: &str, pointer: &str) -> Result<Vec<Term>> {
    let wrong = |detail: String| Err(Common::invalid(pointer, detail).into());
    let length = text.chars().count();
    if length > QUESTION {
        return wrong(format!("has {length} characters; {QUESTION} is the most"));
    }
    if text.contains('\0') {
        return wrong("must not contain U+0000".to_owned());
    }
    let mut terms = Vec::new();
    let mut wanted = false;
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (excluded, body) = match rest.strip_prefix('-') {
            Some(body) => (true, body),
            None => (false, rest),
        };
        let (part, phrase, after) = if let Some(quoted) = body.strip_prefix('"') {
            // A quote that is never closed reaches to the end.
            let (part, after) = quoted.split_once('"').unwrap_or((quoted, ""));
            (part, true, after)
        } else {
            let end = |letter: char| letter.is_whitespace() || letter == '"';
            let end = body.find(end).unwrap_or(body.len());
            (&body[..end], false, &body[end..])
        };
        let term = Term {
            text: part.to_owned(),
            phrase,
            excluded,
        };
        wanted |= !excluded && term.words().next().is_some();
        if !term.words().all(is_stop_word) {
            terms.push(term);
        }
        rest = after.trim_start();
    }
    if !wanted {
        return wrong("must name at least one word to look for".to_owned());
    }
    Ok(terms)
}

fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(&word.to_lowercase().as_str())
}

/// The words that `PostgreSQL`'s `english` configuration passes over; they are passed over on both
/// engines.
const STOP_WORDS: &[&str] = &[
    "i",
    "me",
    "my",
    "myself",
    "we",
    "our",
    "ours",
    "ourselves",
    "you",
    "your",
    "yours",
    "yourself",
    "yourselves",
    "he",
    "him",
    "his",
    "himself",
    "she",
    "her",
    "hers",
    "herself",
    "it",
    "its",
    "itself",
    "they",
    "them",
    "their",
    "theirs",
    "themselves",
    "what",
    "which",
    "who",
    "whom",
    "this",
    "that",
    "these",
    "those",
    "am",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "being",
    "have",
    "has",
    "had",
    "having",
    "do",
    "does",
    "did",
    "doing",
    "a",
    "an",
    "the",
    "and",
    "but",
    "if",
    "or",
    "because",
    "as",
    "until",
    "while",
    "of",
    "at",
    "by",
    "for",
    "with",
    "about",
    "against",
    "between",
    "into",
    "through",
    "during",
    "before",
    "after",
    "above",
    "below",
    "to",
    "from",
    "up",
    "down",
    "in",
    "out",
    "on",
    "off",
    "over",
    "under",
    "again",
    "further",
    "then",
    "once",
    "here",
    "there",
    "when",
    "where",
    "why",
    "how",
    "all",
    "any",
    "both",
    "each",
    "few",
    "more",
    "most",
    "other",
    "some",
    "such",
    "no",
    "nor",
    "not",
    "only",
    "own",
    "same",
    "so",
    "than",
    "too",
    "very",
    "s",
    "t",
    "can",
    "will",
    "just",
    "don",
    "should",
    "now",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_runs_of_words() {
        for (text, expected) in [
            ("thalamus", vec!["thalamus"]),
            ("long-term", vec!["long", "term"]),
            ("\"long-term memory\"", vec!["long term memory"]),
            ("\"layer of the cell body\"", vec!["layer", "cell body"]),
            ("cell's", vec!["cell"]),
            ("user@example.com", vec!["user", "example", "com"]),
        ] {
            let terms = terms(text, "q").unwrap();
            assert_eq!(terms[0].runs(), expected, "{text}");
        }
    }

    #[test]
    fn a_question_falls_into_its_parts() {
        let term = |text: &str, phrase, excluded| Term {
            text: text.to_owned(),
            phrase,
            excluded,
        };
        for (text, expected) in [
            ("thalamus", vec![term("thalamus", false, false)]),
            (
                " deep  thalamus\t",
                vec![term("deep", false, false), term("thalamus", false, false)],
            ),
            (
                r#"cell "layer 5" -rat -"in vivo""#,
                vec![
                    term("cell", false, false),
                    term("layer 5", true, false),
                    term("rat", false, true),
                    term("in vivo", true, true),
                ],
            ),
            (r#""never closed"#, vec![term("never closed", true, false)]),
            ("& | ! x", vec![term("x", false, false)]),
            ("the brain", vec![term("brain", false, false)]),
            ("to be", vec![]),
            ("the -rat", vec![term("rat", false, true)]),
        ] {
            assert_eq!(terms(text, "q").unwrap(), expected, "{text}");
        }
        let long = "a".repeat(QUESTION + 1);
        for text in ["", "  ", "-a", "!?", "a\0", long.as_str()] {
            assert_eq!(terms(text, "q").unwrap_err().code(), "invalid", "{text}");
        }
    }
}
