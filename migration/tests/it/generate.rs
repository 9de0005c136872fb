//! An entity changes, and the step for it is written: with the rows kept on the way up and on the
//! way back.

use std::path::Path;
use std::process::Command;

use entity::registry::{Resource, resource, resources};
use migration::engine::Engine;
use migration::generate::{Put, Said, Written, put, written};
use migration::schema::{BOOKKEEPING, LiveSchema, Object, Renames, difference, scratch};
use migration::{Error, up};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use sea_orm_migration::sea_query::ColumnDef;

use crate::database::{self, Scratch, one};
use crate::writing::listed;

/// The columns of saved views, with `note` in place of `name` and one more that takes no null.
fn changed(backend: DbBackend) -> Vec<ColumnDef> {
    let mut defs = (resource("saved_views").expect("an entity").column_defs)(backend);
    for def in &mut defs {
        if def.get_column_name() == "name" {
            let mut note = ColumnDef::new("note");
            note.string_len(255).not_null();
            *def = note;
        }
    }
    let mut stars = ColumnDef::new("stars");
    stars.integer().not_null();
    defs.push(stars);
    let mut pinned = ColumnDef::new("pinned");
    pinned.boolean().not_null().default(false);
    defs.push(pinned);
    defs
}

/// Every entity, with that change.
fn wanted() -> Vec<Resource> {
    let all = resources().iter();
    all.map(|one| {
        let is_it = one.table == "saved_views";
        let mut columns = one.columns.clone();
        for column in columns.iter_mut().filter(|one| is_it && one.name == "name") {
            column.name = "note";
        }
        Resource {
            domain: one.domain,
            name: one.name,
            table: one.table,
            key: one.key,
            rule: one.rule,
            writes: one.writes,
            keep: one.keep,
            columns,
            relations: one.relations.clone(),
            declaration: one.declaration,
            column_defs: if is_it { changed } else { one.column_defs },
        }
    })
    .collect()
}

fn said() -> Said {
    let key = |column: &str| ("saved_views".to_owned(), column.to_owned());
    Said {
        renames: Renames {
            columns: [(key("name"), "note".to_owned())].into(),
            ..Renames::default()
        },
        fills: [(key("stars"), "length(note)".to_owned())].into(),
        ..Said::default()
    }
}

fn file<'w>(written: &'w Written, name: &str) -> &'w str {
    let found = written.files.iter().find(|(one, _)| *one == name);
    found.map(|(_, script)| script.as_str()).expect("a file")
}

async fn schema(db: &DatabaseConnection) -> LiveSchema {
    LiveSchema::read(db)
        .await
        .expect("a readable catalogue")
        .without(BOOKKEEPING)
}

/// In what they differ, but for the order of columns.
fn differing(expected: &LiveSchema, actual: &LiveSchema) -> Vec<String> {
    let all = difference(expected, actual).into_iter();
    let all = all.filter(|one| !matches!(one.object, Object::Order(_)));
    all.map(|one| one.to_string()).collect()
}

#[tokio::test]
async fn a_step_keeps_the_rows_up_and_down_on_both_engines() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let postgres = Scratch::new(Engine::Postgres).await;
    let wanted = wanted();
    let step = written(&postgres.db, &wanted, &said())
        .await
        .expect("a step")
        .expect("a change");
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let db = database::connect_once(&scratch.url).await;
        let uuid = |last: u8| match engine {
            Engine::Sqlite => format!("x'000000000000000000000000000000{last:02x}'"),
            Engine::Postgres => format!("'00000000-0000-0000-0000-0000000000{last:02x}'"),
        };
        db.execute_unprepared(&format!(
            "INSERT INTO users (id, role, status, version, created_at, updated_at) VALUES
               ({0}, 'user', 'active', 1, '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00');
             INSERT INTO saved_views (id, user_id, shared, name, resource, filter, columns, \"order\",
               version, created_at, updated_at) VALUES
               ({1}, {0}, false, 'three', 'runs', '{{}}', '[]', '[]', 1,
                '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00')",
            uuid(1),
            uuid(2),
        ))
        .await
        .expect("rows");
        let before = schema(&db).await;
        let (go, back) = match engine {
            Engine::Sqlite => (file(&step, "up.sqlite.sql"), file(&step, "down.sqlite.sql")),
            Engine::Postgres => (
                file(&step, "up.postgres.sql"),
                file(&step, "down.postgres.sql"),
            ),
        };
        let online = |name: &str| {
            let all = step.online.iter().find(|(one, _)| *one == name);
            let all = all.map(|(_, script)| script.split(";\n"));
            let all = all
                .into_iter()
                .flatten()
                .map(str::trim)
                .filter(|one| !one.is_empty());
            all.map(str::to_owned).collect::<Vec<String>>()
        };
        if engine == Engine::Sqlite {
            let keys = "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON";
            db.execute_unprepared(keys).await.expect("pragmas");
        }
        db.execute_unprepared(go)
            .await
            .unwrap_or_else(|error| panic!("{error}\n{go}"));
        if engine == Engine::Postgres {
            let filling = "-- backfill saved_views_stars key=id\nUPDATE";
            assert!(online("up.postgres.sql")[0].starts_with(filling));
            for statement in online("up.postgres.sql") {
                let done = db.execute_unprepared(&statement).await;
                done.unwrap_or_else(|error| panic!("{error}\n{statement}"));
            }
        }
        let made = scratch::of_entities(engine, &db, &wanted)
            .await
            .expect("a schema");
        assert_eq!(
            differing(&made.without(BOOKKEEPING), &schema(&db).await),
            Vec::<String>::new()
        );
        assert_eq!(one(&db, "SELECT note FROM saved_views").await, "three");
        assert_eq!(
            one(&db, "SELECT CAST(stars AS text) FROM saved_views").await,
            "5"
        );

        if engine == Engine::Postgres {
            for statement in online("down.postgres.sql") {
                let done = db.execute_unprepared(&statement).await;
                done.unwrap_or_else(|error| panic!("{error}\n{statement}"));
            }
        }
        db.execute_unprepared(back)
            .await
            .unwrap_or_else(|error| panic!("{error}\n{back}"));
        assert_eq!(differing(&before, &schema(&db).await), Vec::<String>::new());
        assert_eq!(one(&db, "SELECT name FROM saved_views").await, "three");
    }
}

