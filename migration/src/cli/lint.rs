//! `lint`: what is unsafe about the pending steps.

use std::path::PathBuf;

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use super::Answer;
use super::answer::{self, counted};
use crate::adopt::unadopted;
use crate::checked;
use crate::engine::Engine;
use crate::error::Error;
use crate::history::status;
use crate::lint::{Finding, rules};
use crate::plan;
use crate::step::{STEPS, Step, check_written};

/// What is looked at.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// A rule that may be broken.
    #[arg(long = "allow", value_name = "RULE")]
    allowed: Vec<String>,
    /// Look at this step, too: a folder with its four scripts, which need not be on the list yet.
    #[arg(long = "with", value_name = "FOLDER")]
    folders: Vec<PathBuf>,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection) -> Result<Answer, Error> {
    let rules = rules();
    let mut allowed = args.allowed.iter();
    if let Some(unknown) = allowed.find(|one| !rules.contains(one.as_str())) {
        let rules: Vec<String> = rules.into_iter().collect();
        return Err(Error::Argument(format!(
            "there is no rule {unknown:?} to allow; there are: {}",
            rules.join(", ")
        )));
    }
    let known = status(db).await?;
    let refusal = unadopted(db, &known).await?;
    let status = checked(known)?;
    let is_pending = |step: &&Step| status.pending.iter().any(|name| name == step.name);
    let mut steps: Vec<Step> = STEPS.iter().filter(is_pending).copied().collect();
    for folder in &args.folders {
        steps.push(Step::in_folder(folder)?);
    }
    check_written(&steps, Engine::of(db)?)?;
    let found = plan::lint(db, &steps).await?;
    let is_danger = |one: &&Finding| one.is_unsafe && !args.allowed.contains(&one.rule);
    let dangers = found
        .iter()
        .flat_map(|(_, found)| found)
        .filter(is_danger)
        .count();
    let mut lines: Vec<String> = refusal.iter().map(|why| format!("-- {why}")).collect();
    for (step, found) in found.iter().filter(|(_, found)| !found.is_empty()) {
        lines.push(format!("-- {step}"));
        for one in found {
            lines.push(line(one));
            lines.push(format!("--     {}", one.statement));
            if !one.instead.is_empty() {
                lines.push(format!("--     instead: {}", one.instead));
            }
        }
    }
    lines.push(match dangers {
        0 if steps.is_empty() => "nothing is pending".to_owned(),
        0 => format!(
            "{}, and nothing unsafe about {}",
            counted(steps.len(), "step"),
            if steps.len() == 1 { "it" } else { "them" }
        ),
        _ => format!(
            "{}: change the step, ignore each with a reason \
             (`-- chancery-lint: ignore RULE because …`), or --allow RULE",
            counted(dangers, "danger")
        ),
    });
    let steps: Vec<Value> = found
        .iter()
        .map(|(step, findings)| json!({"step": step, "findings": findings}))
        .collect();
    Ok(Answer {
        code: match (&refusal, dangers) {
            (Some(_), _) => 4,
            (None, 0) => 0,
            (None, _) => 5,
        },
        lines,
        json: json!({
            "steps": steps, "unsafe": dangers, "unadopted": answer::unadopted(refusal.as_ref()),
        }),
    })
}

/// A finding as a line.
pub(super) fn line(one: &Finding) -> String {
    let how = match (&one.ignored, one.is_unsafe) {
        (Some(why), _) => format!("ignored, because {why}"),
        (None, true) => "UNSAFE".to_owned(),
        (None, false) => "harmless here".to_owned(),
    };
    let on = match (&one.table, one.rows) {
        (Some(table), Some(rows)) => format!(" on {table} with {rows} rows"),
        (Some(table), None) => format!(" on {table}"),
        _ => String::new(),
    };
    format!("-- lint {} ({how}){on}: {}", one.rule, one.what)
}
