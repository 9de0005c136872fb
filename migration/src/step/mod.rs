//! The steps, oldest first. A step is frozen SQL in a folder of its own, up and down, for each
//! engine; once merged it is never edited. No step names an entity: history must not change when
//! an entity does.

mod postgres;

use std::io::ErrorKind;
use std::path::Path;

use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseExecutor, DbErr};
use sha2::{Digest, Sha256};

use crate::engine::Engine;
use crate::error::Error;
use crate::lexer;
use crate::schema::squeezed;
use crate::timeouts::Timeouts;

/// How a script begins that nobody has written yet.
pub(crate) const UNWRITTEN: &str = "-- unwritten";

/// One step of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Its folder's name, by which the history knows it.
    pub(crate) name: &'static str,
    postgres: Script,
    sqlite: Script,
    /// Whether `PostgreSQL` runs each statement by itself, outside a transaction.
    apart: bool,
    /// What is filled in once it is applied, beside the running program.
    backfill: Option<Later>,
    /// The names of those that it stands for, a line each.
    replaces: &'static str,
}

/// What a step does on one engine, and how it is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Script {
    up: &'static str,
    down: &'static str,
}

/// What a step leaves to be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Later {
    postgres: &'static str,
    sqlite: &'static str,
}

macro_rules! step {
    ($name:literal, apart: $apart:literal) => {
        Step {
            name: $name,
            postgres: Script {
                up: include_str!(concat!($name, "/up.postgres.sql")),
                down: include_str!(concat!($name, "/down.postgres.sql")),
            },
            sqlite: Script {
                up: include_str!(concat!($name, "/up.sqlite.sql")),
                down: include_str!(concat!($name, "/down.sqlite.sql")),
            },
            apart: $apart,
            backfill: None,
            replaces: "",
        }
    };
    ($name:literal, squashed) => {
        Step {
            replaces: include_str!(concat!($name, "/replaces.txt")),
            ..step!($name)
        }
    };
    ($name:literal, backfill) => {
        Step {
            backfill: Some(Later {
                postgres: include_str!(concat!($name, "/backfill.postgres.sql")),
                sqlite: include_str!(concat!($name, "/backfill.sqlite.sql")),
            }),
            ..step!($name)
        }
    };
    ($name:literal) => {
        step!($name, apart: false)
    };
}

/// Every step, oldest first.
#[cfg(not(test))]
pub(crate) const STEPS: &[Step] = SHIPPED;

/// The same, and behind them one that declares a backfill, as none of ours does yet.
#[cfg(test)]
pub(crate) const STEPS: &[Step] = &{
    let mut all = [PLANTED; SHIPPED.len() + 1];
    let mut at = 0;
    while at < SHIPPED.len() {
        all[at] = SHIPPED[at];
        at += 1;
    }
    all
};

/// The steps that a database gets.
const SHIPPED: &[Step] = &[
    step!("m20261121_000001_identity"),
    step!("m20261121_000002_upload"),
    step!("m20261121_000003_pipeline"),
    step!("m20261121_000004_agent"),
    // The tables of the Python backend, as it would have made them, with its version beside them:
    // it can be pointed at this database. Only the foreign keys differ: ours cascade.
    step!("m20261121_000005_conversation"),
    // Our own indexes on those tables. Optional after an adoption, and made without holding up the
    // writers of a live database.
    step!("m20261121_000006_conversation_indexes", apart: true),
    step!("m20261121_000007_media"),
    step!("m20261121_000008_configuration"),
    step!("m20261121_000009_webhook"),
    step!("m20261121_000010_platform"),
    step!("m20261121_000011_analytics"),
    // Deltas of messages without tokens, days of UTC, how far the rollups are, and the indexes that
    // the series read by.
    step!("m20261121_000012_rollups"),
    // The rollups are proven day by day. Optional after an adoption, as the indexes above.
    step!("m20261121_000013_message_times", apart: true),
    // Hours, for charts by the clocks of another zone, and months of people, for those who spend most.
    step!("m20261121_000014_hours_and_months"),
    // Owners take turns: the next owner who waits is found by an index, and so is the first priority.
    step!("m20261121_000015_job_turns"),
    // Charts from sums: runs by where they stand, people by how long they were away, how long stages took.
    // Triggers feed those of runs and of stages.
    step!("m20261121_000016_run_rollups"),
    step!("m20261121_000017_active_rollups"),
    step!("m20261121_000018_stage_rollups"),
    // What people spent on days and in months that are over, packed: who spent most.
    step!("m20261121_000019_user_packs"),
    // Which chain is asked who holds an NFT, and what it said; since when a generator has a video.
    step!("m20261121_000020_media_lives"),
    // The tokens and runs of days that are over, packed: a chart reads one row a day.
    step!("m20261121_000021_day_packs"),
];

