//! `import`: data of other systems.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Answer;
use super::stop::{Signals, Twice};
use crate::Way;
use crate::error::Error;
use crate::import::mongo::{self, Encoding};
use crate::import::{Mode, Options, Report, Stage, Stopped, Taken, Turn, Vault, prisma, undo};

/// A log hears of an import after so many documents.
const OFTEN: u64 = 10_000;

/// It hears of it after this while, too, however few they are.
const WHILE: Duration = Duration::from_secs(10);

/// From where, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// From where.
    #[command(subcommand)]
    from: From,
}

impl Args {
    /// Whether what is brought in has secrets in it, which are sealed.
    pub(super) fn seals(&self) -> bool {
        matches!(self.from, From::Prisma { .. })
    }
}

/// From where.
#[derive(Clone, Debug, clap::Subcommand)]
enum From {
    /// From dumps (`mongodump`) or exports (`mongoexport`) of the proxim8 collections.
    Mongo {
        /// A folder, or files.
        #[arg(required_unless_present = "undo")]
        paths: Vec<PathBuf>,
        /// Read only files of this encoding. Without it the best of each collection is read.
        #[arg(long)]
        encoding: Option<Encoding>,
        #[command(flatten)]
        how: How,
    },
    /// From a running database that Prisma keeps: the opportunity pipeline's or the agent platform's.
    Prisma {
        /// Where that database is: `postgres://…`, or `file:…` for `SQLite`.
        #[arg(long, env = "CHANCERY_IMPORT_URL", hide_env_values = true)]
        #[arg(required_unless_present = "undo")]
        url: Option<String>,
        #[command(flatten)]
        how: How,
    },
}

/// How an import goes.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option by itself")]
struct How {
    /// Tell what an import would do, and do nothing.
    #[arg(long, conflicts_with = "undo")]
    dry_run: bool,
    /// Compare every row with what is read, after the import; with `--dry-run`, without one.
    #[arg(long, conflicts_with = "undo")]
    verify: bool,
    /// Take the last import of this source back.
    #[arg(long)]
    undo: bool,
    /// Take back what can be, where rows were changed here or others refer to them: these stay.
    #[arg(long, requires = "undo")]
    keep_touched: bool,
    /// The name under which ids of this source are known; another one for another database.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Where to list what was refused.
    #[arg(long, value_name = "FILE", default_value = "import-rejects.jsonl")]
    rejects: PathBuf,
    /// Where to list what came in and deserves a look.
    #[arg(long, value_name = "FILE", default_value = "import-notes.jsonl")]
    notes: PathBuf,
    /// How many documents are one transaction.
    #[arg(long, value_name = "NUMBER", default_value_t = 500)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    portion: u32,
}

pub(super) async fn run(
    args: &Args,
    db: &DatabaseConnection,
    way: &Way,
    vault: Option<&dyn Vault>,
    quiet: bool,
) -> Result<Answer, Error> {
    let (default, how) = match &args.from {
        From::Mongo { how, .. } => ("mongo", how),
        From::Prisma { how, .. } => ("prisma", how),
    };
    let source = how.source.clone().unwrap_or_else(|| default.to_owned());
    let turn = Turn {
        patience: way.patience,
        lock: way.lock,
        timeouts: way.timeouts,
    };
    if how.undo {
        // One transaction, which a signal takes back.
        let taken = undo(db, &source, how.keep_touched, turn, vault).await?;
        return Ok(taken_back(&source, &taken));
    }
    let bar = bar(quiet);
    let heard = Mutex::new(Heard::nothing(Instant::now()));
    let told = |stage: Stage<'_>| tell(&bar, &heard, quiet, stage);
    let stop = CancellationToken::new();
    let signals = Signals::listen();
    let options = Options {
        mode: Mode::Apply,
        source: source.clone(),
        rejects: how.rejects.clone(),
        notes: how.notes.clone(),
        portion: how.portion as usize,
        vault,
        turn,
        stop: stop.clone(),
        told: &told,
    };
    let report = tokio::select! {
        report = import(db, &args.from, how.modes(), options) => Some(report?),
        Twice = signals.heard(&stop) => None,
    };
    bar.finish_and_clear();
    Ok(match report {
        Some(report) => told_of(&report, how.dry_run),
        None => Answer {
            code: 7,
            lines: vec![at_once(how.dry_run).to_owned()],
            json: json!({"dry_run": how.dry_run, "source": source, "stopped": {}}),
        },
    })
}

impl How {
    /// How it is gone through, one after the other.
    fn modes(&self) -> &'static [Mode] {
        match (self.dry_run, self.verify) {
            (true, true) => &[Mode::Verify],
            (true, false) => &[Mode::DryRun],
            (false, true) => &[Mode::Apply, Mode::Verify],
            (false, false) => &[Mode::Apply],
        }
    }
}

/// Go through it in each of `modes`, unless somebody stops it.
async fn import(
    db: &DatabaseConnection,
    from: &From,
    modes: &[Mode],
    mut options: Options<'_>,
) -> Result<Report, Error> {
    let mut report = Report::default();
    for mode in modes {
        options.mode = *mode;
        let next = match from {
            From::Mongo {
                paths, encoding, ..
            } => Box::pin(mongo::import(db, paths, *encoding, &options)).await?,
            From::Prisma { url, .. } => {
                let url = url.as_deref().unwrap_or_default();
                Box::pin(prisma::import(db, url, &options)).await?
            }
        };
        report = merged(&report, next);
        if report.stopped.is_some() {
            break;
        }
    }
    Ok(report)
}

