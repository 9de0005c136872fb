//! Backfills: batch after batch, each row once, whoever stops or kills them.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use migration::engine::Engine;
use migration::up;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection};

use crate::binary::{code, command, json, migrate};
use crate::database::{self, Scratch, one};
use crate::history::rows;

const ROWS: u8 = 25;

/// People of version 1, every third without a name.
async fn fill(scratch: &Scratch, engine: Engine) {
    up(&scratch.db).await.expect("up");
    for last in 0..ROWS {
        let id = match engine {
            Engine::Sqlite => format!("x'000000000000000000000000000000{last:02x}'"),
            Engine::Postgres => format!("'00000000-0000-0000-0000-0000000000{last:02x}'"),
        };
        let name = if last % 3 == 0 { "NULL" } else { "'it''s'" };
        let insert = format!(
            "INSERT INTO users (id, name, role, status, version, created_at, updated_at) VALUES
             ({id}, {name}, 'user', 'active', 1, '2026-01-01 00:00:00+00:00',
              '2026-01-01 00:00:00+00:00')"
        );
        scratch.db.execute_unprepared(&insert).await.expect("a row");
    }
}

/// A file with a backfill that raises versions: a row that is done twice has 3.
fn raising(dir: &tempfile::TempDir, only: &str) -> PathBuf {
    let file = dir.path().join("raise.sql");
    let text = format!(
        "-- backfill raise key=id batch=4\nUPDATE users SET version = version + 1{only};\n"
    );
    std::fs::write(&file, text).expect("a file");
    file
}

async fn versions(scratch: &Scratch) -> String {
    let sql =
        "SELECT CAST(min(version) AS text) || ' to ' || CAST(max(version) AS text) FROM users";
    one(&scratch.db, sql).await
}

#[tokio::test]
async fn a_backfill_goes_on_where_it_was_stopped_and_status_tells_how_far_it_is() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        fill(&scratch, engine).await;
        let dir = tempfile::tempdir().expect("a directory");
        let file = raising(&dir, " WHERE name IS NOT NULL");
        let file = file.to_str().expect("a path");
        assert_eq!(migrate(&scratch, &["status"]).status.code(), Some(0));
        let some = ["backfill", "--file", file, "--batches", "2", "--json"];
        let told = migrate(&scratch, &some);
        assert_eq!(
            told.status.code(),
            Some(7),
            "{}",
            String::from_utf8_lossy(&told.stderr)
        );
        assert_eq!(json(&told)["backfills"][0]["seen"], 8);
        let told = migrate(&scratch, &["status", "--json"]);
        assert_eq!(told.status.code(), Some(7));
        let told = json(&told);
        assert_eq!(told["backfills"][0]["state"], "running");
        assert_eq!(told["backfills"][0]["name"], "raise");

        let told = migrate(&scratch, &["backfill", "--file", file, "--json"]);
        assert_eq!(
            told.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&told.stderr)
        );
        let told = json(&told);
        assert_eq!(told["backfills"][0]["seen"], ROWS);
        assert_eq!(told["backfills"][0]["changed"], 16, "those with a name");
        assert_eq!(migrate(&scratch, &["status"]).status.code(), Some(0));
        assert_eq!(versions(&scratch).await, "1 to 2");
        // What is done is done.
        let again = migrate(&scratch, &["backfill", "--file", file]);
        assert_eq!(again.status.code(), Some(0));
        assert_eq!(versions(&scratch).await, "1 to 2");
        let drift = migrate(&scratch, &["drift"]);
        assert_eq!(drift.status.code(), Some(0), "the state is no drift");
    }
}

