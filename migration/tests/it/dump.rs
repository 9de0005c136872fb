//! A dump of `pg_dump`, read into a database without its client.

use std::process::Command;
use std::time::Duration;

use crate::sqlx::postgres::PgConnection;
use crate::sqlx::{AssertSqlSafe, Connection, query_scalar, raw_sql};

/// Read the packed dump at `path` into the database at `url`.
pub(crate) async fn load(path: &str, url: &str) {
    let unpacked = Command::new("gzip").args(["-dc", path]).output();
    let unpacked = unpacked.expect("gzip").stdout;
    let dump = String::from_utf8(unpacked).expect("a dump");
    assert!(!dump.is_empty(), "{path} is empty");
    let mut session = PgConnection::connect(url).await.expect("a session");
    let mut script = String::new();
    let mut lines = dump.lines();
    while let Some(line) = lines.next() {
        if !(line.starts_with("COPY ") && line.ends_with("FROM stdin;")) {
            script.push_str(line);
            script.push('\n');
            continue;
        }
        run(&mut session, &std::mem::take(&mut script)).await;
        let rows: String = lines
            .by_ref()
            .take_while(|line| *line != "\\.")
            .flat_map(|row| [row, "\n"])
            .collect();
        let copy = line.trim_end_matches(';');
        let mut copying = session.copy_in_raw(copy).await.expect("COPY");
        copying.send(rows.into_bytes()).await.expect("rows");
        copying.finish().await.expect("the end of COPY");
    }
    run(&mut session, &script).await;
    let pid: i32 = query_scalar("SELECT pg_backend_pid()")
        .fetch_one(&mut session)
        .await
        .expect("its number");
    session.close().await.expect("the end of the session");
    // What the server counts of a session is whole once that has ended, which takes it a moment.
    let mut other = PgConnection::connect(url).await.expect("a session");
    let there = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)";
    while query_scalar::<_, bool>(there)
        .bind(pid)
        .fetch_one(&mut other)
        .await
        .expect("an answer")
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    other.close().await.expect("the end of the session");
}

async fn run(session: &mut PgConnection, script: &str) {
    let script = AssertSqlSafe(script.to_owned());
    raw_sql(script).execute(session).await.expect("a script");
}
