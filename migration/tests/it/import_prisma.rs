//! Databases that Prisma keeps come in with every row, once, and no secret shows.

use entity::types::Encrypted;
use migration::engine::Engine;
use migration::import::{Mode, Options, Report, Turn, Vault, prisma};
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;
use tokio_util::sync::CancellationToken;

use crate::database::{self, Scratch};
use crate::importing::{data, import, lines, number, rows, text};
use crate::prisma_database;

const PIPELINE: &str = "prisma_pipeline_sample.sql";
pub(crate) const AGENTS: &str = "prisma_agents_sample.sql";
const SECRETS: [&str; 2] = [
    "example-provider-key-not-real",
    "example-smtp-password-not-real",
];

/// Seals so that a test can tell: no cipher.
pub(crate) struct Turned;

impl Vault for Turned {
    fn seal(&self, place: &str, plain: &[u8]) -> (Encrypted, String) {
        let turned: Vec<u8> = plain.iter().rev().copied().collect();
        let turned = hex::encode(turned);
        (Encrypted(format!("{place}.{turned}")), "turned".to_owned())
    }

    fn open(&self, place: &str, sealed: &Encrypted) -> Option<Vec<u8>> {
        let turned = sealed.0.strip_prefix(place)?.strip_prefix('.')?;
        let mut bytes: Vec<u8> = (0..turned.len() / 2)
            .map(|at| u8::from_str_radix(&turned[at * 2..at * 2 + 2], 16).ok())
            .collect::<Option<_>>()?;
        bytes.reverse();
        Some(bytes)
    }
}

async fn fresh(engine: Engine) -> (Scratch, tempfile::TempDir) {
    let scratch = Scratch::new(engine).await;
    up(&scratch.db).await.expect("up");
    (scratch, tempfile::tempdir().expect("a directory"))
}

pub(crate) async fn with_vault(scratch: &Scratch, there: &Scratch, mode: Mode) -> Report {
    let dir = tempfile::tempdir().expect("a directory");
    let options = Options {
        mode,
        source: "prisma".to_owned(),
        rejects: dir.path().join("rejects.jsonl"),
        notes: dir.path().join("notes.jsonl"),
        portion: 500,
        vault: Some(&Turned),
        turn: Turn::default(),
        stop: CancellationToken::new(),
        told: &|_| {},
    };
    let done = Box::pin(prisma::import(&scratch.db, &there.url, &options)).await;
    done.expect("an import")
}

#[tokio::test]
async fn the_pipeline_comes_in_with_every_row_from_either_engine_to_either() {
    for from in database::engines() {
        let there = prisma_database::made(from, PIPELINE).await;
        for to in database::engines() {
            let (scratch, dir) = fresh(to).await;
            let arguments = ["prisma", "--url", &there.url, "--verify"];
            let told = import(&scratch, dir.path(), &arguments);
            assert_eq!(told.code, 0, "{}", told.words);
            assert_eq!((told.total("read"), told.total("new")), (475, 475));
            assert_eq!(told.json["differences"], 0);
            for (table, many) in [
                ("users", 12),
                ("runs", 60),
                ("stage_outputs", 189),
                ("inspiration_reports", 44),
                ("opportunity_cards", 170),
                ("user_identities WHERE provider = 'clerk'", 12),
                (
                    "runs WHERE status = 'COMPLETED' AND completed_at IS NOT NULL",
                    34,
                ),
                (
                    "runs WHERE status = 'FAILED' AND error_message IS NOT NULL",
                    10,
                ),
                ("users WHERE name IS NULL", 2),
                ("stage_outputs WHERE json_output IS NULL", 31),
            ] {
                let sql = format!("SELECT count(*) FROM {table}");
                assert_eq!(number(&scratch.db, &sql).await, many, "{table}");
            }
            sums_hold(&scratch).await;
            let before = rows(&scratch, to).await;
            let again = import(&scratch, dir.path(), &arguments);
            assert_eq!(
                (again.code, again.total("unchanged")),
                (0, 475),
                "{}",
                again.words
            );
            assert_eq!(rows(&scratch, to).await, before);
            let undone = import(&scratch, dir.path(), &["prisma", "--undo"]);
            assert_eq!(undone.code, 0, "{}", undone.words);
            assert_eq!(number(&scratch.db, "SELECT count(*) FROM users").await, 0);
        }
    }
}

/// What charts are drawn from has each run once: the triggers saw them.
async fn sums_hold(scratch: &Scratch) {
    let deltas = "SELECT count(*) FROM run_deltas";
    let rollups = "SELECT count(*) FROM run_rollups";
    let seen = number(&scratch.db, deltas).await + number(&scratch.db, rollups).await;
    assert!(seen > 0, "the triggers of the sums saw the runs");
}

