//! A worker of the pipeline that speaks the public protocol and nothing else: it claims runs, reads
//! the run's document from a directory, and hands in the stages that are still missing.
//!
//! `CHANCERY_API_KEY=… seed_worker --server http://127.0.0.1:8080 --documents tests/data/seeds`
//!
//! With `--step` it tells each stage before it hands it in and waits for a line on its input, so that
//! whoever watches decides when it dies. It ends where its input ends, or with `--once` when no run
//! waits. With `--executions` it does executions in place of runs: each step becomes an event.

mod document;
mod execution;
mod protocol;
mod stage;

use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};

use crate::document::Document;
use crate::protocol::{Failure, Server};

/// How the worker was called.
struct Call {
    server: String,
    documents: PathBuf,
    step: bool,
    once: bool,
    executions: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some((call, key)) = call() else {
        eprintln!(
            "CHANCERY_API_KEY=… seed_worker --server URL --documents DIR [--step] [--once] [--executions]"
        );
        return ExitCode::from(2);
    };
    let server = Server::new(&call.server, key);
    let done = if call.executions {
        execution::work(&server, call.once).await
    } else {
        work(&call, server).await
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program of its own reads its own environment"
)]
fn call() -> Option<(Call, String)> {
    let mut arguments = std::env::args().skip(1);
    let (mut server, mut documents) = (None, None);
    let (mut step, mut once, mut executions) = (false, false, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--server" => server = arguments.next(),
            "--documents" => documents = arguments.next(),
            "--step" => step = true,
            "--once" => once = true,
            "--executions" => executions = true,
            _ => return None,
        }
    }
    let call = Call {
        server: server?,
        documents: documents?.into(),
        step,
        once,
        executions,
    };
    Some((call, std::env::var("CHANCERY_API_KEY").ok()?))
}

async fn work(call: &Call, server: Server) -> Result<(), Failure> {
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    loop {
        let Some(claim) = server.claim().await? else {
            if call.once {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        match take_through(call, &server, &claim, &mut input).await {
            // Somebody else has the run now; there are others.
            Err(Failure::Lost) => say(&format!("lost {}", claim["run"]["id"]))?,
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(failure) => return Err(failure),
        }
    }
}

/// Hand in the stages that the run still lacks; `false` where the input ended.
async fn take_through(
    call: &Call,
    server: &Server,
    claim: &Value,
    input: &mut Lines<BufReader<Stdin>>,
) -> Result<bool, Failure> {
    let run = &claim["run"];
    let name = run["document_name"].as_str().unwrap_or_default();
    let document = match read(&call.documents, name) {
        Ok(text) => Document::read(&text),
        Err(error) => {
            server.fail(claim, &format!("{name}: {error}")).await?;
            return Ok(true);
        }
    };
    let done = run["current_stage"].as_i64().unwrap_or_default();
    for number in done + 1..=stage::STAGES {
        let Some(body) = stage::make(&document, number) else {
            server.fail(claim, &format!("{name} says nothing")).await?;
            return Ok(true);
        };
        if call.step {
            say(&format!("{name} {number}"))?;
            // A claim is renewed for as long as the worker is at it, however long that is.
            let go = async { Ok::<_, Failure>(input.next_line().await?.is_some()) };
            tokio::select! {
                go = go => if !go? { return Ok(false) },
                lost = server.renew(claim) => return Err(lost),
            }
        }
        server.submit(claim, number, body).await?;
    }
    Ok(true)
}

fn read(documents: &Path, name: &str) -> std::io::Result<String> {
    let name = Path::new(name);
    // A run's owner names the document: nothing but a plain file name is followed.
    let mut parts = name.components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(_)), None) => std::fs::read_to_string(documents.join(name)),
        _ => Err(std::io::ErrorKind::InvalidInput.into()),
    }
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
