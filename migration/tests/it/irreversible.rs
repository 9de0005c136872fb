//! A generated step stands the test as it is written: it says itself what it cannot bring back, and
//! is forgiven that and nothing else.

use std::path::{Path, PathBuf};
use std::process::Output;

use entity::registry::{Resource, resource, resources};
use migration::engine::Engine;
use migration::generate::{Said, Written, put, written};
use sea_orm_migration::sea_orm::DbBackend;
use sea_orm_migration::sea_query::ColumnDef;

use crate::binary::{migrate, text};
use crate::database::{self, Scratch};
use crate::writing::listed;

/// Saved views without a column out of their middle, with one that takes no null any more, and with a
/// new one.
fn changed(backend: DbBackend) -> Vec<ColumnDef> {
    let mut defs = (resource("saved_views").expect("an entity").column_defs)(backend);
    defs.retain(|def| def.get_column_name() != "name");
    for def in defs
        .iter_mut()
        .filter(|def| def.get_column_name() == "chart")
    {
        let mut chart = ColumnDef::new("chart");
        chart.json_binary().not_null();
        *def = chart;
    }
    let mut stars = ColumnDef::new("stars");
    stars.integer().not_null();
    defs.push(stars);
    defs
}

/// Every entity, with that change, and one less.
fn wanted() -> Vec<Resource> {
    let all = resources().iter();
    all.filter(|one| one.table != "trusted_documents")
        .map(|one| {
            let is_it = one.table == "saved_views";
            let mut columns = one.columns.clone();
            columns.retain(|column| !is_it || column.name != "name");
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

async fn step(postgres: &Scratch) -> Written {
    let key = |column: &str| ("saved_views".to_owned(), column.to_owned());
    let said = Said {
        fills: [
            (key("stars"), "length(resource)".to_owned()),
            (key("chart"), "'{}'".to_owned()),
        ]
        .into(),
        ..Said::default()
    };
    let step = written(&postgres.db, &wanted(), &said).await;
    step.expect("a step").expect("a change")
}

fn script(files: &[(&'static str, String)], name: &str) -> String {
    let found = files.iter().find(|(one, _)| *one == name);
    found.map(|(_, text)| text.clone()).expect("a file")
}

/// A step that makes of what `step` made what was before, so that the entities fit at the end.
fn reverse(dir: &Path, step: &Written) -> PathBuf {
    let folder = dir.join("m20990101_000001_reverse");
    std::fs::create_dir(&folder).expect("a folder");
    for engine in ["postgres", "sqlite"] {
        let of = |way: &str| format!("{way}.{engine}.sql");
        let up = script(&step.online, &of("down")) + &script(&step.files, &of("down"));
        let down = script(&step.files, &of("up")) + &script(&step.online, &of("up"));
        std::fs::write(folder.join(of("up")), up).expect("a script");
        std::fs::write(folder.join(of("down")), down).expect("a script");
    }
    folder
}

/// `verify` with the steps in `folders`, which tries all but the last.
fn verify(scratch: &Scratch, folders: &[PathBuf]) -> Output {
    let mut arguments = vec!["verify".to_owned()];
    for folder in folders {
        arguments.push("--with".to_owned());
        arguments.push(folder.display().to_string());
    }
    for folder in &folders[..folders.len() - 1] {
        let name = folder.file_name().expect("a name").display().to_string();
        arguments.push("--step".to_owned());
        arguments.push(name);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    migrate(scratch, &arguments)
}

/// The folders that `put` made, the oldest first.
fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    let mut all: Vec<PathBuf> = entries.map(|one| one.expect("an entry").path()).collect();
    all.retain(|path| path.is_dir());
    all.sort();
    all
}

#[tokio::test]
async fn a_generated_step_goes_up_and_down_without_work_by_hand() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let postgres = Scratch::new(Engine::Postgres).await;
    let step = step(&postgres).await;
    let dir = listed();
    let today = chrono::NaiveDate::from_ymd_opt(2098, 1, 1).expect("a day");
    let put = put(dir.path(), today, "less", &step).expect("a step");
    let mut all = folders(dir.path());
    let second = all
        .last()
        .and_then(|path| path.file_name())
        .expect("a name");
    assert_eq!(
        put.online.as_deref(),
        second.to_str(),
        "beside readers and writers"
    );
    all.push(reverse(dir.path(), &step));
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let told = verify(&scratch, &all);
        let said = text(&told);
        assert_eq!(told.status.code(), Some(0), "{said}");
        for line in [
            "saved_views.name: going up drops it",
            "trusted_documents: going up drops it",
            "saved_views.chart: a row that had nothing in it keeps",
        ] {
            assert!(said.contains(line), "{line}: {said}");
        }
    }
}

#[tokio::test]
async fn what_a_step_does_not_say_and_what_it_breaks_beside_is_caught() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let postgres = Scratch::new(Engine::Postgres).await;
    let step = step(&postgres).await;
    let (first, last) = (
        "(SELECT id FROM aside ORDER BY id LIMIT 1)",
        "(SELECT id FROM aside ORDER BY id DESC LIMIT 1)",
    );
    let swap = &format!(
        "CREATE TABLE aside AS SELECT id, created_at FROM saved_views;
         UPDATE saved_views SET created_at = (SELECT aside.created_at FROM aside WHERE aside.id =
            CASE saved_views.id WHEN {first} THEN {last} WHEN {last} THEN {first}
            ELSE saved_views.id END);
         DROP TABLE aside;\n"
    );
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let own = match engine {
            Engine::Sqlite => "down.sqlite.sql",
            Engine::Postgres => "down.postgres.sql",
        };
        let silent = |text: &str| {
            let lines = text
                .lines()
                .filter(|line| !line.starts_with("-- irreversible"));
            lines.flat_map(|line| [line, "\n"]).collect::<String>()
        };
        let mut cases: Vec<(String, &str)> = vec![
            (
                silent(&script(&step.files, own)),
                "saved_views.name holds something else",
            ),
            (
                script(&step.files, own) + "UPDATE saved_views SET resource = 'x';\n",
                "saved_views.resource holds something else",
            ),
            (
                script(&step.files, own) + "DELETE FROM saved_views;\n",
                "saved_views has 0 of",
            ),
            (
                script(&step.files, own) + swap,
                "the rows of saved_views are mixed up",
            ),
            (
                script(&step.files, own) + "ALTER TABLE saved_views ADD COLUMN more integer;\n",
                "column saved_views.more was not there before",
            ),
        ];
        if engine == Engine::Postgres {
            let silent = silent(&script(&step.files, own));
            cases.push((silent, "order of the columns of saved_views was"));
        }
        for (down, said) in cases {
            let dir = listed();
            let mut broken = step.clone();
            for (_, text) in broken.files.iter_mut().filter(|(name, _)| *name == own) {
                text.clone_from(&down);
            }
            let today = chrono::NaiveDate::from_ymd_opt(2098, 1, 1).expect("a day");
            put(dir.path(), today, "less", &broken).expect("a step");
            let mut all = folders(dir.path());
            all.truncate(1);
            all.push(reverse(dir.path(), &step));
            let told = verify(&scratch, &all);
            assert_eq!(told.status.code(), Some(2), "{said}: {}", text(&told));
            assert!(text(&told).contains(said), "{said}: {}", text(&told));
        }
    }
}
