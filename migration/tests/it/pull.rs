//! `pull`: what is pulled means what is there, on databases of every shape, and edits stay.

use std::path::Path;

use migration::engine::Engine;
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::{migrate, text};
use crate::database::{self, Scratch};
use crate::prisma_database;

fn pull(scratch: &Scratch, out: &Path) -> String {
    let out = out.display().to_string();
    let told = migrate(scratch, &["pull", "--out", &out]);
    assert_eq!(told.status.code(), Some(0), "{}", text(&told));
    text(&told)
}

fn assert_no_difference(scratch: &Scratch, out: &Path, what: &str) {
    let out = out.display().to_string();
    let told = migrate(scratch, &["diff", "--from", &out, "--to", "database"]);
    assert_eq!(told.status.code(), Some(0), "{what}: {}", text(&told));
}

const SAMPLES: [(&str, Engine, &str); 5] = [
    (
        "films",
        Engine::Postgres,
        include_str!("../data/films.postgres.sql"),
    ),
    (
        "music",
        Engine::Sqlite,
        include_str!("../data/music.sqlite.sql"),
    ),
    (
        "pipeline",
        Engine::Postgres,
        include_str!("../data/prisma_pipeline_sample.sql"),
    ),
    (
        "agents",
        Engine::Postgres,
        include_str!("../data/prisma_agents_sample.sql"),
    ),
    (
        "neuroagent",
        Engine::Postgres,
        include_str!("../fixture/neuroagent.sql"),
    ),
];

async fn sample(engine: Engine, sql: &str) -> Scratch {
    let scratch = Scratch::new(engine).await;
    let schema = prisma_database::schema(sql);
    let made = scratch.db.execute_unprepared(&schema).await;
    made.expect("a schema");
    scratch
}

#[tokio::test]
async fn what_is_pulled_means_what_is_there() {
    for (name, engine, sql) in SAMPLES {
        if !database::engines().contains(&engine) {
            continue;
        }
        let scratch = sample(engine, sql).await;
        let dir = tempfile::tempdir().expect("a directory");
        pull(&scratch, dir.path());
        assert_no_difference(&scratch, dir.path(), name);
        let again = pull(&scratch, dir.path());
        assert!(
            !again.contains("changed:") && !again.contains("new:"),
            "{name}: {again}"
        );
        // The rest may run where it has run.
        let extra = std::fs::read_to_string(dir.path().join("extra.sql")).expect("a file");
        let db = database::connect_once(&scratch.url).await;
        db.execute_unprepared(&extra)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_no_difference(&scratch, dir.path(), name);
    }
}

#[tokio::test]
async fn a_default_that_is_an_expression_is_pulled() {
    let defaults = [
        "(datetime('now'))",
        "(1 + 2)",
        "(strftime('%s', 'now'))",
        "(randomblob(16))",
        "('a' || 'b''c')",
        "(CASE WHEN 1 THEN 'x' END)",
        "('(' || ')')",
        "(-(1))",
        "CURRENT_TIMESTAMP",
        "'it''s'",
        "\"in two\"",
        "word",
        "X'0f'",
        "-1.5e3",
        "TRUE",
        "NULL",
    ];
    let columns: Vec<String> = defaults
        .iter()
        .enumerate()
        .map(|(at, default)| format!("c{at} TEXT DEFAULT {default}"))
        .collect();
    let scratch = Scratch::new(Engine::Sqlite).await;
    let columns = columns.join(", ");
    let make = format!("CREATE TABLE t (id text NOT NULL, {columns}, PRIMARY KEY (id))");
    scratch.run(&make).await;
    let dir = tempfile::tempdir().expect("a directory");
    let told = pull(&scratch, dir.path());
    assert_no_difference(&scratch, dir.path(), &told);
    let extra = std::fs::read_to_string(dir.path().join("extra.sql")).expect("a file");
    assert!(!extra.contains("CREATE TABLE"), "{extra}");
}

#[tokio::test]
async fn our_own_schema_is_pulled_whole() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let dir = tempfile::tempdir().expect("a directory");
        pull(&scratch, dir.path());
        assert_no_difference(&scratch, dir.path(), "chancery");
        let runs = std::fs::read_to_string(dir.path().join("runs.rs")).expect("a file");
        for part in [
            "#[sea_orm::model]",
            "table_name = \"runs\"",
            "on_delete = \"Cascade\"",
        ] {
            assert!(runs.contains(part), "{runs}");
        }
    }
}

#[tokio::test]
async fn a_difference_is_seen() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let dir = tempfile::tempdir().expect("a directory");
        pull(&scratch, dir.path());
        let add = "ALTER TABLE runs ADD COLUMN extra text";
        scratch.db.execute_unprepared(add).await.expect("a column");
        let out = dir.path().display().to_string();
        let told = migrate(&scratch, &["diff", "--from", &out, "--to", "database"]);
        assert_eq!(told.status.code(), Some(2));
        assert!(
            text(&told).contains("+ column runs.extra"),
            "{}",
            text(&told)
        );
    }
}

