//! Where a process runs decides what it may drop: the same words count as to the server.

use std::process::Output;

use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::command;
use crate::database::{self, Scratch};

fn migrate(scratch: &Scratch, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = command(scratch, arguments);
    let told = command.envs(variables.iter().copied()).output();
    told.expect("the binary")
}

#[tokio::test]
async fn production_is_production_whoever_says_so() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let stray = "CREATE TABLE stray (a integer)";
        scratch.db.execute_unprepared(stray).await.expect("a table");
        for (variables, code) in [
            (&[("CHANCERY_ENV", "production")][..], 5),
            (&[("NODE_ENV", "production")], 5),
            (&[("CHANCERY_ENV", ""), ("NODE_ENV", "production")], 5),
            (&[("CHANCERY_ENV", "prod")], 64),
            (&[("CHANCERY_ENV", "Production")], 64),
            (&[("CHANCERY_ENV", "PRODUCTION")], 64),
            (&[("NODE_ENV", "live")], 64),
        ] {
            for arguments in [&["fresh"][..], &["reset"], &["seed", "pipeline-test"]] {
                let told = migrate(&scratch, variables, arguments);
                let words = String::from_utf8_lossy(&told.stderr).into_owned();
                assert_eq!(
                    told.status.code(),
                    Some(code),
                    "{variables:?} {arguments:?}: {words}"
                );
            }
            let there = scratch.db.execute_unprepared("SELECT a FROM stray").await;
            there.expect("nothing was dropped");
        }
        for variables in [
            &[("CHANCERY_ENV", ""), ("NODE_ENV", "")][..],
            &[("CHANCERY_ENV", "staging"), ("NODE_ENV", "production")],
        ] {
            let told = migrate(&scratch, variables, &["fresh"]);
            assert_eq!(told.status.code(), Some(0), "{variables:?}");
        }
    }
}
