//! `backfill`: rows filled in beside the running program.

use std::path::PathBuf;
use std::time::Duration;

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use crate::Way;
use crate::backfill::{Backfill, Pace, Standing, begun, declared, forget, run as go, standing};
use crate::engine::Engine;
use crate::error::Error;
use crate::history::status;

/// Which, and how fast.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// One that an applied step declares, or that was begun; all of them, unless one is named.
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
    /// Forget how far the one that is named is: nothing is left to do of it, unless a step declares it.
    #[arg(long, requires = "name", conflicts_with_all = ["restart", "batches"])]
    forget: bool,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection, way: &Way) -> Result<Answer, Error> {
    let engine = Engine::of(db)?;
    if let (Some(name), true) = (&args.name, args.forget) {
        return forgotten(name, db).await;
    }
    let going = if let Some(file) = &args.file {
        let text = std::fs::read_to_string(file).map_err(|source| Error::file(file, source))?;
        vec![Backfill::read(engine, &text)?]
    } else {
        let applied = status(db).await?.applied;
        let mut all = declared(engine, &applied)?;
        let more = begun(db).await?.into_iter();
        let more = more.filter(|one| all.iter().all(|known| known.name != one.name));
        let more: Vec<Backfill> = more.collect();
        all.extend(more);
        if let Some(name) = &args.name {
            all.retain(|one| one.name == *name);
            if all.is_empty() {
                return Err(no_such(name));
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
    let is_asked = args.file.is_none() && args.name.is_none();
    // Whoever asks for all hears of those, too, that only a file or a step can go on with.
    stand.retain(|one| {
        let mut going = going.iter();
        going.any(|backfill| backfill.name == one.name) || (is_asked && !one.is_done())
    });
    let mut lines: Vec<String> = stand.iter().map(line).collect();
    lines.extend(stand.iter().filter_map(|one| {
        let is_left = going.iter().all(|backfill| backfill.name != one.name);
        is_left.then(|| left(&one.name))
    }));
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

/// What to do about one that nothing here can go on with.
fn left(name: &str) -> String {
    format!(
        "{name} was begun by a step or by an older program: go on with `migrate up`, or with `migrate backfill \
         --file FILE`; `migrate backfill {name:?} --forget` leaves it as it is"
    )
}

fn no_such(name: &str) -> Error {
    Error::Argument(format!(
        "no applied step declares a backfill {name:?}, and none was begun: `migrate status` lists them"
    ))
}

/// Leave one as it is.
async fn forgotten(name: &str, db: &DatabaseConnection) -> Result<Answer, Error> {
    let known = standing(db, &[]).await?;
    if known.iter().all(|one| one.name != name) {
        return Err(no_such(name));
    }
    forget(db, name).await?;
    Ok(Answer {
        code: 0,
        lines: vec![format!("{name} is forgotten")],
        json: json!({"forgotten": name}),
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
