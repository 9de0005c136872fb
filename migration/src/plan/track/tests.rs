//! Scripts, and what they take.

use super::*;
use crate::schema::change::{self, Options};
use crate::schema::{LiveSchema, View};

/// What `script` takes of `runs (id, name, note)` and `cards (id)` on an engine.
fn taken_on(engine: Engine, script: &[&str]) -> Vec<String> {
    let columns = |names: &[&str]| names.iter().map(|&one| one.to_owned()).collect();
    let mut track = Track::of(&BTreeMap::from([
        ("runs".to_owned(), columns(&["id", "name", "note"])),
        ("cards".to_owned(), columns(&["id"])),
    ]));
    let taken = script.iter().flat_map(|sql| track.run(engine, sql));
    let where_it_is = |which: Option<String>| which.map(|which| format!(" where {which}"));
    let told = taken.map(|one| match one {
        Taken::Unknown(_) => "unknown".to_owned(),
        Taken::Column { table, column } => format!("{table}.{column}"),
        Taken::Narrowed { table, column } => format!("over {table}.{column}"),
        Taken::Rows { table, which } => {
            format!("{table}{}", where_it_is(which).unwrap_or_default())
        }
        Taken::Values {
            table,
            column,
            which,
        } => format!(
            "over {table}.{column}{}",
            where_it_is(which).unwrap_or_default()
        ),
    });
    told.collect()
}

fn taken(script: &[&str]) -> Vec<String> {
    taken_on(Engine::Postgres, script)
}

#[test]
fn a_table_that_is_made_anew_takes_only_what_is_not_copied() {
    let anew = |copy: &str| {
        taken(&[
            "DROP INDEX i",
            "ALTER TABLE \"runs\" RENAME TO \"runs__before\"",
            "CREATE TABLE runs (id integer, name text)",
            copy,
            "DROP TABLE \"runs__before\"",
        ])
    };
    let all = "INSERT INTO \"runs\" (\"id\", \"name\", \"note\") SELECT \"id\", \"name\", coalesce(\"note\", \
               '') FROM \"runs__before\"";
    assert_eq!(anew(all), Vec::<String>::new());
    let some = "INSERT INTO runs (id, name) SELECT id, name FROM runs__before";
    assert_eq!(anew(some), ["runs.note"]);
    assert_eq!(
        anew(&format!("{some} WHERE id > 3")),
        ["runs where (id > 3) IS NOT TRUE", "runs.note"]
    );
    for none in [
        "SELECT 1",
        "INSERT INTO runs (id) SELECT max(id) FROM runs__before",
        "INSERT INTO runs SELECT * FROM runs__before LIMIT 5",
        "INSERT INTO runs SELECT b.* FROM runs__before b JOIN cards c ON c.id = b.id",
    ] {
        assert_eq!(anew(none), ["runs"], "{none}");
    }
}

#[test]
fn rows_that_stand_under_another_name_are_not_lost_and_go_with_that() {
    let moved = [
        "CREATE TABLE next (id integer, name text, note text)",
        "INSERT INTO next SELECT * FROM runs",
        "DROP TABLE runs",
        "ALTER TABLE next RENAME TO runs",
    ];
    assert_eq!(taken(&moved), Vec::<String>::new());
    let and = |more: &str| taken(&[&moved[..], &[more]].concat());
    assert_eq!(and("ALTER TABLE runs DROP COLUMN note"), ["runs.note"]);
    assert_eq!(and("DROP TABLE runs"), ["runs"]);
    assert_eq!(
        and("ALTER TABLE runs ADD COLUMN more text"),
        Vec::<String>::new()
    );
    // What is put aside for a while only is not all there is.
    let aside = [
        "CREATE TABLE aside AS SELECT * FROM runs",
        "DROP TABLE aside",
    ];
    assert_eq!(taken(&aside), Vec::<String>::new());
    assert_eq!(
        taken(&[&aside[..], &["DROP TABLE runs"]].concat()),
        ["runs"]
    );
}

