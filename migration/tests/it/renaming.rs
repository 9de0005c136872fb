//! What an entity calls otherwise than before is renamed, with its rows, and what nobody says is
//! asked: by `generate` and by `diff` alike.

use entity::declare::{Declaration, Index};
use entity::registry::{Resource, resource, resources};
use migration::Error;
use migration::compare::compare;
use migration::engine::Engine;
use migration::generate::{Said, Written, written};
use migration::schema::{BOOKKEEPING, LiveSchema, Object, Renames, difference, scratch};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Iterable, Schema};
use sea_orm_migration::sea_query::ColumnDef;

use crate::binary::{migrate, words};
use crate::database::{self, Scratch, connect_once, one};

/// Saved views, called otherwise, and so is one of their columns.
mod view {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "views")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) user_id: Uuid,
        #[sea_orm(column_type = "String(StringLen::N(255))", renamed_from = "name")]
        pub(super) title: String,
        #[sea_orm(default_value = false)]
        pub(super) shared: bool,
        #[sea_orm(column_type = "String(StringLen::N(255))")]
        pub(super) resource: String,
        #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
        pub(super) filter: Json,
        #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
        pub(super) columns: Json,
        #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
        pub(super) order: Json,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub(super) chart: Option<Json>,
        #[sea_orm(default_value = 1)]
        pub(super) version: i64,
        pub(super) created_at: DateTimeUtc,
        pub(super) updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

const BY_ATTRIBUTE: Declaration = Declaration {
    renamed_from: Some("saved_views"),
    ..BY_NOBODY
};

const BY_NOBODY: Declaration = Declaration {
    indexes: &[
        Index::on(&["user_id", "resource"]),
        // An index with a name of its own keeps it.
        Index::on(&["resource", "id"])
            .filter("shared")
            .named("saved_views_shared_idx"),
    ],
    ..Declaration::PLAIN
};

fn by_attribute(backend: DbBackend) -> Vec<ColumnDef> {
    let schema = Schema::new(backend);
    let columns = <view::Entity as EntityTrait>::Column::iter();
    columns
        .map(|column| schema.get_column_def::<view::Entity>(column))
        .collect()
}

/// The same without a word on what it was called.
fn by_nobody(backend: DbBackend) -> Vec<ColumnDef> {
    let mut defs = by_attribute(backend);
    for def in defs
        .iter_mut()
        .filter(|def| def.get_column_name() == "title")
    {
        let mut title = ColumnDef::new("title");
        title.string_len(255).not_null();
        *def = title;
    }
    defs
}

/// Every entity, with saved views as `table`, which `declaration` and `column_defs` tell of.
fn wanted(
    table: &'static str,
    declaration: &'static Declaration,
    column_defs: fn(DbBackend) -> Vec<ColumnDef>,
) -> Vec<Resource> {
    let all = resources().iter();
    all.map(|one| {
        let is_it = one.table == "saved_views";
        let mut columns = one.columns.clone();
        for column in columns.iter_mut().filter(|one| is_it && one.name == "name") {
            column.name = "title";
        }
        Resource {
            domain: one.domain,
            name: one.name,
            table: if is_it { table } else { one.table },
            key: one.key,
            rule: one.rule,
            writes: one.writes,
            keep: one.keep,
            columns,
            relations: one.relations.clone(),
            declaration: if is_it { declaration } else { one.declaration },
            column_defs: if is_it { column_defs } else { one.column_defs },
        }
    })
    .collect()
}

fn file<'w>(written: &'w Written, way: &str, engine: Engine) -> &'w str {
    let name = match engine {
        Engine::Sqlite => format!("{way}.sqlite.sql"),
        Engine::Postgres => format!("{way}.postgres.sql"),
    };
    let found = written.files.iter().find(|(one, _)| *one == name);
    found.map(|(_, script)| script.as_str()).expect("a file")
}

