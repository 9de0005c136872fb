//! The tables, read whole: what the engine's answers are held against.
//!
//! One plain `SELECT` a table, then memory. Whose rows they are is worked out here once more, from
//! the registry's rule alone.

use std::cmp::Ordering;

use base64::Engine as _;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use entity::registry::resource;
use entity::scope::Rule;
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use serde_json::{Value, json};
use service::explore::catalog::{Column, Entity, Kind, catalog};
use tests::TestApp;
use uuid::Uuid;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    Uuid(Uuid),
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    Time(DateTime<Utc>),
    Date(NaiveDate),
    /// A word, by its place in the declared order.
    Word(usize),
    Json(Value),
    Bytes(Vec<u8>),
}

/// A row: a cell for each column of the catalogue.
pub(super) type Row = Vec<Cell>;

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Viewer {
    Admin,
    Operator(Uuid),
    Person(Uuid),
}

/// Every table, whole.
pub(super) struct World {
    /// The rows, by the places of the entities in the catalogue.
    pub(super) tables: Vec<Vec<Row>>,
}

impl World {
    pub(super) async fn read(app: &TestApp) -> Self {
        let db = app.services().db.read().unwrap();
        let mut tables = Vec::new();
        for entity in catalog().entities() {
            let columns: Vec<String> = entity.columns.iter().map(selected).collect();
            let sql = format!(
                "SELECT {} FROM {}",
                columns.join(", "),
                entity.resource.table
            );
            let statement = Statement::from_string(db.get_database_backend(), sql);
            let rows = db.query_all_raw(statement).await.unwrap();
            tables.push(rows.iter().map(|row| read(entity, row)).collect());
        }
        Self { tables }
    }

    pub(super) fn rows(&self, entity: &Entity) -> &[Row] {
        &self.tables[entity.index]
    }

    /// Whether `viewer` may ask for the entity and all its columns.
    pub(super) fn reads_all(entity: &Entity, viewer: Viewer) -> bool {
        let told = entity.resource.table != "user_identities";
        Self::may_ask(entity, viewer) && (told || !matches!(viewer, Viewer::Operator(_)))
    }

    /// Whether `viewer` may ask for the entity at all.
    pub(super) fn may_ask(entity: &Entity, viewer: Viewer) -> bool {
        match viewer {
            Viewer::Admin => true,
            Viewer::Operator(_) => entity.resource.table != "audit_log",
            Viewer::Person(_) => entity.resource.rule != Rule::Staff,
        }
    }

    /// Whether `viewer` may see the row.
    pub(super) fn sees(&self, entity: &Entity, row: &Row, viewer: Viewer) -> bool {
        match viewer {
            // What others keep for themselves only admins see.
            Viewer::Operator(person)
                if ["saved_views", "saved_reports"].contains(&entity.resource.table) =>
            {
                row[place(entity, "shared")] == Cell::Bool(true)
                    || row[place(entity, "user_id")] == Cell::Uuid(person)
            }
            Viewer::Admin | Viewer::Operator(_) => Self::may_ask(entity, viewer),
            Viewer::Person(person) => self.is_of(entity, row, person),
        }
    }

    fn is_of(&self, entity: &Entity, row: &Row, person: Uuid) -> bool {
        match entity.resource.rule {
            Rule::Public => true,
            Rule::Staff => false,
            Rule::Own(column) => row[place(entity, column)] == Cell::Uuid(person),
            Rule::Via(column, _) => {
                let mut relations = resource(entity.resource.table).unwrap().relations.iter();
                let leads =
                    relations.find(|relation| relation.holds_key && relation.from == column);
                let leads = leads.unwrap();
                let parent = catalog().of_table(&leads.table).unwrap();
                let (here, there) = (place(entity, column), place(parent, &leads.to));
                let mut parents = self.rows(parent).iter();
                parents.any(|other| {
                    same(&row[here], &other[there]) && self.is_of(parent, other, person)
                })
            }
        }
    }

    /// The rows that `viewer` may see.
    pub(super) fn seen(&self, entity: &Entity, viewer: Viewer) -> Vec<&Row> {
        let rows = self.rows(entity).iter();
        rows.filter(|row| self.sees(entity, row, viewer)).collect()
    }
}

/// Where a column of the database stands in a row.
pub(super) fn place(entity: &Entity, column: &str) -> usize {
    entity.position(column).unwrap()
}