impl Step {
    /// The step whose four scripts are in `folder`, called as the folder is. It lives as long as the
    /// program, as those of the list do.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, Error> {
        let read = |name: &str| -> Result<&'static str, Error> {
            let path = folder.join(name);
            let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
                ErrorKind::NotFound => Error::Option(format!(
                    "{} has no {name}: a step has four scripts, up and down for both engines",
                    folder.display()
                )),
                _ => Error::file(&path, source),
            })?;
            Ok(text.leak())
        };
        let name = folder
            .canonicalize()
            .map_err(|source| Error::file(folder, source))?;
        let name = name
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let postgres = Script {
            up: read("up.postgres.sql")?,
            down: read("down.postgres.sql")?,
        };
        Ok(Self {
            name: name.unwrap_or_default().leak(),
            apart: postgres.up.contains(" CONCURRENTLY "),
            backfill: None,
            replaces: "",
            postgres,
            sqlite: Script {
                up: read("up.sqlite.sql")?,
                down: read("down.sqlite.sql")?,
            },
        })
    }

    /// Whether anybody has said what it does on `engine`.
    pub(crate) fn is_written(&self, engine: Engine) -> bool {
        !self.script(engine, Direction::Up).starts_with(UNWRITTEN)
    }

    /// The same, doing `up` on `engine`. It lives as long as the program.
    pub(crate) fn written_as(mut self, engine: Engine, up: &str) -> Self {
        let up = up.to_owned().leak();
        match engine {
            Engine::Sqlite => self.sqlite.up = up,
            Engine::Postgres => self.postgres.up = up,
        }
        self
    }

    /// The script that does or undoes it.
    pub(crate) fn script(&self, engine: Engine, direction: Direction) -> &'static str {
        let script = match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        };
        match direction {
            Direction::Up => script.up,
            Direction::Down => script.down,
        }
    }

    /// The statements of a step that runs each by itself.
    pub(crate) fn statements(&self, engine: Engine, direction: Direction) -> Vec<&'static str> {
        lexer::split(engine, self.script(engine, direction))
    }

    /// Those that it stands for, oldest first.
    pub(crate) fn replaces(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.replaces
            .lines()
            .map(str::trim)
            .filter(|name| !name.is_empty())
    }

    /// Whether it leaves something to be filled in.
    pub(crate) fn has_backfill(&self) -> bool {
        self.backfill.is_some()
    }

    /// What is filled in once it is applied.
    pub(crate) fn backfill(&self, engine: Engine) -> Option<&'static str> {
        self.backfill.map(|backfill| match engine {
            Engine::Sqlite => backfill.sqlite,
            Engine::Postgres => backfill.postgres,
        })
    }

    /// Whether each statement runs by itself, outside a transaction.
    pub(crate) fn is_apart(&self, engine: Engine) -> bool {
        self.apart && engine == Engine::Postgres
    }

    /// Run one statement of a step that runs each by itself: in the time that `own` gives it, where the
    /// session is nobody else's.
    pub(crate) async fn run_apart(
        &self,
        db: &DatabaseExecutor<'_>,
        statement: &str,
        own: Option<Timeouts>,
    ) -> Result<(), DbErr> {
        postgres::run_apart(db, statement, own).await
    }

    /// Whether what a statement of such a step does is done already, as far as the catalogue tells.
    pub(crate) async fn is_done(
        &self,
        db: &impl ConnectionTrait,
        statement: &str,
    ) -> Result<bool, DbErr> {
        postgres::is_done(db, statement).await
    }

    /// A number that changes when the step does: SHA-256, in hexadecimal, of what it does here, without
    /// blanks and comments.
    pub(crate) fn checksum(&self, engine: Engine) -> String {
        let words = squeezed(self.script(engine, Direction::Up));
        hex::encode(Sha256::digest(words))
    }
}

/// Whether a statement of a step that runs each by itself takes no transaction, by its words.
pub(crate) fn is_alone(statement: &str) -> bool {
    postgres::is_alone(statement)
}

/// Whether that is what the database said of it.
pub(crate) fn needs_no_transaction(error: &DbErr) -> bool {
    postgres::needs_no_transaction(error)
}

/// Refuse to do a step of which nobody has said yet what it does on `engine`.
pub(crate) fn check_written<'s>(
    steps: impl IntoIterator<Item = &'s Step>,
    engine: Engine,
) -> Result<(), Error> {
    let mut steps = steps.into_iter();
    match steps.find(|step| !step.is_written(engine)) {
        None => Ok(()),
        Some(step) => Err(Error::Unwritten {
            step: step.name,
            engine: engine.name(),
        }),
    }
}

/// A column that is filled in beside the running program.
#[cfg(test)]
const PLANTED: Step = {
    let script = Script {
        up: "ALTER TABLE saved_views ADD COLUMN stars bigint;\n",
        down: "ALTER TABLE saved_views DROP COLUMN stars;\n",
    };
    let later = "-- backfill stars key=id batch=2\nUPDATE saved_views SET stars = length(name) WHERE stars IS \
                 NULL;\n";
    Step {
        name: "m20990101_000001_planted",
        postgres: script,
        sqlite: script,
        apart: false,
        backfill: Some(Later {
            postgres: later,
            sqlite: later,
        }),
        replaces: "",
    }
};

#[cfg(test)]
impl Step {
    /// A step that does `up`.
    pub(crate) fn doing(name: &'static str, up: &'static str) -> Self {
        let script = Script { up, down: "" };
        Self {
            postgres: script,
            sqlite: script,
            ..Self::idle(name, "")
        }
    }

    /// The same on `PostgreSQL`, each statement by itself, and how it is undone.
    pub(crate) fn apart(name: &'static str, up: &'static str, down: &'static str) -> Self {
        Self {
            postgres: Script { up, down },
            apart: true,
            ..Self::idle(name, "")
        }
    }

    /// A step that does nothing, and stands for the lines of `replaces`.
    pub(crate) fn idle(name: &'static str, replaces: &'static str) -> Self {
        let nothing = Script { up: "", down: "" };
        Self {
            name,
            postgres: nothing,
            sqlite: nothing,
            apart: false,
            backfill: None,
            replaces,
        }
    }
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Doing.
    Up,
    /// Undoing.
    Down,
}
