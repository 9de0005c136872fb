//! `seed`: rows to begin with, by name.

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use crate::Way;
use crate::error::Error;
use crate::seed::{ABOUT_PIPELINE_TEST, PIPELINE_TEST, Seed, check_schema, pipeline_test};

/// Which.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Its name; without one, what there is to sow is listed.
    name: Option<String>,
    /// Sow it although this is a production environment.
    #[arg(long)]
    allow_production: bool,
}

pub(super) async fn run(
    args: &Args,
    db: &DatabaseConnection,
    way: &Way,
    production: bool,
    seeds: &[Seed<'_>],
) -> Result<Answer, Error> {
    let Some(name) = &args.name else {
        return Ok(list(seeds));
    };
    if production && !args.allow_production {
        return Err(Error::MadeUp(name.clone()));
    }
    let line = sow(name, db, way, seeds).await?;
    Ok(Answer {
        code: 0,
        lines: vec![line.clone()],
        json: json!({"seed": name, "sown": line}),
    })
}

/// Sow the seed called `name`, and tell what there is now.
pub(super) async fn sow(
    name: &str,
    db: &DatabaseConnection,
    way: &Way,
    seeds: &[Seed<'_>],
) -> Result<String, Error> {
    check(name, seeds)?;
    check_schema(db).await?;
    if name == PIPELINE_TEST {
        return Ok(match Box::pin(pipeline_test(db, way.patience)).await? {
            0 => format!("{name} was there already"),
            rows => format!("{name}: {rows} rows"),
        });
    }
    let Some(seed) = seeds.iter().find(|seed| seed.name == name) else {
        return Err(unknown(name, seeds));
    };
    (seed.sow)()
        .await
        .map_err(|why| Error::Option(format!("{name}: {why}")))
}

/// Refuse a name that none has.
pub(super) fn check(name: &str, seeds: &[Seed<'_>]) -> Result<(), Error> {
    if all(seeds).any(|(known, _)| known == name) {
        return Ok(());
    }
    Err(unknown(name, seeds))
}

fn unknown(name: &str, seeds: &[Seed<'_>]) -> Error {
    let names: Vec<&str> = all(seeds).map(|(name, _)| name).collect();
    Error::Argument(format!(
        "there is no seed {name:?}; there are: {}",
        names.join(", ")
    ))
}

fn all<'a>(seeds: &'a [Seed<'_>]) -> impl Iterator<Item = (&'static str, &'static str)> + 'a {
    let own = [(PIPELINE_TEST, ABOUT_PIPELINE_TEST)];
    let given = seeds.iter().map(|seed| (seed.name, seed.about));
    own.into_iter().chain(given)
}

fn list(seeds: &[Seed<'_>]) -> Answer {
    let lines = all(seeds).map(|(name, about)| format!("{name:<16} {about}"));
    let names: Vec<&str> = all(seeds).map(|(name, _)| name).collect();
    Answer {
        code: 0,
        lines: lines.collect(),
        json: json!({"seeds": names}),
    }
}
