//! A large export from the real binary, whose memory stays where it was.

use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait;

use crate::server::Server;
use crate::{EMAIL, PASSWORD, sign_in};

const ROWS: usize = 200_000;
/// In KiB.
const MOST: u64 = 16 * 1024;

#[tokio::test]
#[ignore = "a drill: by hand, beside a built binary"]
async fn a_large_export_takes_no_more_memory_than_a_small_one() {
    service::tls::install();
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/drill.db?mode=rwc", directory.path().display());
    let server = Server::start(&url, EMAIL, PASSWORD);
    let db = migration::connect(&url).await.unwrap();
    let fill = format!(
        "INSERT INTO threads (thread_id, title, creation_date, update_date, user_id) \
         WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {ROWS}) \
         SELECT randomblob(16), 'Conversation number ' || n, '2026-03-01 12:00:00.000000+00:00', \
         '2026-03-01 12:00:00.000000+00:00', (SELECT id FROM users LIMIT 1) FROM n"
    );
    db.execute_unprepared(&fill).await.unwrap();
    db.close().await.unwrap();

    let http = sign_in(&server.base).await;
    let document = |filter: &str| {
        format!(
            "{{ threads{filter} {{ nodes {{ id title creationDate updateDate user {{ email }} \
             messages(first: 3) {{ nodes {{ id }} }} }} }} }}"
        )
    };
    let export = async |filter: &str, format: &str| {
        let url = format!("{}/api/v1/export", server.base);
        let asked = [
            ("document", document(filter)),
            ("format", format.to_owned()),
        ];
        let query = encoded(&asked);
        let mut answer = http
            .get(format!("{url}?{query}"))
            .timeout(Duration::from_mins(20))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        let (mut lines, mut bytes) = (0, 0);
        while let Some(chunk) = answer.chunk().await.unwrap() {
            lines += chunk.split(|byte| *byte == b'\n').count() - 1;
            bytes += chunk.len();
        }
        (lines, bytes)
    };
    // What any export needs once.
    export("(filter: { title: { endsWith: \" 77\" } })", "csv").await;
    for (format, head) in [("csv", 1), ("jsonl", 0)] {
        let (before, _) = server.memory();
        let began = Instant::now();
        let (lines, bytes) = export("", format).await;
        let took = began.elapsed();
        assert_eq!(lines, ROWS + head);
        let (after, most) = server.memory();
        println!(
            "{format}: {ROWS} rows, {bytes} bytes in {took:.1?}; memory {before} KiB before, \
             {after} KiB after, {most} KiB at most"
        );
        assert!(most.saturating_sub(before) < MOST);
    }
    assert!(server.stop());
}

fn encoded(pairs: &[(&str, String)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs).finish()
}
