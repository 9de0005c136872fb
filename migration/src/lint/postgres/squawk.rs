//! What the linter `squawk` knows of `PostgreSQL` and our own rules do not: it reads the grammar, and a
//! step as a whole. It does not know the database; what it finds is weighed with the tables that are
//! there, as what we find ourselves.
//!
//! Its other rules are left out:
//!
//! | rules | why |
//! |---|---|
//! | `require-concurrent-index-creation`, `ban-concurrent-index-creation-in-transaction`, `changing-column-type`, `adding-field-with-default`, `adding-foreign-key-constraint`, `adding-not-nullable-field`, `adding-required-field`, `adding-serial-primary-key-field`, `disallowed-unique-constraint`, `ban-drop-column`, `ban-drop-table`, `renaming-column`, `renaming-table`, `prefer-repack`, most of `constraint-missing-not-valid` | ours say the same, and know how big the table is |
//! | `require-lock-timeout`, `require-statement-timeout` | a run sets both, and comes again |
//! | `require-concurrent-index-deletion` | it is over in a moment, and a run does not wait for its lock for long |
//! | `prefer-robust-stmts` | a step is one transaction, or goes on behind its last statement |
//! | `require-table-schema` | the schema is the connection's |
//! | `prefer-text-field`, `prefer-bigint-over-int`, `prefer-bigint-over-smallint`, `prefer-identity`, `prefer-timestamp-tz`, `ban-char-field`, `ban-create-domain-with-constraint` | tastes: the entities say what type a column has, with a length that both engines keep |
//! | `require-enum-value-ordering` | a new value stands at the end unless the entity says otherwise |
//! | `ban-drop-constraint`, `ban-drop-index`, `ban-drop-trigger`, `ban-drop-policy`, `ban-replace-view-function`, `ban-add-column`, `ban-add-enum-value`, `ban-set-default` and the others that it asks for by name only | what steps are there to do; no program fails by it |
//! | `unused-ignore`, `require-timeout-settings` | its own ignores are not read: ours have a reason |

use squawk_linter::{Linter, Rule};
use squawk_syntax::SourceFile;

use crate::lint::{Danger, Finding, Tested, found};
use crate::schema::squeezed;

/// A rule of it that is taken: how it hits, what happens, and what to do instead.
type Taken = (Rule, Danger, &'static str, &'static str);

const BREAKS: &str = "a program that still uses it fails";
const LATER: &str = "do it a release after the last program that uses it";

const TAKEN: [Taken; 26] = [
    (
        Rule::ConstraintMissingNotValid,
        Danger::Size,
        "every row is read while what the step locked before stays locked",
        "VALIDATE CONSTRAINT in a later step",
    ),
    (
        Rule::RequireConcurrentReindex,
        Danger::Size,
        "nobody writes the table until the index is made anew",
        "REINDEX … CONCURRENTLY, in a step that runs each statement by itself",
    ),
    (
        Rule::RequireConcurrentPartitionDetach,
        Danger::Size,
        "nobody reads or writes the table until the part is off",
        "DETACH PARTITION … CONCURRENTLY, in a step that runs each statement by itself",
    ),
    (
        Rule::BanAlterDomainWithAddConstraint,
        Danger::Programs,
        "every row of every table with a column of this domain is read while nobody writes",
        "add it NOT VALID, or a check of the column",
    ),
    (
        Rule::TransactionNesting,
        Danger::Programs,
        "a run begins and ends the transactions, and this one would be another's",
        "leave it out",
    ),
    (
        Rule::BanUncommittedTransaction,
        Danger::Programs,
        "it begins a transaction that it does not end",
        "leave it out: a step is one transaction",
    ),
    (
        Rule::IdentifierTooLong,
        Danger::Programs,
        "names have 63 bytes, and what is longer is cut off in silence",
        "take a shorter name",
    ),
    (
        Rule::BanDuplicateColumnAssignments,
        Danger::Programs,
        "it names a column twice, and fails",
        "name it once",
    ),
    (
        Rule::BanTruncateCascade,
        Danger::Programs,
        "the rows of every table that refers to it go, too, and of those that refer to these",
        "name each table whose rows shall go",
    ),
    (
        Rule::BanDropNotNull,
        Danger::Programs,
        "a program that counts on a value meets none",
        "do it when every program knows that there may be none",
    ),
    (
        Rule::BanDropDefault,
        Danger::Programs,
        "a program that writes rows without it fails",
        LATER,
    ),
    (Rule::BanDropView, Danger::Programs, BREAKS, LATER),
    (Rule::BanDropFunction, Danger::Programs, BREAKS, LATER),
    (Rule::BanDropType, Danger::Programs, BREAKS, LATER),
    (Rule::BanDropDomain, Danger::Programs, BREAKS, LATER),
    (Rule::BanDropSequence, Danger::Programs, BREAKS, LATER),
    (Rule::BanDropSchema, Danger::Programs, BREAKS, LATER),
    (Rule::BanDropDatabase, Danger::Programs, BREAKS, LATER),
    (
        Rule::BanDropExtension,
        Danger::Programs,
        "its functions, types and operators go with it",
        LATER,
    ),
    (
        Rule::BanDropGeneratedExpression,
        Danger::Programs,
        "the database computes the column no more, and no program writes it yet",
        "do it when every program writes the column",
    ),
    (
        Rule::RenamingObject,
        Danger::Programs,
        "a program that knows the old name fails until it is replaced",
        "make the new beside the old, then drop the old",
    ),
    (
        Rule::BanSetSchema,
        Danger::Programs,
        "a program that looks for it where it was fails",
        LATER,
    ),
    (
        Rule::BanAlterIdentity,
        Danger::Programs,
        "a program that writes the key itself fails, or one that leaves it out",
        "do it when every program writes rows the new way",
    ),
    (
        Rule::BanDisableTrigger,
        Danger::Programs,
        "what the trigger keeps (search, sums) is not kept any more",
        "replace the trigger, or drop it",
    ),
    (
        Rule::BanRevoke,
        Danger::Programs,
        "a program that works with this right fails",
        "do it when no program needs it",
    ),
    (
        Rule::BanAlterSystemOptions,
        Danger::Programs,
        "it changes the whole server, and fails in a transaction",
        "change the server by hand",
    ),
];