#[tokio::test]
async fn what_only_a_person_knows_is_asked() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let postgres = Scratch::new(Engine::Postgres).await;
    let wanted = wanted();
    let ambiguous = written(&postgres.db, &wanted, &Said::default()).await;
    assert!(
        matches!(ambiguous, Err(Error::Ambiguous { .. })),
        "{ambiguous:?}"
    );
    let unfilled = Said {
        fills: [].into(),
        ..said()
    };
    let unfilled = written(&postgres.db, &wanted, &unfilled).await;
    assert!(
        matches!(unfilled, Err(Error::Unfilled { .. })),
        "{unfilled:?}"
    );
    let nothing = written(&postgres.db, resources(), &Said::default()).await;
    assert_eq!(nothing.expect("no error"), None);
}

#[tokio::test]
async fn a_database_of_sqlite_is_enough_and_the_other_half_says_that_it_is_missing() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    up(&scratch.db).await.expect("up");
    let written = written(&scratch.db, &wanted(), &said()).await;
    let written = written.expect("no refusal").expect("a step");
    assert_eq!(written.unwritten, Some(Engine::Postgres));
    assert_eq!(written.online, []);
    for name in ["up.postgres.sql", "down.postgres.sql"] {
        assert!(file(&written, name).starts_with("-- unwritten: "));
    }
    let done = scratch
        .db
        .execute_unprepared(file(&written, "up.sqlite.sql"))
        .await;
    done.expect("up");
    let made = scratch::of_entities(Engine::Sqlite, &scratch.db, &wanted()).await;
    let made = made.expect("a schema").without(BOOKKEEPING);
    assert_eq!(
        differing(&made, &schema(&scratch.db).await),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn what_names_nothing_is_refused_although_there_is_no_difference() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    let dir = listed();
    let (here, nowhere) = (dir.path().display().to_string(), "nowhere".to_owned());
    // Its list has a step that the program was built without.
    let ahead = listed();
    let list = ahead.path().join("mod.rs");
    let text = std::fs::read_to_string(&list).expect("a list");
    let place = text.rfind("    step!(").expect("a step");
    let (before, after) = text.split_at(place);
    let newer = format!("{before}    step!(\"m2999_newer\"),\n{after}");
    std::fs::write(&list, newer).expect("a list");
    let ahead = ahead.path().display().to_string();
    for (name, directory, more, code, said) in [
        ("a", &here, None, 0, ""),
        ("A b", &here, None, 1, "a-z, 0-9 and _ only"),
        ("a", &nowhere, None, 1, "--directory"),
        (
            "a",
            &ahead,
            None,
            1,
            "m2999_newer, which this program was built without",
        ),
        ("--complete", &here, None, 0, ""),
        ("a", &here, Some("--drop=runs.no"), 1, "--drop runs.no"),
        ("a", &here, Some("--fill=runs.no=1"), 1, "--fill runs.no=1"),
        ("a", &here, Some("--rename=no:one"), 1, "--rename no:one"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migration"));
        command.args(["generate", name, "--directory", directory.as_str()]);
        let told = command.args(more).env("DATABASE_URL", &scratch.url);
        let told = told.output().expect("the binary");
        let words = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(code), "{name} {more:?}: {words}");
        assert!(words.contains(said), "{name} {more:?}: {words}");
    }
}

#[test]
fn a_step_is_put_beside_the_others_and_on_their_list() {
    let dir = tempfile::tempdir().expect("a directory");
    let list = dir.path().join("mod.rs");
    let text = "const STEPS: &[Step] = &[\n    step!(\"m1_a\"),\n    // Two.\n    step!(\"m2_b\", apart: true),\n];\n";
    std::fs::write(&list, text).expect("a list");
    let written = Written {
        files: vec![("up.sqlite.sql", "SELECT 1;\n".to_owned())],
        ..Written::default()
    };
    let today = chrono::NaiveDate::from_ymd_opt(2026, 12, 24).expect("a day");
    let Put {
        name,
        folder,
        online,
    } = put(dir.path(), today, "add_notes", &written).expect("a step");
    assert_eq!(online, None);
    assert!(
        name.starts_with("m20261224_") && name.ends_with("_add_notes"),
        "{name}"
    );
    assert_eq!(
        std::fs::read_to_string(folder.join("up.sqlite.sql")).expect("a file"),
        "SELECT 1;\n"
    );
    let list = std::fs::read_to_string(list).expect("the list");
    assert!(
        list.contains(&format!("apart: true),\n    step!(\"{name}\"),\n];")),
        "{list}"
    );
    for bad in ["", "Add", "a b", "../a"] {
        assert!(put(dir.path(), today, bad, &written).is_err(), "{bad}");
    }
    assert!(put(Path::new("/nowhere"), today, "a", &written).is_err());
}
