//! `pull`: the database's schema as entities.

use std::path::PathBuf;

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use crate::error::Error;
use crate::pull::pull;

/// Where to.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The directory of the entities. What is there is kept but for what the database has otherwise.
    #[arg(long, default_value = "entities", value_name = "DIRECTORY")]
    out: PathBuf,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection) -> Result<Answer, Error> {
    let report = pull(db, &args.out).await?;
    let mut lines = Vec::new();
    for (what, files) in [("new", &report.written), ("changed", &report.changed)] {
        lines.extend(files.iter().map(|file| format!("{what}: {file}")));
    }
    lines.push(format!("{} files stay as they are", report.unchanged));
    for module in &report.gone {
        lines.push(format!(
            "the table of {module} is gone: it is off the list, and {module}.rs can be deleted"
        ));
    }
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    if !report.extra.is_empty() {
        lines.push("what no entity says is in extra.sql:".to_owned());
        lines.extend(report.extra.iter().map(|line| format!("    {line}")));
    }
    Ok(Answer {
        code: 0,
        lines,
        json: json!(report),
    })
}
