//! An `SQLite` file has one server at a time.

use crate::process::Home;

#[test]
fn a_second_server_on_one_sqlite_file_is_refused() {
    let home = Home::new().set("CHANCERY_DATA_DIR", "data");
    let mut first = home.serve(&["serve", "--migrate"]);
    first.ready();
    let (code, said) = home.say(&["serve"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("belongs to one process"), "{said}");
    // By another name it is the same file.
    std::os::unix::fs::symlink("data", home.path("link")).unwrap();
    let linked = home.set("CHANCERY_DATA_DIR", "link");
    let (code, said) = linked.say(&["serve"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("belongs to one process"), "{said}");
    // Short commands have their way beside it.
    let (code, said) = linked.say(&["migrate", "status"]);
    assert_eq!(code, 0, "{said}");

    // However it ends, the next one has the file.
    first.signal("KILL");
    first.end();
    let mut next = linked.serve(&["serve"]);
    next.ready();
    next.signal("TERM");
    assert_eq!(next.end(), Some(0));
}
