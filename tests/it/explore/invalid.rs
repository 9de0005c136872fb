//! Documents that are wrong in one way or another are refused, with a code and a place, and tell
//! nothing of others.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use service::explore::catalog::{Kind, catalog};
use tests::Answer;

use super::dice::Dice;
use super::fixture::{Filled, ask, each};
use super::random::Throw;
use super::reference::as_text;
use super::world::written;

/// How many documents are broken in each way.
const TIMES: usize = 8;

/// A way to break a document: none where it does not apply.
type Break = fn(&str, &mut Dice) -> Option<String>;

/// Ways after which a document is wrong.
const BREAKS: &[(&str, Break)] = &[
    ("an unknown field", |text, dice| {
        inserted(text, "{ ", " noSuchField ", dice)
    }),
    ("an unknown field with a selection", |text, dice| {
        inserted(text, "{ ", " noSuchField { id } ", dice)
    }),
    ("an unknown argument", |text, dice| {
        replaced(text, "first: ", "frist: ", dice)
    }),
    ("an unknown word", |text, dice| {
        replaced(text, "_ASC ", "_UP ", dice)
    }),
    ("an unknown operator", |text, dice| {
        replaced(text, "{eq: ", "{is: ", dice)
    }),
    ("a text for a number", |text, dice| {
        inserted(text, "first: ", "\"x\" ", dice)
    }),
    ("a list that must be none", |text, dice| {
        inserted(text, "filter: ", "7 ", dice)
    }),
    ("too large a page", |text, dice| {
        inserted(text, "first: ", "101 ", dice)
    }),
    ("a page of less than nothing", |text, dice| {
        inserted(text, "first: ", "-1 ", dice)
    }),
    ("pages from both ends", |text, dice| {
        inserted(text, "first: ", "1 last: ", dice)
    }),
    ("a cursor that is none", |text, dice| {
        inserted(text, "first: ", "1 after: \"Z2FyYmFnZQ\" before: ", dice)
    }),
    ("a variable that is not declared", |text, dice| {
        inserted(text, "first: ", "$nobody ", dice)
    }),
    ("a fragment that is not there", |text, dice| {
        inserted(text, "{ ", " ...Nowhere ", dice)
    }),
    ("a fragment on another type", |text, dice| {
        inserted(text, "nodes{ ", " ... on PageInfo { endCursor } ", dice)
    }),
    ("an unknown directive", |text, dice| {
        inserted(text, "totalCount", " @maybe(if: true) ", dice)
    }),
    ("a selection of a plain value", |text, dice| {
        inserted(text, "totalCount", " { id } ", dice)
    }),
    ("an empty selection", |text, dice| {
        inserted(text, "pageInfo", " { } x: pageInfo", dice)
    }),
    ("a brace too many", |text, dice| {
        inserted(text, "}", "}}", dice)
    }),
    ("a brace too few", |text, _| {
        Some(text.trim_end_matches('}').to_owned())
    }),
    ("an open text", |text, dice| {
        inserted(text, "{ ", "\"", dice)
    }),
    ("a cut", |text, dice| {
        let at = 8 + dice.below(text.len() - 8);
        text.is_char_boundary(at)
            .then(|| text[..at - 1].to_owned())
            .filter(|cut| cut.matches('{').count() > cut.matches('}').count())
    }),
    ("too deep", |text, dice| {
        inserted(
            text,
            "{ ",
            &format!(" {} id {} ", "user { ".repeat(14), "}".repeat(14)),
            dice,
        )
    }),
    ("too many aliases", |text, dice| {
        let many: Vec<String> = (0..40).map(|at| format!("y{at}: __typename ")).collect();
        let many = many.join("");
        inserted(text, "{ ", &many, dice)
    }),
];

/// One occurrence of `part` becomes `by`.
fn replaced(text: &str, part: &str, by: &str, dice: &mut Dice) -> Option<String> {
    let places: Vec<usize> = text.match_indices(part).map(|(at, _)| at).collect();
    if places.is_empty() {
        return None;
    }
    let at = *dice.one(&places);
    Some(format!("{}{by}{}", &text[..at], &text[at + part.len()..]))
}

/// `more` is put behind one occurrence of `part`.
fn inserted(text: &str, part: &str, more: &str, dice: &mut Dice) -> Option<String> {
    replaced(text, part, &format!("{part}{more}"), dice)
}

/// The keys of rows that the person may not see.
fn foreign(filled: &Filled) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for entity in catalog().entities() {
        if entity.key_column().kind != Kind::Uuid {
            continue;
        }
        for row in filled.world.rows(entity) {
            if !filled.world.sees(entity, row, filled.person()) {
                keys.insert(as_text(&written(Kind::Uuid, &row[entity.key])));
            }
        }
    }
    keys
}

