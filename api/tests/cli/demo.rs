//! The demo: it says how far it is, what it holds and what to try, and that works.

use std::io::Write as _;

use crate::process::{Home, answer};

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

    let body = format!("{{\"email\":\"{email}\",\"password\":\"{password}\"}}");
    let mut stream = demo.connect();
    let (address, length) = (&demo.address, body.len());
    let head = format!(
        "POST /api/v1/session HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    write!(stream, "{head}{body}").unwrap();
    let (status, body) = answer(stream);
    assert_eq!(status, 200, "{body}");
    demo.signal("TERM");
    assert_eq!(demo.end(), Some(0));
}
