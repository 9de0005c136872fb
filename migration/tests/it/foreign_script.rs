//! A file of SQL is looked at, whatever it says; and what is printed can be handed to a database as it is.

use migration::engine::Engine;
use migration::{rows, up};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::{migrate, words};
use crate::database::{self, Scratch, one};
use crate::writing::schema;

/// A file, the exit code of a comparison with it, and what is said where that is a refusal.
const ON_POSTGRES: &[(&str, i32, &str)] = &[
    (
        "BEGIN; CREATE TABLE a (n integer); COMMIT; DROP TABLE IF EXISTS public.saved_views;",
        2,
        "",
    ),
    ("DROP TABLE public.saved_views", 1, "does not exist"),
    (
        "CREATE TABLE a (n integer); ROLLBACK; DROP TABLE public.saved_views",
        1,
        "leave the statement out",
    ),
    (
        "ROLLBACK; DROP TABLE saved_views",
        1,
        "leave the statement out",
    ),
    (
        "SET search_path = public; DROP TABLE IF EXISTS saved_views; CREATE TABLE a (n integer)",
        2,
        "",
    ),
    (
        "CREATE TABLE a (n integer);\nCOPY a FROM stdin;\n1\n\\.\n",
        1,
        "pg_dump --schema-only",
    ),
];

const ON_SQLITE: &[(&str, i32, &str)] = &[
    (
        "CREATE TABLE a (n integer); ATTACH '{file}' AS other; DROP TABLE other.saved_views;",
        1,
        "may not reach another",
    ),
    (
        "CREATE TABLE [it's] (a); VACUUM INTO '{file}.2'",
        1,
        "may not reach another",
    ),
];

/// The same schema, as people and programs write it.
const SPELLINGS: [(Engine, &str, &str); 2] = [
    (
        Engine::Postgres,
        "CREATE TABLE a (n integer);",
        "\\restrict it's\nSET statement_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n\
         BEGIN;\nCREATE TABLE public.a (\n    n integer\n);\nCOMMIT;\n\\unrestrict it's\n",
    ),
    (
        Engine::Sqlite,
        "CREATE TABLE a (n integer);",
        ".mode list\nPRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE a (n integer);\nCOMMIT;\n",
    ),
];

#[tokio::test]
async fn a_file_of_sql_changes_nothing_that_is_there() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let before = schema(&scratch).await;
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("schema.sql");
        let path = file.to_str().expect("a path").to_owned();
        let database = scratch.url.trim_start_matches("sqlite://");
        let database = database.split('?').next().expect("a path");
        let files = match engine {
            Engine::Sqlite => ON_SQLITE,
            Engine::Postgres => ON_POSTGRES,
        };
        for (script, code, said) in files {
            std::fs::write(&file, script.replace("{file}", database)).expect("a file");
            let told = migrate(&scratch, &["diff", "--to", &path]);
            assert_eq!(
                told.status.code(),
                Some(*code),
                "{script}: {}",
                words(&told)
            );
            let told = words(&told);
            assert!(
                told.contains(said) && !told.contains(" at line "),
                "{script}: {told}"
            );
            assert!(schema(&scratch).await == before, "{script}");
        }
        for (of, one, other) in SPELLINGS {
            if of == engine {
                let plain = dir.path().join("plain.sql");
                std::fs::write(&plain, one).expect("a file");
                std::fs::write(&file, other).expect("a file");
                let plain = plain.to_str().expect("a path");
                let told = migrate(&scratch, &["diff", "--from", plain, "--to", &path]);
                assert_eq!(told.status.code(), Some(0), "{}", words(&told));
            }
        }
        if engine == Engine::Postgres {
            let left = "SELECT count(*)::text FROM pg_namespace WHERE nspname LIKE 'chancery%'";
            assert_eq!(one(&scratch.db, left).await, "0");
        }
    }
}

