//! Five documents as five runs, worked on by a program that dies on the way and starts again.

use std::process::Stdio;
use std::time::Duration;

use chrono::TimeDelta;
use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::{Client, Plan, TestApp, run_body};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const SEEDS: [&str; 5] = [
    "architecture_migration.txt",
    "database_architecture.txt",
    "integration_plan.txt",
    "migration_guide.txt",
    "orm_migration_design.txt",
];

fn documents() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/seeds")
}

/// The worker, as a process of its own.
struct Worker {
    process: Child,
    input: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
}

fn command(app: &TestApp, key: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seed_worker"));
    command
        .args(["--server", &app.base, "--once", "--documents"])
        .arg(documents())
        .env("CHANCERY_API_KEY", key)
        .kill_on_drop(true);
    command
}

impl Worker {
    /// One that asks before each stage.
    fn stepping(app: &TestApp, key: &str) -> Self {
        let mut process = command(app, key)
            .arg("--step")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: process.stdin.take().unwrap(),
            told: BufReader::new(process.stdout.take().unwrap()).lines(),
            process,
        }
    }

    /// Let it go on until it tells that it is about to hand in `stage` of `document`.
    async fn until(&mut self, document: &str, stage: i64) {
        let wanted = format!("{document} {stage}");
        while let Some(line) = self.told.next_line().await.unwrap() {
            if line == wanted {
                return;
            }
            self.go().await;
        }
        let ended = self.process.wait().await.unwrap();
        panic!("it ended before {wanted}: {ended}");
    }

    async fn go(&mut self) {
        self.input.write_all(b"\n").await.unwrap();
    }

    /// SIGKILL.
    async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }
}

/// The runs, in the order in which they were asked for.
async fn runs(ann: &Client, paths: &[String]) -> Vec<Value> {
    let mut found = Vec::new();
    for path in paths {
        found.push(ann.get(path).await.body);
    }
    found
}

fn progress(runs: &[Value]) -> Vec<(&str, i64)> {
    runs.iter()
        .map(|run| {
            let stage = run["current_stage"].as_i64().unwrap();
            (run["status"].as_str().unwrap(), stage)
        })
        .collect()
}

#[tokio::test]
async fn five_documents_survive_the_death_of_their_worker() {
    // Long, so that a claim runs out when the test says so and never because a machine is slow.
    let mut plan = Plan::default();
    plan.settings.run_lease = Duration::from_hours(1);
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let key = json!({ "name": "worker", "scopes": ["worker"] });
        let key = admin.post("/api/v1/me/keys", key).await.body;
        let key = key["key"].as_str().unwrap();
        let mut paths = Vec::new();
        for name in SEEDS.iter().chain(&["missing.txt", "../README.md"]) {
            let run = ann.post("/api/v1/runs", run_body(name)).await.body;
            paths.push(format!("/api/v1/runs/{}", run["id"].as_str().unwrap()));
        }

        // It dies with the second document half-way, between two stages.
        let mut first = Worker::stepping(&app, key);
        first.until(SEEDS[1], 3).await;
        first.kill().await;
        let mut expected = vec![("COMPLETED", 5), ("RUNNING", 2)];
        expected.resize(paths.len(), ("PENDING", 0));
        assert_eq!(progress(&runs(&ann, &paths).await), expected);

        // The next one leaves the dead one's run alone while its claim lasts, and dies while it
        // hands in a stage.
        let mut second = Worker::stepping(&app, key);
        second.until(SEEDS[2], 4).await;
        second.go().await;
        second.kill().await;
        let half = runs(&ann, &paths).await;
        assert_eq!(half[1]["attempt"], 1, "{}", half[1]);
        assert_eq!(half[2]["status"], "RUNNING");
        let handed_in = half[2]["current_stage"].as_i64().unwrap();
        assert!([3, 4].contains(&handed_in), "{handed_in}");

        // The claims run out.
        let lease = app.services().settings.run_lease;
        app.clock
            .advance(TimeDelta::from_std(lease).unwrap() + TimeDelta::seconds(1));
        let third = command(&app, key).output().await.unwrap();
        assert!(third.status.success(), "{third:?}");

        let done = runs(&ann, &paths).await;
        let (seeds, unreadable) = done.split_at(SEEDS.len());
        for run in unreadable {
            assert_eq!(run["status"], "FAILED", "{run}");
            assert_eq!(run["outputs"], json!([]));
        }
        for (run, name) in seeds.iter().zip(SEEDS) {
            whole(run, name);
        }
        let attempts = |run: &Value| -> Vec<i64> {
            let outputs = run["outputs"].as_array().unwrap();
            outputs
                .iter()
                .map(|o| o["attempt"].as_i64().unwrap())
                .collect()
        };
        assert_eq!(attempts(&done[0]), [1, 1, 1, 1, 1]);
        assert_eq!(attempts(&done[1]), [1, 1, 2, 2, 2]);
        assert_eq!(attempts(&done[3]), [1, 1, 1, 1, 1]);
        let cards = ann.get("/api/v1/cards?limit=100").await.body;
        assert_eq!(cards["items"].as_array().unwrap().len(), 5 * SEEDS.len());
        app.stop().await;
    }
}

/// Each stage once, and what it brought is from the document.
fn whole(run: &Value, name: &str) {
    assert_eq!(run["status"], "COMPLETED", "{name}");
    let text = std::fs::read_to_string(documents().join(name)).unwrap();
    let text = text.replace("**", "").replace('`', "");
    let numbers = |list: &str, field: &str| -> Vec<i64> {
        let rows = run[list].as_array().unwrap();
        rows.iter()
            .map(|row| row[field].as_i64().unwrap())
            .collect()
    };
    assert_eq!(
        numbers("outputs", "stage_number"),
        [1, 2, 3, 4, 5],
        "{name}"
    );
    assert_eq!(numbers("cards", "number"), [1, 2, 3, 4, 5], "{name}");
    let mut told = vec![
        &run["report"]["inspiration1_title"],
        &run["report"]["inspiration2_title"],
    ];
    for card in run["cards"].as_array().unwrap() {
        told.extend([&card["title"], &card["target_segment"]]);
    }
    for told in told {
        let told = told.as_str().unwrap();
        assert!(text.contains(&format!("# {told}")), "{name}: {told}");
    }
    let terms = run["outputs"][2]["json_output"]["terms"]
        .as_object()
        .unwrap();
    let small = text.to_lowercase();
    for (term, count) in terms {
        let found = u64::try_from(small.matches(term.as_str()).count()).unwrap();
        assert!(found >= count.as_u64().unwrap(), "{name}: {term}");
    }
}
