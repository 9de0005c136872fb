//! What a document may ask for: bounded by what it unfolds to, before it is validated.

use std::collections::BTreeMap;

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, Value, Variables};
use service::explore::bind::{GROUPS, PAGE};

/// The deepest field.
const DEPTH: usize = 12;
/// The most aliases.
const ALIASES: usize = 30;
/// The most directives of one field.
const DIRECTIVES: usize = 5;
/// The most fields at the root.
const ROOTS: usize = 20;
/// The most rows that an answer may have, by its document.
pub(super) const ROWS: u64 = 5_000;
/// The most lists of the schema's parts inside each other: each is a dozen times the one around it.
const LISTS: usize = 2;
/// Such lists.
const SCHEMA_LISTS: [&str; 4] = ["fields", "interfaces", "possibleTypes", "inputFields"];
/// The most selections that the fragments of a document may unfold to.
const SELECTIONS: usize = 10_000;
/// Fields that make the database work for more than a row.
const HEAVY: &[(&str, u64)] = &[
    ("tokenUsage", 200),
    ("runFunnel", 200),
    ("stageDurations", 200),
    ("agentUsage", 200),
    ("videoThroughput", 200),
    ("webhookHealth", 200),
    ("jobHealth", 200),
    ("activeUsers", 200),
    ("retention", 200),
];

/// What a series of token usage counts for when its points are asked for: it has up to 1,000.
const SERIES: u64 = 20;
/// How many such series there are when it is not said.
const TOP: u64 = 20;

/// A document asks for too much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    /// What is wrong, for people.
    pub message: String,
    /// Where in the document.
    pub at: Option<Pos>,
}

impl Limit {
    pub(super) fn new(what: &str, most: usize, at: Option<Pos>) -> Self {
        Self {
            message: format!("the document has too many {what}: {most} is the most"),
            at,
        }
    }
}

/// How many rows the answer to a document may be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// As many as one answer holds.
    Page,
    /// Whoever answers counts for themselves.
    Unbounded,
}

/// Refuse a document that asks for too much. One that asks only what the schema is may be as deep
/// as it likes when `introspection` is open: the usual question is 13 deep. The number of selections
/// that it unfolds to is returned.
pub(super) fn check(
    document: &ExecutableDocument,
    variables: &Variables,
    introspection: bool,
    rows: Rows,
) -> Result<usize, Limit> {
    let mut walk = Walk {
        document,
        variables,
        most: match rows {
            Rows::Page => ROWS,
            Rows::Unbounded => u64::MAX,
        },
        defaults: BTreeMap::new(),
        selections: 0,
        aliases: 0,
        open: Vec::new(),
        bounded: true,
        lists: None,
    };
    for (_, operation) in document.operations.iter() {
        walk.operation(&operation.node, operation.pos, introspection)?;
    }
    Ok(walk.selections)
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    /// The most rows.
    most: u64,
    defaults: BTreeMap<&'a str, Value>,
    selections: usize,
    aliases: usize,
    /// The fragments that the walk is inside of.
    open: Vec<&'a Name>,
    /// Whether depth and rows count.
    bounded: bool,
    /// Within a question about the schema, the lists that the walk is inside of.
    lists: Option<usize>,
}

/// What a selection comes to.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    rows: u64,
    /// Those that stand beside the rows of a connection: no row has them anew.
    beside: u64,
    roots: usize,
    /// Whether it selects the rows of a connection.
    lists: bool,
    /// Whether it selects the points of a series.
    points: bool,
}

impl<'a> Walk<'a> {
    fn operation(
        &mut self,
        operation: &'a OperationDefinition,
        at: Pos,
        introspection: bool,
    ) -> Result<(), Limit> {
        let defaults = operation.variable_definitions.iter();
        self.defaults = defaults
            .filter_map(|variable| {
                let value = variable.node.default_value.as_ref()?;
                let value = value.node.clone();
                Some((variable.node.name.node.as_str(), value))
            })
            .collect();
        let set = &operation.selection_set.node;
        self.bounded = !(introspection && only_schema(set));
        let cost = self.set(set, 1)?;
        // GraphQL, October 2021, section 5.2.3.1.
        let roots = match operation.ty {
            OperationType::Subscription => 1,
            OperationType::Query | OperationType::Mutation => ROOTS,
        };
        if cost.roots > roots {
            return Err(Limit::new("root fields", roots, Some(at)));
        }
        if self.bounded && cost.rows > self.most {
            return Err(Limit {
                message: format!(
                    "the document asks for up to {} rows: {ROWS} is the most",
                    cost.rows
                ),
                at: Some(at),
            });
        }
        Ok(())
    }

