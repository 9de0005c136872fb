//! The real binary, as an operator starts it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A running `chancery serve`, killed when it is dropped.
pub(crate) struct Server {
    process: Child,
    /// Its address.
    pub(crate) base: String,
    database: String,
    more: Vec<(String, String)>,
    data: tempfile::TempDir,
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

fn command(database: &str, data: &tempfile::TempDir) -> Command {
    let mut command = Command::new(program());
    command
        .env("DATABASE_URL", database)
        .env("CHANCERY_DATA_DIR", data.path())
        .env("CHANCERY_LISTEN", "127.0.0.1:0")
        .env("CHANCERY_ENV", "test")
        .env("CHANCERY_DRAIN_DELAY", "0")
        .env("NO_COLOR", "1")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

/// Serve; the process and its address.
fn serve(database: &str, data: &tempfile::TempDir, more: &[(String, String)]) -> (Child, String) {
    let mut process = command(database, data)
        .envs(more.iter().cloned())
        .arg("serve")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(process.stderr.take().unwrap());
    let (tell, told) = mpsc::channel();
    // Read to the end, or the server would stop at a full pipe.
    std::thread::spawn(move || {
        for line in log.lines().map_while(Result::ok) {
            if let Some((_, address)) = line.split_once("listening on ") {
                let _ = tell.send(address.trim().to_owned());
            }
            let level = line.split_whitespace().nth(1);
            if level == Some("ERROR") || line.contains("panicked") {
                eprintln!("{line}");
            }
        }
    });
    (process, told.recv_timeout(Duration::from_mins(1)).unwrap())
}

impl Server {
    /// Migrate the database, make an admin, serve.
    pub(crate) fn start(database: &str, email: &str, password: &str) -> Self {
        Self::start_with(database, email, password, &[])
    }

    /// The same with `more` in its environment.
    pub(crate) fn start_with(
        database: &str,
        email: &str,
        password: &str,
        more: &[(&str, &str)],
    ) -> Self {
        let data = tempfile::tempdir().unwrap();
        for arguments in [
            &["migrate", "up"][..],
            &["admin", "create", "--email", email, "--password", password],
        ] {
            let done = command(database, &data).args(arguments).output().unwrap();
            assert!(done.status.success(), "{arguments:?}: {done:?}");
        }
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let more: Vec<(String, String)> = more.iter().map(own).collect();
        let (process, base) = serve(database, &data, &more);
        Self {
            process,
            base,
            database: database.to_owned(),
            more,
            data,
        }
    }

    /// End it without a word, and serve again.
    pub(crate) fn kill_and_start(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        (self.process, self.base) = serve(&self.database, &self.data, &self.more);
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

    /// Ask it to stop; whether it ended well.
    pub(crate) fn stop(mut self) -> bool {
        let pid = self.process.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(asked.success());
        self.process.wait().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
