//! A document as its text tells it: sections, sentences, list items, and the words that matter.

use std::collections::{BTreeMap, BTreeSet};

/// Words that say nothing about a text.
const STOP: &[&str] = &[
    "about", "after", "also", "been", "before", "both", "each", "every", "from", "have", "into",
    "more", "must", "only", "other", "over", "should", "that", "their", "them", "then", "there",
    "these", "they", "this", "through", "using", "when", "where", "which", "will", "with",
    "without", "your",
];

/// What stands between two headings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Section {
    /// How deep: 1 is the document's own.
    pub(crate) level: usize,
    /// Its heading.
    pub(crate) title: String,
    /// The heading above it.
    pub(crate) parent: String,
    /// Its prose.
    pub(crate) sentences: Vec<String>,
    /// The items of its lists.
    pub(crate) items: Vec<String>,
    /// How many lines of its text are code.
    pub(crate) code_lines: usize,
}

/// A text, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// The first heading, or nothing.
    pub(crate) title: String,
    /// In the order of the text.
    pub(crate) sections: Vec<Section>,
}

impl Document {
    /// Read a text in Markdown.
    pub(crate) fn read(text: &str) -> Self {
        let mut sections = vec![Section::default()];
        let mut above: Vec<(usize, String)> = Vec::new();
        let (mut prose, mut code) = (String::new(), false);
        for line in text.lines() {
            let line = line.trim();
            let section = sections.len() - 1;
            if line.starts_with("```") {
                code = !code;
            } else if code {
                sections[section].code_lines += 1;
            } else if let Some((level, title)) = heading(line) {
                sections[section].sentences.extend(sentences(&prose));
                prose.clear();
                above.retain(|(other, _)| *other < level);
                let parent = above.last().map(|(_, title)| title.clone());
                above.push((level, title.clone()));
                sections.push(Section {
                    level,
                    title,
                    parent: parent.unwrap_or_default(),
                    ..Section::default()
                });
            } else if let Some(item) = item(line) {
                sections[section].items.push(item);
            } else if line.is_empty() {
                sections[section].sentences.extend(sentences(&prose));
                prose.clear();
            } else {
                prose.push_str(&plain(line));
                prose.push(' ');
            }
        }
        if let Some(last) = sections.last_mut() {
            last.sentences.extend(sentences(&prose));
        }
        sections.retain(|section| *section != Section::default());
        let title = sections.iter().find(|section| section.level > 0);
        Self {
            title: title
                .map(|section| section.title.clone())
                .unwrap_or_default(),
            sections,
        }
    }

    /// How often each word that matters occurs, by section and in all.
    fn counts(&self) -> (Vec<BTreeMap<String, usize>>, BTreeMap<String, usize>) {
        let by_section: Vec<_> = self.sections.iter().map(Section::words).collect();
        let mut all = BTreeMap::new();
        for (word, count) in by_section.iter().flatten() {
            *all.entry(word.clone()).or_insert(0) += count;
        }
        (by_section, all)
    }

    /// The words that occur most, the first of the alphabet first among equals.
    pub(crate) fn terms(&self, most: usize) -> Vec<(String, usize)> {
        let mut terms: Vec<_> = self.counts().1.into_iter().collect();
        terms.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
        terms.truncate(most);
        terms
    }

    /// The places of the sections that say most of what others do not, best first: the sum of each
    /// word's count times the logarithm of how rare the word is among the sections.
    pub(crate) fn ranking(&self) -> Vec<(usize, f64)> {
        let (by_section, _) = self.counts();
        let mut spread: BTreeMap<&str, u32> = BTreeMap::new();
        for word in by_section.iter().flat_map(BTreeMap::keys) {
            *spread.entry(word).or_insert(0) += 1;
        }
        let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let sections = count(by_section.len());
        let weight = |words: &BTreeMap<String, usize>| {
            let rare = |word: &str| (sections / f64::from(spread[word])).ln();
            words.iter().map(|(word, n)| count(*n) * rare(word)).sum()
        };
        let mut ranking: Vec<(usize, f64)> = by_section.iter().map(weight).enumerate().collect();
        ranking.retain(|(at, _)| self.sections[*at].level > 1 && self.sections[*at].says());
        ranking.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
        ranking
    }
}