/// What there is to say where nothing was waited for.
fn at_once(dry_run: bool) -> &'static str {
    if dry_run {
        "stopped at once: nothing was written"
    } else {
        "stopped at once: the portions before this one are in; the same command goes on, and --undo takes \
         them back"
    }
}

/// How an import that was stopped stands, and how to go on.
fn stopped_at(stopped: Stopped, dry_run: bool, verified: bool) -> String {
    let Stopped { done, all } = stopped;
    let then = match (dry_run, verified) {
        (true, false) => "nothing was written: this was a dry run",
        (_, true) => "the comparison is not whole: the same command makes it anew",
        (false, false) => "the same command goes on, and --undo takes back what is in",
    };
    format!("stopped behind {done} of {all} documents; {then}")
}

/// What a comparison adds to what an import told.
fn merged(import: &Report, mut next: Report) -> Report {
    if import.source.is_empty() {
        return next;
    }
    for (name, counts) in &mut next.collections {
        if let Some(done) = import.collections.get(name) {
            let here = counts.checksum_here.take();
            *counts = done.clone();
            counts.checksum_here = here;
        }
    }
    next
}

fn told_of(report: &Report, dry_run: bool) -> Answer {
    let totals = report.totals();
    let code = match (report.differences, totals.rejected, report.stopped) {
        (0, 0, None) => 0,
        (0, _, _) => 7,
        _ => 2,
    };
    let mut lines = report.lines();
    if let Some(stopped) = report.stopped {
        lines.push(stopped_at(stopped, dry_run, report.verified));
    } else if dry_run && !report.verified {
        lines.push("nothing was written: this was a dry run".to_owned());
    }
    Answer {
        code,
        lines,
        json: json!({
            "dry_run": dry_run,
            "source": report.source,
            "collections": report.collections,
            "totals": totals,
            "left_out": report.left_out,
            "verified": report.verified,
            "differences": report.differences,
            "rejects": report.rejects,
            "notes": report.notes,
            "stopped": report.stopped,
        }),
    }
}

fn taken_back(source: &str, taken: &Taken) -> Answer {
    let mut lines = Vec::new();
    for stays in &taken.stays {
        lines.push(format!(
            "{} {} of {} {}: {}",
            stays.table, stays.id, stays.collection, stays.external_id, stays.why
        ));
    }
    if taken.done {
        lines.push(format!(
            "taken back: {} rows removed, {} as before, {} stay",
            taken.removed, taken.restored, taken.kept
        ));
    } else {
        lines.push(format!(
            "nothing was taken back: {} rows were changed here or are referred to; --keep-touched leaves \
             these and takes back the rest",
            taken.kept
        ));
    }
    let code = match (taken.done, taken.kept) {
        (true, 0) => 0,
        (true, _) => 7,
        (false, _) => 5,
    };
    Answer {
        code,
        lines,
        json: json!({"source": source, "undo": taken}),
    }
}

/// A bar where somebody looks at it.
fn bar(quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    ProgressBar::no_length()
}

/// The bar as it is drawn: how many there are is known only behind the survey.
fn style(stage: Stage<'_>) -> ProgressStyle {
    let template = match stage {
        Stage::Survey(..) => "{msg:20} {spinner} {human_pos} read",
        Stage::Import(..) => "{msg:20} [{bar:40}] {pos}/{len} {eta}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// What a log heard last.
struct Heard {
    collection: String,
    done: u64,
    at: Instant,
}

impl Heard {
    fn nothing(at: Instant) -> Self {
        Self {
            collection: String::new(),
            done: 0,
            at,
        }
    }

    /// Whether the log is to hear now that so many documents are done.
    fn is_due(&mut self, collection: &str, done: u64, now: Instant) -> bool {
        let is_due = self.collection != collection
            || done.abs_diff(self.done) >= OFTEN
            || now.duration_since(self.at) >= WHILE;
        if is_due {
            collection.clone_into(&mut self.collection);
            self.done = done;
            self.at = now;
        }
        is_due
    }
}

/// Move the bar; where there is none, a line for each collection, and now and then one within it.
fn tell(bar: &ProgressBar, heard: &Mutex<Heard>, quiet: bool, stage: Stage<'_>) {
    if quiet {
        return;
    }
    let Ok(mut heard) = heard.lock() else { return };
    let now = Instant::now();
    let (what, done, line) = match stage {
        Stage::Survey(collection, read) => (
            format!("reading {collection}"),
            read,
            format!("{collection}: {read} documents are read"),
        ),
        Stage::Import(collection, done, all) => (
            collection.to_owned(),
            done,
            format!("{collection}: {done} of {all} documents are done"),
        ),
    };
    if std::io::stderr().is_terminal() {
        if heard.collection != what {
            bar.set_style(style(stage));
        }
        if let Stage::Import(_, _, all) = stage {
            bar.set_length(all);
        }
        bar.set_position(done);
        bar.set_message(what.clone());
        heard.collection = what;
    } else if heard.is_due(&what, done, now) {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_hears_of_collections_of_many_documents_and_of_a_while() {
        let begun = Instant::now();
        let mut heard = Heard::nothing(begun);
        assert!(heard.is_due("accounts", 0, begun));
        assert!(!heard.is_due("accounts", 500, begun));
        assert!(heard.is_due("videos", 500, begun));
        let told = (2..=60_u64).filter(|portion| heard.is_due("videos", portion * 500, begun));
        assert_eq!(told.count(), 2);
        let later = begun + WHILE;
        assert!(heard.is_due("videos", 30_000, later));
        assert!(!heard.is_due("videos", 30_500, later));
    }
}