    fn set(&mut self, set: &'a SelectionSet, depth: usize) -> Result<Cost, Limit> {
        let mut sum = Cost::default();
        for Positioned { pos, node } in &set.items {
            self.selections += 1;
            if self.selections > SELECTIONS {
                return Err(Limit::new("selections", SELECTIONS, Some(*pos)));
            }
            if node.directives().len() > DIRECTIVES {
                return Err(Limit::new("directives", DIRECTIVES, Some(*pos)));
            }
            let cost = match node {
                Selection::Field(field) => self.field(&field.node, depth, *pos)?,
                Selection::InlineFragment(part) => {
                    self.set(&part.node.selection_set.node, depth)?
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if self.open.contains(&name) {
                        return Err(Limit {
                            message: format!("the fragment {name} contains itself"),
                            at: Some(*pos),
                        });
                    }
                    // One that does not exist is the validator's to name.
                    let Some(fragment) = self.document.fragments.get(name) else {
                        continue;
                    };
                    self.open.push(name);
                    let cost = self.set(&fragment.node.selection_set.node, depth)?;
                    self.open.pop();
                    cost
                }
            };
            sum.rows = sum.rows.saturating_add(cost.rows);
            sum.beside = sum.beside.saturating_add(cost.beside);
            sum.roots += cost.roots;
            sum.lists |= cost.lists;
            sum.points |= cost.points;
        }
        Ok(sum)
    }

    fn field(&mut self, field: &'a Field, depth: usize, at: Pos) -> Result<Cost, Limit> {
        if self.bounded && depth > DEPTH {
            return Err(Limit::new("levels", DEPTH, Some(at)));
        }
        if field.alias.is_some() {
            self.aliases += 1;
            if self.aliases > ALIASES {
                return Err(Limit::new("aliases", ALIASES, Some(at)));
            }
        }
        let name = field.name.node.as_str();
        let outer = self.lists;
        self.enter(name, at)?;
        let inner = self.set(&field.selection_set.node, depth + 1)?;
        self.lists = outer;
        let heavy = HEAVY.iter().find(|(heavy, _)| *heavy == name);
        let rows = match heavy {
            Some((_, rows)) if name == "tokenUsage" && inner.points => {
                let series = self.number(field, "top").unwrap_or(TOP).saturating_add(1);
                series.saturating_mul(SERIES).saturating_add(*rows)
            }
            Some((_, rows)) => *rows,
            None if name == "groupBy" => 0,
            None if inner.lists => self
                .first(field, PAGE)
                .saturating_mul(inner.rows.saturating_add(1))
                .saturating_add(inner.beside),
            None => inner.rows.saturating_add(inner.beside),
        };
        let beside = match name {
            "groupBy" => self.first(field, GROUPS),
            _ => 0,
        };
        Ok(Cost {
            rows,
            beside,
            roots: 1,
            lists: matches!(name, "nodes" | "edges"),
            points: inner.points || name == "points",
        })
    }

    /// Count a list of the schema's parts.
    fn enter(&mut self, name: &str, at: Pos) -> Result<(), Limit> {
        match &mut self.lists {
            None if matches!(name, "__schema" | "__type") => self.lists = Some(0),
            Some(LISTS) if SCHEMA_LISTS.contains(&name) => {
                let what = "lists of the schema's parts inside each other";
                return Err(Limit::new(what, LISTS, Some(at)));
            }
            Some(lists) if SCHEMA_LISTS.contains(&name) => *lists += 1,
            _ => {}
        }
        Ok(())
    }

    /// How many rows a connection asks for, from either end.
    fn first(&self, field: &Field, usual: u64) -> u64 {
        let ends = ["first", "last"].iter();
        let ends = ends.filter_map(|end| self.number(field, end));
        ends.max().unwrap_or(usual)
    }

    fn number(&self, field: &Field, name: &str) -> Option<u64> {
        let first = field.get_argument(name)?;
        let value = first.node.clone().into_const_with(|name| {
            let given = self.variables.get(&name).cloned();
            let value = given.or_else(|| self.defaults.get(name.as_str()).cloned());
            Ok::<_, std::convert::Infallible>(value.unwrap_or(Value::Null))
        });
        match value {
            Ok(Value::Number(number)) => Some(number.as_u64().unwrap_or_default()),
            _ => None,
        }
    }
}

