//! Random documents: the server answers what the reference answers.

use serde_json::{Map, Value, json};
use service::explore::catalog::catalog;

use super::document::{Document, Field, Sel, Val};
use super::fixture::{Filled, ask, each};
use super::random::{Throw, Thrown};
use super::reference::{Asked, alike, as_text};
use super::world::Viewer;

/// How many documents are thrown.
const DOCUMENTS: u64 = 500;

/// Where the seeds begin; `EXPLORE_SEED` asks for one alone.
fn seeds() -> std::ops::Range<u64> {
    let one = std::env::var_os("EXPLORE_SEED").and_then(|seed| seed.to_str()?.parse::<u64>().ok());
    one.map_or(0..DOCUMENTS, |seed| seed..seed + 1)
}

#[test]
fn random_documents_are_answered_as_the_reference_answers_them() {
    each(async |filled| {
        let mut wrong = Vec::new();
        for seed in seeds() {
            let caller = usize::try_from(seed % 3).unwrap();
            let viewer = filled.callers[caller].0;
            let thrown = Throw::new(seed, &filled.world, viewer).document();
            let mut found = compared(filled, viewer, viewer, &thrown).await;
            if found.is_ok() && matches!(viewer, Viewer::Person(_)) {
                // The same document once more by somebody who sees more: nothing of the first stays.
                found = compared(filled, viewer, Viewer::Admin, &thrown).await;
            }
            if let Err(difference) = found {
                wrong.push(format!(
                    "{} seed {seed}, {viewer:?}\n{}\n{}\n{difference}",
                    filled.app.engine,
                    thrown.document.text(),
                    thrown.document.variables()
                ));
            }
            if wrong.len() == 5 {
                break;
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    });
}

/// `thrower` is who the document was thrown for, `viewer` who asks it.
async fn compared(
    filled: &Filled,
    thrower: Viewer,
    viewer: Viewer,
    thrown: &Thrown,
) -> Result<(), String> {
    let client = filled.client(viewer);
    let mut variables = thrown.document.variables();
    for (name, list) in &thrown.cursors {
        variables[name] = json!(cursor(filled, thrower, list, &as_text(&variables[name])).await?);
    }
    let answer = ask(client, &thrown.document.text(), variables).await;
    let errors = &answer.body["errors"];
    if *errors != Value::Null {
        return Err(format!("refused: {errors}"));
    }
    let asked = Asked {
        world: &filled.world,
        viewer,
        document: &thrown.document,
    };
    let (found, wanted) = (&answer.body["data"], asked.answer());
    if alike(found, &wanted) {
        return Ok(());
    }
    let mut paths = Vec::new();
    differences(found, &wanted, "", &mut paths);
    Err(paths.join("\n"))
}

/// The cursor of the row whose key is `key`, as its list tells it.
async fn cursor(
    filled: &Filled,
    viewer: Viewer,
    list: &Field,
    key: &str,
) -> Result<String, String> {
    let mut entities = catalog().entities().iter();
    let entity = entities.find(|entity| entity.plural == list.name).unwrap();
    let id = &entity.key_column().field;
    let node = Field::of("node", vec![Sel::Field(Field::new(id))]);
    let edges = vec![Sel::Field(Field::new("cursor")), Sel::Field(node)];
    let mut field = Field::of(&list.name, vec![Sel::Field(Field::of("edges", edges))]);
    let args = list
        .args
        .iter()
        .filter(|(name, _)| name != "after" && name != "before");
    field.args = args
        .map(|(name, value)| (name.clone(), value.bare()))
        .collect();
    field.args.push(("first".to_owned(), Val::Int(100)));
    let document = Document {
        roots: vec![Sel::Field(field)],
        ..Document::default()
    };
    let answer = ask(
        filled.client(viewer),
        &document.text(),
        Value::Object(Map::new()),
    )
    .await;
    let edges = answer.body["data"][&list.name]["edges"].as_array();
    let mut edges = edges.ok_or_else(|| answer.body.to_string())?.iter();
    let edge = edges.find(|edge| as_text(&edge["node"][id]) == key);
    let edge = edge.ok_or_else(|| format!("{key} is not in {}", document.text()))?;
    Ok(edge["cursor"].as_str().unwrap().to_owned())
}

/// Where two answers differ.
fn differences(found: &Value, wanted: &Value, path: &str, paths: &mut Vec<String>) {
    if alike(found, wanted) || paths.len() > 5 {
        return;
    }
    match (found, wanted) {
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            for (key, value) in one {
                differences(value, &other[key], &format!("{path}/{key}"), paths);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (at, (one, other)) in one.iter().zip(other).enumerate() {
                differences(one, other, &format!("{path}/{at}"), paths);
            }
        }
        _ => paths.push(format!("{path}: {found}, not {wanted}")),
    }
}
