//! The queries of what everybody spent over days.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use entity::Scope;
use entity::conversation::token_consumption::{TokenTask, TokenType};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};

use crate::analytics::cover::{OPEN, Stretch, cover};
use crate::analytics::packed::Plan;
use crate::analytics::rollup::Dims;
use crate::analytics::store::Draft;
use crate::analytics::token_usage::Question;
use crate::db::Reader;
use crate::error::Result;

/// What the packs are of.
pub(super) const SUBJECT: &str = "TOKENS";

/// The most sums that are added up here.
const PLAIN: usize = 20_000;

/// What was spent, in parts.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The packs of days.
    pub packs: Vec<(NaiveDate, Vec<u8>)>,
    /// The sums of the rest.
    pub loose: Vec<Loose>,
}

/// A sum as it stands.
#[derive(Debug)]
pub(super) struct Loose {
    /// The bucket of the answer.
    pub stretch: i64,
    /// Where its own bucket begins, in seconds since 1970.
    pub at: i64,
    pub dims: Dims,
    pub tokens: i64,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    day: Option<NaiveDate>,
    packed: Option<Vec<u8>>,
    stretch: i64,
    at: i64,
    model: Option<String>,
    task: Option<TokenTask>,
    kind: Option<TokenType>,
    tokens: i64,
}

/// The packs, the sums of the rest and what is open, in one snapshot; `None`, where these are too many.
pub(super) async fn parts(
    reader: &Reader,
    question: &Question,
    plan: &Plan,
    packed: &BTreeSet<NaiveDate>,
    stretches: &[Stretch],
) -> Result<Option<Parts>> {
    let mut draft = Draft::of(reader, Scope::Everyone, question);
    // The first one says what types the columns have.
    let mut branches = vec![
        "SELECT p.day, p.totals AS packed, CAST(0 AS bigint) AS stretch, CAST(0 AS bigint) AS at, \
                r.model, CAST(r.task AS text) AS task, CAST(r.type AS text) AS kind, \
                r.count AS tokens \
         FROM day_packs p JOIN token_day_rollups r ON 1 = 0 WHERE 1 = 0"
            .to_owned(),
    ];
    let rest = ", 0, 0, NULL, NULL, NULL, 0";
    branches.extend(plan.branches(SUBJECT, packed, rest, &mut draft.values));
    for piece in plan.loose.iter().chain(&cover(&[OPEN], stretches, &[])) {
        let (rows, bucket, tokens) = draft.rows(piece);
        let at = draft.begun(piece.source);
        branches.push(format!(
            "SELECT NULL, NULL, {bucket}, {at}, model, CAST(task AS text), CAST(type AS text), \
                    {tokens} {rows} AND model IS NOT NULL"
        ));
    }
    let edges = match draft.edges.as_slice() {
        [] => String::new(),
        edges => format!("WITH {} ", edges.join(", ")),
    };
    let sql = format!(
        "{edges}{} LIMIT {}",
        branches.join(" UNION ALL "),
        PLAIN + 1
    );
    let statement =
        Statement::from_sql_and_values(reader.get_database_backend(), sql, draft.values);
    let rows = Row::find_by_statement(statement).all(reader).await?;
    if rows.len() > PLAIN {
        return Ok(None);
    }
    let mut parts = Parts::default();
    for row in rows {
        match (row.day, row.packed, row.model, row.task, row.kind) {
            (Some(day), Some(packed), ..) => parts.packs.push((day, packed)),
            (_, _, Some(model), Some(task), Some(kind)) => parts.loose.push(Loose {
                stretch: row.stretch,
                at: row.at,
                dims: Dims { model, task, kind },
                tokens: row.tokens,
            }),
            _ => {}
        }
    }
    Ok(Some(parts))
}
