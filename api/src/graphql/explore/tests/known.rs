//! Which documents are kept.

use async_graphql::parser::parse_query;

use super::super::known::KnownDocuments;

#[test]
fn a_document_is_kept_that_the_engine_answers_alone() {
    let long = format!("{{ runs {{ totalCount }} }}{}", " ".repeat(17_000));
    for (text, name, kept) in [
        ("{ runs { totalCount } run(id: 1) { id } }", None, true),
        (
            "{ a: runs { totalCount } b: runs { totalCount } }",
            None,
            true,
        ),
        (
            "query A { ...F } fragment F on Query { runs { totalCount } }",
            None,
            true,
        ),
        ("query A { runs { totalCount } }", Some("A"), true),
        ("query A { runs { totalCount } }", Some("B"), false),
        ("{ runs { totalCount } me { id } }", None, false),
        ("{ runs { totalCount } __typename }", None, false),
        (
            "{ runs { totalCount } ...F } fragment F on Query { me { id } }",
            None,
            false,
        ),
        // Its type is known only when it is asked.
        ("{ node(id: \"x\") { nodeId } }", None, false),
        // One field to the caller, two to the library.
        (
            "{ runs { totalCount } runs { estimatedCount } }",
            None,
            false,
        ),
        ("mutation { runs { totalCount } }", None, false),
        (
            "query A { runs { totalCount } } query B { runs { totalCount } }",
            Some("A"),
            false,
        ),
        (long.as_str(), None, false),
    ] {
        let document = parse_query(text).unwrap();
        let found = KnownDocuments::consider(text, name, &document, 10);
        let shown: String = text.chars().take(80).collect();
        assert_eq!(found.is_some(), kept, "{shown}");
    }
}

#[test]
fn what_is_kept_is_bounded_by_what_it_weighs() {
    let documents = KnownDocuments::default();
    let document = parse_query("{ runs { totalCount } }").unwrap();
    for number in 0..2_000 {
        let text = format!("{{ runs {{ totalCount }} }} # {number}");
        let known = KnownDocuments::consider(&text, None, &document, 10_000).unwrap();
        documents.keep(None, text.into(), known);
    }
    let (count, weight) = documents.weight();
    assert!(count > 0 && weight <= 12 * 1024 * 1024, "{count} {weight}");
}
