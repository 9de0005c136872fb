//! How far a command is: a bar for a person at a terminal, plain lines for a log.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use crate::runner::Progress;

/// How often a log hears of rows: so many times in all.
const LINES: u64 = 10;

/// Who tells it where this process writes its errors.
pub(super) fn teller() -> Arc<dyn Fn(Progress<'_>) + Send + Sync> {
    if std::io::stderr().is_terminal() {
        let bar = ProgressBar::no_length();
        Arc::new(move |progress| draw(&bar, progress))
    } else {
        let heard = AtomicU64::new(0);
        Arc::new(move |progress| {
            if let Some(line) = line(progress, &heard) {
                say(&line);
            }
        })
    }
}

/// Who tells of nothing but for whom is waited: beside an answer that is one object, too, nobody shall
/// wonder why it takes so long.
pub(crate) fn waits(progress: Progress<'_>) {
    if let Progress::Waits(_) | Progress::Blocked(_) = progress
        && let Some(line) = line(progress, &AtomicU64::new(0))
    {
        say(&line);
    }
}

/// A line for the log. Whoever reads it may be gone: what is done is done all the same.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn draw(bar: &ProgressBar, progress: Progress<'_>) {
    let counting = ProgressStyle::with_template("{bar:32} {pos} of {len} {msg}");
    let rows = ProgressStyle::with_template("{bar:32} {human_pos} of {human_len} {msg} {eta}");
    match progress {
        Progress::Begins(name, at, all) => {
            bar.set_style(counting.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_length(all as u64);
            bar.set_position(at as u64 - 1);
            bar.set_message(name.to_owned());
            bar.tick();
        }
        Progress::Rows(name, done, all) => {
            bar.set_style(rows.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_length(all.max(done));
            bar.set_position(done);
            bar.set_message(name.to_owned());
        }
        Progress::Done(_) => {
            bar.inc(1);
            if bar.length() == Some(bar.position()) {
                bar.finish_and_clear();
            }
        }
        Progress::Again(..)
        | Progress::Waits(_)
        | Progress::Blocked(_)
        | Progress::Loses(_)
        | Progress::Orphans(_) => {
            bar.println(line(progress, &AtomicU64::new(0)).unwrap_or_default());
        }
    }
}

/// What a log hears of it, if anything; `heard` is how many parts of the rows it heard of.
fn line(progress: Progress<'_>, heard: &AtomicU64) -> Option<String> {
    match progress {
        Progress::Begins(name, at, all) => Some(format!("[{at}/{all}] {name}")),
        Progress::Rows(name, done, all) => {
            let part = done.saturating_mul(LINES) / all.max(1);
            let is_new = heard.swap(part, Ordering::Relaxed) != part;
            is_new.then(|| format!("{name}: {done} of {all} rows"))
        }
        Progress::Done(_) => None,
        Progress::Again(name, pause) => Some(format!(
            "{name}: others hold a lock that it needs; trying again in {} ms",
            pause.as_millis()
        )),
        Progress::Waits(holder) => Some(format!(
            "another migration is under way: {holder}; waiting for its end"
        )),
        Progress::Blocked(holder) => {
            Some(format!("a lock is held by {holder}; waiting for its end"))
        }
        Progress::Loses(what) => Some(format!("loses {what}")),
        Progress::Orphans(what) => Some(format!(
            "rows referred to rows that are not there before this run, and are left so: {what}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_log_hears_of_steps_and_now_and_then_of_rows() {
        let heard = AtomicU64::new(0);
        let begins = line(Progress::Begins("a", 1, 2), &heard);
        assert_eq!(begins.as_deref(), Some("[1/2] a"));
        assert_eq!(line(Progress::Done("a"), &heard), None);
        let told: Vec<String> = (1..=142)
            .filter_map(|batch| line(Progress::Rows("a", batch * 7, 1000), &heard))
            .collect();
        assert_eq!(told.len(), 9, "{told:?}");
        let end = line(Progress::Rows("a", 1000, 1000), &heard);
        assert_eq!(end.as_deref(), Some("a: 1000 of 1000 rows"));
        let again = line(Progress::Again("a", Duration::from_millis(300)), &heard);
        assert!(again.is_some_and(|line| line.contains("300 ms")));
        let loses = line(Progress::Loses("a: 2 rows"), &heard);
        assert_eq!(loses.as_deref(), Some("loses a: 2 rows"));
    }
}
