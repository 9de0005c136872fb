//! The real binary, as an operator starts it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A running `chancery serve`, killed when it is dropped.
pub(crate) struct Server {
    process: Child,
    /// Its address; a worker has a door for its metrics only.
    pub(crate) base: String,
    /// Where its metrics are, if they have an address of their own.
    metrics: Option<String>,
    data: Option<tempfile::TempDir>,
}

/// The binary beside this test's own.
fn program() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let path = path.join("chancery");
    assert!(path.is_file(), "{}: build it first", path.display());
    path
}

pub(crate) fn command(database: &str, data: &Path) -> Command {
    let mut command = Command::new(program());
    command
        .env("DATABASE_URL", database)
        .env("CHANCERY_DATA_DIR", data)
        .env("CHANCERY_LISTEN", "127.0.0.1:0")
        .env("CHANCERY_ENV", "test")
        .env("CHANCERY_DRAIN_DELAY", "0")
        .env("NO_COLOR", "1")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

impl Server {
    /// Migrate the database, make an admin, serve.
    pub(crate) fn start(database: &str, email: &str, password: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        Self::prepare(database, data.path(), email, password);
        let mut server = Self::serve(database, data.path(), &[]);
        server.data = Some(data);
        server
    }

    /// Migrate the database, make an admin.
    pub(crate) fn prepare(database: &str, data: &Path, email: &str, password: &str) {
        for arguments in [
            &["migrate", "up"][..],
            &["admin", "create", "--email", email, "--password", password],
        ] {
            let done = command(database, data).args(arguments).output().unwrap();
            assert!(done.status.success(), "{arguments:?}: {done:?}");
        }
    }

    /// Serve what is there, with some settings.
    pub(crate) fn serve(database: &str, data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::begin(database, data, settings, "serve")
    }

    /// Work at the jobs that are there, with some settings.
    pub(crate) fn worker(database: &str, data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::begin(database, data, settings, "worker")
    }

    fn begin(database: &str, data: &Path, settings: &[(&str, &str)], what: &str) -> Self {
        let mut process = command(database, data)
            .envs(settings.iter().copied())
            .arg(what)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        let (tell, told) = mpsc::channel();
        // Read to the end, or the server would stop at a full pipe.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if let Some((door, address)) = line.split_once(" on http://") {
                    let own = door.rsplit(' ').next() != Some("listening");
                    let _ = tell.send((own, format!("http://{}", address.trim())));
                }
                let level = line.split_whitespace().nth(1);
                if level == Some("ERROR") || line.contains("panicked") {
                    eprintln!("{line}");
                }
            }
        });
        // The metrics' door is open before the other is.
        let mut metrics = None;
        let base = loop {
            let (own, address) = told.recv_timeout(Duration::from_mins(1)).unwrap();
            if own {
                metrics = Some(address.clone());
            }
            if !own || what == "worker" {
                break address;
            }
        };
        Self {
            process,
            base,
            metrics,
            data: None,
        }
    }

    /// By which the machine knows its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it tells of itself, at the address that its metrics have of their own.
    pub(crate) async fn metrics(&self) -> String {
        let address = format!("{}/metrics", self.metrics.as_ref().unwrap());
        let told = reqwest::get(address).await.unwrap();
        told.text().await.unwrap()
    }

    /// Let it stand still, all of it, until it is thawed: it does not know.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
        let threads = format!("/proc/{}/task", self.id());
        let still = || {
            let mut threads = std::fs::read_dir(&threads).unwrap().flatten();
            threads.all(|thread| {
                // pid (name) state …
                let stat = std::fs::read_to_string(thread.path().join("stat"));
                stat.is_ok_and(|stat| stat.rsplit_once(") ").unwrap().1.starts_with('T'))
            })
        };
        while !still() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Let it go on.
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// How much memory it has, and had at most, in KiB.
    pub(crate) fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap();
        let figure = |name: &str| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap();
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        (figure("VmRSS:"), figure("VmHWM:"))
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// End it as a power cut does.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Ask it to stop; whether it ended well.
    pub(crate) fn stop(mut self) -> bool {
        self.signal("-TERM");
        self.process.wait().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
