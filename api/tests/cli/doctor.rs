//! What the doctor finds, and that it changes nothing.

use serde_json::Value;

use crate::process::Home;

/// The verdict and the words of each check.
struct Report {
    code: i32,
    checks: Vec<Value>,
}

impl Report {
    fn of(home: &Home) -> Self {
        let output = home.run(&["doctor", "--json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let checks = report["checks"].as_array().unwrap().clone();
        for check in &checks {
            let fine = check["verdict"] == "ok";
            assert_eq!(check["todo"].is_null(), fine, "say what to do: {check}");
        }
        let failed = checks.iter().any(|check| check["verdict"] == "fail");
        let code = output.status.code().unwrap();
        assert_eq!(code, i32::from(failed), "{report:#}");
        assert_eq!(report["verdict"] == "fail", failed, "{report:#}");
        Self { code, checks }
    }

    fn has(&self, check: &str, verdict: &str, words: &str) -> bool {
        self.checks.iter().any(|one| {
            let said = one["said"].as_str().unwrap();
            one["check"] == check && one["verdict"] == verdict && said.contains(words)
        })
    }

    #[track_caller]
    fn says(&self, check: &str, verdict: &str, words: &str) {
        let found = self.has(check, verdict, words);
        assert!(
            found,
            "no {verdict} of {check}: {words}\n{:#?}",
            self.checks
        );
    }
}

#[test]
fn the_doctor_goes_through_everything_on_both_engines() {
    for (engine, home) in Home::each() {
        let home = home.set("PUBLIC_URL", "https://chancery.example.com");
        let sqlite = engine == "SQLite";
        let before = Report::of(&home);
        if sqlite {
            before.says("database", "warn", "chancery.db is not there yet");
            assert!(
                home.names().is_empty(),
                "the doctor made {:?}",
                home.names()
            );
        } else {
            before.says("migrations", "fail", "are pending, first m2026");
        }
        assert_eq!(home.say(&["migrate", "up"]).0, 0, "{engine}");

        let report = Report::of(&home);
        assert_eq!(report.code, 0, "{engine}: {:#?}", report.checks);
        report.says("settings", "ok", "development");
        report.says(
            "connection",
            "ok",
            if sqlite { "sqlite" } else { "postgres" },
        );
        report.says("version", "ok", engine);
        report.says("migrations", "ok", "are applied");
        report.says("schema", "ok", "as the last migration left it");
        report.says("jobs", "ok", "0 wait");
        let roomy = report.has("disk space", "ok", "MiB are free");
        assert!(roomy || report.has("disk space", "warn", "MiB are free"));
        if sqlite {
            report.says("journal", "ok", "wal");
            report.says("foreign keys", "ok", "checked");
            report.says("durability", "ok", "on the disk");
            report.says("file", "ok", "whole");
        } else {
            report.says("database", "ok", "postgres://postgres:***@127.0.0.1");
            report.says("encoding", "ok", "UTF8");
            // The throw-away server of the tests is careless, to be fast.
            report.says("durability", "warn", "fsync");
            report.says("connections", "ok", "the pool takes up to 10");
            report.says("rights", "ok", "migrate");
            report.says("clock", "ok", "0.0 s apart");
        }

        let (code, text) = home.say(&["doctor"]);
        assert_eq!(code, 0, "{engine}: {text}");
        assert!(text.contains("ok    migrations"), "{text}");

        home.execute("CREATE INDEX planted ON users (last_login)");
        let planted = Report::of(&home);
        planted.says("schema", "warn", "something else has changed it");
        assert_eq!(planted.code, 0, "it works all the same");

        let home = home.set("DB_POOL_SIZE", "1000");
        if !sqlite {
            Report::of(&home).says("connections", "fail", "the pool takes up to 1000");
        }
    }
}

#[test]
fn the_doctor_says_what_stands_in_the_way_of_a_start() {
    for (name, value, check, words) in [
        ("DATABASE_URL", "mysql://ann:hunter2@h/db", "database", ""),
        (
            "DATABASE_URL",
            "postgres://ann:hunter2@127.0.0.1:1/db",
            "connection",
            "",
        ),
        (
            "CHANCERY_SECRET_KEY",
            "hunter2",
            "secret key",
            "64 hexadecimal",
        ),
        (
            "CHANCERY_ENV",
            "production",
            "settings",
            "PUBLIC_URL must be set",
        ),
    ] {
        let home = Home::new().set(name, value);
        let report = Report::of(&home);
        report.says(check, "fail", words);
        let (code, text) = home.say(&["doctor"]);
        assert!(
            code == 1 && text.contains(&format!("fail  {check}")),
            "{text}"
        );
        assert!(text.contains("-> ") && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn the_doctor_knows_a_broken_file_and_an_open_key() {
    let home = Home::new();
    assert_eq!(home.say(&["migrate", "up"]).0, 0);
    home.file("data/secret.key", &"8f1d3a5c".repeat(8));
    let report = Report::of(&home);
    report.says("secret key", "warn", "can be read by others");
    report.says("settings", "warn", "PUBLIC_URL is not set");

    home.file("data/chancery.db", &"not a database ".repeat(1000));
    let report = Report::of(&home);
    assert_eq!(report.code, 1);
    assert!(report.has("connection", "fail", "") || report.has("engine", "fail", ""));
}