#[test]
fn whatever_takes_something_is_seen() {
    for (sql, told) in [
        (
            "DROP TABLE IF EXISTS runs, cards CASCADE",
            &["runs", "cards"][..],
        ),
        ("DROP TABLE public.runs", &["runs"]),
        ("TRUNCATE TABLE runs", &["runs"]),
        ("DELETE FROM runs", &["runs"]),
        ("DELETE FROM runs WHERE id = 1;", &["runs where id = 1"]),
        (
            "ALTER TABLE ONLY runs DROP COLUMN IF EXISTS name CASCADE, DROP note",
            &["runs.name", "runs.note"],
        ),
        (
            "ALTER TABLE runs DROP CONSTRAINT c, DROP COLUMN NAME",
            &["runs.name"],
        ),
        ("ALTER TABLE runs ALTER COLUMN name DROP NOT NULL", &[]),
        ("ALTER TABLE runs RENAME COLUMN name TO title", &[]),
        ("DROP TABLE others", &[]),
        ("DROP INDEX runs", &[]),
        ("UPDATE runs SET name = name || 'DROP TABLE runs'", &[]),
    ] {
        assert_eq!(taken(&[sql]), told, "{sql}");
    }
    let renamed = [
        "ALTER TABLE runs RENAME COLUMN name TO title",
        "ALTER TABLE runs DROP COLUMN title",
    ];
    assert_eq!(taken(&renamed), ["runs.name"], "as it was called before");
}

#[test]
fn what_is_written_over_is_taken() {
    for (sql, told) in [
        ("UPDATE runs SET name = NULL", &["over runs.name"][..]),
        (
            "UPDATE ONLY runs AS r SET name = 'a', (note, id) = (SELECT 1, 2) WHERE id > 3",
            &[
                "over runs.name where id > 3",
                "over runs.note where id > 3",
                "over runs.id where id > 3",
            ],
        ),
        ("UPDATE runs SET name = lower(name)", &[]),
        ("UPDATE runs SET new = name", &[]),
        ("UPDATE a_view SET name = NULL", &["unknown"]),
        (
            "ALTER TABLE runs ALTER COLUMN name TYPE varchar(3) USING left(name, 3)",
            &["over runs.name"],
        ),
        (
            "ALTER TABLE runs ALTER name SET DATA TYPE varchar(3) USING name::varchar(3), ALTER id TYPE int2",
            &["over runs.name", "over runs.id"],
        ),
        ("ALTER TABLE runs ALTER name TYPE varchar(3)", &[]),
        (
            "ALTER TABLE runs ALTER name TYPE status USING name::text::status",
            &[],
        ),
        (
            "ALTER TABLE runs ALTER name TYPE timestamptz USING name::date::timestamptz",
            &["over runs.name"],
        ),
        ("ALTER TABLE runs ALTER id TYPE bigint", &[]),
    ] {
        assert_eq!(taken(&[sql]), told, "{sql}");
    }
}

#[test]
fn what_nobody_can_tell_is_said_to_be_so() {
    for sql in [
        "DO $$ BEGIN DROP TABLE runs; END $$",
        "WITH x AS (DELETE FROM runs RETURNING *) SELECT * FROM x",
        "WITH x AS (SELECT 1) UPDATE runs SET name = NULL",
        "/* a */ SELECT purge()",
        "SELECT \"purge\" ()",
        "CALL purge()",
        "EXPLAIN ANALYZE DELETE FROM runs",
        "COPY (DELETE FROM runs RETURNING *) TO STDOUT",
        "MERGE INTO runs USING cards ON true WHEN MATCHED THEN DELETE",
        "DROP SCHEMA public CASCADE",
        "DROP OWNED BY somebody",
        "DROP TYPE status CASCADE",
        "DROP TABLE other.runs",
        "TRUNCATE runs CASCADE",
        "DELETE FROM a_view",
        "TRUNCATE other.runs",
        "ALTER TABLE other.runs DROP name",
        "ALTER TYPE pair DROP ATTRIBUTE a",
        "INSERT INTO runs VALUES (1) ON CONFLICT (id) DO UPDATE SET name = NULL",
        "INSERT OR REPLACE INTO runs VALUES (1)",
        "WHATEVER runs",
    ] {
        assert_eq!(taken(&[sql]), ["unknown"], "{sql}");
    }
    for sql in [
        "SELECT 1",
        "SELECT count(*), max(id) FROM runs WHERE id IN (SELECT id FROM cards) FOR UPDATE",
        "SELECT setval('a', 1)",
        "WITH x AS (SELECT * FROM runs) INSERT INTO cards SELECT id FROM x",
        "DROP TYPE status",
        "DROP TABLE others CASCADE",
        "INSERT INTO cards VALUES (1) ON CONFLICT DO NOTHING",
        "CREATE FUNCTION f() RETURNS void AS $$ DELETE FROM runs $$ LANGUAGE sql",
    ] {
        assert_eq!(taken(&[sql]), Vec::<String>::new(), "{sql}");
    }
    // No function of SQLite writes.
    assert_eq!(
        taken_on(Engine::Sqlite, &["SELECT f()"]),
        Vec::<String>::new()
    );
}

