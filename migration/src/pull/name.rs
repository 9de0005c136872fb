//! Names as Rust writes them.

/// Words that Rust keeps for itself.
const KEPT: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// `createdAt`, `CREATED AT` and `created_at` as `created_at`.
pub(super) fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().copied().enumerate() {
        if letter.is_ascii_alphanumeric() {
            let next_small = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
            let begins = letter.is_ascii_uppercase()
                && (before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && next_small));
            if begins && !out.ends_with('_') {
                out.push('_');
            }
            out.push(letter.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        before = letter;
    }
    let out = out.trim_matches('_').to_owned();
    match out.chars().next() {
        None => "unnamed".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{out}"),
        Some(_) if ["self", "super", "crate"].contains(&out.as_str()) => format!("{out}_"),
        Some(_) => out,
    }
}

/// The name as a field or a module: a word of Rust's own is written raw.
pub(super) fn ident(snake: &str) -> String {
    if KEPT.contains(&snake) {
        format!("r#{snake}")
    } else {
        snake.to_owned()
    }
}

/// `run_status` and `IN PROGRESS` as `RunStatus` and `InProgress`.
pub(super) fn camel(name: &str) -> String {
    let mut out = String::new();
    for part in snake(name).split('_') {
        let mut letters = part.chars();
        if let Some(first) = letters.next() {
            out.push(first.to_ascii_uppercase());
            out.extend(letters);
        }
    }
    if out == "Self" {
        "Self_".to_owned()
    } else {
        out
    }
}

/// `name`, or `name_2` and so on where it is taken.
pub(super) fn free(name: &str, taken: &mut Vec<String>) -> String {
    let mut found = name.to_owned();
    let mut number = 2;
    while taken.contains(&found) {
        found = format!("{name}_{number}");
        number += 1;
    }
    taken.push(found.clone());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_rust() {
        for (name, written) in [
            ("createdAt", "created_at"),
            ("UserID", "user_id"),
            ("HTTPServer", "http_server"),
            ("_prisma_migrations", "prisma_migrations"),
            ("order line", "order_line"),
            ("2nd", "n2nd"),
            ("total_2", "total_2"),
        ] {
            assert_eq!(snake(name), written);
        }
        assert_eq!(ident("type"), "r#type");
        assert_eq!(camel("IN PROGRESS"), "InProgress");
        let mut taken = vec!["user".to_owned()];
        assert_eq!(free("user", &mut taken), "user_2");
        assert_eq!(free("user", &mut taken), "user_3");
    }
}
