//! `chancery demo`: a throw-away database full of examples, programs that stand in for those from
//! outside, and what to try with it.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use api::config::{Config, Env};
use api::urls::{Urls, path};
use chrono::TimeDelta;
use indicatif::{ProgressBar, ProgressStyle};
use migration::seed::Seed;
use service::ctx::Services;
use service::demo::{ADMIN, PASSWORD, Progress, Summary};
use service::operation::{self, Kind, Label};
use tokio::net::TcpListener;
use tracing::info;

use super::serve::{heed_signals, listen, migrate_up};
use super::stand_in::Company;
use super::{Failure, connected};

/// Fill a database in a directory of its own, serve it, and take the directory away again.
pub(crate) async fn run(config: &mut Config, alone: bool) -> Result<(), Failure> {
    if config.env() == Env::Production {
        return Err("demo is not for production".into());
    }
    if !config.listen.ip().is_loopback() {
        return Err("demo listens on a loopback address only".into());
    }
    let directory = std::env::temp_dir().join(format!("chancery-demo-{}", std::process::id()));
    let served = Box::pin(serve(config, &directory, alone)).await;
    let _ = std::fs::remove_dir_all(directory);
    served
}

async fn serve(config: &mut Config, directory: &Path, alone: bool) -> Result<(), Failure> {
    directory.clone_into(&mut config.data_dir);
    config.database_url = None;
    config.storage_url = None;
    // A taken port is known before the work is done.
    let listener = TcpListener::bind(config.listen).await?;
    let mut company = None;
    if !alone {
        let gathered = Company::gather(config).await?;
        config.given = gathered.known(std::mem::take(&mut config.given))?;
        company = Some(gathered);
    }
    migrate_up(config).await?;
    let services = connected(config).await?;
    heed_signals(&services)?;
    let stop = services.stop.clone();
    let label = Label::new(Kind::Command, "demo");
    let filling = operation::within(&services.operations, label, "", fill(&services));
    let Some(filled) = stop.run_until_cancelled(Box::pin(filling)).await else {
        return Ok(());
    };
    if let Some(summary) = filled? {
        info!("demo: {}", told(&summary));
    }
    let urls = Urls::local(listener.local_addr()?);
    for line in next(&services, &urls) {
        info!("demo: {line}");
    }
    if let Some(company) = &mut company {
        // What they say first waits until the door opens.
        company.begin(&urls).await?;
        info!(
            "demo: a worker, a generator of videos, a chain and a service with accounts stand in \
             beside it: what is asked for is worked at"
        );
    }
    listen(config, services, listener).await
}

/// The demo's data for `chancery migrate seed demo`, in the database that the settings name.
pub(crate) fn seed(config: &Config) -> Seed<'_> {
    Seed {
        name: "demo",
        about: "90 days of everything, as `chancery demo` has it",
        sow: Box::new(move || Box::pin(sow(config))),
    }
}

async fn sow(config: &Config) -> Result<String, String> {
    let services = connected(config).await.map_err(|error| error.to_string())?;
    let label = Label::new(Kind::Command, "demo");
    let filling = operation::within(&services.operations, label, "", fill(&services));
    let filled = Box::pin(filling).await.map_err(|error| error.to_string())?;
    Ok(filled.as_ref().map_or_else(
        || "demo was there already".to_owned(),
        |summary| format!("demo: {}", told(summary)),
    ))
}

/// Fill the database: behind a bar for a person, line by line for a log.
async fn fill(services: &Arc<Services>) -> Result<Option<Summary>, Failure> {
    if !std::io::stderr().is_terminal() {
        let tell = |step: Progress| {
            let (number, all) = (step.done + 1, step.chapters);
            info!("demo: writing {} ({number} of {all})", step.chapter);
        };
        return Ok(service::demo::fill(services, &tell).await?);
    }
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template(
        "{bar:32} {pos} of {len} {msg}",
    )?);
    let tell = |step: Progress| {
        bar.set_length(step.chapters as u64);
        bar.set_position(step.done as u64);
        bar.set_message(step.chapter);
    };
    let filled = service::demo::fill(services, &tell).await;
    bar.finish_and_clear();
    Ok(filled?)
}

/// What went in, in one line.
fn told(summary: &Summary) -> String {
    let count = |table: &str| summary.tables.get(table).copied().unwrap_or_default();
    let rows: usize = summary.tables.values().sum();
    let (people, runs, videos) = (count("users"), count("runs"), count("videos"));
    let (threads, messages) = (count("threads"), count("messages"));
    let (executions, deliveries) = (count("agent_executions"), count("webhook_deliveries"));
    format!(
        "{rows} rows of 90 days: {people} people, {threads} threads with {messages} messages, \
         {runs} runs, {executions} executions, {videos} videos, {deliveries} deliveries"
    )
}

/// What to try first.
fn next(services: &Services, urls: &Urls) -> [String; 4] {
    let now = services.clock.now();
    let day = |moment: chrono::DateTime<chrono::Utc>| moment.format("%Y-%m-%dT00:00:00Z");
    let (from, to) = (day(now - TimeDelta::days(90)), day(now));
    let session = urls.at(&format!("{}/session", path::API));
    [
        format!(
            "sign in as {ADMIN} with {PASSWORD}; op, ann and bob @demo.test have the same password"
        ),
        format!("routes and types: {}", urls.at(path::DOCS)),
        format!(
            "curl -c jar -H 'content-type: application/json' \
             -d '{{\"email\":\"{ADMIN}\",\"password\":\"{PASSWORD}\"}}' {session}"
        ),
        format!(
            "curl -b jar -G {} --data-urlencode 'query={{ analytics {{ tokenUsage(\
             range: {{ from: \"{from}\", to: \"{to}\" }}, bucket: WEEK, groupBy: [MODEL]) \
             {{ series {{ model total points {{ start tokens }} }} }} }} }}'",
            urls.at(path::GRAPHQL)
        ),
    ]
}
