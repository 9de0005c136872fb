//! Dumps and exports of `MongoDB`: what the policy says of each document is what becomes of it, in
//! every encoding, on both engines, once.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::database::{self, Scratch};
use crate::importing::{command, data, import, lines, number, rows, text};

const TABLES: [&str; 6] = [
    "users",
    "user_identities",
    "profiles",
    "videos",
    "notifications",
    "nft_ownership",
];

fn manifest() -> Value {
    let text = std::fs::read_to_string(data("proxim8_manifest.json")).expect("the manifest");
    serde_json::from_str(&text).expect("JSON")
}

async fn fresh(engine: migration::engine::Engine) -> (Scratch, tempfile::TempDir) {
    let scratch = Scratch::new(engine).await;
    up(&scratch.db).await.expect("up");
    (scratch, tempfile::tempdir().expect("a directory"))
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// The same documents in every way in which they can be written down.
fn encodings(dir: &Path) -> Vec<Vec<String>> {
    let zipped = dir.join("zipped");
    let arrays = dir.join("arrays");
    std::fs::create_dir_all(&zipped).expect("a directory");
    std::fs::create_dir_all(&arrays).expect("a directory");
    let folder = std::fs::read_dir(data("proxim8_dump")).expect("the dump");
    for file in folder.map(|entry| entry.expect("a file").path()) {
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        let made = std::fs::File::create(zipped.join(format!("{name}.gz"))).expect("a file");
        let mut made = GzEncoder::new(made, Compression::fast());
        let bytes = std::fs::read(&file).expect("a file");
        made.write_all(&bytes).expect("written");
        made.finish().expect("written");
    }
    let export = data("proxim8_export");
    let mut of: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in std::fs::read_dir(&export).expect("the export") {
        let file: PathBuf = file.expect("a file").path();
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        let kind = if name.contains("relaxed") {
            "relaxed"
        } else {
            "canonical"
        };
        of.entry(kind).or_default().push(path(&file).to_owned());
        if let Some(collection) = name.strip_suffix(".relaxed.jsonl") {
            let text = std::fs::read_to_string(&file).expect("a file");
            let all: Vec<&str> = text.lines().collect();
            let array = format!("[{}]\n", all.join(",\n"));
            std::fs::write(arrays.join(format!("proxim8.{collection}.json")), array)
                .expect("written");
        }
    }
    let mut all: Vec<Vec<String>> = of.into_values().collect();
    all.push(vec![path(&data("proxim8_dump")).to_owned()]);
    all.push(vec![path(&zipped).to_owned()]);
    all.push(vec![path(&arrays).to_owned()]);
    all
}

#[tokio::test]
async fn every_encoding_brings_what_the_policy_says_and_nothing_else() {
    let manifest = manifest();
    let made = tempfile::tempdir().expect("a directory");
    let mut sums = Vec::new();
    for engine in database::engines() {
        for files in encodings(made.path()) {
            let (scratch, dir) = fresh(engine).await;
            let mut arguments = vec!["mongo"];
            arguments.extend(files.iter().map(String::as_str));
            let told = import(&scratch, dir.path(), &arguments);
            assert_eq!(told.code, 7, "{}", told.words);
            for (name, wanted) in manifest["collections"].as_object().expect("collections") {
                let counts = &told.json["collections"][name];
                let by = |label: &str| wanted["by_disposition"][label].as_u64().unwrap_or(0);
                // Older types of notifications have no place in our column; the other choices are taken.
                let refused = if name == "notifications" { 3 } else { 0 };
                assert_eq!(counts["read"], wanted["documents"], "{name}");
                assert_eq!(
                    counts["rejected"],
                    by("reject") + refused,
                    "{name}: {counts}"
                );
                let taken = by("valid") + by("coerce") + by("policy") - refused;
                assert_eq!(counts["imported"], taken, "{name}");
                assert_eq!(counts["new"], taken, "{name}");
                let version = &counts["notes"]["dropped: __v"];
                assert!(
                    version.as_u64() <= wanted["docs_with___v"].as_u64(),
                    "{name}"
                );
            }
            let users = number(&scratch.db, "SELECT count(*) FROM users").await;
            assert_eq!(
                users,
                manifest["distinct_wallet_identities_kept"]
                    .as_i64()
                    .expect("a number")
            );
            refusals(&manifest, &lines(&dir.path().join("import-rejects.jsonl")));
            sums.push(told.checksums());
        }
    }
    sums.dedup();
    assert_eq!(
        sums.len(),
        1,
        "one result, whatever the encoding and the engine"
    );
}

/// Each refused document is one that must be, for the reason that it must be, and tells where it is.
fn refusals(manifest: &Value, listed: &[Value]) {
    assert_eq!(listed.len(), 43);
    for line in listed {
        let collection = line["collection"].as_str().expect("a collection");
        let id = line["_id"].as_str().expect("an id");
        let known = &manifest["collections"][collection]["non_valid"][id];
        let wanted = match known["disposition"].as_str() {
            Some("reject") => known["reason"].clone(),
            Some("policy") => Value::from("unmapped_enum"),
            // Of two that are one the labels keep the first that was made, we the first that is read.
            _ => line["reason"].clone(),
        };
        assert_eq!(line["reason"], wanted, "{line} {known}");
        assert!(line["position"]["document"].is_u64(), "{line}");
        assert!(line["position"]["file"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn a_second_import_changes_nothing_and_a_comparison_finds_every_row() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let (dump, export) = (data("proxim8_dump"), data("proxim8_export"));
        let first = import(&scratch, dir.path(), &["mongo", path(&dump)]);
        let before = rows(&scratch, engine).await;
        let again = ["mongo", path(&export), "--encoding", "relaxed", "--verify"];
        let second = import(&scratch, dir.path(), &again);
        assert_eq!(second.code, 7, "{}", second.words);
        assert_eq!(
            second.total("new") + second.total("updated") + second.total("kept"),
            0
        );
        assert_eq!(second.total("unchanged"), first.total("imported"));
        assert_eq!(second.json["differences"], 0);
        for counts in second.json["collections"]
            .as_object()
            .expect("collections")
            .values()
        {
            assert_eq!(counts["checksum"], counts["checksum_here"]);
        }
        assert_eq!(rows(&scratch, engine).await, before);
        let batches = number(&scratch.db, "SELECT count(*) FROM import_batches").await;
        assert_eq!(batches, 1, "a run that changes nothing leaves no trace");

        let change = "UPDATE profiles SET bio = 'other' WHERE username = 'edge_131'";
        scratch
            .db
            .execute_unprepared(change)
            .await
            .expect("a change");
        let compare = ["mongo", path(&dump), "--dry-run", "--verify"];
        let told = import(&scratch, dir.path(), &compare);
        assert_eq!(
            (told.code, &told.json["differences"]),
            (2, &Value::from(1)),
            "{}",
            told.words
        );
    }
}

#[tokio::test]
async fn a_dry_run_tells_the_same_and_writes_nothing() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let before = rows(&scratch, engine).await;
        let dump = data("proxim8_dump");
        let dry = import(&scratch, dir.path(), &["mongo", path(&dump), "--dry-run"]);
        assert_eq!((dry.code, dry.total("new")), (7, 249), "{}", dry.words);
        assert_eq!(lines(&dir.path().join("import-rejects.jsonl")).len(), 43);
        assert_eq!(rows(&scratch, engine).await, before);
        assert_eq!(
            number(&scratch.db, "SELECT count(*) FROM import_records").await,
            0
        );
        let real = import(&scratch, dir.path(), &["mongo", path(&dump)]);
        assert_eq!(real.json["collections"], dry.json["collections"]);
    }
}

/// A database whose import was killed in its middle. A test that is kept waiting finds an import that
/// is over, and tries another one.
async fn killed(engine: migration::engine::Engine, dump: &Path) -> (Scratch, tempfile::TempDir) {
    let records = "SELECT count(*) FROM import_records";
    for _ in 0..20 {
        let (scratch, dir) = fresh(engine).await;
        let arguments = ["mongo", path(dump), "--portion", "1"];
        let mut child = command(&scratch, dir.path(), &arguments)
            .spawn()
            .expect("the binary");
        while number(&scratch.db, records).await <= 70
            && child.try_wait().expect("a child").is_none()
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child.kill().expect("killed");
        child.wait().expect("gone");
        let done = number(&scratch.db, records).await;
        assert!(done > 70, "it ended by itself with {done} of 249");
        if done < 249 {
            return (scratch, dir);
        }
    }
    panic!("it was never killed in its middle");
}

#[tokio::test]
async fn an_import_that_is_killed_ends_as_if_it_had_not_been() {
    for engine in database::engines() {
        let dump = data("proxim8_dump");
        let (whole, dir) = fresh(engine).await;
        import(&whole, dir.path(), &["mongo", path(&dump)]);
        let (scratch, dir) = killed(engine, &dump).await;
        let told = import(&scratch, dir.path(), &["mongo", path(&dump)]);
        assert_eq!(
            (told.code, told.total("imported")),
            (7, 249),
            "{}",
            told.words
        );
        assert_eq!(lines(&dir.path().join("import-rejects.jsonl")).len(), 43);
        assert_eq!(rows(&scratch, engine).await, rows(&whole, engine).await);
        let open = "SELECT count(*) FROM import_batches WHERE state = 'partial'";
        assert_eq!(
            number(&scratch.db, open).await,
            1,
            "one batch, which went on"
        );
    }
}

#[tokio::test]
async fn what_is_cut_off_or_unknown_is_told_before_anything_is_written() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let bytes = std::fs::read(data("proxim8_dump/videos.bson")).expect("a file");
        let file = dir.path().join("videos.bson");
        std::fs::write(&file, &bytes[..bytes.len() - 9]).expect("written");
        std::fs::copy(
            data("proxim8_dump/accounts.bson"),
            dir.path().join("accounts.bson"),
        )
        .expect("copied");
        let told = import(&scratch, dir.path(), &["mongo", path(dir.path())]);
        assert_eq!(told.code, 1);
        assert!(
            told.words.contains("videos.bson: document 84"),
            "{}",
            told.words
        );
        assert_eq!(number(&scratch.db, "SELECT count(*) FROM users").await, 0);
        let empty = tempfile::tempdir().expect("a directory");
        let told = import(&scratch, dir.path(), &["mongo", path(empty.path())]);
        assert!(told.words.contains("NAME.bson"), "{}", told.words);
        let told = import(&scratch, dir.path(), &["mongo", "--undo"]);
        assert_eq!(told.code, 1, "{}", told.words);
        assert!(
            told.words.contains("nothing to take back"),
            "{}",
            told.words
        );
    }
}

