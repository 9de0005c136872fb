//! `verify`: whether each step goes up, down and up again and leaves everything as it was.

use std::path::PathBuf;

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use super::answer::counted;
use crate::Way;
use crate::error::Error;
use crate::step::{STEPS, Step};
use crate::verify::{Verified, verify};

/// What is tried.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Try the steps on the rows of this database, too. It is only read.
    #[arg(long, value_name = "URL")]
    data: Option<String>,
    /// Try this step alone: its whole name, or a part that no other has. The others are done and not
    /// tried.
    #[arg(long = "step", value_name = "STEP", conflicts_with = "data")]
    only: Vec<String>,
    /// Try this step after all others: a folder with its four scripts, which need not be on the list
    /// yet.
    #[arg(long = "with", value_name = "FOLDER")]
    folders: Vec<PathBuf>,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection, way: &Way) -> Result<Answer, Error> {
    let mut steps = STEPS.to_vec();
    for folder in &args.folders {
        steps.push(Step::in_folder(folder)?);
    }
    let data = match &args.data {
        Some(url) => Some(crate::connect(url).await?),
        None => None,
    };
    let mut only = Vec::new();
    for name in &args.only {
        let meant: Vec<&Step> = steps
            .iter()
            .filter(|step| step.name.contains(name))
            .collect();
        let exact = meant.iter().find(|step| step.name == name);
        match (exact, meant.as_slice()) {
            (Some(step), _) | (None, [step]) => only.push(step.name.to_owned()),
            _ => return Err(Error::NoSuchStep(name.clone())),
        }
    }
    let report = verify(db, &steps, &only, data.as_ref(), &*way.told).await?;
    let mut lines: Vec<String> = report.steps.iter().flat_map(told).collect();
    for one in &report.entities {
        lines.push(format!("the entities are not what the steps make: {one}"));
    }
    let clean = report.is_clean();
    lines.push(if clean {
        let tried = if only.is_empty() {
            steps.len()
        } else {
            only.len()
        };
        let go = if tried == 1 { "goes" } else { "go" };
        format!("{} {go} up, down and up again", counted(tried, "step"))
    } else {
        "not everything was as before".to_owned()
    });
    Ok(Answer {
        code: if clean { 0 } else { 2 },
        lines,
        json: json!(report),
    })
}

fn told(step: &Verified) -> Vec<String> {
    let mark = if step.findings.is_empty() {
        "ok"
    } else {
        "FAILS"
    };
    let mut lines = vec![format!(
        "{mark} {} on {} ({})",
        step.step, step.on, step.rows
    )];
    for line in &step.irreversible {
        lines.push(format!("    irreversible, it says: {line}"));
    }
    for line in &step.findings {
        lines.push(format!("    {}", line.replace('\n', "\n    ")));
    }
    lines
}
