//! `status`: what is applied and what is pending.

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use crate::adopt::Optional;
use crate::backfill::{Standing, standing};
use crate::engine::Engine;
use crate::error::Error;
use crate::history::{Failed, is_as_left, status};

/// What else is looked at.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Look whether the schema is as the last run left it; `drift` tells in what it is not.
    #[arg(long)]
    check_drift: bool,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection) -> Result<Answer, Error> {
    let engine = Engine::of(db)?;
    let status = status(db).await?;
    let drifted = args.check_drift && is_as_left(db).await? == Some(false);
    let fits = status.unknown.is_empty()
        && status.modified.is_empty()
        && status.out_of_order.is_empty()
        && status.failed.is_empty()
        && status.half_replaced.is_empty()
        && status.half_undone.is_empty();
    let backfills = standing(db, &status.applied).await?;
    let is_filled = backfills.iter().all(Standing::is_done);
    let code = match (fits, drifted, status.pending.is_empty()) {
        (false, _, _) => 4,
        (true, true, _) => 3,
        (true, false, false) => 2,
        (true, false, true) if is_filled => 0,
        (true, false, true) => 7,
    };
    let mut ran = status.applied.clone();
    ran.retain(|name| !status.adopted.contains(name));
    let mut lines = Vec::new();
    for (what, names) in [
        ("applied", &ran),
        ("pending", &status.pending),
        ("rolled back", &status.rolled_back),
        ("out of order", &status.out_of_order),
        ("adopted", &status.adopted),
        ("modified", &status.modified),
        ("unknown", &status.unknown),
    ] {
        lines.extend(names.iter().map(|name| format!("{what:<12} {name}")));
    }
    lines.extend(status.left_out.iter().map(|one| {
        let word = one.kind.word();
        let how = match (one.kind, engine) {
            (Optional::Keys, Engine::Sqlite) => String::new(),
            _ => format!(" (`up --with {word}` makes it)"),
        };
        format!("{:<12} {one}{how}", "left out")
    }));
    lines.extend(status.failed.iter().map(|failed| {
        let Failed {
            step,
            half,
            statements_done,
            error,
        } = failed;
        let how_far = if *half {
            format!(" after {statements_done} statements")
        } else {
            String::new()
        };
        format!("{:<12} {step}{how_far}: {error}", "failed")
    }));
    lines.extend(status.half_replaced.iter().map(|half| {
        format!(
            "{:<12} {}: {} of the {} steps that it replaces",
            "half there", half.step, half.there, half.of
        )
    }));
    lines.extend(status.half_undone.iter().map(|half| {
        format!(
            "{:<12} {} after {} of {} statements down: {}",
            "half undone", half.step, half.done, half.of, half.error
        )
    }));
    lines.extend(backfills.iter().map(super::backfill::line));
    if drifted {
        lines.push("the schema is not as the last run left it: see `migrate drift`".to_owned());
    }
    let mut json = json!(status);
    json["backfills"] = json!(backfills);
    json["drifted"] = drifted.into();
    Ok(Answer { code, lines, json })
}
