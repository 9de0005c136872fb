//! Row-level security hides rows without a word: whoever wants all of them refuses.

use std::process::Command;

use migration::engine::Engine;
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::code;
use crate::database::{self, Scratch};
use crate::history::rows;
use crate::importing::number;
use crate::rights::address;
use crate::{import_prisma, prisma_database};

#[tokio::test]
async fn rows_that_a_policy_hides_are_not_taken_for_rows_that_are_not_there() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    let there = prisma_database::made(Engine::Postgres, import_prisma::AGENTS).await;
    let role = format!("hidden_{}", std::process::id());
    let make = format!("CREATE ROLE {role} LOGIN PASSWORD '{role}' CREATEDB");
    scratch.db.execute_unprepared(&make).await.expect("a role");
    for db in [&scratch.db, &there.db] {
        let name = rows(db, "SELECT current_database()::text AS name").await;
        let policy = format!(
            "GRANT CREATE ON DATABASE {} TO {role};
             GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};
             GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role};
             ALTER TABLE users ENABLE ROW LEVEL SECURITY;
             CREATE POLICY few ON users USING (email LIKE 'a%')",
            name[0][0]
        );
        db.execute_unprepared(&policy).await.expect("a policy");
    }
    let row = "INSERT INTO users (id, email, email_key, role, status, version, created_at, updated_at)
        SELECT gen_random_uuid(), at || '@example.com', at || '@example.com', 'user', 'active', 1, now(), now()
        FROM unnest('{a, b, c}'::text[]) at";
    scratch.db.execute_unprepared(row).await.expect("rows");
    let (theirs, source) = (address(&scratch.url, &role), address(&there.url, &role));
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().to_str().expect("a path");
    let steps = migration::steps().len().to_string();
    let fills = tempfile::tempdir().expect("a directory");
    let fill = |name: &str, update: &str| {
        let file = fills.path().join(name);
        let text = format!("-- backfill {name} key=id\n{update};\n");
        std::fs::write(&file, text).expect("a file");
        file.display().to_string()
    };
    let own = fill("own", "UPDATE users SET version = version + 1");
    let asked = fill(
        "asked",
        "UPDATE runs SET document_name = (SELECT max(name) FROM public.users)",
    );
    for (url, arguments) in [
        (&theirs, &["backup", place, "--method", "copy"][..]),
        (&theirs, &["backup", place, "--no-verify"]),
        (&theirs, &["verify", "--data", &theirs]),
        (&theirs, &["down", "--accept-drift", "-n", &steps]),
        (&theirs, &["backfill", "--file", &own]),
        (&theirs, &["backfill", "--file", &asked]),
        (
            &theirs,
            &["import", "prisma", "--dry-run", "--url", &there.url],
        ),
        (&scratch.url, &["import", "prisma", "--url", &source]),
    ] {
        let told = Command::new(env!("CARGO_BIN_EXE_migration"))
            .args(arguments)
            .env("DATABASE_URL", url)
            .current_dir(dir.path())
            .output()
            .expect("the binary");
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(code(&told), Some(1), "{arguments:?}: {said}");
        let why = "row-level security hides rows of users from this role";
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
    let left = std::fs::read_dir(dir.path()).expect("a directory").count();
    assert_eq!(left, 0);
    let count = "SELECT count(*) FROM users";
    assert_eq!(number(&scratch.db, count).await, 3);
    let raised = "SELECT count(*) FROM users WHERE version > 1";
    assert_eq!(number(&scratch.db, raised).await, 0);
    // Where nothing is hidden from it, the same role has it all.
    let all = format!("ALTER ROLE {role} BYPASSRLS");
    scratch.db.execute_unprepared(&all).await.expect("a right");
    let told = Command::new(env!("CARGO_BIN_EXE_migration"))
        .args(["backup", place, "--method", "copy", "--json"])
        .env("DATABASE_URL", &theirs)
        .output()
        .expect("the binary");
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert_eq!(code(&told), Some(0), "{said}");
    assert!(said.contains("\"users\":{\"rows\":3"), "{said}");
    there
        .db
        .execute_unprepared(&format!("DROP OWNED BY {role}"))
        .await
        .expect("no rights");
    let gone = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    scratch.db.execute_unprepared(&gone).await.expect("no role");
}