/// An export with one document less, one that says something else, and one that is new.
fn later(dir: &Path) -> PathBuf {
    let text =
        std::fs::read_to_string(data("proxim8_export/profiles.relaxed.jsonl")).expect("a file");
    let changed = text.replace(
        "\"username\":\"edge_131\"",
        "\"username\":\"edge_131\",\"bio\":\"new\"",
    );
    let changed = changed.replace(
        "\"username\":\"HACK_11\"",
        "\"username\":\"HACK_11\",\"bio\":\"also new\"",
    );
    assert_ne!(text, changed);
    let file = dir.join("profiles.json");
    std::fs::write(&file, changed).expect("written");
    file
}

async fn bio(scratch: &Scratch, username: &str) -> Option<String> {
    let sql = format!("SELECT bio FROM profiles WHERE username = '{username}'");
    text(&scratch.db, &sql).await
}

#[tokio::test]
async fn a_later_dump_updates_what_nobody_touched_here_and_is_taken_back_by_itself() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        import(
            &scratch,
            dir.path(),
            &["mongo", path(&data("proxim8_dump"))],
        );
        let file = later(dir.path());
        let before = rows(&scratch, engine).await;
        let told = import(&scratch, dir.path(), &["mongo", path(&file)]);
        let (updated, kept) = (told.total("updated"), told.total("kept"));
        assert!(updated > 0 && kept == 0, "{}", told.words);
        assert_eq!(bio(&scratch, "edge_131").await.as_deref(), Some("new"));
        let undone = import(&scratch, dir.path(), &["mongo", "--undo"]);
        assert_eq!(undone.code, 0, "{}", undone.words);
        assert_eq!(undone.json["undo"]["restored"], updated);
        assert_eq!(bio(&scratch, "edge_131").await, None);
        assert_eq!(before["users"], rows(&scratch, engine).await["users"]);

        let touch = "UPDATE profiles SET avatar = 'mine' WHERE username = 'edge_131'";
        scratch
            .db
            .execute_unprepared(touch)
            .await
            .expect("a change");
        let told = import(&scratch, dir.path(), &["mongo", path(&file)]);
        assert_eq!(
            (told.total("updated"), told.total("kept")),
            (updated - 1, 1),
            "{}",
            told.words
        );
        assert_eq!(bio(&scratch, "edge_131").await, None, "ours stays");
        let listed = lines(&dir.path().join("import-notes.jsonl"));
        assert!(
            listed.iter().any(|line| line["reason"] == "touched_here"),
            "{listed:?}"
        );
    }
}

