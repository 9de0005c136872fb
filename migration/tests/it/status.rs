//! What `status` says where something cannot be known.

use migration::engine::Engine;
use migration::up;
use serde_json::{Value, json};

use crate::adopt::told;
use crate::database::{self, Scratch};

#[tokio::test]
async fn nobody_says_that_there_is_no_drift_who_did_not_look() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let looked = |arguments: &[&str], drifted: Value, expected: i32| {
            let (code, json) = told(&scratch, arguments);
            assert_eq!(code, expected, "{arguments:?} on {engine:?}: {json:#}");
            assert_eq!(json["drifted"], drifted, "{arguments:?} on {engine:?}");
            json
        };
        let (status, look) = (&["status"][..], &["status", "--check-drift"][..]);
        looked(look, Value::Null, 2);
        up(&scratch.db).await.expect("up");
        looked(status, Value::Null, 0);
        let json = looked(look, json!(false), 0);
        assert_eq!(json["unrecorded"], Value::Null);

        scratch.run("DELETE FROM chancery_migrations").await;
        let json = looked(look, json!(false), 0);
        assert_eq!(json["unrecorded"], json!(migration::steps()));
        scratch.run("DROP TABLE webhook_attempts").await;
        looked(look, json!(true), 3);
        looked(status, Value::Null, 0);

        // What cannot be made again there is nothing to compare with; tables of SQLite may refer to none.
        if engine == Engine::Postgres {
            let hole = "DELETE FROM seaql_migrations WHERE version LIKE '%_000001_%'";
            scratch.run(hole).await;
            looked(look, Value::Null, 4);
        }
    }
}

#[tokio::test]
async fn status_and_drift_agree_on_what_is_drift() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let agree = |code: i32| {
            for arguments in [&["status", "--check-drift"][..], &["drift"]] {
                let (ends, json) = told(&scratch, arguments);
                assert_eq!(ends, code, "{arguments:?} on {engine:?}: {json:#}");
            }
        };
        agree(0);
        if engine == Engine::Postgres {
            scratch.run("CREATE EXTENSION citext").await;
            agree(0);
        }
        // What is taken as it is, by whatever command, is drift still.
        scratch.run("DROP TABLE webhook_attempts").await;
        agree(3);
        let there = [
            "resolve",
            "000014",
            "--applied",
            "--accept-drift",
            "--reason",
            "a test",
        ];
        let (code, json) = told(&scratch, &there);
        assert_eq!(code, 0, "{json:#}");
        agree(3);
    }
}
