//! Who is who: people of two systems, of one address, and people who were here before. And what else a database
//! that Prisma keeps may hold.

use chrono::DateTime;
use entity::id::UserId;
use entity::identity::user::{self, UserRole, UserStatus};
use migration::engine::Engine;
use sea_orm_migration::sea_orm::{EntityTrait, IntoActiveModel};

use crate::database::{self, Scratch};
use crate::import_prisma::AGENTS;
use crate::importing::{Told, fresh, import, lines, number, run, text};
use crate::prisma_database;

const PIPELINE: &str = "prisma_pipeline_sample.sql";
const CLERKS: &str = "SELECT count(*) FROM user_identities WHERE provider = 'clerk'";
const PASSWORDS: &str = "SELECT count(*) FROM users WHERE password_hash IS NOT NULL";

/// Import from `there` under the name of `source`, compared afterwards.
fn from(scratch: &Scratch, dir: &tempfile::TempDir, source: &str, there: &Scratch) -> Told {
    let how = [
        "prisma", "--source", source, "--url", &there.url, "--verify",
    ];
    import(scratch, dir.path(), &how)
}

fn undo(scratch: &Scratch, dir: &tempfile::TempDir, source: &str) -> Told {
    import(
        scratch,
        dir.path(),
        &["prisma", "--source", source, "--undo"],
    )
}

#[tokio::test]
async fn ways_in_of_two_systems_arrive_in_either_order_and_are_taken_back() {
    for engine in database::engines() {
        let pipeline = prisma_database::made(engine, PIPELINE).await;
        let agents = prisma_database::made(engine, AGENTS).await;
        let places = [("pipeline", &pipeline), ("agents", &agents)];
        for (first, second) in [(0, 1), (1, 0)] {
            let (scratch, dir) = fresh(engine).await;
            for at in [first, second, first, second] {
                let (source, there) = places[at];
                let told = from(&scratch, &dir, source, there);
                assert_eq!(told.json["differences"], 0, "{}", told.words);
            }
            let found = [CLERKS, PASSWORDS, "SELECT count(*) FROM users"];
            let mut counts = Vec::new();
            for sql in found {
                counts.push(number(&scratch.db, sql).await);
            }
            assert_eq!(counts, [12, 10, 12], "{first} first");

            let (source, there) = places[second];
            let undone = undo(&scratch, &dir, source);
            assert_eq!(undone.code, 0, "{}", undone.words);
            let kept = [
                number(&scratch.db, CLERKS).await,
                number(&scratch.db, PASSWORDS).await,
            ];
            assert_eq!(kept, if second == 1 { [12, 0] } else { [0, 10] });

            // What went here does not come again, and is told.
            from(&scratch, &dir, source, there);
            run(
                &scratch.db,
                "DELETE FROM user_identities; UPDATE users SET password_hash = NULL",
            )
            .await;
            let told = from(&scratch, &dir, source, there);
            assert_eq!(told.code, 2, "{}", told.words);
            assert_eq!(
                number(&scratch.db, if second == 0 { CLERKS } else { PASSWORDS }).await,
                0
            );
        }
    }
}