/// The names of the rules that are taken.
pub(in crate::lint) fn rules() -> impl Iterator<Item = String> {
    TAKEN.iter().map(|(rule, ..)| rule.to_string())
}

/// What it finds in the statements of a step. A database without tables is in nobody's use.
pub(in crate::lint) fn findings(step: &[Tested<'_>], has_tables: bool) -> Vec<Finding> {
    if !has_tables {
        return Vec::new();
    }
    // Without the comments: what they ignore has no reason.
    let texts: Vec<String> = step.iter().map(|one| squeezed(one.sql)).collect();
    let mut script = String::new();
    let mut ends = Vec::new();
    for text in &texts {
        script.push_str(text);
        script.push_str(";\n");
        ends.push(script.len());
    }
    let mut linter = Linter::from(TAKEN.iter().map(|(rule, ..)| *rule));
    linter.settings.assume_in_transaction = step.first().is_some_and(|one| one.in_transaction);
    let violations = linter.lint(&SourceFile::parse(&script), &script);
    let findings = violations.into_iter().filter_map(|violation| {
        let start = usize::from(violation.text_range.start());
        let at = ends.iter().position(|end| start < *end)?;
        let (tested, text) = (step.get(at)?, texts.get(at)?);
        let (rule, danger, what, instead) = TAKEN
            .into_iter()
            .find(|(rule, ..)| *rule == violation.code)?;
        // Where nobody knows the table, it may be a big one.
        let danger = match (danger, tested.table) {
            (Danger::Size, None) => Danger::Programs,
            (danger, _) => danger,
        };
        applies(rule, tested, &text.to_uppercase())
            .then(|| found(tested, text, &rule.to_string(), danger, (what, instead)))
    });
    let mut findings: Vec<Finding> = findings.collect();
    // Each is told once of a statement, however often it breaks the rule.
    findings.dedup_by(|one, other| one.rule == other.rule && one.statement == other.statement);
    findings
}

/// Whether what it found is anybody's matter here.
fn applies(rule: Rule, tested: &Tested<'_>, words: &str) -> bool {
    let of_a_table = words.starts_with("ALTER TABLE") || words.starts_with("TRUNCATE");
    // A table that is not there yet is in nobody's way.
    if of_a_table && tested.table.is_none() && rule != Rule::IdentifierTooLong {
        return false;
    }
    match rule {
        // What is added without NOT VALID is told by our own rules.
        Rule::ConstraintMissingNotValid => words.contains(" VALIDATE CONSTRAINT "),
        // `renames` tells of tables and columns; no program knows the names of these.
        Rule::RenamingObject => !["TABLE", "INDEX", "TRIGGER", "POLICY"]
            .iter()
            .any(|kind| words.starts_with(&format!("ALTER {kind} "))),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules that a step of these statements breaks, and whether that is unsafe where `runs` has so
    /// many rows.
    fn told(statements: &[&str], rows: i64) -> Vec<(String, bool)> {
        let tested = |sql| Tested {
            sql,
            table: sql_is_of_runs(sql).then_some("runs"),
            rows: sql_is_of_runs(sql).then_some(rows),
            bytes: None,
            in_transaction: true,
            narrows: false,
        };
        let step: Vec<Tested<'_>> = statements.iter().copied().map(tested).collect();
        let found = findings(&step, true).into_iter();
        found.map(|one| (one.rule, one.is_unsafe)).collect()
    }

    fn sql_is_of_runs(sql: &str) -> bool {
        sql.contains("TABLE runs")
    }

    #[test]
    fn each_rule_that_is_taken_finds_what_it_is_for() {
        let long = format!("CREATE TABLE {} (id uuid)", "a".repeat(64));
        for (sql, rule) in [
            ("REINDEX TABLE runs", "require-concurrent-reindex"),
            (
                "ALTER TABLE runs DETACH PARTITION old",
                "require-concurrent-partition-detach",
            ),
            (
                "ALTER DOMAIN d ADD CONSTRAINT c CHECK (value > 0)",
                "ban-alter-domain-with-add-constraint",
            ),
            ("COMMIT", "transaction-nesting"),
            (&long, "identifier-too-long"),
            (
                "UPDATE runs SET a = 1, a = 2 WHERE b",
                "ban-duplicate-column-assignments",
            ),
            ("TRUNCATE TABLE runs CASCADE", "ban-truncate-cascade"),
            (
                "ALTER TABLE runs ALTER COLUMN a DROP NOT NULL",
                "ban-drop-not-null",
            ),
            (
                "ALTER TABLE runs ALTER COLUMN a DROP DEFAULT",
                "ban-drop-default",
            ),
            ("DROP VIEW v", "ban-drop-view"),
            ("DROP FUNCTION f()", "ban-drop-function"),
            ("DROP TYPE t", "ban-drop-type"),
            ("DROP DOMAIN d", "ban-drop-domain"),
            ("DROP SEQUENCE s", "ban-drop-sequence"),
            ("DROP SCHEMA s", "ban-drop-schema"),
            ("DROP DATABASE d", "ban-drop-database"),
            ("DROP EXTENSION pg_trgm", "ban-drop-extension"),
            (
                "ALTER TABLE runs ALTER COLUMN a DROP EXPRESSION",
                "ban-drop-generated-expression",
            ),
            ("ALTER VIEW v RENAME TO w", "renaming-object"),
            ("ALTER TABLE runs SET SCHEMA other", "ban-set-schema"),
            (
                "ALTER TABLE runs ALTER COLUMN a DROP IDENTITY",
                "ban-alter-identity",
            ),
            (
                "ALTER TABLE runs DISABLE TRIGGER ALL",
                "ban-disable-trigger",
            ),
            ("REVOKE SELECT ON runs FROM reader", "ban-revoke"),
            (
                "ALTER SYSTEM SET work_mem = '1GB'",
                "ban-alter-system-options",
            ),
        ] {
            let found = told(&[sql], 20_000);
            assert!(found.contains(&(rule.to_owned(), true)), "{sql}: {found:?}");
        }
        let found = told(&["BEGIN", "SELECT 1"], 0);
        let rule = "ban-uncommitted-transaction".to_owned();
        assert!(found.contains(&(rule, true)), "{found:?}");
    }

    #[test]
    fn a_check_is_not_validated_in_the_step_that_adds_it() {
        let step = [
            "ALTER TABLE runs ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
            "ALTER TABLE runs VALIDATE CONSTRAINT c",
        ];
        let rule = "constraint-missing-not-valid".to_owned();
        assert_eq!(told(&step, 20_000), [(rule.clone(), true)]);
        assert_eq!(told(&step, 12), [(rule, false)]);
        assert_eq!(told(&step[1..], 20_000), []);
    }

    #[test]
    fn what_our_own_rules_tell_or_nobody_uses_is_not_told_twice() {
        for sql in [
            "CREATE INDEX i ON runs (a)",
            "ALTER TABLE runs ADD CONSTRAINT c CHECK (a > 0)",
            "ALTER TABLE runs ALTER COLUMN a TYPE bigint",
            "ALTER TABLE runs ALTER COLUMN a SET NOT NULL",
            "ALTER TABLE runs RENAME COLUMN a TO b",
            "ALTER TABLE runs RENAME CONSTRAINT a TO b",
            "ALTER INDEX a RENAME TO b",
            "ALTER TABLE runs ADD COLUMN a varchar(255)",
            "ALTER TABLE absent ALTER COLUMN a DROP NOT NULL",
            "DROP TABLE runs",
        ] {
            assert_eq!(told(&[sql], 20_000), [], "{sql}");
        }
        let tested = Tested {
            sql: "DROP TYPE t",
            table: None,
            rows: None,
            bytes: None,
            in_transaction: true,
            narrows: false,
        };
        assert_eq!(findings(&[tested], false), []);
    }

    #[test]
    fn only_an_ignore_with_a_reason_is_one() {
        let with = |comment: &str| told(&[&format!("{comment}\nDROP VIEW v")], 0);
        let rule = || "ban-drop-view".to_owned();
        assert_eq!(with("-- squawk-ignore ban-drop-view"), [(rule(), true)]);
        let why = "-- chancery-lint: ignore ban-drop-view because nothing reads it since 1.4";
        assert_eq!(with(why), [(rule(), false)]);
    }
}
