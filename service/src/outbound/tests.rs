//! Which addresses are called, and what becomes of a call.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;

use futures::future::BoxFuture;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};

use super::*;

/// A resolver that gives one answer after the other, and counts.
#[derive(Debug, Default)]
struct Script(Mutex<VecDeque<Vec<IpAddr>>>);

impl Script {
    fn of(answers: &[&[&str]]) -> Self {
        let parse = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
        Self(Mutex::new(answers.iter().map(parse).collect()))
    }

    fn left(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Resolve for Script {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let next = self.0.lock().unwrap().pop_front();
        Box::pin(std::future::ready(
            next.ok_or_else(|| io::Error::other("no such name")),
        ))
    }
}

fn guard(allowed: &[&str]) -> Guard {
    Guard {
        allowed: allowed.iter().map(|net| net.parse().unwrap()).collect(),
        http: true,
        patience: Duration::from_secs(5),
    }
}

async fn verdict(guard: &Guard, url: &str, answers: &[&[&str]]) -> Result<(), Blocked> {
    let url = Url::parse(url).map_err(|_| Blocked::Scheme)?;
    let resolver = Script::of(answers);
    guard.addresses(&resolver, &url).await.map(drop)
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_however_they_are_written() {
    use Blocked::{Credentials, Private, Scheme};
    let guard = guard(&[]);
    for (url, expected) in [
        ("https://8.8.8.8/", Ok(())),
        ("http://1.1.1.1:8080/hook", Ok(())),
        ("https://[2606:4700:4700::1111]/", Ok(())),
        ("https://[::ffff:8.8.8.8]/", Ok(())),
        ("https://[64:ff9b::808:808]/", Ok(())),
        ("http://127.0.0.1/", Err(Private)),
        ("http://127.1/", Err(Private)),
        ("http://0x7f000001/", Err(Private)),
        ("http://2130706433/", Err(Private)),
        ("http://017700000001/", Err(Private)),
        ("http://0x7f.0x0.0x0.0x1/", Err(Private)),
        ("http://127.0.0.1./", Err(Private)),
        ("http://①②⑦.0.0.1/", Err(Private)),
        ("http://%31%32%37.0.0.1/", Err(Private)),
        ("http://0/", Err(Private)),
        ("http://0.0.0.0:22/", Err(Private)),
        ("http://10.0.0.1/", Err(Private)),
        ("http://10.255.255.255/", Err(Private)),
        ("http://100.64.0.1/", Err(Private)),
        ("http://100.100.100.200/latest/meta-data", Err(Private)),
        ("http://169.254.169.254/latest/meta-data", Err(Private)),
        ("http://168.63.129.16/machine", Err(Private)),
        ("http://172.16.0.1/", Err(Private)),
        ("http://172.31.255.255/", Err(Private)),
        ("http://192.0.0.192/", Err(Private)),
        ("http://192.0.2.1/", Err(Private)),
        ("http://192.88.99.1/", Err(Private)),
        ("http://192.168.1.1/", Err(Private)),
        ("http://198.18.0.1/", Err(Private)),
        ("http://198.19.255.255/", Err(Private)),
        ("http://198.51.100.7/", Err(Private)),
        ("http://203.0.113.9/", Err(Private)),
        ("http://224.0.0.1/", Err(Private)),
        ("http://239.255.255.250:1900/", Err(Private)),
        ("http://240.0.0.1/", Err(Private)),
        ("http://255.255.255.255/", Err(Private)),
        ("http://[::]/", Err(Private)),
        ("http://[::1]/", Err(Private)),
        ("http://[::7f00:1]/", Err(Private)),
        ("http://[::8.8.8.8]/", Err(Private)),
        ("http://[::ffff:127.0.0.1]/", Err(Private)),
        ("http://[::ffff:a9fe:a9fe]/", Err(Private)),
        ("http://[64:ff9b::a00:1]/", Err(Private)),
        ("http://[64:ff9b:1::808:808]/", Err(Private)),
        ("http://[100::1]/", Err(Private)),
        ("http://[2001::7f00:1]/", Err(Private)),
        ("http://[2001:0:808:808::80ff:fffe]/", Err(Private)),
        ("http://[2001:2::1]/", Err(Private)),
        ("http://[2001:10::1]/", Err(Private)),
        ("http://[2001:db8::1]/", Err(Private)),
        ("http://[2002:7f00:1::]/", Err(Private)),
        ("http://[2002:c0a8:101::1]/", Err(Private)),
        ("http://[3fff::1]/", Err(Private)),
        ("http://[5f00::1]/", Err(Private)),
        ("http://[fc00::1]/", Err(Private)),
        ("http://[fd00:ec2::254]/", Err(Private)),
        ("http://[fe80::1]/", Err(Private)),
        ("http://[fec0::1]/", Err(Private)),
        ("http://[ff02::1]/", Err(Private)),
        ("https://user@8.8.8.8/", Err(Credentials)),
        ("https://user:word@8.8.8.8/", Err(Credentials)),
        ("https://:word@8.8.8.8/", Err(Credentials)),
        ("ftp://8.8.8.8/", Err(Scheme)),
        ("file:///etc/passwd", Err(Scheme)),
        ("gopher://8.8.8.8/", Err(Scheme)),
        ("javascript:alert(1)", Err(Scheme)),
        ("https://", Err(Scheme)),
        ("//8.8.8.8/", Err(Scheme)),
        ("https://[fe80::1%25eth0]/", Err(Scheme)),
    ] {
        assert_eq!(verdict(&guard, url, &[]).await, expected, "{url}");
    }
}

#[tokio::test]
async fn a_name_is_what_all_of_its_addresses_are() {
    use Blocked::{Length, Plain, Private, Unresolved};
    let open = guard(&[]);
    let good: &[&str] = &["8.8.8.8", "2606:4700::1111"];
    let name = "https://hooks.test/";
    assert_eq!(verdict(&open, name, &[good]).await, Ok(()));
    assert_eq!(verdict(&open, name, &[]).await, Err(Unresolved));
    assert_eq!(verdict(&open, name, &[&[]]).await, Err(Unresolved));
    for bad in ["10.0.0.1", "::1", "::ffff:192.168.0.1", "64:ff9b::7f00:1"] {
        let mixed: &[&str] = &["8.8.8.8", bad];
        assert_eq!(verdict(&open, name, &[mixed]).await, Err(Private), "{bad}");
    }
    let long = format!("https://hooks.test/{}", "a".repeat(2_048));
    assert_eq!(verdict(&open, &long, &[good]).await, Err(Length));
    let strict = Guard {
        http: false,
        ..guard(&[])
    };
    assert_eq!(
        verdict(&strict, "http://hooks.test/", &[good]).await,
        Err(Plain)
    );
    assert_eq!(verdict(&strict, name, &[good]).await, Ok(()));
}

#[tokio::test]
async fn networks_may_be_allowed() {
    let guard = guard(&["10.1.0.0/16", "fd00:1::/32"]);
    for (url, expected) in [
        ("http://10.1.2.3/", Ok(())),
        ("http://[::ffff:10.1.2.3]/", Ok(())),
        ("http://[fd00:1::7]/", Ok(())),
        ("http://10.2.0.1/", Err(Blocked::Private)),
        ("http://[fd00:2::7]/", Err(Blocked::Private)),
        ("http://8.8.8.8/", Ok(())),
    ] {
        assert_eq!(verdict(&guard, url, &[]).await, expected, "{url}");
    }
    let both: &[&str] = &["10.1.0.1", "10.2.0.1"];
    let name = verdict(&guard, "http://hooks.test/", &[both]).await;
    assert_eq!(name, Err(Blocked::Private));
}

proptest! {
    /// No way to write a private IPv4 address gets past.
    #[test]
    fn no_spelling_of_a_private_address_is_called(host in 0_u32..1 << 24, net in 0_usize..3) {
        let net = [10_u32, 127, 0][net];
        let bits = net << 24 | host;
        let ip = Ipv4Addr::from_bits(bits);
        let [a, b, c, d] = ip.octets();
        let guard = guard(&[]);
        for host in [
            format!("{ip}"), format!("{bits}"), format!("{bits:#x}"), format!("0{bits:o}"),
            format!("{a}.{}", bits & 0xff_ffff), format!("{a:#x}.0{b:o}.{c}.{d:#x}"),
            format!("[::ffff:{ip}]"), format!("[64:ff9b::{ip}]"),
        ] {
            let url = Url::parse(&format!("http://{host}/")).unwrap();
            prop_assert_eq!(guard.look(&url), Err(Blocked::Private), "{}", host);
        }
    }

    /// Whatever is no URL of ours is refused without a panic.
    #[test]
    fn any_text_is_judged(text in ".{0,60}") {
        if let Ok(url) = Url::parse(&text) {
            let _ = guard(&[]).look(&url);
        }
    }
}

/// A server that takes one connection, reads a head, and says `answer`; tells what it read.
async fn server(answer: Vec<u8>) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        // Whoever has read enough hangs up.
        let _ = stream.write_all(&answer).await;
        String::from_utf8(head).unwrap()
    });
    (address, task)
}