#[tokio::test]
async fn one_that_was_begun_by_a_file_goes_on_without_it_or_is_forgotten() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        fill(&scratch, engine).await;
        let dir = tempfile::tempdir().expect("a directory");
        let code = |line: &[&str]| {
            let told = migrate(&scratch, line);
            let said = String::from_utf8_lossy(&told.stdout).into_owned();
            (told.status.code(), said)
        };
        let begin = || {
            let file = raising(&dir, " WHERE name IS NOT NULL");
            let path = file.display().to_string();
            let told = code(&["backfill", "--file", &path, "--batches", "1", "--restart"]);
            assert_eq!(told.0, Some(7), "{}", told.1);
            std::fs::remove_file(file).expect("gone");
        };
        begin();
        assert_eq!(code(&["status"]).0, Some(7));
        let (told, said) = code(&["backfill", "--batches", "1"]);
        assert_eq!(told, Some(7), "{said}");
        assert!(said.contains("raise running: 8 of"), "{said}");
        assert_eq!(code(&["backfill", "raise"]).0, Some(0));
        assert_eq!(versions(&scratch).await, "1 to 2");
        assert_eq!(code(&["status"]).0, Some(0));

        begin();
        let (told, said) = code(&["backfill", "raise", "--forget"]);
        assert_eq!((told, said.trim()), (Some(0), "raise is forgotten"));
        assert_eq!(code(&["status"]).0, Some(0));
        // What an older program kept has no key: who asks hears what to do.
        begin();
        let old = "UPDATE chancery_backfills SET words = \
                   'UPDATE users SET version = version + 1 WHERE name IS NOT NULL'";
        scratch.db.execute_unprepared(old).await.expect("older");
        let (told, said) = code(&["backfill"]);
        assert_eq!(told, Some(7), "{said}");
        assert!(
            said.contains("--file") && said.contains("--forget"),
            "{said}"
        );
        let file = raising(&dir, " WHERE name IS NOT NULL");
        let path = file.display().to_string();
        assert_eq!(code(&["backfill", "--file", &path]).0, Some(0));
    }
}

#[tokio::test]
async fn a_killed_backfill_and_two_at_once_do_each_row_once() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        fill(&scratch, engine).await;
        let dir = tempfile::tempdir().expect("a directory");
        let file = raising(&dir, "");
        let file = file.to_str().expect("a path");
        // It rests behind its first batch for longer than anybody takes to find it there.
        let slow = [
            "backfill", "--file", file, "--batch", "3", "--pause", "600000",
        ];
        let mut child = command(&scratch, &slow)
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary");
        let far = "SELECT CAST(seen AS text) FROM chancery_backfills WHERE seen > 2";
        while scratch.db.execute_unprepared(far).await.is_err()
            || !has_row(&scratch, engine, far).await
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        child.kill().expect("a signal that nothing can catch");
        child.wait().expect("an end");
        assert_eq!(versions(&scratch).await, "1 to 2", "it was in its middle");
        let two: Vec<_> = (0..2)
            .map(|_| {
                let all = ["backfill", "--file", file, "--batch", "3", "--pause", "0"];
                command(&scratch, &all)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .expect("the binary")
            })
            .collect();
        for mut child in two {
            assert!(child.wait().expect("an end").success());
        }
        assert_eq!(versions(&scratch).await, "2 to 2");
    }
}

#[tokio::test]
async fn a_backfill_waits_for_its_turn_as_long_as_it_is_told() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        fill(&scratch, engine).await;
        let dir = tempfile::tempdir().expect("a directory");
        let file = raising(&dir, "");
        let file = file.to_str().expect("a path");
        let holder = database::connect_once(&scratch.url).await;
        let take = match engine {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            // Rows are filled in beside migrations, and beside whoever reads them.
            Engine::Postgres => {
                "SELECT pg_advisory_lock(hashtextextended('chancery.migrate.' || current_schema(), 0))"
            }
        };
        holder.execute_unprepared(take).await.expect("the lock");
        let told = migrate(&scratch, &["backfill", "--file", file, "--lock-wait", "0"]);
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        match engine {
            Engine::Sqlite => {
                assert_eq!(told.status.code(), Some(6), "{said}");
                let waited = said.split("gave up after ").nth(1);
                let waited = waited.and_then(|rest| rest.split(' ').next());
                let waited: u64 = waited.expect(&said).parse().expect("seconds");
                assert!(
                    waited < 60,
                    "not the minute that it waits by itself: {said}"
                );
            }
            Engine::Postgres => assert_eq!(told.status.code(), Some(0), "{said}"),
        }
        holder.close().await.expect("closed");
    }
}

async fn has_row(scratch: &Scratch, engine: Engine, sql: &str) -> bool {
    let backend = match engine {
        Engine::Sqlite => sea_orm_migration::sea_orm::DbBackend::Sqlite,
        Engine::Postgres => sea_orm_migration::sea_orm::DbBackend::Postgres,
    };
    let statement = sea_orm_migration::sea_orm::Statement::from_string(backend, sql);
    let found = scratch.db.query_one_raw(statement).await;
    found.expect("an answer").is_some()
}

