//! The migrations of `migrations.py` as `sea-orm-migration` runs them by itself: what ours is
//! measured against.

use sea_orm_migration::prelude::*;

/// A migration that is a name and two scripts.
struct Script {
    name: &'static str,
    up: &'static str,
    down: &'static str,
}

impl MigrationName for Script {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Script {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.up).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.down).await?;
        Ok(())
    }
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        include!(env!("PLAIN_STEPS"))
    }
}

#[tokio::main]
async fn main() {
    cli::run_cli(Migrator).await;
}
