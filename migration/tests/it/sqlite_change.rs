//! What `diff` tells of `SQLite` is all that differs, and the way that it tells keeps every row, also where
//! a client goes on after an error.

use std::path::Path;

use migration::engine::Engine;
use migration::up;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::Value;

use crate::binary::{migrate, words};
use crate::database::{self, Scratch, one};

/// A table and what it shall be, which takes away or asks what its rows have not, and rows that are in the
/// way of the one and not of the other.
const IN_THE_WAY: &[&str] = &[
    "CREATE TABLE kept (id integer PRIMARY KEY, a text, b text NOT NULL)",
    "CREATE TABLE kept (id integer PRIMARY KEY, a integer, b text) STRICT",
    "CREATE TABLE kept (id integer PRIMARY KEY, a text CHECK (a <> 'x'), b text)",
    "CREATE TABLE kept (id integer PRIMARY KEY, a text, b text, UNIQUE (a) ON CONFLICT IGNORE)",
    "CREATE TABLE kept (id integer, a text, b text, PRIMARY KEY (b)) WITHOUT ROWID",
    "CREATE TABLE kept (id integer PRIMARY KEY, a text, b text, c text NOT NULL)",
];

const KEPT: &str = "CREATE TABLE kept (id integer PRIMARY KEY, a text, b text);
    CREATE TABLE child (kept integer REFERENCES kept (id) ON DELETE CASCADE);
    INSERT INTO kept VALUES (1, 'x', NULL), (2, 'x', 'y');
    INSERT INTO child VALUES (1), (2);";

/// The statements of one way, as a program gets them.
fn way(scratch: &Scratch, to: &Path, which: &str, more: &[&str]) -> Vec<String> {
    let to = to.to_str().expect("a path");
    let told = migrate(scratch, &[&["diff", "--to", to, "--json"], more].concat());
    assert_eq!(told.status.code(), Some(2), "{}{to}", words(&told));
    let told: Value = serde_json::from_slice(&told.stdout).expect("an object");
    let all = told[which].as_array().expect("statements").iter();
    all.map(|one| one["sql"].as_str().expect("sql").to_owned())
        .collect()
}

/// Run each, whatever becomes of those before it, and tell what failed.
async fn run_on(db: &DatabaseConnection, statements: &[String]) -> Vec<String> {
    let mut failed = Vec::new();
    for sql in statements {
        if let Err(error) = db.execute_unprepared(sql).await {
            failed.push(error.to_string());
        }
    }
    failed
}

async fn run(db: &DatabaseConnection, statements: &[String]) {
    let failed = run_on(db, statements).await;
    assert_eq!(failed, Vec::<String>::new(), "{statements:#?}");
}

#[tokio::test]
async fn a_client_that_goes_on_after_an_error_loses_no_row() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("to.sql");
    for wanted in IN_THE_WAY {
        let child = KEPT.lines().nth(1).expect("a table");
        std::fs::write(&file, format!("{wanted};\n{child}")).expect("a file");
        // Twice: as it is told, and by one who leaves out what the session must be told first.
        for told in [true, false] {
            let scratch = Scratch::new(Engine::Sqlite).await;
            let db = database::connect_once(&scratch.url).await;
            db.execute_unprepared(KEPT).await.expect("tables");
            let mut up = way(
                &scratch,
                &file,
                "up",
                &["--fill", "kept.c=b"][..fill(wanted)],
            );
            up.retain(|sql| told || !sql.starts_with("PRAGMA"));
            let failed = run_on(&db, &up).await;
            assert!(!failed.is_empty(), "{wanted}: {up:#?}");
            for table in ["kept", "child"] {
                let ask = format!("SELECT CAST(count(*) AS text) FROM {table}");
                assert_eq!(one(&db, &ask).await, "2", "{table}: {failed:#?}\n{up:#?}");
            }
            let left = one(
                &db,
                "SELECT group_concat(name, ' ') FROM sqlite_master WHERE type = 'table'",
            );
            assert_eq!(left.await, "kept child");
        }
    }
}

/// How many words say what the rows have.
fn fill(wanted: &str) -> usize {
    if wanted.contains("c text") { 2 } else { 0 }
}

