//! `squash`: several steps become one.

use std::path::PathBuf;

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::{Answer, place};
use crate::engine::Engine;
use crate::error::Error;
use crate::generate::check_name;
use crate::squash::{put, squashed};

/// Which.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What the one is called, in a few words joined by `_`.
    name: String,
    /// The last that becomes part of it.
    #[arg(long, value_name = "STEP")]
    to: String,
    /// The first that becomes part of it, if not the first of all.
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// Where the steps are.
    #[arg(long, default_value = "migration/src/step", value_name = "DIRECTORY")]
    directory: PathBuf,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection) -> Result<Answer, Error> {
    check_name(&args.name)?;
    let first = args.from.as_deref().map_or(Ok(0), place)?;
    let last = place(&args.to)?;
    let squashed = Box::pin(squashed(db, first, last, &args.name)).await?;
    let folder = put(&args.directory, &squashed)?;
    let mut lines = vec![format!(
        "wrote {} in {}; it replaces {} steps, whose files are on the list no more:",
        squashed.name,
        folder.display(),
        squashed.replaces.len()
    )];
    let files = squashed.replaces.iter();
    lines.extend(files.map(|name| format!("  {}", args.directory.join(name).display())));
    if Engine::of(db)? == Engine::Sqlite {
        lines.push(
            "what it does on PostgreSQL was not tried: `migrate verify` with such a database does"
                .to_owned(),
        );
    }
    Ok(Answer {
        code: 0,
        lines,
        json: json!({"step": squashed.name, "replaces": squashed.replaces}),
    })
}
