//! A row over there as a row of ours.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Cells;
use super::shape::{Kind, Shape};
use crate::import::draft::{Draft, Note, Person, Pointer, Reference, Reject};
use crate::import::row::{Cell, Row, TOO_DEEP, canonical, is_too_deep, stable_id};
use crate::import::time::iso;

/// What the row `id` becomes.
pub(super) fn draft(shape: &Shape, id: &str, cells: &Cells) -> Result<Draft, Reject> {
    // An id that is no UUID becomes one, always the same.
    let row_id = Uuid::parse_str(id).unwrap_or_else(|_| stable_id(&["prisma", shape.name, id]));
    let mut draft = Draft::default();
    let mut row = Row::new(shape.table, row_id);
    for column in shape.columns {
        let text = cells.get(column.name).and_then(Option::as_deref);
        if column.ours.is_empty() || column.kind == Kind::Key {
            continue;
        }
        let to = |table: &'static str| {
            let one = |id: &str| Pointer::Document {
                collection: table,
                id: id.to_owned(),
            };
            text.map(one).into_iter().collect()
        };
        match column.kind {
            Kind::Of(table) => draft.references.push(Reference {
                row: 0,
                column: column.ours,
                to: to(table),
                reason: Some("dangling_reference"),
            }),
            Kind::Maybe(table) => draft.references.push(Reference {
                row: 0,
                column: column.ours,
                to: to(table),
                reason: None,
            }),
            kind => {
                let cell = cell(kind, column.name, text, &mut draft.notes)?;
                row.cells.insert(column.ours, cell);
            }
        }
    }
    draft.rows.push(row);
    match shape.table {
        "users" => user(&mut draft, cells)?,
        "runs" => run(&mut draft.rows[0]),
        "stage_outputs" => stage(&mut draft.rows[0], cells),
        "configuration_settings" => setting(&mut draft),
        _ => {}
    }
    Ok(draft)
}

fn cell(
    kind: Kind,
    field: &str,
    text: Option<&str>,
    notes: &mut Vec<Note>,
) -> Result<Cell, Reject> {
    let Some(text) = text else {
        if kind == Kind::List {
            notes.push(Note::counted("defaulted", field));
            return Ok(Cell::Json("[]".to_owned()));
        }
        return Ok(Cell::Null);
    };
    let wrong = |due: &str| Reject::new("bad_type", field, format!("{due} is due"));
    let whole = |text: &str| text.parse::<i64>().map_err(|_| wrong("a whole number"));
    Ok(match kind {
        Kind::Whole => Cell::Int(whole(text)?),
        Kind::Truth => match text {
            "true" | "t" | "1" => Cell::Bool(true),
            "false" | "f" | "0" => Cell::Bool(false),
            _ => return Err(wrong("true or false")),
        },
        Kind::Time => {
            let found = match text.parse::<i64>() {
                Ok(millis) => DateTime::<Utc>::from_timestamp_millis(millis),
                Err(_) => iso(text),
            };
            let bad = || Reject::new("bad_date", field, "a moment is due");
            Cell::Time(found.ok_or_else(bad)?)
        }
        Kind::Json if is_too_deep(text) => {
            return Err(Reject::new("bad_document", field, TOO_DEEP));
        }
        Kind::Json => {
            canonical(text).ok_or_else(|| wrong("JSON"))?;
            Cell::Json(text.to_owned())
        }
        Kind::List => {
            let list: Result<Vec<String>, _> = serde_json::from_str(text);
            list.map_err(|_| wrong("a list of texts"))?;
            Cell::Json(text.to_owned())
        }
        Kind::Text if text.contains('\0') => {
            notes.push(Note::listed("nul_in_text", field));
            Cell::Text(text.replace('\0', ""))
        }
        _ => Cell::Text(text.to_owned()),
    })
}

/// A person, with the identity that vouches for them.
fn user(draft: &mut Draft, cells: &Cells) -> Result<(), Reject> {
    let row = &mut draft.rows[0];
    row.cells.insert("role", Cell::Text("user".to_owned()));
    row.cells.insert("status", Cell::Text("active".to_owned()));
    let mut identity = None;
    if cells.contains_key("clerkId") {
        let subject = cells.get("clerkId").cloned().flatten();
        let missing = || Reject::new("missing_required", "clerkId", "it is not there");
        let subject = subject.ok_or_else(missing)?;
        draft.persons.push(Person::Identity {
            provider: "clerk".to_owned(),
            subject: subject.clone(),
        });
        let made = Row::new("user_identities", row.id)
            .with("user_id", Cell::Id(row.id))
            .with("provider", Cell::Text("clerk".to_owned()))
            .with("subject", Cell::Text(subject));
        let at = |column| row.cells.get(column).cloned().unwrap_or(Cell::Null);
        identity = Some(
            made.with("created_at", at("created_at"))
                .with("updated_at", at("updated_at")),
        );
    }
    if let Some(Cell::Text(email)) = row.cells.get("email") {
        let key = email.trim().to_lowercase();
        draft.persons.push(Person::Email(key.clone()));
        row.cells.insert("email_key", Cell::Text(key));
    }
    draft.rows.extend(identity);
    Ok(())
}

/// A run was never claimed here. One that was under way over there may be claimed at once.
fn run(row: &mut Row) {
    row.cells.insert("attempt", Cell::Int(0));
    if row.cells.get("status") == Some(&Cell::Text("RUNNING".to_owned())) {
        let updated = row.cells.get("updated_at").cloned();
        row.cells
            .insert("lease_until", updated.unwrap_or(Cell::Null));
    }
}

fn stage(row: &mut Row, cells: &Cells) {
    let created = row.cells.get("created_at").cloned();
    row.cells
        .insert("updated_at", created.unwrap_or(Cell::Null));
    row.cells.insert("attempt", Cell::Int(0));
    let mut hasher = Sha256::new();
    for name in ["markdownOutput", "jsonOutput"] {
        let text = cells
            .get(name)
            .and_then(Option::as_deref)
            .unwrap_or_default();
        let text = match name {
            "jsonOutput" => canonical(text).unwrap_or_default(),
            _ => text.to_owned(),
        };
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    let hash = hex::encode(hasher.finalize());
    row.cells.insert("content_hash", Cell::Text(hash));
}

/// A sensitive setting's value is sealed before it is kept.
fn setting(draft: &mut Draft) {
    let row = &mut draft.rows[0];
    if row.cells.get("is_sensitive") != Some(&Cell::Bool(true)) {
        return;
    }
    if let Some(Cell::Json(text)) = row.cells.insert("value", Cell::Null) {
        draft.secret = Some(text.into_bytes());
    }
}
