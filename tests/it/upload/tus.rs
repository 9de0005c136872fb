//! Documents that come in parts, with what goes wrong on the way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use entity::id::SessionId;
use entity::identity::user::UserRole;
use reqwest::Method;
use service::actor::Actor;
use service::idempotency::Claim;
use service::upload::setting;
use service::upload::tus::NewUpload;
use std::time::Duration;
use tests::{Answer, Client, TestApp, eventually};
use tokio::io::AsyncWriteExt as _;

use super::content::{docx, pdf};
use super::{TUS, given};

/// A caller who speaks tus.
pub(super) fn speaker(who: &Client) -> Client {
    who.with("tus-resumable", "1.0.0")
}

/// Begin an upload.
pub(crate) async fn begin(who: &Client, name: &str, size: usize) -> Answer {
    let said = format!("filename {}", STANDARD.encode(name));
    let who = speaker(who)
        .with("upload-length", &size.to_string())
        .with("upload-metadata", &said);
    who.ask(Method::POST, TUS, None).await
}

fn place(begun: &Answer) -> String {
    assert_eq!(begun.status, 201, "{}", begun.body);
    format!("{TUS}/{}", begun.body["id"].as_str().unwrap())
}

pub(super) async fn send(who: &Client, place: &str, offset: usize, bytes: &[u8]) -> Answer {
    let who = speaker(who)
        .with("content-type", "application/offset+octet-stream")
        .with("upload-offset", &offset.to_string());
    who.ask(Method::PATCH, place, Some(bytes.to_vec())).await
}

async fn offset(who: &Client, place: &str) -> String {
    let head = speaker(who).ask(Method::HEAD, place, None).await;
    match head.headers.get("upload-offset") {
        Some(offset) => offset.to_str().unwrap().to_owned(),
        None => head.status.as_u16().to_string(),
    }
}

#[tokio::test]
async fn a_keyed_beginning_is_made_once_and_told_again_with_all_its_headers() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let keyed = ann.with("idempotency-key", "once");
        let begun = begin(&keyed, "a.txt", 10).await;
        let place = place(&begun);
        let again = begin(&keyed, "a.txt", 10).await;
        assert_eq!(again.status, 201, "{}: {}", app.engine, again.body);
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.body, begun.body);
        for name in [
            "location",
            "tus-resumable",
            "upload-offset",
            "upload-expires",
        ] {
            assert_eq!(again.headers[name], begun.headers[name], "{name}");
        }
        assert_eq!(send(&ann, &place, 0, b"0123456789").await.status, 204);
        // Its headers are the whole of what it says.
        for (name, size) in [("b.txt", 10), ("a.txt", 11)] {
            let other = begin(&keyed, name, size).await;
            assert_eq!(other.verdict(), "422 idempotency.mismatch", "{name} {size}");
        }
        assert_eq!(app.row_counts().await["uploads"], 1);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_beginning_whose_answer_was_lost_is_gone_on_with() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let mut ctx = app.system().acting_as(Actor::User {
            id: ann.id().await,
            role: UserRole::User,
            session: SessionId(uuid::Uuid::nil()),
        });
        let said = format!("{TUS}\n10\nfilename {}\n", STANDARD.encode("a.txt"));
        let claim = Claim::new(&ctx, format!("POST {TUS}"), "lost", [said.as_bytes()]);
        ctx.request.claim = Some(claim.unwrap());
        let metadata = [("filename".to_owned(), "a.txt".to_owned())];
        let new = NewUpload {
            size: 10,
            metadata: metadata.into(),
        };
        let begun = service::upload::tus::begin(&ctx, new).await.unwrap();
        let again = begin(&ann.with("idempotency-key", "lost"), "a.txt", 10).await;
        let place = place(&again);
        assert_eq!(place, format!("{TUS}/{}", begun.id), "{}", app.engine);
        assert_eq!(again.headers["location"], place);
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.headers["upload-offset"], "0");
        assert_eq!(send(&ann, &place, 0, b"0123456789").await.status, 204);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_document_comes_in_parts() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let content = pdf(&"walrus ".repeat(3_000_000));
        let begun = begin(&ann, "a.pdf", content.len()).await;
        assert_eq!(begun.headers["tus-resumable"], "1.0.0");
        assert!(begun.headers.contains_key("upload-expires"));
        let place = place(&begun);
        assert!(
            begun.headers["location"]
                .to_str()
                .unwrap()
                .ends_with(&place)
        );
        let id = begun.body["id"].as_str().unwrap();
        let row = format!("/api/v1/uploads/{id}");
        let early = ann.get(&format!("{row}/content")).await;
        assert_eq!(early.verdict(), "409 upload.incomplete");
        let mut at = 0;
        // The second part is of more than one chunk.
        for end in [1_000, 18_000_000, content.len()] {
            assert_eq!(offset(&ann, &place).await, at.to_string());
            let sent = send(&ann, &place, at, &content[at..end]).await;
            assert_eq!(sent.status, 204, "{}", sent.body);
            assert_eq!(sent.headers["upload-offset"], end.to_string().as_str());
            at = end;
        }
        let done = ann.get(&row).await.body;
        assert_eq!(done["status"], "complete");
        assert_eq!(done["sha256"], service::secret::fingerprint(&content));
        let got = ann.get(done["content"].as_str().unwrap()).await;
        assert!(got.bytes == content, "{}", app.engine);
        assert_eq!(offset(&ann, &place).await, content.len().to_string());
        eventually(async || (app.stored().len() == 1).then_some(())).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_spoken_is_told() {
    for app in TestApp::each().await {
        let told = app.anonymous().ask(Method::OPTIONS, TUS, None).await;
        assert_eq!(told.status, 204);
        for (name, is) in [
            ("tus-version", "1.0.0"),
            ("tus-extension", "creation,expiration,checksum,termination"),
            ("tus-max-size", "5368709120"),
            ("tus-checksum-algorithm", "sha1,sha256"),
        ] {
            assert_eq!(told.headers[name], is);
        }
        let ann = app.user("ann", UserRole::User).await;
        let other = ann.with("tus-resumable", "0.2.2");
        let other = other.ask(Method::POST, TUS, None).await;
        assert_eq!(other.verdict(), "412 tus.version");
        assert_eq!(other.headers["tus-version"], "1.0.0");
        app.stop().await;
    }
}

