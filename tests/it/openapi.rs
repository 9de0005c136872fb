//! The `OpenAPI` document is whole: examples that fit, refusals that are described.

use serde_json::Value;

const METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];

fn document() -> Value {
    serde_json::to_value(api::openapi()).unwrap()
}

/// Every operation with its name.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                found.push((format!("{} {path}", method.to_uppercase()), operation));
            }
        }
    }
    found
}

/// The schema that a place names.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(place) => {
            let found = document.pointer(place.trim_start_matches('#')).unwrap();
            resolved(document, found)
        }
        None => schema,
    }
}

/// What of `value` does not fit `schema`, as far as examples go: types, words, required members, and
/// members that there are not.
fn misfit(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let schema = resolved(document, schema);
    if let Some(parts) = schema["allOf"].as_array() {
        // The members of the parts stand in one object: each part looks at its own.
        return parts.iter().find_map(|part| {
            let part = resolved(document, part);
            let own = part["properties"].as_object()?;
            own.iter().find_map(|(name, schema)| {
                let value = value.get(name)?;
                misfit(document, schema, value, &format!("{at}/{name}"))
            })
        });
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(all) = schema[choice].as_array() {
            let fits = all
                .iter()
                .any(|one| misfit(document, one, value, at).is_none());
            return (!fits).then(|| format!("{at}: {value} is none of {choice}"));
        }
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Some(format!("{at}: {value} is none of {words:?}"));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let is = |kind: &&str| match *kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        _ => value.is_object(),
    };
    if !kinds.iter().any(is) {
        return Some(format!("{at}: {value} is no {kinds:?}"));
    }
    if let Some(items) = value.as_array() {
        let schema = &schema["items"];
        let mut items = items.iter().enumerate();
        return items.find_map(|(n, item)| misfit(document, schema, item, &format!("{at}/{n}")));
    }
    let (Some(members), Some(own)) = (value.as_object(), schema["properties"].as_object()) else {
        return None;
    };
    let missing = schema["required"].as_array().into_iter().flatten();
    let mut missing = missing.filter(|name| !members.contains_key(name.as_str().unwrap()));
    if let Some(name) = missing.next() {
        return Some(format!("{at}: {name} is missing"));
    }
    members
        .iter()
        .find_map(|(name, value)| match own.get(name) {
            Some(schema) => misfit(document, schema, value, &format!("{at}/{name}")),
            None => Some(format!("{at}: there is no {name}")),
        })
}

/// The texts of an example that nobody has thought of.
fn thoughtless(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text == "string" => found.push(at.to_owned()),
        Value::Array(items) => items.iter().for_each(|item| thoughtless(item, at, found)),
        Value::Object(members) => {
            for (name, value) in members {
                thoughtless(value, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_body_has_an_example_that_fits() {
    let document = document();
    let mut wrong = Vec::new();
    for (name, operation) in operations(&document) {
        let asked = operation["requestBody"]["content"].as_object();
        let asked = asked
            .into_iter()
            .flatten()
            .map(|(kind, body)| ("asks", kind, body));
        let answers = operation["responses"].as_object().unwrap().iter();
        let answers = answers.flat_map(|(status, answer)| {
            let content = answer["content"].as_object().into_iter().flatten();
            content.map(move |(kind, body)| (status.as_str(), kind, body))
        });
        for (what, kind, body) in asked
            .chain(answers)
            .filter(|(_, kind, _)| kind.contains("json"))
        {
            let at = format!("{name} {what} {kind}");
            let examples = body["examples"].as_object().into_iter().flatten();
            let examples = examples.map(|(_, example)| &example["value"]);
            let examples: Vec<&Value> = examples.chain(body.get("example")).collect();
            if examples.is_empty() {
                wrong.push(format!("{at}: no example"));
            }
            for example in examples {
                wrong.extend(misfit(&document, &body["schema"], example, &at));
                thoughtless(example, &at, &mut wrong);
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n", wrong.join("\n"));
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = document();
    let mut names = std::collections::BTreeMap::new();
    for (at, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        let other = names.insert(name.to_owned(), at.clone());
        assert_eq!(other, None, "{at} is `{name}`, too");
    }
}

#[test]
fn every_way_to_be_known_is_told() {
    let document = document();
    let ways = document["components"]["securitySchemes"]
        .as_object()
        .unwrap();
    let told: Vec<_> = ways
        .values()
        .map(|way| {
            let text = |name: &str| way[name].as_str().unwrap_or_default();
            format!(
                "{} {}{} {}",
                text("type"),
                text("scheme"),
                text("in"),
                text("name")
            )
        })
        .collect();
    let [bearer, header, cookie] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(bearer.trim(), "http bearer");
    assert_eq!(header, "apiKey header x-api-key");
    assert!(cookie.starts_with("apiKey cookie "), "{cookie}");
    let enough = document["security"].as_array().unwrap();
    let named = |name: &String| enough.iter().any(|one| one.get(name).is_some());
    assert!(ways.keys().all(named), "{enough:?}");
    assert!(enough.contains(&serde_json::json!({})), "{enough:?}");
}

#[test]
fn every_refusal_is_described() {
    let known: Vec<&str> = api::error::table().iter().map(|entry| entry.code).collect();
    let document = document();
    let mut wrong = Vec::new();
    for (name, operation) in operations(&document) {
        let answers = operation["responses"].as_object().unwrap();
        if !answers.contains_key("default") {
            wrong.push(format!("{name}: other refusals are not told of"));
        }
        for (status, answer) in answers {
            if answer["description"].as_str().is_none_or(str::is_empty) {
                wrong.push(format!("{name} {status}: not described"));
            }
            let refusal = status.as_bytes()[0] == b'4' || status == "default";
            // What answers HEAD has no body.
            if !refusal || name.starts_with("HEAD") {
                continue;
            }
            let problem = &answer["content"]["application/problem+json"];
            let code = problem["example"]["code"].as_str().unwrap_or_default();
            if !known.contains(&code) {
                wrong.push(format!("{name} {status}: `{code}` is no code"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n", wrong.join("\n"));
}