fn outbound(resolver: Script) -> Outbound {
    Outbound {
        resolver: Box::new(resolver),
        tls: tls().unwrap(),
    }
}

fn get(url: &str) -> Request {
    Request {
        method: Method::GET,
        url: url.parse().unwrap(),
        headers: HeaderMap::new(),
        body: Vec::new(),
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_the_checked_address_is_called() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec();
    let (address, request) = server(answer).await;
    // The second answer would be that of a name that changed its mind.
    let script = Script::of(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let way = outbound(script);
    let url = format!("http://rebinding.test:{}/hook?a=b", address.port());
    let limit = Duration::from_secs(15);
    let guard = guard(&["127.0.0.0/8"]);
    let answer = way.call(&guard, limit, get(&url)).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"ok"[..]));
    let head = request.await.unwrap().to_lowercase();
    assert!(head.starts_with("get /hook?a=b http/1.1\r\n"), "{head}");
    assert!(head.contains("host: rebinding.test:"), "{head}");
    assert!(head.contains("user-agent: chancery/"), "{head}");
    let next = way.call(&guard, limit, get(&url)).await;
    assert!(
        matches!(next, Err(Failure::Blocked(Blocked::Private))),
        "{next:?}"
    );
}

#[tokio::test]
async fn an_answer_is_read_so_far_and_a_redirect_is_not_followed() {
    let way = outbound(Script::default());
    let guard = guard(&["127.0.0.0/8"]);
    let limit = Duration::from_secs(15);
    let mut large = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", MOST * 4).into_bytes();
    large.resize(large.len() + MOST * 4, b'x');
    let (address, _heard) = server(large).await;
    let answer = way
        .call(&guard, limit, get(&format!("http://{address}/")))
        .await
        .unwrap();
    assert_eq!((answer.body.len(), answer.cut), (MOST, true));

    let moved = b"HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\n\r\n";
    let (address, _heard) = server(moved.to_vec()).await;
    let answer = way
        .call(&guard, limit, get(&format!("http://{address}/")))
        .await
        .unwrap();
    assert_eq!((answer.status, answer.cut), (302, false));
    assert_eq!(answer.headers["location"], "http://10.0.0.1/");
}

