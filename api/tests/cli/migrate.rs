//! The commands of migrations, as the binary has them: on the database of its settings.

use serde_json::Value;

use crate::process::Home;

fn json(home: &Home, words: &[&str]) -> (i32, Value) {
    let told = home.run(&[&["migrate"][..], words, &["--json"]].concat());
    let code = told.status.code().unwrap();
    let object = serde_json::from_slice(&told.stdout);
    let words = String::from_utf8_lossy(&told.stderr);
    (
        code,
        object.unwrap_or_else(|error| panic!("{error}: {words}")),
    )
}

#[test]
fn a_database_goes_from_nothing_to_the_last_step_and_back() {
    for (engine, home) in Home::each() {
        let (code, told) = json(&home, &["status"]);
        assert_eq!(code, 2, "{engine}");
        let steps = told["pending"].as_array().unwrap().len();
        let (code, told) = json(&home, &["up", "--actor", "ann"]);
        assert_eq!(
            (code, told["applied"].as_array().unwrap().len()),
            (0, steps)
        );
        assert_eq!(json(&home, &["status", "--check-drift"]).0, 0, "{engine}");
        assert_eq!(
            json(&home, &["diff", "--from", "database", "--to", "entities"]).0,
            0
        );
        home.execute("DROP TABLE saved_views");
        let (code, told) = json(&home, &["drift"]);
        assert_eq!(code, 3, "{engine}");
        assert_eq!(told["drift"][0]["object"], "table saved_views");
        let (code, told) = json(&home, &["down", "--to", "000007"]);
        assert_ne!(code, 0, "{engine}: {told}");
    }
}

#[test]
fn a_wrong_line_is_one_object_too() {
    let home = Home::new();
    let (code, told) = json(&home, &["up", "--nonsense"]);
    assert_eq!((code, &told["exit"]), (64, &64.into()));
    assert!(told["command"].is_null(), "{told}");
    home.file("chancery.toml", "db_pool_sise = 3");
    let (code, told) = json(&home, &["status"]);
    assert_eq!(code, 64);
    assert!(
        told["error"].as_str().unwrap().contains("db_pool_sise"),
        "{told}"
    );
    // Nobody else speaks so.
    let told = home.run(&["serve", "--json"]);
    assert_eq!((told.status.code(), told.stdout.len()), (Some(64), 0));
}

#[test]
fn the_database_that_is_named_is_the_one_that_is_emptied() {
    for (engine, home) in Home::each() {
        assert_eq!(json(&home, &["up"]).0, 0, "{engine}");
        assert_eq!(json(&home, &["seed", "pipeline-test"]).0, 0);
        let file = format!("sqlite://{}?mode=rwc", home.path("other.db").display());
        let other = home.beside("staging").unwrap_or_else(|| file.clone());
        // As on a host where the live database is behind a pooler.
        let live = match engine {
            "SQLite" => format!("sqlite://{}", home.path("data/chancery.db").display()),
            _ => home.variable("DATABASE_URL").to_owned(),
        };
        let home = home.set("DATABASE_DIRECT_URL", &live);
        for named in [&other, &file] {
            for command in [&["up"][..], &["fresh"]] {
                let words = [&["--database-url", named][..], command].concat();
                assert_eq!(json(&home, &words).0, 0, "{engine} {command:?}");
            }
        }
        let (_, told) = json(&home, &["status", "--database-url", &other]);
        assert_eq!(told["pending"], serde_json::json!([]));
        // It has them still: what is there already is not sown again.
        let (_, told) = json(&home, &["seed", "pipeline-test", "--database-url", &live]);
        let told = told["sown"].as_str().unwrap().to_owned();
        assert!(told.contains("was there already"), "{engine}: {told}");

        let home = home.set("DATABASE_URL", &other);
        let (code, said) = home.say(&["migrate", "fresh"]);
        assert_eq!((code, said.contains("two databases")), (1, true), "{said}");
    }
}
