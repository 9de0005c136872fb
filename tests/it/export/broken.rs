//! A file that breaks off, goes on, and whose rows come and go meanwhile.

use entity::identity::user::UserRole;
use reqwest::Response;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::{Client, TestApp};

use super::{address, file, lines, threads};

const THREADS: &str = "query($after: String) {
    threads(after: $after, orderBy: [TITLE_ASC]) { nodes { id title } }
}";
/// More than lies in the buffers of a connection.
const ROWS: usize = 1_500;
const LONG: usize = 20_000;

fn titles() -> impl Iterator<Item = String> {
    (0..ROWS).map(|number| format!("{number:04}{}", "x".repeat(LONG)))
}

fn numbers(rows: &[Value]) -> Vec<&str> {
    let titles = rows.iter().map(|row| row["title"].as_str().unwrap());
    titles.map(|title| title.trim_end_matches('x')).collect()
}

/// An answer whose body nobody has read yet.
async fn begin(app: &TestApp, who: &Client, path: &str) -> Response {
    let request = reqwest::Client::new().get(format!("{}{path}", app.base));
    let response = request.header("cookie", who.sends("cookie")).send().await;
    let response = response.unwrap();
    assert_eq!(response.status(), 200);
    response
}

/// The rows that arrive of an answer that breaks off, up to the last whole line.
async fn part(mut answer: Response, mut heard: Vec<u8>, engine: &str) -> Vec<Value> {
    let broken = loop {
        match answer.chunk().await {
            Ok(Some(bytes)) => heard.extend_from_slice(&bytes),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken, "{engine}: a part passed for the whole");
    let end = heard.iter().rposition(|byte| *byte == b'\n').unwrap();
    let part = lines(std::str::from_utf8(&heard[..=end]).unwrap());
    assert!(part.len() < ROWS, "{engine}");
    part
}

#[tokio::test]
async fn an_export_ends_when_the_server_stops_and_goes_on_at_the_next_start() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        threads(&app, ann.id().await, titles()).await;
        let jsonl = [("format", "jsonl"), ("cursor", "true")];
        let whole = lines(&file(&ann, THREADS, &jsonl).await);

        let mut answer = begin(&app, &ann, &address(THREADS, &jsonl)).await;
        let heard = answer.chunk().await.unwrap().unwrap().to_vec();
        app.services().stop.cancel();
        let part = part(answer, heard, app.engine).await;

        let next = app.beside().await;
        let after = json!({ "after": part.last().unwrap()["cursor"] }).to_string();
        let rest = [("variables", after.as_str()), jsonl[0], jsonl[1]];
        let rest = lines(&file(&next.seen(&ann), THREADS, &rest).await);
        assert_eq!([part, rest].concat(), whole, "{}", app.engine);
        next.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn what_breaks_off_is_seen_to_and_goes_on_behind_the_last_row() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        threads(&app, ann.id().await, titles()).await;
        let jsonl = [("format", "jsonl"), ("cursor", "true")];
        let whole = file(&ann, THREADS, &jsonl).await;
        let whole = lines(&whole);
        assert_eq!(whole.len(), ROWS, "{}", app.engine);

        let mut answer = begin(&app, &ann, &address(THREADS, &jsonl)).await;
        let heard = answer.chunk().await.unwrap().unwrap().to_vec();
        assert_eq!(ann.delete("/api/v1/session").await.status, 204);
        let part = part(answer, heard, app.engine).await;
        let after = json!({ "after": part.last().unwrap()["cursor"] }).to_string();
        let ann = app.sign_in("ann@example.test").await;
        let rest = [("variables", after.as_str()), jsonl[0], jsonl[1]];
        let rest = lines(&file(&ann, THREADS, &rest).await);
        assert_eq!([part, rest].concat(), whole);
        app.stop().await;
    }
}

#[tokio::test]
async fn rows_that_come_and_go_meanwhile_do_not_disturb_the_others() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        threads(&app, ann.id().await, titles()).await;
        let mut answer = begin(&app, &ann, &address(THREADS, &[("format", "jsonl")])).await;
        let mut heard = answer.chunk().await.unwrap().unwrap().to_vec();

        let tx = app.system().write().await.unwrap();
        let gone = "DELETE FROM threads WHERE title LIKE '0001x%' OR title LIKE '1490x%'";
        tx.execute_unprepared(gone).await.unwrap();
        tx.commit().await.unwrap();
        let fresh = ["0000a", "1495a"].map(str::to_owned);
        threads(&app, ann.id().await, fresh).await;

        while let Some(bytes) = answer.chunk().await.unwrap() {
            heard.extend_from_slice(&bytes);
        }
        let rows = lines(std::str::from_utf8(&heard).unwrap());
        let mut expected: Vec<_> = (0..ROWS).map(|number| format!("{number:04}")).collect();
        expected.retain(|number| number != "1490");
        expected.insert(1_494, "1495a".to_owned());
        let found = numbers(&rows);
        let other = found
            .iter()
            .zip(&expected)
            .find(|(found, expected)| found != expected);
        assert_eq!(other, None, "{}", app.engine);
        assert_eq!(found.len(), expected.len());
        app.stop().await;
    }
}
