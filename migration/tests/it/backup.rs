//! Backups: what is written comes back, is compared, and is refused where it would lie.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use migration::engine::Engine;
use migration::schema::{LiveSchema, difference};
use migration::{down, up};
use sea_orm_migration::sea_orm::ConnectionTrait;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::binary::{migrate, words};
use crate::database::{self, Scratch, one};

/// Rows whose values are not easily copied: signs of every kind, nothing, bytes, a time.
async fn fill(scratch: &Scratch, engine: Engine) {
    up(&scratch.db).await.expect("up");
    let uuid = |last: u8| match engine {
        Engine::Sqlite => format!("x'000000000000000000000000000000{last:02x}'"),
        Engine::Postgres => format!("'00000000-0000-0000-0000-0000000000{last:02x}'"),
    };
    for (last, name) in [(1, "'a\tb\\N''\"\né🙂'"), (2, "NULL"), (3, "''")] {
        let insert = format!(
            "INSERT INTO users (id, name, role, status, version, created_at, updated_at) VALUES
             ({}, {name}, 'user', 'active', 1, '2026-01-01 00:00:00.123456+00:00',
              '2026-01-01 00:00:00+00:00')",
            uuid(last)
        );
        scratch.db.execute_unprepared(&insert).await.expect("a row");
    }
    let more = "CREATE TABLE counted (id integer PRIMARY KEY, value double precision);
        INSERT INTO counted (id, value) VALUES (1, 0.1), (2, 1e300), (3, NULL)";
    scratch.db.execute_unprepared(more).await.expect("a table");
}

