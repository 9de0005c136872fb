//! What becomes of a column's values when it gets another type.

/// How the values of one type become those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cast {
    /// Whether it must be asked for by `USING`. Where it need not be, what is too long is refused rather
    /// than cut.
    pub(crate) using: bool,
    /// Whether some values come out as others.
    pub(crate) loses: bool,
    /// Whether some values are refused.
    pub(crate) fails: bool,
}

const WIDENS: Option<Cast> = Some(cast_of(false, false, false));
const REFUSES: Option<Cast> = Some(cast_of(false, false, true));
const CUTS: Option<Cast> = Some(cast_of(false, true, true));
const READS: Option<Cast> = Some(cast_of(true, true, true));
const ASKS: Option<Cast> = Some(cast_of(true, false, true));

const fn cast_of(using: bool, loses: bool, fails: bool) -> Cast {
    Cast {
        using,
        loses,
        fails,
    }
}

/// The types that are known here, from those that hold less to those that hold more where they are
/// numbers.
const NUMBERS: [&str; 6] = [
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "real",
    "double precision",
];
const TEXTS: [&str; 3] = ["text", "character varying", "character"];
const TIMES: [&str; 3] = [
    "timestamp with time zone",
    "timestamp without time zone",
    "date",
];
const OTHERS: [&str; 7] = [
    "boolean",
    "uuid",
    "json",
    "jsonb",
    "bytea",
    "interval",
    "time without time zone",
];

/// What people write, and what the catalogue says instead.
const ALIASES: [(&str, &str); 18] = [
    ("int", "integer"),
    ("int4", "integer"),
    ("serial", "integer"),
    ("int2", "smallint"),
    ("int8", "bigint"),
    ("bigserial", "bigint"),
    ("decimal", "numeric"),
    ("float4", "real"),
    ("float", "double precision"),
    ("float8", "double precision"),
    ("bool", "boolean"),
    ("varchar", "character varying"),
    ("char", "character"),
    ("bpchar", "character"),
    ("timestamp", "timestamp without time zone"),
    ("timestamptz", "timestamp with time zone"),
    ("time", "time without time zone"),
    ("string", "text"),
];

/// A type, taken apart.
struct Kind {
    base: String,
    limits: Vec<i32>,
    is_array: bool,
}

impl Kind {
    fn of(kind: &str) -> Self {
        let kind = kind.trim().to_lowercase();
        let kind = kind.split(" collate ").next().unwrap_or_default();
        let plain = kind.trim_end_matches("[]");
        let (base, limits) = match plain.split_once('(') {
            Some((before, rest)) => {
                let (limits, after) = rest.split_once(')').unwrap_or((rest, ""));
                let limits = limits.split(',').filter_map(|one| one.trim().parse().ok());
                (
                    format!("{} {}", before.trim(), after.trim()),
                    limits.collect(),
                )
            }
            None => (plain.to_owned(), Vec::new()),
        };
        let base = base.split_whitespace().collect::<Vec<_>>().join(" ");
        let alias = ALIASES.iter().find(|(written, _)| *written == base);
        Self {
            base: alias.map_or(base, |(_, meant)| (*meant).to_owned()),
            limits,
            is_array: kind.ends_with("[]"),
        }
    }

    fn is_one_of(&self, all: &[&str]) -> bool {
        all.contains(&self.base.as_str())
    }

    fn is_known(&self) -> bool {
        let all = [&NUMBERS[..], &TEXTS[..], &TIMES[..], &OTHERS[..]];
        all.iter().any(|some| self.is_one_of(some))
    }

    /// Digits before and behind the point, where they are limited.
    fn digits(&self) -> Option<(i32, i32)> {
        match (self.base.as_str(), self.limits.as_slice()) {
            ("smallint", _) => Some((5, 0)),
            ("integer", _) => Some((10, 0)),
            ("bigint", _) => Some((19, 0)),
            ("numeric", [all]) => Some((*all, 0)),
            ("numeric", [all, behind]) => Some((all - behind, *behind)),
            _ => None,
        }
    }
}

/// How a value of `from` becomes one of `to`; none where there is no way that is known here.
pub(crate) fn cast(from: &str, to: &str) -> Option<Cast> {
    let (from, to) = (Kind::of(from), Kind::of(to));
    if to.is_one_of(&TEXTS) && !to.is_array && (from.is_array || !from.is_one_of(&TEXTS)) {
        // Every value has a text.
        return if to.limits.is_empty() && to.base != "character" {
            WIDENS
        } else {
            REFUSES
        };
    }
    if from.is_array != to.is_array {
        return None;
    }
    if from.base == to.base {
        return same(&from, &to);
    }
    if !from.is_known() || !to.is_known() {
        return ASKS;
    }
    match () {
        () if from.is_one_of(&NUMBERS) && to.is_one_of(&NUMBERS) => numbers(&from, &to),
        () if from.is_one_of(&TEXTS) && to.is_one_of(&TEXTS) => match to.limits.as_slice() {
            [] if to.base != "character" => WIDENS,
            _ => longer(&from, &to),
        },
        () if from.is_one_of(&TEXTS) => READS,
        () => others(&from.base, &to),
    }
}

