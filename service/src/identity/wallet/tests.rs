//! Messages that are, and tables of those that are none.

use super::chain::Chain;
use super::message::Message;

/// The example of EIP-4361, with the address of its checksum.
const FULL: &str = "example.com wants you to sign in with your Ethereum account:
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2

I accept the ExampleOrg Terms of Service: https://example.com/tos

URI: https://example.com/login
Version: 1
Chain ID: 1
Nonce: 32891756
Issued At: 2021-09-30T16:25:24Z
Expiration Time: 2021-09-30T17:25:24.5+01:00
Not Before: 2021-09-30T16:25:24Z
Request ID: some-id
Resources:
- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/
- https://example.com/my-web2-claim.json";

const SOLANA: &str = "example.com:8443 wants you to sign in with your Solana account:
11111111111111111111111111111112

URI: https://example.com:8443/
Version: 1
Chain ID: mainnet
Nonce: 32891756
Issued At: 2021-09-30T16:25:24Z";

#[test]
fn the_specifications_example_is_read() {
    let message = Message::read(FULL).unwrap();
    assert_eq!(message.chain, Chain::Evm);
    assert_eq!(
        (message.scheme, message.domain.as_str()),
        (None, "example.com")
    );
    assert_eq!(
        message.address,
        "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
    );
    let statement = "I accept the ExampleOrg Terms of Service: https://example.com/tos";
    assert_eq!(message.statement.as_deref(), Some(statement));
    assert_eq!(message.uri.as_str(), "https://example.com/login");
    assert_eq!(message.chain_id.as_deref(), Some("1"));
    assert_eq!(message.nonce, "32891756");
    let time = |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339();
    assert_eq!(time(message.issued_at), "2021-09-30T16:25:24+00:00");
    let end = message.expires_at.map(time).unwrap();
    assert_eq!(end, "2021-09-30T16:25:24.500+00:00");
    assert!(message.not_before.is_some());
    assert_eq!(message.request_id.as_deref(), Some("some-id"));
    assert_eq!(message.resources.len(), 2);

    let solana = Message::read(SOLANA).unwrap();
    assert_eq!(solana.chain, Chain::Solana);
    assert_eq!(solana.domain, "example.com:8443");
    assert_eq!((solana.statement, solana.request_id), (None, None));
}

