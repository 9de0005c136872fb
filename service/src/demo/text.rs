//! The words of the demo: lists by name, and sentences with gaps that a list's word fills.
//!
//! The files in `words/` hold them. `# name` begins a set; `gap: a | b` gives words for a gap, and a
//! line with the same gap gives more. `{gap}` stands for a word of the list. Beside a `{gap2}` it
//! is one of the list's first half, and that one of the second, so that a sentence never says the same
//! twice. Of a [`Words::narrowed`] list `{gap}` is always the same
//! word, so that a text keeps to its subject. `{n}` and `{count}` are numbers.

use std::collections::BTreeMap;

use super::dice::Dice;

/// A set of words.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// What the set is called.
    pub(super) name: &'static str,
    lists: BTreeMap<&'static str, Vec<&'static str>>,
}

/// The sets of a file.
pub(super) fn read(file: &'static str) -> Vec<Words> {
    let mut sets = Vec::new();
    for line in file.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            sets.push(Words {
                name,
                lists: BTreeMap::new(),
            });
        } else if let (Some(set), Some((gap, words))) = (sets.last_mut(), line.split_once(": ")) {
            set.lists.entry(gap).or_default().extend(words.split(" | "));
        }
    }
    sets
}

impl Words {
    /// The words for a gap.
    pub(super) fn list(&self, gap: &str) -> &[&'static str] {
        self.lists.get(gap).map_or(&[], Vec::as_slice)
    }

    /// The same set with two words only for each of these gaps.
    pub(super) fn narrowed(&self, dice: &Dice, gaps: &[&'static str]) -> Self {
        let mut set = self.clone();
        for gap in gaps {
            if let Some(list) = set.lists.get_mut(gap) {
                let first = list.remove(dice.number(0, list.len() as u64 - 1));
                let second = dice.word(list);
                *list = vec![first, second];
            }
        }
        set
    }

    /// One of the words for a gap.
    pub(super) fn one(&self, dice: &Dice, gap: &str) -> &'static str {
        dice.word(self.list(gap))
    }

    /// A sentence of this set, or else of `also`, with this set's words in its gaps, or else the
    /// other's.
    pub(super) fn say(&self, dice: &Dice, also: &Words, kind: &str) -> String {
        let sentences = match self.list(kind) {
            [] => also.list(kind),
            own => own,
        };
        self.fill(dice, also, dice.word(sentences))
    }

    fn fill(&self, dice: &Dice, also: &Words, sentence: &str) -> String {
        let mut text = String::with_capacity(sentence.len() * 2);
        let mut parts = sentence.split('{');
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (gap, rest) = part.split_once('}').unwrap_or((part, ""));
            match gap {
                "n" => text.push_str(&dice.number::<u32>(3, 28).to_string()),
                "count" => text.push_str(&dice.number::<u32>(40, 2_400).to_string()),
                _ => text.push_str(self.word(dice, also, sentence, gap)),
            }
            text.push_str(rest);
        }
        capital(&text)
    }

    fn word(&self, dice: &Dice, also: &Words, sentence: &str, gap: &str) -> &'static str {
        let name = gap.trim_end_matches('2');
        let list = match self.list(name) {
            [] => also.list(name),
            list => list,
        };
        if let [first, second] = *list {
            return if gap == name { first } else { second };
        }
        if !sentence.contains(&format!("{{{name}2}}")) {
            return dice.word(list);
        }
        let (first, second) = list.split_at(list.len().div_ceil(2));
        dice.word(if gap == name { first } else { second })
    }
}

/// The text with a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gap_of_every_sentence_has_words() {
        let dice = Dice::of("text");
        let topics = read(include_str!("words/topics.txt"));
        let sentences = read(include_str!("words/sentences.txt"));
        let mut companies = read(include_str!("words/pipeline.txt"));
        let sentences = [sentences, companies.split_off(companies.len() - 2)].concat();
        for (sets, sentences) in [(topics, &sentences[0]), (companies, &sentences[1])] {
            assert!(sets.len() > 5);
            for set in &sets {
                for sentence in sentences.lists.values().flatten() {
                    let text = set.fill(&dice, sentences, sentence);
                    assert!(!text.contains(['{', '}', '|']), "{}: {text}", set.name);
                }
            }
        }
    }
}