#[tokio::test]
async fn what_nobody_knows_of_a_new_column_is_asked_for() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    let db = database::connect_once(&scratch.url).await;
    db.execute_unprepared(KEPT).await.expect("tables");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("to.sql");
    let wanted = "CREATE TABLE kept (id integer PRIMARY KEY, a text, b text, c text NOT NULL);
        CREATE TABLE child (kept integer REFERENCES kept (id) ON DELETE CASCADE)";
    std::fs::write(&file, wanted).expect("a file");
    let told = migrate(&scratch, &["diff", "--to", file.to_str().expect("a path")]);
    assert_eq!(told.status.code(), Some(2));
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(said.contains("--fill kept.c=EXPRESSION"), "{said}");
    assert!(!said.contains("DROP TABLE kept"), "{said}");
    let up = way(&scratch, &file, "up", &["--fill", "kept.c='c'||id"]);
    run(&db, &up).await;
    assert_eq!(one(&db, "SELECT group_concat(c) FROM kept").await, "c1,c2");
    assert_eq!(
        one(&db, "SELECT CAST(count(*) AS text) FROM child").await,
        "2"
    );
}

/// Two schemas that differ in one thing.
const PAIRS: &[(&str, &str)] = &[
    (
        "CREATE TABLE t ([Unit Price] real, [Unit Tax] real AS ([Unit Price] * 0.2) STORED)",
        "CREATE TABLE t ([Unit Price] real, [Unit Tax] real AS ([Unit Price] * 0.3) STORED)",
    ),
    (
        "CREATE TABLE t (`Unit Name` text COLLATE NOCASE, \"a\"\"b\" text)",
        "CREATE TABLE t (`Unit Name` text COLLATE RTRIM, \"a\"\"b\" text)",
    ),
    (
        "CREATE TABLE t (n integer, [Unit Tax] real AS (n * 2) STORED, [b c] text)",
        "CREATE TABLE t (n integer, [Unit Tax] real AS (n * 2) STORED, [b c] text DEFAULT 'x')",
    ),
    (
        "CREATE TABLE t (n integer)",
        "CREATE TABLE t (n integer, at text DEFAULT (datetime('now')))",
    ),
    (
        "CREATE TABLE t (n integer)",
        "CREATE TABLE t (n integer, a integer NOT NULL DEFAULT -1, b text DEFAULT 'it''s', c blob DEFAULT x'00')",
    ),
    (
        "CREATE TABLE t (n integer)",
        "CREATE TABLE t (n integer); CREATE VIRTUAL TABLE t_fts USING fts5(n); CREATE TABLE t_fts_map (docid integer)",
    ),
    (
        "CREATE TABLE t (n integer, name text)",
        "CREATE TABLE t (n integer, name text);
         CREATE INDEX i ON t (n) WHERE name <> \"zz\";
         CREATE VIEW v AS SELECT n, \"boom\" AS word FROM t WHERE name <> \"zz\";
         CREATE TRIGGER g AFTER INSERT ON t WHEN NEW.name = \"boom\" BEGIN SELECT \"bang\"; END",
    ),
    (
        "CREATE TABLE t (n integer, name text CHECK (name <> \"zz\"))",
        "CREATE TABLE t (n integer, name text CHECK (name <> \"yy\"))",
    ),
    (
        "CREATE TABLE t (n integer); CREATE VIEW v AS SELECT n FROM t",
        "CREATE TABLE t (n integer); CREATE VIEW v AS SELECT n FROM t;
         CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES (NEW.n); END",
    ),
    (
        "CREATE TABLE t (n integer); CREATE VIEW v AS SELECT n FROM t;
         CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES (NEW.n); END",
        "CREATE TABLE t (n integer DEFAULT 1); CREATE VIEW v AS SELECT n FROM t;
         CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES (NEW.n); END",
    ),
    (
        "CREATE TABLE t (n integer, a text NOT NULL)",
        "CREATE TABLE t (n integer, a text NOT NULL ON CONFLICT IGNORE)",
    ),
    (
        "CREATE TABLE t (n integer, a text UNIQUE)",
        "CREATE TABLE t (n integer, a text UNIQUE ON CONFLICT REPLACE)",
    ),
    (
        "CREATE TABLE t (n integer UNIQUE, a integer REFERENCES t (n))",
        "CREATE TABLE t (n integer UNIQUE, a integer REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED)",
    ),
    (
        "CREATE TABLE t (n integer, a text, PRIMARY KEY (a))",
        "CREATE TABLE t (n integer, a text, PRIMARY KEY (a COLLATE NOCASE))",
    ),
    (
        "CREATE TABLE t (n integer)",
        "CREATE TABLE t (n integer PRIMARY KEY)",
    ),
];

