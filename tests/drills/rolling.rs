//! Two servers behind `PgBouncer` in transaction mode are replaced one after the other, while people go
//! on with their work: nobody hears of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::cluster::Cluster;

use crate::server::Server;
use crate::{EMAIL, PASSWORD, free_port, patience, sign_in};

/// How many people go on at once.
const PEOPLE: usize = 4;
/// How many connections the pooler has: fewer than the servers take.
const POOL: usize = 6;
/// How many seconds a server that stops says so before it closes its door.
const DELAY: u32 = 2;
/// How often the balancer looks who is ready.
const LOOK: Duration = Duration::from_millis(100);

/// A `PgBouncer` in transaction mode, ended when it is dropped.
struct Pooler {
    process: Child,
    url: String,
    _directory: tempfile::TempDir,
}

impl Pooler {
    /// None where there is no `PgBouncer`.
    fn start(cluster: &Cluster) -> Option<Self> {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"];
        let program = program.into_iter().find(|path| Path::new(path).is_file())?;
        let direct = url::Url::parse(&cluster.url("postgres")).unwrap();
        let port = free_port();
        let directory = tempfile::tempdir().unwrap();
        let users = directory.path().join("users.txt");
        let password = direct.password().unwrap();
        std::fs::write(&users, format!("\"postgres\" \"{password}\"\n")).unwrap();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = plain\nauth_file = {}\npool_mode = transaction\n\
             default_pool_size = {POOL}\nmax_client_conn = 200\nserver_reset_query =\n",
            direct.port().unwrap(),
            users.display(),
        );
        let file = directory.path().join("pgbouncer.ini");
        std::fs::write(&file, settings).unwrap();
        let mut command = Command::new(program);
        // It serves under no name of root's.
        if nobody(directory.path()) {
            command.args(["-u", "nobody"]);
        }
        let process = command
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = direct;
        url.set_port(Some(port)).unwrap();
        url.set_query(Some("pgbouncer=true"));
        let pooler = Self {
            process,
            url: url.to_string(),
            _directory: directory,
        };
        let until = Instant::now() + Duration::from_secs(10) * patience();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "PgBouncer does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(pooler)
    }
}

