//! A `PostgreSQL` server of one's own, in a temporary directory, on a free port, gone at the end.
//!
//! `initdb` refuses to run as root; there, the server runs as the user `postgres`. Where no server is
//! installed the `PostgreSQL` half of a test is left out, said aloud; with
//! `CHANCERY_TEST_POSTGRES=required` that fails.

use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};

/// The password of the cluster's superuser, `postgres`.
pub const PASSWORD: &str = "not-a-secret";

/// A throw-away server.
pub struct Cluster {
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
}

impl Cluster {
    /// Whether one can be started here. Told once a process, past the test runner, which keeps
    /// what a passing test prints to itself.
    pub fn installed() -> bool {
        static TOLD: Once = Once::new();
        let programs = programs();
        let required =
            std::env::var_os("CHANCERY_TEST_POSTGRES").is_some_and(|word| word == "required");
        assert!(
            programs.is_some() || !required,
            "the PostgreSQL half did not run: no server is installed here"
        );
        TOLD.call_once(|| {
            let told = programs.as_ref().map_or_else(
                || "SKIPPED: PostgreSQL, of which no server is installed here".to_owned(),
                |bin| format!("PostgreSQL runs too, from {}", bin.display()),
            );
            let _ = writeln!(std::io::stderr(), "{told}");
        });
        programs.is_some()
    }

    /// A server that the tests of a process share while any of them holds it.
    pub fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let started = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    /// A running server, or `None` (said aloud) where `PostgreSQL` is not installed.
    pub fn start() -> Option<Self> {
        if !Self::installed() {
            return None;
        }
        let cluster = Self::empty(programs()?);
        let password = cluster.directory.join("password");
        Self::write(&password, PASSWORD);
        let data = cluster.data();
        cluster.must(
            "initdb",
            &[
                "-D",
                &data,
                "-U",
                "postgres",
                "-A",
                "scram-sha-256",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--pwfile",
                &password.to_string_lossy(),
            ],
        );
        Some(cluster.begun())
    }

    /// A streaming replica of this server.
    #[must_use]
    pub fn replica(&self) -> Self {
        let replica = Self::empty(self.programs.clone());
        let source = self.url("postgres");
        replica.must(
            "pg_basebackup",
            &[
                "-D",
                &replica.data(),
                "-d",
                &source,
                "-R",
                "-c",
                "fast",
                "--no-sync",
            ],
        );
        replica.begun()
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://postgres:{PASSWORD}@127.0.0.1:{}/{database}",
            self.port
        )
    }

    /// Take one of its databases away, whoever is connected to it.
    pub fn drop_database(&self, name: &str) {
        let through = format!("--maintenance-db={}", self.url("postgres"));
        self.must("dropdb", &["--force", "--if-exists", &through, name]);
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Start the server and wait until it answers.
    pub fn up(&self) {
        let done = self.try_up();
        assert!(done.status.success(), "{done:?}");
    }

    /// Stop the server, at once.
    pub fn down(&self) {
        self.must(
            "pg_ctl",
            &["-D", &self.data(), "-m", "immediate", "-w", "-s", "stop"],
        );
    }

    /// Let every process of the server stand still, as on a machine that hangs.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Let them go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn empty(programs: PathBuf) -> Self {
        let made = as_server_user("mktemp", &["-d", "-t", "chancery-pg.XXXXXXXX"]);
        let directory = PathBuf::from(String::from_utf8_lossy(&made.stdout).trim());
        assert!(directory.is_dir(), "{made:?}");
        Self {
            programs,
            directory,
            port: free_port(),
        }
    }

    /// The server, started for the first time. Its port was free when it was chosen: where somebody
    /// has taken it since, another one is.
    fn begun(mut self) -> Self {
        for _ in 0..4 {
            self.configure();
            if self.try_up().status.success() {
                return self;
            }
            self.port = free_port();
        }
        self.configure();
        self.up();
        self
    }

    fn try_up(&self) -> Output {
        let log = self.directory.join("log").to_string_lossy().into_owned();
        // A server keeps what it inherits open: its output goes nowhere, or nobody sees the end.
        as_server_user(
            &self.programs.join("pg_ctl").to_string_lossy(),
            &["-D", &self.data(), "-l", &log, "-w", "-s", "start"],
        )
    }

    fn configure(&self) {
        let lines = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\n\
             fsync = off\nfull_page_writes = off\nmax_connections = 200\nwal_level = replica\n{}",
            self.port,
            self.directory.display(),
            self.preloaded()
        );
        Self::write(
            &self.directory.join("data/postgresql.auto.conf.add"),
            &lines,
        );
        let script = format!(
            "cat {0}/postgresql.auto.conf.add >> {0}/postgresql.conf; \
             echo 'host replication all 127.0.0.1/32 scram-sha-256' >> {0}/pg_hba.conf",
            self.data()
        );
        let done = as_server_user("sh", &["-c", &script]);
        assert!(done.status.success(), "{done:?}");
    }

    /// The library that keeps statistics of statements, where it is installed: it can be had only
    /// from the start.
    fn preloaded(&self) -> &'static str {
        let library = self.programs.join("../lib/pg_stat_statements.so");
        if library.is_file() {
            "shared_preload_libraries = 'pg_stat_statements'\n"
        } else {
            ""
        }
    }

    fn data(&self) -> String {
        self.directory.join("data").to_string_lossy().into_owned()
    }

    fn write(path: &std::path::Path, text: &str) {
        let script = format!("cat > {} <<'END'\n{text}\nEND", path.display());
        let done = as_server_user("sh", &["-c", &script]);
        assert!(done.status.success(), "{done:?}");
    }

    fn must(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let done = as_server_user(&program.to_string_lossy(), arguments);
        assert!(done.status.success(), "{}: {done:?}", program.display());
    }

    /// The postmaster and the processes it made; each of those is a group of its own.
    fn processes(&self) -> Vec<String> {
        let pid = std::fs::read_to_string(self.directory.join("data/postmaster.pid"));
        let Some(postmaster) = pid
            .ok()
            .and_then(|text| text.lines().next().map(str::to_owned))
        else {
            return Vec::new();
        };
        let mut found = vec![postmaster.clone()];
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // pid (name) state parent …
            let parent = stat
                .rsplit_once(") ")
                .and_then(|(_, rest)| rest.split(' ').nth(1));
            if parent == Some(postmaster.as_str()) {
                found.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        found
    }

    fn signal(&self, signal: &str) {
        // Twice: the postmaster may make another process between the look and the signal.
        for _ in 0..2 {
            Command::new("kill")
                .arg(signal)
                .args(self.processes())
                .output()
                .unwrap();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.thaw();
        let pg_ctl = self.programs.join("pg_ctl");
        let stop = ["-D", &self.data(), "-m", "immediate", "-w", "-s", "stop"];
        as_server_user(&pg_ctl.to_string_lossy(), &stop);
        as_server_user("rm", &["-rf", &self.directory.to_string_lossy()]);
    }
}

/// The newest server's programs, in Debian's place for them or beside those on the path.
pub fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.sort();
    if let Ok(answer) = Command::new("pg_config").arg("--bindir").output() {
        found.insert(
            0,
            PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim()),
        );
    }
    found
        .into_iter()
        .rev()
        .find(|bin| bin.join("initdb").is_file() && bin.join("pg_ctl").is_file())
}

/// A port that nobody listens at by now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn as_server_user(program: &str, arguments: &[&str]) -> Output {
    let root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|id| id.stdout == b"0\n");
    let mut command = if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", program]);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments).current_dir("/").output().unwrap()
}
