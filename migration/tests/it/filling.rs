//! A column that takes no null and comes where there are rows: what they have in it is asked for, and no
//! row is lost.

use migration::engine::Engine;
use migration::{rows, up};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::Value;

use crate::binary::{answer, migrate, words};
use crate::database::{self, Scratch, one};
use crate::writing::schema;

async fn filled(engine: Engine) -> Scratch {
    let scratch = Scratch::new(engine).await;
    up(&scratch.db).await.expect("up");
    let live = schema(&scratch).await;
    let done = rows::fill(&scratch.db, &live, 3, |_| 3).await;
    done.expect("rows");
    scratch
}

const COUNT: &str = "SELECT CAST(count(*) AS text) FROM runs";

/// Drop a column that takes no null and has no default, the first that the engine lets go.
async fn dropped(scratch: &Scratch, db: &DatabaseConnection) -> (String, String) {
    for (name, table) in &schema(scratch).await.tables {
        for column in &table.columns {
            let drop = format!("ALTER TABLE {name} DROP COLUMN {}", column.name);
            let is_bare = !column.nullable && column.filling.is_none();
            let is_number = column.kind.contains("int");
            if is_bare && is_number && db.execute_unprepared(&drop).await.is_ok() {
                return (name.clone(), column.name.clone());
            }
        }
    }
    panic!("no column goes");
}

#[tokio::test]
async fn the_undo_of_a_dropped_column_asks_what_the_rows_have_in_it() {
    for engine in database::engines() {
        let scratch = filled(engine).await;
        let db = database::connect_once(&scratch.url).await;
        let (table, column) = dropped(&scratch, &db).await;
        let count = format!("SELECT CAST(count(*) AS text) FROM {table}");
        let before = one(&db, &count).await;
        assert_ne!(before, "0");
        let told = answer(&migrate(&scratch, &["drift", "--revert-sql"]));
        let asked = format!("--fill {table}.{column}=");
        assert!(told.contains(&asked), "{told}");
        assert!(!told.contains("DROP TABLE"), "{told}");
        let fill = format!("{table}.{column}='1'");
        let told = migrate(&scratch, &["drift", "--revert-sql", "--fill", &fill]);
        let (told, code) = (answer(&told), told.status.code());
        assert_eq!(code, Some(3), "{told}");
        let found = told.split_once("-- brings the database back\n");
        let (_, undo) = found.expect("a way back");
        if engine == Engine::Postgres {
            assert!(
                undo.contains("BEGIN;\n") && undo.ends_with("COMMIT;\n\n"),
                "{undo}"
            );
            assert!(undo.contains("psql -v ON_ERROR_STOP=1"), "{undo}");
        }
        db.execute_unprepared(undo).await.expect("the way back");
        assert_eq!(migrate(&scratch, &["drift"]).status.code(), Some(0));
        assert_eq!(one(&db, &count).await, before);
        let wrong = migrate(&scratch, &["drift", "--fill", "runs.no='x'"]);
        assert_eq!(wrong.status.code(), Some(1), "{}", words(&wrong));
    }
}

#[tokio::test]
async fn an_undo_that_fails_leaves_every_row() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = filled(Engine::Postgres).await;
    let before = one(&scratch.db, COUNT).await;
    // The table is made anew for the order of its columns, and a null does not go into it.
    let done = "ALTER TABLE runs DROP COLUMN company_name; ALTER TABLE runs ALTER document_name DROP NOT NULL;
        UPDATE runs SET document_name = NULL";
    scratch.db.execute_unprepared(done).await.expect("drift");
    let how = ["drift", "--revert-sql", "--fill", "runs.company_name='x'"];
    let told = answer(&migrate(&scratch, &how));
    let (_, undo) = told
        .split_once("-- brings the database back\n")
        .expect(&told);
    let db = database::connect_once(&scratch.url).await;
    db.execute_unprepared("BEGIN").await.expect("a transaction");
    // As psql does it, which goes on behind a statement that fails.
    for statement in undo.split(";\n").filter(|one| !one.trim().is_empty()) {
        let _ = db.execute_unprepared(statement).await;
    }
    assert_eq!(one(&db, COUNT).await, before, "{undo}");
    let aside = "SELECT CAST(count(*) AS text) FROM pg_class WHERE relname = 'runs__before'";
    assert_eq!(one(&db, aside).await, "0");
}

#[tokio::test]
async fn diff_asks_as_generate_does() {
    for engine in database::engines() {
        let (here, there) = (filled(engine).await, Scratch::new(engine).await);
        up(&there.db).await.expect("up");
        let done = match engine {
            Engine::Postgres => "ALTER TABLE runs ADD COLUMN stars integer NOT NULL",
            // No table of SQLite takes such a column later.
            Engine::Sqlite => continue,
        };
        there.db.execute_unprepared(done).await.expect("a column");
        let told = migrate(&here, &["diff", "--to", &there.url, "--json"]);
        assert_eq!(told.status.code(), Some(2));
        let told: Value = serde_json::from_slice(&told.stdout).expect("an object");
        let asked = told["asked"].as_str().expect("a question");
        assert!(asked.contains("--fill runs.stars="), "{asked}");
        assert_eq!(told["up"], Value::Array(Vec::new()));
        let how = [
            "diff",
            "--to",
            &there.url,
            "--json",
            "--fill",
            "runs.stars=5",
        ];
        let told = migrate(&here, &how);
        let told: Value = serde_json::from_slice(&told.stdout).expect("an object");
        for way in ["up", "down", "up"] {
            for one in told[way].as_array().expect("statements") {
                let sql = one["sql"].as_str().expect("a statement");
                here.db.execute_unprepared(sql).await.expect(sql);
            }
        }
        let told = migrate(&here, &["diff", "--to", &there.url]);
        assert_eq!(told.status.code(), Some(0), "{}", answer(&told));
    }
}
