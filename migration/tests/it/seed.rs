//! Seeds: there once however often they are sown, and not in production.

use std::cell::Cell;

use clap::Parser as _;
use migration::cli::{Brought, MigrateArgs, run_with};
use migration::seed::Seed;
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::{migrate, words};
use crate::database::{self, Scratch, one};

const COUNTS: &str = "SELECT CAST((SELECT count(*) FROM users) AS text) || ' '
    || CAST((SELECT count(*) FROM user_identities WHERE subject = 'test_user_123') AS text) || ' '
    || CAST((SELECT count(*) FROM runs WHERE company_id = 'lactalis-canada') AS text) || ' '
    || CAST((SELECT count(*) FROM opportunity_cards WHERE title LIKE 'Test Opportunity %') AS text)";

#[tokio::test]
async fn a_seed_is_there_once_and_what_became_of_it_stays() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let early = migrate(&scratch, &["seed", "pipeline-test"]);
        assert_eq!(early.status.code(), Some(1));
        assert!(words(&early).contains("migrate up"), "{}", words(&early));
        up(&scratch.db).await.expect("up");
        let done = migrate(&scratch, &["seed", "pipeline-test"]);
        assert_eq!(done.status.code(), Some(0), "{}", words(&done));
        assert_eq!(one(&scratch.db, COUNTS).await, "1 1 1 5");
        let starred = "UPDATE opportunity_cards SET starred = true WHERE number = 2";
        scratch
            .db
            .execute_unprepared(starred)
            .await
            .expect("a star");
        let again = migrate(&scratch, &["seed", "pipeline-test"]);
        assert_eq!(again.status.code(), Some(0), "{}", words(&again));
        let told = String::from_utf8_lossy(&again.stdout).into_owned();
        assert!(told.contains("was there already"), "{told}");
        assert_eq!(one(&scratch.db, COUNTS).await, "1 1 1 5");
        let star = "SELECT CAST(count(*) AS text) FROM opportunity_cards WHERE starred";
        assert_eq!(one(&scratch.db, star).await, "1");
    }
}

#[derive(clap::Parser)]
struct Cli {
    #[command(flatten)]
    migrate: MigrateArgs,
}

#[tokio::test]
async fn a_seed_that_the_program_brings_waits_for_the_schema_too() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let sown = &Cell::new(0);
        let seeds = [Seed {
            name: "theirs",
            about: "what a program brings",
            sow: Box::new(move || {
                Box::pin(async move {
                    sown.set(sown.get() + 1);
                    Ok::<_, String>("theirs: sown".to_owned())
                })
            }),
        }];
        let brought = Brought {
            seeds: &seeds,
            vault: None,
        };
        let cli = Cli::parse_from(["migrate", "seed", "theirs"]);
        let early = Box::pin(run_with(&cli.migrate, &scratch.db, false, &brought)).await;
        assert_eq!((early, sown.get()), (1, 0));
        up(&scratch.db).await.expect("up");
        let done = Box::pin(run_with(&cli.migrate, &scratch.db, false, &brought)).await;
        assert_eq!((done, sown.get()), (0, 1));
    }
}

#[tokio::test]
async fn production_is_sown_only_if_told_and_never_reset() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let production = ["--environment", "production"];
        let seed = ["seed", "pipeline-test"];
        let told = migrate(&scratch, &[&seed[..], &production].concat());
        assert_eq!(told.status.code(), Some(5));
        assert!(words(&told).contains("--allow-production"));
        assert_eq!(one(&scratch.db, COUNTS).await, "0 0 0 0");
        let told = migrate(
            &scratch,
            &[&seed[..], &production, &["--allow-production"]].concat(),
        );
        assert_eq!(told.status.code(), Some(0), "{}", words(&told));
        let told = migrate(&scratch, &[&["reset"][..], &production].concat());
        assert_eq!(told.status.code(), Some(5));
        let told = migrate(&scratch, &["reset", "--seed", "nothing"]);
        assert_eq!(told.status.code(), Some(64));
        assert!(
            words(&told).contains("pipeline-test"),
            "it names those that there are"
        );
        assert_eq!(
            one(&scratch.db, COUNTS).await,
            "1 1 1 5",
            "nothing was dropped"
        );

        let stray = "CREATE TABLE stray (a integer)";
        scratch.db.execute_unprepared(stray).await.expect("a table");
        let told = migrate(&scratch, &["reset"]);
        assert_eq!(told.status.code(), Some(0), "{}", words(&told));
        scratch
            .db
            .execute_unprepared("SELECT a FROM stray")
            .await
            .expect_err("it is gone");
        assert_eq!(one(&scratch.db, COUNTS).await, "0 0 0 0");
        let told = migrate(&scratch, &["reset", "--seed", "pipeline-test"]);
        assert_eq!(told.status.code(), Some(0), "{}", words(&told));
        assert_eq!(one(&scratch.db, COUNTS).await, "1 1 1 5");
    }
}
