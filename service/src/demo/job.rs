//! Jobs that were done, that died, that wait for their time; and the schedules that queue them.

use chrono::{DateTime, TimeDelta, Utc};
use entity::platform::job::{self, JobState};
use entity::platform::job_schedule;
use serde_json::json;

use super::dice::Dice;
use super::people::People;
use super::rows::Rows;
use crate::error::Result;

const JOBS: usize = 260;

/// How long a job stays after it was made, in days.
const KEPT: i64 = 30;

/// Name, kind, queue, cron.
const SCHEDULES: [(&str, &str, &str, &str); 4] = [
    (
        "nightly retention",
        "platform.retention",
        "maintenance",
        "0 3 * * *",
    ),
    ("weekly digest", "media.digest", "mail", "0 7 * * 1"),
    (
        "ownership check",
        "media.verify_ownership",
        "default",
        "30 2 * * *",
    ),
    ("orphan sweep", "upload.sweep", "maintenance", "15 * * * *"),
];

const KINDS: [(&str, &str); 4] = [
    ("webhook.deliver", "webhooks"),
    ("media.verify_ownership", "default"),
    ("platform.retention", "maintenance"),
    ("identity.export", "default"),
];

const ERRORS: [&str; 4] = [
    "the wallet's chain answered 429: too many requests",
    "the connection was reset by the other side",
    "the object was not found in the store",
    "the deadline of 60 seconds passed",
];

/// Write the chapter.
pub(super) async fn write(rows: &mut Rows<'_>, people: &People) -> Result<()> {
    let dice = Dice::of("jobs");
    let moments = dice.moments(rows.now, JOBS * 3, TimeDelta::minutes(2));
    let kept = moments.into_iter().filter(|at| *at > rows.days_ago(KEPT));
    let mut jobs: Vec<_> = kept.map(|at| past(&dice, people, at)).collect();
    for at in 0..6 {
        let run_at = rows.now + TimeDelta::minutes(45 + at * 190);
        jobs.push(waiting(
            &dice,
            rows.now - TimeDelta::minutes(3 + at),
            run_at,
        ));
    }
    let schedules = SCHEDULES.map(|schedule| schedule_of(rows, &dice, schedule));
    rows.put(job::Entity, jobs).await?;
    rows.put(job_schedule::Entity, schedules.into()).await
}

fn past(dice: &Dice, people: &People, at: DateTime<Utc>) -> job::Model {
    let (kind, queue) = *dice.favour(&KINDS);
    let state = match dice.number::<u32>(0, 49) {
        0..=2 => JobState::Dead,
        3 => JobState::Cancelled,
        _ => JobState::Succeeded,
    };
    let owner = people.at(dice, at);
    let (attempt, error) = match state {
        JobState::Dead => (10, Some(dice.word(&ERRORS))),
        JobState::Cancelled => (0, None),
        _ if dice.percent(8) => (2, Some(dice.word(&ERRORS))),
        _ => (1, None),
    };
    let ended = at + dice.seconds(1, 80);
    job::Model {
        id: dice.id(at),
        kind: kind.to_owned(),
        payload: json!({ "id": dice.uuid() }),
        queue: queue.to_owned(),
        state,
        priority: dice.number(0, 2),
        run_at: at,
        attempt,
        max_attempts: 10,
        unique_key: None,
        owner_id: (queue != "maintenance").then_some(owner.id),
        worker: None,
        lease_until: None,
        fence: i64::from(attempt),
        progress: if state == JobState::Succeeded {
            100
        } else {
            dice.number(0, 80)
        },
        cancel_requested_at: (state == JobState::Cancelled).then_some(ended),
        last_error: error.map(str::to_owned),
        finished_at: Some(ended),
        created_at: at,
        updated_at: ended,
    }
}

/// A job whose time has not come.
fn waiting(dice: &Dice, at: DateTime<Utc>, run_at: DateTime<Utc>) -> job::Model {
    job::Model {
        id: dice.id(at),
        kind: "media.verify_ownership".to_owned(),
        payload: json!({ "id": dice.uuid() }),
        queue: "default".to_owned(),
        state: JobState::Queued,
        priority: 0,
        run_at,
        attempt: 0,
        max_attempts: 10,
        unique_key: Some(format!("ownership:{}", dice.hex::<4>())),
        owner_id: None,
        worker: None,
        lease_until: None,
        fence: 0,
        progress: 0,
        cancel_requested_at: None,
        last_error: None,
        finished_at: None,
        created_at: at,
        updated_at: at,
    }
}

fn schedule_of(
    rows: &Rows<'_>,
    dice: &Dice,
    (name, kind, queue, cron): (&str, &str, &str, &str),
) -> job_schedule::Model {
    let made = rows.days_ago(88);
    // What the demo schedules is to be looked at: it is not followed.
    job_schedule::Model {
        id: dice.id(made),
        name: name.to_owned(),
        kind: kind.to_owned(),
        payload: json!({}),
        queue: queue.to_owned(),
        cron: cron.to_owned(),
        time_zone: "UTC".to_owned(),
        is_active: false,
        next_run_at: None,
        last_run_at: Some(rows.days_ago(1)),
        version: 2,
        created_at: made,
        updated_at: rows.days_ago(1),
    }
}
