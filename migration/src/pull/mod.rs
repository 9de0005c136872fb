//! A database as entities: one file a table, in the format of `SeaORM` 2, and beside them
//! `extra.sql` with what an entity cannot say.
//!
//! The two together mean the database's whole schema: [`read`] makes scripts of them again, without
//! compiling anything, and `diff --from DIRECTORY` compares what these make with a database. A second
//! pull changes what the database has otherwise, and nothing else in the files.
//!
//! `sea-schema` and `sea-orm-codegen` were looked at and left: the first sees no index, trigger, view
//! or function of `PostgreSQL`, the second writes whole files and has no defaults. The catalogue is
//! read as everywhere here.

mod entity;
mod extra;
mod kind;
mod live;
mod merge;
mod name;
mod postgres;
mod read;
mod sqlite;
mod write;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde::Serialize;

use crate::engine::Engine;
use crate::error::Error;
use crate::schema::{BOOKKEEPING, LiveSchema, scratch};
use entity::{Entity, EnumType, Field, Names};
use extra::{EXTRA, Extra};
use merge::Merge;
use write::World;

/// The file of the enum types.
const ENUMS: &str = "enums.rs";

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Files that were not there before.
    pub(crate) written: Vec<String>,
    /// Files that were changed.
    pub(crate) changed: Vec<String>,
    /// Files that nothing was to be done to.
    pub(crate) unchanged: usize,
    /// Entities of tables that are there no more: they are off the list, and their files stay.
    pub(crate) gone: Vec<String>,
    /// What no entity says and `extra.sql` does: a line for each statement.
    pub(crate) extra: Vec<String>,
    /// What is to be known of it.
    pub(crate) notes: Vec<String>,
}

/// How a column counts up.
fn counting(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => sqlite::COUNTING,
        Engine::Postgres => postgres::COUNTING,
    }
}

/// The default as `DEFAULT` takes it.
fn default(engine: Engine, text: &str) -> Cow<'_, str> {
    match engine {
        Engine::Sqlite => sqlite::default(text),
        Engine::Postgres => text.into(),
    }
}

/// What a directory says.
#[derive(Debug, Default)]
struct Reading {
    /// The files by module, with their text.
    files: BTreeMap<String, (String, read::File)>,
    /// The enum types by their Rust names.
    enums: BTreeMap<String, String>,
    /// Types of one field, and what is in them.
    wrapped: BTreeMap<String, String>,
    /// Modules whose tables are gone.
    gone: BTreeSet<String>,
    /// `extra.sql`.
    extra: Option<Extra>,
}

impl Reading {
    /// Read a directory; one that is not there says nothing.
    fn of(directory: &Path) -> Result<Self, Error> {
        let mut reading = Self::default();
        let list = directory.join("mod.rs");
        if !list.exists() {
            return Ok(reading);
        }
        let text = load(&list)?;
        for (module, _) in read::modules(&list.display().to_string(), &text)? {
            let path = directory.join(format!("{module}.rs"));
            let text = load(&path)?;
            let file = read::file(&path.display().to_string(), &text)?;
            for (kind, ..) in &file.enums {
                reading.enums.insert(kind.rust.clone(), kind.name.clone());
            }
            reading.wrapped.extend(file.wrapped.clone());
            reading.files.insert(module, (text, file));
        }
        let path = directory.join(EXTRA);
        if path.exists() {
            reading.extra = Some(Extra::read(&load(&path)?)?);
        }
        Ok(reading)
    }

    /// What the engine calls the column's type.
    fn sql(&self, column: &Field, engine: Engine) -> Result<String, Error> {
        let mut kind = column.kind.clone();
        if let (None, Some(inside)) = (&kind.said, self.wrapped.get(&kind.rust)) {
            kind.rust.clone_from(inside);
        }
        kind.sql(engine, &self.enums)
    }

