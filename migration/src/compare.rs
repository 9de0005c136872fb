//! Any two schemas: in what they differ, and how to get from one to the other.

mod postgres;

use std::collections::BTreeSet;
use std::path::Path;

use entity::registry::Resource;
use sea_orm_migration::sea_orm::DatabaseConnection;

use crate::engine::Engine;
use crate::error::Error;
use crate::generate::{Said, by_entities, filled, refuse_unused, renamed, stand_ins, unfilled};
use crate::lexer::split;
use crate::schema::change::{self, Options, Statement, framed};
use crate::schema::{
    BOOKKEEPING, Difference, LiveSchema, Object, Renames, difference, quoted, scratch,
};
use crate::step::STEPS;

/// What the entities want, as one of two schemas.
const ENTITIES: &str = "entities";

/// In what two schemas differ, and the way.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Whose schemas they are.
    pub engine: Engine,
    /// What the second has otherwise than the first.
    pub differences: Vec<Difference>,
    /// The way from the first to the second.
    pub up: Vec<Statement>,
    /// The way back.
    pub down: Vec<Statement>,
    /// What must be said before there is a way.
    pub asked: Option<String>,
    /// What of other schemas must be there before the way: `schema ext`, `type other.mood`.
    pub needed: Vec<String>,
    /// The same before the way back.
    pub needed_back: Vec<String>,
}

/// Compare two of: `database` (the one behind `db`), `entities` (what `resources` want), `steps`,
/// another database's address, a file of SQL, a directory that `pull` wrote. What may have been
/// renamed is asked for, unless somebody `said` it or an entity does.
pub async fn compare<'r>(
    db: &DatabaseConnection,
    from: &str,
    to: &str,
    resources: impl IntoIterator<Item = &'r Resource> + Clone,
    said: &Said,
) -> Result<Compared, Error> {
    let engine = engine_of(from, db)?;
    if engine != engine_of(to, db)? {
        return Err(Error::TwoEngines);
    }
    let (first, second) = (from, to);
    let from = schema(first, engine, db, resources.clone()).await?;
    let to = schema(second, engine, db, resources.clone()).await?;
    let borrowed = [
        borrowed(first, engine, db).await?,
        borrowed(second, engine, db).await?,
    ];
    let mut renames = said.renames.clone();
    if second == ENTITIES {
        by_entities(resources, engine, &from, &mut renames);
    } else if first == ENTITIES {
        let mut back = Renames::default();
        by_entities(resources, engine, &to, &mut back);
        let back = back.reversed();
        renames.tables.extend(back.tables);
        renames.columns.extend(back.columns);
    }
    let side = [(renames, from, to)];
    refuse_unused(said, &side)?;
    let [(renames, mut from, mut to)] = side;
    let known = renames.applied(&from);
    renamed(&known, &to, said)?;
    let asked = if first == "database" {
        unfilled(db, (&renames, &from, &to), said).await?
    } else {
        filled(&known, &to, said).err()
    };
    let asked = match asked {
        Some(asked @ Error::Unfilled { .. }) => Some(asked.to_string()),
        Some(error) => return Err(error),
        None => None,
    };
    let mut options = Options {
        renames,
        fills: said.fills.clone(),
        guarded: true,
        ..Options::default()
    };
    let mut back = Options {
        renames: options.renames.reversed(),
        fills: stand_ins(&from, &options.renames.reversed().applied(&to)),
        guarded: true,
        ..Options::default()
    };
    // Who may do what is a database's own matter: nothing else says it.
    let is_database = |source: &str| source == "database" || is_address(source);
    if !is_database(first) || !is_database(second) {
        to.keep_rights(&options.renames.applied(&from));
        from.keep_rights(&back.renames.applied(&to));
    }
    // Where it runs is another database then.
    let carries = !is_database(first) && !is_database(second);
    (options.carries_rights, back.carries_rights) = (carries, carries);
    let way = |from: &LiveSchema, to: &LiveSchema, options: &Options| {
        framed(engine, change::statements(from, to, options))
    };
    let mut differences = difference(&to, &from);
    // Where a column stands is told where a database has gone astray; nobody makes a table anew for
    // it.
    differences.retain(|one| !matches!(one.object, Object::Order(_)));
    Ok(Compared {
        engine,
        differences,
        up: match &asked {
            None => way(&from, &to, &options),
            Some(_) => Vec::new(),
        },
        down: way(&to, &from, &back),
        asked,
        needed: needed((&from, &borrowed[0]), (&to, &borrowed[1])),
        needed_back: needed((&to, &borrowed[1]), (&from, &borrowed[0])),
    })
}

/// What a database's schema is made of that stands in others; none where only a script says so.
async fn borrowed(
    source: &str,
    engine: Engine,
    db: &DatabaseConnection,
) -> Result<BTreeSet<String>, Error> {
    Ok(match (source, engine) {
        (_, Engine::Sqlite) => BTreeSet::new(),
        ("database", _) => postgres::borrowed(db).await?,
        _ if is_address(source) => {
            let other = crate::connect(source).await?;
            let borrowed = postgres::borrowed(&other).await?;
            other.close().await?;
            borrowed
        }
        _ => BTreeSet::new(),
    })
}

/// What the second has of other schemas, and the first has not.
fn needed(
    (from, known): (&LiveSchema, &BTreeSet<String>),
    (to, wanted): (&LiveSchema, &BTreeSet<String>),
) -> Vec<String> {
    let new = to.extensions.difference(&from.extensions);
    let places = new.filter_map(|name| to.extension_schemas.get(name));
    let places: BTreeSet<String> = places
        .map(|place| format!("schema {}", quoted(place)))
        .collect();
    places
        .iter()
        .chain(wanted.difference(known))
        .cloned()
        .collect()
}

fn is_address(source: &str) -> bool {
    ["postgres:", "postgresql:", "sqlite:"]
        .iter()
        .any(|scheme| source.starts_with(scheme))
}

fn engine_of(source: &str, db: &DatabaseConnection) -> Result<Engine, Error> {
    Ok(match source {
        _ if source.starts_with("sqlite:") => Engine::Sqlite,
        _ if is_address(source) => Engine::Postgres,
        _ => Engine::of(db)?,
    })
}

async fn schema<'r>(
    source: &str,
    engine: Engine,
    db: &DatabaseConnection,
    resources: impl IntoIterator<Item = &'r Resource> + Clone,
) -> Result<LiveSchema, Error> {
    let schema = match source {
        "database" => LiveSchema::read(db).await?,
        ENTITIES => scratch::of_entities(engine, db, resources).await?,
        "steps" => scratch::of_steps(engine, db, STEPS).await?,
        _ if is_address(source) => {
            let other = crate::connect(source).await?;
            let schema = LiveSchema::read(&other).await?;
            other.close().await?;
            schema
        }
        _ if Path::new(source).is_dir() => {
            let scripts = crate::pull::read(Path::new(source), engine)?;
            scratch::of_files(engine, db, &scripts).await?
        }
        _ if Path::new(source).is_file() => {
            let script = std::fs::read_to_string(source).map_err(|error| Error::File {
                path: source.to_owned(),
                source: error,
            })?;
            if split(engine, &script).is_empty() {
                return Err(Error::NoSuchSource(source.to_owned()));
            }
            scratch::of_files(engine, db, &[script]).await?
        }
        _ => return Err(Error::NoSuchSource(source.to_owned())),
    };
    Ok(schema.without(BOOKKEEPING))
}
