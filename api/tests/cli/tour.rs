//! The README's tour, walked as it is written.

use std::path::Path;
use std::process::Command;

use crate::process::Home;

/// The shell that the README shows, but for the two commands.
fn tour() -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let blocks = readme.split("```sh\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    let blocks: Vec<&str> = blocks.filter(|block| !block.contains("cargo")).collect();
    assert!(blocks.len() > 4, "the tour has moved");
    blocks.concat()
}

#[test]
fn the_tour_of_the_readme_can_be_walked() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("no curl is here: the tour was not walked");
        return;
    }
    let home = Home::new();
    // The tour is a worker itself.
    let demo = home.serve(&["demo", "--alone"]);
    let script = tour().replace("127.0.0.1:8080", &demo.address);
    let directory = tempfile::tempdir().unwrap();
    let walk = Command::new("sh")
        .args(["-eu", "-c", &script])
        .current_dir(directory.path())
        .output()
        .unwrap();
    let heard = String::from_utf8(walk.stdout).unwrap();
    assert!(walk.status.success(), "{heard}");
    assert!(
        !heard.contains("\"code\""),
        "something was refused: {heard}"
    );
    for part in [
        "\"email\":\"admin@demo.test\"",
        "\"status\":\"COMPLETED\"",
        "\"lease_token\"",
        "\"text\":\"Pyramidal\",\"hit\":true",
        "\"tokenUsage\":{\"total\":",
    ] {
        assert!(heard.contains(part), "{part}: {heard}");
    }
}
