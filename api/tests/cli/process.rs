//! The binary in a directory of its own, with nothing of this machine's environment.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use sea_orm::ConnectionTrait as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::cluster::Cluster;

/// Longer than anything that these stories wait for.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);

/// The directory that the binary runs in, and its environment.
pub(crate) struct Home {
    directory: Arc<TempDir>,
    variables: Vec<(String, String)>,
    cluster: Option<Cluster>,
}

impl Home {
    /// An empty directory; the binary is to listen where it is free.
    pub(crate) fn new() -> Self {
        let home = Self {
            directory: Arc::new(tempfile::tempdir().unwrap()),
            variables: Vec::new(),
            cluster: None,
        };
        home.set("CHANCERY_LISTEN", "127.0.0.1:0")
            .set("CHANCERY_LOG_FORMAT", "json")
            .set("CHANCERY_DRAIN_DELAY", "0")
    }

    /// The same with one more variable of the environment.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Write a file into the directory.
    pub(crate) fn file(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text).unwrap();
    }

    /// What is in the directory.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path()).unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().into_string().unwrap());
        names.collect()
    }

    /// Change the database behind the binary's back.
    pub(crate) fn execute(&self, sql: &str) {
        let url = match &self.cluster {
            Some(cluster) => cluster.url("postgres"),
            None => format!("sqlite://{}", self.path("data/chancery.db").display()),
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let db = migration::connect(&url).await.unwrap();
            db.execute_unprepared(sql).await.unwrap();
            db.close().await.unwrap();
        });
    }

    /// A place in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// One for each engine that is here: its name, and what to start the server with.
    pub(crate) fn each() -> Vec<(&'static str, Self)> {
        let mut homes = vec![("SQLite", Self::new())];
        if let Some(cluster) = Cluster::start() {
            let mut home = Self::new().set("DATABASE_URL", &cluster.url("postgres"));
            home.cluster = Some(cluster);
            homes.push(("PostgreSQL", home));
        } else {
            let required = std::env::var_os("CHANCERY_TEST_POSTGRES");
            assert!(required.is_none_or(|word| word != "required"));
        }
        homes
    }

    /// What a variable of its environment says.
    pub(crate) fn variable(&self, name: &str) -> &str {
        let mut variables = self.variables.iter();
        let found = variables.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap()
    }

    /// Another database of its server, if it has one.
    pub(crate) fn beside(&self, name: &str) -> Option<String> {
        let cluster = self.cluster.as_ref()?;
        self.execute(&format!("CREATE DATABASE {name}"));
        Some(cluster.url(name))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chancery"));
        command
            .args(words)
            .env_clear()
            .envs(self.variables.iter().cloned())
            .current_dir(self.directory.path());
        command
    }

    /// Run it to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Run it to its end: its exit code, and everything that it said.
    pub(crate) fn say(&self, words: &[&str]) -> (i32, String) {
        let output = self.run(words);
        let text = [output.stdout, output.stderr].concat();
        let code = output.status.code().unwrap();
        (code, String::from_utf8(text).unwrap())
    }

    /// Start it, and wait until it listens.
    pub(crate) fn serve(&self, words: &[&str]) -> Process {
        let mut process = self.start(words);
        process.listens();
        process
    }

    /// Start it.
    pub(crate) fn start(&self, words: &[&str]) -> Process {
        let mut command = self.command(words);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        Process {
            child,
            _directory: Arc::clone(&self.directory),
            lines,
            address: String::new(),
        }
    }
}

/// A running server.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    /// Where it listens.
    pub(crate) address: String,
    /// What it runs in stays as long as it runs, whatever becomes of the home.
    _directory: Arc<TempDir>,
}

impl Process {
    /// Wait until it listens.
    pub(crate) fn listens(&mut self) {
        let line = self.wait_for("listening on http://");
        let (_, address) = line.split_once("listening on http://").unwrap();
        address.clone_into(&mut self.address);
    }

    /// The next message of the log that holds `words`.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        let entry = self.wait_for_entry(words);
        let message = entry["fields"]["message"].as_str();
        message.unwrap_or_default().to_owned()
    }

    /// The next entry of the log whose message holds `words`.
    pub(crate) fn wait_for_entry(&mut self, words: &str) -> Value {
        let mut seen = Vec::new();
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("never said: {words}\n{}", seen.join("\n"));
            };
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            let message = entry["fields"]["message"].as_str().unwrap_or_default();
            if message.contains(words) {
                return entry;
            }
            seen.push(line);
        }
    }

    /// Send it a signal, by the name that `kill` knows.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Wait for its end: the exit code, if it ended by itself.
    pub(crate) fn end(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Stop it as soon as it listens: everything that it said.
    pub(crate) fn stopped(mut self) -> String {
        let mut said = Vec::new();
        while said
            .last()
            .is_none_or(|line: &String| !line.contains("listening on"))
        {
            said.push(self.lines.recv_timeout(PATIENCE).unwrap());
        }
        self.signal("TERM");
        let _ = self.end();
        said.extend(self.lines.iter());
        said.join("\n")
    }

    /// Wait until it is ready: a start that the machine keeps waiting serves before it is.
    pub(crate) fn ready(&self) {
        let began = std::time::Instant::now();
        while self.get("/health/ready").0 != 200 {
            assert!(began.elapsed() < PATIENCE, "it does not become ready");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Ask for `path`: the status and the body.
    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        let mut stream = self.connect();
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        write!(stream, "{head}connection: close\r\n\r\n").unwrap();
        answer(stream)
    }

    /// A connection to it.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

/// Read an answer to its end: the status and the body.
pub(crate) fn answer(mut stream: TcpStream) -> (u16, Value) {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
