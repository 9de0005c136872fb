//! `lint` and the findings of `plan`, on live tables of a size.

use migration::engine::Engine;
use migration::up_by;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::{migrate, text};
use crate::database::{self, Scratch};

/// So many more rows, which the server knows of.
async fn fill(scratch: &Scratch, engine: Engine, rows: u32) {
    let insert = format!(
        "INSERT INTO live WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n WHERE a < {rows}) SELECT a FROM n"
    );
    scratch.db.execute_unprepared(&insert).await.expect("rows");
    if engine == Engine::Postgres {
        let count = "ANALYZE live";
        scratch.db.execute_unprepared(count).await.expect("counted");
    }
}

#[tokio::test]
async fn the_same_step_is_harmless_on_few_rows_and_a_danger_on_many() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 99).await.expect("up");
        let dir = tempfile::tempdir().expect("a directory");
        let folder = dir.path().join("m20990101_000001_planted");
        std::fs::create_dir_all(&folder).expect("a folder");
        let write = |up: &str| {
            for one in ["postgres", "sqlite"] {
                std::fs::write(folder.join(format!("up.{one}.sql")), up).expect("a script");
                std::fs::write(folder.join(format!("down.{one}.sql")), "SELECT 1;")
                    .expect("a script");
            }
        };
        let folder = folder.display().to_string();
        write("CREATE INDEX planted ON live (a);");
        scratch
            .db
            .execute_unprepared("CREATE TABLE live (a integer)")
            .await
            .expect("a table");
        fill(&scratch, engine, 12).await;
        let told = migrate(&scratch, &["lint", "--with", &folder]);
        assert_eq!(told.status.code(), Some(0), "{}", text(&told));
        assert!(text(&told).contains("harmless here"), "{}", text(&told));
        let one = "1 step, and nothing unsafe about it";
        assert!(text(&told).contains(one), "{}", text(&told));

        fill(&scratch, engine, 20_000).await;
        let told = migrate(&scratch, &["lint", "--with", &folder]);
        assert_eq!(told.status.code(), Some(5), "{}", text(&told));
        let rule = match engine {
            Engine::Sqlite => "index-holds-the-file",
            Engine::Postgres => "require-concurrent-index-creation",
        };
        assert!(text(&told).contains(rule), "{}", text(&told));
        let told = migrate(&scratch, &["lint", "--with", &folder, "--allow", rule]);
        assert_eq!(told.status.code(), Some(0), "{}", text(&told));
        write(&format!(
            "-- chancery-lint: ignore {rule} because it runs at night\nCREATE INDEX planted ON live (a);"
        ));
        let told = migrate(&scratch, &["lint", "--with", &folder]);
        assert_eq!(told.status.code(), Some(0), "{}", text(&told));
        assert!(text(&told).contains("it runs at night"), "{}", text(&told));
    }
}

#[tokio::test]
async fn a_rule_or_a_script_that_is_not_there_is_named() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    let told = migrate(&scratch, &["lint", "--allow", "bogus"]);
    assert_eq!(told.status.code(), Some(64), "{}", text(&told));
    for part in ["bogus", "drops-table", "changing-column-type"] {
        assert!(text(&told).contains(part), "{}", text(&told));
    }
    let dir = tempfile::tempdir().expect("a directory");
    for name in ["up.postgres.sql", "up.sqlite.sql", "down.postgres.sql"] {
        std::fs::write(dir.path().join(name), "SELECT 1;").expect("a script");
    }
    let folder = dir.path().display().to_string();
    for command in ["lint", "verify"] {
        let told = migrate(&scratch, &[command, "--with", &folder]);
        assert_eq!(told.status.code(), Some(1), "{}", text(&told));
        let said = text(&told);
        assert!(said.contains("has no down.sqlite.sql"), "{said}");
    }
}

#[tokio::test]
async fn our_own_steps_are_safe_on_an_empty_database_and_a_plan_has_the_findings() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let told = migrate(&scratch, &["lint", "--json"]);
        assert_eq!(told.status.code(), Some(0), "{}", text(&told));
        up_by(&scratch.db, 5).await.expect("up");
        let told = migrate(&scratch, &["plan"]);
        assert_eq!(told.status.code(), Some(2));
        let told = text(&told);
        assert!(!told.contains("UNSAFE"), "{told}");
    }
}

#[tokio::test]
async fn every_step_of_ours_is_safe_where_those_before_it_are() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        for step in migration::steps() {
            let told = migrate(&scratch, &["lint"]);
            assert_eq!(told.status.code(), Some(0), "{step}: {}", text(&told));
            up_by(&scratch.db, 1).await.expect("up");
        }
    }
}

