//! What is selected, compiled: which tables, columns and levels an answer needs, and how it is
//! written.
//!
//! A plan belongs to a document, not to a request: it holds no argument, no scope and no caller.
//! Where it needs an argument it holds a slot, and [`Bound`] fills the slots at each request.

use super::bind::{GroupArgs, ListArgs, Measure, Scalar};
use super::catalog::{Entity, Kind, Relation};
use super::{Access, Error};
use crate::error::Result;

/// A field of an answer: its name as JSON, with the colon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(Box<[u8]>);

impl Key {
    /// The field is called `name`: a GraphQL name, which needs no escape.
    pub fn new(name: &str) -> Self {
        Self(format!("\"{name}\":").into_bytes().into())
    }

    /// What the field is called.
    pub fn name(&self) -> &str {
        let inside = self.0.get(1..self.0.len().saturating_sub(2));
        inside
            .and_then(|name| std::str::from_utf8(name).ok())
            .unwrap_or_default()
    }

    /// `"name":`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A root field.
#[derive(Debug)]
pub enum Plan {
    /// A list.
    List(Connection),
    /// One row, by its key.
    Row(Row),
}

/// One row, by its key.
#[derive(Debug)]
pub struct Row {
    /// Where its key comes from.
    pub slot: usize,
    /// Its statement.
    pub level: Level,
    /// How it is written.
    pub object: Object,
}

/// A list, or its page, counts and groups.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says that one part is selected"
)]
#[derive(Debug)]
pub struct Connection {
    /// Where its arguments come from.
    pub slot: usize,
    /// The statement of its rows.
    pub level: Level,
    /// How it is written.
    pub fields: Vec<(Key, ConnectionField)>,
    /// Whether rows are needed.
    pub rows: bool,
    /// Whether it must be known if there are more.
    pub more: bool,
    /// Whether cursors are written.
    pub cursors: bool,
    /// Whether all rows must be counted.
    pub total: bool,
    /// Whether all rows must be counted roughly.
    pub estimate: bool,
    /// What is worked out of all rows.
    pub aggregates: Vec<Figures>,
    /// How all rows are put together.
    pub groups: Vec<Groups>,
}

/// A statement: a table, the rows that its rows lead to, and the lists below.
#[derive(Debug)]
pub struct Level {
    /// The table, then those that are joined.
    pub tables: Vec<Table>,
    /// The columns that are needed, each a table and a column by their places.
    pub columns: Vec<(usize, usize)>,
    /// The lists of each row.
    pub children: Vec<Child>,
}

/// A table of a statement.
#[derive(Debug)]
pub struct Table {
    /// What its rows are.
    pub entity: &'static Entity,
    /// The table that leads to it, and how; none for the first.
    pub joined: Option<(usize, &'static Relation)>,
}

/// The list of each row.
#[derive(Debug)]
pub struct Child {
    /// The row's column that the list stands on, by its place among the level's columns.
    pub key: usize,
    /// How it is reached.
    pub relation: &'static Relation,
    /// The list.
    pub connection: Connection,
}

/// How a row is written.
#[derive(Debug, Default)]
pub struct Object {
    /// Its fields, in their order.
    pub fields: Vec<(Key, Field)>,
}

/// How a field of a row is written.
#[derive(Debug)]
pub enum Field {
    /// The type's name.
    Typename(&'static str),
    /// A column, by its place among the level's.
    Column(usize, Kind),
    /// The row's id among all rows, made of its key.
    NodeId(&'static str, usize, Kind),
    /// The row that it leads to; null unless the column at that place has a value.
    One(Object, usize),
    /// A list, by its place among the level's children.
    Many(usize),
}

/// How a field of a list is written.
#[derive(Debug)]
pub enum ConnectionField {
    /// The type's name.
    Typename,
    /// The rows.
    Nodes(Object),
    /// The rows, each with its cursor.
    Edges(Vec<(Key, EdgeField)>),
    /// Where the page ends.
    PageInfo(Vec<(Key, PageField)>),
    /// How many rows there are.
    Total,
    /// How many rows there are, roughly.
    Estimate,
    /// Figures, by their place.
    Aggregate(usize),
    /// Groups, by their place.
    Groups(usize),
}

/// How a field of an edge is written.
#[derive(Debug)]
pub enum EdgeField {
    /// The type's name.
    Typename,
    /// The row's place.
    Cursor,
    /// The row.
    Node(Object),
}

/// How a field of a page's ends is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageField {
    /// The type's name.
    Typename,
    /// Whether rows follow.
    HasNext,
    /// Whether rows come before.
    HasPrevious,
    /// The first row's place.
    Start,
    /// The last row's place.
    End,
}

/// What is worked out of rows.
#[derive(Debug, Default)]
pub struct Figures {
    /// The figures that are needed.
    pub measures: Vec<Measure>,
    /// How they are written.
    pub fields: Vec<(Key, FigureField)>,
}

/// How a field of figures is written.
#[derive(Debug)]
pub enum FigureField {
    /// A type's name.
    Typename(String),
    /// A figure, by its place among the measures.
    Measure(usize),
    /// A function's figures, column by column.
    Columns(Vec<(Key, FigureField)>),
    /// The group's keys.
    Keys(Vec<(Key, KeyField)>),
    /// Whether the group is made of all the others.
    Others,
}

/// How a field of a group's keys is written.
#[derive(Debug)]
pub enum KeyField {
    /// The type's name.
    Typename(String),
    /// The value of a column; null when rows are not put together by it.
    Column(usize),
}

/// Rows put together.
#[derive(Debug)]
pub struct Groups {
    /// Where the arguments come from.
    pub slot: usize,
    /// What is worked out of each group.
    pub figures: Figures,
}

/// What fills a slot.
#[derive(Clone, Debug)]
pub enum Bound {
    /// A list's arguments.
    List(ListArgs),
    /// A grouping's arguments.
    Groups(GroupArgs),
    /// A row's key.
    Key(Scalar),
}

impl Level {
    /// A statement about `entity`.
    pub fn new(entity: &'static Entity) -> Self {
        let table = Table {
            entity,
            joined: None,
        };
        Self {
            tables: vec![table],
            columns: Vec::new(),
            children: Vec::new(),
        }
    }