#[tokio::test]
async fn what_differs_is_told_and_the_way_forth_and_back_leads_there() {
    let dir = tempfile::tempdir().expect("a directory");
    let (from, to) = (dir.path().join("from.sql"), dir.path().join("to.sql"));
    for (old, new) in PAIRS {
        let scratch = Scratch::new(Engine::Sqlite).await;
        let db = database::connect_once(&scratch.url).await;
        db.execute_unprepared(old).await.expect("a schema");
        let first = one(&db, "SELECT name FROM pragma_table_xinfo('t') LIMIT 1").await;
        let row = format!("INSERT INTO t (\"{first}\") VALUES (1)");
        // A column that takes no null has nothing to begin with.
        let row = if old.contains("NOT NULL") {
            row.replace("(1)", "(1, 'a')").replace("\")", "\", a)")
        } else {
            row
        };
        db.execute_unprepared(&row).await.expect("a row");
        std::fs::write(&from, old).expect("a file");
        std::fs::write(&to, new).expect("a file");
        for file in [&to, &from] {
            let up = way(&scratch, file, "up", &[]);
            run(&db, &up).await;
            let told = migrate(&scratch, &["diff", "--to", file.to_str().expect("a path")]);
            let told = (
                told.status.code(),
                String::from_utf8_lossy(&told.stdout).into_owned(),
            );
            assert_eq!(told.0, Some(0), "{}\n{up:#?}", told.1);
            let count = one(&db, "SELECT CAST(count(*) AS text) FROM t").await;
            assert_eq!(count, "1", "{up:#?}");
        }
    }
}

#[tokio::test]
async fn a_table_that_is_made_anew_keeps_the_numbers_of_its_rows_and_counts_on() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    let db = database::connect_once(&scratch.url).await;
    let old = "CREATE TABLE docs (body text);
        CREATE VIRTUAL TABLE found USING fts5(body, content='docs');
        CREATE TABLE tickets (id integer PRIMARY KEY AUTOINCREMENT, a text);";
    let rows = "INSERT INTO docs (body) VALUES ('one'), ('two'), ('three');
        DELETE FROM docs WHERE body = 'two';
        INSERT INTO found (rowid, body) SELECT rowid, body FROM docs;
        INSERT INTO tickets (a) VALUES ('a'), ('b'), ('c'); DELETE FROM tickets;";
    let all = format!("{old}{rows}");
    db.execute_unprepared(&all).await.expect("tables");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("to.sql");
    let new = old
        .replace("(body text)", "(body text DEFAULT '')")
        .replace("a text", "a text DEFAULT ''");
    std::fs::write(&file, new).expect("a file");
    run(&db, &way(&scratch, &file, "up", &[])).await;
    let found = one(&db, "SELECT body FROM found WHERE found MATCH 'three'").await;
    assert_eq!(found, "three");
    let next = "INSERT INTO tickets (a) VALUES ('d') RETURNING CAST(id AS text)";
    assert_eq!(one(&db, next).await, "4");
}

#[tokio::test]
async fn a_column_in_the_place_of_one_that_went_is_asked_about() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    up(&scratch.db).await.expect("up");
    let db = database::connect_once(&scratch.url).await;
    let done = "ALTER TABLE videos DROP COLUMN video_url;
        ALTER TABLE videos RENAME COLUMN thumbnail_url TO picture_url";
    db.execute_unprepared(done).await.expect("drift");
    let undo = |more: &[&str]| {
        let told = migrate(&scratch, &[&["drift", "--revert-sql"], more].concat());
        assert_eq!(told.status.code(), Some(3), "{}", words(&told));
        String::from_utf8_lossy(&told.stdout).into_owned()
    };
    let told = undo(&[]);
    assert!(told.contains("--drop videos.video_url"), "{told}");
    assert!(!told.contains("ALTER TABLE"), "{told}");
    let told = undo(&["--rename", "videos.thumbnail_url:picture_url"]);
    assert!(
        told.contains("RENAME COLUMN picture_url TO thumbnail_url"),
        "{told}"
    );
    db.execute_unprepared(&told).await.expect("the way back");
    assert_eq!(migrate(&scratch, &["drift"]).status.code(), Some(0));
}
