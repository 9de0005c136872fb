//! Uploads to the real binary: a large one, whose bytes pass by without staying in memory, and many
//! that a power cut ends at any moment, after which rows and bytes belong together.
//!
//! `CHANCERY_DRILL_UPLOAD_MIB` is how large the large one is, 1,024 unless set;
//! `CHANCERY_DRILL_CUTS` how many power cuts there are, 12 unless set.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use entity::upload::upload::{self, UploadStatus};
use futures::stream;
use reqwest::Client;
use sea_orm::EntityTrait;
use serde_json::Value;
use service::Ctx;
use service::clock::{Clock, SystemClock};
use service::secret::fingerprint;
use service::settings::{Settings, Storage};
use tokio::task::JoinSet;

use crate::database::Database;
use crate::server::Server;
use crate::{EMAIL, PASSWORD, sign_in};

/// In KiB: how much a server may grow while a file passes by.
const MOST: u64 = 64 * 1024;
/// By which the database knows the server's sessions.
const SERVER: &str = "drill-server";
const PIECE: usize = 1024 * 1024;

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a whole number"))
}

/// Begin an upload; its address.
async fn begin(http: &Client, base: &str, size: usize) -> Option<String> {
    let begun = http
        .post(format!("{base}/api/v1/uploads/tus"))
        .header("tus-resumable", "1.0.0")
        .header("upload-length", size)
        .header(
            "upload-metadata",
            format!("filename {}", STANDARD.encode("a.pdf")),
        )
        .send()
        .await
        .ok()?;
    let begun: Value = begun.error_for_status().ok()?.json().await.ok()?;
    let id = begun["id"].as_str()?;
    Some(format!("{base}/api/v1/uploads/tus/{id}"))
}

async fn send(http: &Client, place: &str, offset: usize, body: reqwest::Body) -> Option<u16> {
    let sent = http
        .patch(place)
        .header("tus-resumable", "1.0.0")
        .header("content-type", "application/offset+octet-stream")
        .header("upload-offset", offset)
        .timeout(Duration::from_mins(30))
        .body(body)
        .send()
        .await;
    sent.ok().map(|sent| sent.status().as_u16())
}

