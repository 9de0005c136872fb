//! `chancery analytics`: the rollups, from the command line.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;

use api::config::Config;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use service::Ctx;
use service::analytics::{Difference, Progress, Report, rebuild, standing};
use service::ctx::Services;
use tracing::info;

use super::{Failure, connected};

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Analytics {
    /// Compare the rollups with the rows that they sum up, and mend what differs. Writers may go
    /// on meanwhile.
    Rebuild {
        /// Only compare; exit with 1 where something differs.
        #[arg(long)]
        check: bool,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Tell how the rollups stand: what is built, what is open, and how far the job is that builds them.
    Status {
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
}

#[expect(clippy::print_stdout, reason = "a command's answer goes there")]
pub(crate) async fn run(config: &Config, command: Analytics) -> Result<ExitCode, Failure> {
    let services = connected(config).await?;
    let (check, json) = match command {
        Analytics::Rebuild { check, json } => (check, json),
        Analytics::Status { json } => {
            let told = status(&services, json).await;
            services.db.disconnect().await;
            return told.map(|()| ExitCode::SUCCESS);
        }
    };
    let report = compare(&services, check, json).await;
    services.db.disconnect().await;
    let report = report?;
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        for line in told(&report) {
            println!("{line}");
        }
    }
    let failed = check && !report.differences.is_empty();
    Ok(ExitCode::from(u8::from(failed)))
}

/// Compare: behind a bar for a person, line by line for a log.
async fn compare(services: &Arc<Services>, check: bool, json: bool) -> Result<Report, Failure> {
    let ctx = Ctx::system(Arc::clone(services), "analytics.rebuild");
    if json || !std::io::stderr().is_terminal() {
        let tell = |step: Progress| {
            // A line for some of them: a log is not a bar.
            if !json && step.done.is_multiple_of(100) {
                info!("compared {} {}", step.done, step.stage);
            }
        };
        return Ok(rebuild(&ctx, check, &tell).await?);
    }
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template(
        "{bar:32} {pos} of {len} {msg}",
    )?);
    let tell = |step: Progress| {
        bar.set_length(step.all.unwrap_or(step.done));
        bar.set_position(step.done);
        bar.set_message(step.stage);
    };
    let report = rebuild(&ctx, check, &tell).await;
    bar.finish_and_clear();
    Ok(report?)
}

fn told(report: &Report) -> Vec<String> {
    let looked = format!(
        "compared {} days, {} threads, {} months of runs and {} days of stages",
        report.days, report.threads, report.run_months, report.stage_days
    );
    if report.differences.is_empty() {
        return vec![format!("{looked}: every sum is that of its rows")];
    }
    let done = if report.mended {
        "mended"
    } else {
        "wrong; run `chancery analytics rebuild` to mend them"
    };
    let mut lines = vec![looked];
    for (table, count) in &report.differences.counts {
        lines.push(format!("{table}: {count} sums {done}"));
    }
    if !report.mended {
        lines.extend(report.differences.first.iter().map(line));
    }
    lines
}

/// One difference.
fn line(one: &Difference) -> String {
    let at = one.at.map(|at| at.format("%Y-%m-%d %H:%M").to_string());
    let user = one.user_id.map(|user| format!("user {user}"));
    let thread = one.thread_id.map(|thread| format!("thread {thread}"));
    let task = one.task.map(|task| format!("{task:?}"));
    let kind = one.kind.map(|kind| format!("{kind:?}"));
    if let Some(what) = &one.of {
        let at = at.unwrap_or_default();
        return format!("  {} {at} {what}: {:+}", one.rollup, one.count);
    }
    let of = [at, user, thread, one.model.clone(), task, kind];
    let of: Vec<String> = of.into_iter().flatten().collect();
    format!(
        "  {} {}: {:+} tokens, {:+} messages",
        one.rollup,
        of.join(" "),
        one.tokens,
        one.messages
    )
}

#[expect(clippy::print_stdout, reason = "a command's answer goes there")]
async fn status(services: &Arc<Services>, json: bool) -> Result<(), Failure> {
    let ctx = Ctx::system(Arc::clone(services), "analytics.status");
    let standing = standing(&ctx).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&standing)?);
        return Ok(());
    }
    let at = |moment: Option<chrono::DateTime<chrono::Utc>>| {
        moment.map_or("never".to_owned(), |at| {
            at.format("%Y-%m-%d %H:%M:%S").to_string()
        })
    };
    println!("tokens built: {}", at(standing.built_at));
    println!(
        "runs, stages and people built: {}",
        at(standing.charts_built_at)
    );
    println!("taken in from others up to: {}", at(standing.reconciled_to));
    for (table, open) in &standing.open {
        println!("{table}: {open} open");
    }
    if let Some(job) = &standing.job {
        println!("last job that builds: {}, {} %", job.state, job.progress);
        if let Some(error) = &job.last_error {
            println!("  {error}");
        }
    }
    if let Some(from) = &standing.resume_from {
        println!("goes on with: {from}");
    }
    Ok(())
}
