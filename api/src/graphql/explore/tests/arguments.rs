//! What arguments are read as.

use async_graphql::Variables;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::Selection;
use serde_json::{Value, json};

use super::super::arguments::Template;
use super::super::collect::Document;
use super::super::fault::Fault;

fn read(signature: &str, arguments: &str, variables: Value) -> Result<Value, String> {
    let document = parse_query(format!("query{signature} {{ a({arguments}) }}")).unwrap();
    let variables = Variables::from_json(variables);
    let document = Document::of(&document, None, &variables).unwrap();
    let Selection::Field(field) = &document.operation.selection_set.node.items[0].node else {
        panic!("no field")
    };
    let filled = Template::of(field).fill(document.given);
    filled.map(Value::Object).map_err(|fault| match fault {
        Fault::Request(message, at) => {
            assert!(at.column > 1, "it says where");
            message
        }
        Fault::Service(error, _) => error.to_string(),
    })
}

#[test]
fn arguments_are_made_to_json() {
    let missing = |name: &str| Err(format!("the variable ${name} is not given"));
    for (signature, arguments, variables, expected) in [
        (
            "",
            "a: 1, b: [X, null], c: {d: \"e\"}",
            json!({}),
            Ok(json!({ "a": 1, "b": ["X", null], "c": { "d": "e" } })),
        ),
        (
            "($n: Int)",
            "first: $n",
            json!({ "n": 3 }),
            Ok(json!({ "first": 3 })),
        ),
        (
            "($n: Int)",
            "first: $n",
            json!({ "n": null }),
            Ok(json!({ "first": null })),
        ),
        (
            "($n: Int = 4)",
            "first: $n",
            json!({}),
            Ok(json!({ "first": 4 })),
        ),
        (
            "($n: Int = 4)",
            "first: $n",
            json!({ "n": null }),
            Ok(json!({ "first": null })),
        ),
        // At the top "not given" leaves the argument out ..
        ("($n: Int)", "first: $n", json!({}), Ok(json!({}))),
        ("($f: RunFilter)", "filter: $f", json!({}), Ok(json!({}))),
        // .. unless the variable is required, and never within.
        ("($n: Int!)", "first: $n", json!({}), missing("n")),
        (
            "($u: UUID)",
            "filter: {userId: {eq: $u}}",
            json!({}),
            missing("u"),
        ),
        (
            "($u: UUID)",
            "filter: {userId: {in: [$u]}}",
            json!({}),
            missing("u"),
        ),
        ("($o: RunOrder)", "orderBy: [$o]", json!({}), missing("o")),
        ("", "first: $n", json!({ "n": 1 }), missing("n")),
        (
            "($u: UUID)",
            "filter: {userId: {eq: $u}}",
            json!({ "u": "x" }),
            Ok(json!({ "filter": { "userId": { "eq": "x" } } })),
        ),
    ] {
        assert_eq!(
            read(signature, arguments, variables),
            expected,
            "{signature} {arguments}"
        );
    }
}