/// The directory of the one backup in `directory`.
pub(crate) fn only(directory: &Path) -> PathBuf {
    let found = std::fs::read_dir(directory).expect("a directory");
    let found: Vec<PathBuf> = found.map(|one| one.expect("an entry").path()).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

/// The ways in which a database of `engine` can be backed up here.
fn ways(engine: Engine) -> Vec<Vec<String>> {
    match engine {
        Engine::Sqlite => vec![vec![]],
        Engine::Postgres => {
            let tools = crate::cluster::programs().map(|path| path.display().to_string());
            let dump = tools.map(|path| {
                ["--method", "pg-dump", "--pg-tools", &path]
                    .map(str::to_owned)
                    .to_vec()
            });
            let copy = ["--method", "copy"].map(str::to_owned).to_vec();
            dump.into_iter().chain([copy]).collect()
        }
    }
}

/// Names of several lines, ends of lines of every kind, and lines that look like those of a dump.
const LINES: &str = "CREATE TABLE \"n\nl;\" (\"co\n\\l\" text);
    INSERT INTO \"n\nl;\" VALUES (E'a\\r\\nb'), (E'\\\\.'), ('COPY t FROM stdin;'), (E'c\\n\\\\q');
    CREATE SEQUENCE \"s\n\\q\";
    SELECT nextval('\"s\n\\q\"');
    COMMENT ON TABLE \"n\nl;\" IS E'a\\r\\n\\\\restrict k\\r\\nb';
    CREATE FUNCTION told() RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN\r\n-- it's\nRETURN '\n\\restrict k\nCOPY t FROM stdin;\n\\unrestrict k\n'; END $$";

#[tokio::test]
async fn lines_come_back_as_they_were() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    scratch.run(LINES).await;
    for way in ways(Engine::Postgres) {
        let dir = tempfile::tempdir().expect("a directory");
        let place = dir.path().to_str().expect("a path");
        let way: Vec<&str> = way.iter().map(String::as_str).collect();
        let made = migrate(&scratch, &[&["backup", place], &way[..]].concat());
        assert_eq!(made.status.code(), Some(0), "{way:?} {}", words(&made));
        let backup = only(dir.path());
        let backup = backup.to_str().expect("a path");
        let other = Scratch::new(Engine::Postgres).await;
        let tools: &[&str] = if way[1] == "copy" { &[] } else { &way[2..] };
        let told = migrate(&other, &[&["restore", backup], tools].concat());
        assert_eq!(told.status.code(), Some(0), "{way:?} {}", words(&told));
        for sql in [
            "SELECT string_agg(\"co\n\\l\", '|' ORDER BY 1) FROM \"n\nl;\"",
            "SELECT obj_description('\"n\nl;\"'::regclass)",
            "SELECT prosrc FROM pg_proc WHERE proname = 'told'",
            "SELECT last_value::text FROM \"s\n\\q\"",
        ] {
            assert_eq!(
                one(&other.db, sql).await,
                one(&scratch.db, sql).await,
                "{sql}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_backed_up_comes_back_as_it_was() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        fill(&scratch, engine).await;
        for way in ways(engine) {
            let dir = tempfile::tempdir().expect("a directory");
            let place = dir.path().to_str().expect("a path");
            let way: Vec<&str> = way.iter().map(String::as_str).collect();
            let made = migrate(&scratch, &[&["backup", place, "--json"], &way[..]].concat());
            assert_eq!(made.status.code(), Some(0), "{way:?} {}", words(&made));
            let told: Value = serde_json::from_slice(&made.stdout).expect("JSON");
            assert_eq!(told["tested"], true);
            assert_eq!(told["tables"]["users"]["rows"], 3);
            let backup = only(dir.path());
            assert_eq!(
                backup.file_name().and_then(|name| name.to_str()),
                told["id"].as_str()
            );
            let noted = "SELECT step FROM chancery_migration_log WHERE action = 'backup'
                ORDER BY id DESC";
            assert_eq!(
                one(&scratch.db, noted).await,
                told["id"].as_str().expect("an id")
            );

            let other = Scratch::new(engine).await;
            let tools = if way.len() > 2 { &way[2..] } else { &[] };
            let back = backup.to_str().expect("a path");
            let done = migrate(&other, &[&["restore", back], tools].concat());
            assert_eq!(done.status.code(), Some(0), "{way:?} {}", words(&done));
            let db = database::connect_once(&other.url).await;
            let (was, is) = (
                LiveSchema::read(&scratch.db).await,
                LiveSchema::read(&db).await,
            );
            let (was, is) = (was.expect("a schema"), is.expect("a schema"));
            let found: Vec<String> = difference(&was, &is)
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(found, Vec::<String>::new(), "{way:?}");
            let name = "SELECT name FROM users WHERE name <> ''";
            assert_eq!(one(&db, name).await, "a\tb\\N'\"\né🙂");
            let noted = "SELECT step FROM chancery_migration_log WHERE action = 'restore'";
            assert_eq!(one(&db, noted).await, told["id"].as_str().expect("an id"));
            // It is a database to go on with.
            assert_eq!(migrate(&other, &["status"]).status.code(), Some(0));
            db.close().await.expect("closed");

            let again = migrate(&other, &[&["restore", back], tools].concat());
            assert_eq!(again.status.code(), Some(1));
            assert!(words(&again).contains("not empty"), "{}", words(&again));
        }
    }
}

fn assert_private(path: &Path) {
    let found = std::fs::metadata(path).expect("it is there");
    let expected = if found.is_dir() { 0o700 } else { 0o600 };
    let mode = found.permissions().mode() & 0o777;
    assert_eq!(mode, expected, "{} has {mode:o}", path.display());
}

#[tokio::test]
async fn nobody_else_reads_a_backup_or_what_comes_of_it() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        fill(&scratch, engine).await;
        for way in ways(engine) {
            let dir = tempfile::tempdir().expect("a directory");
            let place = dir.path().join("new");
            let name = place.to_str().expect("a path");
            let way: Vec<&str> = way.iter().map(String::as_str).collect();
            let made = migrate(&scratch, &[&["backup", name], &way[..]].concat());
            assert_eq!(made.status.code(), Some(0), "{way:?} {}", words(&made));
            let backup = only(&place);
            assert_private(&place);
            assert_private(&backup);
            for file in std::fs::read_dir(&backup).expect("a directory") {
                assert_private(&file.expect("a file").path());
            }
            let other = Scratch::new(engine).await;
            // The directory that backups lie in is named easily.
            let refused = migrate(&other, &["restore", name]);
            assert_eq!(refused.status.code(), Some(1));
            let told = words(&refused);
            let back = backup.to_str().expect("a path");
            assert!(
                told.contains("name one of them") && told.contains(back),
                "{told}"
            );
            if engine == Engine::Sqlite {
                let done = migrate(&other, &["restore", back]);
                assert_eq!(done.status.code(), Some(0), "{}", words(&done));
                let file = other.url.trim_start_matches("sqlite://");
                let file = file.split('?').next().expect("a path");
                assert_private(Path::new(file));
            }
        }
    }
}

