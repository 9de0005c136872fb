//! Scripts, and what they take.

use super::*;

/// What `script` takes of `runs (id, name, note)` and `cards (id)`.
fn taken(script: &[&str]) -> Vec<String> {
    let columns = |names: &[&str]| names.iter().map(|&one| one.to_owned()).collect();
    let mut track = Track::of(&BTreeMap::from([
        ("runs".to_owned(), columns(&["id", "name", "note"])),
        ("cards".to_owned(), columns(&["id"])),
    ]));
    let taken = script.iter().flat_map(|sql| track.run(sql));
    let told = taken.map(|one| {
        let column = one.column.map(|name| format!(".{name}"));
        let which = one.which.map(|which| format!(" where {which}"));
        format!(
            "{}{}{}",
            one.table,
            column.unwrap_or_default(),
            which.unwrap_or_default()
        )
    });
    told.collect()
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
        ("UPDATE runs SET name = 'DROP TABLE runs'", &[]),
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
fn a_type_that_does_not_hold_all_takes_the_column() {
    let narrows = |change: &str| {
        let kinds = [
            ("name", "text"),
            ("share", "numeric(8,4)"),
            ("id", "integer"),
        ];
        let kinds = kinds.map(|(name, kind)| (name.to_owned(), kind.to_owned()));
        let columns = kinds.iter().map(|(name, _)| name.clone()).collect();
        let mut track = Track::of(&[("runs".to_owned(), columns)].into())
            .with_kinds([("runs".to_owned(), kinds.into())].into());
        let taken = track.run(&format!("ALTER TABLE runs {change}"));
        assert!(taken.iter().all(|one| one.narrowed), "{change}");
        !taken.is_empty()
    };
    assert!(narrows(
        "ALTER COLUMN name TYPE varchar(5) USING name::varchar(5)"
    ));
    assert!(narrows("ALTER share SET DATA TYPE numeric(8, 2)"));
    assert!(narrows("ALTER id TYPE bigint, ALTER share TYPE integer"));
    assert!(narrows("ALTER COLUMN name TYPE integer USING length(name)"));
    assert!(
        !narrows("ALTER COLUMN name TYPE varchar(5)"),
        "it is refused"
    );
    assert!(!narrows("ALTER COLUMN id TYPE bigint USING id::bigint"));
}