#[tokio::test]
async fn a_call_that_fails_says_why() {
    let way = outbound(Script::default());
    let guard = guard(&["127.0.0.0/8"]);
    let limit = Duration::from_secs(15);
    // Taken, so that nobody else can, and not listened at.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let closed = nobody.local_addr().unwrap();
    let failed = way
        .call(&guard, limit, get(&format!("http://{closed}/")))
        .await;
    assert!(matches!(failed, Err(Failure::Refused)), "{failed:?}");

    let (address, _heard) =
        server(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec()).await;
    let failed = way
        .call(&guard, limit, get(&format!("http://{address}/")))
        .await;
    assert!(matches!(failed, Err(Failure::Broken)), "{failed:?}");

    let (address, _heard) = server(b"no TLS here\r\n\r\n".to_vec()).await;
    let failed = way
        .call(&guard, limit, get(&format!("https://{address}/")))
        .await;
    assert!(failed.is_err(), "{failed:?}");

    // Somebody who takes the connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let failed = way.call(&guard, Duration::from_millis(50), get(&url)).await;
    assert!(matches!(failed, Err(Failure::Timeout(_))), "{failed:?}");
}

#[tokio::test]
async fn the_resolver_is_asked_once_a_call() {
    let way = Script::of(&[&["8.8.8.8"], &["8.8.4.4"]]);
    let url = "https://hooks.test/".parse().unwrap();
    assert!(guard(&[]).addresses(&way, &url).await.is_ok());
    assert_eq!(way.left(), 1);
}
