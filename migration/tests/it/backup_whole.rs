//! A backup is of everything, or it is refused with the names of what it would lack.

use std::path::Path;
use std::process::Output;

use migration::engine::Engine;
use migration::schema::{LiveSchema, difference};
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::backup::{file_of, only};
use crate::binary::{code, command, migrate, text};
use crate::database::{self, Scratch, one};
use crate::rights::address;

fn copied(scratch: &Scratch, place: &Path) -> Output {
    let place = place.to_str().expect("a path");
    migrate(scratch, &["backup", place, "--method", "copy", "--json"])
}

/// What makes something that is in a schema and that nothing here reads, and what it is called.
const BEYOND: &[(&str, &str)] = &[
    (
        "CREATE FUNCTION seen() RETURNS integer LANGUAGE internal WINDOW AS 'window_rank'",
        "function public.seen()",
    ),
    (
        "CREATE OPERATOR FAMILY sorted USING btree",
        "operator family public.sorted USING btree",
    ),
    (
        "CREATE CONVERSION turned FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        "conversion public.turned",
    ),
    (
        "CREATE SCHEMA far_away; CREATE TABLE far_away.parent (a integer);
         CREATE TABLE heir () INHERITS (far_away.parent)",
        "table public.heir",
    ),
    (
        "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER away FOREIGN DATA WRAPPER far;
         CREATE FOREIGN TABLE remote (a integer) SERVER away",
        "foreign table public.remote",
    ),
    (
        "CREATE TYPE pair AS (a integer); CREATE TABLE typed OF pair",
        "table public.typed",
    ),
];

#[tokio::test]
async fn what_a_copy_cannot_carry_is_named_and_no_backup_is_made() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    let dir = tempfile::tempdir().expect("a directory");
    for (make, name) in BEYOND {
        scratch.db.execute_unprepared(make).await.expect("made");
        let told = copied(&scratch, dir.path());
        let said = text(&told);
        assert_eq!(code(&told), Some(1), "{make}: {said}");
        assert!(
            said.contains(name) && said.contains("--method pg-dump"),
            "{make}: {said}"
        );
        let left = std::fs::read_dir(dir.path()).expect("a directory").count();
        assert_eq!(left, 0, "{make}");
    }
}

#[tokio::test]
async fn what_is_in_no_schema_is_told_to_be_left_out() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    let make = "CREATE PUBLICATION told FOR TABLE users;
        CREATE FUNCTION heard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER heard ON ddl_command_end EXECUTE FUNCTION heard();
        ALTER EVENT TRIGGER heard DISABLE";
    scratch.db.execute_unprepared(make).await.expect("made");
    let dir = tempfile::tempdir().expect("a directory");
    let told = copied(&scratch, dir.path());
    let said = text(&told);
    assert_eq!(code(&told), Some(0), "{said}");
    let notes: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let left_out = "not in the backup, since it is in no schema: ";
    let expected =
        ["event trigger heard", "publication told"].map(|what| format!("{left_out}{what}"));
    assert_eq!(notes["notes"], serde_json::json!(expected));
}

#[tokio::test]
async fn a_backup_says_why_it_is_made_by_copy() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    let dir = tempfile::tempdir().expect("a directory");
    let (place, empty) = (dir.path().join("backups"), dir.path().join("empty"));
    std::fs::create_dir(&empty).expect("a directory");
    let told = command(&scratch, &["backup", place.to_str().expect("a path")])
        .env("PATH", &empty)
        .output()
        .expect("the binary");
    let said = text(&told);
    assert_eq!(code(&told), Some(0), "{said}");
    assert!(
        said.contains("by `copy` and not by `pg_dump`, since pg_dump: No such file"),
        "{said}"
    );
    let manifest = std::fs::read_to_string(only(&place).join("manifest.json"));
    assert!(manifest.expect("a manifest").contains("by `copy`"));
}

/// Names that no file can have, and tables that are made of others.
const NAMES: &str = "CREATE TABLE \"a/b\" (id integer); INSERT INTO \"a/b\" VALUES (1);
    CREATE TABLE \"../../esc\" (id integer); INSERT INTO \"../../esc\" VALUES (2);
    CREATE TABLE measured (id integer, at date NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE measured_1 PARTITION OF measured FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE TABLE measured_2 PARTITION OF measured FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
    CREATE INDEX measured_at_idx ON measured (at);
    INSERT INTO measured VALUES (1, '2026-05-05'), (2, '2027-05-05')";

#[tokio::test]
async fn names_that_are_no_file_names_and_parts_of_tables_come_back() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    scratch.db.execute_unprepared(NAMES).await.expect("tables");
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("one").join("two");
    let told = copied(&scratch, &place);
    assert_eq!(code(&told), Some(0), "{}", text(&told));
    assert_eq!(
        std::fs::read_dir(dir.path()).expect("a directory").count(),
        1
    );
    let backup = only(&place);
    let other = Scratch::new(Engine::Postgres).await;
    let told = migrate(&other, &["restore", backup.to_str().expect("a path")]);
    assert_eq!(code(&told), Some(0), "{}", text(&told));
    let (was, is) = (
        LiveSchema::read(&scratch.db).await.expect("a schema"),
        LiveSchema::read(&other.db).await.expect("a schema"),
    );
    let found: Vec<String> = difference(&was, &is)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(found, Vec::<String>::new());
    for (sql, value) in [
        ("SELECT id::text FROM \"a/b\"", "1"),
        ("SELECT id::text FROM \"../../esc\"", "2"),
        ("SELECT sum(id)::text FROM measured", "3"),
    ] {
        assert_eq!(one(&other.db, sql).await, value, "{sql}");
    }
}

