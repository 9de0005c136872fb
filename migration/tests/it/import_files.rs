//! Files that are damaged, cut off, nested without end, or about to be written over.

use std::os::unix::fs::symlink;

use migration::engine::Engine;

use crate::database::{self, Scratch};
use crate::importing::{account, account_of, fresh, import, lines, number, oid, text, written};

/// An account with so many documents in each other, in a line.
fn deep(levels: usize) -> String {
    let metadata = format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let whole = format!(",\"metadata\":{metadata}}}\n");
    account(2).trim_end_matches("}\n").to_owned() + &whole
}

/// The same in `BSON`: an account with a document in a document.
fn deep_bson(levels: usize) -> Vec<u8> {
    let framed = |inner: &[u8]| {
        let length = i32::try_from(inner.len() + 5).expect("small");
        [&length.to_le_bytes()[..], inner, &[0]].concat()
    };
    let mut inner = framed(&[]);
    for _ in 1..levels {
        inner = framed(&[b"\x03a\0", &inner[..]].concat());
    }
    let id = [&b"\x07_id\0"[..], &[7; 12]].concat();
    framed(&[&id[..], b"\x03metadata\0", &inner].concat())
}

async fn assert_empty(scratch: &Scratch) {
    let users = number(&scratch.db, "SELECT count(*) FROM users").await;
    assert_eq!(users, 0);
}

#[tokio::test]
async fn json_that_is_cut_off_stops_an_import_before_anything_is_written() {
    let (one, two) = (account(1), account(2));
    let (one, two) = (one.trim(), two.trim());
    let cut = two.trim_end_matches('}');
    let files = [
        ("accounts.json", format!("[{one},\n{two}")),
        ("accounts.json", format!("[{one},\n{two},\n")),
        ("accounts.json", format!("[{one}\n{two}]")),
        ("accounts.json", format!("[{one},\n{cut}")),
        ("accounts.json", format!("[{one}]\n[{two}")),
        // Behind the bracket that ends an inner document.
        (
            "accounts.jsonl",
            format!("{one}\n{{\"_id\":{{\"$oid\":\"{}\"}}", oid(2)),
        ),
    ];
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        for (name, content) in &files {
            let file = written(dir.path(), name, content);
            let told = import(&scratch, dir.path(), &["mongo", &file]);
            assert_eq!(told.code, 1, "{content}: {}", told.words);
            let said = "is cut off or damaged; nothing was written";
            assert!(told.words.contains(said), "{content}: {}", told.words);
        }
        assert_empty(&scratch).await;
    }
}

#[tokio::test]
async fn what_is_no_document_is_refused_where_it_stands() {
    let (one, two, three) = (account(1), account(2), account(3));
    let (one, two) = (one.trim(), two.trim());
    let deep_line = deep(7_000);
    let files = [
        (
            format!("[{one}, 42, \"x,]}}\", [], null, {two}]"),
            (6, 2, 4),
        ),
        (format!("[[{one}], {two}]"), (2, 1, 1)),
        (format!("[{one}]\n[ ]\n[{two}]\n"), (2, 2, 0)),
        ("\u{feff}[]".to_owned(), (0, 0, 0)),
        (format!("{one}\n42\nnull\n{two}\n"), (4, 2, 2)),
        (format!("{one}\n{deep_line}{three}"), (3, 2, 1)),
        (format!("[{one},{deep_line},{three}]"), (3, 2, 1)),
    ];
    for engine in database::engines() {
        for (content, wanted) in &files {
            let (scratch, dir) = fresh(engine).await;
            let file = written(dir.path(), "accounts.json", content);
            let told = import(&scratch, dir.path(), &["mongo", &file]);
            let found = ["read", "imported", "rejected"].map(|what| told.total(what));
            assert_eq!(found, <[u64; 3]>::from(*wanted), "{}", told.words);
            if wanted.2 == 0 {
                continue;
            }
            assert_eq!(told.code, 7, "{}", told.words);
            for line in lines(&dir.path().join("import-rejects.jsonl")) {
                assert_eq!(line["reason"], "bad_document", "{line}");
                let (document, byte) = (&line["position"]["document"], &line["position"]["byte"]);
                assert!(document.is_u64() && byte.is_u64(), "{line}");
            }
        }
    }
}