/// What the shell of `SQLite` writes of the catalogue in `scratch`: `.dump` says a virtual table as a row, and
/// after a `VACUUM` the tables that it keeps its rows in come before it.
async fn written(scratch: &Scratch, is_dump: bool, is_vacuumed: bool) -> String {
    let order = if is_vacuumed {
        "rootpage = 0, rowid"
    } else {
        "rowid"
    };
    let virtual_one = if is_dump {
        "format('INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES(''table'',%Q,%Q,0,%Q);', \
         name, name, sql)"
    } else {
        "sql || ' /* a view of it */;'"
    };
    let row = "CASE WHEN type = 'table' AND sql NOT LIKE '%VIRTUAL%' AND name NOT LIKE 'sqlite%'
        THEN format(char(10) || 'INSERT INTO \"%w\" DEFAULT VALUES;', name) ELSE '' END";
    let ask = format!(
        "SELECT group_concat(line, char(10)) FROM (SELECT CASE
            WHEN sql LIKE 'CREATE VIRTUAL TABLE%' THEN {virtual_one}
            WHEN sql LIKE 'CREATE TABLE ''%' OR sql LIKE 'CREATE TABLE \"%'
            THEN 'CREATE TABLE IF NOT EXISTS ' || substr(sql, 14) || ';' || {row}
            ELSE sql || ';' END AS line
         FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY {order})"
    );
    let all = one(&scratch.db, &ask).await;
    if is_dump {
        return format!(
            "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nPRAGMA writable_schema=ON;\n{all}\n\
             PRAGMA writable_schema=OFF;\nCOMMIT;\n"
        );
    }
    all
}

#[tokio::test]
async fn what_the_shell_of_sqlite_writes_is_the_schema() {
    let ours = Scratch::new(Engine::Sqlite).await;
    up(&ours.db).await.expect("up");
    let theirs = Scratch::new(Engine::Sqlite).await;
    theirs
        .run(
            "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT);
             CREATE TABLE \"notes_data2\" (n INTEGER);
             CREATE VIRTUAL TABLE notes USING fts5(body, tokenize='porter');
             CREATE VIRTUAL TABLE \"Old Notes\" USING fts4(body);
             CREATE VIRTUAL TABLE places USING rtree(id, a, b);
             INSERT INTO counted (body) VALUES ('x');
             ANALYZE",
        )
        .await;
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("written.sql");
    let path = file.to_str().expect("a path");
    for scratch in [&ours, &theirs] {
        for (is_dump, is_vacuumed) in [(true, false), (true, true), (false, false), (false, true)] {
            let script = written(scratch, is_dump, is_vacuumed).await;
            std::fs::write(&file, &script).expect("a file");
            let told = migrate(scratch, &["diff", "--from", path, "--to", "database"]);
            assert_eq!(told.status.code(), Some(0), "{}\n{script}", words(&told));
        }
    }
}

#[tokio::test]
async fn what_was_added_to_a_pulled_directory_changes_nothing_either() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let before = schema(&scratch).await;
        let dir = tempfile::tempdir().expect("a directory");
        let out = dir.path().join("entities");
        let path = out.to_str().expect("a path");
        let told = migrate(&scratch, &["pull", "--out", path]);
        assert_eq!(told.status.code(), Some(0), "{}", words(&told));
        let extra = out.join("extra.sql");
        let known = std::fs::read_to_string(&extra).expect("a file");
        let more = "\nCOMMIT;\nDROP TABLE IF EXISTS public.saved_views;\n";
        let more = match engine {
            Engine::Sqlite => more.replace("public.", ""),
            Engine::Postgres => more.to_owned(),
        };
        std::fs::write(&extra, known + &more).expect("a file");
        let told = migrate(&scratch, &["diff", "--from", path, "--to", "database"]);
        assert_ne!(
            told.status.code(),
            Some(0),
            "saved_views went in one of them"
        );
        assert!(schema(&scratch).await == before);
    }
}

