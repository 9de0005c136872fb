//! What one schema has that another has not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};

use super::name::quoted;
use super::{Column, Filling, LiveSchema, Sequence, Table, View, row_number};

/// What a [`Difference`] is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// An extension.
    Extension(String),
    /// An enum type.
    Enum(String),
    /// A domain or composite type.
    Type(String),
    /// A sequence.
    Sequence(String),
    /// A function, by signature.
    Function(String),
    /// A table.
    Table(String),
    /// What is said of a table as a whole.
    Option(String, String),
    /// A column of a table.
    Column(String, String),
    /// The order of a table's columns.
    Order(String),
    /// A key, check or exclusion of a table.
    Constraint(String, String),
    /// An index of a table.
    Index(String, String),
    /// A trigger or a rule of a table or of a view.
    Trigger(String, String),
    /// A policy of a table.
    Policy(String, String),
    /// A view.
    View(String),
    /// A comment, by what it is on.
    Comment(String),
    /// The owner of something.
    Owner(String),
    /// What a role may do with something: `TABLE runs TO reader`.
    Grant(String),
    /// What few schemas have, by what `DROP` calls it: `AGGREGATE total(integer)`.
    Other(String),
}

impl Object {
    /// The table that it is, or is part of.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::Table(table)
            | Self::Option(table, _)
            | Self::Column(table, _)
            | Self::Order(table)
            | Self::Constraint(table, _)
            | Self::Index(table, _)
            | Self::Trigger(table, _)
            | Self::Policy(table, _) => Some(table),
            _ => None,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extension(name) => write!(f, "extension {name}"),
            Self::Enum(name) => write!(f, "enum {name}"),
            Self::Type(name) => write!(f, "type {name}"),
            Self::Sequence(name) => write!(f, "sequence {name}"),
            Self::Function(name) => write!(f, "function {name}"),
            Self::Table(name) => write!(f, "table {name}"),
            Self::Option(table, name) => write!(f, "option {table}: {name}"),
            Self::Column(table, name) => write!(f, "column {table}.{name}"),
            Self::Order(table) => write!(f, "order of the columns of {table}"),
            Self::Constraint(table, name) => write!(f, "constraint {table}.{name}"),
            Self::Index(table, name) => write!(f, "index {table}.{name}"),
            Self::Trigger(table, name) => write!(f, "trigger {table}.{name}"),
            Self::Policy(table, name) => write!(f, "policy {table}.{name}"),
            Self::View(name) => write!(f, "view {name}"),
            Self::Comment(on) => write!(f, "comment on {on}"),
            Self::Owner(of) => write!(f, "owner of {of}"),
            Self::Grant(what) => write!(f, "rights on {what}"),
            Self::Other(what) => {
                let kind = |letter: char| letter.is_ascii_uppercase() || letter == ' ';
                let (kind, name) = what.split_at(what.find(|one| !kind(one)).unwrap_or_default());
                write!(f, "{}{name}", kind.to_lowercase())
            }
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One thing in which two schemas differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about: `column runs.status`.
    pub object: Object,
    /// In what they differ.
    #[serde(flatten)]
    pub change: Change,
}

/// In what two schemas differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// The first has it, the second has not.
    Missing,
    /// The second has it, the first has not.
    Added,
    /// Both have it, in different shapes.
    Changed {
        /// The first's.
        from: String,
        /// The second's.
        to: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.change {
            Change::Missing => write!(f, "{} is missing", self.object),
            Change::Added => write!(f, "{} is not expected", self.object),
            Change::Changed { from, to } => {
                write!(
                    f,
                    "{} is\n    {to}\n  and should be\n    {from}",
                    self.object
                )
            }
        }
    }
}

