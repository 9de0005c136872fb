//! What is said of a table as a whole, and of its columns beside what they are.

use super::super::super::name::{literal, quoted, unquoted};
use super::super::super::{Filling, Table};
use super::{Plan, parents};

const IDENTITY: &str = "REPLICA IDENTITY ";
const CLUSTER: &str = "CLUSTER ON ";

/// How the sequence behind an identity column counts where nobody says anything.
const COUNTING: &str = "SET START WITH 1 SET INCREMENT BY 1 SET NO MINVALUE SET NO MAXVALUE \
                        SET CACHE 1 SET NO CYCLE";

impl Plan<'_> {
    /// Take away what is not wanted, then say what is.
    pub(super) fn set_options(&mut self, name: &str, from: &Table, to: &Table) {
        let table = quoted(name);
        for option in from.options.difference(&to.options) {
            if let (Some(unset), false) = (unset(option, to), is_replaced(option, to)) {
                self.push(format!("ALTER TABLE {table} {unset}"));
            }
        }
        for option in &to.options {
            if from.options.contains(option) && !self.is_lost(name, option, to) {
                continue;
            }
            if let Some(set) = set(option) {
                let new = !self.was.tables.contains_key(name) && set.contains(" SET START ");
                let restart = if new { " RESTART" } else { "" };
                if !new && let Some(sql) = raised(&table, option) {
                    self.push(sql);
                }
                self.push(format!("ALTER TABLE {table} {set}{restart}"));
            }
        }
    }

    /// Whether what was done took along what is said: an index that is made anew, a column's type.
    fn is_lost(&self, table: &str, option: &str, to: &Table) -> bool {
        if let Some((name, said)) = of_column(option) {
            let kind = |table: &Table| {
                let mut columns = table.columns.iter();
                let column = columns.find(|one| one.name == *name);
                column.map(|one| one.kind.clone())
            };
            let was = self.was.tables.get(table).and_then(kind);
            if self
                .moved
                .columns
                .contains(&(table.to_owned(), name.clone()))
            {
                return true;
            }
            return said.starts_with("STORAGE ") && was != kind(to);
        }
        let index = option
            .strip_prefix(CLUSTER)
            .or_else(|| option.strip_prefix(IDENTITY)?.strip_prefix("USING INDEX "));
        index.is_some_and(|index| self.touched.contains(&unquoted(index)))
    }
}

/// What brings a sequence up to the least that it may give, which is refused while it stands below.
fn raised(table: &str, option: &str) -> Option<String> {
    let (column, said) = of_column(option)?;
    let (_, rest) = said.split_once(" SET MINVALUE ")?;
    let least: i64 = rest.split(' ').next()?.parse().ok()?;
    let (table, column) = (literal(table), literal(&column));
    (least > 1).then(|| {
        format!(
            "SELECT setval(own::regclass, {least}, false) FROM pg_get_serial_sequence({table}, {column}) \
             own WHERE coalesce(pg_sequence_last_value(own::regclass), 1) < {least}"
        )
    })
}

/// The column that an option is of, and what it says.
fn of_column(option: &str) -> Option<(String, &str)> {
    let (column, said) = option.strip_prefix("COLUMN ")?.split_once(" SET ")?;
    Some((unquoted(column), said))
}

/// Whether `to` says something else in the place of the option.
fn is_replaced(option: &str, to: &Table) -> bool {
    let head = if let Some((_, said)) = of_column(option) {
        let word = said.split(' ').next().unwrap_or_default();
        if word.starts_with('(') {
            return false;
        }
        let (head, _) = option.split_at(option.len() - said.len());
        format!("{head}{word} ")
    } else if option.starts_with(IDENTITY) {
        IDENTITY.to_owned()
    } else if option.starts_with(CLUSTER) {
        CLUSTER.to_owned()
    } else if let Some((name, _)) = option.split_once('=') {
        format!("{name}=")
    } else {
        return false;
    };
    to.options.iter().any(|new| new.starts_with(&head))
}

fn set(option: &str) -> Option<String> {
    match option {
        "UNLOGGED" => return Some("SET UNLOGGED".to_owned()),
        "ROW LEVEL SECURITY" => return Some("ENABLE ROW LEVEL SECURITY".to_owned()),
        "FORCE ROW LEVEL SECURITY" => return Some(option.to_owned()),
        _ => {}
    }
    if of_column(option).is_some() {
        let said = option.split(", not ").next().unwrap_or(option);
        return Some(format!("ALTER {said}"));
    }
    if option.starts_with(IDENTITY) || option.starts_with(CLUSTER) {
        return Some(option.to_owned());
    }
    if option.starts_with("PARTITION ") {
        return None;
    }
    parents::set(option).or_else(|| option.contains('=').then(|| format!("SET ({option})")))
}

fn unset(option: &str, to: &Table) -> Option<String> {
    match option {
        "UNLOGGED" => return Some("SET LOGGED".to_owned()),
        "ROW LEVEL SECURITY" => return Some("DISABLE ROW LEVEL SECURITY".to_owned()),
        "FORCE ROW LEVEL SECURITY" => return Some("NO FORCE ROW LEVEL SECURITY".to_owned()),
        _ => {}
    }
    if let Some((name, said)) = of_column(option) {
        let column = to.columns.iter().find(|one| one.name == name)?;
        let counts = matches!(column.filling, Some(Filling::Identity(_)));
        let how = match said.split(' ').next() {
            Some("STORAGE") => format!("SET STORAGE {}", said.rsplit(' ').next()?),
            Some("COMPRESSION") => "SET COMPRESSION default".to_owned(),
            Some("STATISTICS") => "SET STATISTICS -1".to_owned(),
            Some("START") => counts.then(|| COUNTING.to_owned())?,
            _ => format!("RESET ({})", names(said)),
        };
        return Some(format!("ALTER COLUMN {} {how}", quoted(&name)));
    }
    if option.starts_with(IDENTITY) {
        return Some(format!("{IDENTITY}DEFAULT"));
    }
    if option.starts_with(CLUSTER) {
        return Some("SET WITHOUT CLUSTER".to_owned());
    }
    if option.starts_with("PARTITION ") {
        return None;
    }
    let (name, _) = option.split_once('=')?;
    Some(format!("RESET ({name})"))
}

/// The names in `(name=value, name=value)`.
fn names(said: &str) -> String {
    let pairs = said.trim_matches(['(', ')']).split(", ");
    let names = pairs.filter_map(|pair| pair.split('=').next());
    names.collect::<Vec<_>>().join(", ")
}
