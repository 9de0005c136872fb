//! What the tests of imports share: the command, its answer, and what a database holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use migration::engine::Engine;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::Value;

use crate::database::Scratch;

/// A file or folder of the test data.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// `migrate import …`, not yet run. What it lists goes to `dir`.
pub(crate) fn command(scratch: &Scratch, dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migration"));
    command
        .args(["import", "--json"])
        .args(arguments)
        .current_dir(dir)
        .env("DATABASE_URL", &scratch.url)
        .env_remove("CHANCERY_ENV")
        .env_remove("NODE_ENV")
        .env_remove("CHANCERY_IMPORT_URL");
    command
}

/// An answer: its code, its JSON, and all that was printed.
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) json: Value,
    pub(crate) words: String,
}

impl Told {
    pub(crate) fn of(output: &Output) -> Self {
        let words = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Self {
            code: output.status.code().expect("a code"),
            json: serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{words}")),
            words,
        }
    }

    pub(crate) fn total(&self, what: &str) -> u64 {
        self.json["totals"][what]
            .as_u64()
            .unwrap_or_else(|| panic!("{}", self.words))
    }

    /// The checksums of all collections.
    pub(crate) fn checksums(&self) -> BTreeMap<String, String> {
        let all = self.json["collections"].as_object().expect("collections");
        all.iter()
            .map(|(name, counts)| {
                let sum = counts["checksum"].as_str().expect("a checksum");
                (name.clone(), sum.to_owned())
            })
            .collect()
    }
}

/// Import, and what is told.
pub(crate) fn import(scratch: &Scratch, dir: &Path, arguments: &[&str]) -> Told {
    Told::of(
        &command(scratch, dir, arguments)
            .output()
            .expect("the binary"),
    )
}

/// The lines of a file of JSON.
pub(crate) fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("a file");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

/// One number.
pub(crate) async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    let asked = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(asked).await.expect("an answer");
    row.expect("a row").try_get_by_index(0).expect("a number")
}

/// One text.
pub(crate) async fn text(db: &DatabaseConnection, sql: &str) -> Option<String> {
    let asked = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(asked).await.expect("an answer");
    row.expect("a row").try_get_by_index(0).expect("a text")
}

/// Every row of the tables that imports fill, as text.
pub(crate) async fn rows(scratch: &Scratch, engine: Engine) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for resource in entity::registry::resources() {
        let kept = ["import_batches", "import_records"].contains(&resource.table);
        if kept || resource.domain == "analytics" {
            continue;
        }
        let columns: Vec<String> = resource
            .columns
            .iter()
            .map(|column| {
                let name = format!("\"{}\"", column.name);
                match engine {
                    Engine::Sqlite => format!("quote({name})"),
                    Engine::Postgres => format!("coalesce({name}::text, 'NULL')"),
                }
            })
            .collect();
        let sql = format!(
            "SELECT {} AS line FROM {} ORDER BY 1",
            columns.join(" || '|' || "),
            resource.table
        );
        let asked = Statement::from_string(scratch.db.get_database_backend(), sql);
        let found = scratch.db.query_all_raw(asked).await.expect("rows");
        let found = found
            .iter()
            .map(|row| row.try_get_by_index(0).expect("a line"));
        all.insert(resource.table.to_owned(), found.collect());
    }
    all
}

/// A database with our tables, and a folder for what is read and listed.
pub(crate) async fn fresh(engine: Engine) -> (Scratch, tempfile::TempDir) {
    let scratch = Scratch::new(engine).await;
    migration::up(&scratch.db).await.expect("up");
    (scratch, tempfile::tempdir().expect("a directory"))
}

/// Write `text` to a file of `dir`, and tell where it is.
pub(crate) fn written(dir: &Path, name: &str, text: impl AsRef<[u8]>) -> String {
    let file = dir.join(name);
    std::fs::write(&file, text).expect("written");
    file.to_str().expect("a path").to_owned()
}

/// The `_id` of the document with this number.
pub(crate) fn oid(number: u32) -> String {
    format!("6770db828900000001{number:06x}")
}

/// An account in a line of JSON, with a wallet of its own.
pub(crate) fn account(number: u32) -> String {
    account_of(number, &format!("0x{number:040x}"))
}

/// An account in a line of JSON.
pub(crate) fn account_of(number: u32, wallet: &str) -> String {
    format!(
        "{{\"_id\":{{\"$oid\":\"{}\"}},\"walletAddress\":\"{wallet}\"}}\n",
        oid(number)
    )
}

/// A profile of the account with the same number, in a line of JSON.
pub(crate) fn profile(number: u32, username: &str, bio: &str) -> String {
    let id = oid(number);
    format!(
        "{{\"_id\":{{\"$oid\":\"{id}\"}},\"accountId\":{{\"$oid\":\"{id}\"}},\"username\":\"{username}\",\"bio\":\
         \"{bio}\"}}\n"
    )
}

/// Do it with the database.
pub(crate) async fn run(db: &DatabaseConnection, sql: &str) {
    db.execute_unprepared(sql).await.expect("done");
}