#[tokio::test]
async fn what_the_grammar_tells_is_found_and_ignored_for_a_reason() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 99).await.expect("up");
        let dir = tempfile::tempdir().expect("a directory");
        let folder = dir.path().join("m20990101_000001_planted");
        std::fs::create_dir_all(&folder).expect("a folder");
        let write = |up: &str| {
            for (name, text) in [
                ("up.postgres.sql", up),
                ("up.sqlite.sql", "SELECT 1;"),
                ("down.postgres.sql", "SELECT 1;"),
                ("down.sqlite.sql", "SELECT 1;"),
            ] {
                std::fs::write(folder.join(name), text).expect("a script");
            }
        };
        let lint = ["lint", "--with", &folder.display().to_string()].map(str::to_owned);
        let lint: Vec<&str> = lint.iter().map(String::as_str).collect();
        let drop = "ALTER TABLE runs ALTER COLUMN company_id DROP NOT NULL;";
        write(drop);
        let told = migrate(&scratch, &lint);
        let code = match engine {
            // SQLite has its own script, and no such linter.
            Engine::Sqlite => 0,
            Engine::Postgres => 5,
        };
        assert_eq!(told.status.code(), Some(code), "{}", text(&told));
        assert_eq!(text(&told).contains("ban-drop-not-null"), code == 5);
        let allowed = migrate(
            &scratch,
            &[&lint[..], &["--allow", "ban-drop-not-null"]].concat(),
        );
        assert_eq!(allowed.status.code(), Some(0), "{}", text(&allowed));
        write(&format!(
            "-- chancery-lint: ignore ban-drop-not-null because every reader knows\n{drop}"
        ));
        let told = migrate(&scratch, &lint);
        assert_eq!(told.status.code(), Some(0), "{}", text(&told));
        assert_eq!(text(&told).contains("every reader knows"), code == 5);
        write(&format!("-- squawk-ignore ban-drop-not-null\n{drop}"));
        assert_eq!(migrate(&scratch, &lint).status.code(), Some(code));
    }
}

#[tokio::test]
async fn a_table_that_the_server_knows_nothing_of_is_not_taken_for_empty() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up_by(&scratch.db, 99).await.expect("up");
    let db = database::connect_once(&scratch.url).await;
    for sql in [
        "CREATE TABLE live (a integer) WITH (autovacuum_enabled = false)",
        "INSERT INTO live SELECT generate_series(1, 20000)",
        "CREATE TABLE parts (a integer) PARTITION BY RANGE (a)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (9)",
        "INSERT INTO parts VALUES (1)",
        "SELECT pg_stat_force_next_flush()",
        "SELECT pg_stat_reset()",
    ] {
        db.execute_unprepared(sql).await.expect(sql);
    }
    let dir = tempfile::tempdir().expect("a directory");
    let folder = dir.path().join("m20990101_000001_planted");
    std::fs::create_dir_all(&folder).expect("a folder");
    for one in [
        "up.postgres.sql",
        "up.sqlite.sql",
        "down.postgres.sql",
        "down.sqlite.sql",
    ] {
        let up = "CREATE INDEX planted ON live (a);\nDROP TABLE parts;\n";
        std::fs::write(folder.join(one), up).expect("a script");
    }
    let folder = folder.display().to_string();
    let told = migrate(&scratch, &["lint", "--with", &folder]);
    assert_eq!(told.status.code(), Some(5), "{}", text(&told));
    let words = text(&told);
    assert!(
        words.contains("(UNSAFE) on live with 10001 rows"),
        "{words}"
    );
    assert!(words.contains("(UNSAFE) on parts with 1 rows"), "{words}");
}

#[tokio::test]
async fn a_step_of_which_nobody_has_said_what_it_does_is_not_called_safe() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let dir = tempfile::tempdir().expect("a directory");
        let folder = dir.path().join("m20990101_000001_planted");
        std::fs::create_dir_all(&folder).expect("a folder");
        let (own, other) = match engine {
            Engine::Sqlite => ("sqlite", "postgres"),
            Engine::Postgres => ("postgres", "sqlite"),
        };
        for way in ["up", "down"] {
            for (engine, text) in [(own, "-- unwritten: say it"), (other, "SELECT 1;")] {
                let file = folder.join(format!("{way}.{engine}.sql"));
                std::fs::write(file, text).expect("a script");
            }
        }
        let folder = folder.display().to_string();
        let told = migrate(&scratch, &["lint", "--with", &folder]);
        assert_eq!(told.status.code(), Some(1), "{}", text(&told));
        let why = "nobody has written yet what m20990101_000001_planted does on";
        assert!(text(&told).contains(why), "{}", text(&told));
    }
}
