//! What a migration can answer instead of a result.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sea_orm_migration::sea_orm::{DbErr, RuntimeErr, sea_query, sqlx};

use crate::address::masked;
use crate::lock::Holder;
use crate::plan::Loss;
use crate::transient::is_forbidden;

/// What went wrong, or was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused or was not there.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// An address is none.
    #[error("{address} is not the address of a database: {said}")]
    Address {
        /// As much of it as may be told.
        address: String,
        /// What is wrong with it.
        said: String,
    },
    /// A server cannot be reached.
    #[error("no connection to {server}: {said}")]
    Unreachable {
        /// Its host and port.
        server: String,
        /// Why.
        said: String,
    },
    /// There is no file, and what was asked for is about what is in one.
    #[error("{path}: there is no such file; name the database, or make it with `migrate up`")]
    Absent {
        /// Which.
        path: String,
    },
    /// A file cannot be opened as a database.
    #[error("{path}: {source}")]
    Unopened {
        /// Which.
        path: String,
        /// Why.
        source: DbErr,
    },
    /// Somebody else is migrating, and went on for longer than we would wait.
    #[error(
        "another migration is under way: {holder}; gave up after {} s: wait for its end, or say a longer \
         --lock-wait",
        waited.as_secs()
    )]
    Locked {
        /// How long we waited.
        waited: Duration,
        /// For whom, as far as is known.
        holder: Box<Holder>,
    },
    /// No step, or more than one, is meant by a name.
    #[error("no one step is called {0:?}; name it in full")]
    NoSuchStep(String),
    /// The history holds steps that this program does not know: it is older than the database.
    #[error("the history names steps that are not here: {}", .0.join(", "))]
    Unknown(Vec<String>),
    /// Some of the steps that one replaces are applied, and not all.
    #[error(
        "the database has {there} of the {of} steps that {step} replaces: apply the others with the \
         last program that has them by themselves, then use this one"
    )]
    Half {
        /// The one that replaces them.
        step: String,
        /// How many are applied.
        there: usize,
        /// How many there are.
        of: usize,
    },
    /// Applied steps were other statements when they were applied.
    #[error(
        "applied steps were changed afterwards: {}; `migrate resolve STEP --applied --reason TEXT` \
         takes them as they are now",
        .0.join(", ")
    )]
    Modified(Vec<String>),
    /// A pending step is older than an applied one.
    #[error(
        "pending steps are older than applied ones: {}; name those that may be applied all the same \
         with --out-of-order",
        .0.join(", ")
    )]
    OutOfOrder(Vec<String>),
    /// A step failed.
    #[error("{step}: {source}; {what_stays}")]
    Stopped {
        /// Which.
        step: &'static str,
        /// What there is of it.
        what_stays: String,
        /// Whether some of it is done, and the next run goes on there.
        goes_on: bool,
        /// What the database said.
        source: Box<Error>,
    },
    /// A statement of a step that is tried was refused.
    #[error("{source} (in `{statement}`)")]
    InStatement {
        /// The statement, or how it begins.
        statement: String,
        /// What the database said.
        source: Box<Error>,
    },
    /// A step is half undone.
    #[error(
        "{step} was going down and stopped after {done} of its {of} statements: finish it with `migrate down`, or \
         say how it stands with `migrate resolve`"
    )]
    HalfUndone {
        /// Which.
        step: String,
        /// How many of its statements are done.
        done: i32,
        /// How many there are.
        of: usize,
    },
    /// The lock went to nobody, or to somebody else, while a step ran.
    #[error(
        "the lock that keeps other migrations out was lost while {0} ran, which is rolled back where it can be: \
         look at `migrate status`, then say the same again"
    )]
    LockLost(String),
    /// What was done failed, and so did what ends it.
    #[error("{error}; and at its end: {end}")]
    AtItsEnd {
        /// What was done.
        error: Box<Error>,
        /// What ends it.
        end: Box<Error>,
    },
    /// What is pending is not what was planned.
    #[error("this is not what was planned: the plan is {0} by now")]
    OtherPlan(String),
    /// Going up would lose rows.
    #[error("this would lose {}; name the step with --allow-loss to do it all the same", by_step(.0))]
    Destructive(Vec<Loss>),
    /// The database is not what somebody says it is.
    #[error("the database does not have the schema that this would mean: {}", .0.join("; "))]
    Drift(Vec<String>),
    /// The database was changed behind the history's back.
    #[error(
        "the database is not as its history left it{}: look at `migrate drift`, and say --accept-drift \
         to go on all the same",
        some(.0)
    )]
    Drifted(Vec<String>),
    /// Steps in the middle of the history are not applied.
    #[error(
        "{} not applied, and later steps are: apply what is missing with `up --out-of-order STEP`, or \
         say how it stands with `migrate resolve`",
        are(.0)
    )]
    Hole(Vec<String>),
    /// A step is half-done, and older ones would go.
    #[error(
        "{step} stopped after {statements} of its statements: finish it with `migrate up`, or say how it \
         stands with `migrate resolve`, before anything below it is undone"
    )]
    HalfDone {
        /// Which.
        step: String,
        /// How many of its statements are done.
        statements: i32,
    },
    /// Going down would lose rows, and nobody said that this is wanted.
    #[error("this would lose rows ({}); say --accept-loss to do it all the same", all(.0))]
    Loss(Vec<Loss>),
    /// A foreign key would lead to no row.
    #[error("rows would refer to rows that are not there: {}", .0.join(", "))]
    Orphans(Vec<String>),
    /// A source of a schema is none.
    #[error(
        "{} is no schema: say `database`, `entities`, `steps`, an address, a file of SQL or a directory that `pull` wrote",
        masked(.0)
    )]
    NoSuchSource(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The two sides of a comparison are of two engines.
    #[error("a schema of SQLite and one of PostgreSQL have no common terms")]
    TwoEngines,
    /// A column or a table went and another came: it may be one that was renamed, and it may be not.
    #[error("{}", asked(old, new))]
    Ambiguous {
        /// What went: `table`, or `table.column`.
        old: String,
        /// What came and may be it: tables, or columns of that table.
        new: Vec<String>,
    },
    /// Rows that are there would have nothing in a column that wants something.
    #[error(
        "{table}.{column} takes no null and has no default, so what do the rows have that are \
         there? say --fill {table}.{column}=EXPRESSION, or give it a default"
    )]
    Unfilled {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// Only the engine itself spells its definitions.
    #[error("what a step does on PostgreSQL only PostgreSQL tells: name one with --database-url")]
    NeedsPostgres,
    /// A step says nothing for an engine.
    #[error(
        "nobody has written yet what {step} does on {engine}: `migrate generate --complete`, with such a \
         database, writes it"
    )]
    Unwritten {
        /// Which.
        step: &'static str,
        /// For which engine.
        engine: &'static str,
    },
    /// An import cannot be done.
    #[error("{0}")]
    Import(String),
    /// A row that an import keeps of what it did could not be written as JSON, or read.
    #[error("{table}: {source}")]
    Kept {
        /// In which table.
        table: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// An id that an import kept is none.
    #[error("{table}: {source}")]
    KeptId {
        /// In which table.
        table: &'static str,
        /// Why.
        source: uuid::Error,
    },
    /// A statement has not as many values as columns.
    #[error(transparent)]
    Statement(#[from] sea_query::error::Error),
    /// An option could not be understood.
    #[error("{0}")]
    Option(String),
    /// What was asked for is not to be had, whatever the database has.
    #[error("{0}")]
    Argument(String),
    /// A database cannot be taken over as it is.
    #[error("{0}")]
    NotAdoptable(String),
    /// Tables of our names stand, and no step of ours made them.
    #[error(
        "no step of ours made what stands here{}: `migrate adopt --from {tool}` takes the database over; for \
         tables beside these, name another database or schema",
        some(tables)
    )]
    Unadopted {
        /// Which.
        tables: Vec<String>,
        /// Who keeps the database, as `adopt` is told.
        tool: &'static str,
    },
    /// Tables of ours stand, and the history that told of them was emptied.
    #[error(
        "steps of ours made what stands here{}, and the history that told of them was emptied: bring \
         seaql_migrations and chancery_migrations back from a backup, or name all steps that were applied at once \
         to `migrate resolve STEP... --applied --reason TEXT`",
        some(tables)
    )]
    Emptied {
        /// Which.
        tables: Vec<String>,
    },
    /// A step would change tables that another program made.
    #[error(
        "these change tables that another program made: {}; make the change there, or let it be made \
         with --allow-changes STEP",
        .0.join("; ")
    )]
    Foreign(Vec<String>),
    /// Everything would be dropped, and some of it is another program's.
    #[error(
        "this database was taken over from {0}, whose tables are not ours to drop: name another \
         database"
    )]
    Adopted(&'static str),
    /// Somebody reads or writes what would be dropped.
    #[error(
        "others hold locks on what would be dropped, and nothing was: end the programs that use this database, \
         then say the same again"
    )]
    InUse,
    /// Not in production.
    #[error("`{0}` drops everything and is refused in production")]
    Production(&'static str),
    /// Nor is what was made up, unasked.
    #[error(
        "{0} is made up, and this is production: say --allow-production to have it there all the same"
    )]
    MadeUp(String),
    /// Row-level security keeps rows from this role.
    #[error(
        "row-level security hides rows of {} from this role, and all of them are wanted: connect as a role \
         that owns these tables, or that has BYPASSRLS where it is forced on owners, too",
        .0.join(", ")
    )]
    Hidden(Vec<String>),
    /// A backup could not be made, proven or brought back.
    #[error("{0}")]
    Backup(String),
    /// A backfill could not be read, or stopped.
    #[error("backfill {0}")]
    Backfill(String),
}

