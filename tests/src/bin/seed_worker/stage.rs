//! The five stages, each made from the document alone: the same text gives the same stage, so that a
//! worker that starts again hands in what the one before it would have.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::document::{Document, Section};

/// How many stages a run has.
pub(crate) const STAGES: i64 = 5;

/// What the worker hands in for a stage, but for the claim's token. `None` for a text that says
/// nothing.
pub(crate) fn make(document: &Document, stage: i64) -> Option<Value> {
    let ranking = document.ranking();
    let ranked: Vec<&Section> = ranking
        .iter()
        .map(|(at, _)| &document.sections[*at])
        .collect();
    let first = ranked.first()?;
    Some(match stage {
        1 => inspirations(document, first, ranked.get(1).unwrap_or(first)),
        2 => structure(document),
        3 => terms(document),
        4 => order(document, &ranking),
        _ => cards(document, &ranked[..ranked.len().min(5)]),
    })
}

/// Stage 1: the two sections that say most.
fn inspirations(document: &Document, one: &Section, two: &Section) -> Value {
    let content = |section: &Section| section.statements().collect::<Vec<_>>().join("\n");
    let mut text = format!("# {}: what stands out\n", document.title);
    for section in [one, two] {
        let _ = write!(text, "\n## {}\n\n{}\n", section.title, content(section));
    }
    json!({
        "markdown_output": text,
        "json_output": { "sections": [one.title, two.title] },
        "report": {
            "inspiration1_title": one.title,
            "inspiration1_content": content(one),
            "inspiration1_elements": one.items,
            "inspiration2_title": two.title,
            "inspiration2_content": content(two),
            "inspiration2_elements": two.items,
        },
    })
}

/// Stage 2: how the text is built.
fn structure(document: &Document) -> Value {
    let mut text = format!("# {}: structure\n\n", document.title);
    let mut rows = Vec::new();
    for section in &document.sections {
        let (sentences, items) = (section.sentences.len(), section.items.len());
        let indent = "  ".repeat(section.level.saturating_sub(1));
        let _ = writeln!(
            text,
            "{indent}- {}: {sentences} sentences, {items} items, {} lines of code",
            section.title, section.code_lines
        );
        rows.push(json!({
            "title": section.title, "level": section.level, "sentences": sentences,
            "items": items, "code_lines": section.code_lines,
        }));
    }
    json!({ "markdown_output": text, "json_output": { "sections": rows } })
}

/// Stage 3: the words that matter.
fn terms(document: &Document) -> Value {
    let mut text = format!("# {}: key terms\n\n", document.title);
    let terms = document.terms(20);
    for (word, count) in &terms {
        let _ = writeln!(text, "- {word}: {count}");
    }
    let terms: serde_json::Map<_, _> = terms
        .into_iter()
        .map(|(word, count)| (word, count.into()))
        .collect();
    json!({ "markdown_output": text, "json_output": { "terms": terms } })
}

/// Stage 4: which sections weigh most.
fn order(document: &Document, ranking: &[(usize, f64)]) -> Value {
    let mut text = format!("# {}: weight of the sections\n\n", document.title);
    let mut rows = Vec::new();
    for (at, weight) in ranking {
        let title = &document.sections[*at].title;
        let weight = (weight * 1000.0).round() / 1000.0;
        let _ = writeln!(text, "1. {title} ({weight})");
        rows.push(json!({ "title": title, "weight": weight }));
    }
    json!({ "markdown_output": text, "json_output": { "sections": rows } })
}

/// Stage 5: a card from each of the sections that weigh most.
fn cards(document: &Document, ranked: &[&Section]) -> Value {
    const TROUBLE: &[&str] = &["missing", "fail", "error", "problem", "lack", "bad", "risk"];
    const MENDING: &[&str] = &[
        "use", "provide", "add", "create", "ensure", "support", "single",
    ];
    const URGENT: &[&str] = &[
        "critical",
        "before",
        "production",
        "immediate",
        "now",
        "first",
    ];
    let mut text = format!("# {}: cards\n", document.title);
    let mut cards = Vec::new();
    for (section, number) in ranked.iter().zip(1..) {
        let said = |words: &[&str]| section.with_any(words).unwrap_or_default();
        let tagline = section.statements().next().unwrap_or_default();
        let shortest = section.items.iter().min_by_key(|item| item.len());
        let _ = write!(text, "\n## {number}. {}\n\n{tagline}\n", section.title);
        cards.push(json!({
            "number": number,
            "title": section.title,
            "tagline": tagline,
            "problem": said(TROUBLE),
            "solution": said(MENDING),
            "why_now": said(URGENT),
            "target_segment": section.parent,
            "quick_win": shortest.map(String::as_str).unwrap_or_default(),
        }));
    }
    json!({ "markdown_output": text, "json_output": { "count": cards.len() }, "cards": cards })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_carry_what_the_protocol_asks_of_them() {
        let text = "# Plan\n## Trouble\n- Errors are missing\n- Use one\n## Rest\nNothing else.";
        let document = Document::read(text);
        for stage in 1..=STAGES {
            let made = make(&document, stage).unwrap();
            assert_eq!(made["report"].is_object(), stage == 1);
            assert_eq!(made["cards"].is_array(), stage == STAGES);
            assert_eq!(made, make(&document, stage).unwrap());
        }
        let card = &make(&document, STAGES).unwrap()["cards"][0];
        assert_eq!(card["title"], "Trouble");
        assert_eq!(card["problem"], "Errors are missing");
        assert_eq!(card["solution"], "Use one");
        assert_eq!(card["target_segment"], "Plan");
    }

    #[test]
    fn a_text_that_says_nothing_makes_no_stage() {
        assert_eq!(make(&Document::read("# Plan\n## Empty\n"), 1), None);
    }
}