#[test]
fn what_is_put_where_it_does_not_stay_is_lost() {
    let aside = [
        "CREATE TEMP TABLE aside AS SELECT * FROM runs",
        "DROP TABLE runs",
    ];
    assert_eq!(taken(&aside), ["runs"]);
}

#[test]
fn a_name_in_quotes_is_the_same_name() {
    assert_eq!(
        taken(&["ALTER TABLE \"runs\" DROP \"name\""]),
        ["runs.name"]
    );
    assert_eq!(
        taken_on(
            Engine::Sqlite,
            &["ALTER TABLE [runs] DROP `name`", "DELETE FROM \"cards\""]
        ),
        ["runs.name", "cards"]
    );
    assert_eq!(
        taken(&["TRUNCATE ONLY runs, ONLY cards *"]),
        ["runs", "cards"]
    );
}

#[test]
fn a_type_that_does_not_hold_all_takes_what_the_column_has() {
    let narrows = |change: &str| {
        let kinds = [
            ("name", "text"),
            ("share", "numeric(8,4)"),
            ("id", "integer"),
            ("place", "smallint"),
            ("mood", "mood"),
        ];
        let kinds = kinds.map(|(name, kind)| (name.to_owned(), kind.to_owned()));
        let columns = kinds.iter().map(|(name, _)| name.clone()).collect();
        let mut track = Track::of(&[("runs".to_owned(), columns)].into())
            .with_kinds([("runs".to_owned(), kinds.into())].into());
        let taken = track.run(Engine::Postgres, &format!("ALTER TABLE runs {change}"));
        let mut all = taken.iter();
        assert!(
            all.all(|one| matches!(one, Taken::Narrowed { .. })),
            "{change}"
        );
        !taken.is_empty()
    };
    for change in [
        "ALTER COLUMN name TYPE varchar(5) USING name::varchar(5)",
        "ALTER COLUMN name TYPE varchar(5) USING left(name, 5)",
        "ALTER share SET DATA TYPE numeric(8, 2)",
        "ALTER share TYPE numeric(9, 4) USING share::numeric(8, 2)",
        "ALTER id TYPE bigint, ALTER share TYPE integer",
        "ALTER COLUMN name TYPE integer USING length(name)",
        "ALTER COLUMN mood TYPE integer USING mood::integer",
    ] {
        assert!(narrows(change), "{change}");
    }
    for change in [
        "ALTER COLUMN name TYPE varchar(5)",
        "ALTER COLUMN id TYPE bigint USING id::bigint",
        "ALTER COLUMN place TYPE integer",
        "ALTER COLUMN id TYPE smallint",
        "ALTER share TYPE numeric(12, 4) USING share::numeric(12, 4)",
        "ALTER mood TYPE temper USING mood::text::temper",
    ] {
        assert!(!narrows(change), "{change}");
    }
}

#[test]
fn what_a_step_keeps_rights_by_takes_nothing() {
    let made = |body: &str| {
        let mut schema = LiveSchema::empty(Engine::Postgres);
        let view = View {
            create: format!("CREATE VIEW seen AS\n SELECT {body}"),
            ..View::default()
        };
        schema.views.insert("seen".to_owned(), view);
        schema
    };
    let options = Options {
        carries_rights: true,
        ..Options::default()
    };
    let way = change::statements(&made("1 AS a"), &made("2 AS a"), &options);
    let first = way[0].sql.as_str();
    assert!(
        first.starts_with("-- Who has rights on what is made anew keeps them."),
        "{way:#?}"
    );
    for one in &way {
        let taken = Track::default().run(Engine::Postgres, &one.sql);
        assert_eq!(taken, [], "{}", one.sql);
    }
    let other = "DO $$ BEGIN EXECUTE current_setting('another'); END $$";
    assert!(!Track::default().run(Engine::Postgres, other).is_empty());
}
