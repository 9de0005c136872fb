//! Databases of other tools, taken over.

pub(crate) mod alembic;
mod beside;
mod refused;
mod standing;
mod tools;

pub(crate) use self::refused::load;

use migration::engine::Engine;
use migration::schema::{LiveSchema, Table};
use sea_orm_migration::sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;

use crate::binary::migrate;
use crate::database::Scratch;

/// The tables of conversations.
pub(super) const CONVERSATION: &[&str] = &[
    "complexity_estimation",
    "messages",
    "threads",
    "token_consumption",
    "tool_calls",
    "tool_selection",
];

/// Where the files of these tests are.
pub(super) fn data(name: &str) -> String {
    format!("{}/tests/data/adopt/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The exit code and the answer of a command.
pub(super) fn told(scratch: &Scratch, arguments: &[&str]) -> (i32, Value) {
    let mut arguments = arguments.to_vec();
    arguments.push("--json");
    let output = migrate(scratch, &arguments);
    let code = output.status.code().expect("an exit code");
    let words = String::from_utf8_lossy(&output.stderr);
    let json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {words}"));
    (code, json)
}

/// The same, of a command that ends well.
pub(super) fn done(scratch: &Scratch, arguments: &[&str]) -> Value {
    let (code, json) = told(scratch, arguments);
    assert_eq!(code, 0, "{arguments:?}: {json:#}");
    json
}

/// A list of the answer.
pub(super) fn list(json: &Value, name: &str) -> Vec<String> {
    let list = json[name].as_array().expect("a list").iter();
    list.map(|one| match one {
        Value::String(text) => text.clone(),
        other => other["object"].as_str().map_or_else(
            || format!("{}.{}", other["table"], other["name"]).replace('"', ""),
            str::to_owned,
        ),
    })
    .collect()
}

pub(super) async fn execute(scratch: &Scratch, sql: &str) {
    let done = scratch.db.execute_unprepared(sql).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// The number that a query answers.
pub(super) async fn number(scratch: &Scratch, sql: &str) -> i64 {
    let statement = Statement::from_string(scratch.db.get_database_backend(), sql);
    let row = scratch.db.query_one_raw(statement).await.expect(sql);
    row.expect("a row").try_get_by_index(0).expect("a number")
}

pub(super) async fn schema(scratch: &Scratch) -> LiveSchema {
    LiveSchema::read(&scratch.db).await.expect("a schema")
}

/// Some tables as the catalogue tells them, their own numbers with them.
pub(super) async fn tables(scratch: &Scratch, names: &[&str]) -> Vec<(String, Table)> {
    let mut tables = schema(scratch).await.tables;
    tables.retain(|name, _| names.contains(&name.as_str()));
    tables.into_iter().collect()
}

/// Every row of some tables, with the versions that the engine gives them.
pub(super) async fn rows(scratch: &Scratch, engine: Engine, names: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for name in names {
        let sql = match engine {
            Engine::Sqlite => format!("SELECT count(*) || ' ' || total(rowid) FROM \"{name}\""),
            Engine::Postgres => format!(
                "SELECT concat_ws(' ', count(*), md5(string_agg(concat_ws(' ', t.ctid, t.xmin, t), \
                 ',' ORDER BY t.ctid))) FROM {name} t"
            ),
        };
        let statement = Statement::from_string(scratch.db.get_database_backend(), sql);
        let row = scratch.db.query_one_raw(statement).await.expect(name);
        let text: String = row.expect("a row").try_get_by_index(0).expect("a text");
        found.push(format!("{name} {text}"));
    }
    found
}
