//! A running database that Prisma keeps: that of the opportunity pipeline, or that of the agent
//! platform, on `PostgreSQL` or `SQLite`. It is read in one transaction and never written.

mod convert;
mod postgres;
mod shape;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use sea_orm_migration::sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    IsolationLevel, Statement, TransactionOptions, TransactionTrait,
};
use serde_json::json;

use self::shape::{AGENTS, PIPELINE, Shape};
use super::draft::{Draft, Item, Reject};
use super::load::Source;
use super::{Options, Report, Stage, inputs, table};
use crate::address;
use crate::engine::Engine;
use crate::error::Error;
use crate::rows::check_seen;

/// A row over there: its columns as text.
type Cells = BTreeMap<&'static str, Option<String>>;

/// Import the database at `url`.
pub async fn import(
    db: &DatabaseConnection,
    url: &str,
    options: &Options<'_>,
) -> Result<Report, Error> {
    if let Some(file) = file_of(url) {
        inputs::spared(options, &[PathBuf::from(file)])?;
    }
    let there = connect(url).await?;
    let begun = TransactionOptions {
        isolation_level: match Engine::of(&there)? {
            Engine::Postgres => Some(IsolationLevel::RepeatableRead),
            Engine::Sqlite => None,
        },
        access_mode: match Engine::of(&there)? {
            Engine::Postgres => Some(AccessMode::ReadOnly),
            Engine::Sqlite => None,
        },
        ..TransactionOptions::default()
    };
    let tx = there.begin_with_options(begun).await?;
    let mut tables = Tables::look(tx).await?;
    let report = super::run(db, &mut tables, options).await?;
    tables.db.rollback().await?;
    Ok(report)
}

/// The file that an address names, if it is one of `SQLite`.
fn file_of(url: &str) -> Option<&str> {
    let front = url.split_once('?').map_or(url, |(front, _)| front);
    front.strip_prefix("file:").or_else(|| {
        let rest = front.strip_prefix("sqlite:")?;
        Some(rest.trim_start_matches("//"))
    })
}

/// Connect as Prisma would: `file:` is `SQLite`, and what only Prisma reads of an address is left out.
async fn connect(url: &str) -> Result<DatabaseConnection, Error> {
    let file = file_of(url);
    if file.is_none_or(str::is_empty)
        && !url.starts_with("postgres://")
        && !url.starts_with("postgresql://")
    {
        let said = match url.split_once(':') {
            None | Some(("file" | "sqlite", _)) => "--url names no database".to_owned(),
            // Not the rest: where its password stands is not known.
            Some((scheme, _)) => format!("no database is read by {scheme}:"),
        };
        return Err(Error::Option(format!(
            "{said}: say where Prisma keeps it, postgres://… or file:… for SQLite"
        )));
    }
    let (front, query) = url.split_once('?').unwrap_or((url, ""));
    let known = [
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "host",
        "port",
        "options",
    ];
    let pairs: Vec<(&str, &str)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let mut options = if let Some(file) = file {
        ConnectOptions::new(format!("sqlite://{file}?mode=ro"))
    } else {
        let kept: Vec<String> = pairs
            .iter()
            .filter(|(name, _)| known.contains(name))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        ConnectOptions::new(format!("{front}?{}", kept.join("&")))
    };
    if let Some((_, schema)) = pairs.iter().find(|(name, _)| *name == "schema")
        && file.is_none()
    {
        options.set_schema_search_path(crate::schema::quoted(schema));
    }
    options.max_connections(1).sqlx_logging(false);
    address::open(options).await
}