/// Give the second person the first one's address, in capitals; tell whose it is.
async fn same_address(there: &Scratch) -> (String, String) {
    let first = "SELECT min(\"clerkId\") FROM \"User\"";
    let first = text(&there.db, first).await.expect("a person");
    let other = format!(
        "SELECT \"clerkId\" FROM \"User\" AS u WHERE \"clerkId\" <> '{first}' AND EXISTS
            (SELECT 1 FROM \"Run\" WHERE \"userId\" = u.id) ORDER BY 1 LIMIT 1"
    );
    let other = text(&there.db, &other).await.expect("a person");
    let change = format!(
        "UPDATE \"User\" SET email = 'jo@corp.test' WHERE \"clerkId\" = '{first}';
         UPDATE \"User\" SET email = 'Jo@Corp.test' WHERE \"clerkId\" = '{other}'"
    );
    run(&there.db, &change).await;
    (first, other)
}

fn runs_of(clerk: &str) -> String {
    format!(
        "SELECT count(*) FROM \"Run\" WHERE \"userId\" = (SELECT id FROM \"User\" WHERE \"clerkId\" = '{clerk}')"
    )
}

#[tokio::test]
async fn two_people_are_not_one_for_their_addresses() {
    for engine in database::engines() {
        let there = prisma_database::made(engine, PIPELINE).await;
        let (first, other) = same_address(&there).await;
        let (scratch, dir) = fresh(engine).await;
        let told = from(&scratch, &dir, "prisma", &there);
        assert_eq!(told.code, 7, "{}", told.words);
        let listed = lines(&dir.path().join("import-rejects.jsonl"));
        let refused = |reason: &str| {
            let of = listed.iter().filter(|line| line["reason"] == reason);
            of.filter(|line| ["User", "Run"].contains(&line["collection"].as_str().unwrap_or("")))
                .count()
        };
        assert_eq!(refused("duplicate_account"), 1);
        // Whichever of the two is read first is the one who is here.
        let here = "SELECT subject FROM user_identities JOIN users ON users.id = user_id
            WHERE email_key = 'jo@corp.test'";
        let here = text(&scratch.db, here).await.expect("a person");
        let lost = if here == first { &other } else { &first };
        let theirs = number(&there.db, &runs_of(lost)).await;
        assert_eq!(
            refused("dangling_reference"),
            usize::try_from(theirs).expect("few")
        );
        let kept = "SELECT count(*) FROM runs JOIN users ON users.id = user_id
            WHERE email_key = 'jo@corp.test'";
        let wanted = number(&there.db, &runs_of(&here)).await;
        assert_eq!(number(&scratch.db, kept).await, wanted);
    }
}

/// Somebody who is here by themselves.
async fn local(scratch: &Scratch, email: &str, role: UserRole) {
    let at = DateTime::from_timestamp(1_700_000_000, 0).expect("a moment");
    let row = user::Model {
        id: UserId(uuid::Uuid::now_v7()),
        email: Some(email.to_owned()),
        email_key: Some(email.to_lowercase()),
        name: None,
        password_hash: None,
        role,
        status: UserStatus::Active,
        last_login: None,
        version: 1,
        created_at: at,
        updated_at: at,
    };
    user::Entity::insert(row.into_active_model())
        .exec_without_returning(&scratch.db)
        .await
        .expect("a person");
}

#[tokio::test]
async fn who_is_here_by_themselves_gets_no_way_in_from_elsewhere() {
    for engine in database::engines() {
        let there = prisma_database::made(engine, AGENTS).await;
        run(
            &there.db,
            "UPDATE users SET email = 'Jo@Corp.test' WHERE email = (SELECT min(email) FROM users)",
        )
        .await;
        for (role, linked, refused) in [(UserRole::User, 1, 0), (UserRole::Admin, 0, 1)] {
            let (scratch, dir) = fresh(engine).await;
            local(&scratch, "jo@corp.test", role).await;
            let told = from(&scratch, &dir, "agents", &there);
            let users = &told.json["collections"]["users"];
            assert_eq!(users["linked"], linked, "{}", told.words);
            assert_eq!(users["rejected"], refused, "{}", told.words);
            assert_eq!(told.json["differences"], 0, "{}", told.words);
            assert_eq!(number(&scratch.db, PASSWORDS).await, 9);
            let agents = "SELECT count(*) FROM user_agents JOIN users ON users.id = user_id
                WHERE email_key = 'jo@corp.test' AND role = 'admin'";
            assert_eq!(number(&scratch.db, agents).await, 0);
            let notes = &told.json["totals"]["notes"];
            let untaken = notes["not_taken: password_hash"].as_u64().unwrap_or(0);
            assert_eq!(untaken, linked, "{}", told.words);
        }
    }
}

#[tokio::test]
async fn what_the_database_refuses_is_told_in_words_and_is_no_difference() {
    for engine in database::engines() {
        let there = prisma_database::made(engine, PIPELINE).await;
        let known = match engine {
            Engine::Sqlite => "SELECT 1",
            Engine::Postgres => "ALTER TYPE \"RunStatus\" ADD VALUE 'ARCHIVED'",
        };
        run(&there.db, known).await;
        for change in [
            "UPDATE \"Run\" SET status = 'ARCHIVED' WHERE id = (SELECT min(id) FROM \"Run\"
                WHERE status = 'PENDING')",
            "UPDATE \"OpportunityCard\" SET number = 9 WHERE id = (SELECT min(id) FROM \"OpportunityCard\")",
        ] {
            run(&there.db, change).await;
        }
        let (scratch, dir) = fresh(engine).await;
        for _ in 0..2 {
            let told = from(&scratch, &dir, "prisma", &there);
            assert_eq!(
                (told.code, told.total("rejected")),
                (7, 2),
                "{}",
                told.words
            );
            assert_eq!(told.json["differences"], 0, "{}", told.words);
            let listed = lines(&dir.path().join("import-rejects.jsonl"));
            let (status, card) = (&listed[0], &listed[1]);
            assert_eq!(status["reason"], "unknown_enum", "{status}");
            assert_eq!(status["field"], "status", "{status}");
            assert_eq!(card["reason"], "refused_by_database", "{card}");
            assert!(card["field"].is_null(), "{card}");
            let why = "opportunity_cards refused it: a check does not hold: opportunity_cards_number_check";
            assert_eq!(card["detail"], why);
        }
        let batches = "SELECT count(*) FROM import_batches";
        assert_eq!(
            number(&scratch.db, batches).await,
            1,
            "the second wrote nothing"
        );
    }
}

