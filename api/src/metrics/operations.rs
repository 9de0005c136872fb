//! The figures of operations as metrics. They are counted already, by a bounded number of names, so
//! they are written down when somebody asks rather than counted twice. A reset by an admin begins
//! them anew, which is what Prometheus takes a restart for.

use std::fmt::Write as _;
use std::time::Duration;

use service::operation::Statistics;

/// Name, meaning, and what it is of an operation, told apart by an outcome or not.
struct Family {
    name: &'static str,
    help: &'static str,
    samples: fn(&Statistics) -> Vec<(&'static str, f64)>,
}

const FAMILIES: [Family; 5] = [
    Family {
        name: "chancery_operations_total",
        help: "Operations by name, and by what became of them.",
        samples: |one| {
            let ok = one.calls.saturating_sub(one.refusals + one.errors);
            vec![
                (",outcome=\"ok\"", number(ok)),
                (",outcome=\"refused\"", number(one.refusals)),
                (",outcome=\"error\"", number(one.errors)),
            ]
        },
    },
    Family {
        name: "chancery_operation_duration_seconds_total",
        help: "How long operations took in all.",
        samples: |one| vec![("", seconds(one.total))],
    },
    Family {
        name: "chancery_operation_database_seconds_total",
        help: "How long the statements of operations took in all.",
        samples: |one| vec![("", seconds(one.database))],
    },
    Family {
        name: "chancery_operation_statements_total",
        help: "How many statements operations ran.",
        samples: |one| vec![("", number(one.statements))],
    },
    Family {
        name: "chancery_operation_rows_total",
        help: "How many rows the statements of operations brought or changed.",
        samples: |one| vec![("", number(one.rows))],
    },
];

/// The figures in Prometheus' text format.
pub(super) fn text(operations: &[Statistics]) -> String {
    let mut text = String::new();
    if operations.is_empty() {
        return text;
    }
    for Family {
        name,
        help,
        samples,
    } in FAMILIES
    {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
        for one in operations {
            let (kind, operation) = (one.label.kind.name(), escaped(&one.label.name));
            for (outcome, value) in samples(one) {
                let _ = writeln!(
                    text,
                    "{name}{{kind=\"{kind}\",operation=\"{operation}\"{outcome}}} {value}"
                );
            }
        }
    }
    text
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus has only such numbers, and these stay exact to 2^53"
)]
fn number(count: u64) -> f64 {
    count as f64
}