fn selected(column: &Column) -> String {
    let name = column.name;
    match column.kind {
        Kind::Enum(_) | Kind::Json | Kind::List => format!("CAST(\"{name}\" AS text)"),
        Kind::Int | Kind::Big => format!("CAST(\"{name}\" AS bigint)"),
        _ => format!("\"{name}\""),
    }
}

fn read(entity: &Entity, row: &QueryResult) -> Row {
    let columns = entity.columns.iter().enumerate();
    columns
        .map(|(at, column)| cell(column, row, at).unwrap_or(Cell::Null))
        .collect()
}

fn cell(column: &Column, row: &QueryResult, at: usize) -> Option<Cell> {
    Some(match column.kind {
        Kind::Uuid => Cell::Uuid(row.try_get_by_index::<Option<Uuid>>(at).unwrap()?),
        Kind::Text => Cell::Text(row.try_get_by_index::<Option<String>>(at).unwrap()?),
        Kind::Int | Kind::Big => Cell::Int(row.try_get_by_index::<Option<i64>>(at).unwrap()?),
        Kind::Float => Cell::Float(row.try_get_by_index::<Option<f64>>(at).unwrap()?),
        Kind::Bool => Cell::Bool(row.try_get_by_index::<Option<bool>>(at).unwrap()?),
        Kind::Time => Cell::Time(row.try_get_by_index::<Option<DateTime<Utc>>>(at).unwrap()?),
        Kind::Date => Cell::Date(row.try_get_by_index::<Option<NaiveDate>>(at).unwrap()?),
        Kind::Bytes => Cell::Bytes(row.try_get_by_index::<Option<Vec<u8>>>(at).unwrap()?),
        Kind::Json | Kind::List => {
            let text = row.try_get_by_index::<Option<String>>(at).unwrap()?;
            Cell::Json(serde_json::from_str(&text).unwrap())
        }
        Kind::Enum(words) => {
            let value = row.try_get_by_index::<Option<String>>(at).unwrap()?;
            let at = words.values.iter().position(|word| word.value == value);
            Cell::Word(at.unwrap())
        }
    })
}

/// Whether two keys lead to each other: a null leads nowhere.
pub(super) fn same(one: &Cell, other: &Cell) -> bool {
    *one != Cell::Null && one == other
}

/// Which of two values is smaller; `None` where one is null.
pub(super) fn order(one: &Cell, other: &Cell) -> Option<Ordering> {
    Some(match (one, other) {
        (Cell::Uuid(a), Cell::Uuid(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Cell::Text(a), Cell::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Cell::Int(a), Cell::Int(b)) => a.cmp(b),
        (Cell::Float(a), Cell::Float(b)) => a.total_cmp(b),
        #[expect(clippy::cast_precision_loss, reason = "what is compared is small")]
        (Cell::Int(a), Cell::Float(b)) => (*a as f64).total_cmp(b),
        (Cell::Bool(a), Cell::Bool(b)) => a.cmp(b),
        (Cell::Time(a), Cell::Time(b)) => a.cmp(b),
        (Cell::Date(a), Cell::Date(b)) => a.cmp(b),
        (Cell::Word(a), Cell::Word(b)) => a.cmp(b),
        _ => return None,
    })
}

/// The same, with the nulls last in both directions.
pub(super) fn nulls_last(one: &Cell, other: &Cell, descending: bool) -> Ordering {
    match (*one == Cell::Null, *other == Cell::Null) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let found = order(one, other).unwrap();
            if descending { found.reverse() } else { found }
        }
    }
}

/// A value as the API writes it.
pub(super) fn written(kind: Kind, cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Uuid(id) => json!(id.to_string()),
        Cell::Text(text) => json!(text),
        Cell::Int(number) => json!(number),
        Cell::Float(number) => json!(number),
        Cell::Bool(truth) => json!(truth),
        Cell::Time(moment) => json!(moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        Cell::Date(day) => json!(day.to_string()),
        Cell::Json(value) => value.clone(),
        Cell::Bytes(bytes) => json!(base64::prelude::BASE64_STANDARD.encode(bytes)),
        Cell::Word(at) => match kind {
            Kind::Enum(words) => json!(words.values[*at].value),
            _ => unreachable!("a word that is none"),
        },
    }
}