#[tokio::test]
async fn json_without_end_in_a_database_is_refused_and_the_rest_comes_in() {
    for engine in database::engines() {
        let there = prisma_database::made(engine, PIPELINE).await;
        // PostgreSQL itself takes no more than its stack does.
        let levels = match engine {
            Engine::Sqlite => 50_000,
            Engine::Postgres => 1_000,
        };
        let json = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let change = format!(
            "UPDATE \"StageOutput\" SET \"jsonOutput\" = '{json}' WHERE id = (SELECT min(id) FROM \"StageOutput\")"
        );
        run(&there.db, &change).await;
        let (scratch, dir) = fresh(engine).await;
        let told = from(&scratch, &dir, "prisma", &there);
        let found = (told.code, told.total("imported"), told.total("rejected"));
        assert_eq!(found, (7, 474, 1), "{}", told.words);
        let listed = lines(&dir.path().join("import-rejects.jsonl"));
        assert_eq!(listed[0]["reason"], "bad_document");
        assert_eq!(listed[0]["field"], "jsonOutput");
    }
}

#[tokio::test]
async fn an_id_without_a_letter_is_a_row_like_any_other() {
    for engine in database::engines() {
        let there = prisma_database::made(engine, PIPELINE).await;
        run(
            &there.db,
            "DELETE FROM \"OpportunityCard\" WHERE id > (SELECT id FROM \"OpportunityCard\" ORDER BY id LIMIT 1
                OFFSET 3);
             UPDATE \"OpportunityCard\" SET id = '' WHERE id = (SELECT max(id) FROM \"OpportunityCard\")",
        )
        .await;
        let (scratch, dir) = fresh(engine).await;
        let how = ["prisma", "--url", &there.url, "--portion", "1"];
        let told = import(&scratch, dir.path(), &how);
        assert_eq!(told.code, 0, "{}", told.words);
        let cards = &told.json["collections"]["OpportunityCard"];
        assert_eq!(
            (&cards["read"], &cards["new"]),
            (&4.into(), &4.into()),
            "{}",
            told.words
        );
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_told_with_those_that_are() {
    let (scratch, dir) = fresh(Engine::Sqlite).await;
    for url in ["", "mysql://root:hidden@there/db", "file:", "nothing"] {
        let told = import(&scratch, dir.path(), &["prisma", "--url", url]);
        assert_eq!(told.code, 1, "{}", told.words);
        assert!(
            told.words.contains("postgres://… or file:… for SQLite"),
            "{}",
            told.words
        );
        assert!(!told.words.contains("hidden"), "{}", told.words);
    }
}