/// In what the database behind `scratch` differs from `expected`, but for the order of columns.
async fn differing(scratch: &Scratch, expected: LiveSchema) -> Vec<String> {
    let live = LiveSchema::read(&scratch.db).await.expect("a catalogue");
    let all = difference(&expected.without(BOOKKEEPING), &live.without(BOOKKEEPING)).into_iter();
    let all = all.filter(|one| !matches!(one.object, Object::Order(_)));
    all.map(|one| one.to_string()).collect()
}

/// A database with one saved view, called `three`.
async fn filled(engine: Engine) -> Scratch {
    let scratch = Scratch::new(engine).await;
    migration::up(&scratch.db).await.expect("up");
    let uuid = |last: u8| match engine {
        Engine::Sqlite => format!("x'000000000000000000000000000000{last:02x}'"),
        Engine::Postgres => format!("'00000000-0000-0000-0000-0000000000{last:02x}'"),
    };
    let time = "'2026-01-01 00:00:00+00:00'";
    let rows = format!(
        "INSERT INTO users (id, role, status, version, created_at, updated_at)
           VALUES ({0}, 'user', 'active', 1, {time}, {time});
         INSERT INTO saved_views (id, user_id, shared, name, resource, filter, columns, \"order\",
           version, created_at, updated_at)
           VALUES ({1}, {0}, false, 'three', 'runs', '{{}}', '[]', '[]', 1, {time}, {time})",
        uuid(1),
        uuid(2),
    );
    scratch.db.execute_unprepared(&rows).await.expect("rows");
    scratch
}

