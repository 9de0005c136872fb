//! A dump after a dump, of one database or of another: names that are passed on, batches that go on, rows that
//! are not as they were left.

use std::path::Path;

use crate::database::{self, Scratch};
use crate::importing::{
    Told, account, account_of, fresh, import, lines, number, oid, profile, run, text, written,
};

fn accounts(dir: &Path, many: u32) -> String {
    let all: Vec<String> = (1..=many).map(account).collect();
    written(dir, "accounts.jsonl", all.concat())
}

/// Import these profiles, compared afterwards.
fn profiles(scratch: &Scratch, dir: &Path, all: &[(u32, &str, &str)]) -> Told {
    let all = all
        .iter()
        .map(|(number, name, bio)| profile(*number, name, bio));
    let file = written(dir, "profiles.jsonl", all.collect::<String>());
    let how = ["mongo", &file, "--verify", "--portion", "2"];
    import(scratch, dir, &how)
}

/// The names of all profiles, in the order of what they say.
async fn names(scratch: &Scratch) -> String {
    let mut names = Vec::new();
    for bio in 1..=5 {
        let name = format!("SELECT min(username) FROM profiles WHERE bio = '{bio}'");
        names.extend(text(&scratch.db, &name).await);
    }
    names.join(" ")
}

#[tokio::test]
async fn a_batch_that_went_on_is_taken_back_whole() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        import(&scratch, dir.path(), &["mongo", &accounts(dir.path(), 2)]);
        let bio = "SELECT bio FROM profiles WHERE username = 'a'";
        profiles(&scratch, dir.path(), &[(1, "a", "one")]);
        profiles(&scratch, dir.path(), &[(1, "a", "two"), (2, "b", "two")]);
        // As one leaves it that is killed.
        let killed = "UPDATE import_batches SET state = 'running', finished_at = NULL
            WHERE id = (SELECT id FROM import_batches ORDER BY created_at DESC, id DESC LIMIT 1)";
        run(&scratch.db, killed).await;
        let told = profiles(
            &scratch,
            dir.path(),
            &[(1, "a", "three"), (2, "b", "three")],
        );
        assert_eq!((told.code, told.total("updated")), (0, 2), "{}", told.words);
        assert_eq!(text(&scratch.db, bio).await.as_deref(), Some("three"));
        let undone = import(&scratch, dir.path(), &["mongo", "--undo"]);
        assert_eq!(undone.code, 0, "{}", undone.words);
        assert_eq!(text(&scratch.db, bio).await.as_deref(), Some("one"));
        assert_eq!(
            number(&scratch.db, "SELECT count(*) FROM profiles").await,
            1
        );
        let told = profiles(&scratch, dir.path(), &[(1, "a", "one")]);
        assert_eq!(told.total("unchanged"), 1, "{}", told.words);
    }
}

#[tokio::test]
async fn names_that_are_passed_on_or_exchanged_arrive_at_once_and_go_back() {
    let first = [(1, "x", "1"), (2, "y", "2"), (3, "z", "3"), (4, "v", "4")];
    for (later, wanted) in [
        // Exchanged.
        (vec![(1, "y", "1"), (2, "x", "2")], "y x z v"),
        (vec![(1, "y", "1"), (2, "z", "2"), (3, "x", "3")], "y z x v"),
        // Passed on, the last of them to a new one.
        (
            vec![(5, "x", "5"), (1, "y", "1"), (2, "z", "2"), (3, "w", "3")],
            "y z w v x",
        ),
        // Passed on within an exchange.
        (
            vec![
                (5, "v", "5"),
                (4, "x", "4"),
                (1, "y", "1"),
                (2, "z", "2"),
                (3, "w", "3"),
            ],
            "y z w x v",
        ),
    ] {
        for engine in database::engines() {
            let (scratch, dir) = fresh(engine).await;
            import(&scratch, dir.path(), &["mongo", &accounts(dir.path(), 5)]);
            profiles(&scratch, dir.path(), &first);
            let dry = {
                let all = later
                    .iter()
                    .map(|(number, name, bio)| profile(*number, name, bio));
                let file = written(dir.path(), "profiles.jsonl", all.collect::<String>());
                import(
                    &scratch,
                    dir.path(),
                    &["mongo", &file, "--dry-run", "--verify"],
                )
            };
            assert_eq!(dry.code, 2, "{}", dry.words);
            let told = profiles(&scratch, dir.path(), &later);
            assert_eq!(
                (told.code, told.total("rejected")),
                (0, 0),
                "{}",
                told.words
            );
            assert_eq!(names(&scratch).await, wanted);
            let again = profiles(&scratch, dir.path(), &later);
            assert_eq!(
                again.total("unchanged"),
                later.len() as u64,
                "{}",
                again.words
            );
            let undone = import(&scratch, dir.path(), &["mongo", "--undo"]);
            assert_eq!(undone.code, 0, "{}", undone.words);
            assert_eq!(names(&scratch).await, "x y z v");
        }
    }
}

