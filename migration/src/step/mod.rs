//! The steps, oldest first. A step is frozen SQL in a folder of its own, up and down, for each
//! engine; once merged it is never edited. No step names an entity: history must not change when
//! an entity does.

mod postgres;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::engine::Engine;

/// One step of the history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Its folder's name, by which the history knows it.
    pub(crate) name: &'static str,
    postgres: Script,
    sqlite: Script,
    /// Whether `PostgreSQL` runs each statement by itself, outside a transaction.
    apart: bool,
}

/// What a step does on one engine, and how it is undone.
#[derive(Clone, Copy, Debug)]
struct Script {
    up: &'static str,
    down: &'static str,
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
        }
    };
    ($name:literal) => {
        step!($name, apart: false)
    };
}

/// Every step, oldest first.
pub(crate) const STEPS: &[Step] = &[
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
];

impl Step {
    /// The tables that going down takes away, with all that is in them.
    pub(crate) fn drops(&self, engine: Engine) -> impl Iterator<Item = &'static str> {
        self.script(engine).down.lines().filter_map(|line| {
            line.strip_prefix("DROP TABLE ")
                .map(|rest| rest.trim_end_matches(';').trim())
        })
    }

    fn script(&self, engine: Engine) -> Script {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }

    async fn execute(
        &self,
        manager: &SchemaManager<'_>,
        pick: fn(Script) -> &'static str,
    ) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let engine = Engine::of(db)?;
        let script = pick(self.script(engine));
        if self.apart && engine == Engine::Postgres {
            return postgres::one_by_one(db, script).await;
        }
        db.execute_unprepared(script).await.map(drop)
    }
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait makes another signature of it"
)]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.execute(manager, |script| script.up).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.execute(manager, |script| script.down).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(!self.apart)
    }
}
