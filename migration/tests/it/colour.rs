//! Differences have colours for people only.

use std::process::Command;

use migration::engine::Engine;
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::database::Scratch;

#[tokio::test]
async fn a_pipe_and_no_color_have_none() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    up(&scratch.db).await.expect("up");
    let stray = "CREATE TABLE stray (a integer)";
    scratch.db.execute_unprepared(stray).await.expect("a table");
    let told = |environment: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migration"));
        command.arg("diff").env("DATABASE_URL", &scratch.url);
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.envs(environment.iter().copied());
        let output = command.output().expect("the binary");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stdout).expect("words")
    };
    assert!(told(&[]).contains("\n-- from database"), "plain");
    assert!(told(&[]).contains("- table stray"));
    assert!(!told(&[]).contains('\u{1b}'));
    assert!(told(&[("CLICOLOR_FORCE", "1")]).contains("\u{1b}[31m-- - table stray"));
    assert!(!told(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'));
}