#[tokio::test]
async fn a_backup_that_was_changed_or_would_not_come_back_is_refused() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        fill(&scratch, engine).await;
        let dir = tempfile::tempdir().expect("a directory");
        let place = dir.path().to_str().expect("a path");
        let how: &[&str] = match engine {
            Engine::Sqlite => &["backup", place],
            Engine::Postgres => &["backup", place, "--method", "copy"],
        };
        assert_eq!(migrate(&scratch, how).status.code(), Some(0));
        let backup = only(dir.path());
        // Of another engine.
        let manifest = backup.join("manifest.json");
        let text = std::fs::read_to_string(&manifest).expect("a manifest");
        let other = Scratch::new(engine).await;
        let back = backup.to_str().expect("a path");
        // A row fewer than the manifest says, and every file as it says: compared, and undone.
        let lying = text.replacen("\"rows\": 3", "\"rows\": 4", 1);
        assert_ne!(lying, text);
        std::fs::write(&manifest, &lying).expect("written");
        let refused = migrate(&other, &["restore", back]);
        assert_eq!(refused.status.code(), Some(1));
        let said = words(&refused);
        assert!(said.contains("manifest.json was changed"), "{said}");
        // And its own checksum beside it.
        let sum = backup.join("manifest.json.sha256");
        let line = std::fs::read_to_string(&sum).expect("a checksum");
        std::fs::write(&sum, checksum(&lying)).expect("written");
        let refused = migrate(&other, &["restore", back]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(words(&refused).contains("4 rows, 3"), "{}", words(&refused));
        std::fs::write(&manifest, &text).expect("written");
        assert_eq!(checksum(&text), line);
        std::fs::remove_file(&sum).expect("gone");
        let refused = migrate(&other, &["restore", back]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            words(&refused).contains("is not there"),
            "{}",
            words(&refused)
        );
        std::fs::write(&sum, line).expect("written");
        // A file that is not what it was.
        let file = match engine {
            Engine::Sqlite => backup.join("data.db"),
            Engine::Postgres => backup.join(file_of(&text, "users")),
        };
        let mut bytes = std::fs::read(&file).expect("a file");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&file, bytes).expect("written");
        let refused = migrate(&other, &["restore", back]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            words(&refused).contains("was changed"),
            "{}",
            words(&refused)
        );
        let db = database::connect_once(&other.url).await;
        let left = LiveSchema::read(&db).await.expect("a schema");
        assert!(left.tables.is_empty(), "nothing is half-written");
        let found = std::fs::read_dir(dir.path()).expect("a directory").count();
        assert_eq!(found, 1);
    }
}

/// The file that holds the rows of a table, by the manifest.
pub(crate) fn file_of(manifest: &str, table: &str) -> String {
    let manifest: Value = serde_json::from_str(manifest).expect("JSON");
    let file = manifest["copies"][table].as_str();
    file.expect("a file").to_owned()
}

/// As `sha256sum` writes it.
fn checksum(text: &str) -> String {
    format!("{}  manifest.json\n", hex::encode(Sha256::digest(text)))
}

#[tokio::test]
async fn a_backup_of_an_older_program_comes_back_with_a_warning() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        fill(&scratch, engine).await;
        let dir = tempfile::tempdir().expect("a directory");
        let place = dir.path().to_str().expect("a path");
        assert_eq!(migrate(&scratch, &["backup", place]).status.code(), Some(0));
        let backup = only(dir.path());
        // Which wrote no checksum, and did not say that there is one.
        std::fs::remove_file(backup.join("manifest.json.sha256")).expect("gone");
        let manifest = backup.join("manifest.json");
        let text = std::fs::read_to_string(&manifest).expect("a manifest");
        let mut json: Value = serde_json::from_str(&text).expect("JSON");
        let said = json.as_object_mut().expect("an object").remove("is_summed");
        assert_eq!(said, Some(true.into()));
        std::fs::write(&manifest, json.to_string()).expect("written");
        let other = Scratch::new(engine).await;
        let done = migrate(&other, &["restore", backup.to_str().expect("a path")]);
        assert_eq!(done.status.code(), Some(0), "{}", words(&done));
        let told = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(told.contains("warning: an older program"), "{told}");
    }
}

