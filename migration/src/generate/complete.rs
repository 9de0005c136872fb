//! Halves of steps that were left unwritten, since whoever made the step had no database of that engine.
//!
//! Several are completed as one: what they all do there, the last of them does. No database of that
//! engine is behind the first of them, since none runs a step that is not written.

use entity::registry::Resource;
use sea_orm_migration::sea_orm::DatabaseConnection;

use super::half::half;
use super::{Said, Written, side, unused};
use crate::engine::Engine;
use crate::error::Error;
use crate::schema::{BOOKKEEPING, LiveSchema, Object, difference, scratch};
use crate::step::Step;

/// What `steps` do on an engine where they did nothing yet.
#[derive(Debug)]
pub(crate) struct Completed {
    pub(crate) engine: Engine,
    /// The steps, oldest first. The last does it.
    pub(crate) steps: Vec<&'static str>,
    pub(crate) written: Written,
}

/// What `resources` want and `steps` do not make, for each engine for which some of them are unwritten.
pub(crate) async fn completed(
    db: &DatabaseConnection,
    steps: &[Step],
    resources: impl IntoIterator<Item = &Resource> + Clone,
    said: &Said,
) -> Result<Vec<Completed>, Error> {
    let mut all = Vec::new();
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let open = steps.iter().filter(|step| !step.is_written(engine));
        let open: Vec<&'static str> = open.map(|step| step.name).collect();
        let Some(last) = open.last() else {
            continue;
        };
        if engine == Engine::Postgres && Engine::of(db)? != Engine::Postgres {
            return Err(Error::NeedsPostgres);
        }
        let side = side(engine, db, steps, resources.clone(), said).await?;
        unused::refuse(said, std::slice::from_ref(&side))?;
        let half = half(side, said)?;
        prove(db, engine, steps, last, &half.up, &half.mid).await?;
        let mut written = Written::default();
        written.take(engine, half);
        all.push(Completed {
            engine,
            steps: open,
            written,
        });
    }
    Ok(all)
}

