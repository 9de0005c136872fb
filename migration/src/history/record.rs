//! What we keep of each step, beside the standard `seaql_migrations`: text and numbers only, so that
//! the table is the same on both engines.

use sea_orm_migration::sea_orm;
use sea_orm_migration::sea_orm::entity::prelude::*;

/// Makes the tables, where they are not there.
pub(super) const CREATE: &str = "CREATE TABLE IF NOT EXISTS chancery_migrations (
        id text NOT NULL CONSTRAINT chancery_migrations_pkey PRIMARY KEY,
        checksum text NOT NULL,
        state text NOT NULL,
        statements_done integer NOT NULL,
        error text,
        fingerprint_before text,
        fingerprint_after text,
        duration_ms bigint NOT NULL,
        program text NOT NULL,
        actor text NOT NULL,
        reason text,
        started_at text NOT NULL,
        finished_at text
    );
    CREATE TABLE IF NOT EXISTS chancery_migration_log (
        id text NOT NULL CONSTRAINT chancery_migration_log_pkey PRIMARY KEY,
        step text NOT NULL,
        action text NOT NULL,
        actor text NOT NULL,
        program text NOT NULL,
        reason text,
        at text NOT NULL
    );";

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum State {
    /// Some of its statements ran, each by itself; it goes on where it stopped.
    #[sea_orm(string_value = "started")]
    Started,
    /// It was tried and taken back: nothing of it stays.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// It is done.
    #[sea_orm(string_value = "applied")]
    Applied,
    /// What it makes stood before: another tool made it.
    #[sea_orm(string_value = "adopted")]
    Adopted,
    /// Some of the statements of its way down ran, each by itself; it goes on where it stopped.
    #[sea_orm(string_value = "undoing")]
    Undoing,
    /// It was undone, or never was: somebody says so.
    #[sea_orm(string_value = "rolled_back")]
    RolledBack,
}

/// A step as this database has it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chancery_migrations")]
pub(crate) struct Model {
    /// The step's name.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub(crate) id: String,
    /// Of the statements as they ran, without blanks and comments.
    #[sea_orm(column_type = "Text")]
    pub(crate) checksum: String,
    /// How far it is.
    pub(crate) state: State,
    /// How many statements ran, of a step that runs each by itself.
    pub(crate) statements_done: i32,
    /// Why it stopped or failed.
    #[sea_orm(column_type = "Text")]
    pub(crate) error: Option<String>,
    /// Of the schema before the run that the step was the first of.
    #[sea_orm(column_type = "Text")]
    pub(crate) fingerprint_before: Option<String>,
    /// Of the schema after the run that the step was the last of, or at which it stopped.
    #[sea_orm(column_type = "Text")]
    pub(crate) fingerprint_after: Option<String>,
    /// How long it took.
    pub(crate) duration_ms: i64,
    /// The version of the program that did it.
    #[sea_orm(column_type = "Text")]
    pub(crate) program: String,
    /// Who did it.
    #[sea_orm(column_type = "Text")]
    pub(crate) actor: String,
    /// Why it stands as it does, where somebody said so.
    #[sea_orm(column_type = "Text")]
    pub(crate) reason: Option<String>,
    /// When it began: RFC 3339, UTC.
    #[sea_orm(column_type = "Text")]
    pub(crate) started_at: String,
    /// When it was done.
    #[sea_orm(column_type = "Text")]
    pub(crate) finished_at: Option<String>,
}

/// Steps stand for themselves.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