#[tokio::test]
async fn what_an_entity_says_was_renamed_keeps_its_rows() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let postgres = Scratch::new(Engine::Postgres).await;
    let wanted = wanted("views", &BY_ATTRIBUTE, by_attribute);
    let step = written(&postgres.db, &wanted, &Said::default()).await;
    let step = step.expect("a step").expect("a change");
    assert_eq!(step.losses, Vec::<String>::new());
    // Nothing is made again, so nothing waits for a second step.
    assert_eq!(step.online, []);
    for engine in database::engines() {
        let scratch = filled(engine).await;
        // As a run has it.
        let db = migration::connect(&scratch.url).await.expect("a way");
        for (way, ask) in [
            ("up", "SELECT title FROM views"),
            ("down", "SELECT name FROM saved_views"),
            ("up", "SELECT title FROM views"),
        ] {
            let script = file(&step, way, engine);
            assert!(!script.contains("irreversible"), "{script}");
            let done = db.execute_unprepared(script).await;
            done.unwrap_or_else(|error| panic!("{error}\n{script}"));
            assert_eq!(one(&db, ask).await, "three", "{script}");
        }
        let made = scratch::of_entities(engine, &db, &wanted).await;
        let left = differing(&scratch, made.expect("a schema")).await;
        assert_eq!(left, Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_way_that_diff_tells_keeps_them_too() {
    for engine in database::engines() {
        let scratch = filled(engine).await;
        let db = connect_once(&scratch.url).await;
        let wanted = wanted("views", &BY_ATTRIBUTE, by_attribute);
        let found = compare(&db, "database", "entities", &wanted, &Said::default()).await;
        let found = found.expect("a comparison");
        assert!(
            found.up.iter().all(|one| one.loses.is_none()),
            "{:?}",
            found.up
        );
        let back = compare(&db, "entities", "database", &wanted, &Said::default()).await;
        assert_eq!(back.expect("a comparison").down, found.up);
        for (statements, ask) in [
            (&found.up, "SELECT title FROM views"),
            (&found.down, "SELECT name FROM saved_views"),
        ] {
            if engine == Engine::Sqlite {
                let set = "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON";
                db.execute_unprepared(set).await.expect("pragmas");
            }
            for statement in statements {
                let done = db.execute_unprepared(&statement.sql).await;
                done.unwrap_or_else(|error| panic!("{error}\n{}", statement.sql));
            }
            assert_eq!(one(&db, ask).await, "three");
        }
        let again = compare(&db, "database", "steps", &wanted, &Said::default()).await;
        let again = again.expect("a comparison").differences;
        assert!(again.is_empty(), "{again:?}");
    }
}

#[tokio::test]
async fn what_nobody_said_is_asked_by_both() {
    let table = wanted("views", &BY_NOBODY, by_nobody);
    let saved = resource("saved_views").expect("an entity");
    let column = wanted("saved_views", saved.declaration, by_nobody);
    let ask = |error: Error| match error {
        Error::Ambiguous { old, new } => format!("{old}: {}", new.join(", ")),
        other => panic!("{other}"),
    };
    let key = |table: &str, column: &str| (table.to_owned(), column.to_owned());
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        for (wanted, asked) in [
            (&table, "saved_views: views"),
            (&column, "saved_views.name: title"),
        ] {
            let nothing = Said::default();
            let found = compare(&scratch.db, "steps", "entities", wanted, &nothing).await;
            assert_eq!(ask(found.expect_err("a question")), asked);
            if engine == Engine::Postgres {
                let found = written(&scratch.db, wanted, &nothing).await;
                assert_eq!(ask(found.expect_err("a question")), asked);
            }
        }
        // The table is not the end of it.
        let renamed = Said {
            renames: Renames {
                tables: [("saved_views".to_owned(), "views".to_owned())].into(),
                ..Renames::default()
            },
            ..Said::default()
        };
        let found = compare(&scratch.db, "steps", "entities", &table, &renamed).await;
        assert_eq!(ask(found.expect_err("a question")), "views.name: title");
        let mut told = renamed.clone();
        let title = "title".to_owned();
        told.renames.columns = [(key("views", "name"), title.clone())].into();
        let mut dropped = renamed.clone();
        dropped.drops = [key("views", "name")].into();
        dropped.fills = [(key("views", "title"), "'x'".to_owned())].into();
        let gone = Said {
            gone: ["saved_views".to_owned()].into(),
            ..Said::default()
        };
        for (said, loses) in [(&told, false), (&dropped, true), (&gone, true)] {
            let found = compare(&scratch.db, "steps", "entities", &table, said).await;
            let found = found.expect("a comparison");
            assert_eq!(found.up.iter().any(|one| one.loses.is_some()), loses);
            if engine == Engine::Postgres {
                let found = written(&scratch.db, &table, said).await;
                let found = found.expect("a step").expect("a change");
                assert_eq!(!found.losses.is_empty(), loses, "{:?}", found.losses);
            }
        }
    }
}

#[tokio::test]
async fn the_command_asks_takes_the_answer_and_refuses_what_names_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str, sql: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, sql).expect("a file");
        path.display().to_string()
    };
    let old = path(
        "a.sql",
        "CREATE TABLE a (id integer, name text, b integer, c text)",
    );
    let new = path("b.sql", "CREATE TABLE a (id integer, title text, c text)");
    let table = path(
        "c.sql",
        "CREATE TABLE z (id integer, name text, b integer, c text)",
    );
    let base = ["diff", "--from", old.as_str(), "--to"];
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        for (to, more, code, said) in [
            (&new, &[][..], 1, "--rename a.name:title"),
            (
                &new,
                &["--rename", "a.nope:title"],
                1,
                "no column nope of a becomes one",
            ),
            (
                &new,
                &["--rename", "a.name:title"],
                2,
                "RENAME COLUMN name TO title",
            ),
            (&new, &["--drop", "a.name"], 2, "DROP COLUMN name"),
            (
                &new,
                &["--drop", "a.id"],
                1,
                "--drop a.id (no such column goes)",
            ),
            (&table, &[], 1, "--rename a:z"),
            (&table, &["--rename", "a:z"], 2, "ALTER TABLE a RENAME TO z"),
            (&table, &["--rename", "b:z"], 1, "no table b becomes one"),
            (&table, &["--drop", "a"], 2, "-- loses a and all its rows"),
            (&table, &["--drop", "a."], 64, "say --drop"),
        ] {
            let told = migrate(&scratch, &[&base[..], &[to.as_str()], more].concat());
            let all = String::from_utf8_lossy(&told.stdout).into_owned() + &words(&told);
            assert_eq!(told.status.code(), Some(code), "{more:?}: {all}");
            assert!(all.contains(said), "{more:?}: {all}");
        }
    }
}