#[tokio::test]
async fn the_agents_come_in_exactly_and_secrets_sealed() {
    for from in database::engines() {
        let there = prisma_database::made(from, AGENTS).await;
        for to in database::engines() {
            let (scratch, _dir) = fresh(to).await;
            let report = with_vault(&scratch, &there, Mode::Apply).await;
            let totals = report.totals();
            assert_eq!(
                (totals.read, totals.new, totals.rejected),
                (110, 110, 0),
                "{report:?}"
            );
            for (table, many) in [
                ("users", 10),
                ("agent_templates_v2", 15),
                ("user_agents", 60),
                ("configuration_settings", 25),
                ("user_agents WHERE template_id IS NULL", 10),
                (
                    "configuration_settings WHERE ciphertext IS NOT NULL AND value IS NULL",
                    2,
                ),
            ] {
                let sql = format!("SELECT count(*) FROM {table}");
                assert_eq!(number(&scratch.db, &sql).await, many, "{table}");
            }
            let value = |key: &str| {
                format!(
                    "SELECT CAST(value AS text) FROM configuration_settings WHERE key = '{key}'"
                )
            };
            let exact = text(&scratch.db, &value("limits.big")).await;
            assert_eq!(exact.as_deref(), Some("9007199254740993"));
            let null = text(&scratch.db, &value("ui.banner")).await;
            assert_eq!(null.as_deref(), Some("null"), "JSON null is a value");
            let checked = with_vault(&scratch, &there, Mode::Verify).await;
            assert_eq!(
                (checked.differences, checked.totals().unchanged),
                (0, 110),
                "{checked:?}"
            );
            let before = rows(&scratch, to).await;
            let again = with_vault(&scratch, &there, Mode::Apply).await;
            assert_eq!(again.totals().unchanged, 110, "{again:?}");
            assert_eq!(rows(&scratch, to).await, before);
            let all = format!("{before:?}{report:?}{checked:?}");
            assert!(SECRETS.iter().all(|secret| !all.contains(secret)));

            let change = "UPDATE configuration_settings SET value = '\"other\"', updated_at = '2026-01-01 \
                          00:00:00+00' WHERE key = 'mail.smtp.password'";
            let there = prisma_database::made(from, AGENTS).await;
            there.db.execute_unprepared(change).await.expect("a change");
            let later = with_vault(&scratch, &there, Mode::Apply).await;
            assert_eq!(
                (later.totals().updated, later.totals().unchanged),
                (1, 109),
                "{later:?}"
            );
        }
    }
}

#[tokio::test]
async fn without_a_key_a_secret_is_refused_and_shows_nowhere() {
    for engine in database::engines() {
        let there = prisma_database::made(engine, AGENTS).await;
        let (scratch, dir) = fresh(engine).await;
        let told = import(&scratch, dir.path(), &["prisma", "--url", &there.url]);
        assert_eq!(
            (told.code, told.total("new"), told.total("rejected")),
            (7, 108, 2),
            "{}",
            told.words
        );
        let refused = lines(&dir.path().join("import-rejects.jsonl"));
        assert!(
            refused.iter().all(|line| line["reason"] == "no_key"),
            "{refused:?}"
        );
        let notes = std::fs::read_to_string(dir.path().join("import-notes.jsonl")).expect("notes");
        let all = format!(
            "{}{refused:?}{notes}{:?}",
            told.words,
            rows(&scratch, engine).await
        );
        for secret in SECRETS {
            assert!(!all.contains(secret));
        }
        assert!(notes.contains("dangling_reference"), "{notes}");
    }
}

#[tokio::test]
async fn one_person_in_two_systems_is_one_person_here() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let one = prisma_database::made(engine, PIPELINE).await;
        let other = prisma_database::made(engine, AGENTS).await;
        let first = import(&scratch, dir.path(), &["prisma", "--url", &one.url]);
        assert_eq!(first.code, 0, "{}", first.words);
        let arguments = ["prisma", "--source", "agents", "--url", &other.url];
        let second = import(&scratch, dir.path(), &arguments);
        assert_eq!(second.total("linked"), 10, "{}", second.words);
        assert_eq!(number(&scratch.db, "SELECT count(*) FROM users").await, 12);
        assert_eq!(
            number(&scratch.db, "SELECT count(*) FROM user_agents").await,
            60
        );
        let refused = import(&scratch, dir.path(), &["prisma", "--undo"]);
        assert_eq!(
            refused.code, 5,
            "their agents are not lost: {}",
            refused.words
        );
        let undone = import(
            &scratch,
            dir.path(),
            &["prisma", "--source", "agents", "--undo"],
        );
        assert_eq!(undone.code, 0, "{}", undone.words);
        assert_eq!(number(&scratch.db, "SELECT count(*) FROM users").await, 12);
    }
}

#[tokio::test]
async fn a_database_that_is_not_known_is_told() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let there = Scratch::new(engine).await;
        let table = "CREATE TABLE users (id text); CREATE TABLE other (id text)";
        there.db.execute_unprepared(table).await.expect("tables");
        let told = import(&scratch, dir.path(), &["prisma", "--url", &there.url]);
        assert_eq!(told.code, 1);
        assert!(told.words.contains("OpportunityCard"), "{}", told.words);
        assert!(data(PIPELINE).exists());
    }
}
