//! The rollups from the command line: told, proven, mended.

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

use crate::process::{Home, Process};

/// POST a body: the answer, and the cookie that came with it.
fn post(server: &Process, cookie: &str, path: &str, body: &Value) -> (Value, String) {
    let (address, body) = (&server.address, body.to_string());
    let mut stream = server.connect();
    write!(
        stream,
        "POST /api/v1/{path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
         x-requested-with: tests\r\ncookie: {cookie}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 20"), "{text}");
    let mut cookies = head
        .lines()
        .filter_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = cookies
        .next_back()
        .and_then(|cookie| cookie.split(';').next());
    let cookie = cookie.unwrap_or_default().to_owned();
    (serde_json::from_str(body).unwrap(), cookie)
}

#[test]
fn the_rollups_are_proven_and_mended() {
    for (engine, home) in Home::each() {
        assert_eq!(home.say(&["migrate", "up"]).0, 0);
        let admin = [
            "admin",
            "create",
            "--email",
            "a@b.test",
            "--password",
            "correct horse battery",
        ];
        assert_eq!(home.say(&admin).0, 0, "{engine}");
        let mut server = home.serve(&["serve"]);
        server.ready();
        let credentials = json!({ "email": "a@b.test", "password": "correct horse battery" });
        let (_, cookie) = post(&server, "", "session", &credentials);
        let (thread, _) = post(&server, &cookie, "threads", &json!({ "title": "" }));
        let path = format!("threads/{}/messages", thread["id"].as_str().unwrap());
        let message = json!({
            "entity": "TOOL", "content": "{}",
            "tokens": [{
                "type": "COMPLETION", "task": "CHAT_COMPLETION", "count": 42, "model": "heron",
            }],
        });
        post(&server, &cookie, &path, &message);

        // Beside the running server, whether its deltas are folded yet or not.
        let check = ["analytics", "rebuild", "--check"];
        let (code, said) = home.say(&check);
        assert_eq!(code, 0, "{engine}: {said}");
        let proven =
            "1 threads, 0 months of runs and 0 days of stages: every sum is that of its rows";
        assert!(said.contains(proven), "{said}");
        server.signal("TERM");
        server.end();

        // The sums are lost with their tables; the rows stay.
        let down = [
            "migrate",
            "down",
            "--to",
            "m20261121_000010_platform",
            "--accept-loss",
        ];
        let (code, said) = home.say(&down);
        assert_eq!(code, 0, "{engine}: {said}");
        assert_eq!(home.say(&["migrate", "up"]).0, 0, "{engine}");
        let (code, said) = home.say(&check);
        assert_eq!(code, 1, "{engine}: {said}");
        assert!(said.contains("token_rollups: 1 sums wrong"), "{said}");
        assert!(
            said.contains("heron ChatCompletion Completion: +42 tokens, +1 messages"),
            "{said}"
        );

        let mended = home.run(&["analytics", "rebuild", "--json"]);
        assert_eq!(mended.status.code(), Some(0), "{engine}");
        let report: Value = serde_json::from_slice(&mended.stdout).unwrap();
        let counts = json!({
            "token_rollups": 1, "token_day_rollups": 1, "token_user_rollups": 1,
            "user_day_rollups": 1, "thread_rollups": 1, "token_hour_rollups": 1,
            "user_month_rollups": 1,
        });
        assert_eq!(report["differences"]["counts"], counts, "{engine}");
        assert_eq!(report["mended"], true);
        let again = home.run(&["analytics", "rebuild", "--check", "--json"]);
        assert_eq!(again.status.code(), Some(0), "{engine}");
        let report: Value = serde_json::from_slice(&again.stdout).unwrap();
        assert_eq!(report["differences"]["counts"], json!({}), "{engine}");

        // Hours and months that a step brings have what was summed up before.
        let down = [
            "migrate",
            "down",
            "--to",
            "m20261121_000013_message_times",
            "--accept-loss",
        ];
        let (code, said) = home.say(&down);
        assert_eq!(code, 0, "{engine}: {said}");
        assert_eq!(home.say(&["migrate", "up"]).0, 0, "{engine}");
        // The days between people's visits, which a later step brings, wait for the first rebuild.
        let (code, said) = home.say(&check);
        assert_eq!(code, 1, "{engine}: {said}");
        assert!(said.contains("active_rollups: 1 sums wrong"), "{said}");
        let summed = ["token_hour_rollups", "user_month_rollups"];
        assert!(!summed.iter().any(|table| said.contains(table)), "{said}");
        assert_eq!(home.say(&["analytics", "rebuild"]).0, 0, "{engine}");
        assert_eq!(home.say(&check).0, 0, "{engine}");
    }
}