impl Section {
    /// Whether there is anything but headings and code.
    pub(crate) fn says(&self) -> bool {
        !self.sentences.is_empty() || !self.items.is_empty()
    }

    /// Its statements: prose first, then list items.
    pub(crate) fn statements(&self) -> impl Iterator<Item = &str> {
        self.sentences.iter().chain(&self.items).map(String::as_str)
    }

    /// The first statement with one of these words, in any case.
    pub(crate) fn with_any(&self, words: &[&str]) -> Option<&str> {
        self.statements().find(|statement| {
            let small = statement.to_lowercase();
            words.iter().any(|word| small.contains(word))
        })
    }

    /// How often each word that matters occurs.
    pub(crate) fn words(&self) -> BTreeMap<String, usize> {
        let stop: BTreeSet<_> = STOP.iter().copied().collect();
        let mut counts = BTreeMap::new();
        for text in self.statements().chain([self.title.as_str()]) {
            let words = text.split(|letter: char| !letter.is_alphanumeric());
            for word in words.map(str::to_lowercase) {
                if word.chars().count() > 3 && !stop.contains(word.as_str()) {
                    *counts.entry(word).or_insert(0) += 1;
                }
            }
        }
        counts
    }
}

fn heading(line: &str) -> Option<(usize, String)> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let title = line[level..].strip_prefix(' ')?;
    (1..=6).contains(&level).then(|| (level, plain(title)))
}

fn item(line: &str) -> Option<String> {
    let bullet = ["- ", "* ", "+ "]
        .iter()
        .find_map(|mark| line.strip_prefix(mark));
    let numbered = || {
        let (number, rest) = line.split_once(". ")?;
        let is = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is.then_some(rest)
    };
    bullet.or_else(numbered).map(plain)
}

/// Without the marks of Markdown.
fn plain(text: &str) -> String {
    let text = text.replace("**", "").replace('`', "");
    text.trim_start_matches("> ").trim().to_owned()
}

fn sentences(prose: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = prose.trim();
    while let Some(end) = [". ", "! ", "? "]
        .iter()
        .filter_map(|end| rest.find(end))
        .min()
    {
        found.push(rest[..=end].trim().to_owned());
        rest = rest[end + 1..].trim();
    }
    found.extend((!rest.is_empty()).then(|| rest.to_owned()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# The **plan**\nFirst words. More words!\n\n## Urgent\n- one `thing`\n\
                        2. two\n```\nlet code = 1;\n```\n### Rare walrus\nA walrus\nsleeps.";

    #[test]
    fn a_text_is_read_into_sections() {
        let read = Document::read(TEXT);
        assert_eq!(read.title, "The plan");
        let titles: Vec<_> = read.sections.iter().map(|s| s.title.as_str()).collect();
        assert_eq!(titles, ["The plan", "Urgent", "Rare walrus"]);
        assert_eq!(read.sections[0].sentences, ["First words.", "More words!"]);
        assert_eq!(read.sections[1].items, ["one thing", "two"]);
        assert_eq!(read.sections[1].code_lines, 1);
        assert_eq!(read.sections[2].parent, "Urgent");
        assert_eq!(read.sections[2].sentences, ["A walrus sleeps."]);
    }

    #[test]
    fn what_is_said_often_and_elsewhere_seldom_ranks_first() {
        let read = Document::read(TEXT);
        assert_eq!(
            read.terms(2),
            [("walrus".to_owned(), 2), ("words".to_owned(), 2)]
        );
        assert_eq!(read.ranking()[0].0, 2);
    }

    #[test]
    fn a_text_without_a_heading_is_one_section() {
        let read = Document::read("Just this.");
        assert_eq!((read.title.as_str(), read.sections.len()), ("", 1));
        assert_eq!(Document::read("").sections, []);
    }
}