/// Whole pieces: the first begins a PDF, the last ends it.
fn piece(at: usize, pieces: usize) -> Vec<u8> {
    let mut bytes = vec![b'x'; PIECE];
    if at == 0 {
        bytes[..9].copy_from_slice(b"%PDF-1.7\n");
    }
    if at + 1 == pieces {
        bytes[PIECE - 7..].copy_from_slice(b"\n%%EOF\n");
    }
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a drill: .ci/run drill"]
async fn a_large_upload_passes_by_without_staying_in_memory() {
    service::tls::install();
    for database in Database::each() {
        large(&database).await;
    }
}

async fn large(database: &Database) {
    let engine = database.engine;
    let server = Server::start(&database.url, EMAIL, PASSWORD);
    let http = sign_in(&server.base).await;
    let pieces = number("CHANCERY_DRILL_UPLOAD_MIB", 1024);
    let upload = async |pieces: usize| {
        let place = begin(&http, &server.base, pieces * PIECE).await.unwrap();
        let mut at = 0;
        // In four requests, as a client would whose line broke.
        for end in [pieces / 4, pieces / 2, pieces - 1, pieces] {
            let body = (at..end).map(move |at| Ok::<_, std::io::Error>(piece(at, pieces)));
            let body = reqwest::Body::wrap_stream(stream::iter(body));
            assert_eq!(send(&http, &place, at * PIECE, body).await, Some(204));
            at = end;
        }
        place.replace("/tus", "") + "/content"
    };
    let (before, _) = server.memory();
    let began = Instant::now();
    let content = upload(pieces).await;
    let took = began.elapsed();
    let (_, most) = server.memory();
    println!(
        "{engine}: {pieces} MiB sent and joined in {took:.1?}; memory {before} KiB before, {most} \
         KiB at most"
    );
    assert!(most.saturating_sub(before) < MOST, "it stays in memory");
    let mut got = http
        .get(content)
        .timeout(Duration::from_mins(10))
        .send()
        .await
        .unwrap();
    assert_eq!(got.status(), 200);
    let mut bytes = 0;
    while let Some(chunk) = got.chunk().await.unwrap() {
        bytes += chunk.len();
    }
    assert_eq!(bytes, pieces * PIECE);
    let (after, most) = server.memory();
    println!("{engine}: read back; memory {after} KiB after, {most} KiB at most");
    assert!(most.saturating_sub(before) < MOST, "it stays in memory");
    assert!(server.stop());
}

/// Somebody who uploads and deletes without end.
async fn traffic(http: Client, base: String, caller: usize) {
    for turn in 0.. {
        let text = format!(
            "%PDF-1.7\n{caller} {turn} {}\n%%EOF\n",
            "x".repeat(turn * 7_919)
        );
        let part = reqwest::multipart::Part::bytes(text.into_bytes()).file_name("a.pdf");
        let form = reqwest::multipart::Form::new().part("file", part);
        let document = format!("{base}/api/v1/uploads/document");
        let put = http.post(document).multipart(form).send().await;
        let Ok(put) = put else { return };
        let put: Value = put.json().await.unwrap_or_default();
        let pieces = 12 + turn % 5;
        if let Some(place) = begin(&http, &base, pieces * PIECE).await {
            for (from, to) in [(0, pieces / 2), (pieces / 2, pieces)] {
                let body = (from..to).map(move |at| Ok::<_, std::io::Error>(piece(at, pieces)));
                let body = reqwest::Body::wrap_stream(stream::iter(body));
                if send(&http, &place, from * PIECE, body).await.is_none() {
                    return;
                }
            }
        }
        if turn % 2 == 0 {
            let id = put["id"].as_str().unwrap_or_default();
            let gone = http.delete(format!("{base}/api/v1/uploads/{id}"));
            let _ = gone.send().await;
        }
    }
}

/// The time, some hours on: nothing is young any more, and nothing is held.
#[derive(Debug)]
struct Later;

impl Clock for Later {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::hours(3)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a drill: .ci/run drill"]
async fn rows_and_bytes_belong_together_after_power_cuts() {
    service::tls::install();
    for database in Database::each() {
        cut(&database).await;
    }
}

async fn cut(database: &Database) {
    let (engine, data) = (database.engine, database.data());
    let url = database.named(SERVER);
    Server::prepare(&url, data, EMAIL, PASSWORD);
    let settings = [("CHANCERY_SETTING_UPLOADS__QUOTA_BYTES", "1000000000000")];
    for cut in 0..number("CHANCERY_DRILL_CUTS", 12) {
        let server = Server::serve(&url, data, &settings);
        let http = sign_in(&server.base).await;
        let mut callers = JoinSet::new();
        for caller in 0..4 {
            callers.spawn(traffic(http.clone(), server.base.clone(), caller));
        }
        // At another moment each time.
        tokio::time::sleep(Duration::from_millis(700 + (cut as u64 * 377) % 2_000)).await;
        server.kill();
        callers.shutdown().await;
    }
    let left = files(&data.join("files"));
    println!("{engine}: {} files after the power cuts", left.len());
    sweep(database).await;
}

/// Sweep, and look whether every row has its bytes and the other way round.
async fn sweep(database: &Database) {
    let engine = database.engine;
    let files_at = database.data().join("files");
    let settings = Settings {
        storage: Storage {
            url: url::Url::from_directory_path(&files_at).unwrap(),
            ..Storage::default()
        },
        ..Settings::default()
    };
    let services = database.services(settings, Arc::new(Later)).await;
    database.is_left_by(&services, SERVER).await;
    let ctx = Ctx::system(Arc::clone(&services), "drill");
    let swept = service::upload::sweep(&ctx).await.unwrap();
    println!("{engine}: {swept:?}");
    assert_eq!(swept.lost, 0, "a row was kept without its bytes");
    services.tasks.close();
    services.tasks.wait().await;
    let reader = services.db.read().unwrap();
    let rows = upload::Entity::find().all(&reader).await.unwrap();
    let mut left: HashMap<String, Vec<u8>> = files(&files_at)
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(files_at.join(path)).unwrap()))
        .collect();
    let (mut complete, mut pending) = (0, 0);
    for row in rows {
        if row.status == UploadStatus::Complete {
            let place = format!("files/{}/{}", &row.storage_key[..2], row.storage_key);
            let bytes = left.remove(&place).expect("a row without bytes");
            assert_eq!(Some(fingerprint(&bytes)), row.sha256, "other bytes");
            complete += 1;
        }
        for part in row.parts.as_array().unwrap() {
            let bytes = left.remove(part["key"].as_str().unwrap());
            let size = part["size"]
                .as_u64()
                .map(|size| usize::try_from(size).unwrap());
            assert_eq!(bytes.map(|bytes| bytes.len()), size, "a part without bytes");
        }
        pending += usize::from(row.status == UploadStatus::Pending);
    }
    let strays: Vec<&String> = left.keys().collect();
    assert!(strays.is_empty(), "bytes without a row: {strays:?}");
    println!(
        "{engine}: {complete} complete, {pending} unfinished uploads, each with its bytes and no more"
    );
    services.db.disconnect().await;
}

/// The files below a directory, by their paths from there.
fn files(directory: &Path) -> Vec<String> {
    fn walk(directory: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    walk(directory, directory, &mut found);
    found
}
