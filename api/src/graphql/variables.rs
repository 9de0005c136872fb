//! A request's variables against what the operation declares.
//!
//! The library looks at a variable where it is used: one that is required and missing would be found
//! in the middle of an answer, or not at all. Here every declared variable is looked at before
//! anything runs: GraphQL, October 2021, section 6.1.2.

use async_graphql::parser::types::{BaseType, OperationDefinition};
use async_graphql::registry::{MetaType, MetaTypeName, Registry};
use async_graphql::{ServerError, Value, Variables};

/// Refuse a variable that is missing, or of another type than declared.
pub(super) fn check(
    registry: &Registry,
    operation: &OperationDefinition,
    variables: &Variables,
) -> Result<(), ServerError> {
    for definition in &operation.variable_definitions {
        let (name, kind) = (&definition.node.name.node, &definition.node.var_type.node);
        let wrong = match variables.get(name) {
            // A type that is printed anew for each request would be most of the work.
            Some(value) => match &kind.base {
                BaseType::Named(name) if kind.nullable || *value != Value::Null => {
                    wrong(registry, name, value, &mut Vec::new())
                }
                _ => wrong(registry, &kind.to_string(), value, &mut Vec::new()),
            },
            None if kind.nullable || definition.node.default_value.is_some() => None,
            None => Some(format!("is required: its type is {kind}")),
        };
        if let Some(wrong) = wrong {
            let message = format!("the variable ${name} {wrong}");
            return Err(ServerError::new(message, Some(definition.pos)));
        }
    }
    Ok(())
}

/// A step into a value.
#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

/// What is wrong with `value` as a `kind`. A type that does not exist is the validator's to name.
fn wrong<'a>(
    registry: &'a Registry,
    kind: &str,
    value: &Value,
    path: &mut Vec<Step<'a>>,
) -> Option<String> {
    let is_no = |kind: &str, path: &[Step<'_>]| Some(format!("{}is no {kind}", at(path)));
    match (MetaTypeName::create(kind), value) {
        (MetaTypeName::NonNull(_), Value::Null) => is_no(kind, path),
        (MetaTypeName::NonNull(inner), value) => wrong(registry, inner, value, path),
        (_, Value::Null) => None,
        (MetaTypeName::List(inner), Value::List(items)) => {
            items.iter().enumerate().find_map(|(index, item)| {
                path.push(Step::Item(index));
                let found = wrong(registry, inner, item, path);
                path.pop();
                found
            })
        }
        (MetaTypeName::List(inner), value) => wrong(registry, inner, value, path),
        (MetaTypeName::Named(name), value) => match registry.types.get(name)? {
            MetaType::Scalar { is_valid, .. } => {
                let valid = is_valid.as_ref().is_none_or(|is_valid| is_valid(value));
                if valid && !(name == "Int" && is_wide(value)) {
                    None
                } else {
                    is_no(name, path)
                }
            }
            MetaType::Enum { enum_values, .. } => {
                let known = match value {
                    Value::String(word) => enum_values.contains_key(word),
                    Value::Enum(word) => enum_values.contains_key(word.as_str()),
                    _ => false,
                };
                if known { None } else { is_no(name, path) }
            }
            MetaType::InputObject { .. } => object(registry, name, value, path),
            _ => None,
        },
    }
}

/// Whether a whole number has more than the 32 bits of `Int`: the library asks for 64 only.
fn is_wide(value: &Value) -> bool {
    let Value::Number(number) = value else {
        return false;
    };
    number
        .as_i64()
        .is_none_or(|number| i32::try_from(number).is_err())
}

fn object<'a>(
    registry: &'a Registry,
    name: &str,
    value: &Value,
    path: &mut Vec<Step<'a>>,
) -> Option<String> {
    let Some(MetaType::InputObject {
        input_fields,
        oneof,
        ..
    }) = registry.types.get(name)
    else {
        return None;
    };
    let Value::Object(members) = value else {
        return Some(format!("{}is no {name}", at(path)));
    };
    let alone = members.len() == 1 && members.values().all(|value| *value != Value::Null);
    if *oneof && !alone {
        return Some(format!("{}has not exactly one member", at(path)));
    }
    let stranger = members
        .keys()
        .find(|key| !input_fields.contains_key(key.as_str()));
    if let Some(stranger) = stranger {
        return Some(format!("{}has no member {stranger} in {name}", at(path)));
    }
    input_fields.values().find_map(|field| {
        let member = members.get(field.name.as_str());
        let required = || field.ty.ends_with('!') && field.default_value.is_none();
        if member.is_none() && !required() {
            return None;
        }
        path.push(Step::Member(&field.name));
        let found = match member {
            Some(value) => wrong(registry, &field.ty, value, path),
            None => Some(format!("{}is required", at(path))),
        };
        path.pop();
        found
    })
}

fn at(path: &[Step<'_>]) -> String {
    if path.is_empty() {
        return String::new();
    }
    let steps = path.iter().map(|step| match step {
        Step::Member(name) => (*name).to_owned(),
        Step::Item(index) => index.to_string(),
    });
    format!("at {} ", steps.collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::super::execute::types;
    use super::super::operation::chosen;
    use super::*;

    #[test]
    fn every_declared_variable_is_looked_at() {
        let types = types();
        let range = json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z" });
        let with = |name: &str, value: serde_json::Value| {
            let mut range = range.clone();
            range[name] = value;
            json!({ "v": range })
        };
        for (kind, variables, wrong) in [
            ("Int!", json!({}), "is required"),
            ("Int! = 1", json!({}), ""),
            ("Int! = 1", json!({ "v": null }), "is no Int"),
            ("Int", json!({}), ""),
            ("Int", json!({ "v": null }), ""),
            ("Int", json!({ "v": 1.5 }), "is no Int"),
            ("Int", json!({ "v": 3_000_000_000_u64 }), "is no Int"),
            ("Int", json!({ "v": "1" }), "is no Int"),
            ("String", json!({ "v": 1 }), "is no String"),
            ("RunStatus", json!({ "v": "FAILED" }), ""),
            ("RunStatus", json!({ "v": "LOST" }), "is no RunStatus"),
            ("RunStatus", json!({ "v": ["FAILED"] }), "is no RunStatus"),
            (
                "[RunStatus!]",
                json!({ "v": ["FAILED", null] }),
                "at 1 is no RunStatus!",
            ),
            ("[RunStatus!]", json!({ "v": "FAILED" }), ""),
            ("TimeRange!", json!({ "v": range }), ""),
            ("TimeRange!", json!({ "v": 1 }), "is no TimeRange"),
            (
                "TimeRange!",
                json!({ "v": { "from": range["from"] } }),
                "at to is required",
            ),
            (
                "TimeRange!",
                with("to", json!(null)),
                "at to is no DateTime!",
            ),
            ("TimeRange!", with("till", json!(1)), "no member till"),
            ("NoSuchType!", json!({ "v": 1 }), ""),
        ] {
            let document = parse_query(format!("query($v: {kind}) {{ a(v: $v) }}")).unwrap();
            let operation = chosen(&document, None).unwrap();
            let shown = format!("{kind} {variables}");
            let variables = Variables::from_json(variables);
            let found = check(&types, &operation.node, &variables);
            match found.err() {
                None => assert_eq!(wrong, "", "{shown}"),
                Some(error) => {
                    assert!(!wrong.is_empty(), "{shown}: {}", error.message);
                    assert!(error.message.contains(wrong), "{shown}: {}", error.message);
                    assert_eq!(error.locations.len(), 1);
                }
            }
        }
    }
}
