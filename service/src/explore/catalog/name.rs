//! Names in GraphQL, made from the names of tables and columns.

/// `opportunity_cards` is `OpportunityCard`; the `_v2` of an adopted table is no part of a name.
pub(super) fn of_table(table: &str) -> String {
    pascal_case(&singular(table))
}

/// One row of the table.
pub(super) fn singular(table: &str) -> String {
    let table = bare(table);
    if let Some(stem) = table.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let hissing = table.strip_suffix("es").filter(|stem| hisses(stem));
    if let Some(stem) = hissing {
        return stem.to_owned();
    }
    let one = table.strip_suffix('s').filter(|stem| !stem.ends_with('s'));
    one.unwrap_or(table).to_owned()
}

/// Several rows of the table.
pub(super) fn plural(table: &str) -> String {
    let one = singular(table);
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if hisses(&one) => format!("{one}es"),
        _ => format!("{one}s"),
    }
}

/// Whether the word takes `es`.
fn hisses(word: &str) -> bool {
    ["ch", "sh", "ss", "x"]
        .iter()
        .any(|end| word.ends_with(end))
}

fn bare(table: &str) -> &str {
    match table.rsplit_once("_v") {
        Some((stem, version)) if version.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => table,
    }
}

/// `run_status` as `runStatus`.
pub fn camel_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut up = false;
    for letter in name.chars() {
        if letter == '_' {
            up = !out.is_empty();
        } else if up {
            out.push(letter.to_ascii_uppercase());
            up = false;
        } else {
            out.push(letter);
        }
    }
    out
}

/// `run_status` as `RunStatus`.
pub fn pascal_case(name: &str) -> String {
    let camel = camel_case(name);
    let mut letters = camel.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// `runStatus` as `RUN_STATUS`.
pub fn screaming_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_uppercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_names() {
        for (table, one, many) in [
            ("runs", "run", "runs"),
            ("user_identities", "userIdentity", "userIdentities"),
            ("agent_templates_v2", "agentTemplate", "agentTemplates"),
            ("token_consumption", "tokenConsumption", "tokenConsumptions"),
            ("nft_ownership", "nftOwnership", "nftOwnerships"),
            (
                "configuration_history",
                "configurationHistory",
                "configurationHistories",
            ),
            ("api_keys", "apiKey", "apiKeys"),
            ("import_batches", "importBatch", "importBatches"),
            ("audit_log", "auditLog", "auditLogs"),
        ] {
            assert_eq!(camel_case(&singular(table)), one, "{table}");
            assert_eq!(camel_case(&plural(table)), many, "{table}");
        }
        assert_eq!(screaming_case("createdAt"), "CREATED_AT");
        assert_eq!(
            screaming_case(&camel_case("inspiration1_title")),
            "INSPIRATION1_TITLE"
        );
    }
}