#[tokio::test]
async fn up_backs_up_first_where_something_is_pending() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        fill(&scratch, engine).await;
        let dir = tempfile::tempdir().expect("a directory");
        let place = dir.path().join("backups");
        let place = place.to_str().expect("a path");
        let up = match engine {
            Engine::Sqlite => vec!["up", "--backup", place],
            Engine::Postgres => vec!["up", "--backup", place, "--method", "copy"],
        };
        assert_eq!(migrate(&scratch, &up).status.code(), Some(0));
        assert!(!Path::new(place).exists(), "nothing was pending");
        down(&scratch.db, 1).await.expect("down");
        let done = migrate(&scratch, &up);
        assert_eq!(done.status.code(), Some(0), "{}", words(&done));
        let backup = only(Path::new(place));
        // It is of the moment before.
        let other = Scratch::new(engine).await;
        let back = backup.to_str().expect("a path");
        let done = migrate(&other, &["restore", back]);
        assert_eq!(done.status.code(), Some(0), "{}", words(&done));
        assert_eq!(migrate(&other, &["status"]).status.code(), Some(2));
    }
}

#[tokio::test]
async fn bytes_that_are_no_letters_and_a_files_own_marks_come_back() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    up(&scratch.db).await.expect("up");
    let odd = "CREATE TABLE odd (id integer PRIMARY KEY, said text);
        INSERT INTO odd VALUES (1, CAST(x'ff4100fe' AS text)), (2, CAST(x'c3' AS text));
        PRAGMA user_version = 7; PRAGMA application_id = 1234";
    scratch.db.execute_unprepared(odd).await.expect("made");
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().to_str().expect("a path");
    let made = migrate(&scratch, &["backup", place]);
    assert_eq!(made.status.code(), Some(0), "{}", words(&made));
    let backup = only(dir.path());
    let back = backup.to_str().expect("a path");
    let other = Scratch::new(Engine::Sqlite).await;
    let done = migrate(&other, &["restore", back]);
    assert_eq!(done.status.code(), Some(0), "{}", words(&done));
    let db = database::connect_once(&other.url).await;
    for (sql, value) in [
        ("SELECT group_concat(hex(said)) FROM odd", "FF4100FE,C3"),
        (
            "SELECT CAST(user_version AS text) FROM pragma_user_version",
            "7",
        ),
        (
            "SELECT CAST(application_id AS text) FROM pragma_application_id",
            "1234",
        ),
    ] {
        assert_eq!(one(&db, sql).await, value, "{sql}");
    }
    db.close().await.expect("closed");
    // They are compared.
    let manifest = backup.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    let lying = text.replacen("\"user_version\": 7", "\"user_version\": 8", 1);
    assert_ne!(lying, text);
    std::fs::write(&manifest, &lying).expect("written");
    std::fs::write(backup.join("manifest.json.sha256"), checksum(&lying)).expect("written");
    let third = Scratch::new(Engine::Sqlite).await;
    let refused = migrate(&third, &["restore", back]);
    assert_eq!(refused.status.code(), Some(1));
    let said = words(&refused);
    assert!(said.contains("its user_version was 8"), "{said}");
    // Nor do such bytes stop a look at the rows.
    let told = migrate(&scratch, &["verify", "--data", &scratch.url]);
    assert_eq!(told.status.code(), Some(0), "{}", words(&told));
}

#[tokio::test]
async fn what_ends_with_an_error_leaves_no_backup() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        // Its id cannot be put into the history, which is the last that is done.
        let elsewhere = "ALTER TABLE chancery_migration_log RENAME COLUMN reason TO elsewhere";
        scratch.run(elsewhere).await;
        let dir = tempfile::tempdir().expect("a directory");
        let place = dir.path().to_str().expect("a path");
        let told = migrate(&scratch, &["backup", place, "--no-verify"]);
        assert_eq!(told.status.code(), Some(1), "{}", words(&told));
        let left = std::fs::read_dir(dir.path()).expect("a directory");
        let left: Vec<PathBuf> = left.map(|one| one.expect("an entry").path()).collect();
        assert_eq!(left, Vec::<PathBuf>::new());
    }
}