#[tokio::test]
async fn a_copy_whose_files_are_called_by_their_tables_comes_back() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    let more = "CREATE TABLE counted (id integer); INSERT INTO counted VALUES (1), (2)";
    scratch.db.execute_unprepared(more).await.expect("a table");
    let dir = tempfile::tempdir().expect("a directory");
    let told = copied(&scratch, dir.path());
    assert_eq!(code(&told), Some(0), "{}", text(&told));
    // As older programs made it.
    let backup = only(dir.path());
    let manifest = backup.join("manifest.json");
    let held = std::fs::read_to_string(&manifest).expect("a manifest");
    let mut json: Value = serde_json::from_str(&held).expect("JSON");
    let tables = json["tables"].as_object().expect("tables").clone();
    let files = json["files"].as_object_mut().expect("files");
    for table in tables.keys() {
        let (new, old) = (file_of(&held, table), format!("table-{table}.copy.gz"));
        std::fs::rename(backup.join(&new), backup.join(&old)).expect("renamed");
        let kept = files.remove(&new).expect("a file");
        files.insert(old, kept);
    }
    let object = json.as_object_mut().expect("an object");
    object.insert("format".to_owned(), 1.into());
    for new in ["copies", "is_summed"] {
        object.remove(new).expect("it is new");
    }
    std::fs::write(&manifest, json.to_string()).expect("written");
    std::fs::remove_file(backup.join("manifest.json.sha256")).expect("gone");
    let other = Scratch::new(Engine::Postgres).await;
    let told = migrate(&other, &["restore", backup.to_str().expect("a path")]);
    assert_eq!(code(&told), Some(0), "{}", text(&told));
    let sum = "SELECT sum(id)::text FROM counted";
    assert_eq!(one(&other.db, sum).await, "3");
}

#[tokio::test]
async fn counters_and_rows_that_break_what_was_never_looked_at_come_back() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    let make = "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, a integer);
        INSERT INTO t (a) VALUES (-1); ALTER TABLE t ALTER id RESTART WITH 500000;
        ALTER TABLE t ADD CONSTRAINT is_more CHECK (a > 0) NOT VALID;
        CREATE SEQUENCE \"In v\"; SELECT setval('\"In v\"', 9000, false);
        CREATE SEQUENCE used; SELECT nextval('used'), nextval('used'); CREATE SEQUENCE unused;
        CREATE TABLE bare (); INSERT INTO bare DEFAULT VALUES; INSERT INTO bare DEFAULT VALUES";
    scratch.db.execute_unprepared(make).await.expect("made");
    let dir = tempfile::tempdir().expect("a directory");
    let told = copied(&scratch, dir.path());
    assert_eq!(code(&told), Some(0), "{}", text(&told));
    let other = Scratch::new(Engine::Postgres).await;
    let backup = only(dir.path());
    let told = migrate(&other, &["restore", backup.to_str().expect("a path")]);
    assert_eq!(code(&told), Some(0), "{}", text(&told));
    for (next, expected) in [
        ("INSERT INTO t (a) VALUES (1) RETURNING id::text", "500000"),
        ("SELECT nextval('\"In v\"')::text", "9000"),
        ("SELECT nextval('used')::text", "3"),
        ("SELECT nextval('unused')::text", "1"),
        ("SELECT count(*)::text FROM bare", "2"),
    ] {
        assert_eq!(one(&other.db, next).await, expected, "{next}");
    }
}

#[tokio::test]
async fn what_has_anything_is_not_empty() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    let dir = tempfile::tempdir().expect("a directory");
    let told = migrate(&scratch, &["backup", dir.path().to_str().expect("a path")]);
    assert_eq!(code(&told), Some(0), "{}", text(&told));
    let backup = only(dir.path());
    for make in [
        "CREATE FUNCTION zz() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE SEQUENCE zz",
        "CREATE TYPE zz AS ENUM ('a')",
        "CREATE DOMAIN zz AS text",
    ] {
        let other = Scratch::new(Engine::Postgres).await;
        other.db.execute_unprepared(make).await.expect("made");
        let told = migrate(&other, &["restore", backup.to_str().expect("a path")]);
        let said = text(&told);
        assert_eq!(code(&told), Some(1), "{said}");
        assert!(said.contains("not empty (it has zz"), "{make}: {said}");
        let tables = LiveSchema::read(&other.db).await.expect("a schema").tables;
        assert!(tables.is_empty(), "{make}");
    }
}

