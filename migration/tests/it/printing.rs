//! What becomes of an answer that cannot be written where it should stand.

use std::fs::OpenOptions;
use std::process::Stdio;

use crate::binary::{code, command, migrate};
use crate::database::{self, Scratch};

/// A file that is full whatever is in it.
fn full() -> Stdio {
    let file = OpenOptions::new().write(true).open("/dev/full");
    file.expect("a device").into()
}

/// The end of a pipe that nobody reads from any more.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[tokio::test]
async fn an_answer_that_cannot_be_written_is_an_error_and_the_work_is_told_to_be_done() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        for (arguments, name, before) in [
            (&["up", "-n", "1", "--json"][..], "up", 0),
            (&["up", "-n", "1"], "up", 0),
            (&["status", "--json"], "status", 2),
            (&["status"], "status", 2),
            (&["drift"], "drift", 0),
            (&["diff", "--json"], "diff", 2),
        ] {
            let mut told = command(&scratch, arguments);
            let told = told.stdout(full()).output().expect("the binary");
            let said = String::from_utf8_lossy(&told.stderr).into_owned();
            assert_eq!(code(&told), Some(1), "{arguments:?}: {said}");
            let words = format!("`{name}` is done and would have ended with {before}");
            assert!(said.contains(&words), "{arguments:?}: {said}");
            assert!(said.contains("No space left"), "{arguments:?}: {said}");
        }
        let status = migrate(&scratch, &["status", "--json"]);
        let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("JSON");
        let applied = status["applied"].as_array().expect("steps").len();
        assert_eq!(applied, 2, "what was done is done");
    }
}

#[tokio::test]
async fn a_refusal_that_cannot_be_written_as_an_object_is_said_in_words() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        for place in [full, closed] {
            let mut told = command(&scratch, &["up", "--to", "nothing", "--json"]);
            let told = told.stdout(place()).output().expect("the binary");
            let said = String::from_utf8_lossy(&told.stderr).into_owned();
            assert_eq!(code(&told), Some(64), "{said}");
            assert!(said.contains("error: no one step is called"), "{said}");
        }
    }
}

#[tokio::test]
async fn who_reads_no_further_changes_nothing_about_the_work() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        for (arguments, expected) in [
            (&["up", "-n", "2"][..], 0),
            (&["status"], 2),
            (&["diff"], 2),
            (&["status", "--json"], 2),
        ] {
            let mut told = command(&scratch, arguments);
            let told = told.stdout(closed()).output().expect("the binary");
            let said = String::from_utf8_lossy(&told.stderr).into_owned();
            assert_eq!(code(&told), Some(expected), "{arguments:?}: {said}");
            assert!(!said.contains("error"), "{arguments:?}: {said}");
        }
    }
}
