//! Statements of which nobody can tell from their words what they take: code that runs, rows that a
//! part of a query changes, whole schemas that go. Where anything is there, they are allowed by name only.

use crate::engine::Engine;
use crate::lexer::{Kind, Token};
use crate::schema::change::GIVE_BACK;

/// First words of statements that take nothing, or whose loss is told by [`super::track`].
const KNOWN: &[&str] = &[
    "ABORT",
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "CHECKPOINT",
    "CLOSE",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "CREATE",
    "DEALLOCATE",
    "DELETE",
    "DETACH",
    "DISCARD",
    "DROP",
    "END",
    "FETCH",
    "GRANT",
    "IMPORT",
    "INSERT",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MOVE",
    "NOTIFY",
    "PRAGMA",
    "PREPARE",
    "REASSIGN",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SECURITY",
    "SET",
    "SHOW",
    "START",
    "TRUNCATE",
    "UNLISTEN",
    "UPDATE",
];

/// Queries, which may have a part that changes rows.
const QUERIES: [&str; 9] = [
    "COPY", "DECLARE", "EXPLAIN", "MERGE", "SELECT", "TABLE", "VALUES", "WITH", "(",
];

/// What goes with whatever depends on it, and holds no rows of its own.
const BARE: [&str; 7] = [
    "TABLE",
    "VIEW",
    "MATERIALIZED",
    "INDEX",
    "TRIGGER",
    "RULE",
    "POLICY",
];

/// What may stand before a bracket in a query and changes nothing: words of the language, and functions
/// that only compute.
const HARMLESS: &[&str] = &[
    "abs",
    "acldefault",
    "aclexplode",
    "all",
    "and",
    "any",
    "array",
    "array_agg",
    "as",
    "avg",
    "between",
    "by",
    "case",
    "cast",
    "coalesce",
    "concat",
    "count",
    "current_setting",
    "currval",
    "distinct",
    "else",
    "except",
    "exists",
    "extract",
    "filter",
    "format",
    "from",
    "generate_series",
    "greatest",
    "having",
    "in",
    "intersect",
    "into",
    "is",
    "join",
    "json_agg",
    "lateral",
    "least",
    "left",
    "length",
    "like",
    "lower",
    "materialized",
    "max",
    "min",
    "nextval",
    "not",
    "now",
    "nullif",
    "on",
    "or",
    "over",
    "pg_get_serial_sequence",
    "pg_get_userbyid",
    "pg_sequence_last_value",
    "quote_ident",
    "replace",
    "round",
    "select",
    "set_config",
    "setval",
    "string_agg",
    "substring",
    "sum",
    "then",
    "to_regclass",
    "to_regprocedure",
    "to_regtype",
    "union",
    "upper",
    "using",
    "values",
    "when",
    "where",
    "within",
    "row",
];

/// Why nobody can tell what a statement takes; none where one can.
pub(super) fn why(engine: Engine, words: &[Token<'_>]) -> Option<&'static str> {
    let first = words.first()?.text.to_uppercase();
    let has = |word: &str| words.iter().any(|one| one.is(word));
    let second = words.get(1).map(|one| one.text.to_uppercase());
    let second = second.unwrap_or_default();
    match first.as_str() {
        // What a step keeps rights by on what it makes anew.
        "DO" if words.get(1).is_some_and(|code| code.text == GIVE_BACK) => None,
        "DO" => Some("a block of code runs"),
        "CALL" | "EXECUTE" => Some("code runs"),
        "REPLACE" => Some("rows are replaced"),
        "INSERT" | "UPDATE" if second == "OR" && has("REPLACE") => Some("rows are replaced"),
        "INSERT" if has("CONFLICT") && changes(words) => Some("rows are replaced"),
        "DROP"
            if matches!(
                second.as_str(),
                "SCHEMA" | "OWNED" | "DATABASE" | "TABLESPACE"
            ) =>
        {
            Some("whatever is in it goes")
        }
        "DROP" if has("CASCADE") && !BARE.contains(&second.as_str()) => {
            Some("columns that depend on it go")
        }
        "TRUNCATE" if has("CASCADE") => Some("the rows of whatever refers to it go"),
        "ALTER" if second == "TYPE" && has("ATTRIBUTE") && (has("DROP") || has("ALTER")) => {
            Some("values of this type are changed")
        }
        "PRAGMA" if has("writable_schema") => Some("the catalogue is written by hand"),
        one if QUERIES.contains(&one) => {
            if changes(words) {
                Some("a part of it changes rows")
            } else if engine == Engine::Postgres && calls(words) {
                Some("a function runs")
            } else {
                None
            }
        }
        one if KNOWN.contains(&one) => None,
        _ => Some("nobody here knows what it does"),
    }
}

/// Whether rows are changed or go; `FOR UPDATE` only locks them.
fn changes(words: &[Token<'_>]) -> bool {
    let locks = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        before.is_some_and(|one| one.is("FOR") || one.is("KEY"))
    };
    words.iter().enumerate().any(|(at, one)| {
        ["DELETE", "MERGE", "TRUNCATE"]
            .iter()
            .any(|word| one.is(word))
            || (one.is("UPDATE") && !locks(at))
    })
}

/// Whether a function is called that may do anything.
fn calls(words: &[Token<'_>]) -> bool {
    let is_harmless = |one: &Token<'_>| HARMLESS.iter().any(|word| one.is(word));
    words.windows(2).any(|two| {
        let is_call = two[1].is("(") && matches!(two[0].kind, Kind::Word | Kind::Name);
        is_call && !is_harmless(&two[0])
    })
}