/// Whether a document only asks what the schema is.
pub(super) fn is_introspection(document: &ExecutableDocument) -> bool {
    let mut operations = document.operations.iter();
    operations.all(|(_, operation)| only_schema(&operation.node.selection_set.node))
}

fn only_schema(set: &SelectionSet) -> bool {
    set.items.iter().all(|item| match &item.node {
        Selection::Field(field) => field.node.name.node.starts_with("__"),
        Selection::InlineFragment(_) | Selection::FragmentSpread(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    fn verdict(document: &str) -> Result<(), String> {
        let variables = Variables::from_json(json!({ "n": 90 }));
        check(
            &parse_query(document).unwrap(),
            &variables,
            true,
            Rows::Page,
        )
        .map(|_| ())
        .map_err(|limit| limit.message)
    }

    fn deep(levels: usize) -> String {
        "{ a ".repeat(levels) + &"}".repeat(levels)
    }

    #[test]
    fn documents_are_bounded_by_what_they_unfold_to() {
        let fragments: Vec<String> = (0..14)
            .map(|at| format!("fragment F{at} on Q {{ ...F{0} ...F{0} }}", at + 1))
            .collect();
        let fragments = fragments.join(" ");
        let bomb = format!("{{ ...F0 }} {fragments} fragment F14 on Q {{ a }}");
        let page =
            |first: &str| format!("query($n: Int = 1) {{ runs({first}) {{ nodes {{ id }} }} }}");
        let nested = "{ a(first: 100) { nodes { b(first: 50) { edges { node { id } } } } } }";
        for (document, part) in [
            (deep(12), ""),
            (deep(13), "levels"),
            (format!("{{ __schema {} }}", deep(14)), ""),
            (format!("{{ __schema {} a }}", deep(14)), "levels"),
            (
                "{ __schema { types { fields { type { fields { name } } } inputFields { name } } } }"
                    .to_owned(),
                "",
            ),
            (
                "{ a __type { fields { type { interfaces { inputFields { name } } } } } }".to_owned(),
                "inside each other",
            ),
            ("{ fields { fields { fields { a } } } }".to_owned(), ""),
            (format!("{{ {} }}", "a:b ".repeat(30)), "root fields"),
            (format!("{{ c {{ {} }} }}", "a:b ".repeat(30)), ""),
            (format!("{{ c {{ {} }} }}", "a:b ".repeat(31)), "aliases"),
            (format!("{{ {} }}", "a ".repeat(20)), ""),
            (format!("{{ {} }}", "a ".repeat(21)), "root fields"),
            ("subscription { a }".to_owned(), ""),
            ("subscription { a b }".to_owned(), "root fields"),
            (format!("{{ a {} }}", "@x ".repeat(5)), ""),
            (format!("{{ a {} }}", "@x ".repeat(6)), "directives"),
            (
                "{ ...F } fragment F on Q { a { ...F } }".to_owned(),
                "contains itself",
            ),
            (bomb, "selections"),
            ("{ ...Missing }".to_owned(), ""),
            (page("first: 5000"), ""),
            (page("first: 5001"), "5001 rows"),
            (page("first: -1"), ""),
            (page("first: $n"), ""),
            (nested.to_owned(), "5100 rows"),
            (nested.replace("first: 50", "last: 50"), "5100 rows"),
            (
                "{ a(first: 50) { nodes { b } groupBy { count } } }".to_owned(),
                "",
            ),
            (
                "{ a(first: 50) { nodes { b { groupBy { count } } } } }".to_owned(),
                "5050 rows",
            ),
            (
                "{ a { groupBy(first: 5001) { count } } }".to_owned(),
                "5001 rows",
            ),
            (format!("{{ {} }}", "tokenUsage ".repeat(20)), ""),
            (format!("{{ {} }}", "tokenUsage { series { points } } ".repeat(8)), ""),
            (
                format!("{{ {} }}", "tokenUsage { series { points } } ".repeat(9)),
                "5580 rows",
            ),
            (
                format!("{{ {} }}", "tokenUsage(top: 100) { series { points } } ".repeat(3)),
                "6660 rows",
            ),
        ] {
            let found = verdict(&document);
            let shown: String = document.chars().take(80).collect();
            if part.is_empty() {
                assert_eq!(found, Ok(()), "{shown}");
            } else {
                assert!(found.unwrap_err().contains(part), "{shown}");
            }
        }
    }
}
