//! Documents that Ann and Bob uploaded, with the bytes that a store must have of them, and the runs
//! that were made from them.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::TimeDelta;
use entity::pipeline::run;
use entity::upload::upload::{Entity, Model, UploadKind, UploadStatus};
use futures::stream;
use serde_json::json;

use super::dice::Dice;
use super::people::People;
use super::rows::Rows;
use crate::blob::Bytes;
use crate::ctx::Services;
use crate::error::Result;
use crate::upload::place;

/// What they say.
const TEXTS: [(&str, &str); 10] = [
    (
        "trend-report-dairy.pdf",
        "Trends in dairy: what shoppers reach for, and why.",
    ),
    (
        "trend-report-bakery.pdf",
        "Trends in bakery: sourdough stays, sugar goes.",
    ),
    (
        "store-visits-spring.pdf",
        "Notes of twelve store visits in spring.",
    ),
    (
        "packaging-survey.pdf",
        "A survey on packaging: glass, paper, and what is thrown away.",
    ),
    (
        "snacks-between-meals.pdf",
        "Snacks between meals: forty interviews.",
    ),
    (
        "plant-based-outlook.pdf",
        "The outlook for plant-based food, region by region.",
    ),
    (
        "loyalty-programme.pdf",
        "What the loyalty programme tells of evenings.",
    ),
    (
        "delivery-windows.pdf",
        "Delivery windows, and who waits for them.",
    ),
    (
        "seasonal-flavours.pdf",
        "Seasonal flavours of the last five years.",
    ),
    (
        "price-points.pdf",
        "Price points at which people turn away.",
    ),
];

/// A document whose bytes are in the store.
#[derive(Debug)]
pub(super) struct Made {
    name: &'static str,
    key: String,
    size: i64,
    sha256: String,
}

/// Put the bytes into the store: before anything is written that names them.
pub(super) async fn bytes(services: &Arc<Services>) -> Result<Vec<Made>> {
    let dice = Dice::of("upload bytes");
    let mut made = Vec::new();
    for (name, text) in TEXTS {
        let key = dice.hex::<16>();
        let content = stream::iter([Ok(Bytes::from(pdf(text)))]);
        let blobs = &services.blobs;
        let stored = blobs.put(&place(&key), content, u64::MAX, |_| ()).await?;
        made.push(Made {
            name,
            key,
            size: i64::try_from(stored.size).unwrap_or(i64::MAX),
            sha256: stored.sha256,
        });
    }
    Ok(made)
}

/// Documents that no run was made from yet.
pub(super) struct Documents(Vec<Model>);

/// Write the rows.
pub(super) async fn write(
    rows: &mut Rows<'_>,
    people: &People,
    made: Vec<Made>,
) -> Result<Documents> {
    let dice = Dice::of("uploads");
    let owners = people.users.iter().take(2).cycle();
    let documents = (0..).zip(made).zip(owners).map(|((at, made), owner)| {
        let created_at = rows.days_ago(60 - at * 5) + dice.seconds(0, 36_000);
        Model {
            id: dice.id(created_at),
            user_id: owner.id,
            kind: UploadKind::Document,
            file_name: made.name.to_owned(),
            content_type: "application/pdf".to_owned(),
            size: made.size,
            offset: made.size,
            parts: json!([]),
            sha256: Some(made.sha256),
            storage_key: made.key,
            status: UploadStatus::Complete,
            metadata: json!({}),
            expires_at: None,
            lock_token: None,
            lock_until: None,
            version: 1,
            created_at,
            updated_at: created_at,
        }
    });
    let documents: Vec<Model> = documents.collect();
    rows.put(Entity, documents.clone()).await?;
    Ok(Documents(documents))
}

impl Documents {
    /// Let a run be made from a document of its owner's that was there by then, if one is left.
    pub(super) fn attach(&mut self, run: &mut run::Model) {
        let before = run.created_at - TimeDelta::minutes(2);
        let fits = |one: &Model| one.user_id == run.user_id && one.created_at < before;
        if let Some(at) = self.0.iter().position(fits) {
            let document = self.0.remove(at);
            run.document_url = format!("https://files.example.com/{}", document.file_name);
            run.document_name = document.file_name;
            run.document_upload_id = Some(document.id);
        }
    }
}

/// A page that says `text`.
fn pdf(text: &str) -> Vec<u8> {
    let shown = format!("BT /F1 14 Tf 60 760 Td ({text}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{shown}\nendstream", shown.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut places = String::from("0000000000 65535 f \n");
    for (number, object) in (1..).zip(&objects) {
        let _ = writeln!(places, "{:010} 00000 n ", file.len());
        let _ = write!(file, "{number} 0 obj\n{object}\nendobj\n");
    }
    let (count, place) = (objects.len() + 1, file.len());
    let _ = write!(
        file,
        "xref\n0 {count}\n{places}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{place}\n%%EOF\n"
    );
    file.into_bytes()
}