/// In what `actual` differs from `expected`. Equal schemas have none.
pub fn difference(expected: &LiveSchema, actual: &LiveSchema) -> Vec<Difference> {
    let mut found = Found(Vec::new());
    found.sets(&expected.extensions, &actual.extensions, Object::Extension);
    for (name, pair) in paired(&expected.tables, &actual.tables) {
        if let Some((from, to)) = found.existing(Object::Table(name.to_owned()), pair) {
            found.tables(name, from, to);
        }
    }
    found.shapes(&expected.views, &actual.views, Object::View);
    for (name, pair) in paired(&expected.views, &actual.views) {
        if let (Some(from), Some(to)) = pair {
            let of = |trigger| Object::Trigger(name.to_owned(), trigger);
            found.shapes(&from.triggers, &to.triggers, of);
        }
    }
    found.shapes(&expected.functions, &actual.functions, Object::Function);
    for (name, pair) in paired(&expected.enums, &actual.enums) {
        let object = Object::Enum(name.to_owned());
        if let Some((from, to)) = found.existing(object.clone(), pair) {
            found.changed(object, from.join(", "), to.join(", "));
        }
    }
    found.shapes(&expected.types, &actual.types, Object::Type);
    found.shapes(&expected.sequences, &actual.sequences, Object::Sequence);
    found.shapes(&expected.others, &actual.others, Object::Other);
    // What went or came took along its comments, its owner and who may do what with it.
    let gone: Vec<Object> = found.0.iter().map(|one| one.object.clone()).collect();
    let common = |on: &str| !gone.iter().any(|object| is_on(object, on));
    let mut said =
        |from: &Texts, to: &Texts, of: fn(&str) -> &str, object: fn(String) -> Object| {
            let kept = |all: &Texts| -> Texts {
                let kept = all.iter().filter(|(on, _)| common(of(on)));
                kept.map(|(on, text)| (on.clone(), text.clone())).collect()
            };
            found.shapes(&kept(from), &kept(to), object);
        };
    let (from, to) = (expected, actual);
    said(&from.comments, &to.comments, |on| on, Object::Comment);
    said(&from.owners, &to.owners, |on| on, Object::Owner);
    said(&from.grants, &to.grants, granted_on, Object::Grant);
    found.0
}

/// What it is that a role may do something with: `TABLE runs` of `TABLE runs TO reader`.
pub(super) fn granted_on(what: &str) -> &str {
    what.rsplit_once(" TO ").map_or(what, |(object, _)| object)
}

/// Whether a comment or an owner `on` something goes with `object`.
pub(super) fn is_on(object: &Object, on: &str) -> bool {
    let Some((_, of)) = on.split_once(' ') else {
        return false;
    };
    match object {
        Object::Table(name) | Object::View(name) => {
            let name = quoted(name);
            of == name
                || of
                    .strip_prefix(&name)
                    .is_some_and(|rest| rest.starts_with('.'))
                || of.ends_with(&format!(" on {name}"))
        }
        Object::Column(table, column) => of == format!("{}.{}", quoted(table), quoted(column)),
        Object::Constraint(table, name)
        | Object::Trigger(table, name)
        | Object::Policy(table, name) => of == format!("{} on {}", quoted(name), quoted(table)),
        Object::Type(name) => {
            of == quoted(name) || of.ends_with(&format!(" ON DOMAIN {}", quoted(name)))
        }
        Object::Index(_, name) | Object::Enum(name) | Object::Sequence(name) => of == quoted(name),
        Object::Function(signature) => of == signature,
        Object::Other(what) => on == what,
        _ => false,
    }
}

type Texts = BTreeMap<String, String>;

struct Found(Vec<Difference>);

impl Found {
    fn tables(&mut self, name: &str, from: &Table, to: &Table) {
        let of = |make: fn(String, String) -> Object| {
            let table = name.to_owned();
            move |part: String| make(table.clone(), part)
        };
        self.sets(&from.options, &to.options, of(Object::Option));
        self.columns(name, &from.columns, &to.columns);
        // The number of a row is no key to the catalogue of SQLite.
        let key = |table: &Table| {
            let column = row_number(&table.source).into_iter();
            column
                .map(|one| format!("integer primary key ({one})"))
                .collect()
        };
        self.sets(&key(from), &key(to), of(Object::Constraint));
        self.shapes(&from.constraints, &to.constraints, of(Object::Constraint));
        self.shapes(&from.indexes, &to.indexes, of(Object::Index));
        self.shapes(&from.triggers, &to.triggers, of(Object::Trigger));
        self.shapes(&from.policies, &to.policies, of(Object::Policy));
    }