/// Whether we are root; then the files are to be read by `nobody`.
fn nobody(directory: &Path) -> bool {
    let me = Command::new("id").arg("-u").output().unwrap();
    let root = me.stdout.trim_ascii() == b"0";
    if root {
        let mut chown = Command::new("chown");
        let given = chown.args(["-R", "nobody"]).arg(directory).status();
        assert!(given.unwrap().success());
    }
    root
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a balancer knows: which servers are ready.
#[derive(Clone, Default)]
struct Balancer {
    servers: Arc<Mutex<BTreeMap<String, bool>>>,
}

impl Balancer {
    fn add(&self, server: &Server) {
        let mut servers = self.servers.lock().unwrap();
        servers.insert(server.base.clone(), false);
    }

    /// One that is ready, the n-th among them.
    fn choose(&self, n: usize) -> String {
        let servers = self.servers.lock().unwrap();
        let ready: Vec<&String> = servers
            .iter()
            .filter(|(_, ready)| **ready)
            .map(|(base, _)| base)
            .collect();
        assert!(!ready.is_empty(), "nobody is ready");
        ready[n % ready.len()].clone()
    }

    async fn look(self) {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5));
        let http = http.build().unwrap();
        loop {
            let all: Vec<String> = self.servers.lock().unwrap().keys().cloned().collect();
            for base in all {
                let ready = http.get(format!("{base}/health/ready")).send().await;
                let ready = ready.is_ok_and(|answer| answer.status() == 200);
                self.servers.lock().unwrap().insert(base, ready);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn is(&self, base: &str, wanted: bool) {
        let until = Instant::now() + Duration::from_mins(1) * patience();
        while self.servers.lock().unwrap().get(base) != Some(&wanted) {
            assert!(Instant::now() < until, "{base} is not seen");
            tokio::time::sleep(LOOK / 2).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a drill of a minute: .ci/run deploy"]
async fn servers_behind_a_pooler_are_replaced_unnoticed() {
    service::tls::install();
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let Some(pooler) = Pooler::start(&cluster) else {
        println!("SKIPPED: there is no PgBouncer here");
        return;
    };
    let direct = cluster.url("postgres");
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    // The balancer of a busy machine looks less often.
    let delay = (DELAY * patience()).to_string();
    let settings = [
        ("DATABASE_DIRECT_URL", direct.as_str()),
        ("CHANCERY_DRAIN_DELAY", delay.as_str()),
    ];
    Server::prepare(&direct, data, EMAIL, PASSWORD);
    let serve = || Server::serve(&pooler.url, data, &settings);
    let balancer = Balancer::default();
    let mut servers = vec![serve(), serve()];
    for server in &servers {
        balancer.add(server);
    }
    let looking = tokio::spawn(balancer.clone().look());
    for server in &servers {
        balancer.is(&server.base, true).await;
    }
    let key = key(&servers[0].base).await;
    let over = Arc::<AtomicBool>::default();
    let people = (0..PEOPLE).map(|at| {
        let (key, balancer, over) = (key.clone(), balancer.clone(), Arc::clone(&over));
        tokio::spawn(async move { work(at, &key, &balancer, &over).await })
    });
    let people: Vec<_> = people.collect();

    for (at, server) in servers.iter_mut().enumerate() {
        tokio::time::sleep(Duration::from_secs(2)).await;
        // The new one first, then the old one goes.
        let fresh = serve();
        balancer.add(&fresh);
        balancer.is(&fresh.base, true).await;
        let old = std::mem::replace(server, fresh);
        let (name, begun) = (old.base.clone(), Instant::now());
        let ended = tokio::task::spawn_blocking(move || old.stop());
        balancer.is(&name, false).await;
        assert!(ended.await.unwrap(), "it ends well");
        balancer.servers.lock().unwrap().remove(&name);
        println!(
            "server {at} replaced; the old one was gone after {:.1?}",
            begun.elapsed()
        );
    }
    // A step while they serve: there is none to apply, and it waits for nobody.
    let up = crate::server::command(&direct, data)
        .args(["migrate", "up"])
        .output();
    assert!(up.unwrap().status.success());
    tokio::time::sleep(Duration::from_secs(2)).await;
    over.store(true, Ordering::SeqCst);
    let mut made = Vec::new();
    for one in people {
        made.extend(one.await.unwrap());
    }
    heard_by_the_other(&servers).await;
    let shown = reqwest::Client::new();
    for id in &made {
        let run = shown.get(format!("{}/api/v1/runs/{id}", servers[1].base));
        let run = run.header("x-api-key", &key).send().await.unwrap();
        assert_eq!(run.status(), 200, "what was answered with 201 is there");
    }
    println!(
        "{} runs made behind PgBouncer, none lost, none refused",
        made.len()
    );
    looking.abort();
    for server in servers {
        assert!(server.stop(), "it ends well");
    }
}

async fn key(base: &str) -> String {
    let admin = sign_in(base).await;
    let body = json!({ "name": "drill", "scopes": ["read", "write"] });
    let made = admin.post(format!("{base}/api/v1/me/keys")).json(&body);
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    made["key"].as_str().unwrap().to_owned()
}

/// Make runs and read them at whoever is ready, until it is over: every request is answered well.
async fn work(at: usize, key: &str, balancer: &Balancer, over: &AtomicBool) -> Vec<String> {
    // A connection for each request, as a balancer has it that is told to close them.
    let http = reqwest::Client::builder().pool_max_idle_per_host(0);
    let http = http.timeout(Duration::from_secs(30)).build().unwrap();
    let mut made = Vec::new();
    while !over.load(Ordering::SeqCst) {
        let base = balancer.choose(at + made.len());
        let run = http
            .post(format!("{base}/api/v1/runs"))
            .header("x-api-key", key);
        let run = run.json(&tests::run_body("a.pdf")).send().await.unwrap();
        assert_eq!(run.status(), 201, "{base}");
        let run: Value = run.json().await.unwrap();
        made.push(run["id"].as_str().unwrap().to_owned());
        let list = format!("{base}/api/v1/runs?limit=5&fields=status&count=estimated");
        let list = http
            .get(list)
            .header("x-api-key", key)
            .send()
            .await
            .unwrap();
        assert_eq!(list.status(), 200, "{base}");
        let question = json!({ "query": "{ runs(first: 3) { totalCount nodes { id cards(first: 1) { nodes { id } } } } }" });
        let asked = http
            .post(format!("{base}/graphql"))
            .header("x-api-key", key);
        let asked = asked.json(&question).send().await.unwrap();
        let answer: Value = asked.json().await.unwrap();
        assert!(answer["errors"].is_null(), "{answer}");
    }
    made
}

/// What one does the other knows at once, though the pooler lets nobody listen: by itself it would
/// believe a key for five seconds more.
async fn heard_by_the_other(servers: &[Server]) {
    let [here, there] = servers else { panic!() };
    let admin = sign_in(&here.base).await;
    let body = json!({ "name": "short", "scopes": ["read"] });
    let made = admin
        .post(format!("{}/api/v1/me/keys", here.base))
        .json(&body);
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    let http = reqwest::Client::new();
    let ask = async || {
        let me = http.get(format!("{}/api/v1/me", there.base));
        let me = me.header("x-api-key", made["key"].as_str().unwrap());
        me.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask().await, 200);
    let place = format!(
        "{}/api/v1/me/keys/{}",
        here.base,
        made["id"].as_str().unwrap()
    );
    assert_eq!(admin.delete(place).send().await.unwrap().status(), 204);
    let begun = Instant::now();
    while ask().await != 401 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let after = begun.elapsed();
    println!("a key that one server revoked was dead at the other {after:.1?} later");
    assert!(after < Duration::from_secs(4), "no signal came");
}