/// Look whether all steps make what is wanted where the one called `last` does `up`: later ones are
/// written already, and may not go with it.
async fn prove(
    db: &DatabaseConnection,
    engine: Engine,
    steps: &[Step],
    last: &str,
    up: &str,
    wanted: &LiveSchema,
) -> Result<(), Error> {
    let steps = steps.iter().map(|step| {
        if step.name == last {
            step.written_as(engine, up)
        } else {
            *step
        }
    });
    let steps: Vec<Step> = steps.collect();
    let by_hand = |why: String| {
        Error::Option(format!(
            "later steps do not go with what {last} would do on {}: {why}; write its scripts by hand",
            engine.name()
        ))
    };
    let made = scratch::of_steps(engine, db, &steps).await;
    let made = made.map_err(|error| by_hand(error.to_string()))?;
    let found = difference(wanted, &made.without(BOOKKEEPING));
    let mut found = found
        .iter()
        .filter(|one| !matches!(one.object, Object::Order(_)));
    match found.next() {
        None => Ok(()),
        Some(first) => Err(by_hand(first.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use entity::registry::{resource, resources};
    use sea_orm_migration::sea_orm::DbBackend;
    use sea_orm_migration::sea_orm::sea_query::ColumnDef;

    use super::*;
    use crate::cluster::Cluster;
    use crate::generate::complete;
    use crate::step::{STEPS, UNWRITTEN, check_written};

    /// Saved views, with stars that are sorted by.
    fn starred(backend: DbBackend) -> Vec<ColumnDef> {
        let mut defs = (resource("saved_views").expect("an entity").column_defs)(backend);
        let mut stars = ColumnDef::new("stars");
        stars.big_integer();
        defs.push(stars);
        defs
    }

    fn wanted() -> Vec<Resource> {
        let all = resources().iter().map(|one| Resource {
            domain: one.domain,
            name: one.name,
            table: one.table,
            key: one.key,
            rule: one.rule,
            writes: one.writes,
            keep: one.keep,
            columns: one.columns.clone(),
            relations: one.relations.clone(),
            declaration: one.declaration,
            column_defs: if one.table == "saved_views" {
                starred
            } else {
                one.column_defs
            },
        });
        all.collect()
    }

    /// The steps that ship, and behind them two that were made with `SQLite` alone.
    fn steps() -> Vec<Step> {
        let up = "ALTER TABLE saved_views ADD COLUMN stars bigint;\n";
        let first = Step::idle("m20270101_000101_stars", "").written_as(Engine::Sqlite, up);
        let second = Step::idle("m20270101_000102_more", "");
        let open = [first, second].map(|step| step.written_as(Engine::Postgres, UNWRITTEN));
        let shipped = STEPS.iter().filter(|step| !step.has_backfill());
        shipped.copied().chain(open).collect()
    }

    #[tokio::test]
    async fn what_was_left_unwritten_runs_nowhere_and_is_completed_by_the_last() {
        let steps = steps();
        check_written(&steps, Engine::Sqlite).expect("it is written");
        let refused = check_written(&steps, Engine::Postgres).expect_err("a refusal");
        let refused = refused.to_string();
        assert!(
            refused.contains("m20270101_000101_stars") && refused.contains("--complete"),
            "{refused}"
        );
        let sqlite = crate::connect("sqlite::memory:").await.expect("a database");
        let alone = completed(&sqlite, &steps, &wanted(), &Said::default()).await;
        assert!(matches!(alone, Err(Error::NeedsPostgres)), "{alone:?}");
        let Some(cluster) = Cluster::shared() else {
            return;
        };
        let db = crate::connect(&cluster.url("postgres")).await;
        let db = db.expect("a database");
        let all = completed(&db, &steps, &wanted(), &Said::default()).await;
        let [one] = &all.expect("an answer")[..] else {
            panic!("one engine was left out");
        };
        assert_eq!(one.engine, Engine::Postgres);
        assert_eq!(
            one.steps,
            ["m20270101_000101_stars", "m20270101_000102_more"]
        );
        let dir = tempfile::tempdir().expect("a directory");
        let list = "    step!(\"m20270101_000102_more\"),\n";
        std::fs::write(dir.path().join("mod.rs"), list).expect("a list");
        for step in &one.steps {
            std::fs::create_dir(dir.path().join(step)).expect("a folder");
        }
        let today = chrono::NaiveDate::from_ymd_opt(2027, 1, 2).expect("a day");
        let put = complete(dir.path(), today, one).expect("files");
        assert_eq!((put.name.as_str(), put.online), (one.steps[1], None));
        let script = |step: &str, name: &str| {
            std::fs::read_to_string(dir.path().join(step).join(name)).expect("a script")
        };
        let up = script(one.steps[1], "up.postgres.sql");
        assert_eq!(up, "ALTER TABLE saved_views ADD COLUMN stars bigint;\n");
        let down = script(one.steps[1], "down.postgres.sql");
        assert!(
            down.ends_with("ALTER TABLE saved_views DROP COLUMN stars;\n"),
            "{down}"
        );
        let first = script(one.steps[0], "up.postgres.sql");
        assert!(first.ends_with("SELECT 1;\n") && !first.starts_with(UNWRITTEN));
        db.close().await.expect("closed");
    }

    #[tokio::test]
    async fn what_a_later_step_does_already_is_not_done_twice() {
        let sqlite = crate::connect("sqlite::memory:").await.expect("a database");
        let open = Step::idle("m20270101_000101_open", "").written_as(Engine::Sqlite, UNWRITTEN);
        let drop = "DROP TABLE saved_views;\n";
        let last = Step::idle("m20270101_000102_drop", "").written_as(Engine::Sqlite, drop);
        let shipped = STEPS.iter().filter(|step| !step.has_backfill());
        let steps: Vec<Step> = shipped.copied().chain([open, last]).collect();
        let refused = completed(&sqlite, &steps, resources(), &Said::default()).await;
        let refused = refused.expect_err("a refusal").to_string();
        assert!(refused.contains("write its scripts by hand"), "{refused}");
    }
}
