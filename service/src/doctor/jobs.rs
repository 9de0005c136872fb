//! The jobs: whether somebody does them, and whether some could not be done.

use std::sync::Arc;

use chrono::TimeDelta;
use entity::platform::job::JobState;

use super::Finding;
use crate::clock::Clock;
use crate::db::ConnectionManager;
use crate::job::{self, Standing};

/// How long a job may be due before somebody should know.
const LATE: TimeDelta = TimeDelta::minutes(5);

/// How the jobs stand, as seen from `clock`; nothing, where they cannot be looked at.
pub async fn jobs(db: &Arc<ConnectionManager>, clock: &dyn Clock) -> Option<Finding> {
    let standing = job::look(&db.read().ok()?, clock.now()).await.ok()?;
    let late = standing.oldest.map(|oldest| clock.now() - oldest);
    Some(judged(&standing, late.unwrap_or_default()))
}

fn judged(standing: &Standing, late: TimeDelta) -> Finding {
    let count = |state| -> i64 {
        let counts = standing.counts.iter().filter(|(_, at, _)| *at == state);
        counts.map(|(.., count)| count).sum()
    };
    let (queued, dead) = (count(JobState::Queued), count(JobState::Dead));
    let check = "jobs";
    if late > LATE {
        let said = format!(
            "one has been due for {} minutes, {queued} wait",
            late.num_minutes()
        );
        let todo = "run a process that works at them: `chancery serve` without --no-jobs, or \
                    `chancery worker`; are there some, raise jobs.concurrency";
        return Finding::warn(check, said, todo);
    }
    if dead > 0 {
        let said = format!("{dead} could not be done, {queued} wait");
        let todo = "read their lastError over GraphQL (jobs), mend the cause, then replayJobs; they \
                    go after 30 days";
        return Finding::warn(check, said, todo);
    }
    Finding::ok(check, format!("{queued} wait, none of them for long"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn who_waits_long_and_who_is_dead_is_told() {
        let some = |state, count| Standing {
            counts: vec![("default".to_owned(), state, count)],
            oldest: None,
        };
        for (standing, late, verdict, says) in [
            (
                some(JobState::Queued, 3),
                5,
                Verdict::Ok,
                "3 wait, none of them for long",
            ),
            (
                some(JobState::Queued, 3),
                6,
                Verdict::Warn,
                "one has been due for 6 minutes, 3 wait",
            ),
            (
                some(JobState::Dead, 2),
                0,
                Verdict::Warn,
                "2 could not be done, 0 wait",
            ),
        ] {
            let found = judged(&standing, TimeDelta::minutes(late));
            assert_eq!((found.verdict, found.said.as_str()), (verdict, says));
            assert_eq!(found.todo.is_some(), verdict != Verdict::Ok);
        }
    }
}