#[tokio::test]
async fn a_role_that_may_make_no_database_is_told_what_to_leave_out() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    let role = format!("maker_{}", std::process::id());
    let name = one(&scratch.db, "SELECT current_database()::text").await;
    let make = format!(
        "CREATE ROLE {role} LOGIN PASSWORD '{role}'; GRANT CREATE ON DATABASE \"{name}\" TO {role}"
    );
    scratch.db.execute_unprepared(&make).await.expect("a role");
    let (scheme, rest) = scratch.url.split_once("://").expect("an address");
    let (_, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    let theirs = format!("{scheme}://{role}:{role}@{place}");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("schema.sql");
    let path = file.to_str().expect("a path");
    for (script, code, said) in [
        ("CREATE TABLE a (n integer)", 2, ""),
        ("CREATE TABLE public.a (n integer)", 1, "CREATEDB"),
    ] {
        std::fs::write(&file, script).expect("a file");
        let told = migrate(&scratch, &["diff", "--to", path, "--database-url", &theirs]);
        assert_eq!(told.status.code(), Some(code), "{}", words(&told));
        assert!(words(&told).contains(said), "{}", words(&told));
    }
    let gone = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    scratch.db.execute_unprepared(&gone).await.expect("no role");
}

#[tokio::test]
async fn all_that_is_printed_can_be_run() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let live = schema(&scratch).await;
        rows::fill(&scratch.db, &live, 3, |_| 3)
            .await
            .expect("rows");
        let db = database::connect_once(&scratch.url).await;
        let text = |output: &std::process::Output| {
            String::from_utf8_lossy(&output.stdout).into_owned() + &words(output)
        };
        // A column that takes no null comes back over rows.
        let done = "ALTER TABLE saved_views DROP COLUMN updated_at; ALTER TABLE runs ADD COLUMN extra text";
        db.execute_unprepared(done).await.expect("drift");
        let told = migrate(&scratch, &["drift", "--revert-sql"]);
        assert_eq!(told.status.code(), Some(3));
        let told = text(&told);
        assert!(
            told.contains("--fill saved_views.updated_at=EXPRESSION"),
            "{told}"
        );
        let wrong = migrate(&scratch, &["drift", "--fill", "saved_views.nothing=1"]);
        assert_eq!(wrong.status.code(), Some(1), "{}", text(&wrong));
        let fill = "saved_views.updated_at=created_at";
        let told = migrate(&scratch, &["drift", "--revert-sql", "--fill", fill]);
        db.execute_unprepared(&text(&told))
            .await
            .expect("the way back");
        assert_eq!(migrate(&scratch, &["drift"]).status.code(), Some(0));
        let ask = "SELECT CAST(count(*) AS text) FROM saved_views WHERE updated_at = created_at";
        assert_eq!(one(&db, ask).await, "3");

        let other = Scratch::new(engine).await;
        up(&other.db).await.expect("up");
        let add = "ALTER TABLE runs ADD COLUMN extra text; CREATE TABLE more (n integer)";
        other.db.execute_unprepared(add).await.expect("a change");
        for (way, code) in [("up", 0), ("down", 2)] {
            // The way is told from a third that stays as it was.
            let still = Scratch::new(engine).await;
            up(&still.db).await.expect("up");
            let to = other.url.as_str();
            let told = migrate(&still, &["diff", "--to", to, "--sql", way]);
            assert_eq!(told.status.code(), Some(2));
            db.execute_unprepared(&text(&told)).await.expect("the way");
            let left = migrate(&scratch, &["diff", "--to", to]);
            assert_eq!(left.status.code(), Some(code), "{way}: {}", text(&left));
        }
        let exchanged = ["diff", "--rename", "runs.a:b", "--rename", "runs.b:a"];
        let told = migrate(&scratch, &exchanged);
        assert_eq!(told.status.code(), Some(1));
        assert!(words(&told).contains("a third name"), "{}", words(&told));
    }
}
