//! GraphQL documents as data: to be printed for the server and read by the reference.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// A value in a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Val {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A word without quotes.
    Word(String),
    List(Vec<Val>),
    Object(Vec<(String, Val)>),
    /// Any JSON, written as GraphQL writes it.
    Json(Value),
    /// A variable, and what it stands for; none where it is not given and has no default.
    Var(String, Option<Box<Val>>),
}

/// A variable that a document declares.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) default: Option<Val>,
    pub(super) given: Option<Val>,
}

/// `@include` or `@skip`.
#[derive(Clone, Debug)]
pub(super) struct Directive {
    pub(super) include: bool,
    pub(super) value: Val,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) args: Vec<(String, Val)>,
    pub(super) directives: Vec<Directive>,
    pub(super) sels: Vec<Sel>,
}

#[derive(Clone, Debug)]
pub(super) enum Sel {
    Field(Field),
    /// An inline fragment, perhaps with its type.
    Inline(Option<String>, Vec<Directive>, Vec<Sel>),
    /// A named fragment, by its place in the document.
    Spread(usize, Vec<Directive>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub(super) variables: Vec<Variable>,
    /// Each with the type that it is on.
    pub(super) fragments: Vec<(String, Vec<Sel>)>,
    pub(super) roots: Vec<Sel>,
}

impl Val {
    /// What it is without its variables; `None` where it is absent.
    pub(super) fn plain(&self) -> Option<Value> {
        Some(match self {
            Self::Bool(truth) => json!(truth),
            Self::Int(number) => json!(number),
            Self::Float(number) => json!(number),
            Self::Text(text) | Self::Word(text) => json!(text),
            Self::List(items) => items.iter().filter_map(Self::plain).collect(),
            Self::Object(members) => {
                let plain = |(name, value): &(String, Self)| Some((name.clone(), value.plain()?));
                Value::Object(members.iter().filter_map(plain).collect::<Map<_, _>>())
            }
            Self::Json(value) => value.clone(),
            Self::Var(_, value) => value.as_ref()?.plain()?,
        })
    }

    /// The same with the values of its variables in their places.
    pub(super) fn bare(&self) -> Self {
        match self {
            Self::Var(_, Some(value)) => value.bare(),
            Self::List(items) => Self::List(items.iter().map(Self::bare).collect()),
            Self::Object(members) => {
                let bare = |(name, value): &(String, Self)| (name.clone(), value.bare());
                Self::Object(members.iter().map(bare).collect())
            }
            other => other.clone(),
        }
    }

    /// Whether a variable stands in it.
    pub(super) fn has_variables(&self) -> bool {
        match self {
            Self::Var(..) => true,
            Self::List(items) => items.iter().any(Self::has_variables),
            Self::Object(members) => members.iter().any(|(_, value)| value.has_variables()),
            _ => false,
        }
    }

    fn print(&self, out: &mut String) {
        match self {
            Self::Bool(truth) => write!(out, "{truth}").unwrap(),
            Self::Int(number) => write!(out, "{number}").unwrap(),
            Self::Float(number) => write!(out, "{number:?}").unwrap(),
            Self::Text(text) => out.push_str(&json!(text).to_string()),
            Self::Word(word) => out.push_str(word),
            Self::List(items) => {
                out.push('[');
                for item in items {
                    item.print(out);
                    out.push(' ');
                }
                out.push(']');
            }
            Self::Object(members) => print_members(members, out, ('{', '}')),
            Self::Json(value) => print_json(value, out),
            Self::Var(name, _) => write!(out, "${name}").unwrap(),
        }
    }
}

fn print_members(members: &[(String, Val)], out: &mut String, (open, close): (char, char)) {
    out.push(open);
    for (name, value) in members {
        write!(out, "{name}: ").unwrap();
        value.print(out);
        out.push(' ');
    }
    out.push(close);
}

fn print_json(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for item in items {
                print_json(item, out);
                out.push(' ');
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (name, value) in members {
                write!(out, "{name}: ").unwrap();
                print_json(value, out);
                out.push(' ');
            }
            out.push('}');
        }
        plain => write!(out, "{plain}").unwrap(),
    }
}