#[tokio::test]
async fn what_cannot_be_gone_through_is_refused_and_another_statement_begins_anew_only_if_told() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        fill(&scratch, engine).await;
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("bad.sql");
        let path = file.to_str().expect("a path");
        for (text, why) in [
            ("UPDATE users SET version = 2", "no backfill begins here"),
            (
                "-- backfill a key=id\nUPDATE nobody SET a = 1",
                "no table nobody",
            ),
            (
                "-- backfill a key=nothing\nUPDATE users SET version = 2",
                "no column nothing",
            ),
            (
                "-- backfill a key=name\nUPDATE users SET version = 2",
                "no key by itself",
            ),
            (
                "-- backfill a key=id\nUPDATE users SET nothing = 2",
                "what is done stays",
            ),
        ] {
            std::fs::write(&file, text).expect("a file");
            let told = migrate(&scratch, &["backfill", "--file", path]);
            assert_eq!(told.status.code(), Some(1), "{text}");
            let words = String::from_utf8_lossy(&told.stderr).into_owned();
            assert!(words.contains(why), "{words}");
        }
        let unknown = migrate(&scratch, &["backfill", "nothing"]);
        assert_eq!(unknown.status.code(), Some(64));
        let words = String::from_utf8_lossy(&unknown.stderr).into_owned();
        assert!(words.contains("error: no applied step"), "{words}");

        let file = raising(&dir, "");
        let file = file.to_str().expect("a path");
        assert_eq!(
            migrate(&scratch, &["backfill", "--file", file])
                .status
                .code(),
            Some(0)
        );
        raising(&dir, " WHERE name IS NULL");
        let told = migrate(&scratch, &["backfill", "--file", file]);
        assert_eq!(told.status.code(), Some(1));
        let words = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(words.contains("--restart"), "{words}");
        let told = migrate(&scratch, &["backfill", "--file", file, "--restart"]);
        assert_eq!(told.status.code(), Some(0));
        assert_eq!(versions(&scratch).await, "2 to 3");
    }
}

#[tokio::test]
async fn a_backfill_that_begins_anew_answers_for_what_it_wrote_before() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    let db = database::connect_once(&scratch.url).await;
    let tables = "PRAGMA foreign_keys = OFF;
        CREATE TABLE p (id integer PRIMARY KEY);
        CREATE TABLE c (id integer NOT NULL, p int REFERENCES p, CONSTRAINT c_pkey PRIMARY KEY (id));
        INSERT INTO p VALUES (1), (7); INSERT INTO c VALUES (1, 1), (2, 1)";
    db.execute_unprepared(tables).await.expect("tables");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("fill.sql");
    let path = file.to_str().expect("a path");
    let make = "-- backfill ps key=id batch=1\nUPDATE c SET p = 7 WHERE p = 1;\n";
    std::fs::write(&file, make).expect("a file");
    let done_by = |more: &[&str]| {
        let told = migrate(&scratch, &[&["backfill", "--file", path], more].concat());
        let words = String::from_utf8_lossy(&told.stderr).into_owned();
        (code(&told), words)
    };
    assert_eq!(done_by(&[]).0, Some(0));
    let gone = "DELETE FROM p WHERE id = 7";
    db.execute_unprepared(gone).await.expect("gone");
    // However often.
    for _ in 0..2 {
        let (ends, words) = done_by(&["--restart"]);
        assert_eq!(ends, Some(1), "{words}");
        assert!(words.contains("c to p; its last batch"), "{words}");
    }
    let back = "INSERT INTO p VALUES (7)";
    db.execute_unprepared(back).await.expect("back");
    assert_eq!(done_by(&["--restart"]).0, Some(0));
}