#[tokio::test]
async fn a_dump_that_is_nested_too_deep_or_damaged_is_listed_with_its_id() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let whole = bson::doc! {"_id": "whole", "walletAddress": "0xa1"};
        let mut damaged = bson::doc! {"_id": "damaged", "walletAddress": "0xa2"}
            .to_vec()
            .expect("BSON");
        let field = damaged.windows(6).position(|found| found == b"wallet");
        damaged[field.expect("the field") - 1] = 0x66;
        let bytes = [whole.to_vec().expect("BSON"), deep_bson(7_000), damaged].concat();
        let file = written(dir.path(), "accounts.bson", bytes);
        let told = import(&scratch, dir.path(), &["mongo", &file]);
        assert_eq!(
            (told.code, told.total("imported")),
            (7, 1),
            "{}",
            told.words
        );
        let listed = lines(&dir.path().join("import-rejects.jsonl"));
        let listed: Vec<_> = listed
            .iter()
            .map(|line| (line["reason"].as_str(), line["_id"].as_str()))
            .collect();
        let id = "07".repeat(12);
        let wanted = [
            (Some("bad_document"), Some(id.as_str())),
            (Some("bad_document"), Some("damaged")),
        ];
        assert_eq!(listed, wanted);
    }
}

#[tokio::test]
async fn a_list_never_takes_the_place_of_what_is_read() {
    let (scratch, dir) = fresh(Engine::Sqlite).await;
    let content = account_of(1, "");
    let file = written(dir.path(), "accounts.jsonl", &content);
    let other = written(dir.path(), "accounts.canonical.json", &content);
    symlink(&file, dir.path().join("link")).expect("a link");
    for list in [
        file.as_str(),
        other.as_str(),
        "accounts.jsonl",
        "./accounts.jsonl",
        "link",
    ] {
        for option in ["--rejects", "--notes"] {
            let all = ["mongo", path_of(&dir), option, list];
            let told = import(&scratch, dir.path(), &all);
            assert_eq!(told.code, 1, "{list}: {}", told.words);
            assert!(told.words.contains("name another file"), "{}", told.words);
        }
        for file in [&file, &other] {
            assert_eq!(std::fs::read_to_string(file).expect("a file"), content);
        }
    }
    // A database is read, too.
    let there = Scratch::new(Engine::Sqlite).await;
    crate::importing::run(&there.db, "CREATE TABLE users (id text)").await;
    let place = there.url.trim_start_matches("sqlite://");
    let place = place.trim_end_matches("?mode=rwc");
    let url = format!("file:{place}");
    let told = import(
        &scratch,
        dir.path(),
        &["prisma", "--url", &url, "--rejects", place],
    );
    assert!(told.words.contains("name another file"), "{}", told.words);
    // A list of the import before may lie beside what is read.
    let old = written(dir.path(), "import-rejects.jsonl", "{}\n");
    let told = import(
        &scratch,
        dir.path(),
        &["mongo", path_of(&dir), "--rejects", &old],
    );
    assert_eq!(told.code, 7, "{}", told.words);
}

fn path_of(dir: &tempfile::TempDir) -> &str {
    dir.path().to_str().expect("a path")
}

#[tokio::test]
async fn an_id_that_stands_twice_is_one_document() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let twice = [account(1), account_of(1, "0xb0"), account(2)].concat();
        let file = written(dir.path(), "accounts.jsonl", twice);
        for done in ["new", "unchanged"] {
            let told = import(&scratch, dir.path(), &["mongo", &file, "--verify"]);
            let found = (told.code, told.total(done), told.total("rejected"));
            assert_eq!(found, (7, 2, 1), "{}", told.words);
            assert_eq!(told.json["differences"], 0, "{}", told.words);
            let listed = lines(&dir.path().join("import-rejects.jsonl"));
            assert_eq!(listed[0]["reason"], "duplicate_key");
            assert_eq!(listed[0]["position"]["document"], 2);
        }
        let undone = import(&scratch, dir.path(), &["mongo", "--undo"]);
        assert_eq!(undone.code, 0, "{}", undone.words);
    }
}

#[tokio::test]
async fn a_text_that_is_spelt_like_an_object_id_is_another_id() {
    let text_id = |number| {
        let object = format!("{{\"$oid\":\"{}\"}}", oid(number));
        account(number).replace(&object, &format!("\"{}\"", oid(number)))
    };
    let kept = format!(
        "SELECT external_id FROM import_records WHERE external_id = '{}'",
        oid(3)
    );
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let other = text_id(1).replace("0x0", "0xf");
        // In either order: what they are called does not hang on which is read first.
        for all in [
            [other.clone(), account(1), text_id(3)].concat(),
            [account(1), text_id(3), other].concat(),
        ] {
            let file = written(dir.path(), "accounts.jsonl", all);
            let told = import(&scratch, dir.path(), &["mongo", &file, "--verify"]);
            assert_eq!(
                (told.code, told.total("imported")),
                (0, 3),
                "{}",
                told.words
            );
            assert_eq!(told.total("updated"), 0, "{}", told.words);
            let users = number(&scratch.db, "SELECT count(*) FROM users").await;
            assert_eq!(users, 3);
        }
        assert_eq!(text(&scratch.db, &kept).await, Some(oid(3)), "as before");
    }
}
