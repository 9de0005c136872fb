//! `backfill`: rows filled in beside the running program.

use std::path::PathBuf;
use std::time::Duration;

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use crate::Way;
use crate::backfill::{Backfill, Pace, Standing, declared, run as go, standing};
use crate::engine::Engine;
use crate::error::Error;
use crate::history::status;

/// Which, and how fast.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// One that an applied step declares; all of them, unless one is named.
    name: Option<String>,
    /// One that a file of SQL declares.
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    file: Option<PathBuf>,
    /// How many rows a batch has, if not as many as the backfill says.
    #[arg(long, value_name = "ROWS")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    batch: Option<u64>,
    /// How many milliseconds the others are left alone after each batch.
    #[arg(long, default_value_t = 10, value_name = "MILLISECONDS")]
    pause: u64,
    /// At most so many batches; the next call goes on behind them.
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    batches: Option<u64>,
    /// Begin anew.
    #[arg(long)]
    restart: bool,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection, way: &Way) -> Result<Answer, Error> {
    let engine = Engine::of(db)?;
    let going = if let Some(file) = &args.file {
        let text = std::fs::read_to_string(file).map_err(|source| Error::file(file, source))?;
        vec![Backfill::read(&text)?]
    } else {
        let applied = status(db).await?.applied;
        let mut all = declared(engine, &applied)?;
        if let Some(name) = &args.name {
            all.retain(|one| one.name == *name);
            if all.is_empty() {
                return Err(Error::Option(format!(
                    "no applied step declares a backfill {name:?}: `migrate status` lists them"
                )));
            }
        }
        all
    };
    let pace = Pace {
        batch: args.batch,
        pause: Duration::from_millis(args.pause),
        most: args.batches,
        restart: args.restart,
    };
    for backfill in &going {
        Box::pin(go(&db.into(), backfill, &pace, &way.run())).await?;
    }
    let mut stand = standing(db, &[]).await?;
    stand.retain(|one| going.iter().any(|backfill| backfill.name == one.name));
    let mut lines: Vec<String> = stand.iter().map(line).collect();
    if lines.is_empty() {
        lines.push("nothing to fill in".to_owned());
    }
    let is_done = stand.iter().all(Standing::is_done);
    Ok(Answer {
        code: if is_done { 0 } else { 7 },
        lines,
        json: json!({"backfills": stand}),
    })
}

/// How far one is, as a line.
pub(super) fn line(one: &Standing) -> String {
    let Standing {
        name,
        state,
        seen,
        changed,
        total,
    } = one;
    let of = if one.is_done() {
        String::new()
    } else {
        format!(" of about {total}")
    };
    format!(
        "{:<12} {name} {state}: {seen}{of} rows seen, {changed} changed",
        "backfill"
    )
}