    fn columns(&mut self, table: &str, from: &[Column], to: &[Column]) {
        let by_name = |columns: &[Column]| -> BTreeMap<String, Column> {
            let pairs = columns.iter().map(|one| (one.name.clone(), one.clone()));
            pairs.collect()
        };
        let before = self.0.len();
        for (name, pair) in paired(&by_name(from), &by_name(to)) {
            let object = Object::Column(table.to_owned(), name.to_owned());
            if let Some((from, to)) = self.existing(object.clone(), pair) {
                self.changed(object, from.to_string(), to.to_string());
            }
        }
        if self.0.len() == before {
            let order = |columns: &[Column]| {
                let names: Vec<&str> = columns.iter().map(|one| one.name.as_str()).collect();
                names.join(", ")
            };
            self.changed(Object::Order(table.to_owned()), order(from), order(to));
        }
    }

    fn shapes<T: Shape>(
        &mut self,
        from: &BTreeMap<String, T>,
        to: &BTreeMap<String, T>,
        object: impl Fn(String) -> Object,
    ) {
        for (name, pair) in paired(from, to) {
            if let Some((from, to)) = self.existing(object(name.to_owned()), pair) {
                self.changed(object(name.to_owned()), from.shape(), to.shape());
            }
        }
    }

    fn sets(
        &mut self,
        from: &BTreeSet<String>,
        to: &BTreeSet<String>,
        object: impl Fn(String) -> Object,
    ) {
        let missing = from.difference(to).map(|name| (name, Change::Missing));
        let added = to.difference(from).map(|name| (name, Change::Added));
        for (name, change) in missing.chain(added) {
            let object = object(name.clone());
            self.0.push(Difference { object, change });
        }
    }

    /// Both of the pair, or a word about the one that is not there.
    fn existing<'m, T>(&mut self, object: Object, pair: Pair<'m, T>) -> Option<(&'m T, &'m T)> {
        let change = match pair {
            (Some(from), Some(to)) => return Some((from, to)),
            (Some(_), None) => Change::Missing,
            (None, _) => Change::Added,
        };
        self.0.push(Difference { object, change });
        None
    }

    fn changed(&mut self, object: Object, from: String, to: String) {
        if from != to {
            let change = Change::Changed { from, to };
            self.0.push(Difference { object, change });
        }
    }
}

/// What is compared, as text.
trait Shape {
    fn shape(&self) -> String;
}

impl Shape for String {
    fn shape(&self) -> String {
        self.clone()
    }
}

impl Shape for View {
    fn shape(&self) -> String {
        let indexes = self.indexes.values().map(|index| format!("; {index}"));
        std::iter::once(self.create.clone())
            .chain(indexes)
            .collect()
    }
}

impl Shape for Sequence {
    fn shape(&self) -> String {
        match &self.owned_by {
            Some(column) => format!("{} OWNED BY {column}", self.definition),
            None => self.definition.clone(),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if !self.nullable {
            f.write_str(" NOT NULL")?;
        }
        match &self.filling {
            Some(Filling::Default(value)) => write!(f, " DEFAULT {value}"),
            Some(Filling::Generated(value)) => {
                write!(f, " GENERATED ALWAYS AS ({value}) STORED")
            }
            Some(Filling::Identity(when)) => write!(f, " GENERATED {when} AS IDENTITY"),
            None => Ok(()),
        }
    }
}

type Pair<'m, T> = (Option<&'m T>, Option<&'m T>);

fn paired<'m, T>(
    from: &'m BTreeMap<String, T>,
    to: &'m BTreeMap<String, T>,
) -> impl Iterator<Item = (&'m str, Pair<'m, T>)> {
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    names
        .into_iter()
        .map(|name| (name.as_str(), (from.get(name), to.get(name))))
}
