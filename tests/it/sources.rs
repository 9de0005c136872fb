//! The project's own sources, as tests read them.

use std::path::{Path, PathBuf};

/// The crates, and where their code is.
pub(crate) const CRATES: [&str; 5] = ["entity", "migration", "service", "api", "tests"];

/// One source file.
pub(crate) struct Source {
    /// Its path below the project's root.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

/// The project's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file below the root.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust file of every crate.
pub(crate) fn all() -> Vec<Source> {
    let mut found = Vec::new();
    for name in CRATES {
        walk(&root().join(name), name, &mut found);
    }
    assert!(
        found.len() > 100,
        "the sources are not where they are sought"
    );
    found
}

fn walk(directory: &Path, shown: &str, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        let shown = format!("{shown}/{name}");
        if path.is_dir() && name != "target" && name != "node_modules" {
            walk(&path, &shown, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push(Source { path: shown, text });
        }
    }
}

impl Source {
    /// Its lines without comments and without what is only compiled for tests, each with its number.
    pub(crate) fn code(&self) -> Vec<(usize, String)> {
        let bare = without_comments(&self.text);
        let (mut lines, mut skipping, mut depth) = (Vec::new(), false, 0_i32);
        for (number, line) in bare.lines().enumerate() {
            if line.trim() == "#[cfg(test)]" {
                (skipping, depth) = (true, 0);
                continue;
            }
            if skipping {
                let count = |sign| i32::try_from(line.matches(sign).count()).unwrap();
                depth += count('{') - count('}');
                let over = depth == 0 && (line.contains('}') || line.trim_end().ends_with(';'));
                skipping = !over;
                continue;
            }
            lines.push((number + 1, line.to_owned()));
        }
        lines
    }

    /// Where `pattern` says yes to a line of code: `path:line: text`.
    pub(crate) fn lines_where(&self, pattern: impl Fn(&str) -> bool) -> Vec<String> {
        let lines = self.code();
        let hits = lines.iter().filter(|(_, line)| pattern(line));
        hits.map(|(number, line)| format!("{}:{number}: {}", self.path, line.trim()))
            .collect()
    }
}

/// The same text with blanks where comments stood. Knows strings, so that `//` in one is none.
fn without_comments(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    let ahead = |at: usize, word: &str| {
        let mut word = word.chars().enumerate();
        word.all(|(offset, letter)| bytes.get(at + offset) == Some(&letter))
    };
    while at < bytes.len() {
        if ahead(at, "//") {
            while at < bytes.len() && bytes[at] != '\n' {
                at += 1;
            }
        } else if ahead(at, "/*") {
            while at < bytes.len() && !ahead(at, "*/") {
                out.push(if bytes[at] == '\n' { '\n' } else { ' ' });
                at += 1;
            }
            at += 2;
        } else if bytes[at] == '"' {
            let raw = out.ends_with('r') || out.trim_end_matches('#').ends_with('r');
            let hashes = if raw {
                out.len() - out.trim_end_matches('#').len()
            } else {
                0
            };
            let end = format!("\"{}", "#".repeat(hashes));
            out.push('"');
            at += 1;
            while at < bytes.len() && !ahead(at, &end) {
                if bytes[at] == '\\' && !raw {
                    out.push(bytes[at]);
                    at += 1;
                }
                out.push(bytes[at]);
                at += 1;
            }
            out.push('"');
            at += 1;
        } else if ahead(at, "'\"'") || ahead(at, "'\\\"'") {
            // A quote as a character begins no string.
            at += if ahead(at, "'\"'") { 3 } else { 4 };
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

#[test]
fn comments_and_tests_are_not_code() {
    let text = "//! https://a.b\nlet a = \"https://c.d // no\"; // https://e.f\n/* x\n y */ let b = \
                '\"'; let c = r#\"https://g.h\"#;\n#[cfg(test)]\nmod tests {\n    fn x() { 1 }\n}\n\
                #[cfg(test)]\nmod tests;\nfn last() {}\n";
    let source = Source {
        path: "x.rs".to_owned(),
        text: text.to_owned(),
    };
    let lines: Vec<String> = source.code().into_iter().map(|(_, line)| line).collect();
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    assert_eq!(
        lines,
        [
            "",
            "let a = \"https://c.d // no\";",
            "",
            "let b = ; let c = r#\"https://g.h\"#;",
            "fn last() {}",
        ]
    );
    assert_eq!(
        source.lines_where(|line| line.contains("https://g")),
        ["x.rs:4: let b = ; let c = r#\"https://g.h\"#;"]
    );
}
