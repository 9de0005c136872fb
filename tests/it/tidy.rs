//! The rules of the house that lints cannot keep.

use std::path::{Path, PathBuf};

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let (folders, files): (Vec<_>, Vec<_>) = entries
        .map(|entry| entry.path())
        .partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| self::files(folder));
    files.into_iter().chain(below).collect()
}

#[test]
fn what_a_domain_writes_is_in_its_store() {
    let service = Path::new(env!("CARGO_MANIFEST_DIR")).join("../service/src");
    let mut domains = 0;
    for entry in std::fs::read_dir(&service).unwrap() {
        let domain = entry.unwrap().path();
        if !domain.join("store.rs").is_file() {
            continue;
        }
        domains += 1;
        for file in files(&domain) {
            let name = file.file_name().unwrap().to_str().unwrap();
            let text = std::fs::read_to_string(&file).unwrap();
            let may = ["store.rs", "sqlite.rs", "postgres.rs"].contains(&name);
            let writes = text.contains("EntityTrait") || text.contains("ActiveModel");
            assert!(may || !writes, "{}", file.display());
        }
    }
    assert!(domains > 1, "the domains have moved");
}