/// What is read.
struct Tables {
    db: DatabaseTransaction,
    engine: Engine,
    shapes: Vec<&'static Shape>,
    left_out: Vec<String>,
    /// The table that is open, and the id that the next page begins behind.
    open: Option<(&'static Shape, Option<String>)>,
    /// The type of the ids of the table that is open.
    id: String,
    number: u64,
}

impl Tables {
    async fn look(db: DatabaseTransaction) -> Result<Self, Error> {
        let engine = Engine::of(&db)?;
        let all = match engine {
            Engine::Postgres => {
                db.execute_unprepared(postgres::UTC).await?;
                postgres::TABLES
            }
            Engine::Sqlite => sqlite::TABLES,
        };
        let all: BTreeSet<String> =
            names(&db, Statement::from_string(engine.backend(), all)).await?;
        let has = |shape: &&'static Shape| all.contains(shape.name);
        let mut shapes: Vec<&'static Shape> = Vec::new();
        for known in [&PIPELINE[..], &AGENTS[..]] {
            let found: Vec<&'static Shape> = known.iter().filter(has).collect();
            // A `users` table alone may be anybody's.
            if found.len() > 1 {
                shapes.extend(found);
            }
        }
        if all.contains("chancery_migrations") {
            return Err(Error::Import(
                "this database is Chancery's own, and none that Prisma keeps: name the other one \
                 with --url"
                    .to_owned(),
            ));
        }
        if shapes.is_empty() {
            return Err(Error::Import(
                "this is neither the database of the opportunity pipeline (User, Run, OpportunityCard, \
                 InspirationReport, StageOutput) nor that of the agent platform (users, \
                 agent_templates_v2, user_agents, configuration_settings)"
                    .to_owned(),
            ));
        }
        check_seen(&db, |name| shapes.iter().any(|shape| shape.name == name)).await?;
        let mut left_out = Vec::new();
        for name in &all {
            let known = shapes.iter().any(|shape| shape.name == name);
            if !known && name != "_prisma_migrations" && !name.starts_with("sqlite_") {
                left_out.push(format!("{name}: it has no table here"));
            }
        }
        for shape in &shapes {
            let sql = match engine {
                Engine::Postgres => postgres::COLUMNS,
                Engine::Sqlite => sqlite::COLUMNS,
            };
            let asked = Statement::from_sql_and_values(engine.backend(), sql, [shape.name.into()]);
            let mut columns = names(&db, asked).await?;
            for column in shape.columns {
                if !columns.remove(column.name) {
                    return Err(Error::Import(format!(
                        "{} has no column {}: this is another version of it than is known",
                        shape.name, column.name
                    )));
                }
            }
            left_out.extend(
                columns
                    .iter()
                    .map(|column| format!("{}.{column}: it has no column here", shape.name)),
            );
        }
        Ok(Self {
            db,
            engine,
            shapes,
            left_out,
            open: None,
            id: String::new(),
            number: 0,
        })
    }
}

async fn names(db: &DatabaseTransaction, asked: Statement) -> Result<BTreeSet<String>, Error> {
    let rows = db.query_all_raw(asked).await?;
    let names = rows.iter().map(|row| row.try_get::<String>("", "name"));
    Ok(names.collect::<Result<_, _>>()?)
}

impl Source for Tables {
    type Body = Cells;

    fn collections(&self) -> Vec<&'static str> {
        self.shapes.iter().map(|shape| shape.name).collect()
    }

    fn left_out(&self) -> Vec<String> {
        self.left_out.clone()
    }

    async fn survey(&mut self, options: &Options<'_>) -> Result<u64, Error> {
        let mut all = 0;
        for shape in &self.shapes {
            if options.stop.is_cancelled() {
                break;
            }
            (options.told)(Stage::Survey(shape.name, 0));
            let rows = table::count(&self.db, shape.name).await?;
            let rows = u64::try_from(rows).unwrap_or_default();
            (options.told)(Stage::Survey(shape.name, rows));
            all += rows;
        }
        Ok(all)
    }

    async fn open(&mut self, collection: &'static str) -> Result<(), Error> {
        let shape = self.shapes.iter().find(|shape| shape.name == collection);
        self.open = shape.map(|shape| (*shape, None));
        let sql = match self.engine {
            Engine::Postgres => postgres::ID,
            Engine::Sqlite => sqlite::ID,
        };
        let asked = Statement::from_sql_and_values(self.engine.backend(), sql, [collection.into()]);
        let found = names(&self.db, asked).await?;
        self.id = found.into_iter().next().unwrap_or_default();
        self.number = 0;
        Ok(())
    }

    async fn portion(&mut self, most: usize) -> Result<Vec<Item<Cells>>, Error> {
        let Some((shape, after)) = &self.open else {
            return Ok(Vec::new());
        };
        let shape = *shape;
        let sql = match self.engine {
            Engine::Postgres => postgres::page(shape, &self.id, after.is_none(), most),
            Engine::Sqlite => sqlite::page(shape, &self.id, after.is_none(), most),
        };
        let after = after.iter().map(|after| after.as_str().into());
        let asked = Statement::from_sql_and_values(self.engine.backend(), sql, after);
        let rows = self.db.query_all_raw(asked).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let mut cells = Cells::new();
            for column in shape.columns {
                cells.insert(column.name, row.try_get("", column.name)?);
            }
            self.number += 1;
            items.push(Item {
                id: cells.get("id").cloned().flatten(),
                position: json!({"table": shape.name, "row": self.number}),
                body: Ok(cells),
            });
        }
        if let Some(last) = items.last().and_then(|item| item.id.clone()) {
            self.open = Some((shape, Some(last)));
        } else {
            self.open = None;
        }
        Ok(items)
    }

    fn draft(&self, collection: &'static str, id: &str, body: &Cells) -> Result<Draft, Reject> {
        let shape = self.shapes.iter().find(|shape| shape.name == collection);
        match shape {
            Some(shape) => convert::draft(shape, id, body),
            None => Err(Reject::new("unknown_table", collection, "it is not known")),
        }
    }
}