    /// The entities, with the names of tables and columns where the files have those of modules and
    /// fields.
    fn entities(&self) -> BTreeMap<String, Entity> {
        let table = |module: &str| {
            let (_, file) = self.files.get(module)?;
            file.entity.as_ref().map(|entity| entity.table.clone())
        };
        let column = |module: &str, field: &str| {
            let found = self.files.get(module).and_then(|(_, file)| {
                let at = file.columns.iter().position(|place| place.name == field)?;
                Some(file.entity.as_ref()?.columns[at].column.clone())
            });
            found.unwrap_or_else(|| field.to_owned())
        };
        let mut entities = BTreeMap::new();
        for (module, (_, file)) in &self.files {
            let Some(mut entity) = file.entity.clone() else {
                continue;
            };
            for field in &mut entity.columns {
                if let (None, Some(inside)) = (&field.kind.said, self.wrapped.get(&field.kind.rust))
                {
                    field.kind.rust.clone_from(inside);
                }
            }
            for key in &mut entity.keys {
                let other = if key.table.is_empty() {
                    module.clone()
                } else {
                    key.table.clone()
                };
                key.table = table(&other).unwrap_or(other.clone());
                key.columns = key.columns.iter().map(|one| column(module, one)).collect();
                key.others = key.others.iter().map(|one| column(&other, one)).collect();
            }
            entities.insert(module.clone(), entity);
        }
        entities
    }

    fn enum_types(&self) -> Vec<EnumType> {
        let files = self.files.values();
        let all = files.flat_map(|(_, file)| file.enums.iter().map(|(kind, ..)| kind.clone()));
        all.collect()
    }
}

fn load(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::File {
        path: path.display().to_string(),
        source,
    })
}

/// The scripts that make what the directory says, which must be one that [`pull`] wrote.
pub(crate) fn read(directory: &Path, engine: Engine) -> Result<Vec<String>, Error> {
    if !directory.join("mod.rs").is_file() {
        return Err(Error::NoSuchSource(directory.display().to_string()));
    }
    let reading = Reading::of(directory)?;
    if let Some(extra) = &reading.extra
        && extra.engine != engine
    {
        return Err(Error::TwoEngines);
    }
    let extra = reading
        .extra
        .clone()
        .unwrap_or_else(|| Extra::empty(engine));
    let entities: Vec<Entity> = reading.entities().into_values().collect();
    scripts(&entities, &reading.enum_types(), &extra)
}

/// Types, what comes before the tables, the tables, their keys, and what comes after.
fn scripts(entities: &[Entity], enums: &[EnumType], extra: &Extra) -> Result<Vec<String>, Error> {
    let engine = extra.engine;
    let mut scripts = Vec::new();
    if engine == Engine::Postgres {
        scripts.extend(enums.iter().map(EnumType::ddl));
    }
    scripts.push(extra.before.clone());
    let names = enums.iter().map(|one| (one.rust.clone(), one.name.clone()));
    let names: BTreeMap<String, String> = names.collect();
    let mut later = Vec::new();
    for entity in entities {
        let (create, keys) = entity.ddl(engine, &names, extra.names)?;
        scripts.push(create);
        later.extend(keys);
    }
    scripts.extend(later);
    scripts.push(extra.after.clone());
    scripts.retain(|script| !script.trim().is_empty());
    Ok(scripts)
}

/// Write the schema of the database behind `db` into `directory`.
pub(crate) async fn pull(db: &DatabaseConnection, directory: &Path) -> Result<Report, Error> {
    let engine = Engine::of(db)?;
    let live = LiveSchema::read(db).await?.without(BOOKKEEPING);
    if live.tables.is_empty() {
        // An address that was mistyped is no reason to take every entity off the list.
        return Err(Error::Option(
            "the database has no tables, so there is nothing to pull and nothing was written: name \
             another one, or run `migrate up` first"
                .to_owned(),
        ));
    }
    let mut reading = Reading::of(directory)?;
    let mut report = Report::default();
    let names = live::names(&live);
    let enums = live::enums(&live, &reading.enum_types());
    let enum_names: BTreeMap<String, String> = enums
        .iter()
        .map(|one| (one.name.clone(), one.rust.clone()))
        .collect();
    let entities = live::entities(&live, &enum_names, &mut report.notes);
    let before = reading.entities();
    let world = world(&entities, &before, &reading);
    let wanted: BTreeSet<&String> = world.modules.values().collect();
    reading.gone = before
        .keys()
        .filter(|module| !wanted.contains(module))
        .cloned()
        .collect();
    reading
        .enums
        .extend(enums.iter().map(|one| (one.rust.clone(), one.name.clone())));
    // Nothing is written before everything is known.
    let mut files = texts(&entities, &before, &world, &reading, engine)?;
    if engine == Engine::Postgres && !enums.is_empty() {
        files.insert(ENUMS.to_owned(), live::enum_file(&reading, &enums));
        for entity in &entities {
            let module = &world.modules[&entity.table];
            live::import(
                &mut files,
                &format!("{module}.rs"),
                entity,
                &enums,
                &reading,
            );
        }
    }
    files.insert(
        "mod.rs".to_owned(),
        live::list(directory, &world, &enums, &reading)?,
    );
    let mut extra = extra_of(db, &live, &entities, &enums, names).await?;
    if let Some(known) = &reading.extra {
        extra.keep(known);
    }
    report.extra = extra.lines();
    files.insert(EXTRA.to_owned(), extra.text());
    put(directory, &files, &mut report)?;
    report.gone = reading.gone.iter().cloned().collect();
    Ok(report)
}