/// Tables, the backfill of one of them, and whether it is refused.
const FILLED: &[(&str, &str, bool)] = &[
    // Compared as SQLite does: by the other column's collation and affinity.
    (
        "CREATE TABLE p (id text COLLATE nocase PRIMARY KEY);
         CREATE TABLE c (id integer NOT NULL, p int REFERENCES P, CONSTRAINT c_pkey PRIMARY KEY (id));
         INSERT INTO p VALUES ('a'), ('7'); INSERT INTO c VALUES (1, 'a'), (2, 'A')",
        "UPDATE c SET p = CASE id WHEN 1 THEN 7 ELSE 'A' END",
        false,
    ),
    // A key of two, one of which may be null.
    (
        "CREATE TABLE p (a int, b int, PRIMARY KEY (b, a));
         CREATE TABLE c (id integer NOT NULL, x int, y int, FOREIGN KEY (x, y) REFERENCES p,
            CONSTRAINT c_pkey PRIMARY KEY (id));
         INSERT INTO p VALUES (1, 2); INSERT INTO c VALUES (1, 2, 1), (2, 2, 1)",
        "UPDATE c SET (x, y) = (SELECT 2, CASE id WHEN 1 THEN NULL ELSE 1 END)",
        false,
    ),
    (
        "CREATE TABLE p (a int, b int, PRIMARY KEY (b, a));
         CREATE TABLE c (id integer NOT NULL, x int, y int, FOREIGN KEY (x, y) REFERENCES p,
            CONSTRAINT c_pkey PRIMARY KEY (id));
         INSERT INTO p VALUES (1, 2); INSERT INTO c VALUES (1, 2, 1), (2, 2, 1)",
        "UPDATE c SET (x, y) = (SELECT 1, 2)",
        true,
    ),
    // Where the table is not there at all.
    (
        "CREATE TABLE c (id integer NOT NULL, p int REFERENCES p (id), CONSTRAINT c_pkey PRIMARY KEY (id));
         INSERT INTO c VALUES (1, NULL), (2, NULL)",
        "UPDATE c SET p = 1",
        true,
    ),
    // What others refer to, with and without its name; the key itself is such a one.
    (
        "CREATE TABLE c (id integer NOT NULL, name text UNIQUE, CONSTRAINT c_pkey PRIMARY KEY (id));
         CREATE TABLE d (name text REFERENCES c (name));
         INSERT INTO c VALUES (1, 'a'), (2, 'b'); INSERT INTO d VALUES ('a')",
        "UPDATE c SET name = upper(name)",
        true,
    ),
    (
        "CREATE TABLE c (id integer NOT NULL, name text, CONSTRAINT c_pkey PRIMARY KEY (id));
         CREATE TABLE d (c int REFERENCES c);
         INSERT INTO c VALUES (1, 'a'), (2, 'b'); INSERT INTO d VALUES (1)",
        "UPDATE c SET id = -id WHERE id > 0",
        true,
    ),
    (
        "CREATE TABLE c (id integer NOT NULL, name text, CONSTRAINT c_pkey PRIMARY KEY (id));
         CREATE TABLE d (c int REFERENCES c);
         INSERT INTO c VALUES (1, 'a'), (2, 'b'); INSERT INTO d VALUES (1)",
        "UPDATE c SET name = name || id",
        false,
    ),
];

#[tokio::test]
async fn a_batch_that_makes_rows_refer_to_nothing_is_not_kept() {
    for (tables, statement, is_refused) in FILLED {
        let scratch = Scratch::new(Engine::Sqlite).await;
        let db = database::connect_once(&scratch.url).await;
        let tables = format!("PRAGMA foreign_keys = OFF; {tables}");
        db.execute_unprepared(&tables).await.expect("tables");
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("fill.sql");
        let make = format!("-- backfill cs key=id batch=1\n{statement};\n");
        std::fs::write(&file, make).expect("a file");
        let path = file.to_str().expect("a path");
        let before = rows_of(&db).await;
        let told = migrate(&scratch, &["backfill", "--file", path]);
        let words = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(
            code(&told),
            Some(i32::from(*is_refused)),
            "{statement}: {words}"
        );
        assert_eq!(
            words.contains("its last batch is taken back: add the rows"),
            *is_refused,
            "{statement}: {words}"
        );
        let is_same = rows_of(&db).await == before;
        assert_eq!(is_same, *is_refused, "{statement}");
    }
}

/// What the columns of `c` hold.
async fn rows_of(db: &DatabaseConnection) -> Vec<Vec<String>> {
    let ask = "SELECT group_concat('quote(' || name || ')', ' || ') FROM pragma_table_info('c')";
    let columns = rows(db, ask).await.concat().concat();
    rows(db, &format!("SELECT {columns} FROM c")).await
}
