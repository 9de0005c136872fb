//! How the process stops: it loses nobody, and says what it is about.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use crate::process::{Home, Process, answer};

const BODY: &str = r#"{"email":"nobody@example.com","password":"correct horse battery"}"#;

/// A request that the server has begun to answer, and whose body is half there.
fn open_request(server: &Process) -> TcpStream {
    let mut stream = server.connect();
    let head = format!(
        "POST /api/v1/session HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
        server.address,
        BODY.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut empty) = (String::new(), String::new());
    reader.read_line(&mut line).unwrap();
    reader.read_line(&mut empty).unwrap();
    assert!(
        line.starts_with("HTTP/1.1 100") && empty == "\r\n",
        "{line}"
    );
    stream.write_all(&BODY.as_bytes()[..10]).unwrap();
    stream
}

#[test]
fn a_stop_lets_open_requests_end_and_takes_no_new_ones() {
    for (engine, home) in Home::each() {
        // Time for two questions while the door is still open, on a busy machine.
        let home = home.set("CHANCERY_DRAIN_DELAY", "6");
        let mut server = home.serve(&["serve", "--migrate"]);
        // Before the request begins, whose body is not waited for without end.
        server.ready();
        let idle = server.connect();
        let mut open = open_request(&server);

        server.signal("TERM");
        server.wait_for("stopping");
        // The load balancer is told, while the door is still open.
        assert_eq!(server.get("/health/ready").0, 503, "{engine}");
        assert_eq!(server.get("/health/live").0, 200, "{engine}");

        server.wait_for("the door is closed");
        let refused = TcpStream::connect(&server.address).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);

        // The database is there until the last request is answered.
        open.write_all(&BODY.as_bytes()[10..]).unwrap();
        let (status, problem) = answer(open);
        assert_eq!(status, 401, "{engine}: {problem}");
        assert_eq!(problem["code"], "auth.bad_credentials", "{engine}");

        server.wait_for("every open request was answered");
        server.wait_for("the database is closed");
        assert_eq!(server.end(), Some(0), "{engine}");
        drop(idle);
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Home::new().serve(&[]);
    let open = open_request(&server);
    server.signal("INT");
    server.wait_for("the door is closed");
    server.signal("TERM");
    assert_eq!(server.end(), Some(130));
    drop(open);
}
