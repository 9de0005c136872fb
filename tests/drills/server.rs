//! The real binary, as an operator starts it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A running `chancery serve`, killed when it is dropped.
pub(crate) struct Server {
    process: Child,
    /// Its address.
    pub(crate) base: String,
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
        let mut process = command(database, data)
            .envs(settings.iter().copied())
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
        let base = told.recv_timeout(Duration::from_mins(1)).unwrap();
        Self {
            process,
            base,
            data: None,
        }
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
