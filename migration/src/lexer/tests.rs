//! Scripts, and where they are cut.

use proptest::prelude::*;

use super::*;
use crate::step::{Direction, STEPS};

const BOTH: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

#[test]
fn a_script_is_split_where_its_statements_end() {
    let script = "CREATE TABLE a (b text DEFAULT ';'); -- one; two\nSELECT '/*';\n/* ; */ SELECT \
                  \"a;b\" ; SELECT 'it''s; not';\n";
    for engine in BOTH {
        let found = split(engine, script);
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(found[0].starts_with("CREATE TABLE") && found[0].ends_with(')'));
        assert!(found[1].starts_with("-- one; two") && found[1].ends_with("'/*'"));
        assert!(found[2].ends_with("\"a;b\""));
        assert_eq!(split(engine, " ;\n-- nothing;\n"), Vec::<&str>::new());
    }
}

#[test]
fn what_looks_like_the_inside_of_something_hides_no_statement() {
    let drop = "DROP TABLE saved_views";
    for (engine, before) in [
        (
            Engine::Postgres,
            "CREATE TABLE spans (id int, begin timestamptz)",
        ),
        (Engine::Sqlite, "CREATE TABLE spans (id int, begin text)"),
        (Engine::Postgres, r"SELECT E'it\'s'"),
        (Engine::Postgres, "SELECT E'a'\n -- more\n 'it\\'s'"),
        (Engine::Postgres, r"SELECT 'a\'"),
        (Engine::Sqlite, r"SELECT 'a\'"),
        (Engine::Postgres, "SELECT 1 -- a \r"),
        (Engine::Postgres, "/* a /* b */ ' */ SELECT 1"),
        (Engine::Sqlite, "/* a /* b */ SELECT 1"),
        (Engine::Sqlite, "SELECT [it's], `it's` FROM a"),
        (Engine::Postgres, "SELECT ARRAY['[;'], a$b$ FROM a$b$c"),
        (Engine::Postgres, "SELECT $1, $a$ it's $b$ $a$"),
        (
            Engine::Postgres,
            "CREATE TRIGGER t AFTER UPDATE OF begin ON a EXECUTE FUNCTION f()",
        ),
        (
            Engine::Sqlite,
            "CREATE TEMP TRIGGER t AFTER UPDATE OF begin ON a BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; \
             SELECT 1 AS x; END",
        ),
        (
            Engine::Postgres,
            "CREATE OR REPLACE FUNCTION f(begin int) RETURNS int BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN \
             2 END; SELECT 1 AS case; END",
        ),
        (
            Engine::Postgres,
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $x$ BEGIN; $$ ; END $x$",
        ),
        (
            Engine::Postgres,
            "CREATE RULE r AS ON DELETE TO a DO INSTEAD (SELECT 1; SELECT 2)",
        ),
    ] {
        let script = format!("{before}; {drop}; SELECT 1;");
        let found = split(engine, &script);
        assert_eq!(found, [before.trim(), drop, "SELECT 1"], "{engine:?}");
    }
}

#[test]
fn names_are_told_without_their_quotes() {
    let plain = |engine, text| words(engine, text)[0].plain();
    assert_eq!(plain(Engine::Postgres, "\"a\"\"b\""), "a\"b");
    assert_eq!(plain(Engine::Sqlite, "[a b]"), "a b");
    assert_eq!(plain(Engine::Sqlite, "`a``b`"), "a`b");
    assert_eq!(plain(Engine::Postgres, "Abc"), "Abc");
}

#[test]
fn the_steps_that_ship_are_cut_as_their_lines_are() {
    for step in STEPS.iter().filter(|step| step.is_apart(Engine::Postgres)) {
        for way in [Direction::Up, Direction::Down] {
            let lines = step.script(Engine::Postgres, way).split(";\n");
            let lines: Vec<&str> = lines.map(str::trim).filter(|one| !one.is_empty()).collect();
            assert_eq!(
                step.statements(Engine::Postgres, way),
                lines,
                "{}",
                step.name
            );
        }
    }
}

/// Something that is quoted, with a semicolon in it.
fn hiding(engine: Engine) -> impl Strategy<Value = String> {
    let inner = "[a-z;\\n /*\\-]{0,6};[a-z; ]{0,4}";
    let postgres = engine == Engine::Postgres;
    (inner, 0..7_usize)
        .prop_map(move |(inner, which)| match which {
            0 => format!("'{inner}''{inner}'"),
            1 => format!("\"{inner}\""),
            2 => format!("-- {}\n", inner.replace('\n', " ")),
            3 => format!("/*{}*/", inner.replace(['*', '/'], "")),
            4 if postgres => format!("$x${inner}$x$"),
            5 if postgres => format!("E'{inner}\\'{inner}'"),
            6 if !postgres => format!("[{inner}]"),
            _ => format!("$$'{inner}'"),
        })
        .prop_filter("a text between dollars is closed", |text| {
            !text.starts_with("$$")
        })
}

proptest! {
    #[test]
    fn the_pieces_are_the_script(script in "[a-zA-Z0-9;'\"$`\\[\\]()*/\\\\\\- \\r\\né_]{0,80}") {
        for engine in BOTH {
            prop_assert_eq!(pieces(engine, &script).concat(), script.as_str());
            let all: String = tokens(engine, &script).map(|one| one.text).collect();
            prop_assert_eq!(all, script.as_str());
        }
    }

    #[test]
    fn what_is_quoted_cuts_nothing(
        texts in prop::collection::vec((hiding(Engine::Postgres), hiding(Engine::Sqlite)), 1..5),
    ) {
        for engine in BOTH {
            let said = texts.iter().map(|(postgres, sqlite)| match engine {
                Engine::Postgres => format!("SELECT {postgres} , a"),
                Engine::Sqlite => format!("SELECT {sqlite} , a"),
            });
            let said: Vec<String> = said.collect();
            let script = said.join(";\n");
            prop_assert_eq!(split(engine, &script), said.iter().map(|one| one.trim()).collect::<Vec<_>>());
        }
    }
}
