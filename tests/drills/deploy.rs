//! What docs/deploy.md says is so: a backup comes back, and the files of its proxy and its pooler work.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::cluster::Cluster;

use crate::server::{Server, command};
use crate::{EMAIL, PASSWORD, free_port, patience, sign_in};

/// The blocks of one kind in docs/deploy.md.
fn blocks(kind: &str) -> Vec<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/deploy.md");
    let page = std::fs::read_to_string(page).unwrap();
    let parts = page.split("```").skip(1).step_by(2);
    let found = parts.filter_map(|part| part.strip_prefix(kind)?.strip_prefix('\n'));
    found.map(str::to_owned).collect()
}

fn installed(name: &str) -> Option<PathBuf> {
    let places = ["/usr/sbin", "/usr/bin", "/usr/local/bin"];
    let found = places.iter().map(|place| Path::new(place).join(name));
    let found = found.into_iter().find(|path| path.is_file());
    if found.is_none() {
        println!("SKIPPED: there is no {name} here");
    }
    found
}

#[test]
#[ignore = "needs systemd's own words: .ci/run deploy"]
fn the_unit_is_read_and_hardened() {
    let Some(analyze) = installed("systemd-analyze") else {
        return;
    };
    let unit = blocks("ini")
        .into_iter()
        .find(|text| text.contains("[Service]"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("chancery.service");
    // What a unit starts has to be there.
    let unit = unit
        .unwrap()
        .replace("/usr/local/bin/chancery", "/bin/true");
    std::fs::write(&file, unit).unwrap();
    let ask = |words: &[&str]| {
        let said = Command::new(&analyze)
            .args(words)
            .arg(&file)
            .output()
            .unwrap();
        let text = [said.stdout, said.stderr].concat();
        (
            said.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    };
    let (good, said) = ask(&["verify", "--man=no"]);
    assert!(good && !said.contains("chancery.service:"), "{said}");
    // 0 is as closed as can be, 10 as open.
    let (good, said) = ask(&["security", "--offline=true", "--threshold=20", "--no-pager"]);
    println!("{}", said.lines().last().unwrap_or_default());
    assert!(good, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a drill of half a minute: .ci/run deploy"]
async fn a_backup_comes_back() {
    service::tls::install();
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let url = cluster.url("postgres");
    let data = tempfile::tempdir().unwrap();
    Server::prepare(&url, data.path(), EMAIL, PASSWORD);
    let server = Server::serve(&url, data.path(), &[]);
    let http = sign_in(&server.base).await;
    let mut made = Vec::new();
    for _ in 0..20 {
        let run = http.post(format!("{}/api/v1/runs", server.base));
        let run = run.json(&tests::run_body("a.pdf")).send().await.unwrap();
        let run: Value = run.json().await.unwrap();
        made.push(run["id"].as_str().unwrap().to_owned());
    }
    let programs = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let programs = programs.map(|version| version.path().join("bin"));
    let programs = programs.filter(|bin| bin.join("pg_dump").is_file()).max();
    let program = |name: &str| {
        programs
            .as_ref()
            .map_or_else(|| name.into(), |bin| bin.join(name))
    };
    let run = |name: &str, words: &[&str]| {
        let ran = Command::new(program(name)).args(words).output().unwrap();
        assert!(
            ran.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
    };
    let dump = data.path().join("chancery.dump");
    let dump = dump.to_str().unwrap();
    // While it serves.
    run(
        "pg_dump",
        &["--format=custom", &format!("--file={dump}"), &url],
    );
    let restored = cluster.url("chancery_restored");
    let create = format!("--maintenance-db={url}");
    run("createdb", &[&create, "chancery_restored"]);
    let into = format!("--dbname={restored}");
    run(
        "pg_restore",
        &["--exit-on-error", "--no-owner", &into, dump],
    );
    // And by our own command, which proves what it wrote.
    let answer = |database: &str, words: &[&str]| -> Value {
        let mut asked = command(database, data.path());
        let asked = asked.arg("migrate").args(words).arg("--json");
        let said = asked.output().unwrap();
        let errors = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.status.success(), "{words:?}: {errors}");
        serde_json::from_slice(&said.stdout).unwrap()
    };
    let place = data.path().join("backups");
    let backup = answer(&url, &["backup", place.to_str().unwrap()]);
    assert_eq!(backup["tested"], true);
    assert_eq!(backup["tables"]["runs"]["rows"], made.len());
    assert!(server.stop());
    let again = cluster.url("chancery_again");
    run("createdb", &[&create, "chancery_again"]);
    let back = answer(&again, &["restore", backup["path"].as_str().unwrap()]);
    assert_eq!(back["tables"], backup["tables"], "every table as it was");

    for database in [&restored, &again] {
        goes_on(database, data.path(), &made).await;
    }
    println!("{} runs came back from either backup", made.len());
}

/// The database at `url` is one to go on with, and has the runs that were made.
async fn goes_on(url: &str, data: &Path, made: &[String]) {
    for words in [&["migrate", "status"][..], &["doctor"]] {
        let said = command(url, data).args(words).output().unwrap();
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(said.status.success(), "{words:?}: {text}");
        assert!(!text.contains("pending"), "{text}");
    }
    let server = Server::serve(url, data, &[]);
    // With the password that they had.
    let http = sign_in(&server.base).await;
    for id in made {
        let run = http.get(format!("{}/api/v1/runs/{id}", server.base));
        assert_eq!(run.send().await.unwrap().status(), 200);
    }
    let found = http.get(format!("{}/api/v1/runs?count=exact&limit=1", server.base));
    let found: Value = found.send().await.unwrap().json().await.unwrap();
    assert_eq!(found["total"]["count"], made.len());
    assert!(server.stop());
}

/// An nginx, ended when it is dropped.
struct Proxy(Child);

impl Proxy {
    /// nginx with the page's file, in front of `server`.
    async fn start(nginx: &Path, server: &Server, port: u16, data: &Path) -> Self {
        let inside = server.base.trim_start_matches("http://");
        let site = blocks("nginx").remove(0);
        let site = site
            .replace("127.0.0.1:8080", inside)
            .replace(
                "    server 127.0.0.1:8081 max_fails=1 fail_timeout=2s;\n",
                "",
            )
            .replace("listen 8443", &format!("listen 127.0.0.1:{port}"));
        let place = data.display();
        let whole = format!(
            "daemon off; pid {place}/nginx.pid; error_log {place}/error.log;\n\
             events {{}}\nhttp {{\naccess_log off; client_body_temp_path {place}/body; \
             proxy_temp_path {place}/proxy;\n{site}\n}}\n"
        );
        let file = data.join("nginx.conf");
        std::fs::write(&file, whole).unwrap();
        let mut start = Command::new(nginx);
        start.arg("-c").arg(&file).stderr(Stdio::null());
        let proxy = Self(start.spawn().unwrap());
        let until = Instant::now() + Duration::from_secs(10) * patience();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = std::fs::read_to_string(data.join("error.log")).unwrap_or_default();
            assert!(Instant::now() < until, "nginx does not start: {log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        proxy
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Its workers go with it.
        let id = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a drill of some seconds: .ci/run deploy"]
async fn the_proxy_passes_everything_on() {
    service::tls::install();
    let Some(nginx) = installed("nginx") else {
        return;
    };
    let data = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/proxy.db?mode=rwc", data.path().display());
    Server::prepare(&url, data.path(), EMAIL, PASSWORD);
    let port = free_port();
    let outside = format!("http://127.0.0.1:{port}");
    let settings = [
        ("CHANCERY_TRUSTED_PROXIES", "127.0.0.1/32"),
        ("PUBLIC_URL", outside.as_str()),
    ];
    let server = Server::serve(&url, data.path(), &settings);
    let proxy = Proxy::start(&nginx, &server, port, data.path()).await;

    let http = sign_in(&outside).await;
    let run = http.post(format!("{outside}/api/v1/runs"));
    let run = run.json(&tests::run_body("a.pdf")).send().await.unwrap();
    assert_eq!(run.status(), 201);
    let sessions = http.get(format!("{outside}/api/v1/me/sessions"));
    let sessions: Value = sessions.send().await.unwrap().json().await.unwrap();
    assert_eq!(sessions["items"][0]["ip"], "127.0.0.1");
    let metrics = http.get(format!("{outside}/metrics")).send().await.unwrap();
    assert_eq!(
        metrics.status(),
        404,
        "what the process tells of itself stays inside"
    );
    // A document as large as may be.
    let form = reqwest::multipart::Part::bytes(vec![b'a'; 19 << 20]).file_name("large.txt");
    let form = reqwest::multipart::Form::new().part("file", form);
    let upload = http.post(format!("{outside}/api/v1/uploads/document"));
    let upload = upload.multipart(form).send().await.unwrap();
    assert_eq!(upload.status(), 201);
    // A stream begins before it ends.
    let thread = http.post(format!("{outside}/api/v1/agents"));
    let agent: Value = thread
        .json(&json!({ "name": "a" }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let start = format!(
        "{outside}/api/v1/agents/{}/executions",
        agent["id"].as_str().unwrap()
    );
    let execution = http.post(start).json(&json!({})).send().await.unwrap();
    let execution: Value = execution.json().await.unwrap();
    let events = format!(
        "{outside}/api/v1/executions/{}/events",
        execution["id"].as_str().unwrap()
    );
    let mut events = http
        .get(events)
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap();
    assert_eq!(events.status(), 200);
    let first = events.chunk().await.unwrap().unwrap();
    assert!(
        String::from_utf8_lossy(&first).contains("created"),
        "{first:?}"
    );
    // A socket is let through.
    let socket = http
        .get(format!("{outside}/graphql"))
        .header("connection", "Upgrade");
    let socket = socket
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13");
    let socket = socket.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let socket = socket.header("sec-websocket-protocol", "graphql-transport-ws");
    assert_eq!(socket.send().await.unwrap().status(), 101);
    println!("nginx as the page has it: requests, 19 MiB, a stream and a socket came through");
    drop((events, proxy));
    assert!(server.stop());
}
