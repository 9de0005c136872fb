//! What an import lists, and what it reads: where either fails, it fails before its first row.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use migration::engine::Engine;
use migration::up;

use crate::database::{self, Scratch};
use crate::importing::{data, import, lines, number};

async fn fresh(engine: Engine) -> (Scratch, tempfile::TempDir) {
    let scratch = Scratch::new(engine).await;
    up(&scratch.db).await.expect("up");
    (scratch, tempfile::tempdir().expect("a directory"))
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path")
}

async fn assert_untouched(scratch: &Scratch) {
    for table in ["users", "import_batches"] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(number(&scratch.db, &count).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_written_stops_an_import_before_its_first_row() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let dump = data("proxim8_dump");
        let nowhere = dir.path().join("none").join("list.jsonl");
        for option in ["--rejects", "--notes"] {
            for wrong in [nowhere.as_path(), dir.path()] {
                let all = ["mongo", path(&dump), option, path(wrong)];
                let told = import(&scratch, dir.path(), &all);
                assert_eq!(told.code, 1, "{}", told.words);
                assert!(told.words.contains(option), "{}", told.words);
            }
        }
        let same = ["--rejects", "one.jsonl", "--notes", "one.jsonl"];
        let told = import(
            &scratch,
            dir.path(),
            &[&["mongo", path(&dump)], &same[..]].concat(),
        );
        assert_eq!(told.code, 1, "{}", told.words);
        assert_untouched(&scratch).await;
        let left = std::fs::read_dir(dir.path()).expect("a directory").count();
        assert_eq!(left, 0, "a list without a line is no file");
    }
}

#[tokio::test]
async fn a_list_is_its_owners_and_an_older_one_stays_until_it_is_whole() {
    let (scratch, dir) = fresh(Engine::Sqlite).await;
    let list = dir.path().join("import-rejects.jsonl");
    std::fs::write(&list, "{\"of\": \"before\"}\n").expect("written");
    // An import that refuses nothing has no list of it.
    let videos = dir.path().join("videos.json");
    std::fs::write(&videos, "").expect("written");
    let told = import(&scratch, dir.path(), &["mongo", path(&videos)]);
    assert_eq!(told.code, 0, "{}", told.words);
    assert_eq!(lines(&list)[0]["of"], "before");
    let dump = data("proxim8_dump");
    let told = import(&scratch, dir.path(), &["mongo", path(&dump)]);
    assert_eq!(told.code, 7, "{}", told.words);
    assert_eq!(lines(&list).len(), 43);
    let found = std::fs::metadata(&list).expect("a file");
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_packed_file_that_is_cut_off_is_told_before_anything_is_written() {
    let (scratch, dir) = fresh(Engine::Sqlite).await;
    let bytes = std::fs::read(data("proxim8_dump/videos.bson")).expect("a file");
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&bytes).expect("packed");
    let packed = packed.finish().expect("packed");
    let file = dir.path().join("videos.bson.gz");
    for kept in [4, packed.len() / 2, packed.len() - 1] {
        std::fs::write(&file, &packed[..kept]).expect("written");
        let told = import(&scratch, dir.path(), &["mongo", path(&file)]);
        assert_eq!(told.code, 1, "{kept}: {}", told.words);
        let said = "is cut off or damaged; nothing was written";
        assert!(told.words.contains(said), "{kept}: {}", told.words);
    }
    assert_untouched(&scratch).await;
}