#[test]
fn what_may_be_left_out_may_be() {
    let statement = "I accept the ExampleOrg Terms of Service: https://example.com/tos\n";
    for (name, text) in [
        ("no statement", FULL.replace(statement, "")),
        ("a scheme", format!("https://{FULL}")),
        (
            "no end",
            FULL.replace("Expiration Time: 2021-09-30T17:25:24.5+01:00\n", ""),
        ),
        (
            "no beginning",
            FULL.replace("Not Before: 2021-09-30T16:25:24Z\n", ""),
        ),
        ("no request id", FULL.replace("Request ID: some-id\n", "")),
        ("an empty request id", FULL.replace("some-id", "")),
        (
            "no resources",
            FULL[..FULL.find("\nResources:").unwrap()].to_owned(),
        ),
        (
            "an empty list",
            FULL[..FULL.find("\n- ipfs").unwrap()].to_owned(),
        ),
        (
            "a port",
            FULL.replacen("example.com ", "example.com:8443 ", 1),
        ),
        (
            "an address as domain",
            FULL.replacen("example.com ", "[2001:db8::1]:80 ", 1),
        ),
        (
            "Solana without a chain",
            SOLANA.replace("Chain ID: mainnet\n", ""),
        ),
        (
            "Solana with a statement",
            SOLANA.replace("\n\nURI", "\n\nHello.\n\nURI"),
        ),
    ] {
        let read = Message::read(&text);
        assert!(read.is_ok(), "{name}: {read:?}\n{text}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_is_no_message_is_refused() {
    let line = |label: &str| {
        let start = FULL.find(label).unwrap();
        let end = FULL[start..].find('\n').unwrap() + start + 1;
        FULL[start..end].to_owned()
    };
    let without = |label: &str| FULL.replace(&line(label), "");
    let swapped = |one: &str, two: &str| {
        let (one, two) = (line(one), line(two));
        FULL.replace(&format!("{one}{two}"), &format!("{two}{one}"))
    };
    let with = |from: &str, to: &str| FULL.replacen(from, to, 1);
    let bad = [
        ("nothing", String::new()),
        ("no domain", with("example.com wants", " wants")),
        (
            "a domain with a path",
            with("example.com wants", "example.com/x wants"),
        ),
        (
            "a domain with a user",
            with("example.com wants", "me@example.com wants"),
        ),
        (
            "a domain that is none",
            with("example.com wants", "not a domain wants"),
        ),
        ("a scheme that is none", format!("1x://{FULL}")),
        ("other words", with("Ethereum account", "Bitcoin account")),
        ("a small letter", with("wants you", "Wants you")),
        (
            "no address",
            with("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2\n", "\n"),
        ),
        (
            "no checksum",
            with(
                "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
                "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2",
            ),
        ),
        ("a wrong checksum", with("0xC02a", "0xc02a")),
        ("a short address", with("756Cc2\n", "756C\n")),
        ("no empty line", with("756Cc2\n\n", "756Cc2\n")),
        ("too many empty lines", with("756Cc2\n\n", "756Cc2\n\n\n")),
        ("a statement of two lines", with("Service: ", "Service:\n")),
        (
            "a statement with a strange letter",
            with("I accept", "I \"accept\""),
        ),
        ("a statement beyond ASCII", with("I accept", "I áccept")),
        (
            "no line behind the statement",
            with("tos\n\nURI", "tos\nURI"),
        ),
        ("no URI", without("URI: ")),
        (
            "a URI that is none",
            with("URI: https://example.com/login", "URI: _none_"),
        ),
        ("a URI with a space", with("com/login", "com/lo gin")),
        ("no version", without("Version: ")),
        ("another version", with("Version: 1", "Version: 2")),
        ("no chain", without("Chain ID: ")),
        ("a chain that is none", with("Chain ID: 1", "Chain ID: ?")),
        ("no nonce", without("Nonce: ")),
        ("a short nonce", with("32891756", "3289175")),
        ("a nonce with a stroke", with("32891756", "3289-1756")),
        ("not issued", without("Issued At: ")),
        (
            "issued on a Wednesday",
            with(
                "Issued At: 2021-09-30T16:25:24Z",
                "Issued At: Wed Oct 05 2011 16:48:00 GMT",
            ),
        ),
        (
            "issued in no zone",
            with(
                "Issued At: 2021-09-30T16:25:24Z",
                "Issued At: 2021-09-30T16:25:24",
            ),
        ),
        (
            "issued with a space",
            with("Issued At: 2021-09-30T16", "Issued At: 2021-09-30 16"),
        ),
        (
            "issued in a month that is none",
            with("Issued At: 2021-09", "Issued At: 2021-13"),
        ),
        (
            "an end that is no time",
            with("2021-09-30T17:25:24.5+01:00", "tomorrow"),
        ),
        ("version and URI swapped", swapped("URI: ", "Version: ")),
        (
            "chain and version swapped",
            swapped("Version: ", "Chain ID: "),
        ),
        ("nonce and chain swapped", swapped("Chain ID: ", "Nonce: ")),
        ("issue and nonce swapped", swapped("Nonce: ", "Issued At: ")),
        (
            "end and beginning swapped",
            swapped("Expiration Time: ", "Not Before: "),
        ),
        (
            "a field twice",
            with("Version: 1\n", "Version: 1\nVersion: 1\n"),
        ),
        ("a request id with a space", with("some-id", "some id")),
        (
            "resources in one line",
            with("Resources:\n- ", "Resources: - "),
        ),
        ("a resource that is none", with("- ipfs://bafy", "- _none_")),
        ("two resources in a line", with("hwq/\n- ", "hwq/ - ")),
        ("a line more", format!("{FULL}\n")),
        ("a carriage return", FULL.replace('\n', "\r\n")),
        (
            "too long",
            with("tos\n", &format!("tos{}\n", "x".repeat(9_000))),
        ),
        (
            "Solana with an Ethereum address",
            SOLANA.replace(
                "11111111111111111111111111111112",
                "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
            ),
        ),
        (
            "Solana with an empty line more",
            SOLANA.replace("\n\nURI", "\n\n\nURI"),
        ),
        (
            "Solana without a URI",
            SOLANA.replace("URI: https://example.com:8443/\n", ""),
        ),
    ];
    assert!(bad.len() >= 30);
    for (name, text) in bad {
        assert!(text != FULL && text != SOLANA, "{name} changes nothing");
        let read = Message::read(&text);
        assert!(read.is_err(), "{name}: {read:?}\n{text}");
    }
}
