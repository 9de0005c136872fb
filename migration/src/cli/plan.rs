//! `plan`: what `up` would do.

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::{Answer, answer};
use crate::adopt::unadopted;
use crate::error::Error;
use crate::history::status;
use crate::plan::{Plan, Planned, plan, rehearse};
use crate::{Way, checked};

/// How far the look goes.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Do it all in a transaction that is rolled back, and tell how long each step took. Writers wait
    /// meanwhile.
    #[arg(long)]
    rehearse: bool,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection, way: &Way) -> Result<Answer, Error> {
    let known = status(db).await?;
    let refusal = unadopted(db, &known).await?;
    let hint = refusal.as_ref().map(|why| format!("-- {why}"));
    let told = answer::unadopted(refusal.as_ref());
    if let (true, Some(error)) = (args.rehearse, refusal) {
        return Err(error);
    }
    let before = checked(known)?;
    let plan = if args.rehearse && !before.pending.is_empty() {
        let lock = way.lock(db).await?;
        // Whoever was waited for may have done some of it.
        let before = checked(status(lock.db()).await?)?;
        let mut plan = plan(&lock.db(), &before).await?;
        let rehearsed = rehearse(db, &before, &lock, way.timeouts, &mut plan).await;
        let released = lock.release().await;
        rehearsed?;
        released?;
        plan
    } else {
        plan(db, &before).await?
    };
    let code = match (&hint, plan.steps.is_empty()) {
        (Some(_), _) => 4,
        (None, false) => 2,
        (None, true) => 0,
    };
    let mut json = json!(plan);
    json["unadopted"] = told;
    Ok(Answer {
        code,
        lines: hint.into_iter().chain(lines(&plan)).collect(),
        json,
    })
}

fn lines(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    if plan.steps.is_empty() {
        lines.push("nothing is pending".to_owned());
        return lines;
    }
    for step in &plan.steps {
        let how = if step.in_transaction {
            "one transaction"
        } else {
            "each statement by itself"
        };
        let took = step
            .rehearsed_ms
            .map(|ms| format!(", {ms} ms when rehearsed"));
        lines.push(format!(
            "-- {} ({how}{})",
            step.step,
            took.unwrap_or_default()
        ));
        for one in &step.statements {
            lines.extend(notes(one));
            lines.push(format!("{};", one.sql));
        }
        lines.extend(step.findings.iter().map(super::lint::line));
        lines.push(String::new());
    }
    lines.push(format!("plan {}", plan.hash));
    lines
}

/// What there is to say of a statement.
fn notes(one: &Planned) -> Option<String> {
    let mut notes = Vec::new();
    if let Some(lock) = one.lock {
        notes.push(format!(
            "locks {}: {lock}",
            one.table.as_deref().unwrap_or_default()
        ));
    }
    match (one.rows, one.bytes) {
        (Some(rows), Some(bytes)) => notes.push(format!("{rows} rows, {bytes} bytes")),
        (Some(rows), None) => notes.push(format!("{rows} rows")),
        _ => {}
    }
    if one.every_row {
        notes.push("reads or writes every row".to_owned());
    }
    if let Some(loses) = &one.loses {
        notes.push(format!("LOSES {loses}"));
    }
    (!notes.is_empty()).then(|| format!("-- {}", notes.join("; ")))
}
