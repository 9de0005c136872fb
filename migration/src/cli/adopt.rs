//! `adopt`: take over a live database that another tool built.

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use crate::Way;
use crate::adopt::{Finding, Taken, Tool, Verdict, take};
use crate::error::Error;

/// From whom.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Who built it.
    #[arg(long, value_name = "TOOL", value_enum)]
    from: Tool,
    /// Look only, and write nothing.
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection, way: &Way) -> Result<Answer, Error> {
    let taken = take(db, args.from, way, args.check).await?;
    let refused = taken.report.count(Verdict::Refuse);
    let mut lines: Vec<String> = taken.report.findings.iter().map(line).collect();
    lines.extend(end(args, &taken));
    Ok(Answer {
        code: if refused == 0 { 0 } else { 3 },
        lines,
        json: json!({
            "from": args.from.word(),
            "revision": taken.revision,
            "adopted": taken.written,
            "steps": taken.steps,
            "tables": taken.report.tables,
            "left_out": taken.report.left_out,
            "findings": taken.report.findings,
            "ok": taken.report.count(Verdict::Ok),
            "warn": taken.report.count(Verdict::Warn),
            "refuse": refused,
        }),
    })
}

fn line(finding: &Finding) -> String {
    let Finding {
        object,
        verdict,
        note,
    } = finding;
    let word = match verdict {
        Verdict::Ok => "ok",
        Verdict::Warn => "warn",
        Verdict::Refuse => "refuse",
    };
    format!("{word:<7} {object} {note}").trim_end().to_owned()
}

/// What it comes to.
fn end(args: &Args, taken: &Taken) -> Vec<String> {
    let report = &taken.report;
    let count = |verdict| report.count(verdict);
    let mut lines = vec![format!(
        "{} ok, {} warn, {} refuse",
        count(Verdict::Ok),
        count(Verdict::Warn),
        count(Verdict::Refuse)
    )];
    if count(Verdict::Refuse) > 0 {
        lines.push(
            "nothing was written: bring these tables into shape with the tool that made them, or \
             take their rows by `migrate import`, or their shape by `migrate pull`"
                .to_owned(),
        );
    } else if taken.written {
        let steps = taken.steps.iter();
        lines.extend(steps.map(|step| format!("adopted {step}")));
        lines.push(format!(
            "taken over from {}; `migrate up` makes our other tables beside these",
            args.from.word()
        ));
    } else {
        lines.push("it can be taken over; nothing was written".to_owned());
    }
    lines
}
