//! What the stand-in for a worker hands in for the stages of a run. It has read nothing: it says so,
//! and has the right shape.

use std::time::Duration;

use serde_json::{Value, json};

/// How many stages a run has.
pub(super) const STAGES: i64 = 5;

/// What each stage is about.
const TITLES: [&str; 5] = [
    "Inspirations",
    "Markets",
    "Needs",
    "Ideas",
    "Opportunity cards",
];

/// What the cards are about.
const CARDS: [(&str, &str, &str); 5] = [
    (
        "A price that moves",
        "Ask what the hour is worth",
        "Prices stand still while demand does not",
    ),
    (
        "The returned box",
        "Empty ways home, filled",
        "Half of all lorries go home empty",
    ),
    (
        "One page for the floor",
        "What the shift must know",
        "Handovers are told, and not written",
    ),
    (
        "The second life",
        "Parts that outlast their machine",
        "Good parts are thrown away with bad ones",
    ),
    (
        "Ask the shelf",
        "Customers say what is missing",
        "Nobody hears what was not bought",
    ),
];

/// What is handed in for a stage, but for the claim's token.
pub(super) fn make(company: &str, document: &str, number: i64, took: Duration) -> Value {
    let at = usize::try_from(number - 1).unwrap_or_default();
    let title = TITLES.get(at).copied().unwrap_or_default();
    let text = format!(
        "# {title} for {company}\n\nBy a stand-in that has not read {document}: stage {number} of \
         {STAGES}.\n"
    );
    let mut body = json!({
        "markdown_output": text,
        "json_output": { "stage": number, "title": title },
        "duration_ms": u64::try_from(took.as_millis()).unwrap_or_default(),
    });
    if number == 1 {
        let inspiration = |at: usize| CARDS[at];
        let ((one, first, why), (two, second, because)) = (inspiration(0), inspiration(1));
        body["report"] = json!({
            "inspiration1_title": one, "inspiration1_content": first,
            "inspiration1_elements": [why],
            "inspiration2_title": two, "inspiration2_content": second,
            "inspiration2_elements": [because],
        });
    }
    if number == STAGES {
        let cards = CARDS
            .iter()
            .zip(1..)
            .map(|((title, tagline, problem), number)| {
                json!({
                    "number": number, "title": title, "tagline": tagline, "problem": problem,
                    "solution": format!("A trial of four weeks at {company}."),
                    "why_now": "What it takes has become cheap.",
                    "target_segment": company,
                    "quick_win": "Ask ten people who would use it.",
                })
            });
        body["cards"] = cards.collect();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_carry_what_the_protocol_asks_of_them() {
        for number in 1..=STAGES {
            let made = make("Northwind", "a.pdf", number, Duration::from_secs(2));
            assert_eq!(made["report"].is_object(), number == 1);
            assert_eq!(made["cards"].is_array(), number == STAGES);
            let text = made["markdown_output"].as_str().unwrap();
            assert!(text.contains("Northwind"), "{text}");
        }
    }
}
