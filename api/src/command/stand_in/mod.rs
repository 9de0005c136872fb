//! Programs that stand in for those from outside: a worker, a generator of videos, a chain, a service
//! with accounts. The demo starts them, each as a process of its own, and they speak to it as any
//! program would: over HTTP, with a key of scope `worker`, by signed webhooks. They know nothing else
//! of it, and end when whoever started them does.
//!
//! What a stand-in is to do comes as one line of JSON on its standard input, so that no secret stands
//! in its arguments; when the input ends, so does the stand-in. Those that listen print their address
//! first.

mod accounts;
mod company;
mod generator;
mod ledger;
mod stage;
mod visit;
mod worker;

use std::io::Write as _;
use std::time::Duration;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing::info;

pub(crate) use self::company::Company;
use super::Failure;

/// For whom a program stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum StandIn {
    /// A worker of runs and executions, which calls no model.
    Worker,
    /// A generator of videos, which draws a moving picture.
    Generator,
    /// A chain that says who holds which NFT: those of the demo.
    Ledger,
    /// A service where everybody has an account, and agrees.
    Accounts,
}

impl StandIn {
    const fn name(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Generator => "generator",
            Self::Ledger => "ledger",
            Self::Accounts => "accounts",
        }
    }

    const fn listens(self) -> bool {
        !matches!(self, Self::Worker)
    }
}

/// What a stand-in is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Call {
    /// The server's address.
    server: String,
    /// An admin there, who lets it in.
    email: String,
    /// The admin's password.
    password: String,
    /// What whoever sends it jobs must show.
    key: String,
    /// How long a step takes, in milliseconds.
    pace: u64,
}

impl Call {
    fn pace(&self) -> Duration {
        Duration::from_millis(self.pace)
    }
}

/// Stand in until the input ends.
pub(crate) async fn run(role: StandIn) -> Result<(), Failure> {
    service::tls::install();
    let listener = if role.listens() {
        Some(TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?)
    } else {
        None
    };
    if let Some(listener) = &listener {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", listener.local_addr()?)?;
        out.flush()?;
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    if line.is_empty() {
        return Ok(());
    }
    let call: Call = serde_json::from_str(&line)?;
    let (gone, end) = oneshot::channel();
    // A thread of its own: nothing waits for it when the process ends.
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = gone.send(());
    });
    info!("stand-in: {} begins", role.name());
    let work = async {
        match (role, listener) {
            (StandIn::Generator, Some(listener)) => generator::serve(call, listener).await,
            (StandIn::Ledger, Some(listener)) => ledger::serve(call, listener).await,
            (StandIn::Accounts, Some(listener)) => accounts::serve(call, listener).await,
            _ => worker::work(call).await,
        }
    };
    tokio::select! {
        _ = end => Ok(()),
        done = work => done,
    }
}

/// Whether what has this name goes wrong, so that there is something to see: about one of seven does,
/// and whatever says that it should.
fn goes_wrong(name: &str) -> bool {
    let sum: usize = name.bytes().map(usize::from).sum();
    sum % 7 == 3 || name.to_lowercase().contains("fail")
}