#[tokio::test]
async fn an_exchange_with_a_row_that_was_changed_here_is_refused_and_leaves_it() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        import(&scratch, dir.path(), &["mongo", &accounts(dir.path(), 2)]);
        profiles(&scratch, dir.path(), &[(1, "x", "1"), (2, "y", "2")]);
        run(
            &scratch.db,
            "UPDATE profiles SET avatar = 'mine' WHERE username = 'y'",
        )
        .await;
        for _ in 0..2 {
            let told = profiles(&scratch, dir.path(), &[(1, "y", "1"), (2, "x", "2")]);
            assert_eq!(
                (told.code, told.total("rejected")),
                (7, 2),
                "{}",
                told.words
            );
            assert_eq!(names(&scratch).await, "x y");
        }
        // Nothing was written, so nothing hides the import that is taken back.
        let batches = "SELECT count(*) FROM import_batches";
        assert_eq!(number(&scratch.db, batches).await, 2);
    }
}

#[tokio::test]
async fn ids_of_two_databases_are_kept_apart() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let of = |front: &str| {
            let wallet = |number: u32| format!("0x{front}{number:039x}");
            let all: Vec<String> = (1..=3)
                .map(|number| account_of(number, &wallet(number)))
                .collect();
            all.concat()
        };
        for (source, front) in [("a", "a"), ("b", "b"), ("a", "a"), ("b", "b")] {
            written(dir.path(), "accounts.jsonl", of(front));
            let all: Vec<String> = (1..=3)
                .map(|number| profile(number, &format!("{source}{number}"), ""))
                .collect();
            written(dir.path(), "profiles.jsonl", all.concat());
            let folder = dir.path().to_str().expect("a path");
            let how = ["mongo", folder, "--source", source, "--verify"];
            let told = import(&scratch, dir.path(), &how);
            assert_eq!(
                (told.code, told.total("imported")),
                (0, 6),
                "{}",
                told.words
            );
        }
        for (table, many) in [("users", 6), ("profiles", 6), ("import_batches", 2)] {
            let count = format!("SELECT count(*) FROM {table}");
            assert_eq!(number(&scratch.db, &count).await, many, "{table}");
        }
        let theirs = "SELECT count(*) FROM profiles JOIN user_identities USING (user_id)
            WHERE substr(username, 1, 1) = substr(subject, 3, 1)";
        assert_eq!(number(&scratch.db, theirs).await, 6);
        let undone = import(&scratch, dir.path(), &["mongo", "--source", "a", "--undo"]);
        assert_eq!(undone.code, 0, "{}", undone.words);
        assert_eq!(number(&scratch.db, "SELECT count(*) FROM users").await, 3);
    }
}

#[tokio::test]
async fn rows_that_were_changed_or_deleted_here_are_listed_though_nothing_is_new() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        import(&scratch, dir.path(), &["mongo", &accounts(dir.path(), 3)]);
        let all = [(1, "x", "1"), (2, "y", "2"), (3, "z", "3")];
        profiles(&scratch, dir.path(), &all);
        run(&scratch.db, "DELETE FROM profiles WHERE username = 'x'").await;
        run(
            &scratch.db,
            "UPDATE profiles SET bio = 'mine' WHERE username = 'y'",
        )
        .await;
        let file = dir.path().join("profiles.jsonl");
        let file = file.to_str().expect("a path");
        let told = import(&scratch, dir.path(), &["mongo", file]);
        assert_eq!(
            (told.code, told.total("unchanged"), told.total("kept")),
            (0, 1, 2),
            "{}",
            told.words
        );
        let listed = lines(&dir.path().join("import-notes.jsonl"));
        let touched = listed
            .iter()
            .filter(|line| line["reason"] == "touched_here");
        let touched: Vec<&str> = touched.filter_map(|line| line["_id"].as_str()).collect();
        assert_eq!(touched, [oid(1), oid(2)]);
    }
}

#[tokio::test]
async fn what_is_not_here_does_not_count_as_imported() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let file = accounts(dir.path(), 3);
        let told = import(
            &scratch,
            dir.path(),
            &["mongo", &file, "--dry-run", "--verify"],
        );
        let found = (told.code, told.total("imported"), told.total("rejected"));
        assert_eq!(found, (2, 0, 3), "{}", told.words);
        assert_eq!(told.json["differences"], 3, "{}", told.words);
        let listed = lines(&dir.path().join("import-rejects.jsonl"));
        assert!(listed.iter().all(|line| line["reason"] == "not_here"));
    }
}