/// What is made of things that an extension has, in the schema of all of it.
const BORROWED: &str =
    "CREATE EXTENSION citext; CREATE EXTENSION pg_trgm; CREATE EXTENSION moddatetime;
    CREATE TABLE named (name citext, names citext[], said text, at timestamp DEFAULT '2026-01-01');
    CREATE INDEX named_said_idx ON named USING gin (said gin_trgm_ops);
    CREATE VIEW alike AS SELECT similarity(said, 'a') FROM named;
    CREATE TRIGGER named_at BEFORE UPDATE ON named FOR EACH ROW EXECUTE FUNCTION moddatetime('at');
    INSERT INTO named VALUES ('Ada', '{Bob}', 'said')";

#[tokio::test]
async fn what_is_made_of_an_extensions_own_comes_back_or_is_refused_by_its_name() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    scratch.db.execute_unprepared(BORROWED).await.expect("made");
    let dir = tempfile::tempdir().expect("a directory");
    let told = copied(&scratch, dir.path());
    assert_eq!(code(&told), Some(0), "{}", text(&told));
    let other = Scratch::new(Engine::Postgres).await;
    let backup = only(dir.path());
    let told = migrate(&other, &["restore", backup.to_str().expect("a path")]);
    assert_eq!(code(&told), Some(0), "{}", text(&told));
    let alike = "SELECT count(*)::text FROM named WHERE name = 'ADA' AND names = '{BOB}'";
    assert_eq!(one(&other.db, alike).await, "1");

    // Whoever may not make the database that this takes is told before anything is done.
    let role = format!("copier_{}", std::process::id());
    let make = format!(
        "CREATE ROLE {role} LOGIN PASSWORD '{role}' BYPASSRLS;
         GRANT CREATE ON DATABASE {} TO {role};
         GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};
         GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}",
        one(&scratch.db, "SELECT current_database()::text").await
    );
    scratch.db.execute_unprepared(&make).await.expect("a role");
    let place = tempfile::tempdir().expect("a directory");
    let backup = |more: &[&str]| {
        let mut command = command(
            &scratch,
            &["backup", place.path().to_str().expect("a path")],
        );
        command.env("DATABASE_URL", address(&scratch.url, &role));
        command.args(["--method", "copy"]).args(more);
        command.output().expect("the binary")
    };
    let told = backup(&[]);
    let said = text(&told);
    assert_eq!(code(&told), Some(1), "{said}");
    assert!(
        said.contains("table column public.named.name") && said.contains("--no-verify"),
        "{said}"
    );
    let left = std::fs::read_dir(place.path())
        .expect("a directory")
        .count();
    assert_eq!(left, 0);
    let told = backup(&["--no-verify"]);
    assert_eq!(code(&told), Some(0), "{}", text(&told));
    let gone = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    scratch.db.execute_unprepared(&gone).await.expect("no role");
}

#[tokio::test]
async fn up_says_of_its_backup_what_backup_says() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let dir = tempfile::tempdir().expect("a directory");
        let empty = dir.path().join("empty");
        std::fs::create_dir(&empty).expect("a directory");
        let notes: &[&str] = match engine {
            Engine::Sqlite => &[],
            Engine::Postgres => &["by `copy` and not by `pg_dump`, since pg_dump: No such file"],
        };
        for (place, more) in [("lines", &[][..]), ("object", &["--json"])] {
            migration::down(&scratch.db, 1).await.expect("down");
            let place = dir.path().join(place);
            let line = ["up", "--backup", place.to_str().expect("a path")];
            let mut command = command(&scratch, &[&line[..], more].concat());
            let told = command.env("PATH", &empty).output().expect("the binary");
            assert_eq!(code(&told), Some(0), "{}", text(&told));
            let said = String::from_utf8_lossy(&told.stdout).into_owned();
            let backup = only(&place);
            let mut wanted = vec![backup.to_str().expect("a path")];
            wanted.extend(notes);
            for wanted in wanted {
                assert!(said.contains(wanted), "{wanted}: {said}");
            }
            if !more.is_empty() {
                let told: Value = serde_json::from_str(&said).expect("JSON");
                let told = &told["backup"];
                assert_eq!(told["tested"], true);
                let count = told["notes"].as_array().expect("notes").len();
                assert_eq!(count, notes.len(), "{told}");
            }
        }
        let told = migrate(&scratch, &["up", "--json"]);
        let told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
        assert!(told["backup"].is_null(), "{told}");
    }
}
