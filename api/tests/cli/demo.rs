//! The demo: it says how far it is, what it holds and what to try, and that works; what is asked of it
//! is worked at by programs beside it, which end with it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::time::Instant;

use serde_json::{Value, json};

use crate::process::{Home, PATIENCE, Process, answer};

/// Somebody who is signed in at the demo.
struct Guest<'a> {
    demo: &'a Process,
    cookie: String,
}

impl<'a> Guest<'a> {
    fn sign_in(demo: &'a Process, email: &str, password: &str) -> Self {
        let mut guest = Self {
            demo,
            cookie: String::new(),
        };
        let body = json!({ "email": email, "password": password });
        let mut stream = guest.send("POST", "/api/v1/session", &body);
        let mut text = String::new();
        std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        let cookie = text
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "));
        let (cookie, _) = cookie.unwrap().split_once(';').unwrap();
        cookie.clone_into(&mut guest.cookie);
        guest
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> std::net::TcpStream {
        let mut stream = self.demo.connect();
        let (address, body) = (&self.demo.address, body.to_string());
        let (cookie, length) = (&self.cookie, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
             x-requested-with: test\r\ncookie: {cookie}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
        .unwrap();
        stream
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = answer(self.send("GET", path, &Value::Null));
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// What comes of asking for something.
    fn post(&self, path: &str, body: &Value) -> Value {
        let (status, body) = answer(self.send("POST", path, body));
        assert_eq!(status, 201, "{path}: {body}");
        body
    }

    /// What stands at `path` as soon as it is `status`.
    fn becomes(&self, path: &str, status: &str) -> Value {
        let began = Instant::now();
        loop {
            let seen = self.get(path);
            if seen["status"] == status {
                return seen;
            }
            assert!(began.elapsed() < PATIENCE, "never {status}: {seen}");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn a_demo_tells_what_to_try() {
    let home = Home::new();
    let mut demo = home.start(&["demo"]);
    demo.wait_for("writing people");
    demo.wait_for("writing conversations");
    let said = demo.wait_for("rows of 90 days");
    assert!(said.contains("48 people"), "{said}");
    let said = demo.wait_for("sign in as");
    let (_, who) = said.split_once("sign in as ").unwrap();
    let (email, rest) = who.split_once(" with ").unwrap();
    let (password, _) = rest.split_once(';').unwrap();
    demo.listens();
    let admin = Guest::sign_in(&demo, email, password);
    assert_eq!(admin.get("/api/v1/me")["email"], email);
    demo.signal("TERM");
    assert_eq!(demo.end(), Some(0));
}

#[test]
fn what_is_asked_of_a_demo_is_worked_at() {
    let home = Home::new();
    // It is killed in the end, and leaves what it wrote.
    let directory = home.path("");
    let home = home.set("TMPDIR", directory.to_str().unwrap());
    let demo = home.serve(&["demo"]);
    let admin = Guest::sign_in(&demo, "admin@demo.test", "chancery-demo");
    // Both open states have something to show, which was asked for lately.
    for status in ["PENDING", "PROCESSING"] {
        let open = admin.get(&format!("/api/v1/videos?status={status}"));
        assert!(!open["items"].as_array().unwrap().is_empty(), "{status}");
    }
    assert_eq!(admin.get("/api/v1/nfts/chains")[0]["name"], "ethereum");
    assert_eq!(
        admin.get("/api/v1/integrations/providers")[0]["name"],
        "stand-in"
    );

    let agent = admin.post("/api/v1/agents", &json!({ "name": "Mine" }));
    let path = format!("/api/v1/agents/{}/executions", text(&agent["id"]));
    let execution = admin.post(&path, &json!({ "input": { "prompt": "Count the orders" } }));
    let doomed = admin.post(&path, &json!({ "input": { "prompt": "Please fail" } }));
    let run = admin.post(
        "/api/v1/runs",
        &json!({
            "company_id": "northwind", "company_name": "Northwind", "document_name": "a.pdf",
            "document_url": "https://files.example.com/a.pdf",
        }),
    );

    let people = ["ann@demo.test", "bob@demo.test"];
    let people = people.map(|email| Guest::sign_in(&demo, email, "chancery-demo"));
    let held = people.iter().find_map(|guest| {
        let own = guest.get("/api/v1/nfts?verified=true");
        let mut own = own["items"].as_array().unwrap().iter();
        let nft = own.find(|nft| nft["chain"] == "ethereum")?;
        Some((guest, nft["nft_id"].clone()))
    });
    let (guest, nft) = held.unwrap();
    let asked = json!({ "nft_id": nft, "title": "Over the clouds", "is_public": true });
    let video = guest.post("/api/v1/videos", &asked);

    let at = |list: &str, row: &Value| format!("/api/v1/{list}/{}", text(&row["id"]));
    let done = admin.becomes(&at("executions", &execution), "completed");
    assert!(
        text(&done["output"]["summary"]).contains("Count the orders"),
        "{done}"
    );
    admin.becomes(&at("executions", &doomed), "failed");
    let video = guest.becomes(&at("videos", &video), "COMPLETED");
    let told = guest.get("/api/v1/notifications?type=VIDEO_COMPLETED&limit=1");
    assert_eq!(told["items"][0]["data"]["video_id"], video["id"], "{told}");
    let run = admin.becomes(&at("runs", &run), "COMPLETED");
    assert_eq!(run["cards"].as_array().unwrap().len(), 5, "{run}");

    // The video is there, as long as the generator is: it ends with the demo, however that ends.
    let url = text(&video["video_url"]).strip_prefix("http://").unwrap();
    let (generator, path) = url.split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(generator).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {generator}\r\n\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "HTTP/1.1 200 OK");
    demo.signal("KILL");
    // The connection that it keeps open breaks off.
    while let Some(Ok(_)) = lines.next() {}
    let began = Instant::now();
    while std::net::TcpStream::connect(generator).is_ok() {
        assert!(began.elapsed() < PATIENCE, "the generator goes on");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
