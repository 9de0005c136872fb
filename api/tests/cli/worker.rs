//! A process that works at jobs, and one that leaves them to others.

use crate::process::Home;

#[test]
fn a_worker_has_no_door_and_ends_in_order() {
    for (engine, home) in Home::each() {
        let home = home.set("CHANCERY_METRICS_LISTEN", "127.0.0.1:0");
        if engine == "SQLite" {
            let (code, text) = home.say(&["worker"]);
            assert_eq!(code, 1, "{text}");
            assert!(text.contains("belongs to one process"), "{text}");
            continue;
        }
        assert_eq!(home.say(&["migrate", "up"]).0, 0, "{engine}");
        let mut worker = home.start(&["worker", "--queue", "maintenance"]);
        let line = worker.wait_for("metrics and health on http://");
        let (_, address) = line.split_once("http://").unwrap();
        address.clone_into(&mut worker.address);
        worker.wait_for("working at jobs");
        worker.ready();
        for (path, status) in [
            ("/health/live", 200),
            ("/health/ready", 200),
            ("/metrics", 200),
            ("/api/v1/runs", 404),
            ("/graphql", 404),
        ] {
            assert_eq!(worker.get(path).0, status, "{path}");
        }
        worker.signal("TERM");
        worker.wait_for("the database is closed");
        assert_eq!(worker.end(), Some(0), "{engine}");
    }
}

#[test]
fn who_leaves_the_jobs_to_others_says_nothing_of_them() {
    for (words, variable, works) in [
        (&["serve"][..], "", true),
        (&["serve", "--no-jobs"], "", false),
        (&[], "true", false),
    ] {
        let home = Home::new().set("CHANCERY_NO_JOBS", variable);
        let said = home.start(words).stopped();
        assert!(said.contains("the database is closed"), "{said}");
        assert_eq!(said.contains("working at jobs"), works, "{said}");
    }
}