#[tokio::test]
async fn an_import_is_taken_back_but_nothing_that_was_touched_here() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let before = rows(&scratch, engine).await;
        let dump = data("proxim8_dump");
        import(&scratch, dir.path(), &["mongo", path(&dump)]);
        let undone = import(&scratch, dir.path(), &["mongo", "--undo"]);
        assert_eq!(undone.code, 0, "{}", undone.words);
        assert_eq!(rows(&scratch, engine).await, before);
        assert_eq!(
            number(&scratch.db, "SELECT count(*) FROM import_records").await,
            0
        );

        import(&scratch, dir.path(), &["mongo", path(&dump)]);
        let touch = "UPDATE profiles SET bio = 'mine' WHERE username = 'edge_131'";
        scratch
            .db
            .execute_unprepared(touch)
            .await
            .expect("a change");
        let touched = rows(&scratch, engine).await;
        let refused = import(&scratch, dir.path(), &["mongo", "--undo"]);
        assert_eq!(refused.code, 5, "{}", refused.words);
        assert_eq!(rows(&scratch, engine).await, touched);
        // The profile, the person whose it is, and their wallet.
        assert_eq!(refused.json["undo"]["kept"], 3, "{}", refused.words);
        let undone = import(&scratch, dir.path(), &["mongo", "--undo", "--keep-touched"]);
        assert_eq!(undone.code, 7, "{}", undone.words);
        let left = rows(&scratch, engine).await;
        let counts = TABLES.map(|table| left[table].len());
        assert_eq!(counts, [1, 1, 1, 0, 0, 0]);
    }
}
