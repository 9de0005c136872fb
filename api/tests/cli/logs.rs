//! What the log says of a request leads back to it.

use std::io::Write;

use crate::process::{Home, answer};

#[test]
fn every_line_of_a_request_has_its_id() {
    for (engine, home) in Home::each() {
        let mut server = home.serve(&["serve", "--migrate"]);
        let mut stream = server.connect();
        write!(
            stream,
            "GET /api/v1/me HTTP/1.1\r\nhost: {}\r\nx-request-id: request-of-ann\r\nconnection: close\r\n\r\n",
            server.address
        )
        .unwrap();
        assert_eq!(answer(stream).0, 401, "{engine}");
        let line = server.wait_for_entry("request");
        assert_eq!(line["span"]["request.id"], "request-of-ann", "{line}");
        assert_eq!(line["fields"]["status"], 401, "{line}");
    }
}
