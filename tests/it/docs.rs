//! The examples of docs/api.md are true: they run as they stand, on both engines. And no link leads
//! nowhere.

use std::process::Command;

use entity::identity::user::UserRole;
use serde_json::Value;
use tests::{PASSWORD, TestApp};

use crate::sources::{read, root};

/// A block of the page: what kind it is, and what stands in it.
fn blocks(page: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    let mut within = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(_) if within => within = false,
            Some(kind) => {
                within = true;
                found.push((kind, String::new()));
            }
            None if within => {
                let (_, text) = found.last_mut().unwrap();
                text.push_str(line);
                text.push('\n');
            }
            None => {}
        }
    }
    found
}

/// Whether `answer` has what `told` tells of: the same words and numbers, and something where it only
/// says `…`.
fn fits(told: &Value, answer: &Value, at: &str) -> Result<(), String> {
    let wrong = || Err(format!("{at}: {answer} instead of {told}"));
    match (told, answer) {
        (Value::String(text), Value::String(_)) if text == "…" => Ok(()),
        (Value::Object(told), Value::Object(answer)) => {
            told.iter()
                .try_for_each(|(name, told)| match answer.get(name) {
                    Some(answer) => fits(told, answer, &format!("{at}/{name}")),
                    None => Err(format!("{at}: there is no {name}")),
                })
        }
        (Value::Array(told), Value::Array(answer)) => {
            if told.len() > answer.len() || told.is_empty() != answer.is_empty() {
                return wrong();
            }
            let mut pairs = told.iter().zip(answer);
            pairs.try_for_each(|(told, answer)| fits(told, answer, at))
        }
        _ if told == answer => Ok(()),
        _ => wrong(),
    }
}

/// Whether what the examples are written for is here.
fn can_run() -> bool {
    let has = |tool: &&str| {
        let mut command = Command::new(tool);
        command.arg("--version").output().is_ok()
    };
    ["bash", "curl", "jq"].iter().all(has)
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
async fn the_examples_run() {
    if !can_run() {
        eprintln!("SKIPPED: the examples of docs/api.md, for want of bash, curl or jq");
        return;
    }
    let page = read("docs/api.md");
    let blocks = blocks(&page);
    assert!(blocks.len() > 10, "the page has lost its examples");
    for app in TestApp::each().await {
        app.user("ann", UserRole::User).await;
        // Each block's output apart from the next one's.
        let mut script = "set -euo pipefail\n".to_owned();
        for (kind, text) in &blocks {
            if *kind == "sh" && !text.starts_with("B=") {
                script.push_str(text);
                script.push_str("echo; echo '--- end'\n");
            }
        }
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("bash");
        command
            .args(["-c", &script])
            .current_dir(directory.path())
            .env("B", &app.base)
            .env("EMAIL", "ann@example.test")
            .env("PASSWORD", PASSWORD);
        let ran = tokio::task::spawn_blocking(move || command.output().unwrap());
        let ran = ran.await.unwrap();
        let heard = String::from_utf8(ran.stdout).unwrap();
        let trouble = String::from_utf8(ran.stderr).unwrap();
        assert!(ran.status.success(), "{}: {heard}\n{trouble}", app.engine);

        let mut outputs = heard.split("--- end\n");
        let mut last = "";
        for (kind, text) in &blocks {
            match *kind {
                "sh" if !text.starts_with("B=") => last = outputs.next().unwrap(),
                "json" => {
                    let told = text.replace("ann@demo.test", "ann@example.test");
                    let told: Value = serde_json::from_str(&told).unwrap();
                    let mut lines = last.lines().rev();
                    let answer = lines.find(|line| line.starts_with(['{', '['])).unwrap();
                    // Answers may follow each other on a line: the last one counts.
                    let answers = serde_json::Deserializer::from_str(answer).into_iter::<Value>();
                    let answer = answers.last().unwrap().unwrap();
                    if let Err(wrong) = fits(&told, &answer, "") {
                        panic!("{}: {wrong}\n{text}", app.engine);
                    }
                }
                _ => {}
            }
        }
        app.stop().await;
    }
}

/// What the heading `line` is called in an address, as the hosts of repositories call it.
fn anchor(line: &str) -> Option<String> {
    let heading = line.trim_start_matches('#');
    if heading.len() == line.len() || !heading.starts_with(' ') {
        return None;
    }
    let letters = heading.trim().chars().filter_map(|one| match one {
        ' ' => Some('-'),
        '-' | '_' => Some(one),
        _ if one.is_alphanumeric() => Some(one.to_ascii_lowercase()),
        _ => None,
    });
    Some(letters.collect())
}

#[test]
fn every_link_leads_somewhere() {
    let pages = ["", "docs", "docs/adr"].map(|directory| {
        let entries = std::fs::read_dir(root().join(directory)).unwrap().flatten();
        let files = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|one| one == "md"));
        files.collect::<Vec<_>>()
    });
    let (mut links, mut broken) = (0, Vec::new());
    for page in pages.iter().flatten() {
        let text = std::fs::read_to_string(page).unwrap();
        for link in text.split("](").skip(1) {
            let Some((target, _)) = link.split_once(')') else {
                continue;
            };
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            links += 1;
            let (file, place) = target.split_once('#').unwrap_or((target, ""));
            let there = match file {
                "" => page.clone(),
                _ => page.parent().unwrap().join(file),
            };
            let found = std::fs::exists(&there).unwrap()
                && (place.is_empty() || {
                    let text = std::fs::read_to_string(&there).unwrap();
                    text.lines().filter_map(anchor).any(|one| one == place)
                });
            if !found {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(links > 10, "the documents have lost their links");
    assert_eq!(broken, Vec::<String>::new());
}