#[tokio::test]
async fn what_somebody_made_of_it_stays() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let make =
            "CREATE TABLE owners (id integer NOT NULL, name text NOT NULL, PRIMARY KEY (id));
            CREATE TABLE pets (id integer NOT NULL, kind text NOT NULL, old text, owner_id integer,
                PRIMARY KEY (id), FOREIGN KEY (owner_id) REFERENCES owners (id))";
        scratch.db.execute_unprepared(make).await.expect("tables");
        let dir = tempfile::tempdir().expect("a directory");
        pull(&scratch, dir.path());
        let path = dir.path().join("pets.rs");
        let pulled = std::fs::read_to_string(&path).expect("a file");
        let edited = pulled
            .replace("/// The column `kind`.", "/// What it is, as its owner says.\n    // not ours")
            .replace("pub kind: String", "pub kind: Kind")
            .replace("pub owner: ", "pub keeper: ")
            .replace("impl ActiveModelBehavior", "/// How.\n#[derive(Clone, Debug, PartialEq, Eq, DeriveValueType)]\npub struct Kind(pub String);\n\nimpl Model {\n    /// Says it.\n    pub fn says(&self) -> &str { \"meow\" }\n}\n\nimpl ActiveModelBehavior");
        assert_ne!(pulled, edited);
        std::fs::write(&path, &edited).expect("a file");
        let extra = dir.path().join("extra.sql");
        let by_hand = std::fs::read_to_string(&extra).expect("a file") + "SELECT 'by hand';\n";
        std::fs::write(&extra, by_hand).expect("a file");

        pull(&scratch, dir.path());
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), edited);
        assert!(
            std::fs::read_to_string(&extra)
                .expect("a file")
                .contains("by hand';")
        );
        assert_no_difference(&scratch, dir.path(), "edited");

        let change = "ALTER TABLE pets ADD COLUMN age integer; ALTER TABLE pets DROP COLUMN old;
            CREATE TABLE toys (id integer NOT NULL PRIMARY KEY, pet_id integer NOT NULL REFERENCES pets (id))";
        let db = database::connect_once(&scratch.url).await;
        db.execute_unprepared(change).await.expect("a change");
        pull(&scratch, dir.path());
        let now = std::fs::read_to_string(&path).expect("a file");
        for part in [
            "What it is, as its owner says.",
            "// not ours",
            "pub kind: Kind",
            "pub keeper: BelongsTo<",
            "\"meow\"",
            "pub age: Option<",
            "HasMany<super::toys::Entity>",
        ] {
            assert!(now.contains(part), "{part}: {now}");
        }
        assert!(!now.contains("pub old"), "{now}");
        assert_no_difference(&scratch, dir.path(), "changed");

        db.execute_unprepared("DROP TABLE toys")
            .await
            .expect("a change");
        let told = pull(&scratch, dir.path());
        assert!(told.contains("toys.rs can be deleted"), "{told}");
        assert!(dir.path().join("toys.rs").exists());
        assert_no_difference(&scratch, dir.path(), "dropped");
    }
}

#[tokio::test]
async fn a_database_without_tables_takes_nothing_away() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let make = "CREATE TABLE a (id integer NOT NULL, PRIMARY KEY (id))";
        scratch.db.execute_unprepared(make).await.expect("a table");
        let dir = tempfile::tempdir().expect("a directory");
        pull(&scratch, dir.path());
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("a file");
        let before = (read("mod.rs"), read("extra.sql"));
        let drop = "DROP TABLE a";
        scratch.db.execute_unprepared(drop).await.expect("none");
        let new = dir.path().join("new");
        for out in [dir.path(), new.as_path()] {
            let out = out.display().to_string();
            let told = migrate(&scratch, &["pull", "--out", &out]);
            assert_eq!(told.status.code(), Some(1), "{}", text(&told));
            assert!(text(&told).contains("has no tables"), "{}", text(&told));
        }
        assert_eq!((read("mod.rs"), read("extra.sql")), before);
        assert!(!new.exists());
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_its_place() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    let make = "CREATE TABLE a (id integer NOT NULL, PRIMARY KEY (id))";
    scratch.db.execute_unprepared(make).await.expect("a table");
    let dir = tempfile::tempdir().expect("a directory");
    pull(&scratch, dir.path());
    let path = dir.path().join("a.rs");
    let good = std::fs::read_to_string(&path).expect("a file");
    std::fs::write(
        &path,
        good.replace("pub id: i64", "pub id: Own")
            .replace("column_type = \"Integer\"", "unique"),
    )
    .expect("a file");
    let out = dir.path().display().to_string();
    let told = migrate(&scratch, &["diff", "--from", &out, "--to", "database"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(text(&told).contains("say `column_type`"), "{}", text(&told));
    std::fs::write(&path, "pub struct {").expect("a file");
    let told = migrate(&scratch, &["pull", "--out", &out]);
    assert_eq!(told.status.code(), Some(1));
    assert!(text(&told).contains("a.rs:1:"), "{}", text(&told));
    assert_eq!(
        std::fs::read_to_string(&path).expect("a file"),
        "pub struct {"
    );
}

#[tokio::test]
async fn what_is_pulled_compiles() {
    // It is compiled with this crate (`pulled`); here it is held to what a pull writes today.
    for name in ["music", "neuroagent"] {
        let (_, engine, sql) = SAMPLES[if name == "music" { 1 } else { 4 }];
        if !database::engines().contains(&engine) {
            continue;
        }
        let scratch = sample(engine, sql).await;
        let dir = tempfile::tempdir().expect("a directory");
        pull(&scratch, dir.path());
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pulled");
        for entry in std::fs::read_dir(kept.join(name)).expect("a directory") {
            let path = entry.expect("a file").path();
            let file = path.file_name().expect("a name");
            let told = std::fs::read_to_string(dir.path().join(file)).expect("a file");
            let kept = std::fs::read_to_string(&path).expect("a file");
            assert_eq!(told, kept, "{name}/{}", file.display());
        }
    }
}