/// Texts of one length in texts of another.
fn longer(from: &Kind, to: &Kind) -> Option<Cast> {
    match (from.limits.as_slice(), to.limits.as_slice()) {
        ([old], [new]) if old <= new => WIDENS,
        _ => REFUSES,
    }
}

/// The same type with other limits.
fn same(from: &Kind, to: &Kind) -> Option<Cast> {
    if to.limits.is_empty() || from.limits == to.limits {
        return WIDENS;
    }
    if to.base == "numeric" {
        return numbers(from, to);
    }
    if to.is_one_of(&TIMES) || to.is_one_of(&OTHERS) {
        // Six digits of a second, where nothing is said.
        let old = from.limits.first().unwrap_or(&6);
        return if to.limits.first().is_some_and(|new| new < old) {
            CUTS
        } else {
            WIDENS
        };
    }
    longer(from, to)
}

fn numbers(from: &Kind, to: &Kind) -> Option<Cast> {
    match (from.digits(), to.digits()) {
        (Some(_), None) if to.base == "numeric" => WIDENS,
        (Some((old, behind)), Some((new, place))) => {
            let is_whole = |kind: &Kind| kind.base != "numeric";
            if place < behind {
                CUTS
            } else if new > old || (new == old && (is_whole(from) || !is_whole(to))) {
                WIDENS
            } else {
                REFUSES
            }
        }
        _ => match (from.base.as_str(), to.base.as_str()) {
            ("real" | "smallint" | "integer", "double precision") | ("smallint", "real") => WIDENS,
            _ => CUTS,
        },
    }
}

fn others(from: &str, to: &Kind) -> Option<Cast> {
    match (from, to.base.as_str()) {
        ("jsonb", "json")
        | ("date" | "timestamp without time zone", "timestamp with time zone")
        | ("date", "timestamp without time zone")
        | ("time without time zone", "interval") => {
            if to.limits.first().is_some_and(|digits| *digits < 6) {
                CUTS
            } else {
                WIDENS
            }
        }
        ("json", "jsonb")
        | ("timestamp with time zone", "timestamp without time zone" | "date")
        | ("timestamp without time zone", "date")
        | (
            "timestamp with time zone" | "timestamp without time zone" | "interval",
            "time without time zone",
        ) => CUTS,
        ("boolean", "integer") => Some(cast_of(true, false, false)),
        ("integer", "boolean") => READS,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_of_values() {
        for (from, to, expected) in [
            ("character varying(20)", "character varying(30)", WIDENS),
            ("character varying(20)", "text", WIDENS),
            ("text", "character varying(255)", REFUSES),
            ("text", "varchar(255) COLLATE \"C\"", REFUSES),
            ("text", "integer", READS),
            ("integer", "text", WIDENS),
            ("integer", "varchar(3)", REFUSES),
            ("integer", "bigint", WIDENS),
            ("bigint", "int4", REFUSES),
            ("integer", "numeric(12,2)", WIDENS),
            ("integer", "numeric(5)", REFUSES),
            ("numeric(10,2)", "numeric(12,2)", WIDENS),
            ("numeric(10,2)", "numeric(10,4)", REFUSES),
            ("numeric(10,4)", "numeric(10,2)", CUTS),
            ("numeric", "numeric(10,2)", CUTS),
            ("numeric", "bigint", CUTS),
            ("double precision", "integer", CUTS),
            ("double precision", "real", CUTS),
            ("real", "double precision", WIDENS),
            ("bigint", "double precision", CUTS),
            ("timestamp with time zone", "date", CUTS),
            (
                "timestamp with time zone",
                "timestamp(0) with time zone",
                CUTS,
            ),
            (
                "timestamp(0) without time zone",
                "timestamp without time zone",
                WIDENS,
            ),
            ("date", "timestamptz", WIDENS),
            ("integer", "uuid", None),
            ("text", "text[]", None),
            ("text[]", "text", WIDENS),
            ("integer[]", "bigint[]", WIDENS),
            ("text", "mood", ASKS),
            ("jsonb", "json", WIDENS),
        ] {
            assert_eq!(cast(from, to), expected, "{from} to {to}");
        }
    }
}