/// The file of each entity: a new one, or what somebody made of it with what changed since.
fn texts(
    entities: &[Entity],
    before: &BTreeMap<String, Entity>,
    world: &World,
    reading: &Reading,
    engine: Engine,
) -> Result<BTreeMap<String, String>, Error> {
    let mut files = BTreeMap::new();
    for entity in entities {
        let module = &world.modules[&entity.table];
        let children = live::children(entities, &entity.table);
        let text = match (reading.files.get(module), before.get(module)) {
            (Some((text, file)), Some(old)) => {
                let newly = |child: &&String| {
                    let known = before.get(&world.modules[*child]);
                    known.is_none_or(|known| known.keys.iter().all(|key| key.table != entity.table))
                };
                let children: Vec<String> = children.iter().filter(newly).cloned().collect();
                let merge = Merge::of(text, file, world, reading, engine);
                merge.merged(old, entity, &children)?
            }
            _ => write::file(entity, world, &children),
        };
        files.insert(format!("{module}.rs"), text);
    }
    Ok(files)
}

/// What the entities do not say: they are made, read, and compared with what is there.
async fn extra_of(
    db: &DatabaseConnection,
    live: &LiveSchema,
    entities: &[Entity],
    enums: &[EnumType],
    names: Names,
) -> Result<Extra, Error> {
    let mut extra = Extra::before(live, entities, names);
    let made = scratch::made(live.engine, db, &scripts(entities, enums, &extra)?).await?;
    if live.engine == Engine::Sqlite && extra.add_tables(live, &made) {
        let made = scratch::made(live.engine, db, &scripts(entities, enums, &extra)?).await?;
        extra.finish(&made, live);
    } else {
        extra.finish(&made, live);
    }
    Ok(extra)
}

/// The modules and fields: those that are there keep their names.
fn world(entities: &[Entity], before: &BTreeMap<String, Entity>, reading: &Reading) -> World {
    let mut modules = BTreeMap::new();
    let mut fields = BTreeMap::new();
    let mut taken: Vec<String> = reading.files.keys().cloned().collect();
    taken.push("mod".to_owned());
    taken.push("enums".to_owned());
    for entity in entities {
        let known = before.iter().find(|(_, old)| old.table == entity.table);
        let module = match known {
            Some((module, _)) => module.clone(),
            None => name::free(&name::snake(&entity.table), &mut taken),
        };
        let mut own = write::fields(&entity.columns);
        if let Some((module, old)) = known
            && let Some((_, file)) = reading.files.get(module)
        {
            for (column, place) in old.columns.iter().zip(&file.columns) {
                own.insert(column.column.clone(), place.name.clone());
            }
        }
        for (column, field) in own {
            fields.insert((entity.table.clone(), column), field);
        }
        modules.insert(entity.table.clone(), module);
    }
    World { modules, fields }
}

fn put(
    directory: &Path,
    files: &BTreeMap<String, String>,
    report: &mut Report,
) -> Result<(), Error> {
    let failed = |path: &Path, source| Error::File {
        path: path.display().to_string(),
        source,
    };
    std::fs::create_dir_all(directory).map_err(|source| failed(directory, source))?;
    for (name, text) in files {
        let path = directory.join(name);
        let known = std::fs::read_to_string(&path).ok();
        match known {
            Some(known) if known == *text => {
                report.unchanged += 1;
                continue;
            }
            Some(_) => report.changed.push(name.clone()),
            None => report.written.push(name.clone()),
        }
        std::fs::write(&path, text).map_err(|source| failed(&path, source))?;
    }
    Ok(())
}
