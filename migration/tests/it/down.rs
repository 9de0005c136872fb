//! Going down: what it would lose, and what it does not go over.

use migration::engine::Engine;
use migration::{status, up, up_by};
use sea_orm_migration::sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::binary::{code, migrate, said};
use crate::database::{self, Scratch, one};

fn json(scratch: &Scratch, arguments: &[&str]) -> (Option<i32>, Value) {
    let told = migrate(scratch, &[arguments, &["--json"]].concat());
    let object = serde_json::from_slice(&told.stdout).expect("one JSON object");
    (code(&told), object)
}

/// An NFT, whose chain the twentieth step knows.
const HELD: &str =
    "INSERT INTO nft_ownership (id, nft_id, wallet_address, contract_address, token_id,
        chain, created_at, updated_at) VALUES
        ('00000000-0000-0000-0000-000000000002', 'a', 'b', 'c', 'd', 'solana',
        '2025-01-01 00:00:00+00:00', '2025-01-01 00:00:00+00:00')";

#[tokio::test]
async fn what_a_column_has_is_lost_with_consent_only() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        scratch.db.execute_unprepared(HELD).await.expect("rows");
        let two = ["down", "--to", "000019"];
        let (code, told) = json(&scratch, &two);
        assert_eq!(code, Some(5), "{told}");
        let expected = serde_json::json!([{
            "step": "m20261121_000020_media_lives",
            "table": "nft_ownership",
            "column": "chain",
            "count": 1,
        }]);
        assert_eq!(told["losses"], expected, "{told}");
        assert!(
            told["error"]
                .as_str()
                .is_some_and(|why| why.contains("nft_ownership.chain: 1 value"))
        );
        let chain = "SELECT chain FROM nft_ownership";
        assert_eq!(one(&scratch.db, chain).await, "solana");

        // What goes is told before it goes.
        let (code, words) = said(&scratch, &[&two[..], &["--accept-loss"]].concat());
        assert_eq!(code, Some(0), "{words}");
        let lost = words.find("loses nft_ownership.chain: 1 value");
        let began = words.find("[1/2]");
        assert!(lost.is_some() && lost < began, "{words}");
        assert_eq!(status(&scratch.db).await.expect("status").applied.len(), 19);
        // Nothing is in them any more.
        up(&scratch.db).await.expect("up");
        let (code, told) = json(&scratch, &two);
        assert_eq!(
            (code, &told["losses"]),
            (Some(0), &serde_json::json!([])),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_table_that_is_not_there_any_more_loses_nothing() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let gone = "DROP TABLE day_packs";
        scratch.db.execute_unprepared(gone).await.expect("no table");
        let anyhow = ["down", "--accept-loss", "--accept-drift"];
        let (code, words) = said(&scratch, &anyhow);
        // The step says so, and not a count before it.
        assert_eq!(code, Some(1), "{words}");
        assert!(words.contains("m20261121_000021_day_packs: "), "{words}");
        assert!(words.contains("nothing of it stays"), "{words}");
    }
}

#[tokio::test]
async fn a_hole_is_not_gone_over() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let hole = "m20261121_000010_platform";
        let back = ["resolve", hole, "--rolled-back", "--reason", "a test"];
        let (code, words) = said(&scratch, &[&back[..], &["--accept-drift"]].concat());
        assert_eq!(code, Some(0), "{words}");
        for over in [
            &["down", "--to", "000009"][..],
            &["down", "--to", "000008"],
            &["down", "-n", "12"],
        ] {
            let (code, words) = said(&scratch, over);
            assert_eq!(code, Some(4), "{over:?}: {words}");
            assert!(
                words.contains(hole) && words.contains("--out-of-order"),
                "{words}"
            );
        }
        // What cannot be made without it cannot be compared either.
        let other = ["resolve", "000002", "--applied", "--reason", "a test"];
        for arguments in [&["drift"][..], &other] {
            let (code, words) = said(&scratch, arguments);
            assert_eq!(code, Some(4), "{arguments:?}: {words}");
            assert!(words.contains(hole) && words.contains("resolve"), "{words}");
        }
        assert_eq!(said(&scratch, &["status"]).0, Some(4));
        // Above it there is nothing in the way.
        assert_eq!(said(&scratch, &["down"]).0, Some(0));
        let there = ["resolve", hole, "--applied", "--reason", "it is there"];
        let (code, words) = said(&scratch, &there);
        assert_eq!(code, Some(0), "{words}");
        assert_eq!(said(&scratch, &["drift"]).0, Some(0));
        assert_eq!(said(&scratch, &["down", "--to", "000009"]).0, Some(0));
    }
}

#[tokio::test]
async fn nothing_is_undone_below_a_step_that_is_half_done() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up_by(&scratch.db, 5).await.expect("up");
    let rename = async |old: &str, new: &str| {
        let sql = format!("ALTER TABLE tool_calls RENAME COLUMN {old} TO {new}");
        scratch.db.execute_unprepared(&sql).await.expect("a rename");
    };
    rename("message_id", "elsewhere").await;
    let (code, words) = said(&scratch, &["up", "--accept-drift"]);
    assert_eq!(code, Some(7), "{words}");
    assert_eq!(said(&scratch, &["status"]).0, Some(4));
    let (code, words) = said(&scratch, &["down"]);
    assert_eq!(code, Some(4), "{words}");
    assert!(
        words.contains("conversation_indexes stopped after"),
        "{words}"
    );
    rename("elsewhere", "message_id").await;
    // It goes on where it stopped, and nobody needs to say so.
    let (code, words) = said(&scratch, &["up"]);
    assert_eq!(code, Some(0), "{words}");
    assert_eq!(said(&scratch, &["drift"]).0, Some(0));
    assert_eq!(said(&scratch, &["down"]).0, Some(0));
}