impl Error {
    /// A file or directory that could not be read or written.
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File {
            path: path.display().to_string(),
            source,
        }
    }

    /// `done`, or the error of it and of its `end`.
    pub(crate) fn both<T>(done: Result<T, Self>, end: Result<(), Self>) -> Result<T, Self> {
        match (done, end) {
            // It is lost to both.
            (Err(error @ Self::LockLost(_)), _) => Err(error),
            (Err(error), Err(end)) => Err(Self::AtItsEnd {
                error: Box::new(error),
                end: Box::new(end),
            }),
            (done, end) => done.and_then(|done| end.map(|()| done)),
        }
    }

    /// We waited so long for whoever holds the lock.
    pub(crate) fn locked(waited: Duration, holder: Holder) -> Self {
        Self::Locked {
            waited,
            holder: Box::new(holder),
        }
    }

    /// What the driver answered where it is spoken to by itself.
    pub(crate) fn query(error: sqlx::Error) -> Self {
        DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))).into()
    }
}

/// Whether `PostgreSQL` says that the role may not do it.
pub(crate) fn is_not_allowed(error: &DbErr) -> bool {
    driver(error).is_some_and(is_forbidden)
}

/// What the driver answered, whatever it was asked to do.
pub(crate) fn driver(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// Whether `old` was renamed to one of `new`, as a question to a person.
fn asked(old: &str, new: &[String]) -> String {
    let renames: Vec<String> = new
        .iter()
        .map(|new| format!("--rename {old}:{new}"))
        .collect();
    format!(
        "is {old} renamed to {}? say {} if it is, and --drop {old} if it is not",
        new.join(" or "),
        renames.join(" or ")
    )
}

/// Losses, one after the other.
fn all(losses: &[Loss]) -> String {
    let all: Vec<String> = losses.iter().map(ToString::to_string).collect();
    all.join(", ")
}

/// The same, with the steps that make them.
fn by_step(losses: &[Loss]) -> String {
    let all: Vec<String> = losses
        .iter()
        .map(|one| format!("{one} ({})", one.step))
        .collect();
    all.join(", ")
}

/// The first of what was found.
fn some(found: &[String]) -> String {
    let few: Vec<&str> = found.iter().take(5).map(String::as_str).collect();
    match (few.is_empty(), found.len() - few.len()) {
        (true, _) => String::new(),
        (false, 0) => format!(" ({})", few.join("; ")),
        (false, more) => format!(" ({}; {more} more)", few.join("; ")),
    }
}

/// Names, and the verb that goes with so many.
fn are(names: &[String]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", names.join(", "))
}