    /// What the level's rows are.
    pub fn entity(&self) -> &'static Entity {
        self.tables[0].entity
    }

    /// The place of a table's column among those of the statement.
    pub fn column(&mut self, table: usize, column: usize) -> usize {
        let known = self
            .columns
            .iter()
            .position(|known| *known == (table, column));
        known.unwrap_or_else(|| {
            self.columns.push((table, column));
            self.columns.len() - 1
        })
    }

    /// The place of the table that `relation` leads to from `table`.
    pub fn join(&mut self, table: usize, relation: &'static Relation) -> usize {
        let is = |known: &Table| {
            known
                .joined
                .is_some_and(|(from, by)| from == table && std::ptr::eq(by, relation))
        };
        self.tables.iter().position(is).unwrap_or_else(|| {
            self.tables.push(Table {
                entity: relation.target(),
                joined: Some((table, relation)),
            });
            self.tables.len() - 1
        })
    }

    /// The kind of the column at a place of the statement.
    pub fn kind(&self, place: usize) -> Kind {
        let (table, column) = self.columns[place];
        self.tables[table].entity.columns[column].kind
    }

    fn check(&self, access: &Access) -> Result<()> {
        for table in &self.tables {
            access.need(table.entity)?;
        }
        for &(table, column) in &self.columns {
            let entity = self.tables[table].entity;
            access.need_column(entity, &entity.columns[column])?;
        }
        self.children
            .iter()
            .try_for_each(|child| child.connection.check(access))
    }
}

impl Connection {
    /// A list of `entity` that nothing is selected of yet.
    pub fn new(entity: &'static Entity, slot: usize) -> Self {
        Self {
            slot,
            level: Level::new(entity),
            fields: Vec::new(),
            rows: false,
            more: false,
            cursors: false,
            total: false,
            estimate: false,
            aggregates: Vec::new(),
            groups: Vec::new(),
        }
    }

    fn check(&self, access: &Access) -> Result<()> {
        let entity = self.level.entity();
        let groups = self.groups.iter().map(|groups| &groups.figures);
        for figures in self.aggregates.iter().chain(groups) {
            for measure in &figures.measures {
                if let Measure::Of(_, column) = measure {
                    access.need_column(entity, &entity.columns[*column])?;
                }
            }
        }
        self.level.check(access)
    }

    /// How many rows its answer may be made of.
    fn cost(&self, bound: &[Bound]) -> u64 {
        let each = self.level.cost(bound).saturating_add(1);
        let page = match bound.get(self.slot) {
            Some(Bound::List(list)) if self.rows => list.limit.saturating_mul(each),
            _ => 0,
        };
        self.groups
            .iter()
            .fold(page, |cost, groups| match bound.get(groups.slot) {
                Some(Bound::Groups(args)) => cost.saturating_add(args.first),
                _ => cost,
            })
    }
}

impl Level {
    /// How many rows the lists of one row may have.
    pub fn cost(&self, bound: &[Bound]) -> u64 {
        let costs = self
            .children
            .iter()
            .map(|child| child.connection.cost(bound));
        costs.fold(0, u64::saturating_add)
    }
}

impl Plan {
    /// Refuse what the caller may not read.
    pub fn check(&self, access: &Access) -> Result<()> {
        match self {
            Self::List(connection) => connection.check(access),
            Self::Row(row) => row.level.check(access),
        }
    }

    /// How many rows the answer may be made of: a list costs its page times what each row costs.
    pub fn cost(&self, bound: &[Bound]) -> u64 {
        match self {
            Self::List(connection) => connection.cost(bound),
            Self::Row(row) => row.level.cost(bound).saturating_add(1),
        }
    }

    /// Whether an index serves the list at the root. Lists below stand on a key.
    pub fn is_served(&self, bound: &[Bound]) -> bool {
        match self {
            Self::List(connection) => match bound.get(connection.slot) {
                Some(Bound::List(list)) => list.is_served(connection.level.entity()),
                _ => true,
            },
            Self::Row(_) => true,
        }
    }

    /// Refuse an answer of more than `most` rows.
    pub fn afford(&self, bound: &[Bound], most: u64) -> Result<()> {
        if self.cost(bound) > most {
            return Err(Error::Rows { most }.into());
        }
        Ok(())
    }
}
