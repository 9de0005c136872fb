//! Differences in colours, for people: green comes, red goes, yellow changes. Whoever reads from a
//! pipe, or says `NO_COLOR`, has them without.

use anstyle::{AnsiColor, Style};

const COMES: Style = AnsiColor::Green.on_default();
const GOES: Style = AnsiColor::Red.on_default();
const CHANGES: Style = AnsiColor::Yellow.on_default();
const LOSES: Style = AnsiColor::Red.on_default().bold();
const ASIDE: Style = Style::new().dimmed();

/// The text with each of its lines in the colour of what it says.
pub(super) fn painted(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let style = style(line);
        format!("{style}{line}{style:#}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn style(line: &str) -> Style {
    let words = line.trim_start();
    let starts = |with: &str| words.starts_with(with);
    if starts("-- loses ") {
        LOSES
    } else if let Some(told) = words.strip_prefix("-- ") {
        // A difference that stands beside SQL is a comment of it.
        match style(told) {
            plain if plain == Style::new() => ASIDE,
            told => told,
        }
    } else if starts("recommended: ") {
        ASIDE
    } else if starts("+ ") || words.ends_with(" is not expected") {
        COMES
    } else if starts("- ") || words.ends_with(" is missing") {
        GOES
    } else if starts("~ ") {
        CHANGES
    } else {
        Style::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_colour_of_what_it_says() {
        let painted = painted("~ column a.b\n    - text\n    + integer");
        let plain = anstream::adapter::strip_str(&painted).to_string();
        assert_eq!(plain, "~ column a.b\n    - text\n    + integer");
        let lines: Vec<&str> = painted.split('\n').collect();
        assert!(lines[0].starts_with("\u{1b}[33m~"), "{lines:?}");
        assert!(lines[1].starts_with("\u{1b}[31m"), "{lines:?}");
        assert!(lines[2].starts_with("\u{1b}[32m"), "{lines:?}");
        assert_eq!(style("ALTER TABLE a"), Style::new());
        assert_eq!(style("-- + table a"), COMES);
        assert_eq!(style("-- from database to entities"), ASIDE);
        assert_eq!(style("-- loses all rows of a"), LOSES);
    }
}