/// The rows of an answer whose keys are those of others.
fn leaked(value: &Value, foreign: &BTreeSet<String>, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    // Other columns may hold the keys of rows that cannot be seen.
                    Value::String(text) if name == "id" && foreign.contains(text) => {
                        found.push(text.clone());
                    }
                    value => leaked(value, foreign, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaked(item, foreign, found)),
        _ => {}
    }
}

fn judged(answer: &Answer, what: &str, text: &str) {
    let said = || format!("{what}\n{text}\n{} {}", answer.status, answer.body);
    assert!(!answer.status.is_server_error(), "{}", said());
    let errors = answer.body["errors"].as_array();
    let errors = errors.unwrap_or_else(|| panic!("it was taken: {}", said()));
    assert!(!errors.is_empty(), "{}", said());
    for error in errors {
        let code = error["extensions"]["code"].as_str();
        let code = code.unwrap_or_else(|| panic!("no code: {}", said()));
        assert_ne!(code, "internal", "{}", said());
        // A text that is too long to be read has no one place that is wrong.
        let whole = error["message"]
            .as_str()
            .is_some_and(|message| message.contains("tokens"));
        assert!(
            whole || error["locations"][0]["line"].is_u64(),
            "no place: {}",
            said()
        );
    }
}

#[test]
fn broken_documents_are_refused_with_a_code_and_a_place() {
    each(async |filled| {
        let foreign = foreign(filled);
        let ann = filled.client(filled.person());
        let mut seed = 10_000;
        for (what, broken) in BREAKS {
            let mut times = 0;
            for _ in 0..200 {
                seed += 1;
                // Cursors are not looked up here: each of them is a bad one.
                let thrown = Throw::new(seed, &filled.world, filled.person()).whole();
                let text = thrown.document.text();
                let Some(broken) = broken(&text, &mut Dice::new(seed)) else {
                    continue;
                };
                let answer = ask(ann, &broken, thrown.document.variables()).await;
                judged(&answer, what, &broken);
                times += 1;
                let mut found = Vec::new();
                leaked(&answer.body["data"], &foreign, &mut found);
                assert!(found.is_empty(), "{found:?} in {broken}");
                if times == TIMES {
                    break;
                }
            }
            assert_eq!(times, TIMES, "{what} hardly ever applies");
        }
    });
}

#[test]
fn variables_and_cursors_that_do_not_fit_are_refused() {
    each(async |filled| {
        let ann = filled.client(filled.person());
        let list = "{ runs(first: 1, orderBy: [STATUS_ASC]) { edges { cursor } } }";
        let answer = ask(ann, list, json!({})).await;
        let cursor = answer.body["data"]["runs"]["edges"][0]["cursor"].clone();
        assert!(cursor.is_string(), "{}", answer.body);
        for (what, query, variables) in [
            (
                "a missing key",
                "query($v: UUID!) { run(id: $v) { id } }",
                json!({}),
            ),
            (
                "a key of null",
                "query($v: UUID!) { run(id: $v) { id } }",
                json!({ "v": null }),
            ),
            (
                "a key of another type",
                "query($v: UUID!) { run(id: $v) { id } }",
                json!({ "v": 7 }),
            ),
            (
                "a filter of another type",
                "query($v: RunFilter) { runs(filter: $v) { totalCount } }",
                json!({ "v": "x" }),
            ),
            (
                "a filter of nothing known",
                "query($v: RunFilter) { runs(filter: $v) { totalCount } }",
                json!({ "v": { "leaseToken": { "isNull": false } } }),
            ),
            (
                "a word of nothing known",
                "query($v: [RunOrder!]) { runs(orderBy: $v) { totalCount } }",
                json!({ "v": ["LEASE_TOKEN_ASC"] }),
            ),
            (
                "a page of another type",
                "query($v: Int) { runs(first: $v) { totalCount } }",
                json!({ "v": "1" }),
            ),
            (
                "a page too large",
                "query($v: Int) { runs(first: $v) { totalCount } }",
                json!({ "v": 101 }),
            ),
            (
                "the cursor of another order",
                "query($v: String) { runs(first: 1, after: $v) { nodes { id } } }",
                json!({ "v": cursor }),
            ),
            (
                "the cursor of another list",
                "query($v: String) { threads(first: 1, after: $v) { nodes { userId } } }",
                json!({ "v": cursor }),
            ),
            (
                "the cursor of another filter",
                "query($v: String) { runs(first: 1, after: $v, orderBy: [STATUS_ASC], filter: { attempt: { gt: 0 } }) { nodes { id } } }",
                json!({ "v": cursor }),
            ),
            (
                "a zone that is none",
                "query($v: String) { runs { groupBy(by: [{ column: CREATED_AT, bucket: DAY }], timeZone: $v) { count } } }",
                json!({ "v": "Middle/Earth" }),
            ),
            (
                "an id that is none",
                "query($v: ID!) { node(id: $v) { nodeId } }",
                json!({ "v": "x" }),
            ),
        ] {
            judged(&ask(ann, query, variables).await, what, query);
        }
    });
}
