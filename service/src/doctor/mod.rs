//! What is right and what is wrong with the database and with the disk: looked at, never mended.
//!
//! Not here: the settings and the migrations, which the binary knows.

mod jobs;
mod postgres;
mod sqlite;

use std::path::Path;
use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};
use serde::Serialize;

use crate::blob::Blobs;
use crate::clock::Clock;
use crate::db::{ConnectionManager, Engine, Reader};
use crate::settings::Storage;

pub use self::jobs::jobs;

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and somebody should know.
    Warn,
    /// It does not work, or will not for long.
    Fail,
}

impl Verdict {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line of the doctor's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// What became of it.
    pub verdict: Verdict,
    /// What was seen.
    pub said: String,
    /// What to do about it.
    pub todo: Option<String>,
}

impl Finding {
    /// `said` is as it should be.
    pub fn ok(check: &'static str, said: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Ok,
            said: said.into(),
            todo: None,
        }
    }

    /// `said` should be known; `todo` would change it.
    pub fn warn(check: &'static str, said: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warn,
            todo: Some(todo.into()),
            ..Self::ok(check, said)
        }
    }

    /// `said` is wrong; `todo` mends it.
    pub fn fail(check: &'static str, said: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Fail,
            ..Self::warn(check, said, todo)
        }
    }
}

/// How the database fares, as seen from `clock`: whether it can be had, its version, its settings,
/// its clock. Connects where `db` is not connected yet.
pub async fn database(db: &Arc<ConnectionManager>, clock: &dyn Clock) -> Vec<Finding> {
    if let Some(problem) = db.connect().await.error {
        let todo = problem.steps.join("; ");
        return vec![Finding::fail("connection", problem.message, todo)];
    }
    let health = db.health().await;
    let answered = format!(
        "{} answered in {} ms",
        db.engine().name(),
        health.latency_ms
    );
    let mut found = vec![Finding::ok("connection", answered)];
    let looked = match db.read() {
        Ok(reader) => match reader.engine() {
            Engine::Sqlite => sqlite::look(&reader).await,
            Engine::Postgres => postgres::look(&reader, clock).await,
        },
        Err(error) => Err(error),
    };
    match looked {
        Ok(more) => found.extend(more),
        Err(error) => {
            let todo = "see what the database's log says of this statement";
            found.push(Finding::fail(
                "engine",
                db.settings().url.scrub(&error.to_string()),
                todo,
            ));
        }
    }
    found
}

/// Whether the store of files can be used, and by whom; `postgres` where the database can have
/// several processes.
pub async fn storage(storage: &Storage, postgres: bool) -> Finding {
    let check = "storage";
    let todo =
        "mend CHANCERY_STORAGE_URL, the rights on the directory, or the bucket's credentials";
    let blobs = match Blobs::open(storage) {
        Ok(blobs) => blobs,
        Err(error) => return Finding::fail(check, error.to_string(), todo),
    };
    let name = format!("doctor-{}", std::process::id());
    if let Err(error) = blobs.probe(&name).await {
        let said = format!("{}: {}", blobs.shown(), causes(&error));
        return Finding::fail(check, said, todo);
    }
    if blobs.is_local() && postgres {
        let said = format!(
            "{} is a directory of this machine: a replica elsewhere does not see its files",
            blobs.shown()
        );
        let todo = "with several machines, set CHANCERY_STORAGE_URL to a bucket";
        return Finding::warn(check, said, todo);
    }
    Finding::ok(check, format!("{} keeps files", blobs.shown()))
}

/// An error with what is behind it.
fn causes(error: &dyn std::error::Error) -> String {
    let behind = std::iter::successors(error.source(), |error| error.source());
    let behind: Vec<String> = behind.map(ToString::to_string).collect();
    format!("{error}: {}", behind.join(": "))
}

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// How much room there is where `directory` is.
pub fn disk(directory: &Path) -> Finding {
    let check = "disk space";
    let room = match rustix::fs::statvfs(directory) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            let said = format!("{}: {error}", directory.display());
            return Finding::warn(check, said, "look at the disk by other means");
        }
    };
    room_for(room, &directory.display().to_string())
}

fn room_for(room: u64, place: &str) -> Finding {
    let check = "disk space";
    let said = format!("{} MiB are free at {place}", room / MIB);
    let todo = "make room: a full disk stops every write";
    match room {
        0..GIB if room < 100 * MIB => Finding::fail(check, said, todo),
        0..GIB => Finding::warn(check, said, todo),
        _ => Finding::ok(check, said),
    }
}

/// The one row that `statement` answers.
async fn row(reader: &Reader, statement: Statement) -> Result<QueryResult, DbErr> {
    let row = reader.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("no row came back".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_room_is_said_before_it_is_gone() {
        for (room, verdict) in [
            (99 * MIB, Verdict::Fail),
            (100 * MIB, Verdict::Warn),
            (GIB - 1, Verdict::Warn),
            (GIB, Verdict::Ok),
        ] {
            let found = room_for(room, "data");
            assert_eq!(found.verdict, verdict, "{room}");
            assert_eq!(found.todo.is_some(), verdict != Verdict::Ok);
        }
    }
}