#[tokio::test]
async fn what_cannot_be_begun_is_refused() {
    let plan = given(|given| given.with(&setting::TUS_BYTES, &1_000_000));
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        for (name, size, verdict) in [
            ("a.pdf", 0, "422 upload.empty"),
            ("a.pdf", 1_000_001, "413 upload.too_large"),
            ("a.exe", 10, "415 upload.type_not_allowed"),
            ("../a.pdf", 10, "422 invalid"),
            ("", 10, "422 invalid"),
        ] {
            let begun = begin(&ann, name, size).await;
            assert_eq!(begun.verdict(), verdict, "{name} {size}");
        }
        let ann = speaker(&ann);
        let odd = ann.with("upload-length", "-1");
        let odd = odd.ask(Method::POST, TUS, None).await;
        assert_eq!(odd.verdict(), "400 malformed");
        for metadata in [
            "filename ???",
            "filename YQ==,filename YQ==",
            "filename /w==",
        ] {
            let odd = ann
                .with("upload-length", "1")
                .with("upload-metadata", metadata);
            let odd = odd.ask(Method::POST, TUS, None).await;
            assert_eq!(odd.verdict(), "400 malformed", "{metadata}");
        }
        assert_eq!(app.row_counts().await["uploads"], 0);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_part_goes_on_where_the_last_ended() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let content = pdf("walrus");
        let place = place(&begin(&ann, "a.pdf", content.len()).await);
        assert_eq!(send(&ann, &place, 0, &content[..10]).await.status, 204);
        for (at, bytes, verdict) in [
            (0, &content[..], "409 upload.offset_mismatch"),
            (11, &content[11..], "409 upload.offset_mismatch"),
            (10, &content[..], "413 upload.too_large"),
        ] {
            let sent = send(&ann, &place, at, bytes).await;
            assert_eq!(sent.verdict(), verdict, "{at}");
        }
        let who = speaker(&ann).with("upload-offset", "10");
        let plain = who.ask(Method::PATCH, &place, Some(b"x".to_vec())).await;
        assert_eq!(plain.verdict(), "415 unsupported_media_type");
        for stranger in [&bob, &admin] {
            let sent = send(stranger, &place, 10, &content[10..]).await;
            assert_eq!(sent.verdict(), "404 upload.not_found");
            assert_eq!(offset(stranger, &place).await, "404");
        }
        assert_eq!(offset(&ann, &place).await, "10");
        let ended = speaker(&ann).ask(Method::DELETE, &place, None).await;
        assert_eq!(ended.status, 204);
        assert_eq!(offset(&ann, &place).await, "404");
        eventually(async || app.stored().is_empty().then_some(())).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_part_that_is_not_its_checksums_is_not_kept() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let content = pdf(&"walrus ".repeat(2_000_000));
        let place = place(&begin(&ann, "a.pdf", content.len()).await);
        let sha256 = |bytes: &[u8]| {
            let hex = service::secret::fingerprint(bytes);
            let bytes = (0..32).map(|n| u8::from_str_radix(&hex[n * 2..n * 2 + 2], 16));
            let bytes: Vec<u8> = bytes.map(Result::unwrap).collect();
            format!("sha256 {}", STANDARD.encode(bytes))
        };
        let wrong = ann.with("upload-checksum", &sha256(b"other"));
        let sent = send(&wrong, &place, 0, &content).await;
        assert_eq!(sent.verdict(), "460 upload.checksum_mismatch");
        assert_eq!(offset(&ann, &place).await, "0");
        assert!(app.stored().is_empty(), "{}", app.engine);
        for said in ["md5 AAAA", "sha1", "sha1 ???"] {
            let odd = ann.with("upload-checksum", said);
            let sent = send(&odd, &place, 0, &content).await;
            assert_eq!(sent.verdict(), "400 upload.checksum_unsupported");
        }
        // Of "abc", as the standard has it.
        let sha1 = ann.with("upload-checksum", "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
        let sent = send(&sha1, &place, 0, b"abc").await;
        assert_eq!(sent.status, 204, "{}", sent.body);
        assert_eq!(
            speaker(&ann).ask(Method::DELETE, &place, None).await.status,
            204
        );
        let again = super::tus::place(&begin(&ann, "a.pdf", content.len()).await);
        let right = ann.with("upload-checksum", &sha256(&content));
        let sent = send(&right, &again, 0, &content).await;
        assert_eq!(sent.status, 204, "{}", sent.body);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_document_that_is_none_is_refused_when_it_is_all_here() {
    let cut = docx(&[]);
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        for (name, content, verdict) in [
            ("a.pdf", b"<script>".as_slice(), "422 upload.type_mismatch"),
            ("a.docx", &cut[..cut.len() - 1], "422 upload.damaged"),
        ] {
            let begun = begin(&ann, name, content.len()).await;
            let place = place(&begun);
            let sent = send(&ann, &place, 0, content).await;
            assert_eq!(sent.verdict(), verdict, "{}", sent.body);
            let row = format!("/api/v1/uploads/{}", begun.body["id"].as_str().unwrap());
            let row = ann.get(&row).await.body;
            assert_eq!(row["status"], "rejected");
            assert_eq!(row["rejected"], sent.body["detail"]);
            assert_eq!(offset(&ann, &place).await, "410");
        }
        eventually(async || app.stored().is_empty().then_some(())).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_writer_who_falls_silent_loses_their_place() {
    let plan = given(|given| given.with(&setting::STALL, &Duration::from_secs(5)));
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let content = pdf("walrus");
        let place = place(&begin(&ann, "a.pdf", content.len() + 100).await);
        let headers = [
            ("tus-resumable", "1.0.0"),
            ("content-type", "application/offset+octet-stream"),
            ("upload-offset", "0"),
        ];
        let begun = super::begin(&app, &ann, "PATCH", &place, &content, &headers).await;
        let held = "SELECT count(*) FROM uploads WHERE lock_until IS NOT NULL";
        eventually(async || (app.number(held).await == 1).then_some(())).await;
        let other = send(&ann, &place, 0, b"other").await;
        assert_eq!(other.verdict(), "423 upload.locked");
        assert_eq!(other.headers["retry-after"], "2");
        // What came by then is kept.
        let came = content.len().to_string();
        eventually(async || (offset(&ann, &place).await == came).then_some(())).await;
        let next = eventually(async || {
            let next = send(&ann, &place, content.len(), &[b' '; 10]).await;
            (next.verdict() != "423 upload.locked").then_some(next)
        });
        assert_eq!(next.await.status, 204);
        drop(begun);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_line_that_breaks_is_gone_on_with() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let content = pdf(&"walrus ".repeat(10_000));
        let place = place(&begin(&ann, "a.pdf", content.len()).await);
        for end in [20_000, 40_000, 60_000] {
            let at = offset(&ann, &place).await;
            let headers = [
                ("tus-resumable", "1.0.0"),
                ("content-type", "application/offset+octet-stream"),
                ("upload-offset", at.as_str()),
            ];
            let bytes = &content[at.parse().unwrap()..end];
            let mut line = super::begin(&app, &ann, "PATCH", &place, bytes, &headers).await;
            line.shutdown().await.unwrap();
            drop(line);
            let came = end.to_string();
            eventually(async || (offset(&ann, &place).await == came).then_some(())).await;
            let held = "SELECT count(*) FROM uploads WHERE lock_until IS NOT NULL";
            eventually(async || (app.number(held).await == 0).then_some(())).await;
        }
        let last = send(&ann, &place, 60_000, &content[60_000..]).await;
        assert_eq!(last.status, 204, "{}", last.body);
        let id = place.rsplit('/').next().unwrap();
        let got = ann.get(&format!("/api/v1/uploads/{id}/content")).await;
        assert!(got.bytes == content, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_not_finished_in_its_time_is_over() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let content = pdf("walrus");
        let place = place(&begin(&ann, "a.pdf", content.len()).await);
        app.clock.advance(TimeDelta::hours(20));
        assert_eq!(send(&ann, &place, 0, &content[..10]).await.status, 204);
        app.clock.advance(TimeDelta::hours(20));
        // Each part gives it a day anew.
        assert_eq!(offset(&ann, &place).await, "10");
        app.clock.advance(TimeDelta::hours(5));
        let late = send(&ann, &place, 10, &content[10..]).await;
        assert_eq!(late.verdict(), "410 upload.expired");
        assert_eq!(offset(&ann, &place).await, "410");
        app.stop().await;
    }
}