impl Sel {
    /// Whether nothing is selected below it.
    pub(super) fn is_leaf(&self) -> bool {
        matches!(self, Self::Field(field) if field.sels.is_empty())
    }
}

impl Field {
    pub(super) fn new(name: &str) -> Self {
        Self {
            key: name.to_owned(),
            name: name.to_owned(),
            args: Vec::new(),
            directives: Vec::new(),
            sels: Vec::new(),
        }
    }

    pub(super) fn of(name: &str, sels: Vec<Sel>) -> Self {
        Self {
            sels,
            ..Self::new(name)
        }
    }

    pub(super) fn arg(&self, name: &str) -> Option<Value> {
        let mut args = self.args.iter();
        args.find(|(known, _)| known == name)?.1.plain()
    }
}

fn stands(directives: &[Directive]) -> bool {
    let stands = |directive: &Directive| directive.value.plain() == Some(json!(directive.include));
    directives.iter().all(stands)
}

impl Document {
    /// The fields of a selection: one a response key, with all that is selected below it.
    pub(super) fn collect(&self, sels: &[Sel]) -> Vec<Field> {
        let mut found = Vec::new();
        self.gather(sels, &mut found);
        found
    }

    fn gather(&self, sels: &[Sel], found: &mut Vec<Field>) {
        for sel in sels {
            match sel {
                Sel::Field(field) if stands(&field.directives) => {
                    match found.iter_mut().find(|known| known.key == field.key) {
                        Some(known) => known.sels.extend(field.sels.clone()),
                        None => found.push(field.clone()),
                    }
                }
                Sel::Inline(_, directives, sels) if stands(directives) => self.gather(sels, found),
                Sel::Spread(at, directives) if stands(directives) => {
                    self.gather(&self.fragments[*at].1, found);
                }
                _ => {}
            }
        }
    }

    /// The document as text.
    pub(super) fn text(&self) -> String {
        let mut out = String::from("query Q");
        for (at, variable) in self.variables.iter().enumerate() {
            out.push_str(if at == 0 { "(" } else { ", " });
            write!(out, "${}: {}", variable.name, variable.kind).unwrap();
            if let Some(default) = &variable.default {
                out.push_str(" = ");
                default.print(&mut out);
            }
        }
        out.push_str(if self.variables.is_empty() { " " } else { ") " });
        print_sels(&self.roots, &mut out);
        for (at, (on, sels)) in self.fragments.iter().enumerate() {
            write!(out, "\nfragment F{at} on {on} ").unwrap();
            print_sels(sels, &mut out);
        }
        out
    }

    /// The variables as they are sent.
    pub(super) fn variables(&self) -> Value {
        let given = self.variables.iter().filter_map(|variable| {
            let value = variable.given.as_ref()?.plain()?;
            Some((variable.name.clone(), value))
        });
        Value::Object(given.collect())
    }
}

fn print_sels(sels: &[Sel], out: &mut String) {
    out.push('{');
    for sel in sels {
        out.push(' ');
        match sel {
            Sel::Field(field) => {
                if field.key != field.name {
                    write!(out, "{}: ", field.key).unwrap();
                }
                out.push_str(&field.name);
                if !field.args.is_empty() {
                    print_members(&field.args, out, ('(', ')'));
                }
                print_directives(&field.directives, out);
                if !field.sels.is_empty() {
                    print_sels(&field.sels, out);
                }
            }
            Sel::Inline(on, directives, sels) => {
                out.push_str("...");
                if let Some(on) = on {
                    write!(out, " on {on}").unwrap();
                }
                print_directives(directives, out);
                print_sels(sels, out);
            }
            Sel::Spread(at, directives) => {
                write!(out, "...F{at}").unwrap();
                print_directives(directives, out);
            }
        }
    }
    out.push('}');
}

fn print_directives(directives: &[Directive], out: &mut String) {
    for directive in directives {
        let name = if directive.include { "include" } else { "skip" };
        write!(out, " @{name}(if: ").unwrap();
        directive.value.print(out);
        out.push_str(") ");
    }
}
