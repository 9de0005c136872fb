//! `status`: what is applied and what is pending.

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::{Answer, answer};
use crate::adopt::{Optional, unadopted};
use crate::backfill::{Standing, standing};
use crate::engine::Engine;
use crate::error::Error;
use crate::guard;
use crate::history::{Failed, Status, has_accepted_drift, is_as_left, status};

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
    let (drifted, untold) = if args.check_drift {
        drifted(db, &status).await?
    } else {
        (None, None)
    };
    let refusal = unadopted(db, &status).await?;
    let fits = refusal.is_none()
        && status.unknown.is_empty()
        && status.modified.is_empty()
        && status.out_of_order.is_empty()
        && status.failed.is_empty()
        && status.half_replaced.is_empty()
        && status.half_undone.is_empty();
    let backfills = standing(db, &status.applied).await?;
    let is_filled = backfills.iter().all(Standing::is_done);
    let code = match (fits, drifted == Some(true), status.pending.is_empty()) {
        (false, _, _) => 4,
        (true, true, _) => 3,
        (true, false, false) => 2,
        (true, false, true) if is_filled => 0,
        (true, false, true) => 7,
    };
    let mut lines = lines(engine, &status, &backfills);
    if drifted == Some(true) {
        lines.push("the schema is not as the last run left it: see `migrate drift`".to_owned());
    }
    lines.extend(untold);
    lines.extend(refusal.as_ref().map(ToString::to_string));
    let mut json = json!(status);
    json["backfills"] = json!(backfills);
    json["drifted"] = json!(drifted);
    json["unadopted"] = answer::unadopted(refusal.as_ref());
    Ok(Answer { code, lines, json })
}

/// How each step and each backfill stands, and what there is to do about it.
fn lines(engine: Engine, status: &Status, backfills: &[Standing]) -> Vec<String> {
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
        ("no record", &status.unrecorded),
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
    lines.extend(half(status));
    lines.extend(backfills.iter().map(super::backfill::line));
    if !status.unrecorded.is_empty() {
        lines.push(
            "nobody can tell whether a step without a record was changed since: `migrate resolve STEP --applied \
             --reason TEXT` writes its record"
                .to_owned(),
        );
    }
    lines
}

/// What failed, and what is there by half.
fn half(status: &Status) -> Vec<String> {
    let mut lines = Vec::new();
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
    lines
}

/// Whether the schema is not as the history left it, where that can be known, and else why not. The last
/// run's fingerprint proves that it is, unless that run took drift as it was: then, and where it is another or
/// there is none, what the steps make is compared, as `drift` does.
async fn drifted(
    db: &DatabaseConnection,
    status: &Status,
) -> Result<(Option<bool>, Option<String>), Error> {
    let left = is_as_left(db).await?;
    let is_proven = left == Some(true) && !has_accepted_drift(db).await?;
    // What this program does not know, or what stands half-way, cannot be made again to compare with.
    let is_beyond = !status.unknown.is_empty() || status.failed.iter().any(|failed| failed.half);
    if is_proven || (left.is_some() && is_beyond) {
        return Ok((left.map(|is_as_left| !is_as_left), None));
    }
    if status.applied.is_empty() && left.is_none() {
        return Ok((None, None));
    }
    Ok(
        match guard::drifted(db, db, &guard::applied(status)).await {
            Ok(found) => (Some(!found.is_empty()), None),
            Err(error) => {
                let why = format!(
                    "whether the schema is as the history left it, nobody can tell: {error}"
                );
                (left.map(|is_as_left| !is_as_left), Some(why))
            }
        },
    )
}
